//! The ticket that a worker keeps from one run to the next, and when it gives it back.

use super::{ActiveTick, Clock, Ending, Handler, JobStore, KeptTicket, PendingClaim, Turn, Versioned, WorkError};
use crate::gate::Gate;
use crate::id::ConnectorId;
use crate::work::admission::HeldTicket;

impl<S: JobStore + Sync, H: Handler, C: Clock> ActiveTick<'_, S, H, C> {
    /// The ticket that the worker keeps, if it is of a connector.
    pub(super) fn kept_for(&self, connector: &ConnectorId) -> Option<&KeptTicket> {
        self.memory.kept.as_ref().filter(|kept| kept.key().connector == *connector)
    }

    /// Gives the kept ticket back, if there is one. Returns its gate as it is then.
    pub(super) async fn give_back(
        &mut self,
        gate: Option<Versioned<Gate>>,
    ) -> Result<Option<Versioned<Gate>>, WorkError<S::Error>> {
        let Some(kept) = self.memory.kept.take() else { return Ok(gate) };
        self.memory.gates.forget(&kept.key().connector);
        let (key, ticket) = (kept.key().clone(), HeldTicket { nonce: kept.nonce().clone(), kept: Some(kept) });
        self.cx.queue.release_ticket(&key, &ticket, gate, self.cx.time()).await.map(Some)
    }

    /// Somebody else has the job, and the gate has given a ticket for it.
    pub(super) async fn refused(
        &mut self,
        claim: PendingClaim,
        gate: Versioned<Gate>,
    ) -> Result<(), WorkError<S::Error>> {
        let PendingClaim { key, nonce, .. } = claim;
        self.memory.kept = gate.record.as_ref().and_then(|gate| gate.kept(&key, &nonce));
        if self.memory.kept.is_some() {
            self.gates.insert(key.connector.clone(), Some(gate));
            return Ok(());
        }
        let ticket = HeldTicket { nonce, kept: None };
        self.cx.queue.release_ticket(&key, &ticket, Some(gate.remember()), self.cx.time()).await.map(drop)
    }

    /// Whether the worker keeps an attempt's ticket: its next job is one of the same connector, as far as it knows.
    pub(super) fn may_keep(&self, ending: &Ending, kind: Turn) -> bool {
        ending.ticket.kept.is_some()
            && !self.cx.handler.is_shutting_down()
            && self.memory.due_queue.goes_on_with(&ending.job.key.connector, kind)
    }

    /// Gives the kept ticket back at the end of a tick without an attempt: others may need it, and nobody knows when this
    /// worker has its next job. If the store fails, the ticket ends by itself.
    pub(super) async fn give_back_unused(&mut self) -> Result<(), WorkError<S::Error>> {
        match self.give_back(None).await {
            Err(error @ WorkError::Broken { .. }) => self.pass_over(error),
            // The tick must still report what it did.
            Ok(_) | Err(_) => Ok(()),
        }
    }
}
