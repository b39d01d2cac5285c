use chrono::{DateTime, Utc};
use serde::Deserialize;
use tripartite::audit::{AuditEntry, FieldEntry, RecordEntry, Situation};
use tripartite::run::{Counts, Report, RunOutcome};
use tripartite::store::{Action, OpenConflict, Revision};
use tripartite::value::Record;

/// One audit entry, with what stands beside it.
#[derive(Debug, Clone)]
pub struct AuditRow {
    /// Its number: those that come later have larger ones.
    pub seq: i64,
    /// The run.
    pub run: String,
    /// When it took place.
    pub at: DateTime<Utc>,
    /// The record.
    pub external_id: String,
    /// The entry.
    pub entry: AuditEntry,
}

/// One open conflict.
#[derive(Debug, Clone)]
pub struct OpenRow {
    /// The record.
    pub external_id: String,
    /// The conflict.
    pub conflict: OpenConflict,
    /// Why it is one, in a sentence.
    pub why: String,
    /// The run that found it.
    pub opened_run: String,
    /// Whether somebody edited here what is in dispute since; known once the record was looked at.
    pub edited: bool,
}

/// A run of which something is known.
#[derive(Debug, Clone)]
pub struct KnownRun {
    /// Its id.
    pub run: String,
    /// When it began.
    pub at: DateTime<Utc>,
    /// Its report; `None` when it was cut short before it could report.
    pub report: Option<Report>,
    /// Whether no later run is known.
    pub is_last: bool,
}

/// The figures of a run that reported, as its report has them.
#[derive(Debug, Clone, Deserialize)]
pub struct RunFigures {
    /// Its id.
    pub run: String,
    /// When it began.
    pub at: DateTime<Utc>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// How many records came to what.
    #[serde(flatten)]
    pub counts: Counts,
}

/// What a run decided about one record.
#[derive(Debug, Clone, Default)]
pub struct ChangedRecord {
    /// Its external id.
    pub id: String,
    /// The entries about the record as a whole.
    pub whole: Vec<RecordEntry>,
    /// The entries about its fields.
    pub fields: Vec<FieldEntry>,
}

/// Some of the records that a run changed, and where the next ones begin.
#[derive(Debug, Clone, Default)]
pub struct ChangedPage {
    /// The records, in the order in which they were written.
    pub records: Vec<ChangedRecord>,
    /// What the next page is asked for by; `None` after the last one.
    pub next: Option<i64>,
}

/// A member, by its local id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// Its revision.
    pub revision: Revision,
    /// Its external id, if it has one.
    pub external_id: Option<String>,
}

/// What the row of a member says.
#[derive(Debug, Clone)]
pub struct HereRow {
    /// Its external id, if it has one.
    pub external_id: Option<String>,
    /// Its fields.
    pub record: Record,
}

/// There is no run of this id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no run {run}; the last one is {}", last.as_deref().unwrap_or("not there either"))]
pub struct UnknownRun {
    /// The id asked for.
    pub run: String,
    /// The last run there is.
    pub last: Option<String>,
}

impl KnownRun {
    /// Whether a guard stopped it, so that its figures are of what would have been.
    pub fn is_blocked(&self) -> bool {
        self.report.as_ref().is_some_and(|report| report.outcome == RunOutcome::Blocked)
    }
}

impl ChangedRecord {
    /// A record of which no entry is known yet.
    pub fn of(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// Adds an entry about it.
    pub fn add(&mut self, entry: AuditEntry) {
        match entry {
            AuditEntry::Field(entry) => self.fields.push(entry),
            AuditEntry::Record(entry) => self.whole.push(entry),
        }
    }

    /// Whether a report tells of it: a field was decided, or more than who is new or left. In SQL that is
    /// [`CHANGED`](crate::CHANGED).
    ///
    /// ```
    /// assert!(!tripartite_sql::ChangedRecord::of("M1").is_told());
    /// ```
    pub fn is_told(&self) -> bool {
        let whole = |entry: &RecordEntry| {
            !matches!(entry.situation, Situation::Unmatched | Situation::Missing | Situation::Reappeared)
                || entry.action == Action::Touch.name()
        };
        !self.fields.is_empty() || self.whole.iter().any(whole)
    }
}
