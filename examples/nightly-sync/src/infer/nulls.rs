//! What sources write where they know nothing.

use std::collections::BTreeMap;

use tripartite::matching::is_placeholder;

use super::fit::Seen;

/// Words that stand for nothing in a column of dates, numbers, addresses or truth values. People and things may be called
/// so, and then the column is one of texts.
const WORDS: [&str; 12] = [
    "null",
    "(null)",
    "none",
    "nil",
    "na",
    "k.a.",
    "keine angabe",
    "undefined",
    "0000-00-00",
    "00.00.0000",
    "00/00/0000",
    "0000-00-00 00:00:00",
];

/// Spellings that mean nothing in a column of texts, too.
const SURE: [&str; 6] = ["n/a", "#n/a", "n.a.", "-", "--", "---"];

/// So many spellings of one column are told apart; a column that has more does not have nulls, but signs of its own.
const MOST: usize = 8;

/// The spellings of null in a column, by their lower case.
#[derive(Debug, Default)]
pub(super) struct Nulls {
    seen: BTreeMap<String, (String, Seen)>,
    /// There were more spellings than a column of nulls has.
    is_too_many: bool,
    /// A value is of signs alone, and none of the spellings: signs may mean something here, as in `+` and `-`.
    has_signs: bool,
}

impl Nulls {
    /// Whether a text stands for nothing, where the rest of the column is no text.
    pub(super) fn note(&mut self, text: &str, line: u64) -> bool {
        let word = text.trim();
        let lower = word.to_lowercase();
        if !WORDS.contains(&lower.as_str()) && !is_placeholder(word) {
            return false;
        }
        self.has_signs |= !SURE.contains(&lower.as_str()) && !word.chars().any(char::is_alphanumeric);
        if let Some((_, seen)) = self.seen.get_mut(&lower) {
            seen.note();
        } else if self.seen.len() < MOST {
            self.seen.insert(lower, (word.to_owned(), Seen::first(line)));
        } else {
            self.is_too_many = true;
        }
        true
    }

    pub(super) fn count(&self) -> u64 {
        self.seen.values().map(|(_, seen)| seen.count).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Whether every spelling is known by name, so that all of them can be declared.
    pub(super) fn is_told_apart(&self) -> bool {
        !self.is_too_many
    }

    /// The spellings, each with how often it came.
    pub(super) fn all(&self) -> Vec<(&str, u64)> {
        self.seen.values().map(|(word, seen)| (word.as_str(), seen.count)).collect()
    }

    /// Those that mean nothing among texts: sure ones that came twice or more.
    pub(super) fn sure(&self) -> Vec<(&str, u64)> {
        let is_sure = |lower: &str, seen: &Seen| !self.has_signs && SURE.contains(&lower) && seen.count > 1;
        let sure = self.seen.iter().filter(|(lower, (_, seen))| is_sure(lower, seen));
        sure.map(|(_, (word, seen))| (word.as_str(), seen.count)).collect()
    }
}
