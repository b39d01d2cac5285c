//! JSON pointers (RFC 6901), and the list of records in an envelope that nobody described.

use std::fmt;

use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The names of a pointer, from the outside.
pub(crate) fn tokens(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"))
}

/// How deep an envelope is looked into.
const DEPTH: usize = 3;

/// Where the first list of objects stands in an object that has no id itself. The text may be cut off behind it.
pub(crate) fn list_in(text: &[u8], id: Option<&str>) -> Option<String> {
    let mut found = None;
    let mut from = serde_json::Deserializer::from_slice(text);
    let looking = Looking { id, path: String::new(), depth: 0, found: &mut found };
    // It stops with an error where it has found something, and where the text is cut off.
    let _ = from.deserialize_any(looking);
    found
}

struct Looking<'a> {
    id: Option<&'a str>,
    path: String,
    depth: usize,
    found: &'a mut Option<String>,
}

impl<'de> Visitor<'de> for Looking<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        while let Some(name) = access.next_key::<String>()? {
            if self.depth == 0 && Some(name.as_str()) == self.id {
                return Err(A::Error::custom("it is a record"));
            }
            if self.depth == DEPTH {
                access.next_value::<IgnoredAny>()?;
                continue;
            }
            let path = format!("{}/{}", self.path, name.replace('~', "~0").replace('/', "~1"));
            let inner = Looking { id: self.id, path, depth: self.depth + 1, found: &mut *self.found };
            access.next_value_seed(Seed(inner))?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        // An empty list may be that of nobody; a later one of objects is believed first.
        let Some(first) = access.next_element::<serde_json::Value>().or_else(|error| {
            // Cut off inside its first element, which is as good as an object if the text goes on for so long.
            if self.depth > 0 { Ok(Some(serde_json::Value::Object(serde_json::Map::new()))) } else { Err(error) }
        })?
        else {
            if self.found.is_none() && self.depth > 0 {
                *self.found = Some(self.path);
            }
            return Ok(());
        };
        if first.is_object() && self.depth > 0 {
            *self.found = Some(self.path);
            return Err(A::Error::custom("it is found"));
        }
        while access.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

struct Seed<'a>(Looking<'a>);

impl<'de> serde::de::DeserializeSeed<'de> for Seed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self.0)
    }
}
