//! Repairs the times of a slot that a clock far ahead has left.

use chrono::{DateTime, Utc};

use super::slot::{Slot, State};
use crate::clock_skew::{Ahead, left_behind};

impl Slot {
    /// The time from the future that a clock which was ahead has left behind. Nothing happens to the key until then,
    /// unless the time is [set back](Self::repair_clock_skew). `None` within ten minutes from now, since right clocks
    /// may disagree by that much.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::queue::Slot;
    /// let (now, ahead) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(365));
    /// assert_eq!(Slot::new(ahead).ahead(now), Some(ahead));
    /// assert_eq!(Slot::new(now + TimeDelta::minutes(10)).ahead(now), None);
    /// ```
    pub fn ahead(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        left_behind(self.updated_at, self.due(), now)
    }

    /// The slot with its times set back to a clock that is right. Without that, nothing happens to a slot that a clock
    /// far ahead has changed, until that clock's time has come. A slot that is not ahead stays as it is, except that a
    /// wait of more than 18 hours ends in ten minutes: it may come from a gate that was ahead.
    ///
    /// | a time of it | becomes |
    /// |---|---|
    /// | something that has happened | now at the latest |
    /// | when a job is due of which no attempt has ended | now at the latest: it waits for nothing |
    /// | the end of a wait or a lease, up to 18 hours from now | itself: a right clock may have written it |
    /// | a later end | as much earlier as the slot is ahead, and now at the earliest |
    ///
    /// So no wait that a right clock wrote ends early. The last wait that the other clock wrote lasts as long as it
    /// would have, and 18 hours at most. The history stays as it is.
    ///
    /// Only a person should do this. Between two workers whose clocks disagree, the slot's own time keeps them in
    /// order.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::backoff::Fraction;
    /// use tripartite::queue::{Command, QueueRules, Scope, Slot, Trigger};
    /// let (now, ahead) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(3650));
    /// let trigger = Command::Trigger {
    ///     by: Trigger::Manual,
    ///     scope: Scope::All,
    ///     policy: None,
    ///     force: false,
    /// };
    /// let slot =
    ///     Slot::new(now).step(&QueueRules::default(), None, trigger, ahead, Fraction::ONE).next;
    /// assert_eq!(slot.due(), Some(ahead)); // no worker looks at it for ten years
    /// assert_eq!(slot.repair_clock_skew(now).due(), Some(now));
    /// assert_eq!(slot.repair_clock_skew(ahead), slot);
    /// ```
    #[must_use = "nothing has happened until the next slot is stored"]
    pub fn repair_clock_skew(&self, now: DateTime<Utc>) -> Self {
        let mut next = self.clone();
        let ahead = Ahead::of(self.updated_at, now);
        next.updated_at = ahead.happened(self.updated_at);
        match &mut next.state {
            State::Idle => {}
            State::Pending { due_at, .. } if self.is_new() => *due_at = ahead.happened(*due_at),
            State::Pending { due_at, .. } => *due_at = ahead.lasts(*due_at),
            State::Running { started_at, lease_until, .. } => {
                *started_at = ahead.happened(*started_at);
                *lease_until = ahead.lasts(*lease_until);
            }
            State::Dead { at, .. } => *at = ahead.happened(*at),
        }
        if let Some(held) = &mut next.held {
            held.since = ahead.happened(held.since);
        }
        next
    }

    /// Whether no attempt of the job has ended, so that it was due when it was asked for.
    fn is_new(&self) -> bool {
        self.failures == 0 && self.rescues == 0 && self.snoozes == 0
    }
}
