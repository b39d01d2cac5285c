//! Records to which the source gave another id, as far as its statements agree with each other.

use std::collections::{BTreeMap, BTreeSet};

use super::closing::Closing;
use crate::id::ExternalId;
use crate::plan::AsideReason;

/// A record has another id from now on.
#[derive(Debug)]
pub(super) struct Rekeyed {
    pub(super) from: ExternalId,
    pub(super) to: ExternalId,
    /// Set when the record is gone under its new id: the version of the deletion, if the source counts versions.
    pub(super) gone: Option<Option<u64>>,
}

/// The new ids that the source gave to each old id. There should be one.
type Moves = BTreeMap<ExternalId, BTreeSet<ExternalId>>;

impl Closing {
    /// The moves of records that are linked here, each to its last id.
    pub(super) fn rekeyed(&mut self) -> Vec<Rekeyed> {
        let moves = std::mem::take(&mut self.unlisted.moves);
        let arrivals = self.arrivals(&moves);
        let taken: BTreeSet<ExternalId> = arrivals.keys().filter(|to| self.is_linked(to)).cloned().collect();
        let mut moved = Vec::new();
        for (to, from) in arrivals {
            match from[..] {
                // If its id is given to another record, it does not move either: the result must not depend on the
                // order of moves.
                [from] if !taken.contains(from) => moved.push(Rekeyed { from: from.clone(), to, gone: None }),
                _ => {
                    for from in from {
                        self.mistaken(from.clone(), &AsideReason::GivenTwice { to: to.clone() });
                    }
                    self.unborn(&to);
                }
            }
        }
        moved
    }

    /// The records that move, by their last ids.
    fn arrivals<'m>(&mut self, moves: &'m Moves) -> BTreeMap<ExternalId, Vec<&'m ExternalId>> {
        let mut arrivals = BTreeMap::<ExternalId, Vec<&ExternalId>>::new();
        for (from, tos) in moves {
            let slot = self.slot(from);
            let context = &mut self.planning.context;
            let listed = context.index.listed(slot).is_some();
            // A run of some records has read no index: whether the record is linked is known when it is loaded.
            if context.run.only.is_none() && !context.index.is_linked(slot) && !listed {
                context.outcomes.ignored();
                continue;
            }
            // The source has said what happened to the old id, so it is not missing.
            context.index.speak_for(from.as_str());
            match end_of(moves, from, |id| self.is_linked(id)) {
                Some(to) if !listed => arrivals.entry(to).or_default().push(from),
                _ => {
                    self.mistaken(from.clone(), &AsideReason::MoveContradicted);
                    tos.iter().for_each(|to| self.unborn(to));
                }
            }
        }
        arrivals
    }

    /// Sets aside the unlinked record that is listed under this id: it may be linked here under another id.
    fn unborn(&mut self, id: &ExternalId) {
        let slot = self.slot(id);
        let index = &self.planning.context.index;
        if index.listed(slot).is_some() && !index.is_linked(slot) {
            self.mistaken(id.clone(), &AsideReason::OriginContradicted);
        }
    }
}

/// The id at the end of a chain of moves. There is none if the chain is a circle or branches.
fn end_of(moves: &Moves, from: &ExternalId, mut is_linked: impl FnMut(&ExternalId) -> bool) -> Option<ExternalId> {
    let (mut passed, mut at) = (BTreeSet::from([from]), from);
    while let Some(next) = moves.get(at) {
        at = next.first().filter(|_| next.len() == 1)?;
        passed.insert(at).then_some(())?;
        if is_linked(at) {
            break;
        }
    }
    Some(at.clone())
}
