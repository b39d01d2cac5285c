//! The audit, printed.

use std::process::{Command, Stdio};

use crate::bench::{Bench, members};

#[test]
fn entries_come_in_order_with_their_run() {
    let bench = Bench::new();
    let first = bench.sync(&members(1..=3));
    bench.edit("UPDATE members SET phone = 'hers' WHERE external_id = 'M1'");
    let second = bench.sync(&members(1..=3).replace("p1", "p9"));
    let db = bench.path("members.db");
    let all = bench.program(&["audit", "--db", &db]);
    assert_eq!((all.status, all.stdout.lines().count()), (0, 4), "{}", all.stderr);
    let one = bench.program(&["audit", "--db", &db, "--run", second["run"].as_str().unwrap()]);
    let entry: serde_json::Value = serde_json::from_str(&one.stdout).unwrap();
    for (key, value) in [
        ("external_id", "M1"),
        ("subject", "field"),
        ("field", "phone"),
        ("verdict", "Conflict"),
        ("detail", "BothChanged"),
        ("decision", "TookRemote"),
        ("base", "p1"),
        ("local", "hers"),
        ("remote", "p9"),
        ("result", "p9"),
    ] {
        assert_eq!(entry[key], value, "{key}");
    }
    assert_ne!(first["run"], second["run"]);
    let none = bench.program(&["audit", "--db", &db, "--run", "never"]);
    assert_eq!(none.status, 1);
    assert!(none.stderr.contains("there is no run never"), "{}", none.stderr);
}

#[test]
fn a_spreadsheet_takes_no_cell_for_a_formula() {
    let bench = Bench::new();
    let listing = members(1..=1).replace("p1", "+353 1 555");
    bench.sync(&listing);
    bench.edit("UPDATE members SET phone = '=HYPERLINK(\"http://x.example\", 1)'");
    bench.sync(&listing.replace("+353 1 555", "-1+2"));
    let ran = bench.program(&["audit", "--db", &bench.path("members.db"), "--format", "csv"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let mut lines = ran.stdout.split("\r\n");
    let head =
        "seq,run,at,external_id,subject,field,group,verdict,detail,decision,rule,base,local,remote,result,why,by";
    assert_eq!(lines.next(), Some(head));
    let conflict = lines.find(|line| line.contains("BothChanged")).unwrap();
    assert!(conflict.contains(",'+353 1 555,\"'=HYPERLINK(\"\"http://x.example\"\", 1)\",'-1+2,'-1+2,"), "{conflict}");
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let bench = Bench::synced(&members(1..=2000));
    let db = bench.path("members.db");
    let mut child = Command::new(env!("CARGO_BIN_EXE_nightly-sync"))
        .args(["audit", "--db", &db])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(output.stderr.is_empty());
}

/// Texts that a spreadsheet would calculate, one of each kind.
#[test]
fn no_cell_of_the_audit_is_a_formula() {
    let bench = Bench::new();
    let texts =
        ["=1", "+1", "-1", "@1", "\n=1", "\t=1", "\r=1", " =1", "\u{a0}+1", "\u{ff1d}1", "\u{200b}@1", "\u{ff20}1"];
    let line = |text: &str| serde_json::json!({"id": text, "a": text}).to_string() + "\n";
    let ids = |texts: &[&str]| texts.iter().map(|text| line(text.trim())).collect::<String>();
    let schema = bench.write("schema.json", "{\"fields\": {\"a\": {\"kind\": \"text\"}}}");
    assert_eq!(bench.run(&bench.listing("{\"id\": \"x\", \"a\": \"plain\"}\n"), &["--schema", &schema]).status, 0);
    for text in texts {
        bench.sync(&format!("{}\n", serde_json::json!({"id": "x", "a": text})));
    }
    let more = ids(&["=id", "@id"]) + &line("x");
    bench.run(&bench.listing(more), &[]);
    let ran = bench.program(&["audit", "--db", &bench.path("members.db"), "--format", "csv"]);
    let mut cells = 0;
    for cell in ran.stdout.split([',', '"']).filter(|cell| !cell.trim().is_empty()) {
        let calculated = cell.trim_start().trim_start_matches('\u{200b}');
        let harmless = !calculated.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff20}']);
        assert!(harmless, "{cell:?}");
        cells += usize::from(cell.starts_with('\''));
    }
    assert!(cells >= texts.len(), "{cells}");
}

/// On every second night the source writes the name in another way. Nothing is news of the edit beside it.
#[test]
fn that_an_edit_stays_is_told_once() {
    let bench = Bench::new();
    let listing = members(1..=1);
    bench.sync(&listing);
    bench.edit("UPDATE members SET phone = 'hers'");
    let respelled = listing.replace("\"p1\"", "\" p1 \"");
    assert_ne!(respelled, listing);
    for night in 0..10 {
        let report = bench.sync(if night % 2 == 0 { &respelled } else { &listing });
        assert_eq!((&report["updated"], &report["unchanged"]), (&0.into(), &1.into()), "{night}");
    }
    let told = bench.program(&["audit", "--db", &bench.path("members.db")]).stdout;
    assert_eq!((told.lines().count(), told.matches("LocalOnly").count()), (2, 1), "{told}");
}
