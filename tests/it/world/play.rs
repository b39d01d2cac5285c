//! The world itself: carries out one act after another, and lets runs go on between any two.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::json;
use tripartite::decide::{Answer, batch, decide, restore};
use tripartite::exchange::{
    Action, Batch, Entry, FieldEntry, Item, Next, OpenConflict, Outcome, Presence, WHOLE_RECORD,
};
use tripartite::id::PersonId;
use tripartite::plan::{Guards, Limit, Plan};
use tripartite::run::{Counts, Done, Mode, Report, Run, RunOutcome, Step};
use tripartite::value::Value;

use super::act::{Act, Break, How, Setup};
use super::laws::{Broken, Checked, Commit, at_rest, committed, law};
use super::source::{Look, Sent, Source};
use super::store::{Carried, Fault, Ground, Link, Person};
use super::words::{COLUMNS, Frame, Way, id, number, value};
use crate::support::{at, run_id};

/// A run under way.
struct Running {
    source: usize,
    frame: Rc<Frame>,
    step: Step,
    sent: Sent,
    how: How,
    stopped: bool,
    applies: bool,
    wrote: Wrote,
    /// How many commits there had been when it began, and how many of them it made itself.
    began: u64,
    commits: u64,
}

/// What a run wrote, counted beside it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Wrote {
    ops: u64,
    created: u64,
    updated: u64,
    reactivated: u64,
    deactivated: u64,
    rekeyed: u64,
}

/// How far a run went.
enum Flow {
    On(Box<Running>),
    Over(Box<Report>, Option<Plan>, Wrote),
    /// Nobody knows; whoever drove it is gone.
    Lost,
}

pub(super) struct World {
    setup: Setup,
    pub(super) ground: Ground,
    sources: [Source; 2],
    ways: [Way; 2],
    runs: [Option<Box<Running>>; 2],
    plan: Option<(usize, Way, Sent, String)>,
    /// The newest version of a record that a whole run has taken into account.
    heard: [BTreeMap<u8, u64>; 2],
    commits: u64,
    /// How many runs there were, for the sum.
    pub(super) made: u64,
}

impl World {
    pub(super) fn new(setup: Setup, fault: Fault) -> Self {
        Self {
            setup,
            ground: Ground::new(fault),
            sources: [Source::new(setup.counts), Source::new(setup.counts)],
            ways: setup.ways,
            runs: [None, None],
            plan: None,
            heard: Default::default(),
            commits: 0,
            made: 0,
        }
    }

    /// A copy, without what is under way.
    fn aside(&self) -> Self {
        let (ground, sources, heard) = (self.ground.clone(), self.sources.clone(), self.heard.clone());
        Self { ground, sources, heard, ways: self.ways, ..Self::new(self.setup, self.ground.fault) }
    }

    fn frame(&self, source: usize) -> Rc<Frame> {
        Frame::of(self.ways[source])
    }

    fn fault(&self) -> Fault {
        self.ground.fault
    }

    pub(super) fn act(&mut self, act: Act) -> Checked {
        match act {
            Act::Says { source, id, words } => self.sources[usize::from(source)].says(id, words),
            Act::Drops { source, id } => self.sources[usize::from(source)].drops(id),
            Act::Moves { source, from, to } => self.sources[usize::from(source)].moves(from, to),
            Act::GoesBack { source, id } => self.sources[usize::from(source)].goes_back(id),
            Act::Joins { words, ids } => self.joins(words, ids),
            Act::Edits { person, column, word } => self.edits(usize::from(person), usize::from(column), word),
            Act::Removes { person } => self.ground.user(usize::from(person), |person| person.removed = true),
            Act::TakesBack { person } => self.takes_back(usize::from(person)),
            Act::Decides { source, which, answer } => self.decides(usize::from(source), which, answer)?,
            Act::Restores { which } => self.restores(usize::from(which))?,
            Act::Policy { source, way } => self.ways[usize::from(source)] = way,
            Act::Starts { slot, source, look, how } => self.starts(usize::from(slot), usize::from(source), look, how),
            Act::Steps { slot, times, refusing } => self.steps(usize::from(slot), times, refusing)?,
            Act::Crashes { slot, at } => self.crashes(usize::from(slot), at)?,
            Act::Plans { source, look } => self.plans(usize::from(source), look)?,
            Act::Applies { slot } => self.applies(usize::from(slot)),
            Act::Twin { source, look, how, call, at } => self.twin(usize::from(source), look, how, call, at)?,
            Act::Again { source, look, gone, moves, told } => {
                self.again(usize::from(source), look, gone, &moves[..usize::from(told)])?;
            }
            Act::Parts { source, size, turn } => self.parts(usize::from(source), size, turn)?,
            Act::Order { source, size, turn, twice } => self.order(usize::from(source), size, turn, twice)?,
        }
        Ok(())
    }

    // ---- people ------------------------------------------------------------------------------------------------------

    fn joins(&mut self, words: super::words::Words, ids: [u8; 2]) {
        let sources = if self.setup.two { 0..2 } else { 0..1 };
        let free: Vec<usize> =
            sources.filter(|&source| !self.ground.state.links[source].contains_key(&ids[source])).collect();
        if free.is_empty() {
            return;
        }
        let state = &mut self.ground.state;
        let fields = std::array::from_fn(|column| value(column, words[column]).unwrap_or_default());
        state.people.push(Person { fields, revision: 1, removed: false });
        let person = state.people.len() - 1;
        for source in free {
            let link = Link { person, away: false, base: None, synced: None, open: Vec::new(), missed: 0 };
            state.links[source].insert(ids[source], link);
        }
    }

    fn edits(&mut self, person: usize, column: usize, word: u8) {
        if self.ground.state.people.get(person).is_some_and(|person| !person.removed) {
            let value = value(column, word).unwrap_or_default();
            self.ground.user(person, |person| person.fields[column] = value);
        }
    }

    fn takes_back(&mut self, person: usize) {
        self.ground.user(person, |person| person.removed = false);
        for link in self.ground.state.links.iter_mut().flat_map(BTreeMap::values_mut) {
            link.away &= link.person != person;
        }
    }

    fn decides(&mut self, source: usize, which: u8, answer: u8) -> Checked {
        let frame = self.frame(source);
        let links = self.ground.state.links[source].iter();
        let open = |(at, link): (&u8, &Link)| {
            link.open.iter().map(|conflict: &OpenConflict| (*at, conflict.unit.clone())).collect::<Vec<_>>()
        };
        let open: Vec<_> = links.flat_map(open).collect();
        let Some((at, unit)) = open.get(usize::from(which) % open.len().max(1)).cloned() else { return Ok(()) };
        let entered = |column: usize| value(column, 4).unwrap_or_default();
        let answer = match (answer, unit.as_str()) {
            (0, _) => Answer::TakeLocal,
            (1, _) | (_, WHOLE_RECORD) => Answer::TakeRemote,
            (_, "pair") => Answer::Value(Value::Map(BTreeMap::from([("two".to_owned(), entered(5))]))),
            (_, name) => Answer::Value(entered(COLUMNS.iter().position(|column| *column == name).unwrap())),
        };
        let loaded = self.ground.loaded(source, &frame, at).unwrap();
        let Ok(op) = decide(&frame.policy, &loaded, &[(unit.as_str(), answer)], &nuala()) else { return Ok(()) };
        let batch = batch(&frame.policy, run_id("desk"), at_noon(), vec![op]);
        self.commit(source, &frame, &batch, Carried::Whole, None)?;
        let link = &self.ground.state.links[source][&at];
        law("decided", link.open.iter().all(|conflict| conflict.unit != unit), || format!("{unit} is still open"))
    }

    fn restores(&mut self, which: usize) -> Checked {
        let told: Vec<_> = self.ground.audit.iter().filter(|told| matches!(told.entry, Entry::Field(_))).collect();
        let Some(told) = told.get(told.len().wrapping_sub(1 + which)).copied().cloned() else { return Ok(()) };
        let links = &self.ground.state.links[told.source];
        let Some(at) = links.iter().find(|(_, link)| link.person == told.person).map(|(at, _)| *at) else {
            return Ok(());
        };
        let unit = |entry: &FieldEntry| entry.group.clone().unwrap_or_else(|| entry.field.clone());
        let Entry::Field(first) = &told.entry else { return Ok(()) };
        let same = |other: &Entry| match other {
            Entry::Field(entry) if unit(entry) == unit(first) => Some(entry.clone()),
            _ => None,
        };
        let entries: Vec<_> =
            self.ground.audit.iter().filter(|it| it.op == told.op).filter_map(|it| same(&it.entry)).collect();
        let frame = self.frame(told.source);
        let loaded = self.ground.loaded(told.source, &frame, at).unwrap();
        let entries: Vec<_> = entries.iter().collect();
        let Ok(op) = restore(&frame.policy, &loaded, &entries, &nuala()) else { return Ok(()) };
        let batch = batch(&frame.policy, run_id("desk"), at_noon(), vec![op]);
        self.commit(told.source, &frame, &batch, Carried::Whole, None).map(drop)
    }

    // ---- runs --------------------------------------------------------------------------------------------------------

    fn run(&self, frame: &Frame, how: How) -> Run {
        let guards = Guards::default().deactivations(Limit::NONE).emptied(Limit::NONE).names(Limit::NONE);
        let guards = guards.takeovers(Limit::NONE).quarantined(Limit::NONE).allow_empty();
        let nothing = Limit::NONE.absolute(0);
        let guards = if how.guarded.is_some() { guards.updates(nothing).deactivations(nothing) } else { guards };
        let run = Run::new(frame.policy.clone(), run_id("night"), at_noon()).guards(guards);
        let run = run.batch(usize::from(how.batch)).missing_after(u32::from(self.setup.missing_after));
        let run = run.mode(if how.streaming { Mode::Streaming } else { Mode::Planned });
        let only = (0..8).filter(|bit| how.only & (1 << bit) != 0).map(id);
        if how.only == 0 { run } else { run.only(only) }
    }

    fn begin(&mut self, source: usize, sent: Sent, how: How) -> Box<Running> {
        let frame = self.frame(source);
        let run = self.run(&frame, how);
        self.made += 1;
        let mut sent = sent;
        sent.is_whole &= how.only == 0;
        self.running(source, frame, run.start(), sent, how)
    }

    fn running(&self, source: usize, frame: Rc<Frame>, step: Step, sent: Sent, how: How) -> Box<Running> {
        let (wrote, began) = (Wrote::default(), self.commits);
        Box::new(Running { source, frame, step, sent, how, stopped: false, applies: false, wrote, began, commits: 0 })
    }

    fn listing(&mut self, source: usize, look: Look) -> Sent {
        let frame = self.frame(source);
        self.sources[source].listing(&frame, look)
    }

    fn starts(&mut self, slot: usize, source: usize, look: Look, how: How) {
        if self.runs[slot].is_none() {
            let sent = self.listing(source, look);
            self.runs[slot] = Some(self.begin(source, sent, how));
        }
    }

    fn steps(&mut self, slot: usize, times: u8, refusing: bool) -> Checked {
        for _ in 0..times {
            let Some(running) = self.runs[slot].take() else { return Ok(()) };
            let carried = if refusing { Carried::Refusing } else { Carried::Whole };
            if let Flow::On(running) = self.step(running, carried)? {
                self.runs[slot] = Some(running);
            }
        }
        Ok(())
    }

    fn crashes(&mut self, slot: usize, at: Break) -> Checked {
        match self.runs[slot].take() {
            Some(running) => self.breaks(running, at),
            None => Ok(()),
        }
    }

    /// The process dies at the next call.
    fn breaks(&mut self, running: Box<Running>, at: Break) -> Checked {
        let Running { source, frame, step, sent, how, stopped, .. } = *running;
        let Step::Committing(committing) = step else { return Ok(()) };
        let most = match at {
            Break::Before => 0,
            Break::After => committing.request().ops.len(),
            Break::Within(most) => usize::from(most) % (committing.request().ops.len() + 1),
        };
        approved(stopped, how)?;
        self.commit(source, &frame, committing.request(), Carried::Part(most), Some(&sent)).map(drop)
    }

    fn step(&mut self, running: Box<Running>, carried: Carried) -> Result<Flow, Broken> {
        let Running { source, frame, step, sent, how, mut stopped, applies, mut wrote, began, mut commits } = *running;
        let step = match step {
            Step::Indexing(s) => {
                let page = self.ground.index(source, s.request());
                s.resume(page)
            }
            Step::Fetching(s) => match sent.page(s.request()) {
                Some(mut page) => {
                    if self.fault() == Fault::TrustsAPart && page.next == Next::Partial {
                        page.next = Next::Complete { total: None };
                    }
                    s.resume(page)
                }
                None => return Ok(Flow::Lost),
            },
            Step::Loading(s) => {
                let loaded = self.ground.load(source, &frame, &s.request().ids);
                s.resume(loaded.into())
            }
            Step::Committing(s) => {
                approved(stopped, how)?;
                let outcomes = self.commit(source, &frame, s.request(), carried, Some(&sent))?;
                wrote.add(s.request(), &outcomes);
                commits += 1;
                s.resume(outcomes)
            }
            Step::Stopped(s) => {
                law("P10", how.streaming || wrote.ops == 0, || "a blocked plan was written in part".to_owned())?;
                stopped = true;
                let itself = self.fault() == Fault::ApprovesItself;
                if how.guarded == Some(true) || itself {
                    let plan = s.plan().id();
                    s.approve(plan)
                } else {
                    Step::Done(s.finish())
                }
            }
            Step::Done(Done { report, plan }) => {
                let alone = self.commits == began + commits;
                self.counted(source, &report, &wrote, how, alone && plan.is_none() && !applies)?;
                if plan.is_none() && !applies && how.only == 0 && report.outcome == RunOutcome::Succeeded {
                    for (number, version) in sent.versions() {
                        let heard = self.heard[source].entry(number).or_default();
                        *heard = version.max(*heard);
                    }
                }
                return Ok(Flow::Over(Box::new(report), plan, wrote));
            }
        };
        Ok(Flow::On(Box::new(Running { source, frame, step, sent, how, stopped, applies, wrote, began, commits })))
    }

    fn commit(
        &mut self,
        source: usize,
        frame: &Frame,
        batch: &Batch,
        carried: Carried,
        sent: Option<&Sent>,
    ) -> Result<Vec<Outcome>, Broken> {
        let (before, told) = (self.ground.state.clone(), self.ground.audit.len());
        let outcomes = self.ground.commit(source, frame, batch, carried);
        self.commits += 1;
        committed(&Commit {
            before: &before,
            after: &self.ground.state,
            told: &self.ground.audit[told..],
            source,
            frame,
            batch,
            outcomes: &outcomes,
            sent,
            says: &self.sources[source],
            heard: &self.heard[source],
        })?;
        Ok(outcomes)
    }

    /// The counts are what was written, and every record that was listed is one thing.
    fn counted(&self, source: usize, report: &Report, wrote: &Wrote, how: How, alone: bool) -> Checked {
        let c = &report.counts;
        if !report.dry_run && report.blocked.is_empty() && alone {
            let said = Wrote {
                ops: wrote.ops,
                created: c.created,
                updated: c.updated,
                reactivated: c.reactivated,
                deactivated: c.deactivated,
                rekeyed: c.rekeyed,
            };
            law("counts", said == *wrote, || format!("{said:?} was reported, and {wrote:?} was done"))?;
        }
        let parts = c.created + c.updated + c.unchanged + c.reactivated + c.quarantined + c.skipped + c.failed;
        let plain = alone && c.rekeyed + c.skipped + c.failed == 0 && report.blocked.is_empty();
        law("counts", !plain || parts == c.processed, || format!("{parts} things for {} records", c.processed))?;
        let open: usize = self.ground.state.links[source].values().map(|link| link.open.len()).sum();
        let asks = alone && !report.dry_run && report.blocked.is_empty() && how.only == 0;
        law("counts", !asks || c.conflicts_open == open as u64, || {
            format!("{} conflicts are said to be open, and {open} are", c.conflicts_open)
        })
    }

    /// A run to its end.
    fn whole(&mut self, source: usize, sent: Sent, how: How) -> Result<Option<(Report, Wrote)>, Broken> {
        let mut running = self.begin(source, sent, how);
        loop {
            running = match self.step(running, Carried::Whole)? {
                Flow::On(running) => running,
                Flow::Over(report, _, wrote) => return Ok(Some((*report, wrote))),
                Flow::Lost => return Ok(None),
            };
        }
    }

    // ---- stored plans ------------------------------------------------------------------------------------------------

    fn plans(&mut self, source: usize, look: Look) -> Checked {
        let (sent, frame) = (self.listing(source, look), self.frame(source));
        let before = self.ground.state.clone();
        let step = self.run(&frame, How::PLAIN).dry().start();
        let mut running = self.running(source, frame, step, sent.clone(), How::PLAIN);
        let plan = loop {
            running = match self.step(running, Carried::Whole)? {
                Flow::On(running) => running,
                Flow::Over(_, plan, _) => break plan,
                Flow::Lost => break None,
            };
        };
        law("P10", before == self.ground.state, || "a dry run wrote".to_owned())?;
        if let Some(plan) = plan {
            self.plan = Some((source, self.ways[source], sent, serde_json::to_string(&plan).unwrap()));
        }
        Ok(())
    }

    fn applies(&mut self, slot: usize) {
        if self.runs[slot].is_some() {
            return;
        }
        let Some((source, way, sent, text)) = self.plan.take() else { return };
        let plan = Plan::read(Frame::of(way).schema(), &mut serde_json::Deserializer::from_str(&text)).unwrap();
        let frame = self.frame(source);
        self.made += 1;
        let step = self.run(&frame, How::PLAIN).apply(plan);
        let running = self.running(source, frame, step, sent, How::PLAIN);
        self.runs[slot] = Some(Box::new(Running { applies: true, ..*running }));
    }

    // ---- copies of the world -----------------------------------------------------------------------------------------

    fn twin(&mut self, source: usize, look: Look, how: How, call: u8, at: Break) -> Checked {
        let sent = self.listing(source, look);
        let (mut straight, mut broken) = (self.aside(), self.aside());
        straight.whole(source, sent.clone(), how)?;
        let mut running = broken.begin(source, sent.clone(), how);
        // What breaks is a commit: whatever breaks before one leaves no trace.
        let mut commits = 0;
        let over = loop {
            if matches!(running.step, Step::Committing(_)) {
                if commits == call % 4 {
                    broken.breaks(running, at)?;
                    break false;
                }
                commits += 1;
            }
            running = match broken.step(running, Carried::Whole)? {
                Flow::On(running) => running,
                Flow::Over(..) | Flow::Lost => break true,
            };
        };
        if !over {
            broken.whole(source, sent.clone(), how)?;
        }
        for _ in 1..self.setup.missing_after {
            straight.whole(source, sent.clone(), how)?;
            broken.whole(source, sent.clone(), how)?;
        }
        self.made += straight.made + broken.made;
        same("P9", source, &straight, &broken)
    }

    fn again(&mut self, source: usize, look: Look, gone: Option<(u8, u8)>, moves: &[(u8, u8)]) -> Checked {
        let (mut world, frame) = (self.aside(), self.frame(source));
        let said = &mut world.sources[source];
        let mut items = said.items(&frame, look.gone);
        let version = |version: u8| said.version(u64::from(version));
        items.extend(gone.map(|(at, clock)| Item::Tombstone { id: id(at), version: version(clock) }));
        items.extend(moves.iter().map(|(from, to)| Item::Rekeyed { from: id(*from), to: id(*to) }));
        let mut sent = said.sent(&frame, look, items);
        // What is said of who is gone or moved may end anybody.
        sent.gone = (0..12).collect();
        for _ in 0..self.setup.missing_after {
            world.whole(source, sent.clone(), How::PLAIN)?;
        }
        let told = world.ground.audit.len();
        let again = world.whole(source, sent, How::PLAIN)?;
        self.made += world.made;
        let quiet = again.is_none_or(|(_, wrote)| wrote.ops == 0) && world.ground.audit.len() == told;
        law("P5", quiet, || "a listing that was read is news again".to_owned())
    }

    fn parts(&mut self, source: usize, size: u8, turn: u8) -> Checked {
        let frame = self.frame(source);
        let (mut whole, mut parts) = (self.aside(), self.aside());
        let items: Vec<Item> = whole.sources[source].items(&frame, false);
        let items: Vec<Item> = items.into_iter().filter(|item| matches!(item, Item::Record(_))).collect();
        parts.sources[source].said.clone_from(&whole.sources[source].said);
        let links = &self.ground.state.links[source];
        // Who was never in step is not missed, but can be said to be gone.
        let known = |number: &u8| links.get(number).is_none_or(|link| link.synced.is_some());
        let gone: Vec<u8> = (0..8).filter(|at| self.sources[source].has(*at).is_none()).filter(known).collect();
        let mut all = items.clone();
        all.extend(gone.iter().map(|at| Item::Tombstone { id: id(*at), version: None }));
        let mut sent = Sent::of(all);
        sent.gone = gone.into_iter().collect();
        for _ in 0..self.setup.missing_after {
            whole.whole(source, Sent::whole(items.clone()), How::PLAIN)?;
        }
        let mut ids: Vec<u8> = (0..8).collect();
        ids.rotate_left(usize::from(turn));
        for some in ids.chunks(usize::from(size)).chain(ids.chunks(3)) {
            let only = some.iter().fold(0, |only, at| only | 1 << at);
            parts.whole(source, sent.clone(), How { only, ..How::PLAIN })?;
        }
        self.made += whole.made + parts.made;
        same("P13", source, &whole, &parts)
    }

    fn order(&mut self, source: usize, size: u8, turn: u8, twice: u8) -> Checked {
        let straight = self.listing(source, Look { gone: true, ..Look::WHOLE });
        let twice = Some((twice, false));
        let turned = self.listing(source, Look { gone: true, size, turn, twice, ..Look::WHOLE });
        let (mut a, mut b) = (self.aside(), self.aside());
        let first = a.whole(source, straight, How::PLAIN)?;
        let second = b.whole(source, turned, How::PLAIN)?;
        self.made += 2;
        if let (Some((first, _)), Some((second, _))) = (first, second) {
            law("P6", first.plan_id == second.plan_id, || "another order makes another plan".to_owned())?;
            let counts = |counts: Counts| Counts { duplicates: 0, ..counts };
            let (first, second) = (counts(first.counts), counts(second.counts));
            law("P6", first == second, || format!("another order counts otherwise: {first:?}, {second:?}"))?;
        }
        same("P6", source, &a, &b)
    }

    // ---- rest --------------------------------------------------------------------------------------------------------

    /// Nobody does anything any more, and the sources are read until nothing is left to do.
    pub(super) fn comes_to_rest(&mut self) -> Checked {
        self.runs = [None, None];
        let sources = if self.setup.two { 2 } else { 1 };
        let most = 4 + 2 * u32::from(self.setup.missing_after);
        let mut aside: Vec<Vec<u8>> = vec![Vec::new(); sources];
        self.sources.iter_mut().for_each(Source::comes_to_rest);
        let mut rounds = 0;
        while self.round(&mut aside)? > 0 {
            rounds += 1;
            let name = if sources == 2 { "P11" } else { "P5" };
            law(name, rounds <= most, || format!("after {rounds} rounds there is still something to do"))?;
        }
        for (source, aside) in aside.iter().enumerate() {
            // Streamed, a record is written before the end of the listing sets it aside.
            let streaming = How { streaming: aside.is_empty(), ..How::PLAIN };
            let sent = self.listing(source, Look { turn: 1, size: 1, ..Look::WHOLE });
            let told = self.ground.audit.len();
            let again = self.whole(source, sent, streaming)?;
            let quiet = again.is_some_and(|(_, wrote)| wrote.ops == 0) && self.ground.audit.len() == told;
            law("P5", quiet, || "there is something to write again".to_owned())?;
            at_rest(&self.ground.state, source, &self.frame(source), &self.sources[source], aside)?;
        }
        Ok(())
    }

    /// Reads every source once; how many ops that came to. `aside`: what was set aside of each.
    fn round(&mut self, aside: &mut [Vec<u8>]) -> Result<u64, Broken> {
        let mut ops = 0;
        for (source, aside) in aside.iter_mut().enumerate() {
            let sent = self.listing(source, Look::WHOLE);
            let Some((report, wrote)) = self.whole(source, sent, How::PLAIN)? else { continue };
            *aside = report.set_aside.iter().filter_map(|it| it.id.as_ref().map(number)).collect();
            aside.extend(self.sources[source].who_moved_to(aside));
            ops += wrote.ops;
        }
        Ok(ops)
    }
}

impl Wrote {
    fn add(&mut self, batch: &Batch, outcomes: &[Outcome]) {
        for (op, outcome) in batch.ops.iter().zip(outcomes) {
            if !matches!(outcome, Outcome::Applied { .. }) {
                continue;
            }
            self.ops += 1;
            self.rekeyed += u64::from(op.rekeyed.is_some());
            match op.action {
                Action::Create(_) => self.created += 1,
                Action::Update(_) => self.updated += 1,
                Action::Reactivate(_) => self.reactivated += 1,
                Action::Deactivate => self.deactivated += 1,
                _ => {}
            }
        }
    }
}

/// What a guard stopped is written only if somebody approves it.
fn approved(stopped: bool, how: How) -> Checked {
    law("P10", !stopped || how.guarded == Some(true), || "a blocked plan is written".to_owned())
}

/// Two worlds in the same state, in which the same was said; revisions count writes and do not matter.
fn same(name: &'static str, source: usize, a: &World, b: &World) -> Checked {
    let missed = name != "P13";
    let (left, right) = (a.view(source, missed), b.view(source, missed));
    for (at, left) in &left {
        let right = right.get(at);
        law(name, right == Some(left), || format!("m-{at} is {left} and {}", right.map_or("nobody", |it| it)))?;
    }
    law(name, left.len() == right.len(), || "somebody is here only once".to_owned())?;
    let (mut left, mut right) = (a.told(), b.told());
    left.sort();
    right.sort();
    law(name, name == "P13" || a.setup.missing_after > 1 || left == right, || {
        format!("the audit says {left:#?} and {right:#?}")
    })
}

impl World {
    fn view(&self, source: usize, missed: bool) -> BTreeMap<u8, String> {
        let look = |(at, link): (&u8, &Link)| {
            let person = &self.ground.state.people[link.person];
            let base = link.base.as_ref().map(|base| (json!(base.said), base.version));
            let presence = match (person.removed, link.away) {
                (true, _) => Presence::Removed,
                (_, true) => Presence::Deactivated,
                _ => Presence::Active,
            };
            let open = json!(link.open).to_string();
            let missed = link.missed * u32::from(missed);
            (*at, format!("{} {presence:?}, base {base:?}, open {open}, missed {missed}", json!(person.fields)))
        };
        self.ground.state.links[source].iter().map(look).collect()
    }

    fn told(&self) -> Vec<String> {
        self.ground.audit.iter().map(|told| format!("m-{} {}", told.id, json!(told.entry))).collect()
    }
}

fn nuala() -> PersonId {
    PersonId::new("Nuala").unwrap()
}

fn at_noon() -> chrono::DateTime<chrono::Utc> {
    at()
}
