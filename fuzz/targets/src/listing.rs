//! Listings that are torn: nothing panics, a page more or less changes nothing, what stands before the cut is read as before,
//! and a listing that ends inside a record is not complete.
//!
//! The input is where it is cut, two bytes, and then a listing.

use tripartite::schema::{Field, Kind, Schema};
use tripartite::source::{Item, Next};
use tripartite_sources::file::{FileError, Form, Opened, Reading};
use tripartite_sources::records::Records;

/// The body of the target.
pub fn run(data: &[u8]) {
    let Some((cut, listing)) = data.split_first_chunk::<2>() else { return };
    let cut = usize::from(u16::from_le_bytes(*cut)) % (listing.len() + 1);
    let schema = Schema::builder().field(Field::new("name", Kind::Name)).field(Field::new("at", Kind::Map));
    let schema = schema.build().expect("a schema");
    // Nothing is imported of a listing that is refused.
    let Ok((whole, end)) = read(&schema, listing, 1000) else { return };
    if let Ok((paged, paged_end)) = read(&schema, listing, 1) {
        assert_eq!((told(&whole), &end), (told(&paged), &paged_end), "pages change nothing");
    }

    let start = line_of(listing, cut).0;
    let Ok((torn, torn_end)) = read(&schema, &listing[..cut], 1000) else { return };
    let before = read(&schema, &listing[..start], 1000).map(|(items, _)| told(&items)).unwrap_or_default();
    assert!(told(&torn).starts_with(&before) && told(&whole).starts_with(&before), "what stands before is as it was");
    assert!(torn.len() <= before.len() + 1);
    if is_inside_a_record(&schema, listing, cut) {
        assert!(matches!(torn_end, Next::BrokenOff { .. }), "{torn_end:?}");
    }
}

/// All of a listing, and what its end is.
fn read(schema: &Schema, listing: &[u8], page: usize) -> Result<(Vec<Item>, Next), FileError> {
    let reading = Reading::default().form(Form::JsonLines).encoding("utf-8").expect("it is known").may_be_empty();
    let opened = Opened::bytes("listing", listing.to_vec(), &reading, "id")?;
    let source = opened.listing(Records::new(schema.clone(), "id"))?.pages_of(page);
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let page = source.page(after.as_ref())?;
        items.extend(page.items);
        match page.next {
            Next::More(cursor) => after = Some(cursor),
            end => return Ok((items, end)),
        }
    }
}

fn told(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| format!("{item:?}")).collect()
}

/// The line that a place is in, without its end.
fn line_of(listing: &[u8], at: usize) -> (usize, usize) {
    let start = listing[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let end = listing[at..].iter().position(|byte| *byte == b'\n').map_or(listing.len(), |length| at + length);
    (start, end)
}

/// Whether the cut falls into a line that is a record as a whole, before it is closed.
fn is_inside_a_record(schema: &Schema, listing: &[u8], cut: usize) -> bool {
    let (start, end) = line_of(listing, cut);
    let (line, torn) = (&listing[start..end], &listing[start..cut]);
    let is_record = read(schema, line, 1000).is_ok_and(|(items, _)| matches!(items[..], [Item::Record(_)]));
    let is_begun = torn.contains(&b'{');
    is_record && is_begun && torn.len() < line.trim_ascii_end().len()
}
