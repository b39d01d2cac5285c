//! JSON Pointers (RFC 6901): where a field stands in a body.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::value::Value;

/// A place in a body: a JSON Pointer (RFC 6901).
///
/// `/data/id` is looked up in each event, `#/type` in the whole body (the RFC's form for a fragment). The empty pointer
/// is the event itself, `#` the body. In lists, `0` is the first.
///
/// ```
/// use tripartite::webhook::{Pointer, PointerError};
/// // the key `a/b` of the body
/// assert_eq!(Pointer::new("#/a~1b/0")?.to_string(), "#/a~1b/0");
/// assert!(matches!(Pointer::new("data.id"), Err(error) if error.pointer == "data.id"));
/// # Ok::<(), PointerError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    whole: bool,
    keys: Vec<String>,
}

/// A text that is not a pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pointer}` is not a pointer such as /data/id or #/type; write ~ as ~0, and / in a key as ~1")]
#[non_exhaustive]
pub struct PointerError {
    /// The text.
    pub pointer: String,
}

impl Pointer {
    /// Reads a pointer.
    ///
    /// # Errors
    /// [`PointerError`] when it does not begin with `/` or `#`, or has a `~` that is neither `~0` nor `~1`.
    pub fn new(pointer: &str) -> Result<Self, PointerError> {
        let error = || PointerError { pointer: pointer.to_owned() };
        let (whole, path) = pointer.strip_prefix('#').map_or((false, pointer), |path| (true, path));
        let keys = match path.split_once('/') {
            None if path.is_empty() => Vec::new(),
            Some(("", keys)) => keys.split('/').map(key).collect::<Option<_>>().ok_or_else(error)?,
            _ => return Err(error()),
        };
        Ok(Self { whole, keys })
    }

    /// The value at the pointer; null if there is none.
    pub(super) fn find<'v>(&self, body: &'v Value, event: &'v Value) -> &'v Value {
        let start = if self.whole { body } else { event };
        self.keys.iter().fold(start, |value, key| match value {
            Value::Map(map) => map.get(key).unwrap_or(&Value::Null),
            Value::List(list) => index(key).and_then(|index| list.get(index)).unwrap_or(&Value::Null),
            _ => &Value::Null,
        })
    }
}

fn key(escaped: &str) -> Option<String> {
    let mut parts = escaped.split('~');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.try_fold(first, |key, part| {
        let plain = part.strip_prefix('0').map(|rest| key.clone() + "~" + rest);
        plain.or_else(|| part.strip_prefix('1').map(|rest| key + "/" + rest))
    })
}

/// An index of a list: digits without a leading zero.
fn index(key: &str) -> Option<usize> {
    let plain = key == "0" || !key.starts_with('0') && key.bytes().all(|byte| byte.is_ascii_digit());
    key.parse().ok().filter(|_| plain)
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.whole {
            f.write_str("#")?;
        }
        self.keys.iter().try_for_each(|key| write!(f, "/{}", key.replace('~', "~0").replace('/', "~1")))
    }
}

impl Serialize for Pointer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
