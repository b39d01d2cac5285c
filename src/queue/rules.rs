//! The limits of a queue.

use serde::{Deserialize, Serialize};

use crate::backoff::Backoff;
use crate::setters::setters;

/// The limits a queue keeps to.
///
/// ```
/// use tripartite::queue::QueueRules;
/// let rules: QueueRules = serde_json::from_str(r#"{"max_retries": 0}"#)?;
/// // the first failure is the last attempt
/// assert_eq!(rules, QueueRules::default().max_retries(0));
/// // a slip is not a default
/// assert!(serde_json::from_str::<QueueRules>(r#"{"retries": 5}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
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

impl QueueRules {
    setters! {
        /// ```
        /// use std::time::Duration;
        /// use tripartite::backoff::{Backoff, Fraction};
        /// use tripartite::queue::QueueRules;
        /// let short = Backoff::new(Duration::from_secs(10), Duration::from_secs(60));
        /// let rules = QueueRules::default().backoff(short);
        /// // the last of three retries
        /// let last = rules.backoff.delay(rules.max_retries, Fraction::ONE);
        /// assert_eq!(last, Duration::from_secs(40));
        /// ```
        backoff: Backoff,
        max_retries: u32,
        /// ```
        /// use std::time::Duration;
        /// use chrono::{DateTime, TimeDelta};
        /// use tripartite::backoff::Fraction;
        /// use tripartite::queue::{Command, Outcome, QueueRules, Scope, Slot, Trigger};
        /// // a job whose worker vanishes once rests until somebody has looked
        /// let rules = QueueRules::default().max_rescues(0);
        /// let start = DateTime::UNIX_EPOCH;
        /// let lease = Duration::from_secs(60);
        /// let claim = Command::Claim { worker: "w1".parse()?, nonce: "n1".parse()?, lease };
        /// let scope = Scope::All;
        /// let trigger = Command::Trigger { by: Trigger::Manual, scope, policy: None, force: false };
        /// let slot = Slot::new(start).step(&rules, None, trigger, start, Fraction::ONE).next;
        /// let slot = slot.step(&rules, None, claim, start, Fraction::ONE).next;
        /// let later = start + TimeDelta::minutes(2);
        /// let expired = slot.step(&rules, None, Command::Expire, later, Fraction::ONE);
        /// assert!(matches!(expired.outcome, Outcome::Died(_)));
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        max_rescues: u32,
        /// ```
        /// use chrono::DateTime;
        /// use tripartite::backoff::Fraction;
        /// use tripartite::queue::{Command, Outcome, QueueRules, Scope, Slot, Trigger};
        /// let (id, at) = ("webhook/msg_1".parse()?, DateTime::UNIX_EPOCH);
        /// // the outcome of a message that is delivered twice
        /// let second = |rules: QueueRules| {
        ///     let scope = Scope::All;
        ///     let trigger = Command::Trigger { by: Trigger::Webhook, scope, policy: None, force: false };
        ///     let slot = Slot::new(at).step(&rules, Some(&id), trigger.clone(), at, Fraction::ONE).next;
        ///     slot.step(&rules, Some(&id), trigger, at, Fraction::ONE).outcome
        /// };
        /// assert_eq!(second(QueueRules::default()), Outcome::Enqueued); // as the first time
        /// // nothing is remembered, so it counts as another one
        /// assert_eq!(second(QueueRules::default().remember(0)), Outcome::Merged);
        /// # Ok::<(), tripartite::id::IdError>(())
        /// ```
        remember: usize,
        unflushed: usize,
    }
}

impl Default for QueueRules {
    /// Three retries, so after 2, 4 and 8 minutes; three rescues; sixteen command ids and finished attempts.
    fn default() -> Self {
        Self { backoff: Backoff::default(), max_retries: 3, max_rescues: 3, remember: 16, unflushed: 16 }
    }
}
