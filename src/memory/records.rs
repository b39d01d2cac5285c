//! A record store in memory: what users do by hand, and what a run asks for.

mod state;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use self::state::State;
use super::kept::{changed, entry, loaded};
use super::{Kept, PAGE};
use crate::audit::AuditEntry;
use crate::id::{ExternalId, LocalId, RunId};
use crate::schema::{RecordingError, Schema};
use crate::source::Cursor;
use crate::store::{Batch, IndexPage, LoadRequest, OpOutcome, RecordStore, Records};
use crate::value::Record;

/// Keeps records in memory. Every method takes `&self`, so that a user can edit while a run is under way.
#[derive(Debug)]
pub struct MemoryStore {
    schema: Schema,
    state: Mutex<State>,
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
    /// // its first sync is still to come
    /// assert!(store.get(&id).is_some_and(|kept| kept.base.is_none()));
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
    /// // to a run by ids it is not there
    /// assert!(store.records().is_empty() && store.free().len() == 1);
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
    /// // a person has looked, and it is another
    /// store.change_here(&local, |kept| kept.is_not = [id].into())?;
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
    /// store.insert(
    ///     id.clone(),
    ///     schema.record(&serde_json::json!({"name": "Áine", "phone": "1"}))?,
    /// );
    /// store.edit(&id, &serde_json::json!({"phone": null}))?;
    /// let kept = store.get(&id).ok_or("it was inserted")?;
    /// // What is not stated stays, null clears, and the revision tells the next run.
    /// assert_eq!(
    ///     (kept.local.field(0).text(), kept.local.field(1).is_null()),
    ///     (Some("Áine"), true)
    /// );
    /// assert_eq!(kept.revision.0, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn edit<T: Serialize>(&self, id: &ExternalId, fields: &T) -> Result<(), EditError> {
        let fields = self.schema.record(fields)?;
        self.change(id, |kept| kept.local = kept.local.patched(&fields))
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
    /// use tripartite::store::Presence;
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
    /// # use tripartite::audit::AuditEntry;
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
    /// // The host had "1", the source said "2", nobody knows since when: remote_wins decided.
    /// let audit = store.audit();
    /// let [(_, _, AuditEntry::Field(entry))] = &audit[..] else {
    ///     panic!("one field was decided")
    /// };
    /// assert_eq!(entry.local.as_text(), Some("1"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn audit(&self) -> Vec<(RunId, ExternalId, AuditEntry)> {
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

    async fn load(&self, wanted: &LoadRequest) -> Result<Records, Infallible> {
        let state = self.state();
        let linked = wanted.ids.iter().filter_map(|id| Some(loaded(id, state.records.get(id)?))).collect();
        let candidates = wanted.near.as_ref().map(|near| state.near(near)).unwrap_or_default();
        Ok(Records { linked, candidates })
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, Infallible> {
        let mut state = self.state();
        Ok(batch.ops.iter().map(|op| state.carry_out(batch, op)).collect())
    }
}
