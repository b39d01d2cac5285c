//! The sources as a program that depends on them sees them.

// Also of what the tests share; their servers have threads and clocks.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod ahead;
mod corpus;
mod cut;
mod found;
mod http;
mod peers;
mod round_trip;
mod server;
mod sheets;
mod suite_files;
mod suite_http;
mod support;
mod tls;
