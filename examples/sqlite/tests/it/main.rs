//! The stores as their hosts use them: through the public suites of the crate, and what only SQLite can break.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bases;
mod bench;
mod formats;
mod host;
mod host_model;
mod index;
mod jobs;
mod jobs_model;
mod jobs_race;
mod jobs_suite;
mod place;
mod recipe;
mod records_suite;
mod removed;
mod shared;
mod triggers;
#[path = "../../../etcd/tests/it/turns.rs"]
mod turns;
mod unique;
