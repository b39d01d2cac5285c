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
        let bench = Bench::synced(&members(1..=1));
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

/// Takes the id of the record that is gone for the row of the other, and says the revisions before and after.
fn takes(bench: &Bench, [gone, other]: [&str; 2], also: &str) -> (u64, u64) {
    for edit in 1..=5 {
        bench.edit(&format!("UPDATE members SET phone = 'edit {edit}' WHERE external_id = '{gone}'"));
    }
    bench.edit(&format!("DELETE FROM members WHERE external_id = '{gone}'"));
    let (presence, before) = stands(bench, gone);
    assert_eq!(presence, Presence::Removed);
    bench.edit(&format!("UPDATE members SET external_id = '{gone}'{also} WHERE external_id = '{other}'"));
    (before, stands(bench, gone).1)
}

#[test]
fn a_row_that_takes_the_id_of_a_removed_record_gets_a_revision_that_it_never_had() {
    // Also where the user's own program counts revisions.
    for also in ["", ", revision = revision + 1", ", revision = 3"] {
        let bench = Bench::synced(&members(1..=2));
        let (before, after) = takes(&bench, ["M1", "M2"], also);
        assert!(after > before, "{also}: {after} after {before}");
    }
}

#[test]
fn a_database_of_an_earlier_version_gets_the_trigger_that_sees_to_it() {
    let bench = Bench::of(include_bytes!("../data/whole-entries.sqlite"));
    bench.store(Access::Write).settle().unwrap();
    let nth = |n: u32| {
        let sql = "SELECT external_id FROM members WHERE external_id IS NOT NULL ORDER BY external_id";
        bench.value(&format!("{sql} LIMIT 1 OFFSET {n}")).unwrap()
    };
    let (gone, other) = (nth(0), nth(1));
    let (before, after) = takes(&bench, [&gone, &other], "");
    assert!(after > before, "{after} after {before}");
}
