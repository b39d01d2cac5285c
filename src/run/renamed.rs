//! Records that may have come back under another id without a word of the source: a person is asked.
//!
//! | the listing has | and no longer has | question |
//! |---|---|---|
//! | an unlinked record that a match rule recognises as one here | the id of that one | are the two the same? |
//! | an unlinked record whose id is spelled as another one was | that other one | the same |
//! | both | | none: they are two |
//!
//! Two ids are spelled alike when they differ in case, blanks at the ends and leading zeros alone. While the question
//! is open, nothing is created and nobody is deactivated. A record is known to be unlisted when a complete listing is
//! over, or when the source says that it is gone. So a record that could be asked about waits for the end of the
//! listing, in streaming mode too.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::Candidates;
use super::context::Context;
use super::index::Index;
use crate::id::ExternalId;
use crate::matching::Match;
use crate::store::Op;

/// The name of the rule that recognises ids that are spelled alike.
const SPELLING: &str = "ids but for case, blanks and leading zeros";

/// The spellings of the ids that are linked here, computed at the first question.
#[derive(Debug, Default)]
pub(super) struct LinkedSpellings(Option<BTreeSet<u64>>);

impl LinkedSpellings {
    /// Whether an id that is not linked here is spelled like one that is.
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
    /// Whether the listing is believed to be complete, so that a record that is not in it is missing.
    trusted: bool,
    ops: Vec<Op>,
    /// The ids that end, by their spellings, computed at the first question.
    by_spelling: Option<BTreeMap<String, Vec<ExternalId>>>,
    /// The records whose ends wait for an answer.
    held: BTreeSet<ExternalId>,
}

impl Ends {
    pub(super) fn new(trusted: bool) -> Self {
        Self { trusted, ops: Vec::new(), by_spelling: None, held: BTreeSet::new() }
    }

    pub(super) fn add(&mut self, op: Option<Op>) {
        self.ops.extend(op);
    }

    /// The ops to carry out, and the records whose ends wait for an answer.
    pub(super) fn take(&mut self) -> (Vec<Op>, Vec<ExternalId>) {
        let (held, ops) = (std::mem::take(&mut self.held), std::mem::take(&mut self.ops));
        let (waiting, ops): (Vec<Op>, _) =
            ops.into_iter().partition(|op| op.rekeyed.is_none() && held.contains(&op.id));
        (ops, waiting.into_iter().map(|op| op.id).collect())
    }

    /// The answer of the match rules, corrected now that the unlisted records are known.
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

    /// The records whose ends are planned and whose ids are spelled like this one.
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

/// An id without case, blanks at the ends and leading zeros.
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
