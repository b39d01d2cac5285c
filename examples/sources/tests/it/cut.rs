//! A listing that is cut off anywhere is not complete, and no bytes make a reader panic or lose a record unsaid.

use proptest::prelude::*;
use tripartite::source::{Item, Next};
use tripartite_sources::file::{FileError, Opened, Reading};

use crate::support::{gzip, records, utf16, zstd};

/// How a listing ends for its reader, and how many items it had.
fn end_of(bytes: &[u8], size: usize) -> Result<(Vec<Item>, Next), FileError> {
    let listing = Opened::bytes("cut", bytes, &Reading::default(), "id")?.listing(records())?.pages_of(size);
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let page = listing.page(after.as_ref())?;
        // The page of a cursor is the same when it is asked for again.
        let again = listing.page(after.as_ref())?;
        assert_eq!((page.items.len(), &page.next), (again.items.len(), &again.next));
        items.extend(page.items);
        match page.next {
            Next::More(cursor) => after = Some(cursor),
            end => return Ok((items, end)),
        }
    }
}

const LINES: &str = concat!(
    "{\"id\": \"A1\", \"name\": \"Áine \\\"x\\\" {}\"}\r\n",
    "{\"name\": \"Seán\", \"id\": 123, \"more\": {\"a\": [1, {}]}}\n",
    "{\"id\":\"A3\",\"name\":null,\"n\":12.5}\n",
);

const TABLE: &str = "id,name,town\r\nA1,\"Áine \"\"x\"\", a\r\nb\",Cork\r\n123,Seán,Bray\r\nA3,,12.5\r\n";

fn array() -> String {
    format!("[{}]", LINES.trim_end().lines().collect::<Vec<_>>().join(",\n"))
}

fn envelope() -> String {
    format!("{{\"totalResults\": 3, \"Resources\": {}, \"more\": {{}}}}", array())
}

fn pretty() -> Vec<String> {
    let value = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    LINES.lines().map(|line| serde_json::to_string_pretty(&value(line)).unwrap()).collect()
}

/// Where a text may end without being torn. JSON lines and rows of a table have no other end than that of a record.
fn is_whole(text: &str, cut: usize, ends: &[&str]) -> bool {
    let read = text.as_bytes()[..cut].trim_ascii_end();
    let is_record = |end: &&str| read == end.as_bytes().trim_ascii_end();
    ends.iter().any(is_record)
}

#[test]
fn json_that_is_cut_off_at_any_byte_is_not_complete() {
    let (array, envelope, objects) = (array(), envelope(), pretty());
    let pretty = objects.join("\n");
    let ends: Vec<usize> = LINES.match_indices('\n').map(|(at, _)| at).collect();
    let of_lines: Vec<&str> = ends.iter().map(|end| &LINES[..*end]).collect();
    let of_pretty: Vec<&str> = (1..=3).map(|records| &pretty[..objects[..records].join("\n").len()]).collect();
    for (text, ends) in
        [(LINES, of_lines), (&array, vec![&*array]), (&envelope, vec![&*envelope]), (&pretty, of_pretty)]
    {
        for cut in 0..=text.len() {
            for size in [1, 100] {
                let is_complete = matches!(end_of(&text.as_bytes()[..cut], size), Ok((_, Next::Complete { .. })));
                assert_eq!(is_complete, is_whole(text, cut, &ends), "cut at {cut} of {text}, pages of {size}");
            }
        }
    }
}

#[test]
fn a_table_that_is_cut_off_at_any_byte_inside_a_row_is_not_complete_and_half_a_cell_is_no_record() {
    for text in [TABLE.to_owned(), TABLE.replace("\r\n", "\n"), TABLE.replace("\r\n", "\r"), TABLE.replace(',', "\t")] {
        let whole = end_of(text.as_bytes(), 100).unwrap().0;
        for cut in 0..text.len() {
            let bytes = &text.as_bytes()[..cut];
            for size in [1, 100] {
                let Ok((items, end)) = end_of(bytes, size) else { continue };
                // The break inside of quotes is no end of a row.
                let quotes = bytes.iter().filter(|byte| **byte == b'"').count();
                let is_row = matches!(bytes.last(), Some(b'\n' | b'\r')) && quotes % 2 == 0;
                assert_eq!(matches!(end, Next::Complete { .. }), is_row, "cut at {cut}: {end:?}");
                for (item, whole) in items.iter().zip(&whole) {
                    let (Item::Record(item), Item::Record(whole)) = (item, whole) else { continue };
                    assert_eq!((&item.id, &item.record), (&whole.id, &whole.record), "cut at {cut}");
                }
            }
        }
    }
}

#[test]
fn a_packed_or_transcoded_listing_that_is_cut_off_is_not_complete() {
    let long: String = (0..500).map(|number| format!("{number},Áine {number},Cork\n")).collect();
    let long = format!("id,name,town\n{long}");
    for packed in [gzip(long.as_bytes()), zstd(long.as_bytes())] {
        assert!(matches!(end_of(&packed, 500), Ok((items, Next::Complete { .. })) if items.len() == 500));
        let cuts = (0..packed.len()).filter(|cut| *cut < 40 || cut % 397 == 0 || packed.len() - cut < 40);
        for cut in cuts {
            let end = end_of(&packed[..cut], 500);
            assert!(!matches!(end, Ok((_, Next::Complete { .. }))), "cut at {cut} of {}", packed.len());
        }
        // A flipped bit is found before a record is given away, or where it shows.
        for at in (20..packed.len()).step_by(811) {
            let mut bytes = packed.clone();
            bytes[at] ^= 0x10;
            let end = end_of(&bytes, 500);
            assert!(!matches!(end, Ok((_, Next::Complete { .. }))), "a bit of {at}");
        }
    }
    for bytes in [utf16(TABLE, true), utf16(TABLE, false)] {
        for cut in 0..bytes.len() {
            let text =
                char::decode_utf16(TABLE.encode_utf16().take(cut / 2)).filter_map(Result::ok).collect::<String>();
            let is_row = text.ends_with(['\n', '\r']) && text.matches('"').count() % 2 == 0;
            if matches!(end_of(&bytes[..cut], 100), Ok((_, Next::Complete { .. }))) {
                assert!(is_row && cut % 2 == 0, "cut at {cut}");
            }
        }
    }
}

/// Pieces of listings, in any order.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b"{\"id\":1,\"name\":\"a\"}"[..],
        b"{\"id\":",
        b"id,name\n",
        b"id;name\r\n",
        b"1,a\n",
        b"\"",
        b"\"\"",
        b",",
        b";",
        b"\n",
        b"\r",
        b"[",
        b"]",
        b"{",
        b"}",
        b":",
        b"\"Resources\":[",
        b"null",
        b"12",
        b"\xff",
        b"\xc3",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"<html>",
        b" ",
    ]);
    (prop::collection::vec(piece, 0..14), 0..4_u8).prop_map(|(pieces, packed)| {
        let text = pieces.concat();
        match packed {
            0 => gzip(&text),
            1 => zstd(&text),
            _ => text,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Pages of one record and of all have the same items, whatever the bytes are.
    #[test]
    fn no_bytes_make_it_panic_and_pages_lose_nothing(bytes in bytes()) {
        match (end_of(&bytes, 1), end_of(&bytes, 1000)) {
            (Ok((small, small_end)), Ok((large, large_end))) => {
                prop_assert_eq!(format!("{small:?}"), format!("{large:?}"));
                prop_assert_eq!(small_end, large_end);
            }
            (Err(one), Err(other)) => prop_assert_eq!(one.to_string(), other.to_string()),
            (one, other) => prop_assert!(false, "{:?} {:?}", one.err(), other.err()),
        }
    }

    /// What is complete is not complete any more with any of its last bytes gone, unless they are blank or another row.
    #[test]
    fn rows_of_any_cells_come_back(cells in prop::collection::vec(prop::collection::vec("[a,;\"\r\n\t é]{0,6}", 2), 1..8)) {
        let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let rows = cells.iter().enumerate().map(|(at, row)| format!("{at},{},{}\n", quoted(&row[0]), quoted(&row[1])));
        let text = format!("id,name,town\n{}", rows.collect::<String>());
        let (items, end) = end_of(text.as_bytes(), 3).unwrap();
        prop_assert!(matches!(end, Next::Complete { .. }), "{:?}", end);
        prop_assert_eq!(items.len(), cells.len());
        for (item, row) in items.iter().zip(&cells) {
            let Item::Record(remote) = item else { panic!("{item:?}") };
            for (position, cell) in row.iter().enumerate() {
                prop_assert_eq!(remote.record.field(position).text().unwrap_or_default(), cell);
            }
        }
    }
}
