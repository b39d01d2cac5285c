//! Integration tests, a file per floor.

mod detect;
mod floors;
#[cfg(feature = "conformance")]
mod job_store;
mod normalize_laws;
mod normalize_phone;
mod schedule;
mod support;
