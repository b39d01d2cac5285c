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

use super::context::Context;
use super::index::Index;
use super::matched::Candidates;
use crate::id::ExternalId;
use crate::matching::Match;
use crate::store::Op;

/// The rule by which ids are recognised that are spelled alike.
const SPELLING: &str = "ids but for case, blanks and leading zeros";

/// The spellings of the ids that are linked here, once somebody asked.
#[derive(Debug, Default)]
pub(super) struct LinkedSpellings(Option<BTreeSet<u64>>);

impl LinkedSpellings {
    /// Whether an id that nobody here has is spelled as one that somebody has.
    pub(super) fn has(&mut self, index: &Index, id: &ExternalId) -> bool {
        if index.population == 0 || index.knows(id.as_str()) {
            return false;
        }
        let linked = self.0.get_or_insert_with(|| index.linked().map(hash).collect());
        linked.contains(&hash(id.as_str()))
    }
}

/// What becomes of records that are not listed.
#[derive(Debug)]
pub(super) struct Ends {
    /// Whether the listing is believed to be everything: whoever is not in it is missing.
    trusted: bool,
    ops: Vec<Op>,
    /// The ids that end, by their spellings, once somebody asked.
    by_spelling: Option<BTreeMap<String, Vec<ExternalId>>>,
    /// Whose ends wait for an answer.
    held: BTreeSet<ExternalId>,
}

impl Ends {
    pub(super) fn new(trusted: bool) -> Self {
        Self { trusted, ops: Vec::new(), by_spelling: None, held: BTreeSet::new() }
    }

    pub(super) fn add(&mut self, op: Option<Op>) {
        self.ops.extend(op);
    }

    /// The ops; and whose ends wait for an answer and are none of them.
    pub(super) fn take(&mut self) -> (Vec<Op>, Vec<ExternalId>) {
        let (held, ops) = (std::mem::take(&mut self.held), std::mem::take(&mut self.ops));
        let (waiting, ops): (Vec<Op>, _) =
            ops.into_iter().partition(|op| op.rekeyed.is_none() && held.contains(&op.id));
        (ops, waiting.into_iter().map(|op| op.id).collect())
    }

    /// What an answer comes to, now that it is known who is not listed.
    pub(super) fn renamed(
        &mut self,
        context: &mut Context,
        id: &ExternalId,
        answer: Match,
        candidates: &Candidates,
    ) -> Match {
        match answer {
            Match::IdentityConflict { local, holds, rule } if self.has(context, &holds) => {
                self.held.insert(holds.clone());
                Match::Renamed { was: holds, locals: vec![local], rule }
            }
            Match::Ambiguous { locals, rivals } => {
                let linked = locals.iter().filter_map(|local| candidates.get(local)?.linked.clone());
                let ended: Vec<_> = linked.filter(|id| self.has(context, id)).collect();
                self.held.extend(ended);
                Match::Ambiguous { locals, rivals }
            }
            Match::Unmatched => self.spelled_otherwise(id).unwrap_or(Match::Unmatched),
            answer => answer,
        }
    }

    /// The record here whose id is spelled alike, and is no longer listed.
    fn spelled_otherwise(&mut self, id: &ExternalId) -> Option<Match> {
        let alike = self.like(id).to_vec();
        let was = alike.first()?.clone();
        self.held.extend(alike);
        Some(Match::Renamed { was, locals: Vec::new(), rule: SPELLING.to_owned() })
    }

    /// Whose ends are planned, of those whose ids are spelled like this one.
    fn like(&mut self, id: &ExternalId) -> &[ExternalId] {
        let ops = &self.ops;
        let ended = self.by_spelling.get_or_insert_with(|| {
            let mut ended = BTreeMap::<String, Vec<ExternalId>>::new();
            for op in ops.iter().filter(|op| op.rekeyed.is_none()) {
                ended.entry(spelling(op.id.as_str())).or_default().push(op.id.clone());
            }
            ended
        });
        ended.get(&spelling(id.as_str())).map_or(&[], Vec::as_slice)
    }

    /// Whether the source no longer has a record that is linked here, and has not said that it moved.
    fn has(&mut self, context: &mut Context, id: &ExternalId) -> bool {
        let index = &mut context.index;
        let slot = index.slot(id.as_str());
        let unlisted = index.is_linked(slot) && index.listed(slot).is_none();
        unlisted && ((self.trusted && !index.is_spoken_for(slot)) || self.like(id).contains(id))
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
