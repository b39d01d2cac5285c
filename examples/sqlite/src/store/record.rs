//! What the host reads back: the audit, the open conflicts, the runs.

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tripartite::audit::KeyedHash;
use tripartite::id::RunId;
use tripartite::run::Run;
use tripartite::schema::Policy;
use tripartite_sql::{AuditRow, NOTEWORTHY, OpenRow, Register, UnknownRun, time};

use super::names::Names;
use super::{Database, SqliteStore, StoreError, database, entries, runs};

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
                if !has_run(conn, &self.names, &id)? {
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
        self.with(|conn| open_conflicts(conn, &self.names, each))
    }

    /// Hands out the audit of one run, in order, until `each` has enough.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn audit_of(&self, run: &RunId, each: impl FnMut(AuditRow) -> bool) -> Result<(), StoreError> {
        self.with(|conn| audit(conn, &self.names, entries::ANY, Some(run.as_str()), each))
    }

    /// As [`audit_of`](Self::audit_of), but only what a person is told of: conflicts, edits undone, values that could
    /// not be read.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn noteworthy(&self, run: &RunId, each: impl FnMut(AuditRow) -> bool) -> Result<(), StoreError> {
        self.with(|conn| audit(conn, &self.names, NOTEWORTHY, Some(run.as_str()), each))
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
        let names = database::require(self.connection(), register)?;
        audit(self.connection(), &names, entries::ANY, run, each)
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
            if self.holds(&register)? {
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
        let names = database::require(self.connection(), register)?;
        let sql = names.sql("SELECT count(*) FROM {tripartite_conflicts}");
        let open: i64 = self.connection().query_row(&sql, [], |row| row.get(0))?;
        Ok(open.cast_unsigned())
    }

    /// Whether a register had such a run.
    ///
    /// # Errors
    /// [`StoreError`], when the register is not there, or the database cannot be read.
    pub fn find_run(&self, register: &Register, run: &str) -> Result<Result<(), UnknownRun>, StoreError> {
        let conn = self.connection();
        let names = &database::require(conn, register)?;
        if has_run(conn, names, run)? {
            return Ok(Ok(()));
        }
        Ok(Err(UnknownRun { run: run.to_owned(), last: runs::newest(conn, names)? }))
    }
}

pub(super) fn open_conflicts(
    conn: &Connection,
    names: &Names,
    mut each: impl FnMut(OpenRow) -> bool,
) -> Result<(), StoreError> {
    let sql = "SELECT external_id, conflict, why, opened_run FROM {tripartite_conflicts} ORDER BY external_id, unit";
    let mut statement = conn.prepare(&names.sql(sql))?;
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
    names: &Names,
    (id, unit): (&str, &str),
    most: usize,
) -> Result<Vec<OpenRow>, StoreError> {
    let sql = "SELECT external_id, conflict, why, opened_run FROM {tripartite_conflicts}
        WHERE (external_id, unit) > (?1, ?2) ORDER BY external_id, unit LIMIT ?3";
    let mut statement = conn.prepare_cached(&names.sql(sql))?;
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

fn has_run(conn: &Connection, names: &Names, run: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM {tripartite_runs} WHERE run = ?1 UNION ALL SELECT 1 FROM {tripartite_audit} WHERE ";
    let sql = names.sql(sql) + &entries::of_run(conn, names, entries::ANY)?;
    Ok(conn.prepare_cached(&sql)?.exists([run])?)
}

fn audit(
    conn: &Connection,
    names: &Names,
    which: &str,
    run: Option<&str>,
    mut each: impl FnMut(AuditRow) -> bool,
) -> Result<(), StoreError> {
    let audit = names.sql("{tripartite_audit}");
    let whose = match run {
        Some(_) => entries::of_run(conn, names, which)?,
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
        let (seq, run, at) = (row.get(4)?, row.get(0)?, moment(row.get_ref(1)?, "tripartite_audit", &external_id)?);
        if !each(AuditRow { seq, run, at, external_id, entry }) {
            break;
        }
    }
    Ok(())
}

/// A point in time as a table has it.
pub(super) fn moment(at: ValueRef<'_>, table: &'static str, id: &str) -> Result<DateTime<Utc>, StoreError> {
    let text = at.as_str().ok();
    text.and_then(|text| text.parse().ok()).ok_or_else(|| StoreError::Unreadable { table, id: id.to_owned() })
}
