//! What became of records that are not listed: moved to another id, gone, or missing.
//!
//! It is known when the listing is over, so that the order of its items does not count:
//!
//! | beside a tombstone, the listing has | and so |
//! |---|---|
//! | nothing else of this id | the tombstone is believed |
//! | a record of a larger version | the record is believed |
//! | a record of a smaller version | the tombstone is believed |
//! | a record, and nothing tells which is newer | neither is believed |
//! | that it moved to another id | it moved |

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::core::{Core, Purpose};
use super::index::Slot;
use super::report::{Incomplete, Unwritten};
use super::{Loading, Step};
use crate::audit::Situation;
use crate::failure::Failure;
use crate::id::ExternalId;
use crate::plan::{Quarantined, plan_missing, plan_rekeyed, plan_rekeyed_gone, plan_rekeyed_missing, plan_tombstone};
use crate::source::{Next, RemoteRecord};
use crate::store::{Action, LoadRequest, Loaded, Op, Presence, listings_without};

/// How many records are loaded at a time.
const PAGE: usize = 500;

/// What became of one record.
#[derive(Debug)]
pub(super) enum Unlisted {
    /// And is gone under its new id, perhaps.
    Moved {
        from: ExternalId,
        to: ExternalId,
        gone: Option<Option<u64>>,
    },
    Gone {
        id: ExternalId,
        version: Option<u64>,
    },
    Missing(ExternalId),
}

impl Unlisted {
    /// Whose records must be loaded.
    fn ids(&self) -> impl Iterator<Item = &ExternalId> {
        let ids = match self {
            Self::Moved { from, to, .. } => [Some(from), Some(to)],
            Self::Gone { id, .. } | Self::Missing(id) => [Some(id), None],
        };
        ids.into_iter().flatten()
    }
}

impl Core {
    pub(super) fn tombstone(&mut self, id: ExternalId, version: Option<u64>) {
        match self.gone.get_mut(&id) {
            Some(known) => {
                self.counts.duplicates += 1;
                *known = (*known).max(version);
            }
            None => drop(self.gone.insert(id, version)),
        }
    }

    pub(super) fn rekeyed(&mut self, from: ExternalId, to: ExternalId) {
        let known = !self.moves.entry(from).or_default().insert(to);
        self.counts.duplicates += u64::from(known);
    }

    /// A run that reads no index learns from the records themselves what it would have told.
    pub(super) fn looked_at<'l>(&mut self, loaded: impl Iterator<Item = &'l Loaded>) {
        if self.run.only.is_none() {
            return;
        }
        for record in loaded {
            let can_be_missing = record.presence == Presence::Active && record.synced.is_some();
            if self.index.learn(record.id.as_str(), can_be_missing) {
                self.counts.conflicts_open += record.open.len() as u64;
            }
        }
    }

    /// What the guards take for the size of the listing: in a part of one, what is gone was spoken of, too.
    pub(super) fn listed_in_all(&self) -> u64 {
        if self.complete { self.size } else { self.size + self.gone.len() as u64 }
    }

    pub(super) fn finish_listing(mut self: Box<Self>, end: Next) -> Step {
        self.complete = matches!(end, Next::Complete { .. });
        // Where a page was lost and a record repeated, as when the source changes under the enumeration, lines add up.
        self.size = self.index.listed + self.nameless;
        self.incomplete = self.incomplete(end);
        self.counts.unanswered = self.unanswered.len() as u64;
        self.trusted = self.complete && self.incomplete.is_none();
        if self.read_nothing() {
            return Step::Done(self.failed(Failure::Retry { after: None }));
        }
        let mut last = self.moved();
        self.apply_tombstones(&mut last);
        if self.incomplete.is_some() {
            self.withheld = self.index.missing().count() as u64;
        } else if self.trusted {
            let missing = self.index.missing().chain(self.index.disputed());
            last.extend(missing.filter_map(|id| ExternalId::new(id).ok()).map(Unlisted::Missing));
        }
        self.load_unlisted(last)
    }

    /// Whether the source listed something, and nothing of it could be read: that is the source's failure. Of one record that
    /// was asked for it is a word on that record.
    fn read_nothing(&self) -> bool {
        let malformed = |aside: &Quarantined| aside.situation == Situation::Malformed;
        self.run.only.is_none()
            && self.counts.processed > 0
            && self.counts.quarantined == self.counts.processed
            && self.quarantined.iter().all(malformed)
            && self.gone.is_empty()
            && self.moves.is_empty()
    }

    /// Why a listing that was to be everything cannot be trusted to be.
    fn incomplete(&self, end: Next) -> Option<Incomplete> {
        match end {
            Next::More(_) | Next::Partial => None,
            Next::BrokenOff { problem } => Some(Incomplete::BrokenOff { problem }),
            Next::Complete { .. } if self.nameless > 0 => Some(Incomplete::Unreadable { items: self.nameless }),
            Next::Complete { total } => total
                .filter(|&stated| stated != self.size)
                .map(|stated| Incomplete::Miscounted { stated, listed: self.size }),
        }
    }

    /// The moves of records that are linked here, each to its last id.
    fn moved(&mut self) -> Vec<Unlisted> {
        let moves = std::mem::take(&mut self.moves);
        let mut arrivals = BTreeMap::<ExternalId, Vec<&ExternalId>>::new();
        for from in moves.keys() {
            let slot = self.index.slot(from.as_str());
            let listed = self.index.listed(slot).is_some();
            // A run of some records has read no index, and finds out when it loads them.
            if self.run.only.is_none() && !self.is_linked(from) && !listed {
                self.counts.ignored += 1;
                continue;
            }
            self.index.speak_for(from.as_str());
            match end_of(&moves, from, |id| self.is_linked(id)) {
                Some(to) if !listed => arrivals.entry(to).or_default().push(from),
                _ => {
                    let problem = "the source says that this record has another id, and contradicts itself";
                    self.mistaken(from.clone(), problem.to_owned());
                    moves[from].iter().for_each(|to| self.unborn(to));
                }
            }
        }
        let taken: BTreeSet<ExternalId> = arrivals.keys().filter(|to| self.is_linked(to)).cloned().collect();
        let mut moved = Vec::new();
        for (to, from) in arrivals {
            match from[..] {
                // Whose id another record is to have stays, too: who moves first must not decide.
                [from] if !taken.contains(from) => moved.push(Unlisted::Moved { from: from.clone(), to, gone: None }),
                _ => {
                    for from in from {
                        let problem = format!("the source gave {to} to this record, and an id is given twice");
                        self.mistaken(from.clone(), problem);
                    }
                    self.unborn(&to);
                }
            }
        }
        moved
    }

    fn is_linked(&mut self, id: &ExternalId) -> bool {
        let slot = self.index.slot(id.as_str());
        self.index.is_linked(slot)
    }

    /// Whoever has this id may be here under another one, and is not created.
    fn unborn(&mut self, id: &ExternalId) {
        let slot = self.index.slot(id.as_str());
        if self.index.listed(slot).is_some() && !self.index.is_linked(slot) {
            let problem = "the source may have called this record otherwise before, and contradicts itself";
            self.mistaken(id.clone(), problem.to_owned());
        }
    }

    /// Adds the tombstones that are believed.
    fn apply_tombstones(&mut self, last: &mut Vec<Unlisted>) {
        let arrivals = last.iter().enumerate().filter_map(|(at, last)| match last {
            Unlisted::Moved { to, .. } => Some((to.clone(), at)),
            _ => None,
        });
        let arrivals: BTreeMap<ExternalId, usize> = arrivals.collect();
        for (id, version) in self.gone.clone() {
            let slot = self.index.slot(id.as_str());
            let arrival = arrivals.get(&id).and_then(|&at| last.get_mut(at));
            // It moved, and is gone under its old id; or all that is said of it is in doubt.
            if self.index.is_set_aside(slot) || (self.index.is_spoken_for(slot) && self.index.listed(slot).is_none()) {
                continue;
            }
            if !self.is_believed(&id, version, slot) {
                continue;
            }
            match arrival {
                Some(Unlisted::Moved { gone, .. }) => *gone = Some(version),
                _ if self.run.only.is_none() && !self.index.can_end(slot) => self.counts.ignored += 1,
                _ => {
                    self.index.speak_for(id.as_str());
                    last.push(Unlisted::Gone { id, version });
                }
            }
        }
    }

    /// Whether a tombstone is believed, and not the record that is listed beside it.
    fn is_believed(&mut self, id: &ExternalId, version: Option<u64>, slot: Slot) -> bool {
        let Some(listed) = self.index.listed(slot) else { return true };
        match version.zip(listed).map(|(version, listed)| version.cmp(&listed)) {
            Some(Ordering::Greater) => {
                self.take_back(slot);
                return true;
            }
            Some(Ordering::Less) => self.counts.ignored += 1,
            Some(Ordering::Equal) | None => self.contradicted(id.clone(), &mut BTreeMap::new()),
        }
        false
    }

    /// A record that was listed and is gone is only gone. What was written of it as it came, in streaming mode, stands.
    fn take_back(&mut self, slot: Slot) {
        let planned = self.ops.remove(&slot).is_some() | self.pending.remove(&slot).is_some();
        if planned || !self.streams() {
            self.counts.processed -= 1;
            self.counts.unchanged -= u64::from(!planned);
            self.index.unlist(slot);
        }
    }

    /// Sets an id aside that several records here have.
    fn shared(&mut self, id: ExternalId) {
        let problem = "several records here have this id; which of them it is, a person decides".to_owned();
        self.set_aside(Quarantined::of(id, Situation::Ambiguous, problem), &mut BTreeMap::new());
    }

    /// Sets aside what is said of an id that several records here have: that id, and the other one of a move.
    fn in_doubt(&mut self, id: &ExternalId) {
        let slot = self.index.slot(id.as_str());
        if self.is_twice(id) {
            self.shared(id.clone());
        } else if self.index.listed(slot).is_some() || self.index.is_linked(slot) {
            let problem = "the source gave this record another id, and several records here have one of the two";
            self.mistaken(id.clone(), problem.to_owned());
        }
    }

    fn mistaken(&mut self, id: ExternalId, problem: String) {
        self.set_aside(Quarantined::of(id, Situation::IdentityConflict, problem), &mut BTreeMap::new());
    }

    pub(super) fn load_unlisted(self: Box<Self>, mut last: Vec<Unlisted>) -> Step {
        if last.is_empty() {
            return self.judge();
        }
        let rest = last.split_off(last.len().min(PAGE));
        let ids: BTreeSet<&ExternalId> = last.iter().flat_map(Unlisted::ids).collect();
        let ids: Vec<ExternalId> = ids.into_iter().cloned().collect();
        Step::Loading(Loading { core: self, wanted: LoadRequest::of(ids), purpose: Purpose::Unlisted(last, rest) })
    }

    pub(super) fn plan_unlisted(&mut self, last: Unlisted, loaded: &mut BTreeMap<ExternalId, Loaded>) {
        if last.ids().any(|id| self.is_twice(id)) {
            return last.ids().for_each(|id| self.in_doubt(id));
        }
        let planned = match last {
            Unlisted::Moved { from, to, gone } => self.plan_moved(&from, &to, gone, loaded),
            Unlisted::Gone { id, version } => self.plan_gone(loaded.get(&id), version),
            Unlisted::Missing(id) => {
                loaded.get(&id).and_then(|loaded| plan_missing(&self.run.policy, loaded, self.run.missing_after))
            }
        };
        self.last.extend(planned);
    }

    fn plan_gone(&mut self, loaded: Option<&Loaded>, version: Option<u64>) -> Option<Op> {
        let planned = loaded.and_then(|loaded| plan_tombstone(&self.run.policy, loaded, version));
        self.counts.ignored += u64::from(planned.is_none());
        planned
    }

    fn plan_moved(
        &mut self,
        from: &ExternalId,
        to: &ExternalId,
        gone: Option<Option<u64>>,
        loaded: &BTreeMap<ExternalId, Loaded>,
    ) -> Option<Op> {
        let slot = self.index.slot(to.as_str());
        let Some(known) = loaded.get(from) else {
            self.counts.ignored += 1;
            return gone.and_then(|version| self.plan_gone(loaded.get(to), version));
        };
        if self.index.is_set_aside(slot) {
            return None;
        }
        if loaded.contains_key(to) {
            let problem = format!("the source gave this id to the record {from}, but another record here has it");
            self.mistaken(to.clone(), problem);
            return None;
        }
        if let Some(version) = gone {
            return Some(plan_rekeyed_gone(&self.run.policy, to, known, version));
        }
        if self.trusted && self.index.listed(slot).is_none() {
            return Some(plan_rekeyed_missing(&self.run.policy, to, known, self.run.missing_after));
        }
        let waits = self.pending.remove(&slot).map(|pending| pending.remote);
        let planned = self.ops.remove(&slot).and_then(|op| Some((op.version, op.remote?)));
        let planned = planned.map(|(version, record)| RemoteRecord { id: to.clone(), version, record });
        let remote = waits.or(planned);
        if let (Some(remote), Some(base)) = (&remote, &known.base) {
            self.noted.add(self.run.policy.schema(), remote, &base.record, &known.local);
        }
        Some(plan_rekeyed(&self.run.policy, to, remote.as_ref(), known))
    }

    /// Plans once more what was not listed under the id that it had here.
    pub(super) fn plan_last_again(&mut self, op: &Op, loaded: &mut BTreeMap<ExternalId, Loaded>) -> Option<Op> {
        let policy = &self.run.policy;
        let Some(from) = &op.rekeyed else {
            let known = loaded.get(&op.id)?;
            return match listings_without(op.missed) {
                0 => plan_tombstone(policy, known, op.version),
                // What was due is due.
                _ if op.action == Action::Deactivate => plan_missing(policy, known, 1),
                _ => plan_missing(policy, known, self.run.missing_after),
            };
        };
        let counted = listings_without(op.missed) > 0;
        match (loaded.get(from), loaded.contains_key(&op.id)) {
            (Some(known), false) if op.remote.is_none() && !counted && op.action == Action::Deactivate => {
                Some(plan_rekeyed_gone(policy, &op.id, known, op.version))
            }
            (Some(known), false) if counted => {
                let after = if op.action == Action::Deactivate { 1 } else { self.run.missing_after };
                Some(plan_rekeyed_missing(policy, &op.id, known, after))
            }
            (Some(known), false) => {
                let (id, version) = (op.id.clone(), op.version);
                let remote = op.remote.clone().map(|record| RemoteRecord { id, version, record });
                Some(plan_rekeyed(policy, &op.id, remote.as_ref(), known))
            }
            _ => {
                self.counts.skipped += 1;
                let problem = "its new id was taken, or its old one given up, while it was being written".to_owned();
                self.unwritten.push(Unwritten { id: op.id.clone(), problem });
                None
            }
        }
    }
}

/// The last id that a record moved to: through ids that nobody here has, and not in a circle.
fn end_of(
    moves: &BTreeMap<ExternalId, BTreeSet<ExternalId>>,
    from: &ExternalId,
    mut is_linked: impl FnMut(&ExternalId) -> bool,
) -> Option<ExternalId> {
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
