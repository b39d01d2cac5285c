//! The limits of a gate, and the reasons by which they admit no run.

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
#[non_exhaustive]
pub struct Limits {
    /// How many tickets there are at a time. At 0 no run is admitted.
    pub running: usize,
    /// How long after a start the next one may follow.
    pub spacing: Duration,
}

impl Limits {
    /// This many tickets at a time, and this long between two starts.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tripartite::gate::Limits;
    /// const CLOSED: Limits = Limits::new(0, Duration::ZERO); // no run is admitted
    /// assert_eq!(CLOSED.running, 0);
    /// ```
    pub const fn new(running: usize, spacing: Duration) -> Self {
        Self { running, spacing }
    }

    /// Whether a worker may start several runs under one ticket. With a spacing the gate must know of each start.
    pub(crate) fn may_keep(&self) -> bool {
        self.spacing.is_zero()
    }
}

impl Default for Limits {
    /// Five at a time and a minute apart. The sources are used to these limits from the system that this crate
    /// replaces.
    fn default() -> Self {
        Self { running: 5, spacing: Duration::from_secs(60) }
    }
}

/// Whose turn it is at a gate when both kinds wait: three urgent starts, then a scheduled one.
///
/// [`Gate::turn`](crate::gate::Gate::turn) has an example.
///
/// This enum is exhaustive: there are two kinds of starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Turn {
    /// The turn of a job that a person or a message asked for.
    Urgent,
    /// The turn of a job that a schedule asked for.
    Scheduled,
}

/// Why a gate admits no run.
///
/// [`Gate::shut`](crate::gate::Gate::shut) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shut {
    /// As many runs go on as the limit allows.
    Full {
        /// When a ticket ends and makes room, at the latest. A ticket may be released before.
        until: DateTime<Utc>,
    },
    /// Another run has just started.
    TooSoon {
        /// When the next run may start.
        until: DateTime<Utc>,
    },
}

impl Shut {
    /// When the reason is over.
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
