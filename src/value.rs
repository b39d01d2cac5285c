//! Values and records: the raw material, exactly as it was said.
//!
//! What is stored, written and audited is **raw**: the spelling the source or the user chose. Canonical forms exist
//! only while two raw values are compared, so a better normaliser never looks like an edit.
//!
//! A [`Record`] is one packed row. Its fields are positions in a schema; each is [missing](FieldRef::is_missing),
//! null or a value, and what *missing* means depends on the side the record stands on:
//!
//! | side | missing | null | value |
//! |---|---|---|---|
//! | base | unknown: never synced, or new in the schema | it was empty there, in any spelling | what the source had |
//! | local | the same as null | empty | what the host has |
//! | remote | absent: the source said nothing | explicitly empty | what the source says |
//!
//! The same word from a source is three things, depending on where it stands:
//!
//! | payload of the source | field `phone` of its record | what that says |
//! |---|---|---|
//! | `{}` | missing | nothing; what that means is the field's [`Absent`](crate::schema::Absent) policy |
//! | `{"phone": null}` | null | there is no number |
//! | `{"phone": "087 123 4567"}` | a text | this is the number, in this spelling |
//! | `{"phone": "unknown"}` | a text | not a number: found out when it is compared, and kept as it was said |
//!
//! `Debug` of a value shows its shape, never its content: values are people's contact data, and a debug print is
//! how such data ends up in logs.
//!
//! **Why is a value not checked when a record is built?** Because a value that cannot be read is news about the source,
//! to be recorded by [detection](crate::detect) and told to somebody. Refused at the door, it would look as if the
//! source had said nothing.
//!
//! **Why a packed row, and not a struct of options?** The fields are known only when the host has read its schema, and
//! a night compares hundreds of thousands of records, nearly all unchanged: equal rows are equal bytes, and one record
//! is one allocation.

mod builder;
mod codec;
mod exact;
mod field;
mod fingerprint;
mod packed;
mod pair;
mod pointer;
mod problem;
mod record;
mod scalar;
mod shapes;
mod shared;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

pub(crate) use builder::MAX_FIELDS;
pub use builder::{RecordBuilder, RecordError};
pub(crate) use exact::widened;
pub use exact::{exact_numbers, exact_numbers_within};
pub use field::FieldRef;
pub use fingerprint::{Fingerprint, InvalidFingerprint};
pub(crate) use packed::{pack, unpack};
pub(crate) use pair::Pair;
pub(crate) use pointer::{at, pointer};
pub use problem::Problem;
pub use record::Record;
pub(crate) use scalar::scalar_text;
pub(crate) use shapes::{parts_of_json, shapes_of_json};
pub(crate) use shared::{shared_end, shared_start};

/// One raw value, of the shapes that every self-describing format knows.
///
/// An object that states a key twice is refused, which JSON leaves open ([RFC 8259], section 4). A whole number beyond
/// 64 bits reaches this type only from formats that hold one: `serde_json` reads it as a float, and rounds it. What may
/// have been rounded is never taken from a source ([`Problem::Inexact`]); [`exact_numbers`] keeps every digit. Written
/// as JSON, such a number is a text, so that nobody rounds it on the way back.
///
/// ```
/// use tripartite::value::Value;
/// let value: Value =
///     serde_json::from_str(r#"{"home": "087 123 4567", "codes": [1, 2.5]}"#)?;
/// assert_eq!(serde_json::to_string(&value)?, r#"{"codes":[1,2.5],"home":"087 123 4567"}"#);
/// assert_eq!(format!("{value:?}"), "map of 2"); // never the content
///
/// assert!(serde_json::from_str::<Value>(r#"{"a": 1, "a": 1}"#).is_err());
/// // one more than u64::MAX
/// assert!(matches!(serde_json::from_str("18446744073709551616")?, Value::Float(_)));
/// assert_eq!(
///     serde_json::to_string(&Value::Int(18446744073709551616))?,
///     r#""18446744073709551616""#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// [RFC 8259]: https://www.rfc-editor.org/rfc/rfc8259
///
/// This enum is exhaustive: whoever writes values into another format must write every shape.
#[derive(Clone, PartialEq, Default)]
pub enum Value {
    /// Explicitly empty.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// Any other number. One that is not finite cannot be serialised into a record, nor be part of a list or map in
    /// one; set as a field's value by a [`RecordBuilder`], no scalar kind reads it ([`Problem::NotFinite`]).
    Float(f64),
    /// A text.
    Text(String),
    /// An ordered list.
    List(Vec<Value>),
    /// An object; keys are ordered, so the same object always has the same bytes.
    Map(BTreeMap<String, Value>),
}

impl Value {
    /// The text, if it is one.
    ///
    /// ```
    /// use tripartite::value::Value;
    /// assert_eq!(Value::from("42").as_text(), Some("42"));
    /// assert_eq!(Value::from(42).as_text(), None); // a number is not its digits
    /// ```
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the value is [`Value::Null`].
    ///
    /// ```
    /// use tripartite::value::Value;
    /// assert!(Value::default().is_null());
    /// // Blank text is null only to a field's kind, which is not known here.
    /// assert!(!Value::from(" ").is_null());
    /// ```
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The name of the value's shape, as error messages use it.
    ///
    /// ```
    /// use tripartite::value::Value;
    /// assert_eq!(Value::from("087 123 4567").shape(), "text"); // safe to log
    /// assert_eq!(Value::Int(5).shape(), Value::Float(5.5).shape());
    /// ```
    pub fn shape(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::Float(_) => "number",
            Self::Text(_) => "text",
            Self::List(_) => "list",
            Self::Map(_) => "map",
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "text of {}", text.chars().count()),
            Self::List(list) => write!(f, "list of {}", list.len()),
            Self::Map(map) => write!(f, "map of {}", map.len()),
            other => f.write_str(other.shape()),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int.into())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Int(int) => match (i64::try_from(*int), u64::try_from(*int)) {
                (Ok(int), _) => serializer.serialize_i64(int),
                (_, Ok(int)) => serializer.serialize_u64(int),
                _ if serializer.is_human_readable() => serializer.collect_str(int),
                _ => serializer.serialize_i128(*int),
            },
            Self::Float(float) => serializer.serialize_f64(*float),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => serializer.collect_seq(list),
            Self::Map(map) => {
                let mut out = serializer.serialize_map(Some(map.len()))?;
                for (key, value) in map {
                    out.serialize_entry(key, value)?;
                }
                out.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a boolean, a number, a text, a list or an object")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E: de::Error>(self, bool: bool) -> Result<Value, E> {
        Ok(Value::Bool(bool))
    }

    fn visit_i64<E: de::Error>(self, int: i64) -> Result<Value, E> {
        Ok(Value::Int(int.into()))
    }

    fn visit_u64<E: de::Error>(self, int: u64) -> Result<Value, E> {
        Ok(Value::Int(int.into()))
    }

    fn visit_i128<E: de::Error>(self, int: i128) -> Result<Value, E> {
        Ok(Value::Int(int))
    }

    fn visit_f32<E: de::Error>(self, single: f32) -> Result<Value, E> {
        Ok(Value::Float(widened(single)))
    }

    fn visit_f64<E: de::Error>(self, float: f64) -> Result<Value, E> {
        Ok(Value::Float(float))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element()? {
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((key, value)) = access.next_entry::<String, Value>()? {
            if map.insert(key, value).is_some() {
                return Err(de::Error::custom("an object states the same key twice"));
            }
        }
        Ok(Value::Map(map))
    }
}
