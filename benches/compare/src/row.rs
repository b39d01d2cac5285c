//! A line of a table: what was measured, against what, and whether that is good enough.

use std::fmt;

/// One contender in one table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The table it stands in.
    pub(crate) table: &'static str,
    /// What was measured.
    pub(crate) name: String,
    /// How much.
    pub(crate) measured: Measured,
    /// The floor or peer it is held against, and the ratio; in which order, the target says.
    pub(crate) against: Option<Against>,
    /// What must hold; a row without one is for comparison.
    pub(crate) target: Option<Target>,
}

/// A figure with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Measured {
    /// Nanoseconds a record, the median of all rounds, and the least.
    Nanoseconds {
        /// The median.
        median: f64,
        /// The least.
        least: f64,
    },
    /// Jobs a second, the median of all rounds, and the most.
    PerSecond {
        /// The median.
        median: f64,
        /// The most.
        most: f64,
    },
    /// Bytes a record.
    Bytes(f64),
    /// Mebibytes of a whole process.
    Mebibytes(f64),
    /// A number of things.
    Count(f64),
}

impl Measured {
    /// The figure without its unit.
    pub(crate) fn figure(self) -> f64 {
        match self {
            Self::Nanoseconds { median: figure, .. }
            | Self::PerSecond { median: figure, .. }
            | Self::Bytes(figure)
            | Self::Mebibytes(figure)
            | Self::Count(figure) => figure,
        }
    }
}

/// What a row is held against.
#[derive(Debug, Clone)]
pub(crate) struct Against {
    /// Its name.
    pub(crate) name: String,
    /// This row's figure over that one's, the median of the rounds' own ratios.
    pub(crate) ratio: f64,
}

/// A target of a row: of its ratio, or where it stands against nothing, of its figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    /// At most so much of the floor, or so many of the unit.
    AtMost(f64),
    /// So many times faster than what it is held against.
    TimesFaster(f64),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) if *most >= 100.0 => write!(f, "≤ {most:.0}"),
            Self::AtMost(most) => write!(f, "≤ {most}"),
            Self::TimesFaster(times) => write!(f, "≥ {times}× faster"),
        }
    }
}

impl Row {
    /// What the target is about: how many times the floor, or how many times faster; else the figure itself.
    pub(crate) fn judged(&self) -> f64 {
        match (&self.against, self.target) {
            (Some(against), Some(Target::TimesFaster(_))) => 1.0 / against.ratio,
            (Some(against), _) => against.ratio,
            (None, _) => self.measured.figure(),
        }
    }

    /// Whether the target is met; without one, it is.
    pub(crate) fn is_met(&self) -> bool {
        match self.target {
            None => true,
            Some(Target::AtMost(most)) => self.judged() <= most,
            Some(Target::TimesFaster(times)) => self.judged() >= times,
        }
    }
}
