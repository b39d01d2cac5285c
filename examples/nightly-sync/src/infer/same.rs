//! One value that stands on many records: an address of nobody, or of the club.

use std::collections::BTreeMap;

use super::fit::Seen;
use super::sign::digest;

/// So many different values are counted.
const MOST: usize = 10_000;

/// On more records than this one value is nobody's own.
const FEW: u64 = 10;

/// Days that programs enter where nobody knows one.
const DAYS: [&str; 5] = ["1900-01-01", "1970-01-01", "0001-01-01", "1753-01-01", "9999-12-31"];

/// How often each value came. It holds digests, never a value.
#[derive(Debug, Default)]
pub(super) struct Shared {
    seen: BTreeMap<u64, Seen>,
    days: Option<Seen>,
}

impl Shared {
    /// Counts a day, if it is one that programs enter.
    pub(super) fn add_day(&mut self, text: &str, line: u64) {
        if DAYS.contains(&text.trim()) {
            self.days.get_or_insert(Seen { count: 0, line }).note();
        }
    }

    pub(super) fn add(&mut self, text: &str, line: u64) {
        let text = text.trim();
        let key = digest(&text.to_lowercase());
        if let Some(seen) = self.seen.get_mut(&key) {
            seen.note();
        } else if self.seen.len() < MOST {
            self.seen.insert(key, Seen::first(line));
        }
    }

    /// What a person should look at: it is a value until somebody declares it a null.
    pub(super) fn told(&self, is_day: bool) -> Option<String> {
        let most = self.seen.values().max_by_key(|seen| (seen.count, std::cmp::Reverse(seen.line)));
        let seen = if is_day {
            self.days.as_ref().filter(|days| days.count > 1)
        } else {
            most.filter(|seen| seen.count > FEW)
        };
        let Seen { count, line } = seen?;
        let what = if is_day { "a day that programs enter for none" } else { "one and the same" };
        Some(format!(
            "{count} values are {what}, first in line {line}; if it stands for nothing, state it under \"nulls\""
        ))
    }
}
