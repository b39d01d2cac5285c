//! Finds times that a clock far ahead has left in the stored records, tells people once for each source, and repairs
//! them.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::error::WorkError;
use super::keys::{connection_key, connector, gate_key, health_key, notified_skew_key, slot_key, sync_key};
use super::queue::Queue;
use super::record::Record;
use crate::failure::FormatError;
use crate::gate::Gate;
use crate::health::Health;
use crate::id::{ConnectorId, SyncKey};
use crate::jobs::{DueOf, JobStore, StoreKey};
use crate::notice::Notice;
use crate::queue::Slot;
use crate::registry::Enrolment;

/// Which version of the persisted form this crate writes.
const FORMAT: u32 = 1;
/// A check reads what is due later than this from now, and there is about one check in this time.
const FAR: TimeDelta = TimeDelta::hours(1);
/// How many keys are read in one call.
const PAGE: usize = 100;

/// What people were told of a source's times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct NotifiedSkew {
    format: u32,
    /// The time that was told, until it is set back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
}

impl Record for NotifiedSkew {
    fn check(&self) -> Result<(), String> {
        FormatError::check("what was told of times has", self.format, FORMAT).map_err(|error| error.to_string())
    }
}

/// When a worker has last checked for times from the future.
#[derive(Debug, Default)]
pub(super) struct SkewCheck {
    at: Option<DateTime<Utc>>,
    /// The sources whose gates it has checked since.
    gates: BTreeSet<ConnectorId>,
}

impl SkewCheck {
    /// Whether it is time for a check: at once for a worker with nothing to do, else an hour after it began.
    pub(super) fn is_due(&mut self, now: DateTime<Utc>, idle: bool) -> bool {
        let at = *self.at.get_or_insert(if idle { DateTime::<Utc>::MIN_UTC } else { now });
        let due = now - at >= FAR || now < at;
        if due {
            *self = Self { at: Some(now), gates: BTreeSet::new() };
        }
        due
    }

    /// Whether a gate is to be checked that lets nobody pass until a time: once between two checks, if that is far from
    /// now.
    pub(super) fn wants_gate(&mut self, connector: &ConnectorId, until: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        until - now > FAR && self.gates.insert(connector.clone())
    }

    /// The last check failed, so the next one is due at once.
    pub(super) fn retry(&mut self) {
        self.at = Some(DateTime::<Utc>::MIN_UTC);
    }
}

impl<S: JobStore> Queue<S> {
    /// Sets the times of a key's records back to a clock that is right: the times of its slot and health, and of its
    /// connector's gate and schedule, which other organisations share. The rule is that of [`Slot::repair_clock_skew`].
    /// Nothing else in the records changes. A record that is not ahead keeps its times, except waits of more than 18
    /// hours.
    ///
    /// A clock that was once far ahead leaves such times behind, and nothing happens until they have come. A person
    /// calls this once the clocks are right. Clocks that are right disagree by minutes; a call then changes times that
    /// need no change.
    ///
    /// ```
    /// # use chrono::{DateTime, TimeDelta};
    /// # use tripartite::drive::block_on;
    /// # use tripartite::id::SyncKey;
    /// # use tripartite::memory::MemoryJobStore;
    /// # use tripartite::queue::{Command, Scope, Trigger};
    /// # use tripartite::work::Queue;
    /// # let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// # let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    /// let (now, ahead) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(3650));
    /// let queue = Queue::new(MemoryJobStore::default());
    /// let _ = block_on(queue.apply(&key, None, trigger, ahead))?;
    /// block_on(queue.repair_clock_skew(&key, now))?;
    /// assert_eq!(block_on(queue.slot(&key))?.and_then(|slot| slot.due()), Some(now));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkError`], when the store failed, a record cannot be read, or others change one all the time. Some times may
    /// have been set back; doing it again does no harm.
    pub async fn repair_clock_skew(&self, key: &SyncKey, now: DateTime<Utc>) -> Result<(), WorkError<S::Error>> {
        let records = &self.records;
        let slot = |slot: Option<&Slot>| (slot.map(|slot| slot.repair_clock_skew(now)), ());
        records.change(&slot_key(key), slot).await?;
        let health = |health: Option<&Health>| (health.map(|health| health.repair_clock_skew(now)), ());
        records.change(&health_key(key), health).await?;
        let gate = |gate: Option<&Gate>| (gate.map(|gate| gate.repair_clock_skew(now)), ());
        records.change(&gate_key(key.connector.as_str()), gate).await?;
        let enrolment = |known: Option<&Enrolment>| (known.map(|known| known.repair_clock_skew(now)), ());
        records.change(&connection_key(&key.connector), enrolment).await?;
        self.forget_skew(&key.connector).await
    }

    /// Calls [`repair_clock_skew`](Self::repair_clock_skew) for every key that a connector serves, since a clock that
    /// was ahead for one run leaves its times with all of them. Returns how many keys there are.
    ///
    /// A key of an organisation that is no longer connected is not among them.
    ///
    /// ```
    /// # use chrono::{DateTime, TimeDelta};
    /// # use tripartite::drive::block_on;
    /// # use tripartite::memory::MemoryJobStore;
    /// # use tripartite::registry::Connection;
    /// # use tripartite::work::Queue;
    /// let (now, ahead) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(365));
    /// let queue = Queue::new(MemoryJobStore::default());
    /// let connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?)
    ///         .org("ballybeg".parse()?, "F-17".parse()?, now)
    ///         .org("carrick".parse()?, "F-18".parse()?, now);
    /// block_on(queue.connect(&connection, now))?;
    /// block_on(queue.fire(&connection.connector, ahead))?; // both keys are due in a year
    /// assert_eq!(block_on(queue.repair_all_clock_skew(&connection.connector, now))?, 2);
    /// for key in connection.keys() {
    ///     assert_eq!(block_on(queue.slot(&key))?.and_then(|slot| slot.due()), Some(now));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`repair_clock_skew`](Self::repair_clock_skew). A record that cannot be read keeps no other key from being
    /// set back.
    pub async fn repair_all_clock_skew(
        &self,
        connector: &ConnectorId,
        now: DateTime<Utc>,
    ) -> Result<usize, WorkError<S::Error>> {
        let Some(known) = self.enrolment(connector).await? else { return Ok(0) };
        let (mut keys, mut broken) = (0, None);
        for key in known.keys() {
            match self.repair_clock_skew(&key, now).await {
                Ok(()) => keys += 1,
                Err(error @ WorkError::Broken { .. }) => broken = broken.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        broken.map_or(Ok(keys), Err)
    }

    /// Checks what is due far from now. Notices and records that cannot be read are added as they are found, since a
    /// notice that was found is recorded as told.
    pub(super) async fn check_clock_skew(
        &self,
        now: DateTime<Utc>,
        notices: &mut Vec<Notice>,
        broken: &mut Vec<(StoreKey, String)>,
    ) -> Result<(), WorkError<S::Error>>
    where
        S: Sync,
    {
        // No key is greater than this one, so a page behind it begins with what is due later.
        let behind = (now + FAR, StoreKey::of("zz", []));
        let page = |shard, after| DueOf::new(shard, DateTime::<Utc>::MAX_UTC, PAGE).after(after);
        let mut asked: Vec<_> = self.all_shards().map(|shard| page(shard, behind.clone())).collect();
        while !asked.is_empty() {
            let pages = self.store().due_many(&asked).await.map_err(WorkError::Store)?;
            let shards: Vec<_> = asked.iter().map(|page| page.shard).collect();
            asked.clear();
            for (shard, found) in shards.into_iter().zip(pages) {
                for (_, key) in &found.keys {
                    match self.skew_notice(key, now).await {
                        Ok(notice) => notices.extend(notice),
                        Err(WorkError::Broken { key, problem }) => broken.push((key, problem)),
                        Err(error) => return Err(error),
                    }
                }
                asked.extend(found.keys.last().filter(|_| found.more).map(|last| page(shard, last.clone())));
            }
        }
        Ok(())
    }

    /// The notice about a gate's times, if they are ahead and nobody was told yet.
    pub(super) async fn gate_skew_notice(
        &self,
        key: &SyncKey,
        now: DateTime<Utc>,
    ) -> Result<Option<Notice>, WorkError<S::Error>> {
        match self.gate(key.connector.as_str()).await?.and_then(|gate| gate.ahead(now)) {
            Some(until) => self.notify_skew(key, until, now).await,
            None => Ok(None),
        }
    }

    /// The notice about the times of a record that is due far from now, if they are ahead and nobody was told yet.
    async fn skew_notice(&self, stored: &StoreKey, now: DateTime<Utc>) -> Result<Option<Notice>, WorkError<S::Error>> {
        let found = match (sync_key(stored), connector(stored)) {
            (Some(key), _) => {
                let until = self.slot(&key).await?.and_then(|slot| slot.ahead(now));
                until.map(|until| (key, until))
            }
            (None, Some(connector)) => {
                let enrolment = self.enrolment(&connector).await?;
                let until = enrolment.as_ref().and_then(|enrolment| enrolment.ahead(now));
                enrolment.and_then(|enrolment| enrolment.keys().next()).zip(until)
            }
            (None, None) => None,
        };
        match found {
            Some((key, until)) => self.notify_skew(&key, until, now).await,
            None => Ok(None),
        }
    }

    /// The notice about a source's times, unless people were told since the times were last set back.
    async fn notify_skew(
        &self,
        key: &SyncKey,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Notice>, WorkError<S::Error>> {
        let notify = |notified: Option<&NotifiedSkew>| {
            // A time that was told and has come since is over.
            match notified.and_then(|notified| notified.until).filter(|until| *until > now) {
                Some(_) => (None, None),
                None => {
                    let notified = NotifiedSkew { format: FORMAT, until: Some(until) };
                    (Some(notified), Some(Notice::of_skew(key, until, now)))
                }
            }
        };
        self.records.change(&notified_skew_key(&key.connector), notify).await
    }

    /// A person has set the times of a source back. If they are ahead once more, people are told once more.
    async fn forget_skew(&self, connector: &ConnectorId) -> Result<(), WorkError<S::Error>> {
        let forget =
            |notified: Option<&NotifiedSkew>| (notified.map(|_| NotifiedSkew { format: FORMAT, until: None }), ());
        self.records.change(&notified_skew_key(connector), forget).await
    }
}
