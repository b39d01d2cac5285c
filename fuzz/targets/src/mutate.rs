//! A simple mutator, for machines without libFuzzer: it knows nothing of what is covered, and always makes the same.

/// Pieces that mean something to the readers of JSON, numbers, dates and times.
const PIECES: [&str; 28] = [
    "null",
    "true",
    "{}",
    "[]",
    "\"\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\n",
    "\0",
    "0",
    "-1",
    "1e400",
    "0.1",
    "9007199254740993",
    "18446744073709551616",
    "é",
    "e\u{301}",
    "\u{feff}",
    "\\u0000",
    "\\ud800",
    "2024-02-30",
    "+353",
    "@",
    "%",
];

/// Makes inputs from a corpus.
pub struct Mutator<'c> {
    corpus: &'c [Vec<u8>],
    chance: u64,
}

impl<'c> Mutator<'c> {
    /// A mutator of this corpus, which must not be empty.
    pub fn new(corpus: &'c [Vec<u8>], seed: u64) -> Self {
        Self { corpus, chance: seed }
    }

    /// Splitmix64 (G. Steele, D. Lea, C. Flood, 2014), less than `n`.
    fn below(&mut self, n: usize) -> usize {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }

    fn any_seed(&mut self) -> &'c [u8] {
        let at = self.below(self.corpus.len());
        &self.corpus[at]
    }

    /// The next input: one of the corpus with one to five changes.
    pub fn make(&mut self) -> Vec<u8> {
        let mut input = self.any_seed().to_vec();
        for _ in 0..=self.below(5) {
            self.change(&mut input);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let end = (at + self.below(16)).min(input.len());
        match self.below(8) {
            0 => input.truncate(at),
            1 => drop(input.drain(at..end)),
            2 => {
                let again = input[at..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, again);
            }
            3 => {
                let piece = PIECES[self.below(PIECES.len())].as_bytes();
                input.splice(at..end.min(at + 4), piece.iter().copied());
            }
            4 => {
                let other = self.any_seed();
                let from = self.below(other.len() + 1);
                let until = (from + self.below(64)).min(other.len());
                input.splice(at..end, other[from..until].iter().copied());
            }
            5 => input.insert(at, self.below(256) as u8),
            6 if at < input.len() => input[at] = self.below(256) as u8,
            _ if at < input.len() => input[at] ^= 1 << self.below(8),
            _ => {}
        }
    }
}
