//! Work: jobs of several organisations and sources, in one database, by any number of processes.
//!
//! The queue stands in the same database as the members. `schedule` enrols an organisation with its listing, `trigger` asks
//! for a run now, and each `work` process takes what is due; [`tripartite::work`] says how. This host adds where a job's
//! listing and records are ([`Registers`]), and how long to sleep.
//!
//! | record of the work column | what this host puts there |
//! |---|---|
//! | the organisation's id at the source | the path of its listing, or of the configuration that names its source ([`Enrolled`]) |
//! | the policy of a connection and a job | a strategy's name, or `schema`: as the register's schema says |
//! | the result of an attempt | the id of its run, as `tripartite_runs` and the audit have it |
//!
//! **Which worker may write?** The one whose claim holds: each batch is written in a transaction that looks at the slot
//! first, so that one whose lease is over writes nothing, however late it finds out.

mod approval;
mod bell;
mod commands;
mod enrolled;
mod figures;
mod line;
mod listening;
mod pass;
mod registers;
mod shift;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tripartite::backoff::Backoff;
use tripartite::drive::block_on;
use tripartite::health::HealthStatus as Health;
use tripartite::history::KeyStatus;
use tripartite::id::{ConnectorId, PolicyRef, SyncKey};
use tripartite::jobs::StoreKey;
use tripartite::queue::{Slot, State};
use tripartite::registry::Enrolment;
use tripartite::work::{Queue, WorkError, sync_key};

use crate::store::{Jobs, JobsError, Place};

pub use approval::Approval;
pub use bell::Bell;
pub use commands::Commands;
pub use enrolled::{Enrolled, EnrolledError};
pub use figures::{figures, watch};
pub use line::{left, line, outcome};
pub use listening::Listening;
pub use pass::{PassError, Passed, pass};
pub use registers::{OpenError, Registers};
pub use shift::{Shift, ShiftEvent, incarnation};

/// The policy that leaves everything to the register's schema.
pub const AS_THE_SCHEMA_SAYS: &str = "schema";

/// How many keys are read in one go.
const PAGE: usize = 500;

/// The queue of a database.
///
/// # Errors
/// [`JobsError`], when it cannot be used.
pub fn queue(db: impl Into<Place>) -> Result<Queue<Jobs>, JobsError> {
    Jobs::open(&db.into()).map(Queue::new)
}

/// The queue of a database, to read it only: no byte of the file changes. None, when nobody was ever enrolled in it.
///
/// # Errors
/// [`JobsError`], when it cannot be used.
pub fn queue_to_read(db: impl Into<Place>) -> Result<Option<Queue<Jobs>>, JobsError> {
    Ok(Jobs::open_to_read(&db.into())?.map(Queue::new))
}

/// The policy of a name; without one, as the schema says.
pub fn policy(strategy: Option<&str>) -> PolicyRef {
    PolicyRef::new(strategy.unwrap_or(AS_THE_SCHEMA_SAYS)).expect("the names of strategies are ids")
}

/// The back-off that begins with so many seconds. All processes at work on a database have the same.
pub fn backoff(seconds: u64) -> Backoff {
    Backoff::new(Duration::from_secs(seconds), Duration::from_secs(seconds.max(60 * 60)))
}

/// Every key that was ever asked for, in the order of their slots.
///
/// # Errors
/// [`JobsError`], when the database cannot be read.
pub fn keys(queue: &Queue<Jobs>) -> Result<Vec<SyncKey>, JobsError> {
    Ok(under(queue, "slot")?.iter().filter_map(sync_key).collect())
}

/// Every key that is enrolled or was ever asked for, in their order. A connection that cannot be read enrols nobody here; a
/// tick tells of it.
///
/// # Errors
/// [`JobsError`], when the database cannot be read.
pub fn known(queue: &Queue<Jobs>) -> Result<Vec<SyncKey>, JobsError> {
    let mut known: BTreeSet<SyncKey> = keys(queue)?.into_iter().collect();
    for connection in under(queue, "connection")? {
        let connector = connection.parts().pop().and_then(|id| ConnectorId::new(id).ok());
        let Some(connector) = connector else { continue };
        match block_on(queue.connection(&connector)) {
            Ok(enrolment) => known.extend(enrolment.iter().flat_map(Enrolment::keys)),
            Err(WorkError::Store(error)) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(known.into_iter().collect())
}

/// The listings of all organisations that are enrolled. A connection that cannot be read has none here.
///
/// # Errors
/// [`JobsError`], when the database cannot be read.
pub fn listings(queue: &Queue<Jobs>) -> Result<Vec<PathBuf>, JobsError> {
    let mut listings = Vec::new();
    for connection in under(queue, "connection")? {
        let connector = connection.parts().pop().and_then(|id| ConnectorId::new(id).ok());
        let known = connector.and_then(|connector| block_on(queue.connection(&connector)).ok().flatten());
        let orgs = known.iter().flat_map(|known| known.connection().orgs.values());
        listings.extend(orgs.map(|org| Enrolled::of(org.external.as_str()).path().to_owned()));
    }
    Ok(listings)
}

/// The keys of all records of a kind.
pub(crate) fn under(queue: &Queue<Jobs>, kind: &str) -> Result<Vec<StoreKey>, JobsError> {
    let (under, mut found) = (StoreKey::of(kind, []), Vec::new());
    loop {
        let page = queue.store().keys(&under, found.last(), PAGE)?;
        if page.is_empty() {
            return Ok(found);
        }
        found.extend(page);
    }
}

/// Whether anything runs, or waits to: what is paused, dead or waits for an operator does not.
///
/// # Errors
/// [`WorkError`], when the database cannot be read.
pub fn busy(queue: &Queue<Jobs>, now: DateTime<Utc>) -> Result<bool, WorkError<JobsError>> {
    for key in keys(queue).map_err(WorkError::Store)? {
        let waits = match readable(block_on(queue.slot(&key)))? {
            // Nobody can run it, and a tick tells of it.
            None => continue,
            Some(slot) => match slot.unwrap_or_else(|| Slot::new(now)) {
                Slot { state: State::Running { .. }, .. } => return Ok(true),
                // What waits for a time that a clock was ahead by waits for a person.
                ref slot @ Slot { state: State::Pending { .. }, paused, .. } => {
                    !paused && KeyStatus::of(slot, None, None).ahead(now).is_none()
                }
                Slot { state: State::Idle | State::Dead { .. }, .. } => false,
            },
        };
        if waits && !stuck(queue, &key, now)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a key waits for a person: its source's health wants one, its gate has times from the future, or a record cannot
/// be read without which it does not begin.
fn stuck(queue: &Queue<Jobs>, key: &SyncKey, now: DateTime<Utc>) -> Result<bool, WorkError<JobsError>> {
    let (health, gate) =
        (readable(block_on(queue.health(key)))?, readable(block_on(queue.gate(key.connector.as_str())))?);
    let (Some(health), Some(gate)) = (health, gate) else { return Ok(true) };
    if gate.is_some_and(|gate| gate.ahead(now).is_some()) {
        return Ok(true);
    }
    Ok(health.is_some_and(|health| health.view().status == Health::NeedsOperator))
}

/// What was read; none, when it cannot be.
fn readable<T>(read: Result<T, WorkError<JobsError>>) -> Result<Option<T>, WorkError<JobsError>> {
    match read {
        Err(WorkError::Broken { .. }) => Ok(None),
        read => read.map(Some),
    }
}
