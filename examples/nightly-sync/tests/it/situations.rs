//! Every situation of a record, by its name, on the command line; what no line of a listing can say, through the store.

use nightly_sync::store::{Access, Database, Place, Register, Store};
use serde_json::{Value, json};
use tripartite::drive::drive_blocking;
use tripartite::id::ExternalId;
use tripartite::memory::Listing;
use tripartite::run::{Report, Run};
use tripartite::schema::Policy;
use tripartite::source::{Item, RemoteRecord};

use crate::bench::{Bench, counts, members};

impl Bench {
    fn store(&self) -> Store {
        let place = Place::named(self.path("members.db").into()).unwrap();
        let database = Database::open(&place, Access::Write).unwrap();
        let settings = database.settings(&Register::default()).unwrap().unwrap();
        Store::of(Register::default(), database, settings).unwrap()
    }

    /// A run on a source that says more than lines can.
    fn told(&self, only: Option<&str>, items: impl FnOnce(&dyn Fn(&str, Value) -> Item) -> Vec<Item>) -> Report {
        let store = self.store();
        let item = |id: &str, fields: Value| {
            let record = store.schema().record(&fields).unwrap();
            Item::Record(RemoteRecord::new(ext(id), record))
        };
        let listing = Listing::new(items(&item)).partial();
        let at = nightly_sync::app::now();
        let run = Run::new(Policy::new(store.schema().clone()), store.next_run(&at).unwrap(), at);
        let run = only.map_or(run.clone(), |id| run.only([ext(id)]));
        drive_blocking(run.start(), &listing, &store).unwrap().report
    }

    fn member(&self, id: &str) -> Option<String> {
        self.value(&format!("SELECT active || ' ' || name || ' ' || phone FROM members WHERE external_id = '{id}'"))
    }

    fn situations(&self) -> Vec<String> {
        let names = self.value(
            "SELECT group_concat(verdict, ' ' ORDER BY seq) FROM tripartite_audit
            WHERE subject = 'record' AND verdict != 'Unmatched'",
        );
        names.iter().flat_map(|names| names.split(' ')).map(str::to_owned).collect()
    }
}

fn ext(id: &str) -> ExternalId {
    ExternalId::new(id).unwrap()
}

#[test]
fn linked_and_unmatched() {
    let bench = Bench::synced(&members(1..=2));
    bench.edit("UPDATE members SET phone = 'mine' WHERE external_id = 'M1'");
    let report = bench.sync(&members(1..=3).replace("N1", "N9"));
    assert_eq!(counts(&report, ["updated", "created", "unchanged"]), [1, 1, 1]);
    assert_eq!(bench.member("M1").as_deref(), Some("1 N9 mine"));
    assert_eq!(
        bench.value("SELECT count(*) FROM tripartite_links WHERE base IS NULL AND shape IS NULL").as_deref(),
        Some("0")
    );
}

#[test]
fn duplicate_remote_and_malformed() {
    let bench = Bench::synced(&members(1..=3));
    let before = bench.dump("members");
    let twice = format!("{}{{\"id\": \"M1\", \"name\": \"other\"}}\n{{\"id\": \"M2\", \"na", members([1, 3]));
    for _ in 0..2 {
        let ran = bench.run(&bench.listing(&twice), &[]);
        let report = ran.json();
        assert_eq!((ran.status, counts(&report, ["quarantined", "deactivated"])), (3, [2, 0]));
        let aside = ["Malformed", "DuplicateRemote"].map(Value::from);
        assert_eq!([0, 1].map(|at| report["set_aside"][at]["situation"].clone()), aside);
        assert_eq!(bench.dump("members"), before, "in every run anew");
    }
    let report = bench.sync(&members(1..=3).replace("N1", "N9"));
    assert_eq!(counts(&report, ["updated", "quarantined"]), [1, 0], "until the cause is gone");
}

#[test]
fn missing_after_so_many_complete_listings() {
    let bench = Bench::synced(&members(1..=3));
    let run = |text: &str, more: &[&str]| {
        let ran = bench.run(&bench.listing(text), &[&["--missing-after", "2"], more].concat());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        counts(&ran.json(), ["missing", "deactivated", "reactivated"])
    };
    let two = members(1..=2);
    assert_eq!(run(&two, &[]), [1, 0, 0]);
    assert_eq!(run(&two, &["--dry-run"]), [0, 1, 0], "it would be the second time");
    assert_eq!(run(&two, &["--partial"]), [0, 0, 0]);
    assert_eq!(run(&members(1..=3), &[]), [0, 0, 0], "there again");
    assert_eq!(run(&two, &[]), [1, 0, 0]);
    assert_eq!(bench.member("M3").as_deref(), Some("1 N3 p3"));
    assert_eq!(run(&two, &[]), [0, 1, 0]);
    assert_eq!(bench.member("M3").as_deref(), Some("0 N3 p3"));
    assert_eq!(run(&members(1..=3), &[]), [0, 0, 1]);
    assert_eq!(bench.situations(), ["Missing", "Reappeared"]);
    bench.edit("UPDATE members SET active = 0 WHERE external_id = 'M3'");
    assert_eq!(run(&members(1..=3), &[]), [0, 0, 0], "who was missing once and then removed by a user is removed");
}

#[test]
fn delete_vs_edit() {
    let bench = Bench::synced(&members(1..=3));
    bench.edit("UPDATE members SET phone = 'mine' WHERE external_id = 'M3'");
    let (db, listing) = (bench.path("members.db"), bench.listing(members(1..=2)));
    let ran = bench.program(&["run", "--db", &db, "--remote", &listing]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(bench.member("M3").as_deref(), Some("0 N3 mine"), "inactive, and the edit is there");
    assert_eq!(bench.situations(), ["DeleteVsEdit"]);
    assert!(ran.stdout.contains("somebody here edited phone"), "{}", ran.stdout);
    assert!(ran.stdout.contains("whether it stays so is for a person to decide"), "{}", ran.stdout);
    let open = bench.program(&["conflicts", "--db", &db]).stdout;
    assert!(open.contains("M3") && open.contains("taken back"), "{open}");
    assert_eq!(bench.program(&["decide", "--db", &db, "--id", "M3", "--record", "--local"]).status, 0);
    for _ in 0..2 {
        bench.program(&["run", "--db", &db, "--remote", &listing]);
        assert_eq!(bench.member("M3").as_deref(), Some("1 N3 mine"), "taken back, and it stays");
    }
    assert!(!bench.program(&["conflicts", "--db", &db]).stdout.contains("M3"));
}

/// What `conflicts` lists of an id that is somebody else's by now, `decide` answers: they are one, or they are two.
#[test]
fn an_id_that_is_handed_on_is_decided_on_the_command_line() {
    for (answer, active) in [("--remote", 1), ("--local", 2)] {
        let bench = Bench::new();
        let schema = r#"{"fields": {"name": {"kind": "name"}, "born": {"kind": "date"}}}"#;
        let file = bench.write("s.json", schema);
        let listing = |name: &str, born: &str| {
            format!("{}\n", serde_json::json!({"id": "5", "name": name, "born": born}))
                + &(6..9).map(|id| format!("{{\"id\": \"{id}\", \"name\": \"N{id}\"}}\n")).collect::<String>()
        };
        bench.run(&bench.listing(listing("Áine", "2001-05-04")), &["--schema", &file]);
        let (db, new) = (bench.path("members.db"), listing("Seán", "1990-01-01"));
        assert_eq!(counts(&bench.sync(&new), ["updated", "conflicts_open"]), [0, 1]);
        let open = bench.program(&["conflicts", "--db", &db]).stdout;
        assert!(open.contains("may have been given to somebody else"), "{open}");
        let ran = bench.program(&["decide", "--db", &db, "--id", "5", "--record", answer, "--by", "Nuala"]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        bench.sync(&new);
        assert_eq!(bench.value("SELECT name FROM members WHERE external_id = '5'").as_deref(), Some("Seán"));
        let all = bench.value("SELECT count(*) FROM members WHERE external_id LIKE '5%'");
        assert_eq!(all.as_deref(), Some(&*active.to_string()));
        assert_eq!(counts(&bench.sync(&new), ["unchanged", "conflicts_open"]), [4, 0]);
    }
}

/// Also in a database of an earlier version, whose trigger forgot whom a sync had made inactive.
#[test]
fn a_member_who_is_made_active_again_stays_active() {
    for earlier in [false, true] {
        let bench = Bench::synced(&members(1..=3));
        bench.sync(&members(1..=2));
        assert_eq!(bench.member("M3").as_deref(), Some("0 N3 p3"));
        if earlier {
            bench.edit(
                "DROP TRIGGER members_activity;
                 UPDATE tripartite_links SET deactivated = 1 WHERE deactivated > 0;
                 CREATE TRIGGER members_activity AFTER UPDATE OF active ON members WHEN NEW.active IS NOT OLD.active
                 BEGIN UPDATE tripartite_links SET deactivated = 0 WHERE external_id = NEW.external_id; END",
            );
            bench.sync(&members(1..=2));
            assert_eq!(bench.member("M3").as_deref(), Some("0 N3 p3"));
        }
        bench.edit("UPDATE members SET active = 1 WHERE external_id = 'M3'");
        for _ in 0..3 {
            bench.sync(&members(1..=2));
            assert_eq!(bench.member("M3").as_deref(), Some("1 N3 p3"), "{earlier}");
        }
        assert_eq!(bench.situations(), ["Missing", "KeptActive"], "said once");
        bench.edit("UPDATE members SET active = 0 WHERE external_id = 'M3'");
        bench.sync(&members(1..=3));
        assert_eq!(bench.member("M3").as_deref(), Some("0 N3 p3"), "removed by a user, after all");
    }
}

#[test]
fn local_deleted() {
    for edit in
        ["DELETE FROM members WHERE external_id = 'M1'", "UPDATE members SET active = 0 WHERE external_id = 'M1'"]
    {
        let bench = Bench::synced(&members(1..=3));
        bench.edit(edit);
        assert_eq!(counts(&bench.sync(&members(1..=3)), ["conflicts_open", "created", "reactivated"]), [0, 0, 0]);
        let moved = members(1..=3).replace("p1", "p9");
        for _ in 0..2 {
            assert_eq!(counts(&bench.sync(&moved), ["conflicts_open", "created", "reactivated"]), [1, 0, 0], "{edit}");
        }
        assert_eq!(bench.situations(), ["DeleteVsEdit"], "told once");
        let why = bench.value("SELECT why FROM tripartite_conflicts WHERE unit = ''").unwrap();
        assert!(why.contains("somebody here removed it"), "{why}");
        let (db, listing) = (bench.path("members.db"), bench.listing(&moved));
        let told = bench.program(&["run", "--db", &db, "--remote", &listing]).stdout;
        assert!(told.contains("still wait for a person") && told.contains("M1  The source changed"), "{told}");
        assert_eq!(counts(&bench.sync(&members(2..=3)), ["conflicts_open", "deactivated"]), [0, 0], "both removed it");
    }
}

#[test]
fn a_run_of_one_record_touches_nobody_else() {
    let bench = Bench::synced(&members(1..=20));
    let file = bench.listing(members(1..=5).replace(": \"p", ": \"q"));
    let ran = bench.run(&file, &["--only", "M2"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(counts(&ran.json(), ["processed", "updated", "deactivated"]), [1, 1, 0]);
    assert_eq!(bench.member("M1").as_deref(), Some("1 N1 p1"));
    assert_eq!(bench.member("M2").as_deref(), Some("1 N2 q2"));
    let ran = bench.run(&file, &["--only", "M20"]);
    assert_eq!(
        (ran.status, counts(&ran.json(), ["processed", "deactivated"])),
        (3, [0, 0]),
        "not listed is not missing, and is said"
    );
}

#[test]
fn a_job_about_one_record_runs_about_one_record() {
    let bench = Bench::new();
    let (db, key) = (bench.path("members.db"), "ballybeg/federation");
    let file = bench.write("listing.jsonl", members(1..=3));
    let tell = |args: &[&str]| {
        let ran = bench.program(&[&args[..1], &["--db", &db], &args[1..]].concat());
        assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    };
    let work = || tell(&["work", "--until-idle", "--spacing", "0"]);
    tell(&["schedule", "--key", key, "--remote", &file]);
    tell(&["trigger", "--key", key]);
    work();
    bench.write("listing.jsonl", members(1..=2).replace(": \"p", ": \"q"));
    tell(&["trigger", "--key", key, "--only", "M2"]);
    work();
    let phones = bench.value(&format!("SELECT group_concat(phone || active, ' ') FROM \"members/{key}\""));
    assert_eq!(phones.as_deref(), Some("p11 q21 p31"));
    tell(&["trigger", "--key", key, "--only", "M1"]);
    tell(&["trigger", "--key", key]);
    work();
    let phones = bench.value(&format!("SELECT group_concat(phone || active, ' ') FROM \"members/{key}\""));
    assert_eq!(phones.as_deref(), Some("q11 q21 p30"), "everything absorbs one of it");
}

#[test]
fn tombstone() {
    let bench = Bench::synced(&members(1..=3));
    for (only, id) in [(None, "M1"), (Some("M2"), "M2")] {
        let gone = || vec![Item::Tombstone { id: ext(id), version: Some(4) }];
        assert_eq!(bench.told(only, |_| gone()).counts.deactivated, 1);
        assert_eq!(bench.told(only, |_| gone()).counts.ignored, 1, "once");
        let version = bench.value(&format!("SELECT base_version FROM tripartite_links WHERE external_id = '{id}'"));
        assert_eq!(version.as_deref(), Some("4"));
    }
    assert_eq!(bench.value("SELECT sum(active) FROM members").as_deref(), Some("1"));
    assert_eq!(bench.situations(), ["Missing", "Missing"]);
}

/// Row, link, base and conflicts have the new id, as one; the row is the same, with what the user wrote into it.
#[test]
fn rekeyed() {
    let bench = Bench::new();
    let schema = bench
        .write("s.json", r#"{"strategy": "merge", "fields": {"name": {"kind": "name"}, "phone": {"kind": "text"}}}"#);
    bench.run(&bench.listing(members(1..=3)), &["--schema", &schema]);
    bench.edit("UPDATE members SET phone = 'mine' WHERE external_id = 'M1'");
    bench.sync(&members(1..=3).replace("p1", "p9"));
    let row = bench.value("SELECT local_id FROM members WHERE external_id = 'M1'");
    let moved = || Item::Rekeyed { from: ext("M1"), to: ext("IE-1") };
    let report = bench.told(None, |item| vec![item("IE-1", json!({"name": "N8", "phone": "p9"})), moved()]);
    assert_eq!((report.counts.rekeyed, report.counts.updated, report.counts.created), (1, 1, 0));
    assert_eq!(bench.member("IE-1").as_deref(), Some("1 N8 mine"));
    assert_eq!(bench.value("SELECT local_id FROM members WHERE external_id = 'IE-1'"), row);
    assert_eq!(bench.value("SELECT external_id FROM tripartite_conflicts").as_deref(), Some("IE-1"));
    assert_eq!(bench.value("SELECT count(*) FROM tripartite_links WHERE external_id = 'M1'").as_deref(), Some("0"));
    let after = members(2..=3) + "{\"id\": \"IE-1\", \"name\": \"N8\", \"phone\": \"p9\"}\n";
    assert_eq!(counts(&bench.sync(&after), ["unchanged", "conflicts_open", "deactivated"]), [3, 1, 0], "in step");

    bench.edit("DELETE FROM members WHERE external_id = 'M3'");
    assert_eq!(bench.told(Some("M3"), |_| vec![Item::Rekeyed { from: ext("M3"), to: ext("IE-3") }]).counts.rekeyed, 1);
    let left = bench.value("SELECT group_concat(external_id, ' ') FROM tripartite_links");
    assert_eq!(left.as_deref(), Some("IE-1 IE-3 M2"), "of a deleted row the link moves");
}

#[test]
fn identity_conflict() {
    let bench = Bench::synced(&members(1..=3));
    let before = (bench.dump("members"), bench.dump("tripartite_links"));
    let report = bench.told(None, |_| vec![Item::Rekeyed { from: ext("M1"), to: ext("M2") }]);
    assert_eq!((report.counts.quarantined, report.counts.rekeyed), (1, 0));
    assert_eq!((bench.dump("members"), bench.dump("tripartite_links")), before);
    bench.edit("INSERT INTO members(external_id, name) VALUES ('IE-1', 'by hand')");
    let report = bench.told(None, |_| vec![Item::Rekeyed { from: ext("M1"), to: ext("IE-1") }]);
    assert_eq!((report.counts.quarantined, report.counts.rekeyed), (1, 0), "a row that a user linked counts");
}

/// A schema by which members are found: the e-mail address is trusted, the name proposes.
fn finding() -> &'static str {
    r#"{"fields": {"name": {"kind": "name"}, "phone": {"kind": "text"}, "email": {"kind": "email"}},
        "match": [{"name": "e-mail", "fields": ["email"], "trust": "trusted"}, {"name": "name", "fields": ["name"]}]}"#
}

/// A club whose members were there before the register, without ids.
fn before_the_register(people: &[(&str, &str)]) -> Bench {
    let bench = Bench::new();
    let schema = bench.write("s.json", finding());
    assert_eq!(bench.run(&bench.listing(""), &["--schema", &schema]).status, 0);
    for (name, email) in people {
        bench.edit(&format!("INSERT INTO members(name, phone, email) VALUES ('{name}', 'mine', '{email}')"));
    }
    bench
}

fn line(id: &str, name: &str, email: &str) -> String {
    json!({"id": id, "name": name, "phone": "p1", "email": email}).to_string() + "\n"
}

/// The one that was set aside: its situation, and why.
fn aside(report: &Value) -> (String, String) {
    assert_eq!(report["set_aside"].as_array().map(Vec::len), Some(1), "{report}");
    let text = |name: &str| report["set_aside"][0][name].as_str().unwrap().to_owned();
    (text("situation"), text("problem"))
}

#[test]
fn found() {
    let bench = before_the_register(&[("Áine", "AINE@example.org"), ("Seán", "sean@club.example")]);
    let listing = line("F1", "Áine Walsh", "aine@example.org") + &line("F2", "Seán", "sean@example.org");
    let ran = bench.run(&bench.listing(&listing), &[]);
    let report = ran.json();
    assert_eq!(counts(&report, ["linked", "updated", "proposed", "created"]), [1, 1, 1, 0]);
    assert_eq!(ran.status, 3, "one waits for a person");
    let why = "may be record 2 here, by the match rule `name`; a person decides whether it is";
    assert_eq!(aside(&report), ("Found".to_owned(), why.to_owned()));
    let linked = bench.value("SELECT local_id || ' ' || name || ' ' || email FROM members WHERE external_id = 'F1'");
    assert_eq!(linked.as_deref(), Some("1 Áine Walsh AINE@example.org"), "the same row; its own spelling stays");
    assert_eq!(bench.situations(), ["Found"]);
    assert_eq!(bench.value("SELECT count(*) FROM members").as_deref(), Some("2"), "nobody is there twice");
    let told = bench.program(&["run", "--db", &bench.path("members.db"), "--remote", &bench.listing(&listing)]).stdout;
    assert!(told.contains("proposed") && told.contains(why), "{told}");
    assert_eq!(bench.situations(), ["Found"], "in every run anew, and told once");
}

#[test]
fn ambiguous() {
    let bench = before_the_register(&[("Áine", "family@example.org"), ("Ciara", "family@example.org")]);
    let before = bench.dump("members");
    let report = bench.run(&bench.listing(line("F1", "Áine", "family@example.org")), &[]).json();
    let several = "may be one of the records 1, 2 here, by the match rules; a person decides";
    assert_eq!(aside(&report), ("Ambiguous".to_owned(), several.to_owned()));
    assert_eq!((counts(&report, ["quarantined", "proposed", "created"]), bench.dump("members")), ([1, 0, 0], before));

    let bench = before_the_register(&[("Áine", "aine@example.org")]);
    let two = line("F1", "Áine", "aine@example.org") + &line("F2", "Anna", "aine@example.org");
    let report = bench.run(&bench.listing(&two), &[]).json();
    assert_eq!(counts(&report, ["quarantined", "created", "linked"]), [2, 0, 0]);
    let situations = [0, 1].map(|at| report["set_aside"][at]["situation"].clone());
    assert_eq!(situations, ["Ambiguous", "Ambiguous"], "both of them claim one");
}

#[test]
fn identity_conflict_by_a_match_rule() {
    let bench = before_the_register(&[("Áine", "aine@example.org")]);
    let one = line("F1", "Áine", "aine@example.org");
    assert_eq!(counts(&bench.sync(&one), ["linked"]), [1]);
    let (members, links) = (bench.dump("members"), bench.dump("tripartite_links"));
    for listing in
        [one.clone() + &line("F2", "Áine", "aine@example.org"), line("F2", "Áine", "aine@example.org") + &one]
    {
        let report = bench.run(&bench.listing(&listing), &[]).json();
        let why = "is record 1 here by the match rule `e-mail`, but that one is linked to F1; a link is never moved, so a \
                   person decides";
        assert_eq!(aside(&report), ("IdentityConflict".to_owned(), why.to_owned()));
        assert_eq!((bench.dump("members"), bench.dump("tripartite_links")), (members.clone(), links.clone()));
    }
}

#[test]
fn reappeared() {
    let bench = Bench::synced(&members(1..=3));
    bench.edit("UPDATE members SET phone = 'mine' WHERE external_id = 'M3'");
    assert_eq!(counts(&bench.sync(&members(1..=2)), ["deactivated", "reactivated"]), [1, 0]);
    let report = bench.sync(&members(1..=3).replace("N3", "N9"));
    assert_eq!(counts(&report, ["deactivated", "reactivated", "created"]), [0, 1, 0]);
    assert_eq!(bench.member("M3").as_deref(), Some("1 N9 mine"), "active again, and merged like any other");
    assert_eq!(bench.situations(), ["DeleteVsEdit", "Reappeared"]);
}

#[test]
fn missing_from_a_partial_listing_is_nothing() {
    let bench = Bench::synced(&members(1..=3));
    let before = bench.dump("members");
    let ran = bench.run(&bench.listing(members(1..=1)), &["--partial"]);
    assert_eq!((ran.status, counts(&ran.json(), ["unchanged", "missing", "deactivated"])), (0, [1, 0, 0]));
    assert_eq!((bench.dump("members"), bench.situations().len()), (before, 0));
}

#[test]
fn listed_twice_and_equal_is_one() {
    let bench = Bench::new();
    let report = bench.sync(&(members(1..=2) + &members(1..=1).replace("N1", " N1 ")));
    assert_eq!(counts(&report, ["processed", "created", "duplicates", "quarantined"]), [2, 2, 1, 0]);
}
