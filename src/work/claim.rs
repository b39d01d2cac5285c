//! Claims a job: a permit by its connector's health, a ticket of its gate, then the claim under one nonce.

use chrono::{DateTime, Utc};

use super::admission::{HeldTicket, TicketRequest, TurnRequest};
use super::chain::Draft;
use super::context::Context;
use super::error::WorkError;
use super::handler::{Clock, Job};
use super::job_records::{Beside, JobRecords};
use super::keys::{gate_key, slot_key};
use super::record::{TRIES, Versioned};
use crate::backoff::{Fraction, later};
use crate::gate::{Admission, Gate, KeptTicket, Turn};
use crate::health::{Health, Permit};
use crate::id::{Nonce, SyncKey};
use crate::jobs::JobStore;
use crate::queue::{Claim, Command, Outcome, QueueRules, Slot, Token, Transition};

/// What a worker has read of a job that it is about to claim.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) slot: Option<Versioned<Slot>>,
    pub(super) gate: Option<Versioned<Gate>>,
    pub(super) health: Option<Versioned<Health>>,
    pub(super) beside: Beside,
    /// The slot's own time; now, for one that was not read.
    pub(super) slot_time: DateTime<Utc>,
    /// Whether a job of the other kind waits at the same gate.
    pub(super) other_waits: bool,
}

impl Candidate {
    fn unread(now: DateTime<Utc>) -> Self {
        Self { slot: None, gate: None, health: None, beside: Beside::default(), slot_time: now, other_waits: false }
    }
}

/// A claim that was asked for. The worker keeps it until there is an answer.
#[derive(Debug, Clone)]
pub(super) struct PendingClaim {
    pub(super) key: SyncKey,
    pub(super) nonce: Nonce,
    pub(super) kind: Turn,
    /// The ticket under which it is claimed, if that was kept from the run before.
    pub(super) kept: Option<KeptTicket>,
}

impl PendingClaim {
    /// The nonce by which the gate knows its ticket.
    fn ticket(&self) -> &Nonce {
        self.kept.as_ref().map_or(&self.nonce, KeptTicket::nonce)
    }
}

/// The answer to a claim.
pub(super) enum ClaimAnswer {
    Claimed(Box<Claimed>),
    /// The slot refuses the claim; or the job still waits, and its connector's health has changed since it gave a permit. The
    /// gate, if it has given a ticket for it just now.
    Refused {
        refused: Box<(PendingClaim, Option<Versioned<Gate>>)>,
        still_waits: bool,
    },
    /// The gate admits no run before this time.
    GateShut(DateTime<Utc>),
    /// Another claim of the key has a ticket until this time.
    TicketHeld(DateTime<Utc>),
}

/// A job that this worker has claimed, and the records as the claim has left them.
pub(super) struct Claimed {
    pub(super) job: Job,
    pub(super) ticket: HeldTicket,
    pub(super) at: DateTime<Utc>,
    pub(super) lease_until: DateTime<Utc>,
    pub(super) ticket_until: DateTime<Utc>,
    pub(super) slot: Versioned<Slot>,
    pub(super) gate: Versioned<Gate>,
    pub(super) health: Option<Versioned<Health>>,
    pub(super) beside: Beside,
}

impl Claimed {
    fn new(
        pending: PendingClaim,
        claim: Claim,
        known: Candidate,
        at: DateTime<Utc>,
        ticket_until: DateTime<Utc>,
        slot: Versioned<Slot>,
        gate: Versioned<Gate>,
    ) -> Self {
        let (PendingClaim { key, nonce, kind, kept }, Candidate { health, beside, .. }) = (pending, known);
        let ticket = match kept {
            Some(kept) => HeldTicket { nonce: kept.nonce().clone(), kept: Some(kept.starts(&key, kind, at)) },
            None => {
                let kept = gate.record.as_ref().and_then(|gate| gate.kept(&key, &nonce));
                HeldTicket { nonce, kept }
            }
        };
        let Claim { token, scope, policy, attempt, until: lease_until } = claim;
        let job = Job { key, token, scope, policy, attempt };
        Self { job, ticket, at, lease_until, ticket_until, slot, gate, health, beside }
    }
}

impl<S: JobStore + Sync, H, C: Clock> Context<'_, S, H, C> {
    /// Asks the health of a job's connector for a permit.
    pub(super) async fn ask_permit(
        &self,
        key: &SyncKey,
        candidate: &mut Candidate,
    ) -> Result<Permit, WorkError<S::Error>> {
        let now = self.time();
        let until = later(now.max(candidate.slot_time), self.settings.lease);
        let slot = candidate.slot.as_ref().and_then(|slot| slot.record.as_ref());
        let token = Token(slot.map_or(0, |slot| slot.token.0) + 1);
        let permit = |health: &Health| health.permit(token, now, until);
        let (permit, health) = self.queue.change_health(key, candidate.health.take(), now, permit).await?;
        candidate.health = Some(health.remember());
        Ok(permit)
    }

    /// Takes a ticket and claims the job in one round trip, the ticket first, both under one nonce. What somebody else
    /// has changed is read again, and the answer says whether anything was. Without a candidate it asks once more, since the
    /// answer to the first time was lost.
    pub(super) async fn claim(
        &self,
        claim: PendingClaim,
        candidate: Option<Candidate>,
    ) -> Result<(ClaimAnswer, bool), WorkError<S::Error>> {
        let now = self.time();
        let mut known = candidate.unwrap_or_else(|| Candidate::unread(now));
        let (worker, lease) = (self.worker.clone(), self.settings.lease);
        let command = Command::Claim { worker, nonce: claim.nonce.clone(), lease };
        let command = ClaimCommand { rules: &self.queue.rules, command, now };
        let start = TurnRequest { kind: claim.kind, other_waits: known.other_waits };
        let mut start = Some(start).filter(|_| claim.kept.is_none());
        let (mut taken_now, mut until) = (false, later(known.slot_time.max(now), lease));
        for tries in 0..TRIES {
            let met = tries > 0;
            let (slot, gate, still_permitted) = self.read_unknown(&claim.key, &mut known).await?;
            // The lease must not outlive the ticket, also if the slot's time is ahead.
            let lease_until = match command.until(slot.record.as_ref()) {
                Some(until) if still_permitted => until,
                lease => {
                    let refused = Box::new((claim, taken_now.then_some(gate)));
                    return Ok((ClaimAnswer::Refused { refused, still_waits: lease.is_some() }, met));
                }
            };
            until = until.max(lease_until);
            let (key, nonce, limits, kept) = (&claim.key, claim.ticket(), &self.settings.gate, claim.kept.is_some());
            let request = TicketRequest { key, nonce, limits, lease, start, kept };
            let ticket = match request.admit_at(gate.record.as_ref(), now, until).1 {
                Admission::Admitted { until } => until,
                // The gate was read some time ago, so it is read again.
                _ if gate.remembered => {
                    known.slot = Some(slot);
                    continue;
                }
                Admission::Full { until: at } | Admission::TooSoon { at } => {
                    return Ok((ClaimAnswer::GateShut(at), met));
                }
                Admission::Held { until: at } => return Ok((ClaimAnswer::TicketHeld(at), met)),
            };
            let (taken, claimed) = self.take_and_claim((&request, &command), gate, slot, (until, ticket)).await?;
            match (taken, claimed) {
                (Some(gate), Some((Some(claimed), slot))) => {
                    if slot_key(&claim.key).former().is_some() {
                        // The claim has read the slot once more, perhaps with a trigger that has a tombstone.
                        known.beside.tombstones = None;
                    }
                    let claimed = Claimed::new(claim, claimed, known, now, ticket, slot, gate);
                    return Ok((ClaimAnswer::Claimed(Box::new(claimed)), met));
                }
                (Some(gate), _) => {
                    // The start has been counted.
                    taken_now |= start.take().is_some();
                    known.gate = Some(gate);
                }
                (None, _) => {}
            }
        }
        Err(WorkError::Contended { key: slot_key(&claim.key) })
    }

    /// The slot and the gate, and whether a permit of before still holds. What is not known is read in one round trip: with a
    /// slot that somebody has changed, perhaps by a trigger that has a tombstone or by an attempt that has failed, what
    /// stands beside it is read again.
    async fn read_unknown(
        &self,
        key: &SyncKey,
        known: &mut Candidate,
    ) -> Result<(Versioned<Slot>, Versioned<Gate>, bool), WorkError<S::Error>> {
        let (slot, gate) = (known.slot.take(), known.gate.take());
        let (slot, gate) = match (slot, gate) {
            (Some(slot), Some(gate)) => return Ok((slot, gate, true)),
            read => read,
        };
        let (slots, gates): (&[_], &[_]) = (std::slice::from_ref(key), std::slice::from_ref(&key.connector));
        let (slots, gates) = (if slot.is_none() { slots } else { &[] }, if gate.is_none() { gates } else { &[] });
        let (mut jobs, mut gates) = self.queue.load_jobs(slots, gates).await?;
        let gate = gates.pop().transpose()?.or(gate).unwrap_or(Versioned::nothing());
        let Some(JobRecords { slot, health, beside }) = jobs.pop().transpose()? else {
            return Ok((slot.unwrap_or(Versioned::nothing()), gate, true));
        };
        let still_permitted = known.health.as_ref().is_none_or(|known| known.version == health.version);
        (known.health, known.beside) = (Some(health.remember()), beside);
        Ok((slot, gate, still_permitted))
    }

    /// Stores a ticket that the gate gives, and then the claim. Returns the gate if the ticket is stored, and what came
    /// of the claim if that is.
    async fn take_and_claim(
        &self,
        (request, command): (&TicketRequest<'_>, &ClaimCommand<'_>),
        gate: Versioned<Gate>,
        slot: Versioned<Slot>,
        (until, ticket): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(Option<Versioned<Gate>>, Option<(Option<Claim>, Versioned<Slot>)>), WorkError<S::Error>> {
        let (key, now) = (request.key, command.now);
        let (gate_key, slot_key, records) = (gate_key(key.connector.as_str()), slot_key(key), &self.queue.records);
        // Records under former keys are read once more, and the gate may refuse then.
        let together = gate_key.former().is_none() && slot_key.former().is_none();
        if request.is_covered(gate.record.as_ref(), now, until).is_some() {
            // Nobody else ends the ticket that this worker keeps: the gate need not be changed or read again.
            let mut claiming = Draft::new(slot_key, Some(slot), |slot| command.claim(slot, ticket));
            records.try_chain(&mut [&mut claiming], &[]).await?;
            return Ok((Some(gate), claiming.into_done()?));
        }
        let mut taking = Draft::new(gate_key, Some(gate), |gate| request.admit_at(gate, now, until));
        let mut claiming = Draft::new(slot_key, Some(slot), |slot| command.claim(slot, ticket));
        if together {
            records.try_chain(&mut [&mut taking, &mut claiming], &[]).await?;
        } else {
            records.try_chain(&mut [&mut taking], &[]).await?;
        }
        let taken = taking.into_done()?;
        let taken = taken.filter(|(admission, _)| matches!(admission, Admission::Admitted { .. }));
        if !together && taken.is_some() {
            records.try_chain(&mut [&mut claiming], &[]).await?;
        }
        Ok((taken.map(|(_, gate)| gate), claiming.into_done()?))
    }
}

/// A job that is ready, and what was read of it.
pub(super) struct Ready {
    pub(super) key: SyncKey,
    pub(super) candidate: Candidate,
}

impl<S: JobStore + Sync, H, C: Clock> Context<'_, S, H, C> {
    /// Claims the first of several jobs that nobody else claims, in one round trip, under a ticket that the worker keeps.
    /// `None`: others have claimed all of them, or the ticket does not last for any.
    ///
    /// If neither the answer nor the slots can be had, a claim may stand. It ends like that of a worker that has died.
    pub(super) async fn claim_one_of(
        &self,
        mut ready: Vec<Ready>,
        kept: &KeptTicket,
        nonce: &Nonce,
        kind: Turn,
    ) -> Result<Option<Claimed>, WorkError<S::Error>> {
        let (now, lease) = (self.time(), self.settings.lease);
        let command = Command::Claim { worker: self.worker.clone(), nonce: nonce.clone(), lease };
        let command = ClaimCommand { rules: &self.queue.rules, command, now };
        let (mut candidates, mut claims) = (Vec::new(), Vec::new());
        for Ready { key, candidate } in &ready {
            let slot = candidate.slot.as_ref();
            let (Some(slot), Some(gate)) = (slot, candidate.gate.as_ref()) else { continue };
            let limits = &self.settings.gate;
            let request = TicketRequest { key, nonce: kept.nonce(), limits, lease, start: None, kept: true };
            let ends = command.until(slot.record.as_ref()).unwrap_or(DateTime::<Utc>::MAX_UTC);
            let Some(ticket) = request.is_covered(gate.record.as_ref(), now, ends) else { continue };
            if let (Some(next), Some(claim)) = command.claim(slot.record.as_ref(), ticket) {
                let before = Versioned { record: None, version: slot.version, mark: slot.mark, remembered: false };
                candidates.push((slot_key(key), before, next));
                claims.push((key.clone(), claim, ticket));
            }
        }
        let Some((at, slot)) = self.queue.records.take(&candidates).await? else { return Ok(None) };
        let (key, claim, ticket) = claims.swap_remove(at);
        let Some(place) = ready.iter().position(|ready| ready.key == key) else { return Ok(None) };
        let mut known = ready.swap_remove(place).candidate;
        let gate = known.gate.take().unwrap_or(Versioned::nothing());
        let pending = PendingClaim { key, nonce: nonce.clone(), kind, kept: Some(kept.clone()) };
        Ok(Some(Claimed::new(pending, claim, known, now, ticket, slot, gate)))
    }
}

/// The command by which a job is claimed.
struct ClaimCommand<'a> {
    rules: &'a QueueRules,
    command: Command,
    now: DateTime<Utc>,
}

impl ClaimCommand<'_> {
    /// The claim of a slot, unless the slot refuses it or the lease would outlive the ticket.
    fn claim(&self, slot: Option<&Slot>, ticket: DateTime<Utc>) -> (Option<Slot>, Option<Claim>) {
        let before = slot.cloned().unwrap_or_else(|| Slot::new(self.now));
        let Transition { next, outcome } = before.step(self.rules, None, self.command.clone(), self.now, Fraction::ONE);
        match outcome {
            Outcome::Claimed(claim) if claim.until <= ticket => (Some(next), Some(claim)),
            _ => (None, None),
        }
    }

    /// Until when the claim of a slot would last. `None`: the slot refuses it.
    fn until(&self, slot: Option<&Slot>) -> Option<DateTime<Utc>> {
        self.claim(slot, DateTime::<Utc>::MAX_UTC).1.map(|claim| claim.until)
    }
}
