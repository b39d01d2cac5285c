//! A column that must be unique: values that change hands within one batch, and one that does not.

use tripartite::memory::Listing;
use tripartite_sqlite::store::Access;

use crate::bench::{Bench, counts, members, night};
use crate::shared::{HANDS, items};

const UNIQUE: &str = "CREATE UNIQUE INDEX one_phone ON members(phone)";

/// The phones by member, and what a next night has to write.
fn phones(bench: &Bench) -> String {
    bench.value("SELECT group_concat(phone, ' ') FROM (SELECT phone FROM members ORDER BY external_id)").unwrap()
}

/// Members of these phones, by number.
fn listing(phones: &[&str]) -> String {
    let line =
        |(n, phone): (usize, &&str)| format!("{{\"id\": \"M{n}\", \"name\": \"N{n}\", \"phone\": \"{phone}\"}}\n");
    phones.iter().enumerate().map(|(at, phone)| line((at + 1, phone))).collect()
}

/// Swapped, handed on in either order of the batch, and passed on in a ring: in one night, and never again.
#[test]
fn values_change_hands_in_one_night() {
    for (to, why) in HANDS {
        let bench = Bench::synced(&members(1..=3));
        bench.edit(UNIQUE);
        let moved = to.iter().zip(["p1", "p2", "p3"]).filter(|(to, was)| *to != was).count() as u64;
        let report = bench.sync(&listing(&to));
        assert_eq!(counts(&report, ["updated", "failed", "skipped"]), [moved, 0, 0], "{why}");
        assert_eq!(phones(&bench), to.join(" "), "{why}");
        let again = bench.sync(&listing(&to));
        assert_eq!(counts(&again, ["updated", "unchanged"]), [0, 3], "{why}: a second night");
    }
}

/// One that another record keeps fails alone, and is told whose it is; what changes hands beside it does.
#[test]
fn a_real_collision_fails_alone_and_names_the_record() {
    let bench = Bench::synced(&members(1..=4));
    bench.edit(UNIQUE);
    let holder = bench.value("SELECT local_id FROM members WHERE external_id = 'M4'").unwrap();
    let report = bench.sync(&listing(&["p2", "p1", "p4", "p4"]));
    assert_eq!(counts(&report, ["updated", "failed"]), [2, 1]);
    assert_eq!(phones(&bench), "p2 p1 p3 p4");
    let told = report.to_string();
    assert!(told.contains(&format!("record {holder} here has that value")), "{told}");
    assert!(!told.contains("p4"), "no value is told: {told}");
}

/// Those who swap are of two batches: the run comes back to both behind all others. One whose value stays taken still fails.
#[test]
fn values_change_hands_from_one_batch_to_another() {
    let bench = Bench::synced(&members(1..=5));
    bench.edit(UNIQUE);
    let in_twos = |phones: &[&str]| {
        let store = bench.store(Access::Write);
        let listing = Listing::new(items(store.schema(), &listing(phones)));
        serde_json::to_value(&night(&store, |run| run.batch(2), &listing).report).unwrap()
    };
    let report = in_twos(&["p4", "p2", "p3", "p1", "p5"]);
    assert_eq!(counts(&report, ["updated", "failed"]), [2, 0], "{report}");
    assert_eq!(phones(&bench), "p4 p2 p3 p1 p5");
    let report = in_twos(&["p2", "p2", "p3", "p1", "new"]);
    assert_eq!(counts(&report, ["updated", "failed", "skipped"]), [1, 1, 0], "{report}");
    assert!(report.to_string().contains("here has that value"), "{report}");
}

/// A column that takes no null gives its values up, too; and what a user did to another column is still an edit.
#[test]
fn a_column_without_null_changes_hands() {
    let bench = Bench::synced(&members(1..=2));
    bench.edit(
        "CREATE TRIGGER no_null BEFORE UPDATE OF phone ON members WHEN NEW.phone IS NULL \
         BEGIN SELECT raise(ABORT, 'a phone is needed'); END",
    );
    bench.edit(UNIQUE);
    bench.edit("UPDATE members SET name = 'Edited' WHERE external_id = 'M1'");
    assert_eq!(counts(&bench.sync(&listing(&["p2", "p1"])), ["updated", "failed"]), [2, 0]);
    assert_eq!(phones(&bench), "p2 p1");
    assert_eq!(bench.value("SELECT name FROM members WHERE external_id = 'M1'").unwrap(), "Edited");
    assert_eq!(counts(&bench.sync(&listing(&["p2", "p1"])), ["updated", "conflicts_open"]), [0, 0]);
}
