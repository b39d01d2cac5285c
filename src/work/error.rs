//! What can go wrong with a record of a job store.

use crate::failure::{Classify, Failure};
use crate::jobs::StoreKey;
use crate::schedule::ScheduleError;

/// Why a record of the work column could not be read or changed. The text contains that of the store's own error, so that
/// error is no source of this one.
///
/// ```
/// use std::convert::Infallible;
/// use tripartite::failure::{Classify, Failure};
/// use tripartite::jobs::StoreKey;
/// use tripartite::work::WorkError;
/// let error =
///     WorkError::<Infallible>::Contended { key: StoreKey::of("gate", ["federation"]) };
/// assert_eq!(
///     error.to_string(),
///     "the record gate/federation was changed by others at every try"
/// );
/// // a broken record is `Fatal`, the store's own its own
/// assert_eq!(error.failure(), Failure::Retry { after: None });
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkError<E: std::error::Error> {
    /// The job store failed.
    #[error("the job store failed: {0}")]
    Store(E),
    /// A stored record cannot be read. It stays as it is.
    #[error("the record {} cannot be read: {problem}", key.as_str())]
    Broken {
        /// Under which key.
        key: StoreKey,
        /// What is wrong with it.
        problem: String,
    },
    /// Others changed the record at every try, so this change was not stored.
    #[error("the record {} was changed by others at every try", key.as_str())]
    Contended {
        /// Under which key.
        key: StoreKey,
    },
}

impl<E: std::error::Error + Classify> Classify for WorkError<E> {
    fn failure(&self) -> Failure {
        match self {
            Self::Store(error) => error.failure(),
            Self::Broken { .. } => Failure::Fatal,
            Self::Contended { .. } => Failure::Retry { after: None },
        }
    }
}

/// Why a connection could not be stored.
///
/// [`Queue::connect`](crate::work::Queue::connect) has an example.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError<E: std::error::Error> {
    /// Its schedule can have no timetable.
    #[error("the connection's schedule: {0}")]
    Schedule(ScheduleError),
    /// The store failed.
    #[error(transparent)]
    Work(#[from] WorkError<E>),
}
