//! The runs, in the order in which they were carried out, whatever clock they went by.

use rusqlite::{Connection, OptionalExtension, params};
use tripartite::id::RunId;
use tripartite::plan::MadeAfter;
use tripartite::run::Report;
use tripartite_sql::{Register, time};

use super::names::Names;
use super::{Database, SqliteStore, StoreError, approved, database};

pub(super) const TABLE: &str = "tripartite_runs";

/// Runs are numbered as their reports are kept. Those of an earlier version have no number, and are older than any that
/// has one.
const NUMBERED: &str = "ALTER TABLE {tripartite_runs} ADD COLUMN seq INTEGER";

const REMEMBER: &str = "
INSERT OR REPLACE INTO {tripartite_runs}(run, at, report, seq)
VALUES (?1, ?2, ?3, 1 + (SELECT ifnull(max(seq), 0) FROM {tripartite_runs}))";

/// The order of the runs, as columns of `table`, the last of which are those that count least.
fn order(conn: &Connection, names: &Names, table: &str) -> Result<[String; 4], StoreError> {
    let seq = match is_numbered(conn, names)? {
        true => format!("ifnull({table}.seq, 0)"),
        // A plain number in an `ORDER BY` is the number of a column.
        false => "ifnull(NULL, 0)".to_owned(),
    };
    Ok([seq, format!("{table}.at"), format!("length({table}.run)"), format!("{table}.run")])
}

/// The clause that sorts the table of the runs, the newest first.
pub(super) fn newest_first(conn: &Connection, names: &Names) -> Result<String, StoreError> {
    let table = names.sql("{tripartite_runs}");
    Ok(format!("ORDER BY {} DESC", order(conn, names, &table)?.join(" DESC, ")))
}

fn is_numbered(conn: &Connection, names: &Names) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM pragma_table_info(?1) WHERE name = 'seq'";
    Ok(conn.prepare_cached(sql)?.exists([names.table(TABLE)])?)
}

/// The run that was carried out last, of those that reported.
pub(super) fn newest(conn: &Connection, names: &Names) -> Result<Option<String>, StoreError> {
    let (runs, by) = (names.sql("{tripartite_runs}"), newest_first(conn, names)?);
    let sql = format!("SELECT run FROM {runs} {by} LIMIT 1");
    Ok(conn.query_row(&sql, [], |row| row.get(0)).optional()?)
}

fn unreadable(id: String) -> StoreError {
    StoreError::Unreadable { table: TABLE, id }
}

impl SqliteStore {
    pub(super) fn newest_run(&self) -> Result<MadeAfter, StoreError> {
        let Some(run) = self.with(|conn| newest(conn, &self.names))? else { return Ok(MadeAfter::NoRun) };
        RunId::new(run.as_str()).map(MadeAfter::Run).map_err(|_| unreadable(run))
    }

    /// The reports of the runs that are newer than what a plan was made after, which is all where that one is not there any
    /// more; none, where the plan does not say.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read, or holds a report that cannot.
    pub fn runs_since(&self, made_after: Option<&MadeAfter>) -> Result<Vec<Report>, StoreError> {
        let known = match made_after {
            None => return Ok(Vec::new()),
            Some(MadeAfter::NoRun) => "",
            Some(MadeAfter::Run(run)) => run.as_str(),
        };
        self.with(|conn| {
            let [runs, known_runs] = ["r", "k"].map(|table| order(conn, &self.names, table));
            let (runs, known_runs) = (runs?.join(", "), known_runs?.join(", "));
            let sql = self.names.sql(
                "SELECT r.run, r.report FROM {tripartite_runs} r LEFT JOIN {tripartite_runs} k ON k.run = ?1
                 WHERE k.run IS NULL OR ",
            );
            let mut statement = conn.prepare(&format!("{sql} ({runs}) > ({known_runs})"))?;
            let mut rows = statement.query([known])?;
            let mut reports = Vec::new();
            while let Some(row) = rows.next()? {
                let (id, text) = (row.get(0)?, row.get::<_, String>(1)?);
                reports.push(serde_json::from_str(&text).map_err(|_| unreadable(id))?);
            }
            Ok(reports)
        })
    }

    /// Remembers the report of a run, which is the newest from here on.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written, or the store is [fenced](SqliteStore::fenced) off.
    pub fn remember(&self, report: &Report) -> Result<(), StoreError> {
        let text = serde_json::to_string(report).unwrap_or_default();
        self.write(|tx| {
            if !is_numbered(tx, &self.names)? {
                tx.execute_batch(&self.names.sql(NUMBERED))?;
            }
            let run = params![report.run.as_str(), time(&report.at), text];
            tx.execute(&self.names.sql(REMEMBER), run)?;
            approved::ended(tx, &self.names, report)
        })
    }
}

impl Database {
    /// The report of a register's last run that wrote; `None` before the first.
    ///
    /// # Errors
    /// [`StoreError`], when the register is not there, or the database cannot be read.
    pub fn last_report(&self, register: &Register) -> Result<Option<Report>, StoreError> {
        let conn = self.connection();
        let names = database::require(conn, register)?;
        let (runs, by) = (names.sql("{tripartite_runs}"), newest_first(conn, &names)?);
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        let last = conn.query_row(&format!("SELECT run, report FROM {runs} {by} LIMIT 1"), [], row).optional()?;
        last.map(|(id, text)| serde_json::from_str(&text).map_err(|_| unreadable(id))).transpose()
    }
}
