//! Work: jobs of several organisations and sources, in one database, by any number of processes.
//!
//! The queue stands in the same file as the members. `schedule` enrols an organisation with its listing, `trigger` asks
//! for a run now, and each `work` process takes what is due; [`tripartite::work`] says how. This host adds where a job's
//! listing and records are ([`Registers`]), and how long to sleep.
//!
//! | record of the work column | what this host puts there |
//! |---|---|
//! | the organisation's id at the source | the path of its listing |
//! | the policy of a connection and a job | a strategy's name, or `schema`: as the register's schema says |
//! | the result of an attempt | the id of its run, as `tripartite_runs` and the audit have it |
//!
//! **Which worker may write?** The one whose claim holds: each batch is written in a transaction that looks at the slot
//! first, so that one whose lease is over writes nothing, however late it finds out.

mod line;
mod registers;
mod shift;

use std::path::Path;

use chrono::{DateTime, Utc};
use tripartite::drive::block_on;
use tripartite::host::StoreKey;
use tripartite::id::{PolicyRef, SyncKey};
use tripartite::queue::{Slot, State};
use tripartite::work::{Queue, WorkError, sync_key};

pub use line::{line, outcome};
pub use registers::{OpenError, Registers};
pub use shift::{Shift, Told};

use crate::jobs::{JobsError, SqliteJobStore};

/// The policy that leaves everything to the register's schema.
pub const AS_THE_SCHEMA_SAYS: &str = "schema";

/// How many keys are read in one go.
const PAGE: usize = 500;

/// The queue of a database.
///
/// # Errors
/// [`JobsError`], when the file cannot be used.
pub fn queue(db: &Path) -> Result<Queue<SqliteJobStore>, JobsError> {
    SqliteJobStore::open(db).map(Queue::new)
}

/// The policy of a name; without one, as the schema says.
pub fn policy(strategy: Option<&str>) -> PolicyRef {
    PolicyRef::new(strategy.unwrap_or(AS_THE_SCHEMA_SAYS)).expect("the names of strategies are ids")
}

/// Every key that was ever asked for, in the order of their slots.
///
/// # Errors
/// [`JobsError`], when the database cannot be read.
pub fn keys(queue: &Queue<SqliteJobStore>) -> Result<Vec<SyncKey>, JobsError> {
    let (under, mut found, mut last) = (StoreKey::of("slot", []), Vec::new(), None);
    loop {
        let page = queue.store().keys(&under, last.as_ref(), PAGE)?;
        let Some(key) = page.last() else { return Ok(found) };
        last = Some(key.clone());
        found.extend(page.iter().filter_map(sync_key));
    }
}

/// Whether anything runs, or waits to: what is paused, dead or waits for an operator does not.
///
/// # Errors
/// [`WorkError`], when the database cannot be read.
pub fn busy(queue: &Queue<SqliteJobStore>, now: DateTime<Utc>) -> Result<bool, WorkError<JobsError>> {
    for key in keys(queue).map_err(WorkError::Store)? {
        let slot = match block_on(queue.slot(&key)) {
            // Nobody can run it, and a tick tells of it.
            Err(WorkError::Broken { .. }) => continue,
            slot => slot?.unwrap_or_else(|| Slot::new(now)),
        };
        let waits = match slot.state {
            State::Running { .. } => return Ok(true),
            State::Pending { .. } => !slot.paused,
            State::Idle | State::Dead { .. } => false,
        };
        let stuck = || {
            let health = block_on(queue.health(&key))?;
            Ok(health.is_some_and(|health| health.view().status == tripartite::health::Status::NeedsOperator))
        };
        if waits && !stuck()? {
            return Ok(true);
        }
    }
    Ok(false)
}
