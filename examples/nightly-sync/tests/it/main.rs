//! The program as its users see it: its exit status, what it prints, and what stands in the database afterwards.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod ahead;
#[cfg(unix)]
mod approval;
mod audit;
mod bench;
mod config;
mod connector_suite;
mod decide;
mod edits;
mod entries;
mod fence;
mod files;
mod guards;
#[cfg(unix)]
mod hooks;
mod host;
mod html;
mod limits;
mod listing;
mod manners;
mod matches;
mod night;
mod operator;
mod order;
#[path = "../../../sqlite/tests/it/place.rs"]
mod place;
mod registers;
mod schema;
#[path = "../../../postgres/tests/it/server.rs"]
#[allow(dead_code, reason = "the tests of the stores use more of it")]
mod server;
mod side;
#[cfg(unix)]
mod signals;
mod situations;
mod streaming;
mod work;
