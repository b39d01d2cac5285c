use rusqlite::ErrorCode;
use tripartite::failure::{Classify, Failure};

use crate::store::{FileError, is_busy};

/// Why the work column's tables cannot be used.
///
/// | what happened | class |
/// |---|---|
/// | somebody else held the file for longer than the patience | retry |
/// | reading or writing the file failed, memory ran out | retry |
/// | the disk is full, the file is damaged, read-only or no database | fatal |
/// | the tables are not as this version made them | fatal |
///
/// After an error of a write, it may have taken effect: when the commit itself fails, nobody can tell. When the file was
/// busy, it did not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobsError {
    /// It was written by another version.
    #[error("the work tables have format {found}, this version reads format {expected}")]
    Format {
        /// What this version reads.
        expected: i64,
        /// What was found.
        found: i64,
    },
    /// The file system cannot share memory between processes, so there is no write-ahead log on it.
    #[error("the database needs the journal `wal`, and stays with `{mode}`")]
    Journal {
        /// What it stays with.
        mode: String,
    },
    /// Its texts are not in the order of their bytes.
    #[error("the database keeps its texts as {encoding}, and UTF-8 is needed")]
    Encoding {
        /// What it keeps them as.
        encoding: String,
    },
    /// What stands in a table is not what was put there.
    #[error("`{column}` of `{table}` holds {found}, which is no point in time")]
    NoTime {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// What it holds.
        found: i64,
    },
    /// It is no file of ours, or cannot be opened where it is.
    #[error(transparent)]
    File(FileError),
    /// SQLite refused.
    #[error("{}", told(.0))]
    Sqlite(#[from] rusqlite::Error),
}

impl From<FileError> for JobsError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Sqlite(error) => Self::Sqlite(error),
            error => Self::File(error),
        }
    }
}

impl Classify for JobsError {
    fn failure(&self) -> Failure {
        match self {
            Self::Sqlite(error) if passes(error) => Failure::Retry { after: None },
            _ => Failure::Fatal,
        }
    }
}

fn passes(error: &rusqlite::Error) -> bool {
    use ErrorCode::{OperationInterrupted, OutOfMemory, SystemIoFailure};
    is_busy(error) || matches!(error.sqlite_error_code(), Some(SystemIoFailure | OutOfMemory | OperationInterrupted))
}

fn told(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "the database is in use by another program, which did not finish in time; try again later".to_owned()
        }
        Some(ErrorCode::NotADatabase) => "the file is no SQLite database".to_owned(),
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        _ => error.to_string(),
    }
}
