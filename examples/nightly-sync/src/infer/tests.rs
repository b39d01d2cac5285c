//! What is proposed, from what, and that nothing is lost by it.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn opened(text: &str) -> Opened {
    crate::listing::text("listing", text).unwrap()
}

fn kinds(text: &'static str) -> Vec<String> {
    let inferred = infer(&mut opened(text), "id").unwrap();
    let of = |field: &Field| match field.kind() {
        Kind::Phone { region } => format!("{}: phone {region}", field.name()),
        kind => format!("{}: {}", field.name(), kind.name()),
    };
    inferred.schema.fields().iter().map(of).collect()
}

#[test]
fn kinds_follow_from_names_and_all_values() {
    let text = r#"{"id": 1, "given": "Áine", "last_name": "X", "born": "2000-02-29", "n": 1, "d": 1, "on": true}
        {"id": 2, "born": "2001-02-28", "n": 2, "d": 1.5, "seen": "2026-01-01T00:00:00Z", "mail": "a@example.org"}
        {"id": 3, "tags": ["a"], "xs": [1], "o": {}, "mixed": 1, "street_address": "1 Main St", "gone": null}
        {"id": 4, "mixed": "1", "n": null, "zip": "01234", "late": "2000-02-30"}"#;
    let expected = [
        "given: text",
        "last_name: name",
        "born: date",
        "n: integer",
        "d: decimal",
        "on: boolean",
        "seen: timestamp",
        "mail: email",
        "tags: set",
        "xs: list",
        "o: map",
        "mixed: text",
        "street_address: address",
        "gone: text",
        "zip: code",
        "late: text",
    ];
    assert_eq!(kinds(text), expected);
}

#[test]
fn a_phone_has_a_region_where_something_says_so() {
    for (text, expected, why) in [
        (r#"{"id": 1, "phone": "202-225-4876"}"#, "phone: text", "dialled in several countries"),
        (r#"{"id": 1, "mobile": "087 555 0123"}"#, "mobile: text", "dialled in several countries"),
        ("{\"id\": 1, \"phone\": \"020 7946 0958\"}\n{\"phone\": \"+44 20 7946 0958\"}", "phone: phone GB", "one says"),
        ("{\"id\": 1, \"phone\": \"+44 20 7946 0958\"}\n{\"phone\": \"+353 87 555 0123\"}", "phone: text", "as many"),
        (r#"{"id": 1, "phone": "ask her mother"}"#, "phone: text", "no number"),
        (r#"{"id": 1, "code": "+44 20 7946 0958"}"#, "code: text", "the name does not say so"),
    ] {
        assert_eq!(kinds(text), [expected], "{why}");
    }
}

#[test]
fn a_field_that_says_one_country_for_all_is_evidence() {
    let one =
        "{\"id\": 1, \"tel\": \"087 555 0123\", \"country\": \"ie\"}\n{\"tel\": \"01 555 0123\", \"country\": \"IE\"}";
    assert_eq!(kinds(one), ["tel: phone IE", "country: text"]);
    let two =
        "{\"id\": 1, \"tel\": \"087 555 0123\", \"country\": \"IE\"}\n{\"tel\": \"01 555 0123\", \"country\": \"GB\"}";
    assert_eq!(kinds(two), ["tel: text", "country: text"]);
}

#[test]
fn the_region_that_a_sample_settles_reads_what_comes_after_it() {
    let lines = |last: &str| {
        let line = |n: u64| format!("{{\"id\": 1, \"tel\": \"087 555 {n:04}\", \"country\": \"IE\"}}\n");
        (0..SAMPLE + 10).map(line).collect::<String>() + last
    };
    let kinds = |last| kinds(String::leak(lines(last)));
    assert_eq!(kinds(""), ["tel: phone IE", "country: text"]);
    assert_eq!(kinds("{\"tel\": \"ask\"}"), ["tel: text", "country: text"]);
    assert_eq!(kinds("{\"tel\": \"087 555 0123\", \"country\": \"GB\"}"), ["tel: text", "country: text"]);
}

#[test]
fn that_nothing_says_where_phones_are_dialled_is_told_with_the_remedy() {
    let inferred = infer(&mut opened(r#"{"id": 1, "phone": "087 555 0123"}"#), "id").unwrap();
    let told = inferred.remarks[0].as_deref().unwrap_or_default();
    assert!(told.contains("no number says of which country") && told.contains("region"), "{told}");
}

#[test]
fn values_that_no_kind_reads_together_make_no_schema() {
    for (one, other) in [("\"a\"", "[1]"), ("[1]", "{}"), ("{\"x\": 1}", "7"), ("true", "[]")] {
        let text = format!("{{\"id\": 1}}\n{{\"id\": 2, \"x\": {one}}}\n{{\"id\": 3, \"x\": {other}}}\n");
        match infer(&mut opened(&text), "id") {
            Err(InferError::Mixed { field, first, second, .. }) => {
                assert_eq!((&field[..], first, second), ("x", 2, 3))
            }
            other => unreachable!("{other:?}"),
        }
    }
}

#[test]
fn data_used_as_keys_is_refused_before_it_costs_anything() {
    let keys: Vec<String> = (0..100_000).map(|key| format!("\"k{key}\": 1")).collect();
    let text = format!("{{\"id\": 1, {}}}", keys.join(", "));
    assert!(matches!(infer(&mut opened(&text), "id"), Err(InferError::TooMany { .. })));
}

/// What is said of a field of these values: its setting, the evidence, and what a person should know.
fn proposed(name: &str, values: &[&str]) -> (serde_json::Value, String, String) {
    let line = |value: &&str| format!("{{\"id\": 1, \"{name}\": {value}}}\n");
    let inferred = infer(&mut opened(&values.iter().map(line).collect::<String>()), "id").unwrap();
    let mut setting = serde_json::to_value(&inferred.schema).unwrap()["fields"][name].take();
    setting.as_object_mut().unwrap().remove("sensitive");
    (setting, inferred.evidence[0].clone(), inferred.remarks[0].clone().unwrap_or_default())
}

/// The same of texts.
fn of_texts(name: &str, values: &[&str]) -> (serde_json::Value, String, String) {
    let quoted: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    proposed(name, &quoted.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn each_setting_is_proposed_with_its_evidence() {
    for (name, values, expected, evidence) in [
        (
            "born",
            &["20240131", "20240105"][..],
            json!({"kind": "date", "formats": ["%Y%m%d"]}),
            "2 values, 2 of which allow no other order",
        ),
        (
            "x",
            &["31/01/2024", "05/01/2024", "06/02/2024"],
            json!({"kind": "date", "formats": ["%d/%m/%Y"]}),
            "3 values, 1 of which allow no other order",
        ),
        (
            "x",
            &["05/13/2024", "05/01/2024"],
            json!({"kind": "date", "formats": ["%m/%d/%Y"]}),
            "2 values, 1 of which allow no other order",
        ),
        (
            "x",
            &["2024-01-05", "31.01.2024", "n/a"],
            json!({"kind": "date", "formats": ["%Y-%m-%d", "%d.%m.%Y"], "nulls": ["n/a"]}),
            "2 values, 2 of which allow no other order, 1 time \"n/a\", which is null",
        ),
        ("x", &["20240131", "20240105"], json!({"kind": "text"}), "2 values"),
        (
            "x",
            &["2024-01-05", "2024-02-05", "0000-00-00", "Unknown", "unknown"],
            json!({"kind": "date", "nulls": ["0000-00-00", "Unknown"]}),
            "2 values, 1 time \"0000-00-00\", which is null, 2 times \"Unknown\", which is null",
        ),
        (
            "x",
            &["Ja", "nein", "ja"],
            json!({"kind": "boolean", "true": ["ja"], "false": ["nein"]}),
            "3 values, 2 times ja and 1 time nein",
        ),
        ("x", &["TRUE", "false"], json!({"kind": "boolean"}), "2 values, 1 time true and 1 time false"),
        ("x", &["2,40", "1.234,56", "7"], json!({"kind": "decimal", "comma": true}), "3 values, 2 with a comma"),
        ("x", &["1,2", "3,4"], json!({"kind": "text"}), "2 values"),
        ("fee", &["1,2", "3,4"], json!({"kind": "decimal", "comma": true}), "2 values, 2 with a comma"),
        ("x", &["1,234", "3,456"], json!({"kind": "text"}), "2 values"),
        ("x", &["007", "7"], json!({"kind": "code"}), "2 values, 1 with zeros at the beginning"),
        ("x", &["17", "7"], json!({"kind": "text"}), "2 values"),
        ("login", &["jsmith", "aine"], json!({"kind": "code"}), "2 values, no two differ by case alone"),
        ("login", &["jsmith", "JSmith"], json!({"kind": "text"}), "2 values"),
        (
            "x",
            &["coach;referee", "referee", "referee;coach"],
            json!({"kind": "set", "of": {"kind": "text"}, "delimiter": ";"}),
            "3 values, 2 of several, with ';' between 2 words that come again in any order",
        ),
        ("x", &["Murphy;Anna", "Walsh;Anna", "Murphy;Ian", "Walsh;Ian"], json!({"kind": "text"}), "4 values"),
        ("x", &["a;a", "b;a", "b", "a;b"], json!({"kind": "text"}), "4 values"),
        (
            "x",
            &["Boats", "N/A", "n/a"],
            json!({"kind": "text", "nulls": ["N/A"]}),
            "3 values, 2 times \"N/A\", which is null",
        ),
        ("x", &["Boats", "N/A"], json!({"kind": "text"}), "2 values"),
        ("blood", &["+", "-", "-"], json!({"kind": "text"}), "3 values"),
        ("surname", &["None", "Null", "None"], json!({"kind": "name"}), "3 values"),
    ] {
        let (setting, told, _) = of_texts(name, values);
        assert_eq!((setting, &told[..]), (expected, evidence), "{name} {values:?}");
    }
}

#[test]
fn one_word_alone_is_no_boolean() {
    let (setting, evidence, _) = of_texts("x", &["y", "Y", "y"]);
    assert_eq!((setting, &evidence[..]), (json!({"kind": "text"}), "3 values"));
}

#[test]
fn lists_of_objects_are_sets_by_what_tells_them_apart() {
    let key = |values: &[&str]| proposed("x", values);
    let work = r#"[{"type": "work", "value": "a@b.ie"}, {"type": "home", "value": "c@d.ie"}]"#;
    let (setting, evidence, _) = key(&[work, r#"[{"type": "work", "value": "e@f.ie"}]"#]);
    let fields = json!({"type": {"kind": "text"}, "value": {"kind": "email"}});
    assert_eq!(setting, json!({"kind": "set_of_records", "key": ["type"], "fields": fields}));
    assert_eq!(evidence, "2 values, 3 records, 1 list of several, and no two records of one list with the same type");
    // Two of one type, so the value is what stays apart.
    let (setting, ..) = key(&[work, r#"[{"type": "work", "value": "e@f.ie"}, {"type": "Work", "value": "g@f.ie"}]"#]);
    assert_eq!(setting["key"], json!(["value"]));
    for (lists, told) in [
        (
            &[work, r#"[{"type": "x", "value": "e@f.ie"}, {"type": "x", "value": "E@F.ie"}]"#][..],
            "no field tells them apart",
        ),
        (&[r#"[{"type": "work"}]"#, r#"[{"type": "home"}]"#], "no list has two records"),
    ] {
        let (setting, _, remark) = key(lists);
        assert_eq!(setting, json!({"kind": "list"}), "{lists:?}");
        assert!(remark.contains(told) && remark.contains("order counts"), "{remark}");
    }
}

#[test]
fn one_value_or_a_list_of_them_is_a_set_and_a_list_that_repeats_is_none() {
    assert_eq!(proposed("x", &[r#""a""#, r#"["a", "b"]"#]).0, json!({"kind": "set", "of": {"kind": "text"}}));
    assert_eq!(proposed("x", &[r#"["a", "b", "a"]"#]).0, json!({"kind": "list"}));
}

#[test]
fn dates_of_any_order_stay_texts_and_that_is_told() {
    let (setting, _, remark) = of_texts("x", &["05/01/2024", "06/02/2024"]);
    assert_eq!(setting, json!({"kind": "text"}));
    assert!(remark.contains("no value tells the day from the month"), "{remark}");
}

#[test]
fn what_stands_on_many_records_is_told_by_its_line_alone() {
    let mut mails: Vec<String> = (0..40).map(|at| format!("m{at}@example.org")).collect();
    mails[7..18].fill("club@example.org".to_owned());
    let (setting, _, remark) = of_texts("x", &mails.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(setting["kind"], "email");
    assert!(
        remark.starts_with("11 values are one and the same, first in line 8;") && !remark.contains('@'),
        "{remark}"
    );
    mails[7] = "m7@example.org".to_owned();
    assert_eq!(of_texts("x", &mails.iter().map(String::as_str).collect::<Vec<_>>()).2, "", "ten may share one");
    let (setting, _, remark) = of_texts("born", &["1900-01-01", "2001-02-03", "1900-01-01"]);
    assert_eq!((setting["kind"].as_str(), setting.get("nulls")), (Some("date"), None));
    assert!(remark.starts_with("2 values are a day that programs enter"), "{remark}");
}

fn scalar() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        1 => Just(serde_json::Value::Null),
        1 => any::<bool>().prop_map(Into::into),
        1 => any::<i64>().prop_map(Into::into),
        1 => any::<f64>().prop_map(Into::into),
        1 => text(&["", " ", "x", "1", "1e400", "+", "?", "Null"]),
        1 => ".{0,6}".prop_map(Into::into),
    ]
}

fn text(texts: &'static [&'static str]) -> BoxedStrategy<serde_json::Value> {
    prop::sample::select(texts).prop_map(Into::into).boxed()
}

/// Values that belong to one setting, and its nulls.
fn column() -> BoxedStrategy<serde_json::Value> {
    const COLUMNS: [&[&str]; 9] = [
        &["2000-02-29", "2000-02-30", "05/01/2024", "31/01/2024", "01/31/2024", "20240105", "0000-00-00", "n/a"],
        &["a@example.org", "A@EXAMPLE.ORG", "b@bücher.example", "unknown", "-", ""],
        &["+353 87 555 0123", "087 555 0123", "00353 87 5550123", "-", "?", " "],
        &["Y", "n", "yes", "NO", "ja", "nein", "oui", "N/A", "true", "FALSE"],
        &["2,40", "2,4", "1.234,56", "1,234", "7", "07", "-,5", "none"],
        &["007", "7", "ab-1", "AB-1", "a b", "n/a", "0"],
        &["coach;referee", "referee", "referee;coach", "coach;coach", ";", "a;N/A", "N/A", "a|b"],
        &["2024-01-05T12:00:00Z", "2024-01-05T12:00:00+01:00", "2024-01-05", "null"],
        &["N/A", "-", "--", "+", "Boats", "None"],
    ];
    prop::sample::select(&COLUMNS[..]).prop_flat_map(text).boxed()
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let member = prop_oneof![3 => column(), 1 => scalar()];
    let record = prop::collection::btree_map("(type|value|phone|a)", member, 0..3);
    let record = record.prop_map(|map| serde_json::to_value(map).unwrap());
    prop_oneof![
        6 => column(),
        3 => scalar(),
        1 => prop::collection::vec(prop_oneof![column(), scalar()], 0..3).prop_map(Into::into),
        1 => record.clone(),
        3 => prop::collection::vec(record, 0..3).prop_map(Into::into),
    ]
}

/// The values of one column: of one setting, or of any.
fn rows() -> impl Strategy<Value = Vec<serde_json::Value>> {
    prop_oneof![
        prop::collection::vec(value(), 1..6),
        prop::sample::select(&[0_u8, 1, 2][..]).prop_flat_map(|of| match of {
            0 => prop::collection::vec(column(), 2..12).boxed(),
            1 => prop::collection::vec(prop::collection::vec(column(), 0..4).prop_map(Into::into), 1..6).boxed(),
            _ => {
                let record = prop::collection::btree_map("(type|value|phone)", column(), 0..4)
                    .prop_map(|map| serde_json::to_value(map).unwrap());
                prop::collection::vec(prop::collection::vec(record, 0..3).prop_map(Into::into), 1..6).boxed()
            }
        }),
    ]
}

/// What stands in a list, without the blank and the repeated.
fn different(list: &[serde_json::Value]) -> usize {
    let blank =
        |value: &&serde_json::Value| value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
    list.iter().filter(|value| !blank(value)).count()
}

/// Why a field of the schema loses a value: it does not read it, takes it for nothing, or has fewer elements than it.
fn loss(schema: &Schema, position: usize, row: &serde_json::Value) -> Option<String> {
    let field = &schema.fields()[position];
    let record = schema.record(row).unwrap();
    let raw = &row[field.name()];
    let canonical = match schema.canonical(position, record.field(position)) {
        Ok(canonical) => canonical,
        Err(problem) => return Some(format!("{raw} {problem}")),
    };
    match (field.kind(), raw, &canonical) {
        (_, serde_json::Value::String(raw), tripartite::value::Value::Null) => {
            let declared = field.nulls().any(|null| null.to_lowercase() == raw.trim().to_lowercase());
            (!raw.trim().is_empty() && !declared).then(|| format!("{raw:?} is null"))
        }
        (Kind::Set { delimiter: None, .. }, serde_json::Value::Array(list), tripartite::value::Value::List(set)) => {
            (set.len() != different(list)).then(|| format!("{raw} has lost an element"))
        }
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 250 } else { 20_000 }))]

    /// SEMANTICS 5: a schema that was inferred reads every value it was inferred from, or is not used. Its file says the
    /// same.
    #[test]
    fn an_inferred_schema_loses_no_value(
        name in prop::sample::select(&["phone", "name", "x", "country", "born", "login", "fee", "mail"][..]), values in rows()
    ) {
        let rows: Vec<_> = values.into_iter().map(|value| json!({"id": 1, name: value})).collect();
        let listing: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let Ok(inferred) = infer(&mut opened(&listing), "id") else { return Ok(()) };
        for row in &rows {
            prop_assert_eq!(loss(&inferred.schema, 0, row), None, "{:?} of {}", inferred.schema.fields()[0].kind(), listing);
        }
        let file = serde_json::to_string(&inferred.schema).unwrap();
        let read: Schema = serde_json::from_str(&file).unwrap();
        prop_assert_eq!(read.fingerprint(), inferred.schema.fingerprint(), "{}", file);
    }
}

#[test]
fn the_line_that_made_a_kind_what_it_is_is_told() {
    let oddity = |values: [&str; 5]| {
        let lines = values.map(|value| format!("{{\"id\": 1, \"x\": {value}, \"phone\": {value}}}\n")).concat();
        let inferred = infer(&mut opened(&lines), "id").unwrap();
        let quotes =
            |told: &String| ["2000", "2005", "3.5", "n/b", "ask", "353"].iter().any(|value| told.contains(value));
        assert!(!inferred.remarks.iter().flatten().any(quotes));
        inferred.remarks.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>()
    };
    let date = r#""2000-02-27""#;
    let told = "because of line 3; the other 4 values are dates";
    assert_eq!(oddity([date, date, r#""2005-02-30""#, date, date])[0], told);
    let told = "because of line 1; the other 4 values are dates";
    assert_eq!(oddity(["1", date, date, date, date])[0], told, "where it stands does not count");
    assert_eq!(oddity(["1", "2", "3", "null", "3.5"])[0], "because of line 5; the other 3 values are whole numbers");
    assert_eq!(oddity(["1", "2", "x", "\"n/b\"", "3"])[0], "because of line 4; the other 3 values are whole numbers");
    let told = "because of line 2; the other 4 values are phone numbers";
    let phone = r#""+353 87 123 4967""#;
    assert_eq!(oddity([phone, r#""ask""#, phone, phone, phone]), ["", told]);
    for quiet in
        [[date, date, "1", "2", "3"], [date; 5], ["1", "2", "3", "4", "null"], ["\"a\"", "1", "true", "2", "3"]]
    {
        assert_eq!(oddity(quiet)[0], "", "{quiet:?}");
    }
}

#[test]
fn names_that_are_taken_become_aliases() {
    let text = r#"{"id": 1, "active": true, "Mail": "x", "mail": "y", "": 1}"#;
    let inferred = infer(&mut opened(text), "id").unwrap();
    let names: Vec<_> = inferred.schema.fields().iter().map(Field::name).collect();
    assert_eq!(names, ["source_active", "Mail", "source_mail"]);
    assert_eq!(inferred.schema.position("active"), Some(0));
}
