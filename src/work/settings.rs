//! The settings of a worker.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::gate::Limits;
use crate::health::HealthRules;
use crate::setters::setters;

/// The limits and spans that a worker keeps to.
///
/// ```
/// use std::time::Duration;
/// use tripartite::work::Settings;
/// let settings: Settings = serde_json::from_str(r#"{"lease": {"secs": 60, "nanos": 0}}"#)?;
/// assert_eq!(settings, Settings::default().lease(Duration::from_secs(60)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// How long a claim lasts, unless it is extended. It is extended between two steps of a run, so it must be longer
    /// than the longest step: a page of the listing, or a batch of writes.
    pub lease: Duration,
    /// How many runs of one connector there are at a time, and how far apart they start.
    pub gate: Limits,
    /// When a connector that fails is left alone.
    pub health: HealthRules,
    /// How long the history is kept, counted back from the success before the newest one. So a clock that is far ahead
    /// for one run removes nothing. The first success of a day (UTC) removes what is older.
    pub history: Duration,
}

impl Settings {
    setters! {
        lease: Duration,
        /// ```
        /// use std::time::Duration;
        /// use tripartite::gate::Limits;
        /// use tripartite::work::Settings;
        /// // a source that takes one run at a time, and the next as soon as that has ended
        /// let settings = Settings::default().gate(Limits::new(1, Duration::ZERO));
        /// assert_eq!(settings.gate.running, 1); // at 0 no job would ever start
        /// ```
        gate: Limits,
        /// ```
        /// use tripartite::health::HealthRules;
        /// use tripartite::work::Settings;
        /// let patient = HealthRules::default().failures(20);
        /// let settings = Settings::default().health(patient);
        /// assert_eq!(settings.health.cooldown, HealthRules::default().cooldown); // all else as before
        /// ```
        health: HealthRules,
        history: Duration,
    }
}

impl Default for Settings {
    /// A lease of five minutes; five runs at a time, a minute apart; thirty days of history.
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(5 * 60),
            gate: Limits::default(),
            health: HealthRules::default(),
            history: Duration::from_secs(30 * 24 * 60 * 60),
        }
    }
}
