//! How an attempt ends: by its worker, whose token is checked here (fencing), or by the end of its lease.

use chrono::{DateTime, Utc};

use super::attempt::{Attempt, Death, Ended};
use super::command::{Extent, Outcome, Refusal};
use super::scope::Scope;
use super::slot::State;
use super::step::SlotStep;
use super::work::{Held, Progress, Token, Work};
use crate::backoff::later;
use crate::failure::Failure;
use crate::id::WorkerId;

impl SlotStep<'_> {
    /// Takes the attempt under way out of the state, if the token is its own.
    pub(super) fn with_token(
        &mut self,
        token: Token,
        then: impl FnOnce(&mut Self, RunningAttempt) -> Outcome,
    ) -> Outcome {
        // The token is checked before anything else: a worker that lost its lease changes nothing, even if its run
        // succeeded.
        if self.slot.token != token {
            return Outcome::Fenced;
        }
        match self.take_running() {
            Some(run) => then(self, run),
            None => Outcome::Fenced,
        }
    }

    fn take_running(&mut self) -> Option<RunningAttempt> {
        match std::mem::replace(&mut self.slot.state, State::Idle) {
            State::Running { worker, work, started_at, cancel, progress, .. } => {
                Some(RunningAttempt { worker, work, started_at, cancel, progress })
            }
            other => {
                self.slot.state = other;
                None
            }
        }
    }

    pub(super) fn complete(&mut self, run: RunningAttempt, ended: Ended, extent: Extent) -> Outcome {
        let Extent { whole, plan } = extent;
        // A held job is done when a run has looked at all its records, or has carried out the plan that was held back.
        let settles = |held: &mut Held| {
            let (is_plan, covers) = (plan.as_ref() == Some(&held.plan), run.work.scope.covers(&held.work.scope));
            (covers && (whole || is_plan)) || (is_plan && !held.exceeds_plan)
        };
        let _settled = self.slot.held.take_if(settles);
        self.cover(self.slot.taken);
        let unanswered = matches!(ended, Ended::CompletedInPart { unanswered: 1.., .. });
        self.record(&run, ended);
        if unanswered && run.cancel.is_none() {
            self.want_all(&run.work);
        }
        // A cancelled follow-up is not wanted any more.
        self.drop_unwanted(run.cancel);
        Outcome::Completed { follow_up: self.next_job() }
    }

    /// Asks for a run of all records, because the source did not answer for some that a run has asked for. A run of all
    /// asks for no ids, so no run follows that one.
    fn want_all(&mut self, work: &Work) {
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

    pub(super) fn block(&mut self, run: RunningAttempt, plan: String, why: String) -> Outcome {
        let (work, exceeds_plan) = match self.slot.held.take() {
            Some(held) => {
                let exceeds_plan = !run.work.scope.covers(&held.work.scope);
                (held.work.join(run.work.clone()), exceeds_plan)
            }
            None => (run.work.clone(), false),
        };
        self.record(&run, Ended::Blocked { plan: plan.clone(), why: why.clone() });
        // `cover` is not called here: the generations of a blocked job stay wanted.
        self.slot.held = Some(Held { work, token: self.slot.token, plan, exceeds_plan, why, since: self.now });
        self.drop_unwanted(run.cancel);
        Outcome::Blocked { follow_up: self.next_job() }
    }

    /// Marks generations as done. While something is held back, `covered` stays: what is held back is older.
    pub(super) fn cover(&mut self, upto: u64) {
        self.slot.taken = self.slot.taken.max(upto);
        if self.slot.held.is_none() {
            self.slot.covered = self.slot.covered.max(self.slot.taken);
        }
    }

    pub(super) fn fail(&mut self, run: RunningAttempt, failure: Failure, message: String) -> Outcome {
        if run.cancel.is_some() {
            return self.end_cancelled(run);
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
        // The source's `Retry-After` is a lower bound: jitter must not undercut it.
        let delay = self.rules.backoff.delay(number, self.fraction).max(after.unwrap_or_default());
        let retry_at = later(self.now, delay);
        // The entry comes before the counter: it states the number of this attempt.
        self.record(&run, Ended::Failed { failure, message, retry_at });
        self.slot.failures = number;
        self.retry(run.work, retry_at);
        Outcome::Retrying { at: retry_at }
    }

    pub(super) fn snooze(&mut self, run: RunningAttempt, until: DateTime<Utc>, why: String) -> Outcome {
        if run.cancel.is_some() {
            return self.end_cancelled(run);
        }
        let until = until.max(self.now);
        self.record(&run, Ended::Snoozed { until, why: Some(why) });
        self.slot.snoozes = self.slot.snoozes.saturating_add(1);
        self.retry(run.work, until);
        Outcome::Snoozed { until }
    }

    pub(super) fn stop(&mut self, token: Token) -> Outcome {
        let asked = matches!(self.slot.state, State::Running { cancel: Some(_), .. });
        if self.slot.token == token && matches!(self.slot.state, State::Running { .. }) && !asked {
            return Outcome::Refused(Refusal::NotCancelled);
        }
        self.with_token(token, Self::end_cancelled)
    }

    fn end_cancelled(&mut self, run: RunningAttempt) -> Outcome {
        self.cover(self.slot.taken);
        self.record(&run, Ended::Cancelled);
        self.drop_unwanted(run.cancel);
        self.next_job();
        Outcome::Cancelled
    }

    /// Drops what was asked for up to a generation: it is no longer wanted.
    pub(super) fn drop_unwanted(&mut self, upto: Option<u64>) {
        let Some(upto) = upto else { return };
        self.cover(upto);
        if self.slot.next.as_ref().is_some_and(|next| next.upto <= upto) {
            self.slot.next = None;
        }
    }

    /// Starts the follow-up, if there is one. Returns whether there is.
    pub(super) fn next_job(&mut self) -> bool {
        match self.slot.next.take() {
            Some(next) => {
                self.start_job(next);
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

    /// The same job waits once more. A follow-up under the same policy joins it.
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

    pub(super) fn expire(&mut self) -> Outcome {
        match &self.slot.state {
            State::Running { lease_until, .. } if *lease_until <= self.now => {}
            State::Running { lease_until, .. } => {
                return Outcome::Refused(Refusal::AlreadyRunning { until: *lease_until });
            }
            _ => return Outcome::Refused(Refusal::Idle),
        }
        let Some(run) = self.take_running() else { return Outcome::Refused(Refusal::Idle) };
        if run.cancel.is_some() {
            return self.end_cancelled(run);
        }
        // A job that kills its workers must not be rescued for ever.
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

    fn die(&mut self, run: RunningAttempt, reason: Death) -> Outcome {
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

    fn record(&mut self, run: &RunningAttempt, ended: Ended) {
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
pub(super) struct RunningAttempt {
    worker: WorkerId,
    work: Work,
    started_at: DateTime<Utc>,
    cancel: Option<u64>,
    progress: Progress,
}
