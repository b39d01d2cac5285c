//! Health: a circuit breaker for each connector and organisation. It decides whether attempts run.
//!
//! There is a circuit breaker (M. Nygard, "Release It!", 2007, chapter 5) for each key, so that one failing
//! organisation never stops another. It judges **attempts**: five failed ones in a row open it. After a cool-down one
//! probe may run; while it fails, the cool-down doubles, up to a cap. A refused credential opens it at once and without
//! probes: only a person can renew it.
//!
//! | what happens | state |
//! |---|---|
//! | four attempts fail | closed: attempts run |
//! | the fifth fails | open for 5 minutes: no attempt runs |
//! | 5 minutes later a worker asks | half-open: its attempt is the probe, all others wait |
//! | the probe fails | open for 10 minutes |
//! | the next probe vanishes with its worker | half-open until its time is over, then the next one is the probe |
//! | that one succeeds | closed |
//! | the credential is refused | needs an operator, until [`reset`](Health::reset) |
//!
//! The fencing token of an attempt identifies its result. The result of an attempt that is older than the newest one,
//! or that was judged already, is ignored.
//!
//! # Questions
//!
//! *What does not count?* A lost worker, a bad signature of a webhook, and a run that gave the job back say nothing
//! about the connector. They are not [`judge`](Health::judge)d.

mod rules;
mod view;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use rules::HealthRules;
pub use view::{HealthStatus, View};

use crate::clock_skew::Ahead;
use crate::failure::{Failure, FormatError};
use crate::queue::Token;
use crate::value::Value;

/// Which version of the persisted form this crate writes.
const FORMAT: u32 = 1;

/// The health of a connector for an organisation, as it is stored.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use tripartite::failure::Failure;
/// use tripartite::health::{Health, HealthRules, Permit};
/// use tripartite::queue::Token;
/// let (rules, now) = (HealthRules::default(), DateTime::<Utc>::UNIX_EPOCH);
/// let mut health = Health::new(now);
/// for token in 1..=5 {
///     health = health.judge(&rules, Token(token), Err(Failure::Retry { after: None }), now);
/// }
/// let (_, permit) = health.permit(Token(6), now, now);
/// assert_eq!(permit, Permit::Wait { at: now + rules.cooldown });
/// // An older attempt that reports late changes nothing.
/// assert_eq!(health.judge(&rules, Token(3), Ok(()), now), health);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Health {
    format: u32,
    circuit: Circuit,
    /// The newest token whose attempt was judged.
    judged: Token,
    failures: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_success: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
    /// Fields that a later version of this crate wrote. They are kept.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// Whether attempts run.
///
/// ```
/// use chrono::DateTime;
/// use std::time::Duration;
/// use tripartite::failure::Failure;
/// use tripartite::health::{Circuit, Health, HealthRules};
/// use tripartite::queue::Token;
/// let (rules, now) =
///     (HealthRules::default().failures(1), DateTime::UNIX_EPOCH);
/// let asked = Duration::from_secs(3600);
/// let open = Health::new(now).judge(
///     &rules,
///     Token(1),
///     Err(Failure::Retry { after: Some(asked) }),
///     now,
/// );
/// // The source asked for an hour, so this cool-down is an hour. The next one is twice the
/// // first cool-down, not two hours.
/// assert_eq!(
///     *open.circuit(),
///     Circuit::Open { until: now + asked, cooldown: rules.cooldown }
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Circuit {
    /// Attempts run.
    Closed,
    /// No attempt runs.
    Open {
        /// When the cool-down ends.
        until: DateTime<Utc>,
        /// The length of the cool-down. The next one is twice as long. `until` is later if the source asked for a
        /// longer wait.
        cooldown: Duration,
    },
    /// One attempt runs: the probe.
    HalfOpen {
        /// The token of the probe.
        probe: Token,
        /// Until when the probe is waited for.
        until: DateTime<Utc>,
        /// The length of the last cool-down. If the probe fails, the next one is twice as long.
        cooldown: Duration,
    },
    /// No attempt runs until a person has renewed the credential.
    NeedsOperator {
        /// Since when.
        since: DateTime<Utc>,
    },
}

/// Whether an attempt may run.
///
/// [`Health::permit`] has an example.
///
/// This enum is exhaustive: whoever asks must obey every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "an attempt that runs without a permit is one too many"]
pub enum Permit {
    /// The attempt may run.
    Go,
    /// The attempt may run as the probe, and no other may.
    Probe,
    /// The attempt may not run now.
    Wait {
        /// When to ask again.
        at: DateTime<Utc>,
    },
    /// The attempt may not run until a person has renewed the credential.
    NeedsOperator,
}

/// A stored health record that this version cannot read.
///
/// [`Health::check`] has an example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidHealth {
    /// A later version of this crate wrote it.
    #[error(transparent)]
    Format(#[from] FormatError),
}

impl Health {
    /// The health of a connector that was never tried.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::health::{Circuit, Health};
    /// // attempts run until some fail
    /// assert_eq!(*Health::new(DateTime::UNIX_EPOCH).circuit(), Circuit::Closed);
    /// ```
    pub fn new(at: DateTime<Utc>) -> Self {
        Self {
            format: FORMAT,
            circuit: Circuit::Closed,
            judged: Token(0),
            failures: 0,
            last_success: None,
            updated_at: at,
            rest: BTreeMap::new(),
        }
    }

    /// Checks a record that came back from storage.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::health::{Health, InvalidHealth};
    /// let mut json = serde_json::to_value(Health::new(DateTime::UNIX_EPOCH))?;
    /// json["format"] = 2.into();
    /// let later: Health = serde_json::from_value(json)?;
    /// assert!(matches!(later.check(), Err(InvalidHealth::Format(error)) if error.found == 2));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidHealth`], when it is of a later format.
    pub fn check(&self) -> Result<(), InvalidHealth> {
        FormatError::check("this health record has", self.format, FORMAT).map_err(InvalidHealth::Format)
    }

    /// Whether attempts run.
    ///
    /// [`Circuit`] has an example.
    pub fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// The newest token whose attempt was judged.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::health::{Health, HealthRules};
    /// use tripartite::queue::Token;
    /// let now = DateTime::UNIX_EPOCH;
    /// let health = Health::new(now).judge(&HealthRules::default(), Token(7), Ok(()), now);
    /// // after a reset, old results are still ignored
    /// assert_eq!(health.reset(now).judged(), Token(7));
    /// ```
    pub fn judged(&self) -> Token {
        self.judged
    }

    /// When it last changed. An earlier `now` counts as this time.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::health::{Health, HealthRules};
    /// use tripartite::queue::Token;
    /// let now = DateTime::UNIX_EPOCH;
    /// let behind = now - TimeDelta::hours(1); // another worker's clock
    /// assert_eq!(
    ///     Health::new(now)
    ///         .judge(&HealthRules::default(), Token(1), Ok(()), behind)
    ///         .updated_at(),
    ///     now
    /// );
    /// ```
    pub fn updated_at(&self) -> DateTime<Utc> {
        self.updated_at
    }

    /// Asks whether an attempt may run. The token is the one that its claim will get: the slot's token plus one. A
    /// probe is waited for until `until`. The same token may ask again.
    ///
    /// The record changes only if the answer is a new [`Permit::Probe`]. The permit holds once the record is stored.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta, Utc};
    /// use tripartite::failure::Failure;
    /// use tripartite::health::{Health, HealthRules, Permit};
    /// use tripartite::queue::Token;
    /// let now = DateTime::<Utc>::UNIX_EPOCH;
    /// let rules = HealthRules::default().failures(1);
    /// let open = Health::new(now).judge(&rules, Token(1), Err(Failure::Fatal), now);
    /// let (later, until) = (now + rules.cooldown, now + TimeDelta::hours(1));
    /// let (half, first) = open.permit(Token(2), later, until);
    /// let (same, second) = half.permit(Token(3), later, until);
    /// assert_eq!((first, second), (Permit::Probe, Permit::Wait { at: until })); // one probe
    /// assert_eq!(same, half);
    /// // the first probe vanished
    /// assert_eq!(half.permit(Token(3), until, until).1, Permit::Probe);
    /// ```
    pub fn permit(&self, token: Token, now: DateTime<Utc>, until: DateTime<Utc>) -> (Self, Permit) {
        let behind = (self.updated_at - now).max(TimeDelta::zero());
        let now = now.max(self.updated_at);
        let cooldown = match self.circuit {
            Circuit::Closed => return (self.clone(), Permit::Go),
            Circuit::NeedsOperator { .. } => return (self.clone(), Permit::NeedsOperator),
            Circuit::HalfOpen { probe, until, .. } if probe == token && until > now => {
                return (self.clone(), Permit::Probe);
            }
            Circuit::HalfOpen { until, .. } | Circuit::Open { until, .. } if until > now => {
                return (self.clone(), Permit::Wait { at: until });
            }
            Circuit::HalfOpen { cooldown, .. } | Circuit::Open { cooldown, .. } => cooldown,
        };
        let until = until.checked_add_signed(behind).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let circuit = Circuit::HalfOpen { probe: token, until, cooldown };
        (Self { circuit, updated_at: now, ..self.clone() }, Permit::Probe)
    }

    /// Judges the result of an attempt. An attempt that is older than the newest one, or was judged already, changes
    /// nothing.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::failure::Failure;
    /// use tripartite::health::{Health, HealthRules, HealthStatus};
    /// use tripartite::queue::Token;
    /// let (rules, now) = (HealthRules::default(), DateTime::UNIX_EPOCH);
    /// let denied = Health::new(now).judge(&rules, Token(2), Err(Failure::Denied), now);
    /// // a second result of the same attempt is ignored
    /// assert_eq!(denied.judge(&rules, Token(2), Ok(()), now), denied);
    /// // A later success shows that the credential is good again.
    /// assert_eq!(
    ///     denied.judge(&rules, Token(3), Ok(()), now).view().status,
    ///     HealthStatus::Healthy
    /// );
    /// ```
    #[must_use = "nothing has happened until the next record is stored"]
    pub fn judge(&self, rules: &HealthRules, token: Token, result: Result<(), Failure>, now: DateTime<Utc>) -> Self {
        let overtaken = matches!(self.circuit, Circuit::HalfOpen { probe, .. } if token < probe);
        if token <= self.judged || overtaken {
            return self.clone();
        }
        let now = now.max(self.updated_at);
        let mut next = Self { judged: token, updated_at: now, ..self.clone() };
        match result {
            Ok(()) => {
                next.circuit = Circuit::Closed;
                next.failures = 0;
                next.last_success = Some(now);
            }
            Err(failure) => {
                next.failures = self.failures.saturating_add(1);
                next.circuit = next.after(rules, failure, now);
            }
        }
        next
    }

    /// Judges an attempt whose run a guard stopped: the source answered, so the connector is well. The last success
    /// stays.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::health::Health;
    /// use tripartite::queue::Token;
    /// let now = DateTime::UNIX_EPOCH;
    /// assert_eq!(Health::new(now).answered(Token(1), now).view().last_success, None);
    /// ```
    #[must_use = "nothing has happened until the next record is stored"]
    pub fn answered(&self, token: Token, now: DateTime<Utc>) -> Self {
        let judged = self.judge(&HealthRules::default(), token, Ok(()), now);
        Self { last_success: self.last_success, ..judged }
    }

    /// Lets attempts run again, after a person has fixed the cause. Tokens and the last success stay.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tripartite::failure::Failure;
    /// use tripartite::health::{Health, HealthRules, HealthStatus, Permit};
    /// use tripartite::queue::Token;
    /// let now = DateTime::<Utc>::UNIX_EPOCH;
    /// let denied =
    ///     Health::new(now).judge(&HealthRules::default(), Token(1), Err(Failure::Denied), now);
    /// // It does not recover by itself.
    /// assert_eq!(
    ///     denied.permit(Token(2), DateTime::<Utc>::MAX_UTC, now).1,
    ///     Permit::NeedsOperator
    /// );
    /// assert_eq!(denied.reset(now).view().status, HealthStatus::Healthy);
    /// ```
    #[must_use = "nothing has happened until the next record is stored"]
    pub fn reset(&self, now: DateTime<Utc>) -> Self {
        let updated_at = now.max(self.updated_at);
        Self { circuit: Circuit::Closed, failures: 0, updated_at, ..self.clone() }
    }

    /// The record with its times set back to a clock that is right, by the rule of a slot's
    /// [`repair_clock_skew`](crate::queue::Slot::repair_clock_skew): an open circuit stays open for as long as it would
    /// have. A record that is not ahead stays as it is, except that a cool-down of more than 18 hours ends in ten
    /// minutes.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::health::{Health, HealthRules};
    /// use tripartite::queue::Token;
    /// let (now, ahead) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(3650));
    /// let health = Health::new(now).judge(&HealthRules::default(), Token(1), Ok(()), ahead);
    /// assert_eq!(health.repair_clock_skew(now).view().last_success, Some(now));
    /// assert_eq!(health.repair_clock_skew(ahead), health);
    /// ```
    #[must_use = "nothing has happened until the next record is stored"]
    pub fn repair_clock_skew(&self, now: DateTime<Utc>) -> Self {
        let mut next = self.clone();
        let ahead = Ahead::of(self.updated_at, now);
        next.updated_at = ahead.happened(self.updated_at);
        next.last_success = self.last_success.map(|at| ahead.happened(at));
        match &mut next.circuit {
            Circuit::Closed => {}
            Circuit::Open { until, .. } | Circuit::HalfOpen { until, .. } => *until = ahead.lasts(*until),
            Circuit::NeedsOperator { since } => *since = ahead.happened(*since),
        }
        next
    }

    /// The circuit after one more failure.
    fn after(&self, rules: &HealthRules, failure: Failure, now: DateTime<Utc>) -> Circuit {
        let cooldown = match self.circuit {
            _ if failure == Failure::Denied => return Circuit::NeedsOperator { since: now },
            Circuit::NeedsOperator { since } => return Circuit::NeedsOperator { since },
            Circuit::Closed if self.failures < rules.failures => return Circuit::Closed,
            Circuit::Closed => rules.cooldown,
            Circuit::Open { cooldown, .. } | Circuit::HalfOpen { cooldown, .. } => cooldown.saturating_mul(2),
        };
        let cooldown = cooldown.min(rules.cap);
        let asked = match failure {
            Failure::Retry { after } => after.unwrap_or_default(),
            Failure::Denied | Failure::Gone | Failure::Fatal => Duration::ZERO,
        };
        let wait = TimeDelta::from_std(cooldown.max(asked)).unwrap_or(TimeDelta::MAX);
        Circuit::Open { until: now.checked_add_signed(wait).unwrap_or(DateTime::<Utc>::MAX_UTC), cooldown }
    }
}
