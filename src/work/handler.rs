//! What a worker needs from its host: the time, and the records and the source of a job.

use std::future::Future;

use chrono::{DateTime, Utc};

use crate::backoff::Fraction;
use crate::failure::Classify;
use crate::id::{PolicyRef, SyncKey};
use crate::queue::{Scope, Token};
use crate::run::{Done, Step};
use crate::source::Connector;
use crate::store::RecordStore;

/// The host's clock and its source of randomness.
///
/// A function that returns the time is a clock. Its back-offs are without jitter:
///
/// ```
/// use chrono::{DateTime, Utc};
/// use tripartite::backoff::Fraction;
/// use tripartite::work::Clock;
/// let stopped = || DateTime::<Utc>::UNIX_EPOCH;
/// assert_eq!(
///     (stopped.time(), stopped.fraction()),
///     (DateTime::<Utc>::UNIX_EPOCH, Fraction::ONE)
/// );
/// ```
pub trait Clock {
    /// The time. It may go back, and may differ from other workers' clocks. That costs time, and never correctness.
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
#[non_exhaustive]
pub struct Job {
    /// Whose records, from which source.
    pub key: SyncKey,
    /// The fencing token. A store that checks it in the transaction of each write rejects a worker that has lost its
    /// lease.
    pub token: Token,
    /// Which records it is about. A run of more records is right, too, and does more than was asked.
    pub scope: Scope,
    /// The policy to run under. `None`: the host's own.
    pub policy: Option<PolicyRef>,
    /// Which attempt it is, from 1.
    pub attempt: u32,
}

/// The run of a job, with its source and its records.
///
/// The module has [an example](crate::work).
#[derive(Debug)]
#[non_exhaustive]
pub struct Session<C, S> {
    /// The run, as it begins.
    pub step: Step,
    /// Where the source's records come from.
    pub connector: C,
    /// Where the host's records are.
    pub store: S,
}

impl<C, S> Session<C, S> {
    /// A run as it begins, with its source and its records. The module has [an example](crate::work).
    pub fn new(step: Step, connector: C, store: S) -> Self {
        Self { step, connector, store }
    }
}

/// How a host opens a job, and keeps its report.
///
/// A host with several kinds of source opens each as a [`DynConnector`](crate::source::DynConnector) in a `Box`, and its
/// records as a [`DynRecordStore`](crate::store::DynRecordStore); the example `several_sources` does that. The module has
/// [an example](crate::work) with one kind.
pub trait Handler {
    /// The source.
    type Connector: Connector;
    /// The records.
    type Store: RecordStore;
    /// What can go wrong.
    type Error: std::error::Error + Classify;

    /// Opens a job's source and records, resolves its credential, and begins its run.
    ///
    /// * **Must**: open the records of the job's organisation, and no other's.
    /// * **The core relies on** an error's class: a refused credential is [`Denied`](crate::failure::Failure::Denied),
    ///   and stops the connector for this organisation until a person renews it.
    fn open(
        &self,
        job: &Job,
    ) -> impl Future<Output = Result<Session<Self::Connector, Self::Store>, Self::Error>> + Send;

    /// Keeps the result of the run, before the job counts as ended. After an error the job is tried again.
    ///
    /// * **The core relies on** nothing here. It calls this once for each run that began, and not at all for a run
    ///   whose worker vanished.
    fn close(
        &self,
        job: &Job,
        store: &Self::Store,
        done: &Done,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Whether the worker is to give its job back between two steps, because its process was asked to end.
    ///
    /// * **May**: return false again later. A job that was given back stays so.
    /// * **The core relies on** nothing here. The job is due at once, for any worker, and has lost no attempt. A step
    ///   is never cut off, so a process ends as late as its longest step does.
    ///
    /// What was written stays, and the next attempt does the rest. There is one exception: if two new records of the
    /// source share what a match rule compares, and only the first was created, the second waits for a person; see
    /// [`matching`](crate::matching).
    fn is_shutting_down(&self) -> bool {
        false
    }
}
