//! The stored tombstones of a key: an attempt reads them before its run, and removes them after it.

use super::error::WorkError;
use super::keys::tombstones_key;
use super::queue::Queue;
use crate::id::SyncKey;
use crate::jobs::JobStore;
use crate::queue::Scope;
use crate::tombstone::Tombstones;

impl<S: JobStore> Queue<S> {
    /// The tombstones of the records that a job is about.
    pub(super) async fn tombstones(&self, key: &SyncKey, scope: &Scope) -> Result<Tombstones, WorkError<S::Error>> {
        let stored: Option<Tombstones> = self.records.read(&tombstones_key(key)).await?;
        let stored = stored.unwrap_or_default();
        Ok(match scope {
            Scope::All => stored,
            Scope::Only(ids) => stored.only(|id| ids.contains(id)),
        })
    }

    /// Removes the tombstones that a run has applied. A tombstone that was stored since then stays.
    pub(super) async fn forget_tombstones(
        &self,
        key: &SyncKey,
        applied: &Tombstones,
    ) -> Result<(), WorkError<S::Error>> {
        if applied.is_empty() {
            return Ok(());
        }
        let without = |stored: Option<&Tombstones>| (stored.map(|stored| stored.without(applied)), ());
        self.records.change(&tombstones_key(key), without).await
    }
}
