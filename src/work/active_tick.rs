//! One tick: due jobs are chosen in a fair order, and one job is carried from its claim to its end.

mod ahead;
mod gates;
mod keeping;
mod taking;
mod ungated;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::attempt::ActiveAttempt;
use super::claim::{Candidate, ClaimAnswer, Claimed, PendingClaim};
use super::context::Context;
use super::due_queue::{Due, Look};
use super::ending::{Attempted, Ending};
use super::error::WorkError;
use super::handler::{Clock, Handler};
use super::job_records::JobRecords;
use super::keys::gate_key;
use super::lane::kind_of;
use super::memory::{Memory, PATIENCE};
use super::record::Versioned;
use super::tick::Tick;
use crate::gate::{Gate, KeptTicket, Turn};
use crate::health::Permit;
use crate::id::{ConnectorId, SyncKey};
use crate::jobs::JobStore;
use crate::queue::{Command, Outcome, Slot, State};

/// A tick under way.
pub(super) struct ActiveTick<'a, S: JobStore, H, C> {
    cx: Context<'a, S, H, C>,
    memory: &'a mut Memory,
    tick: Tick,
    /// The gates at which jobs were tried, as they were read last. `None`: the gate admits no run, or cannot be read.
    gates: BTreeMap<ConnectorId, Option<Versioned<Gate>>>,
    /// The keys whose connector's health permits no attempt now.
    unwell: BTreeSet<SyncKey>,
}

/// The outcome of an attempt to start a job.
enum StartOutcome {
    Attempted(Box<Attempted>),
    /// There is nothing to start.
    Nothing,
    /// Somebody else has started it.
    Lost,
    NotBefore(DateTime<Utc>),
    /// The gate admits no run until this time.
    GateShut(DateTime<Utc>),
    /// The connector's health permits no attempt until this time. `None`: until a person has reset it.
    Unwell(Option<DateTime<Utc>>),
}

/// What a slot waits for.
enum Readiness {
    Ready(Turn),
    NotBefore(DateTime<Utc>),
    /// For no time.
    Nothing,
}

impl<'a, S: JobStore + Sync, H: Handler, C: Clock> ActiveTick<'a, S, H, C> {
    pub(super) fn new(cx: Context<'a, S, H, C>, memory: &'a mut Memory) -> Self {
        memory.gates.age(cx.time());
        memory.lookahead.age(cx.time());
        let (gates, unwell) = (BTreeMap::new(), BTreeSet::new());
        Self { cx, memory, tick: Tick::default(), gates, unwell }
    }

    pub(super) async fn run(mut self) -> Result<Tick, WorkError<S::Error>> {
        match self.resume().await {
            Ok(attempt) => self.tick.attempt = attempt,
            Err(error) => self.pass_over(error)?,
        }
        if self.tick.attempt.is_none() {
            self.take_job().await?;
        }
        if self.tick.attempt.is_none() {
            self.give_back_unused().await?;
        }
        if self.check_clock_skew().await.is_err() {
            // The store failed. The tick must still report what it did, so the next tick makes the check.
            self.memory.skew_check.retry();
        }
        if self.tick.attempt.is_some() {
            self.tick.next = Some(self.cx.time());
        }
        self.tick.notices.append(&mut self.memory.notices);
        Ok(self.tick)
    }

    /// Reports a record that cannot be read, and goes on. Any other error ends the tick.
    fn pass_over(&mut self, error: WorkError<S::Error>) -> Result<(), WorkError<S::Error>> {
        if !matches!(error, WorkError::Store(_)) {
            self.memory.pending_claim = None;
        }
        match error {
            WorkError::Broken { key, problem } => {
                self.tick.broken.push((key, problem));
                Ok(())
            }
            error => Err(error),
        }
    }

    /// Takes up what a failure of the store left behind: an end that was not stored, or a claim without an answer.
    async fn resume(&mut self) -> Result<Option<Attempted>, WorkError<S::Error>> {
        if let Some(ending) = self.memory.unstored_ending.take() {
            return self.finish(ending).await.map(Some);
        }
        let Some(claim) = self.memory.pending_claim.clone() else { return Ok(None) };
        match self.claim(claim, None).await? {
            StartOutcome::Attempted(attempted) => Ok(Some(*attempted)),
            _ => Ok(None),
        }
    }

    /// Goes through what is due until there was a job to take.
    async fn take_job(&mut self) -> Result<(), WorkError<S::Error>> {
        let (queue, now) = (self.cx.queue, self.cx.time());
        self.memory.expire_deferrals(now);
        let look = if self.memory.lookahead.is_empty() { Look::AtUrgent } else { Look::Seldom };
        let mut everything = self.memory.due_queue.read(queue, now, look).await?;
        loop {
            while let Some(due) = self.memory.due_queue.ungated.pop_front() {
                if let Err(error) = self.handle(due).await {
                    self.pass_over(error)?;
                }
            }
            while let Some((key, kind)) = self.choose(now).await? {
                match self.start(key.clone(), kind).await {
                    Ok(true) => return Ok(()),
                    Ok(false) => {}
                    Err(error) => {
                        self.shut_broken_gate(key, kind, &error);
                        self.pass_over(error)?;
                    }
                }
            }
            if everything {
                self.tick.next = self.memory.due_queue.next_wakeup(queue, now, self.tick.next);
                return Ok(());
            }
            // Earlier ticks have passed over some of what is due, so what is next is known only once everything is
            // read.
            everything = self.memory.due_queue.read(queue, now, Look::Everywhere).await?;
            // What was read before a job was listed says nothing of it.
            self.memory.gates.clear();
        }
    }

    /// The next job whose gate admits a run and whose kind has its turn there. A gate is read once. No job is read
    /// while its gate is shut.
    async fn choose(&mut self, now: DateTime<Utc>) -> Result<Option<(SyncKey, Turn)>, WorkError<S::Error>> {
        loop {
            let lookahead = &self.memory.lookahead;
            let Some((key, kind)) = self.memory.due_queue.next(|key| lookahead.get(key).is_some()) else {
                return Ok(None);
            };
            if self.is_deferred(&key, now) {
                self.memory.due_queue.mark_tried(&key, kind);
                if !self.unwell.contains(&key) {
                    self.put_off(key, kind);
                }
                continue;
            }
            let Some(turn) = self.gate_turn(&key, now).await? else {
                self.memory.due_queue.shut_gate(&key.connector);
                continue;
            };
            if turn != kind && self.memory.due_queue.other_kind_waits(&key.connector, kind) {
                self.memory.due_queue.skip(&key.connector, kind);
                continue;
            }
            if self.memory.due_queue.read_on(self.cx.queue, now).await? {
                continue;
            }
            self.memory.due_queue.mark_tried(&key, kind);
            return Ok(Some((key, kind)));
        }
    }

    /// A gate that cannot be read any longer is shut: it is reported once, and its jobs wait as before.
    fn shut_broken_gate(&mut self, key: SyncKey, kind: Turn, error: &WorkError<S::Error>) {
        if matches!(error, WorkError::Broken { key: broken, .. } if *broken == gate_key(key.connector.as_str())) {
            self.gates.insert(key.connector.clone(), None);
            self.memory.due_queue.shut_gate(&key.connector);
            self.memory.due_queue.put_back(key, kind);
        }
    }

    /// Whether a job's connector is still in its cool-down.
    fn is_deferred(&mut self, key: &SyncKey, now: DateTime<Utc>) -> bool {
        let deferred = self.memory.deferred.get(key).filter(|at| at.is_none_or(|at| at > now));
        let Some(at) = deferred else { return false };
        if !self.unwell.contains(key) {
            // A person may have reset its health since.
            self.tick.next = earlier(self.tick.next, at.or(self.memory.deferred_until));
        }
        true
    }

    /// Whether a job's connector was in its cool-down when its health was last read.
    fn is_known_unwell(&self, key: &SyncKey) -> bool {
        self.memory.deferred.contains_key(key)
    }

    /// The job is tried again once its connector's health may permit an attempt.
    fn put_off(&mut self, key: SyncKey, kind: Turn) {
        let at = self.memory.deferred.get(&key).copied().flatten().or(self.memory.deferred_until);
        if let Some(at) = at {
            self.memory.due_queue.put_off(key, kind, at);
        }
    }

    /// Tries to start a job. Returns whether there was an attempt.
    async fn start(&mut self, key: SyncKey, kind: Turn) -> Result<bool, WorkError<S::Error>> {
        let records = self.records_of(&key, kind).await?;
        let rivals = self.rivals(&key, kind);
        if !rivals.is_empty()
            && let Some((key, outcome)) = self.take_one_of((&key, &records), rivals, kind).await?
        {
            return Ok(self.started(key, kind, outcome));
        }
        let JobRecords { slot: known, health, beside } = records;
        let Some(slot) = &known.record else { return Ok(false) };
        if !matches!(slot.state, State::Pending { .. }) {
            // It was waiting when it was listed.
            self.memory.due_queue.mark_lost();
        }
        let outcome = match readiness(slot, self.cx.time()) {
            Readiness::Ready(kind) => {
                let gate = self.gates.get(&key.connector).cloned().flatten();
                let other_waits = self.memory.due_queue.other_kind_waits(&key.connector, kind);
                let slot_time = slot.updated_at;
                let (slot, health) = (Some(known), Some(health));
                self.attempt(&key, kind, Candidate { slot, gate, health, beside, slot_time, other_waits }).await
            }
            Readiness::NotBefore(at) => Ok(StartOutcome::NotBefore(at)),
            Readiness::Nothing => Ok(StartOutcome::Nothing),
        };
        Ok(self.started(key, kind, outcome?))
    }

    /// Notes what came of an attempt to start a job. Returns whether there was an attempt.
    fn started(&mut self, key: SyncKey, kind: Turn, outcome: StartOutcome) -> bool {
        let now = self.cx.time();
        match outcome {
            StartOutcome::Attempted(attempted) => {
                self.memory.due_queue.mark_started(&key, kind);
                self.tick.attempt = Some(*attempted);
                return true;
            }
            StartOutcome::Nothing => {}
            StartOutcome::Lost => {
                self.memory.due_queue.mark_lost();
                self.memory.lookahead.clear();
            }
            StartOutcome::NotBefore(at) => {
                self.tick.next = earlier(self.tick.next, Some(at));
                self.memory.due_queue.put_off(key, kind, at);
            }
            StartOutcome::GateShut(at) => {
                self.tick.next = earlier(self.tick.next, Some(at));
                self.gates.insert(key.connector.clone(), None);
                self.memory.due_queue.shut_gate(&key.connector);
                self.memory.due_queue.put_back(key, kind);
            }
            StartOutcome::Unwell(at) => {
                let at = at.map(|at| at.min(now + PATIENCE));
                self.tick.next = earlier(self.tick.next, at);
                self.unwell.insert(key.clone());
                self.memory.deferred.insert(key.clone(), at);
                self.put_off(key, kind);
            }
        }
        false
    }

    /// Asks for a permit, claims the job, and carries it to its end.
    async fn attempt(
        &mut self,
        key: &SyncKey,
        kind: Turn,
        mut candidate: Candidate,
    ) -> Result<StartOutcome, WorkError<S::Error>> {
        match self.cx.ask_permit(key, &mut candidate).await? {
            Permit::Go | Permit::Probe => {}
            Permit::Wait { at } => return Ok(StartOutcome::Unwell(Some(at))),
            Permit::NeedsOperator => return Ok(StartOutcome::Unwell(None)),
        }
        let kept = self.kept_for(&key.connector).cloned();
        if kept.is_none() {
            self.give_back(None).await?;
        }
        let nonce = self.memory.next_nonce(kept.as_ref());
        let claim = PendingClaim { key: key.clone(), nonce, kind, kept };
        self.memory.pending_claim = Some(claim.clone());
        self.claim(claim, Some(candidate)).await
    }

    /// Claims a job, and carries it to its end. Without a candidate, the claim was asked for before.
    async fn claim(
        &mut self,
        claim: PendingClaim,
        candidate: Option<Candidate>,
    ) -> Result<StartOutcome, WorkError<S::Error>> {
        let (first, kind) = (candidate.is_some(), claim.kind);
        let answer = match self.cx.claim(claim, candidate).await {
            Ok((answer, met)) => {
                if met {
                    self.memory.lookahead.draw_in();
                }
                answer
            }
            Err(error) => {
                // The claim may stand, and no other run may start under its ticket.
                self.memory.kept = None;
                return Err(error);
            }
        };
        self.memory.pending_claim = None;
        if !first {
            // The claim may stand, also if a stale reading refuses it now. No other run may start under its ticket.
            self.memory.kept = None;
        }
        match answer {
            ClaimAnswer::Claimed(claimed) => {
                self.memory.kept = None;
                self.carry_out(*claimed, kind).await
            }
            ClaimAnswer::Refused { refused, still_waits } => {
                // This may be the second request for a claim that stands, refused by a stale reading. Then its ticket ends
                // by itself.
                if let (claim, Some(gate)) = *refused
                    && first
                {
                    self.refused(claim, gate).await?;
                }
                // What waits is tried again by what its health says now.
                Ok(if still_waits { StartOutcome::NotBefore(self.cx.time()) } else { StartOutcome::Lost })
            }
            ClaimAnswer::GateShut(at) => Ok(StartOutcome::GateShut(at)),
            ClaimAnswer::TicketHeld(at) => Ok(StartOutcome::NotBefore(at)),
        }
    }

    /// Carries a job that was claimed to its end.
    async fn carry_out(&mut self, claimed: Claimed, kind: Turn) -> Result<StartOutcome, WorkError<S::Error>> {
        let mut ending = ActiveAttempt::new(self.cx, claimed).carry_out().await?;
        ending.keep = self.may_keep(&ending, kind);
        self.finish(ending).await.map(|attempted| StartOutcome::Attempted(Box::new(attempted)))
    }

    /// Stores the end of an attempt. After a failure of the store the next tick does so.
    async fn finish(&mut self, mut ending: Ending) -> Result<Attempted, WorkError<S::Error>> {
        match self.cx.finish(&mut ending, &mut self.memory.notices).await {
            Ok(outcome) => {
                if ending.keep && outcome != Outcome::Fenced {
                    self.memory.kept = ending.ticket.kept.take();
                } else {
                    self.memory.gates.forget(&ending.job.key.connector);
                }
                Ok(ending.into_attempted(outcome))
            }
            Err(error) => {
                ending.keep = false;
                // If an unreadable record keeps an end from being stored, the worker must still do everything else.
                self.memory.unstored_ending = (!matches!(error, WorkError::Broken { .. })).then_some(ending);
                Err(error)
            }
        }
    }

    /// Checks, about once an hour, for times from the future that a clock has left behind.
    async fn check_clock_skew(&mut self) -> Result<(), WorkError<S::Error>> {
        let now = self.cx.time();
        if !self.memory.skew_check.is_due(now, self.tick.attempt.is_none()) {
            return Ok(());
        }
        self.cx.queue.check_clock_skew(now, &mut self.memory.notices, &mut self.tick.broken).await
    }
}

/// The kind of a slot's job that may start now, or the next time to look at the slot.
fn readiness(slot: &Slot, now: DateTime<Utc>) -> Readiness {
    match &slot.state {
        // The slot's time does not go back, so a job that is due in its time is due.
        State::Pending { due_at, .. } if !slot.paused && *due_at > now.max(slot.updated_at) => {
            Readiness::NotBefore(*due_at)
        }
        State::Pending { .. } if !slot.paused => Readiness::Ready(kind_of(slot)),
        State::Running { lease_until, .. } => Readiness::NotBefore(*lease_until),
        State::Idle | State::Pending { .. } | State::Dead { .. } => Readiness::Nothing,
    }
}

/// The earlier of two points in time, as far as there are any.
fn earlier(one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    one.into_iter().chain(other).min()
}
