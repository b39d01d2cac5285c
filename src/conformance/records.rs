//! The conformance suite of a record store: one case for each promise of [`RecordStore`](crate::store::RecordStore), in
//! the promise's own words.
//!
//! A store is only one of the hands at a host's records: people edit them, and other programs do. So the suite asks for
//! a [`Fixture`]: a store for records of the suite's own [`schema`], and beside it those other hands. With that, three
//! lines make each case a test:
//!
//! ```no_run
//! mod my_records {
//!     # use tripartite::conformance::records::schema;
//!     # use tripartite::memory::MemoryStore;
//!     # fn fixture() -> MemoryStore { MemoryStore::new(schema()) }
//!     tripartite::conformance::records::record_store!(fixture());
//! }
//! ```
//!
//! The expression is evaluated anew for each case, and in some cases several times. A harness of its own has the cases
//! as values:
//!
//! ```
//! use tripartite::conformance::records::{cases, schema};
//! use tripartite::memory::MemoryStore;
//! for case in cases::<MemoryStore>().iter().filter(|case| case.name.starts_with("revision"))
//! {
//!     case.run(&|| MemoryStore::new(schema()));
//! }
//! ```
//!
//! **When are two values the same?** When their [canonical](crate::schema::Schema::canonical) forms are, which is all
//! that the crate ever compares. A host may keep a date in a column of dates; what cannot be read as its kind is the
//! same when it is spelt the same.
//!
//! **May a store refuse a value?** Not one of a [usual size](values::usual_values): a text of 60,000 bytes, a whole number
//! of 64 bits, a decimal of 28 digits, a day of the years 1 to 9999. An op that states something larger, a text with a NUL
//! character, or what is not of its field's kind may fail, as long as nothing of it is there afterwards.
//!
//! **What of a value beyond the schema?** A base keeps it, because marks of the crate's own stand there. A record may lose
//! it.
//!
//! **What about errors, and a runtime?** As in the [suite of a job store](super::jobs): in a race an error that asks to try
//! again leaves open what happened, elsewhere it breaks the promise. [`Fixture::block_on`] drives every future.
//!
//! **What is not covered?** A crash in the middle of a commit, which only the backend itself can stage. Kinds of the
//! host's own, and strategies of single records: a store hands them through.
//!
//! | a store that | breaks |
//! |---|---|
//! | turns pages by counting rows | [`index_gives_each_once`](index::index_gives_each_once) |
//! | takes the time of the last change for a revision | [`revision_grows`](index::revision_grows) |
//! | remembers the revision it read, not the one it wrote | [`synced_after_own_write`](remember::synced_after_own_write) |
//! | keeps whole numbers in 64 bits | [`awkward_values`](values::awkward_values) |
//! | finds by the keys of the day a record came | [`near_by_what_it_says_now`](candidates::near_by_what_it_says_now) |
//! | keeps match keys of the rules of yesterday | [`near_by_the_rules_asked_for`](candidates::near_by_the_rules_asked_for) |
//! | deletes a row without a trace | [`deleted_is_removed`](index::deleted_is_removed) |
//! | checks the revision, and writes then | [`one_op_wins`](race::one_op_wins) |
//! | writes the whole record back that it read | [`no_deletion_is_lost`](race::no_deletion_is_lost) |

pub mod candidates;
pub mod commit;
mod fixture;
pub mod index;
pub mod isolation;
pub mod load;
mod near;
mod probe;
pub mod race;
pub mod remember;
mod seen;
pub mod values;
mod world;

pub use super::of_fixture::Case;
pub use fixture::{Fixture, RecordId};
pub(super) use seen::{Fields, stated};
pub(super) use world::id;
pub use world::schema;

/// All cases, in the order of the trait's methods.
///
/// ```
/// # use tripartite::conformance::records::cases;
/// # use tripartite::memory::MemoryStore;
/// let cases = cases::<MemoryStore>();
/// let [of_ids] =
///     &cases.iter().filter(|case| case.name == "ids_apart").collect::<Vec<_>>()[..]
/// else {
///     panic!()
/// };
/// // what a failure says, too
/// assert!(of_ids.promise.starts_with("Tell ids apart byte for byte"));
/// ```
pub fn cases<F: Fixture>() -> Vec<Case<F>> {
    [
        isolation::cases(),
        index::cases(),
        load::cases(),
        values::cases(),
        candidates::cases(),
        commit::cases(),
        remember::cases(),
        race::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Makes each case a test of the fixture that an expression gives, in the module where it stands.
///
/// ```no_run
/// mod memory {
///     use tripartite::conformance::records::schema;
///     tripartite::conformance::records::record_store!(
///         tripartite::memory::MemoryStore::new(schema())
///     );
/// }
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_record_store {
    ($fixture:expr) => {
        $crate::__conformance_records_isolation!($fixture);
        $crate::__conformance_records_index!($fixture);
        $crate::__conformance_records_load!($fixture);
        $crate::__conformance_records_values!($fixture);
        $crate::__conformance_records_candidates!($fixture);
        $crate::__conformance_records_commit!($fixture);
        $crate::__conformance_records_remember!($fixture);
        $crate::__conformance_records_race!($fixture);
    };
}

#[doc(inline)]
pub use __conformance_record_store as record_store;
