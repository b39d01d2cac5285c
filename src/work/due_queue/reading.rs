//! How far a worker has read the list of waiting jobs of one kind, and when it may read it again from its beginning.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::waiting::WaitingJobs;
use super::{MOST, PAGE, Position, TRUST};
use crate::id::{ConnectorId, SyncKey};
use crate::jobs::Shard;
use crate::work::lane::Lane;

/// How many keys a worker may read again for each job that it has tried since.
const KEYS_A_JOB: usize = 8;
/// How many jobs of a connector a worker holds that holds [`MOST`] already.
const FEW: usize = 64;

/// Where a worker looks for what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::work) enum Look {
    Everywhere,
    /// Among the urgent jobs.
    AtUrgent,
    /// Among the urgent jobs, if it has not within the last tenth of a second.
    Seldom,
}

/// A page that is asked for.
pub(super) struct Ask {
    pub(super) lane: Lane,
    pub(super) shard: Shard,
    pub(super) after: Option<Position>,
    /// Whether it only looks for what is new among the first.
    pub(super) is_glance: bool,
}

/// How far a shard was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Cursor {
    /// Where the next page begins. A last page is read again, for it grows.
    pub(super) after: Option<Position>,
    /// Whether more is due behind that.
    pub(super) more: bool,
}

/// The waiting jobs of one kind, as far as they were read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) jobs: WaitingJobs,
    begun_at: Option<DateTime<Utc>>,
    read: usize,
    tried: usize,
    /// The connectors of jobs that were read and are not held, since many others of the same connector are.
    passed: BTreeSet<ConnectorId>,
}

impl Reading {
    /// Whether the list may be read from its beginning again: as much as was read is paid for by the jobs that were tried
    /// since, and once its end is reached by the time, too.
    pub(super) fn is_paid(&self, free: usize, more: bool, now: DateTime<Utc>) -> bool {
        let Some(begun) = self.begun_at.filter(|begun| *begun <= now) else { return true };
        let pages = ((now - begun).num_seconds() / TRUST.num_seconds()).cast_unsigned() as usize;
        let by_time = if more { 0 } else { free.saturating_add(pages.saturating_mul(PAGE)) };
        self.read <= by_time.saturating_add(self.tried * KEYS_A_JOB)
    }

    /// Whether jobs of a connector were passed over, and none of those that were held is left.
    pub(super) fn lacks_passed(&self) -> bool {
        self.passed.iter().any(|connector| self.jobs.waits_at(connector) == 0)
    }

    /// Begins at the beginning.
    pub(super) fn begin(&mut self, now: DateTime<Utc>) {
        self.jobs.clear();
        (self.begun_at, self.read, self.tried) = (Some(now), 0, 0);
        self.passed.clear();
    }

    /// Holds the jobs of some pages. Where it holds many, those pass of which it holds enough.
    pub(super) fn hold(&mut self, keys: Vec<SyncKey>, seed: u64) {
        if !keys.is_empty() {
            self.jobs.begin_at(&keys[(seed % keys.len() as u64) as usize].org);
        }
        let enough = if self.jobs.len() < MOST { BTreeSet::new() } else { self.jobs.connectors_with(FEW) };
        for key in keys {
            if enough.contains(&key.connector) {
                self.read += 1;
                self.passed.insert(key.connector);
            } else {
                self.read += usize::from(self.jobs.add(key));
            }
        }
    }

    /// A job is tried now, and no longer waits.
    pub(super) fn take(&mut self, key: &SyncKey) -> bool {
        let waited = self.jobs.take(key);
        self.tried += usize::from(waited);
        waited
    }

    /// A job no longer waits, and none of its organisation had its turn.
    pub(super) fn pass(&mut self, key: &SyncKey) -> bool {
        let waited = self.jobs.remove(key).is_some();
        self.tried += usize::from(waited);
        waited
    }
}
