//! Where a host keeps its records: the trait `RecordStore`, which a host implements, and its types.
//!
//! | from the host | to the host |
//! |---|---|
//! | [`IndexPage`]s: the linked records, and when each was last in step | [`LoadRequest`]: which records to load |
//! | [`Records`]: the linked records with their bases, and the candidates | [`Batch`]es of [`Op`]s, each with its [`Precondition`] |
//! | [`OpOutcome`]s of ops | [`AuditEntry`](crate::audit::AuditEntry)s and [`ConflictChange`]s, with each op |
//!
//! A store stands for one organisation's copy of one source. No type here names an organisation, so a run cannot reach
//! another one's records. Write `async fn` in an implementation. A store that never waits, such as an embedded
//! database, is driven without a runtime by [`drive_blocking`](crate::drive::drive_blocking).
//!
//! One member, `FED-7`. The source gives him a new number while somebody here edits his e-mail address:
//!
//! | who speaks | what is said |
//! |---|---|
//! | host, of its index | [`IndexEntry`]: revision 4, last in step at revision 3, so somebody edited it |
//! | source, on a page | [`RemoteRecord`](crate::source::RemoteRecord): version 9, another phone number |
//! | host, asked to load | [`Loaded`]: revision 4, the record, and the base of version 8 |
//! | crate, in a batch | [`Op`]: an [`Update`] of the phone alone, at revision 4; a base; two [`FieldEntry`]s |
//! | host, in answer | [`Applied`], and it is revision 5; or [`Stale`], and nothing was written |
//!
//! Most failures happen between two calls. If a store keeps its promises, this is what follows:
//!
//! | between | an event | the result |
//! |---|---|---|
//! | `load` and `commit` | a user edits the record | the op is refused, the record planned once more with the edit |
//! | two pages of `fetch` | the source adds a record, and one is listed twice | the second counts as a duplicate |
//! | a page and the end | the connection breaks | the run fails; in the default mode nothing was written |
//! | `commit` and its answer | the process dies | the next run finds the written records in step, and writes the rest |
//! | a record and its base, if not written as one | the process dies | the next run sees that both sides agree |
//!
//! **Why is there no method to delete?** No sync may delete. A record that is gone from the source is marked inactive.
//!
//! **Why does `load` take many ids?** One query for each of a hundred thousand records takes too long.
//!
//! **Why do the candidates come with the load?** A page is decided from the state of one moment. A run never reads in
//! the middle of planning.
//!
//! **Why does a patch state only what changes?** A patch cannot overwrite a field that it does not state, and a host that
//! shows the patch to a person shows what happens.
//!
//! **Why a revision, and not the time of the last change?** Two changes within one tick of a clock have one time. A
//! counter that every change makes larger is enough for a compare-and-set, and needs no clock.
//!
//! [`Update`]: Action::Update
//! [`FieldEntry`]: crate::audit::FieldEntry
//! [`Applied`]: OpOutcome::Applied
//! [`Stale`]: OpOutcome::Stale

mod candidate;
mod erased;
mod given_up;
mod left;
mod op;
mod privacy;
pub mod recipe;
mod record;
mod shared;

use std::future::Future;

pub use candidate::{Candidate, CandidateQuery, LoadRequest, Records};
pub use erased::DynRecordStore;
pub(crate) use given_up::{gave_up, given_up, given_up_at, given_up_by};
pub use left::{KEPT, LEFT};
pub(crate) use left::{has_left, is_kept, listings_without};
pub use op::{Action, Batch, ConflictChange, Op, OpOutcome, OpenConflict, Precondition, WHOLE_RECORD};
pub(crate) use privacy::{Plain, hide, show};
pub use record::{Base, IndexEntry, IndexPage, Loaded, Presence, Revision, Synced};

use crate::failure::Classify;
use crate::source::Cursor;

/// The host's records, and what the crate remembers about them.
///
/// [`MemoryStore`](crate::memory::MemoryStore) is a short implementation to read. [`recipe`] has the columns and triggers
/// that make a table of the host's own a store. Every sentence under a **Must** is a
/// case of the suite (`tripartite::conformance::records`), in the same words. The whole crate depends on
/// [`commit`](Self::commit) being a compare-and-set:
///
/// ```
/// # use tripartite::drive::block_on;
/// # use tripartite::store::{OpOutcome, RecordStore};
/// # use tripartite::source::Connector;
/// # use tripartite::id::{ExternalId, RunId};
/// # use tripartite::memory::{Listing, MemoryStore};
/// # use tripartite::run::{Run, Step};
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
/// # let store = MemoryStore::new(schema.clone());
/// # let id = ExternalId::new("7")?;
/// # store.insert(id.clone(), schema.record(&serde_json::json!({"phone": "1"}))?);
/// # let source = Listing::of(&schema, [("7", serde_json::json!({"phone": "2"}))])?;
/// # let mut step = Run::new(Policy::new(schema), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH).start();
/// # let committing = loop {
/// #     step = match step {
/// #         Step::Indexing(s) => { let page = block_on(store.index(s.request()))?; s.resume(page) }
/// #         Step::Fetching(s) => { let page = block_on(source.fetch(s.request()))?; s.resume(page) }
/// #         Step::Loading(s) => { let loaded = block_on(store.load(s.request()))?; s.resume(loaded) }
/// #         Step::Committing(committing) => break committing,
/// #         other => return Err(format!("{other:?}").into()),
/// #     };
/// # };
/// // The run has read the record and wants to write the source's number. Just then a user
/// // enters another one.
/// store.edit(&id, &serde_json::json!({"phone": "3"}))?;
/// assert_eq!(block_on(store.commit(committing.request()))?, [OpOutcome::Stale]);
/// let kept = store.get(&id).ok_or("it is still there")?;
/// assert_eq!(kept.local.field(0).text(), Some("3"));
/// assert!(kept.base.is_none() && store.audit().is_empty()); // no trace
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Of all methods
///
/// * **Must**:
///   - Show to every later call what a commit stored.
///   - Keep what was answered, over a crash of the process.
///   - Let the next run make up for one that broke off at any call, whether that call took effect or not.
///   - Keep the records of other organisations as they are, in the same backend too.
/// * **May**: keep a value in another form, for example a date in a column of dates. Two values with the same
///   [canonical](crate::schema::Schema::canonical) form are equal.
/// * **The core relies on** the precondition of each op. It does not trust what it read until an op that expects the
///   revision is applied.
pub trait RecordStore {
    /// What can go wrong.
    type Error: std::error::Error + Classify;

    /// Reads a page of the index: every record that has an external id.
    ///
    /// * **Must**:
    ///   - Give every record that is linked throughout the enumeration exactly once, even if records come, change or go
    ///     meanwhile.
    ///   - List a record that a user gave an external id by hand, and none that has no external id.
    ///   - Keep the revision for as long as nobody changes the record, and give the same in the index and in a load.
    ///   - Make the revision larger by every change of the record, by a user or a sync.
    ///   - Give no revision that a record had to one that takes its place under the same external id.
    ///   - Say when the record was in step, and how many of its conflicts are open, as the last commit stored it.
    ///   - Say of a record whether it is active, deactivated by a sync, or removed by a user.
    ///   - Keep a record that a sync wrote and a user deleted, as removed.
    /// * **May**: miss or include records that are linked or unlinked meanwhile. List in any order; a run is
    ///   [fastest](crate::performance) where the source lists in the same one. Make the revision larger by a write that
    ///   changes nothing; the record is then looked at once more. Forget a record that a user deleted before any sync wrote
    ///   it. Give a record that takes the place of a deleted one under the same external id the base of that one, or none:
    ///   it is compared either way, because its revision is its own. What a person said of the deleted one is not said of
    ///   it.
    /// * **The core relies on** [`synced`](crate::store::IndexEntry::synced) being what the last commit stored: a
    ///   record whose revision still equals it is not loaded.
    fn index(&self, after: Option<&Cursor>) -> impl Future<Output = Result<IndexPage, Self::Error>> + Send;

    /// Loads linked records with their bases and open conflicts, and the candidates for unlinked records, all in one
    /// call.
    ///
    /// * **Must**:
    ///   - Give the fields and the revision of one moment for each record.
    ///   - Leave out what is not linked.
    ///   - Give each record that is asked for once, however many are asked for.
    ///   - Tell ids apart byte for byte, also long ones and those that differ in case.
    ///   - Keep a field of every kind as it was written, equal in its canonical form.
    ///   - Give a field that holds nothing as null or missing, never as another value.
    ///   - Take texts of 60,000 bytes without a NUL character, whole numbers of 64 bits, decimals of 28 digits, and days of the
    ///     years 1 to 9999.
    ///   - Keep all that a source states, or fail the op: never a part of it, never another value.
    /// * **Must**, of candidates, where some are looked for:
    ///   - Give every record that has one of the keys, linked or not, with its local id and what it is linked to.
    ///   - Of more than eleven records that share a key, give eleven or more, and each that another of the keys finds.
    ///   - Find a record by its current values, also right after a user or a sync wrote them.
    ///   - Find a record by the rules of the query, whatever the rules of an earlier query were.
    ///   - Give with a candidate the records of the source for which a person said that it is another record.
    ///   - Say of a candidate whether a user removed it.
    ///   - Give no record of another organisation as a candidate.
    /// * **May**: answer in any order. Give candidates that have none of the keys, and give a candidate twice. Leave
    ///   out a candidate that a user deleted. Give the fields of a linked record that a user deleted as they were, or
    ///   none; its base, its conflicts and the rest are as the last commit stored them, and it is
    ///   [`Presence::Removed`]. Leave out what a record has beyond the fields of the
    ///   schema, but not what a base has. Refuse a text with a NUL character, and what is beyond the usual sizes; the op
    ///   then [fails](OpOutcome::Failed). Leave out records beyond the eleventh that share a key: a key that more than
    ///   [`FEW`](crate::matching::FEW) records have proposes no candidate, and eleven records show that.
    /// * **The core relies on** two things. A field that is null or missing is empty, never "not loaded". Every
    ///   candidate that has a key is given: a record of the source without a candidate is created. A record that was in
    ///   the index and is missing from the load is skipped until the next run.
    fn load(&self, wanted: &LoadRequest) -> impl Future<Output = Result<Records, Self::Error>> + Send;

    /// Carries out a batch of ops and answers for each, in order.
    ///
    /// * **Must**, of each op:
    ///   - Answer for each op, in the order of the batch.
    ///   - Carry out an op on a linked record only at the revision that it expects; else nothing of it.
    ///   - Create a record only where no record has its external id; else nothing of it.
    ///   - Link a record only where it has no external id and the revision that is expected, and no record has the op's id;
    ///     else nothing of it.
    ///   - Move link, base and open conflicts of a rekeyed record to its new id, where no record has that; else nothing of
    ///     it.
    ///   - Carry out the ops in their order: an id that one gives up is free for the next.
    ///   - Carry out each op whole or not at all: one that fails leaves no trace, and stops no other.
    ///   - Write the fields that a patch states, null too, and leave the others as they are.
    ///   - Mark a record inactive, and active again with a patch, and delete nothing.
    ///   - Answer with the local id of the record, which it keeps, and which no other has.
    ///   - Change nothing of a record that is only touched, but for what is remembered.
    ///   - Leave all other records as they are.
    /// * **Must**, of what is remembered:
    ///   - Store the base that an op has, with the batch's schema and the op's version, and tell missing from null.
    ///   - Keep with a base what it has beyond the fields of the schema.
    ///   - Leave the base and its version where an op has no base, also when the op writes fields and when users edit.
    ///   - Remember that a record is in step, at the revision after the op's own write, where the op says what was
    ///     seen.
    ///   - Leave unchanged when a record was in step, where an op does not say what was seen.
    ///   - Make the revision larger by an op that changes the base or an open conflict of a record, though it is only
    ///     touched.
    ///   - Remember of each op how often in a row the record was missed.
    ///   - Store the version of a tombstone beside the base, as the record is marked inactive.
    ///   - Open, update and close conflicts by their units, one for each, and give those that are open as they were
    ///     stored.
    ///   - Append the audit entries of an op that is carried out, each once and in their order, under the batch's run.
    ///   - Keep in the audit the values that the entries state, and none that only the op has.
    /// * **Must**, when several write at once:
    ///   - Let one of several ops that expect the same revision be carried out, and never two.
    ///   - Let one of several creations for an external id be carried out, and never two.
    ///   - Let one of several links of a record, or to an external id, be carried out, and never two.
    ///   - Lose no edit to an op: what a user writes while it is under way makes it stale, or comes after it.
    ///   - Lose no deletion to an op: a record that a user deletes or deactivates while an op is under way stays removed.
    /// * **May**: put the whole batch into one transaction. Answer with any local id for a record that a user deleted, and
    ///   answer [`Stale`](OpOutcome::Stale) to an op that would write its fields.
    /// * **Which answer?** An op of which *nothing* is carried out, because something is not as it expects, is
    ///   [`Stale`](OpOutcome::Stale), also if it could not be written. [`Failed`](OpOutcome::Failed) is an op that is as
    ///   expected and that the backend refuses. [`Op::makes_revision`](crate::store::Op::makes_revision) says whether the
    ///   revision of the record must be larger after an op.
    /// * **The core relies on** an op that is not [`Applied`](OpOutcome::Applied) having left no trace.
    ///   [`Op::seen`](crate::store::Op::seen) is what was seen at the source; the store remembers it as [`Synced`].
    ///   [`Op::missed`](crate::store::Op::missed) says how often the record was missed. A record that is
    ///   [rekeyed](crate::store::Op::rekeyed) or [linked](crate::store::Op::links) gets its id first, and its revision
    ///   grows. After an error, all ops of the batch, some of them or none may have been carried out, each whole; the
    ///   next run finds out. A host that cannot write an op in one transaction writes the record first and the base
    ///   last. After a crash between the two, the next run finds both sides *converged*. In the other order, the update
    ///   would be lost.
    fn commit(&self, batch: &Batch) -> impl Future<Output = Result<Vec<OpOutcome>, Self::Error>> + Send;
}
