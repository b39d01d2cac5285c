//! Match keys: the values by which a store looks candidates up.

use std::fmt;

use crate::value::{Fingerprint, Value};

/// Stands first, so that keys of another make never meet these.
const FORMAT: &str = "tripartite match 1";

/// A fingerprint of a rule's fields and their canonical values: two records match by a rule iff they share its key.
///
/// A store keeps the keys of its records and finds candidates by them, without knowing what makes two spellings one.
/// A key only finds; the values decide, so a collision links nobody.
///
/// **A key is as sensitive as what it was made of**: a reader who knows a person's name and guesses the day of birth
/// can check the guess against it. `Debug` does not show it.
///
/// ```
/// use tripartite::matching::MatchKey;
/// let key = MatchKey::from_bytes([7; 16]);
/// assert_eq!(MatchKey::from_bytes(key.to_bytes()), key);
/// assert_eq!(format!("{key:?}"), "MatchKey(..)");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatchKey(Fingerprint);

impl MatchKey {
    /// The bytes, for a store that keeps them in 16.
    ///
    /// ```
    /// use tripartite::matching::MatchKey;
    /// assert_eq!(MatchKey::from_bytes([0xfe; 16]).to_bytes(), [0xfe; 16]);
    /// ```
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_bytes()
    }

    /// Back from the bytes.
    ///
    /// ```
    /// use tripartite::matching::MatchKey;
    /// // Keys sort as their bytes do, as in an index.
    /// assert!(MatchKey::from_bytes([1; 16]) < MatchKey::from_bytes([2; 16]));
    /// ```
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Fingerprint::from_bytes(bytes))
    }

    pub(super) fn of<'a>(parts: impl Iterator<Item = (&'a str, &'a Value)>) -> Self {
        let mut text = Vec::from(FORMAT);
        for (field, value) in parts {
            word(&mut text, field.as_bytes());
            word(&mut text, value.shape().as_bytes());
            match value {
                Value::Text(value) => word(&mut text, value.as_bytes()),
                Value::Int(value) => word(&mut text, &value.to_be_bytes()),
                Value::Bool(value) => word(&mut text, &[u8::from(*value)]),
                // No other shape is the canonical form of a scalar kind; it finds, and the values decide.
                Value::Null | Value::Float(_) | Value::List(_) | Value::Map(_) => {}
            }
        }
        Self(Fingerprint::of(&text))
    }
}

/// With its length in front, so that `ab`, `c` is not `a`, `bc`.
fn word(text: &mut Vec<u8>, word: &[u8]) {
    text.extend_from_slice(&(word.len() as u64).to_be_bytes());
    text.extend_from_slice(word);
}

impl fmt::Debug for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MatchKey(..)")
    }
}
