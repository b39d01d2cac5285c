//! Values, records, schemas and whole cases from bytes, for fuzzers and property tests of a host.
//!
//! The feature `arbitrary` implements [`Arbitrary`](::arbitrary::Arbitrary) for [`Value`](crate::value::Value),
//! [`Record`](crate::value::Record), [`Kind`](crate::schema::Kind) and [`Schema`](crate::schema::Schema). A [`Case`] is
//! what detection needs: a schema and three records of it. The same bytes make the same case.
//!
//! A law that a host's own rules should keep, for example that a person's edit is never lost without a conflict, is a
//! test over cases:
//!
//! ```
//! use arbitrary::{Arbitrary, Unstructured};
//! use tripartite::arbitrary::Case;
//! use tripartite::detect::{Sides, detect};
//! use tripartite::resolve::resolve;
//! use tripartite::schema::Policy;
//! // A fuzzer has these bytes from its corpus. No bytes make the smallest case.
//! for bytes in [&b""[..], b"any bytes do; what they make is sound", &[7; 300]] {
//!     let case = Case::arbitrary(&mut Unstructured::new(bytes))?;
//!     let changes = detect(&case.schema, case.sides());
//!     let resolved = resolve(&Policy::new(case.schema.clone()), &changes, None);
//!     // What was decided is not decided once more.
//!     let (base, local) = (resolved.base(), resolved.local());
//!     let again = Sides { base: &base, local: &local, remote: &case.remote };
//!     let again = resolve(&Policy::new(case.schema.clone()), &detect(&case.schema, again), None);
//!     assert!(!again.writes_local());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **How likely are changes?** A side's field has the base's value in one of three cases, another spelling of it in one,
//! and another value in one. The values of a kind are few, so that sides agree by chance too.
//!
//! **What is not made?** Kinds of the host's own and resolvers of its own: no bytes can make code. A schema without the
//! features `idn` and `phone` has no field of the kinds `email` and `phone`.

mod case;
mod schema;
mod value;

pub use case::Case;
