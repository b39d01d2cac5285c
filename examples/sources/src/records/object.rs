//! One JSON object: a record, or what can be told of it without quoting it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use tripartite::id::ExternalId;
use tripartite::schema::{Keyed, Schema};
use tripartite::source::{Item, RemoteRecord};
use tripartite::value::{Value, exact_numbers};

use super::{Origin, Records, malformed};
use crate::MAX_RECORD;

/// The item that the text of one object is.
pub(crate) fn read(records: &Records, json: &[u8], place: impl Fn() -> String) -> Item {
    if let Some(id_field) = records.plain_id()
        && let Some(Ok(id)) = read_at_once(&records.schema, id_field, json)
            .map(|(id, record)| ExternalId::new(id).map(|id| Item::Record(RemoteRecord::new(id, record))))
    {
        return id;
    }
    read_with_care(records, json, &place())
}

/// A record beyond doubt, which nearly all are: with an id, and without a number that its reader may have rounded.
fn read_at_once(schema: &Schema, id_field: &str, json: &[u8]) -> Option<(String, tripartite::value::Record)> {
    let mut from = serde_json::Deserializer::from_str(str::from_utf8(json).ok()?);
    let Keyed { id, record, .. } = schema.seed().keyed(id_field).deserialize(&mut from).ok()?;
    from.end().ok()?;
    if record.may_be_rounded() { None } else { Some((id?, record)) }
}

fn read_with_care(records: &Records, json: &[u8], place: &str) -> Item {
    let exact = exact_numbers(json);
    let problem = match (records.plain_id(), map_of(&exact)) {
        (None, Ok(map)) => return records.of_map(map, place),
        (None, Err(error)) => map_of(json).err().unwrap_or(error),
        (Some(id_field), _) => match keyed_of(&records.schema, id_field, &exact) {
            Ok(keyed) => return record(keyed, records, place),
            // The text itself says at which byte it is wrong.
            Err(error) => keyed_of(&records.schema, id_field, json).err().unwrap_or(error),
        },
    };
    malformed(place, recovered(&records.id, &exact), said(&problem))
}

fn keyed_of(schema: &Schema, id_field: &str, json: &[u8]) -> Result<Keyed, serde_json::Error> {
    let mut from = serde_json::Deserializer::from_slice(json);
    schema.seed().keyed(id_field).deserialize(&mut from).and_then(|keyed| from.end().map(|()| keyed))
}

fn record(keyed: Keyed, records: &Records, place: &str) -> Item {
    let problem = match keyed.id.map(ExternalId::new) {
        Some(Ok(id)) => return Item::Record(RemoteRecord::new(id, keyed.record.with_exact_numbers())),
        Some(Err(error)) => format!("`{}`: {error}", records.id),
        None => records.no_id(),
    };
    malformed(place, None, problem)
}

/// The item that the beginning of an object is, which has more bytes than one may have.
pub(crate) fn too_long(records: &Records, beginning: &[u8], place: &str) -> Item {
    let id = recovered(&records.id, &exact_numbers(beginning));
    malformed(place, id, format!("is longer than {} MiB", MAX_RECORD >> 20))
}

/// The members of an object in the order in which it states them; nothing if it is no object or states one twice.
pub(crate) fn pairs(json: &[u8]) -> Option<Vec<(String, Value)>> {
    // A number beyond every double is one all the same.
    pairs_of(json).or_else(|_| pairs_of(&exact_numbers(json))).ok()
}

fn map_of(json: &[u8]) -> Result<BTreeMap<String, Value>, serde_json::Error> {
    pairs_of(json).map(|pairs| pairs.into_iter().collect())
}

fn pairs_of(json: &[u8]) -> Result<Vec<(String, Value)>, serde_json::Error> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, Value)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut pairs: Self::Value = Vec::with_capacity(16);
            let mut names = BTreeSet::new();
            while let Some(pair) = access.next_entry::<String, Value>()? {
                if !names.insert(pair.0.clone()) {
                    return Err(A::Error::custom("a member is stated twice"));
                }
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    let mut from = serde_json::Deserializer::from_slice(json);
    let pairs = from.deserialize_map(Pairs)?;
    from.end().map(|()| pairs)
}

/// What is wrong, and at which byte. Messages of serde on wrong types quote what they found, so only those are passed
/// on that are known not to.
fn said(error: &serde_json::Error) -> String {
    let column = error.column();
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message);
    match error.classify() {
        Category::Eof => format!("breaks off after {column} bytes"),
        Category::Data if message.starts_with("invalid ") => "is no JSON object".to_owned(),
        Category::Data => format!("cannot be read: {message}"),
        _ => format!("is no JSON: {message} at byte {column}"),
    }
}

/// The id of an object that cannot be read, if it stands whole before the place where the text breaks. What comes after
/// that is not looked at: an id found there could be part of anything.
pub(crate) fn recovered(id: &Origin, line: &[u8]) -> Option<ExternalId> {
    let Origin::Name(id_field) = id else { return None };
    let mut found = Found::default();
    let seed = IdSeed { field: id_field, found: &mut found };
    let _ = seed.deserialize(&mut serde_json::Deserializer::from_slice(line));
    if found.twice { None } else { found.id }
}

#[derive(Debug, Default)]
struct Found {
    id: Option<ExternalId>,
    twice: bool,
}

/// Looks only for the id, and hands it out even when reading fails further on.
struct IdSeed<'a> {
    field: &'a str,
    found: &'a mut Found,
}

impl<'de> DeserializeSeed<'de> for IdSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for IdSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        // A number at the very end may be cut off; it counts only when something comes after it.
        let mut number = None;
        loop {
            let key = access.next_key::<String>()?;
            if let Some(number) = number.take() {
                self.found.id = ExternalId::new(number).ok();
            }
            let Some(key) = key else { return Ok(()) };
            if key != self.field {
                access.next_value::<IgnoredAny>()?;
                continue;
            }
            if self.found.id.is_some() {
                self.found.twice = true;
                return Err(A::Error::custom("the id is stated twice"));
            }
            match access.next_value::<Value>()? {
                Value::Text(text) => self.found.id = ExternalId::new(text).ok(),
                Value::Int(int) => number = Some(int.to_string()),
                _ => {}
            }
        }
    }
}
