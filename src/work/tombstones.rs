//! Tombstones of a key: an attempt reads them before its run, and forgets them after it.

use super::record::{change, read};
use super::{Queue, WorkError};
use crate::id::SyncKey;
use crate::jobs::{JobStore, StoreKey};
use crate::queue::Scope;
use crate::tombstone::Tombstones;

fn tombstones_key(key: &SyncKey) -> StoreKey {
    StoreKey::of("tombstones", [key.org.as_str(), key.connector.as_str()])
}

impl<S: JobStore> Queue<S> {
    /// The tombstones of the records that a job is about.
    pub(super) async fn tombstones(&self, key: &SyncKey, scope: &Scope) -> Result<Tombstones, WorkError<S::Error>> {
        let stored: Option<Tombstones> = read(&self.store, &tombstones_key(key)).await?;
        let stored = stored.unwrap_or_default();
        Ok(match scope {
            Scope::All => stored,
            Scope::Only(ids) => stored.only(|id| ids.contains(id)),
        })
    }

    /// Removes the tombstones that a run has applied. One that has come since stays.
    pub(super) async fn forget_tombstones(
        &self,
        key: &SyncKey,
        applied: &Tombstones,
    ) -> Result<(), WorkError<S::Error>> {
        if applied.is_empty() {
            return Ok(());
        }
        let without = |stored: Option<&Tombstones>| (stored.map(|stored| stored.without(applied)), ());
        change(&self.store, self.shards, &tombstones_key(key), without).await
    }
}
