//! Connections of a job store: how they are stored, and how their schedules fire.

use chrono::{DateTime, Utc};

use super::chain::Draft;
use super::error::{ConnectError, WorkError};
use super::keys::{connection_key, health_key, slot_key};
use super::queue::Queue;
use super::record::Versioned;
use crate::backoff::Fraction;
use crate::health::Health;
use crate::id::{ConnectorId, PolicyRef, SyncKey};
use crate::jobs::{JobStore, StoreKey};
use crate::queue::{Command, Outcome, Scope, Slot, Transition, Trigger};
use crate::registry::{Connection, Enrolment};
use crate::schedule::Fire;

/// How many keys a fire triggers in one round trip.
const FIRED_AT_ONCE: usize = 256;

/// How many healths are read in one round trip.
const READ_AT_ONCE: usize = 256;

/// What a schedule has triggered, and the slots that could not be read.
pub(super) type Fired = (Vec<(SyncKey, Outcome)>, Vec<(StoreKey, String)>);

impl<S: JobStore> Queue<S> {
    /// Stores a connection, new or edited, under its connector's id. A [`Worker`](crate::work::Worker) fires its
    /// schedule.
    ///
    /// It replaces the stored connection as a whole. A change that somebody else has made since the caller read it,
    /// such as an organisation or a last success, is lost. [`edit_connection`](Self::edit_connection) loses nothing.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripartite::drive::block_on;
    /// # use tripartite::memory::MemoryJobStore;
    /// # use tripartite::registry::Connection;
    /// # use tripartite::schedule::Schedule;
    /// # use tripartite::work::{ConnectError, Queue};
    /// let queue = Queue::new(MemoryJobStore::default());
    /// let connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?);
    /// block_on(queue.connect(&connection, DateTime::UNIX_EPOCH))?;
    /// let wrong = connection.schedule(Schedule::Hourly { minute: 75 });
    /// let refused = block_on(queue.connect(&wrong, DateTime::UNIX_EPOCH));
    /// assert!(matches!(refused, Err(ConnectError::Schedule(_))));
    /// let stored = block_on(queue.connection(&wrong.connector))?.ok_or("it is stored")?;
    /// // the one from before still runs
    /// assert_eq!(stored.connection().schedule, Schedule::nightly());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ConnectError::Schedule`], when its schedule can have no timetable; nothing is stored then.
    /// [`ConnectError::Work`], when the store failed, or what is stored cannot be read.
    pub async fn connect(&self, connection: &Connection, now: DateTime<Utc>) -> Result<(), ConnectError<S::Error>> {
        self.edit_connection(&connection.connector, now, |_| Some(connection.clone())).await
    }

    /// Edits a connection within the swap, so that two edits at the same time both succeed. `edit` is given the stored
    /// connection, possibly more than once, and returns the one to store. `None` leaves it unchanged.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripartite::drive::block_on;
    /// # use tripartite::memory::MemoryJobStore;
    /// # use tripartite::registry::Connection;
    /// # use tripartite::work::Queue;
    /// let queue = Queue::new(MemoryJobStore::default());
    /// let connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?);
    /// let (org, external, now) = ("ballybeg".parse()?, "F-17".parse()?, DateTime::UNIX_EPOCH);
    /// block_on(queue.edit_connection(&connection.connector.clone(), now, |known| {
    ///     // The first organisation of a connector comes with the connection.
    ///     let known = known.cloned().unwrap_or_else(|| connection.clone());
    ///     Some(known.org(
    ///         tripartite::id::OrgId::clone(&org),
    ///         tripartite::id::ExternalId::clone(&external),
    ///         now,
    ///     ))
    /// }))?;
    /// let stored = block_on(queue.connection(&connection.connector))?.ok_or("it is stored")?;
    /// assert_eq!(stored.keys().count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`connect`](Self::connect); nothing is stored then.
    pub async fn edit_connection(
        &self,
        connector: &ConnectorId,
        now: DateTime<Utc>,
        mut edit: impl FnMut(Option<&Connection>) -> Option<Connection>,
    ) -> Result<(), ConnectError<S::Error>> {
        let change = |known: Option<&Enrolment>| {
            let Some(edited) = edit(known.map(Enrolment::connection)) else { return (None, Ok(())) };
            let next = match known {
                Some(known) => known.clone().edited(edited, now),
                None => Enrolment::new(edited, now),
            };
            match next {
                Ok(next) => (Some(next), Ok(())),
                Err(error) => (None, Err(error)),
            }
        };
        self.records.change(&connection_key(connector), change).await?.map_err(ConnectError::Schedule)
    }

    /// A connection, with the last successes that an earlier version has stored in it.
    pub(super) async fn enrolment(&self, connector: &ConnectorId) -> Result<Option<Enrolment>, WorkError<S::Error>> {
        self.records.read(&connection_key(connector)).await
    }
}

impl<S: JobStore + Sync> Queue<S> {
    /// A connection, as it is stored. `None` if this connector has none. The last success of each organisation is the one
    /// that its [health](crate::health) has, if it was connected by then.
    ///
    /// ```
    /// # use chrono::{DateTime, TimeDelta};
    /// # use tripartite::drive::block_on;
    /// # use tripartite::memory::MemoryJobStore;
    /// # use tripartite::registry::Connection;
    /// # use tripartite::work::Queue;
    /// # let now = DateTime::UNIX_EPOCH;
    /// let queue = Queue::new(MemoryJobStore::default());
    /// let connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?)
    ///         .org("ballybeg".parse()?, "F-17".parse()?, now);
    /// block_on(queue.connect(&connection, now))?;
    /// let stored = block_on(queue.connection(&connection.connector))?.ok_or("it is stored")?;
    /// // no run has ended yet
    /// assert!(stored.connection().orgs.values().all(|org| org.last_success.is_none()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkError`], when the store failed or the connection cannot be read. A health that cannot be read adds no success.
    pub async fn connection(&self, connector: &ConnectorId) -> Result<Option<Enrolment>, WorkError<S::Error>> {
        let Some(mut known) = self.enrolment(connector).await? else { return Ok(None) };
        let keys: Vec<_> = known.keys().collect();
        for keys in keys.chunks(READ_AT_ONCE) {
            let stored = self.records.get_many(keys.iter().map(health_key).collect()).await?;
            for (key, stored) in keys.iter().zip(stored) {
                // A health that cannot be read is told of by its status, and says nothing here.
                let health = Versioned::<Health>::of_stored(stored).ok().and_then(|health| health.record);
                if let Some(at) = health.and_then(|health| health.view().last_success) {
                    known.note_success(&key.org, at);
                }
            }
        }
        Ok(Some(known))
    }

    /// Triggers what a connection's schedule fires until now, for each organisation it serves. Returns the keys, with
    /// what came of each trigger. Two callers at the same time trigger nothing twice, since a fire's time is its id.
    ///
    /// An organisation whose slot cannot be read is left out. The others are triggered.
    ///
    /// ```
    /// # use chrono::{DateTime, TimeDelta};
    /// # use tripartite::drive::block_on;
    /// # use tripartite::memory::MemoryJobStore;
    /// # use tripartite::registry::Connection;
    /// # use tripartite::work::Queue;
    /// # let (start, morning) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::hours(9));
    /// let queue = Queue::new(MemoryJobStore::default());
    /// let connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?)
    ///         .org("ballybeg".parse()?, "F-17".parse()?, start)
    ///         .org("carrick".parse()?, "F-18".parse()?, start);
    /// block_on(queue.connect(&connection, start))?;
    /// // one fire, two organisations
    /// assert_eq!(block_on(queue.fire(&connection.connector, morning))?.len(), 2);
    /// assert_eq!(block_on(queue.fire(&connection.connector, morning))?.len(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkError`], also when this build cannot read the schedule. After [`WorkError::Store`] some keys may have been
    /// triggered; a second call triggers none of them twice. [`WorkError::Broken`] names a slot that was left out.
    pub async fn fire(
        &self,
        connector: &ConnectorId,
        now: DateTime<Utc>,
    ) -> Result<Vec<(SyncKey, Outcome)>, WorkError<S::Error>> {
        let (fired, broken) = self.fire_readable(connector, now).await?;
        match broken.into_iter().next() {
            Some((key, problem)) => Err(WorkError::Broken { key, problem }),
            None => Ok(fired),
        }
    }

    /// As [`fire`](Self::fire). It also returns the slots that were left out.
    pub(super) async fn fire_readable(
        &self,
        connector: &ConnectorId,
        now: DateTime<Utc>,
    ) -> Result<Fired, WorkError<S::Error>> {
        let (mut fired, mut unreadable) = (Vec::new(), Vec::new());
        let Some(known) = self.enrolment(connector).await? else { return Ok((fired, unreadable)) };
        let broken = |problem: String| WorkError::Broken { key: connection_key(connector), problem };
        let (fires, settled) = known.fire(now).map_err(|error| broken(error.to_string()))?;
        // The triggers come before the fires are settled: after a crash they are fired again, and their ids make them
        // duplicates.
        let (keys, policy) = (known.connection().scheduled_keys().collect::<Vec<_>>(), &known.connection().policy);
        for keys in keys.chunks(FIRED_AT_ONCE) {
            let (outcomes, broken) = self.trigger_all(keys, &fires, policy, now).await?;
            fired.extend(outcomes);
            unreadable.extend(broken);
        }
        // Fires that the policy for missed ones leaves out count as settled, too.
        if settled != known {
            let settle = |current: Option<&Enrolment>| (current.map(|current| current.settled(&fires, &settled)), ());
            self.records.change(&connection_key(connector), settle).await?;
        }
        Ok((fired, unreadable))
    }

    /// Triggers some keys, once for each fire: the slots are read in one round trip, and stored in another.
    async fn trigger_all(
        &self,
        keys: &[SyncKey],
        fires: &[Fire],
        policy: &PolicyRef,
        now: DateTime<Utc>,
    ) -> Result<Fired, WorkError<S::Error>> {
        let trigger = || Command::Trigger {
            by: Trigger::Scheduled,
            scope: Scope::All,
            policy: Some(policy.clone()),
            force: false,
        };
        let (mut fired, mut unreadable) = (Vec::new(), Vec::new());
        let mut drafts: Vec<_> = keys
            .iter()
            .map(|key| {
                Draft::new(slot_key(key), None, move |slot: Option<&Slot>| {
                    let mut slot = slot.cloned().unwrap_or_else(|| Slot::new(now));
                    let mut outcomes = Vec::with_capacity(fires.len());
                    for fire in fires {
                        let Transition { next, outcome } =
                            slot.step(&self.rules, Some(&fire.id), trigger(), now, Fraction::ONE);
                        slot = next;
                        outcomes.push(outcome);
                    }
                    (Some(slot), outcomes)
                })
            })
            .collect();
        self.records.each(&mut drafts).await?;
        for (key, draft) in keys.iter().zip(drafts) {
            match draft.into_done() {
                Ok(done) => fired
                    .extend(done.into_iter().flat_map(|(outcomes, _)| outcomes).map(|outcome| (key.clone(), outcome))),
                Err(WorkError::Broken { key, problem }) => unreadable.push((key, problem)),
                Err(error) => return Err(error),
            }
        }
        Ok((fired, unreadable))
    }
}
