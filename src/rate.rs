//! Rates: how often something may happen, as one number.
//!
//! The generic cell rate algorithm (ITU-T I.371, annex A, in its form as *virtual scheduling*; ATM Forum, "Traffic
//! Management 4.0", section 4.4.2). What is stored is the **theoretical arrival time**: when the next request would
//! come if all came evenly. One that comes earlier than that by no more than the burst allows is let through and moves
//! the time on by one interval. There are no windows, so nobody gets twice the rate at the border of two, and nothing
//! is counted.
//!
//! | with 100 a minute, so one every 0.6 s, and a burst of 3 | at | answer | theoretical arrival after |
//! |---|---|---|---|
//! | the first | 0.0 s | [`Allowed`](Allowance::Allowed) | 0.6 s |
//! | two more at once | 0.0 s | Allowed, twice | 1.8 s |
//! | a fourth | 0.0 s | [`Limited`](Allowance::Limited), for 0.6 s | 1.8 s |
//! | a fifth, one microsecond too early | 0.599999 s | Limited, for 0.000001 s | 1.8 s |
//! | a sixth | 0.6 s | Allowed | 2.4 s |
//!
//! Like a [gate](crate::gate), a rate is stored by compare-and-swap: nothing has happened until the next one is stored.
//!
//! # Questions
//!
//! *What of a clock that steps back?* The stored time then lies further ahead than a full burst can put it. It is taken
//! back to that: the burst counts as used up, and one interval later the next request may pass. So a step back lets
//! nothing through that was not due, and blocks nobody for as long as the step.
//!
//! *What of clocks that disagree?* Each takes the other's full burst for a step back, so by as much as they disagree,
//! more may pass than the limit. A limit keeps a busy sender from crowding out others; it is not what security rests
//! on.
//!
//! *Why microseconds?* Because that is how exact a store must keep time. An interval that is no whole number of them is
//! rounded up: at most the rate passes, never more.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::failure::FormatError;
use crate::value::Value;

/// Which version of the persisted form this crate writes.
const FORMAT: u32 = 1;
/// What the replaced system allowed a sender in a minute, and as many at once.
const A_MINUTE: NonZeroU32 = NonZeroU32::new(100).expect("a hundred is not zero");

/// How much may pass.
///
/// ```
/// use std::time::Duration;
/// use tripartite::rate::RateLimit;
/// // a hundred a minute, also all at once
/// assert_eq!(serde_json::from_str::<RateLimit>("{}")?, RateLimit::default());
/// assert_eq!(RateLimit::default().interval(), Duration::from_millis(600));
/// // who wants nothing switches it off
/// assert!(serde_json::from_str::<RateLimit>(r#"{"count": 0}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RateLimit {
    /// How many may pass in a period.
    pub count: NonZeroU32,
    /// How long a period is. One of no length limits nothing.
    pub period: Duration,
    /// How many may pass at once, after a pause.
    pub burst: NonZeroU32,
}

impl Default for RateLimit {
    /// A hundred a minute, and a hundred at once.
    fn default() -> Self {
        Self { count: A_MINUTE, period: Duration::from_secs(60), burst: A_MINUTE }
    }
}

impl RateLimit {
    /// So many in a period, and as many at once.
    ///
    /// ```
    /// use std::num::NonZeroU32;
    /// use std::time::Duration;
    /// use tripartite::rate::RateLimit;
    /// let seven = RateLimit::new(NonZeroU32::new(7).ok_or("zero")?, Duration::from_secs(60));
    /// // rounded up: never more than seven
    /// assert_eq!(seven.interval(), Duration::from_micros(8_571_429));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn new(count: NonZeroU32, period: Duration) -> Self {
        Self { count, period, burst: count }
    }

    /// How many may pass at once.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use std::num::NonZeroU32;
    /// use tripartite::rate::{Allowance, Rate, RateLimit};
    /// // a hundred a minute, evenly
    /// let (even, at) = (RateLimit::default().burst(NonZeroU32::MIN), DateTime::UNIX_EPOCH);
    /// let (rate, first) = Rate::new(at).take(&even, at);
    /// let (_, at_once) = rate.take(&even, at);
    /// let (_, later) = rate.take(&even, at + TimeDelta::milliseconds(600));
    /// assert_eq!((first, later), (Allowance::Allowed, Allowance::Allowed));
    /// assert_eq!(at_once, Allowance::Limited { retry_after: even.interval() });
    /// ```
    #[must_use]
    pub fn burst(mut self, burst: NonZeroU32) -> Self {
        self.burst = burst;
        self
    }

    /// How far apart those that pass are, when they come evenly.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripartite::rate::RateLimit;
    /// let all = RateLimit::new(RateLimit::default().count, Duration::ZERO);
    /// assert_eq!(all.interval(), Duration::ZERO); // no limit at all
    /// ```
    pub fn interval(&self) -> Duration {
        Duration::from_micros(self.micros().unsigned_abs())
    }

    /// The interval in microseconds, rounded up; at most what a point in time can be moved by.
    fn micros(&self) -> i64 {
        let interval = self.period.as_nanos().div_ceil(u128::from(self.count.get()) * 1000);
        i64::try_from(interval).unwrap_or(i64::MAX)
    }

    /// How much earlier than evenly one may come: the burst but one, in intervals.
    fn tolerance(&self) -> i64 {
        self.micros().saturating_mul(i64::from(self.burst.get()) - 1)
    }
}

/// What a rate answers.
///
/// This enum is exhaustive: whoever asks must obey every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "what is limited must not go on"]
pub enum Allowance {
    /// It may go on.
    Allowed,
    /// It is too much now.
    Limited {
        /// After how long it is not, if nobody else comes before: exactly then, and not a microsecond earlier.
        retry_after: Duration,
    },
}

/// How much has passed, as it is stored.
///
/// ```
/// use std::num::NonZeroU32;
/// use chrono::{DateTime, Utc};
/// use std::time::Duration;
/// use tripartite::rate::{Allowance, Rate, RateLimit};
/// let now = DateTime::<Utc>::UNIX_EPOCH;
/// let limit = RateLimit::default().burst(NonZeroU32::MIN); // one at a time
/// let (rate, first) = Rate::new(now).take(&limit, now);
/// let (same, second) = rate.take(&limit, now);
/// assert_eq!(first, Allowance::Allowed);
/// assert_eq!(second, Allowance::Limited { retry_after: Duration::from_millis(600) });
/// assert_eq!(same, rate); // a refusal costs nothing
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    format: u32,
    /// The theoretical arrival time, in microseconds since 1970.
    next: i64,
    /// What a later version of this crate wrote: it survives.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// A stored rate that this version cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRate {
    /// It was written by a later version of this crate.
    #[error(transparent)]
    Format(#[from] FormatError),
}

impl Rate {
    /// The rate of something that never happened.
    ///
    /// [`take`](Self::take) has an example.
    pub fn new(at: DateTime<Utc>) -> Self {
        Self { format: FORMAT, next: at.timestamp_micros(), rest: BTreeMap::new() }
    }

    /// Checks a rate that came back from storage.
    ///
    /// # Errors
    /// [`InvalidRate`], when it is of a later format.
    pub fn check(&self) -> Result<(), InvalidRate> {
        FormatError::check("this rate has", self.format, FORMAT).map_err(InvalidRate::Format)
    }

    /// Asks whether one more may pass. The answer holds once the next rate is stored; a refusal changes nothing, unless
    /// the clock was set back since.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta, Utc};
    /// use std::num::NonZeroU32;
    /// use tripartite::rate::{Allowance, Rate, RateLimit};
    /// let (limit, now) =
    ///     (RateLimit::default().burst(NonZeroU32::MIN), DateTime::<Utc>::UNIX_EPOCH);
    /// let (rate, _) = Rate::new(now).take(&limit, now);
    /// // An hour back: it is limited for one interval, not for an hour.
    /// let (_, back) = rate.take(&limit, now - TimeDelta::hours(1));
    /// assert_eq!(back, Allowance::Limited { retry_after: limit.interval() });
    /// ```
    #[must_use = "nothing has happened until the next rate is stored"]
    pub fn take(&self, limit: &RateLimit, now: DateTime<Utc>) -> (Self, Allowance) {
        let (now, interval, tolerance) = (now.timestamp_micros(), limit.micros(), limit.tolerance());
        let full = now.saturating_add(tolerance).saturating_add(interval);
        let due = self.next.min(full);
        let wait = due.saturating_sub(tolerance).saturating_sub(now);
        if wait > 0 {
            let retry_after = Duration::from_micros(wait.unsigned_abs());
            (self.at(due), Allowance::Limited { retry_after })
        } else {
            (self.at(due.max(now).saturating_add(interval)), Allowance::Allowed)
        }
    }

    fn at(&self, next: i64) -> Self {
        Self { next, ..self.clone() }
    }
}
