//! The limits of a queue.

use serde::{Deserialize, Serialize};

use crate::backoff::Backoff;

/// The limits a queue keeps to.
///
/// ```
/// use tripartite::queue::QueueRules;
/// let rules: QueueRules = serde_json::from_str(r#"{"max_retries": 0}"#)?;
/// // the first failure is the last attempt
/// assert_eq!(rules, QueueRules { max_retries: 0, ..QueueRules::default() });
/// // a slip is not a default
/// assert!(serde_json::from_str::<QueueRules>(r#"{"retries": 5}"#).is_err());
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
