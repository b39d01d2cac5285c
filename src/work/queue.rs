//! The queue of a job store: commands to slots, connections, history and status.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};

use super::record::{change, read, shard};
use super::told::Told;
use super::{ConnectError, WorkError};
use crate::backoff::Fraction;
use crate::gate::Gate;
use crate::health::Health;
use crate::history::{Entry, Status};
use crate::host::{JobStore, LogEntry, LogPosition, Shard, StoreKey};
use crate::id::{CommandId, ConnectorId, SyncKey};
use crate::notice::Notice;
use crate::queue::{Attempt, Command, Outcome, Rules, Scope, Slot, Token, Trigger};
use crate::registry::{Connection, Enrolment};
use crate::run::Report;

/// How many parts the due keys are divided into, unless the host says otherwise.
const SHARDS: u16 = 8;
const SLOT: &str = "slot";
const CONNECTION: &str = "connection";
/// How many history entries are read or removed in one call.
const PAGE: usize = 256;

/// The slots, connections and history that a [`JobStore`] keeps.
///
/// Every method reads, decides by a pure transition and swaps, again and again until nobody was in between; several
/// processes may use one store at a time. Nothing is kept in memory.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use tripartite::drive::block_on;
/// use tripartite::id::{ConnectorId, OrgId, SyncKey};
/// use tripartite::memory::MemoryJobStore;
/// use tripartite::queue::{Command, Outcome, Scope, Trigger};
/// use tripartite::work::Queue;
/// let queue = Queue::new(MemoryJobStore::default());
/// let key = SyncKey { org: OrgId::new("ballybeg")?, connector: ConnectorId::new("federation")? };
/// let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
/// let ask = || block_on(queue.apply(&key, None, trigger.clone(), DateTime::<Utc>::UNIX_EPOCH));
/// assert_eq!(ask()?.outcome, Outcome::Enqueued);
/// assert_eq!(ask()?.outcome, Outcome::Merged); // one job does both
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Queue<S> {
    pub(super) store: S,
    pub(super) rules: Rules,
    pub(super) shards: u16,
}

/// What a schedule has triggered, and the slots that could not be read.
pub(super) type Fired = (Vec<(SyncKey, Outcome)>, Vec<(StoreKey, String)>);

/// What came of a command, and what people must hear about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the outcome says whether the command took effect"]
pub struct Applied {
    /// What came of it. It is stored.
    pub outcome: Outcome,
    /// What there is to tell.
    pub notice: Option<Notice>,
}

/// What a key's slot is kept under, for a host that looks for it itself, or fences its own writes by it.
///
/// ```
/// use tripartite::id::{ConnectorId, OrgId, SyncKey};
/// use tripartite::work::{slot_key, sync_key};
/// let key = SyncKey { org: OrgId::new("a/b")?, connector: ConnectorId::new("c")? };
/// assert_eq!(slot_key(&key).as_str(), "slot/a=2Fb/c"); // in the alphabet that every store can take
/// assert_eq!(sync_key(&slot_key(&key)), Some(key));
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
pub fn slot_key(key: &SyncKey) -> StoreKey {
    StoreKey::of(SLOT, [key.org.as_str(), key.connector.as_str()])
}

/// The key whose slot is kept under this; none for what is no slot.
///
/// ```
/// use tripartite::host::StoreKey;
/// assert_eq!(tripartite::work::sync_key(&StoreKey::of("health", ["a", "c"])), None);
/// ```
pub fn sync_key(key: &StoreKey) -> Option<SyncKey> {
    let [kind, org, connector]: [String; 3] = key.parts().try_into().ok()?;
    let key = SyncKey { org: org.parse().ok()?, connector: connector.parse().ok()? };
    (kind == SLOT).then_some(key)
}

/// The connector whose enrolment is kept under this; none for what is no enrolment.
pub(super) fn connector(key: &StoreKey) -> Option<ConnectorId> {
    let [kind, connector]: [String; 2] = key.parts().try_into().ok()?;
    connector.parse().ok().filter(|_| kind == CONNECTION)
}

pub(super) fn health_key(key: &SyncKey) -> StoreKey {
    StoreKey::of("health", [key.org.as_str(), key.connector.as_str()])
}

pub(super) fn connection_key(connector: &ConnectorId) -> StoreKey {
    StoreKey::of(CONNECTION, [connector.as_str()])
}

fn history_log(key: &SyncKey) -> StoreKey {
    StoreKey::of("history", [key.org.as_str(), key.connector.as_str()])
}

impl<S: JobStore> Queue<S> {
    /// The queue of a store, under the default rules.
    pub fn new(store: S) -> Self {
        Self { store, rules: Rules::default(), shards: SHARDS }
    }

    /// By which rules. All who use one store use the same.
    #[must_use]
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Into how many parts the due keys are divided, at least one: about as many as workers. All who use one store use
    /// the same; after a change, what is due in a part that is gone is found only once its slot changes.
    #[must_use]
    pub fn shards(mut self, shards: u16) -> Self {
        self.shards = shards.max(1);
        self
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Gives a slot a command. Backs off without jitter; [`apply_with`](Self::apply_with) has it as a parameter.
    ///
    /// With an id, the command may be given again after an error, and takes effect once.
    ///
    /// # Errors
    /// [`WorkError`]; after [`WorkError::Store`] the command may have taken effect.
    pub async fn apply(
        &self,
        key: &SyncKey,
        id: Option<&CommandId>,
        command: Command,
        now: DateTime<Utc>,
    ) -> Result<Applied, WorkError<S::Error>> {
        self.apply_with(key, id, command, now, Fraction::ONE).await
    }

    /// As [`apply`](Self::apply), with how much of the back-off's jitter to take.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub async fn apply_with(
        &self,
        key: &SyncKey,
        id: Option<&CommandId>,
        command: Command,
        now: DateTime<Utc>,
        fraction: Fraction,
    ) -> Result<Applied, WorkError<S::Error>> {
        change(&self.store, self.shards, &slot_key(key), |slot: Option<&Slot>| {
            let before = slot.cloned().unwrap_or_else(|| Slot::new(now));
            let decision = before.step(&self.rules, id, command.clone(), now, fraction);
            let notice = Notice::of_slot(key, &before, &decision.next);
            let next = (decision.next != before).then_some(decision.next);
            (next, Applied { outcome: decision.outcome, notice })
        })
        .await
    }

    /// The slot of a key; none, when it was never asked for anything.
    ///
    /// # Errors
    /// [`WorkError`].
    pub async fn slot(&self, key: &SyncKey) -> Result<Option<Slot>, WorkError<S::Error>> {
        read(&self.store, &slot_key(key)).await
    }

    /// The health of a key's connector; none, when no attempt was judged yet.
    ///
    /// # Errors
    /// [`WorkError`].
    pub async fn health(&self, key: &SyncKey) -> Result<Option<Health>, WorkError<S::Error>> {
        read(&self.store, &health_key(key)).await
    }

    /// A person has seen to a key's connector, and renewed its credential if that was it: attempts run again.
    ///
    /// # Errors
    /// [`WorkError`].
    pub async fn reset_health(&self, key: &SyncKey, now: DateTime<Utc>) -> Result<(), WorkError<S::Error>> {
        change(&self.store, self.shards, &health_key(key), |health: Option<&Health>| {
            (health.map(|health| health.reset(now)), ())
        })
        .await
    }

    /// The gate of a group.
    ///
    /// # Errors
    /// [`WorkError`].
    pub async fn gate(&self, group: &str) -> Result<Option<Gate>, WorkError<S::Error>> {
        read(&self.store, &StoreKey::of("gate", [group])).await
    }

    /// How a key stands; none, when it was never asked for anything.
    ///
    /// # Errors
    /// [`WorkError`].
    pub async fn status(&self, key: &SyncKey) -> Result<Option<Status>, WorkError<S::Error>> {
        let Some(slot) = self.slot(key).await? else { return Ok(None) };
        let last = if slot.token.0 == 0 { None } else { self.last(key, slot.updated_at).await? };
        let health = self.health(key).await?;
        Ok(Some(Status::of(&slot, last.as_ref(), health.as_ref())))
    }

    /// The newest attempt in the history. Looked for from a point in time backwards, in ever longer steps.
    async fn last(&self, key: &SyncKey, near: DateTime<Utc>) -> Result<Option<Attempt>, WorkError<S::Error>> {
        let mut span = TimeDelta::hours(1);
        loop {
            let from = near.checked_sub_signed(span).unwrap_or(DateTime::<Utc>::MIN_UTC);
            let mut last = None;
            let mut after = None;
            loop {
                let page = self.history(key, from..DateTime::<Utc>::MAX_UTC, after.as_ref(), PAGE).await?;
                let full = page.len() == PAGE;
                if let Some(entry) = page.into_iter().next_back() {
                    after = Some(LogPosition { at: entry.at(), id: entry.id() });
                    last = Some(entry.attempt);
                }
                if !full {
                    break;
                }
            }
            if last.is_some() || from == DateTime::<Utc>::MIN_UTC {
                return Ok(last);
            }
            span = span.checked_mul(8).unwrap_or(TimeDelta::MAX);
        }
    }

    /// A page of a key's history: finished attempts in a range of time (its end excluded), the oldest first, behind a
    /// position, at most `limit`.
    ///
    /// # Errors
    /// [`WorkError`]; an entry that cannot be read is [`WorkError::Broken`].
    pub async fn history(
        &self,
        key: &SyncKey,
        range: Range<DateTime<Utc>>,
        after: Option<&LogPosition>,
        limit: usize,
    ) -> Result<Vec<Entry>, WorkError<S::Error>> {
        let log = history_log(key);
        let entries = self.store.read(&log, range, after, limit).await.map_err(WorkError::Store)?;
        let read = |entry: LogEntry| {
            Entry::from_json(&entry.bytes)
                .map_err(|error| WorkError::Broken { key: log.clone(), problem: error.to_string() })
        };
        entries.into_iter().map(read).collect()
    }

    /// Removes what is older from a key's history, and says how much. The slot, with its token, stays.
    ///
    /// # Errors
    /// [`WorkError`].
    pub async fn prune(&self, key: &SyncKey, before: DateTime<Utc>) -> Result<u64, WorkError<S::Error>> {
        let log = history_log(key);
        let mut pruned = 0;
        loop {
            match self.store.prune(&log, before, PAGE).await.map_err(WorkError::Store)? {
                0 => return Ok(pruned),
                some => pruned += some,
            }
        }
    }

    /// Appends to the history what a slot still holds of it. An attempt stands there once, however often this is done.
    ///
    /// # Errors
    /// [`WorkError`].
    pub async fn flush(&self, key: &SyncKey, now: DateTime<Utc>) -> Result<(), WorkError<S::Error>> {
        let Some(slot) = self.slot(key).await? else { return Ok(()) };
        self.append(key, slot.unflushed, now).await
    }

    pub(super) async fn append(
        &self,
        key: &SyncKey,
        attempts: Vec<Attempt>,
        now: DateTime<Utc>,
    ) -> Result<(), WorkError<S::Error>> {
        let Some(through) = attempts.iter().map(|attempt| attempt.token).max() else { return Ok(()) };
        let log = history_log(key);
        for attempt in attempts {
            let entry = Entry::new(key, attempt);
            let bytes =
                entry.to_json().map_err(|error| WorkError::Broken { key: log.clone(), problem: error.to_string() })?;
            let entry = LogEntry { position: LogPosition { at: entry.at(), id: entry.id() }, bytes };
            self.store.append(&log, &entry).await.map_err(WorkError::Store)?;
        }
        let _ = self.apply(key, None, Command::Flushed { through }, now).await?;
        Ok(())
    }

    /// Stores a connection, new or edited, under its connector's id. A [`Worker`](super::Worker) fires its schedule.
    ///
    /// # Errors
    /// [`ConnectError::Schedule`], when its schedule can have no timetable; nothing is stored then.
    pub async fn connect(&self, connection: &Connection, now: DateTime<Utc>) -> Result<(), ConnectError<S::Error>> {
        let key = connection_key(&connection.connector);
        change(&self.store, self.shards, &key, |known: Option<&Enrolment>| {
            let next = match known {
                Some(known) => known.clone().edited(connection.clone(), now),
                None => Enrolment::new(connection.clone(), now),
            };
            match next {
                Ok(next) => (Some(next), Ok(())),
                Err(error) => (None, Err(error)),
            }
        })
        .await?
        .map_err(ConnectError::Schedule)
    }

    /// A connection, as it is stored.
    ///
    /// # Errors
    /// [`WorkError`].
    pub async fn connection(&self, connector: &ConnectorId) -> Result<Option<Enrolment>, WorkError<S::Error>> {
        read(&self.store, &connection_key(connector)).await
    }

    /// Triggers whatever a connection's schedule fires until now, for each organisation it serves, and says for which.
    /// Whoever else does the same at the same time triggers nothing twice: a fire's time is its id.
    ///
    /// An organisation whose slot cannot be read is left out, and none of the others.
    ///
    /// # Errors
    /// [`WorkError`]; after [`WorkError::Store`] what was triggered is triggered, and once only when this is done again.
    /// [`WorkError::Broken`] says which slot was left out, if there was one.
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

    /// As [`fire`](Self::fire), with what was left out beside what was triggered.
    pub(super) async fn fire_readable(
        &self,
        connector: &ConnectorId,
        now: DateTime<Utc>,
    ) -> Result<Fired, WorkError<S::Error>> {
        let (mut fired, mut unreadable) = (Vec::new(), Vec::new());
        let Some(known) = self.connection(connector).await? else { return Ok((fired, unreadable)) };
        let broken = |problem: String| WorkError::Broken { key: connection_key(connector), problem };
        let (fires, settled) = known.fire(now).map_err(|error| broken(error.to_string()))?;
        for (fire, key) in fires.iter().flat_map(|fire| known.keys().map(move |key| (fire, key))) {
            let command = Command::Trigger {
                by: Trigger::Scheduled,
                scope: Scope::All,
                policy: Some(known.connection().policy.clone()),
                force: false,
            };
            match self.apply(&key, Some(&fire.id), command, now).await {
                Ok(applied) => fired.push((key, applied.outcome)),
                Err(WorkError::Broken { key, problem }) => unreadable.push((key, problem)),
                Err(error) => return Err(error),
            }
        }
        if !fires.is_empty() {
            let key = connection_key(connector);
            change(&self.store, self.shards, &key, |current: Option<&Enrolment>| {
                (current.map(|current| current.settled(&settled)), ())
            })
            .await?;
        }
        Ok((fired, unreadable))
    }

    pub(super) async fn change_gate<R>(
        &self,
        group: &str,
        now: DateTime<Utc>,
        mut f: impl FnMut(&Gate) -> (Option<Gate>, R),
    ) -> Result<R, WorkError<S::Error>> {
        let key = StoreKey::of("gate", [group]);
        change(&self.store, self.shards, &key, |gate: Option<&Gate>| match gate {
            Some(gate) => f(gate),
            None => f(&Gate::new(now)),
        })
        .await
    }

    pub(super) async fn change_health<R>(
        &self,
        key: &SyncKey,
        now: DateTime<Utc>,
        mut f: impl FnMut(&Health) -> (Option<Health>, R),
    ) -> Result<R, WorkError<S::Error>> {
        change(&self.store, self.shards, &health_key(key), |health: Option<&Health>| match health {
            Some(health) => f(health),
            None => {
                let (next, answer) = f(&Health::new(now));
                (next.filter(|next| *next != Health::new(now)), answer)
            }
        })
        .await
    }

    /// What people must hear about a finished run, that they have not heard of the one before.
    pub(super) async fn tell(
        &self,
        key: &SyncKey,
        token: Token,
        report: &Report,
        now: DateTime<Utc>,
    ) -> Result<Vec<Notice>, WorkError<S::Error>> {
        let stored = StoreKey::of("told", [key.org.as_str(), key.connector.as_str()]);
        change(&self.store, self.shards, &stored, |told: Option<&Told>| {
            let (next, notices) = told.cloned().unwrap_or_default().hear(key, token, report, now);
            (Some(next), notices)
        })
        .await
    }

    pub(super) async fn note_success(&self, key: &SyncKey, at: DateTime<Utc>) -> Result<(), WorkError<S::Error>> {
        let connection = connection_key(&key.connector);
        change(&self.store, self.shards, &connection, |known: Option<&Enrolment>| {
            (known.map(|known| known.succeeded(key, at)), ())
        })
        .await
    }

    /// The shards, beginning with one of the caller's own.
    pub(super) fn shards_from(&self, own: u64) -> impl Iterator<Item = Shard> {
        let shards = u64::from(self.shards.max(1));
        (0..shards).map(move |step| Shard(((own % shards + step) % shards) as u16))
    }
}

/// A number of one's own, the same in every process.
pub(super) fn number(text: &str) -> u64 {
    u64::from(shard(&StoreKey::of("worker", [text]), u16::MAX).0)
}
