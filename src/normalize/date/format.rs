//! A format of dates or of timestamps: what may be declared, and how it reads a text.
//!
//! chrono splits the format into items. Texts are matched here and not by chrono's parser, which takes a year of two
//! digits for one of the first century, and white space where the format has none.

use chrono::format::{Fixed, Item, Numeric, StrftimeItems};
use chrono::{Datelike, NaiveDate};

use super::date;
use crate::normalize::digits::take_number;
use crate::normalize::timestamp::clock::{self, Clock};

/// Why a text is not a date format.
///
/// ```
/// use tripartite::normalize::date::{DateFormatError, check_format};
///
/// assert_eq!(check_format("%H:%M"), Err(DateFormatError::Unsupported));
/// assert_eq!(
///     DateFormatError::Unsupported.to_string(),
///     "a date format may hold only %Y %m %d %e %b %B %a %A %F and text"
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum DateFormatError {
    /// Something other than the specifiers of this module's table: a time, a two-digit year, no specifier at all.
    #[error("a date format may hold only %Y %m %d %e %b %B %a %A %F and text")]
    Unsupported,
    /// Not exactly one year, one month and one day.
    #[error("a date format must name the year, the month and the day once each")]
    Incomplete,
}

/// Whether a format can be declared for a date field.
///
/// # Errors
///
/// [`DateFormatError`] if it holds anything but date specifiers and text, or does not name one year, one month and one
/// day.
///
/// ```
/// use tripartite::normalize::date::{DateFormatError, check_format};
///
/// assert_eq!(check_format("%d. %B %Y"), Ok(()));
/// assert_eq!(check_format("%m/%Y"), Err(DateFormatError::Incomplete));
/// assert_eq!(check_format("%d/%m/%y"), Err(DateFormatError::Unsupported));
/// ```
pub fn check_format(format: &str) -> Result<(), DateFormatError> {
    let (mut years, mut months, mut days) = (0, 0, 0);
    for part in parts(format) {
        match part.ok_or(DateFormatError::Unsupported)? {
            Part::Year => years += 1,
            Part::Month | Part::MonthName => months += 1,
            Part::Day => days += 1,
            Part::Weekday | Part::Space | Part::Text(_) => {}
            Part::Clock(_) => return Err(DateFormatError::Unsupported),
        }
    }
    if (years, months, days) == (1, 1, 1) { Ok(()) } else { Err(DateFormatError::Incomplete) }
}

/// One part of a format, and what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::normalize) enum Part<'a> {
    Year,
    Month,
    MonthName,
    Day,
    Weekday,
    Space,
    Text(&'a str),
    /// Of a time of day, or an instant.
    Clock(clock::Part),
}

/// The parts of a format, `None` for each that neither a date nor a time has.
pub(in crate::normalize) fn parts(format: &str) -> impl Iterator<Item = Option<Part<'_>>> {
    StrftimeItems::new(format).map(|item| match item {
        Item::Numeric(Numeric::Year, _) => Some(Part::Year),
        Item::Numeric(Numeric::Month, _) => Some(Part::Month),
        Item::Numeric(Numeric::Day, _) => Some(Part::Day),
        Item::Fixed(Fixed::ShortMonthName | Fixed::LongMonthName) => Some(Part::MonthName),
        Item::Fixed(Fixed::ShortWeekdayName | Fixed::LongWeekdayName) => Some(Part::Weekday),
        Item::Space(_) => Some(Part::Space),
        Item::Literal(text) => Some(Part::Text(text)),
        other => clock::Part::of(&other).map(Part::Clock),
    })
}

impl Part<'_> {
    fn is_number(self) -> bool {
        matches!(self, Self::Year | Self::Month | Self::Day) || matches!(self, Self::Clock(part) if part.is_number())
    }

    fn begins_with_a_digit(self) -> bool {
        self.is_number() || matches!(self, Self::Text(text) if text.starts_with(|c: char| c.is_ascii_digit()))
    }

    fn ends_with_a_digit(self) -> bool {
        self.is_number() || matches!(self, Self::Text(text) if text.ends_with(|c: char| c.is_ascii_digit()))
    }
}

/// The day a whole text names in a format. A format that is none matches nothing.
pub(super) fn matched(text: &str, format: &str) -> Option<NaiveDate> {
    matched_with_clock(text, format)?.0
}

/// The day and the time of day that a whole text names in a format.
pub(in crate::normalize) fn matched_with_clock(text: &str, format: &str) -> Option<(Option<NaiveDate>, Clock)> {
    let (mut year, mut month, mut day, mut weekday) = (None, None, None, None);
    let (mut rest, mut behind_digit, mut clock) = (text, false, Clock::default());
    let mut parts = parts(format).peekable();
    while let Some(part) = parts.next() {
        let part = part?;
        // Digits without anything between them can only be told apart by their number.
        let is_fixed = behind_digit || parts.peek().copied().flatten().is_some_and(Part::begins_with_a_digit);
        let least = if is_fixed { 2 } else { 1 };
        match part {
            Part::Year => year = Some(take_number(&mut rest, 4, 4)?),
            Part::Month => month = Some(take_number(&mut rest, least, 2)?),
            Part::Day => day = Some(take_number(&mut rest, least, 2)?),
            Part::MonthName => month = Some(take_name(&mut rest, &MONTHS)?),
            Part::Weekday => weekday = Some(take_name(&mut rest, &WEEKDAYS)?),
            Part::Space => take_space(&mut rest, text)?,
            Part::Text(literal) => rest = rest.strip_prefix(literal)?,
            Part::Clock(part) => clock.take(part, &mut rest, least)?,
        }
        behind_digit = part.ends_with_a_digit();
    }
    let date = match (year, month, day) {
        (None, None, None) => None,
        _ => Some(date(year?, month?, day?)?),
    };
    let of_date = |weekday: u32| date.is_some_and(|date| weekday == date.weekday().number_from_monday());
    (rest.is_empty() && weekday.is_none_or(of_date)).then_some((date, clock))
}

/// White space, which may be left out, unless it is all that keeps two numbers apart.
fn take_space(rest: &mut &str, text: &str) -> Option<()> {
    let (before, behind) = text.as_bytes().split_at(text.len() - rest.len());
    *rest = rest.trim_start_matches(' ');
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    (!(is_digit(before.last()) && is_digit(behind.first()))).then_some(())
}

/// The number of a name from one: the whole name if it is there, else its first three letters.
fn take_name(rest: &mut &str, names: &[&str]) -> Option<u32> {
    for (number, name) in (1..).zip(names) {
        for spelling in [name, &name[..3]] {
            if let Some((head, after)) = rest.split_at_checked(spelling.len())
                && head.eq_ignore_ascii_case(spelling)
            {
                *rest = after;
                return Some(number);
            }
        }
    }
    None
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

#[cfg(test)]
mod tests {
    use super::{DateFormatError, check_format};

    #[test]
    fn formats_name_one_day() {
        for (format, expected, why) in [
            ("%Y-%m-%d", Ok(()), "ISO"),
            ("%F", Ok(()), "its short name"),
            ("%a %-d. %B %Y", Ok(()), "padding says nothing"),
            ("%Y年%m月%d日", Ok(()), "text of its own"),
            ("%d/%m", Err(DateFormatError::Incomplete), "no year"),
            ("%Y-%m", Err(DateFormatError::Incomplete), "no day"),
            ("", Err(DateFormatError::Incomplete), "nothing"),
            ("%Y-%m-%m-%d", Err(DateFormatError::Incomplete), "two months may contradict each other"),
            ("%y-%m-%d", Err(DateFormatError::Unsupported), "which century?"),
            ("%D", Err(DateFormatError::Unsupported), "hides a two-digit year"),
            ("%Y-%j", Err(DateFormatError::Unsupported), "a day of the year"),
            ("%G-W%V-%u", Err(DateFormatError::Unsupported), "a week"),
            ("%Y-%m-%d %H:%M", Err(DateFormatError::Unsupported), "a time"),
            ("%s", Err(DateFormatError::Unsupported), "a point in time"),
            ("%", Err(DateFormatError::Unsupported), "half a specifier"),
            ("%Y-%m-%d%", Err(DateFormatError::Unsupported), "and at the end"),
            ("%é", Err(DateFormatError::Unsupported), "no specifier"),
        ] {
            assert_eq!(check_format(format), expected, "{why}");
        }
    }
}
