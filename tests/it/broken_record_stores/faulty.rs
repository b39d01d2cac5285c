//! A store in memory with one thing wrong, and the hands that edit its records.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tripartite::audit::AuditEntry;
use tripartite::conformance::records::{Fixture, RecordId, schema};
use tripartite::drive::block_on;
use tripartite::id::{ExternalId, LocalId, RunId};
use tripartite::matching::MatchKey;
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
    pub(super) deleted_here: BTreeSet<LocalId>,
    /// The keys of each record as it was, by the rules that were asked for first.
    pub(super) keys: BTreeMap<LocalId, (Record, Vec<MatchKey>)>,
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

impl Faulty {
    /// What a user does to a record, which makes its revision larger unless the fault is that it does not.
    fn by_hand(&self, of: RecordId<'_>, keeps_revision: Fault, change: impl FnOnce(&mut Kept)) {
        let change = |kept: &mut Kept| {
            change(kept);
            kept.revision.0 -= u64::from(self.fault == keeps_revision);
        };
        match of {
            RecordId::Linked(id) => self.inner.change(&self.id(id), change),
            RecordId::Unlinked(local) => self.inner.change_here(local, change),
        }
        .unwrap();
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
            let former = self.inner.free().into_values().filter(|kept| kept.local == *fields);
            let is_not = former.flat_map(|kept| kept.is_not).collect();
            self.inner.enter(local.clone(), self.kept(fields)).unwrap();
            if self.fault == NewRecordsInheritWhatTheyAreNot {
                self.inner.change_here(&local, |kept| kept.is_not = is_not).unwrap();
            }
            return;
        };
        self.side().deleted.remove(&id);
        let former = self.inner.get(&id).filter(|_| self.fault == SuccessorInheritsTheBase);
        self.inner.insert(id.clone(), self.kept(fields));
        if let Some(former) = former {
            let (base, synced) = (former.base, former.synced);
            self.behind(&id, |kept| (kept.base, kept.synced) = (base, synced));
        }
        if self.fault == SuccessorsFromOne {
            self.behind(&id, |kept| kept.revision = Revision(1));
        }
    }

    fn edit(&self, of: RecordId<'_>, patch: &Record) {
        let patch = self.kept(patch);
        self.by_hand(of, EditsKeepTheRevision, |kept| {
            kept.local = kept.local.patched(&patch);
            if self.fault == EditsActivate {
                kept.presence = Presence::Active;
            }
        });
    }

    fn deactivate(&self, of: RecordId<'_>) {
        self.by_hand(of, DeactivationsKeepTheRevision, |kept| kept.presence = Presence::Removed);
    }

    fn activate(&self, of: RecordId<'_>) {
        self.by_hand(of, ActivationsKeepTheRevision, |kept| {
            kept.missed = if self.fault == ActivationForgetsTheEnd { 0 } else { kept.missed };
            if self.fault != ActivatedStaysInactive {
                kept.presence = Presence::Active;
            }
        });
    }

    fn delete(&self, of: RecordId<'_>) {
        self.by_hand(of, DeletionsKeepTheRevision, |kept| {
            kept.presence = Presence::Removed;
            if self.fault == DeletedIsEmpty {
                kept.local = schema().missing();
            }
        });
        match of {
            RecordId::Linked(id) => drop(self.side().deleted.insert(self.id(id))),
            RecordId::Unlinked(local) => drop(self.side().deleted_here.insert(local.clone())),
        }
    }

    fn link(&self, local: &LocalId, id: &ExternalId) {
        let id = self.id(id);
        self.inner.link(local, id.clone()).unwrap();
        if self.fault == LinksByHandKeepTheRevision {
            self.behind(&id, |kept| kept.revision.0 -= 1);
        }
    }

    fn rule_out(&self, local: &LocalId, id: &ExternalId) {
        self.by_hand(RecordId::Unlinked(local), RuledOutAtTheSameRevision, |kept| {
            kept.is_not.insert(id.clone());
        });
    }

    fn refuse(&self, id: &ExternalId) -> bool {
        self.side().refused.insert(self.id(id))
    }

    fn audit(&self) -> Vec<(RunId, ExternalId, AuditEntry)> {
        self.side().audit.clone()
    }
}
