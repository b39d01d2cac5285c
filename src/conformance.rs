//! What a store and a connector must do, as tests: one case for each promise of a trait, in the promise's own words.
//!
//! This module needs the feature `conformance`, in the `dev-dependencies`.
//!
//! | suite | of the trait | what you give it |
//! |---|---|---|
//! | [`jobs`] | [`JobStore`](crate::jobs::JobStore) | an expression that makes an empty store |
//! | [`records`] | [`RecordStore`](crate::store::RecordStore) | a [`Fixture`](records::Fixture): a store, and the users who edit its records |
//! | [`connector`] | [`Connector`](crate::source::Connector) | a [`Fixture`](connector::Fixture): a source that says what the suite wants |
//!
//! # A failure
//!
//! A case that fails says its name and promise, what it expected, what it got, and which line of the suite compared the
//! two:
//!
//! ```text
//! broken promise `near_is_not`: Give with a candidate the records of the source for which a person said that it is another record.
//!   expected: what it is not, once it is linked: [ExternalId("x"), ExternalId("y")]
//!   got: []
//!   at: src/conformance/records/candidates.rs:192
//! ```
//!
//! Two long values are told from where they differ. Of many threads that find the same, one tells it.
//!
//! # A runtime
//!
//! The suites poll every future by the `block_on` of the fixture, from several threads at once. The provided one only
//! parks the thread. A store that needs a runtime, such as one on a pool of connections, is driven by it; so are the
//! futures of the suite that call the store. With tokio that is one method:
//!
//! ```
//! # // A stand-in for the crate of the same name, which this one does not depend on.
//! # mod tokio { pub mod runtime {
//! #     #[derive(Debug)] pub struct Runtime;
//! #     impl Runtime {
//! #         pub fn new() -> std::io::Result<Self> { Ok(Self) }
//! #         pub fn block_on<F: Future>(&self, future: F) -> F::Output {
//! #             tripartite::drive::block_on(future)
//! #         }
//! #     }
//! # } }
//! # use tripartite::memory::MemoryJobStore as PoolStore;
//! # async fn connect() -> PoolStore { PoolStore::default() }
//! use std::sync::LazyLock;
//! use tokio::runtime::Runtime;
//! use tripartite::conformance::jobs::{Fixture, cases};
//!
//! /// One runtime of several threads for all cases.
//! static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
//!
//! struct OnPool(PoolStore);
//!
//! impl OnPool {
//!     /// A store of its own for each case: a new schema or database, or a prefix of the keys.
//!     fn new() -> Self {
//!         Self(RUNTIME.block_on(connect()))
//!     }
//! }
//!
//! impl Fixture for OnPool {
//!     type Store = PoolStore;
//!
//!     fn store(&self) -> &PoolStore {
//!         &self.0
//!     }
//!
//!     fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
//!         RUNTIME.block_on(future)
//!     }
//! }
//!
//! // In a test crate this is `tripartite::conformance::jobs::job_store!(OnPool::new());`
//! for case in cases::<OnPool>().iter().filter(|case| case.name.starts_with("swap")) {
//!     case.run(&OnPool::new());
//! }
//! ```
//!
//! The other two fixtures have the same method. What users do in [`records::Fixture`] is called from plain threads, so
//! `RUNTIME.block_on` is allowed there, too; it panics only inside of an `async fn`.

#[macro_use]
mod of_fixture;

mod at_once;
pub mod connector;
pub mod jobs;
mod promise;
pub mod records;
