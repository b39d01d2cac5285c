//! Records of the work column in a job store: how each is read, and how it is changed.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::WorkError;
use super::lane::Lane;
use crate::gate::Gate;
use crate::health::Health;
use crate::jobs::{JobStore, Row, Shard, StoreKey, Stored, Swap, Version};
use crate::queue::Slot;
use crate::registry::Enrolment;
use crate::tombstone::Tombstones;

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

    /// In which shard it is listed, of a queue with so many.
    fn shard(&self, key: &StoreKey, shards: u16) -> Shard {
        Lane::Ungated.shard(key, shards)
    }
}

impl Record for Slot {
    fn check(&self) -> Result<(), String> {
        Self::check(self).map_err(|broken| broken.to_string())
    }

    fn due(&self) -> Option<DateTime<Utc>> {
        Self::due(self)
    }

    fn shard(&self, key: &StoreKey, shards: u16) -> Shard {
        Lane::of(self).shard(key, shards)
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

impl Record for Tombstones {
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

/// A record as it was read, or that there was none.
#[derive(Debug, Clone)]
pub(super) struct Known<T> {
    pub(super) record: Option<T>,
    version: Option<Version>,
}

/// Reads a record.
pub(super) async fn read<S: JobStore, T: Record>(store: &S, key: &StoreKey) -> Result<Option<T>, WorkError<S::Error>> {
    Ok(known(store, key).await?.record)
}

/// Reads a record that is to be changed.
pub(super) async fn known<S: JobStore, T: Record>(store: &S, key: &StoreKey) -> Result<Known<T>, WorkError<S::Error>> {
    let stored = store.get(key).await.map_err(WorkError::Store)?;
    let Some(Stored { row, version }) = stored else { return Ok(Known { record: None, version: None }) };
    let record = parsed(key, &row)?;
    Ok(Known { record: Some(record), version: Some(version) })
}

fn parsed<E: std::error::Error, T: Record>(key: &StoreKey, row: &Row) -> Result<T, WorkError<E>> {
    let broken = |problem: String| WorkError::Broken { key: key.clone(), problem };
    let record: T = serde_json::from_slice(&row.bytes).map_err(|error| broken(error.to_string()))?;
    record.check().map_err(broken)?;
    Ok(record)
}

/// Changes a record by compare-and-swap, again and again until nobody was in between. `change` sees what is stored, and
/// says what to store, if anything, and what to answer once it is.
pub(super) async fn change<S: JobStore, T: Record, R>(
    store: &S,
    shards: u16,
    key: &StoreKey,
    change: impl FnMut(Option<&T>) -> (Option<T>, R),
) -> Result<R, WorkError<S::Error>> {
    changed(store, shards, key, None, |_| true, change).await.map(|(answer, _)| answer)
}

/// As [`change`], for who has read the record just now: it is read again only if somebody has changed it meanwhile.
pub(super) async fn change_known<S: JobStore, T: Record, R>(
    store: &S,
    shards: u16,
    key: &StoreKey,
    known: Option<Known<T>>,
    change: impl FnMut(Option<&T>) -> (Option<T>, R),
) -> Result<R, WorkError<S::Error>> {
    changed(store, shards, key, known, |_| true, change).await.map(|(answer, _)| answer)
}

/// As [`change`], for who knows something of the record: a reading from before that is stale, and read again. An answer
/// that stores nothing is then never one that a stale reading gave.
pub(super) async fn change_since<S: JobStore, T: Record, R>(
    store: &S,
    shards: u16,
    key: &StoreKey,
    since: impl Fn(Option<&T>) -> bool,
    change: impl FnMut(Option<&T>) -> (Option<T>, R),
) -> Result<R, WorkError<S::Error>> {
    changed(store, shards, key, None, since, change).await.map(|(answer, _)| answer)
}

/// As [`change_since`], also with what is stored then.
pub(super) async fn changed<S: JobStore, T: Record, R>(
    store: &S,
    shards: u16,
    key: &StoreKey,
    mut read: Option<Known<T>>,
    since: impl Fn(Option<&T>) -> bool,
    mut change: impl FnMut(Option<&T>) -> (Option<T>, R),
) -> Result<(R, Known<T>), WorkError<S::Error>> {
    for _ in 0..TRIES {
        let before = match read.take() {
            Some(read) => read,
            None => known::<S, T>(store, key).await?,
        };
        if !since(before.record.as_ref()) {
            continue;
        }
        let (next, answer) = change(before.record.as_ref());
        let Some(next) = next.filter(|next| before.record.as_ref() != Some(next)) else { return Ok((answer, before)) };
        let bytes = serde_json::to_vec(&next)
            .map_err(|error| WorkError::Broken { key: key.clone(), problem: error.to_string() })?;
        let row = Row { bytes, due: next.due(), shard: next.shard(key, shards) };
        let version = match store.compare_and_swap(key, before.version, Some(&row)).await {
            Ok(Swap::Applied(version)) => version,
            Ok(Swap::Conflict) => continue,
            Err(error) => match applied(store, key, &row).await {
                Some(version) => version,
                None => return Err(WorkError::Store(error)),
            },
        };
        return Ok((answer, Known { record: Some(next), version: Some(version) }));
    }
    Err(WorkError::Contended { key: key.clone() })
}

/// The version of a swap that failed and has taken effect all the same: what it wanted to store is what is stored.
async fn applied<S: JobStore>(store: &S, key: &StoreKey, row: &Row) -> Option<Version> {
    let stored = store.get(key).await.ok().flatten()?;
    (stored.row.bytes == row.bytes).then_some(stored.version)
}

/// Reads a record, and lists it where it belongs, if it is listed elsewhere: an earlier version of this crate has written
/// it. Who is faster in changing it lists it rightly.
pub(super) async fn relist<S: JobStore, T: Record>(
    store: &S,
    shards: u16,
    key: &StoreKey,
) -> Result<Known<T>, WorkError<S::Error>> {
    let stored = store.get(key).await.map_err(WorkError::Store)?;
    let Some(Stored { mut row, mut version }) = stored else { return Ok(Known { record: None, version: None }) };
    let record: T = parsed(key, &row)?;
    let shard = record.shard(key, shards);
    if row.shard != shard {
        row.shard = shard;
        let swap = store.compare_and_swap(key, Some(version), Some(&row)).await.map_err(WorkError::Store)?;
        version = if let Swap::Applied(version) = swap { version } else { version };
    }
    Ok(Known { record: Some(record), version: Some(version) })
}
