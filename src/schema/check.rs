//! What is checked of each field when a schema is built.

use std::collections::BTreeMap;

use super::{Field, Kind, SchemaBuilder, SchemaError, Strategy};
use crate::normalize::{date, timestamp};

/// Whether a kind can be read as it is declared.
pub(super) fn kind(spec: &SchemaBuilder, field: &str, kind: &Kind) -> Result<(), SchemaError> {
    let of_format = |format: &str, problem: String| SchemaError::Setting {
        place: format!("field `{field}`, format `{format}`"),
        problem,
    };
    match kind {
        Kind::Custom(name) if !spec.kinds.contains_key(name) => {
            Err(SchemaError::UnknownKind { field: field.to_owned(), kind: name.clone() })
        }
        Kind::Date { formats, .. } => formats.iter().try_for_each(|format| {
            date::check_format(format).map_err(|problem| of_format(format, problem.to_string()))
        }),
        Kind::Timestamp(notation) => notation.formats.iter().try_for_each(|format| {
            let checked = timestamp::check_format(format, notation.zone.is_some());
            checked.map_err(|problem| of_format(format, problem.to_string()))
        }),
        Kind::Boolean(words) => match words.problem() {
            None => Ok(()),
            Some(problem) => Err(setting(field, problem)),
        },
        Kind::Set { of, .. } if !of.is_scalar() => {
            Err(SchemaError::SetOf { field: field.to_owned(), of: of.name().to_owned() })
        }
        Kind::Set { delimiter: Some(delimiter), .. } if delimiter.is_empty() => {
            Err(setting(field, "`delimiter` is empty: what stands between the elements?"))
        }
        Kind::Set { of, .. } => self::kind(spec, field, of),
        Kind::SetOfRecords { key, of } => {
            self::key(field, key, of)?;
            self::kind(spec, field, of)
        }
        Kind::Record { fields, strategies, atomic } => {
            keys_decided(field, fields, strategies, *atomic)?;
            fields.iter().try_for_each(|(key, kind)| self::kind(spec, &format!("{field}/{key}"), kind))
        }
        kind => match kind.feature_that_is_off() {
            Some(feature) => {
                Err(SchemaError::FeatureOff { field: field.to_owned(), kind: kind.name().to_owned(), feature })
            }
            None => Ok(()),
        },
    }
}

/// A set of records is of records, and its key is of fields that these have, each a single value.
fn key(field: &str, key: &[String], of: &Kind) -> Result<(), SchemaError> {
    let wrong = |problem: String| Err(SchemaError::Setting { place: format!("field `{field}`"), problem });
    let Kind::Record { fields, .. } = of else {
        return wrong(format!("a set_of_records holds records, not `{}`", of.name()));
    };
    if key.is_empty() {
        return wrong("`key`: expected at least one field that tells one record from another".to_owned());
    }
    for (at, name) in key.iter().enumerate() {
        match fields.get(name) {
            None => return wrong(format!("`key`: `{name}` is not among its `fields`")),
            Some(kind) if !kind.is_scalar() => {
                return wrong(format!("`key`: `{name}` is a `{}`; expected a kind of one value", kind.name()));
            }
            Some(_) if key[..at].contains(name) => return wrong(format!("`key`: `{name}` is named twice")),
            Some(_) => {}
        }
    }
    Ok(())
}

/// Only a key that the schema has, of a record that is not decided as a whole, has a strategy of its own.
fn keys_decided(
    field: &str,
    fields: &BTreeMap<String, Kind>,
    strategies: &BTreeMap<String, Strategy>,
    atomic: bool,
) -> Result<(), SchemaError> {
    let wrong = |problem: String| Err(SchemaError::Setting { place: format!("field `{field}`"), problem });
    match strategies.keys().find(|key| !fields.contains_key(*key)) {
        Some(key) => wrong(format!("a strategy is stated for `{key}`, which is not among its `fields`")),
        None if atomic && !strategies.is_empty() => {
            wrong("it is decided as a whole, so that no key of it has a `strategy` of its own".to_owned())
        }
        None => Ok(()),
    }
}

fn setting(field: &str, problem: &str) -> SchemaError {
    SchemaError::Setting { place: format!("field `{field}`"), problem: problem.to_owned() }
}

/// No two fields stand at one place of the source, and none nowhere.
pub(super) fn places(fields: &[Field]) -> Result<(), SchemaError> {
    let mut seen = BTreeMap::new();
    for field in fields {
        let Some(from) = &field.from else { continue };
        if from.is_empty() {
            return Err(setting(&field.name, "`from`: the name of a member or a column is empty"));
        }
        if let Some(other) = seen.insert(from, &field.name) {
            return Err(setting(&field.name, &format!("`from`: field `{other}` stands at `{from}`, too")));
        }
    }
    Ok(())
}

/// What is written in its canonical form must be readable again.
pub(super) fn written(field: &Field) -> Result<(), SchemaError> {
    match unreadable(&field.kind) {
        Some(problem) if field.write_canonical => Err(setting(&field.name, problem)),
        _ => Ok(()),
    }
}

/// Why a kind does not read what it writes, also inside a set or a record.
fn unreadable(kind: &Kind) -> Option<&'static str> {
    match kind {
        // A canonical date is ISO 8601.
        Kind::Date { formats, .. } if !formats.is_empty() && !formats.iter().any(|format| format == "%Y-%m-%d") => {
            Some("`write_canonical` writes ISO 8601, so `%Y-%m-%d` must be among its `formats`")
        }
        // Where the comma is the mark, 1.234 may be two numbers.
        Kind::Decimal(notation) if notation.comma && notation.precision.is_none_or(|places| places > 2) => {
            Some("`write_canonical` writes a point, so with `comma` the `precision` must be 2 or less")
        }
        Kind::Set { of, .. } | Kind::SetOfRecords { of, .. } => unreadable(of),
        Kind::Record { fields, .. } => fields.values().find_map(unreadable),
        _ => None,
    }
}

/// Of each field the position of the one that says its region; nothing if none does.
pub(super) fn regions(fields: &[Field], names: &BTreeMap<String, usize>) -> Result<Vec<Option<usize>>, SchemaError> {
    if fields.iter().all(|field| field.region_from.is_none()) {
        return Ok(Vec::new());
    }
    let position = |field: &Field| {
        let Some(from) = &field.region_from else { return Ok(None) };
        if !matches!(field.kind, Kind::Phone { .. }) {
            return Err(setting(&field.name, "`region_from` is for fields of kind phone"));
        }
        match names.get(from) {
            Some(&at) if matches!(fields[at].kind, Kind::Text | Kind::Code | Kind::Name) => Ok(Some(at)),
            Some(_) => Err(setting(&field.name, &format!("`region_from`: `{from}` is not of kind code, text or name"))),
            None => Err(setting(&field.name, &format!("`region_from`: there is no field `{from}`"))),
        }
    };
    fields.iter().map(position).collect()
}
