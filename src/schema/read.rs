//! Reads records from any serde type.
//!
//! Two doors: [`Schema::record`] takes anything that serialises to an object; [`RecordSeed`] is fed by a deserialiser
//! and packs each field straight into the row, for hosts that read millions of lines.
//!
//! A reader of JSON hands out numbers it has rounded; [`exact_numbers`](crate::value::exact_numbers) says which, and
//! how to keep them.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::Serialize;

use super::to_value::{RecordingError, ToValue};
use super::{Field, Schema};
use crate::value::{Record, RecordBuilder, RecordError, Value, widened};

impl Schema {
    /// Makes a record of anything that serialises to an object: a struct, a map, a JSON value.
    ///
    /// `None` and null are explicitly null. To say nothing about a field, leave it out
    /// (`#[serde(skip_serializing_if = "Option::is_none")]`).
    ///
    /// # Errors
    /// [`RecordingError`] when it is no object, states a field twice (also once by its name and once by an alias),
    /// holds a number that is not finite or a whole one beyond 127 bits, or is too large. Its text names fields, never
    /// values.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// #[derive(serde::Serialize)]
    /// struct Member<'a> {
    ///     name: &'a str,
    ///     #[serde(skip_serializing_if = "Option::is_none")]
    ///     phone: Option<&'a str>,
    /// }
    /// let schema = Schema::builder()
    ///     .field(Field::new("name", Kind::Name))
    ///     .field(Field::new("phone", Kind::Text))
    ///     .build()?;
    /// let record = schema.record(&Member { name: "Áine", phone: None })?;
    /// assert_eq!(record.field(0).text(), Some("Áine"));
    /// // It was left out, so nothing was said. Null would mean "empty".
    /// assert!(record.field(1).is_missing());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record<T: Serialize + ?Sized>(&self, from: &T) -> Result<Record, RecordingError> {
        let Value::Map(map) = from.serialize(ToValue)? else {
            return Err(RecordingError("a record is made of an object, by field names".to_owned()));
        };
        self.record_of(map)
    }

    /// Reads one record from a deserialiser, without anything in between.
    ///
    /// ```
    /// use serde::de::DeserializeSeed;
    /// use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let mut line = serde_json::Deserializer::from_str(r#"{"name": null}"#);
    /// let record = schema.seed().deserialize(&mut line)?;
    /// assert!(record.field(0).is_null()); // explicitly empty, not missing
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seed(&self) -> RecordSeed<'_> {
        RecordSeed { schema: self, id: None }
    }

    fn record_of(&self, map: BTreeMap<String, Value>) -> Result<Record, RecordingError> {
        let mut row = RecordBuilder::new(self.fields().len());
        let mut extra = BTreeMap::new();
        for (name, value) in map {
            match self.position(&name) {
                Some(position) => {
                    row.set(position, &value).map_err(|error| RecordingError(self.named_error(error)))?;
                }
                None => {
                    extra.insert(name, value);
                }
            }
        }
        if !extra.is_empty() {
            row.set_extra(extra).map_err(|error| RecordingError(error.to_string()))?;
        }
        Ok(row.finish())
    }

    fn field_name(&self, position: usize) -> &str {
        self.fields().get(position).map_or("", Field::name)
    }

    fn named_error(&self, error: RecordError) -> String {
        match error {
            RecordError::Twice { position } => format!("field `{}` is stated twice", self.field_name(position)),
            RecordError::NotFinite { position } => {
                format!("field `{}` holds a number that is not finite", self.field_name(position))
            }
            other => other.to_string(),
        }
    }
}

/// Reads one record from a deserialiser, each field straight into the row.
///
/// ```
/// use serde::de::DeserializeSeed;
/// use tripartite::schema::{Field, Kind, Schema};
/// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
/// let line = r#"{"id": 42, "name": "Seán"}"#;
/// let keyed = schema
///     .seed()
///     .keyed("id")
///     .deserialize(&mut serde_json::Deserializer::from_str(line))?;
/// assert_eq!(keyed.id.as_deref(), Some("42"));
/// assert_eq!(keyed.record.field(0).text(), Some("Seán"));
///
/// let twice = r#"{"id": "a", "name": "x", "name": "y"}"#;
/// let error = schema
///     .seed()
///     .deserialize(&mut serde_json::Deserializer::from_str(twice))
///     .unwrap_err();
/// assert!(error.to_string().starts_with("field `name` is stated twice"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct RecordSeed<'a> {
    schema: &'a Schema,
    id: Option<&'a str>,
}

/// A record, and the id that stood in the same object.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Keyed {
    /// The id as text, where it was stated as a text or a whole number; of one beyond 64 bits no reader of JSON is
    /// sure.
    pub id: Option<String>,
    /// The record.
    pub record: Record,
}

impl<'a> RecordSeed<'a> {
    /// Takes the id out of the field of this name.
    ///
    /// ```
    /// use serde::de::DeserializeSeed;
    /// use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let mut line = serde_json::Deserializer::from_str(r#"{"id": 4.2, "name": "Seán"}"#);
    /// let keyed = schema.seed().keyed("id").deserialize(&mut line)?;
    /// // neither a text nor a whole number: the host says that it is malformed
    /// assert_eq!(keyed.id, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn keyed(self, id: &'a str) -> KeyedSeed<'a> {
        KeyedSeed(Self { id: Some(id), ..self })
    }
}

/// As [`RecordSeed`], with the id.
#[derive(Clone, Copy)]
pub struct KeyedSeed<'a>(RecordSeed<'a>);

impl<'de> DeserializeSeed<'de> for KeyedSeed<'_> {
    type Value = Keyed;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Keyed, D::Error> {
        deserializer.deserialize_map(self.0)
    }
}

impl<'de> DeserializeSeed<'de> for RecordSeed<'_> {
    type Value = Record;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Record, D::Error> {
        deserializer.deserialize_map(self).map(|keyed| keyed.record)
    }
}

impl<'de> Visitor<'de> for RecordSeed<'_> {
    type Value = Keyed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, by field names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Keyed, A::Error> {
        let mut row = RecordBuilder::new(self.schema.fields().len());
        let mut extra = BTreeMap::new();
        let mut id = None;
        let mut expected = 0;
        while let Some(key) = access.next_key_seed(KeySeed { schema: self.schema, id: self.id, expected })? {
            match key {
                Key::Id if id.is_some() => return Err(de::Error::custom("the id is stated twice")),
                Key::Id => id = Some(access.next_value::<Value>()?),
                Key::Field(position) => {
                    expected = position + 1;
                    if row.is_set(position) {
                        access.next_value::<IgnoredAny>()?;
                        return Err(de::Error::custom(self.schema.named_error(RecordError::Twice { position })));
                    }
                    access.next_value_seed(CellSeed { row: &mut row, position })?;
                }
                Key::Unknown(name) => {
                    if extra.insert(name, access.next_value()?).is_some() {
                        return Err(de::Error::custom("an unknown field is stated twice"));
                    }
                }
            }
        }
        if !extra.is_empty() {
            row.set_extra(extra).map_err(de::Error::custom)?;
        }
        Ok(Keyed { id: id.and_then(id_text), record: row.finish() })
    }
}

fn id_text(id: Value) -> Option<String> {
    match id {
        Value::Text(text) => Some(text),
        Value::Int(int) => Some(int.to_string()),
        _ => None,
    }
}

enum Key {
    Id,
    Field(usize),
    Unknown(String),
}

/// Fields mostly come in the schema's order, so the one after the last is tried first.
struct KeySeed<'a> {
    schema: &'a Schema,
    id: Option<&'a str>,
    expected: usize,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Key, E> {
        if self.id == Some(name) {
            return Ok(Key::Id);
        }
        let next = self.schema.fields().get(self.expected).is_some_and(|field| field.name == name);
        let position = if next { Some(self.expected) } else { self.schema.position(name) };
        Ok(position.map_or_else(|| Key::Unknown(name.to_owned()), Key::Field))
    }
}

struct CellSeed<'a> {
    row: &'a mut RecordBuilder,
    position: usize,
}

impl CellSeed<'_> {
    fn set<E: de::Error>(self, value: &Value) -> Result<(), E> {
        self.row.set(self.position, value).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for CellSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CellSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.row.set_text(self.position, text).map_err(E::custom)
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.set(&Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        self.set(&Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: de::Error>(self, bool: bool) -> Result<(), E> {
        self.set(&Value::Bool(bool))
    }

    fn visit_i64<E: de::Error>(self, int: i64) -> Result<(), E> {
        self.set(&Value::from(int))
    }

    fn visit_u64<E: de::Error>(self, int: u64) -> Result<(), E> {
        self.set(&Value::Int(int.into()))
    }

    fn visit_i128<E: de::Error>(self, int: i128) -> Result<(), E> {
        self.set(&Value::Int(int))
    }

    fn visit_f32<E: de::Error>(self, single: f32) -> Result<(), E> {
        self.visit_f64(widened(single))
    }

    fn visit_f64<E: de::Error>(self, float: f64) -> Result<(), E> {
        if float.is_finite() { self.set(&Value::Float(float)) } else { Err(E::custom("a number is not finite")) }
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element()? {
            list.push(value);
        }
        self.set(&Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<(), A::Error> {
        let value: Value = de::Deserialize::deserialize(de::value::MapAccessDeserializer::new(access))?;
        self.set(&value)
    }
}
