//! A schema for a listing that came without one, from the names of its fields and all of their values.
//!
//! | what every value of the field is | kind |
//! |---|---|
//! | true or false | `boolean` |
//! | a whole number; a number | `integer`; `decimal` |
//! | a list of texts, none of them twice; any other list | `set` of `text`; `list` |
//! | a list of objects, and a field such as `type` or `value` tells those of each list apart | `set_of_records` by that field |
//! | an object | `map` |
//! | a text: a date, a point in time, an e-mail address | `date`, `timestamp`, `email` |
//! | a date in another notation, and some values allow one order of day and month only | `date` with that format |
//! | a text, the name says phone, and something says where it is dialled | `phone`, in that region |
//! | both words of a pair such as `ja` and `nein` | `boolean` with these words |
//! | a number with a comma, two digits or more behind it | `decimal` with a comma |
//! | one word, and the name says code, or numbers begin with zeros | `code` |
//! | words with a delimiter between them that come again in any order | `set` of `text` with that delimiter |
//! | a text, and the name says name or address | `name`, `address` |
//! | texts, numbers and truth values; texts and lists of them | `text`; `set` of `text` |
//! | texts and objects, lists and objects | none: nothing is inferred, and both lines are told |
//!
//! Words such as `N/A` or `unknown`, and signs alone, are declared as spellings of null where all other values of the field
//! are of a kind that does not read them. Among texts that is only done with `N/A` and the like, and `-`, where they come twice or
//! more. Each proposal has its evidence: how many values, and what decided.
//!
//! A schema that is inferred reads every value that it was inferred from. Where phone numbers are dialled is known by those
//! of them that state a country code, or by a field that states one country for all records. Where neither does, they are
//! text, and that is told: most national numbers can be dialled in several countries. So are dates of which no value tells the
//! day from the month.
//!
//! Null and blank text say nothing. Where up to three values of many decide that a field is not what the rest of it is,
//! such as one impossible date in a column of them, their line is told with the kind; and so is one address that stands on
//! more than ten records, because it may stand for nothing. Nothing is guessed beyond this: how conflicts are decided and
//! what an omitted field means stay the crate's defaults, and the message says how to state otherwise. What a later night says
//! otherwise is in its report: which field has values that its kind does not read, and on which record first.

mod dates;
mod fit;
mod nulls;
mod phone;
mod pieces;
mod records;
mod same;
mod shape;
mod sign;
mod tally;
#[cfg(test)]
mod tests;
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
    /// How many values say what a field is, and what decided. By the field's position.
    pub evidence: Vec<String>,
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
    let (schema, evidence) = schema(tallies.fields, home, &listing)?;
    Ok(Inferred { schema, evidence, remarks, lines: count, read })
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

fn schema(tallies: Vec<Tally>, home: Option<Region>, listing: &str) -> Result<(Schema, Vec<String>), InferError> {
    let names: Vec<String> = tallies.iter().map(|tally| tally.name.clone()).collect();
    let (mut builder, mut evidence) = (Schema::builder(), Vec::new());
    for (at, tally) in tallies.into_iter().enumerate() {
        let mixed = |Mixed { first, second }| {
            let (listing, field) = (listing.to_owned(), tally.name.clone());
            InferError::Mixed { listing, field, first, second }
        };
        let (name, proposal) = (column(&names, at), tally.proposal(home).map_err(mixed)?);
        let personal = is_personal(&proposal.kind);
        let mut field = Field::new(name.clone(), proposal.kind);
        if name != tally.name {
            field = field.alias(tally.name);
        }
        for (null, _) in proposal.nulls {
            field = field.null(null);
        }
        builder = builder.field(if personal { field.sensitive() } else { field });
        evidence.push(proposal.evidence);
    }
    let problem =
        |problem: SchemaError| InferError::Schema { listing: listing.to_owned(), problem: problem.to_string() };
    Ok((builder.build().map_err(problem)?, evidence))
}

fn is_personal(kind: &Kind) -> bool {
    match kind {
        Kind::SetOfRecords { of, .. } => is_personal(of),
        Kind::Record { fields, .. } => fields.values().any(is_personal),
        kind => matches!(kind, Kind::Email | Kind::Phone { .. } | Kind::Address | Kind::Date { .. }),
    }
}

impl Inferred {
    /// One line for each field: its kind, the evidence, and what a person should know.
    pub fn told(&self) -> impl Iterator<Item = String> + '_ {
        self.schema.fields().iter().zip(&self.evidence).zip(&self.remarks).map(|((field, evidence), remark)| {
            let remark = remark.as_ref().map(|told| format!(", {told}")).unwrap_or_default();
            format!("{:<20} {} ({evidence}){remark}", field.name(), kind_of(field.kind()))
        })
    }
}

fn kind_of(kind: &Kind) -> String {
    let words = |words: &[String]| words.join(" or ");
    match kind {
        Kind::Phone { region } => format!("phone, as dialled in {region}"),
        Kind::Set { of, delimiter: None } => format!("set of {}", of.name()),
        Kind::Set { of, delimiter: Some(delimiter) } => format!("set of {} with {delimiter:?} between", of.name()),
        Kind::SetOfRecords { key, .. } => format!("set of records by {}", key.join(" and ")),
        Kind::Date { formats, .. } if !formats.is_empty() => format!("date as {}", words(formats)),
        Kind::Boolean(named) if !named.yes.is_empty() => {
            format!("boolean, true is {}, false is {}", words(&named.yes), words(&named.no))
        }
        Kind::Decimal(notation) if notation.comma => "decimal with a comma".to_owned(),
        kind => kind.name().to_owned(),
    }
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
