//! Records that come back under another id, when the source does not say so.
//!
//! | the listing has | and no longer has | question |
//! |---|---|---|
//! | an unlinked record that a match rule recognises as one here | the id of that one | are the two the same? |
//! | an unlinked record whose id is spelled as another one was | that other one | the same |
//! | both | | none: they are two |
//!
//! Two ids are spelled alike when they differ in case, blanks at the ends and leading zeros alone. As long as it is asked,
//! nothing is created and nobody is deactivated. Who is not listed is known when a complete listing is over, or where the
//! source says that a record is gone; so whoever could be asked about waits for the end, in streaming mode too.

use std::collections::{BTreeMap, BTreeSet};

use super::core::Core;
use super::matched::Candidates;
use crate::audit::Situation;
use crate::id::ExternalId;
use crate::matching::Match;

/// The rule by which ids are recognised that are spelled alike.
const SPELLING: &str = "ids but for case, blanks and leading zeros";

/// The spellings of the ids that are linked here, once somebody asked.
#[derive(Debug, Default)]
pub(super) struct Spellings {
    linked: Option<BTreeSet<u64>>,
    ended: Option<BTreeMap<String, Vec<ExternalId>>>,
}

/// Whose ends wait for an answer.
pub(super) type Held = BTreeSet<ExternalId>;

impl Core {
    /// Whether an id that nobody here has is spelled as one that somebody has.
    pub(super) fn is_spelled_otherwise(&mut self, id: &ExternalId) -> bool {
        if self.index.population == 0 || self.index.knows(id.as_str()) {
            return false;
        }
        let index = &self.index;
        let linked = self.spellings.linked.get_or_insert_with(|| index.linked().map(hash).collect());
        linked.contains(&hash(id.as_str()))
    }

    /// What an answer comes to, now that it is known who is not listed.
    pub(super) fn renamed(&mut self, id: &ExternalId, answer: Match, candidates: &Candidates) -> Match {
        match answer {
            Match::IdentityConflict { local, holds, rule } if self.has_ended(&holds) => {
                self.held.insert(holds.clone());
                Match::Renamed { was: holds, locals: vec![local], rule }
            }
            Match::Ambiguous { locals, rivals } => {
                let linked = locals.iter().filter_map(|local| candidates.get(local)?.linked.clone());
                let ended: Vec<_> = linked.filter(|id| self.has_ended(id)).collect();
                self.held.extend(ended);
                Match::Ambiguous { locals, rivals }
            }
            Match::Unmatched => self.spelled_otherwise(id).unwrap_or(Match::Unmatched),
            answer => answer,
        }
    }

    /// The record here whose id is spelled alike, and is no longer listed.
    fn spelled_otherwise(&mut self, id: &ExternalId) -> Option<Match> {
        let alike = self.ended_like(id).to_vec();
        let was = alike.first()?.clone();
        self.held.extend(alike);
        Some(Match::Renamed { was, locals: Vec::new(), rule: SPELLING.to_owned() })
    }

    /// Whose ends are planned, of those whose ids are spelled like this one.
    fn ended_like(&mut self, id: &ExternalId) -> &[ExternalId] {
        let last = &self.last;
        let ended = self.spellings.ended.get_or_insert_with(|| {
            let mut ended = BTreeMap::<String, Vec<ExternalId>>::new();
            for op in last.iter().filter(|op| op.rekeyed.is_none()) {
                ended.entry(spelling(op.id.as_str())).or_default().push(op.id.clone());
            }
            ended
        });
        ended.get(&spelling(id.as_str())).map_or(&[], Vec::as_slice)
    }

    /// Whether the source no longer has a record that is linked here, and has not said that it moved.
    fn has_ended(&mut self, id: &ExternalId) -> bool {
        let slot = self.index.slot(id.as_str());
        let unlisted = self.index.is_linked(slot) && self.index.listed(slot).is_none();
        unlisted && ((self.trusted && !self.index.is_spoken_for(slot)) || self.ended_like(id).contains(id))
    }

    /// Takes back the ends that wait for an answer.
    pub(super) fn hold_ends(&mut self) {
        let held = std::mem::take(&mut self.held);
        self.last.retain(|op| op.rekeyed.is_some() || !held.contains(&op.id));
    }
}

/// In which situation a record is that is set aside for an answer.
pub(super) fn situation(answer: &Match) -> Situation {
    match answer {
        Match::IdentityConflict { .. } => Situation::IdentityConflict,
        Match::Ambiguous { .. } => Situation::Ambiguous,
        Match::Renamed { .. } => Situation::Renamed,
        _ => Situation::Found,
    }
}

/// An id without what tells spellings apart.
fn spelling(id: &str) -> String {
    let id = id.trim().to_lowercase();
    let significant = id.trim_start_matches('0');
    if significant.is_empty() { id } else { significant.to_owned() }
}

fn hash(id: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(spelling(id).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::spelling;

    #[test]
    fn spellings_of_one_id() {
        for (one, other) in [("AB-1", "ab-1"), ("0040", "40"), (" 7", "7 "), ("0", "0"), ("00A", "a")] {
            assert_eq!(spelling(one), spelling(other));
        }
        for (one, other) in [("40", "400"), ("AB-01", "AB-1"), ("0", "1"), ("é", "e")] {
            assert_ne!(spelling(one), spelling(other));
        }
    }
}
