use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use tripartite::schema::Schema;

use super::StoreError;
use super::tables::FORMAT;

/// How long to wait for somebody else's transaction to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Statements are cached by their text; an update's depends on which fields it writes.
const STATEMENTS: usize = 256;

/// What a database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To read only: no byte of the file changes, not even of its journal.
    Read,
    /// To read and write; it is created if it is not there.
    Write,
}

/// An open database, before it is known what stands in it.
#[derive(Debug)]
pub struct Database {
    conn: Connection,
}

/// What a database remembers of how it is used.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The schema.
    pub schema: Schema,
    /// The field of the listing that holds the id.
    pub id_field: String,
}

impl Database {
    /// Opens a file.
    ///
    /// # Errors
    /// [`StoreError`], when it is not there, no database, or not ours.
    pub fn open(path: &Path, access: Access) -> Result<Self, StoreError> {
        let there = fs::metadata(path).is_ok_and(|file| file.len() > 0);
        let conn = match access {
            Access::Read if !there => return Err(StoreError::Missing),
            Access::Read => open_to_read(path)?,
            Access::Write => open_to_write(path)?,
        };
        conn.busy_timeout(PATIENCE)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        let database = Self { conn };
        database.check()?;
        if access == Access::Write {
            database.conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
        }
        Ok(database)
    }

    /// One that is gone when it is closed.
    ///
    /// # Errors
    /// [`StoreError`], when there is no memory.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self { conn: Connection::open_in_memory()? })
    }

    /// What it remembers; `None` when it is blank.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read.
    pub fn settings(&self) -> Result<Option<Settings>, StoreError> {
        if is_blank(&self.conn)? {
            return Ok(None);
        }
        settings(&self.conn).map(Some)
    }

    pub(super) fn into_connection(self) -> Connection {
        self.conn
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.conn
    }

    fn check(&self) -> Result<(), StoreError> {
        if is_blank(&self.conn)? {
            return Ok(());
        }
        if !has_table(&self.conn, "tripartite_meta")? {
            return Err(StoreError::Foreign);
        }
        match meta(&self.conn, "format")? {
            Some(found) if found == FORMAT => Ok(()),
            found => Err(StoreError::Format { expected: FORMAT.to_owned(), found: found.unwrap_or_default() }),
        }
    }
}

/// A connection that only reads would leave the journal's side files behind, so this one may write and does not: the
/// side files go with it, unless they were there before. Then nothing is moved out of them.
fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    let mut journal = path.as_os_str().to_owned();
    journal.push("-wal");
    let in_use = fs::metadata(Path::new(&journal)).is_ok();
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, in_use)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

fn open_to_write(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(path, flags)?)
}

pub(super) fn is_blank(conn: &Connection) -> Result<bool, StoreError> {
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0)
}

fn has_table(conn: &Connection, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    let tables: i64 = conn.query_row(sql, [name], |row| row.get(0))?;
    Ok(tables > 0)
}

fn meta(conn: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT value FROM tripartite_meta WHERE key = ?1";
    Ok(conn.query_row(sql, [key], |row| row.get(0)).optional()?)
}

pub(super) fn settings(conn: &Connection) -> Result<Settings, StoreError> {
    let unreadable = |problem: &dyn ToString| StoreError::Schema { problem: problem.to_string() };
    let schema = meta(conn, "schema")?.ok_or_else(|| unreadable(&"it is missing"))?;
    let schema = serde_json::from_str(&schema).map_err(|problem| unreadable(&problem))?;
    let id_field = meta(conn, "id_field")?.ok_or_else(|| unreadable(&"the id field is missing"))?;
    Ok(Settings { schema, id_field })
}
