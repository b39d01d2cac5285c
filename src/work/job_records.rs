//! The records of a job, which a worker reads in one round trip before it claims the job.

use super::error::WorkError;
use super::keys::{gate_key, health_key, notified_key, slot_key, tombstones_key};
use super::notified_state::NotifiedState;
use super::queue::Queue;
use super::record::{Record, Versioned};
use crate::gate::Gate;
use crate::health::Health;
use crate::id::{ConnectorId, SyncKey};
use crate::jobs::{JobStore, StoreKey, Stored};
use crate::queue::Slot;
use crate::tombstone::Tombstones;

/// The records of a job.
#[derive(Debug, Clone)]
pub(super) struct JobRecords {
    pub(super) slot: Versioned<Slot>,
    pub(super) health: Versioned<Health>,
    pub(super) beside: Beside,
}

/// The records that a job needs after its claim. `None`: it was not read, or it cannot be. Whoever needs it reads it.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside {
    pub(super) tombstones: Option<Versioned<Tombstones>>,
    pub(super) notified: Option<Versioned<NotifiedState>>,
}

/// What was read, in its order, or why one of it cannot be read.
pub(super) type Read<T, E> = Vec<Result<T, WorkError<E>>>;

impl<S: JobStore + Sync> Queue<S> {
    /// The records of several jobs, and the gates of several connectors, all in one round trip.
    ///
    /// A slot is read before what stands beside it. A tombstone is stored before its trigger, so the tombstones of each
    /// trigger that the slot has are read, too. The claim conflicts with a later trigger, or that one comes after the claim.
    pub(super) async fn load_jobs(
        &self,
        jobs: &[SyncKey],
        gates: &[ConnectorId],
    ) -> Result<(Read<JobRecords, S::Error>, Read<Versioned<Gate>, S::Error>), WorkError<S::Error>> {
        let gates: Vec<_> = gates.iter().map(|connector| gate_key(connector.as_str())).collect();
        let jobs: Vec<_> = jobs.iter().map(keys_of).collect();
        let keys = gates.iter().chain(jobs.iter().flatten()).cloned().collect();
        let mut stored = self.records.get_many(keys).await?.into_iter();
        let gates = gates.iter().map(|key| parse(key, stored.next().flatten())).collect();
        Ok((jobs.iter().map(|keys| job_records(&mut stored, keys)).collect(), gates))
    }
}

fn keys_of(key: &SyncKey) -> [StoreKey; 4] {
    [slot_key(key), health_key(key), tombstones_key(key), notified_key(key)]
}

/// The records of a job, of which the next four that were read are.
fn job_records<E: std::error::Error>(
    stored: &mut impl Iterator<Item = Option<Stored>>,
    [slot_key, health_key, ..]: &[StoreKey; 4],
) -> Result<JobRecords, WorkError<E>> {
    let mut next = || stored.next().flatten();
    let [slot, health, tombstones, notified] = [next(), next(), next(), next()];
    let (slot, health) = (parse(slot_key, slot)?, parse(health_key, health)?);
    let beside =
        Beside { tombstones: Versioned::of_stored(tombstones).ok(), notified: Versioned::of_stored(notified).ok() };
    Ok(JobRecords { slot, health, beside })
}

fn parse<T: Record, E: std::error::Error>(
    key: &StoreKey,
    stored: Option<Stored>,
) -> Result<Versioned<T>, WorkError<E>> {
    Versioned::of_stored(stored).map_err(|problem| WorkError::Broken { key: key.clone(), problem })
}
