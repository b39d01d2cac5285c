//! Timing in rounds: every contender once a round, so that what disturbs the machine disturbs all.

use std::time::Duration;

use crate::row::{Against, Measured};

/// What one contender took, round by round, for so many records.
#[derive(Debug, Clone)]
pub(crate) struct Times {
    records: u64,
    rounds: Vec<Duration>,
}

impl Times {
    pub(crate) fn new(records: u64) -> Self {
        Self { records, rounds: Vec::new() }
    }

    /// Adds a round.
    pub(crate) fn push(&mut self, took: Duration) {
        self.rounds.push(took);
    }

    /// Nanoseconds a record.
    pub(crate) fn measured(&self) -> Measured {
        let each = || self.rounds.iter().map(|took| took.as_nanos() as f64 / self.records as f64);
        Measured::Nanoseconds { median: median(each().collect()), least: each().fold(f64::INFINITY, f64::min) }
    }

    /// Held against another contender of the same rounds.
    pub(crate) fn against(&self, name: impl Into<String>, other: &Self) -> Against {
        let each = |times: &Self, round: usize| times.rounds[round].as_secs_f64() / times.records as f64;
        let rounds = 0..self.rounds.len().min(other.rounds.len());
        let ratio = median(rounds.map(|round| each(self, round) / each(other, round)).collect());
        Against { name: name.into(), ratio }
    }
}

/// The middle one; of an even number the mean of the middle two.
pub(crate) fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    let middle = all.len() / 2;
    match all.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => all[middle],
        _ => (all[middle - 1] + all[middle]) / 2.0,
    }
}
