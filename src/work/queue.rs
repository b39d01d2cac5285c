//! The queue of a job store: its rules, its shards, and the commands to its slots.

use chrono::{DateTime, Utc};

use super::error::WorkError;
use super::keys::slot_key;
use super::lane::Lane;
use super::record::{Records, Versioned};
use crate::backoff::Fraction;
use crate::id::{CommandId, SyncKey};
use crate::jobs::{Shard, SlotStore};
use crate::notice::Notice;
use crate::queue::{Command, Outcome, QueueRules, Slot};

/// How many parts the due keys are divided into, unless the host says otherwise.
const SHARDS: u16 = 8;

/// The slots, connections and history that a [`JobStore`](crate::jobs::JobStore) keeps. Commands need a [`SlotStore`] only.
///
/// Every change reads a record, decides by a pure transition, and swaps, again and again until nobody was in between.
/// So several processes may use one store at a time. Nothing is kept in memory.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use tripartite::drive::block_on;
/// use tripartite::id::{ConnectorId, OrgId, SyncKey};
/// use tripartite::memory::MemoryJobStore;
/// use tripartite::queue::{Command, Outcome, Scope, Trigger};
/// use tripartite::work::Queue;
/// let queue = Queue::new(MemoryJobStore::default());
/// let key =
///     SyncKey { org: OrgId::new("ballybeg")?, connector: ConnectorId::new("federation")? };
/// let trigger = Command::Trigger {
///     by: Trigger::Manual,
///     scope: Scope::All,
///     policy: None,
///     force: false,
/// };
/// let ask =
///     || block_on(queue.apply(&key, None, trigger.clone(), DateTime::<Utc>::UNIX_EPOCH));
/// assert_eq!(ask()?.outcome, Outcome::Enqueued);
/// assert_eq!(ask()?.outcome, Outcome::Merged); // one job does both
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Queue<S> {
    pub(super) records: Records<S>,
    pub(super) rules: QueueRules,
}

/// What came of a command, and what people must hear about it.
///
/// [`Queue::apply`] has an example.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the outcome says whether the command took effect"]
#[non_exhaustive]
pub struct Applied {
    /// What came of it. The change is stored.
    pub outcome: Outcome,
    /// The notice about it, if there is one.
    pub notice: Option<Notice>,
}

impl<S: SlotStore> Queue<S> {
    /// The queue of a store, under the default rules.
    ///
    /// [`Queue`] has an example.
    pub fn new(store: S) -> Self {
        Self { records: Records { store, shards: SHARDS }, rules: QueueRules::default() }
    }

    /// The rules by which slots decide. All who use one store use the same rules.
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
    /// let queue = Queue::new(MemoryJobStore::default())
    ///     .rules(QueueRules::default().max_retries(0));
    /// # let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    /// # let _ = block_on(queue.apply(&key, None, trigger, now))?;
    /// # let claim = Command::Claim { worker: "w1".parse()?, nonce: "n1".parse()?, lease: Duration::from_secs(300) };
    /// # let _ = block_on(queue.apply(&key, None, claim, now))?;
    /// let failure = Failure::Retry { after: Some(Duration::from_secs(60)) };
    /// let fail = Command::Fail { token: Token(1), failure, message: "503".into() };
    /// // No retry is left, whenever the source would have it.
    /// assert!(matches!(
    ///     block_on(queue.apply(&key, None, fail, now))?.outcome,
    ///     Outcome::Died(_)
    /// ));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn rules(mut self, rules: QueueRules) -> Self {
        self.rules = rules;
        self
    }

    /// How many shards the due keys are divided into: at least one, and about as many as there are workers. All who use
    /// one store use the same number. After a change to fewer, a due key of a shard that is gone is found only once its
    /// slot changes.
    ///
    /// Waiting jobs are listed apart, so that jobs behind a full gate are in nobody's way. Urgent and scheduled jobs
    /// have an eighth as many shards each, downwards from [`Shard`]`(65534)`. No worker looks at `Shard(65535)`.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use std::sync::Arc;
    /// use tripartite::drive::block_on;
    /// use tripartite::jobs::{DueOf, JobStore, Shard};
    /// use tripartite::memory::MemoryJobStore;
    /// use tripartite::queue::{Command, Scope, Trigger};
    /// use tripartite::work::Queue;
    /// # let key = tripartite::id::SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// # let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    /// let store = Arc::new(MemoryJobStore::default());
    /// let queue = Queue::new(store.clone()).shards(0); // counts as one
    /// let _ = block_on(queue.apply(&key, None, trigger, DateTime::UNIX_EPOCH))?;
    /// let urgent = DueOf::new(Shard(65534), DateTime::UNIX_EPOCH, 9);
    /// assert_eq!(block_on(store.due(&urgent))?.keys.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn shards(mut self, shards: u16) -> Self {
        self.records.shards = shards.max(1);
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
    /// let key = tripartite::id::SyncKey {
    ///     org: "ballybeg".parse()?,
    ///     connector: "federation".parse()?,
    /// };
    /// let _ = block_on(queue.apply(&key, None, Command::Cancel, DateTime::UNIX_EPOCH))?;
    /// // a refusal stores nothing
    /// assert_eq!(block_on(queue.store().get(&slot_key(&key)))?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn store(&self) -> &S {
        &self.records.store
    }

    /// Gives a slot a command. A key's first command makes its slot, unless it is refused. A back-off is without
    /// jitter; [`apply_with`](Self::apply_with) takes the jitter as a parameter.
    ///
    /// A command with an id takes effect once, so it may be given again after an error. A slot remembers the newest
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
    /// let trigger = Command::Trigger {
    ///     by: Trigger::Webhook,
    ///     scope: Scope::All,
    ///     policy: None,
    ///     force: false,
    /// };
    /// let deliver = || {
    ///     block_on(queue.apply(&key, Some(&delivery), trigger.clone(), DateTime::UNIX_EPOCH))
    /// };
    /// assert_eq!(deliver()?.outcome, Outcome::Enqueued);
    /// // the same delivery has the same answer: not `Merged`
    /// assert_eq!(deliver()?.outcome, Outcome::Enqueued);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkError`]. After [`WorkError::Store`] the command may have taken effect; after any other it has not. A
    /// refusal by the slot is an [`Outcome`], and no error.
    pub async fn apply(
        &self,
        key: &SyncKey,
        id: Option<&CommandId>,
        command: Command,
        now: DateTime<Utc>,
    ) -> Result<Applied, WorkError<S::Error>> {
        self.apply_with(key, id, command, now, Fraction::ONE).await
    }

    /// As [`apply`](Self::apply), with the fraction of the back-off's jitter to take.
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
    /// let rules = QueueRules::default().backoff(Backoff::default().jitter(Jitter::Full));
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
        self.records
            .change(&slot_key(key), |slot: Option<&Slot>| {
                let before = slot.cloned().unwrap_or_else(|| Slot::new(now));
                let transition = before.step(&self.rules, id, command.clone(), now, fraction);
                let notice = Notice::of_slot(key, &before, &transition.next);
                let next = (transition.next != before).then_some(transition.next);
                (next, Applied { outcome: transition.outcome, notice })
            })
            .await
    }

    /// The slot of a key. `None` if no command has ever changed it.
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
    /// // the slot is ready for the next trigger
    /// assert!(block_on(queue.slot(&key))?.is_some_and(|slot| slot.paused));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkError`], when the store failed or the slot cannot be read.
    pub async fn slot(&self, key: &SyncKey) -> Result<Option<Slot>, WorkError<S::Error>> {
        self.records.read(&slot_key(key)).await
    }

    /// A slot that is to be changed.
    pub(super) async fn load_slot(&self, key: &SyncKey) -> Result<Versioned<Slot>, WorkError<S::Error>> {
        self.records.load(&slot_key(key)).await
    }

    /// A slot that is to be changed, which is listed in its own lane from then on.
    pub(super) async fn relist_slot(&self, key: &SyncKey) -> Result<Versioned<Slot>, WorkError<S::Error>> {
        self.records.relist(&slot_key(key)).await
    }

    /// The shards of a lane. Callers with different seeds begin with different ones.
    pub(super) fn shards_of(&self, lane: Lane, seed: u64) -> impl Iterator<Item = Shard> {
        lane.shards(self.records.shards, seed)
    }

    /// All shards that a worker looks at.
    pub(super) fn all_shards(&self) -> impl Iterator<Item = Shard> {
        let lanes = [Lane::Ungated, Lane::Urgent, Lane::Scheduled];
        lanes.into_iter().flat_map(|lane| self.shards_of(lane, 0))
    }
}
