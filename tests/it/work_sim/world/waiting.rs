//! Who waits until when, and when the first of them could go on.

use chrono::{DateTime, Utc};
use tripartite::gate::{Admission, Gate, Limits};
use tripartite::health::{Health, Permit};
use tripartite::id::{Nonce, SyncKey};
use tripartite::jobs::StoreKey;
use tripartite::queue::{State, Token};
use tripartite::registry::Enrolment;

use super::super::ground::{key, read};
use super::{CONNECTORS, LEASE, Seat, World};

impl World {
    /// Lets time pass until the first of them wakes, if all are asleep. Whether there is anybody to wait for.
    pub(in super::super) fn sleep(&mut self) -> bool {
        if self.people.iter().any(Option::is_some) {
            return true;
        }
        let mut first: Option<DateTime<Utc>> = None;
        let now = self.ground.state().now;
        for seat in &self.seats {
            let at = match seat {
                Seat::Gone { until } => Some(*until).filter(|until| *until < DateTime::<Utc>::MAX_UTC),
                Seat::Asleep { until, .. } => *until,
                Seat::Ticking { frozen, .. } => frozen.or(Some(now)),
            };
            first = first.into_iter().chain(at).min();
        }
        let Some(first) = first else { return false };
        let state = &mut *self.ground.state();
        state.now = state.now.max(first);
        true
    }

    /// When everybody is asleep: until when, at the longest.
    pub(in super::super) fn asleep_until(&self) -> Option<Option<DateTime<Utc>>> {
        let mut first: Option<DateTime<Utc>> = None;
        for seat in &self.seats {
            match seat {
                Seat::Asleep { until, .. } => first = first.into_iter().chain(*until).min(),
                Seat::Gone { until } if *until == DateTime::<Utc>::MAX_UTC => {}
                Seat::Gone { .. } | Seat::Ticking { .. } => return None,
            }
        }
        self.people.iter().all(Option::is_none).then_some(first)
    }

    /// When the first of all that waits could go on, if everything stays as it is.
    pub(in super::super) fn could_go_on(&self) -> Option<DateTime<Utc>> {
        let slots = Self::keys().filter_map(|key| {
            let slot = self.ground.slot(&key)?;
            // While a gate is full, a worker that has found it so looks at none of its keys.
            let once_open = |at| self.open_at(&World::nobody(&key), at);
            let flush = (!slot.unflushed.is_empty()).then(|| once_open(slot.updated_at));
            let at = match slot.state {
                State::Pending { due_at, .. } if !slot.paused => self.admitted_at(&key, slot.token, due_at),
                State::Running { lease_until, .. } => Some(once_open(lease_until)),
                _ => None,
            };
            flush.into_iter().chain(at).min()
        });
        let connections = (0..CONNECTORS).filter_map(|connector| {
            let stored = self.ground.stored(&StoreKey::of("connection", [key(0, connector).connector.as_str()]))?;
            read::<Enrolment>(&stored).due().unwrap()
        });
        slots.chain(connections).min()
    }

    /// When the connector's health and its gate let a key pass that is due.
    fn admitted_at(&self, key: &SyncKey, token: Token, due_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut at = due_at.max(self.ground.state().now);
        let health = StoreKey::of("health", [key.org.as_str(), key.connector.as_str()]);
        if let Some(health) = self.ground.stored(&health).map(|stored| read::<Health>(&stored)) {
            match health.permit(Token(token.0 + 1), at, at).1 {
                Permit::NeedsOperator => return None,
                Permit::Wait { at: until } => at = until,
                Permit::Go | Permit::Probe => {}
            }
        }
        Some(self.open_at(key, at))
    }

    /// When the gate of a key lets it pass, from a point in time on.
    fn open_at(&self, key: &SyncKey, mut at: DateTime<Utc>) -> DateTime<Utc> {
        let gate = self.ground.stored(&StoreKey::of("gate", [key.connector.as_str()]));
        let Some(gate) = gate.map(|stored| read::<Gate>(&stored)) else { return at };
        let nonce = Nonce::new("nobody's").unwrap();
        loop {
            at = match gate.admit(&self.narrowest(), key, &nonce, at, at + LEASE).admission {
                Admission::Admitted { .. } => return at,
                Admission::Full { until: at } | Admission::TooSoon { at } | Admission::Held { until: at } => at,
            };
        }
    }

    /// The limits of whoever is left and lets the fewest pass: what they let pass all do, whoever is awake.
    fn narrowest(&self) -> Limits {
        let all = self.ground.state().limits.clone();
        let left = self.seats.iter().zip(all).filter(|(seat, _)| !matches!(seat, Seat::Gone { .. }));
        left.map(|(_, limits)| limits).min_by_key(|limits| limits.running).unwrap()
    }

    fn nobody(key: &SyncKey) -> SyncKey {
        SyncKey { org: "nobody".parse().unwrap(), connector: key.connector.clone() }
    }
}
