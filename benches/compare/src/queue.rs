//! The queue and its stores, each against a bare compare-and-swap.
//!
//! A command is a pure transition between two slots, and a store keeps the slots by compare-and-swap. So the floor of
//! everything here is the swap alone: of the store in memory by its own call, of SQLite by an `UPDATE` of the same row by
//! key and version, prepared, in a transaction of the same length, on a connection of the same settings.
//!
//! Whole jobs, by several workers at once and beside other queues, are in tables of their own.

mod jobs;
mod memory;
mod sqlite;
mod workers;

use crate::effort::Effort;
use crate::rounds::Times;
use crate::row::{Against, Row};

/// Transitions and both stores stand in one table; each row says which floor is its own.
const TABLE: &str = "The queue: transitions, and the stores against a bare swap";

/// How many swaps wait for the disk together.
const BATCHES: [usize; 3] = [1, 10, 100];

/// The rows of the tables about the queue.
pub(crate) fn rows(effort: &Effort) -> Result<Vec<Row>, String> {
    let mut rows = memory::rows(effort);
    rows.extend(sqlite::rows(effort, sqlite::Kept::InMemory)?);
    rows.extend(sqlite::rows(effort, sqlite::Kept::OnDisk)?);
    rows.extend(workers::rows(effort)?);
    Ok(rows)
}

/// One contender: what it did in each round, and whom it is held against.
fn row(name: impl Into<String>, times: &Times, against: Option<Against>) -> Row {
    Row { table: TABLE, name: name.into(), measured: times.measured(), against, target: None }
}
