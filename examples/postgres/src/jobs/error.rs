use tripartite::failure::{Classify, Failure};

use crate::failure;
use crate::format::FormatError;
use crate::pool::{PoolError, told};

/// Why the work column's tables cannot be used.
///
/// | what happened | class |
/// |---|---|
/// | the connection broke, the server is away, full, or a replica | retry |
/// | somebody else held a row for too long | retry |
/// | the password is refused | denied |
/// | the tables are not as this version made them | fatal |
///
/// After an error of a write, it may have taken effect: when the connection breaks, nobody can tell.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobsError {
    /// The tables are not there, or are another version's.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// What stands in a table is not what was put there.
    #[error("`{column}` of `{table}` holds something else than was put there")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// There is no connection.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// PostgreSQL refused.
    #[error("{}", told(.0))]
    Postgres(#[from] tokio_postgres::Error),
}

impl Classify for JobsError {
    fn failure(&self) -> Failure {
        match self {
            Self::Format(error) => error.failure(),
            Self::Unreadable { .. } => Failure::Fatal,
            Self::Pool(error) => failure::of_pool(error),
            Self::Postgres(error) => failure::of(error),
        }
    }
}
