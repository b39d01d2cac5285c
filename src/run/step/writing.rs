//! The steps that write, or wait for an approval.

use super::flow::{Phase, judged, write};
use super::{Done, Step};
use crate::failure::Failure;
use crate::plan::{Blocked, Plan, PlanId};
use crate::run::batches::Batches;
use crate::run::context::Context;
use crate::run::judging::carry_out;
use crate::run::writing::Writing;
use crate::store::{Batch, OpOutcome, Plain, show};

/// The run writes.
#[derive(Debug)]
pub struct Committing {
    pub(super) phase: Phase,
    pub(super) batch: Batch,
    /// The plain entries of each op whose entries have stand-ins.
    pub(super) plain: Plain,
    pub(super) batches: Batches,
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
    /// # use tripartite::store::IndexPage;
    /// # use tripartite::source::{Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage::new(vec![], None);
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// # use tripartite::source::{Item, RemoteRecord};
    /// # use tripartite::store::Records;
    /// # use tripartite::id::ExternalId;
    /// # let item = |id: &str, name: &str| -> Result<_, Box<dyn std::error::Error>> {
    /// #     let record = schema.record(&serde_json::json!({ "name": name }))?;
    /// #     Ok(Item::Record(RemoteRecord::new(ExternalId::new(id)?, record)))
    /// # };
    /// # let page = Page::new(vec![item("7", "Áine")?], Next::Partial);
    /// # let Step::Loading(loading) = fetching.resume(page) else { unreachable!() };
    /// use tripartite::store::Precondition;
    /// let Step::Committing(committing) = loading.resume(Records::default()) else {
    ///     unreachable!()
    /// };
    /// // checked by the store as it writes
    /// assert_eq!(committing.request().ops[0].expect, Precondition::Unlinked);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request(&self) -> &Batch {
        &self.batch
    }

    /// The ops to carry out, and the batch behind them, which can be made ready while the store carries them out.
    ///
    /// [`drive::commit`](crate::drive::commit) does so.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let run = run.batch(1);
    /// # use tripartite::store::IndexPage;
    /// # use tripartite::source::{Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage::new(vec![], None);
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// # use tripartite::source::{Item, RemoteRecord};
    /// # use tripartite::store::Records;
    /// # use tripartite::id::ExternalId;
    /// # let item = |id: &str, name: &str| -> Result<_, Box<dyn std::error::Error>> {
    /// #     let record = schema.record(&serde_json::json!({ "name": name }))?;
    /// #     Ok(Item::Record(RemoteRecord::new(ExternalId::new(id)?, record)))
    /// # };
    /// # let page = Page::new(vec![item("7", "Áine")?, item("8", "Seán")?], Next::Partial);
    /// # let Step::Loading(loading) = fetching.resume(page) else { unreachable!() };
    /// // Two new records, in batches of one:
    /// let Step::Committing(mut committing) = loading.resume(Records::default()) else {
    ///     unreachable!()
    /// };
    /// let (batch, mut next) = committing.request_and_next();
    /// assert_eq!(batch.ops.len(), 1);
    /// assert!(next.prepare()); // the one op of the next batch
    /// assert!(!next.prepare()); // it is ready
    /// assert_eq!(committing.remaining(), 1); // and still to come
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request_and_next(&mut self) -> (&Batch, NextBatch<'_>) {
        (&self.batch, NextBatch { batches: &mut self.batches, context: self.phase.context_mut() })
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
    /// # use tripartite::store::IndexPage;
    /// # use tripartite::source::{Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage::new(vec![], None);
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// # use tripartite::source::{Item, RemoteRecord};
    /// # use tripartite::store::Records;
    /// # use tripartite::id::ExternalId;
    /// # let item = |id: &str, name: &str| -> Result<_, Box<dyn std::error::Error>> {
    /// #     let record = schema.record(&serde_json::json!({ "name": name }))?;
    /// #     Ok(Item::Record(RemoteRecord::new(ExternalId::new(id)?, record)))
    /// # };
    /// # let page = Page::new(vec![item("7", "Áine")?, item("8", "Seán")?], Next::Partial);
    /// # let Step::Loading(loading) = fetching.resume(page) else { unreachable!() };
    /// // Two new records, in batches of one:
    /// let Step::Committing(committing) = loading.resume(Records::default()) else {
    ///     unreachable!()
    /// };
    /// assert_eq!((committing.request().ops.len(), committing.remaining()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remaining(&self) -> usize {
        self.batches.remaining() + self.phase.unchecked()
    }

    /// Goes on with the outcome of each op, in the order of the batch. An op without an outcome counts as failed.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::store::IndexPage;
    /// # use tripartite::source::{Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage::new(vec![], None);
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// # use tripartite::source::{Item, RemoteRecord};
    /// # use tripartite::store::Records;
    /// # use tripartite::id::ExternalId;
    /// # let item = |id: &str, name: &str| -> Result<_, Box<dyn std::error::Error>> {
    /// #     let record = schema.record(&serde_json::json!({ "name": name }))?;
    /// #     Ok(Item::Record(RemoteRecord::new(ExternalId::new(id)?, record)))
    /// # };
    /// # let page = Page::new(vec![item("7", "Áine")?], Next::Partial);
    /// # let Step::Loading(loading) = fetching.resume(page) else { unreachable!() };
    /// # let Step::Committing(committing) = loading.resume(Records::default()) else { unreachable!() };
    /// use tripartite::store::OpOutcome;
    /// // Somebody linked the record meanwhile: it is loaded and planned once more, not
    /// // overwritten.
    /// assert!(matches!(committing.resume(vec![OpOutcome::Stale]), Step::Loading(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(mut self, outcomes: Vec<OpOutcome>) -> Step {
        let mut ops = self.batch.ops;
        // The outcomes are counted from the plain entries.
        show(&mut ops, self.plain);
        self.batches.answered(self.phase.context_mut(), ops, outcomes);
        write(self.phase, self.batches)
    }

    pub(super) fn failed(mut self, failure: Failure) -> Done {
        self.batches.give_up(self.phase.context_mut());
        self.phase.failed(failure)
    }
}

/// The batch behind the one that the store carries out. To make it ready early saves time and changes nothing else.
#[derive(Debug)]
pub struct NextBatch<'a> {
    batches: &'a mut Batches,
    context: &'a mut Context,
}

impl NextBatch<'_> {
    /// Makes a few more of its ops ready. Returns `false` once all are.
    pub fn prepare(&mut self) -> bool {
        self.batches.prepare(self.context)
    }
}

/// A guard stopped the run; nothing was written.
#[derive(Debug)]
pub struct Stopped {
    pub(super) writing: Box<Writing>,
    pub(super) plan: Plan,
    pub(super) reasons: Vec<Blocked>,
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
    /// # use tripartite::source::Connector;
    /// # use tripartite::store::RecordStore;
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
    /// use tripartite::store::Action;
    /// assert_eq!(stopped.plan().ops().next().map(|op| op.action), Some(Action::Deactivate));
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
    /// # use tripartite::source::Connector;
    /// # use tripartite::store::RecordStore;
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

    /// Goes on if this is the plan's id. With any other id the run stays stopped.
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
    /// # use tripartite::source::Connector;
    /// # use tripartite::store::RecordStore;
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
    /// // another plan's id
    /// let Step::Stopped(stopped) = stopped.approve("0".repeat(64).parse()?) else {
    ///     unreachable!()
    /// };
    /// let id = stopped.plan().id();
    /// assert!(matches!(stopped.approve(id), Step::Committing(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn approve(self, plan: PlanId) -> Step {
        if plan == self.plan.id() { judged(carry_out(*self.writing, self.plan)) } else { Step::Stopped(self) }
    }

    /// Ends the run as blocked.
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
    /// # use tripartite::source::Connector;
    /// # use tripartite::store::RecordStore;
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
        self.writing.planned(self.plan, self.reasons)
    }
}
