//! What is remembered of an op beside its row.

use std::borrow::Cow;

use tripartite::audit::{AuditEntry, FieldEntry, Situation};
use tripartite::store::{Action, Op, OpenConflict, WHOLE_RECORD};
use tripartite::value::{Record, RecordBuilder};

/// The condition in SQL that an entry of the audit is told of where a run's changes are listed, by its columns `subject`,
/// `verdict` and `decision`.
pub const CHANGED: &str =
    "(subject = 'field' OR verdict NOT IN ('Unmatched', 'Missing', 'Reappeared') OR decision = 'touch')";

/// The condition in SQL that a person is told of an entry of the audit: conflicts, edits undone, values that could not be read,
/// members that were linked.
pub const NOTEWORTHY: &str = "(verdict IN ('Conflict', 'InvalidRemote', 'DeleteVsEdit', 'Replaced', 'Found', 'KeptActive') \
     OR decision IN ('HeldOpen', 'DriftReverted'))";

/// The name of a situation, as the column `verdict` has it.
pub fn situation(situation: Situation) -> String {
    match serde_json::to_value(situation) {
        Ok(serde_json::Value::String(name)) => name,
        _ => format!("{situation:?}"),
    }
}

/// What is stored of a base. What the source said beyond the schema of that time is no base: a field that the schema gets
/// later starts without one. What is left of fields that the schema had once stays.
pub fn stored_base<'b>(op: &Op, base: &'b Record) -> Cow<'b, Record> {
    if !matches!(op.action, Action::Create(_)) || base.extra().is_missing() {
        return Cow::Borrowed(base);
    }
    let mut row = RecordBuilder::new(base.len());
    for (position, field) in base.fields().enumerate() {
        // Every part of a row fits into a row.
        let _ = row.set_field(position, field);
    }
    Cow::Owned(row.finish())
}

/// The sentence that the audit has on a conflict of an op; none when only a side of it moved on.
pub fn why<'a>(op: &'a Op, conflict: &OpenConflict) -> &'a str {
    let of = |entry: &'a AuditEntry| match entry {
        AuditEntry::Field(entry) if entry.group.as_ref().unwrap_or(&entry.field) == &conflict.unit => Some(&*entry.why),
        AuditEntry::Record(entry) if conflict.unit == WHOLE_RECORD && asks(entry.situation) => Some(&*entry.why),
        _ => None,
    };
    op.entries.iter().find_map(of).unwrap_or_default()
}

/// Whether it is a question about a record as a whole.
fn asks(situation: Situation) -> bool {
    matches!(situation, Situation::DeleteVsEdit | Situation::Replaced)
}

/// Adds an entry about the same record, from the same run, if it is about another field of the group of the first one.
pub fn beside(entries: &mut Vec<FieldEntry>, entry: AuditEntry) {
    if let (Some(first), AuditEntry::Field(entry)) = (entries.first(), entry)
        && entry.group.is_some()
        && entry.group == first.group
        && entries.iter().all(|known| known.field != entry.field)
    {
        entries.push(entry);
    }
}
