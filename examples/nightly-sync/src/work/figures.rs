//! How the jobs of a database stand, in figures.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tripartite::drive::block_on;
use tripartite::id::ConnectorId;
use tripartite::jobs::{JobStore, StoreKey};
use tripartite::queue::{Slot, State};
use tripartite::work::{Queue, WorkError, sync_key};

use super::{Bell, PAGE, queue_to_read, readable};
use crate::store::{Access, Database, Jobs, JobsError, Place};
use crate::telemetry::{self, EVERY, Figures};

/// The part of the time that may be spent with counting, one in so many.
const SPARE: u32 = 20;

/// Counts the jobs by their states: a few reads for every five hundred of them. A slot that cannot be read is not counted; a
/// tick tells of it.
///
/// # Errors
/// [`WorkError`], when the database cannot be read.
pub fn figures(queue: &Queue<Jobs>, now: DateTime<Utc>) -> Result<Figures, WorkError<JobsError>> {
    let (under, mut figures) = (StoreKey::of("slot", []), Figures::default());
    let (mut after, mut due): (Option<StoreKey>, BTreeMap<ConnectorId, u64>) = (None, BTreeMap::new());
    loop {
        let page = queue.store().keys(&under, after.as_ref(), PAGE).map_err(WorkError::Store)?;
        let slots = block_on(queue.store().get_many(&page)).map_err(WorkError::Store)?;
        for (key, stored) in page.iter().zip(slots) {
            let slot = stored.and_then(|stored| Slot::from_bytes(&stored.row.bytes).ok());
            if let (Some(key), Some(slot)) = (sync_key(key), slot)
                && count(&mut figures, &slot, now)
            {
                *due.entry(key.connector).or_default() += 1;
            }
        }
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
    }
    for (connector, waiting) in due {
        let gate = readable(block_on(queue.gate(connector.as_str())))?.flatten();
        if gate.and_then(|gate| gate.shut()).is_some_and(|shut| shut.until() > now) {
            figures.gated += waiting;
        }
    }
    Ok(figures)
}

/// Counts a job, and says whether it could begin.
fn count(figures: &mut Figures, slot: &Slot, now: DateTime<Utc>) -> bool {
    figures.held += u64::from(slot.held.is_some());
    figures.paused += u64::from(slot.paused);
    match slot.state {
        State::Running { .. } => figures.running += 1,
        State::Dead { .. } => figures.dead += 1,
        State::Pending { due_at, .. } if due_at > now => figures.waiting += 1,
        State::Pending { due_at, .. } if !slot.paused => {
            figures.due += 1;
            figures.oldest = figures.oldest.max((now - due_at).to_std().unwrap_or_default());
            return true;
        }
        State::Pending { .. } | State::Idle => {}
    }
    false
}

/// Tells of the figures until the bell ends it.
pub fn watch(db: &Place, bell: &Bell, now: fn() -> DateTime<Utc>) {
    while !bell.ended() {
        let begun = telemetry::begin();
        match measured(db, now()) {
            Ok(figures) => telemetry::stands(&figures),
            // The workers tell of the database; this is tried again.
            Err(error) => tracing::warn!(%error, "the jobs cannot be counted"),
        }
        bell.pause(EVERY.max(begun.elapsed().saturating_mul(SPARE)).min(Duration::from_secs(3600)));
    }
}

fn measured(db: &Place, now: DateTime<Utc>) -> Result<Figures, Box<dyn std::error::Error>> {
    let Some(queue) = queue_to_read(db)? else { return Ok(Figures::default()) };
    let conflicts = match Database::open(db, Access::Read) {
        Ok(database) => database.count_conflicts()?,
        // Jobs may be there before there are members.
        Err(error) if error.is_new() => 0,
        Err(error) => return Err(error.into()),
    };
    Ok(Figures { conflicts, ..figures(&queue, now)? })
}
