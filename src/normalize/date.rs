//! Calendar dates in declared formats, and only days that exist.
//!
//! A source writes dates its own way, and a text such as `05/01/2024` is two different days in two countries. So a
//! field declares the formats its source uses, in the order they are tried, and nothing is guessed. What the calendar
//! does not have is not a date: a normaliser that let `2023-02-30` pass would store it, and one that rolled it over
//! would move it.
//!
//! A format is written in the syntax of [`chrono::format::strftime`], restricted to what names a day:
//!
//! | specifier | reads |
//! |---|---|
//! | `%Y` | exactly four digits, 0001 to 9999 |
//! | `%m`, `%d`, `%e` | one or two digits, however the source pads; exactly two where a digit may stand directly beside them |
//! | `%b`, `%h`, `%B` | an English month, `Jan` or `January`, in any case |
//! | `%a`, `%A` | an English weekday, `Mon` or `Monday`, in any case; it must be the day's own |
//! | `%F` | `%Y-%m-%d` |
//! | `%n`, `%t`, white space | white space |
//! | anything else | itself |
//!
//! The whole text must match, after white space and ignored characters are treated as in [`text`].
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
//! **Why exactly two digits in `%Y%m%d`?** `2016111` could be the first of November or the eleventh of January. Where
//! nothing keeps two numbers apart, only their widths do: such a format reads eight digits and no other number of them.
//!
//! **Why no `%y`?** Two digits of a year of birth are two people. A source that has no more needs a connector that
//! knows which century is meant.
//!
//! **Is `canonical` idempotent?** Read as ISO 8601, which is what it writes. A field that declares other formats only
//! does not read its own canonical form, just as it does not read any other format that was not declared.

use std::borrow::Cow;

use chrono::NaiveDate;

use self::format::matched;
pub use self::format::{DateFormatError, check_format};
use super::digits::digits;
use super::short::Short;
use super::zone::Zone;
use super::{text, timestamp};
use crate::value::Problem;

pub(super) mod format;

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
    if reads_iso_first(formats) && iso(raw).is_some() {
        return Ok(Cow::Borrowed(raw));
    }
    Ok(read(raw, formats)?.map_or(Cow::Borrowed(""), |date| Cow::Owned(date.to_string())))
}

fn reads_iso_first(formats: &[String]) -> bool {
    formats.first().is_none_or(|format| format == ISO || format == "%F")
}

/// The day in ISO 8601, where the source may also send it as an instant: midnight in its own zone, which is another day
/// in UTC.
///
/// A text that no format reads, and that is a timestamp by the rule of [`timestamp`], is the day that it is in the zone at
/// that instant; one without an offset is in the zone as it is.
///
/// # Errors
///
/// [`Problem::NotADate`], as [`canonical`].
///
/// ```
/// use tripartite::{normalize::date::canonical_in, value::Problem};
///
/// let india = "+05:30".parse()?;
/// let day = canonical_in("2017-10-31T18:30:00Z", &[], Some(india));
/// assert_eq!(day.as_deref(), Ok("2017-11-01"));
/// // without a zone it is not known which day that is
/// assert_eq!(canonical_in("2017-10-31T18:30:00Z", &[], None), Err(Problem::NotADate));
/// # Ok::<(), tripartite::normalize::zone::ZoneError>(())
/// ```
pub fn canonical_in<'a>(raw: &'a str, formats: &[String], zone: Option<Zone>) -> Result<Cow<'a, str>, Problem> {
    let day = |zone| timestamp::Stamp::read(raw).and_then(|stamp| stamp.day(zone));
    match (canonical(raw, formats), zone) {
        (Err(problem), Some(zone)) => day(zone).map(|day| Cow::Owned(day.to_string())).ok_or(problem),
        (read, _) => read,
    }
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

fn read(raw: &str, formats: &[String]) -> Result<Option<NaiveDate>, Problem> {
    if reads_iso_first(formats)
        && let Some(date) = iso(raw)
    {
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

fn date(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    let year = i32::try_from(year).ok().filter(|year| (1..=9999).contains(year))?;
    NaiveDate::from_ymd_opt(year, month, day)
}

#[cfg(test)]
mod tests {
    use super::canonical;
    use crate::value::Problem;

    #[test]
    fn days_in_declared_formats() {
        for (raw, declared, expected) in [
            // As declared, padded or not.
            ("05/01/2024", "%d/%m/%Y", "2024-01-05"),
            ("5/1/2024", "%d/%m/%Y", "2024-01-05"),
            // The first format that reads it wins, and the next is tried.
            ("05/01/2024", "%m/%d/%Y or %d/%m/%Y", "2024-05-01"),
            ("25/01/2024", "%m/%d/%Y or %d/%m/%Y", "2024-01-25"),
            // In words: short, shouted and spaced.
            ("Friday, 5 January 2024", "%A, %e %B %Y", "2024-01-05"),
            ("FRI,  5  jan  2024", "%A, %e %B %Y", "2024-01-05"),
            // May is its own abbreviation; September has a longer one, which a format may spell out.
            ("5 May 2024", "%d %b %Y", "2024-05-05"),
            ("5 Sept 2024", "%d %bt %Y", "2024-09-05"),
            // What is no specifier is itself.
            ("2024年1月5日", "%Y年%m月%d日", "2024-01-05"),
            ("20240105", "%Y%m%d", "2024-01-05"),
            ("100% 2024-01-05", "100%% %F", "2024-01-05"),
        ] {
            let declared: Vec<_> = declared.split(" or ").map(str::to_owned).collect();
            assert_eq!(canonical(raw, &declared).as_deref(), Ok(expected), "{raw} in {declared:?}");
            assert_eq!(canonical(expected, &[]).as_deref(), Ok(expected), "canonical is ISO");
        }
    }

    #[test]
    fn what_no_format_reads() {
        for (raw, declared, why) in [
            ("2024-01-05", "%d/%m/%Y", "ISO was not declared"),
            ("24-01-05", "%F", "which century?"),
            ("12024-01-05", "%F", "a year of five digits"),
            ("+2024-01-05", "%F", "a year has no sign"),
            ("2024-01-05T00:00:00", "%F", "a time follows"),
            ("2024-001-05", "%F", "a month of three digits"),
            ("2024- 1- 5", "%F", "white space that was not declared"),
            ("٢٠٢٤-01-05", "%F", "digits are ASCII"),
            ("Monday 2024-01-05", "%A %F", "it was a Friday"),
            ("5 Januar 2024", "%d %B %Y", "months are English"),
            ("2024-01-05", "%Q", "a format that is none"),
            ("2024-01", "%Y-%m", "a format without a day"),
            ("unknown", "%F", "no date at all"),
        ] {
            let read = canonical(raw, &[declared.to_owned()]);
            assert_eq!(read, Err(Problem::NotADate), "{why}");
        }
        let long = "9".repeat(10_000);
        assert_eq!(canonical(&long, &[]), Err(Problem::NotADate), "too long to be looked at");
    }

    /// `2016111` is two days, and `1112016` three.
    #[test]
    fn numbers_without_anything_between_them_have_fixed_widths() {
        for (raw, declared, expected) in [
            ("20160928", "%Y%m%d", Some("2016-09-28")),
            ("2016111", "%Y%m%d", None),
            ("201611", "%Y%m%d", None),
            ("201609281", "%Y%m%d", None),
            ("2016-0928", "%Y%m%d", None),
            ("28092016", "%d%m%Y", Some("2016-09-28")),
            ("1112016", "%d%m%Y", None),
            ("1-112016", "%d-%m%Y", Some("2016-11-01")),
            ("111-2016", "%d%m-%Y", None),
            ("2016111", "%Y%-m%-d", None),
            // A digit of the format's own is one like any other.
            ("2016/1107", "%Y/%m0%d", None),
            ("2016/11007", "%Y/%m0%d", Some("2016-11-07")),
            // So is a space that the source left out.
            ("2016 1 11", "%Y %m %d", Some("2016-01-11")),
            ("2016111", "%Y %m %d", None),
            ("5Jan2016", "%d %b %Y", Some("2016-01-05")),
        ] {
            let read = canonical(raw, &[declared.to_owned()]);
            assert_eq!(read.as_deref().ok(), expected, "{raw} as {declared}");
        }
    }
}
