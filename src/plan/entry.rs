//! The audit entries of a resolved record: one for each field that was not in sync.

use super::conflict::{open_conflict, said, same_conflict};
use super::told::Told;
use crate::audit::{AuditEntry, FieldEntry};
use crate::detect::{Sides, Verdict};
use crate::resolve::{Dialled, Resolution, Resolved};
use crate::schema::{Privacy, Schema, Unit};
use crate::store::OpenConflict;

/// One entry for every field that was not in sync, except for an open conflict that did not change, and an edit of which
/// the audit has already that it stays. If the undisputed rest of an object is written, there is an entry about that.
pub(super) fn entries(
    schema: &Schema,
    resolved: &Resolved<'_>,
    open: &[OpenConflict],
    told: &Told<'_>,
) -> Vec<AuditEntry> {
    let is_new = |resolution: &&Resolution<'_>| match resolution.verdict {
        Verdict::InSync | Verdict::Adopted | Verdict::NotReported => false,
        _ if resolution.is_open() && !resolution.fields.iter().any(|effect| effect.local.is_change()) => {
            let conflict = open_conflict(schema, resolved, resolution);
            !open.iter().any(|known| same_conflict(schema, known, &conflict))
        }
        _ => !told.has(schema, resolution),
    };
    let resolutions = resolved.resolutions.iter().filter(is_new);
    resolutions.flat_map(|resolution| field_entries(schema, &resolved.sides, resolution)).collect()
}

pub(super) fn field_entries(schema: &Schema, sides: &Sides<'_>, resolution: &Resolution<'_>) -> Vec<AuditEntry> {
    let group = match resolution.unit {
        Unit::Field(_) => None,
        Unit::Group(_) => Some(schema.unit_name(resolution.unit).to_owned()),
    };
    let entry = |&position: &usize| {
        let local = sides.local.field(position).to_value();
        let effect = resolution.fields.iter().find(|effect| effect.position == position);
        let result = effect.and_then(|effect| effect.local.to_value()).unwrap_or_else(|| local.clone());
        let entry = FieldEntry {
            field: schema.fields()[position].name().to_owned(),
            group: group.clone(),
            verdict: resolution.verdict.clone(),
            decision: resolution.decision,
            rule: resolution.rule.to_string(),
            base: said(sides.base.field(position)),
            local,
            remote: said(sides.remote.field(position)),
            result,
            collisions: resolution.collisions.clone(),
            dialled: Dialled::of(schema, position, *sides),
            why: String::new(),
            by: None,
            kept: Privacy::Plain,
        };
        AuditEntry::Field(FieldEntry { why: entry.reason(schema).said(), ..entry })
    };
    schema.members(&resolution.unit).iter().map(entry).collect()
}
