//! The health of a connector as an operator sees it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Circuit, Health};

/// What an operator sees.
///
/// [`Health::view`] has an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct View {
    /// The status.
    pub status: HealthStatus,
    /// When an attempt last succeeded.
    pub last_success: Option<DateTime<Utc>>,
    /// How many attempts failed since then, or since a reset.
    pub failures: u32,
    /// When the next probe may run. A time in the past means at once.
    pub next_probe: Option<DateTime<Utc>>,
}

/// The health of a connector in a word.
///
/// ```
/// use chrono::DateTime;
/// use tripartite::failure::Failure;
/// use tripartite::health::{Health, HealthRules, HealthStatus};
/// use tripartite::queue::Token;
/// let now = DateTime::UNIX_EPOCH;
/// let once =
///     Health::new(now).judge(&HealthRules::default(), Token(1), Err(Failure::Fatal), now);
/// assert_eq!(once.view().status, HealthStatus::Failing); // attempts still run
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HealthStatus {
    /// The last attempt succeeded, or there was none.
    Healthy,
    /// Some attempts failed, not enough to stop.
    Failing,
    /// No attempt runs during a cool-down.
    Open,
    /// A probe is under way.
    Probing,
    /// A person must renew the credential.
    NeedsOperator,
}

impl Health {
    /// What an operator sees.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tripartite::health::{Health, HealthStatus};
    /// let view = Health::new(DateTime::<Utc>::UNIX_EPOCH).view();
    /// // a connector that was never tried is healthy
    /// assert_eq!((view.status, view.last_success), (HealthStatus::Healthy, None));
    /// ```
    pub fn view(&self) -> View {
        let (status, next_probe) = match self.circuit {
            Circuit::Closed if self.failures == 0 => (HealthStatus::Healthy, None),
            Circuit::Closed => (HealthStatus::Failing, None),
            Circuit::Open { until, .. } => (HealthStatus::Open, Some(until)),
            Circuit::HalfOpen { until, .. } => (HealthStatus::Probing, Some(until)),
            Circuit::NeedsOperator { .. } => (HealthStatus::NeedsOperator, None),
        };
        View { status, last_success: self.last_success, failures: self.failures, next_probe }
    }
}
