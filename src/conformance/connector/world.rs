//! The records that the source of a case has.

use serde_json::{Value as Json, json};

pub(super) use crate::conformance::records::id;
use crate::conformance::records::{Fields, stated};
use crate::id::ExternalId;
use crate::schema::{Field, Kind, Schema};
use crate::source::RemoteRecord;

/// The schema of the records that the suite works with: four plain fields, which any source has room for.
///
/// ```
/// use tripartite::conformance::connector::schema;
/// let names: Vec<_> =
///     schema().fields().iter().map(|field| field.name().to_owned()).collect();
/// assert_eq!(names, ["name", "note", "born", "visits"]);
/// ```
pub fn schema() -> Schema {
    let fields = [("name", Kind::Name), ("note", Kind::Text), ("born", Kind::DATE), ("visits", Kind::Integer)];
    let fields = fields.into_iter().map(|(name, kind)| Field::new(name, kind));
    fields
        .fold(Schema::builder(), |schema, field| schema.field(field))
        .build()
        .expect("names differ and kinds are known")
}

/// A record of what is stated; the rest is missing.
#[track_caller]
pub(super) fn remote(of: &ExternalId, json: &Json) -> RemoteRecord {
    match schema().record(json) {
        Ok(record) => RemoteRecord::new(of.clone(), record),
        Err(error) => panic!("the suite states an object: {error}"),
    }
}

/// A record with a value in every field, each another one for each number.
pub(super) fn full(number: usize) -> RemoteRecord {
    let born = format!("1990-01-{:02}", number % 28 + 1);
    let name = format!("Áine Ní Bhriain {number}");
    remote(&nth(number), &json!({"name": name, "note": format!("team {number}"), "born": born, "visits": number}))
}

/// The id of a full record.
pub(super) fn nth(number: usize) -> ExternalId {
    id(&format!("M{number:05}"))
}

/// What a record states, in a form that can be compared and printed.
pub(super) fn said(remote: &RemoteRecord) -> Fields {
    stated(&schema(), &remote.record)
}
