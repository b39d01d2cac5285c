//! The queue of a job store: commands to slots, connections, history and status.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use xxhash_rust::xxh3::xxh3_64;

use super::WorkError;
use super::lane::Lane;
use super::notified_state::NotifiedState;
use super::record::{Known, change, change_known, known, read, relist};
use crate::backoff::Fraction;
use crate::gate::Gate;
use crate::health::Health;
use crate::history::{HistoryEntry, KeyStatus};
use crate::id::{CommandId, ConnectorId, SyncKey};
use crate::jobs::{JobStore, LogEntry, LogPosition, Shard, StoreKey};
use crate::notice::Notice;
use crate::queue::{Attempt, Command, Outcome, QueueRules, Slot, State, Token};
use crate::registry::Enrolment;
use crate::run::Report;

/// How many parts the due keys are divided into, unless the host says otherwise.
const SHARDS: u16 = 8;
const SLOT: &str = "slot";
const CONNECTION: &str = "connection";
/// How many history entries are read or removed in one call.
const PAGE: usize = 256;

/// The slots, connections and history that a [`JobStore`] keeps.
///
/// Whatever changes a record reads it, decides by a pure transition and swaps, again and again until nobody was in
/// between; several processes may use one store at a time. Nothing is kept in memory.
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
    pub(super) rules: QueueRules,
    pub(super) shards: u16,
}

/// What came of a command, and what people must hear about it.
///
/// [`Queue::apply`] has an example.
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
/// use tripartite::jobs::StoreKey;
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

fn gate_key(group: &str) -> StoreKey {
    StoreKey::of("gate", [group])
}

pub(super) fn connection_key(connector: &ConnectorId) -> StoreKey {
    StoreKey::of(CONNECTION, [connector.as_str()])
}

fn history_log(key: &SyncKey) -> StoreKey {
    StoreKey::of("history", [key.org.as_str(), key.connector.as_str()])
}

impl<S: JobStore> Queue<S> {
    /// The queue of a store, under the default rules.
    ///
    /// [`Queue`] has an example.
    pub fn new(store: S) -> Self {
        Self { store, rules: QueueRules::default(), shards: SHARDS }
    }

    /// By which rules slots decide. All who use one store use the same.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use chrono::DateTime;
    /// # use tripartite::drive::block_on;
    /// # use tripartite::failure::Failure;
    /// # use tripartite::id::SyncKey;
    /// # use tripartite::memory::MemoryJobStore;
    /// # use tripartite::queue::{Command, Outcome, Scope, Token, Trigger};
    /// # use tripartite::work::Queue;
    /// use tripartite::queue::QueueRules;
    /// # let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// # let now = DateTime::UNIX_EPOCH;
    /// let queue = Queue::new(MemoryJobStore::default()).rules(QueueRules { max_retries: 0, ..QueueRules::default() });
    /// # let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    /// # let _ = block_on(queue.apply(&key, None, trigger, now))?;
    /// # let claim = Command::Claim { worker: "w1".parse()?, nonce: "n1".parse()?, lease: Duration::from_secs(300) };
    /// # let _ = block_on(queue.apply(&key, None, claim, now))?;
    /// let failure = Failure::Retry { after: Some(Duration::from_secs(60)) };
    /// let fail = Command::Fail { token: Token(1), failure, message: "503".into() };
    /// // No retry is left, whenever the source would have it.
    /// assert!(matches!(block_on(queue.apply(&key, None, fail, now))?.outcome, Outcome::Died(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn rules(mut self, rules: QueueRules) -> Self {
        self.rules = rules;
        self
    }

    /// Into how many parts the due keys are divided, at least one: about as many as workers. All who use one store use
    /// the same; after a change to fewer, what is due in a part that is gone is found only once its slot changes.
    ///
    /// Jobs that wait are listed apart, so that those whose gate is full stand in front of nothing else: an eighth as many
    /// parts for urgent jobs and for scheduled ones, downwards from [`Shard`]`(65534)`. `Shard(65535)` is for what no worker
    /// looks at.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chrono::DateTime;
    /// use tripartite::drive::block_on;
    /// use tripartite::jobs::{JobStore, Shard};
    /// use tripartite::memory::MemoryJobStore;
    /// use tripartite::queue::{Command, Scope, Trigger};
    /// use tripartite::work::Queue;
    /// # let key = tripartite::id::SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// # let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    /// let store = Arc::new(MemoryJobStore::default());
    /// let queue = Queue::new(store.clone()).shards(0); // counts as one
    /// let _ = block_on(queue.apply(&key, None, trigger, DateTime::UNIX_EPOCH))?;
    /// assert_eq!(block_on(store.due(Shard(65534), DateTime::UNIX_EPOCH, None, 9))?.keys.len(), 1); // it is urgent
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn shards(mut self, shards: u16) -> Self {
        self.shards = shards.max(1);
        self
    }

    /// The store.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::drive::block_on;
    /// use tripartite::jobs::JobStore;
    /// use tripartite::memory::MemoryJobStore;
    /// use tripartite::queue::Command;
    /// use tripartite::work::{Queue, slot_key};
    /// let queue = Queue::new(MemoryJobStore::default());
    /// let key = tripartite::id::SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// let _ = block_on(queue.apply(&key, None, Command::Cancel, DateTime::UNIX_EPOCH))?;
    /// assert_eq!(block_on(queue.store().get(&slot_key(&key)))?, None); // a refusal stores nothing
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Gives a slot a command; a key's first one makes its slot, unless it is refused. Backs off without jitter;
    /// [`apply_with`](Self::apply_with) has it as a parameter.
    ///
    /// With an id, the command may be given again after an error, and takes effect once. A slot remembers the newest
    /// [few](QueueRules::remember) ids.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripartite::drive::block_on;
    /// # use tripartite::id::{CommandId, SyncKey};
    /// # use tripartite::memory::MemoryJobStore;
    /// # use tripartite::queue::{Command, Outcome, Scope, Trigger};
    /// # use tripartite::work::Queue;
    /// # let queue = Queue::new(MemoryJobStore::default());
    /// # let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// let delivery = CommandId::new("webhook-8f3a")?;
    /// let trigger = Command::Trigger { by: Trigger::Webhook, scope: Scope::All, policy: None, force: false };
    /// let deliver = || block_on(queue.apply(&key, Some(&delivery), trigger.clone(), DateTime::UNIX_EPOCH));
    /// assert_eq!(deliver()?.outcome, Outcome::Enqueued);
    /// assert_eq!(deliver()?.outcome, Outcome::Enqueued); // the same delivery has the same answer: not `Merged`
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkError`]; after [`WorkError::Store`] the command may have taken effect, after any other it has not. What a
    /// slot refuses is no error, but an [`Outcome`].
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
    /// ```
    /// # use std::time::Duration;
    /// # use chrono::{DateTime, TimeDelta};
    /// # use tripartite::drive::block_on;
    /// # use tripartite::id::SyncKey;
    /// # use tripartite::memory::MemoryJobStore;
    /// # use tripartite::queue::{Command, Outcome, QueueRules, Scope, Token, Trigger};
    /// # use tripartite::work::Queue;
    /// use tripartite::backoff::{Backoff, Fraction, Jitter};
    /// use tripartite::failure::Failure;
    /// # let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// # let now = DateTime::UNIX_EPOCH;
    /// let rules = QueueRules { backoff: Backoff::default().jitter(Jitter::Full), ..QueueRules::default() };
    /// let queue = Queue::new(MemoryJobStore::default()).rules(rules);
    /// # let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    /// # let _ = block_on(queue.apply(&key, None, trigger, now))?;
    /// # let claim = Command::Claim { worker: "w1".parse()?, nonce: "n1".parse()?, lease: Duration::from_secs(300) };
    /// # let _ = block_on(queue.apply(&key, None, claim, now))?;
    /// // Chance would have it at once, but the source asked for a minute: that is the least.
    /// let failure = Failure::Retry { after: Some(Duration::from_secs(60)) };
    /// let fail = Command::Fail { token: Token(1), failure, message: "429".into() };
    /// let failed = block_on(queue.apply_with(&key, None, fail, now, Fraction::ZERO))?;
    /// assert_eq!(failed.outcome, Outcome::Retrying { at: now + TimeDelta::minutes(1) });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    /// The slot of a key; none, when no command has ever changed it.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripartite::drive::block_on;
    /// # use tripartite::id::SyncKey;
    /// # use tripartite::memory::MemoryJobStore;
    /// # use tripartite::work::Queue;
    /// # let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// use tripartite::queue::Command;
    /// let queue = Queue::new(MemoryJobStore::default());
    /// let _ = block_on(queue.apply(&key, None, Command::Cancel, DateTime::UNIX_EPOCH))?;
    /// assert_eq!(block_on(queue.slot(&key))?, None); // there was nothing to cancel
    /// let _ = block_on(queue.apply(&key, None, Command::Pause, DateTime::UNIX_EPOCH))?;
    /// assert!(block_on(queue.slot(&key))?.is_some_and(|slot| slot.paused)); // for whatever comes
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkError`], when the store failed or the slot cannot be read.
    pub async fn slot(&self, key: &SyncKey) -> Result<Option<Slot>, WorkError<S::Error>> {
        read(&self.store, &slot_key(key)).await
    }

    /// The health of a key's connector for its organisation; none, when no attempt was judged yet.
    ///
    /// [`reset_health`](Self::reset_health) has an example.
    ///
    /// # Errors
    /// [`WorkError`], when the store failed or the record cannot be read.
    pub async fn health(&self, key: &SyncKey) -> Result<Option<Health>, WorkError<S::Error>> {
        read(&self.store, &health_key(key)).await
    }

    /// A person has seen to a key's connector, and renewed its credential if that was it: attempts run again.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripartite::drive::block_on;
    /// # use tripartite::id::SyncKey;
    /// # use tripartite::memory::MemoryJobStore;
    /// # use tripartite::work::Queue;
    /// # let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// let queue = Queue::new(MemoryJobStore::default());
    /// block_on(queue.reset_health(&key, DateTime::UNIX_EPOCH))?;
    /// assert_eq!(block_on(queue.health(&key))?, None); // never tried, nothing to see to
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkError`], when the store failed, the record cannot be read, or others change it all the time.
    pub async fn reset_health(&self, key: &SyncKey, now: DateTime<Utc>) -> Result<(), WorkError<S::Error>> {
        change(&self.store, self.shards, &health_key(key), |health: Option<&Health>| {
            (health.map(|health| health.reset(now)), ())
        })
        .await
    }

    /// Sets the times of a key's records back to a clock that is right, by the rule of a slot's [`repair_clock_skew`](Slot::repair_clock_skew):
    /// those of its slot and its health, and of its connector's gate and schedule, which other organisations share. Nothing
    /// else of them changes, and what is not ahead stays as it is, but for waits of more than 18 hours.
    ///
    /// A clock that was once far ahead leaves such times behind, and nothing happens until they have come. For people, once
    /// the clocks are right: within the minutes by which clocks disagree it changes what nobody needs to have changed.
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
    /// [`WorkError`], when the store failed, a record cannot be read, or others change one all the time; some may have been
    /// set back, and doing it again does no harm.
    pub async fn repair_clock_skew(&self, key: &SyncKey, now: DateTime<Utc>) -> Result<(), WorkError<S::Error>> {
        let (store, shards) = (&self.store, self.shards);
        let slot = |slot: Option<&Slot>| (slot.map(|slot| slot.repair_clock_skew(now)), ());
        change(store, shards, &slot_key(key), slot).await?;
        let health = |health: Option<&Health>| (health.map(|health| health.repair_clock_skew(now)), ());
        change(store, shards, &health_key(key), health).await?;
        let gate = |gate: Option<&Gate>| (gate.map(|gate| gate.repair_clock_skew(now)), ());
        change(store, shards, &gate_key(key.connector.as_str()), gate).await?;
        let enrolment =
            |enrolment: Option<&Enrolment>| (enrolment.map(|enrolment| enrolment.repair_clock_skew(now)), ());
        change(store, shards, &connection_key(&key.connector), enrolment).await?;
        self.forget_skew(&key.connector).await
    }

    /// [`repair_clock_skew`](Self::repair_clock_skew) for every key that a connector serves: a clock that was ahead for one run leaves its
    /// times with all of them. Says how many keys there are.
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
    /// let connection = Connection::new("federation".parse()?, "The federation", "members".parse()?)
    ///     .org("ballybeg".parse()?, "F-17".parse()?, now)
    ///     .org("carrick".parse()?, "F-18".parse()?, now);
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
    /// As [`repair_clock_skew`](Self::repair_clock_skew). A record that cannot be read keeps no other key from being set back.
    pub async fn repair_all_clock_skew(
        &self,
        connector: &ConnectorId,
        now: DateTime<Utc>,
    ) -> Result<usize, WorkError<S::Error>> {
        let Some(known) = self.connection(connector).await? else { return Ok(0) };
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

    /// The gate of a group; none, when nobody has asked for a ticket yet. A [`Worker`](super::Worker) has a group for
    /// each connector, under its id.
    ///
    /// ```
    /// use tripartite::drive::block_on;
    /// use tripartite::memory::MemoryJobStore;
    /// use tripartite::work::Queue;
    /// let queue = Queue::new(MemoryJobStore::default());
    /// assert_eq!(block_on(queue.gate("federation"))?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkError`], when the store failed or the gate cannot be read.
    pub async fn gate(&self, group: &str) -> Result<Option<Gate>, WorkError<S::Error>> {
        read(&self.store, &gate_key(group)).await
    }

    /// How a key stands; none, when no command has ever changed its slot.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripartite::drive::block_on;
    /// # use tripartite::id::SyncKey;
    /// # use tripartite::memory::MemoryJobStore;
    /// # use tripartite::queue::{Command, Scope, Trigger};
    /// # use tripartite::work::Queue;
    /// # let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// # let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    /// let queue = Queue::new(MemoryJobStore::default());
    /// assert_eq!(block_on(queue.status(&key))?, None);
    /// let _ = block_on(queue.apply(&key, None, trigger, DateTime::UNIX_EPOCH))?;
    /// let status = block_on(queue.status(&key))?.ok_or("it waits")?;
    /// assert_eq!((status.wanted, status.covered, status.last), (1, 0, None)); // asked for, and never tried
    /// assert!(status.wait.is_some_and(|wait| wait.urgent)); // a person asked: it goes before what a schedule wants
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkError`], when the store failed, or the slot, an entry of its history or the health cannot be read.
    pub async fn status(&self, key: &SyncKey) -> Result<Option<KeyStatus>, WorkError<S::Error>> {
        let Some(slot) = self.slot(key).await? else { return Ok(None) };
        let last = if slot.token.0 == 0 { None } else { self.last(key, &slot).await? };
        let health = self.health(key).await?;
        let status = KeyStatus::of(&slot, last.as_ref(), health.as_ref());
        if status.wait.is_none() {
            return Ok(Some(status));
        }
        match self.gate(key.connector.as_str()).await {
            Ok(Some(gate)) => Ok(Some(status.behind(&gate))),
            // Each tick tells of a gate that cannot be read; how the key stands is known without it.
            Ok(None) | Err(WorkError::Broken { .. }) => Ok(Some(status)),
            Err(error) => Err(error),
        }
    }

    /// The attempt of the greatest token in the history: a clock that was ahead wrote later times under lesser tokens.
    /// Looked for from the slot's last change backwards, in ever longer steps, until no greater token can be missing.
    async fn last(&self, key: &SyncKey, slot: &Slot) -> Result<Option<Attempt>, WorkError<S::Error>> {
        let running = matches!(slot.state, State::Running { .. });
        let newest = Token(slot.token.0 - u64::from(running));
        let near = slot.updated_at;
        let mut span = TimeDelta::hours(1);
        loop {
            let from = near.checked_sub_signed(span).unwrap_or(DateTime::<Utc>::MIN_UTC);
            let mut last: Option<Attempt> = None;
            let mut after = None;
            loop {
                let page = self.history(key, from..DateTime::<Utc>::MAX_UTC, after.as_ref(), PAGE).await?;
                let full = page.len() == PAGE;
                if let Some(entry) = page.last() {
                    after = Some(LogPosition { at: entry.at(), id: entry.id() });
                }
                let read = page.into_iter().map(|entry| entry.attempt);
                last = last.into_iter().chain(read).max_by_key(|attempt| attempt.token);
                if !full {
                    break;
                }
            }
            let found = last.as_ref().is_some_and(|attempt| attempt.token >= newest);
            if found || from == DateTime::<Utc>::MIN_UTC {
                return Ok(last);
            }
            span = span.checked_mul(8).unwrap_or(TimeDelta::MAX);
        }
    }

    /// A page of a key's history: finished attempts in a range of time (its end excluded), the oldest first, behind a
    /// position, at most `limit`.
    ///
    /// [`flush`](Self::flush) has an example.
    ///
    /// # Errors
    /// [`WorkError`], when the store failed; an entry that cannot be read is [`WorkError::Broken`], and hides its page.
    pub async fn history(
        &self,
        key: &SyncKey,
        range: Range<DateTime<Utc>>,
        after: Option<&LogPosition>,
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, WorkError<S::Error>> {
        let log = history_log(key);
        let entries = self.store.read(&log, range, after, limit).await.map_err(WorkError::Store)?;
        let read = |entry: LogEntry| {
            HistoryEntry::from_json(&entry.bytes)
                .map_err(|error| WorkError::Broken { key: log.clone(), problem: error.to_string() })
        };
        entries.into_iter().map(read).collect()
    }

    /// Removes the attempts from a key's history that ended before a point in time, and says how many. The slot, with
    /// its token, stays.
    ///
    /// [`flush`](Self::flush) has an example.
    ///
    /// # Errors
    /// [`WorkError::Store`], when the store failed; some may have been removed.
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
    /// ```
    /// # use std::time::Duration;
    /// # use chrono::{DateTime, TimeDelta};
    /// # use tripartite::drive::block_on;
    /// # use tripartite::jobs::LogPosition;
    /// # use tripartite::id::SyncKey;
    /// # use tripartite::memory::MemoryJobStore;
    /// # use tripartite::queue::{Command, Extent, Scope, Token, Trigger};
    /// # use tripartite::work::Queue;
    /// # let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// # let now = DateTime::UNIX_EPOCH;
    /// # let queue = Queue::new(MemoryJobStore::default());
    /// # let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    /// # let _ = block_on(queue.apply(&key, None, trigger, now))?;
    /// # let claim = Command::Claim { worker: "w1".parse()?, nonce: "n1".parse()?, lease: Duration::from_secs(300) };
    /// # let _ = block_on(queue.apply(&key, None, claim, now))?;
    /// let complete = Command::Complete { token: Token(1), result: Some("run-1".into()), extent: Extent::default() };
    /// let _ = block_on(queue.apply(&key, None, complete, now))?;
    /// let all = DateTime::UNIX_EPOCH..now + TimeDelta::days(1);
    /// assert!(block_on(queue.history(&key, all.clone(), None, 10))?.is_empty()); // the slot still has it
    /// block_on(queue.flush(&key, now))?;
    /// block_on(queue.flush(&key, now))?;
    /// let page = block_on(queue.history(&key, all.clone(), None, 10))?;
    /// assert_eq!(page.len(), 1); // once
    /// // The next page is behind the last entry of this one.
    /// let last = LogPosition { at: page[0].at(), id: page[0].id() };
    /// assert!(block_on(queue.history(&key, all, Some(&last), 10))?.is_empty());
    /// // What ended exactly then is not older.
    /// assert_eq!(block_on(queue.prune(&key, now))?, 0);
    /// assert_eq!(block_on(queue.prune(&key, now + TimeDelta::seconds(1)))?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkError`], when the store failed or the slot cannot be read; the slot then keeps what it held.
    pub async fn flush(&self, key: &SyncKey, now: DateTime<Utc>) -> Result<(), WorkError<S::Error>> {
        let slot = self.known_slot(key).await?;
        self.append(key, slot, now).await
    }

    /// Appends what the slot holds, as it was read or written just now.
    pub(super) async fn append(
        &self,
        key: &SyncKey,
        slot: Known<Slot>,
        now: DateTime<Utc>,
    ) -> Result<(), WorkError<S::Error>> {
        let attempts = slot.record.as_ref().map(|slot| slot.unflushed.clone()).unwrap_or_default();
        let Some(through) = attempts.iter().map(|attempt| attempt.token).max() else { return Ok(()) };
        let log = history_log(key);
        for attempt in attempts {
            let entry = HistoryEntry::new(key, attempt);
            let bytes =
                entry.to_json().map_err(|error| WorkError::Broken { key: log.clone(), problem: error.to_string() })?;
            let entry = LogEntry { position: LogPosition { at: entry.at(), id: entry.id() }, bytes };
            self.store.append(&log, &entry).await.map_err(WorkError::Store)?;
        }
        change_known(&self.store, self.shards, &slot_key(key), Some(slot), |slot: Option<&Slot>| {
            let flushed = Command::Flushed { through };
            (slot.map(|slot| slot.step(&self.rules, None, flushed, now, Fraction::ONE).next), ())
        })
        .await
    }

    pub(super) async fn change_gate<R>(
        &self,
        group: &str,
        now: DateTime<Utc>,
        known: Option<Known<Gate>>,
        mut f: impl FnMut(&Gate) -> (Option<Gate>, R),
    ) -> Result<R, WorkError<S::Error>> {
        let key = gate_key(group);
        change_known(&self.store, self.shards, &key, known, |gate: Option<&Gate>| match gate {
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
        change(&self.store, self.shards, &stored, |told: Option<&NotifiedState>| {
            let (next, notices) = told.cloned().unwrap_or_default().observe(key, token, report, now);
            (Some(next), notices)
        })
        .await
    }

    /// The shards of a lane, beginning with one of the caller's own.
    pub(super) fn shards_of(&self, lane: Lane, own: u64) -> impl Iterator<Item = Shard> {
        lane.shards(self.shards, own)
    }

    /// All shards that a worker looks at.
    pub(super) fn all_shards(&self) -> impl Iterator<Item = Shard> {
        let lanes = [Lane::Ungated, Lane::Urgent, Lane::Scheduled];
        lanes.into_iter().flat_map(|lane| self.shards_of(lane, 0))
    }

    /// A slot that is to be changed.
    pub(super) async fn known_slot(&self, key: &SyncKey) -> Result<Known<Slot>, WorkError<S::Error>> {
        known(&self.store, &slot_key(key)).await
    }

    /// The slot of a key, which is listed in its lane from then on.
    pub(super) async fn listed_slot(&self, key: &SyncKey) -> Result<Known<Slot>, WorkError<S::Error>> {
        relist(&self.store, self.shards, &slot_key(key)).await
    }

    /// A gate that is to be changed.
    pub(super) async fn known_gate(&self, group: &str) -> Result<Known<Gate>, WorkError<S::Error>> {
        known(&self.store, &gate_key(group)).await
    }
}

/// A number of one's own, the same in every process.
pub(super) fn number(text: &str) -> u64 {
    xxh3_64(StoreKey::of("worker", [text]).as_str().as_bytes())
}
