//! A host on a store in memory, which can be killed.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tripartite::backoff::Fraction;
use tripartite::drive::block_on;
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, Swap, SwapOf};
use tripartite::memory::MemoryJobStore;
use tripartite::queue::{QueueRules, Slot};
use tripartite::tombstone::Tombstones;
use tripartite::webhook::{Endpoint, ReceiveStep, Received, Seen, SideEffect};

use super::{SECRET, Sent, at, standard};

/// A host on a store, which is killed after so many writes.
pub(super) struct Host<'a> {
    pub(super) store: &'a MemoryJobStore,
    pub(super) endpoint: &'a Endpoint,
    pub(super) lives: usize,
}

/// The host was killed: nobody is answered.
#[derive(Debug, PartialEq)]
pub(super) struct Killed;

impl Host<'_> {
    pub(super) fn read<T: DeserializeOwned>(&self, key: &StoreKey) -> Option<T> {
        let stored = block_on(self.store.get(key)).unwrap()?;
        Some(serde_json::from_slice(&stored.row.bytes).unwrap())
    }

    pub(super) fn write(&mut self, key: &StoreKey, record: &impl Serialize) -> Result<(), Killed> {
        self.lives = self.lives.checked_sub(1).ok_or(Killed)?;
        let version = block_on(self.store.get(key)).unwrap().map(|stored| stored.version);
        let row = Row::new(serde_json::to_vec(record).unwrap(), Shard(0));
        assert!(matches!(
            block_on(self.store.compare_and_swap(&SwapOf::new(key.clone(), version, Some(row.clone())))),
            Ok(Swap::Applied(_))
        ));
        Ok(())
    }

    pub(super) fn receive(&mut self, sent: &Sent, now: DateTime<Utc>) -> Result<Received, Killed> {
        let received = sent.with(|request| self.steps(self.endpoint.receive(request, now)))?;
        for effect in &received.effects {
            match effect {
                SideEffect::Tombstone { key, next } => self.write(key, next)?,
                SideEffect::Remember { key, seen } => self.write(key, seen)?,
                SideEffect::Trigger { id, command, .. } => {
                    let next =
                        self.slot().step(&QueueRules::default(), id.as_ref(), command.clone(), now, Fraction::ONE).next;
                    self.write(&slot_key(), &next)?;
                }
            }
        }
        Ok(received)
    }

    fn steps(&mut self, mut step: ReceiveStep<'_>) -> Result<Received, Killed> {
        loop {
            step = match step {
                ReceiveStep::RateCheck(charging) => {
                    let (rate, allowance) = charging.take(self.read(&charging.key()).as_ref());
                    self.write(&charging.key(), &rate)?;
                    charging.resume(allowance)
                }
                ReceiveStep::Deduplicate(looking) => {
                    let seen: Option<Seen> = self.read(&looking.key());
                    looking.resume(seen.as_ref())
                }
                ReceiveStep::StoreTombstones(burying) => {
                    ReceiveStep::Done(burying.resume(self.read(&burying.key()).as_ref()))
                }
                ReceiveStep::Done(received) => return Ok(received),
            };
        }
    }

    pub(super) fn slot(&self) -> Slot {
        self.read(&slot_key()).unwrap_or_else(|| Slot::new(at(0)))
    }

    pub(super) fn tombstones(&self) -> Tombstones {
        self.read(&named("tombstones", None)).unwrap_or_default()
    }
}

pub(super) fn slot_key() -> StoreKey {
    named("slot", None)
}

pub(super) fn named(kind: &str, id: Option<&str>) -> StoreKey {
    StoreKey::of(kind, ["ballybeg", "federation"].into_iter().chain(id))
}

/// A body of events: the kind, the member and the version.
pub(super) fn body(events: &[(&str, &str, u64)]) -> Vec<u8> {
    let event =
        |(kind, id, version): &(&str, &str, u64)| serde_json::json!({"type": kind, "id": id, "version": version});
    let events: Vec<_> = events.iter().map(event).collect();
    serde_json::json!({ "events": events }).to_string().into_bytes()
}

pub(super) fn signed(id: &str, seconds: i64, events: &[(&str, &str, u64)]) -> Sent {
    Sent::signed(&standard(&[SECRET]), id, seconds, &body(events))
}
