//! A limit: how much of one kind of change a run may do without approval.

use serde::{Deserialize, Serialize};

use super::{Excess, Tally};

/// How much of one kind of change a run may do without approval.
///
/// ```
/// use tripartite::plan::Limit;
/// let limit = Limit::percent(20).at_least(20).absolute(500);
/// assert_eq!(limit.allows(5, 10), true); // in a population below 20, half of it is allowed
/// assert_eq!(limit.allows(6, 10), false);
/// assert_eq!(limit.allows(2, 2), true); // one or two records are always allowed there
/// assert_eq!(limit.allows(200, 1000), true); // exactly 20 %
/// assert_eq!(limit.allows(201, 1000), false);
/// assert_eq!(limit.allows(501, 100_000), false); // the absolute limit always counts
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limit {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) absolute: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) percent: Option<u8>,
    pub(super) at_least: u64,
}

/// In a small population, fewer records than this are never too many.
const SMALL: u64 = 3;

/// In a small population, this share of it in percent is never too much.
const HALF: u8 = 50;

impl Limit {
    /// No limit.
    pub const NONE: Self = Self { absolute: None, percent: None, at_least: 0 };

    /// A limit of `percent` percent of the population.
    ///
    /// ```
    /// use tripartite::plan::Limit;
    /// assert!(Limit::percent(20).allows(1, 5)); // exactly 20 %
    /// // hence `at_least`: in a small club one person is a quarter
    /// assert!(!Limit::percent(20).allows(1, 4));
    /// ```
    pub const fn percent(percent: u8) -> Self {
        Self { percent: Some(percent), ..Self::NONE }
    }

    /// Sets the population from which the percentage counts. Below it, one or two records are always within the limit,
    /// and so is half of the population, or the percentage if that is more.
    ///
    /// ```
    /// use tripartite::plan::Limit;
    /// let limit = Limit::percent(20).at_least(10);
    /// assert!(limit.allows(2, 3) && limit.allows(4, 9)); // a small club
    /// assert!(!limit.allows(3, 3) && !limit.allows(5, 9)); // more than half of it
    /// assert!(!limit.allows(3, 10));
    /// assert!(Limit::percent(80).at_least(10).allows(4, 5));
    /// ```
    #[must_use]
    pub const fn at_least(mut self, population: u64) -> Self {
        self.at_least = population;
        self
    }

    /// Sets an absolute limit, for a population of any size.
    ///
    /// ```
    /// use tripartite::plan::Limit;
    /// let limit = Limit::NONE.absolute(100);
    /// // however large the population
    /// assert!(limit.allows(100, 100) && !limit.allows(101, 1_000_000));
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
    /// assert!(Limit::percent(0).allows(0, 0)); // no change is always allowed
    /// assert!(Limit::NONE.allows(u64::MAX, 1));
    /// ```
    pub fn allows(&self, count: u64, population: u64) -> bool {
        let absolute = self.absolute.is_none_or(|most| count <= most);
        absolute && self.percent.is_none_or(|percent| self.allows_share(percent, count, population))
    }

    fn allows_share(&self, percent: u8, count: u64, population: u64) -> bool {
        let is_within = |percent: u8| u128::from(count) * 100 <= u128::from(population) * u128::from(percent);
        match self.is_small(population) {
            // Without active records there is nothing to compare with: a first night links all records.
            true => count < SMALL || population == 0 || is_within(percent.max(HALF)),
            false => is_within(percent),
        }
    }

    fn is_small(&self, population: u64) -> bool {
        population < self.at_least
    }

    /// The excess, if the figure is beyond the limit.
    pub(super) fn excess(&self, tally: &Tally, population: u64) -> Option<Excess> {
        let Tally { count, first } = tally;
        let excess = || Excess { count: *count, population, limit: self.describe(population), records: first.clone() };
        (!self.allows(*count, population)).then(excess)
    }

    fn describe(&self, population: u64) -> String {
        let share = self.percent.map(|percent| match percent {
            ..=HALF if self.is_small(population) => "half".to_owned(),
            percent => format!("{percent} %"),
        });
        match (share, self.absolute) {
            (Some(share), Some(most)) => format!("{share} or {most}"),
            (Some(share), None) => share,
            (None, Some(most)) => most.to_string(),
            (None, None) => "none".to_owned(),
        }
    }
}
