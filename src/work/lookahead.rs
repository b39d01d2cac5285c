//! The records of the next jobs, which a worker reads together with those of one.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::job_records::JobRecords;
use crate::id::SyncKey;

/// For how long a worker takes records to be as it has read them ahead. A swap finds out where it errs.
const TRUST: TimeDelta = TimeDelta::seconds(1);

/// Of how many jobs the records are read in one call at most.
pub(super) const MOST: usize = 16;

/// The records of the next jobs. They are read ahead only where jobs are short: each reading that was of use in time is
/// followed by one that reaches twice as far, and any other by one of a single job.
#[derive(Debug)]
pub(super) struct Lookahead {
    jobs: BTreeMap<SyncKey, (DateTime<Utc>, JobRecords)>,
    read_at: Option<DateTime<Utc>>,
    reach: usize,
}

impl Default for Lookahead {
    fn default() -> Self {
        Self { jobs: BTreeMap::new(), read_at: None, reach: 1 }
    }
}

impl Lookahead {
    /// At the beginning of a tick, what was read some time ago is forgotten.
    pub(super) fn age(&mut self, now: DateTime<Utc>) {
        let is_fresh = |at: &DateTime<Utc>| *at <= now && now - *at < TRUST;
        let before = self.jobs.len();
        self.jobs.retain(|_, (at, _)| is_fresh(at));
        // Those that were not of use are not read again next time.
        self.reach = self.reach.saturating_sub(before - self.jobs.len()).max(1);
        if !self.read_at.as_ref().is_some_and(is_fresh) {
            self.draw_in();
        }
    }

    /// Whether it has the records of any job.
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    pub(super) fn get(&self, key: &SyncKey) -> Option<&JobRecords> {
        self.jobs.get(key).map(|(_, records)| records)
    }

    pub(super) fn take(&mut self, key: &SyncKey) -> Option<JobRecords> {
        self.jobs.remove(key).map(|(_, records)| records)
    }

    /// Of how many jobs to read the records now.
    pub(super) fn reach(&self) -> usize {
        self.reach
    }

    /// Reads nothing ahead next time: others change what is read.
    pub(super) fn draw_in(&mut self) {
        self.reach = 1;
    }

    /// The records of a job are read now, and perhaps those of others with them.
    pub(super) fn mark_read(&mut self, now: DateTime<Utc>) {
        (self.read_at, self.reach) = (Some(now), MOST.min(2 * self.reach));
    }

    /// Others are at the same jobs.
    pub(super) fn clear(&mut self) {
        self.jobs.clear();
    }

    pub(super) fn keep(&mut self, key: SyncKey, records: JobRecords, now: DateTime<Utc>) {
        self.jobs.insert(key, (now, records));
    }
}
