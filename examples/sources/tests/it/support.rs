//! What all tests begin with: a schema, a text as a listing, and all of its pages.

use std::io::Write;

use tripartite::drive::block_on;
use tripartite::schema::{Field, Kind, Schema};
use tripartite::source::{Connector, Item, Next};
use tripartite_sources::file::{FileError, FileListing, Opened, Reading};
use tripartite_sources::records::Records;

pub(crate) fn schema() -> Schema {
    let fields = ["name", "town", "note"].map(|name| Field::new(name, Kind::Text));
    fields.into_iter().fold(Schema::builder(), |schema, field| schema.field(field)).build().unwrap()
}

pub(crate) fn records() -> Records {
    Records::new(schema(), "id")
}

pub(crate) fn opened(bytes: impl AsRef<[u8]>) -> Result<Opened, FileError> {
    Opened::bytes("members", bytes.as_ref(), &Reading::default(), "id")
}

pub(crate) fn listing(bytes: impl AsRef<[u8]>) -> Result<FileListing, FileError> {
    opened(bytes)?.listing(records())
}

/// All pages of a listing.
pub(crate) fn all(listing: &impl Connector) -> (Vec<Item>, Next) {
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let page = block_on(listing.fetch(after.as_ref())).unwrap();
        items.extend(page.items);
        match page.next {
            Next::More(cursor) => after = Some(cursor),
            end => return (items, end),
        }
    }
}

/// The items in short: the id with the fields, or what is told.
pub(crate) fn said(items: &[Item]) -> Vec<String> {
    let schema = schema();
    let one = |item: &Item| match item {
        Item::Record(remote) => {
            format!("{} {}", remote.id, serde_json::to_string(&schema.named(&remote.record)).unwrap())
        }
        Item::Malformed(malformed) => {
            let id = malformed.id.as_ref().map_or("?", |id| id.as_str());
            format!("{id}! {}: {}", malformed.place, malformed.problem)
        }
        Item::Tombstone { id, .. } => format!("{id} gone"),
        Item::Rekeyed { from, to } => format!("{from} is {to}"),
    };
    items.iter().map(one).collect()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(crate) fn utf16(text: &str, is_little: bool) -> Vec<u8> {
    let unit = |unit: u16| if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() };
    text.encode_utf16().flat_map(unit).collect()
}
