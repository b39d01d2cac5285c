use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OptionalExtension};
use tripartite::id::SyncKey;
use tripartite::matching::MatchRule;
use tripartite::plan::Guards;
use tripartite_sql::{Register, Settings};

use super::file::{check_name, check_owner, open_to_write, read_only};
use super::names::{Names, register_of};
use super::tables::{FIRST_FORMAT, FORMAT, HOST_FORMAT, SECOND_FORMAT};
use super::{StoreError, host};

/// What the match rules are remembered as.
pub(super) const RULES: &str = "match";

/// What the guards are remembered as.
pub(super) const GUARDS: &str = "guards";

/// How long to wait for somebody else's transaction to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// The table that every register has from its first moment.
const META: &str = "tripartite_meta";

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

impl Database {
    /// Opens a file.
    ///
    /// # Errors
    /// [`StoreError`], when it is not there, no database, or not ours.
    pub fn open(path: &Path, access: Access) -> Result<Self, StoreError> {
        let database = Self::opened(path, access)?;
        database.check()?;
        if access == Access::Write {
            database.conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
        }
        Ok(database)
    }

    fn opened(path: &Path, access: Access) -> Result<Self, StoreError> {
        check_name(path)?;
        let there = fs::metadata(path).is_ok_and(|file| file.len() > 0);
        let conn = match access {
            Access::Read if !there => return Err(StoreError::Missing),
            Access::Read => read_only(path)?,
            Access::Write => open_to_write(path)?,
        };
        conn.busy_timeout(PATIENCE)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self { conn })
    }

    /// Opens a database of the host's own, which has no table of a store yet, to [attach](Self::attach) one of its
    /// tables. Its journal and its other settings stay as they are.
    ///
    /// # Errors
    /// [`StoreError`], when it is not there, no database, or was written by a later version.
    pub fn open_host(path: &Path, access: Access) -> Result<Self, StoreError> {
        check_name(path)?;
        if !fs::metadata(path).is_ok_and(|file| file.len() > 0) {
            return Err(StoreError::Missing);
        }
        let database = Self::opened(path, access)?;
        database.check_texts()?;
        Ok(database)
    }

    /// A connection that the host has opened, to a file or to memory. How long it waits, its journal and its other
    /// settings stay as they are.
    ///
    /// # Errors
    /// [`StoreError`], when its texts are not UTF-8, or it was written by a later version.
    pub fn from_connection(conn: Connection) -> Result<Self, StoreError> {
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        let database = Self { conn };
        database.check_texts()?;
        Ok(database)
    }

    /// One that is gone when it is closed.
    ///
    /// # Errors
    /// [`StoreError`], when there is no memory.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self { conn: Connection::open_in_memory()? })
    }

    /// A copy in memory, to try something out. The database itself is only read.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read, or there is no memory.
    pub fn copied(&self) -> Result<Self, StoreError> {
        let mut copy = Connection::open_in_memory()?;
        Backup::new(&self.conn, &mut copy)?.run_to_completion(i32::MAX, Duration::ZERO, None)?;
        copy.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self { conn: copy })
    }

    /// What it remembers of a register; `None` while it has none of that name.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read, or was written by a later version.
    pub fn settings(&self, register: &Register) -> Result<Option<Settings>, StoreError> {
        let names = &Names::of(register);
        match holds(&self.conn, names)? {
            true => settings(&self.conn, names).map(Some),
            false => Ok(None),
        }
    }

    /// Whether it has a register.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read.
    pub fn holds(&self, register: &Register) -> Result<bool, StoreError> {
        let names = &Names::of(register);
        holds(&self.conn, names)
    }

    /// What it remembers of a register that must be there.
    ///
    /// # Errors
    /// As [`settings`](Self::settings); [`StoreError::NoRegister`] names those that are there.
    pub fn required(&self, register: &Register) -> Result<Settings, StoreError> {
        let names = &Names::of(register);
        require(&self.conn, register)?;
        settings(&self.conn, names)
    }

    /// The keys of all registers, in their order. One without a name has none: ask for it by [`holds`](Self::holds).
    ///
    /// # Errors
    /// [`StoreError`], when they cannot be read.
    pub fn registers(&self) -> Result<Vec<SyncKey>, StoreError> {
        registers(&self.conn)
    }

    /// The match rules that it remembers for a register, in their order.
    ///
    /// # Errors
    /// [`StoreError`], when they cannot be read.
    pub fn rules(&self, register: &Register) -> Result<Vec<MatchRule>, StoreError> {
        let names = &Names::of(register);
        if holds(&self.conn, names)? { rules(&self.conn, names) } else { Ok(Vec::new()) }
    }

    /// The guards that it remembers for a register; the default ones, if none.
    ///
    /// # Errors
    /// [`StoreError`], when they cannot be read.
    pub fn guards(&self, register: &Register) -> Result<Guards, StoreError> {
        let names = &Names::of(register);
        if holds(&self.conn, names)? { guards(&self.conn, names) } else { Ok(Guards::default()) }
    }

    pub(super) fn into_connection(self) -> Connection {
        self.conn
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.conn
    }

    fn check(&self) -> Result<(), StoreError> {
        check_owner(&self.conn)?;
        self.check_texts()
    }

    /// Whether its texts are in the order of their bytes, and it is of no later version.
    fn check_texts(&self) -> Result<(), StoreError> {
        let found: String = self.conn.pragma_query_value(None, "encoding", |row| row.get(0))?;
        if found != "UTF-8" {
            return Err(StoreError::Encoding { found });
        }
        let unnamed = Names::of(&Register::default());
        if holds(&self.conn, &unnamed)? { check_format(&self.conn, &unnamed) } else { Ok(()) }
    }
}

/// Whether a register is there.
pub(super) fn holds(conn: &Connection, names: &Names) -> Result<bool, StoreError> {
    has_table(conn, &names.table(META))
}

pub(super) fn has_table(conn: &Connection, table: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    Ok(conn.prepare_cached(sql)?.exists([table])?)
}

pub(super) fn has_trigger(conn: &Connection, trigger: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND name = ?1";
    Ok(conn.prepare_cached(sql)?.exists([trigger])?)
}

/// The names of a register that must be there.
pub(super) fn require(conn: &Connection, register: &Register) -> Result<Names, StoreError> {
    let names = Names::of(register);
    if holds(conn, &names)? {
        return Ok(names);
    }
    let unnamed = Some(Register::default()).filter(|unnamed| unnamed != register);
    let mut known = Vec::new();
    if let Some(unnamed) = unnamed
        && holds(conn, &Names::of(&unnamed))?
    {
        known.push(unnamed.to_string());
    }
    known.extend(registers(conn)?.iter().map(|key| Register::of(key).to_string()));
    Err(StoreError::NoRegister { register: register.to_string(), known })
}

/// The keys of the named registers, in order.
pub(super) fn registers(conn: &Connection) -> Result<Vec<SyncKey>, StoreError> {
    let mut statement = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB ?1")?;
    let tables = statement.query_map([format!("{META}/*")], |row| row.get::<_, String>(0))?;
    let mut keys = Vec::new();
    for table in tables {
        keys.extend(register_of(META, &table?).and_then(|register| register.key().cloned()));
    }
    keys.sort();
    Ok(keys)
}

fn check_format(conn: &Connection, names: &Names) -> Result<(), StoreError> {
    match format(conn, names)? {
        Some(found) if [FORMAT, SECOND_FORMAT, FIRST_FORMAT].contains(&&*found) => Ok(()),
        Some(found) if found == HOST_FORMAT && meta(conn, names, host::META)?.is_some() => Ok(()),
        found => Err(StoreError::Format { expected: HOST_FORMAT.to_owned(), found: found.unwrap_or_default() }),
    }
}

/// The version of a register's tables.
pub(super) fn format(conn: &Connection, names: &Names) -> Result<Option<String>, StoreError> {
    meta(conn, names, "format")
}

pub(super) fn meta(conn: &Connection, names: &Names, key: &str) -> Result<Option<String>, StoreError> {
    let sql = names.sql("SELECT value FROM {tripartite_meta} WHERE key = ?1");
    Ok(conn.query_row(&sql, [key], |row| row.get(0)).optional()?)
}

pub(super) fn rules(conn: &Connection, names: &Names) -> Result<Vec<MatchRule>, StoreError> {
    let Some(text) = meta(conn, names, RULES)? else { return Ok(Vec::new()) };
    serde_json::from_str(&text).map_err(|problem| StoreError::Schema { problem: format!("its match rules: {problem}") })
}

pub(super) fn guards(conn: &Connection, names: &Names) -> Result<Guards, StoreError> {
    let Some(text) = meta(conn, names, GUARDS)? else { return Ok(Guards::default()) };
    serde_json::from_str(&text).map_err(|problem| StoreError::Schema { problem: format!("its guards: {problem}") })
}

pub(super) fn settings(conn: &Connection, names: &Names) -> Result<Settings, StoreError> {
    check_format(conn, names)?;
    let unreadable = |problem: &dyn ToString| StoreError::Schema { problem: problem.to_string() };
    let schema = meta(conn, names, "schema")?.ok_or_else(|| unreadable(&"it is missing"))?;
    let schema = serde_json::from_str(&schema).map_err(|problem| unreadable(&problem))?;
    let id_field = meta(conn, names, "id_field")?.ok_or_else(|| unreadable(&"the id field is missing"))?;
    Ok(Settings { schema, id_field })
}
