//! A store in memory with one thing wrong, and the hands that edit its records.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tripartite::audit::AuditEntry;
use tripartite::conformance::records::{Fixture, schema};
use tripartite::drive::block_on;
use tripartite::id::{ExternalId, LocalId, RunId};
use tripartite::memory::{Kept, MemoryStore};
use tripartite::source::Cursor;
use tripartite::store::{Batch, IndexPage, LoadRequest, OpOutcome, Presence, RecordStore, Records, Revision};
use tripartite::value::Record;

use super::fault::Fault::{self, *};

/// The records of a moment.
pub(super) type Moment = BTreeMap<ExternalId, Kept>;

/// A store with a fault.
pub(super) struct Faulty {
    pub(super) fault: Fault,
    pub(super) inner: Arc<MemoryStore>,
    /// What another organisation has.
    pub(super) other: Arc<MemoryStore>,
    side: Arc<Mutex<Side>>,
}

/// What the inner store does not keep, or a fault needs to remember.
#[derive(Default)]
pub(super) struct Side {
    pub(super) audit: Vec<(RunId, ExternalId, AuditEntry)>,
    pub(super) refused: BTreeSet<ExternalId>,
    pub(super) deleted: BTreeSet<ExternalId>,
    pub(super) unlinked: usize,
    /// What each record said when it was first looked for, or last committed.
    pub(super) first: BTreeMap<LocalId, Record>,
    pub(super) ops: usize,
    pub(super) missed: BTreeMap<ExternalId, u32>,
    /// The records, and how long the audit was, before the last commit.
    pub(super) before: Option<(Moment, usize)>,
}

impl Faulty {
    pub(super) fn new(fault: Fault) -> Self {
        let [inner, other] = [(); 2].map(|()| Arc::new(MemoryStore::new(schema())));
        Self { fault, inner, other, side: Arc::default() }
    }

    pub(super) fn side(&self) -> MutexGuard<'_, Side> {
        self.side.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the store takes an id for.
    pub(super) fn id(&self, id: &ExternalId) -> ExternalId {
        let text = id.as_str();
        let taken = match self.fault {
            IdsWithoutCase => text.to_lowercase(),
            IdsTrimmed => text.trim().to_owned(),
            IdsCutAt255 => text.chars().take(255).collect(),
            _ => text.to_owned(),
        };
        ExternalId::new(taken).unwrap()
    }

    /// Changes a record as if nobody had: its revision stays.
    pub(super) fn behind(&self, id: &ExternalId, change: impl FnOnce(&mut Kept)) {
        let changed = self.inner.change(id, |kept| {
            change(kept);
            kept.revision.0 = kept.revision.0.wrapping_sub(1);
        });
        changed.unwrap();
    }

    /// The records as they were before the last commit, with what a fault lets survive of it.
    fn fallen_back(&self) {
        let Some((moment, audit)) = self.side().before.take() else { return };
        let there = self.inner.records();
        if self.fault == WriteBehind {
            self.side().audit.truncate(audit);
        }
        for (id, now) in &there {
            let written_last = now.synced.is_some_and(|synced| synced.revision == now.revision);
            match moment.get(id) {
                Some(old) if self.fault == WriteBehind => self.behind(id, |kept| *kept = old.clone()),
                // Its base and when it was in step were written already.
                Some(old) if written_last => self.behind(id, |kept| kept.local = old.local.clone()),
                _ => {}
            }
        }
    }
}

fn now<T>(answer: impl Future<Output = Result<T, Infallible>>) -> T {
    let Ok(answer) = block_on(answer);
    answer
}

impl Faulty {
    pub(super) fn commit_inner(&self, batch: &Batch) -> Vec<OpOutcome> {
        now(RecordStore::commit(&*self.inner, batch))
    }
}

impl RecordStore for Faulty {
    type Error = Infallible;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, Infallible> {
        Ok(self.list(after))
    }

    async fn load(&self, wanted: &LoadRequest) -> Result<Records, Infallible> {
        let candidates = wanted.near.as_ref().map(|near| self.near(near)).unwrap_or_default();
        Ok(Records::new(self.read(&wanted.ids), candidates))
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, Infallible> {
        Ok(self.write(batch))
    }
}

impl Fixture for Faulty {
    type Store = Self;

    fn store(&self) -> &Self {
        self
    }

    fn neighbour(&self) -> Self {
        match self.fault {
            OneTableForAll => {
                let (inner, other) = (Arc::clone(&self.inner), Arc::clone(&self.other));
                Self { fault: self.fault, inner, other, side: Arc::clone(&self.side) }
            }
            fault => {
                Self { fault, inner: Arc::clone(&self.other), other: Arc::clone(&self.inner), side: Arc::default() }
            }
        }
    }

    fn reopen(self) -> Self {
        if matches!(self.fault, WriteBehind | BasesBeforeRecords) {
            self.fallen_back();
        }
        self
    }

    fn page(&self) -> usize {
        super::reading::PAGE
    }

    fn enter(&self, id: Option<&ExternalId>, fields: &Record) {
        let Some(id) = id.map(|id| self.id(id)) else {
            let unlinked = {
                let mut side = self.side();
                side.unlinked += 1;
                side.unlinked
            };
            let local = LocalId::new(format!("row {unlinked} of the unlinked")).unwrap();
            return self.inner.enter(local, self.kept(fields)).unwrap();
        };
        self.side().deleted.remove(&id);
        self.inner.insert(id.clone(), self.kept(fields));
        if self.fault == SuccessorsFromOne {
            self.behind(&id, |kept| kept.revision = Revision(1));
        }
    }

    fn edit(&self, id: &ExternalId, patch: &Record) {
        let id = self.id(id);
        let before = self.inner.get(&id).unwrap().revision;
        self.inner.edit(&id, &schema().named(&self.kept(patch))).unwrap();
        if self.fault == EditsKeepTheRevision {
            self.behind(&id, |kept| kept.revision = before);
        }
    }

    fn deactivate(&self, id: &ExternalId) {
        Fixture::deactivate(&*self.inner, &self.id(id));
    }

    fn delete(&self, id: &ExternalId) {
        Fixture::delete(&*self.inner, &self.id(id));
        self.side().deleted.insert(self.id(id));
    }

    fn edit_here(&self, local: &LocalId, patch: &Record) {
        let before = self.inner.free()[local].revision;
        Fixture::edit_here(&*self.inner, local, &self.kept(patch));
        if self.fault == EditsKeepTheRevision {
            self.inner.change_here(local, |kept| kept.revision.0 = before.0 - 1).unwrap();
        }
    }

    fn deactivate_here(&self, local: &LocalId) {
        self.inner.change_here(local, |kept| kept.presence = Presence::Removed).unwrap();
    }

    fn link(&self, local: &LocalId, id: &ExternalId) {
        self.inner.link(local, self.id(id)).unwrap();
    }

    fn rule_out(&self, local: &LocalId, id: &ExternalId) {
        Fixture::rule_out(&*self.inner, local, id);
    }

    fn refuse(&self, id: &ExternalId) -> bool {
        self.side().refused.insert(self.id(id))
    }

    fn audit(&self) -> Vec<(RunId, ExternalId, AuditEntry)> {
        self.side().audit.clone()
    }
}
