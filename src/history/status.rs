//! The status of a key: what it does now, why it waits, and how it did before.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::clock_skew::left_behind;
use crate::gate::{Gate, Shut};
use crate::health::{Health, View};
use crate::id::{ConnectorId, OrgId, SyncKey, WorkerId};
use crate::queue::{Attempt, Death, Ended, Held, Progress, Slot, State};

/// What an operator sees of a key. A view: it is computed, and not stored.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use tripartite::history::{Doing, KeyStatus};
/// use tripartite::queue::Slot;
/// let status = KeyStatus::of(&Slot::new(DateTime::<Utc>::UNIX_EPOCH), None, None);
/// // never asked for anything
/// assert_eq!((status.doing, status.last, status.health), (Doing::Idle, None, None));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KeyStatus {
    /// What it is doing.
    pub doing: Doing,
    /// Whether claims are refused.
    pub paused: bool,
    /// Which attempt of its job is under way or next, from 1.
    pub attempt: u32,
    /// The newest generation that was asked for.
    pub wanted: u64,
    /// The newest generation that is done.
    pub covered: u64,
    /// What a guard held back, and waits for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// How the last finished attempt ended.
    pub last: Option<Ended>,
    /// When it did.
    pub last_at: Option<DateTime<Utc>>,
    /// The health of the connector for the organisation.
    pub health: Option<View>,
    /// When its slot last changed; none, in a status from before this was told.
    #[serde(default)]
    pub changed_at: Option<DateTime<Utc>>,
    /// How it waits, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
}

/// How a job waits, as far as that can be known from what is stored.
///
/// [`KeyStatus::behind`] has an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Wait {
    /// Since when it could have begun, but for its turn, its gate, its connector's health or a pause. Still to come, where it
    /// backs off.
    pub since: DateTime<Utc>,
    /// Whether it goes before what a schedule wants.
    pub urgent: bool,
    /// What its gate let nobody in by when that was read; over once its time is over. None: the gate is open, or nobody has
    /// passed it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Shut>,
}

/// What a key is doing, as an operator sees it.
///
/// ```
/// use chrono::DateTime;
/// use tripartite::history::{Doing, KeyStatus};
/// use tripartite::queue::Slot;
/// let mut slot = Slot::new(DateTime::UNIX_EPOCH);
/// slot.paused = true;
/// let status = KeyStatus::of(&slot, None, None);
/// // paused beside what it does, not instead
/// assert_eq!((status.doing, status.paused), (Doing::Idle, true));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Doing {
    /// Nothing; everything that was wanted is done.
    Idle,
    /// It waits.
    Pending {
        /// Until when.
        due_at: DateTime<Utc>,
    },
    /// A worker is at it.
    Running {
        /// Which.
        worker: WorkerId,
        /// Since when.
        started_at: DateTime<Utc>,
        /// Until when its lease lasts.
        lease_until: DateTime<Utc>,
        /// Whether it is asked to stop.
        stopping: bool,
        /// How far it is.
        progress: Progress,
    },
    /// It is not tried again unasked.
    Dead {
        /// Why.
        reason: Death,
        /// Since when.
        at: DateTime<Utc>,
    },
}

impl KeyStatus {
    /// The status of a key, from its slot, its last entry in the history and its health, as far as there are any. An
    /// attempt that the slot still holds is newer than any in the history.
    ///
    /// [`KeyStatus`] has an example.
    pub fn of(slot: &Slot, last: Option<&Attempt>, health: Option<&Health>) -> Self {
        let newest = slot.unflushed.iter().chain(last).max_by_key(|attempt| attempt.token);
        Self {
            doing: Doing::of(&slot.state),
            paused: slot.paused,
            attempt: slot.attempt(),
            wanted: slot.wanted,
            covered: slot.covered,
            held: slot.held.clone(),
            last: newest.map(|attempt| attempt.ended.clone()),
            last_at: newest.map(|attempt| attempt.ended_at),
            health: health.map(Health::view),
            changed_at: Some(slot.updated_at),
            wait: match &slot.state {
                State::Pending { due_at, .. } => Some(Wait { since: *due_at, urgent: slot.is_urgent(), gate: None }),
                _ => None,
            },
        }
    }

    /// The status, with what the key's gate lets nobody in by. [`Queue::status`](crate::work::Queue::status) has it.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use std::time::Duration;
    /// use tripartite::backoff::Fraction;
    /// use tripartite::gate::{Gate, Limits, Shut};
    /// use tripartite::history::KeyStatus;
    /// use tripartite::id::{Nonce, SyncKey};
    /// use tripartite::queue::{Command, QueueRules, Scope, Slot, Trigger};
    /// let (now, limits) = (DateTime::UNIX_EPOCH, Limits::default());
    /// let trigger = Command::Trigger {
    ///     by: Trigger::Webhook,
    ///     scope: Scope::All,
    ///     policy: None,
    ///     force: false,
    /// };
    /// let slot =
    ///     Slot::new(now).step(&QueueRules::default(), None, trigger, now, Fraction::ONE).next;
    /// let other = SyncKey { org: "carrick".parse()?, connector: "federation".parse()? };
    /// let until = now + TimeDelta::minutes(5);
    /// let gate = Gate::new(now).admit(&limits, &other, &Nonce::new("n")?, now, until).next;
    /// let wait = KeyStatus::of(&slot, None, None).behind(&gate).wait.ok_or("it waits")?;
    /// assert_eq!((wait.since, wait.urgent), (now, true));
    /// assert_eq!(wait.gate, Some(Shut::TooSoon { until: now + TimeDelta::minutes(1) }));
    /// // What does nothing waits for no gate.
    /// assert_eq!(KeyStatus::of(&Slot::new(now), None, None).behind(&gate).wait, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn behind(mut self, gate: &Gate) -> Self {
        if let Some(wait) = &mut self.wait {
            wait.gate = gate.shut();
        }
        self
    }

    /// The time that a clock which was ahead has left behind, if it is more than ten minutes from now: so far may right
    /// clocks disagree. Nothing happens to the key until then, unless it is [set back](crate::work::Queue::repair_all_clock_skew).
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::history::KeyStatus;
    /// use tripartite::queue::Slot;
    /// let (now, ahead) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(365));
    /// assert_eq!(KeyStatus::of(&Slot::new(ahead), None, None).ahead(now), Some(ahead));
    /// assert_eq!(
    ///     KeyStatus::of(&Slot::new(now + TimeDelta::minutes(10)), None, None).ahead(now),
    ///     None
    /// );
    /// ```
    pub fn ahead(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let waits_until = match self.doing {
            Doing::Pending { due_at: at } | Doing::Running { lease_until: at, .. } => Some(at),
            Doing::Idle | Doing::Dead { .. } => None,
        };
        self.changed_at.and_then(|at| left_behind(at, waits_until, now))
    }

    /// What an organisation sees: its statuses by connector, out of those of any keys.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tripartite::history::KeyStatus;
    /// use tripartite::id::{ConnectorId, OrgId, SyncKey};
    /// use tripartite::queue::Slot;
    /// let status = KeyStatus::of(&Slot::new(DateTime::<Utc>::UNIX_EPOCH), None, None);
    /// let key = |org| {
    ///     Ok::<_, tripartite::id::IdError>(SyncKey {
    ///         org: OrgId::new(org)?,
    ///         connector: ConnectorId::new("f")?,
    ///     })
    /// };
    /// let all = [(key("a")?, status.clone()), (key("b")?, status)];
    /// assert_eq!(KeyStatus::of_org(&OrgId::new("a")?, all).len(), 1); // nobody sees another's
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn of_org(org: &OrgId, all: impl IntoIterator<Item = (SyncKey, Self)>) -> BTreeMap<ConnectorId, Self> {
        let own = all.into_iter().filter(|(key, _)| key.org == *org);
        own.map(|(key, status)| (key.connector, status)).collect()
    }
}

impl Doing {
    fn of(state: &State) -> Self {
        match state {
            State::Idle => Self::Idle,
            State::Pending { due_at, .. } => Self::Pending { due_at: *due_at },
            State::Running { worker, started_at, lease_until, cancel, progress, .. } => Self::Running {
                worker: worker.clone(),
                started_at: *started_at,
                lease_until: *lease_until,
                stopping: cancel.is_some(),
                progress: progress.clone(),
            },
            State::Dead { reason, at, .. } => Self::Dead { reason: reason.clone(), at: *at },
        }
    }
}
