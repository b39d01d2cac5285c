//! Words of fields that declare how their source writes: codes, nulls, notations, zones and delimiters.

use serde_json::{Value as Json, json};

use super::words::Vocabulary;

/// Single values. None of them has a null that the kind itself does not have, but for those it declares.
pub(super) fn scalars() -> Vec<Vocabulary> {
    vec![
        scalar(
            "code",
            json!({"kind": "code"}),
            [
                ("jsmith", vec![json!("JSmith"), json!(" jsmith"), json!("JSMITH\u{a0}")]),
                ("0042", vec![json!("0042"), json!("0042 ")]),
                ("42", vec![json!("42"), json!(42)]),
            ],
            &[],
            vec![json!(["0042"])],
        ),
        scalar(
            "text with nulls",
            json!({"kind": "text", "nulls": ["N/A", "-", "0"]}),
            [
                ("n/a, here", vec![json!("n/a, here"), json!("n/a,  here")]),
                ("--", vec![json!("--"), json!(" --")]),
                ("00", vec![json!("00"), json!("00 ")]),
            ],
            &["N/A", " n/a ", "-", "0"],
            vec![json!(["N/A"])],
        ),
        scalar(
            "birthday",
            json!({"kind": "date", "formats": ["%Y-%m-%d", "%Y%m%d"], "zone": "+05:30", "nulls": ["0000-00-00", "9999-12-31"]}),
            [
                ("november", vec![json!("2017-11-01"), json!("20171101"), json!("2017-10-31T18:30:00Z")]),
                (
                    "leap day",
                    vec![json!("2024-02-29"), json!("2024-02-29T00:00:00+0530"), json!("2024-02-29T23:59:59")],
                ),
                ("may", vec![json!("2024-05-01"), json!("20240501 ")]),
            ],
            &["0000-00-00", "9999-12-31"],
            vec![json!("2017111"), json!("2017-1101"), json!("9999-12-32")],
        ),
        scalar(
            "stamp",
            json!({"kind": "timestamp", "formats": ["%d.%m.%Y %H:%M", "%s"], "zone": "+01:00"}),
            [
                ("eleven", vec![json!("2024-01-05T11:00:00Z"), json!("05.01.2024 12:00"), json!(1_704_452_400)]),
                ("noon", vec![json!("2024-01-05T13:00:00"), json!("2024-01-05T12:00:00.000+0000")]),
                ("night", vec![json!("04.01.2024 23:00"), json!("2024-01-04T22:00:00Z")]),
            ],
            &[],
            vec![json!("05.01.2024"), json!("noon")],
        ),
        scalar(
            "amount",
            json!({"kind": "decimal", "comma": true, "precision": 2}),
            [
                ("0.3", vec![json!("0,3"), json!(0.3), json!(0.300_000_000_000_000_04), json!("0.30000000000000004")]),
                ("1234.5", vec![json!("1.234,50"), json!(1234.5), json!("1234,499999")]),
                ("12", vec![json!("12"), json!("12,0"), json!(12)]),
            ],
            &[],
            vec![json!("1.234"), json!("1,234,5")],
        ),
    ]
}

fn scalar(
    name: &'static str,
    kind: Json,
    values: [(&'static str, Vec<Json>); 3],
    nulls: &[&str],
    nonsense: Vec<Json>,
) -> Vocabulary {
    let blank = [json!(null), json!(""), json!("  \t")];
    let nulls = blank.into_iter().chain(nulls.iter().map(|&spelling| json!(spelling))).collect();
    Vocabulary { name, kind, values: values.into(), nulls, nonsense }
}

/// Collections, and what has only two values.
pub(super) fn others() -> Vec<Vocabulary> {
    let values = |a, x, y| vec![("A", a), ("X", x), ("Y", y)];
    vec![
        Vocabulary {
            name: "set, delimited",
            kind: json!({"kind": "set", "of": "code", "delimiter": ";"}),
            values: values(
                vec![json!("a;b"), json!("B; a;"), json!(["a", "b", "A"])],
                vec![json!("a"), json!(["a"]), json!(" A ;;")],
                vec![json!("c;d;e"), json!("E;D;C")],
            ),
            nulls: vec![json!(null), json!(""), json!(";"), json!([]), json!([" "])],
            nonsense: vec![json!({"a": 1})],
        },
        Vocabulary {
            name: "set, one alone",
            kind: json!({"kind": "set", "of": "email", "nulls": ["none"]}),
            values: values(
                vec![json!("a@b.ie"), json!(["A@b.ie"]), json!(["a@b.ie", "none"])],
                vec![json!(["a@b.ie", "c@d.ie"]), json!(["C@D.ie", "a@b.ie"])],
                vec![json!([]), json!(["None"])],
            ),
            nulls: vec![json!(null), json!(" "), json!("NONE")],
            nonsense: vec![json!("no address"), json!({"a": "a@b.ie"})],
        },
        Vocabulary {
            name: "map with nulls",
            kind: json!({"kind": "map", "empty_means_null": true, "nulls": ["-"]}),
            values: values(
                vec![json!({"a": "x"}), json!({"a": " x"})],
                vec![json!({"a": "y"})],
                vec![json!({"a": ["-", "z"]}), json!({"a": [null, "z"]})],
            ),
            nulls: vec![json!(null), json!({}), json!({"a": "-"}), json!("-")],
            nonsense: vec![json!("a")],
        },
        Vocabulary {
            name: "yes or no",
            kind: json!({"kind": "boolean", "true": ["Y", "ja"], "false": "N"}),
            values: vec![
                ("true", vec![json!("y"), json!("JA "), json!(true), json!("true")]),
                ("false", vec![json!("N"), json!(false)]),
            ],
            nulls: vec![json!(null), json!("")],
            nonsense: vec![json!("nein"), json!("1"), json!(0)],
        },
    ]
}
