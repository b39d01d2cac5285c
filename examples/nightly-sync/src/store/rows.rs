//! What either store hands out, in one form.

use chrono::{DateTime, SecondsFormat, Utc};
use tripartite::audit::{AuditEntry, FieldEntry, RecordEntry};
use tripartite::run::{Counts, Report, RunOutcome};
use tripartite::store::{OpenConflict, Revision};
use tripartite::value::Record;
use tripartite_postgres::store as server;
use tripartite_sqlite::store as file;

/// One audit entry, with what stands beside it.
#[derive(Debug, Clone)]
pub struct AuditRow {
    /// Its number: those that come later have larger ones.
    pub seq: i64,
    /// The run.
    pub run: String,
    /// When it took place.
    pub at: String,
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
    /// When it began, as RFC 3339.
    pub at: String,
    /// Its report; `None` when it was cut short before it could report.
    pub report: Option<Report>,
    /// Whether no later run is known.
    pub is_last: bool,
}

/// The figures of a run that reported.
#[derive(Debug, Clone)]
pub struct RunFigures {
    /// Its id.
    pub run: String,
    /// When it began.
    pub at: DateTime<Utc>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// How many records came to what.
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

/// A member, by its local id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// Its revision.
    pub revision: Revision,
    /// Its external id, if it has one.
    pub external_id: Option<String>,
}

/// Some of the records that a run changed.
#[derive(Debug, Clone, Default)]
pub struct ChangedPage {
    /// The records, in the order in which they were written.
    pub records: Vec<ChangedRecord>,
    /// What the next page is asked for by; `None` after the last one.
    pub next: Option<i64>,
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

/// A point in time as every id of a run has it.
pub(super) fn time(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl From<file::AuditRow> for AuditRow {
    fn from(row: file::AuditRow) -> Self {
        let file::AuditRow { seq, run, at, external_id, entry, .. } = row;
        Self { seq, run, at, external_id, entry }
    }
}

impl From<server::AuditRow> for AuditRow {
    fn from(row: server::AuditRow) -> Self {
        let server::AuditRow { seq, run, at, external_id, entry, .. } = row;
        Self { seq, run, at: time(&at), external_id, entry }
    }
}

impl From<file::OpenRow> for OpenRow {
    fn from(row: file::OpenRow) -> Self {
        let file::OpenRow { external_id, conflict, why, opened_run, edited, .. } = row;
        Self { external_id, conflict, why, opened_run, edited }
    }
}

impl From<server::OpenRow> for OpenRow {
    fn from(row: server::OpenRow) -> Self {
        let server::OpenRow { external_id, conflict, why, opened_run, .. } = row;
        Self { external_id, conflict, why, opened_run, edited: false }
    }
}

impl From<file::KnownRun> for KnownRun {
    fn from(known: file::KnownRun) -> Self {
        let file::KnownRun { run, at, report, is_last, .. } = known;
        Self { run, at, report, is_last }
    }
}

impl From<server::KnownRun> for KnownRun {
    fn from(known: server::KnownRun) -> Self {
        let server::KnownRun { run, at, report, is_last, .. } = known;
        Self { run, at: time(&at), report, is_last }
    }
}

/// What has the same fields in both stores.
macro_rules! alike {
    ($($row:ident { $($field:ident),+ })+) => {
        $(
            impl From<file::$row> for $row {
                fn from(row: file::$row) -> Self {
                    let file::$row { $($field),+, .. } = row;
                    Self { $($field),+ }
                }
            }

            impl From<server::$row> for $row {
                fn from(row: server::$row) -> Self {
                    let server::$row { $($field),+, .. } = row;
                    Self { $($field),+ }
                }
            }
        )+
    };
}

alike! {
    RunFigures { run, at, outcome, counts }
    ChangedRecord { id, whole, fields }
    Here { revision, external_id }
}
