//! The program as its users see it: its exit status, what it prints, and what stands in the database afterwards.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

pub(crate) mod ahead;
#[cfg(unix)]
pub(crate) mod approval;
pub(crate) mod audit;
pub(crate) mod bench;
pub(crate) mod config;
pub(crate) mod connector_suite;
pub(crate) mod decide;
pub(crate) mod edits;
pub(crate) mod entries;
pub(crate) mod fence;
pub(crate) mod files;
pub(crate) mod guards;
#[cfg(unix)]
pub(crate) mod hooks;
pub(crate) mod host;
pub(crate) mod html;
pub(crate) mod limits;
pub(crate) mod listing;
pub(crate) mod manners;
pub(crate) mod matches;
pub(crate) mod night;
pub(crate) mod operator;
pub(crate) mod order;
#[path = "../../../sqlite/tests/it/place.rs"]
pub(crate) mod place;
pub(crate) mod registers;
pub(crate) mod schema;
#[path = "../../../postgres/tests/it/server.rs"]
#[allow(dead_code, reason = "the tests of the stores use more of it")]
pub(crate) mod server;
pub(crate) mod side;
#[cfg(unix)]
pub(crate) mod signals;
pub(crate) mod situations;
pub(crate) mod streaming;
pub(crate) mod work;
