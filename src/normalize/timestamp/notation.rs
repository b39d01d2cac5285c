//! How a source writes points in time, where that is not RFC 3339.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::{Stamp, in_range, written};
use crate::normalize::date::format::{Part, matched_with_clock, parts};
use crate::normalize::short::Short;
use crate::normalize::text::{self, trim};
use crate::normalize::timestamp::clock;
use crate::normalize::zone::Zone;
use crate::value::Problem;

/// How a source writes points in time. The default is RFC 3339 with an offset.
///
/// This struct is exhaustive: whoever builds one states all of it, or takes the rest from the default.
///
/// RFC 3339 is read in any case, because it cannot mean anything else; then the formats are tried in their order. They are
/// written as [those of dates](crate::normalize::date), and have these besides:
///
/// | specifier | reads |
/// |---|---|
/// | `%H`, `%M`, `%S` | one or two digits; exactly two where a digit may stand directly beside them |
/// | `%I` with `%p` | the hour of a clock with twelve, and `am` or `pm` |
/// | `%.f` | a point and up to nine digits, or nothing |
/// | `%z` | `+0100`, `+01:00` or `Z` |
/// | `%s` | seconds since 1970, with nothing else |
/// | `%T`, `%R` | `%H:%M:%S`, `%H:%M` |
///
/// A stamp that says no offset is of the declared zone. Without a zone it is no timestamp.
///
/// | raw | formats, zone | canonical |
/// |---|---|---|
/// | `2024-01-05T11:00:00` | none, `+01:00` | `2024-01-05T10:00:00Z` |
/// | `05.01.2024 11:00` | `%d.%m.%Y %H:%M`, `+01:00` | `2024-01-05T10:00:00Z` |
/// | `20240105110000Z`, as directories write it | `%Y%m%d%H%M%S%z` | `2024-01-05T11:00:00Z` |
/// | `1704452400` | `%s` | `2024-01-05T11:00:00Z` |
///
/// ```
/// use tripartite::normalize::timestamp::Notation;
/// use tripartite::value::Problem;
///
/// let formats = vec!["%d.%m.%Y %H:%M".to_owned()];
/// let notation = Notation { formats, zone: Some("+01:00".parse()?) };
/// let read = notation.canonical("05.01.2024 11:00");
/// assert_eq!(read.as_deref(), Ok("2024-01-05T10:00:00Z"));
/// // the day alone is no point in time
/// assert_eq!(notation.canonical("05.01.2024"), Err(Problem::NotATimestamp));
/// # Ok::<(), tripartite::normalize::zone::ZoneError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notation {
    /// The formats it may be written in, beside RFC 3339.
    pub formats: Vec<String>,
    /// The zone of a stamp that says none.
    pub zone: Option<Zone>,
}

/// The longest text that is looked at.
type Text = Short<96>;

impl Notation {
    /// The instant in UTC, as [`canonical`](super::canonical) writes it; `""` for blank text.
    ///
    /// # Errors
    /// [`Problem::NotATimestamp`] for everything that is no point in time of the years 0001 to 9999.
    pub fn canonical<'a>(&self, raw: &'a str) -> Result<Cow<'a, str>, Problem> {
        if trim(raw).is_empty() {
            return Ok(Cow::Borrowed(""));
        }
        self.parse(raw).map(|at| written(raw, at)).ok_or(Problem::NotATimestamp)
    }

    /// The instant a text names, if it names one.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tripartite::normalize::timestamp::Notation;
    ///
    /// let seconds = Notation { formats: vec!["%s".to_owned()], zone: None };
    /// assert_eq!(seconds.parse("0"), Some(DateTime::<Utc>::UNIX_EPOCH));
    /// assert_eq!(Notation::default().parse("0"), None);
    /// ```
    pub fn parse(&self, raw: &str) -> Option<DateTime<Utc>> {
        if let Some(stamp) = Stamp::read(raw) {
            return stamp.instant(self.zone);
        }
        if self.formats.is_empty() {
            return None;
        }
        let text = Text::collect(text::Chars::new(raw))?;
        self.formats.iter().find_map(|format| self.matched(text.as_str(), format))
    }

    pub(crate) fn same(&self, a: &str, b: &str) -> bool {
        match (self.parse(a), self.parse(b)) {
            (Some(a), Some(b)) => a == b,
            (None, None) => trim(a).is_empty() && trim(b).is_empty(),
            _ => false,
        }
    }

    fn matched(&self, text: &str, format: &str) -> Option<DateTime<Utc>> {
        let (date, clock) = matched_with_clock(text, format)?;
        if let Some(seconds) = clock.epoch {
            return DateTime::from_timestamp(seconds, 0).and_then(in_range);
        }
        let wall = date?.and_time(clock.time()?);
        match clock.offset {
            Some(offset) => in_range(wall.checked_sub_signed(offset)?.and_utc()),
            None => self.zone?.instant(wall).and_then(in_range),
        }
    }
}

/// Why a text is not a format of timestamps.
///
/// ```
/// use tripartite::normalize::timestamp::{StampFormatError, check_format};
///
/// assert_eq!(check_format("%d.%m.%Y", true), Err(StampFormatError::Incomplete));
/// assert_eq!(check_format("%d.%m.%Y %H:%M", false), Err(StampFormatError::NoOffset));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum StampFormatError {
    /// Something that is neither a date, a time nor text: a year of two digits, the name of a zone.
    #[error("a format of timestamps may hold only %Y %m %d %e %b %B %a %A %F %H %I %p %M %S %.f %z %s %T %R and text")]
    Unsupported,
    /// Not exactly one day, hour and minute, or one `%s` and no other part.
    #[error("a format of timestamps must name the day, the hour and the minute once each, or be %s")]
    Incomplete,
    /// It says no offset, and the field declares no zone.
    #[error("a format without %z needs the `zone` of its stamps")]
    NoOffset,
}

/// Whether a format can be declared for a timestamp field, which may declare a zone.
///
/// # Errors
/// [`StampFormatError`], the first that is found.
///
/// ```
/// use tripartite::normalize::timestamp::check_format;
///
/// assert_eq!(check_format("%m/%d/%Y %I:%M %p %z", false), Ok(()));
/// assert_eq!(check_format("%s", false), Ok(()));
/// ```
pub fn check_format(format: &str, has_zone: bool) -> Result<(), StampFormatError> {
    let mut counts = Counts::default();
    for part in parts(format) {
        counts.add(part.ok_or(StampFormatError::Unsupported)?);
    }
    match counts {
        Counts { epoch: 1, day: (0, 0, 0), hour: 0, half_day: (0, 0), minute: 0, second: 0, offset: 0 } => Ok(()),
        Counts { epoch: 0, day: (1, 1, 1), hour, half_day, minute: 1, second: 0 | 1, offset: offset @ (0 | 1) }
            if matches!((hour, half_day), (1, (0, 0)) | (0, (1, 1))) =>
        {
            if offset == 1 || has_zone {
                Ok(())
            } else {
                Err(StampFormatError::NoOffset)
            }
        }
        _ => Err(StampFormatError::Incomplete),
    }
}

/// How often a format has each part.
#[derive(Default)]
struct Counts {
    /// Years, months and days.
    day: (u8, u8, u8),
    hour: u8,
    /// Hours of a clock with twelve, and its halves.
    half_day: (u8, u8),
    minute: u8,
    second: u8,
    offset: u8,
    epoch: u8,
}

impl Counts {
    fn add(&mut self, part: Part<'_>) {
        let count = match part {
            Part::Year => &mut self.day.0,
            Part::Month | Part::MonthName => &mut self.day.1,
            Part::Day => &mut self.day.2,
            Part::Clock(clock::Part::Hour) => &mut self.hour,
            Part::Clock(clock::Part::Hour12) => &mut self.half_day.0,
            Part::Clock(clock::Part::Half) => &mut self.half_day.1,
            Part::Clock(clock::Part::Minute) => &mut self.minute,
            Part::Clock(clock::Part::Second) => &mut self.second,
            Part::Clock(clock::Part::Offset) => &mut self.offset,
            Part::Clock(clock::Part::Epoch) => &mut self.epoch,
            Part::Weekday | Part::Space | Part::Text(_) | Part::Clock(clock::Part::Fraction) => return,
        };
        *count = count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::{Notation, StampFormatError, check_format};

    fn notation(formats: &[&str], zone: Option<&str>) -> Notation {
        let formats = formats.iter().map(|format| (*format).to_owned()).collect();
        Notation { formats, zone: zone.map(|zone| zone.parse().unwrap()) }
    }

    #[test]
    fn stamps_in_declared_formats() {
        for (raw, format, zone, expected) in [
            ("2020-01-02T05:04:05.000+0200", "", None, Some("2020-01-02T03:04:05Z")),
            ("2020-01-02T03:04:05", "", None, None),
            ("2020-01-02T03:04:05", "", Some("-01:00"), Some("2020-01-02T04:04:05Z")),
            ("20240105110000Z", "%Y%m%d%H%M%S%z", None, Some("2024-01-05T11:00:00Z")),
            ("20240105110000.5+0100", "%Y%m%d%H%M%S%.f%z", None, Some("2024-01-05T10:00:00.5Z")),
            ("2024010511000", "%Y%m%d%H%M%S", Some("UTC"), None),
            ("1/5/2024 12:30 AM", "%m/%d/%Y %I:%M %p", Some("UTC"), Some("2024-01-05T00:30:00Z")),
            ("1/5/2024 12:30 pm", "%m/%d/%Y %I:%M %p", Some("UTC"), Some("2024-01-05T12:30:00Z")),
            ("1/5/2024 13:30 pm", "%m/%d/%Y %I:%M %p", Some("UTC"), None),
            ("Fri, 5 Jan 2024 11:00:00 +0000", "%a, %d %b %Y %T %z", None, Some("2024-01-05T11:00:00Z")),
            ("Mon, 5 Jan 2024 11:00:00 +0000", "%a, %d %b %Y %T %z", None, None),
            ("-1", "%s", None, Some("1969-12-31T23:59:59Z")),
            ("99999999999999", "%s", None, None),
            ("5.1.2024 24:00", "%d.%m.%Y %H:%M", Some("UTC"), None),
            ("", "%s", None, Some("")),
        ] {
            let notation = notation(if format.is_empty() { &[] } else { std::slice::from_ref(&format) }, zone);
            assert_eq!(notation.canonical(raw).as_deref().ok(), expected, "{raw} as {format}");
            if let Some(expected) = expected {
                assert_eq!(notation.canonical(expected).as_deref(), Ok(expected), "what is written is read");
            }
        }
    }

    #[cfg(feature = "zone")]
    #[test]
    fn a_zone_by_name_knows_the_summer() {
        let dublin = notation(&["%d/%m/%Y %H:%M"], Some("Europe/Dublin"));
        for (raw, expected, why) in [
            ("01/07/2024 12:00", Some("2024-07-01T11:00:00Z"), "summer"),
            ("01/01/2024 12:00", Some("2024-01-01T12:00:00Z"), "winter"),
            ("27/10/2024 01:30", Some("2024-10-27T00:30:00Z"), "shown twice: the first"),
            ("31/03/2024 01:30", None, "never shown"),
        ] {
            assert_eq!(dublin.canonical(raw).as_deref().ok(), expected, "{why}");
        }
    }

    #[test]
    fn formats_name_one_instant() {
        for (format, expected, why) in [
            ("%Y-%m-%d %H:%M", Ok(()), "seconds may be left out"),
            ("%Y-%m-%d", Err(StampFormatError::Incomplete), "a day"),
            ("%H:%M", Err(StampFormatError::Incomplete), "a time"),
            ("%Y-%m-%d %I:%M", Err(StampFormatError::Incomplete), "which half of the day?"),
            ("%Y-%m-%d %H:%M %s", Err(StampFormatError::Incomplete), "two instants may contradict each other"),
            ("%y-%m-%d %H:%M", Err(StampFormatError::Unsupported), "which century?"),
            ("%Y-%m-%d %H:%M %Z", Err(StampFormatError::Unsupported), "names of zones are not unique"),
        ] {
            assert_eq!(check_format(format, true), expected, "{why}");
        }
        assert_eq!(check_format("%Y-%m-%d %H:%M", false), Err(StampFormatError::NoOffset));
    }
}
