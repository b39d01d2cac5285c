//! Reference implementations of the host traits, in memory: for tests, for examples, and to read what a host does.
//!
//! What a [`RecordStore`] promises is a page of prose; here it is some hundred lines. [`MemoryStore`] keeps what a
//! database would keep, [`Listing`] lists what it was given. A member whose phone number is 1 at the source:
//!
//! | what happens | local | base | revision | audit |
//! |---|---|---|---|---|
//! | first run | 1 | 1 | 1 | the record was created |
//! | a user [`edit`](MemoryStore::edit)s it to 2 | 2 | 1 | 2 | |
//! | second run, the source still says 1 | 2 | 1 | 2 | the edit stays |
//! | third run, nothing moved | 2 | 1 | 2 | |
//! | fourth run, the source says 3 | 3 | 3 | 3 | both changed it; 3 was taken, 2 is kept here |
//!
//! **Is it fit for a host?** No. It forgets everything when it is dropped, and a record is cloned to be looked at.

mod jobs;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use jobs::MemoryJobStore;
use serde::Serialize;

use crate::exchange::{
    Action, Base, Batch, Candidate, ConflictChange, Cursor, Entry, Expect, IndexEntry, IndexPage, Item, Loaded,
    Malformed, Near, Next, Op, OpenConflict, Outcome, Page, Presence, Records, RemoteRecord, Revision, Synced, Wanted,
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
    /// What the host calls it; it never changes.
    pub id: LocalId,
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
    /// How many complete listings in a row did not have it.
    pub missed: u32,
    /// Records of the source that a person has said it is not.
    pub is_not: BTreeSet<ExternalId>,
}

impl Kept {
    /// A record that was never in step.
    fn new(id: LocalId, local: Record, revision: u64) -> Self {
        Self {
            id,
            local,
            revision: Revision(revision),
            presence: Presence::Active,
            base: None,
            synced: None,
            open: BTreeMap::new(),
            strategy: None,
            missed: 0,
            is_not: BTreeSet::new(),
        }
    }
}

/// Keeps records in memory. Every method takes `&self`, so that a user can edit while a run is under way.
#[derive(Debug)]
pub struct MemoryStore {
    schema: Schema,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    records: BTreeMap<ExternalId, Kept>,
    /// Those that have no external id.
    free: BTreeMap<LocalId, Kept>,
    /// What each local id is linked to.
    locals: BTreeMap<LocalId, Option<ExternalId>>,
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
    /// There is no such record.
    #[error("there is no record {local} here")]
    UnknownHere {
        /// The id asked for.
        local: LocalId,
    },
    /// The id is another record's.
    #[error("there is a record {local} here already")]
    Taken {
        /// The id.
        local: LocalId,
    },
    /// A record is linked already, or its new external id is another's.
    #[error("record {local} here cannot be linked to {id}: one of the two is linked already")]
    Linked {
        /// The record here.
        local: LocalId,
        /// The record of the source.
        id: ExternalId,
    },
    /// The fields do not make a record.
    #[error(transparent)]
    Fields(#[from] RecordingError),
}

impl MemoryStore {
    /// An empty store for records of a schema.
    ///
    /// ```
    /// # use tripartite::id::ExternalId;
    /// # use tripartite::memory::MemoryStore;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name));
    /// # let schema = schema.field(Field::new("phone", Kind::Text)).build()?;
    /// # let id = ExternalId::new("7")?;
    /// # let store = MemoryStore::new(schema.clone());
    /// assert!(store.records().is_empty() && store.audit().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(schema: Schema) -> Self {
        Self { schema, state: Mutex::default() }
    }

    /// Adds a record that was never in step, as a host has it before its first sync. An older one is replaced, and the
    /// revision goes on from its own, so that nobody takes one for the other.
    ///
    /// ```
    /// # use tripartite::id::ExternalId;
    /// # use tripartite::memory::MemoryStore;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name));
    /// # let schema = schema.field(Field::new("phone", Kind::Text)).build()?;
    /// # let id = ExternalId::new("7")?;
    /// # let store = MemoryStore::new(schema.clone());
    /// store.insert(id.clone(), schema.record(&serde_json::json!({"name": "Áine"}))?);
    /// assert!(store.get(&id).is_some_and(|kept| kept.base.is_none())); // its first sync is still to come
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert(&self, id: ExternalId, local: Record) {
        let mut state = self.state();
        let known = state.records.get(&id).map(|kept| (kept.id.clone(), kept.revision.0));
        let (local_id, before) = known.unwrap_or_else(|| (state.name(&id), 0));
        state.locals.insert(local_id.clone(), Some(id.clone()));
        state.records.insert(id, Kept::new(local_id, local, before + 1));
    }

    /// Adds a record without an external id, as a host has it before it knows of any source.
    ///
    /// # Errors
    /// [`EditError::Taken`] when there is one of this id.
    ///
    /// ```
    /// # use tripartite::memory::MemoryStore;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let store = MemoryStore::new(schema.clone());
    /// use tripartite::id::LocalId;
    /// store.enter(LocalId::new("17")?, schema.missing())?;
    /// assert!(store.records().is_empty() && store.free().len() == 1); // to a run by ids it is not there
    /// assert!(store.enter(LocalId::new("17")?, schema.missing()).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn enter(&self, local: LocalId, record: Record) -> Result<(), EditError> {
        let mut state = self.state();
        if state.locals.contains_key(&local) {
            return Err(EditError::Taken { local });
        }
        state.locals.insert(local.clone(), None);
        state.free.insert(local.clone(), Kept::new(local, record, 1));
        Ok(())
    }

    /// Changes anything about a record, by its local id; its revision grows.
    ///
    /// # Errors
    /// [`EditError::UnknownHere`] when there is no such record; nothing is changed then.
    ///
    /// ```
    /// # use tripartite::memory::MemoryStore;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let store = MemoryStore::new(schema.clone());
    /// use tripartite::id::{ExternalId, LocalId};
    /// let (id, local) = (ExternalId::new("FED-1")?, LocalId::new("17")?);
    /// store.enter(local.clone(), schema.missing())?;
    /// store.change_here(&local, |kept| kept.is_not = [id].into())?; // a person has looked, and it is another
    /// assert_eq!(store.free()[&local].revision.0, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn change_here(&self, local: &LocalId, change: impl FnOnce(&mut Kept)) -> Result<(), EditError> {
        let mut state = self.state();
        let State { records, free, locals, .. } = &mut *state;
        let kept = match locals.get(local) {
            Some(Some(id)) => records.get_mut(id),
            Some(None) => free.get_mut(local),
            None => None,
        };
        kept.map(|kept| changed(kept, change)).ok_or_else(|| EditError::UnknownHere { local: local.clone() })
    }

    /// Gives a record an external id, as a user does by hand; its revision grows.
    ///
    /// # Errors
    /// [`EditError::UnknownHere`] when there is no such record, [`EditError::Linked`] when it is linked, or the external
    /// id is another's.
    ///
    /// ```
    /// # use tripartite::memory::MemoryStore;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let store = MemoryStore::new(schema.clone());
    /// use tripartite::id::{ExternalId, LocalId};
    /// let (id, local) = (ExternalId::new("FED-1")?, LocalId::new("17")?);
    /// store.enter(local.clone(), schema.missing())?;
    /// store.link(&local, id.clone())?;
    /// assert!(store.get(&id).is_some_and(|kept| kept.id == local && kept.base.is_none()));
    /// assert!(store.link(&local, ExternalId::new("FED-2")?).is_err()); // a link is never moved
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn link(&self, local: &LocalId, id: ExternalId) -> Result<(), EditError> {
        let mut state = self.state();
        if !state.locals.contains_key(local) {
            return Err(EditError::UnknownHere { local: local.clone() });
        }
        match state.linked(local, &id) {
            Some(kept) => {
                kept.revision.0 += 1;
                Ok(())
            }
            None => Err(EditError::Linked { local: local.clone(), id }),
        }
    }

    /// Edits a record as a user does: the fields that are stated change, and its revision grows.
    ///
    /// # Errors
    /// [`EditError::Unknown`] when there is no such record, [`EditError::Fields`] when the fields do not make one, as
    /// in [`Schema::record`].
    ///
    /// ```
    /// # use tripartite::id::ExternalId;
    /// # use tripartite::memory::MemoryStore;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name));
    /// # let schema = schema.field(Field::new("phone", Kind::Text)).build()?;
    /// # let id = ExternalId::new("7")?;
    /// # let store = MemoryStore::new(schema.clone());
    /// store.insert(id.clone(), schema.record(&serde_json::json!({"name": "Áine", "phone": "1"}))?);
    /// store.edit(&id, &serde_json::json!({"phone": null}))?;
    /// let kept = store.get(&id).ok_or("it was inserted")?;
    /// // What is not stated stays, null clears, and the revision tells the next run.
    /// assert_eq!((kept.local.field(0).text(), kept.local.field(1).is_null()), (Some("Áine"), true));
    /// assert_eq!(kept.revision.0, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn edit<T: Serialize>(&self, id: &ExternalId, fields: &T) -> Result<(), EditError> {
        let fields = self.schema.record(fields)?;
        self.change(id, |kept| kept.local = patched(&kept.local, &fields))
    }

    /// Changes anything about a record; its revision grows.
    ///
    /// # Errors
    /// [`EditError::Unknown`] when there is no such record; nothing is changed then.
    ///
    /// ```
    /// # use tripartite::id::ExternalId;
    /// # use tripartite::memory::MemoryStore;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name));
    /// # let schema = schema.field(Field::new("phone", Kind::Text)).build()?;
    /// # let id = ExternalId::new("7")?;
    /// # let store = MemoryStore::new(schema.clone());
    /// use tripartite::exchange::Presence;
    /// store.insert(id.clone(), schema.missing());
    /// store.change(&id, |kept| kept.presence = Presence::Removed)?; // as when a user deletes it
    /// assert!(store.change(&ExternalId::new("8")?, |_| ()).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn change(&self, id: &ExternalId, change: impl FnOnce(&mut Kept)) -> Result<(), EditError> {
        match self.state().records.get_mut(id) {
            Some(kept) => {
                changed(kept, change);
                Ok(())
            }
            None => Err(EditError::Unknown { id: id.clone() }),
        }
    }

    /// A copy of a record.
    ///
    /// ```
    /// # use tripartite::id::ExternalId;
    /// # use tripartite::memory::MemoryStore;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name));
    /// # let schema = schema.field(Field::new("phone", Kind::Text)).build()?;
    /// # let id = ExternalId::new("7")?;
    /// # let store = MemoryStore::new(schema.clone());
    /// store.insert(id.clone(), schema.missing());
    /// let before = store.get(&id).ok_or("it was inserted")?;
    /// store.edit(&id, &serde_json::json!({"name": "Áine"}))?;
    /// assert_eq!(before.revision.0, 1); // a copy: what is changed later does not reach it
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get(&self, id: &ExternalId) -> Option<Kept> {
        self.state().records.get(id).cloned()
    }

    /// A copy of the records without an external id, by their local ids.
    ///
    /// ```
    /// # use tripartite::id::ExternalId;
    /// # use tripartite::memory::MemoryStore;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let store = MemoryStore::new(schema.clone());
    /// store.insert(ExternalId::new("7")?, schema.missing());
    /// assert!(store.free().is_empty()); // who has an external id is not among them
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn free(&self) -> BTreeMap<LocalId, Kept> {
        self.state().free.clone()
    }

    /// A copy of all records that have an external id, by it.
    ///
    /// ```
    /// # use tripartite::id::ExternalId;
    /// # use tripartite::memory::MemoryStore;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name));
    /// # let schema = schema.field(Field::new("phone", Kind::Text)).build()?;
    /// # let id = ExternalId::new("7")?;
    /// # let store = MemoryStore::new(schema.clone());
    /// store.insert(ExternalId::new("10")?, schema.missing());
    /// store.insert(ExternalId::new("9")?, schema.missing());
    /// let ids: Vec<String> = store.records().keys().map(ToString::to_string).collect();
    /// assert_eq!(ids, ["10", "9"]); // ids are texts
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn records(&self) -> BTreeMap<ExternalId, Kept> {
        self.state().records.clone()
    }

    /// A copy of the audit, oldest first.
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::exchange::Entry;
    /// # use tripartite::id::{ExternalId, RunId};
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::Run;
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
    /// # let store = MemoryStore::new(schema.clone());
    /// # let id = ExternalId::new("7")?;
    /// # store.insert(id, schema.record(&serde_json::json!({"phone": "1"}))?);
    /// # let listing = Listing::of(&schema, [("7", serde_json::json!({"phone": "2"}))])?;
    /// # let step = Run::new(Policy::new(schema), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH).start();
    /// # drive_blocking(step, &listing, &store)?;
    /// // The host had "1", the source said "2", nobody knows since when, and remote_wins decided.
    /// let audit = store.audit();
    /// assert!(matches!(&audit[..], [(_, _, Entry::Field(entry))] if entry.local.as_text() == Some("1")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    async fn load(&self, wanted: &Wanted) -> Result<Records, Infallible> {
        let state = self.state();
        let linked = wanted.ids.iter().filter_map(|id| Some(loaded(id, state.records.get(id)?))).collect();
        let candidates = wanted.near.as_ref().map(|near| state.near(near)).unwrap_or_default();
        Ok(Records { linked, candidates })
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<Outcome>, Infallible> {
        let mut state = self.state();
        Ok(batch.ops.iter().map(|op| state.carry_out(&self.schema, batch, op)).collect())
    }
}

impl State {
    fn carry_out(&mut self, schema: &Schema, batch: &Batch, op: &Op) -> Outcome {
        if !self.is_expected(op) {
            return Outcome::Stale;
        }
        if let Some(kept) = op.rekeyed.as_ref().and_then(|from| self.records.remove(from)) {
            self.locals.insert(kept.id.clone(), Some(op.id.clone()));
            self.records.insert(op.id.clone(), kept);
        }
        if let Expect::Free { local, .. } = &op.expect {
            self.linked(local, &op.id);
        }
        if let Action::Create(_) = op.action {
            let local = self.name(&op.id);
            self.locals.insert(local.clone(), Some(op.id.clone()));
            self.records.insert(op.id.clone(), Kept::new(local, Record::missing(0), 0));
        }
        let Some(kept) = self.records.get_mut(&op.id) else { return Outcome::Stale };
        apply(kept, batch, op);
        let local = kept.id.clone();
        self.audit.extend(
            op.entries.iter().map(|entry| (batch.run.clone(), op.id.clone(), entry.stored(schema, None).into_owned())),
        );
        Outcome::Applied { local }
    }

    fn is_expected(&self, op: &Op) -> bool {
        let is_taken = self.records.contains_key(&op.id);
        match &op.expect {
            Expect::Unlinked => !is_taken && matches!(op.action, Action::Create(_)),
            Expect::Free { local, revision } => {
                !is_taken && self.free.get(local).is_some_and(|kept| kept.revision == *revision)
            }
            Expect::Revision(revision) => {
                let known = self.records.get(op.rekeyed.as_ref().unwrap_or(&op.id));
                known.is_some_and(|kept| kept.revision == *revision) && !(op.rekeyed.is_some() && is_taken)
            }
        }
    }

    /// Gives a record without an external id this one, unless it is somebody's.
    fn linked(&mut self, local: &LocalId, id: &ExternalId) -> Option<&mut Kept> {
        if self.records.contains_key(id) {
            return None;
        }
        let kept = self.free.remove(local)?;
        self.locals.insert(local.clone(), Some(id.clone()));
        Some(self.records.entry(id.clone()).or_insert(kept))
    }

    /// What a new record is called here: what the source calls it, or a number if that is taken.
    fn name(&self, id: &ExternalId) -> LocalId {
        let numbers = (1_u64..).map(|number| format!("#{number}"));
        let mut names = std::iter::once(id.to_string()).chain(numbers).filter_map(|name| LocalId::new(name).ok());
        names.find(|name| !self.locals.contains_key(name)).expect("there are more numbers than records")
    }

    /// All that have one of the keys. A database keeps the keys; here each record's are reckoned anew.
    fn near(&self, near: &Near) -> Vec<Candidate> {
        let linked = self.records.iter().map(|(id, kept)| (Some(id), kept));
        let all = linked.chain(self.free.values().map(|kept| (None, kept)));
        let is_near = |kept: &Kept| near.rules.keys(&kept.local).iter().any(|key| near.keys.binary_search(key).is_ok());
        let candidate = |(id, kept): (Option<&ExternalId>, &Kept)| Candidate {
            local: kept.id.clone(),
            revision: kept.revision,
            presence: kept.presence,
            linked: id.cloned(),
            is_not: kept.is_not.iter().cloned().collect(),
            record: kept.local.clone(),
        };
        all.filter(|(_, kept)| is_near(kept)).map(candidate).collect()
    }
}

/// Changes a record as a user does. What it is called stays.
fn changed(kept: &mut Kept, change: impl FnOnce(&mut Kept)) {
    let id = kept.id.clone();
    change(kept);
    kept.id = id;
    kept.revision.0 += 1;
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
    kept.revision.0 += u64::from(op.makes_revision());
    kept.missed = op.missed;
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
pub(crate) fn patched(record: &Record, patch: &Record) -> Record {
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
        missed: kept.missed,
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
        missed: kept.missed,
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
    /// [`ListingError::Id`] when an id is none, [`ListingError::Record`] when the fields do not make a record; the
    /// first of either.
    ///
    /// ```
    /// # use tripartite::memory::Listing;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// assert!(Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))]).is_ok());
    /// assert!(Listing::of(&schema, [("7", serde_json::json!("Áine"))]).is_err()); // no object, so no fields
    /// assert!(Listing::of(&schema, [("", serde_json::json!({}))]).is_err());
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
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
    ///
    /// ```
    /// use tripartite::exchange::{Item, Malformed};
    /// use tripartite::memory::Listing;
    /// // As a source does that breaks off in the middle of a line.
    /// let problem = "ends within a text".to_owned();
    /// let listing = Listing::new(vec![Item::Malformed(Malformed { place: "line 17".to_owned(), id: None, problem })]);
    /// ```
    pub fn new(items: Vec<Item>) -> Self {
        Self { items, complete: true, page: PAGE }
    }

    /// Not everything the source has.
    ///
    /// ```
    /// use tripartite::drive::block_on;
    /// use tripartite::exchange::Next;
    /// use tripartite::host::Connector;
    /// use tripartite::memory::Listing;
    /// let page = block_on(Listing::new(vec![]).partial().fetch(None))?;
    /// assert_eq!(page.next, Next::Partial); // so nobody is missing from it
    /// # Ok::<(), std::convert::Infallible>(())
    /// ```
    #[must_use]
    pub fn partial(mut self) -> Self {
        self.complete = false;
        self
    }

    /// How many items are on a page, at least one.
    ///
    /// ```
    /// use tripartite::drive::block_on;
    /// use tripartite::exchange::{Cursor, Next};
    /// use tripartite::host::Connector;
    /// use tripartite::memory::Listing;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let listing = Listing::of(&schema, ["1", "2"].map(|id| (id, serde_json::json!({}))))?.pages_of(0);
    /// let first = block_on(listing.fetch(None))?; // at least one item, or no page would ever be the last
    /// assert_eq!((first.items.len(), first.next), (1, Next::More(Cursor("1".to_owned()))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn pages_of(mut self, items: usize) -> Self {
        self.page = items.max(1);
        self
    }

    /// How many records it has; what is said of others is none.
    fn records(&self) -> u64 {
        let mut nameless = 0;
        let mut named = BTreeSet::new();
        for item in &self.items {
            match item {
                Item::Record(remote) => drop(named.insert(&remote.id)),
                Item::Malformed(Malformed { id: Some(id), .. }) => drop(named.insert(id)),
                Item::Malformed(_) => nameless += 1,
                _ => {}
            }
        }
        nameless + named.len() as u64
    }
}

impl Connector for Listing {
    type Error = Infallible;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, Infallible> {
        let start = after.and_then(|after| after.0.parse().ok()).unwrap_or(0).min(self.items.len());
        let end = self.items.len().min(start + self.page);
        let next = match (end < self.items.len(), self.complete) {
            (true, _) => Next::More(Cursor(end.to_string())),
            (false, true) => Next::Complete { total: Some(self.records()) },
            (false, false) => Next::Partial,
        };
        Ok(Page { items: self.items[start..end].to_vec(), next })
    }

    async fn fetch_only(&self, ids: &[ExternalId], _: Option<&Cursor>) -> Result<Page, Infallible> {
        Ok(Page { items: self.items.clone(), next: Next::Partial }.only(ids))
    }
}
