//! Timing in rounds: every contender once a round, so that what disturbs the machine disturbs all.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::row::{Against, Measured};

/// What one contender took, round by round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times {
    rounds: Vec<Round>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Round {
    records: u64,
    took: Duration,
}

impl Round {
    /// Nanoseconds a record.
    fn pace(&self) -> f64 {
        self.took.as_nanos() as f64 / self.records as f64
    }
}

impl Times {
    /// Begins a round.
    pub(crate) fn start(&mut self) {
        self.rounds.push(Round::default());
    }

    /// Adds to the round that so many records took so long.
    pub(crate) fn add(&mut self, records: usize, took: Duration) {
        if let Some(round) = self.rounds.last_mut() {
            round.records += records as u64;
            round.took += took;
        }
    }

    /// Nanoseconds a record.
    pub(crate) fn measured(&self) -> Measured {
        let paces = || self.rounds.iter().map(Round::pace);
        Measured::Nanoseconds { median: median(paces().collect()), least: paces().fold(f64::INFINITY, f64::min) }
    }

    /// Records a second.
    pub(crate) fn rate(&self) -> Measured {
        let rates = || self.rounds.iter().map(|round| 1e9 / round.pace());
        Measured::PerSecond { median: median(rates().collect()), most: rates().fold(0.0, f64::max) }
    }

    /// Held against another contender of the same rounds: the median of the rounds' ratios.
    pub(crate) fn against(&self, name: impl Into<String>, other: &Self) -> Against {
        let rounds = self.rounds.iter().zip(&other.rounds);
        Against { name: name.into(), ratio: median(rounds.map(|(own, other)| own.pace() / other.pace()).collect()) }
    }

    /// Held against rounds of another run: the ratio of the medians.
    pub(crate) fn beside(&self, name: impl Into<String>, other: &Self) -> Against {
        Against { name: name.into(), ratio: self.measured().figure() / other.measured().figure() }
    }
}

/// How much of the processor's time some work takes: what else the machine is busy with is not counted. Nor are
/// allocations meanwhile.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let mut took = Duration::ZERO;
    allocation_counter::opt_out(|| {
        let start = spent();
        work();
        took = spent().saturating_sub(start);
    });
    took
}

/// How long some work takes by the clock on the wall, and what came of it: where what is waited for counts.
#[expect(clippy::disallowed_methods, reason = "what measures time asks a clock")]
pub(crate) fn elapsed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed(), done)
}

/// What this thread has had of the processor.
fn spent() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
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
