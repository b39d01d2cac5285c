//! The slot: the stored record of a key's job, and its invariants.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::attempt::{Attempt, Death};
use super::command::Outcome;
use super::work::{Held, Progress, Token, Work};
use crate::failure::FormatError;
use crate::id::{CommandId, Nonce, WorkerId};
use crate::value::Value;

/// Which version of the persisted form this crate writes.
const FORMAT: u32 = 1;

/// Everything about a key, as it is stored.
///
/// [`step`](Self::step) has an example. What a later version added to a stored slot is kept:
///
/// ```
/// use chrono::DateTime;
/// use tripartite::backoff::Fraction;
/// use tripartite::queue::{Command, QueueRules, Slot};
/// let mut json = serde_json::to_value(Slot::new(DateTime::UNIX_EPOCH))?;
/// json["colour"] = "green".into();
/// let slot: Slot = serde_json::from_value(json)?;
/// let paused = slot
///     .step(
///         &QueueRules::default(),
///         None,
///         Command::Pause,
///         DateTime::UNIX_EPOCH,
///         Fraction::ONE,
///     )
///     .next;
/// assert_eq!(serde_json::to_value(&paused)?["colour"], "green");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Slot {
    format: u32,
    /// What it is doing.
    pub state: State,
    /// Whether claims are refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// The token of the newest claim. It never goes back, even if the rest of the slot is reset.
    pub token: Token,
    /// The nonce of the newest claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
    /// How many attempts of this job failed.
    pub failures: u32,
    /// How many attempts of this job were lost with their lease.
    pub rescues: u32,
    /// How often this job was given back. That costs it no attempt.
    pub snoozes: u32,
    /// How often a dead job of this key was tried again.
    pub redrives: u32,
    /// The newest generation that was asked for.
    pub wanted: u64,
    /// The newest generation that the newest claim covers.
    pub taken: u64,
    /// The newest generation that is done, or no longer wanted.
    pub covered: u64,
    /// The job that follows the one that waits or runs, and must not join it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Work>,
    /// What a guard has held back. It stays wanted until a run has looked at all of it, or its plan was carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Finished attempts that are not appended to the history yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unflushed: Vec<Attempt>,
    /// The newest commands that carried an id, with what came of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<(CommandId, Outcome)>,
    /// When it last changed. An earlier `now` counts as this time.
    pub updated_at: DateTime<Utc>,
    /// Fields that a later version of this crate wrote. They are kept.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

/// What a key is doing.
///
/// ```
/// use tripartite::queue::{Slot, State};
/// // paused is no state: any key can be
/// assert_eq!(Slot::new(chrono::DateTime::UNIX_EPOCH).state, State::Idle);
/// ```
///
/// This enum is exhaustive: a slot of a later version is refused by its format, so a state that is read is one of
/// these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There is no job. Everything that was wanted is covered.
    Idle,
    /// A job waits.
    Pending {
        /// Until when.
        due_at: DateTime<Utc>,
        /// For what.
        work: Work,
    },
    /// A worker carries it out.
    Running {
        /// Which.
        worker: WorkerId,
        /// On what.
        work: Work,
        /// Since when.
        started_at: DateTime<Utc>,
        /// When the lease ends, unless it is extended.
        lease_until: DateTime<Utc>,
        /// The newest generation when it was asked to stop. `None` if nobody has asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cancel: Option<u64>,
        /// How far it is.
        #[serde(default)]
        progress: Progress,
    },
    /// The job is not tried again unless somebody asks for it.
    Dead {
        /// What was to be done.
        work: Work,
        /// Why.
        reason: Death,
        /// Since when.
        at: DateTime<Utc>,
    },
}

/// A stored slot that no sequence of commands leads to.
///
/// [`Slot::check`] has an example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSlot {
    /// It is not a slot.
    #[error("these bytes are not a slot: {problem}")]
    Unreadable {
        /// Where, and what is wrong.
        problem: String,
    },
    /// A later version of this crate wrote it.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The generations are out of order.
    #[error("covered {covered}, taken {taken} and wanted {wanted} are not in this order")]
    Generations {
        /// What is done.
        covered: u64,
        /// What is under way.
        taken: u64,
        /// What was asked for.
        wanted: u64,
    },
    /// It is idle, but something is wanted.
    #[error("idle, but {wanted} is wanted and {covered} covered")]
    Idle {
        /// What is done.
        covered: u64,
        /// What was asked for.
        wanted: u64,
    },
}

impl Slot {
    /// A slot that was never asked for anything.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::queue::Slot;
    /// // no worker needs to look at it, so it need not be stored
    /// assert_eq!(Slot::new(DateTime::UNIX_EPOCH).due(), None);
    /// ```
    pub fn new(at: DateTime<Utc>) -> Self {
        Self {
            format: FORMAT,
            state: State::Idle,
            paused: false,
            token: Token(0),
            nonce: None,
            failures: 0,
            rescues: 0,
            snoozes: 0,
            redrives: 0,
            wanted: 0,
            taken: 0,
            covered: 0,
            next: None,
            held: None,
            unflushed: Vec::new(),
            recent: Vec::new(),
            updated_at: at,
            rest: BTreeMap::new(),
        }
    }

    /// Reads a slot from the bytes that a job store keeps under its [`slot_key`](crate::work::slot_key), and checks it.
    ///
    /// A host needs it to fence its own writes: see [`permits`](Self::permits).
    ///
    /// # Errors
    /// [`InvalidSlot`], when the bytes are not a slot, or [`check`](Self::check) refuses it.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::queue::Slot;
    /// let slot = Slot::new(DateTime::UNIX_EPOCH);
    /// assert_eq!(Slot::from_bytes(&serde_json::to_vec(&slot)?), Ok(slot));
    /// let error = Slot::from_bytes(b"{\"format\": 1").unwrap_err();
    /// assert!(error.to_string().starts_with("these bytes are not a slot: EOF"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidSlot> {
        let read = serde_json::from_slice(bytes);
        let slot: Self = read.map_err(|error| InvalidSlot::Unreadable { problem: error.to_string() })?;
        slot.check().map(|()| slot)
    }

    /// Whether the holder of this claim may write: the job runs, and no newer claim was made.
    ///
    /// A host asks it inside the transaction that writes a batch, of the slot as that transaction reads it. The transaction
    /// must keep the slot's row from changing until it has committed: in SQLite a transaction that began as `IMMEDIATE`
    /// does, in PostgreSQL `SELECT … FOR SHARE`. Then a worker that was asleep writes nothing after another one has claimed
    /// its job (Kleppmann, *How to do distributed locking*: a lease alone does not prevent that).
    ///
    /// | the slot | token 3 |
    /// |---|---|
    /// | running, token 3 | permitted, also when the lease is over: nobody else has claimed the job |
    /// | running, token 4 | not permitted |
    /// | pending, idle or dead, with whatever token | not permitted |
    ///
    /// ```
    /// use std::time::Duration;
    /// use chrono::DateTime;
    /// use tripartite::backoff::Fraction;
    /// use tripartite::queue::{Command, QueueRules, Scope, Slot, Token, Trigger};
    /// let (rules, now) = (QueueRules::default(), DateTime::UNIX_EPOCH);
    /// let trigger = Command::Trigger {
    ///     by: Trigger::Manual,
    ///     scope: Scope::All,
    ///     policy: None,
    ///     force: false,
    /// };
    /// let slot = Slot::new(now).step(&rules, None, trigger, now, Fraction::ONE).next;
    /// assert!(!slot.permits(Token(0))); // it waits, so nobody has claimed it
    /// let claim = Command::Claim {
    ///     worker: "w1".parse()?,
    ///     nonce: "n1".parse()?,
    ///     lease: Duration::from_secs(300),
    /// };
    /// let slot = slot.step(&rules, None, claim, now, Fraction::ONE).next;
    /// assert!(slot.permits(Token(1)) && !slot.permits(Token(0)));
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn permits(&self, token: Token) -> bool {
        self.token == token && matches!(self.state, State::Running { .. })
    }

    /// Checks a slot that came back from storage.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::queue::{InvalidSlot, Slot};
    /// let mut slot = Slot::new(DateTime::UNIX_EPOCH);
    /// slot.wanted = 1; // no job waits or runs, so this trigger would be lost
    /// assert_eq!(slot.check(), Err(InvalidSlot::Idle { covered: 0, wanted: 1 }));
    /// ```
    ///
    /// # Errors
    /// [`InvalidSlot`], when it is of a later format or breaks an invariant.
    pub fn check(&self) -> Result<(), InvalidSlot> {
        let Self { covered, taken, wanted, .. } = *self;
        FormatError::check("this slot has", self.format, FORMAT)?;
        if covered > taken || taken > wanted {
            return Err(InvalidSlot::Generations { covered, taken, wanted });
        }
        if self.state == State::Idle && covered != wanted && self.held.is_none() {
            return Err(InvalidSlot::Idle { covered, wanted });
        }
        Ok(())
    }

    /// When a worker should look at it: its job is due, its lease is over, or attempts are to be appended to the
    /// history.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::backoff::Fraction;
    /// use tripartite::queue::{Command, QueueRules, Scope, Slot, Trigger};
    /// let (rules, now) = (QueueRules::default(), DateTime::UNIX_EPOCH);
    /// let step =
    ///     |slot: &Slot, command| slot.step(&rules, None, command, now, Fraction::ONE).next;
    /// let trigger = Command::Trigger {
    ///     by: Trigger::Manual,
    ///     scope: Scope::All,
    ///     policy: None,
    ///     force: false,
    /// };
    /// let pending = step(&Slot::new(now), trigger);
    /// assert_eq!(pending.due(), Some(now));
    /// // it waits, and no worker needs to look
    /// assert_eq!(step(&pending, Command::Pause).due(), None);
    /// ```
    pub fn due(&self) -> Option<DateTime<Utc>> {
        let by_state = match &self.state {
            State::Pending { due_at, .. } if !self.paused => Some(*due_at),
            State::Running { lease_until, .. } => Some(*lease_until),
            State::Idle | State::Pending { .. } | State::Dead { .. } => None,
        };
        let by_history = (!self.unflushed.is_empty()).then_some(self.updated_at);
        by_state.into_iter().chain(by_history).min()
    }

    /// Whether the waiting job is urgent: because a person or a message asked for it, or for the job that follows it.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::backoff::Fraction;
    /// use tripartite::queue::{Command, QueueRules, Scope, Slot, Trigger};
    /// let (rules, now) = (QueueRules::default(), DateTime::UNIX_EPOCH);
    /// let ask = |slot: &Slot, by, policy: &str| {
    ///     let trigger = Command::Trigger {
    ///         by,
    ///         scope: Scope::All,
    ///         policy: Some(policy.parse()?),
    ///         force: false,
    ///     };
    ///     Ok::<_, tripartite::id::IdError>(
    ///         slot.step(&rules, None, trigger, now, Fraction::ONE).next,
    ///     )
    /// };
    /// let nightly = ask(&Slot::new(now), Trigger::Scheduled, "strict")?;
    /// assert!(!nightly.is_urgent());
    /// // Under another policy it comes after the nightly one, which is therefore urgent, too.
    /// assert!(ask(&nightly, Trigger::Manual, "lenient")?.is_urgent());
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn is_urgent(&self) -> bool {
        let State::Pending { work, .. } = &self.state else { return false };
        work.is_urgent() || self.next.as_ref().is_some_and(Work::is_urgent)
    }

    /// Which attempt of its job the next claim is, from 1.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::queue::Slot;
    /// let mut slot = Slot::new(DateTime::UNIX_EPOCH);
    /// (slot.failures, slot.rescues, slot.snoozes) = (2, 1, 9);
    /// assert_eq!(slot.attempt(), 4); // a job that was given back has not failed
    /// ```
    pub fn attempt(&self) -> u32 {
        self.failures.saturating_add(self.rescues).saturating_add(1)
    }
}
