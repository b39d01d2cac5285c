//! What the host reads back: the audit, the open conflicts, the runs.

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::Connection;
use tripartite::audit::{AuditEntry, KeyedHash, Situation};
use tripartite::id::RunId;
use tripartite::run::Run;
use tripartite::schema::Policy;
use tripartite::store::OpenConflict;

use super::{Database, Register, SqliteStore, StoreError, database, entries, runs};

/// One audit entry, with what stands beside it.
#[derive(Debug, Clone)]
#[non_exhaustive]
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
#[non_exhaustive]
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

/// There is no run of this id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no run {run}; the last one is {}", last.as_deref().unwrap_or("not there either"))]
pub struct UnknownRun {
    /// The id asked for.
    pub run: String,
    /// The last run there is.
    pub last: Option<String>,
}

/// A point in time as it stands in every table and id.
pub(super) fn time(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

pub(super) fn situation(situation: Situation) -> String {
    match serde_json::to_value(situation) {
        Ok(serde_json::Value::String(name)) => name,
        _ => format!("{situation:?}"),
    }
}

impl SqliteStore {
    /// A run at this time, under an id of its own, that knows which was the newest before and what a person let be
    /// set aside, and hashes with the audit's key.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn run(&self, policy: Policy, at: DateTime<Utc>) -> Result<Run, StoreError> {
        let run = Run::new(policy, self.next_run(&at)?, at).made_after(self.newest_run()?);
        let run = run.approved_aside(self.approved_aside()?);
        Ok(match &self.key {
            Some(key) => run.audit_key(key.clone()),
            None => run,
        })
    }

    /// The key of the audit's hashes, where there is one.
    pub fn audit_key(&self) -> Option<&dyn KeyedHash> {
        self.key.as_deref().map(|key| key as &dyn KeyedHash)
    }

    /// An id for a run at this time: `2026-11-23T02:15:00Z-1`, with the first number that is free.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn next_run(&self, at: &DateTime<Utc>) -> Result<RunId, StoreError> {
        let time = time(at);
        self.with(|conn| {
            for number in 1_u64.. {
                let id = format!("{time}-{number}");
                if !has_run(conn, &self.register, &id)? {
                    // A time and a number are an id.
                    return RunId::new(id).map_err(|_| StoreError::Unreadable { table: "tripartite_runs", id: time });
                }
            }
            Err(StoreError::Unreadable { table: "tripartite_runs", id: time })
        })
    }

    /// Hands out the open conflicts, by their records' ids, until `each` has enough.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn open_conflicts(&self, each: impl FnMut(OpenRow) -> bool) -> Result<(), StoreError> {
        self.with(|conn| open_conflicts(conn, &self.register, each))
    }

    /// Hands out the audit of one run, in order, until `each` has enough.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn audit_of(&self, run: &RunId, each: impl FnMut(AuditRow) -> bool) -> Result<(), StoreError> {
        self.with(|conn| audit(conn, &self.register, entries::ANY, Some(run.as_str()), each))
    }

    /// As [`audit_of`](Self::audit_of), but only what a person is told of: conflicts, edits undone, values that could
    /// not be read.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn noteworthy(&self, run: &RunId, each: impl FnMut(AuditRow) -> bool) -> Result<(), StoreError> {
        self.with(|conn| audit(conn, &self.register, NOTEWORTHY, Some(run.as_str()), each))
    }
}

impl Database {
    /// Hands out a register's audit, of one run or of all, in order, until `each` has enough.
    ///
    /// # Errors
    /// [`StoreError`], when the register is not there, or the database cannot be read.
    pub fn audit(
        &self,
        register: &Register,
        run: Option<&str>,
        each: impl FnMut(AuditRow) -> bool,
    ) -> Result<(), StoreError> {
        database::require(self.connection(), register)?;
        audit(self.connection(), register, entries::ANY, run, each)
    }

    /// How many conflicts wait for a person, in all registers together.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn count_conflicts(&self) -> Result<u64, StoreError> {
        let named = database::registers(self.connection())?;
        let mut all: Vec<Register> = named.iter().map(Register::of).collect();
        all.push(Register::default());
        let mut count = 0;
        for register in all {
            if database::holds(self.connection(), &register)? {
                count += self.count_conflicts_of(&register)?;
            }
        }
        Ok(count)
    }

    /// How many conflicts of one register wait for a person.
    ///
    /// # Errors
    /// [`StoreError`], when the register is not there, or the database cannot be read.
    pub fn count_conflicts_of(&self, register: &Register) -> Result<u64, StoreError> {
        database::require(self.connection(), register)?;
        let sql = register.sql("SELECT count(*) FROM {tripartite_conflicts}");
        let open: i64 = self.connection().query_row(&sql, [], |row| row.get(0))?;
        Ok(open.cast_unsigned())
    }

    /// Whether a register had such a run.
    ///
    /// # Errors
    /// [`StoreError`], when the register is not there, or the database cannot be read.
    pub fn find_run(&self, register: &Register, run: &str) -> Result<Result<(), UnknownRun>, StoreError> {
        let conn = self.connection();
        database::require(conn, register)?;
        if has_run(conn, register, run)? {
            return Ok(Ok(()));
        }
        Ok(Err(UnknownRun { run: run.to_owned(), last: runs::newest(conn, register)? }))
    }
}

pub(super) fn open_conflicts(
    conn: &Connection,
    register: &Register,
    mut each: impl FnMut(OpenRow) -> bool,
) -> Result<(), StoreError> {
    let sql = "SELECT external_id, conflict, why, opened_run FROM {tripartite_conflicts} ORDER BY external_id, unit";
    let mut statement = conn.prepare(&register.sql(sql))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let external_id: String = row.get(0)?;
        let Ok(conflict) = serde_json::from_str(&row.get::<_, String>(1)?) else {
            return Err(StoreError::Unreadable { table: "tripartite_conflicts", id: external_id });
        };
        let open = OpenRow { external_id, conflict, why: row.get(2)?, opened_run: row.get(3)?, edited: false };
        if !each(open) {
            break;
        }
    }
    Ok(())
}

/// The open conflicts behind a record's id and a unit, at most so many.
pub(super) fn open_behind(
    conn: &Connection,
    register: &Register,
    (id, unit): (&str, &str),
    most: usize,
) -> Result<Vec<OpenRow>, StoreError> {
    let sql = "SELECT external_id, conflict, why, opened_run FROM {tripartite_conflicts}
        WHERE (external_id, unit) > (?1, ?2) ORDER BY external_id, unit LIMIT ?3";
    let mut statement = conn.prepare_cached(&register.sql(sql))?;
    let mut rows = statement.query(rusqlite::params![id, unit, most as i64])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        let external_id: String = row.get(0)?;
        let Ok(conflict) = serde_json::from_str(row.get_ref(1)?.as_str().unwrap_or_default()) else {
            return Err(StoreError::Unreadable { table: "tripartite_conflicts", id: external_id });
        };
        page.push(OpenRow { external_id, conflict, why: row.get(2)?, opened_run: row.get(3)?, edited: false });
    }
    Ok(page)
}

fn has_run(conn: &Connection, register: &Register, run: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM {tripartite_runs} WHERE run = ?1 UNION ALL SELECT 1 FROM {tripartite_audit} WHERE ";
    let sql = register.sql(sql) + &entries::of_run(conn, register, entries::ANY)?;
    Ok(conn.prepare_cached(&sql)?.exists([run])?)
}

const NOTEWORTHY: &str = "(verdict IN ('Conflict', 'InvalidRemote', 'DeleteVsEdit', 'Replaced', 'Found', 'KeptActive') OR decision IN ('HeldOpen', 'DriftReverted'))";

fn audit(
    conn: &Connection,
    register: &Register,
    which: &str,
    run: Option<&str>,
    mut each: impl FnMut(AuditRow) -> bool,
) -> Result<(), StoreError> {
    let audit = register.sql("{tripartite_audit}");
    let whose = match run {
        Some(_) => entries::of_run(conn, register, which)?,
        None => format!("?1 IS NULL AND {which}"),
    };
    let sql = format!("SELECT run, at, external_id, entry, seq FROM {audit} WHERE {whose} ORDER BY seq");
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([run])?;
    while let Some(row) = rows.next()? {
        let external_id: String = row.get(2)?;
        let Ok(entry) = serde_json::from_str(&row.get::<_, String>(3)?) else {
            return Err(StoreError::Unreadable { table: "tripartite_audit", id: external_id });
        };
        if !each(AuditRow { seq: row.get(4)?, run: row.get(0)?, at: row.get(1)?, external_id, entry }) {
            break;
        }
    }
    Ok(())
}
