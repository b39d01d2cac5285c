use chrono::{DateTime, NaiveDate, NaiveTime, SubsecRound, Utc};
use tripartite::jobs::{StoreKey, Version};

use super::JobsError;

/// A point in time as it is stored: to the microsecond, in the years that PostgreSQL and people can read.
pub(super) fn moment(at: DateTime<Utc>) -> DateTime<Utc> {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    let first = day(1, 1, 1).and_time(NaiveTime::MIN).and_utc();
    let last = day(9999, 12, 31).and_hms_micro_opt(23, 59, 59, 999_999).unwrap_or_default().and_utc();
    at.trunc_subsecs(6).clamp(first, last)
}

/// A key as it was stored.
pub(super) fn key(text: &str) -> Result<StoreKey, JobsError> {
    text.parse().map_err(|_| JobsError::Unreadable { table: "tripartite.jobs", column: "key" })
}

/// A version as it was stored; the sequence gives none below 1.
pub(super) fn version(found: i64) -> Version {
    Version(found.cast_unsigned())
}

/// How many rows to ask for.
pub(super) fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
