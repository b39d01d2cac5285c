//! The commands to a slot, and their outcomes.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::attempt::Death;
use super::scope::Scope;
use super::work::{Progress, Token, Trigger};
use crate::failure::Failure;
use crate::id::{Nonce, PolicyRef, WorkerId};
use crate::setters::setters;

/// A command to a slot.
///
/// ```
/// use chrono::{DateTime, TimeDelta};
/// use tripartite::backoff::Fraction;
/// use tripartite::queue::{Command, Outcome, QueueRules, Refusal, Scope, Slot, Trigger};
/// let (rules, now) = (QueueRules::default(), DateTime::UNIX_EPOCH);
/// let slot = Slot::new(now);
/// let refused = slot.step(&rules, None, Command::Cancel, now, Fraction::ONE);
/// assert_eq!(refused.outcome, Outcome::Refused(Refusal::Idle));
/// // A paused key still accepts triggers; only claims wait.
/// let paused = slot.step(&rules, None, Command::Pause, now, Fraction::ONE).next;
/// let trigger = Command::Trigger {
///     by: Trigger::Webhook,
///     scope: Scope::All,
///     policy: None,
///     force: false,
/// };
/// assert_eq!(
///     paused.step(&rules, None, trigger, now, Fraction::ONE).outcome,
///     Outcome::Enqueued
/// );
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// Asks for a run. A dead key is tried again from its first attempt.
    Trigger {
        /// Who asks.
        by: Trigger,
        /// Which records it is about.
        scope: Scope,
        /// The policy to run under. `None` leaves it as it is.
        policy: Option<PolicyRef>,
        /// Whether it also ends a wait: a back-off, the source's `Retry-After`, or a snooze. The waiting job is then
        /// due at once.
        force: bool,
    },
    /// Asks for the job, for a worker that wants to begin.
    Claim {
        /// Which worker.
        worker: WorkerId,
        /// A new one for each claim. A worker that repeats a claim whose answer was lost repeats the nonce, and the
        /// slot recognises it.
        nonce: Nonce,
        /// How long the lease lasts, unless it is extended.
        lease: Duration,
    },
    /// Extends the lease, for a worker that is still at work.
    Heartbeat {
        /// Its token.
        token: Token,
        /// How long the lease lasts from now.
        lease: Duration,
    },
    /// Stores how far the attempt is.
    Progress {
        /// Its token.
        token: Token,
        /// How far.
        progress: Progress,
    },
    /// Ends the attempt: it is done.
    Complete {
        /// Its token.
        token: Token,
        /// The result, in the host's own words: for example the id of its report.
        result: Option<String>,
        /// How far it went.
        extent: Extent,
    },
    /// Ends the attempt: it is done, except for records that were set aside, could not be written, or that the source
    /// did not answer for.
    CompleteInPart {
        /// Its token.
        token: Token,
        /// The result, in the host's own words.
        result: Option<String>,
        /// How many records are left.
        left: u64,
        /// How many of them the source did not answer for, although the run asked for them by their ids. A run of all
        /// records follows, and finds out whether they are missing.
        unanswered: u64,
        /// How far it went.
        extent: Extent,
    },
    /// Ends the attempt: a guard stopped the run, and nothing was written. The job stays wanted, and waits for a
    /// person.
    Block {
        /// Its token.
        token: Token,
        /// The id of the plan.
        plan: String,
        /// Why it was stopped: for people, without contact data.
        why: String,
    },
    /// Ends the attempt: it failed.
    Fail {
        /// Its token.
        token: Token,
        /// The class of the failure. It decides whether the job is tried again.
        failure: Failure,
        /// What went wrong: for people, without contact data.
        message: String,
    },
    /// Ends the attempt: the worker gives the job back. That is no failure.
    Snooze {
        /// Its token.
        token: Token,
        /// When the job is due again.
        until: DateTime<Utc>,
        /// Why: for people, without contact data.
        why: String,
    },
    /// Ends the attempt: the worker stopped because it was asked to.
    Stop {
        /// Its token.
        token: Token,
    },
    /// Gives up an attempt whose lease is over: its worker has vanished, and the job is tried again. Anybody may send
    /// it.
    Expire,
    /// Drops a waiting or dead job, and asks a running one to stop.
    Cancel,
    /// Refuses claims from now on. A running job goes on.
    Pause,
    /// Allows claims again.
    Resume,
    /// Tries a dead job again, from its first attempt.
    Redrive,
    /// Drops finished attempts that have been appended to the history.
    Flushed {
        /// The newest token of those attempts.
        through: Token,
    },
}

/// How far a completed attempt went. It decides whether something that a guard held back is done now.
///
/// ```
/// use tripartite::queue::Extent;
/// // it has done nothing of the job that was held back
/// assert_eq!(Extent::default(), Extent::default());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Extent {
    /// Whether it has looked at every record that it was for, and left none unwritten. A run of all records has done so
    /// if its listing was complete. It has looked at records that it set aside.
    pub whole: bool,
    /// The id of the plan that it has carried out.
    pub plan: Option<String>,
}

impl Extent {
    setters! {
        whole: bool,
        plan: impl Into<Option<String>>,
    }
}

/// The outcome of a command.
///
/// ```
/// use chrono::DateTime;
/// use tripartite::backoff::Fraction;
/// use tripartite::queue::{Command, Extent, Outcome, QueueRules, Slot, Token};
/// let slot = Slot::new(DateTime::UNIX_EPOCH);
/// let late = Command::Complete { token: Token(1), result: None, extent: Extent::default() };
/// let decision =
///     slot.step(&QueueRules::default(), None, late, DateTime::UNIX_EPOCH, Fraction::ONE);
/// // this is not an error: the worker is late
/// assert_eq!((decision.outcome, decision.next), (Outcome::Fenced, slot));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use = "the outcome says whether the command took effect"]
#[non_exhaustive]
pub enum Outcome {
    /// A job waits now.
    Enqueued,
    /// A job waits already, and will do this as well. If it waits under another policy, this is done after it.
    Merged,
    /// A job runs, and another one follows it.
    FollowUp,
    /// The attempt may begin.
    Claimed(Claim),
    /// The attempt may go on.
    Extended {
        /// Until when the lease lasts.
        until: DateTime<Utc>,
        /// Whether the worker is asked to stop.
        cancel: bool,
    },
    /// It is done.
    Completed {
        /// Whether another job follows, for triggers that came meanwhile.
        follow_up: bool,
    },
    /// A guard has held the job back, and it waits for a person.
    Blocked {
        /// Whether another job follows, for triggers that came meanwhile.
        follow_up: bool,
    },
    /// The attempt failed or its worker vanished, and the job will be tried again.
    Retrying {
        /// Not before.
        at: DateTime<Utc>,
    },
    /// The job is not tried again unless somebody asks for it.
    Died(Death),
    /// It was given back.
    Snoozed {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// The waiting job is dropped, or the running one has stopped.
    Cancelled,
    /// The running job is asked to stop.
    CancelRequested,
    /// The command took effect.
    Done,
    /// The token is not the slot's any more, since its sender has lost the lease. Nothing changed.
    Fenced,
    /// The command is not possible now. Nothing changed.
    Refused(Refusal),
}

/// The attempt a worker may begin.
///
/// ```
/// use chrono::DateTime;
/// use std::time::Duration;
/// use tripartite::backoff::Fraction;
/// use tripartite::queue::{Command, Outcome, QueueRules, Scope, Slot, Token, Trigger};
/// let (rules, now) = (QueueRules::default(), DateTime::UNIX_EPOCH);
/// let trigger = Command::Trigger {
///     by: Trigger::Manual,
///     scope: Scope::All,
///     policy: None,
///     force: false,
/// };
/// let slot = Slot::new(now).step(&rules, None, trigger, now, Fraction::ONE).next;
/// let claim = |nonce: &str| {
///     let lease = Duration::from_secs(300);
///     Ok::<_, tripartite::id::IdError>(Command::Claim {
///         worker: "w1".parse()?,
///         nonce: nonce.parse()?,
///         lease,
///     })
/// };
/// let first = slot.step(&rules, None, claim("n1")?, now, Fraction::ONE);
/// let Outcome::Claimed(ref granted) = first.outcome else { panic!("it was due") };
/// assert_eq!((granted.token, granted.attempt), (Token(1), 1));
/// // The answer was lost: asked again with the same nonce, it is the same claim, and no
/// // second attempt.
/// let again = first.next.step(&rules, None, claim("n1")?, now, Fraction::ONE);
/// assert_eq!((again.outcome, again.next), (first.outcome, first.next));
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Claim {
    /// The fencing token, which every further command of the attempt carries.
    pub token: Token,
    /// What the run is about.
    pub scope: Scope,
    /// The policy it runs under.
    pub policy: Option<PolicyRef>,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// Until when the lease lasts.
    pub until: DateTime<Utc>,
}

/// Why a command cannot be done.
///
/// ```
/// use tripartite::queue::Refusal;
/// // the text says what to do
/// assert_eq!(Refusal::Dead.to_string(), "dead, until it is redriven or wanted again");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// There is no job; or, for `Expire`, no running one.
    #[error("nothing is wanted")]
    Idle,
    /// It is not time yet.
    #[error("not due before {at}")]
    NotDue {
        /// When it is due.
        at: DateTime<Utc>,
    },
    /// A worker runs it.
    #[error("running, under a lease until {until}")]
    AlreadyRunning {
        /// Until when its lease lasts.
        until: DateTime<Utc>,
    },
    /// The key is paused.
    #[error("paused")]
    Paused,
    /// The key is dead.
    #[error("dead, until it is redriven or wanted again")]
    Dead,
    /// The key is not dead.
    #[error("not dead")]
    NotDead,
    /// No cancel has asked it to stop.
    #[error("no cancel has asked it to stop")]
    NotCancelled,
    /// Its history must be appended first.
    #[error("its history must be appended first")]
    Unflushed,
}
