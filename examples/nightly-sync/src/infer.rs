//! A schema for a listing that came without one, from the names of its fields and all of their values.
//!
//! | what every value of the field is | kind |
//! |---|---|
//! | true or false | `boolean` |
//! | a whole number; a number | `integer`; `decimal` |
//! | a list of texts; any other list | `set` of `text`; `list` |
//! | an object | `map` |
//! | a text: a date, a point in time, an e-mail address | `date`, `timestamp`, `email` |
//! | a text, the name says phone, and something says where it is dialled | `phone`, in that region |
//! | a text, and the name says name or address | `name`, `address` |
//! | texts, numbers and truth values | `text` |
//! | texts and lists, lists and objects | none: nothing is inferred, and both lines are told |
//!
//! A schema that is inferred reads every value that it was inferred from. Where phone numbers are dialled is known by those
//! of them that state a country code, or by a field that states one country for all records. Where neither does, they are
//! text, and that is told: most national numbers can be dialled in several countries.
//!
//! Null and blank text say nothing. Where up to three values of many decide that a field is not what the rest of it is,
//! such as one impossible date in a column of them, their line is told with the kind. Nothing is guessed beyond this:
//! how conflicts are decided and what an omitted field means stay the crate's defaults, and the message says how to
//! state otherwise.

mod phone;
mod tally;
mod words;

use std::collections::BTreeMap;

use tripartite::normalize::phone::Region;
use tripartite::schema::{Field, Kind, Schema, SchemaError};
use tripartite::value::Value;

use self::tally::{Mixed, Tally};
use crate::listing::{ListingError, Opened};
use crate::store::OWN_COLUMNS;

/// More fields than this are no record's fields, but data used as keys.
const MOST_FIELDS: usize = 500;

/// So many lines are asked for everything; after that a phone number is tried in one region only.
const SAMPLE: u64 = 2000;

/// What was inferred, and from what.
#[derive(Debug)]
pub struct Inferred {
    /// The schema.
    pub schema: Schema,
    /// What a person should know of a field's kind: which few lines made it what it is, and what all others are; or that
    /// nothing says where its phone numbers are dialled. By the field's position.
    pub remarks: Vec<Option<String>>,
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
    /// There is nobody in it.
    #[error("{listing} has no record: it is empty, and no field can be inferred from it; get it once more")]
    Empty {
        /// The listing.
        listing: String,
    },
    /// There is nothing to infer from.
    #[error(
        "{listing} has no record with a field besides `{id_field}`, so there is nothing to sync ({found}); if the id has \
         another name, name it with --id-field NAME"
    )]
    Nothing {
        /// The listing.
        listing: String,
        /// The id's field.
        id_field: String,
        /// What the listing was found to be.
        found: String,
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
    /// No kind reads all values of a field.
    #[error(
        "no kind reads every `{field}` of {listing}: line {first} and line {second} are not both single values, lists or \
         objects; state the field's kind with --schema FILE.json, and the values of other kinds are told by each run"
    )]
    Mixed {
        /// The listing.
        listing: String,
        /// The field.
        field: String,
        /// A line.
        first: u64,
        /// One whose value has another shape.
        second: u64,
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
pub fn infer(opened: &mut Opened, id_field: &str) -> Result<Inferred, InferError> {
    let mut tallies = Tallies::default();
    let (mut count, mut read, mut with_id, mut is_too_wide) = (0, 0, false, false);
    let listing = opened.name().to_owned();
    opened.each(id_field, |object| {
        count += 1;
        let Some(members) = object.members else { return true };
        read += 1;
        for (name, value) in members {
            if name == id_field {
                with_id = true;
            } else if !name.is_empty() && !name.contains('\0') {
                is_too_wide |= !tallies.add(name, &value, object.line);
            }
        }
        if read == SAMPLE {
            tallies.settle();
        }
        !is_too_wide
    })?;
    if is_too_wide {
        return Err(InferError::TooMany { listing });
    }
    if read > 0 && !with_id {
        return Err(InferError::NoId { listing, id_field: id_field.to_owned() });
    }
    if count == 0 {
        return Err(InferError::Empty { listing });
    }
    if tallies.fields.is_empty() {
        let found = opened.found().map(ToString::to_string).unwrap_or_default();
        return Err(InferError::Nothing { listing, id_field: id_field.to_owned(), found });
    }
    let home = tallies.home();
    let remarks = tallies.fields.iter().map(|tally| tally.remark(home)).collect();
    let schema = schema(tallies.fields, home, &listing)?;
    Ok(Inferred { schema, remarks, lines: count, read })
}

/// What is known of the fields, in the order in which they first came.
#[derive(Debug, Default)]
struct Tallies {
    fields: Vec<Tally>,
    positions: BTreeMap<String, usize>,
}

impl Tallies {
    /// Whether there is still room for the field.
    fn add(&mut self, name: String, value: &Value, line: u64) -> bool {
        let position = self.positions.get(&name).copied().unwrap_or_else(|| {
            self.fields.push(Tally::new(name.clone()));
            self.positions.insert(name, self.fields.len() - 1);
            self.fields.len() - 1
        });
        self.fields[position].add(value, line);
        self.fields.len() <= MOST_FIELDS
    }

    /// The country of all records, if the fields that say one agree.
    fn home(&self) -> Option<Region> {
        let mut homes = self.fields.iter().filter_map(Tally::home);
        let home = homes.next()?;
        homes.all(|other| other == home).then_some(home)
    }

    fn settle(&mut self) {
        let home = self.home();
        self.fields.iter_mut().for_each(|tally| tally.settle(home));
    }
}

fn schema(tallies: Vec<Tally>, home: Option<Region>, listing: &str) -> Result<Schema, InferError> {
    let names: Vec<String> = tallies.iter().map(|tally| tally.name.clone()).collect();
    let mut builder = Schema::builder();
    for (at, tally) in tallies.into_iter().enumerate() {
        let mixed = |Mixed { first, second }| {
            let (listing, field) = (listing.to_owned(), tally.name.clone());
            InferError::Mixed { listing, field, first, second }
        };
        let (name, kind) = (column(&names, at), tally.kind(home).map_err(mixed)?);
        let personal = matches!(kind, Kind::Email | Kind::Phone { .. } | Kind::Address | Kind::Date { .. });
        let mut field = Field::new(name.clone(), kind);
        if name != tally.name {
            field = field.alias(tally.name);
        }
        builder = builder.field(if personal { field.sensitive() } else { field });
    }
    let problem =
        |problem: SchemaError| InferError::Schema { listing: listing.to_owned(), problem: problem.to_string() };
    builder.build().map_err(problem)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn opened(text: &str) -> Opened {
        crate::listing::text("listing", text).unwrap()
    }

    fn kinds(text: &'static str) -> Vec<String> {
        let inferred = infer(&mut opened(text), "id").unwrap();
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
    fn a_phone_has_a_region_where_something_says_so() {
        for (text, expected, why) in [
            (r#"{"id": 1, "phone": "202-225-4876"}"#, "phone: text", "dialled in several countries"),
            (r#"{"id": 1, "mobile": "087 555 0123"}"#, "mobile: text", "dialled in several countries"),
            (
                "{\"id\": 1, \"phone\": \"020 7946 0958\"}\n{\"phone\": \"+44 20 7946 0958\"}",
                "phone: phone GB",
                "one says",
            ),
            (
                "{\"id\": 1, \"phone\": \"+44 20 7946 0958\"}\n{\"phone\": \"+353 87 555 0123\"}",
                "phone: text",
                "as many",
            ),
            (r#"{"id": 1, "phone": "ask her mother"}"#, "phone: text", "no number"),
            (r#"{"id": 1, "code": "+44 20 7946 0958"}"#, "code: text", "the name does not say so"),
        ] {
            assert_eq!(kinds(text), [expected], "{why}");
        }
    }

    #[test]
    fn a_field_that_says_one_country_for_all_is_evidence() {
        let one = "{\"id\": 1, \"tel\": \"087 555 0123\", \"country\": \"ie\"}\n{\"tel\": \"01 555 0123\", \"country\": \"IE\"}";
        assert_eq!(kinds(one), ["tel: phone IE", "country: text"]);
        let two = "{\"id\": 1, \"tel\": \"087 555 0123\", \"country\": \"IE\"}\n{\"tel\": \"01 555 0123\", \"country\": \"GB\"}";
        assert_eq!(kinds(two), ["tel: text", "country: text"]);
    }

    #[test]
    fn the_region_that_a_sample_settles_reads_what_comes_after_it() {
        let lines = |last: &str| {
            let line = |n: u64| format!("{{\"id\": 1, \"tel\": \"087 555 {n:04}\", \"country\": \"IE\"}}\n");
            (0..SAMPLE + 10).map(line).collect::<String>() + last
        };
        let kinds = |last| kinds(String::leak(lines(last)));
        assert_eq!(kinds(""), ["tel: phone IE", "country: text"]);
        assert_eq!(kinds("{\"tel\": \"ask\"}"), ["tel: text", "country: text"]);
        assert_eq!(kinds("{\"tel\": \"087 555 0123\", \"country\": \"GB\"}"), ["tel: text", "country: text"]);
    }

    #[test]
    fn that_nothing_says_where_phones_are_dialled_is_told_with_the_remedy() {
        let inferred = infer(&mut opened(r#"{"id": 1, "phone": "087 555 0123"}"#), "id").unwrap();
        let told = inferred.remarks[0].as_deref().unwrap_or_default();
        assert!(told.contains("no number says of which country") && told.contains("region"), "{told}");
    }

    #[test]
    fn values_that_no_kind_reads_together_make_no_schema() {
        for (one, other) in [("\"a\"", "[\"a\"]"), ("[1]", "{}"), ("{\"x\": 1}", "7"), ("true", "[]")] {
            let text = format!("{{\"id\": 1}}\n{{\"id\": 2, \"x\": {one}}}\n{{\"id\": 3, \"x\": {other}}}\n");
            match infer(&mut opened(&text), "id") {
                Err(InferError::Mixed { field, first, second, .. }) => {
                    assert_eq!((&field[..], first, second), ("x", 2, 3))
                }
                other => unreachable!("{other:?}"),
            }
        }
    }

    #[test]
    fn data_used_as_keys_is_refused_before_it_costs_anything() {
        let keys: Vec<String> = (0..100_000).map(|key| format!("\"k{key}\": 1")).collect();
        let text = format!("{{\"id\": 1, {}}}", keys.join(", "));
        assert!(matches!(infer(&mut opened(&text), "id"), Err(InferError::TooMany { .. })));
    }

    fn scalar() -> impl Strategy<Value = serde_json::Value> {
        prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            prop::sample::select(vec![
                "",
                " ",
                "2000-02-29",
                "2000-02-30",
                "a@example.org",
                "+353 87 555 0123",
                "087 555 0123",
                "x",
                "1",
                "1e400",
            ])
            .prop_map(Into::into),
            ".{0,6}".prop_map(Into::into),
        ]
    }

    fn value() -> impl Strategy<Value = serde_json::Value> {
        prop_oneof![
            6 => scalar(),
            1 => prop::collection::vec(scalar(), 0..3).prop_map(Into::into),
            1 => prop::collection::btree_map("[ab]", scalar(), 0..2).prop_map(|map| serde_json::to_value(map).unwrap()),
        ]
    }

    proptest! {
        /// SEMANTICS 5: a schema that was inferred reads every value it was inferred from, or is not used.
        #[test]
        fn an_inferred_schema_loses_no_value(
            rows in prop::collection::vec(
                prop::collection::btree_map(prop::sample::select(vec!["phone", "name", "x", "country"]), value(), 0..4), 1..6)
        ) {
            let text: String = rows.iter().map(|row| {
                let mut row = serde_json::to_value(row).unwrap();
                row["id"] = 1.into();
                format!("{row}\n")
            }).collect();
            let Ok(inferred) = infer(&mut opened(&text), "id") else { return Ok(()) };
            for row in &rows {
                let record = inferred.schema.record(row).unwrap();
                for (position, field) in inferred.schema.fields().iter().enumerate() {
                    let blank = record.field(position).text().is_some_and(|text| text.trim().is_empty());
                    let canonical = inferred.schema.canonical(position, record.field(position));
                    prop_assert!(blank || canonical.is_ok(), "{} {:?} {canonical:?}", field.name(), row);
                }
            }
        }
    }

    #[test]
    fn the_line_that_made_a_kind_what_it_is_is_told() {
        let oddity = |values: [&str; 5]| {
            let lines = values.map(|value| format!("{{\"id\": 1, \"x\": {value}, \"phone\": {value}}}\n")).concat();
            let inferred = infer(&mut opened(&lines), "id").unwrap();
            let quotes =
                |told: &String| ["2000", "2005", "3.5", "n/a", "ask", "353"].iter().any(|value| told.contains(value));
            assert!(!inferred.remarks.iter().flatten().any(quotes));
            inferred.remarks.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>()
        };
        let date = r#""2000-02-27""#;
        let told = "because of line 3; the other 4 values are dates";
        assert_eq!(oddity([date, date, r#""2005-02-30""#, date, date])[0], told);
        let told = "because of line 1; the other 4 values are dates";
        assert_eq!(oddity(["1", date, date, date, date])[0], told, "where it stands does not count");
        assert_eq!(
            oddity(["1", "2", "3", "null", "3.5"])[0],
            "because of line 5; the other 3 values are whole numbers"
        );
        assert_eq!(
            oddity(["1", "2", "x", "\"n/a\"", "3"])[0],
            "because of line 4; the other 3 values are whole numbers"
        );
        let told = "because of line 2; the other 4 values are phone numbers";
        let phone = r#""+353 87 123 4967""#;
        assert_eq!(oddity([phone, r#""ask""#, phone, phone, phone]), ["", told]);
        for quiet in
            [[date, date, "1", "2", "3"], [date; 5], ["1", "2", "3", "4", "null"], ["\"a\"", "1", "true", "2", "3"]]
        {
            assert_eq!(oddity(quiet)[0], "", "{quiet:?}");
        }
    }

    #[test]
    fn names_that_are_taken_become_aliases() {
        let text = r#"{"id": 1, "active": true, "Mail": "x", "mail": "y", "": 1}"#;
        let inferred = infer(&mut opened(text), "id").unwrap();
        let names: Vec<_> = inferred.schema.fields().iter().map(Field::name).collect();
        assert_eq!(names, ["source_active", "Mail", "source_mail"]);
        assert_eq!(inferred.schema.position("active"), Some(0));
    }
}
