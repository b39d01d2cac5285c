//! Admission: whether a job may start, by the health of its connector and the tickets of its gate.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::chain::Draft;
use super::error::WorkError;
use super::keys::{gate_key, health_key};
use super::queue::Queue;
use super::record::Versioned;
use crate::backoff::later;
use crate::gate::{Admission, Gate, KeptTicket, Limits, Turn};
use crate::health::Health;
use crate::id::{Nonce, SyncKey};
use crate::jobs::JobStore;

/// For how much longer than a lease a ticket lasts that a worker keeps: so often it is extended.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// A request for a ticket, or for a longer one.
pub(super) struct TicketRequest<'a> {
    pub(super) key: &'a SyncKey,
    pub(super) nonce: &'a Nonce,
    pub(super) limits: &'a Limits,
    pub(super) lease: Duration,
    /// `None` for a run that has started, or for one under a kept ticket: the gate does not count it for the turns.
    pub(super) start: Option<TurnRequest>,
    /// Whether it is for a ticket that the worker keeps.
    pub(super) kept: bool,
}

/// A start that a ticket is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct TurnRequest {
    pub(super) kind: Turn,
    /// Whether a job of the other kind waits at the same gate.
    pub(super) other_waits: bool,
}

impl TicketRequest<'_> {
    /// Until when a kept ticket lasts, if that is long enough. The gate stays as it is then.
    pub(super) fn is_covered(
        &self,
        gate: Option<&Gate>,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let held = self.kept.then_some(gate?.holds(self.nonce, now)?)?;
        (held >= until).then_some(held)
    }

    /// The gate to store, if it changes, and its answer. There may be no gate yet.
    pub(super) fn admit_at(
        &self,
        gate: Option<&Gate>,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> (Option<Gate>, Admission) {
        if let Some(until) = self.is_covered(gate, now, until) {
            return (None, Admission::Admitted { until });
        }
        match gate {
            Some(gate) => self.admit(gate, now, until),
            None => self.admit(&Gate::new(now), now, until),
        }
    }

    /// If it is the other kind's turn and a job of that kind waits, this one is told that it is too soon.
    fn admit(&self, gate: &Gate, now: DateTime<Utc>, until: DateTime<Utc>) -> (Option<Gate>, Admission) {
        let keeps = self.kept || (self.start.is_some() && self.limits.may_keep());
        let until = if keeps { later(until, self.lease.min(KEPT_FOR)) } else { until };
        let transition = match self.start {
            Some(TurnRequest { kind, other_waits: true }) if gate.turn() != kind => {
                return (None, Admission::TooSoon { at: now });
            }
            Some(TurnRequest { kind, .. }) => gate.admit_kept(kind, self.limits, self.key, self.nonce, now, until),
            None => gate.extend(self.limits, self.key, self.nonce, now, until),
        };
        (Some(transition.next), transition.admission)
    }
}

/// The ticket of a claim: by whose nonce the gate knows it, and what to remember of it if it may be kept.
#[derive(Debug, Clone)]
pub(super) struct HeldTicket {
    pub(super) nonce: Nonce,
    pub(super) kept: Option<KeptTicket>,
}

impl HeldTicket {
    /// The gate once the ticket of a key is given back.
    fn released_from(&self, gate: &Gate, key: &SyncKey, now: DateTime<Utc>) -> Gate {
        match &self.kept {
            Some(kept) => gate.give_back(kept, now),
            None => gate.release(key, &self.nonce, now),
        }
    }
}

impl<S: JobStore> Queue<S> {
    /// The health of a key's connector for its organisation. `None` if no attempt was judged yet.
    ///
    /// [`reset_health`](Self::reset_health) has an example.
    ///
    /// # Errors
    /// [`WorkError`], when the store failed or the record cannot be read.
    pub async fn health(&self, key: &SyncKey) -> Result<Option<Health>, WorkError<S::Error>> {
        self.records.read(&health_key(key)).await
    }

    /// Resets the health of a key's connector, so that attempts run again. A person calls this once the cause is gone,
    /// for example with a new credential.
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
    /// assert_eq!(block_on(queue.health(&key))?, None); // never tried, so nothing to reset
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkError`], when the store failed, the record cannot be read, or others change it all the time.
    pub async fn reset_health(&self, key: &SyncKey, now: DateTime<Utc>) -> Result<(), WorkError<S::Error>> {
        let reset = |health: Option<&Health>| (health.map(|health| health.reset(now)), ());
        self.records.change(&health_key(key), reset).await
    }

    /// The gate of a group. `None` if no run has asked for a ticket yet. A [`Worker`](crate::work::Worker) has a group
    /// for each connector, under its id.
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
        self.records.read(&gate_key(group)).await
    }

    /// Asks a gate for a ticket until a point in time. Returns its answer, and the gate as it is stored then.
    pub(super) async fn take_ticket(
        &self,
        request: &TicketRequest<'_>,
        gate: Option<Versioned<Gate>>,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<(Admission, Versioned<Gate>), WorkError<S::Error>> {
        let admit = |gate: Option<&Gate>| request.admit_at(gate, now, until);
        self.records.change_from(&gate_key(request.key.connector.as_str()), gate, |_| true, admit).await
    }

    /// Gives a ticket back. Returns the gate as it is stored then.
    pub(super) async fn release_ticket(
        &self,
        key: &SyncKey,
        ticket: &HeldTicket,
        gate: Option<Versioned<Gate>>,
        now: DateTime<Utc>,
    ) -> Result<Versioned<Gate>, WorkError<S::Error>> {
        let release = |gate: Option<&Gate>| (gate.map(|gate| ticket.released_from(gate, key, now)), ());
        let released = self.records.change_from(&gate_key(key.connector.as_str()), gate, |_| true, release).await;
        released.map(|((), gate)| gate)
    }

    /// As [`release_ticket`](Self::release_ticket), as a part of a chain.
    pub(super) fn draft_release<'a>(
        key: &'a SyncKey,
        ticket: &'a HeldTicket,
        gate: Option<Versioned<Gate>>,
        now: DateTime<Utc>,
    ) -> Draft<'a, Gate, ()> {
        Draft::new(gate_key(key.connector.as_str()), gate, move |gate| {
            (gate.map(|gate| ticket.released_from(gate, key, now)), ())
        })
    }

    /// Changes the health of a key's connector. Returns the answer, and the health as it is stored then.
    pub(super) async fn change_health<R>(
        &self,
        key: &SyncKey,
        known: Option<Versioned<Health>>,
        now: DateTime<Utc>,
        mut change: impl FnMut(&Health) -> (Health, R),
    ) -> Result<(R, Versioned<Health>), WorkError<S::Error>> {
        let change = |health: Option<&Health>| {
            let before = health.cloned().unwrap_or_else(|| Health::new(now));
            let (next, answer) = change(&before);
            // A connector that was never tried needs no record.
            (Some(next).filter(|next| *next != before), answer)
        };
        self.records.change_from(&health_key(key), known, |_| true, change).await
    }
}
