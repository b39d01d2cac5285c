//! How an object or a row of the source becomes a record: which fields, which id, which version, and who has left.
//!
//! [`Records`] is what all sources of this package share. Without settings each field of the schema is the member or the
//! column of its name, or of one of its aliases, and everything else is kept beside the schema.
//!
//! | setting | what it says |
//! |---|---|
//! | [`id`](Records::new) | where the id stands |
//! | `from` of a field in a schema file, [`column`](Records::column), [`columns`](Records::columns) | where a field stands, if not under its name |
//! | [`version`](Records::version) | where the version of a record stands |
//! | [`gone_if`](Records::gone_if) | which word says that a listed record has left |
//! | [`unstated`](Records::unstated) | which text of a cell says nothing |

mod columns;
mod object;
mod row;

use std::collections::BTreeMap;

use tripartite::id::ExternalId;
use tripartite::schema::Schema;
use tripartite::source::{Item, Malformed, RemoteRecord};
use tripartite::value::Value;

pub use columns::{Columns, ColumnsError, Origin};
pub(crate) use object::{pairs, read as read_object, recovered, too_long};
pub(crate) use row::{Header, Layout};

/// What a record of the source is made of.
///
/// ```
/// use tripartite::schema::{Field, Kind, Schema};
/// use tripartite_sources::records::Records;
/// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
/// let plain = Records::new(schema.clone(), "id");
/// let mapped = Records::new(schema, "/identifier/value").column("name", "Given Name");
/// assert_eq!(mapped.schema().fields().len(), plain.schema().fields().len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Records {
    schema: Schema,
    id: Origin,
    columns: Columns,
    version: Option<Origin>,
    gone: Option<Gone>,
    unstated: Option<String>,
    shown_ids: Ids,
}

/// Which value of which member says that a record has left.
#[derive(Debug, Clone)]
struct Gone {
    from: Origin,
    words: Vec<String>,
}

/// What is thought of ids such as `7.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ids {
    /// A listing all of whose ids end in `.0` is refused.
    Doubted,
    /// They are what they are.
    Taken,
}

impl Records {
    /// Records of this schema whose id stands under this name, or at this JSON pointer (it begins with a slash). Its fields
    /// stand where the schema says ([`stands_at`](tripartite::schema::Field::stands_at), in a file `from`).
    pub fn new(schema: Schema, id: impl Into<Origin>) -> Self {
        let mut columns = Columns::default();
        for field in schema.fields() {
            if let Some(place) = field.place() {
                columns.insert(field.name(), place);
            }
        }
        Self { schema, id: id.into(), columns, version: None, gone: None, unstated: None, shown_ids: Ids::Doubted }
    }

    /// Where a field stands: the name of a member or a column, or a JSON pointer.
    #[must_use]
    pub fn column(mut self, field: impl Into<String>, from: impl Into<Origin>) -> Self {
        self.columns.insert(field, from);
        self
    }

    /// Where the fields stand that are not under their own names.
    #[must_use]
    pub fn columns(mut self, columns: Columns) -> Self {
        self.columns.extend(columns);
        self
    }

    /// Where the version of a record stands. It is a whole number, which may stand in the quotes of an entity tag
    /// (`W/"7"`). Anything else is no version: it has no order.
    #[must_use]
    pub fn version(mut self, from: impl Into<Origin>) -> Self {
        self.version = Some(from.into());
        self
    }

    /// Which values say that a listed record has left: it becomes a tombstone. A text is compared with its case, a
    /// boolean is `true` or `false`.
    #[must_use]
    pub fn gone_if<W: Into<String>>(mut self, from: impl Into<Origin>, words: impl IntoIterator<Item = W>) -> Self {
        self.gone = Some(Gone { from: from.into(), words: words.into_iter().map(Into::into).collect() });
        self
    }

    /// Which text of a cell says nothing about its field. An empty cell says that the field is empty.
    #[must_use]
    pub fn unstated(mut self, word: impl Into<String>) -> Self {
        self.unstated = Some(word.into());
        self
    }

    /// Takes ids such as `7.0` as they are. Otherwise a listing all of whose ids end in `.0` is refused: a converter has
    /// taken them for numbers, and `007` and `7` are one.
    #[must_use]
    pub fn ids_as_they_are(mut self) -> Self {
        self.shown_ids = Ids::Taken;
        self
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Where the id stands.
    pub fn id_from(&self) -> &Origin {
        &self.id
    }

    pub(crate) fn doubts_ids(&self) -> bool {
        self.shown_ids == Ids::Doubted
    }

    /// The name of the id's member, if a record is read without anything in between.
    pub(crate) fn plain_id(&self) -> Option<&str> {
        match &self.id {
            Origin::Name(name) if self.columns.is_empty() && self.version.is_none() && self.gone.is_none() => {
                Some(name)
            }
            _ => None,
        }
    }

    /// The record, tombstone or problem that an object is.
    pub(crate) fn of_map(&self, mut map: BTreeMap<String, Value>, place: &str) -> Item {
        let stated = self.id.take(&mut map);
        let id = match stated.and_then(text_of).map(ExternalId::new) {
            Some(Ok(id)) => id,
            Some(Err(error)) => return malformed(place, None, format!("`{}`: {error}", self.id)),
            None => return malformed(place, None, self.no_id()),
        };
        let version = self.version.as_ref().and_then(|from| from.find(&map)).and_then(version_of);
        if self.gone.as_ref().is_some_and(|gone| gone.is_said_in(&map)) {
            return Item::Tombstone { id, version };
        }
        match self.schema.record(&self.fields_of(map)) {
            Ok(record) => Item::Record(RemoteRecord::new(id, record.with_exact_numbers()).version(version)),
            Err(error) => malformed(place, Some(id), format!("cannot be read: {error}")),
        }
    }

    fn no_id(&self) -> String {
        format!("has no id: `{}` should be a text or a whole number", self.id)
    }

    /// The members under the names of their fields.
    fn fields_of(&self, mut map: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
        let mapped: Vec<(String, Value)> = self
            .columns
            .iter()
            .filter_map(|(field, from)| from.take(&mut map).map(|value| (field.to_owned(), value)))
            .collect();
        // A member that has the name of a field which stands elsewhere is not that field.
        for field in self.columns.fields() {
            let Some(value) = map.remove(field) else { continue };
            map.insert(format!("{field} (of the source)"), value);
        }
        map.extend(mapped);
        map
    }
}

impl Gone {
    fn is_said_in(&self, map: &BTreeMap<String, Value>) -> bool {
        match self.from.find(map) {
            Some(Value::Text(text)) => self.words.contains(text),
            Some(Value::Bool(is)) => self.words.iter().any(|word| word == if *is { "true" } else { "false" }),
            Some(Value::Int(int)) => self.words.contains(&int.to_string()),
            _ => false,
        }
    }
}

/// An id as text, where it is a text or a whole number.
fn text_of(id: Value) -> Option<String> {
    match id {
        Value::Text(text) => Some(text),
        Value::Int(int) => Some(int.to_string()),
        _ => None,
    }
}

/// A version that is counted. A tag that is no number has no order.
pub(crate) fn version_of(value: &Value) -> Option<u64> {
    match value {
        Value::Int(int) => u64::try_from(*int).ok(),
        Value::Text(text) => text.trim_start_matches("W/").trim_matches('"').parse().ok(),
        _ => None,
    }
}

pub(crate) fn malformed(place: &str, id: Option<ExternalId>, problem: String) -> Item {
    Item::Malformed(Malformed::new(place, problem).id(id))
}
