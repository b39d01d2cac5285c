//! The records of a job, which a worker reads in one round trip before it claims the job.

use super::error::WorkError;
use super::keys::{health_key, notified_key, slot_key, tombstones_key};
use super::notified_state::NotifiedState;
use super::queue::Queue;
use super::record::{Record, Versioned};
use crate::health::Health;
use crate::id::SyncKey;
use crate::jobs::{JobStore, StoreKey, Stored};
use crate::queue::Slot;
use crate::tombstone::Tombstones;

/// The records of a job.
#[derive(Debug)]
pub(super) struct JobRecords {
    pub(super) slot: Versioned<Slot>,
    pub(super) health: Versioned<Health>,
    pub(super) beside: Beside,
}

/// The records that a job needs after its claim. `None`: it was not read, or it cannot be. Whoever needs it reads it.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) tombstones: Option<Versioned<Tombstones>>,
    pub(super) notified: Option<Versioned<NotifiedState>>,
}

impl<S: JobStore + Sync> Queue<S> {
    /// The records of a job.
    ///
    /// The slot is read first. A tombstone is stored before its trigger, so the tombstones of each trigger that the slot
    /// has are read, too. The claim conflicts with a later trigger, or that one comes after the claim.
    pub(super) async fn load_job(&self, key: &SyncKey) -> Result<JobRecords, WorkError<S::Error>> {
        let keys = [slot_key(key), health_key(key), tombstones_key(key), notified_key(key)];
        let mut stored = self.records.get_many(keys.to_vec()).await?.into_iter();
        let mut next = || stored.next().flatten();
        let [slot, health, tombstones, notified] = [next(), next(), next(), next()];
        let [slot_key, health_key, ..] = &keys;
        let slot = parse(slot_key, slot)?;
        let health = parse(health_key, health)?;
        let beside =
            Beside { tombstones: Versioned::of_stored(tombstones).ok(), notified: Versioned::of_stored(notified).ok() };
        Ok(JobRecords { slot, health, beside })
    }
}

fn parse<T: Record, E: std::error::Error>(
    key: &StoreKey,
    stored: Option<Stored>,
) -> Result<Versioned<T>, WorkError<E>> {
    Versioned::of_stored(stored).map_err(|problem| WorkError::Broken { key: key.clone(), problem })
}
