//! Integration tests, a file per floor.

#[cfg(feature = "conformance")]
mod broken_stores;
mod detect;
mod floors;
mod job_store;
mod normalize_laws;
mod normalize_phone;
mod schedule;
mod support;
#[cfg(feature = "conformance")]
