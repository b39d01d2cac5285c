//! A time of day within a declared format: its parts, and what they read.

use chrono::format::{Fixed, Item, Numeric};
use chrono::{Duration, NaiveTime};

use super::Rest;
use crate::normalize::digits::take_number;

/// One part of a format that is about the time, and what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::normalize) enum Part {
    Hour,
    /// Of a clock with twelve hours.
    Hour12,
    Minute,
    Second,
    /// A point and digits, or nothing.
    Fraction,
    Half,
    Offset,
    /// Seconds since 1970.
    Epoch,
}

impl Part {
    pub(in crate::normalize) fn of(item: &Item<'_>) -> Option<Self> {
        Some(match item {
            Item::Numeric(Numeric::Hour, _) => Self::Hour,
            Item::Numeric(Numeric::Hour12, _) => Self::Hour12,
            Item::Numeric(Numeric::Minute, _) => Self::Minute,
            Item::Numeric(Numeric::Second, _) => Self::Second,
            Item::Numeric(Numeric::Timestamp, _) => Self::Epoch,
            Item::Fixed(Fixed::Nanosecond | Fixed::Nanosecond3 | Fixed::Nanosecond6 | Fixed::Nanosecond9) => {
                Self::Fraction
            }
            Item::Fixed(Fixed::UpperAmPm | Fixed::LowerAmPm) => Self::Half,
            Item::Fixed(Fixed::TimezoneOffset | Fixed::TimezoneOffsetColon | Fixed::TimezoneOffsetZ) => Self::Offset,
            _ => return None,
        })
    }

    pub(in crate::normalize) fn is_number(self) -> bool {
        matches!(self, Self::Hour | Self::Hour12 | Self::Minute | Self::Second | Self::Epoch)
    }
}

/// What a text said of the time of day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::normalize) struct Clock {
    hour: Option<u32>,
    hour12: Option<u32>,
    minute: Option<u32>,
    second: Option<u32>,
    nanosecond: u32,
    is_afternoon: Option<bool>,
    pub(super) offset: Option<Duration>,
    pub(super) epoch: Option<i64>,
}

impl Clock {
    /// Reads one part off the text.
    pub(in crate::normalize) fn take(&mut self, part: Part, rest: &mut &str, least: usize) -> Option<()> {
        match part {
            Part::Hour => self.hour = Some(take_number(rest, least, 2)?),
            Part::Hour12 => self.hour12 = Some(take_number(rest, least, 2)?),
            Part::Minute => self.minute = Some(take_number(rest, least, 2)?),
            Part::Second => self.second = Some(take_number(rest, least, 2)?),
            Part::Epoch => self.epoch = Some(take_epoch(rest)?),
            Part::Half => self.is_afternoon = Some(take_half(rest)?),
            Part::Fraction => self.nanosecond = by_bytes(rest, |rest| rest.fraction())?,
            Part::Offset => self.offset = Some(by_bytes(rest, |rest| rest.offset())?),
        }
        Some(())
    }

    /// The time of day; seconds that are not written are none.
    pub(super) fn time(&self) -> Option<NaiveTime> {
        let hour = match (self.hour, self.hour12, self.is_afternoon) {
            (Some(hour), None, None) => hour,
            (None, Some(hour @ 1..=12), Some(is_afternoon)) => hour % 12 + if is_afternoon { 12 } else { 0 },
            _ => return None,
        };
        NaiveTime::from_hms_nano_opt(hour, self.minute?, self.second.unwrap_or(0), self.nanosecond)
    }
}

/// Reads with what RFC 3339 is read with: it stops between characters, because all that it takes is ASCII.
fn by_bytes<T>(rest: &mut &str, read: impl FnOnce(&mut Rest<'_>) -> Option<T>) -> Option<T> {
    let mut bytes = Rest(rest.as_bytes());
    let value = read(&mut bytes)?;
    *rest = &rest[rest.len() - bytes.0.len()..];
    Some(value)
}

fn take_epoch(rest: &mut &str) -> Option<i64> {
    let unsigned = rest.strip_prefix('-').unwrap_or(rest);
    let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at(rest.len() - unsigned.len() + digits);
    *rest = after;
    number.parse().ok()
}

fn take_half(rest: &mut &str) -> Option<bool> {
    let (half, after) = rest.split_at_checked(2)?;
    let is_afternoon = half.eq_ignore_ascii_case("pm");
    *rest = after;
    (is_afternoon || half.eq_ignore_ascii_case("am")).then_some(is_afternoon)
}

#[cfg(test)]
mod tests {
    use chrono::format::StrftimeItems;

    use super::Part;

    #[test]
    fn the_parts_of_a_time() {
        let parts = |format| StrftimeItems::new(format).filter_map(|item| Part::of(&item)).collect::<Vec<_>>();
        assert_eq!(parts("%H:%M:%S%.3f%z"), [Part::Hour, Part::Minute, Part::Second, Part::Fraction, Part::Offset]);
        assert_eq!(parts("%I %p %:z"), [Part::Hour12, Part::Half, Part::Offset]);
        // the name of a zone says nothing certain of an offset
        assert_eq!(parts("%Z %y %j"), []);
    }
}
