//! What is left of a record whose row a user deleted: its revision, also in a database of an earlier version.

use tripartite::drive::block_on;
use tripartite::id::ExternalId;
use tripartite::store::{IndexEntry, LoadRequest, Presence, RecordStore};
use tripartite_sqlite::store::{Access, SqliteStore};

use crate::bench::{Bench, members};

fn listed(store: &SqliteStore, id: &str) -> IndexEntry {
    let page = block_on(store.index(None)).unwrap();
    page.entries.into_iter().find(|entry| entry.id.as_str() == id).unwrap()
}

/// Presence and revision, of which the index and a load say the same.
fn stands(bench: &Bench, id: &str) -> (Presence, u64) {
    let store = bench.store(Access::Read);
    let entry = listed(&store, id);
    let loaded = block_on(store.load(&LoadRequest::of([ExternalId::new(id).unwrap()]))).unwrap().linked.remove(0);
    assert_eq!((loaded.presence, loaded.revision), (entry.presence, entry.revision));
    (entry.presence, entry.revision.0)
}

#[test]
fn a_row_that_goes_leaves_a_larger_revision_whichever_way_it_goes() {
    for goes in ["DELETE FROM members WHERE external_id = 'M1'", "UPDATE members SET external_id = NULL"] {
        let bench = Bench::new();
        bench.sync(&members(1..=1));
        bench.edit("UPDATE members SET phone = 'edited'");
        let (_, before) = stands(&bench, "M1");
        bench.edit(goes);
        let (presence, after) = stands(&bench, "M1");
        assert!(presence == Presence::Removed && after > before, "{goes}: {after} after {before}");
        // What a run decides about it is one more change.
        bench.sync(&members(1..=1).replace("p1", "p2"));
        assert!(stands(&bench, "M1").1 > after, "{goes}");
    }
}

#[test]
fn a_database_of_an_earlier_version_gets_the_table_with_its_first_write() {
    let bench = Bench::of(include_bytes!("../data/whole-entries.sqlite"));
    let id = "SELECT external_id FROM members WHERE active = 1 ORDER BY revision DESC LIMIT 1";
    let id = bench.value(id).unwrap();
    assert_eq!(bench.value("SELECT count(*) FROM sqlite_schema WHERE name = 'tripartite_removed'").unwrap(), "0");
    let (_, before) = stands(&bench, &id);
    let gone = format!("DELETE FROM members WHERE external_id = '{id}'");
    // Deleted before: nobody knows the revision it had.
    let copy = Bench::of(include_bytes!("../data/whole-entries.sqlite"));
    copy.edit(&gone);
    assert_eq!(stands(&copy, &id), (Presence::Removed, 0));

    bench.store(Access::Write).settle().unwrap();
    bench.edit(&gone);
    let (presence, after) = stands(&bench, &id);
    assert!(presence == Presence::Removed && after > before, "{after} after {before}");
}
