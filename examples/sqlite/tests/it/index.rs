//! The index, merged by ids, against one that looks for every row.

use tripartite::drive::block_on;
use tripartite::id::ExternalId;
use tripartite::store::{IndexEntry, RecordStore};
use tripartite_sqlite::store::Access;

use crate::bench::{Bench, members};

/// Every id that stands anywhere, and by one look at each table what is known of it.
const NAIVE: &str = "
SELECT i.external_id, m.local_id IS NOT NULL, m.active,
    coalesce(m.revision, (SELECT revision FROM tripartite_removed r WHERE r.external_id = i.external_id), 0),
    l.deactivated, l.synced_revision, iif(l.synced_revision IS NULL, '', hex(l.seen)),
    (SELECT count(*) FROM tripartite_conflicts c WHERE c.external_id = i.external_id)
FROM (
    SELECT external_id FROM members WHERE typeof(external_id) = 'text'
    UNION SELECT external_id FROM tripartite_links
) i
LEFT JOIN members m ON m.external_id = i.external_id
LEFT JOIN tripartite_links l ON l.external_id = i.external_id";

fn naive(bench: &Bench) -> Vec<String> {
    let conn = bench.sql();
    let mut statement = conn.prepare(NAIVE).unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        let id: String = row.get(0)?;
        let (there, active, revision): (bool, Option<i64>, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let (deactivated, synced): (Option<i64>, Option<i64>) = (row.get(4)?, row.get(5)?);
        let presence = match (there, active, deactivated.unwrap_or(0)) {
            (false, ..) | (_, Some(0), ..=0) => "Removed",
            (_, Some(0), _) => "Deactivated",
            _ => "Active",
        };
        let missed = match deactivated.unwrap_or(0) {
            deactivated @ 1.. => deactivated.unsigned_abs() - 1,
            counted => counted.unsigned_abs(),
        };
        let (seen, open): (String, u32) = (row.get(6)?, row.get(7)?);
        Ok((ExternalId::new(&*id).is_ok(), format!("{id:?} {presence} {revision} {synced:?} {seen} {open} {missed}")))
    };
    let mut lines: Vec<(bool, String)> = statement.query_map([], row).unwrap().map(Result::unwrap).collect();
    lines.retain(|(is_id, _)| *is_id);
    let mut lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    lines.sort();
    lines
}

fn merged(bench: &Bench) -> Vec<String> {
    let store = bench.store(Access::Write);
    let line = |entry: &IndexEntry| {
        let synced = entry.synced.map(|synced| synced.revision.0);
        let seen = entry.synced.map(|synced| synced.seen.to_string().to_uppercase()).unwrap_or_default();
        let (id, presence, revision) = (entry.id.as_str(), entry.presence, entry.revision.0);
        format!("{id:?} {presence:?} {revision} {synced:?} {seen} {} {}", entry.open, entry.missed)
    };
    let (mut lines, mut after) = (Vec::new(), None);
    loop {
        let page = block_on(store.index(after.as_ref())).unwrap();
        lines.extend(page.entries.iter().map(line));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    lines.sort();
    lines
}

#[test]
fn nobody_is_left_out_or_taken_for_another() {
    let bench = Bench::new();
    // More than two pages, whose ids are in another order than their rows.
    bench.sync(&members(1..=10_100));
    bench.edit(
        "DELETE FROM members WHERE local_id % 97 = 0;
         UPDATE members SET active = 0 WHERE local_id % 89 = 0;
         UPDATE members SET phone = 'other' WHERE local_id % 83 = 0;
         UPDATE tripartite_links SET deactivated = 1 WHERE external_id LIKE '%7';
         UPDATE tripartite_links SET deactivated = -2 WHERE external_id LIKE '%8';
         UPDATE tripartite_links SET synced_revision = NULL WHERE external_id LIKE '%33';
         DELETE FROM tripartite_links WHERE external_id LIKE '%55';
         UPDATE members SET external_id = NULL WHERE local_id % 71 = 0;
         INSERT INTO members(external_id) VALUES ('A'), ('Zz'), ('M5000x'), (''), (x'4d35'), (char(7)), ('Ünder'), (12);
         INSERT INTO tripartite_conflicts SELECT external_id, 'phone', '{}', '', '', '' FROM tripartite_links
            WHERE external_id LIKE '%9';
         INSERT INTO tripartite_conflicts VALUES ('M99', 'name', '{}', '', '', ''), ('nobody', 'name', '{}', '', '', '');",
    );
    let (naive, merged) = (naive(&bench), merged(&bench));
    assert!(naive.len() > 10_000);
    for (naive, merged) in naive.iter().zip(&merged) {
        assert_eq!(naive, merged);
    }
    assert_eq!(naive.len(), merged.len());
}

#[test]
fn a_full_last_page_is_the_last() {
    let bench = Bench::synced(&members(1..=5000));
    assert_eq!(merged(&bench), naive(&bench));
}
