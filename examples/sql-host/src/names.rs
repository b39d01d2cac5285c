//! Names and texts as a database writes them.

use chrono::{DateTime, SecondsFormat, Utc};
use tripartite::schema::{Kind, Schema};

/// So many fields make up whom a record is about.
const NAMES: usize = 3;

/// Text as SQL quotes it.
///
/// ```
/// # use tripartite_sql::quoted;
/// assert_eq!(quoted("the \"club\"", '"'), r#""the ""club""""#);
/// assert_eq!(quoted("O'Brien", '\''), "'O''Brien'");
/// ```
pub fn quoted(text: &str, mark: char) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(mark);
    for c in text.chars() {
        out.push(c);
        if c == mark {
            out.push(c);
        }
    }
    out.push(mark);
    out
}

/// A point in time as it stands in every id of a run: in whole seconds.
///
/// ```
/// assert_eq!(tripartite_sql::time(&chrono::DateTime::UNIX_EPOCH), "1970-01-01T00:00:00Z");
/// ```
pub fn time(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The positions of the fields by which a record is called: at most three. A field that is sensitive is none of them: what the
/// audit does not keep, a report does not show.
///
/// ```
/// use tripartite::schema::{Field, Kind, Schema};
/// let fields = [("no", Kind::Text), ("first_name", Kind::Text), ("last_name", Kind::Text)];
/// let schema = fields.into_iter().fold(Schema::builder(), |schema, (name, kind)| schema.field(Field::new(name, kind)));
/// assert_eq!(tripartite_sql::named_by(&schema.build()?), [1, 2]);
/// # Ok::<(), tripartite::schema::SchemaError>(())
/// ```
pub fn named_by(schema: &Schema) -> Vec<usize> {
    let open = || schema.fields().iter().enumerate().filter(|(_, field)| !field.is_sensitive());
    let mut names: Vec<usize> =
        open().filter(|(_, field)| *field.kind() == Kind::Name).map(|(at, _)| at).take(NAMES).collect();
    if names.is_empty() {
        let is_name = |at: &usize| {
            let field = &schema.fields()[*at];
            *field.kind() == Kind::Text && field.name().contains("name")
        };
        names.extend(open().map(|(at, _)| at).filter(is_name).take(NAMES));
    }
    names
}
