//! What is written as CSV and read again is the same, for many rows.

use std::collections::BTreeMap;
use std::fmt::Write;

use tripartite::source::{Item, Next};
use tripartite_sources::file::{Input, Opened, Reading};

use crate::support::records;

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// The cells of a row, with what is hard to write now and then.
fn cells(number: usize) -> [String; 3] {
    let name = match number % 7 {
        0 => format!("Áine \"{number}\" Ní Bhriain"),
        1 => format!("two\nlines {number}"),
        2 => format!("a, b; {number}"),
        3 => format!("'=1+{number}"),
        _ => format!("Seán {number}"),
    };
    [
        format!("{number:07}"),
        name,
        if number.is_multiple_of(5) { String::new() } else { format!("town {}", number % 40) },
    ]
}

#[test]
fn a_hundred_thousand_rows_come_back_as_they_were_written() {
    const ROWS: usize = 100_000;
    let mut text = String::from("id,name,town\r\n");
    for number in 0..ROWS {
        let [id, name, town] = cells(number);
        write!(text, "{id},{},{}\r\n", quoted(&name), quoted(&town)).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("members.csv");
    std::fs::write(&path, &text).unwrap();
    let listing = Opened::open(&Input::Regular(path), &Reading::default(), "id").unwrap().listing(records()).unwrap();
    let (mut again, mut rows, mut after) = (String::from("id,name,town\r\n"), BTreeMap::new(), None);
    loop {
        let page = listing.page(after.as_ref()).unwrap();
        for item in &page.items {
            let Item::Record(remote) = item else { panic!("{item:?}") };
            let cell = |at: usize| remote.record.field(at).text().unwrap_or_default();
            write!(again, "{},{},{}\r\n", remote.id, quoted(cell(0)), quoted(cell(1))).unwrap();
            rows.insert(remote.id.clone(), ());
        }
        match page.next {
            Next::More(cursor) => after = Some(cursor),
            end => {
                assert_eq!(end, Next::Complete { total: None });
                break;
            }
        }
    }
    assert_eq!(rows.len(), ROWS);
    assert!(again == text, "the text is another");
}
