//! Where the fields of the schema stand in what the source says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use tripartite::schema::Schema;
use tripartite::value::Value;

/// Where a value stands in an object or a row.
///
/// ```
/// use tripartite_sources::records::Origin;
/// assert_eq!(Origin::from("Given Name"), Origin::Name("Given Name".to_owned()));
/// // A slash at the beginning makes it a JSON pointer (RFC 6901).
/// assert_eq!(Origin::from("/name/given"), Origin::Pointer("/name/given".to_owned()));
/// let parts: Origin = serde_json::from_str(r#"{"street": "Street", "town": "Town"}"#)?;
/// assert!(matches!(parts, Origin::Parts(_))); // one field of several columns
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub enum Origin {
    /// The member or the column of this name.
    Name(String),
    /// The value at this JSON pointer. A column may have such a name, too.
    Pointer(String),
    /// An object, each of whose members stands somewhere else.
    Parts(BTreeMap<String, Origin>),
}

/// The form of a configuration file: a text, or an object of texts.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Parts(BTreeMap<String, Origin>),
}

impl From<Written> for Origin {
    fn from(written: Written) -> Self {
        match written {
            Written::Text(text) => text.into(),
            Written::Parts(parts) => Self::Parts(parts),
        }
    }
}

impl From<Origin> for Written {
    fn from(from: Origin) -> Self {
        match from {
            Origin::Name(text) | Origin::Pointer(text) => Self::Text(text),
            Origin::Parts(parts) => Self::Parts(parts),
        }
    }
}

impl From<String> for Origin {
    fn from(text: String) -> Self {
        if text.starts_with('/') { Self::Pointer(text) } else { Self::Name(text) }
    }
}

impl From<&str> for Origin {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(text) | Self::Pointer(text) => f.write_str(text),
            Self::Parts(parts) => {
                let parts: Vec<_> = parts.values().map(ToString::to_string).collect();
                f.write_str(&parts.join(", "))
            }
        }
    }
}

impl Origin {
    /// The value, which stays where it is. Parts are no single value.
    pub(crate) fn find<'m>(&self, map: &'m BTreeMap<String, Value>) -> Option<&'m Value> {
        match self {
            Self::Name(name) => map.get(name),
            Self::Pointer(pointer) => {
                let mut tokens = tokens(pointer);
                let first = map.get(&tokens.next()?)?;
                tokens.try_fold(first, |value, token| step(value, &token))
            }
            Self::Parts(_) => None,
        }
    }

    /// The value, taken out. An object of which nothing is left is taken out with its last member, so that what remains
    /// is what nobody asked for.
    pub(crate) fn take(&self, map: &mut BTreeMap<String, Value>) -> Option<Value> {
        match self {
            Self::Name(name) => map.remove(name),
            Self::Pointer(pointer) => take_at(map, &tokens(pointer).collect::<Vec<_>>()),
            Self::Parts(parts) => {
                let taken: BTreeMap<String, Value> =
                    parts.iter().filter_map(|(name, from)| Some((name.clone(), from.take(map)?))).collect();
                (!taken.is_empty()).then_some(Value::Map(taken))
            }
        }
    }
}

fn tokens(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"))
}

fn step<'v>(value: &'v Value, token: &str) -> Option<&'v Value> {
    match value {
        Value::Map(map) => map.get(token),
        Value::List(list) => list.get(token.parse::<usize>().ok()?),
        _ => None,
    }
}

fn take_at(map: &mut BTreeMap<String, Value>, tokens: &[String]) -> Option<Value> {
    let (first, rest) = tokens.split_first()?;
    if rest.is_empty() {
        return map.remove(first);
    }
    let inner = map.get_mut(first)?;
    let taken = take_inside(inner, rest)?;
    if is_spent(inner) {
        map.remove(first);
    }
    Some(taken)
}

fn take_inside(value: &mut Value, tokens: &[String]) -> Option<Value> {
    match value {
        // Nothing of it is there, and that is said.
        Value::Null => Some(Value::Null),
        Value::Map(map) => take_at(map, tokens),
        Value::List(list) => {
            let (first, rest) = tokens.split_first()?;
            let element = list.get_mut(first.parse::<usize>().ok()?)?;
            if rest.is_empty() {
                return Some(std::mem::take(element));
            }
            let taken = take_inside(element, rest)?;
            if is_spent(element) {
                *element = Value::Null;
            }
            Some(taken)
        }
        _ => None,
    }
}

/// Whether nothing is left of what was taken from. A null stays, for the next pointer into it.
fn is_spent(value: &Value) -> bool {
    match value {
        Value::Map(map) => map.is_empty(),
        Value::List(list) => list.iter().all(Value::is_null),
        _ => false,
    }
}

/// Where fields stand that are not under their own names: the part of a configuration that names the columns of a source.
///
/// ```
/// use tripartite_sources::records::Columns;
/// let columns: Columns = serde_json::from_str(
///     r#"{"name": "Given Name", "email": "/emails/0/value", "address": {"town": "Town"}}"#,
/// )?;
/// assert_eq!(columns.fields().collect::<Vec<_>>(), ["address", "email", "name"]);
/// // Written back it is the same text.
/// assert!(serde_json::to_string(&columns)?.contains(r#""email":"/emails/0/value""#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Columns(BTreeMap<String, Origin>);

/// The columns do not fit the schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnsError {
    /// A field is named that the schema does not have.
    #[error("columns: there is no field `{field}`")]
    NoField {
        /// The field.
        field: String,
    },
    /// Two fields are read from one place.
    #[error("columns: `{field}` and another field both stand in `{from}`")]
    Shared {
        /// The later of the two fields.
        field: String,
        /// Where they stand.
        from: String,
    },
}

impl Columns {
    /// States where a field stands.
    pub fn insert(&mut self, field: impl Into<String>, from: impl Into<Origin>) {
        self.0.insert(field.into(), from.into());
    }

    /// The fields, in alphabetical order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The fields with where they stand.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Origin)> {
        self.0.iter().map(|(field, from)| (field.as_str(), from))
    }

    /// Whether every field stands under its own name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Checks that every field is one of the schema, and that no two stand in one place.
    ///
    /// # Errors
    /// [`ColumnsError`], which names the field.
    pub fn check(&self, schema: &Schema) -> Result<(), ColumnsError> {
        let mut seen = BTreeSet::new();
        for (field, from) in &self.0 {
            if schema.position(field).is_none() {
                return Err(ColumnsError::NoField { field: field.clone() });
            }
            if !seen.insert(from.to_string()) {
                return Err(ColumnsError::Shared { field: field.clone(), from: from.to_string() });
            }
        }
        Ok(())
    }
}
