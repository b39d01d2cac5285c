//! What a host implements to run the suite of a record store: the store, and the edits that users make past it.

use crate::audit::AuditEntry;
use crate::drive;
use crate::id::{ExternalId, LocalId, RunId};
use crate::memory::{Kept, MemoryStore};
use crate::store::{Presence, RecordStore};
use crate::value::Record;

use super::schema;

/// The id by which a user's edit names a record: the source's id if the record is linked, or the host's own.
///
/// This enum is exhaustive: a record is linked or it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordId<'a> {
    /// A linked record, by its external id.
    Linked(&'a ExternalId),
    /// A record without an external id, by its local id.
    Unlinked(&'a LocalId),
}

impl<'a> From<&'a ExternalId> for RecordId<'a> {
    fn from(id: &'a ExternalId) -> Self {
        Self::Linked(id)
    }
}

impl<'a> From<&'a LocalId> for RecordId<'a> {
    fn from(local: &'a LocalId) -> Self {
        Self::Unlinked(local)
    }
}

/// A store under test, with what else happens to its records: users edit them, and programs that know no sync.
///
/// What a user does must be done as users do it, past the store: by the application's own statements, not by a commit.
/// A method that cannot do its part panics. Records are of the suite's [`schema`].
///
/// A store in memory is its own fixture. A record without an external id is not in the index:
///
/// ```
/// use tripartite::conformance::records::Fixture;
/// use tripartite::memory::MemoryStore;
/// # use tripartite::conformance::records::schema;
/// # use tripartite::drive::block_on;
/// # use tripartite::store::RecordStore;
/// # use tripartite::id::ExternalId;
/// let host = MemoryStore::new(schema());
/// let id = ExternalId::new("7")?;
/// Fixture::enter(&host, Some(&id), &schema().missing());
/// Fixture::enter(&host, None, &schema().missing()); // a record without an external id
/// assert_eq!(block_on(host.index(None))?.entries.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Fixture: Sized + Sync {
    /// The store.
    type Store: RecordStore + Sync;

    /// The store, of one organisation and source.
    fn store(&self) -> &Self::Store;

    /// Drives a future of the store to its end. Several threads call it at once. A store that needs a runtime is driven by it;
    /// [`conformance`](crate::conformance#a-runtime) has an example.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        drive::block_on(future)
    }

    /// Another organisation's fixture, in the same backend where a backend can hold several. It has no records yet.
    fn neighbour(&self) -> Self;

    /// The same store after a crash: everything that was only in memory is gone.
    fn reopen(self) -> Self;

    /// How many entries a page of the index has at most. The suite fills more than two of them.
    fn page(&self) -> usize;

    /// A user enters a record; with an external id it is linked by hand. The id may be one that a deleted record had.
    fn enter(&self, id: Option<&ExternalId>, fields: &Record);

    /// A user changes the fields that a patch states, all at once; null clears. The record may be inactive.
    fn edit(&self, of: RecordId<'_>, patch: &Record);

    /// A user marks a record inactive.
    fn deactivate(&self, of: RecordId<'_>);

    /// A user marks a record active that a sync or a user marked inactive.
    fn activate(&self, of: RecordId<'_>);

    /// A user deletes a record.
    fn delete(&self, of: RecordId<'_>);

    /// A user gives a record an external id by hand.
    fn link(&self, local: &LocalId, id: &ExternalId);

    /// A person says that a record here is not this one of the source, as the host lets people say it.
    fn rule_out(&self, local: &LocalId, id: &ExternalId);

    /// Makes the backend refuse, from now on, the last write of an op on this record, as a constraint does. Returns
    /// `false` if the backend can refuse nothing; then an op never fails.
    fn refuse(&self, id: &ExternalId) -> bool;

    /// The whole audit, oldest first.
    fn audit(&self) -> Vec<(RunId, ExternalId, AuditEntry)>;
}

/// Its pages have a hundred entries. A record that is entered without an external id gets a number for a local one.
impl Fixture for MemoryStore {
    type Store = Self;

    fn store(&self) -> &Self {
        self
    }

    fn neighbour(&self) -> Self {
        Self::new(schema())
    }

    fn reopen(self) -> Self {
        self
    }

    fn page(&self) -> usize {
        100
    }

    fn enter(&self, id: Option<&ExternalId>, fields: &Record) {
        match id {
            Some(id) => self.insert(id.clone(), fields.clone()),
            None => done(self.enter(number(self), fields.clone())),
        }
    }

    #[track_caller]
    fn edit(&self, of: RecordId<'_>, patch: &Record) {
        change(self, of, |kept| kept.local = kept.local.patched(patch));
    }

    #[track_caller]
    fn deactivate(&self, of: RecordId<'_>) {
        change(self, of, |kept| kept.presence = Presence::Removed);
    }

    #[track_caller]
    fn activate(&self, of: RecordId<'_>) {
        change(self, of, |kept| kept.presence = Presence::Active);
    }

    /// It deletes nothing: a record that is marked as removed is what a deletion leaves.
    #[track_caller]
    fn delete(&self, of: RecordId<'_>) {
        Fixture::deactivate(self, of);
    }

    #[track_caller]
    fn link(&self, local: &LocalId, id: &ExternalId) {
        done(self.link(local, id.clone()));
    }

    #[track_caller]
    fn rule_out(&self, local: &LocalId, id: &ExternalId) {
        done(self.change_here(local, |kept| kept.is_not.extend([id.clone()])));
    }

    fn refuse(&self, _id: &ExternalId) -> bool {
        false
    }

    fn audit(&self) -> Vec<(RunId, ExternalId, AuditEntry)> {
        self.audit()
    }
}

/// A local id that no record has: of those without an external id, none was ever given back.
fn number(store: &MemoryStore) -> LocalId {
    let number = store.records().len() + store.free().len();
    LocalId::new(format!("row {number}")).expect("a word and a number are an id")
}

#[track_caller]
fn change(store: &MemoryStore, of: RecordId<'_>, change: impl FnOnce(&mut Kept)) {
    match of {
        RecordId::Linked(id) => done(store.change(id, change)),
        RecordId::Unlinked(local) => done(store.change_here(local, change)),
    }
}

#[track_caller]
fn done<E: std::error::Error>(edited: Result<(), E>) {
    if let Err(error) = edited {
        panic!("the user's edit failed: {error}");
    }
}
