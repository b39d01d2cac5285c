//! A nightly member sync on SQLite or PostgreSQL: the first example host of [`tripartite`].
//!
//! A club keeps its members in a table that anybody may edit with any SQL client. Every night the federation's
//! listing arrives as a file: JSON, CSV or a workbook. The host reads it, hands both sides to the crate, and writes what the crate
//! decided. It decides nothing itself.
//!
//! | part | what it does |
//! |---|---|
//! | [`listing`] | the source: a file of any form, read page by page and ahead ([`Connector`](tripartite::source::Connector)) |
//! | [`store`] | the club's table, with the bases and the jobs beside it: in a file ([`tripartite_sqlite`]) or on a server ([`tripartite_postgres`]) |
//! | [`telemetry`] | metrics and spans |
//! | [`audit_key`] | the key of the audit's hashes |
//! | [`sync`] | takes a run from step to step, with a progress bar |
//! | [`schema_file`] | a schema as a file has it, and the match rules beside it |
//! | [`signals`] | how a process is asked to end |
//! | [`infer`] | a schema for a listing that came without one |
//! | [`shell`] | commands as people copy them |
//! | [`kept`] | what a run leaves behind for people |
//! | [`desk`] | where a person decides: conflicts, who is who, what comes back |
//! | [`report`], [`audit`] | what happened, for people and for programs |
//! | [`output`] | files that are written as a whole, and never over one that is read |
//! | [`cli`], [`commands`], [`args`] | the command line, and a file for each command: what it takes, and what it does |
//! | [`context`], [`app`], [`demo`] | what every command has beside its arguments; the program; what it shows without arguments |
//!
//! The listing is never held in memory: a run keeps the crate's index, some tens of bytes a record, what changes, and
//! in `run` about 96 MiB of pages that a thread reads ahead ([`Ahead`](listing::Ahead)).

pub mod app;
pub mod args;
pub mod audit;
pub mod audit_key;
pub mod cli;
pub mod commands;
pub mod config;
pub mod context;
pub mod demo;
pub mod desk;
pub mod hooks;
pub mod infer;
pub mod kept;
pub mod listing;
pub mod output;
pub mod progress;
pub mod report;
pub mod schema_file;
pub mod shell;
pub mod signals;
pub mod store;
pub mod sync;
pub mod telemetry;
pub mod term;
pub mod work;
