//! The fields of a line in the order in which it states them.

use std::collections::BTreeSet;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use tripartite::value::Value;

/// The fields of a line; nothing where it is no object, or states a field twice.
pub(super) fn pairs(line: &[u8]) -> Option<Vec<(String, Value)>> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, Value)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut pairs: Self::Value = Vec::with_capacity(16);
            let mut names = BTreeSet::new();
            while let Some(pair) = access.next_entry::<String, Value>()? {
                if !names.insert(pair.0.clone()) {
                    return Err(A::Error::custom("a field is stated twice"));
                }
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    let mut from = serde_json::Deserializer::from_slice(line);
    let pairs = from.deserialize_map(Pairs).ok()?;
    from.end().ok().map(|()| pairs)
}
