//! What is found by content, and what is told of a file that is no listing.

use tripartite::source::{Item, Next};
use tripartite_sources::file::{FileError, Opened, Reading};
use tripartite_sources::records::Records;

use crate::support::{all, gzip, listing, opened, records, said, schema, utf16, zstd};

const ONE: &str = r#"7 {"name":"Áine","town":"Cork"}"#;

#[test]
fn each_form_is_found_by_its_content() {
    let csv = |sign: &str| format!("id{sign}name{sign}town\n7{sign}Áine{sign}Cork\n");
    for (text, found, second) in [
        ("{\"id\":\"7\",\"name\":\"Áine\",\"town\":\"Cork\"}\n".to_owned(), "JSON lines", None),
        ("{\"id\":\"7\",\"name\":\"Áine\",\"town\":\"Cork\"}".to_owned(), "JSON lines", None),
        (
            "{\n \"id\": 7,\n \"name\": \"Áine\",\n \"town\": \"Cork\"\n}\n".to_owned(),
            "JSON objects one after the other",
            None,
        ),
        ("[{\"id\":7,\"name\":\"Áine\",\"town\":\"Cork\"}]".to_owned(), "a JSON array", None),
        ("\n [\n  {\"id\":7,\"name\":\"Áine\",\"town\":\"Cork\"}\n]\n".to_owned(), "a JSON array", None),
        (
            "{\"totalResults\":1,\"Resources\":[{\"id\":\"7\",\"name\":\"Áine\",\"town\":\"Cork\"}]}".to_owned(),
            "JSON with its records at /Resources",
            Some(1),
        ),
        (
            "{\"data\":{\"members\":[{\"id\":7,\"name\":\"Áine\",\"town\":\"Cork\"}]},\"total\":1}".to_owned(),
            "JSON with its records at /data/members",
            Some(1),
        ),
        (csv(","), "CSV", None),
        (csv(";"), "CSV with `;` between its columns", None),
        (csv("\t"), "columns between tabs", None),
        (csv("|"), "CSV with `|` between its columns", None),
        (format!("sep=;\r\n{}", csv(";")), "CSV with `;` between its columns", None),
        (csv(",").replace('\n', "\r"), "CSV", None),
        (csv(",").replace('\n', "\r\n"), "CSV", None),
    ] {
        let listing = listing(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(listing.found().to_string(), format!("{found}, UTF-8"), "{text}");
        let (items, end) = all(&listing);
        assert_eq!(said(&items), [ONE], "{text}");
        assert_eq!(end, Next::Complete { total: second }, "{text}");
    }
}

#[test]
fn each_encoding_and_compression_is_found_and_said() {
    let text = "id,name,town\r\n7,Áine,Cork\r\n8,Seán,Bré\r\n9,Zoë,Köln\r\n";
    let latin = || text.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect::<Vec<_>>();
    let encodings: [(Vec<u8>, &str); 7] = [
        (text.into(), "UTF-8"),
        (format!("\u{feff}{text}").into(), "UTF-8"),
        (utf16(text, true), "UTF-16LE"),
        (utf16(text, false), "UTF-16BE"),
        (utf16(&format!("\u{feff}{text}"), true), "UTF-16LE"),
        (utf16(&format!("\u{feff}{text}"), false), "UTF-16BE"),
        (latin(), "windows-1252 (guessed from its letters; state it if names look wrong)"),
    ];
    for (bytes, encoding) in encodings {
        for (bytes, packed) in [(gzip(&bytes), ", gzip"), (zstd(&bytes), ", zstd"), (bytes, "")] {
            let listing = listing(bytes).unwrap();
            assert_eq!(listing.found().to_string(), format!("CSV, {encoding}{packed}"));
            let (items, end) = all(&listing.pages_of(1));
            assert_eq!(end, Next::Complete { total: None });
            let (names, last) = (said(&items), r#"9 {"name":"Zoë","town":"Köln"}"#);
            assert_eq!((names.len(), &*names[0], &*names[2]), (3, ONE, last), "{encoding}");
        }
    }
}

#[test]
fn a_stated_encoding_is_believed_and_what_is_none_of_it_is_told() {
    let reading = Reading::default().encoding("windows-1251").unwrap();
    let opened = Opened::bytes("members", &b"id,name\n7,\xcf\xe5\xf2\xfc\n"[..], &reading, "id").unwrap();
    let (items, _) = all(&opened.listing(records()).unwrap());
    assert_eq!(said(&items), [r#"7 {"name":"Петь"}"#]);
    // A text in UTF-8 with one broken character is UTF-8.
    let mut bytes = "id,name\n7,Áine\n8,Seán\n9,X\n".as_bytes().to_vec();
    let at = bytes.len() - 2;
    bytes[at] = 0xff;
    let (items, end) = all(&listing(&bytes).unwrap());
    assert_eq!(said(&items)[2], "9! line 4: column 2 is no text in the encoding of the listing; state another");
    assert!(matches!(end, Next::BrokenOff { .. }));
}

#[test]
fn a_wrong_kind_of_file_is_called_by_its_name_and_told_what_to_do() {
    for (bytes, is) in [
        (&b""[..], "is empty; get it once more"),
        (b"\n \r\n", "is empty"),
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nEND:VCARD\r\n", "is a file of vCards; export the contacts as CSV"),
        (b"BEGIN:VCALENDAR\r\n", "is a calendar"),
        (b"# comment\ndn: uid=ann,dc=example\ncn: Ann\n", "is LDIF"),
        (b"version: 1\n\ndn: uid=ann\n", "is LDIF"),
        (b"---\n- id: 7\n", "is YAML; write it as JSON"),
        (b"- id: 7\n  name: Ann\n", "is YAML"),
        (b"id: 7\nname: Ann\n", "is YAML"),
        (b"<?xml version=\"1.0\"?>\n<members/>", "is XML"),
        (b"<!DOCTYPE html>\n<html><body>502 Bad Gateway", "is a web page, perhaps an error"),
        (b"\n  <HTML>", "is a web page"),
        (b"%PDF-1.7\n", "is a PDF document"),
        (b"{\\rtf1\\ansi", "is a document in rich text"),
        (b"SQLite format 3\0", "is an SQLite database"),
        (b"PK\x03\x04xxxx", "is a workbook or an archive that is damaged or cut off"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an Office document, but no workbook"),
        (b"BZh91AY", "is packed with bzip2; unpack it"),
        (b"[settings]\nname = x\n", "is a configuration file"),
        (b"hello world\nthis is prose\n", "is a text without columns"),
        (b"\x01\x02\x03\x04\x05,\x06", "is no text"),
        (b"\x1f\x8b", "is empty"),
    ] {
        let Err(error) = listing(bytes) else { panic!("{is}") };
        let told = error.to_string();
        assert!(told.starts_with(&format!("members {is}")), "{told}");
        assert!(told.contains("; "), "{told} has no remedy");
    }
    // The same in a compression.
    let Err(error) = listing(gzip(b"BEGIN:VCARD\r\n")) else { panic!("it is packed") };
    assert!(matches!(error, FileError::Wrong { .. }), "{error}");
}

#[test]
fn ids_that_a_converter_ruined_are_named_with_the_remedy() {
    for text in ["id,name\n7.0,Ann\n8.0,Bob\n", "{\"id\":\"7.0\"}\n", "id,name\n1.23457E+11,Ann\n"] {
        let Err(error) = listing(text) else { panic!("{text}") };
        let told = error.to_string();
        assert!(told.contains("a converter has taken the ids for numbers") && told.contains("`id` as text"), "{told}");
        assert!(told.contains("in line 1") || told.contains("in line 2"), "{told}");
        let opened = opened(text).unwrap();
        assert!(opened.listing(records().ids_as_they_are()).is_ok());
    }
    // One such id among others is an id.
    let (items, _) = all(&listing("id,name\n7.0,Ann\n7,Bob\n007,Cat\n").unwrap());
    let ids: Vec<_> = said(&items).iter().map(|one| one.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(ids, ["7.0", "7", "007"]);
}

#[test]
fn columns_are_mapped_and_nested() {
    let text = "Member No,Given Name,name,Street,Town,active\n007,Áine,x,1 Main St,Cork,yes\n8,Seán,,,,no\n";
    let columns =
        serde_json::from_str(r#"{"name": "Given Name", "note": {"street": "Street", "place": {"town": "Town"}}}"#);
    let records = Records::new(schema(), "Member No").columns(columns.unwrap()).gone_if("active", ["no"]);
    let (items, _) = all(&opened(text).unwrap().listing(records).unwrap());
    let [first, second] = &said(&items)[..] else { panic!("{items:?}") };
    assert_eq!(
        first,
        r#"007 {"name":"Áine","note":{"place":{"town":"Cork"},"street":"1 Main St"},"active":"yes","name":"x"}"#
    );
    assert_eq!(second, "8 gone");
    // The same by pointers into an object.
    let json = r#"[{"no": 7, "meta": {"version": "W/\"12\""}, "name": {"given": "Áine", "family": "Byrne"}, "tags": [{"t": "a"}]}]"#;
    let columns = serde_json::from_str(r#"{"name": "/name/given", "town": "/tags/0/t", "note": "/name/middle"}"#);
    let records = Records::new(schema(), "no").columns(columns.unwrap()).version("/meta/version");
    let opened = Opened::bytes("members", json.as_bytes(), &Reading::default(), "no").unwrap();
    let (items, _) = all(&opened.listing(records).unwrap());
    let Item::Record(remote) = &items[0] else { panic!("{items:?}") };
    assert_eq!(remote.version, Some(12));
    assert_eq!(
        said(&items)[0],
        r#"7 {"name":"Áine","town":"a","meta":{"version":"W/\"12\""},"name (of the source)":{"family":"Byrne"}}"#
    );
}

/// A schema's file may say where a field stands, in a table and in an object.
#[test]
fn a_schema_says_where_its_fields_stand() {
    let of = |place: &str| -> tripartite::schema::Schema {
        let text =
            format!(r#"{{"fields": {{"name": {{"kind": "name", "from": "{place}"}}, "town": {{"kind": "text"}}}}}}"#);
        serde_json::from_str(&text).unwrap()
    };
    let name = |text: &str, place: &str| {
        let listing = opened(text).unwrap().listing(Records::new(of(place), "id")).unwrap();
        let (items, _) = all(&listing);
        let [Item::Record(remote)] = &items[..] else { panic!("{items:?}") };
        (remote.record.field(0).text().map(str::to_owned), remote.record.field(1).text().map(str::to_owned))
    };
    let read = (Some("Áine".to_owned()), Some("Cork".to_owned()));
    assert_eq!(name("id,Given Name,name,town\n7,Áine,x,Cork\n", "Given Name"), read);
    assert_eq!(name(r#"[{"id": 7, "name": {"given": "Áine"}, "town": "Cork"}]"#, "/name/given"), read);
    let Err(error) = opened("id,name\n7,Áine\n").unwrap().listing(Records::new(of("Given Name"), "id")) else {
        panic!("there is no such column")
    };
    assert!(error.to_string().contains("Given Name"), "{error}");
    let twice = r#"{"fields": {"a": {"kind": "text", "from": "X"}, "b": {"kind": "text", "from": "X"}}}"#;
    let error = serde_json::from_str::<tripartite::schema::Schema>(twice).unwrap_err().to_string();
    assert!(error.starts_with("field `b`: `from`: field `a` stands at `X`, too"), "{error}");
}

#[test]
fn a_header_without_the_id_says_what_to_do_and_shows_no_person() {
    let Err(error) = listing("Member No,name\n7,Ann\n") else { panic!("there is no id") };
    assert!(error.to_string().contains("perhaps it is `Member No`"), "{error}");
    let Err(error) = listing("7,Ann Murphy,ann@example.org\n8,Bob,bob@example.org\n") else {
        panic!("there is no header")
    };
    assert!(!error.to_string().contains("Ann"), "{error}");
    assert!(error.to_string().contains("Without a header, state the names"), "{error}");
    let reading = Reading::default().header(["id", "name", "email"]);
    let opened = Opened::bytes("members", &b"7,Ann,a@example.org\n"[..], &reading, "id").unwrap();
    assert_eq!(all(&opened.listing(records()).unwrap()).0.len(), 1);
    // Rows above the header.
    let reading = Reading::default().rows_before_header(2);
    let text = "Members of the club\nas of today, all of them\nid,name\n7,Ann\n";
    let opened = Opened::bytes("members", text.as_bytes(), &reading, "id").unwrap();
    assert_eq!(said(&all(&opened.listing(records()).unwrap()).0), [r#"7 {"name":"Ann"}"#]);
}

#[test]
fn rows_that_nobody_can_read_are_set_aside_with_their_line() {
    let text = "id,name,town\n7,\"a\nb\",Cork\n\n8,Bob\n,,\n9,\"O\"Brien\",Cork\n10,\"x\"\"y\",\"\"\n11,a,b,c\n12,a,b,\n13,5\" pipe,x\n";
    let (items, end) = all(&listing(text).unwrap());
    assert_eq!(
        said(&items),
        [
            r#"7 {"name":"a\nb","town":"Cork"}"#,
            "8! line 5: has 2 columns, where the header has 3",
            "?! line 7: has a quote inside a cell in quotes that is not doubled, so nobody can tell where its cells end",
            r#"10 {"name":"x\"y","town":null}"#,
            "11! line 9: has 4 columns, where the header has 3",
            r#"12 {"name":"a","town":"b"}"#,
            r#"13 {"name":"5\" pipe","town":"x"}"#,
        ]
    );
    assert_eq!(end, Next::Complete { total: None });
    let (items, _) = all(&opened("id,name\n7,~\n8,\n").unwrap().listing(records().unstated("~")).unwrap());
    assert_eq!(said(&items), ["7 {}", r#"8 {"name":null}"#]);
}

#[test]
fn an_envelope_is_complete_only_with_all_its_records() {
    let envelope = |more: &str| format!("{{{more}\"Resources\":[{{\"id\":\"7\"}}, {{\"id\":\"8\"}}]}}");
    let end = |text: &str| all(&listing(text).unwrap().pages_of(1)).1;
    assert_eq!(end(&envelope("\"totalResults\":2,")), Next::Complete { total: Some(2) });
    // The run finds that fewer were listed, and takes nobody for missing.
    assert_eq!(end(&envelope("\"totalResults\":500,")), Next::Complete { total: Some(500) });
    assert_eq!(end(&envelope("\"next\":\"http://example.org/?page=2\",")), Next::Partial);
    assert_eq!(end(&envelope("\"next\":null,")), Next::Complete { total: None });
    assert_eq!(end("{\"Resources\":[{\"id\":\"7\"}],\"next\":\"x\"}"), Next::Partial);
    assert_eq!(end("{\"totalResults\":0,\"Resources\":[]}"), Next::Complete { total: Some(0) });
    // It counts who has left, too, and they are no records here.
    let left = "{\"totalResults\":3,\"Resources\":[{\"id\":\"7\",\"town\":\"gone\"},{\"id\":\"8\"},{\"id\":\"9\",\"town\":\"gone\"}]}";
    let present = opened(left).unwrap().listing(records().gone_if("town", ["gone"])).unwrap().pages_of(1);
    assert_eq!(all(&present).1, Next::Complete { total: Some(1) });
    assert_eq!(end("[]"), Next::Complete { total: None });
    assert_eq!(end("id,name\n"), Next::Complete { total: None });
    for (text, problem) in [
        ("[{\"id\":1}{\"id\":2}]", "no comma stands between two records, in line 1"),
        ("[{\"id\":1}] <html>", "something else stands behind the records, in line 1"),
        ("[{\"id\":1},", "the list of records is not closed"),
        ("[{\"id\":1", "record 1 (line 1) is cut off"),
    ] {
        assert_eq!(end(text), Next::BrokenOff { problem: problem.to_owned() }, "{text}");
    }
    let reading = Reading::default().records("/none");
    let opened = Opened::bytes("members", envelope("").as_bytes(), &reading, "id").unwrap();
    let error = opened.listing(records()).unwrap().page(None).unwrap_err();
    assert!(
        error.to_string().contains("no `none` stands where the records should be")
            || error.to_string().contains("none"),
        "{error}"
    );
}
