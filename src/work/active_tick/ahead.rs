//! The records of the jobs that a tick tries. Those of several are read in one call, and the rest of them is for the next ticks.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    ActiveTick, Clock, Handler, JobRecords, JobStore, Permit, Readiness, SyncKey, Turn, WorkError, earlier, readiness,
};
use crate::queue::{State, Token};
use crate::work::keys::slot_key;

impl<S: JobStore + Sync, H: Handler, C: Clock> ActiveTick<'_, S, H, C> {
    /// The records of a job, which are read unless they were read just now. With them are read the gate of the job, as it may
    /// have changed since it was known, and both of some jobs behind it.
    pub(super) async fn records_of(&mut self, key: &SyncKey, kind: Turn) -> Result<JobRecords, WorkError<S::Error>> {
        let now = self.cx.time();
        if let Some(known) = self.memory.lookahead.take(key).filter(|known| starts_at_once(known, now).is_some()) {
            return Ok(known);
        }
        let mut keys = self.memory.due_queue.next_jobs(kind, self.memory.lookahead.reach());
        keys.retain(|ahead| {
            let is_known = self.memory.lookahead.get(ahead).is_some() || self.is_known_unwell(ahead);
            ahead != key && !is_known && slot_key(ahead).former().is_none()
        });
        keys.insert(0, key.clone());
        // Nobody else ends the ticket that this worker keeps.
        let gates: BTreeSet<_> = keys.iter().map(|key| &key.connector).collect();
        let gates: Vec<_> = gates.into_iter().filter(|gate| self.kept_for(gate).is_none()).cloned().collect();
        let (records, read) = self.cx.queue.load_jobs(&keys, &gates).await?;
        self.memory.lookahead.mark_read(now);
        for (gate, connector) in read.into_iter().zip(gates) {
            match gate {
                Ok(gate) if connector == key.connector => drop(self.gates.insert(connector, Some(gate))),
                Ok(gate) => self.memory.gates.keep(connector, gate, now),
                Err(error) if connector == key.connector => return Err(error),
                // One that cannot be read is read again when its job is tried, and reported then.
                Err(_) => {}
            }
        }
        let mut all = keys.into_iter().zip(records);
        let own = all.next().map(|(_, own)| own);
        for (key, records) in all.filter_map(|(key, records)| Some((key, records.ok()?))) {
            match records.slot.record.as_ref().map(|slot| &slot.state) {
                Some(State::Pending { .. }) => self.memory.lookahead.keep(key, records, now),
                // Somebody else has started it since it was listed.
                Some(State::Running { lease_until, .. }) => {
                    self.tick.next = earlier(self.tick.next, Some(*lease_until));
                    self.memory.due_queue.mark_started_elsewhere(&key, kind);
                }
                _ => self.memory.due_queue.mark_started_elsewhere(&key, kind),
            }
        }
        own.unwrap_or_else(|| Err(WorkError::Contended { key: slot_key(key) }))
    }
}

/// The kind of a job that may start at once, if nothing but its slot and its gate is to be changed for that.
pub(super) fn starts_at_once(records: &JobRecords, now: DateTime<Utc>) -> Option<Turn> {
    let slot = records.slot.record.as_ref()?;
    let Readiness::Ready(kind) = readiness(slot, now) else { return None };
    let token = Token(slot.token.0 + 1);
    let permit = records.health.record.as_ref().map_or(Permit::Go, |health| health.permit(token, now, now).1);
    (permit == Permit::Go).then_some(kind)
}
