//! What a host implements to run the suite of a record store: the store, and the edits that users make past it.

use crate::audit::AuditEntry;
use crate::id::{ExternalId, LocalId, RunId};
use crate::memory::MemoryStore;
use crate::store::{Presence, RecordStore};
use crate::value::Record;

use super::schema;

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

    /// Another organisation's fixture, in the same backend where a backend can hold several. It has no records yet.
    fn neighbour(&self) -> Self;

    /// The same store after a crash: everything that was only in memory is gone.
    fn reopen(self) -> Self;

    /// How many entries a page of the index has at most. The suite fills more than two of them.
    fn page(&self) -> usize;

    /// A user enters a record; with an external id it is linked by hand. The id may be one that a deleted record had.
    fn enter(&self, id: Option<&ExternalId>, fields: &Record);

    /// A user changes the fields that a patch states, all at once; null clears.
    fn edit(&self, id: &ExternalId, patch: &Record);

    /// A user marks a record inactive.
    fn deactivate(&self, id: &ExternalId);

    /// A user deletes a record.
    fn delete(&self, id: &ExternalId);

    /// A user changes fields of a record that has no external id, as [`edit`](Self::edit) does of others.
    fn edit_here(&self, local: &LocalId, patch: &Record);

    /// A user marks a record inactive that has no external id.
    fn deactivate_here(&self, local: &LocalId);

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
    fn edit(&self, id: &ExternalId, patch: &Record) {
        done(self.edit(id, &schema().named(patch)));
    }

    #[track_caller]
    fn deactivate(&self, id: &ExternalId) {
        done(self.change(id, |kept| kept.presence = Presence::Removed));
    }

    #[track_caller]
    fn delete(&self, id: &ExternalId) {
        Fixture::deactivate(self, id);
    }

    #[track_caller]
    fn edit_here(&self, local: &LocalId, patch: &Record) {
        done(self.change_here(local, |kept| kept.local = kept.local.patched(patch)));
    }

    #[track_caller]
    fn deactivate_here(&self, local: &LocalId) {
        done(self.change_here(local, |kept| kept.presence = Presence::Removed));
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
fn done<E: std::error::Error>(edited: Result<(), E>) {
    if let Err(error) = edited {
        panic!("the user's edit failed: {error}");
    }
}
