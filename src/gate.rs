//! Gates: how many runs of a group go on at a time, and how soon after each other they start.
//!
//! A [`Gate`] is one record for each group of keys, for example all that call the same source. Whoever wants to begin
//! asks for a **ticket**; a ticket ends by itself, so a worker that crashes leaks none. Like the queue's slot, a gate
//! is stored by compare-and-swap: every transition returns the next gate, and nothing has happened until that is
//! stored.
//!
//! | with at most 2 running and 60 s between starts | at | answer |
//! |---|---|---|
//! | key A | 00:00 | [`Admitted`](Admission::Admitted) |
//! | key A again, with the same nonce: the first answer was lost | 00:05 | Admitted, by the same ticket |
//! | key B | 00:30 | [`TooSoon`](Admission::TooSoon), until 01:00 |
//! | key B | 01:00 | Admitted |
//! | key C | 02:00 | [`Full`](Admission::Full), until the first ticket ends |
//!
//! # The lease must not outlive the ticket
//!
//! A run counts for as long as its ticket lasts. So take the ticket first and for at least the lease, then claim with
//! the same nonce; extend the ticket first, then the lease; release it after the run is completed or failed. In this
//! order a crash anywhere leaves a ticket without a run, never a run without a ticket.
//!
//! # Whose turn it is
//!
//! A gate counts how many urgent runs have started since a scheduled one has, and says whose [turn](Gate::turn) it is where
//! both wait: three urgent ones, then a scheduled one. The gate does not know which runs wait, so its caller chooses. A
//! [`Worker`](crate::work::Worker) keeps to the turns, and counts a run once, also if it needs another ticket because its own
//! has ended. [`Gate::refusal`] says whether the gate admits anybody at all.
//!
//! # Questions
//!
//! *Why the nonce, and not the token?* The token is known only after the claim, and the ticket is needed before it. Two
//! workers after one key would guess the same token, and the one that loses the claim would release the other's ticket.
//!
//! *What of clocks that disagree?* The gate's time never goes back behind its last change. A worker whose clock is
//! behind takes part in the gate's time, and its tickets last as long as it asked for.

mod fair;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use fair::fair;

use crate::clock_skew::{Ahead, left_behind};
use crate::id::{Nonce, SyncKey};
use crate::value::Value;

/// Which version of the persisted form this crate writes.
const FORMAT: u32 = 1;
/// How many urgent ones start in a row while a scheduled one waits.
const IN_A_ROW: u8 = 3;

/// The limits of a gate.
///
/// ```
/// use tripartite::gate::Limits;
/// // five at a time, a minute apart
/// assert_eq!(serde_json::from_str::<Limits>("{}")?, Limits::default());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// How many tickets there are at a time. None are given at 0.
    pub running: usize,
    /// How long after a start the next one may follow.
    pub spacing: Duration,
}

impl Default for Limits {
    /// Five at a time and a minute apart: what the replaced system kept to, which sources are used to.
    fn default() -> Self {
        Self { running: 5, spacing: Duration::from_secs(60) }
    }
}

/// Who may run, as it is stored.
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use tripartite::gate::{Admission, Gate, Limits};
/// use tripartite::id::{ConnectorId, Nonce, OrgId, SyncKey};
/// let (limits, now) = (Limits::default(), DateTime::<Utc>::UNIX_EPOCH);
/// let key = |org| {
///     Ok::<_, tripartite::id::IdError>(SyncKey {
///         org: OrgId::new(org)?,
///         connector: ConnectorId::new("f")?,
///     })
/// };
/// let until = now + TimeDelta::minutes(10);
///
/// let first = Gate::new(now).admit(&limits, &key("a")?, &Nonce::new("n1")?, now, until);
/// assert_eq!(first.admission, Admission::Admitted { until });
/// let second = first.next.admit(&limits, &key("b")?, &Nonce::new("n2")?, now, until);
/// assert_eq!(second.admission, Admission::TooSoon { at: now + TimeDelta::seconds(60) });
/// assert_eq!(second.next, first.next); // a refusal changes nothing
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    format: u32,
    tickets: Vec<Ticket>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started_at: Option<DateTime<Utc>>,
    /// How many urgent ones have started since a scheduled one has, as far as that matters.
    #[serde(default, skip_serializing_if = "is_zero")]
    urgent: u8,
    /// The limits that the newest start was within.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limits: Option<Limits>,
    updated_at: DateTime<Utc>,
    /// What a later version of this crate wrote: it survives.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

fn is_zero(number: &u8) -> bool {
    *number == 0
}

/// Whose turn it is at a gate, where both kinds wait: three urgent starts, then a scheduled one.
///
/// [`Gate::turn`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Turn {
    /// That of a job that somebody waits for.
    Urgent,
    /// That of a job that a schedule wants.
    Scheduled,
}

/// Why a gate lets nobody in.
///
/// [`Gate::shut`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shut {
    /// As many run as may.
    Full {
        /// When the first of their tickets ends that makes room. One may be released before.
        until: DateTime<Utc>,
    },
    /// Another one has just started.
    TooSoon {
        /// When the next may.
        until: DateTime<Utc>,
    },
}

/// The permission of one run.
///
/// [`Gate::running`] lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// For which key.
    pub key: SyncKey,
    /// For which claim of it.
    pub nonce: Nonce,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// What a gate answers.
///
/// [`Gate`] and [`Gate::admit`] have examples.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "only an admission permits a run, once the next gate is stored"]
pub enum Admission {
    /// The run may begin, and go on until then.
    Admitted {
        /// When its ticket ends, unless it is extended.
        until: DateTime<Utc>,
    },
    /// As many run as may.
    Full {
        /// When the first of their tickets ends. One may be released before.
        until: DateTime<Utc>,
    },
    /// Another one has just started.
    TooSoon {
        /// When the next may.
        at: DateTime<Utc>,
    },
    /// Another claim of this key has a ticket.
    Held {
        /// When that ends.
        until: DateTime<Utc>,
    },
}

/// What a request to a gate comes to.
///
/// [`Gate`] has an example.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "nothing has happened until the next gate is stored"]
pub struct GateTransition {
    /// The gate to store, if it differs from the one before.
    pub next: Gate,
    /// What to answer, once that is stored.
    pub admission: Admission,
}

/// A stored gate that this version cannot read.
///
/// [`Gate::check`] has an example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidGate {
    /// It was written by a later version of this crate.
    #[error("this gate has format {found}, this version reads up to {FORMAT}")]
    Format {
        /// Its format.
        found: u32,
    },
}

impl Shut {
    /// When it is over.
    ///
    /// ```
    /// use chrono::DateTime;
    /// let shut = tripartite::gate::Shut::Full { until: DateTime::UNIX_EPOCH };
    /// assert_eq!(shut.until(), DateTime::UNIX_EPOCH);
    /// ```
    pub fn until(&self) -> DateTime<Utc> {
        match self {
            Self::Full { until } | Self::TooSoon { until } => *until,
        }
    }
}

impl From<Shut> for Admission {
    fn from(shut: Shut) -> Self {
        match shut {
            Shut::Full { until } => Self::Full { until },
            Shut::TooSoon { until: at } => Self::TooSoon { at },
        }
    }
}

impl Gate {
    /// A gate that nobody has passed.
    ///
    /// [`Gate`] has an example.
    pub fn new(at: DateTime<Utc>) -> Self {
        let (tickets, rest) = (Vec::new(), BTreeMap::new());
        Self { format: FORMAT, tickets, started_at: None, urgent: 0, limits: None, updated_at: at, rest }
    }

    /// Checks a gate that came back from storage.
    ///
    /// ```
    /// use tripartite::gate::{Gate, InvalidGate};
    /// let mut json = serde_json::to_value(Gate::new(chrono::DateTime::UNIX_EPOCH))?;
    /// json["format"] = 2.into();
    /// let later: Gate = serde_json::from_value(json)?;
    /// // it parses, and may mean something else
    /// assert_eq!(later.check(), Err(InvalidGate::Format { found: 2 }));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidGate`], when it is of a later format.
    pub fn check(&self) -> Result<(), InvalidGate> {
        if self.format > FORMAT { Err(InvalidGate::Format { found: self.format }) } else { Ok(()) }
    }

    /// The tickets that last beyond a point in time, in the order they were given.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// let now = DateTime::<Utc>::UNIX_EPOCH;
    /// assert_eq!(tripartite::gate::Gate::new(now).running(now).count(), 0);
    /// ```
    pub fn running(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Ticket> {
        let now = now.max(self.updated_at);
        self.tickets.iter().filter(move |ticket| ticket.until > now)
    }

    /// Asks for a ticket until a point in time. A claim that has one keeps it, for as long as the longer of the two.
    ///
    /// A refusal changes nothing. [`Gate`] has an example.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::gate::{Admission, Gate, Limits};
    /// use tripartite::id::{Nonce, SyncKey};
    /// let (limits, now) = (Limits::default(), DateTime::UNIX_EPOCH);
    /// let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// let (mine, other) = (Nonce::new("w1/1")?, Nonce::new("w2/1")?);
    /// let until = now + TimeDelta::minutes(5);
    /// let gate = Gate::new(now).admit(&limits, &key, &mine, now, until).next;
    /// // One ticket a key, whatever the limits leave; and no spacing for whoever holds it.
    /// assert_eq!(
    ///     gate.admit(&limits, &key, &other, now, until).admission,
    ///     Admission::Held { until }
    /// );
    /// let longer =
    ///     gate.admit(&limits, &key, &mine, now, until + TimeDelta::minutes(5)).admission;
    /// assert_eq!(longer, Admission::Admitted { until: until + TimeDelta::minutes(5) });
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn admit(
        &self,
        limits: &Limits,
        key: &SyncKey,
        nonce: &Nonce,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> GateTransition {
        self.admit_at(Turn::Scheduled, limits, key, nonce, now, until)
    }

    /// As [`admit`](Self::admit), for a start of this kind. The start counts for the [turn](Self::turn) after it. It is
    /// admitted out of turn too: only the caller knows which runs wait.
    ///
    /// [`turn`](Self::turn) has an example.
    pub fn admit_at(
        &self,
        kind: Turn,
        limits: &Limits,
        key: &SyncKey,
        nonce: &Nonce,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> GateTransition {
        let (now, until) = self.in_gate_time(now, until);
        if let Some(known) = self.known(key, nonce, now, until) {
            return known;
        }
        if let Some(shut) = self.refusal(limits, now) {
            return self.refused(shut.into());
        }
        let mut next = self.with_ticket(key, nonce, now, until);
        next.started_at = Some(now);
        next.limits = Some(*limits);
        next.urgent = match kind {
            Turn::Urgent => self.urgent.saturating_add(1).min(IN_A_ROW),
            Turn::Scheduled => 0,
        };
        self.admitted(next, until)
    }

    /// As [`admit`](Self::admit), for a run that has started: it keeps its ticket, or gets another one where that has ended
    /// and there is room. That is no start, so neither the next one's time nor whose turn it is changes.
    pub(crate) fn admit_again(
        &self,
        limits: &Limits,
        key: &SyncKey,
        nonce: &Nonce,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> GateTransition {
        let (now, until) = self.in_gate_time(now, until);
        if let Some(known) = self.known(key, nonce, now, until) {
            return known;
        }
        match self.full(limits, now) {
            Some(full) => self.refused(full.into()),
            None => self.admitted(self.with_ticket(key, nonce, now, until), until),
        }
    }

    /// The answer for a key that has a ticket.
    fn known(&self, key: &SyncKey, nonce: &Nonce, now: DateTime<Utc>, until: DateTime<Utc>) -> Option<GateTransition> {
        let held = self.running(now).find(|ticket| ticket.key == *key)?;
        if held.nonce != *nonce {
            return Some(self.refused(Admission::Held { until: held.until }));
        }
        let until = until.max(held.until);
        Some(self.admitted(self.extended(key, nonce, now, until), until))
    }

    /// Why it would let in nobody who has no ticket yet; none, if it would let one in. That needs no attempt to be known.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use std::time::Duration;
    /// use tripartite::gate::{Gate, Limits, Shut};
    /// use tripartite::id::{Nonce, SyncKey};
    /// let (limits, now) =
    ///     (Limits { running: 1, spacing: Duration::ZERO }, DateTime::UNIX_EPOCH);
    /// let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// let until = now + TimeDelta::minutes(5);
    /// let gate = Gate::new(now).admit(&limits, &key, &Nonce::new("n")?, now, until).next;
    /// assert_eq!(gate.refusal(&limits, now), Some(Shut::Full { until }));
    /// // the ticket has ended, and nobody needs to say so
    /// assert_eq!(gate.refusal(&limits, until), None);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn refusal(&self, limits: &Limits, now: DateTime<Utc>) -> Option<Shut> {
        let too_soon = self.too_soon(limits, now).map(|until| Shut::TooSoon { until });
        too_soon.or_else(|| self.full(limits, now))
    }

    fn full(&self, limits: &Limits, now: DateTime<Utc>) -> Option<Shut> {
        let first = self.running(now).map(|ticket| ticket.until).min();
        let full = self.running(now).count() >= limits.running;
        full.then(|| Shut::Full { until: first.unwrap_or(DateTime::<Utc>::MAX_UTC) })
    }

    /// Whose turn the next start is, where both kinds wait. So, as long as both do, the n-th start of an urgent one is among
    /// the next n + n/3 + 1 starts, and the n-th of a scheduled one among the next 4 n.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use std::time::Duration;
    /// use tripartite::gate::{Gate, Limits, Turn};
    /// use tripartite::id::{Nonce, SyncKey};
    /// let (limits, now) =
    ///     (Limits { running: 9, spacing: Duration::ZERO }, DateTime::UNIX_EPOCH);
    /// let start = |gate: &Gate, kind, org: &str| {
    ///     let key = SyncKey { org: org.parse()?, connector: "federation".parse()? };
    ///     let until = now + Duration::from_secs(300);
    ///     Ok::<_, tripartite::id::IdError>(
    ///         gate.admit_at(kind, &limits, &key, &Nonce::new(org)?, now, until).next,
    ///     )
    /// };
    /// let mut gate = Gate::new(now);
    /// for org in ["a", "b", "c"] {
    ///     assert_eq!(gate.turn(), Turn::Urgent);
    ///     gate = start(&gate, Turn::Urgent, org)?;
    /// }
    /// assert_eq!(gate.turn(), Turn::Scheduled);
    /// // no scheduled one waited: it still is
    /// assert_eq!(start(&gate, Turn::Urgent, "d")?.turn(), Turn::Scheduled);
    /// assert_eq!(start(&gate, Turn::Scheduled, "e")?.turn(), Turn::Urgent);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn turn(&self) -> Turn {
        if self.urgent < IN_A_ROW { Turn::Urgent } else { Turn::Scheduled }
    }

    /// Why the gate admits nobody, and until when, by the limits of its newest start. Of two reasons it gives the one that
    /// lasts longer. A reason whose time is over for the caller is none.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::gate::{Gate, Limits, Shut};
    /// use tripartite::id::{Nonce, SyncKey};
    /// let (limits, now) = (Limits::default(), DateTime::UNIX_EPOCH);
    /// let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// assert_eq!(Gate::new(now).shut(), None);
    /// let until = now + TimeDelta::minutes(5);
    /// let gate = Gate::new(now).admit(&limits, &key, &Nonce::new("n")?, now, until).next;
    /// assert_eq!(gate.shut(), Some(Shut::TooSoon { until: now + TimeDelta::minutes(1) }));
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn shut(&self) -> Option<Shut> {
        let limits = self.limits?;
        let mut ends: Vec<_> = self.tickets.iter().map(|ticket| ticket.until).collect();
        ends.sort_unstable();
        let makes_room = ends.len().checked_sub(limits.running).and_then(|over| ends.get(over));
        let full = makes_room.map(|until| Shut::Full { until: *until });
        let too_soon = self.next_start(&limits).map(|until| Shut::TooSoon { until });
        full.into_iter().chain(too_soon).max_by_key(Shut::until)
    }

    /// Lets a ticket last longer, never shorter; `None` when it has ended and may have gone to somebody else: the run
    /// must not go on.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tripartite::gate::Gate;
    /// use tripartite::id::{ConnectorId, Nonce, OrgId, SyncKey};
    /// let key = SyncKey { org: OrgId::new("a")?, connector: ConnectorId::new("f")? };
    /// let now = DateTime::<Utc>::UNIX_EPOCH;
    /// // it never had one
    /// assert_eq!(Gate::new(now).extend(&key, &Nonce::new("n")?, now, now), None);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn extend(&self, key: &SyncKey, nonce: &Nonce, now: DateTime<Utc>, until: DateTime<Utc>) -> Option<Self> {
        let (now, until) = self.in_gate_time(now, until);
        let held = self.running(now).any(|ticket| ticket.key == *key && ticket.nonce == *nonce);
        held.then(|| self.extended(key, nonce, now, until))
    }

    /// Gives a ticket back. One that is not there, or belongs to another claim, is left as it is.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tripartite::gate::Gate;
    /// use tripartite::id::{ConnectorId, Nonce, OrgId, SyncKey};
    /// let key = SyncKey { org: OrgId::new("a")?, connector: ConnectorId::new("f")? };
    /// let gate = Gate::new(DateTime::<Utc>::UNIX_EPOCH);
    /// // also twice
    /// assert_eq!(gate.release(&key, &Nonce::new("n")?, DateTime::<Utc>::UNIX_EPOCH), gate);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    #[must_use = "nothing has happened until the next gate is stored"]
    pub fn release(&self, key: &SyncKey, nonce: &Nonce, now: DateTime<Utc>) -> Self {
        let mut next = self.clone();
        next.tickets.retain(|ticket| ticket.key != *key || ticket.nonce != *nonce);
        if next != *self {
            next.updated_at = now.max(self.updated_at);
        }
        next
    }

    /// The time that a clock which was ahead has left behind, if it is more than ten minutes from now: so far may right
    /// clocks disagree. Nobody passes until then, unless it is [set back](Self::repair_clock_skew).
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::gate::Gate;
    /// let (now, ahead) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(365));
    /// assert_eq!(Gate::new(ahead).ahead(now), Some(ahead));
    /// assert_eq!(Gate::new(ahead).ahead(ahead), None);
    /// ```
    pub fn ahead(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let last = self.tickets.iter().map(|ticket| ticket.until).max();
        left_behind(self.updated_at, last, now)
    }

    /// The gate with its times set back to a clock that is right, by the rule of a slot's
    /// [`repair_clock_skew`](crate::queue::Slot::repair_clock_skew): tickets last as long as they would have, and the next may start as soon.
    /// A ticket that would last longer than 18 hours even so ends in ten minutes. A gate without either stays as it is.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::gate::{Admission, Gate, Limits};
    /// use tripartite::id::{Nonce, SyncKey};
    /// let (limits, now) = (Limits::default(), DateTime::UNIX_EPOCH);
    /// let key = |org: &str| {
    ///     Ok::<_, tripartite::id::IdError>(SyncKey {
    ///         org: org.parse()?,
    ///         connector: "f".parse()?,
    ///     })
    /// };
    /// let ahead = now + TimeDelta::days(3650);
    /// let gate = Gate::new(now)
    ///     .admit(&limits, &key("a")?, &Nonce::new("n1")?, ahead, ahead + TimeDelta::minutes(5))
    ///     .next;
    /// let ask = |gate: &Gate| {
    ///     Ok::<_, tripartite::id::IdError>(
    ///         gate.admit(
    ///             &limits,
    ///             &key("b")?,
    ///             &Nonce::new("n2")?,
    ///             now,
    ///             now + TimeDelta::minutes(5),
    ///         )
    ///         .admission,
    ///     )
    /// };
    /// // in ten years
    /// assert_eq!(ask(&gate)?, Admission::TooSoon { at: ahead + TimeDelta::minutes(1) });
    /// assert_eq!(
    ///     ask(&gate.repair_clock_skew(now))?,
    ///     Admission::TooSoon { at: now + TimeDelta::minutes(1) }
    /// );
    /// assert_eq!(gate.repair_clock_skew(ahead), gate);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    #[must_use = "nothing has happened until the next gate is stored"]
    pub fn repair_clock_skew(&self, now: DateTime<Utc>) -> Self {
        let mut next = self.clone();
        let ahead = Ahead::of(self.updated_at, now);
        next.updated_at = ahead.happened(self.updated_at);
        next.started_at = self.started_at.map(|at| ahead.happened(at));
        for ticket in &mut next.tickets {
            ticket.until = ahead.lasts(ticket.until);
        }
        next
    }

    /// The asker's `now` and `until`, in the gate's time: both later, by as much as the asker's clock is behind.
    fn in_gate_time(&self, now: DateTime<Utc>, until: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let behind = (self.updated_at - now).max(TimeDelta::zero());
        let later = |at: DateTime<Utc>| at.checked_add_signed(behind).unwrap_or(DateTime::<Utc>::MAX_UTC);
        (later(now), later(until))
    }

    /// When the next may start, if that is not now.
    fn too_soon(&self, limits: &Limits, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.next_start(limits).filter(|at| *at > now.max(self.updated_at))
    }

    fn next_start(&self, limits: &Limits) -> Option<DateTime<Utc>> {
        let spacing = TimeDelta::from_std(limits.spacing).unwrap_or(TimeDelta::MAX);
        Some(self.started_at?.checked_add_signed(spacing).unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    fn swept(&self, now: DateTime<Utc>) -> Self {
        let mut next = self.clone();
        next.tickets.retain(|ticket| ticket.until > now);
        next.updated_at = now;
        next
    }

    fn with_ticket(&self, key: &SyncKey, nonce: &Nonce, now: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        let mut next = self.swept(now);
        next.tickets.push(Ticket { key: key.clone(), nonce: nonce.clone(), until });
        next
    }

    fn extended(&self, key: &SyncKey, nonce: &Nonce, now: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        let mut next = self.swept(now);
        for ticket in next.tickets.iter_mut().filter(|ticket| ticket.key == *key && ticket.nonce == *nonce) {
            ticket.until = ticket.until.max(until);
        }
        next
    }

    fn admitted(&self, next: Self, until: DateTime<Utc>) -> GateTransition {
        GateTransition { next, admission: Admission::Admitted { until } }
    }

    fn refused(&self, admission: Admission) -> GateTransition {
        GateTransition { next: self.clone(), admission }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_gets_another_ticket_waits_for_room_alone_and_starts_nothing() {
        let at = |seconds| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let key = |org: &str| SyncKey { org: org.parse().unwrap(), connector: "f".parse().unwrap() };
        let nonce = |org: &str| Nonce::new(org).unwrap();
        let limits = |running| Limits { running, spacing: std::time::Duration::from_secs(60) };
        let gate = Gate::new(at(0)).admit(&limits(2), &key("a"), &nonce("a"), at(0), at(30)).next;
        // Its ticket has ended, and another one has started ten seconds ago.
        let gate = gate.admit(&limits(2), &key("b"), &nonce("b"), at(60), at(600)).next;
        let again = |running| gate.admit_again(&limits(running), &key("a"), &nonce("a"), at(70), at(100));
        assert_eq!(again(2).admission, Admission::Admitted { until: at(100) });
        assert_eq!(again(2).next.refusal(&limits(9), at(70)), Some(Shut::TooSoon { until: at(120) }));
        assert_eq!(again(1), GateTransition { next: gate.clone(), admission: Admission::Full { until: at(600) } });
    }
}
