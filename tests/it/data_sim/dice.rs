//! Chance, from a seed.

/// Splitmix64 (G. Steele, D. Lea, C. Flood, 2014): small, and the same everywhere.
#[derive(Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Less than `n`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    pub(super) fn in_a_hundred(&mut self, times: usize) -> bool {
        self.below(100) < times
    }

    pub(super) fn small(&mut self, n: usize) -> u8 {
        self.below(n) as u8
    }
}
