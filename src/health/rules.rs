//! The limits of a circuit breaker.

use std::time::Duration;

use crate::setters::setters;
use serde::{Deserialize, Serialize};

/// One bad night has four attempts, so five failures need a second bad night.
const FAILURES: u32 = 5;
/// Longer than the first two waits of a job that is tried again, so that a short outage is over by then.
const COOLDOWN: Duration = Duration::from_secs(5 * 60);
/// A connector that recovers in the morning is tried again before noon.
const CAP: Duration = Duration::from_secs(6 * 60 * 60);

/// The limits of a circuit breaker.
///
/// ```
/// use tripartite::health::HealthRules;
/// assert_eq!(serde_json::from_str::<HealthRules>("{}")?, HealthRules::default());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HealthRules {
    /// How many failed attempts in a row open it; 0 counts as 1.
    pub failures: u32,
    /// The first cool-down.
    pub cooldown: Duration,
    /// The longest cool-down.
    pub cap: Duration,
}

impl HealthRules {
    setters! {
        /// ```
        /// use chrono::DateTime;
        /// use tripartite::failure::Failure;
        /// use tripartite::health::{Health, HealthRules, Permit};
        /// use tripartite::queue::Token;
        /// let at = DateTime::UNIX_EPOCH;
        /// let after_one = |rules| {
        ///     let failed = Err(Failure::Retry { after: None });
        ///     Health::new(at).judge(&rules, Token(1), failed, at).permit(Token(2), at, at).1
        /// };
        /// assert_eq!(after_one(HealthRules::default()), Permit::Go);
        /// // the first failure shuts it out; 0 counts as 1
        /// let strict = after_one(HealthRules::default().failures(0));
        /// assert!(matches!(strict, Permit::Wait { .. }));
        /// ```
        failures: u32,
        /// ```
        /// use std::time::Duration;
        /// use chrono::{DateTime, TimeDelta};
        /// use tripartite::failure::Failure;
        /// use tripartite::health::{Health, HealthRules, Permit};
        /// use tripartite::queue::Token;
        /// let hour = Duration::from_secs(60 * 60);
        /// let rules = HealthRules::default().failures(1).cooldown(hour);
        /// let (at, busy) = (DateTime::UNIX_EPOCH, Duration::from_secs(2 * 60 * 60));
        /// let permit = |after| {
        ///     let failed = Err(Failure::Retry { after });
        ///     Health::new(at).judge(&rules, Token(1), failed, at).permit(Token(2), at, at).1
        /// };
        /// assert_eq!(permit(None), Permit::Wait { at: at + TimeDelta::hours(1) });
        /// // a source that asks for more gets more
        /// assert_eq!(permit(Some(busy)), Permit::Wait { at: at + TimeDelta::hours(2) });
        /// ```
        cooldown: Duration,
        cap: Duration,
    }
}

impl Default for HealthRules {
    /// Five failures; five minutes, doubling up to six hours.
    fn default() -> Self {
        Self { failures: FAILURES, cooldown: COOLDOWN, cap: CAP }
    }
}
