use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::error::JobsError;
use crate::store::{check_owner, is_busy, open_to_write, read_only};

/// How long to wait for somebody else's transaction to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often to try to change the journal, when others do the same.
const TRIES: usize = 3;

/// Which version of the tables this is.
const FORMAT: i64 = 1;

/// The tables of the work column.
pub const TABLES: [&str; 3] = ["tripartite_jobs", "tripartite_jobs_meta", "tripartite_log"];

const CREATE: &str = include_str!("../../sql/jobs.sql");

/// Opens a file that others may have open, and gives it the tables if it has none.
pub(super) fn open(path: &Path) -> Result<Connection, JobsError> {
    let conn = open_to_write(path)?;
    conn.busy_timeout(PATIENCE)?;
    // Before the journal's mode is: that stays in the file.
    check(&conn)?;
    write_ahead(&conn)?;
    // What was answered must survive a power cut: a claim that is forgotten gives its token to a second worker.
    conn.pragma_update(None, "synchronous", "FULL")?;
    settle(conn)
}

/// Opens a file to read it only; `None` when it has no tables.
pub(super) fn open_to_read(path: &Path) -> Result<Option<Connection>, JobsError> {
    let conn = read_only(path)?;
    conn.busy_timeout(PATIENCE)?;
    check_owner(&conn)?;
    match format(&conn)? {
        None => Ok(None),
        Some(FORMAT) => Ok(Some(conn)),
        Some(found) => Err(JobsError::Format { expected: FORMAT, found }),
    }
}

pub(super) fn in_memory() -> Result<Connection, JobsError> {
    settle(Connection::open_in_memory()?)
}

/// Makes the journal a write-ahead log. SQLite does not wait for others there, so this does: until their transaction has
/// ended, then again.
pub(super) fn write_ahead(conn: &Connection) -> Result<(), JobsError> {
    let mut tries = 1..TRIES;
    loop {
        let mode = conn.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => return Err(JobsError::Journal { mode }),
            Err(error) if is_busy(&error) && tries.next().is_some() => {
                conn.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether the file can hold these tables.
fn check(conn: &Connection) -> Result<(), JobsError> {
    check_owner(conn)?;
    let encoding: String = conn.pragma_query_value(None, "encoding", |row| row.get(0))?;
    if encoding != "UTF-8" {
        return Err(JobsError::Encoding { encoding });
    }
    match format(conn)? {
        Some(found) if found != FORMAT => Err(JobsError::Format { expected: FORMAT, found }),
        _ => Ok(()),
    }
}

fn settle(mut conn: Connection) -> Result<Connection, JobsError> {
    let found = match format(&conn)? {
        Some(found) => found,
        None => create(&mut conn)?,
    };
    if found != FORMAT {
        return Err(JobsError::Format { expected: FORMAT, found });
    }
    Ok(conn)
}

/// Creates what somebody else has not created meanwhile, and says which format it has.
fn create(conn: &mut Connection) -> Result<i64, JobsError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(CREATE)?;
    tx.execute("INSERT OR IGNORE INTO tripartite_jobs_meta (only, format, deleted) VALUES (1, ?1, 0)", [FORMAT])?;
    let found = tx.query_row("SELECT format FROM tripartite_jobs_meta", [], |row| row.get(0))?;
    tx.commit()?;
    Ok(found)
}

/// The format of the tables; `None` when there are none.
fn format(conn: &Connection) -> Result<Option<i64>, JobsError> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'tripartite_jobs_meta'";
    let tables: i64 = conn.query_row(sql, [], |row| row.get(0))?;
    if tables == 0 {
        return Ok(None);
    }
    Ok(conn.query_row("SELECT format FROM tripartite_jobs_meta", [], |row| row.get(0)).optional()?)
}
