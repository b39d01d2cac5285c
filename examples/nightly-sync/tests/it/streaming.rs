//! A first import writes page by page; what was written stands when the listing breaks.

use nightly_sync::listing::{self, Remote};
use tripartite::drive::block_on;
use tripartite::schema::{Field, Kind, Schema};
use tripartite::source::{Connector, Cursor, Item, Next};

use crate::bench::{Bench, counts, members};

#[test]
fn an_import_that_was_cut_short_goes_on_where_it_was() {
    let bench = Bench::synced(&members(1..=1500));
    let report = bench.sync(&members(1..=4000));
    assert_eq!(counts(&report, ["created", "unchanged", "updated"]), [2500, 1500, 0]);
}

#[test]
fn pages_go_on_at_their_cursor_and_can_be_read_again() {
    let bench = Bench::new();
    let file = bench.listing(members(1..=5).replace("N3", "Nü"));
    let schema = Schema::builder().field(Field::new("name", Kind::Name)).build().unwrap();
    let source =
        listing::records(listing::open(&Remote::File(file.into()), "id").unwrap(), schema, "id").unwrap().pages_of(2);
    let page = |after: Option<&Cursor>| {
        let page = block_on(source.fetch(after)).unwrap();
        let ids: Vec<_> = page
            .items
            .iter()
            .map(|item| match item {
                Item::Record(record) => record.id.to_string(),
                _ => panic!("every line can be read"),
            })
            .collect();
        (ids.join(" "), page.next)
    };
    let (first, Next::More(two)) = page(None) else { panic!("there is more") };
    let (second, Next::More(four)) = page(Some(&two)) else { panic!("there is more") };
    let (third, end) = page(Some(&four));
    assert_eq!((first.as_str(), second.as_str(), third.as_str()), ("M1 M2", "M3 M4", "M5"));
    assert_eq!(end, Next::Complete { total: None });
    assert_eq!(page(Some(&two)).0, "M3 M4", "a page that is asked for again");
    assert_eq!(page(None).0, "M1 M2");
}
