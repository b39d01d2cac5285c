use crate::exchange::{Entry, Presence};
use crate::host::RecordStore;
use crate::id::{ExternalId, RunId};
use crate::memory::MemoryStore;
use crate::value::Record;

use super::schema;

/// A store under test, with what else happens to its records: users edit them, and programs that know no sync.
///
/// What a user does must be done as users do it, past the store: by the application's own statements, not by a commit.
/// A method that cannot do its part panics. Records are of the suite's [`schema`].
///
/// A store in memory is its own fixture; a record that has no external id is none of the sync's business:
///
/// ```
/// use tripartite::conformance::records::Fixture;
/// use tripartite::memory::MemoryStore;
/// # use tripartite::conformance::records::schema;
/// # use tripartite::drive::block_on;
/// # use tripartite::host::RecordStore;
/// # use tripartite::id::ExternalId;
/// let host = MemoryStore::new(schema());
/// let id = ExternalId::new("7")?;
/// host.enter(Some(&id), &schema().missing());
/// host.enter(None, &schema().missing()); // a record that no source knows
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

    /// The same, come back after a crash: what is only in memory is gone.
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

    /// Has the backend refuse, from now on, what an op writes last of this record, as a constraint does. `false` where
    /// nothing can be refused; then an op never fails.
    fn refuse(&self, id: &ExternalId) -> bool;

    /// The whole audit, oldest first.
    fn audit(&self) -> Vec<(RunId, ExternalId, Entry)>;
}

/// Its pages have a hundred entries. A record without an external id is nothing that it keeps.
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
        if let Some(id) = id {
            self.insert(id.clone(), fields.clone());
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

    fn refuse(&self, _id: &ExternalId) -> bool {
        false
    }

    fn audit(&self) -> Vec<(RunId, ExternalId, Entry)> {
        self.audit()
    }
}

#[track_caller]
fn done<E: std::error::Error>(edited: Result<(), E>) {
    if let Err(error) = edited {
        panic!("the user's edit failed: {error}");
    }
}
