//! A value in a column, and back: every value is sent and read as a text, which PostgreSQL turns into the column's type.
//!
//! | the column's type | what stands in it |
//! |---|---|
//! | text, varchar, citext, an enumeration | the source's spelling; a set, list, map or record as JSON |
//! | boolean | true or false |
//! | smallint to bigint, numeric, real | the number |
//! | date | the date of the canonical form |
//! | timestamptz | the point in time, to the microsecond |
//! | json, jsonb | JSON |
//!
//! A value that is none of its kind has no place in a column of another type than text: the op fails, and says which field it
//! was.

use std::borrow::Cow;

use tripartite::schema::{Kind, Schema};
use tripartite::value::{FieldRef, RecordBuilder, RecordError, Value, exact_numbers_within};

use super::host::{Column, Form};
use crate::names::quoted;

impl Column {
    /// What is selected of it in the row `m`, with a comma before it.
    pub(super) fn selected(&self) -> String {
        let name = quoted(&self.name, '"');
        match self.form {
            // Whatever zone the session has.
            Form::Moment => format!(", (m.{name} AT TIME ZONE 'UTC')::text"),
            _ => format!(", m.{name}::text"),
        }
    }

    /// The text that is sent for a field; `None` for null.
    ///
    /// # Errors
    /// What is said of the field, where the column takes no such value.
    pub(super) fn cell<'a>(
        &self,
        schema: &Schema,
        position: usize,
        field: FieldRef<'a>,
    ) -> Result<Option<Cow<'a, str>>, String> {
        let (named, kind) = (&schema.fields()[position], schema.fields()[position].kind());
        if field.is_null() || field.is_missing() {
            let empty = self.not_null && self.form == Form::Text && is_empty(schema, position, field);
            return Ok(empty.then_some(Cow::Borrowed("")));
        }
        let text = match self.form {
            Form::Json => Cow::Owned(serde_json::to_string(&field.to_value()).unwrap_or_default()),
            Form::Text | Form::Uuid | Form::Other => as_text(field),
            Form::Boolean | Form::Integer | Form::Number | Form::Date | Form::Moment => {
                match schema.canonical(position, field) {
                    Ok(Value::Null) => return Ok(None),
                    Ok(Value::Text(text)) => Cow::Owned(text),
                    Ok(other) => Cow::Owned(serde_json::to_string(&other).unwrap_or_default()),
                    Err(_) => {
                        return Err(format!(
                            "field `{}` is no {}, and its column takes nothing else",
                            named.name(),
                            kind.name()
                        ));
                    }
                }
            }
        };
        if text.contains('\0') {
            return Err(format!("field `{}` has a NUL character, which PostgreSQL keeps in no text", named.name()));
        }
        Ok(Some(text))
    }

    /// Reads a column into a row, whatever stands in it.
    pub(super) fn read(
        &self,
        kind: &Kind,
        text: Option<&str>,
        row: &mut RecordBuilder,
        position: usize,
    ) -> Result<(), RecordError> {
        let Some(text) = text else { return row.set(position, &Value::Null) };
        match (self.form, kind) {
            (Form::Boolean, _) => row.set(position, &Value::Bool(text == "true")),
            (Form::Integer | Form::Number, Kind::Integer) => match text.parse::<i128>() {
                Ok(int) => row.set(position, &Value::Int(int)),
                Err(_) => row.set_text(position, text),
            },
            (Form::Moment, _) => row.set_text(position, &instant(text)),
            (Form::Json, _) => read_json(text, row, position),
            (_, kind) if !kind.is_scalar() && text.trim_start().starts_with(['[', '{']) => {
                read_json(text, row, position)
            }
            _ => row.set_text(position, text),
        }
    }
}

fn as_text(field: FieldRef<'_>) -> Cow<'_, str> {
    match (field.text(), field.is_composite()) {
        (Some(text), _) => Cow::Borrowed(text),
        (None, true) => Cow::Owned(serde_json::to_string(&field.to_value()).unwrap_or_default()),
        (None, false) => Cow::Owned(match field.to_value() {
            Value::Bool(bool) => bool.to_string(),
            Value::Int(int) => int.to_string(),
            Value::Float(float) => float.to_string(),
            other => serde_json::to_string(&other).unwrap_or_default(),
        }),
    }
}

/// An edit that is no JSON is an edit all the same.
fn read_json(text: &str, row: &mut RecordBuilder, position: usize) -> Result<(), RecordError> {
    match serde_json::from_slice::<Value>(&exact_numbers_within(text.as_bytes(), 0)) {
        Ok(value) => row.set(position, &value),
        Err(_) => row.set_text(position, text),
    }
}

/// A point in time in RFC 3339, as PostgreSQL writes it in UTC, also in JSON; what has no such form stays as it is written.
pub(super) fn instant(text: &str) -> String {
    match (text.split_once(' '), text.strip_suffix("+00:00")) {
        (Some((date, time)), _) if !time.contains(' ') => format!("{date}T{time}Z"),
        (None, Some(moment)) => format!("{moment}Z"),
        _ => text.to_owned(),
    }
}

/// Whether an empty text says the same as a null.
fn is_empty(schema: &Schema, position: usize, null: FieldRef<'_>) -> bool {
    let mut row = RecordBuilder::new(schema.fields().len());
    row.set_text(position, "").is_ok() && schema.same(position, null, row.finish().field(position))
}

/// Whether a column keeps what was written into it: the same value, or, of what is none of its kind, the same text.
pub(super) fn keeps(
    schema: &Schema,
    position: usize,
    column: &Column,
    written: FieldRef<'_>,
    now: Option<&str>,
) -> bool {
    let mut row = RecordBuilder::new(schema.fields().len());
    if column.read(schema.fields()[position].kind(), now, &mut row, position).is_err() {
        return false;
    }
    let row = row.finish();
    let kept = row.field(position);
    written == kept || schema.same(position, written, kept) || as_text(written) == as_text(kept)
}
