//! Where workers meet: one of several jobs is claimed in one call, instead of each in turn.

use super::{
    ActiveTick, Clock, Handler, JobRecords, JobStore, Readiness, StartOutcome, SyncKey, Turn, Versioned, WorkError,
};
use super::{Permit, readiness};
use crate::queue::Token;
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
        let mut rivals = self.memory.due_queue.rivals(&key.connector, kind, OFFERED - 1);
        rivals.retain(|key| !self.memory.deferred.contains_key(key) && slot_key(key).former().is_none());
        rivals
    }

    /// Claims one of several jobs, the first one if it may, and carries it to its end. `None`: there was none to claim, and
    /// the first one is to be tried by itself.
    pub(super) async fn take_one_of(
        &mut self,
        keys: &[SyncKey],
        kind: Turn,
    ) -> Result<Option<(SyncKey, StartOutcome)>, WorkError<S::Error>> {
        let Some(kept) = keys.first().and_then(|key| self.kept_for(&key.connector)).cloned() else { return Ok(None) };
        let records = self.cx.queue.load_jobs(keys).await?;
        let loaded = keys.iter().zip(records).filter_map(|(key, records)| Some((key.clone(), records.ok()?)));
        let ready: Vec<_> = loaded.filter_map(|(key, records)| self.ready(key, records, kind)).collect();
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
        }
        self.memory.due_queue.mark_tried(&key, kind);
        let outcome = self.carry_out(claimed, kind).await?;
        Ok(Some((key, outcome)))
    }

    /// A job of a kind that may start at once, if nothing but its slot is to be changed for that.
    fn ready(&self, key: SyncKey, records: JobRecords, kind: Turn) -> Option<Ready> {
        let JobRecords { slot: known, health, beside } = records;
        let now = self.cx.time();
        let slot = known.record.as_ref()?;
        let is_ready = matches!(readiness(slot, now), Readiness::Ready(of) if of == kind);
        let token = Token(slot.token.0 + 1);
        let permit = health.record.as_ref().map_or(Permit::Go, |health| health.permit(token, now, now).1);
        if !is_ready || permit != Permit::Go {
            return None;
        }
        let gate = self.gates.get(&key.connector).cloned().flatten().map(Versioned::remember);
        let slot_time = slot.updated_at;
        let (slot, health) = (Some(known), Some(health.remember()));
        Some(Ready { key, candidate: Candidate { slot, gate, health, beside, slot_time, other_waits: false } })
    }
}
