//! Steps: where a run is, from its first to its last.

mod reading;
mod writing;

pub(super) use reading::Reading;
pub use reading::{Fetching, Indexing, Loading};
pub use writing::{Committing, Stopped};

use super::core::Core;
use super::{Report, Run};
use crate::failure::Failure;
use crate::plan::Plan;
use crate::source::Next;

/// Where a run is, and what it needs to go on.
#[derive(Debug)]
#[must_use = "a run goes on only when its step is resumed"]
#[expect(clippy::large_enum_variant, reason = "a run is done once, and its report is handed over as it is")]
pub enum Step {
    /// It reads what is linked. A run of [some](Run::only) records does so last, and only where a percentage may stop it.
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
    /// How many items of the listing were taken in so far.
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
            Self::Indexing(Indexing { core, .. })
            | Self::Fetching(Fetching { core, .. })
            | Self::Loading(Loading { core, .. })
            | Self::Committing(Committing { core, .. })
            | Self::Stopped(Stopped { core, .. }) => core.processed(),
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
    /// let report = run.start().fail(Failure::Denied).report; // the database refused the password
    /// assert_eq!((report.outcome, report.failure), (RunOutcome::Failed, Some(Failure::Denied)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fail(self, failure: Failure) -> Done {
        match self {
            Self::Indexing(Indexing { core, .. })
            | Self::Fetching(Fetching { core, .. })
            | Self::Loading(Loading { core, .. })
            | Self::Committing(Committing { core, .. }) => core.failed(failure),
            Self::Stopped(stopped) => stopped.finish(),
            Self::Done(done) => done,
        }
    }
}

/// The run is over.
#[derive(Debug)]
pub struct Done {
    /// What came of it.
    pub report: Report,
    /// The plan, when it was not carried out: of a dry run, or a blocked one.
    pub plan: Option<Plan>,
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
    /// assert!(matches!(run.start(), Step::Indexing(_))); // what is linked is asked for first
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start(self) -> Step {
        let core = Box::new(Core::new(self));
        match core.run.only.as_ref().map(Vec::is_empty) {
            None => Step::Indexing(Indexing { core, after: None, purpose: Reading::Linked }),
            Some(false) => Step::Fetching(Fetching { core, after: None }),
            Some(true) => core.finish_listing(Next::Partial),
        }
    }

    /// Carries out a plan that was made before, as it is, without asking the guards: having been approved is what it
    /// is here for. Records that changed since are planned once more against what the plan saw at the source.
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
    /// let plan = drive_blocking(run.clone().dry().start(), &one, &store)?.plan.ok_or("a dry run has one")?;
    /// // Later, and without the source being asked again:
    /// let report = drive_blocking(run.apply(plan), &Listing::new(vec![]), &store)?.report;
    /// assert_eq!((report.counts.created, store.records().len()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply(self, plan: Plan) -> Step {
        Core::new(self).apply(plan)
    }
}
