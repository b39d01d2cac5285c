//! Schema drift: fields that only the source or only the schema has, and fields whose values their kind does not read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::ExternalId;
use crate::schema::{Field, Schema};
use crate::value::Record;

/// How many undeclared fields are named. The limit keeps a source that makes up names from filling the memory.
const MOST_NAMED: usize = 32;

/// The most characters of a field's name.
const LONGEST: usize = 64;

/// How many digits in a row look like a person's number rather than part of a field's name.
const DIGITS: usize = 5;

/// What a run noticed about the fields of the source and those of the schema. It names fields, never a value.
///
/// | the source states | the schema has | named as |
/// |---|---|---|
/// | `licence_no` | no such field | undeclared: it is not synced |
/// | `name` | `nmae`, which no record states | undeclared, and probably `nmae`; `nmae` is unstated |
/// | no `phone`, in a complete listing | `phone` | unstated |
/// | no `phone`, in a partial listing | `phone` | nothing: other records may state it |
/// | `born` as `31/12/1999` | `born`, a date in ISO 8601 | unread, with the first record: the value here stays |
///
/// ```
/// use tripartite::run::SchemaDrift;
/// # use tripartite::drive::drive_blocking;
/// # use tripartite::id::RunId;
/// # use tripartite::memory::{Listing, MemoryStore};
/// # use tripartite::run::Run;
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("nmae", Kind::Name)).build()?;
/// # let store = MemoryStore::new(schema.clone());
/// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
/// let listing = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
/// let report = drive_blocking(run.start(), &listing, &store)?.report;
/// let SchemaDrift { undeclared, unstated, .. } = &report.schema_drift;
/// assert_eq!(
///     (undeclared[0].field.as_str(), undeclared[0].like.as_deref()),
///     ("name", Some("nmae"))
/// );
/// assert_eq!((unstated[0].field.as_str(), unstated[0].records), ("nmae", 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SchemaDrift {
    /// Fields that the source has and the schema has not, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undeclared: Vec<Undeclared>,
    /// How many records have undeclared fields that are not named here, because there are too many names, or because a
    /// name may be personal data.
    #[serde(default, skip_serializing_if = "is_none")]
    pub unnamed: u64,
    /// Fields that the schema has and no record of a complete listing states.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unstated: Vec<Unstated>,
    /// Fields and groups for which a record said what is none of their kind, by name. What was told of a record is not told
    /// again until the record changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
}

/// A field or group whose kind does not read what the source says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unread {
    /// What the schema calls it.
    pub field: String,
    /// How many records said such a thing.
    pub records: u64,
    /// The first of them.
    pub first: ExternalId,
    /// What is wrong with what it said.
    pub problem: String,
}

/// A field that the source has and the schema has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Undeclared {
    /// What the source calls it.
    pub field: String,
    /// How many of the listed records state it.
    pub records: u64,
    /// The field of the schema that it probably is: one that no record states, and that differs by capitals, by
    /// punctuation, or by two letters that changed places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
}

/// A field that the schema has and no record states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unstated {
    /// What the schema calls it.
    pub field: String,
    /// How many records were listed, none of which states it.
    pub records: u64,
}

impl SchemaDrift {
    /// Whether schema and source have the same fields, and every value was read, as far as was seen.
    ///
    /// ```
    /// use tripartite::run::SchemaDrift;
    /// assert!(SchemaDrift::default().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.undeclared.is_empty() && self.unnamed == 0 && self.unstated.is_empty() && self.unread.is_empty()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Counts the fields that the records of a listing state. A record that states only declared fields costs no
/// allocation.
#[derive(Debug)]
pub(super) struct FieldCensus {
    records: u64,
    /// The positions of fields that no record has stated so far.
    unseen: Vec<usize>,
    undeclared: BTreeMap<String, u64>,
    unnamed: u64,
}

impl FieldCensus {
    pub(super) fn new(schema: &Schema) -> Self {
        let unseen = (0..schema.fields().len()).collect();
        Self { records: 0, unseen, undeclared: BTreeMap::new(), unnamed: 0 }
    }

    pub(super) fn count(&mut self, record: &Record) {
        self.records += 1;
        self.unseen.retain(|&position| record.field(position).is_missing());
        let mut unnamed = false;
        for name in record.extra().keys() {
            if let Some(count) = self.undeclared.get_mut(name) {
                *count += 1;
            } else if self.undeclared.len() < MOST_NAMED && is_a_name(name) {
                self.undeclared.insert(name.to_owned(), 1);
            } else {
                unnamed = true;
            }
        }
        self.unnamed += u64::from(unnamed);
    }

    /// The drift. Only a complete listing can show that no record states a field.
    pub(super) fn drift(self, schema: &Schema, complete: bool, unread: Vec<Unread>) -> SchemaDrift {
        let unseen: Vec<&Field> = self.unseen.iter().filter_map(|&at| schema.fields().get(at)).collect();
        let undeclared = self.undeclared.into_iter().map(|(field, records)| {
            let like = unseen.iter().find(|known| is_like(known, &field)).map(|known| known.name().to_owned());
            Undeclared { field, records, like }
        });
        let unstated = unseen.iter().filter(|_| complete && self.records > 0);
        let unstated = unstated.map(|field| Unstated { field: field.name().to_owned(), records: self.records });
        SchemaDrift { undeclared: undeclared.collect(), unnamed: self.unnamed, unstated: unstated.collect(), unread }
    }
}

/// Whether a key may be shown. A source may use addresses or numbers as keys, and those are personal data.
fn is_a_name(key: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | ':' | '/' | '$' | '#');
    let longest_number = key.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    !key.trim().is_empty() && key.chars().count() <= LONGEST && key.chars().all(plain) && longest_number < DIGITS
}

fn is_like(field: &Field, name: &str) -> bool {
    let name = folded(name);
    let known = std::iter::once(field.name()).chain(field.aliases());
    !name.is_empty() && known.map(folded).any(|known: Vec<char>| known == name || is_transposed(&known, &name))
}

/// Letters and digits, without capitals.
fn folded(name: &str) -> Vec<char> {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether two neighbours changed places.
fn is_transposed(a: &[char], b: &[char]) -> bool {
    let differ: Vec<usize> = (0..a.len().max(b.len())).filter(|&at| a.get(at) != b.get(at)).take(3).collect();
    let [first, second] = differ[..] else { return false };
    a.len() == b.len() && second == first + 1 && a[first] == b[second] && a[second] == b[first]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Kind;

    #[test]
    fn a_misspelling_is_told_from_another_word() {
        let field = Field::new("last_name", Kind::Name).alias("surname");
        for name in ["lastName", "LAST-NAME", "last name", "lastname", "lsat_name", "Surname", "surnmae"] {
            assert!(is_like(&field, name), "{name}");
        }
        for name in ["first_name", "last_names", "name", "surnames", "", "_", "tsal_name", "nlast_ame"] {
            assert!(!is_like(&field, name), "{name}");
        }
    }

    #[test]
    fn what_could_be_somebodys_data_is_no_name() {
        for name in
            ["licence_no", "Größe", "line 2", "address.city", "@id".trim_start_matches('@'), "utm_2024", "xml:lang"]
        {
            assert!(is_a_name(name), "{name}");
        }
        for name in
            ["aine@example.org", "0871234567", "+353 87", "a\nb", "", " ", "DE89370400440532013000", &"x".repeat(65)]
        {
            assert!(!is_a_name(name), "{name}");
        }
    }
}
