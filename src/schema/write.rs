//! Writes records to any serde type.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer, StringDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Schema;
use crate::value::{Record, Value};

/// A record with its fields' names: serialises as an object. Missing fields are left out, null ones are null, and
/// what the source said beyond the schema stands beside them.
#[derive(Clone, Copy)]
pub struct Named<'a> {
    schema: &'a Schema,
    record: &'a Record,
}

/// A record does not fit the type it is read into.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    message: String,
}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string() }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self { message: format!("expected {expected}, found {}", shape(found)) }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self { message: format!("expected {expected}, found another {}", shape(found)) }
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self { message: format!("expected no field but {}, found another", expected.join(", ")) }
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self { message: format!("expected one of {}, found another text", expected.join(", ")) }
    }
}

/// What was found, without what it says.
fn shape(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "whole number",
        Unexpected::Float(_) => "number",
        Unexpected::Char(_) | Unexpected::Str(_) => "text",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "list",
        Unexpected::Map => "object",
        _ => "value",
    }
}

impl Schema {
    /// The record with its fields' names, for any serialiser.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder()
    ///     .field(Field::new("name", Kind::Name))
    ///     .field(Field::new("phone", Kind::Text))
    ///     .build()?;
    /// let record = schema.record(&serde_json::json!({"name": "Seán", "shoe_size": 43}))?;
    /// // `phone` was never said, so it is not said now; what the schema does not know survives.
    /// assert_eq!(
    ///     serde_json::to_string(&schema.named(&record))?,
    ///     r#"{"name":"Seán","shoe_size":43}"#
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named<'a>(&'a self, record: &'a Record) -> Named<'a> {
        Named { schema: self, record }
    }

    /// Reads a record into any type that deserialises from an object.
    ///
    /// # Errors
    /// [`ReadError`] when a field is missing or of another type; the message names shapes and never values, but for what a
    /// type of the host's own says when it is read.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// #[derive(serde::Deserialize)]
    /// struct Member {
    ///     name: String,
    ///     phone: Option<String>,
    /// }
    /// let schema = Schema::builder()
    ///     .field(Field::new("name", Kind::Name))
    ///     .field(Field::new("phone", Kind::Text))
    ///     .build()?;
    /// let record = schema.record(&serde_json::json!({"name": "Seán", "phone": null}))?;
    /// let member: Member = schema.read(&record)?;
    /// assert_eq!((member.name.as_str(), member.phone), ("Seán", None));
    ///
    /// #[derive(Debug, serde::Deserialize)]
    /// #[serde(deny_unknown_fields)]
    /// struct Named {
    ///     #[serde(rename = "name")]
    ///     _name: String,
    /// }
    /// // What a source says beyond the schema may be anything, also where it stands for a name.
    /// let record =
    ///     schema.record(&serde_json::json!({"name": "Seán", "sean@example.org": true}))?;
    /// let error = schema.read::<Named>(&record).unwrap_err();
    /// assert_eq!(error.to_string(), "expected no field but name, found another");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read<T: DeserializeOwned>(&self, record: &Record) -> Result<T, ReadError> {
        T::deserialize(MapDeserializer::new(self.entries(record).map(|(name, value)| (name, ValueDeserializer(value)))))
    }

    fn entries<'a>(&'a self, record: &'a Record) -> impl Iterator<Item = (String, Value)> + 'a {
        let known = self.fields().iter().zip(record.fields());
        let known = known.filter(|(_, value)| !value.is_missing());
        let extra = match record.extra().to_value() {
            Value::Map(map) => map,
            _ => Default::default(),
        };
        known.map(|(field, value)| (field.name.clone(), value.to_value())).chain(extra)
    }
}

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (field, value) in self.schema.fields().iter().zip(self.record.fields()) {
            match value.text() {
                Some(text) => map.serialize_entry(field.name(), text)?,
                None if value.is_missing() => {}
                None => map.serialize_entry(field.name(), &value.to_value())?,
            }
        }
        if let Value::Map(extra) = self.record.extra().to_value() {
            for (name, value) in &extra {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

/// An owned value as the source of a deserialisation.
pub(super) struct ValueDeserializer(pub(super) Value);

impl<'de> IntoDeserializer<'de, ReadError> for ValueDeserializer {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for ValueDeserializer {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(bool) => visitor.visit_bool(bool),
            Value::Int(int) => match (i64::try_from(int), u64::try_from(int)) {
                (Ok(int), _) => visitor.visit_i64(int),
                (_, Ok(int)) => visitor.visit_u64(int),
                _ => visitor.visit_i128(int),
            },
            Value::Float(float) => visitor.visit_f64(float),
            Value::Text(text) => visitor.visit_string(text),
            Value::List(list) => visitor.visit_seq(SeqDeserializer::new(list.into_iter().map(ValueDeserializer))),
            Value::Map(map) => {
                visitor.visit_map(MapDeserializer::new(map.into_iter().map(|(key, value)| (key, Self(value)))))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.0 {
            Value::Text(variant) => {
                StringDeserializer::<ReadError>::new(variant).deserialize_enum(name, variants, visitor)
            }
            Value::Map(map) => {
                let entries = map.into_iter().map(|(key, value)| (key, Self(value)));
                visitor.visit_enum(de::value::MapAccessDeserializer::new(MapDeserializer::new(entries)))
            }
            other => Err(de::Error::custom(format!("expected a variant, found {}", other.shape()))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct identifier ignored_any
    }
}
