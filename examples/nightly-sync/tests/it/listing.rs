//! Listings as they come.

use nightly_sync::listing;
use tripartite::drive::block_on;
use tripartite::schema::{Field, Kind, Schema};
use tripartite::source::{Connector, Next};

use crate::bench::{Bench, counts, members};

#[test]
fn a_line_that_cannot_be_read_is_set_aside_and_the_rest_goes_on() {
    let bench = Bench::synced(&members(1..=20));
    let mut lines: Vec<_> = members(1..=20).lines().map(str::to_owned).collect();
    lines[6] = "{\"id\": \"M7\", \"name\": \"N".to_owned();
    lines[9] = lines[9].replace("p10", "x");
    let ran = bench.run(&bench.listing(lines.join("\n")), &[]);
    let report = ran.json();
    assert_eq!((ran.status, &report["outcome"]), (3, &"partial".into()), "{}", ran.stderr);
    assert_eq!(counts(&report, ["quarantined", "updated", "unchanged", "deactivated"]), [1, 1, 18, 0]);
    assert_eq!((&report["set_aside"][0]["place"], &report["set_aside"][0]["id"]), (&"line 7".into(), &"M7".into()));
    assert_eq!(bench.value("SELECT active FROM members WHERE external_id = 'M7'").as_deref(), Some("1"));
}

#[test]
fn a_line_that_could_be_anybodys_keeps_everybody() {
    let bench = Bench::synced(&members(1..=20));
    let ran = bench.run(&bench.listing(format!("{}oops\n", members(1..=18))), &[]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert_eq!(counts(&ran.json(), ["quarantined", "deactivated", "withheld"]), [1, 0, 2]);
}

#[test]
fn byte_order_marks_line_ends_and_blank_lines_are_no_content() {
    let bench = Bench::new();
    let text = format!("\u{feff}{}\r\n  \r\n", members(1..=3).replace('\n', "\r\n\r\n").trim_end());
    let report = bench.sync(&text);
    assert_eq!(counts(&report, ["processed", "created", "quarantined"]), [3, 3, 0]);
    assert_eq!(bench.value("SELECT name FROM members WHERE external_id = 'M1'").as_deref(), Some("N1"));
}

#[test]
fn bytes_that_are_no_utf8_are_one_broken_line() {
    let bench = Bench::synced(&members(1..=3));
    // Its other letters show that it is UTF-8.
    let mut text = members(1..=3).replace("N2", "Né2").replace("N3", "Né3").into_bytes();
    let at = text.iter().position(|&byte| byte == b'N').unwrap();
    text[at] = 0xff;
    let ran = bench.run(&bench.listing(text), &[]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert_eq!(ran.json()["set_aside"][0]["place"], "line 1");
    assert_eq!(counts(&ran.json(), ["quarantined", "deactivated"]), [1, 0]);
}

#[test]
fn a_line_without_an_id_is_set_aside() {
    let bench = Bench::synced(&members(1..=3));
    for line in [r#"{"name": "x"}"#, r#"{"id": null}"#, r#"{"id": ""}"#, r#"{"id": 1.5}"#, r#"{"id": ["M1"]}"#, "[]"] {
        let ran = bench.run(&bench.listing(format!("{}{line}\n", members(1..=3))), &[]);
        assert_eq!(ran.status, 3, "{line}");
        assert_eq!(counts(&ran.json(), ["quarantined", "created", "unchanged"]), [1, 0, 3], "{line}");
    }
}

#[test]
fn whole_numbers_are_ids_and_kept_apart_from_other_spellings() {
    let bench = Bench::new();
    let report = bench.sync("{\"id\": 42, \"n\": \"a\"}\n{\"id\": \"042\", \"n\": \"b\"}\n");
    assert_eq!(report["created"], 2);
    assert_eq!(bench.value("SELECT n FROM members WHERE external_id = '42'").as_deref(), Some("a"));
}

/// Digits that no double holds are digits all the same: a move in the last of them is seen, and written as it was said.
#[test]
fn no_number_is_rounded() {
    let bench = Bench::new();
    let line = |id: &str, fee: &str| format!("{{\"id\": {id}, \"no\": {id}, \"fee\": {fee}}}\n");
    let schema = bench.write("schema.json", r#"{"fields": {"no": {"kind": "integer"}, "fee": {"kind": "decimal"}}}"#);
    let first = line("18446744073709551617", "1.10000000000000000001") + &line("18446744073709551619", "1e400");
    let ran = bench.run(&bench.listing(first), &["--schema", &schema]);
    assert_eq!((ran.status, &ran.json()["created"]), (0, &2.into()), "{}{}", ran.stdout, ran.stderr);
    let of =
        |column: &str| bench.value(&format!("SELECT {column} FROM members WHERE external_id = '18446744073709551617'"));
    assert_eq!(of("no").as_deref(), Some("18446744073709551617"));
    assert_eq!(of("fee").as_deref(), Some("1.10000000000000000001"));
    let moved = line("18446744073709551617", "1.10000000000000000002") + &line("18446744073709551619", "1e400");
    let report = bench.sync(&moved);
    assert_eq!(counts(&report, ["updated", "unchanged", "quarantined"]), [1, 1, 0]);
    assert_eq!(of("fee").as_deref(), Some("1.10000000000000000002"));
    assert_eq!(counts(&bench.sync(&moved), ["updated", "unchanged"]), [0, 2]);
}

#[test]
fn standard_input_is_a_listing_too() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let bench = Bench::new();
    let piped = |text: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_nightly-sync"))
            .args(["run", "--db", &bench.path("members.db"), "--remote", "-", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    // The first import infers its schema from the pipe, and then reads it again.
    assert_eq!(piped(&members(1..=2))["created"], 2);
    assert_eq!(piped(&members(1..=3))["created"], 1);
    let fresh = Bench::new();
    let ran = fresh.run("-", &[]);
    assert_ne!(ran.status, 0, "nothing came through it");
    assert!(ran.stderr.contains("standard input has no record"), "{}", ran.stderr);
}

/// Where a text of three records may end without being torn: with an object that is closed.
fn is_whole(text: &str, cut: usize) -> bool {
    let read = text.as_bytes()[..cut].trim_ascii_end();
    read.is_empty() || text.lines().any(|line| line.ends_with('}') && read.ends_with(line.trim_end().as_bytes()))
}

/// How a listing ends for its reader.
fn end_of(bytes: &[u8], size: usize) -> Next {
    let schema = Schema::builder().field(Field::new("name", Kind::Name)).build().unwrap();
    let opened = listing::text("cut", bytes).unwrap();
    let listing = listing::records(opened, schema, "id").unwrap().pages_of(size);
    let mut after = None;
    loop {
        match block_on(listing.fetch(after.as_ref())).unwrap().next {
            Next::More(cursor) => after = Some(cursor),
            end => return end,
        }
    }
}

const LISTED: &str = concat!(
    "{\"id\": \"A1\", \"name\": \"Áine \\\"x\\\" {}\"}\r\n",
    "{\"name\": \"Seán\", \"id\": 123, \"more\": {\"a\": [1, {}]}}\n",
    "{\"id\":\"A3\",\"name\":null,\"n\":12.5}\n",
);

#[test]
fn a_listing_that_is_cut_off_at_any_byte_inside_a_record_is_not_complete() {
    for cut in 0..=LISTED.len() {
        for size in [1, 2, 100] {
            let end = end_of(&LISTED.as_bytes()[..cut], size);
            let whole = end == (Next::Complete { total: None });
            assert_eq!(whole, is_whole(LISTED, cut), "cut at {cut}, pages of {size}: {end:?}");
            assert!(whole || matches!(end, Next::BrokenOff { .. }), "cut at {cut}: {end:?}");
        }
    }
}

#[test]
fn a_listing_whose_end_is_of_another_form_than_its_records_is_not_complete() {
    for end in [
        "<html><body>502 Bad Gateway</body></html>",
        "{\"error\": \"timeout\", \"code\": 504}",
        "null",
        "]",
        "\0\0\0\0",
        "{\"id\": \"A4\", \"name\": \"N<html>502</html>\n\n",
        "{\"id\": \"A4\", \"id\": \"A5\"}",
        "Internal Server Error\r\n",
    ] {
        let end = end_of(format!("{LISTED}{end}").as_bytes(), 100);
        let Next::BrokenOff { problem } = end else { panic!("{end:?}") };
        assert!(problem.starts_with("its last record, line 4, ") && !problem.contains("502"), "{problem}");
    }
}

#[test]
fn nobody_is_deactivated_by_a_listing_that_breaks_off_behind_an_id_and_the_report_says_why() {
    let bench = Bench::synced(&members(1..=20));
    let torn = format!("{}{{\"id\": \"M18\", \"name\"", members(1..=17));
    let ran = bench.run(&bench.listing(&torn), &[]);
    let report = ran.json();
    assert_eq!((ran.status, counts(&report, ["deactivated", "quarantined", "withheld"])), (3, [0, 1, 2]));
    assert_eq!(report["incomplete"]["reason"], "broken_off");
    let told = bench.program(&["run", "--db", &bench.path("members.db"), "--remote", &bench.path("listing.jsonl")]);
    let why = "2 records are no longer listed, but left alone, because the listing may not be complete: the listing \
               breaks off: its last record, line 18, breaks off after 20 bytes";
    assert!(told.stdout.contains(why), "{}", told.stdout);
    assert_eq!(bench.value("SELECT sum(active) FROM members").as_deref(), Some("20"));
}
