//! Stores of [`tripartite`] in PostgreSQL 15 and later: [records](store::PostgresStore) and [jobs](jobs::PostgresJobStore) in
//! one database.
//!
//! A night, and an edit of a user's before it:
//!
//! ```no_run
//! # async fn night() -> Result<(), Box<dyn std::error::Error>> {
//! use serde_json::json;
//! use tripartite::drive::drive;
//! use tripartite::memory::Listing;
//! use tripartite::schema::{Field, Kind, Policy, Schema};
//! use tripartite_postgres::store::{Database, PostgresStore};
//! use tripartite_postgres::tripartite_sql::Settings;
//!
//! let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
//! let database = Database::at("postgres://club@db.example.org/club")?;
//! database.migrate().await?;
//! let settings = Settings { schema: schema.clone(), id_field: "id".to_owned() };
//! let store = PostgresStore::new(database, settings).await?;
//!
//! // By any client: UPDATE tripartite.members SET name = 'Áine' WHERE external_id = 'M1'
//! let listing = Listing::of(&schema, [("M1", json!({"name": "Aine"}))])?;
//! let run = store.run(Policy::new(schema), chrono::DateTime::UNIX_EPOCH).await?;
//! let done = drive(run.start(), &listing, &store).await?;
//! store.remember(&done.report).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Questions
//!
//! **Which runtime does it need?** One of tokio, on which the pool is made and connections live. Its calls may be polled by any
//! executor, also by [`block_on`](tripartite::drive::block_on) on a thread outside of the runtime.
//!
//! **May several threads, processes and machines use a database?** Yes. Each store has a [pool](pool::Pool) of connections.
//!
//! **Which version of tokio-postgres is it?** The one that is [re-exported](tokio_postgres).

pub use {tokio_postgres, tripartite_sql};

pub mod address;
mod copying;
mod failure;
pub mod format;
pub mod jobs;
mod names;
mod pipeline;
pub mod pool;
pub mod store;
#[cfg(feature = "tls")]
mod tls;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
