//! From any serialisable type to a [`Value`]: what serde asks for, shape by shape.

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{self, Serialize, Serializer};

use crate::value::{Value, parts_of_json, shapes_of_json, widened};

/// What is serialised cannot be a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RecordingError(pub(super) String);

impl ser::Error for RecordingError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// A serialiser whose output is a [`Value`].
pub(super) struct ToValue;

type Out = Result<Value, RecordingError>;

pub(super) struct ListOut {
    variant: Option<&'static str>,
    list: Vec<Value>,
}

pub(super) struct MapOut {
    variant: Option<&'static str>,
    map: BTreeMap<String, Value>,
    key: Option<String>,
}

impl ToValue {
    fn list_of(self, variant: &'static str) -> ListOut {
        ListOut { variant: Some(variant), list: Vec::new() }
    }

    fn object_of(self, variant: &'static str) -> MapOut {
        MapOut { variant: Some(variant), map: BTreeMap::new(), key: None }
    }
}

impl ListOut {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), RecordingError> {
        self.list.push(value.serialize(ToValue)?);
        Ok(())
    }

    fn close(self) -> Out {
        Ok(tagged(self.variant, Value::List(self.list)))
    }
}

impl MapOut {
    fn put<T: Serialize + ?Sized>(&mut self, key: impl Into<String>, value: &T) -> Result<(), RecordingError> {
        match self.map.insert(key.into(), value.serialize(ToValue)?) {
            None => Ok(()),
            Some(_) => Err(RecordingError("an object states the same key twice".to_owned())),
        }
    }

    fn close(self) -> Out {
        Ok(tagged(self.variant, Value::Map(self.map)))
    }
}

fn tagged(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        None => value,
        Some(variant) => Value::Map(BTreeMap::from([(variant.to_owned(), value)])),
    }
}

/// Whole numbers that a value can hold, whatever their width.
macro_rules! integers {
    ($($serialize:ident($integer:ty))+) => {$(
        fn $serialize(self, v: $integer) -> Out {
            Ok(Value::Int(v.into()))
        }
    )+};
}

impl Serializer for ToValue {
    type Ok = Value;
    type Error = RecordingError;
    type SerializeSeq = ListOut;
    type SerializeTuple = ListOut;
    type SerializeTupleStruct = ListOut;
    type SerializeTupleVariant = ListOut;
    type SerializeMap = MapOut;
    type SerializeStruct = MapOut;
    type SerializeStructVariant = MapOut;

    fn serialize_bool(self, v: bool) -> Out {
        Ok(Value::Bool(v))
    }
    integers! { serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128) }
    integers! { serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) }
    fn serialize_u128(self, v: u128) -> Out {
        i128::try_from(v).map(Value::Int).map_err(|_| RecordingError("a whole number is beyond 127 bits".to_owned()))
    }
    fn serialize_f32(self, v: f32) -> Out {
        self.serialize_f64(widened(v))
    }
    fn serialize_f64(self, v: f64) -> Out {
        if v.is_finite() { Ok(Value::Float(v)) } else { Err(RecordingError("a number is not finite".to_owned())) }
    }
    fn serialize_str(self, v: &str) -> Out {
        Ok(Value::Text(v.to_owned()))
    }
    fn serialize_bytes(self, v: &[u8]) -> Out {
        Ok(Value::List(v.iter().map(|&byte| Value::Int(byte.into())).collect()))
    }
    fn serialize_unit(self) -> Out {
        Ok(Value::Null)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Out {
        Ok(tagged(Some(variant), value.serialize(self)?))
    }
    fn serialize_seq(self, _len: Option<usize>) -> Result<ListOut, RecordingError> {
        Ok(ListOut { variant: None, list: Vec::new() })
    }
    fn serialize_map(self, _len: Option<usize>) -> Result<MapOut, RecordingError> {
        Ok(MapOut { variant: None, map: BTreeMap::new(), key: None })
    }
    shapes_of_json!();
}

parts_of_json!(ListOut, MapOut => Value, RecordingError);

impl ser::SerializeMap for MapOut {
    type Ok = Value;
    type Error = RecordingError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), RecordingError> {
        self.key = match key.serialize(ToValue)? {
            Value::Text(text) => Some(text),
            Value::Int(int) => Some(int.to_string()),
            other => return Err(RecordingError(format!("a key is a text, not {}", other.shape()))),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), RecordingError> {
        match self.key.take() {
            Some(key) => self.put(key, value),
            None => Err(RecordingError("a value came before its key".to_owned())),
        }
    }

    fn end(self) -> Out {
        self.close()
    }
}
