//! The program as its users see it: its exit status, what it prints, and what stands in the database afterwards.

mod audit;
mod bench;
mod edits;
mod guards;
mod listing;
mod night;
mod schema;
mod streaming;
