//! The traits a host implements: where records come from, and where they are kept.
//!
//! They are the crate's only seams. Write `async fn` in an implementation; one that never waits, such as an embedded
//! database, is driven without a runtime by [`drive_blocking`](crate::drive::drive_blocking). Errors stay the host's
//! own types and only say what class of failure they are ([`Classify`]).
//!
//! An implementation stands for one organisation's copy of one source: nothing here names either, so nothing can reach
//! across.

mod jobs;

use std::future::Future;

pub use jobs::{Due, JobStore, LogEntry, LogPosition, Row, Shard, StoreKey, Stored, Swap, SwapOf, Version};

use crate::exchange::{Batch, Cursor, IndexPage, Loaded, Outcome, Page};
use crate::failure::Classify;
use crate::id::ExternalId;

/// Where the source's records come from.
pub trait Connector {
    /// What can go wrong.
    type Error: std::error::Error + Classify;

    /// Fetches a page of the listing.
    ///
    /// * **Must**: begin at `None`, go on at the cursor that the last page gave, and end with
    ///   [`Next::Complete`](crate::exchange::Next::Complete) only when every record the source has was on some page of
    ///   this enumeration. Hand out what cannot be read as [`Item::Malformed`](crate::exchange::Item::Malformed),
    ///   with the id if that much can be read.
    /// * **May**: repeat a record, also differently, and list records in any order, another one each time.
    /// * **The core relies on** completeness being said truthfully: it is what makes a record that is not there
    ///   missing.
    fn fetch(&self, after: Option<&Cursor>) -> impl Future<Output = Result<Page, Self::Error>> + Send;
}

/// Where the host keeps its records, with what the crate remembers about them.
pub trait RecordStore {
    /// What can go wrong.
    type Error: std::error::Error + Classify;

    /// Reads a page of the index: everything that has an external id.
    ///
    /// * **Must**: give every record that is linked throughout the enumeration exactly once. A record that a user gave
    ///   an external id by hand is linked. Its revision must be larger after every change, by whomever.
    /// * **May**: miss or include records that are linked or unlinked meanwhile, in any order.
    /// * **The core relies on** [`synced`](crate::exchange::IndexEntry::synced) being what the last commit stored: a
    ///   record whose revision still equals it is not loaded.
    fn index(&self, after: Option<&Cursor>) -> impl Future<Output = Result<IndexPage, Self::Error>> + Send;

    /// Loads records with their bases and open conflicts, all in one call.
    ///
    /// * **Must**: give the fields and the revision of one moment for each record. Leave out what is not linked.
    /// * **May**: answer in any order.
    /// * **The core relies on** a field that is null or missing being empty, never "not loaded".
    fn load(&self, ids: &[ExternalId]) -> impl Future<Output = Result<Vec<Loaded>, Self::Error>> + Send;

    /// Carries out a batch of ops and answers for each, in order.
    ///
    /// * **Must**: carry out each op as one (the record's fields, its base, link, open conflicts and audit entries
    ///   together, or none of it) and only if what it expects is still so. Remember
    ///   [`Synced`](crate::exchange::Synced) with the revision *after* the op's own write, where the op has
    ///   [`seen`](crate::exchange::Op::seen).
    /// * **May**: put the whole batch into one transaction.
    /// * **The core relies on** an op that is not [`Applied`](Outcome::Applied) having left no trace. After an error
    ///   the batch may have been carried out, in whole or in part by whole ops: the next run finds out. A host that
    ///   cannot write an op as one writes the record first and the base last: a crash between heals as *converged*, the
    ///   other way round loses the update.
    fn commit(&self, batch: &Batch) -> impl Future<Output = Result<Vec<Outcome>, Self::Error>> + Send;
}
