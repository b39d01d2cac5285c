//! The transitions.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::command::{Claim, Command, Extent, Outcome, Refusal};
use super::scope::Scope;
use super::slot::{Attempt, Death, Ended, Held, Slot, State, Token, Work};
use crate::backoff::{Backoff, Fraction, later};
use crate::failure::Failure;
use crate::id::{CommandId, Nonce, WorkerId};

/// The limits a queue keeps to.
///
/// ```
/// use tripartite::queue::QueueRules;
/// let rules: QueueRules = serde_json::from_str(r#"{"max_retries": 0}"#)?;
/// assert_eq!(rules, QueueRules { max_retries: 0, ..QueueRules::default() }); // the first failure is the last attempt
/// assert!(serde_json::from_str::<QueueRules>(r#"{"retries": 5}"#).is_err()); // a slip is not a default
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueRules {
    /// How long to wait after a failure.
    pub backoff: Backoff,
    /// How often a failed job is tried again.
    pub max_retries: u32,
    /// How often a job whose worker vanished is tried again.
    pub max_rescues: u32,
    /// How many command ids are remembered, to recognise a duplicate delivery.
    pub remember: usize,
    /// How many finished attempts may wait to be appended to the history before claims are refused.
    pub unflushed: usize,
}

impl Default for QueueRules {
    /// Three retries, so after 2, 4 and 8 minutes; three rescues; sixteen command ids and finished attempts.
    fn default() -> Self {
        Self { backoff: Backoff::default(), max_retries: 3, max_rescues: 3, remember: 16, unflushed: 16 }
    }
}

/// What a command comes to.
///
/// [`Slot::step`] has an example.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "nothing has happened until the next slot is stored"]
pub struct Transition {
    /// The slot to store, if it differs from the one before.
    pub next: Slot,
    /// What to answer, once that is stored.
    pub outcome: Outcome,
}

impl Slot {
    /// Decides what a command comes to. Pure and total; `now` that lies before the slot's last change counts as that.
    ///
    /// A command with an id that the slot remembers changes nothing and has the outcome it had.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tripartite::backoff::Fraction;
    /// use tripartite::queue::{Command, Outcome, QueueRules, Scope, Slot, Trigger};
    /// let (rules, now) = (QueueRules::default(), chrono::DateTime::from_timestamp(0, 0).unwrap_or_default());
    /// let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    /// let first = Slot::new(now).step(&rules, None, trigger.clone(), now, Fraction::ONE);
    /// assert_eq!(first.outcome, Outcome::Enqueued);
    /// let second = first.next.step(&rules, None, trigger, now, Fraction::ONE);
    /// assert_eq!(second.outcome, Outcome::Merged); // one job, which covers both
    /// assert_eq!(second.next.wanted, 2);
    /// ```
    pub fn step(
        &self,
        rules: &QueueRules,
        id: Option<&CommandId>,
        command: Command,
        now: DateTime<Utc>,
        fraction: Fraction,
    ) -> Transition {
        if let Some((_, outcome)) = self.recent.iter().find(|(known, _)| Some(known) == id) {
            return Transition { next: self.clone(), outcome: outcome.clone() };
        }
        let now = now.max(self.updated_at);
        let mut next = self.clone();
        let outcome = Stepping { slot: &mut next, rules, now, fraction }.take(command);
        if matches!(outcome, Outcome::Fenced | Outcome::Refused(_)) {
            return Transition { next: self.clone(), outcome };
        }
        if let Some(id) = id {
            next.recent.push((id.clone(), outcome.clone()));
            let surplus = next.recent.len().saturating_sub(rules.remember);
            next.recent.drain(..surplus);
        }
        if next != *self {
            next.updated_at = now;
        }
        Transition { next, outcome }
    }
}

struct Stepping<'s> {
    slot: &'s mut Slot,
    rules: &'s QueueRules,
    now: DateTime<Utc>,
    fraction: Fraction,
}

impl Stepping<'_> {
    fn take(mut self, command: Command) -> Outcome {
        match command {
            Command::Trigger { by, scope, policy, force } => {
                self.slot.wanted += 1;
                let upto = self.slot.wanted;
                self.trigger(Work { scope, policy, by, expedited: false, upto }, force)
            }
            Command::Claim { worker, nonce, lease } => self.claim(worker, nonce, lease),
            Command::Heartbeat { token, lease } => self.heartbeat(token, lease),
            Command::Progress { token, progress } => match &mut self.slot.state {
                State::Running { progress: at, .. } if self.slot.token == token => {
                    *at = progress;
                    Outcome::Done
                }
                _ => Outcome::Fenced,
            },
            Command::Complete { token, result, extent } => {
                self.held(token, |this, run| this.complete(run, Ended::Completed { result }, extent))
            }
            Command::CompleteInPart { token, result, left, unanswered, extent } => self.held(token, |this, run| {
                this.complete(run, Ended::CompletedInPart { result, left, unanswered }, extent)
            }),
            Command::Block { token, plan, why } => self.held(token, |this, run| this.block(run, plan, why)),
            Command::Fail { token, failure, message } => self.held(token, |this, run| this.fail(run, failure, message)),
            Command::Snooze { token, until, why } => self.held(token, |this, run| this.snooze(run, until, why)),
            Command::Stop { token } => self.stop(token),
            Command::Expire => self.expire(),
            Command::Cancel => self.cancel(),
            Command::Pause => self.pause(true),
            Command::Resume => self.pause(false),
            Command::Redrive => self.redrive(),
            Command::Flushed { through } => {
                self.slot.unflushed.retain(|attempt| attempt.token > through);
                Outcome::Done
            }
        }
    }

    fn trigger(&mut self, work: Work, force: bool) -> Outcome {
        match std::mem::replace(&mut self.slot.state, State::Idle) {
            State::Idle => {
                self.begin(work);
                Outcome::Enqueued
            }
            State::Dead { work: dead, .. } => {
                let dead = match self.slot.next.take() {
                    Some(next) => dead.join(next),
                    None => dead,
                };
                self.begin(dead.join(work));
                Outcome::Enqueued
            }
            State::Pending { due_at, work: waiting } => {
                let due_at = if force { due_at.min(self.now) } else { due_at };
                // What was asked for under a policy is done under it; what wants another one runs after it.
                // Nothing overtakes what already runs after it: generations are done in their order.
                let follows = self.slot.next.is_some() || !waiting.admits(&work);
                let work = if follows {
                    self.after(work);
                    waiting
                } else {
                    waiting.join(work)
                };
                self.slot.state = State::Pending { due_at, work };
                Outcome::Merged
            }
            running @ State::Running { .. } => {
                self.slot.state = running;
                self.after(work);
                Outcome::FollowUp
            }
        }
    }

    fn after(&mut self, work: Work) {
        self.slot.next = Some(match self.slot.next.take() {
            Some(next) => next.join(work),
            None => work,
        });
    }

    /// A new job: due at once, with all its attempts.
    fn begin(&mut self, work: Work) {
        self.slot.failures = 0;
        self.slot.rescues = 0;
        self.slot.snoozes = 0;
        self.slot.state = State::Pending { due_at: self.now, work };
    }

    fn claim(&mut self, worker: WorkerId, nonce: Nonce, lease: Duration) -> Outcome {
        let (due_at, work) = match &self.slot.state {
            State::Idle => return Outcome::Refused(Refusal::Idle),
            State::Dead { .. } => return Outcome::Refused(Refusal::Dead),
            State::Running { worker: at_it, work, lease_until, .. } => {
                let same = *at_it == worker && self.slot.nonce.as_ref() == Some(&nonce);
                return if same {
                    Outcome::Claimed(self.claimed(work, *lease_until))
                } else {
                    Outcome::Refused(Refusal::AlreadyRunning { until: *lease_until })
                };
            }
            State::Pending { due_at, work } => (*due_at, work.clone()),
        };
        if self.slot.paused {
            return Outcome::Refused(Refusal::Paused);
        }
        if due_at > self.now {
            return Outcome::Refused(Refusal::NotDue { at: due_at });
        }
        if self.slot.unflushed.len() >= self.rules.unflushed {
            return Outcome::Refused(Refusal::Unflushed);
        }
        let lease_until = later(self.now, lease);
        self.slot.token.0 += 1;
        self.slot.nonce = Some(nonce);
        self.slot.taken = work.upto;
        let claim = self.claimed(&work, lease_until);
        self.slot.state = State::Running {
            worker,
            work,
            started_at: self.now,
            lease_until,
            cancel: None,
            progress: Default::default(),
        };
        Outcome::Claimed(claim)
    }

    fn claimed(&self, work: &Work, until: DateTime<Utc>) -> Claim {
        Claim {
            token: self.slot.token,
            scope: work.scope.clone(),
            policy: work.policy.clone(),
            attempt: self.slot.attempt(),
            until,
        }
    }

    fn heartbeat(&mut self, token: Token, lease: Duration) -> Outcome {
        match &mut self.slot.state {
            State::Running { lease_until, cancel, .. } if self.slot.token == token => {
                *lease_until = (*lease_until).max(later(self.now, lease));
                Outcome::Extended { until: *lease_until, cancel: cancel.is_some() }
            }
            _ => Outcome::Fenced,
        }
    }

    /// Does something about the attempt under way, if the token is its own.
    fn held(&mut self, token: Token, then: impl FnOnce(&mut Self, Run) -> Outcome) -> Outcome {
        if self.slot.token != token {
            return Outcome::Fenced;
        }
        match self.take_running() {
            Some(run) => then(self, run),
            None => Outcome::Fenced,
        }
    }

    fn take_running(&mut self) -> Option<Run> {
        match std::mem::replace(&mut self.slot.state, State::Idle) {
            State::Running { worker, work, started_at, cancel, progress, .. } => {
                Some(Run { worker, work, started_at, cancel, progress })
            }
            other => {
                self.slot.state = other;
                None
            }
        }
    }

    fn complete(&mut self, run: Run, ended: Ended, extent: Extent) -> Outcome {
        let Extent { whole, plan } = extent;
        let settles = |held: &mut Held| {
            let (is_plan, covers) = (plan.as_ref() == Some(&held.plan), run.work.scope.covers(&held.work.scope));
            (covers && (whole || is_plan)) || (is_plan && !held.exceeds_plan)
        };
        let _settled = self.slot.held.take_if(settles);
        self.cover(self.slot.taken);
        let unanswered = matches!(ended, Ended::CompletedInPart { unanswered: 1.., .. });
        self.record(&run, ended);
        if unanswered && run.cancel.is_none() {
            self.ask_all(&run.work);
        }
        // A cancelled follow-up is not wanted any more.
        self.forget(run.cancel);
        Outcome::Completed { follow_up: self.go_on() }
    }

    /// Asks a run of all about whom a run of some records had no answer. A run of all asks for nobody by their ids, so there
    /// is no run after that one.
    fn ask_all(&mut self, work: &Work) {
        if work.scope == Scope::All {
            return;
        }
        self.slot.wanted += 1;
        let all = Work { scope: Scope::All, upto: self.slot.wanted, ..work.clone() };
        self.slot.next = Some(match self.slot.next.take() {
            Some(next) => all.join(next),
            None => all,
        });
    }

    fn block(&mut self, run: Run, plan: String, why: String) -> Outcome {
        let (work, exceeds_plan) = match self.slot.held.take() {
            Some(held) => {
                let exceeds_plan = !run.work.scope.covers(&held.work.scope);
                (held.work.join(run.work.clone()), exceeds_plan)
            }
            None => (run.work.clone(), false),
        };
        self.record(&run, Ended::Blocked { plan: plan.clone(), why: why.clone() });
        self.slot.held = Some(Held { work, token: self.slot.token, plan, exceeds_plan, why, since: self.now });
        self.forget(run.cancel);
        Outcome::Blocked { follow_up: self.go_on() }
    }

    /// Takes generations as done. While something is held back, those behind it are not the newest of all that is done.
    fn cover(&mut self, upto: u64) {
        self.slot.taken = self.slot.taken.max(upto);
        if self.slot.held.is_none() {
            self.slot.covered = self.slot.covered.max(self.slot.taken);
        }
    }

    fn fail(&mut self, run: Run, failure: Failure, message: String) -> Outcome {
        if run.cancel.is_some() {
            return self.stopped(run);
        }
        let Failure::Retry { after } = failure else {
            return self.die(run, Death::Failed { failure, message });
        };
        if self.slot.failures >= self.rules.max_retries {
            let failures = self.slot.failures.saturating_add(1);
            let death = Death::Exhausted { failures, message };
            return self.die(run, death);
        }
        let number = self.slot.failures + 1;
        let delay = self.rules.backoff.delay(number, self.fraction).max(after.unwrap_or_default());
        let retry_at = later(self.now, delay);
        self.record(&run, Ended::Failed { failure, message, retry_at });
        self.slot.failures = number;
        self.retry(run.work, retry_at);
        Outcome::Retrying { at: retry_at }
    }

    fn snooze(&mut self, run: Run, until: DateTime<Utc>, why: String) -> Outcome {
        if run.cancel.is_some() {
            return self.stopped(run);
        }
        let until = until.max(self.now);
        self.record(&run, Ended::Snoozed { until, why: Some(why) });
        self.slot.snoozes = self.slot.snoozes.saturating_add(1);
        self.retry(run.work, until);
        Outcome::Snoozed { until }
    }

    fn stop(&mut self, token: Token) -> Outcome {
        let asked = matches!(self.slot.state, State::Running { cancel: Some(_), .. });
        if self.slot.token == token && matches!(self.slot.state, State::Running { .. }) && !asked {
            return Outcome::Refused(Refusal::NotCancelled);
        }
        self.held(token, Self::stopped)
    }

    fn stopped(&mut self, run: Run) -> Outcome {
        self.cover(self.slot.taken);
        self.record(&run, Ended::Cancelled);
        self.forget(run.cancel);
        self.go_on();
        Outcome::Cancelled
    }

    /// Takes what was asked for up to a generation as no longer wanted.
    fn forget(&mut self, upto: Option<u64>) {
        let Some(upto) = upto else { return };
        self.cover(upto);
        if self.slot.next.as_ref().is_some_and(|next| next.upto <= upto) {
            self.slot.next = None;
        }
    }

    /// After a job: the follow-up, or nothing.
    fn go_on(&mut self) -> bool {
        match self.slot.next.take() {
            Some(next) => {
                self.begin(next);
                true
            }
            None => {
                self.slot.state = State::Idle;
                self.slot.failures = 0;
                self.slot.rescues = 0;
                self.slot.snoozes = 0;
                false
            }
        }
    }

    /// The same job once more; it does at once what was asked for meanwhile, if that wants no other policy.
    fn retry(&mut self, work: Work, due_at: DateTime<Utc>) {
        let work = match self.slot.next.take() {
            Some(next) if work.admits(&next) => work.join(next),
            next => {
                self.slot.next = next;
                work
            }
        };
        self.slot.state = State::Pending { due_at, work };
    }

    fn expire(&mut self) -> Outcome {
        match &self.slot.state {
            State::Running { lease_until, .. } if *lease_until <= self.now => {}
            State::Running { lease_until, .. } => {
                return Outcome::Refused(Refusal::AlreadyRunning { until: *lease_until });
            }
            _ => return Outcome::Refused(Refusal::Idle),
        }
        let Some(run) = self.take_running() else { return Outcome::Refused(Refusal::Idle) };
        if run.cancel.is_some() {
            return self.stopped(run);
        }
        if self.slot.rescues >= self.rules.max_rescues {
            let death = Death::Poisoned { rescues: self.slot.rescues.saturating_add(1) };
            return self.die(run, death);
        }
        let delay = self.rules.backoff.delay(self.slot.rescues + 1, self.fraction);
        let retry_at = later(self.now, delay);
        self.record(&run, Ended::Expired { retry_at });
        self.slot.rescues += 1;
        self.retry(run.work, retry_at);
        Outcome::Retrying { at: retry_at }
    }

    fn die(&mut self, run: Run, reason: Death) -> Outcome {
        self.record(&run, Ended::Died(reason.clone()));
        let lost = match reason {
            Death::Poisoned { .. } => &mut self.slot.rescues,
            Death::Failed { .. } | Death::Exhausted { .. } => &mut self.slot.failures,
        };
        *lost = lost.saturating_add(1);
        let work = match self.slot.next.take() {
            Some(next) => run.work.join(next),
            None => run.work,
        };
        self.slot.state = State::Dead { work, reason: reason.clone(), at: self.now };
        Outcome::Died(reason)
    }

    fn cancel(&mut self) -> Outcome {
        match &mut self.slot.state {
            // What is held back is all that is still wanted.
            State::Idle if self.slot.held.take().is_some() => {
                self.cover(self.slot.wanted);
                Outcome::Cancelled
            }
            State::Idle => Outcome::Refused(Refusal::Idle),
            State::Running { cancel, .. } => {
                *cancel = Some(self.slot.wanted);
                Outcome::CancelRequested
            }
            State::Pending { .. } | State::Dead { .. } => {
                self.forget(Some(self.slot.wanted));
                self.go_on();
                Outcome::Cancelled
            }
        }
    }

    fn pause(&mut self, paused: bool) -> Outcome {
        self.slot.paused = paused;
        Outcome::Done
    }

    fn redrive(&mut self) -> Outcome {
        match std::mem::replace(&mut self.slot.state, State::Idle) {
            State::Dead { work, .. } => {
                self.slot.redrives = self.slot.redrives.saturating_add(1);
                self.begin(work);
                Outcome::Enqueued
            }
            other => {
                self.slot.state = other;
                Outcome::Refused(Refusal::NotDead)
            }
        }
    }

    fn record(&mut self, run: &Run, ended: Ended) {
        self.slot.unflushed.push(Attempt {
            token: self.slot.token,
            worker: run.worker.clone(),
            work: run.work.clone(),
            number: self.slot.attempt(),
            started_at: run.started_at,
            ended_at: self.now,
            progress: run.progress.clone(),
            ended,
        });
    }
}

/// The attempt under way, taken out of the state.
struct Run {
    worker: WorkerId,
    work: Work,
    started_at: DateTime<Utc>,
    cancel: Option<u64>,
    progress: super::Progress,
}
