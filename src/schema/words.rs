//! Settings that are words: one text or several, and what is made of them.

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Gone, IdRule};
use crate::value::Value;

/// Texts; `"N"` is short for `["N"]`.
#[derive(Debug, Default)]
pub(super) struct Texts(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let one = |value: Value| match value {
            Value::Text(text) => Ok(text),
            other => Err(de::Error::custom(format!("expected a text, found {}", other.shape()))),
        };
        match Value::deserialize(deserializer)? {
            Value::List(list) => Ok(Self(list.into_iter().map(one).collect::<Result<_, _>>()?)),
            other => Ok(Self(vec![one(other)?])),
        }
    }
}

/// `{"field": "enabled", "is": false}`; of several words a list.
impl Serialize for Gone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("field", &self.field)?;
        match &self.is[..] {
            [word] => map.serialize_entry("is", word)?,
            words => map.serialize_entry("is", words)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Gone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Stated {
            field: String,
            is: Value,
        }
        let Stated { field, is } = Stated::deserialize(deserializer)?;
        Ok(Self { field, is: if let Value::List(words) = is { words } else { vec![is] } })
    }
}

/// The names of what does not count, such as `["trim", "case", "leading_zeros"]`.
impl Serialize for IdRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for IdRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut rule = Self::EXACT;
        for name in Texts::deserialize(deserializer)?.0 {
            match name.as_str() {
                "trim" => rule.trim = true,
                "case" => rule.case = true,
                "leading_zeros" => rule.leading_zeros = true,
                _ => return Err(de::Error::custom("expected trim, case or leading_zeros")),
            }
        }
        Ok(rule)
    }
}
