//! What a worker needs of its host: the time, and what a job works on.

use std::future::Future;

use chrono::{DateTime, Utc};

use crate::backoff::Fraction;
use crate::failure::Classify;
use crate::id::{PolicyRef, SyncKey};
use crate::queue::{Scope, Token};
use crate::run::{Done, Step};
use crate::source::Connector;
use crate::store::RecordStore;

/// The host's clock, and its dice.
///
/// A function that tells the time is one, whose back-offs are without jitter:
///
/// ```
/// use chrono::{DateTime, Utc};
/// use tripartite::backoff::Fraction;
/// use tripartite::work::Clock;
/// let stopped = || DateTime::<Utc>::UNIX_EPOCH;
/// assert_eq!((stopped.time(), stopped.fraction()), (DateTime::<Utc>::UNIX_EPOCH, Fraction::ONE));
/// ```
pub trait Clock {
    /// The time. It may go back, and differ from other workers' clocks: that costs time, never correctness.
    fn time(&self) -> DateTime<Utc>;

    /// How much of a back-off's jitter to take, drawn anew at each call.
    fn fraction(&self) -> Fraction {
        Fraction::ONE
    }
}

impl<F: Fn() -> DateTime<Utc>> Clock for F {
    fn time(&self) -> DateTime<Utc> {
        self()
    }
}

/// A job that a worker has claimed.
///
/// The module has [an example](crate::work).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Whose records, from which source.
    pub key: SyncKey,
    /// The fencing token: a store that checks it in the transaction of each write lets no worker write that has lost
    /// its lease.
    pub token: Token,
    /// What about. A run over more than that is right too, and does more than was asked.
    pub scope: Scope,
    /// Under which policy; none: the host's own.
    pub policy: Option<PolicyRef>,
    /// Which attempt it is, from 1.
    pub attempt: u32,
}

/// What a job works on.
///
/// The module has [an example](crate::work).
#[derive(Debug)]
pub struct Session<C, S> {
    /// The run, as it begins.
    pub step: Step,
    /// Where the source's records come from.
    pub connector: C,
    /// Where the host's records are.
    pub store: S,
}

/// How a host opens what a job works on.
///
/// The module has [an example](crate::work).
pub trait Handler {
    /// The source.
    type Connector: Connector;
    /// The records.
    type Store: RecordStore;
    /// What can go wrong.
    type Error: std::error::Error + Classify;

    /// Opens what a job works on, resolves its credential, and begins its run.
    ///
    /// * **Must**: open the records of the job's organisation, and no other's.
    /// * **The core relies on** an error's class: a refused credential is
    ///   [`Denied`](crate::failure::Failure::Denied), and stops the connector for this organisation until somebody
    ///   renews it.
    fn open(
        &self,
        job: &Job,
    ) -> impl Future<Output = Result<Session<Self::Connector, Self::Store>, Self::Error>> + Send;

    /// Keeps what came of the run, before the job counts as ended. After an error the job is tried again.
    ///
    /// * **May**: be called more than once for a key, once for each run that began, and not at all for one whose worker
    ///   vanished.
    fn close(
        &self,
        job: &Job,
        store: &Self::Store,
        done: &Done,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Whether the worker is to give its job back between two steps: its process was asked to end.
    ///
    /// * **May**: change its mind; what was given back stays so.
    /// * **The core relies on** nothing here. What is given back is due at once, for whoever comes, and costs no attempt.
    ///   A step is never cut off, so a process ends as late as its longest step does.
    ///
    /// What was written stays, and the next attempt makes up for the rest. With one exception: of two new records of the
    /// source that share what a match rule goes by, of which only the first was created, the second waits for a person;
    /// see [`matching`](crate::matching).
    fn is_shutting_down(&self) -> bool {
        false
    }
}
