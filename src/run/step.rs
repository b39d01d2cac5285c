//! Steps: where a run is, from its first to its last.

mod flow;
mod reading;
mod writing;

pub use reading::{Fetching, Indexing, Loading};
use reading::{Purpose, Reading};
pub use writing::{Committing, NextBatch, Stopped};

use self::flow::{close, judged};
use super::judging::apply;
use super::listing::Listing;
use super::options::Run;
use super::summary::Done;
use crate::failure::Failure;
use crate::plan::Plan;
use crate::source::Next;

/// Where a run is, and what it needs to go on.
///
/// This enum is exhaustive: a driver must carry out every step.
#[derive(Debug)]
#[must_use = "a run goes on only when its step is resumed"]
#[expect(clippy::large_enum_variant, reason = "a run is done once, and its report is handed over as it is")]
pub enum Step {
    /// It reads the index of linked records. A run of [some](Run::only) records does so last, and only if a percentage
    /// may stop it.
    Indexing(Indexing),
    /// It reads the source's listing.
    Fetching(Fetching),
    /// It reads the records that may have changed.
    Loading(Loading),
    /// It writes.
    Committing(Committing),
    /// A guard stopped it; nothing was written.
    Stopped(Stopped),
    /// It is over.
    Done(Done),
}

impl Step {
    /// How many items of the listing were read so far.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::Run;
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// assert_eq!(run.start().processed(), 0); // the index comes first
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn processed(&self) -> u64 {
        match self {
            Self::Indexing(step) => step.processed(),
            Self::Fetching(step) => step.listing.planning.context.processed(),
            Self::Loading(step) => step.purpose.processed(),
            Self::Committing(step) => step.phase.processed(),
            Self::Stopped(step) => step.writing.context.processed(),
            Self::Done(done) => done.report.counts.processed,
        }
    }

    /// Closes a run that cannot go on, because the host failed to carry out the request.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// use tripartite::failure::Failure;
    /// use tripartite::run::RunOutcome;
    /// // the database refused the password
    /// let report = run.start().fail(Failure::Denied).report;
    /// assert_eq!((report.outcome, report.failure), (RunOutcome::Failed, Some(Failure::Denied)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fail(self, failure: Failure) -> Done {
        match self {
            Self::Indexing(step) => step.failed(failure),
            Self::Fetching(step) => step.listing.failed(failure),
            Self::Loading(step) => step.purpose.failed(failure),
            Self::Committing(step) => step.failed(failure),
            Self::Stopped(stopped) => stopped.finish(),
            Self::Done(done) => done,
        }
    }
}

impl Run {
    /// The first step.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// assert!(matches!(run.start(), Step::Indexing(_))); // the index is read first
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start(self) -> Step {
        let listing = Box::new(Listing::new(self));
        match listing.only().map(<[_]>::is_empty) {
            None => Step::Indexing(Indexing { after: None, purpose: Reading::Linked(listing) }),
            // Another spelling of an id is found in the index.
            Some(false) if listing.reads_index() => {
                Step::Indexing(Indexing { after: None, purpose: Reading::Linked(listing) })
            }
            Some(false) => Step::Fetching(Fetching { listing, after: None }),
            Some(true) => close(*listing, Next::Partial),
        }
    }

    /// Carries out a stored plan without asking the guards, since a person has approved it. A record that a user edited
    /// since is planned once more, from what the source said when the plan was made.
    ///
    /// A plan of another policy is not carried out: the run ends [`Blocked`](super::RunOutcome::Blocked).
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::{Mode, Run, RunOutcome, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let store = MemoryStore::new(schema.clone());
    /// # let one = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
    /// let plan = drive_blocking(run.clone().dry().start(), &one, &store)?
    ///     .plan
    ///     .ok_or("a dry run has one")?;
    /// // Later, without asking the source again:
    /// let report = drive_blocking(run.apply(plan), &Listing::new(vec![]), &store)?.report;
    /// assert_eq!((report.counts.created, store.records().len()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply(self, plan: Plan) -> Step {
        judged(apply(self, plan))
    }
}
