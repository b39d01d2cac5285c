//! One line: a record, or what can be told of it without quoting it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use tripartite::id::ExternalId;
use tripartite::schema::{Keyed, Schema};
use tripartite::source::{Item, Malformed, RemoteRecord};
use tripartite::value::{Value, exact_numbers};

use super::MAX_LINE;

pub(super) fn read(schema: &Schema, id_field: &str, line: &[u8], number: u64) -> Option<Item> {
    match read_at_once(schema, id_field, line) {
        Some(keyed) => Some(record(keyed, id_field, number)),
        None => read_with_care(schema, id_field, line, number),
    }
}

/// A line that is a record beyond doubt, which nearly all are: with an id, and without a number that its reader may have
/// rounded.
fn read_at_once(schema: &Schema, id_field: &str, line: &[u8]) -> Option<Keyed> {
    let mut from = serde_json::Deserializer::from_str(str::from_utf8(line).ok()?);
    let keyed = schema.seed().keyed(id_field).deserialize(&mut from).ok()?;
    from.end().ok()?;
    (keyed.id.is_some() && !keyed.record.may_be_rounded()).then_some(keyed)
}

fn read_with_care(schema: &Schema, id_field: &str, line: &[u8], number: u64) -> Option<Item> {
    let parse = |json: &[u8]| {
        let mut from = serde_json::Deserializer::from_slice(json);
        schema.seed().keyed(id_field).deserialize(&mut from).and_then(|keyed| from.end().map(|()| keyed))
    };
    let exact = exact_numbers(line);
    Some(match parse(&exact) {
        Ok(mut keyed) => {
            keyed.record = keyed.record.with_exact_numbers();
            record(keyed, id_field, number)
        }
        Err(error) => {
            // The line itself says at which byte it is wrong.
            let error = parse(line).err().unwrap_or(error);
            malformed(number, recovered(id_field, &exact), problem(&error))
        }
    })
}

pub(super) fn too_long(id_field: &str, beginning: &[u8], number: u64) -> Item {
    malformed(number, recovered(id_field, &exact_numbers(beginning)), format!("is longer than {} MiB", MAX_LINE >> 20))
}

fn record(keyed: Keyed, id_field: &str, number: u64) -> Item {
    let problem = match keyed.id.map(ExternalId::new) {
        Some(Ok(id)) => return Item::Record(RemoteRecord::new(id, keyed.record)),
        Some(Err(error)) => format!("`{id_field}`: {error}"),
        None => format!("has no id: `{id_field}` should be a text or a whole number"),
    };
    malformed(number, None, problem)
}

fn malformed(number: u64, id: Option<ExternalId>, problem: String) -> Item {
    Item::Malformed(Malformed::new(format!("line {number}"), problem).id(id))
}

/// What is wrong, and at which byte. Messages of serde on wrong types quote what they found, so only those are passed
/// on that are known not to.
fn problem(error: &serde_json::Error) -> String {
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

/// The id of a line that cannot be read, if it stands whole before the place where the line breaks. What comes after
/// that is not looked at: an id found there could be part of anything.
fn recovered(id_field: &str, line: &[u8]) -> Option<ExternalId> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tripartite::schema::{Field, Kind};

    use super::*;

    fn of(line: &[u8]) -> Item {
        let schema = Schema::builder().field(Field::new("name", Kind::Name)).build().unwrap();
        read(&schema, "id", line, 7).unwrap()
    }

    #[test]
    fn an_id_is_recovered_only_where_it_is_certain() {
        for (line, id, why) in [
            (&br#"{"id": "A1", "name": "x"#[..], Some("A1"), "cut off behind it"),
            (br#"{"name": "x", "id": "A1""#, Some("A1"), "cut off right behind its quotes"),
            (br#"{"id": 12, "name": "x"#, Some("12"), "a number that ends"),
            (br#"{"id": 18446744073709551617, "name": "x"#, Some("18446744073709551617"), "a long number that ends"),
            (br#"{"id": 12"#, None, "a number that may go on"),
            (br#"{"id": 18446744073709551617"#, None, "a long number that may go on"),
            (br#"{"id": "A1"#, None, "a text that may go on"),
            (br#"{"name": {"id": "A1"}, "na"#, None, "somebody else's id"),
            (br#"{"name": "\"id\": \"A1\"", "na"#, None, "part of a text"),
            (br#"{"name": "x"y", "id": "A1"}"#, None, "behind the place where it breaks"),
            (br#"{"id": "A1", "id": "A2", "name"#, None, "two ids"),
            (br#"{"id": "A1"} {"id": "A2"}"#, Some("A1"), "something behind it"),
            (b"{\"id\": \"A1\", \"name\": \"\xff\"}", Some("A1"), "no UTF-8"),
            (br#"{"id": null}"#, None, "null"),
            (br#"{"id": ""}"#, None, "empty"),
            (br#"{"name": "x"}"#, None, "left out"),
            (b"[1, 2]", None, "no object"),
        ] {
            let Item::Malformed(malformed) = of(line) else { panic!("{why}: is a record") };
            assert_eq!(malformed.id.as_ref().map(ExternalId::as_str), id, "{why}");
            assert_eq!(malformed.place, "line 7");
        }
    }

    #[test]
    fn no_problem_quotes_the_line() {
        for line in [
            &br#""087 555 0123""#[..],
            br#"{"id": 1, "name": "087 555 0123"#,
            br#"{"id": 1, "087 555 0123": 087 555 0123}"#,
            br#"{"id": "087 555 0123\u0007", "name": 1}"#,
            br#"{"id": 1, "name": {"087 555 0123": 1, "087 555 0123": 2}}"#,
            b"0875550123",
        ] {
            let Item::Malformed(malformed) = of(line) else { panic!("is a record") };
            assert!(!malformed.problem.contains("555"), "{}", malformed.problem);
        }
    }

    /// Pieces of lines: whole ones, halves, and what should not be there.
    fn lines() -> impl Strategy<Value = Vec<u8>> {
        let value = prop::sample::select(vec![
            "\"A1\"",
            "\"\"",
            "\"\\u0007\"",
            "\"\\ud800\"",
            "\"Se\\u00e1n\"",
            "\"Áine\"",
            "null",
            "true",
            "0",
            "-0",
            "12",
            "1.5",
            "1e400",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775809",
            "0.12345678901234567",
            "[1, 2]",
            "[18446744073709551616]",
            "{\"a\": 1, \"a\": 1}",
            "{\"a\": 1.10000000000000000001}",
            "",
            "x",
        ]);
        let key = prop::sample::select(vec!["id", "name", "fee", "more", "alias", ""]);
        let pair = (key, value).prop_map(|(key, value)| format!("\"{key}\": {value}"));
        let pairs = prop::collection::vec(pair, 0..5).prop_map(|pairs| format!("{{{}}}", pairs.join(", ")));
        (
            pairs,
            any::<prop::sample::Index>(),
            prop::sample::select(vec!["", "", "", "", " ", "}", "{}", "\u{0}"]),
            0..12_u8,
        )
            .prop_map(|(line, at, more, how)| {
                let mut line = line.into_bytes();
                let at = at.index(line.len());
                match how {
                    0 => line.truncate(at),
                    1 => line[at] = 0xff,
                    _ => {}
                }
                line.extend_from_slice(more.as_bytes());
                line
            })
    }

    proptest! {
        /// What is read at once is what would have been read with care.
        #[test]
        fn both_ways_read_the_same(line in lines()) {
            let field = Field::new("name", Kind::Name).alias("alias");
            let schema = Schema::builder().field(field).field(Field::new("fee", Kind::DECIMAL)).build().unwrap();
            match (read(&schema, "id", &line, 7).unwrap(), read_with_care(&schema, "id", &line, 7).unwrap()) {
                (Item::Record(one), Item::Record(other)) => {
                    prop_assert_eq!((one.id, one.record), (other.id, other.record));
                }
                (Item::Malformed(one), Item::Malformed(other)) => prop_assert_eq!(one, other),
                (one, other) => prop_assert!(false, "{one:?}, {other:?}"),
            }
        }
    }

    #[test]
    fn most_lines_are_read_at_once() {
        let schema = Schema::builder().field(Field::new("name", Kind::Name)).build().unwrap();
        assert!(read_at_once(&schema, "id", "{\"id\": 7, \"name\": \"Áine\"}".as_bytes()).is_some());
        assert!(read_at_once(&schema, "id", b"{\"id\": 7, \"name\": 18446744073709551616}").is_none(), "rounded");
    }
}
