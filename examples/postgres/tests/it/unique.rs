//! A column that must be unique: values that change hands within one batch, and one that does not.

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::shared::HANDS;

const SCHEMA: &str = r#"{"fields": {"name": {"kind": "name"}, "login": {"kind": "text"}}}"#;

/// Members of these logins, by number.
fn listing(logins: &[&str]) -> String {
    let line =
        |(n, login): (usize, &&str)| format!("{{\"id\": \"M{n}\", \"name\": \"N{n}\", \"login\": \"{login}\"}}\n");
    logins.iter().enumerate().map(|(at, login)| line((at + 1, login))).collect()
}

/// A club in a table of its own or of the host's, in which no login is there twice.
fn club(is_own: bool, count: usize, unique: &str) -> (Bench, tripartite_postgres::store::PostgresStore) {
    let bench = Bench::of(SCHEMA);
    let store = if is_own { bench.store() } else { bench.attached("name text, login text") };
    let all: Vec<String> = (1..=count).map(|n| format!("p{n}")).collect();
    let listed = listing(&all.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(bench.night(&store, &listed)["created"], json!(count));
    bench.sql.run(&unique.replace("{}", if is_own { "members" } else { "people" }));
    (bench, store)
}

fn logins(bench: &Bench, is_own: bool) -> String {
    let (table, id) = if is_own { ("members", "external_id") } else { ("people", "tripartite_id") };
    bench.sql.value(&format!("SELECT string_agg(login, ' ' ORDER BY {id}) FROM {table}")).unwrap()
}

fn counts<'a>(report: &'a Value, of: [&str; 2]) -> [&'a Value; 2] {
    of.map(|name| &report[name])
}

const PLAIN: &str = "CREATE UNIQUE INDEX one_login ON {}(login)";

/// Swapped, handed on in either order of the batch, and passed on in a ring: in one night, and never again.
#[test]
fn values_change_hands_in_one_night() {
    for (unique, is_own) in [
        (PLAIN, true),
        (PLAIN, false),
        ("ALTER TABLE {} ADD UNIQUE (login)", true),
        ("ALTER TABLE {} ALTER login SET NOT NULL; CREATE UNIQUE INDEX one_login ON {}(login)", false),
        ("CREATE UNIQUE INDEX one_login ON {}(lower(login))", true),
        ("ALTER TABLE {} ADD UNIQUE (login) DEFERRABLE INITIALLY DEFERRED", true),
    ] {
        for (to, why) in HANDS {
            let (bench, store) = club(is_own, 3, &unique.replace("{}", if is_own { "members" } else { "people" }));
            let moved = to.iter().zip(["p1", "p2", "p3"]).filter(|(to, was)| *to != was).count();
            let report = bench.night(&store, &listing(&to));
            assert_eq!(counts(&report, ["updated", "failed"]), [&json!(moved), &json!(0)], "{unique}: {why}: {report}");
            assert_eq!(logins(&bench, is_own), to.join(" "), "{unique}: {why}");
            let again = bench.night(&store, &listing(&to));
            assert_eq!(
                counts(&again, ["updated", "unchanged"]),
                [&json!(0), &json!(3)],
                "{unique}: {why}: a second night"
            );
        }
    }
}

/// One that another record keeps fails alone, and is told whose it is; what changes hands beside it does.
#[test]
fn a_real_collision_fails_alone_and_names_the_record() {
    for is_own in [true, false] {
        let (bench, store) = club(is_own, 4, PLAIN);
        let (table, key, id) =
            if is_own { ("members", "local_id", "external_id") } else { ("people", "id", "tripartite_id") };
        let holder = bench.sql.value(&format!("SELECT {key} FROM {table} WHERE {id} = 'M4'")).unwrap();
        let report = bench.night(&store, &listing(&["p2", "p1", "p4", "p4"]));
        assert_eq!(counts(&report, ["updated", "failed"]), [&json!(2), &json!(1)], "{report}");
        assert_eq!(logins(&bench, is_own), "p2 p1 p3 p4");
        let told = report.to_string();
        assert!(told.contains(&format!("record {holder} here has that value")), "{told}");
        assert!(!told.contains("p4"), "no value is told: {told}");
    }
}

/// Those who swap are of two batches: the run comes back to both behind all others. One whose value stays taken still fails.
#[test]
fn values_change_hands_from_one_batch_to_another() {
    let (bench, store) = club(true, 5, PLAIN);
    let in_twos = |logins: &[&str]| bench.night_by(&store, &listing(logins), |run| run.batch(2));
    let report = in_twos(&["p4", "p2", "p3", "p1", "p5"]);
    assert_eq!(counts(&report, ["updated", "failed"]), [&json!(2), &json!(0)], "{report}");
    assert_eq!(logins(&bench, true), "p4 p2 p3 p1 p5");
    let report = in_twos(&["p2", "p2", "p3", "p1", "new"]);
    assert_eq!(counts(&report, ["updated", "failed"]), [&json!(1), &json!(1)], "{report}");
    assert!(report.to_string().contains("here has that value"), "{report}");
    assert_eq!(report["skipped"], json!(0), "{report}");
}

/// What a user did to another column is still an edit.
#[test]
fn an_edit_of_who_swaps_stays() {
    let (bench, store) = club(true, 2, PLAIN);
    bench.sql.run("UPDATE members SET name = 'Edited' WHERE external_id = 'M1'");
    assert_eq!(bench.night(&store, &listing(&["p2", "p1"]))["updated"], json!(2));
    assert_eq!(bench.sql.value("SELECT name FROM members WHERE external_id = 'M1'").as_deref(), Some("Edited"));
    let report = bench.night(&store, &listing(&["p2", "p1"]));
    assert_eq!(counts(&report, ["updated", "conflicts_open"]), [&json!(0), &json!(0)]);
}
