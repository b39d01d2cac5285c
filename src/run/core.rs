//! What a run knows, and how it goes from step to step.

use std::collections::{BTreeMap, BTreeSet};

use super::commit::{After, Then};
use super::drift::FieldCensus;
use super::index::{Index, Slot};
use super::matched::{Candidates, Pending};
use super::renamed::{Held, Spellings};
use super::report::{Counts, Incomplete, Unwritten};
use super::unlisted::Unlisted;
use super::{Fetching, Mode, Run, Step};
use crate::id::ExternalId;
use crate::matching::{Claims, Crowds};
use crate::plan::{Noted, PlanHash, PlanId, Quarantined};
use crate::source::{Next, RemoteRecord};
use crate::store::{IndexEntry, Loaded, Op, Presence, Records};

#[derive(Debug)]
pub(super) struct Core {
    pub(super) run: Run,
    pub(super) index: Index,
    linked: u64,
    /// By the record's place, so that a contradicted one can be taken back; ordered, so that a plan is always the same.
    pub(super) ops: BTreeMap<Slot, Op>,
    /// Records that could be one here. What is done about them is known when the listing is over.
    pub(super) pending: BTreeMap<Slot, Pending>,
    /// Which of the source's records could be one here, once the listing is over.
    pub(super) claims: Claims,
    /// Which match keys more than a few records have.
    pub(super) crowds: Crowds,
    /// The records here that a pending one could be.
    pub(super) candidates: Candidates,
    /// The ids that several records here have.
    twice: BTreeSet<ExternalId>,
    pub(super) spellings: Spellings,
    /// Whose ends are not written, because it is asked who they are.
    pub(super) held: Held,
    /// What was planned when the listing was over.
    pub(super) last: Vec<Op>,
    /// By its old id, what the source calls a record from now on; it should be one.
    pub(super) moves: BTreeMap<ExternalId, BTreeSet<ExternalId>>,
    /// In a run of some records, those that the source has not answered for so far.
    pub(super) unanswered: BTreeSet<ExternalId>,
    /// The versions of the records that the source says are gone.
    pub(super) gone: BTreeMap<ExternalId, Option<u64>>,
    /// The id of the plan, once there is a whole one; in streaming mode it adds up batch by batch.
    pub(super) judged: Option<PlanId>,
    /// Whether it carries out a stored plan.
    pub(super) stored: bool,
    pub(super) hash: PlanHash,
    pub(super) counts: Counts,
    /// How many items were listed that could be any record.
    pub(super) nameless: u64,
    /// How many records were listed, each once, and what could be any; known when the listing is over.
    pub(super) size: u64,
    pub(super) withheld: u64,
    /// The listing is over, and was everything the source has.
    pub(super) complete: bool,
    /// It can be trusted to be: whoever is not in it is missing.
    pub(super) trusted: bool,
    /// Why it was to be everything, and cannot be trusted to be.
    pub(super) incomplete: Option<Incomplete>,
    /// Listed a second time in other words, while the first statement is no longer at hand.
    pub(super) doubtful: Vec<(Slot, RemoteRecord)>,
    pub(super) quarantined: Vec<Quarantined>,
    pub(super) noted: Noted,
    /// Which fields the listing has.
    pub(super) census: FieldCensus,
    pub(super) unwritten: Vec<Unwritten>,
}

/// What a load is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// To plan a page of the listing.
    Page(Vec<(Slot, RemoteRecord)>, Next),
    /// To plan what became of records that are not listed, of these and then the rest.
    Unlisted(Vec<Unlisted>, Vec<Unlisted>),
    /// To plan once more what was stale.
    Again(Vec<Op>, After),
    /// Records of a stored plan, before its ops are carried out, and the rest of the plan.
    Check(Vec<Op>, Vec<Op>),
}

impl Core {
    pub(super) fn new(run: Run) -> Self {
        let hash = PlanHash::new(&run.policy);
        let census = FieldCensus::new(run.policy.schema());
        let unanswered = run.only.iter().flatten().cloned().collect();
        Self {
            run,
            index: Index::default(),
            linked: 0,
            ops: BTreeMap::new(),
            pending: BTreeMap::new(),
            claims: Claims::default(),
            crowds: Crowds::default(),
            candidates: Candidates::new(),
            twice: BTreeSet::new(),
            spellings: Spellings::default(),
            held: Held::new(),
            last: Vec::new(),
            moves: BTreeMap::new(),
            unanswered,
            gone: BTreeMap::new(),
            judged: None,
            stored: false,
            hash,
            counts: Counts::default(),
            nameless: 0,
            size: 0,
            withheld: 0,
            complete: false,
            trusted: false,
            incomplete: None,
            doubtful: Vec::new(),
            quarantined: Vec::new(),
            noted: Noted::default(),
            census,
            unwritten: Vec::new(),
        }
    }

    pub(super) fn linked(&self) -> u64 {
        self.linked
    }

    pub(super) fn processed(&self) -> u64 {
        self.counts.processed
    }

    pub(super) fn stream(&mut self) {
        self.run.mode = Mode::Streaming;
    }

    pub(super) fn streams(&self) -> bool {
        self.run.mode == Mode::Streaming && !self.run.dry
    }

    pub(super) fn index(&mut self, entries: Vec<IndexEntry>) {
        let policy = self.run.policy.fingerprint();
        for entry in entries {
            let fresh = entry.synced.filter(|synced| synced.revision == entry.revision && synced.policy == policy);
            // Who is inactive and was not missed is listed, and may be somebody else by now: that is asked already.
            let fresh = fresh.filter(|_| entry.missed == 0);
            self.linked += 1;
            self.counts.conflicts_open += u64::from(entry.open);
            let slot = self.index.link(entry.id.as_str(), entry.can_be_missing(), fresh.map(|synced| synced.seen));
            let present = entry.presence == Presence::Active;
            if present || (entry.presence == Presence::Removed && entry.open > 0) {
                self.index.matters(slot, present);
            }
        }
    }

    pub(super) fn loaded(mut self: Box<Self>, purpose: Purpose, records: Records) -> Step {
        let Records { linked, candidates } = records;
        let mut loaded = self.by_id(linked);
        let candidates = self.candidates(candidates);
        match purpose {
            Purpose::Page(remotes, next) => {
                self.looked_at(loaded.values());
                self.settle(&loaded);
                let found = self.evidence(remotes.iter().map(|(_, remote)| remote), &loaded, &candidates);
                self.count_keys(&found);
                let mut named = self.named(found, &candidates);
                for (slot, remote) in remotes {
                    match named.remove(&remote.id) {
                        Some(evidence) => self.await_the_end(slot, remote, Some(evidence), &candidates),
                        None if self.has_vanished(slot, &remote.id, &loaded) => self.leave_to_the_next(remote.id),
                        None if !loaded.contains_key(&remote.id) && self.is_spelled_otherwise(&remote.id) => {
                            self.await_the_end(slot, remote, None, &candidates);
                        }
                        None => self.plan(slot, &remote, loaded.remove(&remote.id)),
                    }
                }
                if !self.streams() {
                    return self.turn(next);
                }
                let ops = std::mem::take(&mut self.ops).into_values().collect();
                self.commit(ops, After::new(Then::Listing(next)))
            }
            Purpose::Unlisted(these, rest) => {
                self.looked_at(loaded.values());
                for last in these {
                    self.plan_unlisted(last, &mut loaded);
                }
                self.load_unlisted(rest)
            }
            Purpose::Check(ops, rest) => {
                let ops = self.still_due(ops, &loaded);
                self.commit(ops, After::new(Then::Plan(rest)))
            }
            Purpose::Again(stale, after) => {
                let stale = if self.stored { self.still_due(stale, &loaded) } else { stale };
                let ops = self.plan_all_again(&stale, &after, &mut loaded, &candidates);
                self.commit(ops, after)
            }
        }
    }

    /// The records by their ids, but for those whose id several have: which of them it is, nobody can say.
    fn by_id(&mut self, linked: Vec<Loaded>) -> BTreeMap<ExternalId, Loaded> {
        let mut loaded = BTreeMap::new();
        for record in linked {
            let id = record.id.clone();
            if loaded.insert(id.clone(), record).is_some() {
                self.twice.insert(id);
            }
        }
        loaded.retain(|id, _| !self.twice.contains(id));
        loaded
    }

    pub(super) fn is_twice(&self, id: &ExternalId) -> bool {
        self.twice.contains(id)
    }

    /// After a page: the next one, or the end of the listing.
    pub(super) fn turn(self: Box<Self>, next: Next) -> Step {
        match next {
            Next::More(cursor) => Step::Fetching(Fetching { core: self, after: Some(cursor) }),
            _ if self.run.only.is_some() => self.finish_listing(Next::Partial),
            end => self.finish_listing(end),
        }
    }
}
