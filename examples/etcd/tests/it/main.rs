//! The store as its hosts use it: through the public suite of the crate, and what only a cluster can break.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod auth;
mod faults;
mod full;
mod history;
mod jobs_suite;
mod linear;
mod lost_answers;
mod nodes;
mod pages;
mod relay;
mod renewed;
mod seen;
mod server;
#[cfg(feature = "tls")]
mod tls;
mod turns;
mod waking;
