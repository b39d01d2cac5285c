//! Claims a job: a permit by its connector's health, a ticket of its gate, then the claim under one nonce.

use chrono::{DateTime, Utc};

use super::admission::{TicketRequest, TurnRequest};
use super::context::Context;
use super::error::WorkError;
use super::handler::{Clock, Job};
use super::keys::slot_key;
use super::record::Versioned;
use crate::backoff::{Fraction, later};
use crate::gate::{Admission, Gate, Turn};
use crate::health::{Health, Permit};
use crate::id::{Nonce, SyncKey};
use crate::jobs::JobStore;
use crate::queue::{Claim, Command, Outcome, Slot, Token, Transition};

/// What a worker has read of a job that it is about to claim.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) slot: Versioned<Slot>,
    pub(super) gate: Option<Versioned<Gate>>,
    pub(super) health: Option<Versioned<Health>>,
    /// The slot's own time; now, for one that was not read.
    pub(super) slot_time: DateTime<Utc>,
    /// Whether a job of the other kind waits at the same gate.
    pub(super) other_waits: bool,
}

/// A claim that was asked for. The worker keeps it until there is an answer.
#[derive(Debug, Clone)]
pub(super) struct PendingClaim {
    pub(super) key: SyncKey,
    pub(super) nonce: Nonce,
    pub(super) kind: Turn,
}

/// The answer to a claim.
pub(super) enum ClaimAnswer {
    Claimed(Box<Claimed>),
    /// The slot refuses the claim, and there may be a ticket for it.
    Refused(PendingClaim, Versioned<Gate>),
    /// The gate admits no run before this time.
    GateShut(DateTime<Utc>),
    /// Another claim of the key has a ticket until this time.
    TicketHeld(DateTime<Utc>),
}

/// A job that this worker has claimed, and the records as the claim has left them.
pub(super) struct Claimed {
    pub(super) job: Job,
    pub(super) nonce: Nonce,
    pub(super) at: DateTime<Utc>,
    pub(super) lease_until: DateTime<Utc>,
    pub(super) slot: Versioned<Slot>,
    pub(super) gate: Versioned<Gate>,
    pub(super) health: Option<Versioned<Health>>,
}

impl<S: JobStore, H, C: Clock> Context<'_, S, H, C> {
    /// Asks the health of a job's connector for a permit.
    pub(super) async fn ask_permit(
        &self,
        key: &SyncKey,
        candidate: &mut Candidate,
    ) -> Result<Permit, WorkError<S::Error>> {
        let now = self.time();
        let until = later(now.max(candidate.slot_time), self.settings.lease);
        let token = Token(candidate.slot.record.as_ref().map_or(0, |slot| slot.token.0) + 1);
        let permit = |health: &Health| health.permit(token, now, until);
        let (permit, health) = self.queue.change_health(key, None, now, permit).await?;
        candidate.health = Some(health.remember());
        Ok(permit)
    }

    /// Asks for a ticket and then for the claim, under one nonce. Without a candidate it asks once more, since the
    /// answer to the first time was lost.
    pub(super) async fn claim(
        &self,
        claim: PendingClaim,
        candidate: Option<Candidate>,
    ) -> Result<ClaimAnswer, WorkError<S::Error>> {
        let now = self.time();
        let (mut slot, mut gate, health, slot_time, other_waits) = match candidate {
            Some(Candidate { slot, gate, health, slot_time, other_waits }) => {
                (Some(slot), gate, health, slot_time, other_waits)
            }
            None => (None, None, None, now, false),
        };
        let mut start = Some(TurnRequest { kind: claim.kind, other_waits });
        let mut until = later(slot_time.max(now), self.settings.lease);
        loop {
            let (key, nonce) = (&claim.key, &claim.nonce);
            let request = TicketRequest { key, nonce, limits: &self.settings.gate, start: start.take() };
            let (admission, stored_gate) = self.queue.take_ticket(&request, gate.take(), now, until).await?;
            let ticket = match admission {
                Admission::Admitted { until } => until,
                Admission::Full { until: at } | Admission::TooSoon { at } => return Ok(ClaimAnswer::GateShut(at)),
                Admission::Held { until: at } => return Ok(ClaimAnswer::TicketHeld(at)),
            };
            let (claimed, slot) = self.claim_slot(&claim, slot.take(), now, ticket).await?;
            match claimed {
                ClaimWithin::Ticket(Claim { token, scope, policy, attempt, until }) => {
                    let job = Job { key: claim.key, token, scope, policy, attempt };
                    let (at, lease_until, nonce) = (now, until, claim.nonce);
                    let claimed = Claimed { job, nonce, at, lease_until, slot, gate: stored_gate, health };
                    return Ok(ClaimAnswer::Claimed(Box::new(claimed)));
                }
                // The slot's time is ahead, so the lease would outlive the ticket: a longer ticket first.
                ClaimWithin::LongerTicket(longer) => until = longer,
                ClaimWithin::Nothing => return Ok(ClaimAnswer::Refused(claim, stored_gate)),
            }
        }
    }

    /// Claims a slot, unless the lease would outlive the ticket.
    async fn claim_slot(
        &self,
        claim: &PendingClaim,
        slot: Option<Versioned<Slot>>,
        now: DateTime<Utc>,
        ticket: DateTime<Utc>,
    ) -> Result<(ClaimWithin, Versioned<Slot>), WorkError<S::Error>> {
        let (worker, lease) = (self.worker.clone(), self.settings.lease);
        let command = Command::Claim { worker, nonce: claim.nonce.clone(), lease };
        let claim_slot = |slot: Option<&Slot>| {
            let before = slot.cloned().unwrap_or_else(|| Slot::new(now));
            let transition = before.step(&self.queue.rules, None, command.clone(), now, Fraction::ONE);
            let Transition { next, outcome } = transition;
            match outcome {
                Outcome::Claimed(claim) if claim.until > ticket => (None, ClaimWithin::LongerTicket(claim.until)),
                Outcome::Claimed(claim) => (Some(next), ClaimWithin::Ticket(claim)),
                _ => (None, ClaimWithin::Nothing),
            }
        };
        self.queue.records.change_from(&slot_key(&claim.key), slot, |_| true, claim_slot).await
    }
}

/// The answer of a slot to a claim that has a ticket.
enum ClaimWithin {
    Ticket(Claim),
    LongerTicket(DateTime<Utc>),
    Nothing,
}
