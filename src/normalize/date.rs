//! Calendar dates in declared formats, and only days that exist.
//!
//! A source writes dates its own way, and a text such as `05/01/2024` is two different days in two countries. So a field
//! declares the formats its source uses, in the order they are tried, and nothing is guessed. What the calendar does not
//! have is not a date: a normaliser that let `2023-02-30` pass would store it, and one that rolled it over would move it.
//!
//! A format is written in the syntax of [`chrono::format::strftime`], restricted to what names a day:
//!
//! | specifier | reads |
//! |---|---|
//! | `%Y` | exactly four digits, 0001 to 9999 |
//! | `%m`, `%d`, `%e` | one or two digits, however the source pads |
//! | `%b`, `%h`, `%B` | an English month, `Jan` or `January`, in any case |
//! | `%a`, `%A` | an English weekday, `Mon` or `Monday`, in any case; it must be the day's own |
//! | `%F` | `%Y-%m-%d` |
//! | `%n`, `%t`, white space | white space |
//! | anything else | itself |
//!
//! The whole text must match, after white space and ignored characters are treated as in [`text`](super::text).
//! Without a declared format, ISO 8601 (`%Y-%m-%d`) is the only one. Canonical is ISO 8601.
//!
//! | raw | formats | canonical |
//! |---|---|---|
//! | `2024-02-29` | | `2024-02-29` |
//! | `5/1/2024` | `%d/%m/%Y` | `2024-01-05` |
//! | `5 january 2024` | `%d/%m/%Y`, `%d %B %Y` | `2024-01-05` |
//! | `2023-02-29`, `2024-13-01`, `0000-01-01` | | not a date |
//! | `2024-01-05` | `%d/%m/%Y` | not a date: ISO was not declared |
//! | `24-01-05` | | not a date: which century? |
//!
//! **Why no `%y`?** Two digits of a year of birth are two people. A source that has no more needs a connector that knows
//! which century is meant.
//!
//! **Is `canonical` idempotent?** Read as ISO 8601, which is what it writes. A field that declares other formats only does
//! not read its own canonical form, just as it does not read any other format that was not declared.

use std::borrow::Cow;

use chrono::format::{Fixed, Item, Numeric, StrftimeItems};
use chrono::{Datelike, NaiveDate};

use super::short::Short;
use super::text;
use crate::value::Problem;

/// What is read when no format is declared.
const ISO: &str = "%Y-%m-%d";

/// The longest text that is looked at; the longest English date has 29 characters.
type Text = Short<96>;

/// The day in ISO 8601, `YYYY-MM-DD`; `""` for blank text. Formats are tried in their order; none means ISO 8601.
///
/// # Errors
///
/// [`Problem::NotADate`] for text that matches no format, and for days that do not exist.
///
/// ```
/// use tripartite::{normalize::date::canonical, value::Problem};
///
/// let irish = ["%d/%m/%Y".to_owned()];
/// assert_eq!(canonical("5/1/2024", &irish).as_deref(), Ok("2024-01-05"));
/// assert_eq!(canonical("2024-02-29", &[]).as_deref(), Ok("2024-02-29"));
/// assert_eq!(canonical("2023-02-29", &[]), Err(Problem::NotADate));
/// ```
pub fn canonical<'a>(raw: &'a str, formats: &[String]) -> Result<Cow<'a, str>, Problem> {
    let Some(date) = read(raw, formats)? else {
        return Ok(Cow::Borrowed(""));
    };
    Ok(if iso(raw) == Some(date) { Cow::Borrowed(raw) } else { Cow::Owned(date.to_string()) })
}

/// Whether both texts are the same day in the declared formats, or both blank.
///
/// ```
/// use tripartite::normalize::date::same;
///
/// let formats = ["%Y-%m-%d".to_owned(), "%d/%m/%Y".to_owned()];
/// assert!(same("2024-01-05", "05/01/2024", &formats));
/// assert!(!same("2023-02-30", "2023-02-30", &formats), "what is no day equals nothing");
/// ```
pub fn same(a: &str, b: &str, formats: &[String]) -> bool {
    matches!((read(a, formats), read(b, formats)), (Ok(a), Ok(b)) if a == b)
}

/// Why a text is not a date format.
///
/// ```
/// use tripartite::normalize::date::{FormatError, check_format};
///
/// assert_eq!(check_format("%H:%M"), Err(FormatError::Unsupported));
/// assert_eq!(FormatError::Unsupported.to_string(), "a date format may hold only %Y %m %d %e %b %B %a %A %F and text");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
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
/// [`FormatError`] if it holds anything but date specifiers and text, or does not name one year, one month and one day.
///
/// ```
/// use tripartite::normalize::date::{FormatError, check_format};
///
/// assert_eq!(check_format("%d. %B %Y"), Ok(()));
/// assert_eq!(check_format("%m/%Y"), Err(FormatError::Incomplete));
/// assert_eq!(check_format("%d/%m/%y"), Err(FormatError::Unsupported));
/// ```
pub fn check_format(format: &str) -> Result<(), FormatError> {
    let (mut years, mut months, mut days) = (0, 0, 0);
    for part in parts(format) {
        match part.ok_or(FormatError::Unsupported)? {
            Part::Year => years += 1,
            Part::Month | Part::MonthName => months += 1,
            Part::Day => days += 1,
            Part::Weekday | Part::Space | Part::Text(_) => {}
        }
    }
    if (years, months, days) == (1, 1, 1) { Ok(()) } else { Err(FormatError::Incomplete) }
}

fn read(raw: &str, formats: &[String]) -> Result<Option<NaiveDate>, Problem> {
    let reads_iso_first = formats.first().is_none_or(|format| format == ISO || format == "%F");
    if reads_iso_first && let Some(date) = iso(raw) {
        return Ok(Some(date));
    }
    if text::is_blank(raw) {
        return Ok(None);
    }
    let text = Text::collect(text::Chars::new(raw)).ok_or(Problem::NotADate)?;
    let date = if formats.is_empty() {
        matched(text.as_str(), ISO)
    } else {
        formats.iter().find_map(|format| matched(text.as_str(), format))
    };
    date.map(Some).ok_or(Problem::NotADate)
}

/// A day written exactly `YYYY-MM-DD`.
fn iso(raw: &str) -> Option<NaiveDate> {
    let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = raw.as_bytes() else {
        return None;
    };
    date(digits(&[y0, y1, y2, y3])?, digits(&[m0, m1])?, digits(&[d0, d1])?)
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
}

fn date(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    let year = i32::try_from(year).ok().filter(|year| (1..=9999).contains(year))?;
    NaiveDate::from_ymd_opt(year, month, day)
}

/// One part of a format, and what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    Year,
    Month,
    MonthName,
    Day,
    Weekday,
    Space,
    Text(&'a str),
}

/// The parts of a format, `None` for each that no date has.
fn parts(format: &str) -> impl Iterator<Item = Option<Part<'_>>> {
    StrftimeItems::new(format).map(|item| match item {
        Item::Numeric(Numeric::Year, _) => Some(Part::Year),
        Item::Numeric(Numeric::Month, _) => Some(Part::Month),
        Item::Numeric(Numeric::Day, _) => Some(Part::Day),
        Item::Fixed(Fixed::ShortMonthName | Fixed::LongMonthName) => Some(Part::MonthName),
        Item::Fixed(Fixed::ShortWeekdayName | Fixed::LongWeekdayName) => Some(Part::Weekday),
        Item::Space(_) => Some(Part::Space),
        Item::Literal(text) => Some(Part::Text(text)),
        _ => None,
    })
}

/// The day a whole text names in a format. A format that is none matches nothing.
fn matched(text: &str, format: &str) -> Option<NaiveDate> {
    let (mut year, mut month, mut day, mut weekday) = (None, None, None, None);
    let mut rest = text;
    for part in parts(format) {
        match part? {
            Part::Year => year = Some(take_number(&mut rest, 4, 4)?),
            Part::Month => month = Some(take_number(&mut rest, 1, 2)?),
            Part::Day => day = Some(take_number(&mut rest, 1, 2)?),
            Part::MonthName => month = Some(take_name(&mut rest, &MONTHS)?),
            Part::Weekday => weekday = Some(take_name(&mut rest, &WEEKDAYS)?),
            Part::Space => rest = rest.trim_start_matches(' '),
            Part::Text(literal) => rest = rest.strip_prefix(literal)?,
        }
    }
    let date = date(year?, month?, day?)?;
    let is_its_weekday = weekday.is_none_or(|weekday| weekday == date.weekday().number_from_monday());
    (rest.is_empty() && is_its_weekday).then_some(date)
}

fn take_number(rest: &mut &str, least: usize, most: usize) -> Option<u32> {
    let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if length < least {
        return None;
    }
    let (number, after) = rest.split_at(length);
    *rest = after;
    digits(number.as_bytes())
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
    use std::borrow::Cow;

    use super::{FormatError, canonical, check_format};
    use crate::value::Problem;

    fn formats(formats: &[&str]) -> Vec<String> {
        formats.iter().map(|&format| format.to_owned()).collect()
    }

    #[test]
    fn days() {
        let (slashes, words): (&[&str], &[&str]) = (&["%d/%m/%Y"], &["%A, %e %B %Y"]);
        for (raw, declared, expected, why) in [
            ("2024-01-05", [].as_slice(), "2024-01-05", "ISO needs no declaration"),
            (" 2024-1-5\n", &[], "2024-01-05", "however it is padded"),
            ("\u{200E}2024-01-05", &[], "2024-01-05", "whatever marks were pasted with it"),
            ("2024-02-29", &[], "2024-02-29", "a leap day"),
            ("2000-02-29", &[], "2000-02-29", "of a leap century"),
            ("0001-01-01", &[], "0001-01-01", "the first day"),
            ("9999-12-31", &[], "9999-12-31", "the last day"),
            ("05/01/2024", slashes, "2024-01-05", "as declared"),
            ("5/1/2024", slashes, "2024-01-05", "padded or not"),
            ("05/01/2024", &["%m/%d/%Y", "%d/%m/%Y"], "2024-05-01", "the first format that reads it wins"),
            ("25/01/2024", &["%m/%d/%Y", "%d/%m/%Y"], "2024-01-25", "and the next is tried"),
            ("Friday, 5 January 2024", words, "2024-01-05", "in words"),
            ("FRI,  5  jan  2024", words, "2024-01-05", "short, shouted and spaced"),
            ("5 May 2024", &["%d %b %Y"], "2024-05-05", "May is its own abbreviation"),
            ("5 Sept 2024", &["%d %bt %Y"], "2024-09-05", "a format may spell out what a source does"),
            ("2024年1月5日", &["%Y年%m月%d日"], "2024-01-05", "the text of a format is its own"),
            ("20240105", &["%Y%m%d"], "2024-01-05", "nothing between the numbers"),
            ("100% 2024-01-05", &["100%% %F"], "2024-01-05", "an escaped percent sign"),
            ("", &[], "", "blank is empty"),
        ] {
            assert_eq!(canonical(raw, &formats(declared)).as_deref(), Ok(expected), "{why}");
            assert_eq!(canonical(expected, &[]).as_deref(), Ok(expected), "{why}: canonical is ISO");
        }
    }

    /// Known failure of the kind of system this replaces: impossible dates passed.
    #[test]
    fn impossible_dates_are_no_dates() {
        for raw in [
            "2023-02-29",
            "2023-02-30",
            "1900-02-29",
            "2024-04-31",
            "2024-13-01",
            "2024-00-10",
            "2024-01-00",
            "0000-01-01",
            "2024-01-32",
        ] {
            assert_eq!(canonical(raw, &[]), Err(Problem::NotADate), "{raw}");
        }
    }

    #[test]
    fn what_no_format_reads() {
        for (raw, declared, why) in [
            ("2024-01-05", ["%d/%m/%Y"].as_slice(), "ISO was not declared"),
            ("24-01-05", &[], "which century?"),
            ("12024-01-05", &[], "a year of five digits"),
            ("+2024-01-05", &[], "a year has no sign"),
            ("2024-01-05T00:00:00", &[], "a time follows"),
            ("2024-001-05", &[], "a month of three digits"),
            ("2024- 1- 5", &[], "white space that was not declared"),
            ("٢٠٢٤-01-05", &[], "digits are ASCII"),
            ("Monday 2024-01-05", &["%A %F"], "it was a Friday"),
            ("5 Januar 2024", &["%d %B %Y"], "months are English"),
            ("2024-01-05", &["%Q"], "a format that is none"),
            ("unknown", &[], "no date at all"),
        ] {
            assert_eq!(canonical(raw, &formats(declared)), Err(Problem::NotADate), "{why}");
        }
        assert_eq!(canonical(&"9".repeat(10_000), &[]), Err(Problem::NotADate), "too long to be looked at");
    }

    #[test]
    fn formats_name_one_day() {
        for (format, expected, why) in [
            ("%Y-%m-%d", Ok(()), "ISO"),
            ("%F", Ok(()), "its short name"),
            ("%a %-d. %B %Y", Ok(()), "padding says nothing"),
            ("%Y年%m月%d日", Ok(()), "text of its own"),
            ("%d/%m", Err(FormatError::Incomplete), "no year"),
            ("%Y-%m", Err(FormatError::Incomplete), "no day"),
            ("", Err(FormatError::Incomplete), "nothing"),
            ("%Y-%m-%m-%d", Err(FormatError::Incomplete), "two months may contradict each other"),
            ("%y-%m-%d", Err(FormatError::Unsupported), "which century?"),
            ("%D", Err(FormatError::Unsupported), "hides a two-digit year"),
            ("%Y-%j", Err(FormatError::Unsupported), "a day of the year"),
            ("%G-W%V-%u", Err(FormatError::Unsupported), "a week"),
            ("%Y-%m-%d %H:%M", Err(FormatError::Unsupported), "a time"),
            ("%s", Err(FormatError::Unsupported), "a point in time"),
            ("%", Err(FormatError::Unsupported), "half a specifier"),
            ("%Y-%m-%d%", Err(FormatError::Unsupported), "and at the end"),
            ("%é", Err(FormatError::Unsupported), "no specifier"),
        ] {
            assert_eq!(check_format(format), expected, "{why}");
        }
    }

    #[test]
    fn a_canonical_date_is_borrowed() {
        assert!(matches!(canonical("2024-01-05", &[]), Ok(Cow::Borrowed(_))));
        assert!(matches!(canonical("2024-1-05", &[]), Ok(Cow::Owned(_))));
    }
}
