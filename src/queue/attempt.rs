//! A finished attempt: how it ended, and why a key is dead.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::work::{Progress, Token, Work};
use crate::failure::Failure;
use crate::id::WorkerId;

/// Why a key is dead.
///
/// ```
/// use tripartite::queue::Death;
/// // the first attempt, and three retries
/// let death = Death::Exhausted { failures: 4, message: "503".into() };
/// assert_eq!(death.to_string(), "failed 4 times, last: 503");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Death {
    /// It failed in a way that another attempt cannot change.
    #[error("failed for good: {message}")]
    Failed {
        /// The class of the failure.
        failure: Failure,
        /// What went wrong.
        message: String,
    },
    /// It failed, and no retry is left.
    #[error("failed {failures} times, last: {message}")]
    Exhausted {
        /// How often.
        failures: u32,
        /// What went wrong last.
        message: String,
    },
    /// Its workers vanished, and no rescue is left. The job itself may be what kills them.
    #[error("lost its worker {rescues} times")]
    Poisoned {
        /// How often.
        rescues: u32,
    },
}

/// How an attempt ended.
///
/// ```
/// use chrono::DateTime;
/// use tripartite::queue::Ended;
/// // no worker reported it: the lease ran out
/// let ended = Ended::Expired { retry_at: DateTime::UNIX_EPOCH };
/// assert_eq!(
///     serde_json::to_string(&ended)?,
///     r#"{"expired":{"retry_at":"1970-01-01T00:00:00Z"}}"#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ended {
    /// It did what was wanted.
    Completed {
        /// The result, in the host's own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<String>,
    },
    /// It did what was wanted, except for some records.
    CompletedInPart {
        /// The result, in the host's own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<String>,
        /// How many records were set aside, were not written, or had no answer.
        left: u64,
        /// How many of them the source did not answer for.
        #[serde(default, skip_serializing_if = "is_zero")]
        unanswered: u64,
    },
    /// A guard stopped it, and nothing was written.
    Blocked {
        /// The id of the plan.
        plan: String,
        /// What blocked it.
        why: String,
    },
    /// It failed, and is tried again.
    Failed {
        /// The class of the failure.
        failure: Failure,
        /// What went wrong.
        message: String,
        /// When it is tried again.
        retry_at: DateTime<Utc>,
    },
    /// It failed, and is not tried again unless somebody asks for it.
    Died(Death),
    /// Its lease ran out, and it is tried again.
    Expired {
        /// When it is tried again.
        retry_at: DateTime<Utc>,
    },
    /// It was given back.
    Snoozed {
        /// Until when.
        until: DateTime<Utc>,
        /// Why. `None` in an entry that an earlier version wrote.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// It was stopped.
    Cancelled,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// One finished attempt, as the history keeps it: exactly one for each token.
///
/// ```
/// use chrono::DateTime;
/// use std::time::Duration;
/// use tripartite::backoff::Fraction;
/// use tripartite::queue::{Command, Ended, QueueRules, Scope, Slot, Token, Trigger};
/// let (rules, now) = (QueueRules::default(), DateTime::UNIX_EPOCH);
/// let step =
///     |slot: &Slot, command| slot.step(&rules, None, command, now, Fraction::ONE).next;
/// let trigger = Command::Trigger {
///     by: Trigger::Manual,
///     scope: Scope::All,
///     policy: None,
///     force: false,
/// };
/// let lease = Duration::from_secs(300);
/// let claim = Command::Claim { worker: "w1".parse()?, nonce: "n1".parse()?, lease };
/// let running = step(&step(&Slot::new(now), trigger), claim);
/// // A job that is given back ends its attempt, which the history has. It did not fail, so
/// // the next attempt is the first again.
/// let why = "the process ends".to_owned();
/// let snoozed = step(
///     &running,
///     Command::Snooze { token: Token(1), until: now + lease, why: why.clone() },
/// );
/// assert_eq!(
///     snoozed.unflushed[0].ended,
///     Ended::Snoozed { until: now + lease, why: Some(why) }
/// );
/// assert_eq!(snoozed.attempt(), 1);
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attempt {
    /// The claim's token.
    pub token: Token,
    /// The worker.
    pub worker: WorkerId,
    /// What it was for.
    pub work: Work,
    /// Which attempt of its job it was, from 1.
    pub number: u32,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// How far it came.
    pub progress: Progress,
    /// How it ended.
    pub ended: Ended,
}
