//! A schema for a listing that came without one, from the names of its fields and all of their values.
//!
//! | what every value of the field is | kind |
//! |---|---|
//! | true or false | `boolean` |
//! | a whole number; a number | `integer`; `decimal` |
//! | a list of texts; any other list | `set` of `text`; `list` |
//! | an object | `map` |
//! | a text: a date, a point in time, an e-mail address | `date`, `timestamp`, `email` |
//! | a text, dialled somewhere, and the name says phone | `phone`, in that region |
//! | a text, and the name says name or address | `name`, `address` |
//! | anything else, or not always the same | `text` |
//!
//! Null and blank text say nothing. Where up to three values of many decide that a field is not what the rest of it is,
//! such as one impossible date in a column of them, their line is told with the kind. Nothing is guessed beyond this:
//! how conflicts are decided and what an omitted field means stay the crate's defaults, and the message says how to
//! state otherwise.

mod phone;
mod tally;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use tripartite::schema::{Field, Kind, Schema};
use tripartite::value::{Value, exact_numbers};

use self::tally::Tally;
use crate::listing::{Lines, ListingError, Taken};
use crate::store::OWN_COLUMNS;

/// More fields than this are no record's fields, but data used as keys.
const MOST_FIELDS: usize = 500;

/// What was inferred, and from what.
#[derive(Debug)]
pub struct Inferred {
    /// The schema.
    pub schema: Schema,
    /// Where a few values made a field's kind what it is: which lines, and what all others are. By the field's
    /// position.
    pub oddities: Vec<Option<String>>,
    /// How many lines there are.
    pub lines: u64,
    /// How many of them could be read.
    pub read: u64,
}

/// Why nothing can be inferred.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InferError {
    /// The listing cannot be read.
    #[error(transparent)]
    Listing(#[from] ListingError),
    /// There is nothing to infer from.
    #[error("{listing} has no record with a field besides `{id_field}`; state the fields with --schema FILE.json")]
    Nothing {
        /// The listing.
        listing: String,
        /// The id's field.
        id_field: String,
    },
    /// No record has an id.
    #[error("no line of {listing} that can be read has the id field `{id_field}`; name it with --id-field NAME")]
    NoId {
        /// The listing.
        listing: String,
        /// The id's field.
        id_field: String,
    },
    /// There are too many fields.
    #[error("{listing} has more than {MOST_FIELDS} different fields; state those that count with --schema FILE.json")]
    TooMany {
        /// The listing.
        listing: String,
    },
    /// The fields do not make a schema.
    #[error("the fields of {listing} make no schema: {problem}")]
    Schema {
        /// The listing.
        listing: String,
        /// Why.
        problem: String,
    },
}

/// Reads a listing once from its beginning to its end, keeps a tally for each field, and goes back to the beginning.
///
/// # Errors
/// [`InferError`], when the listing cannot be read, or has no fields or too many.
pub fn infer(lines: &mut Lines, id_field: &str) -> Result<Inferred, InferError> {
    let mut tallies: Vec<Tally> = Vec::new();
    let (mut line, mut count, mut read, mut with_id) = (Vec::new(), 0, 0, false);
    loop {
        let is_line = match lines.next(&mut line)? {
            Taken::End => break,
            Taken::TooLong => false,
            Taken::Line => true,
        };
        count += 1;
        // A number beyond every double is one all the same.
        if let Some(pairs) = is_line.then(|| pairs(&line).or_else(|| pairs(&exact_numbers(&line)))).flatten() {
            read += 1;
            for (name, value) in pairs {
                if name == id_field {
                    with_id = true;
                } else if !name.is_empty() && !name.contains('\0') {
                    tallied(&mut tallies, name, &value, lines.number());
                }
            }
        }
        if tallies.len() > MOST_FIELDS {
            return Err(InferError::TooMany { listing: lines.name().to_owned() });
        }
    }
    lines.rewind()?;
    let listing = lines.name().to_owned();
    if read > 0 && !with_id {
        return Err(InferError::NoId { listing, id_field: id_field.to_owned() });
    }
    if tallies.is_empty() {
        return Err(InferError::Nothing { listing, id_field: id_field.to_owned() });
    }
    let oddities = tallies.iter().map(Tally::oddity).collect();
    match schema(tallies) {
        Ok(schema) => Ok(Inferred { schema, oddities, lines: count, read }),
        Err(problem) => Err(InferError::Schema { listing, problem: problem.to_string() }),
    }
}

/// Fields mostly come in the same order, so the search is short where it counts.
fn tallied(tallies: &mut Vec<Tally>, name: String, value: &Value, line: u64) {
    match tallies.iter_mut().find(|tally| tally.name == name) {
        Some(tally) => tally.add(value, line),
        None => {
            let mut tally = Tally::new(name);
            tally.add(value, line);
            tallies.push(tally);
        }
    }
}

fn schema(tallies: Vec<Tally>) -> Result<Schema, tripartite::schema::SchemaError> {
    let names: Vec<String> = tallies.iter().map(|tally| tally.name.clone()).collect();
    let mut builder = Schema::builder();
    for (at, tally) in tallies.into_iter().enumerate() {
        let (name, kind) = (column(&names, at), tally.kind());
        let personal = matches!(kind, Kind::Email | Kind::Phone { .. } | Kind::Address | Kind::Date { .. });
        let mut field = Field::new(name.clone(), kind);
        if name != tally.name {
            field = field.alias(tally.name);
        }
        builder = builder.field(if personal { field.sensitive() } else { field });
    }
    builder.build()
}

/// The name of a field's column: its own, unless the table or an earlier field has that already.
fn column(names: &[String], at: usize) -> String {
    let taken = |name: &str| {
        OWN_COLUMNS.iter().any(|own| own.eq_ignore_ascii_case(name))
            || names.iter().take(at).any(|other| other.eq_ignore_ascii_case(name))
    };
    if !taken(&names[at]) {
        return names[at].clone();
    }
    let free = |name: &String| !taken(name) && !names.iter().any(|other| other.eq_ignore_ascii_case(name));
    let numbered = (2..).map(|number| format!("source_{}_{number}", names[at]));
    std::iter::once(format!("source_{}", names[at])).chain(numbered).find(free).unwrap_or_default()
}

fn pairs(line: &[u8]) -> Option<Vec<(String, Value)>> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, Value)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut pairs: Self::Value = Vec::with_capacity(16);
            while let Some(pair) = access.next_entry::<String, Value>()? {
                if pairs.iter().any(|(name, _)| *name == pair.0) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &'static str) -> Vec<String> {
        let inferred = infer(&mut Lines::text("listing", text), "id").unwrap();
        let of = |field: &Field| match field.kind() {
            Kind::Phone { region } => format!("{}: phone {region}", field.name()),
            kind => format!("{}: {}", field.name(), kind.name()),
        };
        inferred.schema.fields().iter().map(of).collect()
    }

    #[test]
    fn kinds_follow_from_names_and_all_values() {
        let text = r#"{"id": 1, "given": "Áine", "last_name": "X", "born": "2000-02-29", "n": 1, "d": 1, "on": true}
            {"id": 2, "born": "2001-02-28", "n": 2, "d": 1.5, "seen": "2026-01-01T00:00:00Z", "mail": "a@example.org"}
            {"id": 3, "tags": ["a"], "xs": [1], "o": {}, "mixed": 1, "street_address": "1 Main St", "gone": null}
            {"id": 4, "mixed": "1", "n": null, "zip": "01234", "late": "2000-02-30"}"#;
        let expected = [
            "given: text",
            "last_name: name",
            "born: date",
            "n: integer",
            "d: decimal",
            "on: boolean",
            "seen: timestamp",
            "mail: email",
            "tags: set",
            "xs: list",
            "o: map",
            "mixed: text",
            "street_address: address",
            "gone: text",
            "zip: text",
            "late: text",
        ];
        assert_eq!(kinds(text), expected);
    }

    #[test]
    fn a_phone_is_dialled_somewhere() {
        for (text, expected, why) in [
            (r#"{"id": 1, "phone": "202-225-4876"}"#, "phone: phone US", "no code, no leading nought"),
            (
                r#"{"id": 1, "mobile": "087 555 0123"}"#,
                "mobile: phone IE",
                "a leading nought is no area code of the US",
            ),
            (
                "{\"id\": 1, \"phone\": \"020 7946 0958\"}\n{\"phone\": \"+44 20 7946 0958\"}",
                "phone: phone GB",
                "one says where",
            ),
            (r#"{"id": 1, "phone": "ask her mother"}"#, "phone: text", "no number"),
            (r#"{"id": 1, "code": "202-225-4876"}"#, "code: text", "the name does not say so"),
        ] {
            assert_eq!(kinds(text), [expected], "{why}");
        }
    }

    #[test]
    fn the_line_that_made_a_kind_what_it_is_is_told() {
        let oddity = |values: [&str; 5]| {
            let lines = values.map(|value| format!("{{\"id\": 1, \"x\": {value}, \"phone\": {value}}}\n")).concat();
            let inferred = infer(&mut Lines::text("listing", String::leak(lines)), "id").unwrap();
            let quotes =
                |told: &String| ["2000", "2005", "3.5", "n/a", "ask", "087"].iter().any(|value| told.contains(value));
            assert!(!inferred.oddities.iter().flatten().any(quotes));
            inferred.oddities.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>()
        };
        let date = r#""2000-02-27""#;
        let told = "because of line 3; the other 4 values are dates";
        assert_eq!(oddity([date, date, r#""2005-02-30""#, date, date])[0], told);
        let told = "because of line 1; the other 4 values are dates";
        assert_eq!(oddity(["{}", date, date, date, date])[0], told, "where it stands does not count");
        assert_eq!(
            oddity(["1", "2", "3", "null", "3.5"])[0],
            "because of line 5; the other 3 values are whole numbers"
        );
        assert_eq!(
            oddity(["1", "2", "x", "\"n/a\"", "3"])[0],
            "because of line 4; the other 3 values are whole numbers"
        );
        let told = "because of line 2; the other 4 values are phone numbers";
        let phone = r#""087 123 4967""#;
        assert_eq!(oddity([phone, r#""ask""#, phone, phone, phone]), ["", told]);
        for quiet in
            [[date, date, "1", "2", "3"], [date; 5], ["1", "2", "3", "4", "null"], ["\"a\"", "1", "true", "{}", "[]"]]
        {
            assert_eq!(oddity(quiet)[0], "", "{quiet:?}");
        }
    }

    #[test]
    fn names_that_are_taken_become_aliases() {
        let text = r#"{"id": 1, "active": true, "Mail": "x", "mail": "y", "": 1}"#;
        let inferred = infer(&mut Lines::text("listing", text), "id").unwrap();
        let names: Vec<_> = inferred.schema.fields().iter().map(Field::name).collect();
        assert_eq!(names, ["source_active", "Mail", "source_mail"]);
        assert_eq!(inferred.schema.position("active"), Some(0));
    }
}
