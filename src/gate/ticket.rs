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
    /// The key that runs. If the ticket is [kept](field@Self::kept), the key that ran first.
    pub key: SyncKey,
    /// The nonce of its claim, or of the first one.
    pub nonce: Nonce,
    /// When the ticket ends.
    pub until: DateTime<Utc>,
    /// Whether its worker may start one run after the other under it. Such a ticket does not keep other claims of its key
    /// waiting.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
}

impl Ticket {
    /// Whether it is the ticket of a claim.
    pub(super) fn is_of(&self, key: &SyncKey, nonce: &Nonce) -> bool {
        self.nonce == *nonce && (self.kept || self.key == *key)
    }

    /// Whether it decides about a request of a claim: the claim's own ticket, or another claim's of the same key.
    pub(super) fn concerns(&self, key: &SyncKey, nonce: &Nonce) -> bool {
        if self.kept { self.nonce == *nonce } else { self.key == *key }
    }
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
