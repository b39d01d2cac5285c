//! The index of a run: what it knows of every record, in some tens of bytes each.

mod chunks;
mod ids;

use self::chunks::Chunks;
use self::ids::Ids;
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
const PLANNED: u16 = 512;
const QUARANTINED: u16 = 1024;
const FATE: u16 = PLANNED | QUARANTINED;

/// A record's place in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(u32);

/// All external ids, those of the host and those that only the source has. Ids are compared byte for byte.
#[derive(Debug, Default)]
pub(super) struct Index {
    ids: Ids,
    rows: Chunks<Row>,
    /// How many records are linked and active.
    pub(super) population: u64,
    /// How many records were listed, each once.
    pub(super) listed: u64,
    /// How many of them were listed and are gone nevertheless.
    unlisted: u64,
}

/// One record. Its fields are aligned to two bytes at most, so hardly any padding is lost.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    /// The fingerprint of the source's record when it was last in step; after it is listed, the present one.
    seen: Fingerprint,
    /// The largest version that was listed.
    version: Option<[u8; 8]>,
    flags: u16,
}

/// What is found when a record is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sighting {
    /// It is as it was when it was last in step, and nothing changed here.
    Unchanged,
    /// It must be looked at.
    Changed,
    /// It was listed before with the same fingerprint.
    Repeated,
    /// It was listed before with another fingerprint.
    Reworded,
    /// It was set aside before.
    SetAside,
}

/// The fates of all listed records: a record is unchanged, or planned (or waiting for an answer), or set aside. The
/// last judgement of a record counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fates {
    /// All that are listed.
    pub(super) listed: u64,
    pub(super) unchanged: u64,
    pub(super) quarantined: u64,
}

/// The state of a record before it was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// It was not listed.
    Unlisted,
    /// It was listed.
    Listed,
    /// It was set aside already.
    SetAside,
}

impl Index {
    /// Adds a linked record. `active`: it is active, and was in step once. `fresh`: the fingerprint that it was last in
    /// step with, if nothing changed here since then.
    pub(super) fn link(&mut self, id: &str, active: bool, fresh: Option<Fingerprint>) -> Slot {
        let slot = self.slot(id);
        let flags = LINKED | if active { ACTIVE } else { 0 } | if fresh.is_some() { FRESH } else { 0 };
        self.population += u64::from(active && self.row(slot).flags & ACTIVE == 0);
        let row = self.row_mut(slot);
        row.flags |= flags;
        row.seen = fresh.unwrap_or_default();
        slot
    }

    /// Marks a linked record as present, or as disputed: it is removed and has open conflicts, so the run must notice
    /// when the source no longer has it either.
    pub(super) fn matters(&mut self, slot: Slot, present: bool) {
        self.row_mut(slot).flags |= if present { PRESENT } else { DISPUTED };
    }

    /// Adds a linked record that was loaded by a run that reads no index. Returns whether it is new to the index.
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
        row.version = row.version.map(u64::from_le_bytes).max(version).map(u64::to_le_bytes);
        let sighting = match row.flags {
            flags if flags & SET_ASIDE != 0 => Sighting::SetAside,
            flags if flags & LISTED != 0 && row.seen == seen => Sighting::Repeated,
            flags if flags & LISTED != 0 => Sighting::Reworded,
            flags if flags & FRESH != 0 && row.seen == seen => Sighting::Unchanged,
            _ => Sighting::Changed,
        };
        // Repetitions are compared with the first statement.
        if sighting != Sighting::Reworded {
            row.seen = seen;
        }
        if sighting == Sighting::Changed {
            row.flags |= PLANNED;
        }
        self.mark_listed(slot, 0);
        (slot, sighting)
    }

    /// Marks a record as listed, but not to be touched in this run.
    pub(super) fn set_aside(&mut self, id: &str) -> (Slot, Before) {
        let slot = self.slot(id);
        let before = match self.row(slot).flags & (LISTED | SET_ASIDE) {
            0 => Before::Unlisted,
            LISTED => Before::Listed,
            _ => Before::SetAside,
        };
        self.mark_listed(slot, SET_ASIDE);
        (slot, before)
    }

    fn mark_listed(&mut self, slot: Slot, also: u16) {
        let row = self.row_mut(slot);
        let news = row.flags & LISTED == 0;
        row.flags |= LISTED | also;
        self.listed += u64::from(news);
    }

    pub(super) fn is_set_aside(&self, slot: Slot) -> bool {
        self.row(slot).flags & SET_ASIDE != 0
    }

    /// Marks a record about whose end the source made a statement, so that it is not missing.
    pub(super) fn speak_for(&mut self, id: &str) -> Slot {
        let slot = self.slot(id);
        self.row_mut(slot).flags |= SPOKEN_FOR;
        slot
    }

    /// Takes a listed record back, as if it was not listed.
    pub(super) fn unlist(&mut self, slot: Slot) {
        self.row_mut(slot).flags &= !LISTED;
        self.unlisted += 1;
    }

    /// Judges a listed record as unchanged.
    pub(super) fn judge_unchanged(&mut self, slot: Slot) {
        self.row_mut(slot).flags &= !FATE;
    }

    /// Judges a listed record as set aside. This overrides an earlier fate.
    pub(super) fn judge_quarantined(&mut self, slot: Slot) {
        let row = self.row_mut(slot);
        row.flags = (row.flags & !FATE) | QUARANTINED;
    }

    /// How many records are listed now.
    pub(super) fn listed_now(&self) -> u64 {
        self.listed - self.unlisted
    }

    /// The fates, counted record by record.
    pub(super) fn fates(&self) -> Fates {
        let mut fates = Fates { listed: self.listed_now(), ..Fates::default() };
        for row in self.rows.iter() {
            let fate = row.flags & (LISTED | FATE);
            fates.unchanged += u64::from(fate == LISTED);
            fates.quarantined += u64::from(fate == LISTED | QUARANTINED);
        }
        fates
    }

    pub(super) fn is_spoken_for(&self, slot: Slot) -> bool {
        self.row(slot).flags & SPOKEN_FOR != 0
    }

    /// Whether it can end: it is present or disputed.
    pub(super) fn can_end(&self, slot: Slot) -> bool {
        self.row(slot).flags & (PRESENT | DISPUTED) != 0
    }

    pub(super) fn is_linked(&self, slot: Slot) -> bool {
        self.row(slot).flags & LINKED != 0
    }

    /// Whether it was linked before this run, as far as the run knows.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.has(id, LINKED)
    }

    /// The largest version that was listed; `None` if it was not listed as a record.
    pub(super) fn listed(&self, slot: Slot) -> Option<Option<u64>> {
        let row = self.row(slot);
        (row.flags & LISTED != 0).then(|| row.version.map(u64::from_le_bytes))
    }

    /// Marks a record as created by this run.
    pub(super) fn make(&mut self, id: &str) {
        let slot = self.slot(id);
        self.row_mut(slot).flags |= MADE;
    }

    pub(super) fn was_made(&self, id: &str) -> bool {
        self.has(id, MADE)
    }

    fn has(&self, id: &str, flag: u16) -> bool {
        self.ids.look_up(id).is_some_and(|at| self.rows[at].flags & flag != 0)
    }

    /// The ids of all linked records.
    pub(super) fn linked(&self) -> impl Iterator<Item = &str> {
        let all = 0..self.rows.len();
        all.filter(|&at| self.rows[at].flags & LINKED != 0).map(|at| self.ids.get(at))
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
        all.filter(move |&at| flags(at) == which | LINKED).map(|at| self.ids.get(at))
    }

    pub(super) fn slot(&mut self, id: &str) -> Slot {
        let at = self.ids.place(id);
        if at == self.rows.len() {
            self.rows.push(Row::default());
        }
        Slot(at as u32)
    }

    fn row(&self, slot: Slot) -> &Row {
        &self.rows[slot.0 as usize]
    }

    fn row_mut(&mut self, slot: Slot) -> &mut Row {
        &mut self.rows[slot.0 as usize]
    }
}
