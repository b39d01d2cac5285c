//! Reference implementations of the host traits, in memory: for tests, for examples, and to read what a host does.

mod jobs;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use jobs::MemoryJobStore;
use serde::Serialize;

use crate::exchange::{
    Action, Base, Batch, ConflictChange, Cursor, Entry, Expect, IndexEntry, IndexPage, Item, Loaded, Next, Op,
    OpenConflict, Outcome, Page, Presence, RemoteRecord, Revision, Synced,
};
use crate::host::{Connector, RecordStore};
use crate::id::{ExternalId, IdError, LocalId, RunId};
use crate::schema::{RecordingError, Schema, Strategy};
use crate::value::{Record, RecordBuilder, Value};

/// How many entries a page has, so that small tests turn pages too.
const PAGE: usize = 100;

/// A record of a [`MemoryStore`].
#[derive(Debug, Clone)]
pub struct Kept {
    /// The host's record.
    pub local: Record,
    /// Its revision.
    pub revision: Revision,
    /// Whether it is there.
    pub presence: Presence,
    /// The base.
    pub base: Option<Base>,
    /// When it was last in step.
    pub synced: Option<Synced>,
    /// Its open conflicts, by unit.
    pub open: BTreeMap<String, OpenConflict>,
    /// A strategy of its own.
    pub strategy: Option<Strategy>,
}

/// Keeps records in memory.
#[derive(Debug)]
pub struct MemoryStore {
    schema: Schema,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    records: BTreeMap<ExternalId, Kept>,
    audit: Vec<(RunId, ExternalId, Entry)>,
}

/// Why a [`MemoryStore`] refuses an edit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// There is no such record.
    #[error("there is no record {id}")]
    Unknown {
        /// The id asked for.
        id: ExternalId,
    },
    /// The fields do not make a record.
    #[error(transparent)]
    Fields(#[from] RecordingError),
}

impl MemoryStore {
    /// An empty store for records of a schema.
    pub fn new(schema: Schema) -> Self {
        Self { schema, state: Mutex::default() }
    }

    /// Adds a record that was never in step, as a host has it before its first sync. An older one is replaced.
    pub fn insert(&self, id: ExternalId, local: Record) {
        let kept = Kept {
            local,
            revision: Revision(1),
            presence: Presence::Active,
            base: None,
            synced: None,
            open: BTreeMap::new(),
            strategy: None,
        };
        self.state().records.insert(id, kept);
    }

    /// Edits a record as a user does: the fields that are stated change, and its revision grows.
    ///
    /// # Errors
    /// [`EditError`], when there is no such record or the fields do not make one.
    pub fn edit<T: Serialize>(&self, id: &ExternalId, fields: &T) -> Result<(), EditError> {
        let fields = self.schema.record(fields)?;
        self.change(id, |kept| kept.local = patched(&kept.local, &fields))
    }

    /// Changes anything about a record; its revision grows.
    ///
    /// # Errors
    /// [`EditError::Unknown`].
    pub fn change(&self, id: &ExternalId, change: impl FnOnce(&mut Kept)) -> Result<(), EditError> {
        match self.state().records.get_mut(id) {
            Some(kept) => {
                change(kept);
                kept.revision.0 += 1;
                Ok(())
            }
            None => Err(EditError::Unknown { id: id.clone() }),
        }
    }

    /// A copy of a record.
    pub fn get(&self, id: &ExternalId) -> Option<Kept> {
        self.state().records.get(id).cloned()
    }

    /// A copy of all records, by their ids.
    pub fn records(&self) -> BTreeMap<ExternalId, Kept> {
        self.state().records.clone()
    }

    /// A copy of the audit, oldest first.
    pub fn audit(&self) -> Vec<(RunId, ExternalId, Entry)> {
        self.state().audit.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of the state is made whole before anything that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RecordStore for MemoryStore {
    type Error = Infallible;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, Infallible> {
        let state = self.state();
        let rest = state.records.iter().filter(|(id, _)| after.is_none_or(|after| id.as_str() > after.0.as_str()));
        let entries: Vec<_> = rest.take(PAGE).map(|(id, kept)| entry(id, kept)).collect();
        let next = (entries.len() == PAGE).then(|| entries.last().map(|last| Cursor(last.id.to_string()))).flatten();
        Ok(IndexPage { entries, next })
    }

    async fn load(&self, ids: &[ExternalId]) -> Result<Vec<Loaded>, Infallible> {
        let state = self.state();
        Ok(ids.iter().filter_map(|id| Some(loaded(id, state.records.get(id)?))).collect())
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<Outcome>, Infallible> {
        let mut state = self.state();
        Ok(batch.ops.iter().map(|op| state.carry_out(batch, op)).collect())
    }
}

impl State {
    fn carry_out(&mut self, batch: &Batch, op: &Op) -> Outcome {
        let known = self.records.get(&op.id);
        let expected = match op.expect {
            Expect::Unlinked => known.is_none(),
            Expect::Revision(revision) => known.is_some_and(|kept| kept.revision == revision),
        };
        if !expected {
            return Outcome::Stale;
        }
        let kept = self.records.entry(op.id.clone()).or_insert_with(|| Kept {
            local: Record::missing(0),
            revision: Revision(0),
            presence: Presence::Active,
            base: None,
            synced: None,
            open: BTreeMap::new(),
            strategy: None,
        });
        apply(kept, batch, op);
        self.audit.extend(op.entries.iter().map(|entry| (batch.run.clone(), op.id.clone(), entry.clone())));
        // In memory the external id serves as the local one, too.
        match LocalId::new(op.id.as_str()) {
            Ok(local) => Outcome::Applied { local },
            Err(problem) => Outcome::Failed { problem: problem.to_string() },
        }
    }
}

fn apply(kept: &mut Kept, batch: &Batch, op: &Op) {
    match &op.action {
        Action::Create(record) => kept.local = record.clone(),
        Action::Update(patch) => kept.local = patched(&kept.local, patch),
        Action::Reactivate(patch) => {
            kept.local = patched(&kept.local, patch);
            kept.presence = Presence::Active;
        }
        Action::Deactivate => kept.presence = Presence::Deactivated,
        Action::Touch => {}
    }
    if op.action != Action::Touch {
        kept.revision.0 += 1;
    }
    if let Some(base) = &op.base {
        kept.base = Some(Base { record: base.clone(), schema: batch.schema, version: op.version });
    }
    if let Some(seen) = op.seen {
        kept.synced = Some(Synced { revision: kept.revision, seen, policy: batch.policy });
    }
    for change in &op.conflicts {
        match change {
            ConflictChange::Open(conflict) | ConflictChange::Update(conflict) => {
                kept.open.insert(conflict.unit.clone(), conflict.clone());
            }
            ConflictChange::Close { unit } => {
                kept.open.remove(unit);
            }
        }
    }
}

/// A record with the fields that a patch states.
fn patched(record: &Record, patch: &Record) -> Record {
    let len = record.len().max(patch.len());
    let mut row = RecordBuilder::new(len);
    for position in 0..len {
        let field = if patch.field(position).is_missing() { record.field(position) } else { patch.field(position) };
        // Every part of a row fits into a row.
        let _ = row.set_field(position, field);
    }
    if let Value::Map(extra) = record.extra().to_value() {
        let _ = row.set_extra(extra);
    }
    row.finish()
}

fn entry(id: &ExternalId, kept: &Kept) -> IndexEntry {
    IndexEntry {
        id: id.clone(),
        presence: kept.presence,
        revision: kept.revision,
        synced: kept.synced,
        open: kept.open.len() as u32,
    }
}

fn loaded(id: &ExternalId, kept: &Kept) -> Loaded {
    Loaded {
        id: id.clone(),
        presence: kept.presence,
        revision: kept.revision,
        local: kept.local.clone(),
        base: kept.base.clone(),
        synced: kept.synced,
        open: kept.open.values().cloned().collect(),
        strategy: kept.strategy.clone(),
    }
}

/// A source that lists what it was given.
#[derive(Debug, Clone)]
pub struct Listing {
    items: Vec<Item>,
    complete: bool,
    page: usize,
}

/// Why a [`Listing`] cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListingError {
    /// An id is none.
    #[error(transparent)]
    Id(#[from] IdError),
    /// A record is none.
    #[error(transparent)]
    Record(#[from] RecordingError),
}

impl Listing {
    /// A complete listing of records, by their ids.
    ///
    /// # Errors
    /// [`ListingError`], when an id or a record is none.
    pub fn of<'a, T: Serialize>(
        schema: &Schema,
        records: impl IntoIterator<Item = (&'a str, T)>,
    ) -> Result<Self, ListingError> {
        let item = |(id, fields): (&str, T)| {
            let (id, record) = (ExternalId::new(id)?, schema.record(&fields)?);
            Ok(Item::Record(RemoteRecord { id, version: None, record }))
        };
        records.into_iter().map(item).collect::<Result<_, ListingError>>().map(Self::new)
    }

    /// A complete listing of anything.
    pub fn new(items: Vec<Item>) -> Self {
        Self { items, complete: true, page: PAGE }
    }

    /// Not everything the source has.
    #[must_use]
    pub fn partial(mut self) -> Self {
        self.complete = false;
        self
    }

    /// How many items are on a page, at least one.
    #[must_use]
    pub fn pages_of(mut self, items: usize) -> Self {
        self.page = items.max(1);
        self
    }
}

impl Connector for Listing {
    type Error = Infallible;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, Infallible> {
        let start = after.and_then(|after| after.0.parse().ok()).unwrap_or(0).min(self.items.len());
        let end = self.items.len().min(start + self.page);
        let next = match (end < self.items.len(), self.complete) {
            (true, _) => Next::More(Cursor(end.to_string())),
            (false, true) => Next::Complete { total: Some(self.items.len() as u64) },
            (false, false) => Next::Partial,
        };
        Ok(Page { items: self.items[start..end].to_vec(), next })
    }
}
