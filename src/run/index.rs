//! What a run knows of every record: some tens of bytes, whatever the record's size.

use std::cmp::Ordering;

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use crate::value::Fingerprint;

const ACTIVE: u16 = 1;
const LINKED: u16 = 2;
const FRESH: u16 = 4;
const LISTED: u16 = 8;
const SET_ASIDE: u16 = 16;
const SPOKEN_FOR: u16 = 32;
const DISPUTED: u16 = 64;
const PRESENT: u16 = 128;
const MADE: u16 = 256;

/// So far behind the last record the next is looked for, before it is looked for everywhere.
const NEAR: usize = 4;

/// A record's place in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(u32);

/// All external ids, those of the host and those that only the source has. Ids are compared exactly, byte for byte.
#[derive(Debug)]
pub(super) struct Index {
    text: Vec<u8>,
    rows: Vec<Row>,
    table: HashTable<u32>,
    /// How many rows are in the table. The others are in the order of their ids, behind all that are.
    hashed: usize,
    /// All rows are in the order of their ids.
    ascending: bool,
    /// Where the last one stood that was asked for.
    last: usize,
    /// How many are linked and active.
    pub(super) population: u64,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    /// What was seen at the source when the record was last in step; once it is listed, what is seen now.
    seen: Fingerprint,
    /// The largest version that was listed.
    version: Option<u64>,
    end: u32,
    flags: u16,
}

/// What listing a record for the first or second time shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sighting {
    /// It says what it said when it was last in step, and nothing moved here.
    Unchanged,
    /// It must be looked at.
    Changed,
    /// It was listed before, and says the same.
    Repeated,
    /// It was listed before, and says something else.
    Reworded,
    /// It was set aside before.
    SetAside,
}

/// What was known of a record that is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// It was not listed yet.
    Unlisted,
    /// It was.
    Listed,
    /// It was set aside already.
    SetAside,
}

impl Default for Index {
    fn default() -> Self {
        let (text, rows, table) = (Vec::new(), Vec::new(), HashTable::new());
        Self { text, rows, table, hashed: 0, ascending: true, last: 0, population: 0 }
    }
}

impl Index {
    /// Adds a linked record. `active`: it is there, and was in step once. `fresh`: nothing moved here since it was last in
    /// step with what was `seen`.
    pub(super) fn link(&mut self, id: &str, active: bool, fresh: Option<Fingerprint>) {
        let slot = self.slot(id);
        let flags = LINKED | if active { ACTIVE } else { 0 } | if fresh.is_some() { FRESH } else { 0 };
        self.population += u64::from(active && self.row(slot).flags & ACTIVE == 0);
        let row = self.row_mut(slot);
        row.flags |= flags;
        row.seen = fresh.unwrap_or_default();
    }

    /// Adds that a linked record is there, or that conflicts are open about one that is not: then it matters when the
    /// source no longer has it either.
    pub(super) fn matters(&mut self, id: &str, present: bool) {
        let slot = self.slot(id);
        self.row_mut(slot).flags |= if present { PRESENT } else { DISPUTED };
    }

    /// Adds a linked record that was loaded, in a run that has read no index; whether that is news.
    pub(super) fn learn(&mut self, id: &str, present: bool) -> bool {
        let slot = self.slot(id);
        let row = self.row_mut(slot);
        let news = row.flags & LINKED == 0;
        row.flags |= LINKED;
        self.population += u64::from(news && present);
        news
    }

    pub(super) fn list(&mut self, id: &str, version: Option<u64>, seen: Fingerprint) -> (Slot, Sighting) {
        let slot = self.slot(id);
        let row = self.row_mut(slot);
        row.version = row.version.max(version);
        let sighting = match row.flags {
            flags if flags & SET_ASIDE != 0 => Sighting::SetAside,
            flags if flags & LISTED != 0 && row.seen == seen => Sighting::Repeated,
            flags if flags & LISTED != 0 => Sighting::Reworded,
            flags if flags & FRESH != 0 && row.seen == seen => Sighting::Unchanged,
            _ => Sighting::Changed,
        };
        if sighting != Sighting::Reworded {
            row.seen = seen;
        }
        row.flags |= LISTED;
        (slot, sighting)
    }

    /// Marks a record as listed, but not to be touched in this run.
    pub(super) fn set_aside(&mut self, id: &str) -> (Slot, Before) {
        let slot = self.slot(id);
        let row = self.row_mut(slot);
        let before = match row.flags & (LISTED | SET_ASIDE) {
            0 => Before::Unlisted,
            LISTED => Before::Listed,
            _ => Before::SetAside,
        };
        row.flags |= LISTED | SET_ASIDE;
        (slot, before)
    }

    pub(super) fn is_set_aside(&self, slot: Slot) -> bool {
        self.row(slot).flags & SET_ASIDE != 0
    }

    /// Marks a record as one of which the source says what became of it, so that it is not missing.
    pub(super) fn speak_for(&mut self, id: &str) -> Slot {
        let slot = self.slot(id);
        self.row_mut(slot).flags |= SPOKEN_FOR;
        slot
    }

    /// As if it was not listed.
    pub(super) fn unlist(&mut self, slot: Slot) {
        self.row_mut(slot).flags &= !LISTED;
    }

    pub(super) fn is_spoken_for(&self, slot: Slot) -> bool {
        self.row(slot).flags & SPOKEN_FOR != 0
    }

    /// Whether it can end: it is there, or in dispute.
    pub(super) fn can_end(&self, slot: Slot) -> bool {
        self.row(slot).flags & (PRESENT | DISPUTED) != 0
    }

    pub(super) fn is_linked(&self, slot: Slot) -> bool {
        self.row(slot).flags & LINKED != 0
    }

    /// Whether it was linked before this run, as far as the run knows.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.find(id).is_some_and(|at| self.is_linked(Slot(at)))
    }

    /// Whether it was listed as a record, and the largest version of it that was.
    pub(super) fn listed(&self, slot: Slot) -> Option<Option<u64>> {
        let row = self.row(slot);
        (row.flags & LISTED != 0).then_some(row.version)
    }

    /// Marks a record as created by this run.
    pub(super) fn make(&mut self, id: &str) {
        let slot = self.slot(id);
        self.row_mut(slot).flags |= MADE;
    }

    pub(super) fn was_made(&self, id: &str) -> bool {
        self.find(id).is_some_and(|at| self.rows[at as usize].flags & MADE != 0)
    }

    /// The linked, active records that were not listed.
    pub(super) fn missing(&self) -> impl Iterator<Item = &str> {
        self.unlisted(ACTIVE)
    }

    /// The removed records with a conflict that were not listed.
    pub(super) fn disputed(&self) -> impl Iterator<Item = &str> {
        self.unlisted(DISPUTED)
    }

    fn unlisted(&self, which: u16) -> impl Iterator<Item = &str> {
        let all = 0..self.rows.len();
        let flags = move |at: usize| self.rows[at].flags & (which | LINKED | LISTED | SPOKEN_FOR);
        all.filter(move |&at| flags(at) == which | LINKED).map(|at| self.id(at))
    }

    pub(super) fn slot(&mut self, id: &str) -> Slot {
        self.last = match self.near(id) {
            Some(at) => at,
            None => self.find_or_add(id),
        };
        Slot(self.last as u32)
    }

    fn find(&self, id: &str) -> Option<u32> {
        let found = self.near(id).or_else(|| self.hashed(id)).or_else(|| self.unhashed(id));
        found.map(|at| at as u32)
    }

    /// Hosts and sources mostly list in one order, so that the next record stands close behind the last.
    fn near(&self, id: &str) -> Option<usize> {
        let behind = self.last..self.rows.len().min(self.last + NEAR);
        behind.chain(0..self.rows.len().min(1)).find(|&at| self.bytes(at) == id.as_bytes())
    }

    fn find_or_add(&mut self, id: &str) -> usize {
        if self.ascending && self.rows.len().checked_sub(1).is_none_or(|last| self.bytes(last) < id.as_bytes()) {
            return self.add(id);
        }
        self.hash_all();
        if let Some(at) = self.hashed(id) {
            return at;
        }
        self.ascending = false;
        let at = self.add(id);
        self.hash_all();
        at
    }

    fn add(&mut self, id: &str) -> usize {
        self.text.extend_from_slice(id.as_bytes());
        self.rows.push(Row { seen: Fingerprint::default(), version: None, end: self.text.len() as u32, flags: 0 });
        self.rows.len() - 1
    }

    fn hashed(&self, id: &str) -> Option<usize> {
        let same = |&at: &u32| self.bytes(at as usize) == id.as_bytes();
        self.table.find(xxh3_64(id.as_bytes()), same).map(|&at| at as usize)
    }

    fn unhashed(&self, id: &str) -> Option<usize> {
        let (mut from, mut to) = (self.hashed, self.rows.len());
        while from < to {
            let middle = from.midpoint(to);
            match self.bytes(middle).cmp(id.as_bytes()) {
                Ordering::Less => from = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => to = middle,
            }
        }
        None
    }

    /// Makes room for all rows before the first: to move a table is dearer than to fill one in the order of its rows.
    fn hash_all(&mut self) {
        if self.table.capacity() < self.rows.len() {
            self.table = HashTable::with_capacity(self.rows.len() + self.rows.len() / 2);
            self.hashed = 0;
        }
        let Self { text, rows, table, hashed, .. } = self;
        let hash = |at: usize| xxh3_64(id_at(text, rows, at));
        for at in *hashed..rows.len() {
            table.insert_unique(hash(at), at as u32, |&at| hash(at as usize));
        }
        *hashed = rows.len();
    }

    fn bytes(&self, at: usize) -> &[u8] {
        id_at(&self.text, &self.rows, at)
    }

    fn id(&self, at: usize) -> &str {
        std::str::from_utf8(self.bytes(at)).unwrap_or_default()
    }

    fn row(&self, slot: Slot) -> &Row {
        &self.rows[slot.0 as usize]
    }

    fn row_mut(&mut self, slot: Slot) -> &mut Row {
        &mut self.rows[slot.0 as usize]
    }
}

fn id_at<'a>(text: &'a [u8], rows: &[Row], at: usize) -> &'a [u8] {
    let start = if at == 0 { 0 } else { rows[at - 1].end as usize };
    &text[start..rows[at].end as usize]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// In whatever order ids come, each has one place and keeps it, and nobody else's is known.
        #[test]
        fn an_id_keeps_its_place(ids in prop::collection::vec("[a-c]{0,3}", 0..60), sorted in 0..60_usize) {
            let mut ids = ids;
            let sorted = sorted.min(ids.len());
            ids[..sorted].sort();
            let (mut index, mut known) = (Index::default(), BTreeMap::new());
            for id in &ids {
                prop_assert_eq!(index.find(id).is_some(), known.contains_key(id));
                let slot = index.slot(id);
                prop_assert_eq!(*known.entry(id.clone()).or_insert(slot), slot);
            }
            for (id, slot) in &known {
                prop_assert_eq!(index.find(id), Some(slot.0));
                prop_assert_eq!(index.slot(id), *slot);
                prop_assert_eq!(index.id(slot.0 as usize), id);
            }
            prop_assert_eq!(index.rows.len(), known.len());
            prop_assert_eq!(index.find("d"), None);
        }
    }
}
