//! A run as a page: whole, safe, and on its own.

use std::collections::BTreeSet;

use nightly_sync::report::html::{Asked, MOST_RECORDS, write};
use proptest::prelude::*;
use serde_json::json;
use tripartite_sql::Register;
use tripartite_sqlite::store::{Access, Database, SqliteStore};

use crate::bench::{Bench, demo, members};

/// A page as a strict reader finds it: its tags in order, and its texts with the values of its attributes.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    tags: Vec<String>,
    texts: Vec<String>,
}

fn plain(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (name, c)| text.replace(name, c))
}

/// Reads a page, or says at what it is not one that this program writes.
fn read(page: &str) -> Read {
    let mut read = Read { tags: Vec::new(), texts: Vec::new() };
    let mut open = Vec::new();
    let mut rest = page.strip_prefix("<!doctype html>\n").expect("begins with its type");
    while let Some((text, behind)) = rest.split_once('<') {
        assert!(!text.contains('>'), "a stray bracket in {text:?}");
        read.texts.push(plain(text));
        let (tag, behind) = behind.split_once('>').expect("a tag ends");
        rest = behind;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "elements nest");
            continue;
        }
        let mut parts = tag.split('"');
        let mut names = String::new();
        while let Some(name) = parts.next() {
            names.push_str(name);
            read.texts.extend(parts.next().map(plain));
        }
        assert!(names.chars().all(|c| c.is_ascii_alphanumeric() || " =-".contains(c)), "{tag:?}");
        let name = names.split(' ').next().unwrap().len();
        let name = &tag[..name];
        if !["meta", "input"].contains(&name) {
            open.push(name);
        }
        if ["script", "style"].contains(&name) {
            rest = &rest[rest.find("</").expect("ends")..];
        }
        // Where two values differ is marked or not, as the values are.
        if name != "mark" {
            read.tags.push(names);
        }
    }
    assert_eq!((rest, open.len()), ("\n", 0), "everything is closed");
    read
}

fn page(bench: &Bench, more: &[&str]) -> String {
    let (db, out) = (bench.path("members.db"), bench.path("report.html"));
    let ran = bench.program(&[&["report", "--db", &db, "--html", &out], more].concat());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    std::fs::read_to_string(out).unwrap()
}

fn two_nights() -> Bench {
    let bench = Bench::new();
    let schema = demo("schema.json").display().to_string();
    bench.run(&demo("night-1.jsonl").display().to_string(), &["--schema", &schema]);
    bench.edit(&std::fs::read_to_string(demo("edits.sql")).unwrap());
    bench.run(&demo("night-2.jsonl").display().to_string(), &[]);
    bench
}

#[test]
fn every_changed_field_is_on_the_page_before_and_after() {
    let bench = two_nights();
    let read = read(&page(&bench, &[]));
    let whole = read.texts.concat();
    let audit = bench.program(&["audit", "--db", &bench.path("members.db")]);
    let entries: Vec<serde_json::Value> =
        audit.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = entries.last().unwrap()["run"].clone();
    let fields: Vec<_> = entries.iter().filter(|e| e["run"] == last && e["subject"] == "field").collect();
    assert!(fields.len() > 40, "{}", fields.len());
    for entry in &fields {
        let record = whole.split_once(entry["external_id"].as_str().unwrap()).unwrap().1;
        assert!(record.contains(entry["field"].as_str().unwrap()), "{entry}");
        assert!(whole.contains(entry["why"].as_str().unwrap()), "{entry}");
        for side in ["local", "result"] {
            if let Some(text) = entry[side].as_str() {
                assert!(whole.contains(text), "{side} of {entry}");
            }
        }
    }
    let plain = ["Unmatched", "Missing", "Reappeared"].map(serde_json::Value::from);
    let is_told =
        |e: &&serde_json::Value| e["subject"] == "field" || !plain.contains(&e["situation"]) || e["action"] == "touch";
    let told = entries.iter().filter(|e| e["run"] == last).filter(is_told);
    let told: BTreeSet<_> = told.map(|entry| entry["external_id"].as_str().unwrap()).collect();
    let articles = read.tags.iter().filter(|tag| *tag == "article class=").count();
    assert_eq!(articles, told.len() + 7, "a card for each record, and for each question");
}

/// The emergency contact of FED-10365: the run took the new relation, and the two telephone numbers wait for a person.
#[test]
fn the_page_shows_what_stands_here_now_and_marks_what_is_in_dispute() {
    let page = page(&two_nights(), &[]);
    let question = page.split("<article class=\"conflict\">").find(|part| part.contains("FED-10365")).unwrap();
    let question = question.split("</article>").next().unwrap();
    let here = question.split(">here<").nth(1).unwrap().split("</tr>").next().unwrap();
    assert!(here.contains("relation: guardian") && !here.contains("father"), "{here}");
    let marked: Vec<_> = question.split("<mark>").skip(1).map(|part| part.split("</mark>").next().unwrap()).collect();
    let digits = |part: &&str| part.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '+');
    assert!(!marked.is_empty() && marked.iter().all(digits), "only of the numbers: {marked:?}");
    assert!(question.contains(" --id FED-10365 --field emergency_contact</pre>"), "{question}");
}

#[test]
fn the_page_is_in_the_order_of_what_matters() {
    let bench = two_nights();
    let page = page(&bench, &[]);
    let mut from = 0;
    for part in [
        "This page shows values of people",
        "<h1>Sync report</h1>",
        "The listing had 322 records: 5 new, 29 changed, 3 left, 2 set aside; 286 as they were.",
        ">Questions for a person (7)</h2>",
        "or put it right on both sides, and the next run closes the question.",
        ">Set aside (2)</h2>",
        "Nobody can know which is right, so neither was taken.",
        "<h3>New (5)</h3>",
        "<h3>Left (3)</h3>",
        ">The run in figures</h2>",
        "<svg ",
        ">Changes (",
        "<th scope=\"col\" role=\"columnheader\">Before</th>",
        "<del class=\"value\">",
        "<ins class=\"value\">",
        "<footer",
    ] {
        let at = page[from..].find(part);
        from += at.unwrap_or_else(|| panic!("{part} is not behind the part before it"));
    }
    let anchors: BTreeSet<_> = page.split("href=\"#").skip(1).map(|a| a.split('"').next().unwrap()).collect();
    for anchor in anchors {
        assert_eq!(page.matches(&format!(" id=\"{anchor}\"")).count(), 1, "{anchor}");
    }
}

#[test]
fn the_page_needs_nothing_from_anywhere() {
    let bench = Bench::synced(&members(1..=3));
    bench.edit("UPDATE members SET phone = 'url(https://tracker.example/x)'");
    bench.sync(&members(1..=3).replace(": \"p", ": \"https://other.example/"));
    let page = page(&bench, &[]);
    assert!(page.contains("content=\"default-src &#39;none&#39;; style-src &#39;sha256-"));
    let [head, body] = page.split("<body>").collect::<Vec<_>>()[..] else { panic!("one body") };
    for outside in ["http://", "https://", "url(", "@import", "<link", "<img", "<iframe"] {
        assert!(!head.contains(outside), "{outside}");
    }
    for attribute in ["src", "href", "action", "style", "onload", "onclick", "xlink:href"] {
        for value in body.split(&format!(" {attribute}=\"")).skip(1) {
            assert!(attribute == "href" && value.starts_with('#'), "{attribute}=\"{}", &value[..20]);
        }
    }
    let script = body.split_once("<script>").unwrap().1;
    for outside in ["fetch", "XMLHttp", "import", "http", "innerHTML", "eval"] {
        assert!(!script.contains(outside), "{outside}");
    }
}

#[test]
fn what_is_not_there_is_a_precise_error_and_leaves_no_file() {
    let bench = Bench::new();
    let (db, out) = (bench.path("members.db"), bench.path("report.html"));
    let report = |more: &[&str]| bench.program(&[&["report", "--db", &db, "--html", &out], more].concat());
    assert!(report(&[]).stderr.contains("there is no such file"));
    bench.run(&bench.listing(members(1..=2)), &["--dry-run"]);
    assert_eq!(report(&[]).status, 1);
    let one = bench.sync(&members(1..=2));
    assert!(report(&["--run", "never"]).stderr.contains("there is no run never; the last one is"));
    assert!(report(&["--key", "a/b"]).stderr.contains("a/b is not in it; it has the unnamed register"));
    assert_eq!(bench.program(&["report", "--db", &db]).status, 2);
    bench.edit("DELETE FROM tripartite_runs");
    let cut = page(&bench, &[]);
    assert!(cut.contains("cut short before it could report") && cut.contains(one["run"].as_str().unwrap()));
    bench.edit("DELETE FROM tripartite_audit");
    std::fs::remove_file(&out).unwrap();
    let none = report(&[]);
    assert!(none.stderr.contains("there is no run of the unnamed register yet"), "{}", none.stderr);
    assert_eq!(none.status, 1);
    assert_eq!(bench.files(), ["listing.jsonl", "members.db"]);
    let nowhere = bench.path("missing/report.html");
    bench.sync(&members(1..=3));
    let ran = bench.program(&["report", "--db", &db, "--html", &nowhere]);
    assert!(ran.status == 1 && ran.stderr.contains("missing/report.html: "), "{}", ran.stderr);
}

/// What a person answered is no run that was cut short.
#[test]
fn answers_have_a_page_that_says_who_gave_them() {
    let bench = Bench::synced(&members(1..=3));
    bench.edit("DELETE FROM members WHERE external_id = 'M1'");
    bench.sync(&members(1..=3).replace("p1", "p9"));
    let decide = ["decide", "--db", &bench.path("members.db"), "--id", "M1", "--record", "--by", "Nuala"];
    assert_eq!(bench.program(&[&decide[..], &["--local"]].concat()).status, 0);
    let page = page(&bench, &[]);
    assert!(page.contains("No run of the source: Nuala answered questions.") && !page.contains("cut short"));
}

#[test]
fn a_run_before_the_last_has_a_page_of_its_own_and_the_database_stays_as_it_is() {
    let bench = Bench::new();
    let first = bench.sync(&members(1..=3));
    bench.sync(&members(2..=3).replace("p2", "p9"));
    let before = bench.bytes();
    let page = page(&bench, &["--run", first["run"].as_str().unwrap()]);
    assert!(page.contains("The listing had 3 records: 3 new.") && page.contains("not the last run"));
    assert!(!page.contains("p9"));
    assert_eq!(bench.bytes(), before);
    assert!(!bench.files().iter().any(|file| file.ends_with(".part")));
}

#[test]
fn a_long_run_is_bounded_and_says_so() {
    let bench = Bench::new();
    let many = u32::try_from(MOST_RECORDS).unwrap() + 7;
    bench.sync(&members(1..=many));
    let first = page(&bench, &[]);
    assert!(first.contains("<h3>New (507)</h3>") && first.contains("… and 307 more"));
    bench.sync(&members(1..=many).replace(": \"p", ": \"q"));
    let second = page(&bench, &[]);
    assert_eq!(second.matches("<article class=\"record\">").count(), MOST_RECORDS);
    assert!(second.contains("Changes (507 records)") && second.contains("… and 7 more; the audit has all:"));
}

#[test]
fn a_blocked_run_tells_its_reasons() {
    let bench = Bench::synced(&members(1..=3));
    let mut report: serde_json::Value =
        serde_json::from_str(&bench.value("SELECT report FROM tripartite_runs").unwrap()).unwrap();
    report["outcome"] = json!("blocked");
    report["run"] = json!("2999-01-01T00:00:00Z-1");
    report["blocked"] = json!([
        {"empty_listing": {"population": 3}},
        {"deactivations": {"count": 3, "population": 3, "limit": "20 %", "records": ["M1", "M3"]}},
    ]);
    bench.edit(&format!(
        "INSERT INTO tripartite_runs VALUES ('2999-01-01T00:00:00Z-1', '2999-01-01T00:00:00Z', '{report}', 2)"
    ));
    let page = page(&bench, &[]);
    assert!(page.contains("the listing is complete but empty, while 3 records are active here"), "{page}");
    assert!(page.contains(&format!("--approve {}", report["plan_id"].as_str().unwrap())));
    assert!(page.contains("; among them <bdi>N1</bdi> (<bdi>M1</bdi>), <bdi>N3</bdi> (<bdi>M3</bdi>)</li>"), "{page}");
    assert!(page.contains("3 would be new") && page.contains("What would have come of each record"));
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_the_page() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::synced(&members(1..=1));
    page(&bench, &[]);
    let mode = std::fs::metadata(bench.path("report.html")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// What the audit redacts or hashes is on the page of an open conflict neither: of a field, a group, a removed record.
#[test]
fn values_that_the_audit_does_not_keep_are_not_on_the_page() {
    let bench = Bench::new();
    let schema = json!({"strategy": "merge", "fields": {
        "nick": {"kind": "text"}, "phone": {"kind": "text", "sensitive": "redacted"},
        "email": {"kind": "text", "sensitive": "hashed"},
        "street": {"kind": "text", "sensitive": "redacted"}, "town": {"kind": "text"},
    }, "groups": {"address": ["street", "town"]}});
    let schema = bench.write("schema.json", schema.to_string());
    let line = |id: &str, n: u32| {
        let [phone, email, street] = ["phone", "email", "street"].map(|name| format!("mark {name} {n}"));
        let line = json!({"id": id, "nick": format!("shown {n}"), "phone": phone, "email": email, "street": street,
            "town": format!("town {n}")});
        format!("{line}\n")
    };
    let both = |n: u32| line("M1", n) + &line("M2", n);
    let first = bench.run(&bench.listing(both(1)), &["--schema", &schema]);
    assert_eq!(first.status, 0, "{}", first.stderr);
    bench.edit(
        "UPDATE members SET nick = 'shown', phone = 'mark', email = NULL, street = 'mark' WHERE external_id = 'M1';
         UPDATE members SET active = 0, revision = revision + 1 WHERE external_id = 'M2'",
    );
    bench.sync(&both(2));
    let page = page(&bench, &[]);
    assert!(page.contains("Questions for a person (5)"), "{page}");
    assert!(!page.contains("mark phone") && !page.contains("mark email") && !page.contains("mark street"), "{page}");
    assert!(!page.contains(">mark<"), "{page}");
    let whole = read(&page).texts.concat();
    for shown in ["shown 2", "town 2", "(not shown)"] {
        assert!(whole.contains(shown), "{shown} in {page}");
    }
    // And it says how to see them: there, and only when asked.
    let db = bench.path("members.db");
    for (field, values) in [("phone", "mark phone 2"), ("email", "mark email 2"), ("address", "mark street 2")] {
        let command = format!("nightly-sync conflicts --db {db} --field {field} --values");
        assert!(whole.contains(&command), "{command} in {page}");
        let told = bench.program(&["conflicts", "--db", &db, "--field", field, "--values"]);
        assert!(told.stdout.contains(values), "{}", told.stdout);
    }
    assert!(whole.contains(&format!("nightly-sync conflicts --db {db} --values")), "the removed record");
    assert!(
        !whole.contains(&format!("nightly-sync conflicts --db {db} --field nick")),
        "what is shown need not be asked for"
    );
}

/// Three nights of two members: one value of each kind of matter is `marks`.
fn nights_of(bench: &Bench, marks: &[String; 4]) -> String {
    let [name, before, ours, theirs] = marks;
    let db = bench.path("members.db");
    let schema = json!({"strategy": "merge", "fields": {
        "name": {"kind": "text"}, "note": {"kind": "text"}, "club": {"kind": "text", "strategy": "remote_wins"}}});
    let schema = bench.write("schema.json", schema.to_string());
    let line =
        |id: &str, note: &str, club: &str| format!("{}\n", json!({"id": id, "name": name, "note": note, "club": club}));
    let one = bench.listing(line("M1", before, before) + &line("M2", before, before));
    let ran = bench.program(&["run", "--db", &db, "--remote", &one, "--schema", &schema]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    bench.sql().execute("UPDATE members SET note = ?1 WHERE external_id = 'M1'", [ours]).unwrap();
    let two = bench.listing(line("M1", theirs, theirs) + &line("M2", before, theirs) + &line("M3", ours, ours));
    bench.program(&["run", "--db", &db, "--remote", &two]);
    let database = Database::open(&bench.db(), Access::Read).unwrap();
    let settings = database.settings(&Register::default()).unwrap().unwrap();
    let store = SqliteStore::new(database, settings).unwrap();
    let page = write(&store.into(), &Asked { run: None, db: "members.db".to_owned() }, Vec::new()).unwrap();
    String::from_utf8(page).unwrap()
}

/// Values that differ from each other, and are not blank: what decides is the same for all.
fn marks() -> impl Strategy<Value = [String; 4]> {
    let nasty = prop_oneof![
        Just("<script>alert(1)</script>".to_owned()),
        Just("\"onload=\"alert(1)".to_owned()),
        Just("' onload='x".to_owned()),
        Just("</td></table><img src=x onerror=y>".to_owned()),
        Just("</script><!--".to_owned()),
        Just("]]>&lt;&amp;&#60;".to_owned()),
        Just("\u{202e}drow\u{0}\u{1b}[31m".to_owned()),
        "[<>\"'&=/a-z -]{1,12}",
        "\\PC{1,12}",
    ];
    [nasty.clone(), nasty.clone(), nasty.clone(), nasty]
        .prop_map(|[a, b, c, d]| [format!("1{a}."), format!("2{b}."), format!("3{c}."), format!("4{d}.")])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_value_breaks_out_of_its_place(marks in marks()) {
        let harmless = ["1a.", "2b.", "3c.", "4d."].map(str::to_owned);
        let expected = read(&nights_of(&Bench::new(), &harmless));
        let page = nights_of(&Bench::new(), &marks);
        let found = read(&page);
        prop_assert_eq!(found.tags, expected.tags);
        let whole = found.texts.concat();
        for mark in marks {
            let shown = mark.replace(|c: char| c.is_control() && c != '\n' && c != '\t', "\u{fffd}");
            prop_assert!(whole.contains(&shown), "{} is not on the page", shown);
        }
    }
}
