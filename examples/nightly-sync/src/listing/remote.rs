//! The objects of a service before there is a schema: for whoever infers one.

use tripartite::drive::block_on;
use tripartite::schema::{Field, Kind, Schema};
use tripartite::source::{Connector, Item, Next};
use tripartite::value::Value;
use tripartite_sources::file::Object;
use tripartite_sources::http::HttpError;

use super::error::ListingError;

/// A schema none of whose fields any source has: all that a record states lies beyond it.
pub(super) fn anything() -> Schema {
    let none = Field::new("\u{1}nothing", Kind::Text);
    Schema::builder().field(none).build().expect("one field of a kind that is always there")
}

/// Reads all objects of a service. Their places count from 1.
pub(super) fn each<C: Connector<Error = HttpError>>(
    source: &C,
    id_field: &str,
    mut heed: impl FnMut(Object) -> bool,
) -> Result<(), ListingError> {
    let (mut after, mut place) = (None, 0);
    loop {
        let page = block_on(source.fetch(after.as_ref()))?;
        for item in page.items {
            place += 1;
            let members = match item {
                Item::Record(remote) => match remote.record.extra().to_value() {
                    Value::Map(mut members) => {
                        members.insert(id_field.to_owned(), Value::from(remote.id.as_str()));
                        Some(members.into_iter().collect())
                    }
                    _ => Some(vec![(id_field.to_owned(), Value::from(remote.id.as_str()))]),
                },
                _ => None,
            };
            if !heed(Object::new(place, members)) {
                return Ok(());
            }
        }
        match page.next {
            Next::More(next) => after = Some(next),
            _ => return Ok(()),
        }
    }
}
