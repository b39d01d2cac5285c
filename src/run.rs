//! A run: one sync from listing to report, as typed steps.
//!
//! A run does no IO and never waits. It is a [`Step`]: each variant owns an object that holds the request to carry out,
//! and the only way on is to hand that object the reply. A wrong reply or a second one does not compile.
//!
//! | step | the host is asked for | and hands in |
//! |---|---|---|
//! | [`Indexing`] | a page of its index of linked records | [`IndexPage`] |
//! | [`Fetching`] | a page of the source's listing | [`Page`] |
//! | [`Loading`] | the records that may have changed, and who the others could be, one call a page | [`Records`] |
//! | [`Committing`] | a batch of ops to carry out | [`Outcome`]s |
//! | [`Stopped`] | a person's approval, or nothing | [`PlanId`] |
//! | [`Done`] | nothing | |
//!
//! In the default mode nothing is written before the whole plan has been judged by the [`Guards`]. In
//! [`Mode::Streaming`], for a first import too large to hold, each page is committed as it comes and only
//! deactivations and links wait for the end; a record that the listing states twice, differently, is then found after its
//! first statement was written, and match rules see what the run has written of whom was linked before.
//!
//! How nights end, for a register of 1000 members:
//!
//! | the night | outcome | what was written |
//! |---|---|---|
//! | everything could be read and written | [`Succeeded`](RunOutcome::Succeeded) | everything |
//! | a line of the listing is no record, and has no id | [`Partial`](RunOutcome::Partial) | all but deactivations |
//! | a user edited one record twice while it was being written | Partial | all but this record |
//! | 300 are missing from a complete listing | [`Blocked`](RunOutcome::Blocked) | nothing |
//! | the token was refused on the third page | [`Failed`](RunOutcome::Failed) | nothing; if streaming, two pages |
//!
//! Between the nights, a run of [some](Run::only) records asks for those alone:
//!
//! | asked for one record, the source answers | what was written |
//! |---|---|
//! | with the record | what any run would have written of it |
//! | that it is gone | it is marked inactive |
//! | that it has another id now | its link and base, moved |
//! | with nothing | nothing: it may be late, and only a complete listing says who is missing |
//!
//! **What does a run keep in memory?** The index, some tens of bytes a record, and the ops of what changes; never the
//! listing. In streaming mode only the links.
//!
//! **What if a page cannot be fetched?** Whoever drives the run drops it, or closes it with [`Step::fail`] for a
//! report. In the default mode nothing was written; in streaming mode each committed page stands, and the next run goes
//! on from there.
//!
//! ```
//! use tripartite::exchange::{IndexPage, Item, Next, Outcome, Page, Records, RemoteRecord};
//! use tripartite::id::{ExternalId, LocalId, RunId};
//! use tripartite::run::{Run, RunOutcome, Step};
//! use tripartite::schema::{Field, Kind, Policy, Schema};
//!
//! let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
//! let at = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
//! let mut step = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, at).start();
//! let report = loop {
//!     step = match step {
//!         Step::Indexing(s) => s.resume(IndexPage { entries: vec![], next: None }),
//!         Step::Fetching(s) => {
//!             let record = schema.record(&serde_json::json!({"name": "Áine"}))?;
//!             let item = Item::Record(RemoteRecord { id: ExternalId::new("7")?, version: None, record });
//!             s.resume(Page { items: vec![item], next: Next::Complete { total: Some(1) } })
//!         }
//!         Step::Loading(s) => s.resume(Records::default()), // nothing is linked yet
//!         Step::Committing(s) => {
//!             let local = LocalId::new("1")?;
//!             let outcomes = s.request().ops.iter().map(|_| Outcome::Applied { local: local.clone() }).collect();
//!             s.resume(outcomes)
//!         }
//!         Step::Stopped(s) => break s.finish().report,
//!         Step::Done(done) => break done.report,
//!     };
//! };
//! assert_eq!((report.outcome, report.counts.created), (RunOutcome::Succeeded, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod core;
mod index;
mod last;
mod matched;
mod repeat;
mod report;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

pub use report::{Counts, Report, RunOutcome, Unwritten};

use self::core::{After, Core, Purpose};
use crate::exchange::{Batch, Cursor, IndexPage, Op, Outcome, Page, Records, Wanted};
use crate::failure::Failure;
use crate::id::{ExternalId, RunId};
use crate::matching::{Rule, Rules, RulesError};
use crate::plan::{Blocked, Guards, Plan, PlanId};
use crate::schema::Policy;

/// How many ops go into one batch, unless the host says otherwise: enough that a transaction's fixed cost does not
/// count, few enough that it is over soon.
pub const BATCH: usize = 500;

/// When a run writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// After the whole plan was judged. The default.
    #[default]
    Planned,
    /// Page by page; only deactivations and links are judged, and wait for the end.
    ///
    /// With [match rules](Run::matching), who could be whom is read a page at a time, as the pages before have left it:
    /// an address that the source passes from one record to another can make the second a person's case or not, by the
    /// order of the two. The next run comes to the same; see [`matching`](crate::matching).
    Streaming,
}

/// What a run does, before it starts.
#[derive(Debug, Clone)]
#[must_use = "a run does nothing until it is started"]
pub struct Run {
    policy: Policy,
    id: RunId,
    at: DateTime<Utc>,
    guards: Guards,
    mode: Mode,
    dry: bool,
    approved: Option<PlanId>,
    batch: usize,
    /// In order, each once.
    only: Option<Vec<ExternalId>>,
    missing_after: u32,
    /// Not of none.
    rules: Option<Rules>,
}

impl Run {
    /// A run under a policy. `at` is when it takes place; the audit carries it and `id`.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::Run;
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let policy = Policy::new(Schema::builder().field(Field::new("name", Kind::Name)).build()?);
    /// let at = chrono::DateTime::from_timestamp(1_700_000_000, 0).ok_or("a point in time")?; // no clock is asked
    /// let run = Run::new(policy, RunId::new("2023-11-14-night")?, at);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(policy: Policy, id: RunId, at: DateTime<Utc>) -> Self {
        let (guards, mode) = (Guards::default(), Mode::default());
        Self {
            policy,
            id,
            at,
            guards,
            mode,
            dry: false,
            approved: None,
            batch: BATCH,
            only: None,
            missing_after: 1,
            rules: None,
        }
    }

    /// What stops it.
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
    /// # drive_blocking(run.clone().start(), &one, &store)?;
    /// # let gone = Listing::new(vec![]);
    /// // One record was in step last night; tonight the listing is complete, and empty.
    /// use tripartite::plan::{Guards, Limit};
    /// let guards = Guards::default().allow_empty().deactivations(Limit::NONE); // the club has closed
    /// let report = drive_blocking(run.guards(guards).start(), &gone, &store)?.report;
    /// assert_eq!((report.outcome, report.counts.deactivated), (RunOutcome::Succeeded, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn guards(mut self, guards: Guards) -> Self {
        self.guards = guards;
        self
    }

    /// When it writes.
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
    /// # drive_blocking(run.clone().start(), &one, &store)?;
    /// # let gone = Listing::new(vec![]);
    /// // One record was in step last night; tonight the listing is complete, and empty.
    /// // What it lists is written as it comes; who is missing waits for the end, and for the guards.
    /// let report = drive_blocking(run.mode(Mode::Streaming).start(), &gone, &store)?.report;
    /// assert_eq!(report.outcome, RunOutcome::Blocked);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Stops before anything is written, and hands out the plan. Takes precedence over [`Mode::Streaming`].
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
    /// let done = drive_blocking(run.mode(Mode::Streaming).dry().start(), &one, &store)?;
    /// assert_eq!((done.report.dry_run, done.report.counts.created), (true, 1)); // what it would do
    /// assert!(done.plan.is_some() && store.records().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dry(mut self) -> Self {
        self.dry = true;
        self
    }

    /// Lets exactly this plan pass the guards.
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
    /// # drive_blocking(run.clone().start(), &one, &store)?;
    /// # let gone = Listing::new(vec![]);
    /// // One record was in step last night; tonight the listing is complete, and empty.
    /// let blocked = drive_blocking(run.clone().start(), &gone, &store)?.report;
    /// assert_eq!(blocked.outcome, RunOutcome::Blocked);
    /// // Approved is this plan. Had anything moved since, it would be another one, and be stopped again.
    /// let report = drive_blocking(run.approve(blocked.plan_id).start(), &gone, &store)?.report;
    /// assert_eq!((report.outcome, report.counts.deactivated), (RunOutcome::Succeeded, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn approve(mut self, plan: PlanId) -> Self {
        self.approved = Some(plan);
        self
    }

    /// How many ops go into one batch, at least one.
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
    /// // One batch is one call of the store, and often one transaction; 0 is taken as 1.
    /// assert_eq!(drive_blocking(run.batch(0).start(), &one, &store)?.report.outcome, RunOutcome::Succeeded);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn batch(mut self, ops: usize) -> Self {
        self.batch = ops.max(1);
        self
    }

    /// Only these records: what a webhook does. Each is asked for by its id, and the index is not read, so that a run of
    /// one record costs one fetch, one load and one commit.
    ///
    /// It is never complete, whatever the source says: a record that is not answered for is not looked at, and only a
    /// [tombstone](crate::exchange::Item::Tombstone) marks one inactive. What is said of other records is ignored, and
    /// counted. To the [`Guards`], the population is those of the records that are active here.
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
    /// use tripartite::id::ExternalId;
    /// let two = Listing::of(&schema, ["7", "8"].map(|id| (id, serde_json::json!({"name": "Áine"}))))?;
    /// let counts = drive_blocking(run.clone().only([ExternalId::new("7")?]).start(), &two, &store)?.report.counts;
    /// assert_eq!((counts.processed, counts.created), (1, 1));
    /// // The source has nobody of this id, which says nothing: it may be late, and only a complete listing is believed.
    /// let gone = Listing::new(vec![]);
    /// let counts = drive_blocking(run.clone().only([ExternalId::new("7")?]).start(), &gone, &store)?.report.counts;
    /// assert_eq!((counts.processed, counts.deactivated), (0, 0));
    /// assert!(matches!(run.only([]).start(), Step::Done(_))); // of nobody, it is over at once
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn only(mut self, ids: impl IntoIterator<Item = ExternalId>) -> Self {
        let ids: BTreeSet<ExternalId> = ids.into_iter().collect();
        self.only = Some(ids.into_iter().collect());
        self
    }

    /// How many complete listings in a row must not have a record before it is marked inactive: 1 unless stated, and 0
    /// is taken as 1. For a source whose listings now and then leave somebody out.
    ///
    /// Each complete run counts that was not blocked, also one that repeats another. A tombstone is believed at once.
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::plan::Guards;
    /// # use tripartite::run::{Mode, Run, RunOutcome, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let store = MemoryStore::new(schema.clone());
    /// let two = Listing::of(&schema, ["7", "8"].map(|id| (id, serde_json::json!({"name": "Áine"}))))?;
    /// let one = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
    /// let night = |listing| drive_blocking(run.clone().missing_after(2).start(), listing, &store);
    /// night(&two)?;
    /// let counts = night(&one)?.report.counts;
    /// assert_eq!((counts.missing, counts.deactivated), (1, 0));
    /// night(&two)?; // it is there again, so the next time is the first again
    /// assert_eq!(night(&one)?.report.counts.deactivated, 0);
    /// assert_eq!(night(&one)?.report.counts.deactivated, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn missing_after(mut self, listings: u32) -> Self {
        self.missing_after = listings;
        self
    }

    /// How records of the source are found here that no external id links. Without rules, whoever is not linked is
    /// created.
    ///
    /// Rules are no part of the policy: a record that is linked is not looked at again because one of them changed. A
    /// [trusted](crate::matching::Trust::Trusted) one links, everything else waits for a person; see
    /// [`matching`](crate::matching).
    ///
    /// # Errors
    /// [`RulesError`], when the rules do not fit the policy's schema.
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::Run;
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).field(Field::new("email", Kind::Email)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let store = MemoryStore::new(schema.clone());
    /// use tripartite::id::{ExternalId, LocalId};
    /// use tripartite::matching::{Rule, Trust};
    /// // The club has Áine since before there was a register, and so without an id of it.
    /// let here = LocalId::new("17")?;
    /// store.enter(here.clone(), schema.record(&serde_json::json!({"email": "aine@example.org"}))?);
    /// let listing = Listing::of(&schema, [("FED-1", serde_json::json!({"name": "Áine", "email": "Aine@Example.org"}))])?;
    ///
    /// let email = |trust| [Rule { name: "e-mail".to_owned(), fields: vec!["email".to_owned()], trust }];
    /// let night = |trust| -> Result<_, Box<dyn std::error::Error>> {
    ///     Ok(drive_blocking(run.clone().matching(email(trust))?.start(), &listing, &store)?.report.counts)
    /// };
    /// let counts = night(Trust::Propose)?;
    /// assert_eq!((counts.proposed, counts.linked, counts.created), (1, 0, 0)); // a person is asked first
    /// let counts = night(Trust::Trusted)?;
    /// assert_eq!((counts.linked, counts.updated, counts.created), (1, 1, 0));
    /// let kept = store.get(&ExternalId::new("FED-1")?).ok_or("it is linked")?;
    /// assert_eq!((&kept.id, kept.local.field(0).text()), (&here, Some("Áine")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn matching(mut self, rules: impl IntoIterator<Item = Rule>) -> Result<Self, RulesError> {
        let rules = Rules::new(self.policy.schema(), rules.into_iter().collect())?;
        self.rules = (!rules.is_empty()).then_some(rules);
        Ok(self)
    }

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
            None => Step::Indexing(Indexing { core, after: None }),
            Some(false) => Step::Fetching(Fetching { core, after: None }),
            Some(true) => core.finish_listing(false, None),
        }
    }

    /// Carries out a plan that was made before, as it is, without asking the guards: having been approved is what it
    /// is here for. Records that changed since are planned once more against what the plan saw at the source.
    ///
    /// A plan of another policy is not carried out: the run ends [`Blocked`](RunOutcome::Blocked).
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

/// Where a run is, and what it needs to go on.
#[derive(Debug)]
#[must_use = "a run goes on only when its step is resumed"]
pub enum Step {
    /// It reads what is linked.
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

/// The run reads what is linked.
#[derive(Debug)]
pub struct Indexing {
    core: Box<Core>,
    after: Option<Cursor>,
}

impl Indexing {
    /// Where to go on in the host's index; `None` at its beginning.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// assert_eq!(indexing.request(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request(&self) -> Option<&Cursor> {
        self.after.as_ref()
    }

    /// Goes on with a page of the index.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::exchange::{Cursor, IndexPage};
    /// let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// let next = Cursor("after 4711".to_owned());
    /// let step = indexing.resume(IndexPage { entries: vec![], next: Some(next.clone()) });
    /// // An empty page need not be the last.
    /// assert!(matches!(step, Step::Indexing(indexing) if indexing.request() == Some(&next)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(mut self, page: IndexPage) -> Step {
        self.core.index(page.entries);
        match page.next {
            Some(after) => Step::Indexing(Self { core: self.core, after: Some(after) }),
            None => Step::Fetching(Fetching { core: self.core, after: None }),
        }
    }
}

/// The run reads the source's listing.
#[derive(Debug)]
pub struct Fetching {
    core: Box<Core>,
    after: Option<Cursor>,
}

impl Fetching {
    /// Where to go on in the listing; `None` at its beginning.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::exchange::{IndexPage, Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage { entries: vec![], next: None };
    /// let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// assert_eq!(fetching.request(), None); // the source's own cursor, not the index's
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request(&self) -> Option<&Cursor> {
        self.after.as_ref()
    }

    /// Which records are asked for, in order; `None`: the whole listing. A page of these is
    /// [`Connector::fetch_only`](crate::host::Connector::fetch_only).
    ///
    /// ```
    /// # use tripartite::id::{ExternalId, RunId};
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// let ids = [ExternalId::new("8")?, ExternalId::new("7")?, ExternalId::new("8")?];
    /// let Step::Fetching(fetching) = run.only(ids.clone()).start() else { unreachable!() }; // no index
    /// assert_eq!(fetching.only(), Some(&[ids[1].clone(), ids[0].clone()][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn only(&self) -> Option<&[ExternalId]> {
        self.core.run.only.as_deref()
    }

    /// How many records are linked, as the index said. A run of [some](Run::only) records does not read it: 0.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::exchange::{IndexPage, Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage { entries: vec![], next: None };
    /// let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// assert_eq!(fetching.linked(), 0); // so this is a first import
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn linked(&self) -> u64 {
        self.core.linked()
    }

    /// From here on, writes page by page. For a host that learns only from the index that this is a first import; a dry
    /// run stays one.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::exchange::{IndexPage, Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage { entries: vec![], next: None };
    /// let Step::Fetching(mut fetching) = indexing.resume(nothing) else { unreachable!() };
    /// if fetching.linked() == 0 {
    ///     fetching.stream(); // a first import is written as it comes
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stream(&mut self) {
        self.core.stream();
    }

    /// Goes on with a page of the listing.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::exchange::{IndexPage, Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage { entries: vec![], next: None };
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// // A listing that has nothing, and says that it is not complete: nobody is missing, and there is nothing to do.
    /// let step = fetching.resume(Page { items: vec![], next: Next::Partial });
    /// assert!(matches!(step, Step::Done(done) if done.report.counts.processed == 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(self, page: Page) -> Step {
        self.core.listed(page)
    }
}

/// The run reads the records that may have changed.
#[derive(Debug)]
pub struct Loading {
    core: Box<Core>,
    wanted: Wanted,
    purpose: Purpose,
}

impl Loading {
    /// Which records to load: those that are linked to these ids, and where a run has match rules, those that the others
    /// could be.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::exchange::{IndexPage, Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage { entries: vec![], next: None };
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// # use tripartite::exchange::{Item, Records, RemoteRecord};
    /// # use tripartite::id::ExternalId;
    /// # let item = |id: &str, name: &str| -> Result<_, Box<dyn std::error::Error>> {
    /// #     let record = schema.record(&serde_json::json!({ "name": name }))?;
    /// #     Ok(Item::Record(RemoteRecord { id: ExternalId::new(id)?, version: None, record }))
    /// # };
    /// let page = Page { items: vec![item("7", "Áine")?, item("7", "Áine")?], next: Next::Partial };
    /// let Step::Loading(loading) = fetching.resume(page) else { unreachable!() };
    /// assert_eq!(loading.request().ids.len(), 1); // what is said twice and the same is one record
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request(&self) -> &Wanted {
        &self.wanted
    }

    /// Goes on with the records, in any order.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::exchange::{IndexPage, Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage { entries: vec![], next: None };
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// # use tripartite::exchange::{Item, Records, RemoteRecord};
    /// # use tripartite::id::ExternalId;
    /// # let item = |id: &str, name: &str| -> Result<_, Box<dyn std::error::Error>> {
    /// #     let record = schema.record(&serde_json::json!({ "name": name }))?;
    /// #     Ok(Item::Record(RemoteRecord { id: ExternalId::new(id)?, version: None, record }))
    /// # };
    /// # let page = Page { items: vec![item("7", "Áine")?], next: Next::Partial };
    /// # let Step::Loading(loading) = fetching.resume(page) else { unreachable!() };
    /// use tripartite::exchange::Action;
    /// // The reply leaves it out: nobody here has this id, so it is created.
    /// let Step::Committing(committing) = loading.resume(Records::default()) else { unreachable!() };
    /// assert!(matches!(committing.request().ops[0].action, Action::Create(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(self, records: Records) -> Step {
        self.core.loaded(self.purpose, records)
    }
}

/// The run writes.
#[derive(Debug)]
pub struct Committing {
    core: Box<Core>,
    batch: Batch,
    rest: Vec<Op>,
    after: After,
}

impl Committing {
    /// The ops to carry out.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::exchange::{IndexPage, Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage { entries: vec![], next: None };
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// # use tripartite::exchange::{Item, Records, RemoteRecord};
    /// # use tripartite::id::ExternalId;
    /// # let item = |id: &str, name: &str| -> Result<_, Box<dyn std::error::Error>> {
    /// #     let record = schema.record(&serde_json::json!({ "name": name }))?;
    /// #     Ok(Item::Record(RemoteRecord { id: ExternalId::new(id)?, version: None, record }))
    /// # };
    /// # let page = Page { items: vec![item("7", "Áine")?], next: Next::Partial };
    /// # let Step::Loading(loading) = fetching.resume(page) else { unreachable!() };
    /// use tripartite::exchange::Expect;
    /// let Step::Committing(committing) = loading.resume(Records::default()) else { unreachable!() };
    /// assert_eq!(committing.request().ops[0].expect, Expect::Unlinked); // checked by the store as it writes
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request(&self) -> &Batch {
        &self.batch
    }

    /// How many ops come after this batch, as far as is known.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let run = run.batch(1);
    /// # use tripartite::exchange::{IndexPage, Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage { entries: vec![], next: None };
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// # use tripartite::exchange::{Item, Records, RemoteRecord};
    /// # use tripartite::id::ExternalId;
    /// # let item = |id: &str, name: &str| -> Result<_, Box<dyn std::error::Error>> {
    /// #     let record = schema.record(&serde_json::json!({ "name": name }))?;
    /// #     Ok(Item::Record(RemoteRecord { id: ExternalId::new(id)?, version: None, record }))
    /// # };
    /// # let page = Page { items: vec![item("7", "Áine")?, item("8", "Seán")?], next: Next::Partial };
    /// # let Step::Loading(loading) = fetching.resume(page) else { unreachable!() };
    /// // Two new records, in batches of one:
    /// let Step::Committing(committing) = loading.resume(Records::default()) else { unreachable!() };
    /// assert_eq!((committing.request().ops.len(), committing.remaining()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Goes on with what came of each op, in the order of the batch. An op without an outcome counts as failed.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::exchange::{IndexPage, Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage { entries: vec![], next: None };
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// # use tripartite::exchange::{Item, Records, RemoteRecord};
    /// # use tripartite::id::ExternalId;
    /// # let item = |id: &str, name: &str| -> Result<_, Box<dyn std::error::Error>> {
    /// #     let record = schema.record(&serde_json::json!({ "name": name }))?;
    /// #     Ok(Item::Record(RemoteRecord { id: ExternalId::new(id)?, version: None, record }))
    /// # };
    /// # let page = Page { items: vec![item("7", "Áine")?], next: Next::Partial };
    /// # let Step::Loading(loading) = fetching.resume(page) else { unreachable!() };
    /// # let Step::Committing(committing) = loading.resume(Records::default()) else { unreachable!() };
    /// use tripartite::exchange::Outcome;
    /// // Somebody linked the record meanwhile: it is loaded and planned once more, not overwritten.
    /// assert!(matches!(committing.resume(vec![Outcome::Stale]), Step::Loading(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(self, outcomes: Vec<Outcome>) -> Step {
        self.core.committed(self.batch.ops, outcomes, self.rest, self.after)
    }
}

/// A guard stopped the run; nothing was written.
#[derive(Debug)]
pub struct Stopped {
    core: Box<Core>,
    plan: Plan,
    reasons: Vec<Blocked>,
}

impl Stopped {
    /// What the run would have done.
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
    /// # drive_blocking(run.clone().start(), &one, &store)?;
    /// # let gone = Listing::new(vec![]);
    /// // One record was in step last night; tonight the listing is complete, and empty.
    /// # use tripartite::drive::block_on;
    /// # use tripartite::host::{Connector, RecordStore};
    /// # let mut step = run.start();
    /// # let stopped = loop {
    /// #     step = match step {
    /// #         Step::Indexing(s) => { let page = block_on(store.index(s.request()))?; s.resume(page) }
    /// #         Step::Fetching(s) => { let page = block_on(gone.fetch(s.request()))?; s.resume(page) }
    /// #         Step::Loading(s) => { let loaded = block_on(store.load(s.request()))?; s.resume(loaded) }
    /// #         Step::Stopped(stopped) => break stopped,
    /// #         other => return Err(format!("{other:?}").into()),
    /// #     };
    /// # };
    /// use tripartite::exchange::Action;
    /// assert_eq!(stopped.plan().ops()[0].action, Action::Deactivate);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What stopped it.
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
    /// # drive_blocking(run.clone().start(), &one, &store)?;
    /// # let gone = Listing::new(vec![]);
    /// // One record was in step last night; tonight the listing is complete, and empty.
    /// # use tripartite::drive::block_on;
    /// # use tripartite::host::{Connector, RecordStore};
    /// # let mut step = run.start();
    /// # let stopped = loop {
    /// #     step = match step {
    /// #         Step::Indexing(s) => { let page = block_on(store.index(s.request()))?; s.resume(page) }
    /// #         Step::Fetching(s) => { let page = block_on(gone.fetch(s.request()))?; s.resume(page) }
    /// #         Step::Loading(s) => { let loaded = block_on(store.load(s.request()))?; s.resume(loaded) }
    /// #         Step::Stopped(stopped) => break stopped,
    /// #         other => return Err(format!("{other:?}").into()),
    /// #     };
    /// # };
    /// use tripartite::plan::Blocked;
    /// assert_eq!(stopped.reasons(), [Blocked::EmptyListing { population: 1 }]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reasons(&self) -> &[Blocked] {
        &self.reasons
    }

    /// Goes on, if this is the plan that was approved.
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
    /// # drive_blocking(run.clone().start(), &one, &store)?;
    /// # let gone = Listing::new(vec![]);
    /// // One record was in step last night; tonight the listing is complete, and empty.
    /// # use tripartite::drive::block_on;
    /// # use tripartite::host::{Connector, RecordStore};
    /// # let mut step = run.start();
    /// # let stopped = loop {
    /// #     step = match step {
    /// #         Step::Indexing(s) => { let page = block_on(store.index(s.request()))?; s.resume(page) }
    /// #         Step::Fetching(s) => { let page = block_on(gone.fetch(s.request()))?; s.resume(page) }
    /// #         Step::Loading(s) => { let loaded = block_on(store.load(s.request()))?; s.resume(loaded) }
    /// #         Step::Stopped(stopped) => break stopped,
    /// #         other => return Err(format!("{other:?}").into()),
    /// #     };
    /// # };
    /// let Step::Stopped(stopped) = stopped.approve("0".repeat(32).parse()?) else { unreachable!() }; // another plan's id
    /// let id = stopped.plan().id();
    /// assert!(matches!(stopped.approve(id), Step::Committing(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn approve(self, plan: PlanId) -> Step {
        if plan == self.plan.id() { self.core.commit_plan(self.plan) } else { Step::Stopped(self) }
    }

    /// Leaves it at that.
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
    /// # drive_blocking(run.clone().start(), &one, &store)?;
    /// # let gone = Listing::new(vec![]);
    /// // One record was in step last night; tonight the listing is complete, and empty.
    /// # use tripartite::drive::block_on;
    /// # use tripartite::host::{Connector, RecordStore};
    /// # let mut step = run.start();
    /// # let stopped = loop {
    /// #     step = match step {
    /// #         Step::Indexing(s) => { let page = block_on(store.index(s.request()))?; s.resume(page) }
    /// #         Step::Fetching(s) => { let page = block_on(gone.fetch(s.request()))?; s.resume(page) }
    /// #         Step::Loading(s) => { let loaded = block_on(store.load(s.request()))?; s.resume(loaded) }
    /// #         Step::Stopped(stopped) => break stopped,
    /// #         other => return Err(format!("{other:?}").into()),
    /// #     };
    /// # };
    /// let done = stopped.finish();
    /// assert_eq!(done.report.outcome, RunOutcome::Blocked);
    /// assert!(done.plan.is_some()); // to be kept, shown, approved, and then applied
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn finish(self) -> Done {
        self.core.blocked(self.plan, self.reasons)
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
