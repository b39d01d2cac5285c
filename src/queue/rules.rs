//! The limits of a queue.

use serde::{Deserialize, Serialize};

use crate::backoff::Backoff;

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
    /// Sets the field [`backoff`](field@Self::backoff).
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets the field [`max_retries`](field@Self::max_retries).
    #[must_use]
    pub fn max_retries(mut self, max_retries: u32) -> Self {
        self.max_retries = max_retries;
        self
    }

    /// Sets the field [`max_rescues`](field@Self::max_rescues).
    #[must_use]
    pub fn max_rescues(mut self, max_rescues: u32) -> Self {
        self.max_rescues = max_rescues;
        self
    }

    /// Sets the field [`remember`](field@Self::remember).
    #[must_use]
    pub fn remember(mut self, remember: usize) -> Self {
        self.remember = remember;
        self
    }

    /// Sets the field [`unflushed`](field@Self::unflushed).
    #[must_use]
    pub fn unflushed(mut self, unflushed: usize) -> Self {
        self.unflushed = unflushed;
        self
    }
}

impl Default for QueueRules {
    /// Three retries, so after 2, 4 and 8 minutes; three rescues; sixteen command ids and finished attempts.
    fn default() -> Self {
        Self { backoff: Backoff::default(), max_retries: 3, max_rescues: 3, remember: 16, unflushed: 16 }
    }
}
