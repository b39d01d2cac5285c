//! Which schema holds, and what happens when it changes.

use crate::bench::{Bench, counts, members};

#[test]
fn an_inferred_schema_is_said_stored_and_used_again() {
    let bench = Bench::new();
    let listing =
        "{\"id\": 1, \"name\": \"Áine\", \"mobile\": \"+353 87 555 0123\", \"born\": \"2000-02-29\", \"ok\": true}\n";
    let ran = bench.run(&bench.listing(listing), &[]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for part in ["inferred from 1 of 1 lines", "phone, as dialled in IE", "--schema"] {
        assert!(ran.stderr.contains(part), "{part} in {}", ran.stderr);
    }
    let again = bench.run(&bench.listing(listing.replace("+353 87 555 0123", "087 5550123")), &[]);
    assert!(again.stderr.contains("schema: the one in "), "{}", again.stderr);
    assert_eq!(counts(&again.json(), ["updated", "unchanged"]), [0, 1], "one number, spelt twice");
    let columns = bench.value("SELECT group_concat(name) FROM pragma_table_info('members')");
    assert_eq!(columns.as_deref(), Some("local_id,external_id,active,revision,name,mobile,born,ok"));
}

/// What was inferred is printed with its evidence, and the first value of a later night that says otherwise with its record.
#[test]
fn what_is_inferred_has_its_evidence_and_a_later_disagreement_is_told() {
    let bench = Bench::new();
    let member = |id: u32, born: &str, news: &str, mails: &str| {
        format!("{{\"id\": {id}, \"born\": \"{born}\", \"news\": \"{news}\", \"mails\": [{mails}]}}\n")
    };
    let mails = "{\"type\": \"work\", \"value\": \"a@b.ie\"}, {\"type\": \"home\", \"value\": \"c@d.ie\"}";
    let first = [member(1, "31/12/1999", "J", mails), member(2, "05/01/2001", "n", ""), member(3, "n/a", "j", "")];
    let ran = bench.run(&bench.listing(first.concat()), &[]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for told in [
        "born                 date as %d/%m/%Y (2 values, 1 of which allow no other order, 1 time \"n/a\", which is null)",
        "news                 boolean, true is j, false is n (3 values, 2 times j and 1 time n)",
        "mails                set of records by type (3 values, 2 records, 1 list of several,",
    ] {
        assert!(ran.stderr.contains(told), "{told} in {}", ran.stderr);
    }
    let later = [member(1, "12/31/1999", "J", mails), member(2, "05/01/2001", "N", ""), member(3, "N/A", "j", "")];
    let ran = bench.program(&["run", "--db", &bench.path("members.db"), "--remote", &bench.listing(later.concat())]);
    let told = "fields that have values that their kind does not read, so the values here stay: born (1 record, first 1: \
                is not a calendar date in a declared format)";
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
    assert!(ran.stdout.matches("1 record, first").count() == 1, "nothing else has changed: {}", ran.stdout);
}

#[test]
fn the_id_field_is_remembered() {
    let bench = Bench::new();
    let listing = members(1..=3).replace("\"id\"", "\"member_no\"");
    let file = bench.listing(&listing);
    let wrong = bench.run(&file, &[]);
    assert_eq!(wrong.status, 1);
    assert!(wrong.stderr.contains("--id-field"), "{}", wrong.stderr);
    assert_eq!(bench.files(), ["listing.jsonl"]);
    assert_eq!(bench.run(&file, &["--id-field", "member_no"]).json()["created"], 3);
    assert_eq!(bench.run(&file, &[]).json()["unchanged"], 3);
    let mistyped = bench.run(&file, &["--id-field", "member_on"]);
    assert_eq!(mistyped.status, 1);
    assert!(mistyped.stderr.contains("linked by `member_no`"), "{}", mistyped.stderr);
    assert_eq!(bench.run(&file, &[]).json()["unchanged"], 3, "and the mistake was not remembered");
}

#[test]
fn a_field_that_is_new_in_the_schema_is_filled() {
    let bench = Bench::new();
    let old = bench.write("old.json", r#"{"fields": {"name": {"kind": "name"}}}"#);
    let new = bench.write("new.json", r#"{"fields": {"name": {"kind": "name"}, "phone": {"kind": "text"}}}"#);
    let file = bench.listing(members(1..=3));
    bench.run(&file, &["--schema", &old]);
    let ran = bench.run(&file, &["--schema", &new]);
    assert_eq!((ran.status, &ran.json()["updated"]), (0, &3.into()), "{}", ran.stderr);
    assert_eq!(bench.value("SELECT phone FROM members WHERE external_id = 'M2'").as_deref(), Some("p2"));
    assert_eq!(counts(&bench.run(&file, &[]).json(), ["updated", "unchanged"]), [0, 3]);
}

#[test]
fn a_renamed_field_keeps_its_column_and_its_edits_and_a_removed_one_its_column() {
    let bench = Bench::synced(&members(1..=3));
    bench.edit("UPDATE members SET phone = 'hers' WHERE external_id = 'M1'");
    let schema = r#"{"fields": {"telephone": {"kind": "text", "aliases": ["phone"]}}}"#;
    let ran = bench.run(&bench.listing(members(1..=3)), &["--schema", &bench.write("s.json", schema)]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(counts(&ran.json(), ["updated", "conflicts_detected"]), [0, 0]);
    let row = bench.value("SELECT name || ' ' || telephone FROM members WHERE external_id = 'M1'");
    assert_eq!(row.as_deref(), Some("N1 hers"));
}

#[test]
fn a_change_of_the_schema_that_is_blocked_is_not_made() {
    let bench = Bench::synced(&members(1..=30));
    let before = bench.bytes();
    let schema = bench.write("s.json", r#"{"fields": {"name": {"kind": "name"}, "new": {"kind": "text"}}}"#);
    let ran = bench.run(&bench.listing(""), &["--schema", &schema]);
    assert_eq!((ran.status, bench.bytes() == before), (4, true));
}

#[test]
fn a_field_that_cannot_have_a_column_is_a_precise_error() {
    let bench = Bench::new();
    let file = bench.listing(members(1..=3));
    for (fields, problem) in [
        (r#""Active": {"kind": "text"}"#, "field `Active` cannot have a column of its own"),
        (r#""mail": {"kind": "text"}, "Mail": {"kind": "text"}"#, "that of the column of field `mail`"),
        (r#""id": {"kind": "text"}"#, "`id` is the listing's id field"),
        (r#""mail": {"kind": "emial"}"#, "unknown kind `emial`"),
    ] {
        let schema = bench.write("s.json", format!("{{\"fields\": {{{fields}}}}}"));
        let ran = bench.run(&file, &["--schema", &schema]);
        assert_eq!(ran.status, 1, "{fields}");
        assert!(ran.stderr.contains(problem), "{}", ran.stderr);
        assert_eq!(bench.files(), ["listing.jsonl", "s.json"]);
    }
}

#[test]
fn columns_are_quoted() {
    let bench = Bench::new();
    let listing =
        "{\"id\": 1, \"order\": \"a\", \"two words\": \"b\", \"a\\\"b\": \"c\", \"x'y\": \"d\", \"active\": true}\n";
    bench.sync(listing);
    bench.edit("UPDATE members SET \"a\"\"b\" = 'hers'");
    assert_eq!(bench.sync(&listing.replace("\"d\"", "\"e\""))["updated"], 1);
    let row = bench.value("SELECT \"order\" || \"two words\" || \"a\"\"b\" || \"x'y\" || source_active FROM members");
    assert_eq!(row.as_deref(), Some("abherse1"));
}

#[test]
fn a_strategy_decides_and_is_remembered() {
    for (strategy, phone, open) in [("remote_wins", "p9", 0), ("local_wins", "hers", 0), ("merge", "hers", 1)] {
        let bench = Bench::synced(&members(1..=3));
        bench.edit("UPDATE members SET phone = 'hers' WHERE external_id = 'M1'");
        let moved = bench.listing(members(1..=3).replace("p1", "p9"));
        let ran = bench.run(&moved, &["--strategy", strategy]);
        assert!(ran.stderr.contains(&format!("strategy: {strategy}; stored with the schema")), "{}", ran.stderr);
        assert_eq!(counts(&ran.json(), ["conflicts_detected", "conflicts_open"]), [1, open], "{strategy}");
        for later in ["the run", "a later run that states none"] {
            let value = bench.value("SELECT phone FROM members WHERE external_id = 'M1'");
            assert_eq!(value.as_deref(), Some(phone), "{strategy}: {later}");
            let rows = bench.value("SELECT count(*) FROM tripartite_conflicts");
            assert_eq!(rows, Some(open.to_string()), "{strategy}: {later}");
            let report = bench.run(&moved, &[]).json();
            assert_eq!(counts(&report, ["updated", "conflicts_detected", "conflicts_resolved"]), [0; 3], "{strategy}");
        }
        let stored = bench.value("SELECT value ->> 'strategy' FROM tripartite_meta WHERE key = 'schema'");
        assert_eq!(stored.as_deref(), Some(strategy));
    }
}

#[test]
fn a_new_strategy_leaves_the_fields_and_their_order_alone() {
    let bench = Bench::new();
    let fields = r#""z": {"kind": "text", "strategy": "enforced"}, "name": {"kind": "name", "aliases": ["n"]}"#;
    let schema = bench.write("s.json", format!("{{\"first_sync\": \"review\", \"fields\": {{{fields}}}}}"));
    let file = bench.listing(members(1..=3));
    bench.run(&file, &["--schema", &schema]);
    let stored = || bench.value("SELECT value FROM tripartite_meta WHERE key = 'schema'").unwrap();
    let before = stored();
    bench.run(&file, &["--strategy", "merge"]);
    assert_eq!(stored(), before.replacen("remote_wins", "merge", 1));
}

#[test]
fn a_strategy_that_wrote_nothing_is_not_remembered() {
    let bench = Bench::synced(&members(1..=100));
    let before = bench.bytes();
    let file = bench.listing(members(1..=100).replace("p1\"", "p9\""));
    let dry = bench.run(&file, &["--strategy", "merge", "--dry-run"]);
    assert!(dry.stderr.contains("strategy: merge; not stored by a dry run"), "{}", dry.stderr);
    let blocked = bench.run(&bench.listing(""), &["--strategy", "merge"]);
    assert_eq!((dry.status, blocked.status), (0, 4));
    assert_eq!(bench.bytes(), before);
}

#[test]
fn a_schema_that_is_stated_later_brings_its_own_strategy() {
    let bench = Bench::new();
    let file = bench.listing(members(1..=3));
    let schema = bench.write("s.json", r#"{"strategy": "local_wins", "fields": {"name": {"kind": "name"}}}"#);
    bench.run(&file, &["--strategy", "merge"]);
    let stored = || bench.value("SELECT value ->> 'strategy' FROM tripartite_meta WHERE key = 'schema'");
    assert_eq!(stored().as_deref(), Some("merge"));
    bench.run(&file, &["--schema", &schema]);
    assert_eq!(stored().as_deref(), Some("local_wins"));
}

/// What a run names as a field that the schema does not have is added by a command, and synced from then on.
#[test]
fn the_stored_schema_is_printed_and_adds_what_is_new() {
    let bench = Bench::new();
    let db = bench.path("members.db");
    let rules = r#"[{"name": "name", "fields": ["name"]}]"#;
    let first = bench.write("s.json", format!(r#"{{"fields": {{"name": {{"kind": "name"}}}}, "match": {rules}}}"#));
    let lines = "{\"id\": 1, \"name\": \"Áine\", \"shoe\": 43}\n";
    let listing = bench.listing(lines);
    let told = bench.run(&listing, &["--schema", &first]).json();
    assert_eq!(told["schema_drift"]["undeclared"][0]["field"], "shoe");
    // It is printed as a file that run takes.
    let printed = bench.program(&["schema", "--db", &db]);
    assert_eq!(printed.status, 0, "{}", printed.stderr);
    let again = bench.run(&listing, &["--schema", &bench.write("printed.json", &printed.stdout)]);
    assert_eq!(counts(&again.json(), ["unchanged"]), [1]);
    let proposed = bench.program(&["schema", "--db", &db, "--remote", &listing]);
    assert!(
        proposed.stdout.contains("\"shoe\"") && proposed.stderr.contains("new: shoe (integer)"),
        "{}",
        proposed.stderr
    );
    let shouted = bench.listing(lines.replace("name", "NAME"));
    let shouted = bench.program(&["schema", "--db", &db, "--remote", &shouted]);
    assert!(shouted.stderr.contains("NAME differs from name by capitals alone"), "{}", shouted.stderr);
    let listing = bench.listing(lines);
    assert_eq!(bench.program(&["schema", "--db", &db]).stdout, printed.stdout, "nothing is stored unasked");
    let added = bench.program(&["schema", "--db", &db, "--remote", &listing, "--add"]);
    assert_eq!((added.status, &added.stdout), (0, &proposed.stdout), "{}", added.stderr);
    assert_eq!(bench.program(&["schema", "--db", &db]).stdout, added.stdout);
    assert!(added.stdout.contains("\"match\""), "the rules stay");
    let filled = bench.run(&listing, &[]);
    assert_eq!(counts(&filled.json(), ["updated"]), [1], "{}", filled.stderr);
    assert_eq!(bench.value("SELECT shoe FROM members").as_deref(), Some("43"));
    assert_eq!(bench.program(&["schema", "--db", &db, "--add"]).status, 2);
}
