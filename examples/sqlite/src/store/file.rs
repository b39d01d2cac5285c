//! The database as a file: what is taken for one, how it is created, and how it is opened to be read.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// Why a path is no database that can be used, or a file is somebody else's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It names no file, so that nothing would be kept.
    #[error("`{0}` names no file, so nothing would be kept; a database is named by its path")]
    NoFile(String),
    /// It is a directory, a device or a pipe.
    #[error("it is no regular file")]
    Irregular,
    /// It is there, but not ours.
    #[error(
        "it is no database of tripartite: it has tables, but none whose name begins with `tripartite_`; a table of the host's own is attached first"
    )]
    Foreign,
    /// It is marked as another program's.
    #[error("it is no database of tripartite: it is marked as another program's (application_id {0})")]
    Marked(i32),
    /// It cannot be read where it is.
    #[error(
        "it was not closed in order and cannot be written here, so it cannot be read; copy it, with its -wal file, to where it can be written"
    )]
    Unclosed,
    /// It cannot be created.
    #[error("it cannot be created: {0}")]
    Create(io::Error),
    /// SQLite refused.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// Refuses names that SQLite takes for a database in memory, or for a URI: what is written there is gone afterwards.
///
/// # Errors
/// [`FileError::NoFile`].
///
/// ```
/// use tripartite_sqlite::store::check_name;
/// for nowhere in ["", ":memory:", "file:x?mode=memory", "FILE:x.db"] {
///     assert!(check_name(nowhere.as_ref()).is_err());
/// }
/// assert!(check_name("./file:x".as_ref()).is_ok()); // a file of that name
/// ```
pub fn check_name(path: &Path) -> Result<(), FileError> {
    let name = path.as_os_str().as_encoded_bytes();
    let is_uri = name.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"file:"));
    // SQLite reads other names with a colon in front as files today, and reserves them.
    if name.trim_ascii().is_empty() || name.starts_with(b":") || name.contains(&0) || is_uri {
        return Err(FileError::NoFile(path.display().to_string()));
    }
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => Err(FileError::Irregular),
        _ => Ok(()),
    }
}

/// Opens a file to read and write it. One that is not there is created, its owner's alone; SQLite gives its journals the
/// same mode.
pub(crate) fn open_to_write(path: &Path) -> Result<Connection, FileError> {
    check_name(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(FileError::Create(error)),
        _ => {}
    }
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    Ok(conn)
}

/// Whose database it is. Asked before anything is written, and before the journal's mode is changed.
pub(crate) fn check_owner(conn: &Connection) -> Result<(), FileError> {
    let sql = "SELECT count(*), count(*) FILTER (WHERE name GLOB 'tripartite_*') FROM sqlite_schema";
    let (all, ours) = conn.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    if all > 0 && ours == 0 {
        return Err(FileError::Foreign);
    }
    match conn.pragma_query_value(None, "application_id", |row| row.get(0))? {
        0 => Ok(()),
        // With tables of ours in it, somebody put both into one file and knows.
        _ if ours > 0 => Ok(()),
        other => Err(FileError::Marked(other)),
    }
}

/// A connection that only reads.
///
/// | the file | how |
/// |---|---|
/// | can be written, as can its directory | with the journal, beside any writer; side files go with the connection, unless they were there before |
/// | cannot, and its journal is there | with the journal, beside its writer |
/// | cannot, and it has no journal | as it stands: nobody who could write it was at it |
/// | cannot, and its journal was left behind by a crash | not at all, and a sentence says what to do |
pub(crate) fn read_only(path: &Path) -> Result<Connection, FileError> {
    check_name(path)?;
    match with_journal(path) {
        Err(error) if !is_denied(&error) => Err(error.into()),
        Err(_) if has_content(&journal(path)) => Err(FileError::Unclosed),
        Err(_) => as_it_stands(path),
        Ok(conn) => Ok(conn),
    }
}

/// One that only reads would leave the journal's side files behind, so this one may write and does not. What was in the
/// journal before is not moved out of it.
fn with_journal(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    let in_use = fs::metadata(journal(path)).is_ok();
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, in_use)?;
    conn.pragma_update(None, "query_only", true)?;
    // The journal is opened with the first read.
    conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(conn)
}

fn is_denied(error: &rusqlite::Error) -> bool {
    use ErrorCode::{CannotOpen, PermissionDenied, ReadOnly};
    matches!(error.sqlite_error_code(), Some(CannotOpen | PermissionDenied | ReadOnly))
}

fn as_it_stands(path: &Path) -> Result<Connection, FileError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let conn = Connection::open_with_flags(uri(path), flags)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

/// The path as a URI whose file does not change.
fn uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => uri.push(char::from(byte)),
            other => uri.push_str(&format!("%{other:02x}")),
        }
    }
    uri + "?immutable=1"
}

fn journal(path: &Path) -> PathBuf {
    let mut journal = path.as_os_str().to_owned();
    journal.push("-wal");
    journal.into()
}

fn has_content(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|file| file.len() > 0)
}
