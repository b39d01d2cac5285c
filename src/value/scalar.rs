//! Scalars as texts.

use std::borrow::Cow;

use super::Value;

/// The text a scalar stands for; a source may send 42 where another sends "42".
pub(crate) fn scalar_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Text(text) => Cow::Borrowed(text),
        Value::Bool(bool) => Cow::Owned(bool.to_string()),
        Value::Int(int) => Cow::Owned(int.to_string()),
        Value::Float(float) => Cow::Owned(float.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) => Cow::Borrowed(""),
    }
}
