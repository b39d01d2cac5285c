//! The driver: carries a run from step to step, with a connector and a store.
//!
//! It is a convenience of some twenty lines. A host that wants a progress bar, fetches pages in parallel, or sits
//! behind an FFI takes the steps itself; see [`run`](crate::run).
//!
//! | step | what the driver calls | if that fails |
//! |---|---|---|
//! | [`Indexing`](Step::Indexing) | [`RecordStore::index`] | [`DriveError::Store`] |
//! | [`Fetching`](Step::Fetching) | [`fetch`]: [`Connector::fetch`] or [`fetch_only`] | [`DriveError::Connector`] |
//! | [`Loading`](Step::Loading) | [`RecordStore::load`] | [`DriveError::Store`] |
//! | [`Committing`](Step::Committing) | [`commit`]: [`RecordStore::commit`] | [`DriveError::Store`] |
//! | [`Stopped`](Step::Stopped) | nothing: the run ends blocked, with its plan | |
//! | [`Done`](Step::Done) | nothing | |
//!
//! **Does it try again?** No. It hands out the host's own error with the report of the run so far, and [`Classify`]
//! says whether another run makes sense, and when. A run that is repeated from the start costs a listing and an index;
//! what was written is in step and is not looked at.
//!
//! [`fetch_only`]: Connector::fetch_only
//!
//! **What if its future is dropped?** The run ends where it waited. A batch that was handed to the store may or may not
//! have been carried out, which the next run finds out.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::failure::{Classify, Failure};
use crate::run::{Committing, Done, Fetching, Step};
use crate::source::{Connector, Page};
use crate::store::{OpOutcome, RecordStore};

/// What stopped a driven run: the host's own error, and the run as far as it got.
///
/// ```
/// # use tripartite::drive::{DriveError, drive_blocking};
/// # use tripartite::source::{Connector, Cursor, Page};
/// # use tripartite::failure::{Classify, Failure};
/// # use tripartite::id::RunId;
/// # use tripartite::memory::MemoryStore;
/// # use tripartite::run::{Run, RunOutcome};
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # #[derive(Debug, thiserror::Error)]
/// # #[error("the token was refused")]
/// # struct Refused;
/// # impl Classify for Refused {
/// #     fn failure(&self) -> Failure {
/// #         Failure::Denied
/// #     }
/// # }
/// # struct Source;
/// # impl Connector for Source {
/// #     type Error = Refused;
/// #     async fn fetch(&self, _: Option<&Cursor>) -> Result<Page, Refused> {
/// #         Err(Refused)
/// #     }
/// # }
/// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
/// # let store = MemoryStore::new(schema.clone());
/// # let step = Run::new(Policy::new(schema), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH).start();
/// // A source that refuses the token:
/// let error = drive_blocking(step, &Source, &store).unwrap_err();
/// assert_eq!(error.failure(), Failure::Denied); // no use in trying again
/// assert_eq!(error.to_string(), "the source could not be read: the token was refused");
/// let DriveError::Connector { done, .. } = error else { panic!("not the source") };
/// assert_eq!(done.report.outcome, RunOutcome::Failed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriveError<C: std::error::Error, S: std::error::Error> {
    /// The connector failed.
    #[error("the source could not be read: {error}")]
    Connector {
        /// Its error.
        error: C,
        /// The run, with its report.
        done: Box<Done>,
    },
    /// The store failed.
    #[error("the records could not be read or written: {error}")]
    Store {
        /// Its error.
        error: S,
        /// The run, with its report.
        done: Box<Done>,
    },
}

impl<C: std::error::Error + Classify, S: std::error::Error + Classify> Classify for DriveError<C, S> {
    fn failure(&self) -> Failure {
        match self {
            Self::Connector { error, .. } => error.failure(),
            Self::Store { error, .. } => error.failure(),
        }
    }
}

/// Drives a run to its end. A run that a guard stops ends there, blocked.
///
/// It needs no runtime of its own: it waits only in the host's own futures.
///
/// # Errors
/// The first error of the connector or the store, with the run's report as it stands.
///
/// ```
/// use tripartite::drive::drive_blocking;
/// use tripartite::id::{ExternalId, RunId};
/// use tripartite::memory::{Listing, MemoryStore};
/// use tripartite::run::Run;
/// use tripartite::schema::{Field, Kind, Policy, Schema};
///
/// let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
/// let store = MemoryStore::new(schema.clone());
/// let night = |run: &str, phone: &str| {
///     let listing = Listing::of(&schema, [("7", serde_json::json!({ "phone": phone }))])?;
///     let at = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
///     let step = Run::new(Policy::new(schema.clone()), RunId::new(run)?, at).start();
///     Ok::<_, Box<dyn std::error::Error>>(drive_blocking(step, &listing, &store)?.report)
/// };
/// assert_eq!(night("run-1", "1")?.counts.created, 1);
/// store.edit(&ExternalId::new("7")?, &serde_json::json!({"phone": "2"}))?; // a user's edit
/// let report = night("run-2", "1")?; // the source did not move: the edit stays
/// assert_eq!((report.counts.updated, report.counts.unchanged), (0, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn drive<C: Connector, S: RecordStore>(
    mut step: Step,
    connector: &C,
    store: &S,
) -> Result<Done, DriveError<C::Error, S::Error>> {
    loop {
        step = match step {
            Step::Stopped(stopped) => return Ok(stopped.finish()),
            Step::Done(done) => return Ok(done),
            step => advance(step, connector, store).await?,
        };
    }
}

/// Carries a run one step on, by one call to the connector or the store. A run that is over, or stopped, stays as it
/// is.
///
/// For a caller that does something between two steps: extend a lease, draw a progress bar.
///
/// # Errors
/// As [`drive`].
///
/// ```
/// use tripartite::drive::{advance, block_on};
/// use tripartite::run::Step;
/// # use tripartite::id::RunId;
/// # use tripartite::memory::{Listing, MemoryStore};
/// # use tripartite::run::Run;
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
/// # let mut step = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH).start();
/// # let store = MemoryStore::new(schema.clone());
/// # let one = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
/// let mut steps = 0;
/// while !matches!(step, Step::Stopped(_) | Step::Done(_)) {
///     step = block_on(advance(step, &one, &store))?;
///     steps += 1;
/// }
/// assert_eq!(steps, 4); // the index, a page, its records, a batch
/// assert!(matches!(block_on(advance(step, &one, &store))?, Step::Done(_))); // over is over
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn advance<C: Connector, S: RecordStore>(
    step: Step,
    connector: &C,
    store: &S,
) -> Result<Step, DriveError<C::Error, S::Error>> {
    let failed = |step: Step, failure| Box::new(step.fail(failure));
    Ok(match step {
        Step::Indexing(s) => match store.index(s.request()).await {
            Ok(page) => s.resume(page),
            Err(error) => {
                let done = failed(Step::Indexing(s), error.failure());
                return Err(DriveError::Store { error, done });
            }
        },
        Step::Fetching(s) => match fetch(&s, connector).await {
            Ok(page) => s.resume(page),
            Err(error) => {
                let done = failed(Step::Fetching(s), error.failure());
                return Err(DriveError::Connector { error, done });
            }
        },
        Step::Loading(s) => match store.load(s.request()).await {
            Ok(records) => s.resume(records),
            Err(error) => {
                let done = failed(Step::Loading(s), error.failure());
                return Err(DriveError::Store { error, done });
            }
        },
        Step::Committing(mut s) => match commit(&mut s, store).await {
            Ok(outcomes) => s.resume(outcomes),
            Err(error) => {
                let done = failed(Step::Committing(s), error.failure());
                return Err(DriveError::Store { error, done });
            }
        },
        over @ (Step::Stopped(_) | Step::Done(_)) => over,
    })
}

/// The page that a run waits for: of the whole listing, or of the records it is about.
///
/// # Errors
/// The connector's.
///
/// ```
/// # use tripartite::id::{ExternalId, RunId};
/// # use tripartite::memory::Listing;
/// # use tripartite::run::Run;
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// use tripartite::drive::{block_on, fetch};
/// use tripartite::run::Step;
/// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
/// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
/// # let two = Listing::of(&schema, ["7", "8"].map(|id| (id, serde_json::json!({"name": "Áine"}))))?;
/// let Step::Fetching(fetching) = run.only([ExternalId::new("7")?]).start() else {
///     unreachable!()
/// };
/// assert_eq!(block_on(fetch(&fetching, &two))?.items.len(), 1); // of two
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn fetch<C: Connector>(step: &Fetching, connector: &C) -> Result<Page, C::Error> {
    match step.only() {
        None => connector.fetch(step.request()).await,
        Some(ids) => connector.fetch_only(ids, step.request()).await,
    }
}

/// Has a batch carried out, and makes the next one ready while the store waits for its database.
///
/// # Errors
/// The store's.
///
/// ```
/// # use tripartite::id::RunId;
/// # use tripartite::memory::{Listing, MemoryStore};
/// # use tripartite::run::Run;
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// use tripartite::drive::{block_on, commit};
/// use tripartite::run::Step;
/// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
/// # let mut step = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH).start();
/// # let store = MemoryStore::new(schema.clone());
/// # let one = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
/// # let mut step = loop {
/// #     step = match step {
/// #         Step::Committing(committing) => break committing,
/// #         step => block_on(tripartite::drive::advance(step, &one, &store))?,
/// #     };
/// # };
/// let outcomes = block_on(commit(&mut step, &store))?;
/// assert!(matches!(step.resume(outcomes), Step::Done(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn commit<S: RecordStore>(step: &mut Committing, store: &S) -> Result<Vec<OpOutcome>, S::Error> {
    let (batch, mut next) = step.request_and_next();
    let mut commit = pin!(store.commit(batch));
    poll_fn(|context| {
        loop {
            match commit.as_mut().poll(context) {
                // The store may have its answer by the time that a few ops are ready.
                Poll::Pending if next.prepare() => {}
                poll => return poll,
            }
        }
    })
    .await
}

/// [`drive`], on the calling thread: parks it while the host's futures wait.
///
/// # Errors
/// As [`drive`].
///
/// ```
/// use tripartite::drive::drive_blocking;
/// # use tripartite::id::RunId;
/// # use tripartite::memory::{Listing, MemoryStore};
/// # use tripartite::run::{Run, RunOutcome};
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
/// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
/// # let store = MemoryStore::new(schema.clone());
/// # let one = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
/// // A host whose futures never wait, such as one on SQLite, needs no runtime at all.
/// let done = drive_blocking(run.start(), &one, &store)?;
/// assert_eq!(done.report.outcome, RunOutcome::Succeeded);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn drive_blocking<C: Connector, S: RecordStore>(
    step: Step,
    connector: &C,
    store: &S,
) -> Result<Done, DriveError<C::Error, S::Error>> {
    block_on(drive(step, connector, store))
}

/// Drives any future on the calling thread, parking it while the future waits: for hosts that take the steps themselves
/// and whose futures need no runtime.
///
/// ```
/// assert_eq!(tripartite::drive::block_on(async { 6 * 7 }), 42);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ExternalId, RunId};
    use crate::memory::{Listing, MemoryStore};
    use crate::run::Run;
    use crate::schema::{Field, Kind, Policy, Schema};
    use crate::source::{Cursor, Item, RemoteRecord};
    use crate::store::{Batch, IndexPage, LoadRequest, Records};

    /// Answers a commit when it is polled for the so many-th time.
    struct Waiting {
        store: MemoryStore,
        polls: u32,
    }

    impl RecordStore for Waiting {
        type Error = <MemoryStore as RecordStore>::Error;

        async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, Self::Error> {
            self.store.index(after).await
        }

        async fn load(&self, wanted: &LoadRequest) -> Result<Records, Self::Error> {
            self.store.load(wanted).await
        }

        async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, Self::Error> {
            let mut left = self.polls;
            poll_fn(|context| {
                context.waker().wake_by_ref();
                left = left.saturating_sub(1);
                if left == 0 { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            self.store.commit(batch).await
        }
    }

    /// However long a store waits, the run writes the same in the same batches, and says the same.
    #[test]
    fn the_next_batch_is_the_same_whether_it_is_made_early_or_late() {
        let schema = Schema::builder().field(Field::new("name", Kind::Text)).build().unwrap();
        let item = |n: u32| {
            let fields = serde_json::json!({ "name": format!("Member {n}") });
            let id = ExternalId::new(n.to_string()).unwrap();
            Item::Record(RemoteRecord::new(id, schema.record(&fields).unwrap()))
        };
        let mut known = None;
        for polls in [1, 2, 5, 1000] {
            let store = Waiting { store: MemoryStore::new(schema.clone()), polls };
            let listing = Listing::new((0..250).map(item).collect());
            let run = RunId::new("run-1").unwrap();
            let mut step = Run::new(Policy::new(schema.clone()), run, chrono::DateTime::UNIX_EPOCH).batch(60).start();
            let mut batches = Vec::new();
            while !matches!(step, Step::Done(_)) {
                if let Step::Committing(committing) = &step {
                    batches.push((committing.request().clone(), committing.remaining()));
                }
                step = block_on(advance(step, &listing, &store)).unwrap();
            }
            let Step::Done(done) = step else { unreachable!() };
            assert_eq!(batches.iter().map(|(batch, _)| batch.ops.len()).collect::<Vec<_>>(), [60, 60, 60, 60, 10]);
            let seen = format!("{batches:?} {:?} {:?}", done.report, store.store.records());
            assert!(*known.get_or_insert_with(|| seen.clone()) == seen, "after {polls} polls");
        }
    }
}
