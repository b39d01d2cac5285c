//! What a job is for: its scope, its trigger, its fencing token, and its progress.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::scope::Scope;
use crate::id::PolicyRef;
use crate::setters::setters;

/// A fencing token: the number of a claim of this key. It never goes back.
///
/// ```
/// use tripartite::queue::{Slot, Token};
/// let slot = Slot::new(chrono::DateTime::UNIX_EPOCH);
/// assert_eq!(slot.token, Token(0)); // no claim has it: the first claim gets 1
/// ```
///
/// This struct is exhaustive: it is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub u64);

/// Who asked for a run.
///
/// ```
/// use tripartite::queue::Trigger;
/// // as the history has it
/// assert_eq!(serde_json::to_string(&Trigger::Webhook)?, r#""webhook""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trigger {
    /// A schedule.
    Scheduled,
    /// A person.
    Manual,
    /// A message of the source.
    Webhook,
}

impl Trigger {
    /// Whether the job is urgent. A job that a person or a message asks for goes before one that a schedule asks for.
    ///
    /// ```
    /// use tripartite::queue::Trigger;
    /// assert!(Trigger::Manual.is_urgent() && Trigger::Webhook.is_urgent());
    /// assert!(!Trigger::Scheduled.is_urgent()); // any time of the night will do
    /// ```
    pub fn is_urgent(self) -> bool {
        self != Self::Scheduled
    }
}

/// What a run is for.
///
/// ```
/// use tripartite::queue::{Scope, Work};
/// let work: Work =
///     serde_json::from_str(r#"{"scope": {"only": ["7"]}, "by": "webhook", "upto": 3}"#)?;
/// assert_eq!(work.policy, None); // the host's own
/// assert_ne!(work.scope, Scope::All);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Work {
    /// Which records.
    pub scope: Scope,
    /// The policy to run under. `None`: the host's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// Who asked for it first.
    pub by: Trigger,
    /// Whether somebody [urgent](Trigger::is_urgent) has joined what a schedule asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expedited: bool,
    /// The newest generation it covers.
    pub upto: u64,
}

impl Work {
    /// Whether it is urgent: a person or a message has asked for it, alone or besides a schedule. A retry stays urgent.
    ///
    /// ```
    /// use tripartite::queue::Work;
    /// let read = |json| serde_json::from_str::<Work>(json).map(|work| work.is_urgent());
    /// assert!(!read(r#"{"scope": "all", "by": "scheduled", "upto": 1}"#)?);
    /// // a person joined it
    /// assert!(read(r#"{"scope": "all", "by": "scheduled", "expedited": true, "upto": 2}"#)?);
    /// assert!(read(r#"{"scope": "all", "by": "webhook", "upto": 1}"#)?);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn is_urgent(&self) -> bool {
        self.expedited || self.by.is_urgent()
    }

    /// Whether a later request may join: it states no policy, or the same.
    pub(super) fn admits(&self, other: &Self) -> bool {
        other.policy.is_none() || other.policy == self.policy
    }

    /// Both in one, under the policy that the later one states, if it states one.
    pub(super) fn join(self, later: Self) -> Self {
        let expedited = self.expedited || (later.is_urgent() && !self.by.is_urgent());
        Self {
            scope: self.scope.merge(later.scope),
            policy: later.policy.or(self.policy),
            by: self.by,
            expedited,
            upto: self.upto.max(later.upto),
        }
    }
}

/// A job that a guard has held back, for a person to look at.
///
/// ```
/// use chrono::DateTime;
/// use std::time::Duration;
/// use tripartite::backoff::Fraction;
/// use tripartite::id::ExternalId;
/// use tripartite::queue::{Command, Extent, QueueRules, Scope, Slot, Token, Trigger};
/// let (rules, now) = (QueueRules::default(), DateTime::UNIX_EPOCH);
/// let step =
///     |slot: &Slot, command| slot.step(&rules, None, command, now, Fraction::ONE).next;
/// let ask =
///     |scope| Command::Trigger { by: Trigger::Webhook, scope, policy: None, force: false };
/// let claim = |nonce: &str| {
///     let lease = Duration::from_secs(300);
///     Ok::<_, tripartite::id::IdError>(Command::Claim {
///         worker: "w1".parse()?,
///         nonce: nonce.parse()?,
///         lease,
///     })
/// };
/// let one = |id| Ok::<_, tripartite::id::IdError>(ask(Scope::one(ExternalId::new(id)?)));
/// let running = step(&step(&Slot::new(now), one("7")?), claim("n1")?);
/// let block = Command::Block {
///     token: Token(1),
///     plan: "p".into(),
///     why: "all would be deactivated".into(),
/// };
/// let held = step(&running, block);
/// // no job waits, and the trigger is still remembered
/// assert_eq!((held.covered, held.wanted), (0, 1));
/// // Another record's run leaves it open; a run of everything does it.
/// let other = step(&step(&held, one("8")?), claim("n2")?);
/// let done = |token| Command::Complete {
///     token,
///     result: None,
///     extent: Extent::default().whole(true),
/// };
/// let other = step(&other, done(Token(2)));
/// assert!(other.held.is_some());
/// let full = step(&step(&other, ask(Scope::All)), claim("n3")?);
/// let full = step(&full, done(Token(3)));
/// assert_eq!((full.held.is_none(), full.covered, full.wanted), (true, 3, 3));
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Held {
    /// What was to be done.
    pub work: Work,
    /// The attempt that was blocked last.
    pub token: Token,
    /// The id of that attempt's plan.
    pub plan: String,
    /// Whether more is held back than that attempt was for: another one was blocked before, about other records. Then
    /// carrying out the plan is not enough.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exceeds_plan: bool,
    /// What blocked it.
    pub why: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// The progress of an attempt, in records.
///
/// ```
/// use tripartite::queue::Progress;
/// // the rest may be unknown
/// let progress: Progress = serde_json::from_str(r#"{"done": 3}"#)?;
/// assert_eq!(progress, Progress::default().done(3));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// How many were looked at.
    pub done: u64,
    /// Of how many, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// The counts by name, such as `created`. A count of 0 is left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
}

impl Progress {
    setters! {
        done: u64,
        of: impl Into<Option<u64>>,
        counts: BTreeMap<String, u64>,
    }
}
