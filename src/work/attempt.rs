//! One attempt: from its claim through the run, with a heartbeat between two steps, to its end.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::admission::{HeldTicket, TicketRequest};
use super::claim::Claimed;
use super::context::Context;
use super::ending::{Ending, Known, KnownOthers};
use super::error::WorkError;
use super::handler::{Clock, Handler, Job, Session};
use super::job_records::Beside;
use super::keys::slot_key;
use super::record::Versioned;
use super::stored_tombstones::in_scope;
use super::with_tombstones::WithTombstones;
use crate::backoff::later;
use crate::drive::{DriveError, advance};
use crate::failure::{Classify, Failure};
use crate::gate::{Admission, Gate};
use crate::health::Health;
use crate::jobs::JobStore;
use crate::queue::{Command, Extent, Outcome, Progress, Scope, Slot, State};
use crate::run::{Counts, Done, Report, RunOutcome, Step};
use crate::source::Connector;
use crate::store::RecordStore;
use crate::tombstone::Tombstones;

/// The longest time between two heartbeats, where the steps of the run are shorter.
const HEARTBEAT: TimeDelta = TimeDelta::seconds(10);
/// The longest time between two checks for a cancel while the run reads, where its steps are shorter.
const CANCEL_CHECK: TimeDelta = TimeDelta::seconds(1);
/// For how long an attempt takes its gate to be as it left it. Other runs of the source change it, too.
const GATE_TRUST: TimeDelta = TimeDelta::seconds(1);
/// How long a job rests that is given back because the job store failed.
const REST: Duration = Duration::from_secs(10);
const SHUTTING_DOWN: &str = "its worker was asked to end";
const TICKET_LOST: &str = "its ticket of the gate ended before it did, and the gate is full";

/// An attempt under way. It remembers the records that it has last read or swapped, so that it reads none of them
/// twice.
pub(super) struct ActiveAttempt<'a, S, H, C> {
    cx: Context<'a, S, H, C>,
    job: Job,
    ticket: HeldTicket,
    lease_until: DateTime<Utc>,
    ticket_until: DateTime<Utc>,
    beaten_at: DateTime<Utc>,
    /// When it last knew whether somebody has cancelled it.
    checked_at: DateTime<Utc>,
    /// Whether the lease was held when the run began to write.
    writing: bool,
    /// What a reading of the slot has said that no heartbeat has confirmed yet: it holds, though the store fails now.
    sighted: Option<Sighted>,
    slot: Option<Versioned<Slot>>,
    gate: Option<(DateTime<Utc>, Versioned<Gate>)>,
    health: Option<Versioned<Health>>,
    beside: Beside,
}

/// What ends a run by a reading of its slot.
#[derive(Debug, Clone, Copy)]
enum Sighted {
    Cancelled,
    LeaseLost,
}

/// What a heartbeat answers.
enum Beat {
    GoOn,
    Cancelled,
    GiveBack(DateTime<Utc>, String),
    LeaseLost,
}

/// How a run ended.
enum RunEnd {
    Finished,
    Failed { failure: Failure, message: String, by_source: bool },
    Cancelled,
    GivenBack(DateTime<Utc>, String),
    LeaseLost,
}

type Verdict = Option<Result<(), Failure>>;

impl<'a, S: JobStore + Sync, H: Handler, C: Clock> ActiveAttempt<'a, S, H, C> {
    pub(super) fn new(cx: Context<'a, S, H, C>, claimed: Claimed) -> Self {
        let Claimed { job, ticket, at, lease_until, ticket_until, slot, gate, health, beside } = claimed;
        Self {
            cx,
            job,
            ticket,
            lease_until,
            ticket_until,
            beaten_at: at,
            checked_at: at,
            writing: false,
            sighted: None,
            slot: Some(slot.remember()),
            gate: Some((at, gate.remember())),
            health,
            beside,
        }
    }

    /// Carries a claimed job from its opening to its end, which is still to be stored.
    ///
    /// # Errors
    /// When a record cannot be read that the attempt needs. Its lease runs out then.
    pub(super) async fn carry_out(mut self) -> Result<Ending, WorkError<S::Error>> {
        let token = self.job.token;
        let tombstones = match self.tombstones().await {
            Ok(tombstones) => tombstones,
            // Waiting makes no record readable, so the attempt fails. A store that failed may answer again, so then the
            // job is given back and loses no attempt.
            Err(error @ WorkError::Broken { .. }) => {
                let (failure, message) = (error.failure(), error.to_string());
                return Ok(self.into_ending(Command::Fail { token, failure, message }));
            }
            Err(error) => {
                let until = self.rest_until();
                return Ok(self.into_ending(Command::Snooze { token, until, why: error.to_string() }));
            }
        };
        let Session { step, connector, store } = match self.cx.handler.open(&self.job).await {
            Ok(session) => session,
            Err(error) => {
                let (failure, message) = (error.failure(), error.to_string());
                let command = Command::Fail { token, failure, message };
                return Ok(Ending { verdict: Some(Err(failure)), ..self.into_ending(command) });
            }
        };
        let connector = WithTombstones::new(connector, tombstones.clone());
        let (end, done) = self.drive(Session { step, connector: &connector, store: &store }).await?;
        let (command, verdict) = outcome(&self.job, end, &done.report);
        // A report that the host cannot keep makes a finished attempt fail, so that the job runs again. The connector
        // is not judged by it.
        let closed = self.cx.handler.close(&self.job, &store, &done).await;
        let (command, verdict) = match closed {
            Err(error) if finishes(&command) => {
                (Command::Fail { token, failure: error.failure(), message: error.to_string() }, None)
            }
            _ => (command, verdict),
        };
        Ok(Ending { report: Some(done.report), verdict, tombstones, ..self.into_ending(command) })
    }

    fn into_ending(mut self, command: Command) -> Ending {
        let gate = self.recent_gate(self.cx.time());
        let Self { job, ticket, slot, health, beside, .. } = self;
        let (tombstones, others) = (Tombstones::default(), KnownOthers { gate, health, beside });
        let known = Known { slot, others };
        Ending { job, ticket, keep: false, command, report: None, verdict: None, tombstones, known }
    }

    /// The tombstones of the records that the job is about.
    async fn tombstones(&mut self) -> Result<Tombstones, WorkError<S::Error>> {
        let stored = match self.beside.tombstones.take() {
            Some(stored) => stored,
            None => self.cx.queue.load_tombstones(&self.job.key).await?,
        };
        let tombstones = in_scope(stored.record.as_ref(), &self.job.scope);
        self.beside.tombstones = Some(stored);
        Ok(tombstones)
    }

    /// When the job store may answer again.
    fn rest_until(&self) -> DateTime<Utc> {
        later(self.cx.time(), REST)
    }

    /// Takes the run from step to step, with a heartbeat between two of them where it is time for one.
    async fn drive<R: Connector, W: RecordStore>(
        &mut self,
        session: Session<&R, &W>,
    ) -> Result<(RunEnd, Box<Done>), WorkError<S::Error>> {
        let Session { mut step, connector, store } = session;
        loop {
            step = match step {
                Step::Stopped(stopped) => return Ok((RunEnd::Finished, Box::new(stopped.finish()))),
                Step::Done(done) => return Ok((RunEnd::Finished, Box::new(done))),
                step => step,
            };
            if let Some(end) = self.interruption(&step).await? {
                return Ok((end, Box::new(step.fail(Failure::Retry { after: None }))));
            }
            step = match advance(step, connector, store).await {
                Ok(step) => step,
                Err(error) => {
                    let (failure, message) = (error.failure(), error.to_string());
                    let (done, by_source) = match error {
                        DriveError::Connector { done, .. } => (done, true),
                        DriveError::Store { done, .. } => (done, false),
                    };
                    return Ok((RunEnd::Failed { failure, message, by_source }, done));
                }
            };
        }
    }

    /// Why the run is cut before a step, if it is.
    async fn interruption(&mut self, step: &Step) -> Result<Option<RunEnd>, WorkError<S::Error>> {
        if self.cx.handler.is_shutting_down() {
            return Ok(Some(RunEnd::GivenBack(self.cx.time(), SHUTTING_DOWN.to_owned())));
        }
        Ok(match self.heartbeat(step).await {
            Ok(Beat::GoOn) => None,
            Ok(Beat::Cancelled) => Some(RunEnd::Cancelled),
            Ok(Beat::GiveBack(until, why)) => Some(RunEnd::GivenBack(until, why)),
            Ok(Beat::LeaseLost) => Some(RunEnd::LeaseLost),
            Err(error @ WorkError::Broken { .. }) => return Err(error),
            // Nothing is written after a reading has shown a cancel or a lost lease.
            Err(_) if self.sighted.is_some() => self.sighted.map(|sighted| match sighted {
                Sighted::Cancelled => RunEnd::Cancelled,
                Sighted::LeaseLost => RunEnd::LeaseLost,
            }),
            // Nothing is written before a heartbeat has confirmed the lease, or after the lease is over. The job has
            // not failed.
            Err(error) if self.begins_to_write(step) => Some(RunEnd::GivenBack(self.rest_until(), error.to_string())),
            // The store may answer again before the lease is over.
            Err(_) if self.cx.time() < self.lease_until => None,
            Err(error) => Some(RunEnd::GivenBack(self.rest_until(), error.to_string())),
        })
    }

    fn begins_to_write(&self, step: &Step) -> bool {
        matches!(step, Step::Committing(_)) && !self.writing
    }

    /// Extends the ticket and then the lease, when a third of the lease is over, and before the run begins to write.
    async fn heartbeat(&mut self, step: &Step) -> Result<Beat, WorkError<S::Error>> {
        let now = self.cx.time();
        let lease = self.cx.settings.lease;
        // Often enough for the lease, and for a person who has cancelled the run.
        let third = TimeDelta::from_std(lease / 3).unwrap_or(TimeDelta::MAX).min(HEARTBEAT);
        let begins_to_write = self.begins_to_write(step);
        // A clock that went back must not postpone the heartbeat.
        let early = now - self.beaten_at < third && now >= self.beaten_at && !begins_to_write;
        if early && !self.may_be_cancelled(now, step).await? {
            return Ok(Beat::GoOn);
        }
        if now >= self.beaten_at && now - self.beaten_at < third && now < self.ticket_until {
            // The first write needs the lease confirmed, and no longer one: the gate is left alone.
            let within = (self.ticket_until - now).to_std().unwrap_or_default().min(lease);
            match self.extend_lease(now, within, self.ticket_until, step.processed()).await? {
                Outcome::Extended { until, .. } if until > self.ticket_until => {}
                Outcome::Extended { until, cancel } => return Ok(self.confirmed(until, now, begins_to_write, cancel)),
                _ => return Ok(Beat::LeaseLost),
            }
        }
        // The lease must not outlive the ticket, so the ticket is extended first.
        let mut until = later(now, lease).max(self.lease_until);
        loop {
            // A ticket that is kept lasts longer than a lease, so the gate is seldom changed.
            if self.ticket.kept.is_none() || self.ticket_until < until {
                match self.extend_ticket(now, until).await? {
                    Admission::Admitted { until } => self.ticket_until = until,
                    Admission::Full { until: at } | Admission::TooSoon { at } | Admission::Held { until: at } => {
                        return Ok(Beat::GiveBack(at, TICKET_LOST.to_owned()));
                    }
                }
            }
            let ticket = self.ticket_until;
            match self.extend_lease(now, lease, ticket, step.processed()).await? {
                // The slot's time is ahead, so the lease would outlive the ticket: a longer ticket first.
                Outcome::Extended { until: longer, .. } if longer > ticket => until = longer,
                Outcome::Extended { until, cancel } => {
                    self.beaten_at = now;
                    return Ok(self.confirmed(until, now, begins_to_write, cancel));
                }
                _ => return Ok(Beat::LeaseLost),
            }
        }
    }

    /// The lease is held, until this time.
    fn confirmed(&mut self, until: DateTime<Utc>, now: DateTime<Utc>, begins_to_write: bool, cancel: bool) -> Beat {
        (self.lease_until, self.checked_at) = (until, now);
        self.writing |= begins_to_write;
        self.sighted = None;
        if cancel { Beat::Cancelled } else { Beat::GoOn }
    }

    async fn extend_ticket(
        &mut self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Admission, WorkError<S::Error>> {
        let gate = self.recent_gate(now);
        let (key, nonce, settings) = (&self.job.key, &self.ticket.nonce, self.cx.settings);
        let (limits, lease, kept) = (&settings.gate, settings.lease, self.ticket.kept.is_some());
        let request = TicketRequest { key, nonce, limits, lease, start: None, kept };
        let (admission, gate) = self.cx.queue.take_ticket(&request, gate, now, until).await?;
        self.gate = Some((now, gate.remember()));
        Ok(admission)
    }

    fn recent_gate(&mut self, now: DateTime<Utc>) -> Option<Versioned<Gate>> {
        let (at, gate) = self.gate.take()?;
        (now >= at && now - at < GATE_TRUST).then_some(gate)
    }

    /// Extends the lease, unless it would outlive the ticket, and stores how far the run is.
    async fn extend_lease(
        &mut self,
        now: DateTime<Utc>,
        lease: Duration,
        ticket: DateTime<Utc>,
        done: u64,
    ) -> Result<Outcome, WorkError<S::Error>> {
        let token = self.job.token;
        let progress = Progress { done, ..Progress::default() };
        let (rules, clock) = (&self.cx.queue.rules, self.cx.clock);
        let extend = |slot: Option<&Slot>| {
            let Some(slot) = slot else { return (None, Outcome::Fenced) };
            let heartbeat = Command::Heartbeat { token, lease };
            let extended = slot.step(rules, None, heartbeat, now, clock.fraction());
            match &extended.outcome {
                Outcome::Extended { until, .. } if *until <= ticket => {
                    let progress = Command::Progress { token, progress: progress.clone() };
                    let advanced = extended.next.step(rules, None, progress, now, clock.fraction());
                    (Some(advanced.next), extended.outcome)
                }
                _ => (None, extended.outcome),
            }
        };
        // A slot with a smaller token was read before the claim.
        let current = |slot: Option<&Slot>| slot.is_some_and(|slot| slot.token >= token);
        let (known, key) = (self.slot.take(), slot_key(&self.job.key));
        let (outcome, slot) = self.cx.queue.records.change_from(&key, known, current, extend).await?;
        self.slot = Some(slot.remember());
        Ok(outcome)
    }

    /// Whether the slot says that the run should not go on. It is read before each batch of writes, and about once a
    /// second otherwise. The reading may be stale, so a heartbeat makes sure.
    async fn may_be_cancelled(&mut self, now: DateTime<Utc>, step: &Step) -> Result<bool, WorkError<S::Error>> {
        let lately = now - self.checked_at < CANCEL_CHECK && now >= self.checked_at;
        if lately && !matches!(step, Step::Committing(_)) {
            return Ok(false);
        }
        let slot = self.cx.queue.load_slot(&self.job.key).await?;
        self.checked_at = now;
        let token = self.job.token;
        self.sighted = slot.record.as_ref().and_then(|slot| match slot.state {
            State::Running { cancel, .. } if slot.token == token => cancel.map(|_| Sighted::Cancelled),
            _ => (slot.token >= token).then_some(Sighted::LeaseLost),
        });
        self.slot = Some(slot.remember());
        Ok(self.sighted.is_some())
    }
}

/// What to tell the slot of a run that ended, and what the run says about the connector.
fn outcome(job: &Job, end: RunEnd, report: &Report) -> (Command, Verdict) {
    let token = job.token;
    match end {
        RunEnd::Finished => finished(job, report),
        RunEnd::Failed { failure, message, by_source } => {
            (Command::Fail { token, failure, message }, by_source.then_some(Err(failure)))
        }
        RunEnd::Cancelled => (Command::Stop { token }, None),
        RunEnd::GivenBack(until, why) => (Command::Snooze { token, until, why }, None),
        // The slot answers once more that the token is not its own.
        RunEnd::LeaseLost => (Command::Heartbeat { token, lease: Duration::ZERO }, None),
    }
}

/// As [`outcome`], of a run that was not cut. A blocked one says that the source answered.
fn finished(job: &Job, report: &Report) -> (Command, Verdict) {
    let (token, result) = (job.token, Some(report.run.to_string()));
    let (left, unanswered, extent) = (report.left(), report.counts.unanswered, extent(job, report));
    let command = match report.outcome {
        RunOutcome::Succeeded => Command::Complete { token, result, extent },
        RunOutcome::Partial => Command::CompleteInPart { token, result, left, unanswered, extent },
        RunOutcome::Blocked => {
            let why: Vec<String> = report.blocked.iter().map(ToString::to_string).collect();
            Command::Block { token, plan: report.plan_id.to_string(), why: why.join("; ") }
        }
        RunOutcome::Failed => {
            let failure = report.failure.unwrap_or(Failure::Retry { after: None });
            let message = report.unread().unwrap_or_else(|| "the run failed".to_owned());
            return (Command::Fail { token, failure, message }, Some(Err(failure)));
        }
    };
    (command, Some(Ok(())))
}

/// How far a run went that was not blocked.
fn extent(job: &Job, report: &Report) -> Extent {
    let Counts { skipped, failed, unanswered, .. } = report.counts;
    let listed = report.listed_all || (job.scope != Scope::All && report.incomplete.is_none());
    Extent { whole: listed && skipped + failed + unanswered == 0, plan: Some(report.plan_id.to_string()) }
}

/// Whether a command says that a run went to its end.
fn finishes(command: &Command) -> bool {
    matches!(command, Command::Complete { .. } | Command::CompleteInPart { .. } | Command::Block { .. })
}
