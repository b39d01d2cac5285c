//! Whether a record that is listed twice says the same twice, in whatever spelling.
//!
//! | first | second | same |
//! |---|---|---|
//! | `{name: "Áine "}` | `{name: "Áine"}` | yes: one name, two spellings |
//! | `{name: "Áine", fax: null}` | `{name: "Áine"}` | no: the second says nothing of the fax |
//! | `{born: "spring"}` | `{born: "Spring"}` | no: what cannot be read equals only itself |
//!
//! **And when the first statement is gone?** A run keeps the fingerprint of a record that is as it was the last night,
//! and in streaming mode of one that is written. What it said is then told by what the host has of it: the base, or
//! where a conflict is open, the source's side of it.

use crate::detect::{RemoteState, Side, read_remote};
use crate::schema::{Field, Schema, Unit};
use crate::store::{Loaded, OpenConflict};
use crate::value::{Record, Value, at, pointer};

pub(super) fn same(schema: &Schema, first: &Record, second: &Record) -> bool {
    schema.fields().iter().enumerate().all(|(position, field)| {
        let (first, second) = (first.field(position), second.field(position));
        let is_said = first.is_missing() == second.is_missing();
        is_said && Side::new(schema, field, first).same(&Side::new(schema, field, second))
    })
}

/// Whether a record says what was decided on already.
pub(super) fn is_known(schema: &Schema, loaded: &Loaded, again: &Record) -> bool {
    let Some(base) = &loaded.base else { return false };
    let base = schema.accepted(&base.record);
    schema.units().iter().all(|unit| {
        let open = loaded.open.iter().find(|conflict| conflict.unit == schema.unit_name(*unit));
        schema.members(unit).iter().all(|&position| {
            let field = &schema.fields()[position];
            let known = Side::new(schema, field, base.field(position));
            match read_remote(schema, position, &known, again.field(position)) {
                RemoteState::NotReported => true,
                RemoteState::Invalid(_) => false,
                RemoteState::Reported { remote, moved } => open.map_or(!moved, |conflict| {
                    schema.same_value(field.kind(), said(conflict, *unit, field), &remote.raw.to_value())
                }),
            }
        })
    })
}

/// What the source says of a field in a conflict that is open.
fn said<'c>(conflict: &'c OpenConflict, unit: Unit, field: &Field) -> &'c Value {
    match unit {
        Unit::Field(_) => &conflict.remote,
        Unit::Group(_) => at(&conflict.remote, &pointer(&[field.name()])),
    }
}
