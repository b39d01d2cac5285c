//! What an error of PostgreSQL means for whoever may try again.
//!
//! | what happened | class |
//! |---|---|
//! | the connection broke, the server starts, ends, recovers or is a replica | retry |
//! | somebody else held a row for too long, a deadlock, a serialisation failure | retry |
//! | too many connections, no memory, a full disk, a failed read | retry |
//! | a statement took too long, or nothing happened in a transaction for too long | retry |
//! | the password or the role is refused | denied |
//! | everything else | fatal |

use tokio_postgres::error::SqlState;
use tripartite::failure::Failure;

use crate::pool::PoolError;

/// The classes of SQLSTATE that pass: connections, insufficient resources, an operator's intervention, the system's errors.
const PASSING: [&str; 4] = ["08", "53", "57", "58"];

/// The server has ended a session, because nothing happened in its transaction, or because that took too long.
const ENDED: [&str; 2] = ["25P03", "25P04"];

pub(crate) fn of(error: &tokio_postgres::Error) -> Failure {
    let retry = Failure::Retry { after: None };
    // Not an answer of the server: the connection broke, or could not be opened.
    let Some(code) = error.code() else { return retry };
    let passing = code.code().get(..2).is_some_and(|class| PASSING.contains(&class));
    if passing
        || ENDED.contains(&code.code())
        || is_contention(code)
        || *code == SqlState::LOCK_NOT_AVAILABLE
        || *code == SqlState::READ_ONLY_SQL_TRANSACTION
    {
        return retry;
    }
    match *code {
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => Failure::Denied,
        _ => Failure::Fatal,
    }
}

pub(crate) fn of_pool(error: &PoolError) -> Failure {
    match error {
        PoolError::Postgres(error) => of(error),
        PoolError::Ended => Failure::Retry { after: None },
        PoolError::NoRuntime | PoolError::Address(_) => Failure::Fatal,
    }
}

/// Whether the transaction was the victim of another one, and is worth another try at once.
pub(crate) fn is_contention(code: &SqlState) -> bool {
    [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
}

/// Whether the connection broke, so that nobody knows what became of the statement.
pub(crate) fn is_broken(error: &tokio_postgres::Error) -> bool {
    error.code().is_none_or(|code| ["08", "57"].iter().any(|class| code.code().starts_with(class)))
}
