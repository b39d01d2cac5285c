//! What every earlier version wrote is read as it is, and goes over to this version's form with the first write.

use tripartite::drive::block_on;
use tripartite::store::RecordStore;
use tripartite_sqlite::jobs::SqliteJobStore;
use tripartite_sqlite::store::{Access, Database, SqliteStore};

use crate::bench::Bench;

/// Each file, how many records it has, and how many conflicts are open.
const WRITTEN: [(&str, &[u8], usize, u32); 4] = [
    ("the first version", include_bytes!("../data/unnamed.sqlite"), 3, 0),
    ("with jobs and registers", include_bytes!("../data/earlier.sqlite"), 12, 2),
    ("bases stored whole", include_bytes!("../data/whole-bases.sqlite"), 4, 0),
    ("entries stored whole", include_bytes!("../data/whole-entries.sqlite"), 6, 0),
];

fn records(store: &SqliteStore) -> (usize, u32) {
    let page = block_on(store.index(None)).unwrap();
    (page.entries.len(), page.entries.iter().map(|entry| entry.open).sum())
}

#[test]
fn a_database_of_an_earlier_version_is_read_unchanged_and_goes_over_with_the_first_write() {
    for (which, bytes, count, open) in WRITTEN {
        let bench = Bench::of(bytes);
        let store = bench.store(Access::Read);
        assert_eq!(records(&store), (count, open), "{which}");
        store.open_conflicts(|row| !row.external_id.is_empty()).unwrap();
        drop(store);
        assert_eq!(bench.bytes(), bytes, "{which}: reading changes nothing");

        let store = bench.store(Access::Write);
        store.settle().unwrap();
        assert_eq!(records(&store), (count, open), "{which}");
        let format = "SELECT value FROM tripartite_meta WHERE key = 'format'";
        assert_eq!(bench.value(format).as_deref(), Some("3"), "{which}");
    }
}

#[test]
fn the_registers_and_jobs_of_an_earlier_version_are_there() {
    let bench = Bench::of(WRITTEN[1].1);
    let database = Database::open(&bench.db(), Access::Read).unwrap();
    assert_eq!(SqliteStore::registers(&database).unwrap().len(), 4);
    let jobs = SqliteJobStore::open_to_read(&bench.db()).unwrap().expect("it has jobs");
    assert_eq!(jobs.keys(&tripartite::jobs::StoreKey::of("slot", []), None, 10).unwrap().len(), 4);
}
