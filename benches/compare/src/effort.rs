//! How much is measured.

/// The sizes of the workload, and how often each is gone through.
#[derive(Debug, Clone)]
pub(crate) struct Effort {
    /// Numbers of people, ascending; the targets are judged at the last.
    pub(crate) sizes: Vec<u64>,
    /// Rounds over all contenders.
    pub(crate) rounds: usize,
    /// Whether peers of other languages are asked, too, which may have to be fetched.
    pub(crate) foreign: bool,
}

impl Effort {
    /// What the published figures are measured with.
    pub(crate) fn full() -> Self {
        Self { sizes: vec![10_000, 100_000, 1_000_000], rounds: 7, foreign: true }
    }

    /// What ends inside a minute.
    pub(crate) fn quick() -> Self {
        Self { sizes: vec![2_000, 20_000], rounds: 3, foreign: false }
    }

    /// The number of people that the targets are judged at.
    pub(crate) fn people(&self) -> u64 {
        self.sizes.last().copied().unwrap_or(0)
    }
}
