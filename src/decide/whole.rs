//! The conflict about a record as a whole: the source changed what a user removed.

use super::{Answer, Refusal, completed, known_base, put, touch, unit};
use crate::detect::{RemoteChange, Verdict};
use crate::exchange::{Action, ConflictChange, Entry, FieldEntry, Loaded, Op, OpenConflict, RecordEntry, Situation};
use crate::id::PersonId;
use crate::resolve::Decision;
use crate::schema::{Policy, Privacy};
use crate::value::{RecordBuilder, Value};

const STAYS: &str = "Asked about a record that was removed here and changed at the source, a person left it removed.";
const BACK: &str = "Asked about a record that was removed here and changed at the source, a person took it back.";

pub(super) fn why(conflict: &OpenConflict) -> String {
    let fields = fields(conflict).join(", ");
    format!(
        "Somebody here removed this record and the source changed {fields}; it stays removed until somebody decides."
    )
}

/// What the source changed.
pub(super) fn fields(conflict: &OpenConflict) -> Vec<String> {
    if let Value::Map(said) = &conflict.remote { said.keys().cloned().collect() } else { Vec::new() }
}

pub(super) fn decide(
    policy: &Policy,
    loaded: &Loaded,
    conflict: &OpenConflict,
    answer: &Answer,
    by: &PersonId,
) -> Result<Op, Refusal> {
    let schema = policy.schema();
    let base = known_base(schema, loaded);
    let mut op = touch(loaded);
    let mut advanced = RecordBuilder::new(schema.fields().len());
    let mut patch = RecordBuilder::new(schema.fields().len());
    let mut overwritten = Vec::new();
    for name in fields(conflict) {
        let Some(position) = schema.position(&name) else { continue };
        let field = &schema.fields()[position];
        let Value::Map(said) = &conflict.remote else { continue };
        let remote = unit::nulled(schema, field, said.get(&name).cloned().unwrap_or_default());
        put(&mut advanced, position, &remote);
        let (now, known) = (loaded.local.field(position), base.field(position));
        let Some(written) = unit::written(schema, field, remote.clone(), now) else { continue };
        put(&mut patch, position, &written);
        let change = match (known.is_missing(), schema.is_null(field, known), remote.is_null()) {
            (true, ..) => RemoteChange::Filled,
            (_, true, _) => RemoteChange::Set,
            (_, _, true) => RemoteChange::Cleared,
            _ => RemoteChange::Changed,
        };
        overwritten.push(Entry::Field(FieldEntry {
            field: name,
            group: schema.group_of(position).map(|group| group.name().to_owned()),
            verdict: Verdict::RemoteOnly(change),
            decision: Decision::TookRemote,
            rule: format!("person: {}", answer.name()),
            base: (!known.is_missing()).then(|| known.to_value()),
            local: now.to_value(),
            remote: Some(remote),
            result: written,
            collisions: Vec::new(),
            why: BACK.to_owned(),
            by: Some(by.clone()),
            kept: Privacy::Plain,
        }));
    }
    let why = match answer {
        Answer::Value(_) => return Err(Refusal::WholeRecord),
        Answer::TakeLocal => STAYS,
        Answer::TakeRemote => {
            op.action = Action::Reactivate(patch.finish());
            BACK
        }
    };
    let (situation, action) = (Situation::DeleteVsEdit, op.action.name().to_owned());
    op.entries.push(Entry::Record(RecordEntry { situation, action, why: why.to_owned(), by: Some(by.clone()) }));
    if *answer == Answer::TakeRemote {
        op.entries.append(&mut overwritten);
    }
    op.base = Some(completed(advanced, &base));
    op.conflicts.push(ConflictChange::Close { unit: conflict.unit.clone() });
    op.situation = situation;
    Ok(op)
}
