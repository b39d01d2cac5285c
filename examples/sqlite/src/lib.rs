//! Stores of [`tripartite`] in SQLite: records and jobs in one file.
//!
//! | module | what it has |
//! |---|---|
//! | [`store`] | the records with their bases, conflicts and audit ([`RecordStore`](tripartite::store::RecordStore)) |
//! | [`jobs`] | what is due, what runs and what came of it ([`JobStore`](tripartite::jobs::JobStore)) |

pub use rusqlite;

pub mod jobs;
pub mod store;
