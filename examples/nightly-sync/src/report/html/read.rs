//! What the page tells, out of the database: the run, those before it, its records, and who they are.
//!
//! Nothing is held but one record at a time, and lists that have a bound.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;
use tripartite::audit::{AuditEntry, FieldEntry, RecordEntry, Situation};
use tripartite::id::LocalId;
use tripartite::run::{Counts, Report, RunOutcome};
use tripartite::schema::{Kind, Schema};
use tripartite::store::Action;

use super::HtmlError;
use crate::store::{Register, StoreError, UnknownRun, newest_first, of_run};

/// So many fields make up whom a record is about.
const NAMES: usize = 3;

/// A register, as the page reads it.
pub(super) struct Source<'a> {
    pub(super) conn: &'a Connection,
    pub(super) register: &'a Register,
    pub(super) schema: &'a Schema,
    label: Option<String>,
}

/// A run of which something is known.
pub(super) struct Known {
    pub(super) run: String,
    pub(super) at: String,
    /// `None` when it was cut short before it could report.
    pub(super) report: Option<Report>,
    /// Whether a later one is known.
    pub(super) is_last: bool,
}

/// A run as the chart of the last ones has it.
#[derive(Debug, Deserialize)]
pub(super) struct Night {
    pub(super) run: String,
    pub(super) at: DateTime<Utc>,
    pub(super) outcome: RunOutcome,
    #[serde(flatten)]
    pub(super) counts: Counts,
}

/// What a run decided about one record.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) whole: Vec<RecordEntry>,
    pub(super) fields: Vec<FieldEntry>,
}

/// Records in which a field, or more than who is new or left, was decided.
const CHANGED: &str =
    "(subject = 'field' OR verdict NOT IN ('Unmatched', 'Missing', 'Reappeared') OR decision = 'touch')";

impl<'a> Source<'a> {
    pub(super) fn new(conn: &'a Connection, register: &'a Register, schema: &'a Schema) -> Self {
        Self { conn, register, schema, label: label(register, schema) }
    }

    fn table(&self, name: &str) -> String {
        quoted(&self.register.table(name))
    }

    /// The condition that an entry of the audit is of the run `?1`.
    fn of_run(&self) -> Result<String, StoreError> {
        of_run(self.conn, self.register)
    }

    /// The run that was asked for, or the last one.
    pub(super) fn find(&self, asked: Option<&str>) -> Result<Known, HtmlError> {
        let last = self.last()?;
        let run = match (asked, &last) {
            (Some(asked), _) => asked.to_owned(),
            (None, Some(last)) => last.clone(),
            (None, None) => return Err(HtmlError::NoRuns { register: self.register.to_string() }),
        };
        let is_last = last.as_ref() == Some(&run);
        let sql = format!("SELECT at, report FROM {} WHERE run = ?1", self.table("tripartite_runs"));
        let kept = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        if let Some((at, report)) = self.conn.query_row(&sql, [&run], kept).optional()? {
            let report = serde_json::from_str(&report);
            let report = report.map_err(|_| StoreError::Unreadable { table: "tripartite_runs", id: run.clone() })?;
            return Ok(Known { run, at, report: Some(report), is_last });
        }
        let sql = format!("SELECT at FROM {} WHERE {} LIMIT 1", self.table("tripartite_audit"), self.of_run()?);
        match self.conn.query_row(&sql, [&run], |row| row.get(0)).optional()? {
            Some(at) => Ok(Known { run, at, report: None, is_last }),
            None => Err(UnknownRun { run, last }.into()),
        }
    }

    /// The last run, also if all that is left of it is its audit.
    fn last(&self) -> Result<Option<String>, StoreError> {
        let (runs, audit) = (self.table("tripartite_runs"), self.table("tripartite_audit"));
        let by = newest_first(self.conn, self.register)?;
        // One that has not reported is only as late as its clock says.
        let sql = format!(
            "SELECT run FROM (
                SELECT * FROM (SELECT run, at FROM {runs} {by} LIMIT 1)
                UNION ALL SELECT run, at FROM (SELECT run, at FROM {audit} ORDER BY seq DESC LIMIT 1)
                WHERE run NOT IN (SELECT run FROM {runs})
            ) ORDER BY at DESC, length(run) DESC, run DESC LIMIT 1"
        );
        Ok(self.conn.query_row(&sql, [], |row| row.get(0)).optional()?)
    }

    /// The last runs that reported, oldest first.
    pub(super) fn nights(&self, most: usize) -> Result<Vec<Night>, StoreError> {
        let by = newest_first(self.conn, self.register)?;
        let sql = format!("SELECT run, report FROM {} {by} LIMIT ?1", self.table("tripartite_runs"));
        let mut statement = self.conn.prepare(&sql)?;
        let mut rows = statement.query([most as i64])?;
        let mut nights = Vec::new();
        while let Some(row) = rows.next()? {
            let unreadable = |id| StoreError::Unreadable { table: "tripartite_runs", id };
            let report: String = row.get(1)?;
            nights.push(serde_json::from_str(&report).or_else(|_| Err(unreadable(row.get(0)?)))?);
        }
        nights.reverse();
        Ok(nights)
    }

    /// How many records the page would list.
    pub(super) fn count_changed(&self, run: &str) -> Result<u64, StoreError> {
        let (audit, of_run) = (self.table("tripartite_audit"), self.of_run()?);
        let sql = format!("SELECT count(DISTINCT external_id) FROM {audit} WHERE {of_run} AND {CHANGED}");
        Ok(self.conn.query_row(&sql, [run], |row| row.get::<_, i64>(0))?.cast_unsigned())
    }

    /// Hands out the records of a run in which something was decided, as they were written, until `each` has enough.
    pub(super) fn changed<E: From<StoreError>>(
        &self,
        run: &str,
        mut each: impl FnMut(&Record) -> Result<bool, E>,
    ) -> Result<(), E> {
        let (audit, of_run) = (self.table("tripartite_audit"), self.of_run()?);
        let sql = format!("SELECT external_id, entry FROM {audit} WHERE {of_run} ORDER BY seq");
        let mut statement = self.conn.prepare(&sql).map_err(StoreError::from)?;
        let mut rows = statement.query([run]).map_err(StoreError::from)?;
        let mut record = Record::default();
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            let id: String = row.get(0).map_err(StoreError::from)?;
            let text: String = row.get(1).map_err(StoreError::from)?;
            let Ok(entry) = serde_json::from_str(&text) else {
                return Err(StoreError::Unreadable { table: "tripartite_audit", id }.into());
            };
            if record.id != id {
                if record.is_told() && !each(&record)? {
                    return Ok(());
                }
                record = Record { id, ..Record::default() };
            }
            match entry {
                AuditEntry::Field(entry) => record.fields.push(entry),
                AuditEntry::Record(entry) => record.whole.push(entry),
            }
        }
        if record.is_told() {
            each(&record)?;
        }
        Ok(())
    }

    /// The first records of a run to which something was done, by the name of the action, and how many they were.
    pub(super) fn of_action(&self, run: &str, action: &str, most: usize) -> Result<(Vec<String>, u64), StoreError> {
        let (audit, of_run) = (self.table("tripartite_audit"), self.of_run()?);
        let from = format!("FROM {audit} WHERE {of_run} AND subject = 'record' AND decision = ?2");
        let count: i64 = self.conn.query_row(&format!("SELECT count(*) {from}"), [run, action], |row| row.get(0))?;
        let mut statement = self.conn.prepare(&format!("SELECT external_id {from} ORDER BY seq LIMIT ?3"))?;
        let ids = statement.query_map(params![run, action, most as i64], |row| row.get(0))?;
        Ok((ids.collect::<Result<_, _>>()?, count.cast_unsigned()))
    }

    /// The row of an external id.
    pub(super) fn whose(&self, id: &str) -> Result<Option<LocalId>, StoreError> {
        let sql = format!("SELECT local_id FROM {} WHERE external_id = ?1", self.table("members"));
        let local = self.conn.query_row(&sql, [id], |row| row.get::<_, i64>(0)).optional()?;
        Ok(local.and_then(|local| LocalId::new(local.to_string()).ok()))
    }

    /// Whom a record is about, as its row says now; empty where no field says so.
    pub(super) fn name(&self, id: &str) -> Result<String, StoreError> {
        let Some(sql) = &self.label else { return Ok(String::new()) };
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([id])?;
        let Some(row) = rows.next()? else { return Ok(String::new()) };
        let columns = row.as_ref().column_count();
        let parts = (0..columns).filter_map(|at| row.get_ref(at).ok()?.as_str().ok().map(str::trim));
        Ok(parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
    }
}

impl Known {
    /// Whether a guard stopped it, so that its figures are of what would have been.
    pub(super) fn is_blocked(&self) -> bool {
        self.report.as_ref().is_some_and(|report| report.outcome == RunOutcome::Blocked)
    }
}

impl Record {
    fn is_told(&self) -> bool {
        let whole = |entry: &RecordEntry| {
            !matches!(entry.situation, Situation::Unmatched | Situation::Missing | Situation::Reappeared)
                || entry.action == Action::Touch.name()
        };
        !self.fields.is_empty() || self.whole.iter().any(whole)
    }
}

/// The statement that finds a record's name. A field that is sensitive is none of it: what the audit does not keep, the
/// page does not show.
fn label(register: &Register, schema: &Schema) -> Option<String> {
    let open = || schema.fields().iter().filter(|field| !field.is_sensitive());
    let mut names: Vec<_> = open().filter(|field| *field.kind() == Kind::Name).collect();
    if names.is_empty() {
        names = open().filter(|field| *field.kind() == Kind::Text && field.name().contains("name")).collect();
    }
    let columns: Vec<_> = names.iter().take(NAMES).map(|field| quoted(field.name())).collect();
    let table = quoted(&register.table("members"));
    (!columns.is_empty()).then(|| format!("SELECT {} FROM {table} WHERE external_id = ?1", columns.join(", ")))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
