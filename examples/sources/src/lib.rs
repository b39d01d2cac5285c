//! Sources of [`tripartite`]: listings as they come, as [`Connector`](tripartite::source::Connector)s.
//!
//! A register sends a spreadsheet, a shop has a CSV export, a directory answers over HTTP. Each is a listing of records
//! with ids, and each has ways to lie: half a download, an error page with status 200, ids that a converter has rounded.
//! A connector of this package says a listing is complete only if it is, so that nobody is taken for missing by mistake.
//!
//! | module | what it has |
//! |---|---|
//! | [`mod@file`] | files and standard input: CSV, JSON, workbooks, in any encoding, packed or not, found by content |
//! | [`http`] | listings over HTTP: paging, credentials, limits, what has not changed |
//! | [`scim`] | users of a SCIM 2.0 service |
//! | [`records`] | how an object or a row becomes a record: id, columns, version, who has left |
//! | [`ahead`] | a thread that reads the next pages while a run is busy |
//!
//! All connectors pass the suite `tripartite::conformance::connector`.
//!
//! # Questions
//!
//! **Does a call block?** Yes. A future of these connectors is ready when it is first polled. A host with a runtime calls
//! them where blocking is allowed, as with `tripartite-sqlite`.
//!
//! **What is in an error?** Names of files, lines, columns and settings, what was expected and what to do. Never what
//! stands in a record, and never a secret.

pub mod ahead;
pub mod file;
pub mod http;
mod pointer;
pub mod records;
pub mod scim;

/// The most bytes that a record may have. A longer one is set aside, without being held in memory.
pub const MAX_RECORD: usize = 16 << 20;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
