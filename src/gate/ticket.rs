//! Tickets, and what a gate answers to whoever asks for one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::limits::Shut;
use crate::id::{Nonce, SyncKey};

/// The permission of one run.
///
/// [`Gate::running`](crate::gate::Gate::running) lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// For which key.
    pub key: SyncKey,
    /// For which claim of it.
    pub nonce: Nonce,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// What a gate answers.
///
/// [`Gate`](crate::gate::Gate) and [`Gate::admit`](crate::gate::Gate::admit) have examples.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "only an admission permits a run, once the next gate is stored"]
pub enum Admission {
    /// The run may begin, and go on until then.
    Admitted {
        /// When its ticket ends, unless it is extended.
        until: DateTime<Utc>,
    },
    /// As many run as may.
    Full {
        /// When the first of their tickets ends. One may be released before.
        until: DateTime<Utc>,
    },
    /// Another one has just started.
    TooSoon {
        /// When the next may.
        at: DateTime<Utc>,
    },
    /// Another claim of this key has a ticket.
    Held {
        /// When that ends.
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
