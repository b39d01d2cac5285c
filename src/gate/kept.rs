//! Tickets that a worker keeps from one run to the next, so that it does not change the gate for each of them.

use chrono::{DateTime, Utc};

use super::limits::{IN_A_ROW, Limits, Turn};
use super::record::Gate;
use crate::id::{Nonce, SyncKey};

/// What a worker knows of a ticket that it keeps: whose run it was for last, and which starts the gate was not told of.
///
/// The gate hears of them when the ticket is [given back](Gate::give_back).
///
/// ```
/// use chrono::{DateTime, TimeDelta};
/// use std::time::Duration;
/// use tripartite::gate::{Gate, Limits, Turn};
/// use tripartite::id::{Nonce, SyncKey};
/// let (limits, now) = (Limits::new(2, Duration::ZERO), DateTime::UNIX_EPOCH);
/// let key = |org: &str| {
///     Ok::<_, tripartite::id::IdError>(SyncKey {
///         org: org.parse()?,
///         connector: "f".parse()?,
///     })
/// };
/// let (nonce, until) = (Nonce::new("w1/1")?, now + TimeDelta::minutes(6));
/// let gate = Gate::new(now)
///     .admit_kept(Turn::Urgent, &limits, &key("a")?, &nonce, now, until)
///     .next;
/// let ticket = gate.kept(&key("a")?, &nonce).ok_or("spacing of none: it may be kept")?;
/// // The next run is for somebody else, and the gate stays as it is.
/// assert_eq!(gate.lasts(&ticket, &limits, now), Some(until));
/// let ticket = ticket.starts(&key("b")?, Turn::Urgent, now + TimeDelta::minutes(1));
/// let after = gate.give_back(&ticket, now + TimeDelta::minutes(2));
/// assert_eq!(after.running(now).count(), 0);
/// // A limit that is smaller by now ends the keeping.
/// assert_eq!(gate.lasts(&ticket, &Limits::new(0, Duration::ZERO), now), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTicket {
    key: SyncKey,
    nonce: Nonce,
    /// How many urgent runs have started since the last scheduled one, as far as its worker knows.
    urgent: u8,
    started_at: DateTime<Utc>,
}

impl KeptTicket {
    /// The nonce of the ticket: that of the first claim under it.
    ///
    /// [`KeptTicket`] has an example.
    pub fn nonce(&self) -> &Nonce {
        &self.nonce
    }

    /// The key of the last run under it.
    ///
    /// [`KeptTicket`] has an example.
    pub fn key(&self) -> &SyncKey {
        &self.key
    }

    /// Whose turn the next start under it is when both kinds wait: the rule of [`Gate::turn`], for the starts under this
    /// ticket.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use std::time::Duration;
    /// # use tripartite::gate::{Gate, Limits, Turn};
    /// # use tripartite::id::SyncKey;
    /// let (limits, now) = (Limits::new(2, Duration::ZERO), DateTime::UNIX_EPOCH);
    /// # let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// let (nonce, until) = ("w1/1".parse()?, now + Duration::from_secs(360));
    /// let gate =
    ///     Gate::new(now).admit_kept(Turn::Urgent, &limits, &key, &nonce, now, until).next;
    /// let ticket = gate.kept(&key, &nonce).ok_or("it is kept")?;
    /// let third = ticket.starts(&key, Turn::Urgent, now).starts(&key, Turn::Urgent, now);
    /// assert_eq!(third.turn(), Turn::Scheduled);
    /// assert_eq!(third.starts(&key, Turn::Scheduled, now).turn(), Turn::Urgent);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn turn(&self) -> Turn {
        if self.urgent < IN_A_ROW { Turn::Urgent } else { Turn::Scheduled }
    }

    /// The ticket after one more start under it.
    ///
    /// [`KeptTicket`] has an example.
    #[must_use]
    pub fn starts(self, key: &SyncKey, kind: Turn, now: DateTime<Utc>) -> Self {
        let urgent = match kind {
            Turn::Urgent => self.urgent.saturating_add(1).min(IN_A_ROW),
            Turn::Scheduled => 0,
        };
        Self { key: key.clone(), urgent, started_at: self.started_at.max(now), ..self }
    }
}

impl Gate {
    /// The ticket that the gate has just given to a claim, for a worker to keep. `None` if the claim has none, or one that
    /// may not be kept.
    ///
    /// [`KeptTicket`] has an example.
    pub fn kept(&self, key: &SyncKey, nonce: &Nonce) -> Option<KeptTicket> {
        self.tickets.iter().find(|ticket| ticket.kept && ticket.nonce == *nonce)?;
        let started_at = self.started_at.unwrap_or(self.updated_at);
        Some(KeptTicket { key: key.clone(), nonce: nonce.clone(), urgent: self.urgent, started_at })
    }

    /// Until when another run may start under a ticket without a change of the gate. `None`: the ticket has ended, or the
    /// limits no longer allow it. Then it is to be [given back](Self::give_back).
    ///
    /// [`KeptTicket`] has an example.
    pub fn lasts(&self, ticket: &KeptTicket, limits: &Limits, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let within = limits.may_keep() && self.running(now).count() <= limits.running;
        self.holds(&ticket.nonce, now).filter(|_| within)
    }

    /// Until when a kept ticket lasts, whatever the limits are by now.
    pub(crate) fn holds(&self, nonce: &Nonce, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.running(now).find(|held| held.kept && held.nonce == *nonce).map(|held| held.until)
    }

    /// Gives a kept ticket back, and counts the starts under it for the [turn](Self::turn) and the spacing. If it has ended,
    /// nothing changes.
    ///
    /// [`KeptTicket`] has an example.
    #[must_use = "nothing has happened until the next gate is stored"]
    pub fn give_back(&self, ticket: &KeptTicket, now: DateTime<Utc>) -> Self {
        let mut next = self.release(&ticket.key, &ticket.nonce, now);
        if next != *self {
            next.urgent = self.urgent.max(ticket.urgent);
            // A start by a clock that was ahead is in no gate whose times were set back since.
            let started_at = ticket.started_at.min(next.updated_at);
            next.started_at = self.started_at.max(Some(started_at));
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_ticket_that_is_kept_while_times_are_set_back_shuts_no_gate() {
        let at = |minutes| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes);
        let (limits, year) = (Limits::new(2, Duration::ZERO), 365 * 24 * 60);
        let key = SyncKey { org: "a".parse().unwrap(), connector: "f".parse().unwrap() };
        let nonce = Nonce::new("n").unwrap();
        // A worker whose clock is a year ahead starts a run, and keeps its ticket.
        let ahead = Gate::new(at(0)).admit_kept(Turn::Urgent, &limits, &key, &nonce, at(year), at(year + 5)).next;
        let kept = ahead.kept(&key, &nonce).unwrap().starts(&key, Turn::Urgent, at(year + 1));
        let gate = ahead.repair_clock_skew(at(2)).give_back(&kept, at(3));
        assert_eq!((gate.refusal(&limits, at(3)), gate.ahead(at(3))), (None, None));
    }
}
