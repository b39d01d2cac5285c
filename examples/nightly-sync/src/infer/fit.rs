//! Counts and lines.

/// How many values have a shape, how many have not, and the line of the first that has not.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fit {
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) first: u64,
}

/// So many odd values are told of; with more of them the field is what it is, and no value is asked any further.
const FEW: u64 = 3;

impl Fit {
    pub(super) fn note(&mut self, line: u64, fits: impl FnOnce() -> bool) {
        if self.misses > FEW {
            return;
        }
        if fits() {
            self.hits += 1;
            return;
        }
        self.misses += 1;
        if self.misses == 1 {
            self.first = line;
        }
    }

    /// A few against many.
    pub(super) fn is_nearly_all(&self) -> bool {
        (1..=FEW).contains(&self.misses) && self.hits >= 3 * self.misses
    }

    pub(super) fn is_all(&self) -> bool {
        self.misses == 0 && self.hits > 0
    }
}

/// How often something came, and where first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) count: u64,
    pub(super) line: u64,
}

impl Seen {
    pub(super) fn first(line: u64) -> Self {
        Self { count: 1, line }
    }

    pub(super) fn note(&mut self) {
        self.count += 1;
    }
}

/// A number and what it counts.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}
