//! The sources as a program that depends on them sees them.

#![allow(clippy::unwrap_used)] // also of what the tests share

mod corpus;
mod cut;
mod found;
mod round_trip;
mod sheets;
mod suite_files;
mod support;
