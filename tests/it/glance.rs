//! The fast paths against the slow one: whatever is compared at a glance is what the canonical forms say.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::string::string_regex;
use tripartite::detect::{Sides, Verdict, detect};
use tripartite::schema::{Field, Kind, Schema};
use tripartite::value::{Record, RecordBuilder, Value};
use unicode_normalization::UnicodeNormalization;

use crate::support::cases;

/// Every kind whose values are texts, with what its texts are made of.
fn kinds() -> [(Kind, &'static str); 10] {
    let ireland = Kind::Phone { region: "IE".parse().unwrap() };
    let formats = vec!["%Y-%m-%d".to_owned(), "%d/%m/%Y".to_owned()];
    [
        (Kind::Text, "[ \t]{0,2}[A-Za-zÀ-ÿĀ-ſ\u{300}-\u{345}`´’ ,\u{AD}\u{200B}\u{A0}-]{0,12}"),
        (Kind::Name, "([A-Za-zÀ-ÿ\u{300}-\u{33F}`´’'. ]{0,4}[ –-]?){0,4}"),
        (Kind::Email, "[ ]?(mailto:)?[A-Za-zé0-9._+'-]{1,8}@[A-Za-z0-9é.-]{1,10}(\\.[a-zA-Z0-9]{1,3})?[ ]?"),
        (
            ireland,
            "(\\(?0|\\+353 ?|\\+44|00353|\\+353 \\(0\\))?(8[35679]|1|21)[ )-]{0,2}[0-9]{3}[ -]?[0-9]{3,4}( x[0-9])?",
        ),
        (Kind::dates(formats), "(2024|1999|24)-(0?2|1[0-3])-(0?[1-9]|29|30)|(0?2|29)/(0?2|12)/(2023|2024)"),
        (Kind::TIMESTAMP, "2024-01-05[T ]1[12]:00:00(\\.0{0,3})?(Z|z|\\+01:00|-00:00)?"),
        (Kind::Integer, "[ +-]?0{0,2}[0-9]{0,3}(\\.0{0,2})?"),
        (Kind::DECIMAL, "[ +-]?0{0,2}[0-9]{0,2}\\.?[0-9]{0,3}0{0,2}(e-?[01])?"),
        (Kind::BOOLEAN, " ?(true|TRUE|false|1|0|yes)"),
        (Kind::Address, "([0-9]{0,2} ?[A-Za-zÀ-ÿ\u{300}-\u{310}]{0,5}[ ,\n]{0,3}){0,4}"),
    ]
}

/// How a text may be spelled anew; not all of it leaves the value as it is.
fn respelled(text: &str, how: usize) -> String {
    match how {
        0 => text.to_owned(),
        1 => text.nfd().collect(),
        2 => text.nfc().collect(),
        3 => text.to_uppercase(),
        4 => text.to_lowercase(),
        5 => format!(" {}\t", text.replace(' ', "  ")),
        6 => text.replace(", ", ","),
        7 => text.chars().filter(|c| !matches!(c, ' ' | '(' | ')' | '-')).collect(),
        8 => text.replacen('0', "+353 ", 1),
        _ => text.chars().rev().collect(),
    }
}

/// Three texts of a kind: anything of it, and spellings of one.
fn texts() -> impl Strategy<Value = (usize, [String; 3])> {
    (0..kinds().len(), any::<Index>(), [0usize..10, 0..10, 0..10]).prop_flat_map(|(kind, pick, how)| {
        let text = || string_regex(kinds()[kind].1).unwrap();
        (Just(kind), [text(), text(), text()], prop::bool::weighted(0.8)).prop_map(move |(kind, texts, one)| {
            let chosen = |at: usize| if one { pick.get(&texts) } else { &texts[at] };
            (kind, std::array::from_fn(|at| respelled(chosen(at), how[at])))
        })
    })
}

fn record(text: &str) -> Record {
    let mut row = RecordBuilder::new(1);
    row.set_text(0, text).unwrap();
    row.finish()
}

/// What a value is to its kind, by its canonical form: null, a value, or nothing that could be one.
#[derive(Debug, PartialEq)]
enum Normal {
    Null,
    Is(Value),
    Nonsense(String),
}

fn normal(schema: &Schema, record: &Record) -> Normal {
    let raw = record.field(0);
    match schema.canonical(0, raw) {
        Ok(Value::Null) => Normal::Null,
        Ok(value) => Normal::Is(value),
        Err(_) => Normal::Nonsense(raw.text().unwrap_or_default().to_owned()),
    }
}

/// The truth table, from canonical forms alone. A remote that is nonsense is news only where it is not the base's.
fn expected(base: &Normal, local: &Normal, remote: &Normal) -> &'static str {
    match remote {
        Normal::Nonsense(_) if remote != base => "InvalidRemote",
        _ if local == remote && remote == base => "InSync",
        _ if local == remote => "Converged",
        _ if local == base => "RemoteOnly",
        _ if remote == base => "LocalOnly",
        _ => "Conflict",
    }
}

proptest! {
    #![proptest_config(cases(4096))]

    #[test]
    fn detection_says_what_the_canonical_forms_say((kind, texts) in texts()) {
        let field = Field::new("field", kinds()[kind].0.clone());
        let schema = Schema::builder().field(field).build().unwrap();
        let [base, local, remote] = texts.each_ref().map(|text| record(text));
        let changes = detect(&schema, Sides { base: &base, local: &local, remote: &remote });
        let found = changes.changes().first().map_or("InSync", |change| change.verdict.name());
        let normals = [&base, &local, &remote].map(|record| normal(&schema, record));
        prop_assert_eq!(found, expected(&normals[0], &normals[1], &normals[2]), "{:?} {:?}", texts, normals);
    }
}

/// The property above would hold of comparisons that never find anything the same: this many of its cases must be.
#[test]
fn the_texts_are_worth_comparing() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut found = std::collections::BTreeMap::new();
    for _ in 0..2000 {
        let (kind, texts) = texts().new_tree(&mut runner).unwrap().current();
        let schema = Schema::builder().field(Field::new("field", kinds()[kind].0.clone())).build().unwrap();
        let [base, local, remote] = texts.each_ref().map(|text| record(text));
        if base != remote || base != local {
            let changes = detect(&schema, Sides { base: &base, local: &local, remote: &remote });
            let verdict = changes.changes().first().map_or(Verdict::InSync, |change| change.verdict.clone());
            *found.entry((kind, verdict.name())).or_insert(0) += 1;
        }
    }
    for kind in 0..kinds().len() {
        assert!(found.contains_key(&(kind, "InSync")), "no two spellings of a {:?}: {found:?}", kinds()[kind].0);
        assert!(found.keys().filter(|(of, _)| *of == kind).count() > 2, "{:?}: {found:?}", kinds()[kind].0);
    }
}
