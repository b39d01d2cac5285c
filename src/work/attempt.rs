//! One attempt: a permit, a ticket, a claim, the run with its heartbeats, and the end.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::queue::slot_key;
use super::record::{Known, change_known, change_since, changed};
use super::worker::{Taken, Worker};
use super::{Clock, Handler, Job, Queue, Session, WithTombstones, WorkError};
use crate::backoff::Fraction;
use crate::drive::{DriveError, advance};
use crate::failure::{Classify, Failure};
use crate::gate::{Admission, Gate, Turn};
use crate::health::{Health, Permit};
use crate::id::{CommandId, ExternalId, Incarnation, Nonce, SyncKey};
use crate::jobs::JobStore;
use crate::notice::Notice;
use crate::queue::{Claim, Command, Extent, Outcome, Progress, Scope, Slot, State, Token, Transition};
use crate::run::{Counts, Done, Report, RunOutcome, Step};
use crate::source::Connector;
use crate::store::RecordStore;
use crate::tombstone::Tombstones;

/// The longest time between two heartbeats, where the steps of the run are shorter.
const BEAT: TimeDelta = TimeDelta::seconds(10);
/// How long a job rests that is given back because the job store failed.
const REST: Duration = Duration::from_secs(10);
/// Why a job is given back by a worker whose process ends.
const LEAVING: &str = "its worker was asked to end";
/// Why a job is given back that may not go on.
const TICKET_LOST: &str = "its ticket of the gate ended before it did, and the gate is full";
/// The longest time between two looks for a cancel while the run reads, where its steps are shorter.
const LOOK: TimeDelta = TimeDelta::seconds(1);

/// An attempt that a worker made.
///
/// [`Tick`](super::Tick) has an example.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempted {
    /// Of which key.
    pub key: SyncKey,
    /// By which token.
    pub token: Token,
    /// Which attempt of its job it was, from 1.
    pub attempt: u32,
    /// What came of it. [`Fenced`](Outcome::Fenced): the lease was lost, and what it did counts for nothing; somebody
    /// else does it again.
    pub outcome: Outcome,
    /// Why it failed or was given back, where it did or was.
    pub message: Option<String>,
    /// The run's report, as far as it got; none, when it did not begin.
    pub report: Option<Report>,
}

/// A claim that was asked for, until there is an answer.
#[derive(Debug, Clone)]
pub(super) struct Claiming {
    key: SyncKey,
    nonce: Nonce,
    /// Of which kind the job is.
    kind: Turn,
}

/// What is known of a job that is about to start.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) slot_time: DateTime<Utc>,
    pub(super) slot: Known<Slot>,
    pub(super) gate: Option<Known<Gate>>,
    /// Whether a job of the other kind waits for the same gate.
    pub(super) other_waits: bool,
}

/// What a worker holds of a key while it is at it.
#[derive(Debug, Clone)]
pub(super) struct Lease {
    key: SyncKey,
    nonce: Nonce,
    token: Token,
    attempt: u32,
    until: DateTime<Utc>,
    beaten_at: DateTime<Utc>,
    /// When the slot was last read.
    looked_at: DateTime<Utc>,
    /// Whether it was held when the run began to write.
    writing: bool,
}

/// What there is to say at the end of an attempt.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    lease: Lease,
    command: Command,
    report: Option<Box<Report>>,
    /// What it says about the connector.
    verdict: Option<Result<(), Failure>>,
    /// The tombstones that it began with.
    tombstones: Tombstones,
}

/// Who asks for a ticket, and what they know of the gate.
struct Asking<'a> {
    key: &'a SyncKey,
    nonce: &'a Nonce,
    /// None: it has had a ticket, and with it its turn.
    starts: Option<Starts>,
    gate: Option<Known<Gate>>,
}

/// A start that a ticket is asked for.
#[derive(Debug, Clone, Copy)]
struct Starts {
    kind: Turn,
    /// Whether a job of the other kind waits for the same gate.
    other_waits: bool,
}

/// What a heartbeat answers.
enum Beat {
    GoOn,
    /// Somebody asked it to stop.
    Stop,
    /// Its ticket went to somebody else.
    GiveBack(DateTime<Utc>, String),
    /// The lease is lost.
    Lost,
}

/// How the run ended.
enum Ran {
    Done(Box<Done>),
    Failed { failure: Failure, message: String, done: Box<Done>, connector: bool },
    Stopped(Box<Done>),
    GaveBack(Box<Done>, DateTime<Utc>, String),
    Lost(Box<Done>),
}

impl Ending {
    fn new(lease: Lease, command: Command, report: Option<Box<Report>>, verdict: Option<Result<(), Failure>>) -> Self {
        Self { lease, command, report, verdict, tombstones: Tombstones::default() }
    }

    /// Whether a slot was read before the run was asked to stop, which a heartbeat has seen. It would refuse the stop.
    fn is_older_than_its_cancel(&self, slot: Option<&Slot>) -> bool {
        let runs = |slot: &Slot| matches!(slot.state, State::Running { cancel: None, .. });
        matches!(self.command, Command::Stop { .. })
            && slot.is_some_and(|slot| slot.token == self.lease.token && runs(slot))
    }
}

impl Lease {
    /// Whether a slot was read after the claim: a smaller token is one from before.
    fn known(&self, slot: Option<&Slot>) -> bool {
        slot.is_some_and(|slot| slot.token >= self.token)
    }
}

impl Worker {
    /// Takes a job that is due: a permit by the connector's health, a ticket of its gate, the claim, the run.
    pub(super) async fn attempt<S: JobStore, H: Handler>(
        &mut self,
        queue: &Queue<S>,
        handler: &H,
        clock: &impl Clock,
        key: &SyncKey,
        kind: Turn,
        start: Start,
    ) -> Result<Taken, WorkError<S::Error>> {
        let now = clock.time();
        let until = later(now.max(start.slot_time), self.settings.lease);
        let token = Token(start.slot.record.as_ref().map_or(0, |slot| slot.token.0) + 1);
        let permit = queue.change_health(key, now, |health: &Health| {
            let (next, permit) = health.permit(token, now, until);
            (Some(next), permit)
        });
        match permit.await? {
            Permit::Go | Permit::Probe => {}
            Permit::Wait { at } => return Ok(Taken::Unwell(Some(at))),
            Permit::NeedsOperator => return Ok(Taken::Unwell(None)),
        }
        self.claims += 1;
        let claiming = Claiming { key: key.clone(), nonce: nonce(self.incarnation, self.claims), kind };
        self.claiming = Some(claiming.clone());
        self.claim(queue, handler, clock, claiming, Some(start)).await
    }

    /// Asks for a ticket and then for the claim, under one nonce; a second time, without what was known, if the first
    /// answer was lost.
    pub(super) async fn claim<S: JobStore, H: Handler>(
        &mut self,
        queue: &Queue<S>,
        handler: &H,
        clock: &impl Clock,
        claiming: Claiming,
        start: Option<Start>,
    ) -> Result<Taken, WorkError<S::Error>> {
        let now = clock.time();
        let first = start.is_some();
        let mut until = later(start.as_ref().map_or(now, |start| start.slot_time.max(now)), self.settings.lease);
        let Claiming { key, nonce, kind } = claiming;
        let (mut gate, mut known, other_waits) = match start {
            Some(start) => (start.gate, Some(start.slot), start.other_waits),
            None => (None, None, false),
        };
        let mut starts = Some(Starts { kind, other_waits });
        let command = Command::Claim { worker: self.id.clone(), nonce: nonce.clone(), lease: self.settings.lease };
        let stored = slot_key(&key);
        let claimed = loop {
            let asking = Asking { key: &key, nonce: &nonce, starts: starts.take(), gate: gate.take() };
            let ticket = match self.ticket(queue, asking, now, until).await? {
                Admission::Admitted { until } => until,
                Admission::Full { until: at } | Admission::TooSoon { at } => {
                    self.claiming = None;
                    return Ok(Taken::Shut(at));
                }
                Admission::Held { until: at } => {
                    self.claiming = None;
                    return Ok(Taken::Wait(at));
                }
            };
            let claimed = change_known(&queue.store, queue.shards, &stored, known.take(), |slot: Option<&Slot>| {
                let before = slot.cloned().unwrap_or_else(|| Slot::new(now));
                let Transition { next, outcome } = before.step(&queue.rules, None, command.clone(), now, Fraction::ONE);
                match outcome {
                    Outcome::Claimed(claim) if claim.until > ticket => (None, Err(claim.until)),
                    Outcome::Claimed(claim) => (Some(next), Ok(Some(claim))),
                    _ => (None, Ok(None)),
                }
            });
            match claimed.await? {
                Ok(claimed) => break claimed,
                // A lease must not outlive its ticket, and the slot's time is ahead: a longer ticket first.
                Err(longer) => until = longer,
            }
        };
        self.claiming = None;
        let Some(claim) = claimed else {
            // Asked for a second time, it may stand, and the refusal be a stale reading: then its ticket ends by itself.
            if first {
                self.release(queue, &key, &nonce, now).await?;
            }
            return Ok(Taken::Nothing);
        };
        let lease = Lease {
            key,
            nonce,
            token: claim.token,
            attempt: claim.attempt,
            until: claim.until,
            beaten_at: now,
            looked_at: now,
            writing: false,
        };
        self.carry(queue, handler, clock, lease, claim).await.map(|attempted| Taken::Attempted(Box::new(attempted)))
    }

    /// Carries a claimed job from its opening to its end.
    async fn carry<S: JobStore, H: Handler>(
        &mut self,
        queue: &Queue<S>,
        handler: &H,
        clock: &impl Clock,
        mut lease: Lease,
        claim: Claim,
    ) -> Result<Attempted, WorkError<S::Error>> {
        let Claim { token, scope, policy, attempt, .. } = claim;
        let job = Job { key: lease.key.clone(), token, scope, policy, attempt };
        let tombstones = match queue.tombstones(&job.key, &job.scope).await {
            Ok(tombstones) => tombstones,
            Err(error @ WorkError::Broken { .. }) => {
                let (failure, message) = (error.failure(), error.to_string());
                let ending = Ending::new(lease, Command::Fail { token, failure, message }, None, None);
                return self.end(queue, clock, ending).await;
            }
            Err(error) => {
                let snooze = Command::Snooze { token, until: soon(clock), why: error.to_string() };
                let ending = Ending::new(lease, snooze, None, None);
                return self.end(queue, clock, ending).await;
            }
        };
        let opened = match handler.open(&job).await {
            Ok(opened) => opened,
            Err(error) => {
                let (failure, message) = (error.failure(), error.to_string());
                let ending = Ending::new(lease, Command::Fail { token, failure, message }, None, Some(Err(failure)));
                return self.end(queue, clock, ending).await;
            }
        };
        let Session { step, connector, store } = opened;
        let connector = WithTombstones::new(connector, tombstones.clone());
        let opened = Session { step, connector: &connector, store: &store };
        let ran = self.run(queue, clock, &mut lease, opened, || handler.is_shutting_down()).await?;
        let (done, command, verdict) = match ran {
            Ran::Done(done) => {
                let (command, verdict) = came_to(&job, &done.report);
                (done, command, verdict)
            }
            Ran::Failed { failure, message, done, connector } => {
                (done, Command::Fail { token, failure, message }, connector.then_some(Err(failure)))
            }
            Ran::Stopped(done) => (done, Command::Stop { token }, None),
            Ran::GaveBack(done, until, why) => (done, Command::Snooze { token, until, why }, None),
            // The slot says the same once more.
            Ran::Lost(done) => (done, Command::Heartbeat { token, lease: Duration::ZERO }, None),
        };
        let closed = handler.close(&job, &store, &done).await;
        let report = Some(Box::new(done.report));
        let ending = match closed {
            Err(error) if finishes(&command) => {
                let command = Command::Fail { token, failure: error.failure(), message: error.to_string() };
                Ending::new(lease, command, report, None)
            }
            _ => Ending::new(lease, command, report, verdict),
        };
        let ending = Ending { tombstones, ..ending };
        self.end(queue, clock, ending).await
    }

    /// Takes the run from step to step, with a heartbeat between two of them where it is time for one.
    async fn run<S: JobStore, C: Connector, R: RecordStore>(
        &self,
        queue: &Queue<S>,
        clock: &impl Clock,
        lease: &mut Lease,
        opened: Session<&C, &R>,
        is_shutting_down: impl Fn() -> bool,
    ) -> Result<Ran, WorkError<S::Error>> {
        let Session { mut step, connector, store } = opened;
        loop {
            match step {
                Step::Stopped(stopped) => return Ok(Ran::Done(Box::new(stopped.finish()))),
                Step::Done(done) => return Ok(Ran::Done(Box::new(done))),
                step if is_shutting_down() => {
                    let done = Box::new(step.fail(Failure::Retry { after: None }));
                    return Ok(Ran::GaveBack(done, clock.time(), LEAVING.to_owned()));
                }
                going => step = going,
            }
            let beat = match self.beat(queue, clock, lease, &step).await {
                Ok(beat) => beat,
                Err(error @ WorkError::Broken { .. }) => return Err(error),
                // Nothing is written before the lease was seen to be held, nor once it is over. The job has not failed.
                Err(error) if matches!(step, Step::Committing(_)) && !lease.writing => {
                    Beat::GiveBack(soon(clock), error.to_string())
                }
                // The store may answer again before the lease is over.
                Err(_) if clock.time() < lease.until => Beat::GoOn,
                Err(error) => Beat::GiveBack(soon(clock), error.to_string()),
            };
            let cut = |step: Step| Box::new(step.fail(Failure::Retry { after: None }));
            match beat {
                Beat::GoOn => {}
                Beat::Stop => return Ok(Ran::Stopped(cut(step))),
                Beat::GiveBack(until, why) => return Ok(Ran::GaveBack(cut(step), until, why)),
                Beat::Lost => return Ok(Ran::Lost(cut(step))),
            }
            step = match advance(step, connector, store).await {
                Ok(step) => step,
                Err(error) => {
                    let (failure, message) = (error.failure(), error.to_string());
                    let (done, connector) = match error {
                        DriveError::Connector { done, .. } => (done, true),
                        DriveError::Store { done, .. } => (done, false),
                    };
                    return Ok(Ran::Failed { failure, message, done, connector });
                }
            };
        }
    }

    /// Extends the ticket and then the lease, when a third of the lease is over, and before the run begins to write.
    async fn beat<S: JobStore>(
        &self,
        queue: &Queue<S>,
        clock: &impl Clock,
        lease: &mut Lease,
        step: &Step,
    ) -> Result<Beat, WorkError<S::Error>> {
        let now = clock.time();
        // Often enough for the lease, and for whoever asked it to stop.
        let third = TimeDelta::from_std(self.settings.lease / 3).unwrap_or(TimeDelta::MAX).min(BEAT);
        let writes = matches!(step, Step::Committing(_)) && !lease.writing;
        let early = now - lease.beaten_at < third && now >= lease.beaten_at && !writes;
        if early && !self.is_asked_to_stop(queue, lease, now, step).await? {
            return Ok(Beat::GoOn);
        }
        let mut until = later(now, self.settings.lease).max(lease.until);
        loop {
            let asking = Asking { key: &lease.key, nonce: &lease.nonce, starts: None, gate: None };
            let ticket = match self.ticket(queue, asking, now, until).await? {
                Admission::Admitted { until } => until,
                Admission::Full { until: at } | Admission::TooSoon { at } | Admission::Held { until: at } => {
                    return Ok(Beat::GiveBack(at, TICKET_LOST.to_owned()));
                }
            };
            let beat = Command::Heartbeat { token: lease.token, lease: self.settings.lease };
            let progress = Progress { done: step.processed(), ..Progress::default() };
            let progress = Command::Progress { token: lease.token, progress };
            let stored = slot_key(&lease.key);
            let known = |slot: Option<&Slot>| lease.known(slot);
            let extended = change_since(&queue.store, queue.shards, &stored, known, |slot: Option<&Slot>| {
                let Some(slot) = slot else { return (None, Outcome::Fenced) };
                let beaten = slot.step(&queue.rules, None, beat.clone(), now, clock.fraction());
                match &beaten.outcome {
                    Outcome::Extended { until, .. } if *until <= ticket => {
                        let told = beaten.next.step(&queue.rules, None, progress.clone(), now, clock.fraction());
                        (Some(told.next), beaten.outcome)
                    }
                    _ => (None, beaten.outcome),
                }
            });
            match extended.await? {
                // The slot's time is ahead: a longer ticket first.
                Outcome::Extended { until: longer, .. } if longer > ticket => until = longer,
                Outcome::Extended { until, cancel } => {
                    (lease.until, lease.beaten_at, lease.looked_at) = (until, now, now);
                    lease.writing |= writes;
                    return Ok(if cancel { Beat::Stop } else { Beat::GoOn });
                }
                _ => return Ok(Beat::Lost),
            }
        }
    }

    /// Whether the slot says that the run should not go on. It is read before each batch of writes, and about once a second
    /// otherwise. It may be stale, so a heartbeat makes sure.
    async fn is_asked_to_stop<S: JobStore>(
        &self,
        queue: &Queue<S>,
        lease: &mut Lease,
        now: DateTime<Utc>,
        step: &Step,
    ) -> Result<bool, WorkError<S::Error>> {
        let lately = now - lease.looked_at < LOOK && now >= lease.looked_at;
        if lately && !matches!(step, Step::Committing(_)) {
            return Ok(false);
        }
        let slot = queue.slot(&lease.key).await?;
        lease.looked_at = now;
        Ok(slot.is_some_and(|slot| match slot.state {
            State::Running { cancel, .. } if slot.token == lease.token => cancel.is_some(),
            _ => slot.token >= lease.token,
        }))
    }

    /// Says how an attempt ended, and does what follows from that. Everything in it may be done twice.
    pub(super) async fn end<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        clock: &impl Clock,
        ending: Ending,
    ) -> Result<Attempted, WorkError<S::Error>> {
        let outcome = self.say(queue, clock, &ending).await;
        let Ending { lease, report, .. } = ending.clone();
        match outcome {
            Ok(outcome) => {
                let report = report.map(|report| *report);
                let message = match ending.command {
                    Command::Fail { message, .. } | Command::Snooze { why: message, .. } => Some(message),
                    _ => None,
                };
                Ok(Attempted { key: lease.key, token: lease.token, attempt: lease.attempt, outcome, message, report })
            }
            Err(error) => {
                // What cannot be said, because a record cannot be read, must not keep the worker from everything else.
                self.unsaid = (!matches!(error, WorkError::Broken { .. })).then_some(ending);
                Err(error)
            }
        }
    }

    async fn say<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        clock: &impl Clock,
        ending: &Ending,
    ) -> Result<Outcome, WorkError<S::Error>> {
        let Ending { lease, command, report, verdict, .. } = ending;
        let (key, token, now) = (&lease.key, lease.token, clock.time());
        let id = CommandId::new(format!("tripartite/end-{}", token.0)).ok();
        let done = report.as_ref().map(|report| progress(&report.written()));
        let progress = done.map(|progress| Command::Progress { token, progress });
        let fraction = clock.fraction();
        let known = |slot: Option<&Slot>| lease.known(slot) && !ending.is_older_than_its_cancel(slot);
        let ((outcome, notice), slot) =
            changed(&queue.store, queue.shards, &slot_key(key), None, known, |slot: Option<&Slot>| {
                let before = slot.cloned().unwrap_or_else(|| Slot::new(now));
                let told =
                    progress.clone().map(|progress| before.step(&queue.rules, None, progress, now, fraction).next);
                let told = told.unwrap_or_else(|| before.clone());
                let decision = told.step(&queue.rules, id.as_ref(), command.clone(), now, fraction);
                let notice = Notice::of_slot(key, &before, &decision.next);
                (slot.map(|_| decision.next), (decision.outcome, notice))
            })
            .await?;
        self.notices.extend(notice);
        queue.append(key, slot, now).await?;
        self.release(queue, key, &lease.nonce, now).await?;
        if outcome == Outcome::Fenced {
            return Ok(outcome);
        }
        let mut last_success = None;
        if let Some(result) = verdict {
            let rules = self.settings.health;
            let judged = queue.change_health(key, now, |health: &Health| {
                let next = match outcome {
                    Outcome::Blocked { .. } => health.answered(token, now),
                    _ => health.judge(&rules, token, *result, now),
                };
                let notice = Notice::of_health(key, health, &next);
                let before = health.view().last_success.filter(|_| next != *health);
                (Some(next), (notice, before))
            });
            let (notice, before) = judged.await?;
            self.notices.extend(notice);
            last_success = before;
        }
        if let (Outcome::Completed { .. } | Outcome::Blocked { .. }, Some(report)) = (&outcome, report) {
            if report.outcome != RunOutcome::Blocked {
                let left = |id: &ExternalId| {
                    report.unwritten.iter().any(|unwritten| unwritten.id == *id)
                        || report.set_aside.iter().any(|aside| aside.id.as_ref() == Some(id))
                };
                queue.forget_tombstones(key, &ending.tombstones.only(|id| !left(id))).await?;
            }
            self.notices.extend(queue.tell(key, token, report, now).await?);
            if report.outcome != RunOutcome::Blocked {
                queue.note_success(key, now).await?;
            }
        }
        // A clock that is a year ahead for one run must not remove all there is.
        let kept = TimeDelta::from_std(self.settings.history).unwrap_or(TimeDelta::MAX);
        if let Some(before) = last_success.and_then(|at| at.min(now).checked_sub_signed(kept)) {
            let _ = queue.prune(key, before).await?;
        }
        Ok(outcome)
    }

    /// Asks for a ticket, or a longer one. Where the other kind's turn has come, and one of those waits, it is too soon.
    async fn ticket<S: JobStore>(
        &self,
        queue: &Queue<S>,
        asking: Asking<'_>,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Admission, WorkError<S::Error>> {
        let limits = self.settings.gate;
        let Asking { key, nonce, starts, gate } = asking;
        queue
            .change_gate(key.connector.as_str(), now, gate, |gate| {
                let decision = match starts {
                    Some(Starts { kind, other_waits: true }) if gate.turn() != kind => {
                        return (None, Admission::TooSoon { at: now });
                    }
                    Some(Starts { kind, .. }) => gate.admit_at(kind, &limits, key, nonce, now, until),
                    None => gate.admit_again(&limits, key, nonce, now, until),
                };
                (Some(decision.next), decision.admission)
            })
            .await
    }

    async fn release<S: JobStore>(
        &self,
        queue: &Queue<S>,
        key: &SyncKey,
        nonce: &Nonce,
        now: DateTime<Utc>,
    ) -> Result<(), WorkError<S::Error>> {
        queue.change_gate(key.connector.as_str(), now, None, |gate| (Some(gate.release(key, nonce, now)), ())).await
    }
}

/// What a run that went to its end came to, and what that says of the connector. Of a blocked one that is that the source
/// answered.
fn came_to(job: &Job, report: &Report) -> (Command, Option<Result<(), Failure>>) {
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

/// Whether it says that a run went to its end.
fn finishes(command: &Command) -> bool {
    matches!(command, Command::Complete { .. } | Command::CompleteInPart { .. } | Command::Block { .. })
}

/// How far a run came.
fn progress(counts: &Counts) -> Progress {
    let named = counts.named().map(|(name, count)| (name.to_owned(), count));
    Progress { done: counts.processed, of: None, counts: named.collect() }
}

/// When the job store may answer again.
fn soon(clock: &impl Clock) -> DateTime<Utc> {
    later(clock.time(), REST)
}

/// A nonce that no worker has used before. The id is no part of it: another worker may have the same.
fn nonce(incarnation: Incarnation, claim: u64) -> Nonce {
    Nonce::new(format!("{incarnation}/{claim}")).expect("two numbers are short, and plain")
}

/// A later point in time; the end of time, when it would be beyond.
pub(super) fn later(at: DateTime<Utc>, span: Duration) -> DateTime<Utc> {
    let span = TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
    at.checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
