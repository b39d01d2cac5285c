//! How single values are read.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use tripartite::detect::Clash;
use tripartite::plan::PlanId;
use tripartite::schema::Strategy;
use tripartite_sqlite::store::{FileError, check_name};

use crate::listing::Remote;
use crate::store::Place;

/// The longest lease: for so long a job of a worker that vanished is nobody's.
const LEASE: RangeInclusive<u64> = 1..=24 * 60 * 60;

/// A database. What names no file is refused, or nothing would be kept.
///
/// # Errors
/// What is wrong with the name.
pub fn place(text: OsString) -> Result<Place, String> {
    let place = Place::named(text).map_err(|error| error.to_string())?;
    match place.file().map(check_name) {
        Some(Err(error @ FileError::NoFile(_))) => Err(error.to_string()),
        _ => Ok(place),
    }
}

/// A listing: a file, or standard input.
pub fn remote(from: OsString) -> Remote {
    if from == "-" { Remote::Stdin } else { Remote::File(from.into()) }
}

/// The name of a field.
///
/// # Errors
/// It is empty.
pub fn id_field(name: &str) -> Result<String, String> {
    if name.is_empty() { Err("expected the name of a field".to_owned()) } else { Ok(name.to_owned()) }
}

/// A strategy that has a name only.
///
/// # Errors
/// There is none of this name, or it has settings.
pub fn strategy(name: &str) -> Result<Strategy, String> {
    match name {
        "newest_wins" | "custom" => {
            Err(format!("`{name}` has settings, so it can only be stated in a schema: --schema FILE.json"))
        }
        _ => Strategy::from_str(name).map_err(|error| error.to_string()),
    }
}

/// The id of a plan.
///
/// # Errors
/// It is none.
pub fn plan(id: &str) -> Result<PlanId, String> {
    id.parse().map_err(|_| "expected the id of a plan, 64 hexadecimal digits".to_owned())
}

/// A kind of conflict.
///
/// # Errors
/// There is none of this name.
pub fn clash(name: &str) -> Result<Clash, String> {
    let expected = "expected NoBase, BothSet, BothChanged, LocalCleared or RemoteCleared";
    serde_json::from_value(name.into()).map_err(|_| expected.to_owned())
}

/// A point in time; a day is its first moment in UTC.
///
/// # Errors
/// It is neither.
pub fn day(text: &str) -> Result<DateTime<Utc>, String> {
    let day = text.parse::<NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0)).map(|day| day.and_utc());
    let time = || Some(DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc));
    day.or_else(time).ok_or_else(|| "expected a day such as 2026-01-31, or a time in RFC 3339".to_owned())
}

/// A time of day.
///
/// # Errors
/// It is none.
pub fn time_of_day(text: &str) -> Result<NaiveTime, String> {
    let time = NaiveTime::parse_from_str(text, "%H:%M").or_else(|_| NaiveTime::parse_from_str(text, "%H:%M:%S"));
    time.map_err(|_| "expected a time of day such as 02:15".to_owned())
}

/// An address to listen on.
///
/// # Errors
/// It is none.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected an address such as 127.0.0.1:9464".to_owned())
}

/// A span in seconds.
///
/// # Errors
/// It is no whole number.
pub fn seconds(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).map_err(|_| "expected a number of seconds".to_owned())
}

/// How long a lease is.
///
/// # Errors
/// It is no number of seconds, or a job would be nobody's for longer than a day.
pub fn lease(text: &str) -> Result<Duration, String> {
    let span = seconds(text)?;
    let expected = || format!("expected {} to {} seconds", LEASE.start(), LEASE.end());
    if LEASE.contains(&span.as_secs()) { Ok(span) } else { Err(expected()) }
}
