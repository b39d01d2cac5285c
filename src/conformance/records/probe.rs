//! A record store under test, and the promise that a case checks.

use std::collections::BTreeMap;
use std::ops::Deref;

use super::seen::{Listed, Near, Seen};
use super::{Fixture, RecordId, schema, world};
use crate::audit::AuditEntry;
use crate::conformance::promise::{Promise, short};
use crate::failure::{Classify, Failure};
use crate::id::{ExternalId, LocalId};
use crate::schema::Schema;
use crate::source::Cursor;
use crate::store::{Candidate, IndexEntry, LoadRequest, Loaded, Op, OpOutcome, RecordStore, Revision};
use crate::value::Record;

/// A fixture, and the promise that is being checked.
pub(super) struct Probe<'f, F> {
    pub(super) fixture: F,
    pub(super) schema: Schema,
    fresh: &'f (dyn Fn() -> F + Sync),
    promise: Promise,
}

impl<F> Deref for Probe<'_, F> {
    type Target = Promise;

    fn deref(&self) -> &Promise {
        &self.promise
    }
}

impl<'f, F: Fixture> Probe<'f, F> {
    pub(super) fn new(fresh: &'f (dyn Fn() -> F + Sync), promise: Promise) -> Self {
        Self { fixture: fresh(), schema: schema(), fresh, promise }
    }

    /// The same promise, of another fixture.
    pub(super) fn with(&self, fixture: F) -> Self {
        Self { fixture, schema: self.schema.clone(), fresh: self.fresh, promise: self.promise }
    }

    /// The same promise for a new fixture.
    pub(super) fn anew(&self) -> Self {
        self.with((self.fresh)())
    }

    /// The same promise, of the fixture after a crash.
    pub(super) fn reopened(self) -> Self {
        Self { fixture: self.fixture.reopen(), ..self }
    }

    #[track_caller]
    pub(super) fn page(&self, after: Option<&Cursor>) -> (Vec<IndexEntry>, Option<Cursor>) {
        let page = self.answered("index", self.fixture.block_on(self.fixture.store().index(after)));
        (page.entries, page.next)
    }

    /// Turns all pages; `between` is called before each but the first.
    #[track_caller]
    pub(super) fn pages(&self, mut between: impl FnMut(usize)) -> Vec<IndexEntry> {
        let (mut all, mut next) = self.page(None);
        for turned in 1.. {
            let Some(after) = next else { break };
            self.holds(turned < 10_000, || format!("no end of the index after {turned} pages"));
            between(turned);
            let (entries, goes_on) = self.page(Some(&after));
            all.extend(entries);
            next = goes_on;
        }
        all
    }

    /// The index, while no other thread writes.
    #[track_caller]
    pub(super) fn index(&self) -> BTreeMap<ExternalId, Listed> {
        let mut index = BTreeMap::new();
        for entry in self.pages(|_| ()) {
            let twice = index.insert(entry.id.clone(), Listed::of(&entry)).is_some();
            self.holds(!twice, || format!("{} is listed twice", entry.id));
        }
        index
    }

    #[track_caller]
    pub(super) fn listed(&self, id: &ExternalId) -> Listed {
        self.index().remove(id).unwrap_or_else(|| self.broken(&format!("{id} is not listed")))
    }

    #[track_caller]
    pub(super) fn load(&self, ids: &[ExternalId]) -> Vec<Loaded> {
        self.answered("load", self.fixture.block_on(self.fixture.store().load(&LoadRequest::of(ids.to_vec())))).linked
    }

    /// The records that have a key of one of these, by their local ids.
    #[track_caller]
    pub(super) fn near(&self, records: &[Record]) -> BTreeMap<LocalId, Near> {
        self.near_by(&super::near::wanted(records))
    }

    /// The same by rules that a request states.
    #[track_caller]
    pub(super) fn near_by(&self, wanted: &LoadRequest) -> BTreeMap<LocalId, Near> {
        let candidates = self.answered("load", self.fixture.block_on(self.fixture.store().load(wanted))).candidates;
        // A store may give more.
        let has_key = |candidate: &&Candidate| super::near::is_near(wanted, &candidate.record);
        let near = candidates.iter().filter(has_key);
        near.map(|candidate| (candidate.local.clone(), Near::of(&self.schema, candidate))).collect()
    }

    /// The one record that has a key of this, and by what local id.
    #[track_caller]
    pub(super) fn nearest(&self, record: &Record) -> (LocalId, Near) {
        let mut near = self.near(std::slice::from_ref(record));
        self.equal("how many have a key of it", &near.len(), &1);
        near.pop_first().unwrap_or_else(|| self.broken("nobody has a key of it"))
    }

    /// A record, unless there is none.
    #[track_caller]
    pub(super) fn find(&self, id: &ExternalId) -> Option<Seen> {
        match &self.load(std::slice::from_ref(id))[..] {
            [] => None,
            [loaded] if loaded.id == *id => Some(Seen::of(&self.schema, loaded)),
            other => self.broken(&format!("{} records for one id", other.len())),
        }
    }

    #[track_caller]
    pub(super) fn see(&self, id: &ExternalId) -> Seen {
        self.find(id).unwrap_or_else(|| self.broken(&format!("{} is not there", short(&id.as_str()))))
    }

    #[track_caller]
    pub(super) fn revision(&self, id: &ExternalId) -> Revision {
        self.see(id).revision
    }

    #[track_caller]
    pub(super) fn commit(&self, ops: Vec<Op>) -> Vec<OpOutcome> {
        let count = ops.len();
        let outcomes = self.answered("commit", self.fixture.block_on(self.fixture.store().commit(&world::batch(ops))));
        self.equal("how many answers there are", &outcomes.len(), &count);
        outcomes
    }

    #[track_caller]
    pub(super) fn outcome(&self, op: Op) -> OpOutcome {
        let mut outcomes = self.commit(vec![op]);
        outcomes.pop().unwrap_or(OpOutcome::Stale)
    }

    /// Carries out an op that nothing stands in the way of.
    #[track_caller]
    pub(super) fn applied(&self, op: Op) -> LocalId {
        match self.outcome(op) {
            OpOutcome::Applied { local } => local,
            other => self.broken(&format!("{other:?}, where nothing stood in the way")),
        }
    }

    /// Checks that an op is refused for what it expects.
    #[track_caller]
    pub(super) fn stale(&self, op: Op) {
        self.equal("the answer", &self.outcome(op), &OpOutcome::Stale);
    }

    #[track_caller]
    pub(super) fn edit<'i>(&self, of: impl Into<RecordId<'i>>, patch: &Record) {
        self.fixture.edit(of.into(), patch);
    }

    #[track_caller]
    pub(super) fn deactivate<'i>(&self, of: impl Into<RecordId<'i>>) {
        self.fixture.deactivate(of.into());
    }

    #[track_caller]
    pub(super) fn activate<'i>(&self, of: impl Into<RecordId<'i>>) {
        self.fixture.activate(of.into());
    }

    #[track_caller]
    pub(super) fn delete<'i>(&self, of: impl Into<RecordId<'i>>) {
        self.fixture.delete(of.into());
    }

    /// Creates a record, and says how it is seen.
    #[track_caller]
    pub(super) fn create(&self, id: &ExternalId, record: &Record) -> Seen {
        self.applied(world::create(id, record));
        self.see(id)
    }

    /// An op in a race: `None` when it may or may not have been carried out.
    #[track_caller]
    pub(super) fn race(&self, op: Op) -> Option<OpOutcome> {
        match self.fixture.block_on(self.fixture.store().commit(&world::batch(vec![op]))) {
            Err(error) if matches!(error.failure(), Failure::Retry { .. }) => None,
            answer => self.answered("commit", answer).pop(),
        }
    }

    /// The audit of one record.
    pub(super) fn audit(&self, id: &ExternalId) -> Vec<AuditEntry> {
        let of_it = self.fixture.audit().into_iter().filter(|(_, of, _)| of == id);
        of_it.map(|(_, _, entry)| entry).collect()
    }

    /// Everything that is there, with its audit.
    #[track_caller]
    pub(super) fn all(&self) -> (BTreeMap<ExternalId, Listed>, BTreeMap<ExternalId, Seen>, Vec<String>) {
        let index = self.index();
        let ids: Vec<_> = index.keys().cloned().collect();
        let loaded = self.load(&ids);
        let seen = loaded.iter().map(|loaded| (loaded.id.clone(), Seen::of(&self.schema, loaded))).collect();
        let audit = self.fixture.audit().iter().map(super::seen::text_of).collect();
        (index, seen, audit)
    }
}
