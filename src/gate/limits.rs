//! The limits of a gate, and why it lets nobody in by them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How many urgent runs start in a row while a scheduled one waits.
pub(super) const IN_A_ROW: u8 = 3;

/// The limits of a gate.
///
/// ```
/// use tripartite::gate::Limits;
/// // five at a time, a minute apart
/// assert_eq!(serde_json::from_str::<Limits>("{}")?, Limits::default());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// How many tickets there are at a time. None are given at 0.
    pub running: usize,
    /// How long after a start the next one may follow.
    pub spacing: Duration,
}

impl Default for Limits {
    /// Five at a time and a minute apart: what the replaced system kept to, which sources are used to.
    fn default() -> Self {
        Self { running: 5, spacing: Duration::from_secs(60) }
    }
}

/// Whose turn it is at a gate, where both kinds wait: three urgent starts, then a scheduled one.
///
/// [`Gate::turn`](crate::gate::Gate::turn) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Turn {
    /// That of a job that somebody waits for.
    Urgent,
    /// That of a job that a schedule wants.
    Scheduled,
}

/// Why a gate lets nobody in.
///
/// [`Gate::shut`](crate::gate::Gate::shut) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shut {
    /// As many run as may.
    Full {
        /// When the first of their tickets ends that makes room. One may be released before.
        until: DateTime<Utc>,
    },
    /// Another one has just started.
    TooSoon {
        /// When the next may.
        until: DateTime<Utc>,
    },
}

impl Shut {
    /// When it is over.
    ///
    /// ```
    /// use chrono::DateTime;
    /// let shut = tripartite::gate::Shut::Full { until: DateTime::UNIX_EPOCH };
    /// assert_eq!(shut.until(), DateTime::UNIX_EPOCH);
    /// ```
    pub fn until(&self) -> DateTime<Utc> {
        match self {
            Self::Full { until } | Self::TooSoon { until } => *until,
        }
    }
}
