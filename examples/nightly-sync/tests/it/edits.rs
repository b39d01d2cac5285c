//! Edits by people, whatever they use and whenever they make them.

use nightly_sync::listing;
use nightly_sync::progress::Progress;
use nightly_sync::sync::drive;
use nightly_sync::term::Console;
use rusqlite::Connection;
use tripartite::drive::block_on;
use tripartite::run::{Report, Run, Step};
use tripartite::schema::Policy;
use tripartite::store::RecordStore;
use tripartite_sql::Register;
use tripartite_sqlite::store::{Access, Database, SqliteStore};

use crate::bench::{Bench, counts, looked, members};

const ONE: &str = "{\"id\": \"M1\", \"name\": \"N1\", \"phone\": \"p1\"}\n";
const MOVED: &str = "{\"id\": \"M1\", \"name\": \"N1\", \"phone\": \"p2\"}\n";

/// The next night under the steps' own control; `between` runs after the records are loaded, before they are written.
fn night(bench: &Bench, listing: &'static str, mut between: impl FnMut(&Connection)) -> Report {
    let database = Database::open(&bench.db(), Access::Write).unwrap();
    let settings = database.settings(&Register::default()).unwrap().unwrap();
    let store = SqliteStore::new(database, settings).unwrap();
    let source = listing::records(listing::text("listing", listing).unwrap(), store.schema().clone(), "id").unwrap();
    let at = nightly_sync::app::now();
    let run = Run::new(Policy::new(store.schema().clone()), store.next_run(&at).unwrap(), at);
    let other = bench.sql();
    let mut step = run.start();
    loop {
        step = match step {
            Step::Committing(s) => {
                between(&other);
                let outcomes = block_on(store.commit(s.request())).unwrap();
                s.resume(outcomes)
            }
            Step::Stopped(s) => return s.finish().report,
            Step::Done(done) => return done.report,
            other => looked(other, &source, &store),
        };
    }
}

#[test]
fn an_edit_stays_as_long_as_the_source_does_not_touch_the_field() {
    let bench = Bench::synced(ONE);
    bench.edit("UPDATE members SET phone = 'mine'");
    assert_eq!(counts(&bench.sync(ONE), ["updated", "unchanged", "conflicts_detected"]), [0, 1, 0]);
    let renamed = ONE.replace("N1", "N2");
    assert_eq!(counts(&bench.sync(&renamed), ["updated", "conflicts_detected"]), [1, 0]);
    assert_eq!(bench.value("SELECT name || ' ' || phone FROM members").as_deref(), Some("N2 mine"));
}

#[test]
fn an_edit_between_load_and_commit_is_not_lost() {
    let bench = Bench::synced(ONE);
    let mut edits = vec!["UPDATE members SET name = 'hers'"];
    let report = night(&bench, MOVED, |conn| {
        if let Some(edit) = edits.pop() {
            conn.execute_batch(edit).unwrap();
        }
    });
    assert_eq!((report.counts.updated, report.counts.skipped), (1, 0), "planned once more");
    assert_eq!(bench.value("SELECT name || ' ' || phone FROM members").as_deref(), Some("hers p2"));
}

#[test]
fn a_row_that_is_replaced_between_load_and_commit_is_not_overwritten_unseen() {
    let bench = Bench::synced(ONE);
    let mut edits =
        vec!["REPLACE INTO members(local_id, external_id, name, phone) VALUES (1, 'M1', 'hers', 'hers, too')"];
    let report = night(&bench, MOVED, |conn| {
        if let Some(edit) = edits.pop() {
            conn.execute_batch(edit).unwrap();
        }
    });
    assert_eq!(report.counts.conflicts_detected, 1, "both changed the phone, and the audit says so");
    assert_eq!(bench.value("SELECT name FROM members").as_deref(), Some("hers"));
    assert_eq!(
        bench.value("SELECT count(*) FROM tripartite_audit WHERE entry LIKE '%hers, too%'").as_deref(),
        Some("1")
    );
}

#[test]
fn a_row_that_never_holds_still_is_left_to_the_next_run() {
    let bench = Bench::synced(ONE);
    let mut turn = 0;
    let report = night(&bench, MOVED, |conn| {
        turn += 1;
        conn.execute_batch(&format!("UPDATE members SET name = 'turn {turn}'")).unwrap();
    });
    assert_eq!((report.counts.updated, report.counts.skipped), (0, 1));
    assert_eq!(bench.value("SELECT count(*) FROM tripartite_audit WHERE verdict = 'RemoteOnly'").as_deref(), Some("0"));
}

#[test]
fn every_way_to_change_a_row_makes_its_revision_larger() {
    for (edit, why) in [
        ("UPDATE members SET phone = 'x'", "plainly"),
        ("UPDATE members SET phone = 'x', revision = 1", "a client that sets it back"),
        ("UPDATE members SET phone = 'x', revision = revision + 1", "a client that counts itself"),
        ("PRAGMA recursive_triggers = ON; UPDATE members SET phone = 'x'", "with recursive triggers"),
        ("REPLACE INTO members(external_id, name, phone) VALUES ('M1', 'N1', 'x')", "replaced"),
        ("DELETE FROM members; INSERT INTO members(external_id, name, phone) VALUES ('M1', 'N1', 'x')", "entered anew"),
        ("INSERT INTO members(external_id, name) VALUES ('M1', 'N1') ON CONFLICT DO UPDATE SET phone = 'x'", "upsert"),
    ] {
        let bench = Bench::synced(ONE);
        bench.edit(edit);
        let larger = bench
            .value("SELECT m.revision > l.synced_revision FROM members m JOIN tripartite_links l USING(external_id)");
        assert_eq!(larger.as_deref(), Some("1"), "{why}");
        assert_eq!(bench.sync(ONE)["unchanged"], 1, "{why}");
        assert_eq!(bench.value("SELECT phone FROM members").as_deref(), Some("x"), "{why}: the edit stays");
        assert_eq!(bench.value("SELECT count(*) FROM members").as_deref(), Some("1"));
    }
}

#[test]
fn a_row_that_a_user_deleted_or_deactivated_is_not_brought_back() {
    for edit in
        ["DELETE FROM members WHERE external_id = 'M1'", "UPDATE members SET active = 0 WHERE external_id = 'M1'"]
    {
        let bench = Bench::synced(&members(1..=3));
        bench.edit(edit);
        // That a question is open makes a revision, too.
        let rows = || bench.dump("(SELECT local_id, external_id, active, name, phone FROM members)");
        let before = rows();
        let moved = members(1..=3).replace("p1", "p9");
        assert_eq!(counts(&bench.sync(&moved), ["created", "updated", "reactivated"]), [0, 0, 0], "{edit}");
        assert_eq!(rows(), before, "{edit}");
        let audit = bench.dump("tripartite_audit").len();
        bench.sync(&moved);
        assert_eq!(bench.dump("tripartite_audit").len(), audit, "it is told once");
    }
}

#[test]
fn whoever_comes_back_is_active_again_with_the_edits_made_meanwhile() {
    let bench = Bench::synced(&members(1..=9));
    assert_eq!(bench.sync(&members(2..=9))["deactivated"], 1);
    assert_eq!(bench.value("SELECT active FROM members WHERE external_id = 'M1'").as_deref(), Some("0"));
    bench.edit("UPDATE members SET name = 'hers' WHERE external_id = 'M1'");
    assert_eq!(counts(&bench.sync(&members(2..=9)), ["deactivated", "unchanged"]), [0, 8], "it stays as it is");
    let report = bench.sync(&members(1..=9).replace("p1", "p8"));
    assert_eq!(counts(&report, ["reactivated", "created"]), [1, 0]);
    let row = bench.value("SELECT active || ' ' || name || ' ' || phone FROM members WHERE external_id = 'M1'");
    assert_eq!(row.as_deref(), Some("1 hers p8"));
    bench.edit("UPDATE members SET active = 0 WHERE external_id = 'M1'");
    let report = bench.sync(&members(1..=9));
    assert_eq!(report["reactivated"], 0, "this time it was a user");
}

#[test]
fn whom_a_user_reactivated_and_deactivated_again_a_user_deactivated() {
    let bench = Bench::synced(&members(1..=9));
    bench.sync(&members(2..=9));
    bench.edit("UPDATE members SET active = 1 WHERE external_id = 'M1'");
    bench.edit("UPDATE members SET active = 0 WHERE external_id = 'M1'");
    assert_eq!(bench.sync(&members(1..=9))["reactivated"], 0);
}

#[test]
fn a_member_entered_by_hand_with_its_id_is_linked_and_never_missing_before_it_was_listed() {
    let bench = Bench::synced(&members(1..=9));
    bench.edit(
        "INSERT INTO members(external_id, name) VALUES ('M10', 'N10'); INSERT INTO members(name) VALUES ('guest')",
    );
    assert_eq!(counts(&bench.sync(&members(1..=9)), ["deactivated", "created"]), [0, 0]);
    assert_eq!(counts(&bench.sync(&members(1..=10)), ["updated", "created"]), [1, 0]);
    assert_eq!(bench.value("SELECT phone FROM members WHERE external_id = 'M10'").as_deref(), Some("p10"));
    assert_eq!(bench.value("SELECT count(*) FROM members").as_deref(), Some("11"));
}

#[test]
fn whatever_stands_in_a_column_is_read_and_kept() {
    let bench = Bench::new();
    let listing = "{\"id\": \"M1\", \"name\": \"N1\", \"tags\": [\"a\"], \"n\": 1, \"on\": true}\n";
    bench.sync(listing);
    bench.edit("UPDATE members SET name = x'c3', tags = 'a; b', n = 'many', \"on\" = 2.5");
    let before = bench.dump("members");
    assert_eq!(counts(&bench.sync(listing), ["unchanged", "failed"]), [1, 0]);
    assert_eq!(bench.dump("members"), before, "edits, all of them");
    let report = bench.sync(&listing.replace("N1", "N2"));
    assert_eq!(counts(&report, ["conflicts_detected", "updated"]), [1, 1]);
    let kept = "SELECT count(*) FROM tripartite_audit WHERE decision = 'TookRemote' AND entry LIKE '%x''c3''%'";
    assert_eq!(bench.value(kept).as_deref(), Some("1"), "the audit keeps the bytes that were overwritten");
}

#[test]
fn numbers_beyond_64_bits_are_kept_whole() {
    let bench = Bench::new();
    let (small, big) = ("18446744073709551615", "170141183460469231731687303715884105727");
    let listing = format!("{{\"id\": \"M1\", \"u\": {small}, \"n\": \"{big}\", \"m\": 1}}\n");
    let schema = r#"{"fields": {"u": {"kind": "integer"}, "n": {"kind": "integer"}, "m": {"kind": "integer"}}}"#;
    let ran = bench.run(&bench.listing(&listing), &["--schema", &bench.write("s.json", schema)]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(bench.value("SELECT u || ' ' || n FROM members"), Some(format!("{small} {big}")));
    bench.edit("UPDATE members SET m = 2");
    assert_eq!(counts(&bench.sync(&listing), ["updated", "conflicts_detected"]), [0, 0]);
}

#[test]
fn one_row_that_the_database_refuses_does_not_stop_the_others() {
    let bench = Bench::synced(&members(1..=3));
    bench.edit("CREATE UNIQUE INDEX one_phone ON members(phone)");
    let moved = members(1..=3).replace("p1", "p3").replace("N2", "N8");
    let ran = bench.run(&bench.listing(moved), &[]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert_eq!(counts(&ran.json(), ["failed", "updated", "unchanged"]), [1, 1, 1]);
    assert_eq!(
        ran.json()["unwritten"][0]["problem"],
        "the database refused it: UNIQUE constraint failed: members.phone; record 3 here has that value"
    );
    let notes = bench.value("SELECT count(*) FROM tripartite_audit WHERE external_id = 'M1' AND field = 'phone'");
    assert_eq!(notes.as_deref(), Some("0"), "an op that failed leaves no trace");
}

#[test]
fn a_database_that_somebody_holds_is_a_failure_to_be_tried_again() {
    use tripartite::failure::{Classify, Failure};
    let bench = Bench::synced(ONE);
    let database = Database::open(&bench.db(), Access::Write).unwrap();
    let settings = database.settings(&Register::default()).unwrap().unwrap();
    let store = SqliteStore::new(database, settings).unwrap();
    store.with(|conn| Ok(conn.busy_timeout(std::time::Duration::ZERO)?)).unwrap();
    let other = bench.sql();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let source = listing::records(listing::text("listing", MOVED).unwrap(), store.schema().clone(), "id").unwrap();
    let at = nightly_sync::app::now();
    let step = Run::new(Policy::new(store.schema().clone()), store.next_run(&at).unwrap(), at).start();
    let console = Console::std();
    let error = drive(step, &source, &store, None, &mut Progress::of(&console)).unwrap_err();
    assert_eq!(error.failure(), Failure::Retry { after: None });
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(bench.sync(MOVED)["updated"], 1);
}
