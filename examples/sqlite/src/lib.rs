//! Stores of [`tripartite`] in SQLite: records and jobs in one file, without a server.
//!
//! | module | what it has |
//! |---|---|
//! | [`store`] | records with their bases, open conflicts and audit ([`RecordStore`](tripartite::store::RecordStore)) |
//! | [`jobs`] | what is due, what runs and what came of it ([`JobStore`](tripartite::jobs::JobStore)) |
//!
//! The records stand in a table that any SQL client may edit: a table that the store makes, or
//! [one that the host has already](tripartite_sql::HostTable). Both stores pass the suites of `tripartite::conformance`, with one
//! connection and with several, and read what every earlier version wrote. The README has the tables, the triggers, the
//! pragmas, and how a backup is made.
//!
//! # A night
//!
//! ```
//! use serde_json::json;
//! use tripartite::drive::drive_blocking;
//! use tripartite::id::ExternalId;
//! use tripartite::memory::Listing;
//! use tripartite::schema::{Field, Kind, Policy, Schema};
//! use tripartite_sqlite::store::{Database, SqliteStore};
//! use tripartite_sqlite::tripartite_sql::Settings;
//!
//! let schema = Schema::builder()
//!     .field(Field::new("name", Kind::Name))
//!     .field(Field::new("phone", Kind::Text))
//!     .build()?;
//! let settings = Settings { schema: schema.clone(), id_field: "id".to_owned() };
//! let store = SqliteStore::new(Database::in_memory()?, settings)?;
//! let night = |records: [serde_json::Value; 2]| -> Result<_, Box<dyn std::error::Error>> {
//!     let listing = ["M1", "M2"].into_iter().zip(&records);
//!     let run = store.run(Policy::new(schema.clone()), chrono::DateTime::UNIX_EPOCH)?;
//!     let done = drive_blocking(run.start(), &Listing::of(&schema, listing)?, &store)?;
//!     store.remember(&done.report)?;
//!     Ok(done.report.counts)
//! };
//! let [one, two] = [json!({"name": "Áine", "phone": "1"}), json!({"name": "Seán", "phone": "2"})];
//! assert_eq!(night([one.clone(), two.clone()])?.created, 2);
//!
//! // Somebody edits a row with any client, and the source changes another field of it.
//! store.edit("UPDATE members SET phone = '11' WHERE external_id = 'M1'")?;
//! let renamed = json!({"name": "Áine Byrne", "phone": "1"});
//! assert_eq!(night([renamed.clone(), two.clone()])?.conflicts_detected, 0);
//! // Both stand in the row now, and nothing is left to do.
//! let id = ExternalId::new("M1")?;
//! let kept = store.record(&id)?.ok_or("it is linked")?;
//! assert_eq!(kept.local.field(0).text(), Some("Áine Byrne"));
//! assert_eq!(kept.local.field(1).text(), Some("11"));
//! assert_eq!(night([renamed, two])?.unchanged, 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Questions
//!
//! **Does a call block?** Yes. A future of these stores is ready when it is first polled, after the file was read or
//! written. A host with a runtime calls them where blocking is allowed.
//!
//! **May several threads and processes use a file?** Yes. Each store has one connection behind a lock. A write waits up to
//! ten seconds for another one, and then fails with a class that says to try again.
//!
//! **Which version of rusqlite is it?** The one that is [re-exported](rusqlite), with SQLite itself compiled in.

pub use {rusqlite, tripartite_sql};

pub mod jobs;
pub mod store;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
