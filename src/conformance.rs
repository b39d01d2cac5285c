//! What a store and a connector must do, as tests: one case for each promise of a trait, in the promise's own words.
//!
//! This module needs the feature `conformance`.
//!
//! | suite | of the trait | what you give it |
//! |---|---|---|
//! | [`jobs`] | [`JobStore`](crate::jobs::JobStore) | an expression that makes an empty store |
//! | [`records`] | [`RecordStore`](crate::store::RecordStore) | a [`Fixture`](records::Fixture): a store, and the users who edit its records |
//! | [`connector`] | [`Connector`](crate::source::Connector) | a [`Fixture`](connector::Fixture): a source that says what the suite wants |

#[macro_use]
mod of_fixture;

mod at_once;
pub mod connector;
pub mod jobs;
mod promise;
pub mod records;
