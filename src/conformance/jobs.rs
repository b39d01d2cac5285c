//! The conformance suite of a job store: one case for each promise of [`JobStore`](crate::jobs::JobStore), in the promise's own words.
//!
//! A host's store comes from outside, so nothing but its behaviour can be checked. A case gets a new, empty store, uses
//! virtual times, and panics with the promise that was broken and what was seen instead. Three lines make each case a
//! test:
//!
//! ```no_run
//! mod my_store {
//!     # use tripartite::memory::MemoryJobStore as MyStore;
//!     tripartite::conformance::jobs::job_store!(MyStore::default());
//! }
//! ```
//!
//! The expression is evaluated anew for each case. A harness of its own has the cases as values:
//!
//! ```
//! use tripartite::conformance::jobs::cases;
//! use tripartite::memory::MemoryJobStore;
//! for case in
//!     cases::<MemoryJobStore>().iter().filter(|case| case.name.starts_with("delete"))
//! {
//!     case.run(&MemoryJobStore::default());
//! }
//! ```
//!
//! **Why may a case read more than once?** A read may be stale for a while. A case that checks a read repeats it, some
//! hundred times and without a clock, before it calls the promise broken.
//!
//! **What about errors?** In a case for one thread, an error is a broken promise. In a race, one that classifies itself
//! as [`Retry`](crate::failure::Failure::Retry) is taken as what it is: a write that may have taken effect. The case
//! looks, and writes again.
//!
//! **What about a runtime?** The cases drive the store's futures on threads of their own, by [`Fixture::block_on`].
//! [`conformance`](super#a-runtime) has an example with tokio.
//!
//! **What is not covered?** Whether an answered write survives a crash: no test within a process can see that.
//!
//! | a store that | breaks |
//! |---|---|
//! | counts versions from 1 again after a delete | [`no_version_twice`](record::no_version_twice) |
//! | reads, compares and writes without a lock | [`one_swap_wins`](race::one_swap_wins) |
//! | sorts due keys by a locale's collation | [`longest_due_first`](due::longest_due_first) |
//! | appends an entry again whose answer was lost | [`one_end`](ending::one_end) |
//! | appends the entries of a chain that a conflict has stopped | [`chain_appends_at_its_end`](chain::chain_appends_at_its_end) |
//! | appends entries in another transaction than their swaps | [`all_or_nothing_unawaited`](all::all_or_nothing_unawaited) |
//! | lets an id be unique together with its time | [`known_id_changes_nothing`](log::known_id_changes_nothing) |

/// Defines cases once, and from that: a function for each, the list of them, and the macro that makes each a test.
macro_rules! cases {
    ($dollar:tt $tests:ident in $module:ident:
        $($(#[doc = $promise:literal])+ fn $name:ident($probe:ident) $body:block)+
    ) => {
        $(
            $(#[doc = $promise])+
            ///
            /// # Panics
            /// When the store breaks the promise.
            #[track_caller]
            pub fn $name<F: $crate::conformance::jobs::Fixture>(fixture: &F) {
                let (case, words) = (stringify!($name), concat!($($promise),+).trim_ascii_start());
                let promise = $crate::conformance::promise::Promise { case, words };
                $crate::conformance::promise::check(|| {
                    let $probe = &$crate::conformance::jobs::probe::Probe::new(fixture, promise);
                    $body
                });
            }
        )+

        pub(super) fn cases<F: $crate::conformance::jobs::Fixture>() -> Vec<$crate::conformance::jobs::Case<F>> {
            vec![$($crate::conformance::jobs::Case {
                name: stringify!($name),
                promise: concat!($($promise),+).trim_ascii_start(),
                run: $name::<F>,
            }),+]
        }

        #[doc(hidden)]
        #[macro_export]
        macro_rules! $tests {
            ($dollar store:expr) => {
                $(
                    #[test]
                    fn $name() {
                        $crate::conformance::jobs::$module::$name(&$dollar store);
                    }
                )+
            };
        }
    };
}

pub mod all;
pub mod batch;
pub mod chain;
pub mod due;
pub mod ending;
mod fails_once;
mod fixture;
pub mod former;
pub mod log;
pub mod many;
mod probe;
pub mod race;
pub mod record;
pub mod take;

pub use fails_once::{FailsOnce, FailsOnceError};
pub use fixture::Fixture;

/// One promise of [`JobStore`](crate::jobs::JobStore), and the check of it.
///
/// The module has [an example](crate::conformance::jobs).
#[derive(Debug)]
#[non_exhaustive]
pub struct Case<F> {
    /// Its name: that of the test, and of the function.
    pub name: &'static str,
    /// The promise, as the trait's documentation has it.
    pub promise: &'static str,
    run: fn(&F),
}

impl<F> Case<F> {
    /// Checks a store or fixture, which must be new and empty.
    ///
    /// The module has [an example](crate::conformance::jobs).
    ///
    /// # Panics
    /// When the store breaks the promise.
    #[track_caller]
    pub fn run(&self, fixture: &F) {
        (self.run)(fixture);
    }
}

/// All cases, in the order of the trait's methods.
///
/// ```
/// use std::collections::BTreeSet;
/// use tripartite::conformance::jobs::cases;
/// use tripartite::memory::MemoryJobStore;
/// let names: Vec<_> = cases::<MemoryJobStore>().iter().map(|case| case.name).collect();
/// // a name is one case's own
/// assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
/// ```
pub fn cases<F: Fixture>() -> Vec<Case<F>> {
    let of_the_required = [record::cases(), race::cases(), due::cases(), log::cases()];
    let of_the_provided =
        [former::cases(), batch::cases(), take::cases(), many::cases(), chain::cases(), all::cases(), ending::cases()];
    of_the_required.into_iter().chain(of_the_provided).flatten().collect()
}

/// Makes each case a test of the store that an expression gives, in the module where it stands.
///
/// ```no_run
/// mod memory {
///     tripartite::conformance::jobs::job_store!(tripartite::memory::MemoryJobStore::default());
/// }
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_jobs {
    ($store:expr) => {
        $crate::__conformance_jobs_record!($store);
        $crate::__conformance_jobs_race!($store);
        $crate::__conformance_jobs_due!($store);
        $crate::__conformance_jobs_log!($store);
        $crate::__conformance_jobs_former!($store);
        $crate::__conformance_jobs_batch!($store);
        $crate::__conformance_jobs_take!($store);
        $crate::__conformance_jobs_many!($store);
        $crate::__conformance_jobs_chain!($store);
        $crate::__conformance_jobs_all!($store);
        $crate::__conformance_jobs_ending!($store);
    };
}

#[doc(inline)]
pub use __conformance_jobs as job_store;
