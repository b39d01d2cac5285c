//! Guards: what a plan may not do unasked.

use serde::{Deserialize, Serialize};

use crate::value::Fingerprint;

/// How much of one kind of change a run may do unasked.
///
/// ```
/// use tripartite::plan::Limit;
/// let limit = Limit::percent(20).at_least(20).absolute(500);
/// assert_eq!(limit.allows(3, 10), true); // below a population of 20 the percentage does not count
/// assert_eq!(limit.allows(200, 1000), true); // exactly 20 %
/// assert_eq!(limit.allows(201, 1000), false);
/// assert_eq!(limit.allows(501, 100_000), false); // the absolute limit always counts
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    absolute: Option<u64>,
    percent: Option<u8>,
    at_least: u64,
}

impl Limit {
    /// No limit.
    pub const NONE: Self = Self { absolute: None, percent: None, at_least: 0 };

    /// At most so many percent of the population.
    ///
    /// ```
    /// use tripartite::plan::Limit;
    /// assert!(Limit::percent(20).allows(1, 5)); // exactly 20 %
    /// assert!(!Limit::percent(20).allows(1, 4)); // hence `at_least`: in a small club one person is a quarter
    /// ```
    pub const fn percent(percent: u8) -> Self {
        Self { percent: Some(percent), ..Self::NONE }
    }

    /// The population from which the percentage counts.
    ///
    /// ```
    /// use tripartite::plan::Limit;
    /// let limit = Limit::percent(20).at_least(10);
    /// assert!(limit.allows(9, 9)); // below the population the percentage stops nothing at all
    /// assert!(!limit.allows(3, 10));
    /// ```
    #[must_use]
    pub const fn at_least(mut self, population: u64) -> Self {
        self.at_least = population;
        self
    }

    /// At most so many, whatever the population.
    ///
    /// ```
    /// use tripartite::plan::Limit;
    /// let limit = Limit::NONE.absolute(100);
    /// assert!(limit.allows(100, 100) && !limit.allows(101, 1_000_000)); // however large the population
    /// ```
    #[must_use]
    pub const fn absolute(mut self, most: u64) -> Self {
        self.absolute = Some(most);
        self
    }

    /// Whether `count` out of `population` is within the limit.
    ///
    /// ```
    /// use tripartite::plan::Limit;
    /// assert!(Limit::percent(0).allows(0, 0)); // nothing is always allowed, also of nothing
    /// assert!(Limit::NONE.allows(u64::MAX, 1));
    /// ```
    pub fn allows(&self, count: u64, population: u64) -> bool {
        let absolute = self.absolute.is_none_or(|most| count <= most);
        let relative = population < self.at_least
            || self
                .percent
                .is_none_or(|percent| u128::from(count) * 100 <= u128::from(population) * u128::from(percent));
        absolute && relative
    }

    fn describe(&self) -> String {
        match (self.percent, self.absolute) {
            (Some(percent), Some(most)) => format!("{percent} % or {most}"),
            (Some(percent), None) => format!("{percent} %"),
            (None, Some(most)) => most.to_string(),
            (None, None) => "none".to_owned(),
        }
    }
}

/// What stops a plan before anything is written, until a person approves it.
///
/// The defaults stop an empty listing, and one that would deactivate more than 20 % of the records once there are 10.
///
/// ```
/// use tripartite::plan::{Figures, Guards, Limit};
/// let guards = Guards::default().deactivations(Limit::percent(5).at_least(100));
/// let night = Figures { population: 1000, listed: 940, deactivations: 60 };
/// let [blocked] = &guards.judge(&night)[..] else { unreachable!() };
/// assert_eq!(
///     blocked.to_string(),
///     "60 of 1000 records would be deactivated, because the listing no longer has them; at most 5 % may be, unasked",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guards {
    deactivations: Limit,
    stop_empty: bool,
}

/// At most a fifth of the records leave in a night: in real registers a change of season, or an election, comes to
/// about 15 %.
const DEACTIVATIONS: Limit = Limit::percent(20).at_least(10);

impl Default for Guards {
    fn default() -> Self {
        Self { deactivations: DEACTIVATIONS, stop_empty: true }
    }
}

/// The figures of a plan that the guards judge, each a number of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// How many linked records were active before.
    pub population: u64,
    /// How many records the listing has.
    pub listed: u64,
    /// How many would be deactivated.
    pub deactivations: u64,
}

/// Why a plan is blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Blocked {
    /// The listing is complete and empty, but there are records.
    #[error(
        "the listing is complete but empty, while {population} {} active here",
        if *population == 1 { "record is" } else { "records are" }
    )]
    EmptyListing {
        /// How many linked records are active.
        population: u64,
    },
    /// Too many records would be deactivated.
    #[error(
        "{count} of {population} records would be deactivated, because the listing no longer has them; at most \
         {limit} may be, unasked"
    )]
    Deactivations {
        /// How many.
        count: u64,
        /// Of how many active ones.
        population: u64,
        /// The limit, in words.
        limit: String,
    },
    /// The plan was made under another policy.
    #[error("the plan was made under policy {found}, this run has {expected}")]
    OtherPolicy {
        /// The run's.
        expected: Fingerprint,
        /// The plan's.
        found: Fingerprint,
    },
}

impl Guards {
    /// How many records may be deactivated.
    ///
    /// ```
    /// use tripartite::plan::{Figures, Guards, Limit};
    /// let none = Guards::default().deactivations(Limit::NONE.absolute(0)); // a person looks at every one
    /// let night = Figures { population: 1000, listed: 999, deactivations: 1 };
    /// assert_eq!((none.judge(&night).len(), Guards::default().judge(&night).len()), (1, 0));
    /// ```
    #[must_use]
    pub fn deactivations(mut self, limit: Limit) -> Self {
        self.deactivations = limit;
        self
    }

    /// Lets a complete but empty listing pass this guard; the one on deactivations still counts.
    ///
    /// ```
    /// use tripartite::plan::{Figures, Guards};
    /// let emptied = Figures { population: 4, listed: 0, deactivations: 4 };
    /// assert_eq!(Guards::default().judge(&emptied).len(), 1); // too few for the percentage, but none are left
    /// assert!(Guards::default().allow_empty().judge(&emptied).is_empty());
    /// ```
    #[must_use]
    pub fn allow_empty(mut self) -> Self {
        self.stop_empty = false;
        self
    }

    /// Everything that stops these figures.
    ///
    /// ```
    /// use tripartite::plan::{Blocked, Figures, Guards};
    /// let emptied = Figures { population: 40, listed: 0, deactivations: 40 };
    /// // Both reasons, not only the first: approving the plan approves both.
    /// let reasons = Guards::default().judge(&emptied);
    /// assert!(matches!(reasons[..], [Blocked::EmptyListing { .. }, Blocked::Deactivations { .. }]));
    /// ```
    pub fn judge(&self, figures: &Figures) -> Vec<Blocked> {
        let Figures { population, listed, deactivations: count } = *figures;
        let mut blocked = Vec::new();
        if self.stop_empty && listed == 0 && count > 0 {
            blocked.push(Blocked::EmptyListing { population });
        }
        if !self.deactivations.allows(count, population) {
            let limit = self.deactivations.describe();
            blocked.push(Blocked::Deactivations { count, population, limit });
        }
        blocked
    }
}
