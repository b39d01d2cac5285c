//! Records of the work column in a job store: how each is read, and how it is changed.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64;

use super::WorkError;
use crate::gate::Gate;
use crate::health::Health;
use crate::host::{JobStore, Row, Shard, StoreKey, Stored, Swap, Version};
use crate::queue::Slot;
use crate::registry::Enrolment;

/// How often a swap is tried before the key is called contended. Each conflict means that somebody else's swap succeeded,
/// or that the reading was stale.
const TRIES: usize = 1000;

/// What is kept under a key, as JSON.
pub(super) trait Record: Serialize + DeserializeOwned + PartialEq {
    /// Whether this version can read it.
    fn check(&self) -> Result<(), String>;

    /// When somebody should look at it.
    fn due(&self) -> Option<DateTime<Utc>> {
        None
    }

    /// Among which due keys it is listed, if not among those of its key.
    fn shard(&self) -> Option<Shard> {
        None
    }
}

impl Record for Slot {
    fn check(&self) -> Result<(), String> {
        Self::check(self).map_err(|broken| broken.to_string())
    }

    fn due(&self) -> Option<DateTime<Utc>> {
        Self::due(self)
    }
}

impl Record for Gate {
    fn check(&self) -> Result<(), String> {
        Self::check(self).map_err(|broken| broken.to_string())
    }
}

impl Record for Health {
    fn check(&self) -> Result<(), String> {
        Self::check(self).map_err(|broken| broken.to_string())
    }
}

impl Record for Enrolment {
    fn check(&self) -> Result<(), String> {
        Self::check(self).map_err(|broken| broken.to_string())
    }

    /// A schedule that this build cannot read never fires; whoever enrolled it was told.
    fn due(&self) -> Option<DateTime<Utc>> {
        Self::due(self).ok().flatten()
    }
}

/// The shard of a key: the same in every process.
pub(super) fn shard(key: &StoreKey, shards: u16) -> Shard {
    Shard((xxh3_64(key.as_str().as_bytes()) % u64::from(shards.max(1))) as u16)
}

/// Reads a record.
pub(super) async fn read<S: JobStore, T: Record>(store: &S, key: &StoreKey) -> Result<Option<T>, WorkError<S::Error>> {
    Ok(versioned(store, key).await?.map(|(record, _)| record))
}

async fn versioned<S: JobStore, T: Record>(
    store: &S,
    key: &StoreKey,
) -> Result<Option<(T, Version)>, WorkError<S::Error>> {
    let Some(Stored { row, version }) = store.get(key).await.map_err(WorkError::Store)? else { return Ok(None) };
    let broken = |problem: String| WorkError::Broken { key: key.clone(), problem };
    let record: T = serde_json::from_slice(&row.bytes).map_err(|error| broken(error.to_string()))?;
    record.check().map_err(broken)?;
    Ok(Some((record, version)))
}

/// Changes a record by compare-and-swap, again and again until nobody was in between. `change` sees what is stored, and
/// says what to store, if anything, and what to answer once it is.
pub(super) async fn change<S: JobStore, T: Record, R>(
    store: &S,
    shards: u16,
    key: &StoreKey,
    change: impl FnMut(Option<&T>) -> (Option<T>, R),
) -> Result<R, WorkError<S::Error>> {
    change_since(store, shards, key, |_| true, change).await
}

/// As [`change`], for who knows something of the record: a reading from before that is stale, and read again. An answer
/// that stores nothing is then never one that a stale reading gave.
pub(super) async fn change_since<S: JobStore, T: Record, R>(
    store: &S,
    shards: u16,
    key: &StoreKey,
    since: impl Fn(Option<&T>) -> bool,
    mut change: impl FnMut(Option<&T>) -> (Option<T>, R),
) -> Result<R, WorkError<S::Error>> {
    for _ in 0..TRIES {
        let (before, version) = versioned::<S, T>(store, key).await?.unzip();
        if !since(before.as_ref()) {
            continue;
        }
        let (next, answer) = change(before.as_ref());
        let Some(next) = next.filter(|next| before.as_ref() != Some(next)) else { return Ok(answer) };
        let bytes = serde_json::to_vec(&next)
            .map_err(|error| WorkError::Broken { key: key.clone(), problem: error.to_string() })?;
        let row = Row { bytes, due: next.due(), shard: next.shard().unwrap_or_else(|| shard(key, shards)) };
        match store.compare_and_swap(key, version, Some(&row)).await {
            Ok(Swap::Applied(_)) => return Ok(answer),
            Ok(Swap::Conflict) => {}
            Err(error) => {
                return if applied(store, key, &row).await { Ok(answer) } else { Err(WorkError::Store(error)) };
            }
        }
    }
    Err(WorkError::Contended { key: key.clone() })
}

/// Whether a swap that failed has taken effect all the same: what it wanted to store is what is stored.
async fn applied<S: JobStore>(store: &S, key: &StoreKey, row: &Row) -> bool {
    matches!(store.get(key).await, Ok(Some(stored)) if stored.row.bytes == row.bytes)
}
