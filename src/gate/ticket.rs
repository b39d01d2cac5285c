//! Tickets, and the answer to a request for one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::limits::Shut;
use crate::id::{Nonce, SyncKey};

/// The permission of one run.
///
/// [`Gate::running`](crate::gate::Gate::running) lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ticket {
    /// The key that runs.
    pub key: SyncKey,
    /// The nonce of its claim.
    pub nonce: Nonce,
    /// When the ticket ends.
    pub until: DateTime<Utc>,
}

/// The answer of a gate.
///
/// [`Gate`](crate::gate::Gate) and [`Gate::admit`](crate::gate::Gate::admit) have examples.
///
/// This enum is exhaustive: whoever asks must obey every answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "only an admission permits a run, once the next gate is stored"]
pub enum Admission {
    /// The run may begin, and go on until its ticket ends.
    Admitted {
        /// When its ticket ends, unless it is extended.
        until: DateTime<Utc>,
    },
    /// As many runs go on as the limit allows.
    Full {
        /// When the first of their tickets ends. A ticket may be released before.
        until: DateTime<Utc>,
    },
    /// Another run has just started.
    TooSoon {
        /// When the next run may start.
        at: DateTime<Utc>,
    },
    /// Another claim of this key has a ticket.
    Held {
        /// When that ticket ends.
        until: DateTime<Utc>,
    },
}

impl From<Shut> for Admission {
    fn from(shut: Shut) -> Self {
        match shut {
            Shut::Full { until } => Self::Full { until },
            Shut::TooSoon { until: at } => Self::TooSoon { at },
        }
    }
}
