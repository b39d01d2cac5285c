//! Stores of [`tripartite`] in PostgreSQL 15 and later: records and jobs in one database.

pub use tokio_postgres;

mod failure;
pub mod format;
pub mod jobs;
mod names;
mod pipeline;
pub mod pool;
