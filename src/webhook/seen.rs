//! The stored record of an accepted message, by which a replay or a second delivery is recognised.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::value::Value;

/// Which version of the persisted form this crate writes.
const FORMAT: u32 = 1;

/// The record of an accepted message, by which the message is recognised when it comes again. Only its presence
/// matters.
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use std::time::Duration;
/// use tripartite::webhook::Seen;
/// let now = DateTime::<Utc>::UNIX_EPOCH;
/// assert_eq!(
///     Seen::new(now, Duration::from_secs(600)).until(),
///     now + TimeDelta::minutes(10)
/// );
/// assert_eq!(Seen::new(now, Duration::MAX).until(), DateTime::<Utc>::MAX_UTC);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    format: u32,
    at: DateTime<Utc>,
    until: DateTime<Utc>,
    /// Fields that a later version of this crate wrote. They are kept.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl Seen {
    /// A message that is accepted at `at` and remembered for `keep`.
    pub fn new(at: DateTime<Utc>, keep: std::time::Duration) -> Self {
        let keep = TimeDelta::from_std(keep).unwrap_or(TimeDelta::MAX);
        let until = at.checked_add_signed(keep).unwrap_or(DateTime::<Utc>::MAX_UTC);
        Self { format: FORMAT, at, until, rest: BTreeMap::new() }
    }

    /// When the message was accepted.
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// When the record may be deleted. The queue lists its row as due then, in a shard of its own.
    pub fn until(&self) -> DateTime<Utc> {
        self.until
    }
}
