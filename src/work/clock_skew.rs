//! Times from the future that a clock which was far ahead has left behind: told once for a source, until a person has set
//! them back.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::queue::{connector, sync_key};
use super::record::{Record, change};
use super::worker::{Tick, Worker};
use super::{Queue, WorkError};
use crate::id::{ConnectorId, SyncKey};
use crate::jobs::{JobStore, StoreKey};
use crate::notice::Notice;

/// Which version of the persisted form this crate writes.
const FORMAT: u32 = 1;
/// What is due later than this from now is looked at, and about as often.
const FAR: TimeDelta = TimeDelta::hours(1);
/// How many keys are read in one go.
const PAGE: usize = 100;

/// What people were told of a source's times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ToldSkew {
    format: u32,
    /// The time that was told, until it is set back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
}

impl Record for ToldSkew {
    fn check(&self) -> Result<(), String> {
        let newer = || format!("what was told of times has format {}, this version reads up to {FORMAT}", self.format);
        if self.format > FORMAT { Err(newer()) } else { Ok(()) }
    }
}

/// What a worker knows of its looks for times from the future.
#[derive(Debug, Default)]
pub(super) struct SkewLook {
    at: Option<DateTime<Utc>>,
    /// The sources whose gates it has looked at since.
    gates: BTreeSet<ConnectorId>,
}

impl SkewLook {
    /// Whether it is time for one: at once for a worker with nothing to do, else an hour after it began.
    fn is_due(&mut self, now: DateTime<Utc>, idle: bool) -> bool {
        let at = *self.at.get_or_insert(if idle { DateTime::<Utc>::MIN_UTC } else { now });
        let due = now - at >= FAR || now < at;
        if due {
            *self = Self { at: Some(now), gates: BTreeSet::new() };
        }
        due
    }

    /// The last look failed.
    pub(super) fn look_again(&mut self) {
        self.at = Some(DateTime::<Utc>::MIN_UTC);
    }
}

impl Worker {
    /// Looks, about once an hour, at what is due far from now.
    pub(super) async fn look_for_skew<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        now: DateTime<Utc>,
        tick: &mut Tick,
    ) -> Result<(), WorkError<S::Error>> {
        if !self.skew.is_due(now, tick.attempt.is_none()) {
            return Ok(());
        }
        // Nothing sorts behind this one among those that are due then.
        let behind = (now + FAR, StoreKey::of("zz", []));
        for shard in queue.all_shards() {
            let mut after = Some(behind.clone());
            loop {
                let far = DateTime::<Utc>::MAX_UTC;
                let page = queue.store().due(shard, far, after.as_ref(), PAGE).await.map_err(WorkError::Store)?;
                for (_, key) in &page.keys {
                    match queue.skew_of(key, now).await {
                        Ok(notice) => self.notices.extend(notice),
                        Err(error) => self.pass_over(error, tick)?,
                    }
                }
                after = page.keys.last().cloned();
                if !page.more || after.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Looks at a gate that lets nobody pass until a time that is far from now.
    pub(super) async fn look_at_gate<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        key: &SyncKey,
        at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), WorkError<S::Error>> {
        if at - now <= FAR || !self.skew.gates.insert(key.connector.clone()) {
            return Ok(());
        }
        let until = queue.gate(key.connector.as_str()).await?.and_then(|gate| gate.ahead(now));
        if let Some(until) = until {
            self.notices.extend(queue.tell_skew(key, until, now).await?);
        }
        Ok(())
    }
}

impl<S: JobStore> Queue<S> {
    /// What is to be told of a record that is due far from now.
    async fn skew_of(&self, stored: &StoreKey, now: DateTime<Utc>) -> Result<Option<Notice>, WorkError<S::Error>> {
        let found = match (sync_key(stored), connector(stored)) {
            (Some(key), _) => {
                let until = self.slot(&key).await?.and_then(|slot| slot.ahead(now));
                until.map(|until| (key, until))
            }
            (None, Some(connector)) => {
                let enrolment = self.connection(&connector).await?;
                let until = enrolment.as_ref().and_then(|enrolment| enrolment.ahead(now));
                enrolment.and_then(|enrolment| enrolment.keys().next()).zip(until)
            }
            (None, None) => None,
        };
        match found {
            Some((key, until)) => self.tell_skew(&key, until, now).await,
            None => Ok(None),
        }
    }

    /// Tells of a source's times, unless they were told of since they were last set back.
    async fn tell_skew(
        &self,
        key: &SyncKey,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Notice>, WorkError<S::Error>> {
        change(&self.store, self.shards, &told_key(&key.connector), |told: Option<&ToldSkew>| {
            // What was told and has come since is over.
            match told.and_then(|told| told.until).filter(|told| *told > now) {
                Some(_) => (None, None),
                None => (Some(ToldSkew { format: FORMAT, until: Some(until) }), Some(Notice::of_skew(key, until, now))),
            }
        })
        .await
    }

    /// A person has set the times of a source back: if they are ahead once more, that is told once more.
    pub(super) async fn forget_skew(&self, connector: &ConnectorId) -> Result<(), WorkError<S::Error>> {
        change(&self.store, self.shards, &told_key(connector), |told: Option<&ToldSkew>| {
            (told.map(|_| ToldSkew { format: FORMAT, until: None }), ())
        })
        .await
    }
}

fn told_key(connector: &ConnectorId) -> StoreKey {
    StoreKey::of("told_skew", [connector.as_str()])
}
