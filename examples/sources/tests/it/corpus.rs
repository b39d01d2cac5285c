//! Every form in every encoding and compression, imported twice: the second time nothing changes.

use chrono::DateTime;
use tripartite::drive::drive_blocking;
use tripartite::memory::MemoryStore;
use tripartite::run::{Report, Run};
use tripartite::schema::Policy;
use tripartite_sources::file::{FileListing, Opened, Reading};

use crate::support::{gzip, records, schema, utf16, zstd};

/// Names that windows-1252 has, and what each form has to quote.
const NAMES: [&str; 6] = ["Áine", "Seán \"Jack\" Ó Néill", "Zoë, Köln", "a;b\tc|d", "two\nlines", "O’Brien – €"];

fn forms() -> Vec<(&'static str, String)> {
    let objects: Vec<String> = NAMES
        .iter()
        .enumerate()
        .map(|(at, name)| {
            serde_json::json!({"id": format!("{at:03}"), "name": name, "town": null, "note": "x"}).to_string()
        })
        .collect();
    let table = |sign: &str| {
        let quoted = |name: &&str| format!("\"{}\"", name.replace('"', "\"\""));
        let row = |(at, name)| format!("{at:03}{sign}{}{sign}{sign}x\n", quoted(name));
        let header = ["id", "name", "town", "note"].join(sign);
        format!("{header}\n{}", NAMES.iter().enumerate().map(row).collect::<String>())
    };
    let pretty = |text: &String| {
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(text).unwrap()).unwrap()
    };
    vec![
        ("lines", objects.iter().map(|one| format!("{one}\n")).collect()),
        ("lines, crlf", objects.iter().map(|one| format!("{one}\r\n")).collect()),
        ("lines, cr", objects.iter().map(|one| format!("{one}\r")).collect()),
        ("pretty", objects.iter().map(|one| format!("{}\n", pretty(one))).collect()),
        ("array", format!("[{}]", objects.join(","))),
        ("pretty array", format!("[\n{}\n]\n", objects.iter().map(pretty).collect::<Vec<_>>().join(",\n"))),
        ("envelope", format!("{{\"totalResults\":{},\"Resources\":[{}]}}", objects.len(), objects.join(","))),
        ("csv", table(",")),
        (
            "csv, crlf",
            table(",").replace("\"\"two\nlines", "two\nlines").replace("x\n", "x\r\n").replace("note\n", "note\r\n"),
        ),
        ("semicolons", table(";")),
        ("tabs", table("\t")),
        ("bars", table("|")),
    ]
}

fn encoded(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let (latin, _, is_lost) = encoding_rs::WINDOWS_1252.encode(text);
    assert!(!is_lost);
    vec![
        ("utf-8", text.into()),
        ("utf-8, marked", format!("\u{feff}{text}").into()),
        ("utf-16le", utf16(text, true)),
        ("utf-16be, marked", utf16(&format!("\u{feff}{text}"), false)),
        ("windows-1252", latin.into_owned()),
    ]
}

fn night(store: &MemoryStore, listing: &FileListing) -> Report {
    let run = Run::new(Policy::new(schema()), "run".parse().unwrap(), DateTime::UNIX_EPOCH);
    drive_blocking(run.start(), listing, store).unwrap().report
}

#[test]
fn each_is_imported_twice_and_the_second_run_changes_nothing() {
    let mut seen = 0;
    let mut first: Option<String> = None;
    for (form, text) in forms() {
        for (encoding, bytes) in encoded(&text) {
            for (packed, bytes) in [("gzip", gzip(&bytes)), ("zstd", zstd(&bytes)), ("plain", bytes)] {
                let what = format!("{form}, {encoding}, {packed}");
                let open = || {
                    Opened::bytes(&what, bytes.clone(), &Reading::default(), "id").and_then(|it| it.listing(records()))
                };
                let store = MemoryStore::new(schema());
                let report = night(&store, &open().unwrap_or_else(|error| panic!("{error}")).pages_of(4));
                assert_eq!((report.counts.created, report.counts.quarantined), (6, 0), "{what}");
                let again = night(&store, &open().unwrap().pages_of(1));
                assert_eq!((again.counts.unchanged, again.counts.updated, again.counts.created), (6, 0, 0), "{what}");
                // All of them say the same.
                let said = crate::support::said(&crate::support::all(&open().unwrap()).0).join("\n");
                assert_eq!(*first.get_or_insert_with(|| said.clone()), said, "{what}");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 12 * 5 * 3);
}
