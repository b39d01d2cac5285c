//! Writes the committed corpus anew: from the data of the tests, and from what stands here.
//!
//! ```console
//! cargo run -p fuzz-targets --example corpus
//! ```

#![allow(clippy::unwrap_used, reason = "what cannot be read or written ends it")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn data(name: &str) -> Vec<u8> {
    fs::read(root().join("tests/data").join(name)).unwrap()
}

fn put(target: &str, name: &str, input: impl AsRef<[u8]>) {
    let folder = root().join("fuzz/corpus").join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), input).unwrap();
}

/// JSON on one line, without blanks.
fn compact(json: &[u8]) -> String {
    serde_json::from_slice::<serde_json::Value>(json).unwrap().to_string()
}

/// Bytes without an order, always the same for a number.
fn noise(number: u64, length: usize) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(next).collect()
}

const FIELDS: [(&str, &str, &[&str]); 16] = [
    ("text", r#"{"kind":"text"}"#, &["a", " a ", "\u{e9}", "e\u{301}", "null"]),
    ("name", r#"{"kind":"name"}"#, &["O'Brien", "O\u{2019}BRIEN", "A\u{301}ine  Walsh", "\u{c1}ine Walsh"]),
    (
        "email",
        r#"{"kind":"email"}"#,
        &["a@example.org", "A@EXAMPLE.ORG", "b@b\u{fc}cher.example", "b@xn--bcher-kva.example"],
    ),
    (
        "phone",
        r#"{"kind":"phone","region":"IE"}"#,
        &["087 123 4567", "+353 (0)87 123 4567", "00353871234567", "112", "\u{ff10}\u{ff18}7"],
    ),
    ("phone-it", r#"{"kind":"phone","region":"IT"}"#, &["06 698 12345", "+39 06 69812345", "tel:06-698;ext=5"]),
    ("date", r#"{"kind":"date"}"#, &["2024-02-29", " 2024-02-29", "1900-02-29"]),
    (
        "date-of",
        r#"{"kind":"date","formats":["%d.%m.%Y","%e %B %Y"]}"#,
        &["29.02.2024", "29 February 2024", "2024-02-29"],
    ),
    (
        "timestamp",
        r#"{"kind":"timestamp"}"#,
        &["2024-01-05T12:00:00+01:00", "2024-01-05T11:00:00.000Z", "2016-12-31T23:59:60Z"],
    ),
    ("integer", r#"{"kind":"integer"}"#, &["5", "\"+05\"", "5.0", "1000000000000000000000000000000000000000"]),
    ("decimal", r#"{"kind":"decimal"}"#, &["\"1.10\"", "1.1", "1e2", "0.000000000000000000000000000001", "-0.0"]),
    ("boolean", r#"{"kind":"boolean"}"#, &["true", "\"TRUE\"", "\"yes\"", "0"]),
    ("address", r#"{"kind":"address"}"#, &["1 Main St, Dublin", "1  MAIN ST ,Dublin", " , ,"]),
    ("set", r#"{"kind":"set","of":"name"}"#, &[r#"["a","B"]"#, r#"["b","A","a"]"#, "[]", r#"[null,""]"#]),
    ("list", r#"{"kind":"list"}"#, &[r#"[1,"a",null]"#, r#"[1.0,"a",null]"#, "[[[]]]"]),
    ("map", r#"{"kind":"map"}"#, &[r#"{"a":1,"b":{}}"#, r#"{"b":{},"a":1}"#, r#"{"":null}"#]),
    (
        "record",
        r#"{"kind":"record","fields":{"street":{"kind":"address"},"town":{"kind":"name"}}}"#,
        &[r#"{"town":"Bray"}"#, r#"{"street":"","town":"BRAY"}"#],
    ),
];

fn kinds_and_schemas() {
    for (name, field, values) in FIELDS {
        for (number, pair) in values.windows(2).enumerate() {
            put("kinds", &format!("{name}-{number}"), format!("{field}\n{}\n{}", pair[0], pair[1]));
        }
        let value = serde_json::from_str(values[0]).unwrap_or_else(|_| serde_json::Value::from(values[0]));
        let record = serde_json::json!({"it": value, "else": 1});
        put("schema", name, format!("{{\"fields\":{{\"it\":{field}}}}}\n{record}"));
    }
    put("schema", "earlier", compact(&data("earlier/schema.json")));
    let strategies = r#"{"strategy":"merge","absent":"cleared","first_sync":"review","fields":{"a":{"kind":"text","strategy":
        {"newest_wins":{"stamp":"at"}}},"at":{"kind":"timestamp"},"b":{"kind":"set","of":"text","strategy":"fill_only"},
        "c":{"kind":"name","identity":true,"required":true}},"groups":{"g":["a","c"]}}"#;
    put("schema", "strategies", compact(strategies.as_bytes()));
}

fn slots_and_plans() {
    for file in fs::read_dir(root().join("tests/data/earlier")).unwrap().map(|file| file.unwrap().path()) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let json = compact(&fs::read(&file).unwrap());
        if name.starts_with("slot_") {
            let mut input = json.into_bytes();
            input.push(b'\n');
            input.extend(noise(input.len() as u64, 200));
            put("commands", &name, input);
        } else if name == "plan" {
            put("plan", "earlier", json);
        }
    }
    for number in 1..6 {
        put("commands", &format!("noise-{number}"), noise(number, 400));
    }
    put("plan", "empty", r#"{"ops":[]}"#);
}

fn cases() {
    for number in 1..24 {
        put("laws", &format!("noise-{number:02}"), noise(number, 60 + 20 * number as usize));
    }
}

fn texts() {
    let lines = "{\"id\": 1, \"name\": \"\u{c1}ine\"}\r\n\n{\"id\": \"2\", \"name\": \"O'Brien\", \"at\": {\"a\": [1.50]}}\n{\"id\": 3, \"na\noops\n\
                 {\"id\": 12345678901234567890123, \"name\": null}\n{\"name\": \"no id\"}\n{\"id\": 4, \"id\": 5}\n{\"id\": 6}";
    for cut in [0_u16, 40, 90, 150] {
        put("listing", &format!("cut-{cut}"), [&cut.to_le_bytes()[..], lines.as_bytes()].concat());
    }
    put("listing", "bom", [&[9, 0][..], "\u{feff}{\"id\": 1, \"name\": \"a\"}\n".as_bytes()].concat());
    let numbers = |of: [u64; 3]| of.map(u64::to_le_bytes).concat();
    for (name, of, text) in [
        ("limit", [5, 9, 100], "\"5%\""),
        ("all", [0, 1, u64::MAX], r#"{"deactivations":{"percent":10,"least":5},"updates":"off"}"#),
        ("line", [3, 4, 10], "deactivations=5%,updates=100"),
        ("number", [3, 4, 10], "20"),
    ] {
        put("guards", name, [numbers(of), text.as_bytes().to_vec()].concat());
    }
    let shape = compact(&data("earlier/shapes.json"));
    let bodies = [
        r#"{"type":"c","data":{"id":7},"at":"2024-01-05T12:00:00Z","rev":3}"#,
        r#"{"events":[{"type":"u","id":"a"},{"type":"d","id":"a"}]}"#,
    ];
    for (number, body) in bodies.iter().enumerate() {
        put("shape", &format!("body-{number}"), format!("\n{body}"));
        put("shape", &format!("shape-{number}"), format!("{shape}\n{body}"));
    }
    put(
        "verify",
        "plain",
        "msg_1\nwebhook-id: msg_1\nwebhook-timestamp: 1614265330\nwebhook-signature: v1,abc=\n\n{\"a\":1}",
    );
    put("verify", "other", "msg_2\nx-signature: sha256=00ff\nsvix-id: msg_2\nwebhook-signature: v1,a v1a,b\n\nbody");
    put("verify", "none", "msg_3\n\n");
}

fn main() {
    kinds_and_schemas();
    slots_and_plans();
    cases();
    texts();
}
