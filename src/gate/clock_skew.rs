//! Repairs the times of a gate that a clock far ahead has left.

use chrono::{DateTime, Utc};

use super::record::Gate;
use crate::clock_skew::{Ahead, left_behind};

impl Gate {
    /// The time that a clock far ahead has left, if it is more than ten minutes from now; right clocks may disagree by
    /// less. No run is admitted until then, unless the time is [set back](Self::repair_clock_skew).
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
    /// [`repair_clock_skew`](crate::queue::Slot::repair_clock_skew): tickets last as long as they would have, and the
    /// next may start as soon. A ticket that would still last longer than 18 hours ends in ten minutes. A gate with
    /// neither stays as it is.
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
}
