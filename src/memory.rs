//! Reference implementations of the host traits, in memory: for tests, for examples, and to read what a host does.
//!
//! What a [`RecordStore`](crate::store::RecordStore) promises is a page of prose; here it is some hundred lines.
//! [`MemoryStore`] keeps what a database would keep, [`Listing`] lists what it was given. A member whose phone number is
//! 1 at the source:
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
mod kept;
mod listing;
mod records;

pub use jobs::MemoryJobStore;
pub use kept::Kept;
pub use listing::{Listing, ListingError};
pub use records::{EditError, MemoryStore};

/// How many entries a page has, so that small tests turn pages too.
const PAGE: usize = 100;
