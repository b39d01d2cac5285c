//! Each matter of a run in a sentence: out of the audit, or out of a plan that was not carried out.

use tripartite::detect::Verdict;
use tripartite::exchange::{Action, Entry, FieldEntry, Op};
use tripartite::plan::Plan;
use tripartite::resolve::Decision;
use tripartite::run::Report;
use tripartite::schema::Schema;
use tripartite::value::Record;

use crate::store::{SqliteStore, StoreError};

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
}

impl Matter {
    /// In the order they are told.
    pub const ALL: [Self; 5] = [Self::Decided, Self::New, Self::Standing, Self::Reverted, Self::Invalid];

    /// What stands above them.
    pub fn title(self) -> &'static str {
        match self {
            Self::Decided => "conflicts decided by rule",
            Self::New => "conflicts that wait for a person, new",
            Self::Standing => "conflicts that still wait for a person",
            Self::Reverted => "edits undone",
            Self::Invalid => "values that could not be read",
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
    /// The field or group.
    pub unit: String,
    /// The sentence.
    pub why: String,
}

impl Line {
    /// Whose, and of what.
    pub fn subject(&self) -> String {
        format!("{} {}", self.id, self.unit)
    }
}

/// What a run that was carried out has to tell.
///
/// # Errors
/// [`StoreError`], when the database cannot be read.
pub fn of_audit(store: &SqliteStore, report: &Report) -> Result<Vec<Line>, StoreError> {
    let mut lines = Vec::new();
    store.audit_of(&report.run, |row| {
        tell(&mut lines, &row.external_id, &row.entry);
        true
    })?;
    Ok(lines)
}

/// The conflicts that earlier runs left open, but for those that are told already.
///
/// # Errors
/// [`StoreError`], when the database cannot be read.
pub fn still_open(store: &SqliteStore, told: &mut Vec<Line>) -> Result<(), StoreError> {
    let mut standing = Vec::new();
    store.open_conflicts(|open| {
        let (id, unit) = (open.external_id, open.conflict.unit);
        if !told.iter().any(|line| line.matter == Matter::New && line.id == id && line.unit == unit) {
            standing.push(Line { matter: Matter::Standing, id, unit, why: open.why });
        }
        true
    })?;
    told.append(&mut standing);
    Ok(())
}

/// What a run that was not carried out would have had to tell.
pub fn of_plan(plan: &Plan) -> Vec<Line> {
    let mut lines = Vec::new();
    for op in plan.ops() {
        for entry in &op.entries {
            tell(&mut lines, op.id.as_str(), entry);
        }
    }
    lines
}

/// The entries of a group have one sentence.
fn tell(lines: &mut Vec<Line>, id: &str, entry: &Entry) {
    let Entry::Field(entry) = entry else { return };
    let Some(matter) = Matter::of(entry) else { return };
    let unit = entry.group.as_ref().unwrap_or(&entry.field);
    let told = lines.last().is_some_and(|last| last.id == id && last.unit == *unit && last.matter == matter);
    if !told {
        lines.push(Line { matter, id: id.to_owned(), unit: unit.clone(), why: entry.why.clone() });
    }
}

/// What an op would do, in a few words: `update phone, email`.
pub(super) fn planned(schema: &Schema, op: &Op) -> String {
    let fields = |record: &Record| {
        let written = schema.fields().iter().zip(record.fields()).filter(|(_, value)| !value.is_missing());
        written.map(|(field, _)| field.name()).collect::<Vec<_>>().join(", ")
    };
    match &op.action {
        Action::Update(patch) => format!("update {}", fields(patch)),
        Action::Reactivate(patch) => format!("reactivate {}", fields(patch)).trim_end().to_owned(),
        Action::Touch => "leave as it is, and note what was decided".to_owned(),
        other => other.name().to_owned(),
    }
}
