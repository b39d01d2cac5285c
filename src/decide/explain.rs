//! Open conflicts, explained to the person who decides them.

use super::{collisions, record_conflict, unit, unit_named};
use crate::detect::Verdict;
use crate::id::ExternalId;
use crate::plan::same_in_dispute;
use crate::resolve::{Decision, Dialled, Reason, Resolution};
use crate::schema::{Policy, Unit};
use crate::store::{Loaded, OpenConflict, WHOLE_RECORD};
use crate::value::Value;

/// An open conflict, explained.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Explained {
    /// The record.
    pub id: ExternalId,
    /// The conflict, with the versions it is about.
    pub conflict: OpenConflict,
    /// The fields that an answer decides, as one; of a removed record, those that the source changed.
    pub fields: Vec<String>,
    /// Why it is one and why it is open. It has no values.
    pub reason: Reason<'static>,
    /// The reason, said in English.
    pub why: String,
    /// The rule that left it open.
    pub rule: String,
    /// The host's value now, where somebody edited what is in dispute since the conflict was last looked at.
    pub edited: Option<Value>,
    /// The host's value now; of the whole record, what the conflict has.
    pub now: Value,
}

/// Explains the open conflicts of a record, in the order in which they are stored. One whose field left the schema is
/// left out; the next sync closes it.
pub fn explain(policy: &Policy, loaded: &Loaded) -> Vec<Explained> {
    let schema = policy.schema();
    let explained = |conflict: &OpenConflict| {
        if conflict.unit == WHOLE_RECORD {
            let reason = record_conflict::reason(conflict);
            return Some(Explained {
                id: loaded.id.clone(),
                conflict: conflict.clone(),
                fields: record_conflict::fields(conflict),
                why: reason.to_string(),
                reason,
                rule: record_conflict::rule(conflict).to_owned(),
                edited: None,
                now: conflict.local.clone(),
            });
        }
        let unit = unit_named(schema, &conflict.unit)?;
        let rule = policy.rule(unit, loaded.strategy.as_ref());
        let now = unit::value(schema, &loaded.local, unit);
        let fields = schema.members(&unit).iter().map(|&at| schema.fields()[at].name().to_owned()).collect();
        let resolution = Resolution {
            unit,
            verdict: Verdict::Conflict(conflict.clash),
            decision: Decision::HeldOpen,
            rule: rule.clone(),
            fields: Vec::new(),
            collisions: collisions(conflict, Decision::HeldOpen),
        };
        let mut reason = resolution.reason(schema).into_owned();
        if let (Reason::Unit(why), Unit::Field(position)) = (&mut reason, unit) {
            why.dialled = Dialled::here(schema, position, &loaded.local);
        }
        Some(Explained {
            id: loaded.id.clone(),
            conflict: conflict.clone(),
            fields,
            why: reason.to_string(),
            reason,
            rule: rule.to_string(),
            edited: (!same_in_dispute(schema, conflict, &now, &conflict.local)).then(|| now.clone()),
            now,
        })
    };
    loaded.open.iter().filter_map(explained).collect()
}
