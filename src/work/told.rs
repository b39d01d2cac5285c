//! What people were told of a key's runs, so that they hear each thing once.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::id::SyncKey;
use crate::notice::Notice;
use crate::queue::Token;
use crate::run::Report;

/// Which version of the persisted form this crate writes.
const FORMAT: u32 = 1;

/// What the newest run told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    format: u32,
    token: Token,
    /// Why its plan was blocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blocked: Option<String>,
    /// How many conflicts waited.
    waiting: u64,
}

impl Default for Told {
    fn default() -> Self {
        Self { format: FORMAT, token: Token(0), blocked: None, waiting: 0 }
    }
}

impl Record for Told {
    fn check(&self) -> Result<(), String> {
        let Self { format, .. } = self;
        let newer = || format!("what was told has format {format}, this version reads up to {FORMAT}");
        if *format > FORMAT { Err(newer()) } else { Ok(()) }
    }
}

impl Told {
    /// Hears a run, and says what is new in it. A run that is older than the newest says nothing.
    pub(super) fn hear(self, key: &SyncKey, token: Token, report: &Report, at: DateTime<Utc>) -> (Self, Vec<Notice>) {
        if token <= self.token {
            return (self, Vec::new());
        }
        let reasons: Vec<String> = report.blocked.iter().map(ToString::to_string).collect();
        let blocked = (!reasons.is_empty()).then(|| reasons.join("; "));
        let waiting = report.counts.conflicts_open;
        let notices = [
            Notice::of_plan(key, token, at, self.blocked.as_deref(), blocked.as_deref()),
            Notice::of_conflicts(key, token, at, self.waiting, waiting),
        ];
        (Self { format: FORMAT, token, blocked, waiting }, notices.into_iter().flatten().collect())
    }
}
