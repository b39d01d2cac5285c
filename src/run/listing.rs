//! The first phase: items are taken in page by page, changed records are loaded and planned, unreadable ones are set
//! aside.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{ById, Context};
use super::drift::FieldCensus;
use super::index::{Sighting, Slot};
use super::normal_ids::{NormalIds, Taken};
use super::options::{Mode, Run};
use super::planning::{Changed, Planning};
use super::renamed::LinkedSpellings;
use super::repeat;
use super::scope::Scope;
use super::summary::{Done, Summary};
use crate::audit::Situation;
use crate::failure::Failure;
use crate::id::ExternalId;
use crate::plan::{AsideReason, PackedOps, Quarantined};
use crate::source::{Item, Malformed, RemoteRecord};
use crate::store::{IndexEntry, LoadRequest, Records};

#[derive(Debug)]
pub(super) struct Listing {
    pub(super) planning: Planning,
    linked: u64,
    /// The fields that the listing has.
    census: FieldCensus,
    spellings: LinkedSpellings,
    ids: NormalIds,
    /// How many listed records say that they have left.
    left: u64,
    /// In a run of some records: the records that the source has not answered for so far.
    unanswered: BTreeSet<ExternalId>,
    /// How many listed items could be any record.
    nameless: u64,
    unlisted: UnlistedSoFar,
    /// Records that were listed a second time with another fingerprint, when the first statement was no longer kept.
    doubtful: Vec<(Slot, RemoteRecord)>,
}

/// The tombstones and moves of a listing. They are acted on when the listing is over.
#[derive(Debug, Default)]
pub(super) struct UnlistedSoFar {
    /// The new ids that the source gave to each old id. There should be one.
    pub(super) moves: BTreeMap<ExternalId, BTreeSet<ExternalId>>,
    /// The versions of the records that the source says are gone.
    pub(super) gone: BTreeMap<ExternalId, Option<u64>>,
}

/// What is left of a listing that is over.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) planning: Planning,
    pub(super) summary: Summary,
    pub(super) unanswered: u64,
    pub(super) nameless: u64,
    /// How many of them say that they have left.
    pub(super) left: u64,
    pub(super) unlisted: UnlistedSoFar,
}

impl Listing {
    pub(super) fn new(run: Run) -> Self {
        Self {
            linked: 0,
            census: FieldCensus::new(run.policy.schema()),
            spellings: LinkedSpellings::default(),
            ids: NormalIds::new(run.policy.schema().ids()),
            left: 0,
            unanswered: run.only.iter().flatten().cloned().collect(),
            nameless: 0,
            unlisted: UnlistedSoFar::default(),
            doubtful: Vec::new(),
            planning: Planning::new(Context::new(run)),
        }
    }

    pub(super) fn add_to_index(&mut self, entries: &[IndexEntry]) {
        self.linked += entries.len() as u64;
        if !self.ids.is_exact() {
            entries.iter().for_each(|entry| self.ids.link(&entry.id));
        }
        self.planning.context.add_to_index(entries);
    }

    /// Whether a run of some records needs the index.
    pub(super) fn reads_index(&self) -> bool {
        !self.ids.is_exact()
    }

    /// How many records are linked, according to the index.
    pub(super) fn linked(&self) -> u64 {
        self.linked
    }

    pub(super) fn only(&self) -> Option<&[ExternalId]> {
        self.planning.context.run.only.as_deref()
    }

    pub(super) fn stream(&mut self) {
        self.planning.context.run.mode = Mode::Streaming;
    }

    /// Takes a page. Returns what must be loaded before it can be planned, if anything.
    pub(super) fn list(&mut self, items: Vec<Item>) -> Option<(LoadRequest, Changed)> {
        let mut changed = Changed::new();
        for item in items {
            self.item(item, &mut changed);
        }
        if changed.is_empty() && self.doubtful.is_empty() {
            return None;
        }
        let context = &self.planning.context;
        let doubtful: BTreeSet<&ExternalId> = self.doubtful.iter().map(|(_, remote)| &remote.id).collect();
        let ids = changed.values().map(|remote| &remote.id).chain(doubtful).cloned().collect();
        let near = context.near(changed.values().filter(|remote| !context.index.knows(remote.id.as_str())));
        Some((LoadRequest { ids, near }, changed))
    }

    #[inline]
    fn item(&mut self, item: Item, changed: &mut Changed) {
        if self.only().is_some() && !self.answers(&item) {
            return self.planning.context.outcomes.ignored();
        }
        if self.ids.is_exact() {
            return self.take(item, changed);
        }
        match self.ids.take(item) {
            Taken::Item(item) => self.take(item, changed),
            Taken::Nothing => self.planning.context.outcomes.ignored(),
            Taken::Ambiguous(id) => self.ambiguous(id, changed),
        }
    }

    #[inline]
    fn take(&mut self, item: Item, changed: &mut Changed) {
        match item {
            Item::Record(remote) if self.says_gone(&remote) => self.left(remote),
            Item::Record(remote) => self.record(remote, changed),
            Item::Malformed(malformed) => self.malformed(malformed, changed),
            Item::Tombstone { id, version } => self.tombstone(id, version),
            Item::Rekeyed { from, to } => self.rekeyed(from, to),
        }
    }

    /// Whether an item is about a record that was asked for, or could be about any record. The record counts as
    /// answered for.
    fn answers(&mut self, item: &Item) -> bool {
        let asked = self.only().unwrap_or_default();
        let is_exact = self.ids.is_exact();
        let is_asked = |id: &ExternalId| match is_exact {
            true => asked.binary_search(id).is_ok(),
            false => asked.iter().any(|asked| self.ids.same(asked, id)),
        };
        let answers = item.ids().next().is_none() || item.ids().any(is_asked);
        if answers {
            for id in item.ids() {
                self.unanswered.remove(id);
                if !is_exact {
                    self.unanswered.retain(|asked| !self.ids.same(asked, id));
                }
            }
        }
        answers
    }

    #[inline]
    fn record(&mut self, remote: RemoteRecord, changed: &mut Changed) {
        let index = &mut self.planning.context.index;
        let (slot, sighting) = index.list(remote.id.as_str(), remote.version, remote.fingerprint());
        match sighting {
            Sighting::Unchanged => self.census.count(&remote.record),
            Sighting::Changed => {
                self.census.count(&remote.record);
                changed.insert(slot, remote);
            }
            Sighting::Repeated => self.planning.context.outcomes.duplicate(),
            // It is set aside already: one more statement changes nothing.
            Sighting::SetAside => {}
            Sighting::Reworded => self.reworded(slot, remote, changed),
        }
    }

    fn reworded(&mut self, slot: Slot, remote: RemoteRecord, changed: &mut Changed) {
        let schema = self.planning.context.run.policy.schema();
        match changed.get(&slot).map(|first| first.record.clone()).or_else(|| self.planning.said(slot)) {
            None => self.doubtful.push((slot, remote)),
            Some(first) if repeat::same(schema, &first, &remote.record) => self.planning.context.outcomes.duplicate(),
            Some(_) => self.planning.contradicted(remote.id, changed),
        }
    }

    fn ambiguous(&mut self, id: ExternalId, changed: &mut Changed) {
        let problem = AsideReason::TwoSpellings.said();
        self.planning.set_aside(Quarantined::of(id, Situation::Ambiguous, problem), changed);
    }

    fn says_gone(&self, remote: &RemoteRecord) -> bool {
        self.planning.context.run.policy.schema().says_gone(&remote.record)
    }

    /// A listed record that says that it has left: its fields are no news.
    fn left(&mut self, remote: RemoteRecord) {
        self.census.count(&remote.record);
        self.left += u64::from(!self.unlisted.gone.contains_key(&remote.id));
        self.tombstone(remote.id, remote.version);
    }

    fn malformed(&mut self, malformed: Malformed, changed: &mut Changed) {
        let Malformed { place, id, problem } = malformed;
        let quarantined =
            Quarantined { id, place: Some(place), situation: Situation::Malformed, problem, matched: None };
        if quarantined.id.is_some() {
            self.planning.set_aside(quarantined, changed);
        } else {
            self.nameless += 1;
            self.planning.context.outcomes.set_aside_beside(quarantined);
        }
    }

    fn tombstone(&mut self, id: ExternalId, version: Option<u64>) {
        match self.unlisted.gone.get_mut(&id) {
            Some(known) => {
                self.planning.context.outcomes.duplicate();
                // `None` is smaller than every version, so a stated version wins.
                *known = (*known).max(version);
            }
            None => drop(self.unlisted.gone.insert(id, version)),
        }
    }

    fn rekeyed(&mut self, from: ExternalId, to: ExternalId) {
        if !self.unlisted.moves.entry(from).or_default().insert(to) {
            self.planning.context.outcomes.duplicate();
        }
    }

    /// Plans a page after its records are loaded. In streaming mode, returns the ops to write at once.
    pub(super) fn plan_page(&mut self, remotes: Changed, records: Records) -> PackedOps {
        let context = &mut self.planning.context;
        let (loaded, candidates) = (context.by_id(records.linked), context.candidates(records.candidates));
        context.learn(loaded.values());
        self.settle_doubtful(&loaded);
        let context = &mut self.planning.context;
        let found = context.evidence(remotes.values(), &loaded, &candidates);
        context.count_keys(&found);
        let mut named = context.named(found, &candidates);
        for (slot, remote) in remotes {
            let (context, known) = (&mut self.planning.context, loaded.get(&remote.id));
            if let Some(evidence) = named.remove(&remote.id) {
                self.planning.wait(slot, remote, Some(evidence), &candidates);
            } else if context.has_vanished(slot, &remote.id, &loaded) {
                context.leave_to_the_next(remote.id);
            } else if known.is_none() && self.spellings.has(&context.index, &remote.id) {
                self.planning.wait(slot, remote, None, &candidates);
            } else {
                self.planning.plan(slot, &remote, known);
            }
        }
        if self.planning.context.streams() { self.planning.take_ops() } else { PackedOps::default() }
    }

    /// Tells repetitions from contradictions: the host has what the first statement said.
    fn settle_doubtful(&mut self, loaded: &ById) {
        for (slot, remote) in std::mem::take(&mut self.doubtful) {
            let context = &mut self.planning.context;
            if context.index.is_set_aside(slot) {
                continue;
            }
            let schema = context.run.policy.schema();
            if loaded.get(&remote.id).is_some_and(|first| repeat::is_known(schema, first, &remote.record)) {
                context.outcomes.duplicate();
            } else {
                self.planning.contradicted(remote.id, &mut Changed::new());
            }
        }
    }

    pub(super) fn over(self) -> Listed {
        let summary = Summary::open(Scope::of(self.only()), self.census, &self.unanswered);
        let unanswered = self.unanswered.len() as u64;
        let Self { planning, nameless, left, unlisted, .. } = self;
        Listed { planning, summary, unanswered, nameless, left, unlisted }
    }

    pub(super) fn failed(self, failure: Failure) -> Done {
        let Listed { planning, summary, .. } = self.over();
        summary.failed(planning.context, failure)
    }
}
