//! Points in time: the same instant, whatever offset it was written in.
//!
//! One system stores `2024-01-05T12:00:00+01:00`, another answers `2024-01-05T11:00:00.000Z`. They agree.
//!
//! Read is [RFC 3339]: a date, `T`, `t` or a space, a time with seconds and any fraction, and an offset, `Z`, `z`,
//! `±hh:mm` or, as Salesforce and Jira write it and ISO 8601 has it, `±hhmm`. Canonical is the instant in UTC, with `T` and `Z`, and with the digits of the fraction up to the last
//! that is not zero. White space and ignored characters around the text do not count.
//!
//! | raw | canonical |
//! |---|---|
//! | `2024-01-05T12:00:00+01:00` | `2024-01-05T11:00:00Z` |
//! | `2024-01-05T12:00:00.000+0100` | `2024-01-05T11:00:00Z` |
//! | `2024-01-05 11:00:00.500z` | `2024-01-05T11:00:00.5Z` |
//! | `2024-01-05T11:00:00-00:00` | `2024-01-05T11:00:00Z` |
//! | `2016-12-31T23:59:60Z` | itself |
//! | `2024-01-05T11:00:00`, `2024-01-05`, `2024-01-05T24:00:00Z` | not a timestamp |
//!
//! **What of leap seconds?** `:60` is read where one may be: at 23:59:60 UTC on the last day of a month. It keeps its
//! own second, as chrono counts it, and so differs from the midnight that follows. Anywhere else it is a slip.
//!
//! **What of more than nine digits of fraction?** Zeros beyond the ninth say nothing. Another digit there cannot be
//! held, and cutting it off would make two instants one: not a timestamp.
//!
//! **Why no time without an offset?** It names no instant. A field whose source leaves it out declares the zone, and other
//! formats than RFC 3339 if it has them ([`Notation`]).
//!
//! [RFC 3339]: https://www.rfc-editor.org/rfc/rfc3339

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, Timelike, Utc};

pub use self::notation::{Notation, StampFormatError, check_format};
use super::text::trim;
use super::zone::Zone;
use crate::value::Problem;

pub(super) mod clock;
mod notation;

/// The instant in UTC, `YYYY-MM-DDThh:mm:ss[.fraction]Z`; `""` for blank text.
///
/// # Errors
///
/// [`Problem::NotATimestamp`] for everything that is not an RFC 3339 timestamp of the years 0001 to 9999 in UTC.
///
/// ```
/// use tripartite::{normalize::timestamp::canonical, value::Problem};
///
/// assert_eq!(
///     canonical("2024-01-05 12:00:00.50+01:00").as_deref(),
///     Ok("2024-01-05T11:00:00.5Z")
/// );
/// assert_eq!(canonical("2024-02-30T00:00:00Z"), Err(Problem::NotATimestamp));
/// ```
pub fn canonical(raw: &str) -> Result<Cow<'_, str>, Problem> {
    if trim(raw).is_empty() {
        return Ok(Cow::Borrowed(""));
    }
    let at = parse(raw).ok_or(Problem::NotATimestamp)?;
    Ok(written(raw, at))
}

fn written(raw: &str, at: DateTime<Utc>) -> Cow<'_, str> {
    let written = Written(at).to_string();
    if written == raw { Cow::Borrowed(raw) } else { Cow::Owned(written) }
}

/// Whether both texts are the same instant, or both blank.
///
/// ```
/// use tripartite::normalize::timestamp::same;
///
/// assert!(same("2024-01-05T12:00:00+01:00", "2024-01-05T11:00:00.000Z"));
/// assert!(!same("2024-01-05T11:00:00Z", "2024-01-05T11:00:00.000000001Z"));
/// ```
pub fn same(a: &str, b: &str) -> bool {
    match (parse(a), parse(b)) {
        (Some(a), Some(b)) => a == b,
        (None, None) => trim(a).is_empty() && trim(b).is_empty(),
        _ => false,
    }
}

/// The instant a text names, if it names one.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use tripartite::normalize::timestamp::parse;
///
/// assert_eq!(parse("1970-01-01T01:00:00+0100"), Some(DateTime::<Utc>::UNIX_EPOCH));
/// assert_eq!(parse("1970-01-01T01:00:00"), None, "an instant needs an offset");
/// ```
pub fn parse(raw: &str) -> Option<DateTime<Utc>> {
    Stamp::read(raw)?.instant(None)
}

/// What a timestamp of RFC 3339 says, whose offset may be left out.
pub(super) struct Stamp {
    /// What the wall clock shows; a leap second counts as the second before it.
    pub(super) wall: NaiveDateTime,
    /// How far the wall clock is ahead of UTC, where it is said.
    offset: Option<Duration>,
    is_leap: bool,
}

impl Stamp {
    pub(super) fn read(raw: &str) -> Option<Self> {
        let mut rest = Rest(trim(raw).as_bytes());
        let (year, month, day) = (rest.number(4)?, rest.after(b"-", 2)?, rest.after(b"-", 2)?);
        let (hour, minute, second) = (rest.after(b"Tt ", 2)?, rest.after(b":", 2)?, rest.after(b":", 2)?);
        let nanosecond = rest.fraction()?;
        let offset = if rest.0.is_empty() { None } else { Some(rest.offset()?) };
        if !rest.0.is_empty() || second > 60 {
            return None;
        }
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        let wall = date.and_hms_nano_opt(hour, minute, second.min(59), nanosecond)?;
        Some(Self { wall, offset, is_leap: second == 60 })
    }

    /// The instant, in a zone where no offset is said.
    pub(super) fn instant(&self, zone: Option<Zone>) -> Option<DateTime<Utc>> {
        let utc = match self.offset {
            Some(offset) => self.wall.checked_sub_signed(offset)?,
            None => zone?.instant(self.wall)?.naive_utc(),
        };
        let utc = if self.is_leap { leap_second(utc)? } else { utc };
        in_range(utc.and_utc())
    }

    /// The day that it is in a zone at this time.
    pub(super) fn day(&self, zone: Zone) -> Option<NaiveDate> {
        match self.offset {
            Some(_) => self.instant(None).map(|at| zone.day(at)),
            None => Some(self.wall.date()),
        }
    }
}

fn in_range(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (1..=9999).contains(&at.year()).then_some(at)
}

/// The second after the last of a month, which chrono counts as a second of that minute.
fn leap_second(last: NaiveDateTime) -> Option<NaiveDateTime> {
    let ends_month = last.date().succ_opt()?.day() == 1 && (last.hour(), last.minute()) == (23, 59);
    let nanosecond = last.nanosecond() + 1_000_000_000;
    if ends_month { last.with_nanosecond(nanosecond) } else { None }
}

/// What is still to be read.
pub(super) struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn next_of(&mut self, allowed: &[u8]) -> Option<u8> {
        let (&first, after) = self.0.split_first()?;
        allowed.contains(&first).then(|| {
            self.0 = after;
            first
        })
    }

    fn digit(&mut self) -> Option<u32> {
        self.next_of(b"0123456789").map(|digit| u32::from(digit - b'0'))
    }

    fn number(&mut self, digits: usize) -> Option<u32> {
        (0..digits).try_fold(0, |number, _| self.digit().map(|digit| number * 10 + digit))
    }

    fn after(&mut self, separators: &[u8], digits: usize) -> Option<u32> {
        self.next_of(separators)?;
        self.number(digits)
    }

    /// Nanoseconds, zero where no fraction is written; `None` if it has no digit, or one that cannot be held.
    fn fraction(&mut self) -> Option<u32> {
        if self.next_of(b".").is_none() {
            return Some(0);
        }
        let mut nanosecond = self.digit()? * 100_000_000;
        let mut unit = 10_000_000;
        while let Some(digit) = self.digit() {
            if unit == 0 && digit != 0 {
                return None;
            }
            nanosecond += digit * unit;
            unit /= 10;
        }
        Some(nanosecond)
    }

    /// How far the local time is ahead of UTC.
    fn offset(&mut self) -> Option<Duration> {
        let sign = match self.next_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(Duration::zero()),
        };
        let hours = self.number(2)?;
        // ISO 8601 also has its basic form, without a colon.
        let minutes = if self.0.first() == Some(&b':') { self.after(b":", 2)? } else { self.number(2)? };
        (hours < 24 && minutes < 60).then(|| Duration::minutes(sign * i64::from(hours * 60 + minutes)))
    }
}

/// An instant in its canonical form.
struct Written(DateTime<Utc>);

impl Display for Written {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let at = self.0.naive_utc();
        let leap = at.nanosecond() / 1_000_000_000;
        write!(f, "{}T{:02}:{:02}:{:02}", at.date(), at.hour(), at.minute(), at.second() + leap)?;
        let (mut fraction, mut width) = (at.nanosecond() % 1_000_000_000, 9);
        if fraction == 0 {
            return f.write_str("Z");
        }
        while fraction % 10 == 0 {
            fraction /= 10;
            width -= 1;
        }
        write!(f, ".{fraction:0width$}Z")
    }
}
