//! The time zone of a source that writes times without one, or days as instants.
//!
//! A fixed offset (`UTC`, `Z`, `+05:30`), or, with the feature `zone`, a name of the IANA time zone database
//! (`Europe/Dublin`), whose offset depends on the date. What a wall clock in the zone shows becomes an instant:
//!
//! | the wall clock shows it | as an instant |
//! |---|---|
//! | once | that one |
//! | twice, when the clocks go back | the first of the two |
//! | never, when they go forward | none: not a timestamp |
//!
//! **Why the first of two?** A stamp without an offset does not say which, and every other reading of the same text must
//! come to the same instant, or it would look as if it had moved.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, Offset, TimeZone, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A fixed offset from UTC, or a named time zone.
///
/// ```
/// use tripartite::normalize::zone::{Zone, ZoneError};
///
/// assert_eq!("+0530".parse::<Zone>()?.to_string(), "+05:30");
/// assert_eq!("Z".parse::<Zone>()?, Zone::UTC);
/// assert!(matches!("Europe/Dublyn".parse::<Zone>(), Err(ZoneError { .. })));
/// # Ok::<(), ZoneError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Inner);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inner {
    /// Seconds ahead of UTC.
    Fixed(i32),
    #[cfg(feature = "zone")]
    Named(chrono_tz::Tz),
}

/// A text is no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct ZoneError {
    found: String,
}

impl ZoneError {
    fn text(&self) -> String {
        let found = &self.found;
        if cfg!(feature = "zone") {
            format!("`{found}` is neither an offset such as +01:00 nor a name of the IANA time zone database")
        } else {
            format!("`{found}` is no offset such as +01:00, and names of zones need the feature `zone` of tripartite")
        }
    }
}

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self(Inner::Fixed(0));

    /// The day that it is in this zone.
    pub(super) fn day(self, at: DateTime<Utc>) -> NaiveDate {
        match self.0 {
            Inner::Fixed(seconds) => offset(seconds).from_utc_datetime(&at.naive_utc()).date_naive(),
            #[cfg(feature = "zone")]
            Inner::Named(zone) => at.with_timezone(&zone).date_naive(),
        }
    }

    /// The first instant at which a clock in this zone shows a time.
    pub(super) fn instant(self, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
        match self.0 {
            Inner::Fixed(seconds) => offset(seconds).from_local_datetime(&wall).earliest().map(|at| at.to_utc()),
            #[cfg(feature = "zone")]
            Inner::Named(zone) => zone.from_local_datetime(&wall).earliest().map(|at| at.to_utc()),
        }
    }
}

fn offset(seconds: i32) -> FixedOffset {
    // Only offsets below a day are ever read, so there is one.
    FixedOffset::east_opt(seconds).unwrap_or_else(|| Utc.fix())
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, ZoneError> {
        if matches!(text, "UTC" | "Z" | "z") {
            return Ok(Self::UTC);
        }
        if let Some(seconds) = fixed(text) {
            return Ok(Self(Inner::Fixed(seconds)));
        }
        #[cfg(feature = "zone")]
        if let Ok(zone) = text.parse() {
            return Ok(Self(Inner::Named(zone)));
        }
        Err(ZoneError { found: text.to_owned() })
    }
}

/// `+hh:mm` or `+hhmm`, in seconds.
fn fixed(text: &str) -> Option<i32> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: Vec<u8> = match text.as_bytes()[1..] {
        [a, b, b':', c, d] | [a, b, c, d] => vec![a, b, c, d],
        _ => return None,
    };
    let digits: Option<Vec<i32>> = digits.iter().map(|byte| char::from(*byte).to_digit(10).map(|d| d as i32)).collect();
    let [a, b, c, d] = digits?[..] else { return None };
    let (hours, minutes) = (10 * a + b, 10 * c + d);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

impl Display for Zone {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Inner::Fixed(0) => f.write_str("UTC"),
            Inner::Fixed(seconds) => {
                let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
            #[cfg(feature = "zone")]
            Inner::Named(zone) => f.write_str(zone.name()),
        }
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
