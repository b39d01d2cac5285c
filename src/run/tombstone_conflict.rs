//! A tombstone and a record of the same id in one listing: which of the two is believed.
//!
//! This is decided when the listing is over, so the order of its items does not matter:
//!
//! | beside a tombstone, the listing has | and so |
//! |---|---|
//! | nothing else of this id | the tombstone is believed |
//! | a record of a larger version | the record is believed |
//! | a record of a smaller version | the tombstone is believed |
//! | a record, and nothing tells which is newer | neither is believed |
//! | that it moved to another id | it moved |

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::closing::Closing;
use super::index::Slot;
use super::planning::Changed;
use super::rekeyed::Rekeyed;
use crate::id::ExternalId;

/// A record is gone.
#[derive(Debug)]
pub(super) struct Gone {
    pub(super) id: ExternalId,
    pub(super) version: Option<u64>,
}

impl Closing {
    /// The tombstones that are believed. The tombstone of a record that moved is stored in its move.
    pub(super) fn apply_tombstones(&mut self, moved: &mut [Rekeyed]) -> Vec<Gone> {
        let mut arrivals: BTreeMap<ExternalId, &mut Rekeyed> =
            moved.iter_mut().map(|moved| (moved.to.clone(), moved)).collect();
        let gone = std::mem::take(&mut self.unlisted.gone);
        let mut believed = Vec::new();
        for (id, &version) in &gone {
            let slot = self.slot(id);
            let index = &self.planning.context.index;
            // Either the record moved, and is gone under its old id, or its statements contradict each other.
            if index.is_set_aside(slot) || (index.is_spoken_for(slot) && index.listed(slot).is_none()) {
                continue;
            }
            if !self.is_believed(id, version, slot) {
                continue;
            }
            let context = &mut self.planning.context;
            match arrivals.get_mut(id) {
                Some(moved) => moved.gone = Some(version),
                None if context.run.only.is_none() && !context.index.can_end(slot) => context.outcomes.ignored(),
                None => {
                    context.index.speak_for(id.as_str());
                    believed.push(Gone { id: id.clone(), version });
                }
            }
        }
        self.unlisted.gone = gone;
        believed
    }

    /// Whether a tombstone is believed, and not the record that is listed beside it.
    fn is_believed(&mut self, id: &ExternalId, version: Option<u64>, slot: Slot) -> bool {
        let Some(listed) = self.planning.context.index.listed(slot) else { return true };
        match version.zip(listed).map(|(version, listed)| version.cmp(&listed)) {
            Some(Ordering::Greater) => {
                self.take_back(slot);
                return true;
            }
            // The record was created again after the deletion.
            Some(Ordering::Less) => self.planning.context.outcomes.ignored(),
            Some(Ordering::Equal) | None => self.planning.contradicted(id.clone(), &mut Changed::new()),
        }
        false
    }

    /// Takes back what was planned of a listed record that is gone. In streaming mode, what was already written stands.
    fn take_back(&mut self, slot: Slot) {
        if self.planning.withdraw(slot) || !self.planning.context.streams() {
            self.planning.context.index.unlist(slot);
        }
    }
}
