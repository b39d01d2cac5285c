//! What a store shows of a record, in a form that can be compared and printed.

use std::collections::BTreeMap;

use crate::id::ExternalId;
use crate::schema::Schema;
use crate::store::{Base, Candidate, IndexEntry, Loaded, Presence, Revision, Synced};
use crate::value::{FieldRef, Fingerprint, Record, Value};

/// The values of a record by their fields' names.
pub(in crate::conformance) type Fields = BTreeMap<String, String>;

/// A record as it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) presence: Presence,
    pub(super) revision: Revision,
    pub(super) local: Fields,
    pub(super) base: Option<SeenBase>,
    pub(super) synced: Option<Synced>,
    /// By their units.
    pub(super) open: Vec<String>,
    pub(super) missed: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SeenBase {
    pub(super) fields: Fields,
    /// What it has beyond the fields.
    pub(super) extra: String,
    pub(super) schema: Fingerprint,
    pub(super) version: Option<u64>,
}

impl Seen {
    pub(super) fn of(schema: &Schema, loaded: &Loaded) -> Self {
        let mut open: Vec<_> = loaded.open.iter().map(text_of).collect();
        open.sort();
        Self {
            presence: loaded.presence,
            revision: loaded.revision,
            local: of_local(schema, &loaded.local),
            base: loaded.base.as_ref().map(|base| of_base(schema, base)),
            synced: loaded.synced,
            open,
            missed: loaded.missed,
        }
    }

    pub(super) fn field(&self, name: &str) -> &str {
        self.local.get(name).map_or("", String::as_str)
    }
}

fn of_base(schema: &Schema, base: &Base) -> SeenBase {
    let extra = text_of(&base.record.extra().to_value());
    SeenBase { fields: stated(schema, &base.record), extra, schema: base.schema, version: base.version }
}

/// The host's own fields: what is missing is null.
pub(super) fn of_local(schema: &Schema, record: &Record) -> Fields {
    let field = |position: usize| Some(record.field(position)).filter(|field| !field.is_missing());
    let text = |position| spelt(schema, position, field(position).unwrap_or(FieldRef::NULL));
    named(schema, |position| Some(text(position)))
}

/// The fields that a record states, without missing ones.
pub(in crate::conformance) fn stated(schema: &Schema, record: &Record) -> Fields {
    let field = |position: usize| Some(record.field(position)).filter(|field| !field.is_missing());
    named(schema, |position| field(position).map(|field| spelt(schema, position, field)))
}

fn named(schema: &Schema, text: impl Fn(usize) -> Option<String>) -> Fields {
    let fields = schema.fields().iter().enumerate();
    fields.filter_map(|(position, field)| Some((field.name().to_owned(), text(position)?))).collect()
}

/// A value in its canonical form; one that has none, as it stands there.
fn spelt(schema: &Schema, position: usize, field: FieldRef<'_>) -> String {
    match schema.canonical(position, field) {
        Ok(value) => text_of(&value),
        Err(_) => format!("unreadable {}", text_of(&field.to_value())),
    }
}

pub(super) fn text_of<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("unserialisable: {error}"))
}

/// A text as fields have it.
pub(super) fn quoted(text: &str) -> String {
    text_of(&Value::from(text))
}

/// An entry of the index, to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) presence: Presence,
    pub(super) revision: Revision,
    pub(super) synced: Option<Synced>,
    pub(super) open: u32,
    pub(super) missed: u32,
}

impl Listed {
    pub(super) fn of(entry: &IndexEntry) -> Self {
        let IndexEntry { presence, revision, synced, open, missed, .. } = *entry;
        Self { presence, revision, synced, open, missed }
    }
}

/// A candidate, to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Near {
    pub(super) linked: Option<ExternalId>,
    pub(super) presence: Presence,
    pub(super) revision: Revision,
    pub(super) is_not: Vec<ExternalId>,
    pub(super) fields: Fields,
}

impl Near {
    pub(super) fn of(schema: &Schema, candidate: &Candidate) -> Self {
        let Candidate { linked, presence, revision, .. } = candidate.clone();
        let mut is_not = candidate.is_not.clone();
        is_not.sort();
        Self { linked, presence, revision, is_not, fields: of_local(schema, &candidate.record) }
    }
}
