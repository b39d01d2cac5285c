//! People: they join, edit, remove and take back, decide and restore.

use std::collections::BTreeMap;

use tripartite::decide::{Answer, batch, decide, restore};
use tripartite::exchange::{Entry, FieldEntry, OpenConflict, WHOLE_RECORD};
use tripartite::id::PersonId;
use tripartite::value::Value;

use super::{World, at_noon};
use crate::support::run_id;
use crate::world::laws::{Checked, law};
use crate::world::store::{Carried, Link, Person};
use crate::world::words::{COLUMNS, Words, value};

impl World {
    pub(super) fn joins(&mut self, words: Words, ids: [u8; 2]) {
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
            let link = Link { person, away: false, back: false, base: None, synced: None, open: Vec::new(), missed: 0 };
            state.links[source].insert(ids[source], link);
        }
    }

    pub(super) fn edits(&mut self, person: usize, column: usize, word: u8) {
        if self.ground.state.people.get(person).is_some_and(|person| !person.removed) {
            let value = value(column, word).unwrap_or_default();
            self.ground.user(person, |person| person.fields[column] = value);
        }
    }

    pub(super) fn takes_back(&mut self, person: usize) {
        self.ground.user(person, |person| person.removed = false);
        for link in self.ground.state.links.iter_mut().flat_map(BTreeMap::values_mut) {
            link.back |= link.away && link.person == person;
            link.away &= link.person != person;
        }
    }

    pub(super) fn decides(&mut self, source: usize, which: u8, answer: u8) -> Checked {
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
        let batch = batch(&frame.policy, run_id("desk"), at_noon(), vec![op], None);
        self.commit(source, &frame, &batch, Carried::Whole, None)?;
        let link = &self.ground.state.links[source][&at];
        law("decided", link.open.iter().all(|conflict| conflict.unit != unit), || format!("{unit} is still open"))
    }

    pub(super) fn restores(&mut self, which: usize) -> Checked {
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
        let batch = batch(&frame.policy, run_id("desk"), at_noon(), vec![op], None);
        self.commit(told.source, &frame, &batch, Carried::Whole, None).map(drop)
    }
}

fn nuala() -> PersonId {
    PersonId::new("Nuala").unwrap()
}
