//! How a gate gives tickets, extends them, and takes them back.

use chrono::{DateTime, TimeDelta, Utc};

use super::limits::{IN_A_ROW, Limits, Turn};
use super::record::Gate;
use super::ticket::{Admission, Ticket};
use crate::id::{Nonce, SyncKey};

/// The result of a request to a gate.
///
/// [`Gate`] has an example.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "nothing has happened until the next gate is stored"]
#[non_exhaustive]
pub struct GateTransition {
    /// The gate to store, if it differs from the one before.
    pub next: Gate,
    /// What to answer, once that is stored.
    pub admission: Admission,
}

impl Gate {
    /// Asks for a ticket until a point in time. A claim that has a ticket keeps it, until the later of the two times.
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
    /// // A key has one ticket, even if the limits allow more. Its holder need not wait for the
    /// // spacing.
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
        self.unless_known(key, nonce, now, until, |now, until| {
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
        })
    }

    /// As [`admit_at`](Self::admit_at), for a worker that may [keep](super::KeptTicket) the ticket from one run to the next. It
    /// may if the limits have no spacing between two starts. Otherwise the ticket is like any other.
    ///
    /// [`KeptTicket`] has an example.
    ///
    /// [`KeptTicket`]: crate::gate::KeptTicket
    pub fn admit_kept(
        &self,
        kind: Turn,
        limits: &Limits,
        key: &SyncKey,
        nonce: &Nonce,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> GateTransition {
        let mut transition = self.admit_at(kind, limits, key, nonce, now, until);
        if limits.may_keep() && matches!(transition.admission, Admission::Admitted { .. }) {
            for ticket in transition.next.tickets.iter_mut().filter(|ticket| ticket.is_of(key, nonce)) {
                ticket.kept = true;
            }
        }
        transition
    }

    /// Extends the ticket of a run that has started, and never shortens it. If the ticket has ended, the run gets
    /// another one if there is room. That does not count as a start, so it changes neither when the next run may start
    /// nor whose turn it is.
    ///
    /// A refusal changes nothing, and the run must not go on.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::gate::{Admission, Gate, Limits};
    /// use tripartite::id::{Nonce, SyncKey};
    /// let limits = Limits::new(1, Limits::default().spacing);
    /// let at = |minutes| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
    /// let key = |org: &str| {
    ///     Ok::<_, tripartite::id::IdError>(SyncKey {
    ///         org: org.parse()?,
    ///         connector: "f".parse()?,
    ///     })
    /// };
    /// let (mine, other) = (Nonce::new("n1")?, Nonce::new("n2")?);
    /// let gate = Gate::new(at(0)).admit(&limits, &key("a")?, &mine, at(0), at(5)).next;
    /// let longer = gate.extend(&limits, &key("a")?, &mine, at(4), at(9)).admission;
    /// assert_eq!(longer, Admission::Admitted { until: at(9) });
    /// // The ticket has ended, and another run has the only place.
    /// let gate = gate.admit(&limits, &key("b")?, &other, at(5), at(10)).next;
    /// let late = gate.extend(&limits, &key("a")?, &mine, at(6), at(11)).admission;
    /// assert_eq!(late, Admission::Full { until: at(10) });
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn extend(
        &self,
        limits: &Limits,
        key: &SyncKey,
        nonce: &Nonce,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> GateTransition {
        self.unless_known(key, nonce, now, until, |now, until| match self.full(limits, now) {
            Some(full) => self.refused(full.into()),
            None => self.admitted(self.with_ticket(key, nonce, now, until), until),
        })
    }

    /// Gives a ticket back. If the key has no ticket, or its ticket belongs to another claim, nothing changes.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tripartite::gate::Gate;
    /// use tripartite::id::{ConnectorId, Nonce, OrgId, SyncKey};
    /// let key = SyncKey { org: OrgId::new("a")?, connector: ConnectorId::new("f")? };
    /// let gate = Gate::new(DateTime::<Utc>::UNIX_EPOCH);
    /// // giving it back twice does no harm
    /// assert_eq!(gate.release(&key, &Nonce::new("n")?, DateTime::<Utc>::UNIX_EPOCH), gate);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    #[must_use = "nothing has happened until the next gate is stored"]
    pub fn release(&self, key: &SyncKey, nonce: &Nonce, now: DateTime<Utc>) -> Self {
        let mut next = self.clone();
        // Only the ticket of this claim goes: another claim may have taken one for the key since.
        next.tickets.retain(|ticket| !ticket.is_of(key, nonce));
        if next != *self {
            next.updated_at = now.max(self.updated_at);
        }
        next
    }

    /// The answer for a key that has a ticket. For any other key it is the answer of `ask`, in the gate's time.
    fn unless_known(
        &self,
        key: &SyncKey,
        nonce: &Nonce,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        ask: impl FnOnce(DateTime<Utc>, DateTime<Utc>) -> GateTransition,
    ) -> GateTransition {
        let (now, until) = self.in_gate_time(now, until);
        match self.running(now).find(|ticket| ticket.concerns(key, nonce)) {
            // Two claims of one key must not run at once, so the second waits for the ticket of the first.
            Some(held) if held.nonce != *nonce => self.refused(Admission::Held { until: held.until }),
            Some(held) => {
                let until = until.max(held.until);
                self.admitted(self.extended(key, nonce, now, until), until)
            }
            None => ask(now, until),
        }
    }

    /// The asker's `now` and `until`, in the gate's time: both later, by as much as the asker's clock is behind.
    fn in_gate_time(&self, now: DateTime<Utc>, until: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let behind = (self.updated_at - now).max(TimeDelta::zero());
        let later = |at: DateTime<Utc>| at.checked_add_signed(behind).unwrap_or(DateTime::<Utc>::MAX_UTC);
        (later(now), later(until))
    }

    fn swept(&self, now: DateTime<Utc>) -> Self {
        let mut next = self.clone();
        next.tickets.retain(|ticket| ticket.until > now);
        next.updated_at = now;
        next
    }

    fn with_ticket(&self, key: &SyncKey, nonce: &Nonce, now: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        let mut next = self.swept(now);
        next.tickets.push(Ticket { key: key.clone(), nonce: nonce.clone(), until, kept: false });
        next
    }

    fn extended(&self, key: &SyncKey, nonce: &Nonce, now: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        let mut next = self.swept(now);
        for ticket in next.tickets.iter_mut().filter(|ticket| ticket.is_of(key, nonce)) {
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
    use crate::gate::Shut;

    #[test]
    fn a_run_that_gets_another_ticket_waits_for_room_alone_and_starts_nothing() {
        let at = |seconds| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let key = |org: &str| SyncKey { org: org.parse().unwrap(), connector: "f".parse().unwrap() };
        let nonce = |org: &str| Nonce::new(org).unwrap();
        let limits = |running| Limits { running, spacing: std::time::Duration::from_secs(60) };
        let gate = Gate::new(at(0)).admit(&limits(2), &key("a"), &nonce("a"), at(0), at(30)).next;
        // Its ticket has ended, and another one has started ten seconds ago.
        let gate = gate.admit(&limits(2), &key("b"), &nonce("b"), at(60), at(600)).next;
        let again = |running| gate.extend(&limits(running), &key("a"), &nonce("a"), at(70), at(100));
        assert_eq!(again(2).admission, Admission::Admitted { until: at(100) });
        assert_eq!(again(2).next.refusal(&limits(9), at(70)), Some(Shut::TooSoon { until: at(120) }));
        assert_eq!(again(1), GateTransition { next: gate.clone(), admission: Admission::Full { until: at(600) } });
    }
}
