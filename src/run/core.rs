//! What a run knows, and how it goes from step to step.

use std::collections::{BTreeMap, BTreeSet};

use super::index::{Before, Index, Sighting, Slot};
use super::last::Last;
use super::matched::{Pending, said_by_the_source};
use super::repeat;
use super::report::{Counts, Report, RunOutcome, Unwritten};
use super::{Committing, Done, Fetching, Loading, Mode, Run, Step, Stopped};
use crate::exchange::{
    Action, Batch, IndexEntry, Item, Loaded, Malformed, Next, Op, Outcome, Page, Presence, Quarantined, Records,
    RemoteRecord, Situation, Wanted,
};
use crate::failure::Failure;
use crate::id::ExternalId;
use crate::matching::{Claims, Match};
use crate::plan::{Blocked, Figures, Noted, Plan, PlanHash, PlanId, Tally, plan_creation, plan_linked};

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
    /// The ids that several records here have.
    twice: BTreeSet<ExternalId>,
    /// What was planned when the listing was over.
    pub(super) last: Vec<Op>,
    /// By its old id, what the source calls a record from now on; it should be one.
    pub(super) moves: BTreeMap<ExternalId, BTreeSet<ExternalId>>,
    /// The versions of the records that the source says are gone.
    pub(super) gone: BTreeMap<ExternalId, Option<u64>>,
    /// The id of the plan, once there is a whole one; in streaming mode it adds up batch by batch.
    judged: Option<PlanId>,
    hash: PlanHash,
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
    /// Listed a second time in other words, while the first statement is no longer at hand.
    doubtful: Vec<(Slot, RemoteRecord)>,
    quarantined: Vec<Quarantined>,
    pub(super) noted: Noted,
    pub(super) unwritten: Vec<Unwritten>,
}

/// What a load is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// To plan a page of the listing.
    Page(Vec<(Slot, RemoteRecord)>, Next),
    /// To plan what became of records that are not listed, of these and then the rest.
    Last(Vec<Last>, Vec<Last>),
    /// To plan once more what was stale.
    Again(Vec<Op>, After),
}

/// What comes after the batches under way.
#[derive(Debug)]
pub(super) struct After {
    pub(super) next: Then,
    stale: Vec<Op>,
    again: bool,
}

#[derive(Debug)]
pub(super) enum Then {
    /// More of the listing, in streaming mode.
    Listing(Next),
    /// The end.
    End,
}

impl After {
    fn new(next: Then) -> Self {
        Self { next, stale: Vec::new(), again: false }
    }
}

impl Core {
    pub(super) fn new(run: Run) -> Self {
        let hash = PlanHash::new(run.policy.fingerprint());
        Self {
            run,
            index: Index::default(),
            linked: 0,
            ops: BTreeMap::new(),
            pending: BTreeMap::new(),
            claims: Claims::default(),
            twice: BTreeSet::new(),
            last: Vec::new(),
            moves: BTreeMap::new(),
            gone: BTreeMap::new(),
            judged: None,
            hash,
            counts: Counts::default(),
            nameless: 0,
            size: 0,
            withheld: 0,
            complete: false,
            trusted: false,
            doubtful: Vec::new(),
            quarantined: Vec::new(),
            noted: Noted::default(),
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
            let fresh = fresh.filter(|_| entry.presence != Presence::Deactivated && entry.missed == 0);
            self.linked += 1;
            self.counts.conflicts_open += u64::from(entry.open);
            // Only what was in step once can be missing: the source never had the rest.
            let active = entry.presence == Presence::Active && entry.synced.is_some();
            let slot = self.index.link(entry.id.as_str(), active, fresh.map(|synced| synced.seen));
            let present = entry.presence == Presence::Active;
            if present || (entry.presence == Presence::Removed && entry.open > 0) {
                self.index.matters(slot, present);
            }
        }
    }

    pub(super) fn listed(mut self: Box<Self>, page: Page) -> Step {
        let mut changed = BTreeMap::new();
        for item in page.items {
            let only = self.run.only.as_ref();
            if only.is_some_and(|only| !item.is_about(|id| only.binary_search(id).is_ok())) {
                self.counts.ignored += 1;
                continue;
            }
            match item {
                Item::Record(remote) => self.list(remote, &mut changed),
                Item::Malformed(malformed) => self.malformed(malformed, &mut changed),
                Item::Tombstone { id, version } => self.tombstone(id, version),
                Item::Rekeyed { from, to } => self.rekeyed(from, to),
            }
        }
        if changed.is_empty() && self.doubtful.is_empty() {
            return self.turn(page.next);
        }
        let doubtful: BTreeSet<&ExternalId> = self.doubtful.iter().map(|(_, remote)| &remote.id).collect();
        let ids = changed.values().map(|remote: &RemoteRecord| &remote.id).chain(doubtful).cloned().collect();
        let near = self.near(changed.values().filter(|remote| !self.index.knows(remote.id.as_str())));
        let purpose = Purpose::Page(changed.into_iter().collect(), page.next);
        Step::Loading(Loading { core: self, wanted: Wanted { ids, near }, purpose })
    }

    fn list(&mut self, remote: RemoteRecord, changed: &mut BTreeMap<Slot, RemoteRecord>) {
        let (slot, sighting) = self.index.list(remote.id.as_str(), remote.version, remote.fingerprint());
        match sighting {
            Sighting::Unchanged => {
                self.counts.processed += 1;
                self.counts.unchanged += 1;
            }
            Sighting::Changed => {
                self.counts.processed += 1;
                changed.insert(slot, remote);
            }
            Sighting::Repeated => self.counts.duplicates += 1,
            Sighting::SetAside => {}
            Sighting::Reworded => {
                let planned = self.ops.get(&slot).and_then(|op| op.remote.as_ref());
                let planned = planned.or(self.pending.get(&slot).map(|pending| &pending.remote.record));
                match changed.get(&slot).map(|first| &first.record).or(planned) {
                    None => self.doubtful.push((slot, remote)),
                    Some(first) if repeat::same(self.run.policy.schema(), first, &remote.record) => {
                        self.counts.duplicates += 1;
                    }
                    Some(_) => self.contradicted(remote.id, changed),
                }
            }
        }
    }

    pub(super) fn contradicted(&mut self, id: ExternalId, changed: &mut BTreeMap<Slot, RemoteRecord>) {
        let problem = "the listing has this record twice, and not the same".to_owned();
        self.set_aside(Quarantined::of(id, Situation::DuplicateRemote, problem), changed);
    }

    /// Now that it is known what the first statement came to.
    fn settle(&mut self, loaded: &BTreeMap<ExternalId, Loaded>) {
        for (slot, remote) in std::mem::take(&mut self.doubtful) {
            let first = loaded.get(&remote.id);
            if self.index.is_set_aside(slot) {
                continue;
            }
            if first.is_some_and(|first| repeat::is_known(self.run.policy.schema(), first, &remote.record)) {
                self.counts.duplicates += 1;
            } else {
                self.contradicted(remote.id, &mut BTreeMap::new());
            }
        }
    }

    fn malformed(&mut self, malformed: Malformed, changed: &mut BTreeMap<Slot, RemoteRecord>) {
        let Malformed { place, id, problem } = malformed;
        let quarantined =
            Quarantined { id, place: Some(place), situation: Situation::Malformed, problem, matched: None };
        if quarantined.id.is_some() {
            self.set_aside(quarantined, changed);
        } else {
            self.nameless += 1;
            self.counts.processed += 1;
            self.counts.quarantined += 1;
            self.quarantined.push(quarantined);
        }
    }

    /// Takes back whatever was planned for a record, so that it is neither written nor taken for missing.
    pub(super) fn set_aside(&mut self, quarantined: Quarantined, changed: &mut BTreeMap<Slot, RemoteRecord>) {
        let Some(id) = &quarantined.id else { return };
        let (slot, before) = self.index.set_aside(id.as_str());
        let planned = self.ops.remove(&slot).is_some() | self.pending.remove(&slot).is_some();
        let taken_back = changed.remove(&slot).is_some() | planned;
        match before {
            Before::SetAside => {}
            Before::Listed if taken_back => self.counts.quarantined += 1,
            // What the first statement came to stands, and in streaming mode may be written; the second is set aside.
            Before::Listed if self.streams() => {
                self.counts.processed += 1;
                self.counts.quarantined += 1;
            }
            Before::Listed => {
                self.counts.unchanged -= 1;
                self.counts.quarantined += 1;
            }
            Before::Unlisted => {
                self.counts.processed += 1;
                self.counts.quarantined += 1;
            }
        }
        self.quarantined.push(quarantined);
    }

    pub(super) fn loaded(mut self: Box<Self>, purpose: Purpose, records: Records) -> Step {
        let Records { linked, candidates } = records;
        let mut loaded = self.by_id(linked);
        match purpose {
            Purpose::Page(remotes, next) => {
                self.looked_at(loaded.values());
                self.settle(&loaded);
                let mut near = self.judged(remotes.iter().map(|(_, remote)| remote), &loaded, &candidates);
                for (slot, remote) in remotes {
                    match near.answers.remove(&remote.id) {
                        Some(answer) => self.await_the_end(slot, remote, answer, &near),
                        None if self.has_vanished(slot, &remote.id, &loaded) => self.leave_to_the_next(remote.id),
                        None => self.plan(slot, &remote, loaded.remove(&remote.id)),
                    }
                }
                if !self.streams() {
                    return self.turn(next);
                }
                let ops = std::mem::take(&mut self.ops).into_values().collect();
                self.commit(ops, After::new(Then::Listing(next)))
            }
            Purpose::Last(these, rest) => {
                self.looked_at(loaded.values());
                for last in these {
                    self.plan_last(last, &mut loaded);
                }
                self.load_last(rest)
            }
            Purpose::Again(stale, after) => {
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

    /// Whether it was linked when the index was read, and no longer is: somebody gave its link up, or another run gave it
    /// another id.
    fn has_vanished(&self, slot: Slot, id: &ExternalId, loaded: &BTreeMap<ExternalId, Loaded>) -> bool {
        self.index.is_linked(slot) && !loaded.contains_key(id) && !self.is_twice(id)
    }

    /// The next run knows who is linked now; here, nobody was looked for who could be this record.
    fn leave_to_the_next(&mut self, id: ExternalId) {
        self.index.set_aside(id.as_str());
        self.counts.skipped += 1;
        let problem = "its link was given up while the run was under way".to_owned();
        self.unwritten.push(Unwritten { id, problem });
    }

    fn plan(&mut self, slot: Slot, remote: &RemoteRecord, loaded: Option<Loaded>) {
        match self.plan_one(remote, loaded) {
            Some(op) => {
                self.ops.insert(slot, op);
            }
            None => self.counts.unchanged += u64::from(!self.index.is_set_aside(slot)),
        }
    }

    /// `None`: there is nothing to do, or the record is set aside.
    pub(super) fn plan_one(&mut self, remote: &RemoteRecord, loaded: Option<Loaded>) -> Option<Op> {
        if self.is_twice(&remote.id) {
            let problem = "several records here have this id; which of them it is, a person decides".to_owned();
            return self.refuse(remote.id.clone(), Situation::Ambiguous, problem, None);
        }
        let Some(loaded) = loaded else {
            return match plan_creation(&self.run.policy, remote) {
                Ok(op) => Some(op),
                Err(refusal) => self.refuse(remote.id.clone(), Situation::Malformed, refusal.to_string(), None),
            };
        };
        let op = plan_linked(&self.run.policy, remote, &loaded)?;
        if let Some(base) = &loaded.base {
            self.noted.add(self.run.policy.schema(), remote, &base.record, &loaded.local);
        }
        Some(op)
    }

    /// Sets a record aside of which nothing is planned.
    pub(super) fn refuse(
        &mut self,
        id: ExternalId,
        situation: Situation,
        problem: String,
        matched: Option<Match>,
    ) -> Option<Op> {
        self.index.set_aside(id.as_str());
        self.counts.quarantined += 1;
        let quarantined = Quarantined { matched, ..Quarantined::of(id, situation, problem) };
        self.counts.proposed += u64::from(quarantined.is_proposal());
        self.quarantined.push(quarantined);
        None
    }

    pub(super) fn plan_again(&mut self, op: &Op, loaded: &mut BTreeMap<ExternalId, Loaded>) -> Option<Op> {
        let Some(record) = op.remote.as_ref().filter(|_| op.rekeyed.is_none()) else {
            return self.plan_last_again(op, loaded);
        };
        let quarantined = self.counts.quarantined;
        let remote = RemoteRecord { id: op.id.clone(), version: op.version, record: record.clone() };
        let planned = self.plan_one(&remote, loaded.remove(&op.id));
        let refused = self.counts.quarantined > quarantined;
        if planned.is_none() && !refused {
            self.counts.unchanged += 1;
        }
        planned
    }

    /// After a page: the next one, or the end of the listing.
    fn turn(self: Box<Self>, next: Next) -> Step {
        match next {
            Next::More(cursor) => Step::Fetching(Fetching { core: self, after: Some(cursor) }),
            Next::Complete { total } if self.run.only.is_none() => self.finish_listing(true, total),
            Next::Complete { .. } | Next::Partial => self.finish_listing(false, None),
        }
    }

    pub(super) fn judge(mut self: Box<Self>) -> Step {
        self.settle_claims();
        let mut ops: Vec<Op> = std::mem::take(&mut self.ops).into_values().collect();
        ops.append(&mut self.last);
        let figures = Figures {
            population: self.index.population,
            listed: self.listed_in_all(),
            quarantined: self.quarantined_tally(),
            ..Figures::of(self.run.policy.schema(), &ops, &self.noted)
        };
        let quarantined = self.quarantined.clone();
        let plan =
            Plan { schema: self.run.policy.schema().clone(), policy: self.run.policy.fingerprint(), ops, quarantined };
        let guards = &self.run.guards;
        let reasons = if self.streams() { guards.judge_leaving(&figures) } else { guards.judge(&figures) };
        if !reasons.is_empty() && self.run.approved != Some(plan.id()) {
            return Step::Stopped(Stopped { core: self, plan, reasons });
        }
        if self.run.dry {
            return Step::Done(self.planned(plan, Vec::new()));
        }
        self.commit_plan(plan)
    }

    fn quarantined_tally(&self) -> Tally {
        let wrong = self.quarantined.iter().filter(|quarantined| !quarantined.is_proposal());
        let first = wrong.filter_map(|quarantined| quarantined.id.clone()).take(5).collect();
        Tally { count: self.counts.quarantined - self.counts.proposed, first }
    }

    pub(super) fn commit_plan(mut self: Box<Self>, plan: Plan) -> Step {
        self.judged = (!self.streams()).then(|| plan.id());
        if self.run.dry {
            return Step::Done(self.planned(plan, Vec::new()));
        }
        self.commit(plan.ops, After::new(Then::End))
    }

    pub(super) fn apply(self, plan: Plan) -> Step {
        let mut core = Box::new(self);
        if plan.policy != core.run.policy.fingerprint() {
            let reason = Blocked::OtherPolicy { expected: core.run.policy.fingerprint(), found: plan.policy };
            return Step::Done(core.planned(plan, vec![reason]));
        }
        core.counts.processed = plan.ops.iter().filter(|op| op.remote.is_some()).count() as u64;
        core.counts.processed += plan.quarantined.len() as u64;
        core.counts.quarantined = plan.quarantined.len() as u64;
        core.counts.proposed = plan.quarantined.iter().filter(|aside| aside.is_proposal()).count() as u64;
        core.quarantined.clone_from(&plan.quarantined);
        core.claim_again(&plan);
        core.commit_plan(plan)
    }

    fn commit(self: Box<Self>, mut ops: Vec<Op>, mut after: After) -> Step {
        if !ops.is_empty() {
            let rest = ops.split_off(ops.len().min(self.run.batch));
            let batch = Batch {
                run: self.run.id.clone(),
                at: self.run.at,
                schema: self.run.policy.schema().fingerprint(),
                policy: self.run.policy.fingerprint(),
                ops,
            };
            return Step::Committing(Committing { core: self, batch, rest, after });
        }
        let stale = std::mem::take(&mut after.stale);
        if !stale.is_empty() {
            let ids = stale.iter().flat_map(|op| op.rekeyed.iter().chain([&op.id])).cloned().collect();
            let near = self.near(stale.iter().filter_map(said_by_the_source).collect::<Vec<_>>().iter());
            after.again = true;
            return Step::Loading(Loading {
                core: self,
                wanted: Wanted { ids, near },
                purpose: Purpose::Again(stale, after),
            });
        }
        match after.next {
            Then::Listing(next) => self.turn(next),
            Then::End => Step::Done(self.done()),
        }
    }

    pub(super) fn committed(
        mut self: Box<Self>,
        ops: Vec<Op>,
        outcomes: Vec<Outcome>,
        rest: Vec<Op>,
        mut after: After,
    ) -> Step {
        let mut outcomes = outcomes.into_iter();
        for op in ops {
            let outcome = outcomes.next().unwrap_or_else(|| Outcome::Failed { problem: "no outcome was given".into() });
            match outcome {
                Outcome::Applied { .. } => {
                    self.hash.add(&op);
                    if let Action::Create(_) = op.action {
                        self.index.make(op.id.as_str());
                    }
                    self.counts.add(&op);
                }
                // Nothing was to be written, and the next run looks again.
                Outcome::Stale if op.is_silent() => self.counts.unchanged += u64::from(op.remote.is_some()),
                Outcome::Stale if !after.again => after.stale.push(op),
                Outcome::Stale => {
                    self.counts.skipped += 1;
                    let problem = "changed here twice while it was being written".to_owned();
                    self.unwritten.push(Unwritten { id: op.id, problem });
                }
                Outcome::Failed { problem } => {
                    self.counts.failed += 1;
                    self.unwritten.push(Unwritten { id: op.id, problem });
                }
            }
        }
        self.commit(rest, after)
    }

    fn done(self) -> Done {
        let whole = self.counts.quarantined + self.counts.skipped + self.counts.failed == 0;
        let outcome = if whole { RunOutcome::Succeeded } else { RunOutcome::Partial };
        Done { plan: None, report: self.report(outcome) }
    }

    fn planned(mut self, plan: Plan, blocked: Vec<Blocked>) -> Done {
        self.judged = Some(plan.id());
        plan.ops.iter().for_each(|op| self.counts.add(op));
        let stopped = !blocked.is_empty();
        let mut done = self.done();
        if stopped {
            done.report.outcome = RunOutcome::Blocked;
        }
        done.report.blocked = blocked;
        done.plan = Some(plan);
        done
    }

    pub(super) fn blocked(self, plan: Plan, reasons: Vec<Blocked>) -> Done {
        self.planned(plan, reasons)
    }

    pub(super) fn failed(self, failure: Failure) -> Done {
        let mut report = self.report(RunOutcome::Failed);
        report.failure = Some(failure);
        Done { report, plan: None }
    }

    fn report(self, outcome: RunOutcome) -> Report {
        Report {
            plan_id: self.judged.unwrap_or_else(|| self.hash.id()),
            run: self.run.id,
            at: self.run.at,
            outcome,
            dry_run: self.run.dry,
            counts: self.counts,
            blocked: Vec::new(),
            withheld: self.withheld,
            set_aside: self.quarantined,
            unwritten: self.unwritten,
            failure: None,
        }
    }
}
