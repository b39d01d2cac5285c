//! Why a gate admits no run now, and whose turn the next start is.

use chrono::{DateTime, TimeDelta, Utc};

use super::limits::{IN_A_ROW, Limits, Shut, Turn};
use super::record::Gate;

impl Gate {
    /// Why the gate would admit no new run; `None` if it would admit one. No request is needed to ask this.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use std::time::Duration;
    /// use tripartite::gate::{Gate, Limits, Shut};
    /// use tripartite::id::{Nonce, SyncKey};
    /// let (limits, now) =
    ///     (Limits::new(1, Duration::ZERO), DateTime::UNIX_EPOCH);
    /// let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// let until = now + TimeDelta::minutes(5);
    /// let gate = Gate::new(now).admit(&limits, &key, &Nonce::new("n")?, now, until).next;
    /// assert_eq!(gate.refusal(&limits, now), Some(Shut::Full { until }));
    /// // the ticket has ended by itself
    /// assert_eq!(gate.refusal(&limits, until), None);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn refusal(&self, limits: &Limits, now: DateTime<Utc>) -> Option<Shut> {
        let too_soon = self.too_soon(limits, now).map(|until| Shut::TooSoon { until });
        too_soon.or_else(|| self.full(limits, now))
    }

    pub(super) fn full(&self, limits: &Limits, now: DateTime<Utc>) -> Option<Shut> {
        let first = self.running(now).map(|ticket| ticket.until).min();
        let full = self.running(now).count() >= limits.running;
        // A limit of 0 is full without any ticket, and no time ends that.
        full.then(|| Shut::Full { until: first.unwrap_or(DateTime::<Utc>::MAX_UTC) })
    }

    /// Whose turn the next start is when both kinds wait. As long as both kinds wait, the n-th urgent start is among
    /// the next n + n/3 + 1 starts, and the n-th scheduled start among the next 4 n.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use std::time::Duration;
    /// use tripartite::gate::{Gate, Limits, Turn};
    /// use tripartite::id::{Nonce, SyncKey};
    /// let (limits, now) =
    ///     (Limits::new(9, Duration::ZERO), DateTime::UNIX_EPOCH);
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
    /// // no scheduled run waited, so it is still its turn
    /// assert_eq!(start(&gate, Turn::Urgent, "d")?.turn(), Turn::Scheduled);
    /// assert_eq!(start(&gate, Turn::Scheduled, "e")?.turn(), Turn::Urgent);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn turn(&self) -> Turn {
        if self.urgent < IN_A_ROW { Turn::Urgent } else { Turn::Scheduled }
    }

    /// Why the gate admits no run, and until when, by the limits of its newest start. If there are two reasons, it
    /// returns the one that lasts longer. The caller ignores a reason whose time is over.
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

    /// When the next run may start, if that is not now.
    fn too_soon(&self, limits: &Limits, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.next_start(limits).filter(|at| *at > now.max(self.updated_at))
    }

    fn next_start(&self, limits: &Limits) -> Option<DateTime<Utc>> {
        let spacing = TimeDelta::from_std(limits.spacing).unwrap_or(TimeDelta::MAX);
        Some(self.started_at?.checked_add_signed(spacing).unwrap_or(DateTime::<Utc>::MAX_UTC))
    }
}
