//! The transitions of a slot: every command in every state; also where a lease is claimed and extended.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::attempt::Ended;
use super::command::{Claim, Command, Outcome, Refusal};
use super::rules::QueueRules;
use super::slot::{Slot, State};
use super::work::{Token, Work};
use crate::backoff::{Fraction, later};
use crate::clock_skew::DISAGREE;
use crate::id::{CommandId, Nonce, WorkerId};

/// The slot after a command, and the answer to it.
///
/// [`Slot::step`] has an example.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "nothing has happened until the next slot is stored"]
#[non_exhaustive]
pub struct Transition {
    /// The slot to store, if it differs from the one before.
    pub next: Slot,
    /// What to answer, once that is stored.
    pub outcome: Outcome,
}

impl Slot {
    /// Applies a command. Pure and total. If `now` is before the slot's last change, the time of that change counts,
    /// except that a new job is due at `now` where clocks that are right may disagree so much: by ten minutes.
    ///
    /// A command with an id that the slot remembers changes nothing, and has the same outcome as the first time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tripartite::backoff::Fraction;
    /// use tripartite::queue::{Command, Outcome, QueueRules, Scope, Slot, Trigger};
    /// let (rules, now) =
    ///     (QueueRules::default(), chrono::DateTime::from_timestamp(0, 0).unwrap_or_default());
    /// let trigger = Command::Trigger {
    ///     by: Trigger::Manual,
    ///     scope: Scope::All,
    ///     policy: None,
    ///     force: false,
    /// };
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
        // A command that is delivered again gets its first answer.
        if let Some((_, outcome)) = self.recent.iter().find(|(known, _)| Some(known) == id) {
            return Transition { next: self.clone(), outcome: outcome.clone() };
        }
        // The slot's time never goes back, so workers whose clocks disagree see one order of times.
        let is_right = now >= self.updated_at || self.updated_at - now <= DISAGREE;
        let (asked_at, now) = (if is_right { now } else { self.updated_at }, now.max(self.updated_at));
        let mut next = self.clone();
        let outcome = SlotStep { slot: &mut next, rules, asked_at, now, fraction }.apply(command);
        // A refusal leaves the slot byte for byte. Its id is not remembered, so the same command may succeed later.
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

/// A transition under way: what a command changes of the slot.
pub(super) struct SlotStep<'s> {
    pub(super) slot: &'s mut Slot,
    pub(super) rules: &'s QueueRules,
    /// The time by the clock of who asks, unless the slot is far ahead.
    pub(super) asked_at: DateTime<Utc>,
    /// The time by that clock, and not before the slot's last change.
    pub(super) now: DateTime<Utc>,
    pub(super) fraction: Fraction,
}

impl SlotStep<'_> {
    fn apply(mut self, command: Command) -> Outcome {
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
                self.with_token(token, |this, run| this.complete(run, Ended::Completed { result }, extent))
            }
            Command::CompleteInPart { token, result, left, unanswered, extent } => self
                .with_token(token, |this, run| {
                    this.complete(run, Ended::CompletedInPart { result, left, unanswered }, extent)
                }),
            Command::Block { token, plan, why } => self.with_token(token, |this, run| this.block(run, plan, why)),
            Command::Fail { token, failure, message } => {
                self.with_token(token, |this, run| this.fail(run, failure, message))
            }
            Command::Snooze { token, until, why } => self.with_token(token, |this, run| this.snooze(run, until, why)),
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
                self.start_job(work);
                Outcome::Enqueued
            }
            State::Dead { work: dead, .. } => {
                let dead = match self.slot.next.take() {
                    Some(next) => dead.join(next),
                    None => dead,
                };
                self.start_job(dead.join(work));
                Outcome::Enqueued
            }
            State::Pending { due_at, work: waiting } => {
                let due_at = if force { due_at.min(self.asked_at) } else { due_at };
                // A job runs under the policy that it was asked for under, so a request for another policy follows it.
                // A later request joins what already follows: generations are done in their order.
                let follows = self.slot.next.is_some() || !waiting.admits(&work);
                let work = if follows {
                    self.follow_up(work);
                    waiting
                } else {
                    waiting.join(work)
                };
                self.slot.state = State::Pending { due_at, work };
                Outcome::Merged
            }
            running @ State::Running { .. } => {
                self.slot.state = running;
                self.follow_up(work);
                Outcome::FollowUp
            }
        }
    }

    pub(super) fn follow_up(&mut self, work: Work) {
        self.slot.next = Some(match self.slot.next.take() {
            Some(next) => next.join(work),
            None => work,
        });
    }

    /// A new job: due at once, with all its attempts. If another clock is ahead and has changed the slot before, the job
    /// would be listed as due only once the slot's time has come.
    pub(super) fn start_job(&mut self, work: Work) {
        self.slot.failures = 0;
        self.slot.rescues = 0;
        self.slot.snoozes = 0;
        self.slot.state = State::Pending { due_at: self.asked_at, work };
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

    fn cancel(&mut self) -> Outcome {
        match &mut self.slot.state {
            // An idle key has nothing else that is wanted.
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
                self.drop_unwanted(Some(self.slot.wanted));
                self.next_job();
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
                self.start_job(work);
                Outcome::Enqueued
            }
            other => {
                self.slot.state = other;
                Outcome::Refused(Refusal::NotDead)
            }
        }
    }
}
