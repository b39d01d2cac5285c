use tokio_postgres::error::SqlState;
use tripartite::failure::{Classify, Failure};
use tripartite_sql::AttachError;

use crate::failure;
use crate::format::FormatError;
use crate::pool::{PoolError, told};

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The tables are not there, or are another version's.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// What it remembers of the schema cannot be read.
    #[error("the schema it holds cannot be read: {problem}")]
    Schema {
        /// Why.
        problem: String,
    },
    /// A field cannot have a column.
    #[error("field `{field}` cannot have a column: {problem}")]
    Column {
        /// The field.
        field: String,
        /// Why.
        problem: String,
    },
    /// A table of the host's own cannot be attached, or is not as it was.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// What the table made of a field is not what was written.
    #[error("the table keeps another value of field `{field}` than was written")]
    Altered {
        /// The field.
        field: String,
    },
    /// A trigger of the host's own refuses a write without an error, or takes the row away again.
    #[error("a trigger of the table took the row away, or did not let it be written")]
    Vanished,
    /// The key of a row is no id of a record.
    #[error("the key of its row is no id: {problem}")]
    Key {
        /// Why.
        problem: String,
    },
    /// What stands in a table of the store's is not what was put there.
    #[error("`{table}` holds something unreadable for {id}")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// Whose row.
        id: String,
    },
    /// Somebody pruned the audit of the run that is writing it.
    #[error("the audit was pruned while it was written")]
    Pruned,
    /// The register is not in it.
    #[error("{register} is not in it")]
    NoRegister {
        /// The register that was asked for.
        register: String,
    },
    /// The claim that this store writes under is over: the job is somebody else's by now, or nobody's.
    #[error("claim {token} of `{key}` no longer holds, so nothing was written")]
    Fenced {
        /// Where the slot is stored.
        key: String,
        /// The token of the claim.
        token: u64,
    },
    /// There is no connection.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// PostgreSQL refused.
    #[error("{}", told(.0))]
    Postgres(#[from] tokio_postgres::Error),
}

impl Classify for StoreError {
    fn failure(&self) -> Failure {
        match self {
            Self::Format(error) => error.failure(),
            Self::Pool(error) => failure::of_pool(error),
            Self::Postgres(error) => failure::of(error),
            Self::Fenced { .. } | Self::Pruned => Failure::Retry { after: None },
            _ => Failure::Fatal,
        }
    }
}

/// The classes of SQLSTATE that a value or a trigger causes: data, integrity, external routines, check options, limits of the
/// program, PL/pgSQL.
const REFUSALS: [&str; 7] = ["22", "23", "38", "39", "44", "54", "P0"];

impl StoreError {
    fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Postgres(error) => error.code(),
            _ => None,
        }
    }

    /// Whether the database refused what was to be written, and would take something else.
    pub(super) fn is_refusal(&self) -> bool {
        let refuses = |code: &SqlState| REFUSALS.iter().any(|class| code.code().starts_with(class));
        matches!(self, Self::Altered { .. } | Self::Vanished | Self::Key { .. }) || self.code().is_some_and(refuses)
    }

    /// Whether two rows would have the same value where none may.
    pub(super) fn is_double(&self) -> bool {
        self.code() == Some(&SqlState::UNIQUE_VIOLATION)
    }

    /// The unique index that allows a value once.
    pub(super) fn double(&self) -> Option<String> {
        match self {
            Self::Postgres(error) if self.is_double() => error.as_db_error()?.constraint().map(str::to_owned),
            _ => None,
        }
    }

    /// Whether somebody else has been changing a row for too long.
    pub(super) fn is_locked(&self) -> bool {
        self.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
    }

    /// Whether the transaction was the victim of another one.
    pub(super) fn is_contention(&self) -> bool {
        matches!(self, Self::Pruned) || self.code().is_some_and(failure::is_contention)
    }

    /// Whether the table is not as it was when the statements were made.
    pub(super) fn is_outdated(&self) -> bool {
        let codes = [SqlState::FEATURE_NOT_SUPPORTED, SqlState::UNDEFINED_COLUMN, SqlState::UNDEFINED_TABLE];
        self.code().is_some_and(|code| codes.contains(code))
    }

    /// Why one write was refused, without any value. PostgreSQL's own words may have one, and a trigger may say anything, so
    /// neither is quoted.
    pub(super) fn refusal(&self) -> String {
        let Self::Postgres(error) = self else { return self.to_string() };
        let Some(error) = error.as_db_error() else { return "PostgreSQL refused it".to_owned() };
        let what = match (error.column(), error.constraint()) {
            (_, Some(constraint)) => format!(": constraint `{constraint}`"),
            (Some(column), None) => format!(": column `{column}`"),
            (None, None) => String::new(),
        };
        match error.code() {
            code if code.code().starts_with("P0") => "a trigger of the table refused it".to_owned(),
            code => format!("PostgreSQL refused it{what} ({}, {})", kind(code), code.code()),
        }
    }
}

fn kind(code: &SqlState) -> &'static str {
    match *code {
        SqlState::NOT_NULL_VIOLATION => "it must not be null",
        SqlState::UNIQUE_VIOLATION => "another row has the same",
        SqlState::FOREIGN_KEY_VIOLATION => "no row that it names",
        SqlState::CHECK_VIOLATION => "a check",
        SqlState::STRING_DATA_RIGHT_TRUNCATION => "a text is too long for its column",
        SqlState::NUMERIC_VALUE_OUT_OF_RANGE => "a number is too large for its column",
        _ => "a value does not fit",
    }
}
