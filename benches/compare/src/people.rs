//! The workload: invented people, three versions each, made from nothing but a seed and their number.
//!
//! | of 1,000 people | are |
//! |---|---|
//! | 980 | unchanged; 98 of them are spelled differently on one side: case, white space, phone punctuation, NFD |
//! | 15 | changed on one side, in one field |
//! | 5 | changed on both sides, in one field and not to the same |
//!
//! A person depends on the seed and their number alone, so that any part of the workload can be made anew, in any order
//! and without the rest.

mod dice;
mod spelling;
mod words;

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_diff::SerdeDiff;

use self::dice::Dice;

/// The fields, in the order of the schema.
pub(crate) const FIELDS: [&str; 6] = ["first_name", "last_name", "date_of_birth", "email", "phone", "address"];

/// The seed of every published figure.
pub(crate) const SEED: u64 = 42;

/// One version of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, SerdeDiff)]
pub(crate) struct Person {
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) date_of_birth: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) address: String,
}

impl Person {
    /// The texts, in the order of [`FIELDS`].
    pub(crate) fn texts(&self) -> [&str; 6] {
        [&self.first_name, &self.last_name, &self.date_of_birth, &self.email, &self.phone, &self.address]
    }

    /// The same person with a new e-mail address and a new telephone number, as when a source changes a format.
    pub(crate) fn moved(mut self) -> Self {
        for field in [3, 4] {
            let other = self.clone();
            *self.text_mut(field) = changed(field, &other, 1);
        }
        self
    }

    fn text_mut(&mut self, field: usize) -> &mut String {
        match field {
            0 => &mut self.first_name,
            1 => &mut self.last_name,
            2 => &mut self.date_of_birth,
            3 => &mut self.email,
            4 => &mut self.phone,
            _ => &mut self.address,
        }
    }
}

/// What happened to a person since the last sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing.
    Unchanged,
    /// One side spells something differently.
    Respelled,
    /// One side changed a field.
    Changed,
    /// Both sides changed a field, to different values.
    Conflicting,
}

/// Three versions of a person.
#[derive(Debug, Clone)]
pub(crate) struct Versions {
    pub(crate) fate: Fate,
    pub(crate) base: Person,
    pub(crate) local: Person,
    pub(crate) remote: Person,
}

impl Versions {
    /// The versions of the person of this number.
    pub(crate) fn of(seed: u64, number: u64) -> Self {
        let mut dice = Dice::new(seed, number);
        let base = person(&mut dice, number);
        let mut versions = Self { fate: fate(&mut dice), local: base.clone(), remote: base.clone(), base };
        match versions.fate {
            Fate::Unchanged => {}
            Fate::Respelled => spelling::respell(&mut dice, versions.one_side(number)),
            Fate::Changed => {
                let (field, other) = (dice.below(6), person(&mut dice, number + 1));
                *versions.one_side(number).text_mut(field) = changed(field, &other, 1);
            }
            Fate::Conflicting => {
                let (field, other) = (dice.below(6), person(&mut dice, number + 1));
                *versions.local.text_mut(field) = changed(field, &other, 1);
                *versions.remote.text_mut(field) = changed(field, &other, 2);
            }
        }
        versions
    }

    /// The three, in the order of the crate.
    pub(crate) fn all(&self) -> [&Person; 3] {
        [&self.base, &self.local, &self.remote]
    }

    /// The side that this person's change is on.
    fn one_side(&mut self, number: u64) -> &mut Person {
        if number.is_multiple_of(2) { &mut self.remote } else { &mut self.local }
    }
}

fn fate(dice: &mut Dice) -> Fate {
    match dice.below(10_000) {
        0..50 => Fate::Conflicting,
        50..200 => Fate::Changed,
        200..1180 => Fate::Respelled,
        _ => Fate::Unchanged,
    }
}

fn person(dice: &mut Dice, number: u64) -> Person {
    let (first, last) = (dice.one_of(&words::FIRST_NAMES), dice.one_of(&words::LAST_NAMES));
    let (year, month, day) = (1940 + dice.below(75), 1 + dice.below(12), 1 + dice.below(28));
    Person {
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        date_of_birth: format!("{year}-{month:02}-{day:02}"),
        email: spelling::email(dice, first, last, number),
        phone: spelling::phone(dice),
        address: address(dice),
    }
}

fn address(dice: &mut Dice) -> String {
    let (house, street, kind) = (1 + dice.below(240), dice.one_of(&words::STREETS), dice.one_of(&words::KINDS));
    let (town, county) = dice.one_of(&words::TOWNS);
    format!("{house} {street} {kind}, {town}, {county}, {}", spelling::eircode(dice))
}

/// Another value for a field, told from every other by `which`.
fn changed(field: usize, other: &Person, which: usize) -> String {
    match field {
        0 => format!("{} {}", other.first_name, ["Bríd", "Tomás"][which - 1]),
        1 => format!("{}-{}", other.last_name, ["Lynch", "Power"][which - 1]),
        2 => format!("{}-1{which}-29", &other.date_of_birth[..4]),
        3 => format!("new{which}.{}", other.email),
        4 => format!("086 {which}{} {}", &other.phone[other.phone.len() - 2..], &other.phone[other.phone.len() - 4..]),
        _ => format!("Flat {which}, {}", other.address),
    }
}

/// Writes the first `people` as JSON lines, in the version that `version` picks, each with an `id`.
pub(crate) fn write_listing(out: &mut impl Write, people: u64, version: impl Fn(Versions) -> Person) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line {
        id: String,
        #[serde(flatten)]
        person: Person,
    }
    for number in 0..people {
        let person = version(Versions::of(SEED, number));
        serde_json::to_writer(&mut *out, &Line { id: id(number), person })?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Writes the first `people` as JSON lines, each with base, local and remote: what programs of other languages read.
pub(crate) fn write_versions(out: &mut impl Write, people: u64) -> io::Result<()> {
    for number in 0..people {
        let Versions { base, local, remote, .. } = Versions::of(SEED, number);
        serde_json::to_writer(&mut *out, &serde_json::json!({ "base": base, "local": local, "remote": remote }))?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// What the source calls the person of this number.
pub(crate) fn id(number: u64) -> String {
    format!("FED-{number:07}")
}
