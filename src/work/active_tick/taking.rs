//! Where workers meet: one of several jobs is claimed in one call, instead of each in turn.

use super::ahead::starts_at_once;
use super::{ActiveTick, Clock, Handler, JobRecords, JobStore, StartOutcome, SyncKey, Turn, Versioned, WorkError};
use crate::work::claim::{Candidate, Ready};
use crate::work::keys::slot_key;

/// How many jobs are offered in one call at most.
const OFFERED: usize = 8;

impl<S: JobStore + Sync, H: Handler, C: Clock> ActiveTick<'_, S, H, C> {
    /// The jobs that may be claimed in place of one that was chosen: where this worker keeps a ticket of the gate, and has
    /// met others lately.
    pub(super) fn rivals(&self, key: &SyncKey, kind: Turn) -> Vec<SyncKey> {
        if self.kept_for(&key.connector).is_none() || slot_key(key).former().is_some() {
            return Vec::new();
        }
        let is_known = |key: &SyncKey| self.memory.lookahead.get(key).is_some();
        self.memory.due_queue.rivals((&key.connector, kind), OFFERED - 1, is_known)
    }

    /// Claims one of several jobs, the first one if it may, and carries it to its end. `None`: there was none to claim, and
    /// the first one is to be tried by itself.
    pub(super) async fn take_one_of(
        &mut self,
        (first, records): (&SyncKey, &JobRecords),
        rivals: Vec<SyncKey>,
        kind: Turn,
    ) -> Result<Option<(SyncKey, StartOutcome)>, WorkError<S::Error>> {
        let Some(kept) = self.kept_for(&first.connector).cloned() else { return Ok(None) };
        let rivals = rivals.into_iter().filter_map(|key| {
            let known = self.memory.lookahead.get(&key)?.clone();
            Some((key, known))
        });
        let offered = std::iter::once((first.clone(), records.clone())).chain(rivals);
        let ready: Vec<_> = offered.filter_map(|(key, records)| self.ready(key, records, kind)).collect();
        if ready.is_empty() {
            return Ok(None);
        }
        let offered: Vec<_> = ready.iter().map(|ready| ready.key.clone()).collect();
        let nonce = self.memory.next_nonce(Some(&kept));
        // Whatever happens, no other run starts under the ticket until it is known that none has.
        self.memory.kept = None;
        let Some(claimed) = self.cx.claim_one_of(ready, &kept, &nonce, kind).await? else {
            self.memory.kept = Some(kept);
            return Ok(None);
        };
        let key = claimed.job.key.clone();
        for passed in offered.iter().take_while(|passed| **passed != key) {
            self.memory.due_queue.mark_lost();
            self.memory.due_queue.mark_tried(passed, kind);
            self.memory.lookahead.take(passed);
        }
        self.memory.due_queue.mark_tried(&key, kind);
        self.memory.lookahead.take(&key);
        let outcome = self.carry_out(claimed, kind).await?;
        Ok(Some((key, outcome)))
    }

    /// A job of a kind that may start at once, if nothing but its slot is to be changed for that.
    fn ready(&self, key: SyncKey, records: JobRecords, kind: Turn) -> Option<Ready> {
        if starts_at_once(&records, self.cx.time()) != Some(kind) {
            return None;
        }
        let JobRecords { slot: known, health, beside } = records;
        let slot_time = known.record.as_ref()?.updated_at;
        let gate = self.gates.get(&key.connector).cloned().flatten().map(Versioned::remember);
        let (slot, health) = (Some(known), Some(health.remember()));
        Some(Ready { key, candidate: Candidate { slot, gate, health, beside, slot_time, other_waits: false } })
    }
}
