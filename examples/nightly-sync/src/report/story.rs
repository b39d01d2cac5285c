//! Each matter of a run in a sentence: out of the audit, or out of a plan that was not carried out.

use std::collections::{BTreeMap, BTreeSet};

use tripartite::audit::{AuditEntry, FieldEntry, Situation};
use tripartite::detect::Verdict;
use tripartite::plan::Plan;
use tripartite::resolve::Decision;
use tripartite::run::Report;
use tripartite::schema::Schema;
use tripartite::store::{Action, ConflictChange, Op, WHOLE_RECORD};
use tripartite::value::Record;

use super::MOST;
use crate::store::{Store, StoreError};

/// What a sentence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matter {
    /// A conflict that the rules decided.
    Decided,
    /// A conflict that this run found and nobody decided.
    New,
    /// A conflict that an earlier run found.
    Standing,
    /// An edit that was undone, because the field is the source's.
    Reverted,
    /// A value of the source that cannot be read.
    Invalid,
    /// A member who had no external id was linked.
    Linked,
}

impl Matter {
    /// In the order they are told.
    pub const ALL: [Self; 6] = [Self::Decided, Self::New, Self::Standing, Self::Reverted, Self::Invalid, Self::Linked];

    /// What stands above them.
    pub fn title(self) -> &'static str {
        match self {
            Self::Decided => "conflicts decided by rule",
            Self::New => "conflicts that wait for a person, new",
            Self::Standing => "conflicts that still wait for a person",
            Self::Reverted => "edits undone",
            Self::Invalid => "values that could not be read",
            Self::Linked => "members that were linked by a match rule",
        }
    }

    /// What an audit entry is told as, if at all.
    pub fn of(entry: &FieldEntry) -> Option<Self> {
        match (&entry.verdict, entry.decision) {
            (Verdict::InvalidRemote(_), _) => Some(Self::Invalid),
            (_, Decision::HeldOpen) => Some(Self::New),
            (_, Decision::DriftReverted) => Some(Self::Reverted),
            (Verdict::Conflict(_), _) => Some(Self::Decided),
            _ => None,
        }
    }
}

/// One sentence, on a record's field or group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is about.
    pub matter: Matter,
    /// The record.
    pub id: String,
    /// The field or group; empty for the record as a whole.
    pub unit: String,
    /// The sentence.
    pub why: String,
}

impl Line {
    /// Whose, and of what.
    pub fn subject(&self) -> String {
        format!("{} {}", self.id, self.unit).trim_end().to_owned()
    }
}

/// What a run has to tell: of each matter the first lines, and how many there are.
#[derive(Debug, Default)]
pub struct Story {
    told: BTreeMap<Matter, (Vec<Line>, usize)>,
    last: Option<(String, String)>,
}

impl Story {
    /// Of a run that was carried out: what it decided from the audit, what is open from the conflicts themselves.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn of_run(store: &Store, report: &Report) -> Result<Self, StoreError> {
        let mut story = Self::default();
        store.noteworthy(&report.run, |row| {
            story.tell(&row.external_id, &row.entry, |matter| matter != Matter::New);
            true
        })?;
        store.open_conflicts(|open| {
            let matter = if open.opened_run == report.run.as_str() { Matter::New } else { Matter::Standing };
            story.add(Line { matter, id: open.external_id, unit: open.conflict.unit, why: open.why });
            true
        })?;
        Ok(story)
    }

    /// Of a run that was not carried out: what it would have decided, and what is open and would have stayed so.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn of_plan(store: &Store, plan: &Plan) -> Result<Self, StoreError> {
        let mut story = Self::default();
        let mut moved = BTreeSet::new();
        for op in plan.ops() {
            op.entries.iter().for_each(|entry| story.tell(op.id.as_str(), entry, |_| true));
            moved.extend(op.conflicts.iter().map(|change| (op.id.to_string(), unit(change).to_owned())));
        }
        store.open_conflicts(|open| {
            let (id, unit) = (open.external_id, open.conflict.unit);
            let key = (id, unit);
            if !moved.contains(&key) {
                let (id, unit) = key;
                story.add(Line { matter: Matter::Standing, id, unit, why: open.why });
            }
            true
        })?;
        Ok(story)
    }

    /// The first lines on a matter, and how many there are.
    pub fn on(&self, matter: Matter) -> (&[Line], usize) {
        self.told.get(&matter).map_or((&[], 0), |(lines, count)| (lines, *count))
    }

    fn tell(&mut self, id: &str, entry: &AuditEntry, is_told: impl Fn(Matter) -> bool) {
        let entry = match entry {
            AuditEntry::Field(entry) => entry,
            AuditEntry::Record(entry) => {
                let matter = match entry.situation {
                    Situation::DeleteVsEdit | Situation::Replaced => Matter::New,
                    Situation::Found => Matter::Linked,
                    Situation::KeptActive => Matter::Decided,
                    _ => return,
                };
                if is_told(matter) {
                    self.add(Line { matter, id: id.to_owned(), unit: WHOLE_RECORD.to_owned(), why: entry.why.clone() });
                }
                return;
            }
        };
        let Some(matter) = Matter::of(entry).filter(|&matter| is_told(matter)) else { return };
        let unit = entry.group.as_ref().unwrap_or(&entry.field);
        // The entries of a group stand together and have one sentence.
        let again = self.last.as_ref().is_some_and(|(last_id, last_unit)| last_id == id && last_unit == unit);
        if !again {
            self.last = Some((id.to_owned(), unit.clone()));
            self.add(Line { matter, id: id.to_owned(), unit: unit.clone(), why: entry.why.clone() });
        }
    }

    fn add(&mut self, line: Line) {
        let (lines, count) = self.told.entry(line.matter).or_default();
        *count += 1;
        if lines.len() < MOST {
            lines.push(line);
        }
    }
}

fn unit(change: &ConflictChange) -> &str {
    match change {
        ConflictChange::Open(conflict) | ConflictChange::Update(conflict) => &conflict.unit,
        ConflictChange::Close { unit } => unit,
    }
}

/// What an op would do, in a few words: `update phone, email`.
pub(super) fn planned(schema: &Schema, op: &Op) -> String {
    let fields = |record: &Record| {
        let written = schema.fields().iter().zip(record.fields()).filter(|(_, value)| !value.is_missing());
        written.map(|(field, _)| field.name()).collect::<Vec<_>>().join(", ")
    };
    match &op.action {
        Action::Update(patch) if op.links() => format!("link, and update {}", fields(patch)),
        Action::Touch if op.links() => "link".to_owned(),
        Action::Update(patch) => format!("update {}", fields(patch)),
        Action::Reactivate(patch) => format!("reactivate {}", fields(patch)).trim_end().to_owned(),
        Action::Touch => "leave as it is, and note what was decided".to_owned(),
        other => other.name().to_owned(),
    }
}
