//! The stored tombstones of a key: an attempt reads them before its run, and removes them after it.

use super::chain::Draft;
use super::error::WorkError;
use super::keys::tombstones_key;
use super::queue::Queue;
use super::record::Versioned;
use crate::id::SyncKey;
use crate::jobs::JobStore;
use crate::queue::Scope;
use crate::tombstone::Tombstones;

impl<S: JobStore> Queue<S> {
    /// The tombstones of a key.
    pub(super) async fn load_tombstones(&self, key: &SyncKey) -> Result<Versioned<Tombstones>, WorkError<S::Error>> {
        self.records.load(&tombstones_key(key)).await
    }

    /// Removes the tombstones that a run has applied. A tombstone that was stored since then stays.
    pub(super) fn draft_forgetting<'a>(
        key: &SyncKey,
        applied: Tombstones,
        stored: Option<Versioned<Tombstones>>,
    ) -> Draft<'a, Tombstones, ()> {
        let without = move |stored: Option<&Tombstones>| (stored.map(|stored| stored.without(&applied)), ());
        Draft::new(tombstones_key(key), stored, without)
    }
}

/// The tombstones of the records that a job is about.
pub(super) fn in_scope(stored: Option<&Tombstones>, scope: &Scope) -> Tombstones {
    match (stored, scope) {
        (None, _) => Tombstones::default(),
        (Some(stored), Scope::All) => stored.clone(),
        (Some(stored), Scope::Only(ids)) => stored.only(|id| ids.contains(id)),
    }
}
