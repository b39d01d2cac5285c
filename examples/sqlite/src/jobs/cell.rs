use chrono::{DateTime, Utc};
use rusqlite::types::FromSqlError;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StringDeserializer};
use tripartite::jobs::{StoreKey, Version};

use super::JobsError;

/// A point in time as it is stored; what is finer than a microsecond is cut off.
pub(super) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// A point in time as it was stored.
pub(super) fn moment(table: &'static str, column: &'static str, found: i64) -> Result<DateTime<Utc>, JobsError> {
    DateTime::from_timestamp_micros(found).ok_or(JobsError::NoTime { table, column, found })
}

/// The first text behind another one, in the order of their bytes.
pub(super) fn behind(text: &str) -> String {
    format!("{text}\0")
}

/// A key as it was stored.
pub(super) fn key(text: String) -> rusqlite::Result<StoreKey> {
    let text: StringDeserializer<Error> = text.into_deserializer();
    StoreKey::deserialize(text).map_err(|error| FromSqlError::Other(Box::new(error)).into())
}

/// A version as it was stored; the table holds none below 1.
pub(super) fn version(found: i64) -> Version {
    Version(found.cast_unsigned())
}

/// How many rows to ask for.
pub(super) fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
