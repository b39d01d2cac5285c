//! The server as a process, spoken to over HTTP.

#![allow(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

mod bench;
mod refusals;
mod survival;
