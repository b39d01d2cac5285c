//! Columns of several values in one text: `coach;referee`.
//!
//! A delimiter is proposed where the values between it are few and come again, and one of them stands at two places: in
//! `Murphy;Anna` the order means something, and no first name is ever a last one.

use std::collections::{BTreeMap, BTreeSet};

use tripartite::schema::Kind;

use super::sign::digest;

const DELIMITERS: [char; 3] = [';', '|', ','];

/// A column of more different words has no few that come again.
const MOST: usize = 200;
/// The longest word, in bytes.
const LONGEST: usize = 40;

/// What each delimiter makes of the values.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    by: [Option<Split>; DELIMITERS.len()],
    begun: bool,
}

#[derive(Debug, Default)]
struct Split {
    /// How many values have the delimiter.
    with: u64,
    total: u64,
    /// How often each word came, and whether it stood first, and elsewhere.
    words: BTreeMap<u64, (u64, [bool; 2])>,
}

impl Split {
    fn add(&mut self, text: &str, delimiter: char) -> Option<()> {
        let words: Vec<&str> = text.split(delimiter).map(str::trim).collect();
        let distinct: BTreeSet<u64> = words.iter().map(|word| digest(word)).collect();
        let fits = words.iter().all(|word| !word.is_empty() && word.len() <= LONGEST) && distinct.len() == words.len();
        if !fits || self.words.len() > MOST {
            return None;
        }
        self.with += u64::from(words.len() > 1);
        for (place, word) in words.into_iter().enumerate() {
            self.total += 1;
            let (count, places) = self.words.entry(digest(word)).or_default();
            *count += 1;
            places[usize::from(place > 0)] = true;
        }
        Some(())
    }

    fn is_a_set(&self) -> bool {
        let comes_again = self.total >= 2 * self.words.len() as u64 && self.words.len() <= MOST;
        self.with > 1 && comes_again && self.words.values().any(|(_, places)| places[0] && places[1])
    }
}

impl Pieces {
    pub(super) fn add(&mut self, text: &str) -> bool {
        if !self.begun {
            self.by = std::array::from_fn(|_| Some(Split::default()));
            self.begun = true;
        }
        for (by, delimiter) in self.by.iter_mut().zip(DELIMITERS) {
            if by.as_mut().is_some_and(|split| split.add(text, delimiter).is_none()) {
                *by = None;
            }
        }
        self.by.iter().any(Option::is_some)
    }

    pub(super) fn kind(&self) -> Option<(Kind, String)> {
        let (split, delimiter) =
            self.by.iter().zip(DELIMITERS).find_map(|(split, delimiter)| {
                Some((split.as_ref()?, delimiter)).filter(|(split, _)| split.is_a_set())
            })?;
        let words = split.words.len();
        let why =
            format!("{} of several, with {delimiter:?} between {words} words that come again in any order", split.with);
        Some((Kind::delimited(delimiter, Kind::Text), why))
    }
}
