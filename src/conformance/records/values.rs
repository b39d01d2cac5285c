//! Values: which come back as they were written.

use serde_json::json;

use super::seen::{of_local, stated};
use super::world::{create, full, id, record, update};
use super::{Fixture, probe::Probe, schema};
use crate::id::ExternalId;
use crate::store::{OpOutcome, Revision};
use crate::value::{Record, RecordBuilder, Value};

/// How many bytes of text a field must take.
const LONG: usize = 60_000;

/// Values of a usual size, which no store may refuse, by their fields.
fn usual() -> Vec<(&'static str, Value)> {
    let text = |text: &str| Value::from(text);
    let long = "x".repeat(LONG);
    let list = Value::List(vec![text(&long), Value::Null, Value::Bool(false), Value::List(vec![])]);
    vec![
        ("note", text(&long)),
        ("note", text(&"é".repeat(LONG / 2))),
        ("note", text("O'Brien \"Q\" {b} %_\\ \u{1f469} e\u{301}\r\n\t\u{2028}")),
        ("address", text(&"1 Main Street, ".repeat(40))),
        ("visits", Value::Int(i64::MIN.into())),
        ("visits", Value::Int(i64::MAX.into())),
        ("balance", text("1234567890123456.789012345678")),
        ("balance", text("-0.0000000001")),
        ("born", text("0001-01-01")),
        ("born", text("9999-12-31")),
        ("seen_at", text("2026-01-02T03:04:05.123456Z")),
        ("extras", Value::Map([("a/b~c".to_owned(), list.clone()), (String::new(), Value::Null)].into())),
        ("steps", list),
    ]
}

/// Values that a careless store changes, by their fields. A store may refuse one.
fn awkward() -> Vec<(&'static str, Value)> {
    let mut all: Vec<(&str, Value)> = Vec::new();
    let long = "x".repeat(LONG);
    let texts = [
        "",
        " ",
        "e\u{301}",
        "\u{e9}",
        "a\0b",
        "\0",
        "O'Brien \"Q\" {b} %_\\",
        "👩‍👩‍👧",
        "\u{feff}bom",
        "a\r\nb\tc",
        "null",
        "0",
        "1e5",
        "0x10",
        "x'c3'",
        "[1",
        "{}",
        "true",
        "ſ",
        "İ",
        "\u{10ffff}",
        "\u{202e}rtl",
        "a\u{2028}b",
    ];
    // The long one first, so that it is not read again with each value that follows.
    all.push(("note", Value::from(&*long)));
    all.extend(texts.map(|text| ("note", Value::from(text))));
    all.extend(["Ní Bhriain", "D\u{2019}Arcy", "O'Brien-Smyth"].map(|name| ("name", Value::from(name))));
    let ten_to_30 = 10_i128.pow(30);
    let large = [i64::MIN.into(), i64::MAX.into(), u64::MAX.into(), ten_to_30, -ten_to_30, 0, -1, 1 << 53 | 1];
    all.extend(large.map(|number| ("visits", Value::Int(number))));
    all.extend(["1000000000000000000000000000000", "-7", "many"].map(|text| ("visits", Value::from(text))));
    let decimals =
        ["0.10", "-0.00", "0.000000000000000000000000000001", "12345678901234567890123456789.123456789", "much"];
    all.extend(decimals.map(|text| ("balance", Value::from(text))));
    all.push(("balance", Value::Int(5)));
    all.extend([Value::Bool(true), Value::Bool(false), Value::from("perhaps")].map(|value| ("member", value)));
    all.extend(["unknown", "+353 87 123 4567", "112"].map(|text| ("phone", Value::from(text))));
    all.extend(["spring 1990", "0001-01-01", "9999-12-31", "2000-02-29"].map(|text| ("born", Value::from(text))));
    let times = ["2026-01-02T03:04:05.123456+05:30", "2026-01-02T03:04:05.000001Z", "now"];
    all.extend(times.map(|text| ("seen_at", Value::from(text))));
    all.extend(["a@b", "ÁINE@example.org", "áine@bücher.example"].map(|text| ("email", Value::from(text))));
    all.extend(composites());
    all
}

fn composites() -> Vec<(&'static str, Value)> {
    let text = |text: &str| Value::from(text);
    let list = |values: &[Value]| Value::List(values.to_vec());
    let map = |pairs: &[(&str, Value)]| {
        Value::Map(pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
    };
    vec![
        ("tags", list(&[])),
        ("tags", list(&[text("a"), text("a"), text("e\u{301}"), text("")])),
        ("tags", text("no set")),
        ("steps", list(&[])),
        ("steps", list(&[Value::Null, list(&[]), map(&[]), text("\0"), Value::Bool(false), Value::Float(0.1)])),
        ("steps", list(&[Value::Int(i64::MAX.into()), Value::Int(u64::MAX.into())])),
        // As a source's long number inside a list or map reads: its digits.
        ("steps", list(&[text("1000000000000000000000000000000"), text("-1")])),
        ("extras", map(&[("long", text("1000000000000000000000000000000"))])),
        ("steps", list(&[text("b"), text("a"), text("b")])),
        ("extras", map(&[])),
        ("extras", map(&[("a", Value::Null), ("", map(&[("", list(&[]))])), ("a/b~c", Value::Int(1))])),
        ("extras", map(&[("A", Value::Int(1)), ("a", Value::Int(2)), ("e\u{301}", text("\u{e9}"))])),
        ("place", map(&[("street", text("1 Main St."))])),
        ("place", map(&[("town", Value::Null), ("unknown key", Value::Float(-1e-9))])),
    ]
}

#[track_caller]
fn one(field: &str, value: &Value) -> Record {
    let schema = schema();
    let mut row = RecordBuilder::new(schema.fields().len());
    let position = schema.position(field).unwrap_or_else(|| panic!("the suite has no field {field}"));
    row.set(position, value).unwrap_or_else(|error| panic!("{error}"));
    row.finish()
}

/// States a value, and checks what is there then.
#[track_caller]
fn comes_back<F: Fixture>(probe: &Probe<'_, F>, of: &ExternalId, at: Revision, patch: &Record) {
    let before = (probe.see(of), probe.audit(of));
    match probe.outcome(update(of, at, patch)) {
        OpOutcome::Applied { .. } => {
            let mut local = before.0.local.clone();
            local.extend(stated(&probe.schema, patch));
            let after = probe.see(of);
            probe.equal("the fields", &after.local, &local);
            probe.equal("the base", &after.base.map(|base| base.fields), &Some(stated(&probe.schema, patch)));
            let entries = probe.audit(of).split_off(before.1.len());
            probe.equal("its audit", &entries, &update(of, at, patch).entries);
        }
        OpOutcome::Failed { .. } => probe.equal("what is there", &(probe.see(of), probe.audit(of)), &before),
        OpOutcome::Stale => probe.broken("an op that nothing stood in the way of is stale"),
    }
}

promises! { $ __conformance_records_values in records::values:
    /// Keep a field of every kind as it was written, equal in its canonical form.
    fn every_kind(probe) {
        let [synced, hand] = ["synced", "by hand"].map(id);
        let (first, second) = (full(1), full(2));
        let seen = probe.create(&synced, &first);
        probe.equal("the fields", &seen.local, &of_local(&probe.schema, &first));
        probe.equal("the base", &seen.base.map(|base| base.fields), &Some(stated(&probe.schema, &first)));
        probe.applied(update(&synced, seen.revision, &second));
        let seen = probe.see(&synced);
        probe.equal("the fields", &seen.local, &of_local(&probe.schema, &second));
        probe.equal("the base", &seen.base.map(|base| base.fields), &Some(stated(&probe.schema, &second)));
        probe.fixture.enter(Some(&hand), &first);
        probe.equal("what a user entered", &probe.see(&hand).local, &of_local(&probe.schema, &first));
        probe.edit(&hand, &second);
        probe.equal("what a user changed", &probe.see(&hand).local, &of_local(&probe.schema, &second));
    }

    /// Give a field that holds nothing as null or missing, never as another value.
    fn nothing_is_nothing(probe) {
        let [sparse, emptied] = ["sparse", "emptied"].map(id);
        let nothing = of_local(&probe.schema, &schema().missing());
        probe.equal("the fields", &probe.create(&sparse, &schema().missing()).local, &nothing);
        let seen = probe.create(&emptied, &full(1));
        let names: Vec<_> = probe.schema.fields().iter().map(|field| field.name().to_owned()).collect();
        let nulls: serde_json::Map<_, _> = names.into_iter().map(|name| (name, json!(null))).collect();
        probe.applied(update(&emptied, seen.revision, &record(&nulls.into())));
        probe.equal("the fields", &probe.see(&emptied).local, &nothing);
    }

    /// Take texts of 60,000 bytes without a NUL character, whole numbers of 64 bits, decimals of 28 digits, and days of the
    /// years 1 to 9999.
    fn usual_values(probe) {
        let one_id = id("1");
        probe.create(&one_id, &schema().missing());
        for (number, (field, value)) in usual().into_iter().enumerate() {
            let record = one(field, &value);
            for op in [update(&one_id, probe.revision(&one_id), &record), create(&id(&format!("new {number}")), &record)] {
                let of = op.id.clone();
                let outcome = probe.outcome(op);
                let told = || format!("{outcome:?}, for a value of `{field}`");
                probe.holds(matches!(outcome, OpOutcome::Applied { .. }), told);
                let (seen, promised) = (probe.see(&of), stated(&probe.schema, &record));
                probe.equal("the field", &seen.local.get(field), &promised.get(field));
                probe.equal("the base", &seen.base.map(|base| base.fields), &Some(promised));
            }
        }
    }

    /// Keep all that a source states, or fail the op: never a part of it, never another value.
    fn awkward_values(probe) {
        let one_id = id("1");
        probe.create(&one_id, &schema().missing());
        for (field, value) in awkward() {
            comes_back(probe, &one_id, probe.revision(&one_id), &one(field, &value));
        }
        // The same in a creation.
        for (number, (field, value)) in awkward().into_iter().enumerate() {
            let (of, record) = (id(&format!("new {number}")), one(field, &value));
            match probe.outcome(create(&of, &record)) {
                OpOutcome::Applied { .. } => {
                    probe.equal("the fields", &probe.see(&of).local, &of_local(&probe.schema, &record));
                }
                OpOutcome::Failed { .. } => probe.equal("what is there", &probe.find(&of), &None),
                OpOutcome::Stale => probe.broken("a creation that nothing stood in the way of is stale"),
            }
        }
    }
}
