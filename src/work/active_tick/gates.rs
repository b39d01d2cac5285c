//! The gates of the jobs that a tick tries. Several are read in one call, and the rest of them is for the next ticks.

use chrono::{DateTime, Utc};

use super::{ActiveTick, Clock, Handler, JobStore, KeptTicket, SyncKey, Turn, Versioned, WorkError, earlier};
use crate::gate::Gate;

impl<S: JobStore + Sync, H: Handler, C: Clock> ActiveTick<'_, S, H, C> {
    /// Whose turn it is at a job's gate. `None` while the gate admits no run.
    pub(super) async fn gate_turn(
        &mut self,
        key: &SyncKey,
        now: DateTime<Utc>,
    ) -> Result<Option<Turn>, WorkError<S::Error>> {
        if !self.gates.contains_key(&key.connector) {
            let gate = match self.known_gate(key, now) {
                Some(known) => Some(known),
                None => self.read_next_gates(key, now).await?,
            };
            let open = match gate {
                Some(gate) => self.unless_shut(key, gate, now).await?,
                None => None,
            };
            self.gates.insert(key.connector.clone(), open);
        }
        let gate = self.gates.get(&key.connector).and_then(Option::as_ref);
        let kept = self.kept_for(&key.connector).map(KeptTicket::turn);
        Ok(gate.map(|gate| kept.unwrap_or_else(|| gate.record.as_ref().map_or(Turn::Urgent, Gate::turn))))
    }

    /// A gate that was read lately. One that is remembered is of use while it admits a run: it is read again with the job, or
    /// a swap finds that it has changed.
    fn known_gate(&mut self, key: &SyncKey, now: DateTime<Utc>) -> Option<Versioned<Gate>> {
        let limits = &self.cx.settings.gate;
        if let Some(kept) = self.kept_for(&key.connector) {
            let gate = self.memory.gates.get(&key.connector)?;
            let lasts = gate.record.as_ref().is_some_and(|gate| gate.lasts(kept, limits, now).is_some());
            return lasts.then(|| gate.clone());
        }
        let gate = self.memory.gates.take(&key.connector)?;
        let is_shut = gate.record.as_ref().is_some_and(|gate| gate.refusal(limits, now).is_some());
        (!gate.remembered || !is_shut).then_some(gate)
    }

    /// Reads the gate of a job, and those of the jobs behind it in the same round trip. `None`: it cannot be read, which is
    /// reported.
    async fn read_next_gates(
        &mut self,
        key: &SyncKey,
        now: DateTime<Utc>,
    ) -> Result<Option<Versioned<Gate>>, WorkError<S::Error>> {
        let mut connectors = self.memory.due_queue.next_connectors();
        connectors.retain(|connector| {
            *connector != key.connector
                && !self.gates.contains_key(connector)
                && self.memory.gates.get(connector).is_none()
        });
        let connectors: Vec<_> = std::iter::once(key.connector.clone()).chain(connectors).collect();
        let (_, gates) = self.cx.queue.load_jobs(&[], &connectors).await?;
        let mut gates = gates.into_iter().zip(connectors);
        let own = gates.next();
        for (gate, connector) in gates {
            // One that cannot be read is read again when its job is tried, and reported then.
            if let Ok(gate) = gate {
                self.memory.gates.keep(connector, gate, now);
            }
        }
        match own {
            Some((Ok(gate), connector)) => {
                if self.kept_for(&connector).is_some() {
                    self.memory.gates.keep(connector, gate.clone(), now);
                }
                Ok(Some(gate))
            }
            Some((Err(error), _)) => self.pass_over(error).map(|()| None),
            None => Ok(None),
        }
    }

    /// The gate, if it admits a run.
    async fn unless_shut(
        &mut self,
        key: &SyncKey,
        gate: Versioned<Gate>,
        now: DateTime<Utc>,
    ) -> Result<Option<Versioned<Gate>>, WorkError<S::Error>> {
        let (limits, mut gate) = (&self.cx.settings.gate, gate);
        if let Some(kept) = self.kept_for(&key.connector) {
            if gate.record.as_ref().is_some_and(|gate| gate.lasts(kept, limits, now).is_some()) {
                return Ok(Some(gate));
            }
            gate = self.give_back(Some(gate)).await?.unwrap_or(Versioned::nothing());
        }
        let refusal = gate.record.as_ref().and_then(|gate| gate.refusal(limits, now));
        let Some(until) = refusal.map(|shut| shut.until()) else { return Ok(Some(gate)) };
        self.tick.next = earlier(self.tick.next, Some(until));
        if self.memory.skew_check.wants_gate(&key.connector, until, now) {
            match self.cx.queue.gate_skew_notice(key, now).await {
                Ok(notice) => self.memory.notices.extend(notice),
                Err(error) => self.pass_over(error)?,
            }
        }
        Ok(None)
    }
}
