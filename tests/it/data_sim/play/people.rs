//! People: they join, edit, remove and take back, decide and restore.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::audit::{AuditEntry, FieldEntry};
use tripartite::decide::{Answer, batch, decide, part, rename, restore};
use tripartite::id::PersonId;
use tripartite::matching::Match;
use tripartite::run::RunOutcome;
use tripartite::store::{Loaded, OpOutcome, OpenConflict, WHOLE_RECORD};
use tripartite::value::Value;

use super::World;
use crate::data_sim::act::How;
use crate::data_sim::asked::{Question, asks_as_said, asks_who, like, who};
use crate::data_sim::laws::{Checked, in_question, law};
use crate::data_sim::source::Look;
use crate::data_sim::store::{Carried, Fault, Link, Person};
use crate::data_sim::words::{COLUMNS, Words, id, number, otherwise, value};
use crate::support::{at, run_id};

impl World {
    pub(super) fn joins(&mut self, words: Words, ids: [u32; 2]) {
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
            state.links[source].insert(ids[source], Link::of(person));
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
        let open = |(at, link): (&u32, &Link)| {
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
        let same = matches!(answer, Answer::TakeRemote);
        let Ok(op) = decide(&frame.policy, &loaded, &[(unit.as_str(), answer)], &nuala()) else { return Ok(()) };
        let whose =
            asks_who(&loaded.open).filter(|_| unit == WHOLE_RECORD && self.asks_what_is_said(source, at, &loaded));
        let person = self.ground.state.links[source][&at].person;
        let batch = batch(&frame.policy, run_id("desk"), self.office_hours(), vec![op], None);
        let outcomes = self.commit(source, &frame, &batch, Carried::Whole, None)?;
        law("decided", matches!(outcomes[..], [OpOutcome::Applied { .. }]), || format!("{unit}: {outcomes:?}"))?;
        let link = &self.ground.state.links[source][&number(&batch.ops[0].id)];
        law("decided", link.open.iter().all(|conflict| conflict.unit != unit), || format!("{unit} is still open"))?;
        if whose.is_some() { self.answered(source, at, None, person, same) } else { Ok(()) }
    }

    /// Whether the source means by an id whom it is asked about, who is nobody else here, and says nothing else of it.
    fn asks_what_is_said(&self, source: usize, at: u32, loaded: &Loaded) -> bool {
        let said = &self.sources[source];
        let Some(words) = said.has(at).filter(|_| self.frame(source).tells) else { return false };
        let word = |column: usize| value(column, words[column]);
        let asked = asks_who(&loaded.open).is_some_and(|asked| asks_as_said(asked, word));
        let spelled = self.ground.state.links[source].contains_key(&otherwise(at));
        let is_like = !like(&self.ground.state, source, at, who(word)).is_empty() || spelled;
        asked && !is_like && !said.is_back(at) && !said.tells_of_moving(at)
    }

    /// Says of a question of the last run that the two are one, or that they are not.
    pub(super) fn answers(&mut self, source: usize, which: u8, same: bool) -> Checked {
        let asked = &self.asked[source];
        let Some(&asked) = asked.get(usize::from(which) % asked.len().max(1)) else { return Ok(()) };
        let frame = self.frame(source);
        let Some(loaded) = self.ground.loaded(source, &frame, asked.was) else { return Ok(()) };
        let still = self.is_still_asked(source, asked);
        let person = self.ground.state.links[source][&asked.was].person;
        let op = if same {
            Some(rename(&frame.policy, &id(asked.is), &loaded, &nuala()))
        } else {
            let forgets = self.ground.fault == Fault::ForgetsWhoIsNot;
            if let Some(link) = self.ground.state.links[source].get_mut(&asked.was).filter(|_| !forgets) {
                link.is_not.insert(asked.is);
            }
            let spelled = otherwise(asked.is) == asked.was;
            spelled.then(|| part(&frame.policy, &loaded, &id(asked.is), &nuala())).flatten()
        };
        if let Some(op) = op {
            let batch = batch(&frame.policy, run_id("desk"), self.office_hours(), vec![op], None);
            self.commit(source, &frame, &batch, Carried::Whole, None)?;
        }
        if still { self.answered(source, asked.is, Some(asked.was), person, same) } else { Ok(()) }
    }

    /// When somebody decides; no two decide at once.
    fn office_hours(&self) -> DateTime<Utc> {
        at() + TimeDelta::seconds(self.done as i64)
    }

    /// Whether the source says what it said, and nobody else has to do with it.
    fn is_still_asked(&self, source: usize, asked: Question) -> bool {
        let (said, links, frame) = (&self.sources[source], &self.ground.state.links[source], self.frame(source));
        let Question { is, was } = asked;
        let listed = said.has(is).is_some() && !said.is_back(is) && said.has(was).is_none();
        let moved = said.tells_of_moving(is) || said.tells_of_moving(was);
        let like = |at: u32| {
            let words = said.has(at).filter(|_| frame.tells);
            let whom = words.and_then(|words| who(|column| value(column, words[column])));
            like(&self.ground.state, source, at, whom)
        };
        let spelled = otherwise(is) == was;
        let alike = like(is);
        let by_rule = alike == [was] && !links.contains_key(&otherwise(is));
        let one = by_rule || (spelled && alike.iter().all(|at| *at == was));
        let other = |at: u32| at != is && !links.contains_key(&at) && (like(at).contains(&was) || otherwise(at) == was);
        listed && !moved && one && !links.contains_key(&is) && !said.ids().any(other)
    }

    /// What an answer comes to, once the source was read again, on a copy: the two are one, or one of them is new and the
    /// other one is missing.
    fn answered(&self, source: usize, is: u32, was: Option<u32>, person: usize, same: bool) -> Checked {
        let mut world = self.aside();
        for _ in 0..=self.setup.missing_after {
            let sent = world.listing(source, Look::WHOLE);
            let Some((report, _)) = world.whole(source, sent, How::PLAIN)? else { return Ok(()) };
            // What cannot be read is nobody's, and what may be several ones' is another question.
            let aside = report.set_aside.iter().filter(|aside| aside.id == Some(id(is)));
            let otherwise = |matched: &Option<Match>| !matches!(matched, Some(Match::Renamed { .. }));
            if report.outcome == RunOutcome::Failed || aside.map(|aside| &aside.matched).any(otherwise) {
                return Ok(());
            }
        }
        let links = &world.ground.state.links[source];
        let removed = world.ground.state.people[person].removed;
        let now = links.get(&is);
        if same {
            // Of ids that are spelled alike, it may be asked next who it is.
            let here = |link: &Link| removed || !link.away || asks_who(&link.open).is_some();
            let one = now.is_some_and(|link| link.person == person && here(link));
            let left = links.iter().filter(|(at, link)| link.person == person && **at != is).count();
            return law("answered", one && left == 0, || format!("m-{is} is person {person}, and it is {now:?}"));
        }
        law("answered", now.is_some_and(|link| link.person != person), || {
            format!("m-{is} is not person {person}, and it is {now:?}")
        })?;
        let old = links.iter().find(|(at, link)| link.person == person && was.is_none_or(|was| was == **at));
        // Whom the source may call otherwise by now is another question.
        let asked = in_question(&world.ground.state, source, &world.frame(source), &world.sources[source]);
        let missing = old.is_some_and(|(at, link)| {
            let left = removed || link.away || link.back || link.synced.is_none();
            *at != is && (left || asked.contains(at))
        });
        law("answered", missing, || format!("person {person} is nobody's any more, and is {old:?}"))
    }

    pub(super) fn restores(&mut self, which: usize) -> Checked {
        let told: Vec<_> = self.ground.audit.iter().filter(|told| matches!(told.entry, AuditEntry::Field(_))).collect();
        let Some(told) = told.get(told.len().wrapping_sub(1 + which)).copied().cloned() else { return Ok(()) };
        let links = &self.ground.state.links[told.source];
        let Some(at) = links.iter().find(|(_, link)| link.person == told.person).map(|(at, _)| *at) else {
            return Ok(());
        };
        let unit = |entry: &FieldEntry| entry.group.clone().unwrap_or_else(|| entry.field.clone());
        let AuditEntry::Field(first) = &told.entry else { return Ok(()) };
        let same = |other: &AuditEntry| match other {
            AuditEntry::Field(entry) if unit(entry) == unit(first) => Some(entry.clone()),
            _ => None,
        };
        let entries: Vec<_> =
            self.ground.audit.iter().filter(|it| it.op == told.op).filter_map(|it| same(&it.entry)).collect();
        let frame = self.frame(told.source);
        let loaded = self.ground.loaded(told.source, &frame, at).unwrap();
        let entries: Vec<_> = entries.iter().collect();
        let Ok(op) = restore(&frame.policy, &loaded, &entries, &nuala()) else { return Ok(()) };
        let batch = batch(&frame.policy, run_id("desk"), self.office_hours(), vec![op], None);
        self.commit(told.source, &frame, &batch, Carried::Whole, None).map(drop)
    }
}

fn nuala() -> PersonId {
    PersonId::new("Nuala").unwrap()
}
