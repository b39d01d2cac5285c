//! Copies of the world: what is done in two ways to two of them comes to the same.

use std::collections::BTreeMap;

use serde_json::json;
use tripartite::run::{RunOutcome, Step};
use tripartite::source::Item;
use tripartite::store::Presence;

use super::World;
use super::runs::Flow;
use crate::data_sim::act::{Break, How};
use crate::data_sim::asked::{Who, like, who};
use crate::data_sim::laws::{Checked, law};
use crate::data_sim::source::{Look, Sent};
use crate::data_sim::store::{Carried, Link};
use crate::data_sim::words::{IDS, id, number, otherwise, value};

impl World {
    pub(super) fn twin(&mut self, source: usize, look: Look, how: How, call: u8, at: Break) -> Checked {
        // Half of what is within a share need not be, of what is then left.
        let how = How { share: None, ..how };
        let sent = self.listing(source, look);
        if self.frame(source).tells && self.is_contested(source, &sent) {
            return Ok(());
        }
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
        // Who is passed on by one record to another is asked about until both were read.
        let more = u8::from(self.frame(source).tells);
        for _ in 1..self.setup.missing_after + more {
            straight.whole(source, sent.clone(), how)?;
            broken.whole(source, sent.clone(), how)?;
        }
        self.made += straight.made + broken.made;
        same("P9", source, &straight, &broken)
    }

    pub(super) fn again(&mut self, source: usize, look: Look, gone: Option<(u8, u8)>, moves: &[(u8, u8)]) -> Checked {
        let (mut world, frame) = (self.aside(), self.frame(source));
        let said = &mut world.sources[source];
        let mut items = said.items(&frame, look.gone);
        let version = |version: u8| said.version(u64::from(version));
        items.extend(gone.map(|(at, clock)| Item::Tombstone { id: id(at.into()), version: version(clock) }));
        items.extend(moves.iter().map(|(from, to)| Item::Rekeyed { from: id((*from).into()), to: id((*to).into()) }));
        let mut sent = said.sent(&frame, look, items);
        // What is said of who is gone or moved may end anybody.
        sent.gone = (0..IDS).collect();
        // Who is passed on by one record to another is asked about until both were read.
        let more = u32::from(frame.tells);
        for _ in 0..u32::from(self.setup.missing_after) + more {
            world.whole(source, sent.clone(), How::PLAIN)?;
        }
        let told = world.ground.audit.len();
        let again = world.whole(source, sent, How::PLAIN)?;
        self.made += world.made;
        let quiet = again.is_none_or(|(_, wrote)| wrote.ops == 0) && world.ground.audit.len() == told;
        law("P5", quiet, || "a listing that was read is news again".to_owned())
    }

    pub(super) fn parts(&mut self, source: usize, size: u8, turn: u8) -> Checked {
        let frame = self.frame(source);
        let (mut whole, mut parts) = (self.aside(), self.aside());
        let items: Vec<Item> = whole.sources[source].items(&frame, false);
        let items: Vec<Item> = items.into_iter().filter(|item| matches!(item, Item::Record(_))).collect();
        parts.sources[source].said.clone_from(&whole.sources[source].said);
        let all: Vec<u32> = items
            .iter()
            .filter_map(|item| match item {
                Item::Record(remote) => Some(number(&remote.id)),
                _ => None,
            })
            .collect();
        // Whose id nobody has any more is missing from a whole listing alone.
        let given_up = self.ground.state.links[source].keys().any(|at| *at >= IDS);
        if given_up
            || all.iter().any(|at| self.may_be_another(source, *at))
            || self.is_contested(source, &Sent::of(items.clone()))
        {
            return Ok(());
        }
        let links = &self.ground.state.links[source];
        // Who was never in step is not missed, but can be said to be gone; of whom a user removed, what is asked ends then.
        let removed = |link: &Link| self.ground.state.people[link.person].removed && !link.open.is_empty();
        let known = |number: &u32| links.get(number).is_none_or(|link| link.synced.is_some() || removed(link));
        let gone: Vec<u32> = (0..IDS).filter(|at| self.sources[source].has(*at).is_none()).filter(known).collect();
        let mut all = items.clone();
        all.extend(gone.iter().map(|at| Item::Tombstone { id: id(*at), version: None }));
        let mut sent = Sent::of(all);
        sent.gone = gone.into_iter().collect();
        for _ in 0..self.setup.missing_after {
            let read = whole.whole(source, Sent::whole(items.clone()), How::PLAIN)?;
            // A source of which nothing can be read is broken, and says of nobody that it is gone; who is asked for is.
            if read.is_some_and(|(report, _)| report.outcome == RunOutcome::Failed) {
                self.made += whole.made;
                return Ok(());
            }
        }
        let mut ids: Vec<u32> = (0..IDS).collect();
        ids.rotate_left(usize::from(turn));
        for some in ids.chunks(usize::from(size)).chain(ids.chunks(3)) {
            let only = some.iter().fold(0, |only, at| only | 1 << at);
            parts.whole(source, sent.clone(), How { only, ..How::PLAIN })?;
        }
        self.made += whole.made + parts.made;
        same("P13", source, &whole, &parts)
    }

    pub(super) fn order(&mut self, source: usize, size: u8, turn: u8, twice: u8) -> Checked {
        let straight = self.listing(source, Look { gone: true, ..Look::WHOLE });
        let twice = Some((twice, false));
        let turned = self.listing(source, Look { gone: true, size, turn, twice, ..Look::WHOLE });
        let (mut a, mut b) = (self.aside(), self.aside());
        let first = a.whole(source, straight, How::PLAIN)?;
        let second = b.whole(source, turned, How::PLAIN)?;
        self.made += 2;
        if let (Some((first, _)), Some((second, _))) = (first, second) {
            law("P6", first.plan_id == second.plan_id, || "another order makes another plan".to_owned())?;
            let (first, mut second) = (first.counts, second.counts);
            second.duplicates = first.duplicates;
            law("P6", first == second, || format!("another order counts otherwise: {first:?}, {second:?}"))?;
        }
        same("P6", source, &a, &b)
    }
}

impl World {
    /// Whether the listing has two of one identity, of whom not both are here: what is asked then depends on who is first.
    fn is_contested(&self, source: usize, sent: &Sent) -> bool {
        let (who, links) = (sent.who(&self.frame(source)), &self.ground.state.links[source]);
        let new = who.iter().filter(|(at, _)| !links.contains_key(at));
        let twice = |whom: &Option<Who>| whom.is_some() && who.values().filter(|other| *other == whom).count() > 1;
        new.map(|(_, whom)| whom).any(twice)
    }

    /// Whether a listed record may be one here that has another id.
    fn may_be_another(&self, source: usize, at: u32) -> bool {
        let links = &self.ground.state.links[source];
        let frame = self.frame(source);
        let words = self.sources[source].has(at).filter(|_| frame.tells);
        let whom = words.and_then(|words| who(|column| value(column, words[column])));
        let is_like = links.contains_key(&otherwise(at)) || !like(&self.ground.state, source, at, whom).is_empty();
        !links.contains_key(&at) && is_like
    }
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
    fn view(&self, source: usize, missed: bool) -> BTreeMap<u32, String> {
        let look = |(at, link): (&u32, &Link)| {
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
