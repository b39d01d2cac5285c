//! A value in a column, and back.
//!
//! | kind | what stands in the column |
//! |---|---|
//! | text and all that is written as text | the source's spelling |
//! | boolean | 0 or 1; another spelling of the source as text |
//! | integer | a number; beyond 64 bits, as text |
//! | decimal | text, so that `0.10` stays `0.10` |
//! | set, list, map, record | JSON |

use std::borrow::Cow;
use std::fmt::Write;

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};
use tripartite::schema::Kind;
use tripartite::value::{FieldRef, RecordBuilder, RecordError, Value, exact_numbers_within};

/// What is bound to a column.
#[derive(Debug)]
pub(super) enum Cell<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(Cow<'a, str>),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Real(real) => ValueRef::Real(*real),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl<'a> Cell<'a> {
    /// A field, as it is kept.
    pub(super) fn of(kind: &Kind, field: FieldRef<'a>) -> Self {
        if let Some(text) = field.text() {
            return Self::Text(Cow::Borrowed(text));
        }
        let owned = |text: String| Self::Text(Cow::Owned(text));
        match (kind, field.to_value()) {
            (_, Value::Null) => Self::Null,
            (Kind::Boolean(_), Value::Bool(bool)) => Self::Integer(bool.into()),
            (_, Value::Bool(bool)) => owned(bool.to_string()),
            (Kind::Boolean(_) | Kind::Integer, Value::Int(int)) => {
                i64::try_from(int).map_or_else(|_| owned(int.to_string()), Self::Integer)
            }
            (_, Value::Int(int)) => owned(int.to_string()),
            (Kind::Boolean(_) | Kind::Integer, Value::Float(float)) => Self::Real(float),
            (_, Value::Float(float)) => owned(float.to_string()),
            (_, Value::Text(text)) => owned(text),
            // Text as keys, finite numbers: what a record holds has a JSON form.
            (_, composite) => owned(serde_json::to_string(&composite).unwrap_or_default()),
        }
    }
}

/// Reads a column into a row, whatever stands in it.
pub(super) fn read(
    kind: &Kind,
    column: ValueRef<'_>,
    row: &mut RecordBuilder,
    position: usize,
) -> Result<(), RecordError> {
    match column {
        ValueRef::Null => row.set(position, &Value::Null),
        ValueRef::Integer(bit @ (0 | 1)) if matches!(kind, Kind::Boolean(_)) => {
            row.set(position, &Value::Bool(bit == 1))
        }
        ValueRef::Integer(integer) => row.set(position, &Value::from(integer)),
        ValueRef::Real(real) if real.is_finite() => row.set(position, &Value::Float(real)),
        ValueRef::Real(real) => row.set_text(position, &real.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => read_text(kind, text, row, position),
            Err(_) => row.set_text(position, &literal(bytes)),
        },
    }
}

fn read_text(kind: &Kind, text: &str, row: &mut RecordBuilder, position: usize) -> Result<(), RecordError> {
    let composite = !kind.is_scalar() && text.trim_start().starts_with(['[', '{']);
    match composite.then(|| serde_json::from_slice::<Value>(&exact_numbers_within(text.as_bytes(), 0))) {
        Some(Ok(value)) => row.set(position, &value),
        // An edit that is no JSON is an edit all the same.
        Some(Err(_)) | None => row.set_text(position, text),
    }
}

/// Bytes as SQL writes them.
fn literal(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2 + 3);
    out.push_str("x'");
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_somebody_entered_keeps_all_digits() {
        let list = read_back(&Kind::List, ValueRef::Text(b"[18446744073709551617, 1.5, 13.044686168432236]"));
        let kept = vec![Value::from("18446744073709551617"), Value::Float(1.5), Value::Float(13.044686168432236)];
        assert_eq!(list, Value::List(kept));
    }

    fn read_back(kind: &Kind, column: ValueRef<'_>) -> Value {
        let mut row = RecordBuilder::new(1);
        read(kind, column, &mut row, 0).unwrap();
        row.finish().field(0).to_value()
    }

    #[test]
    fn whatever_a_client_wrote_is_read() {
        let set = Kind::set(Kind::Text);
        for (kind, column, expected, why) in [
            (&Kind::BOOLEAN, ValueRef::Integer(1), Value::Bool(true), "a truth value"),
            (&Kind::BOOLEAN, ValueRef::Integer(2), Value::from(2), "none, and still seen"),
            (&Kind::Text, ValueRef::Integer(1), Value::from(1), "a number in a text column"),
            (&Kind::Text, ValueRef::Real(f64::INFINITY), Value::from("inf"), "what no record holds"),
            (&Kind::Text, ValueRef::Blob(b"abc"), Value::from("abc"), "a driver that binds bytes"),
            (&Kind::Text, ValueRef::Text(b"\xc3"), Value::from("x'c3'"), "no UTF-8"),
            (&set, ValueRef::Text(b"[\"a\"]"), Value::List(vec![Value::from("a")]), "a list"),
            (&set, ValueRef::Text(b"[\"a\""), Value::from("[\"a\""), "no JSON"),
            (&set, ValueRef::Text(b"a, b"), Value::from("a, b"), "no JSON either"),
        ] {
            assert_eq!(read_back(kind, column), expected, "{why}");
        }
    }

    #[test]
    fn what_is_kept_reads_as_what_it_was() {
        let big = Value::Int(i128::from(i64::MAX) + 1);
        for (kind, value, expected) in [
            (Kind::BOOLEAN, Value::Bool(true), Value::Bool(true)),
            (Kind::Integer, Value::from(-5), Value::from(-5)),
            (Kind::Integer, big, Value::from("9223372036854775808")),
            (Kind::Text, Value::from(5), Value::from("5")),
            (Kind::DECIMAL, Value::Float(0.1), Value::from("0.1")),
            (
                Kind::Map,
                Value::Map([("a".to_owned(), Value::Null)].into()),
                Value::Map([("a".to_owned(), Value::Null)].into()),
            ),
        ] {
            let mut row = RecordBuilder::new(1);
            row.set(0, &value).unwrap();
            let row = row.finish();
            let cell = Cell::of(&kind, row.field(0));
            let ToSqlOutput::Borrowed(column) = cell.to_sql().unwrap() else { panic!("cells are borrowed") };
            assert_eq!(read_back(&kind, column), expected, "{kind:?}");
        }
    }
}
