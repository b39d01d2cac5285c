//! The host of the world: people whom several sources know, and what is remembered for each source.
//!
//! It is written for the laws, not for speed, and shares nothing with [`MemoryStore`](tripartite::memory::MemoryStore).
//! What a run asks of a host comes in at [`index`](Ground::index), [`load`](Ground::load) and
//! [`commit`](Ground::commit), and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use tripartite::audit::{AuditEntry, Situation};
use tripartite::id::{ExternalId, LocalId};
use tripartite::plan::Plan;
use tripartite::source::Cursor;
use tripartite::store::{
    Action, Base, Batch, Candidate, CandidateQuery, ConflictChange, IndexEntry, IndexPage, Loaded, Op, OpOutcome,
    OpenConflict, Precondition, Presence, Revision, Synced,
};
use tripartite::value::{Fingerprint, Record, RecordBuilder, Value};

use super::words::{COLUMNS, Frame, WHO, id, number, stated};

const PAGE: usize = 2;

/// What a store does that breaks its promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// A crash leaves the base of an op written, and its record not.
    BaseFirst,
    IgnoresTheRevision,
    EditsKeepTheRevision,
    /// A base or a conflict changes, and no revision tells.
    TouchesKeepTheRevision,
    LosesConflicts,
    OpensConflictsTwice,
    ForgetsMissed,
    WritesTheFirstFieldOnly,
    LosesTheAudit,
    EmptiesWhatIsInactive,
    MovesWithoutTheBase,
    RemembersTheRevisionBefore,
    /// The driver, that is: it takes a part of a listing for all of it.
    TrustsAPart,
    /// And one that breaks off.
    TrustsWhatBrokeOff,
    /// The driver again: it approves what nobody approved.
    ApprovesItself,
    WritesTheRemoved,
    /// The driver: it measures a run of some records by those records.
    MeasuresByItself,
    /// And takes what a guard held back for done.
    ForgetsWhatWasHeld,
    /// A load gives no candidate that is linked.
    HidesWhoIsLinked,
    /// What a person has said that a record is not is forgotten.
    ForgetsWhoIsNot,
    /// A record that gets another id keeps its old one, too.
    KeepsTheOldId,
    /// A base is given without what says who it is of.
    ForgetsWhoItWas,
}

/// A record here.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Person {
    pub(super) fields: [Value; COLUMNS.len()],
    pub(super) revision: u64,
    pub(super) removed: bool,
}

/// A base as it is stored, by names.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    pub(super) said: [Option<Value>; COLUMNS.len()],
    /// What else stands in the base, which is the crate's own.
    pub(super) marks: BTreeMap<String, Value>,
    pub(super) schema: Fingerprint,
    pub(super) version: Option<u64>,
}

/// What is remembered of a person for a source.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Link {
    pub(super) person: usize,
    pub(super) away: bool,
    /// A person took it back after a sync had deactivated it, and no source listed it since.
    pub(super) back: bool,
    pub(super) base: Option<Known>,
    pub(super) synced: Option<Synced>,
    pub(super) open: Vec<OpenConflict>,
    pub(super) missed: u32,
    /// The records of the source that a person has said it is not.
    pub(super) is_not: BTreeSet<u32>,
}

impl Link {
    /// A link of a person who is new.
    pub(super) fn of(person: usize) -> Self {
        Self {
            person,
            away: false,
            back: false,
            base: None,
            synced: None,
            open: Vec::new(),
            missed: 0,
            is_not: BTreeSet::new(),
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct State {
    pub(super) people: Vec<Person>,
    pub(super) links: [BTreeMap<u32, Link>; 2],
}

/// An audit entry.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub(super) source: usize,
    pub(super) person: usize,
    pub(super) id: u32,
    /// Which op it is of.
    pub(super) op: usize,
    pub(super) entry: AuditEntry,
}

/// How much of a batch is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carried {
    Whole,
    /// So many ops, and then the process dies.
    Part(usize),
    /// All but the first op, which cannot be written.
    Refusing,
}

#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub(super) state: State,
    pub(super) audit: Vec<Told>,
    pub(super) fault: Fault,
    ops: usize,
}

impl Ground {
    pub(super) fn new(fault: Fault) -> Self {
        Self { state: State::default(), audit: Vec::new(), fault, ops: 0 }
    }

    pub(super) fn index(&self, source: usize, after: Option<&Cursor>) -> IndexPage {
        let links = &self.state.links[source];
        let rest = links.iter().filter(|(at, _)| after.is_none_or(|after| **at > after.0.parse().unwrap()));
        let entry = |(at, link): (&u32, &Link)| {
            IndexEntry::new(id(*at), Revision(self.state.people[link.person].revision))
                .presence(self.presence(link))
                .synced(link.synced)
                .open(link.open.len() as u32)
                .missed(link.missed)
        };
        let entries: Vec<_> = rest.take(PAGE).map(entry).collect();
        let next = entries.last().filter(|_| entries.len() == PAGE).map(|last| Cursor(number(&last.id).to_string()));
        IndexPage::new(entries, next)
    }

    pub(super) fn load<'i>(
        &self,
        source: usize,
        frame: &Frame,
        ids: impl IntoIterator<Item = &'i ExternalId>,
    ) -> Vec<Loaded> {
        ids.into_iter().filter_map(|id| self.loaded(source, frame, number(id))).collect()
    }

    pub(super) fn loaded(&self, source: usize, frame: &Frame, at: u32) -> Option<Loaded> {
        let link = self.state.links[source].get(&at)?;
        let person = &self.state.people[link.person];
        let forgets = |column| self.fault == Fault::ForgetsWhoItWas && WHO.contains(&column);
        let base = link.base.as_ref().map(|known| {
            Base::new(
                named(frame, |column| known.said[column].as_ref().filter(|_| !forgets(column)), Some(&known.marks)),
                known.schema,
            )
            .version(known.version)
        });
        Some(
            Loaded::new(id(at), Revision(person.revision), named(frame, |column| Some(&person.fields[column]), None))
                .presence(self.presence(link))
                .base(base)
                .synced(link.synced)
                .open(link.open.clone())
                .missed(link.missed),
        )
    }

    /// Whoever has one of the keys, of those that the source knows.
    pub(super) fn near(&self, source: usize, frame: &Frame, near: &CandidateQuery) -> Vec<Candidate> {
        let candidate = |(at, link): (&u32, &Link)| {
            let person = &self.state.people[link.person];
            let record = named(frame, |column| Some(&person.fields[column]), None);
            let is_near = near.rules.keys(&record).iter().any(|key| near.keys.contains(key));
            is_near.then(|| {
                Candidate::new(local(link.person), Revision(person.revision), record)
                    .presence(self.presence(link))
                    .linked(id(*at))
                    .is_not(link.is_not.iter().map(|at| id(*at)).collect())
            })
        };
        let hides = self.fault == Fault::HidesWhoIsLinked;
        self.state.links[source].iter().filter(|_| !hides).filter_map(candidate).collect()
    }

    fn presence(&self, link: &Link) -> Presence {
        match (self.state.people[link.person].removed, link.away) {
            (true, _) => Presence::Removed,
            (false, true) => Presence::Deactivated,
            (false, false) => Presence::Active,
        }
    }

    pub(super) fn commit(&mut self, source: usize, frame: &Frame, batch: &Batch, carried: Carried) -> Vec<OpOutcome> {
        let most = if let Carried::Part(most) = carried { most } else { batch.ops.len() };
        let outcome = |(at, op): (usize, &Op)| match carried {
            Carried::Refusing if at == 0 => OpOutcome::Failed { problem: "it is not to be".to_owned() },
            _ => self.carry_out(source, frame, batch, op),
        };
        let outcomes = batch.ops.iter().enumerate().take(most).map(outcome).collect();
        if let (Fault::BaseFirst, Some(op)) = (self.fault, batch.ops.get(most))
            && let Some(link) = self.state.links[source].get_mut(&number(&op.id))
        {
            remember(link, frame, batch, op);
        }
        outcomes
    }

    fn carry_out(&mut self, source: usize, frame: &Frame, batch: &Batch, op: &Op) -> OpOutcome {
        let (fault, to) = (self.fault, number(&op.id));
        let State { people, links } = &mut self.state;
        let links = &mut links[source];
        let from = op.rekeyed.as_ref().map_or(to, number);
        let known = links.get(&from);
        let expected = match &op.expect {
            // Nobody here is without an external id, and no source has rules to look for them.
            Precondition::Free { .. } => false,
            Precondition::Unlinked => known.is_none(),
            Precondition::Revision(revision) => known
                .is_some_and(|link| people[link.person].revision == revision.0 || fault == Fault::IgnoresTheRevision),
        };
        if !expected || (from != to && links.contains_key(&to)) {
            return OpOutcome::Stale;
        }
        let kept = links.get(&from).filter(|_| fault == Fault::KeepsTheOldId && from != to).cloned();
        let mut link = links.remove(&from).unwrap_or_else(|| {
            people.push(Person { fields: Default::default(), revision: 0, removed: false });
            Link::of(people.len() - 1)
        });
        if from != to && fault == Fault::MovesWithoutTheBase {
            link.base = None;
        }
        link.back = match op.action {
            Action::Deactivate => false,
            // Who says only who somebody is takes nobody back.
            Action::Reactivate(_) => link.away && op.remote.is_none() && op.situation != Situation::Replaced,
            // Whoever gives an id up is missing anew.
            _ => link.back && op.remote.is_none() && op.situation != Situation::Replaced,
        };
        act(fault, &mut people[link.person], &mut link, frame, op);
        remember(&mut link, frame, batch, op);
        let before = u64::from(fault == Fault::RemembersTheRevisionBefore && op.makes_revision());
        if let Some(seen) = op.seen {
            let revision = Revision(people[link.person].revision - before);
            link.synced = Some(Synced::new(revision, seen, batch.policy));
        }
        link.missed = if fault == Fault::ForgetsMissed { 0 } else { op.missed };
        change_conflicts(fault, &mut link.open, &op.conflicts);
        let (person, number) = (link.person, self.ops);
        links.insert(to, link);
        links.extend(kept.map(|kept| (from, kept)));
        if fault != Fault::LosesTheAudit {
            let told = |entry: &AuditEntry| Told { source, person, id: to, op: number, entry: entry.clone() };
            self.audit.extend(op.entries.iter().map(told));
        }
        self.ops += 1;
        OpOutcome::Applied { local: local(person) }
    }

    /// Notes everything of a plan as read.
    pub(super) fn takes_for_done(&mut self, source: usize, plan: &Plan) {
        let State { people, links } = &mut self.state;
        for op in plan.ops() {
            if let (Some(link), Some(seen)) = (links[source].get_mut(&number(&op.id)), op.seen) {
                let revision = Revision(people[link.person].revision);
                link.synced = Some(Synced::new(revision, seen, plan.policy()));
            }
        }
    }

    /// What a user does; the revision tells.
    pub(super) fn user(&mut self, person: usize, change: impl FnOnce(&mut Person)) {
        let keeps = self.fault == Fault::EditsKeepTheRevision;
        if let Some(person) = self.state.people.get_mut(person) {
            change(person);
            person.revision += u64::from(!keeps);
        }
    }
}

fn local(person: usize) -> LocalId {
    LocalId::new(format!("person {person}")).unwrap()
}

fn act(fault: Fault, person: &mut Person, link: &mut Link, frame: &Frame, op: &Op) {
    match &op.action {
        Action::Create(patch) | Action::Update(patch) | Action::Reactivate(patch) => {
            let stated =
                frame.columns.iter().enumerate().filter_map(|(at, &column)| Some((column, stated(patch.field(at))?)));
            let most = if fault == Fault::WritesTheFirstFieldOnly { 1 } else { COLUMNS.len() };
            for (column, value) in stated.take(most) {
                person.fields[column] = value;
            }
        }
        Action::Deactivate => link.away = true,
        _ => {}
    }
    if matches!(op.action, Action::Reactivate(_)) {
        (link.away, person.removed) = (false, false);
    }
    if fault == Fault::EmptiesWhatIsInactive && link.away {
        person.fields = Default::default();
    }
    if fault == Fault::WritesTheRemoved && person.removed {
        person.removed = false;
    }
    let untold = fault == Fault::TouchesKeepTheRevision && op.action == Action::Touch;
    person.revision += u64::from(op.makes_revision() && !untold);
}

fn remember(link: &mut Link, frame: &Frame, batch: &Batch, op: &Op) {
    let Some(base) = &op.base else { return };
    let mut said: [Option<Value>; COLUMNS.len()] = Default::default();
    let mut marks = BTreeMap::new();
    for (position, &column) in frame.columns.iter().enumerate() {
        said[column] = stated(base.field(position));
    }
    if let Value::Map(beyond) = base.extra().to_value() {
        for (name, value) in beyond {
            match COLUMNS.iter().position(|column| *column == name) {
                Some(column) => said[column] = Some(value),
                None => drop(marks.insert(name, value)),
            }
        }
    }
    link.base = Some(Known { said, marks, schema: batch.schema, version: op.version });
}

fn change_conflicts(fault: Fault, open: &mut Vec<OpenConflict>, changes: &[ConflictChange]) {
    for change in changes {
        match change {
            ConflictChange::Open(_) if fault == Fault::LosesConflicts => {}
            ConflictChange::Open(conflict) | ConflictChange::Update(conflict) => {
                if fault != Fault::OpensConflictsTwice {
                    open.retain(|known| known.unit != conflict.unit);
                }
                open.push(conflict.clone());
            }
            ConflictChange::Close { unit } => open.retain(|known| known.unit != *unit),
        }
    }
}

/// Columns as a record of a schema; `marks`: with what the schema does not know, and these beside it.
fn named<'v>(
    frame: &Frame,
    value: impl Fn(usize) -> Option<&'v Value>,
    marks: Option<&BTreeMap<String, Value>>,
) -> Record {
    let mut row = RecordBuilder::new(frame.columns.len());
    for (position, &column) in frame.columns.iter().enumerate() {
        if let Some(value) = value(column) {
            row.set(position, value).unwrap();
        }
    }
    let beyond = (0..COLUMNS.len()).filter(|column| marks.is_some() && !frame.columns.contains(column));
    let mut others: BTreeMap<_, _> =
        beyond.filter_map(|column| Some((COLUMNS[column].to_owned(), value(column)?.clone()))).collect();
    others.extend(marks.cloned().unwrap_or_default());
    if !others.is_empty() {
        row.set_extra(others).unwrap();
    }
    row.finish()
}
