//! Chance, from a seed.

use chrono::TimeDelta;

/// Splitmix64 (G. Steele, D. Lea, C. Flood, 2014): small, and the same everywhere.
#[derive(Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Less than `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    pub(crate) fn small(&mut self, n: usize) -> u8 {
        self.below(n) as u8
    }

    pub(crate) fn in_a_hundred(&mut self, times: usize) -> bool {
        self.below(100) < times
    }

    /// Whether something happens that happens so many times in a hundred thousand.
    pub(crate) fn hits(&mut self, rate: u32) -> bool {
        self.next() % 100_000 < u64::from(rate)
    }

    pub(crate) fn seconds(&mut self, most: usize) -> TimeDelta {
        TimeDelta::milliseconds(self.below(most * 1000 + 1) as i64)
    }
}
