//! What is asked of a slot, and what came of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::attempt::Death;
use super::scope::Scope;
use super::work::{Progress, Token, Trigger};
use crate::failure::Failure;
use crate::id::{Nonce, PolicyRef, WorkerId};

/// What is asked of a slot.
///
/// ```
/// use chrono::{DateTime, TimeDelta};
/// use tripartite::backoff::Fraction;
/// use tripartite::queue::{Command, Outcome, QueueRules, Refusal, Scope, Slot, Trigger};
/// let (rules, now) = (QueueRules::default(), DateTime::UNIX_EPOCH);
/// let slot = Slot::new(now);
/// let refused = slot.step(&rules, None, Command::Cancel, now, Fraction::ONE);
/// assert_eq!(refused.outcome, Outcome::Refused(Refusal::Idle));
/// // A paused key takes triggers all the same; only claims wait.
/// let paused = slot.step(&rules, None, Command::Pause, now, Fraction::ONE).next;
/// let trigger = Command::Trigger { by: Trigger::Webhook, scope: Scope::All, policy: None, force: false };
/// assert_eq!(paused.step(&rules, None, trigger, now, Fraction::ONE).outcome, Outcome::Enqueued);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// A run is wanted. A dead key is tried again from the first attempt.
    Trigger {
        /// Who asks.
        by: Trigger,
        /// What about.
        scope: Scope,
        /// Under which policy; `None` leaves that as it is.
        policy: Option<PolicyRef>,
        /// Whether it also ends a wait: a back-off, the other side's `Retry-After`, or a snooze. What waits is then due
        /// at once.
        force: bool,
    },
    /// A worker wants to begin.
    Claim {
        /// Which worker.
        worker: WorkerId,
        /// Chosen anew for each claim, so that a claim whose answer was lost is recognised and costs no attempt.
        nonce: Nonce,
        /// For how long, unless it is extended.
        lease: Duration,
    },
    /// The worker is still at it.
    Heartbeat {
        /// Its token.
        token: Token,
        /// For how long from now.
        lease: Duration,
    },
    /// The worker says how far it is.
    Progress {
        /// Its token.
        token: Token,
        /// How far.
        progress: Progress,
    },
    /// The worker is done.
    Complete {
        /// Its token.
        token: Token,
        /// What came of it, in the host's own words: the id of its report, for example.
        result: Option<String>,
        /// How far it went.
        extent: Extent,
    },
    /// The worker is done, but for some records that were set aside, could not be written, or were not answered for.
    CompleteInPart {
        /// Its token.
        token: Token,
        /// What came of it, in the host's own words.
        result: Option<String>,
        /// How many records.
        left: u64,
        /// How many of them the source did not answer for, though they were asked for by their ids. A run of all follows,
        /// which knows whether they are missing.
        unanswered: u64,
        /// How far it went.
        extent: Extent,
    },
    /// A guard stopped the run, and nothing was written: what was asked for stays wanted, and waits for a person.
    Block {
        /// Its token.
        token: Token,
        /// The id of the plan.
        plan: String,
        /// What blocked it, for people, without contact data.
        why: String,
    },
    /// The worker could not do it.
    Fail {
        /// Its token.
        token: Token,
        /// The class of the failure, which decides whether it is tried again.
        failure: Failure,
        /// What went wrong, for people, without contact data.
        message: String,
    },
    /// The worker gives it back until later; that is no failed attempt.
    Snooze {
        /// Its token.
        token: Token,
        /// Until when.
        until: DateTime<Utc>,
        /// Why, for people, without contact data.
        why: String,
    },
    /// The worker stopped, because it was asked to.
    Stop {
        /// Its token.
        token: Token,
    },
    /// The lease may be over: then its worker counts as vanished, and the job is tried again. Anybody may say so.
    Expire,
    /// What waits, or is dead, is no longer wanted; what runs is asked to stop.
    Cancel,
    /// Nothing is to be claimed. What runs goes on.
    Pause,
    /// Claims are possible again.
    Resume,
    /// What is dead is to be tried again from the first attempt.
    Redrive,
    /// History up to this token has been appended where it is kept.
    Flushed {
        /// The newest token of those.
        through: Token,
    },
}

/// How far a completed attempt went: what a guard held back stays open until an attempt has done it.
///
/// ```
/// use tripartite::queue::Extent;
/// assert_eq!(Extent::default(), Extent { whole: false, plan: None }); // it has done nothing of what was held back
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extent {
    /// Whether it has looked at every record that it was for, and left none unwritten. A run of all has, if its listing was
    /// complete; records that were set aside were looked at.
    pub whole: bool,
    /// The id of the plan that it carried out.
    pub plan: Option<String>,
}

/// What came of a command.
///
/// ```
/// use chrono::DateTime;
/// use tripartite::backoff::Fraction;
/// use tripartite::queue::{Command, Extent, Outcome, QueueRules, Slot, Token};
/// let slot = Slot::new(DateTime::UNIX_EPOCH);
/// let late = Command::Complete { token: Token(1), result: None, extent: Extent::default() };
/// let decision = slot.step(&QueueRules::default(), None, late, DateTime::UNIX_EPOCH, Fraction::ONE);
/// assert_eq!((decision.outcome, decision.next), (Outcome::Fenced, slot)); // not an error: a worker that came too late
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use = "the outcome says whether the command took effect"]
#[non_exhaustive]
pub enum Outcome {
    /// The key waits now.
    Enqueued,
    /// It waited already, and will do this as well; or afterwards, where it retries under another policy.
    Merged,
    /// It runs, and will run once more.
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
        /// Whether it runs once more, for what was asked meanwhile.
        follow_up: bool,
    },
    /// A guard held it back, and it waits for a person.
    Blocked {
        /// Whether it runs once more, for what was asked meanwhile.
        follow_up: bool,
    },
    /// It failed, or its worker vanished, and it will be tried again.
    Retrying {
        /// Not before.
        at: DateTime<Utc>,
    },
    /// It will not be tried again unasked.
    Died(Death),
    /// It was given back.
    Snoozed {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// What waited is no longer wanted, or what ran has stopped.
    Cancelled,
    /// What runs is asked to stop.
    CancelRequested,
    /// Done, with nothing more to say.
    Done,
    /// The token is not the slot's any more: whoever sent this lost its lease. Nothing changed.
    Fenced,
    /// It cannot be done now. Nothing changed.
    Refused(Refusal),
}

/// The attempt a worker may begin.
///
/// ```
/// use std::time::Duration;
/// use chrono::DateTime;
/// use tripartite::backoff::Fraction;
/// use tripartite::queue::{Command, Outcome, QueueRules, Scope, Slot, Token, Trigger};
/// let (rules, now) = (QueueRules::default(), DateTime::UNIX_EPOCH);
/// let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
/// let slot = Slot::new(now).step(&rules, None, trigger, now, Fraction::ONE).next;
/// let claim = |nonce: &str| {
///     let lease = Duration::from_secs(300);
///     Ok::<_, tripartite::id::IdError>(Command::Claim { worker: "w1".parse()?, nonce: nonce.parse()?, lease })
/// };
/// let first = slot.step(&rules, None, claim("n1")?, now, Fraction::ONE);
/// let Outcome::Claimed(ref granted) = first.outcome else { panic!("it was due") };
/// assert_eq!((granted.token, granted.attempt), (Token(1), 1));
/// // The answer was lost: asked again with the same nonce, it is the same claim, and no second attempt.
/// let again = first.next.step(&rules, None, claim("n1")?, now, Fraction::ONE);
/// assert_eq!((again.outcome, again.next), (first.outcome, first.next));
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What everything it says must carry.
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
/// assert_eq!(Refusal::Dead.to_string(), "dead, until it is redriven or wanted again"); // what to do is in the text
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing is wanted; or, where a lease was said to be over, nothing runs.
    #[error("nothing is wanted")]
    Idle,
    /// It is not time yet.
    #[error("not due before {at}")]
    NotDue {
        /// When it is.
        at: DateTime<Utc>,
    },
    /// A worker is at it.
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
    /// Nobody asked it to stop.
    #[error("nobody asked it to stop")]
    NotCancelled,
    /// Its history must be appended first.
    #[error("its history must be appended first")]
    Unflushed,
}
