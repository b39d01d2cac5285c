//! A source of the world: what it has, all it ever said, and how its listings go wrong on the way.

use std::collections::{BTreeMap, BTreeSet};

use tripartite::source::{Cursor, Item, Malformed, Next, Page, RemoteRecord};

use super::asked::{Who, who};
use super::words::{Frame, SOMEBODY, WHO, Words, id, number, stated};
use crate::support::dice::Dice;

/// How a listing is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// How many items a page has.
    pub(super) size: u8,
    /// By how much the items are turned round.
    pub(super) turn: u8,
    /// Which item comes twice, and whether in other words.
    pub(super) twice: Option<(u8, bool)>,
    /// Which page is lost.
    pub(super) lost: Option<u8>,
    pub(super) end: End,
    /// Whether it says who is gone.
    pub(super) gone: bool,
    /// Whether something in it is no record, and whether one can tell whose it was to be.
    pub(super) odd: Option<Option<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Complete,
    /// With the true total.
    Counted,
    Partial,
    /// The last page cannot be fetched.
    BreaksOff,
    /// The last page ends inside a record; whose it was to be can still be read.
    Torn,
}

impl Look {
    /// All of it, as it is.
    pub(super) const WHOLE: Self =
        Self { size: 3, turn: 0, twice: None, lost: None, end: End::Complete, gone: false, odd: None };

    pub(super) fn any(dice: &mut Dice) -> Self {
        let end = match dice.below(11) {
            10 => End::Torn,
            0 => End::BreaksOff,
            1..=2 => End::Partial,
            3..=5 => End::Counted,
            _ => End::Complete,
        };
        let odd = if dice.in_a_hundred(50) { None } else { Some(dice.small(5)) };
        Self {
            size: 1 + dice.small(4),
            turn: dice.small(6),
            twice: dice.in_a_hundred(30).then(|| (dice.small(6), dice.in_a_hundred(30))),
            lost: dice.in_a_hundred(15).then(|| dice.small(4)),
            end,
            gone: dice.in_a_hundred(50),
            odd: dice.in_a_hundred(8).then_some(odd),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Has {
    version: u64,
    words: Words,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    counts: bool,
    clock: u64,
    now: BTreeMap<u32, Has>,
    past: BTreeMap<u32, Vec<Has>>,
    /// Which earlier statement it repeats, as if it was now.
    back: BTreeMap<u32, Has>,
    gone: BTreeMap<u32, u64>,
    moves: BTreeMap<u32, u32>,
    /// Every statement that ever was on a page.
    pub(super) said: Vec<Words>,
}

/// A listing under way.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pages: Vec<Vec<Item>>,
    end: End,
    total: u64,
    /// Whether it may say by silence who is gone.
    pub(super) is_whole: bool,
    /// Of whom it says so in words.
    pub(super) gone: BTreeSet<u32>,
}

impl Source {
    pub(super) fn new(counts: bool) -> Self {
        Self { counts, ..Self::default() }
    }

    pub(super) fn says(&mut self, number: u32, words: Words) {
        self.clock += 1;
        let has = Has { version: self.clock, words };
        self.now.insert(number, has);
        self.past.entry(number).or_default().push(has);
        self.back.remove(&number);
        self.gone.remove(&number);
        // Who is here is nobody that moved away.
        self.moves.remove(&number);
    }

    pub(super) fn drops(&mut self, number: u32) {
        if self.now.remove(&number).is_some() {
            self.clock += 1;
            self.gone.insert(number, self.clock);
            self.back.remove(&number);
        }
    }

    pub(super) fn moves(&mut self, from: u32, to: u32) {
        if self.now.contains_key(&to) || from == to {
            return;
        }
        let Some(has) = self.now.remove(&from) else { return };
        self.back.remove(&from);
        self.says(to, has.words);
        // It states where everybody is now, and no ways there.
        for end in self.moves.values_mut().filter(|end| **end == from) {
            *end = to;
        }
        self.moves.retain(|from, to| from != to);
        self.moves.insert(from, to);
    }

    /// It calls a record otherwise from now on, and does not say so.
    pub(super) fn renames(&mut self, from: u32, to: u32) {
        if self.now.contains_key(&to) || from == to {
            return;
        }
        let Some(has) = self.now.get(&from).copied() else { return };
        self.drops(from);
        self.says(to, has.words);
    }

    /// It means somebody by an id from now on, whomever it meant before.
    pub(super) fn hands(&mut self, number: u32, whom: u8) {
        if let Some(Has { mut words, .. }) = self.now.get(&number).copied() {
            WHO.iter().for_each(|&column| words[column] = SOMEBODY + whom);
            self.says(number, words);
        }
    }

    /// Its clock goes back for a record, until it next changes.
    pub(super) fn goes_back(&mut self, number: u32) {
        let earlier = self.past.get(&number).and_then(|past| past.iter().rev().nth(1)).copied();
        if let (Some(earlier), true) = (earlier, self.now.contains_key(&number)) {
            self.back.insert(number, earlier);
        }
    }

    /// From now on it tells what it has.
    pub(super) fn comes_to_rest(&mut self) {
        self.back.clear();
    }

    /// Whether it repeats what it said before.
    pub(super) fn is_back(&self, number: u32) -> bool {
        self.back.contains_key(&number)
    }

    /// Whether it says that one was called otherwise, or is.
    pub(super) fn tells_of_moving(&self, number: u32) -> bool {
        self.moves.iter().any(|(from, to)| *from == number || *to == number)
    }

    pub(super) fn has(&self, number: u32) -> Option<&Words> {
        self.now.get(&number).map(|has| &has.words)
    }

    /// In which version it has a record, where it counts.
    pub(super) fn version_of(&self, number: u32) -> Option<u64> {
        self.now.get(&number).and_then(|has| self.version(has.version))
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.now.keys().copied()
    }

    /// What was called otherwise before it got one of these ids.
    pub(super) fn who_moved_to(&self, ids: &[u32]) -> Vec<u32> {
        self.moves.iter().filter(|(_, to)| ids.contains(to)).map(|(from, _)| *from).collect()
    }

    pub(super) fn version(&self, version: u64) -> Option<u64> {
        self.counts.then_some(version)
    }

    fn record(&mut self, frame: &Frame, number: u32, has: Has) -> Item {
        self.said.push(has.words);
        Item::Record(frame.remote(number, self.version(has.version), &has.words))
    }

    /// What it has, in words and in order, with who is gone and who moved.
    pub(super) fn items(&mut self, frame: &Frame, gone: bool) -> Vec<Item> {
        let now: Vec<_> =
            self.now.iter().map(|(number, has)| (*number, *self.back.get(number).unwrap_or(has))).collect();
        let mut items: Vec<Item> = now.into_iter().map(|(number, has)| self.record(frame, number, has)).collect();
        items.extend(self.moves.iter().map(|(from, to)| Item::Rekeyed { from: id(*from), to: id(*to) }));
        if gone {
            let gone = self.gone.iter();
            items.extend(gone.map(|(at, version)| Item::Tombstone { id: id(*at), version: self.version(*version) }));
        }
        items
    }

    pub(super) fn listing(&mut self, frame: &Frame, look: Look) -> Sent {
        let items = self.items(frame, look.gone);
        self.sent(frame, look, items)
    }

    /// A listing of these.
    pub(super) fn sent(&mut self, frame: &Frame, look: Look, mut items: Vec<Item>) -> Sent {
        // What cannot be read is somebody's, too.
        let unread = look.odd.flatten().filter(|at| !self.now.contains_key(&u32::from(*at)));
        let total = self.now.len() as u64 + u64::from(unread.is_some());
        let len = items.len().max(1);
        if !items.is_empty() {
            items.rotate_left(usize::from(look.turn) % len);
        }
        if let Some((at, reworded)) = look.twice
            && let Some(item) = items.get(usize::from(at) % len).cloned()
        {
            items.push(if reworded { self.reworded(frame, item) } else { item });
        }
        if let Some(whose) = look.odd {
            let problem = "is no record".to_owned();
            items.push(Item::Malformed(Malformed::new("line 9", problem).id(whose.map(|at| id(u32::from(at))))));
        }
        let mut pages: Vec<Vec<Item>> = items.chunks(usize::from(look.size)).map(<[Item]>::to_vec).collect();
        let lost = look.lost.map(usize::from).filter(|at| *at < pages.len()).map(|at| pages.remove(at));
        let ids = |items: &[Item]| items.iter().filter_map(listed).collect::<BTreeSet<_>>();
        let left = ids(&pages.concat());
        let lost = lost.is_some_and(|page| !ids(&page).is_subset(&left));
        if pages.is_empty() {
            pages.push(Vec::new());
        }
        // A source may lose a page unnoticed only where it says how much there is.
        let end = if lost && look.end == End::Complete { End::Partial } else { look.end };
        if end == End::Torn {
            tear(&mut pages);
        }
        let nameless = |item: &Item| matches!(item, Item::Malformed(Malformed { id: None, .. }));
        let readable = !pages.iter().flatten().any(nameless);
        let is_whole = !lost && readable && matches!(end, End::Complete | End::Counted);
        let gone = if look.gone { self.gone.keys().copied().collect() } else { BTreeSet::new() };
        Sent { pages, end, total, is_whole, gone }
    }

    /// The same record in words that mean something else.
    fn reworded(&mut self, frame: &Frame, item: Item) -> Item {
        let Item::Record(remote) = item else { return item };
        let at = number(&remote.id);
        let Some(has) = self.now.get(&at).copied() else { return Item::Record(remote) };
        let mut words = has.words;
        for word in &mut words {
            *word = if *word == 3 { 4 } else { 3 };
        }
        self.record(frame, at, Has { words, ..has })
    }
}

/// Cuts the listing off inside a record of its last page: what came after it never arrives.
fn tear(pages: &mut [Vec<Item>]) {
    let Some(page) = pages.last_mut() else { return };
    let Some(at) = page.iter().rposition(|item| matches!(item, Item::Record(_))) else { return };
    page.truncate(at + 1);
    let torn = page.last().and_then(listed).map(id);
    page[at] = Item::Malformed(Malformed::new("the last", "breaks off").id(torn));
}

/// Whose record it is to be.
fn listed(item: &Item) -> Option<u32> {
    match item {
        Item::Record(remote) => Some(number(&remote.id)),
        Item::Malformed(malformed) => malformed.id.as_ref().map(number),
        _ => None,
    }
}

impl Sent {
    /// A part of what there is, on one page.
    pub(super) fn of(items: Vec<Item>) -> Self {
        Self { pages: vec![items], end: End::Partial, total: 0, is_whole: false, gone: BTreeSet::new() }
    }

    /// All there is, on one page.
    pub(super) fn whole(items: Vec<Item>) -> Self {
        Self { end: End::Complete, is_whole: true, ..Self::of(items) }
    }

    /// The ids of which it says anything but what is there, or of which it says two things.
    fn doubtful(&self) -> BTreeSet<u32> {
        let mut seen = BTreeMap::new();
        let mut doubtful = BTreeSet::new();
        for item in self.pages.iter().flatten() {
            match item {
                Item::Record(remote) => {
                    let said = (remote.fingerprint(), remote.version);
                    if *seen.entry(number(&remote.id)).or_insert(said) != said {
                        doubtful.insert(number(&remote.id));
                    }
                }
                Item::Malformed(malformed) => doubtful.extend(malformed.id.as_ref().map(number)),
                Item::Rekeyed { from, to } => doubtful.extend([from, to].map(number)),
                _ => {}
            }
        }
        doubtful
    }

    /// Whether a record is in it, as such or in words that cannot be read, or it says that it moved.
    pub(super) fn speaks_of(&self, number: u32) -> bool {
        self.doubtful().contains(&number) || self.records().any(|(known, _)| known == number)
    }

    pub(super) fn says_gone(&self, whom: u32) -> bool {
        let gone = |item: &Item| matches!(item, Item::Tombstone { id, .. } if number(id) == whom);
        self.pages.iter().flatten().any(gone)
    }

    fn records(&self) -> impl Iterator<Item = (u32, &RemoteRecord)> + '_ {
        self.pages.iter().flatten().filter_map(|item| match item {
            Item::Record(remote) => Some((number(&remote.id), remote)),
            _ => None,
        })
    }

    /// Who is in it, and who they are; without those of whom anything is in doubt.
    pub(super) fn who(&self, frame: &Frame) -> BTreeMap<u32, Option<Who>> {
        let doubtful = self.doubtful();
        let clear = self.records().filter(|(at, _)| !doubtful.contains(at) && !self.says_gone(*at));
        let said = |remote: &RemoteRecord, column: usize| {
            let at = frame.columns.iter().position(|known| *known == column)?;
            stated(remote.record.field(at))
        };
        clear.map(|(at, remote)| (at, who(|column| said(remote, column)))).collect()
    }

    /// The versions of the records in it.
    pub(super) fn versions(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        self.pages.iter().flatten().filter_map(|item| match item {
            Item::Record(remote) => Some((number(&remote.id), remote.version?)),
            _ => None,
        })
    }

    /// A page; `None`: it cannot be fetched.
    pub(super) fn page(&self, after: Option<&Cursor>) -> Option<Page> {
        let at: usize = after.map_or(0, |after| after.0.parse().unwrap());
        let items = self.pages[at].clone();
        let next = match self.end {
            _ if at + 1 < self.pages.len() => Next::More(Cursor((at + 1).to_string())),
            End::BreaksOff => return None,
            End::Complete => Next::Complete { total: None },
            End::Counted => Next::Complete { total: Some(self.total) },
            End::Partial => Next::Partial,
            End::Torn => Next::BrokenOff { problem: "ends inside a record".to_owned() },
        };
        Some(Page::new(items, next))
    }
}
