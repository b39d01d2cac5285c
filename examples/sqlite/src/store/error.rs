use rusqlite::ErrorCode;
use tripartite::failure::{Classify, Failure};
use tripartite_sql::AttachError;

use super::file::FileError;

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It is no file of ours, or cannot be opened where it is.
    #[error(transparent)]
    File(FileError),
    /// Its texts are not UTF-8, so they stand in another order than ids are compared in.
    #[error("its texts are {found}; only a database whose encoding is UTF-8 can be kept in step")]
    Encoding {
        /// What they are.
        found: String,
    },
    /// It was written by a later version.
    #[error("it has format {found}, this version reads format {expected}")]
    Format {
        /// What this version reads.
        expected: String,
        /// What was found.
        found: String,
    },
    /// It is not there.
    #[error("there is no such file")]
    Missing,
    /// What it remembers of the schema cannot be read.
    #[error("the schema it holds cannot be read: {problem}")]
    Schema {
        /// Why.
        problem: String,
    },
    /// A field cannot have a column.
    #[error("field `{field}` cannot have a column of its own: {problem}")]
    Column {
        /// The field.
        field: String,
        /// Why.
        problem: String,
    },
    /// A table of the host's own cannot be attached, or is not as it was.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// What a table of the host's own made of a field is not what was written.
    #[error("the table keeps another value of field `{field}` than was written")]
    Altered {
        /// The field.
        field: String,
    },
    /// A trigger of the host's own deletes what is written into its table.
    #[error("a trigger of the database took the row away again")]
    Vanished,
    /// What stands in a table of ours is not what was put there.
    #[error("`{table}` holds something unreadable for {id}")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// Whose row.
        id: String,
    },
    /// The register is not in it.
    #[error("{register} is not in it; {}", others(.known))]
    NoRegister {
        /// The register that was asked for.
        register: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// The claim that this store writes under is over: the job is somebody else's by now, or nobody's.
    #[error("claim {token} of `{key}` no longer holds, so nothing was written")]
    Fenced {
        /// Where the slot is stored.
        key: String,
        /// The token of the claim.
        token: u64,
    },
    /// SQLite refused.
    #[error("{}", told(.0))]
    Sqlite(#[from] rusqlite::Error),
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Sqlite(error) => Self::Sqlite(error),
            error => Self::File(error),
        }
    }
}

impl Classify for StoreError {
    fn failure(&self) -> Failure {
        match self {
            // A full disk is emptied.
            Self::Sqlite(error) if is_busy(error) || is_full(error) => Failure::Retry { after: None },
            Self::Fenced { .. } => Failure::Retry { after: None },
            _ => Failure::Fatal,
        }
    }
}

/// Whether somebody else is at the file, and nothing was changed.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// So many registers an error lists.
const LISTED: usize = 5;

fn others(known: &[String]) -> String {
    match known.len() {
        0 => "it has none".to_owned(),
        all if all <= LISTED => format!("it has {}", known.join(", ")),
        all => format!("it has {} and {} more", known[..LISTED].join(", "), all - LISTED),
    }
}

fn told(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "it is in use by another program, which did not finish in time; try again later".to_owned()
        }
        Some(ErrorCode::NotADatabase) => "it is no SQLite database".to_owned(),
        Some(ErrorCode::ConstraintViolation) => refused(error),
        _ => error.to_string(),
    }
}

/// Why one write was refused, without any value. A trigger of the user's own may say anything, so it is not quoted.
pub(super) fn refused(error: &rusqlite::Error) -> String {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_TRIGGER, SQLITE_CONSTRAINT_VTAB};
    match error {
        rusqlite::Error::SqliteFailure(inner, _)
            if [SQLITE_CONSTRAINT_TRIGGER, SQLITE_CONSTRAINT_VTAB].contains(&inner.extended_code) =>
        {
            "a trigger of the database refused it".to_owned()
        }
        rusqlite::Error::SqliteFailure(_, Some(message)) => format!("the database refused it: {message}"),
        _ => "the database refused it".to_owned(),
    }
}
