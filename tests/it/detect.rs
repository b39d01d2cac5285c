//! The truth table of the contract, cell by cell, and the model of the contract against anything a source may say.

mod elements;
mod numbers;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tripartite::audit::AuditEntry;
use tripartite::detect::{Sides, Verdict, detect};
use tripartite::schema::{Policy, Schema};
use tripartite::store::ConflictChange;
use tripartite::value::Record;

use crate::support::words::{Vocabulary, Word, others, scalars};
use crate::support::{After, canonical, cases, decide, linked, raw, record, schema, strategy};

/// Section 3 as it stands there: base, local, remote, verdict, then local′/base′ under remote_wins, local_wins, merge,
/// enforced and local_owned, and what the row says.
type Row = (&'static str, &'static str, &'static str, &'static str, [&'static str; 5], &'static str);

const COLUMNS: [&str; 5] = ["remote_wins", "local_wins", "merge", "enforced", "local_owned"];

#[rustfmt::skip]
const TABLE: [Row; 20] = [
    ("⊥", "∅", "∅", "Adopted", ["∅/∅", "∅/∅", "∅/∅", "∅/∅", "∅/∅"], "nobody has it, and from now on both know"),
    ("⊥", "∅", "Y", "RemoteOnly(Filled)", ["Y/Y", "Y/Y", "Y/Y", "Y/Y", "∅/Y"], "a first value comes from the source"),
    ("⊥", "X", "∅", "LocalOnly(Unbased)", ["X/∅", "X/∅", "X/∅", "∅/∅", "X/∅"], "what only the host has stays"),
    ("⊥", "X", "X", "Adopted", ["X/X", "X/X", "X/X", "X/X", "X/X"], "both had the same all along"),
    ("⊥", "X", "Y", "Conflict(NoBase)", ["Y/Y", "X/Y", "X/⊥ •", "Y/Y", "X/Y"], "they differ, and nobody knows since when"),
    ("∅", "∅", "∅", "InSync", ["∅/∅", "∅/∅", "∅/∅", "∅/∅", "∅/∅"], "still nothing"),
    ("∅", "∅", "Y", "RemoteOnly(Set)", ["Y/Y", "Y/Y", "Y/Y", "Y/Y", "∅/Y"], "the source has entered one"),
    ("∅", "X", "∅", "LocalOnly(Set)", ["X/∅", "X/∅", "X/∅", "∅/∅", "X/∅"], "the host has entered one"),
    ("∅", "X", "X", "Converged", ["X/X", "X/X", "X/X", "X/X", "X/X"], "both have entered the same"),
    ("∅", "X", "Y", "Conflict(BothSet)", ["Y/Y", "X/Y", "X/∅ •", "Y/Y", "X/Y"], "both have entered one, differently"),
    ("A", "A", "A", "InSync", ["A/A", "A/A", "A/A", "A/A", "A/A"], "nothing happened"),
    ("A", "A", "Y", "RemoteOnly(Changed)", ["Y/Y", "Y/Y", "Y/Y", "Y/Y", "A/Y"], "the source has changed it"),
    ("A", "A", "∅", "RemoteOnly(Cleared)", ["∅/∅", "∅/∅", "∅/∅", "∅/∅", "A/∅"], "the source has emptied it"),
    ("A", "X", "A", "LocalOnly(Changed)", ["X/A", "X/A", "X/A", "A/A", "X/A"], "the host has changed it"),
    ("A", "∅", "A", "LocalOnly(Cleared)", ["∅/A", "∅/A", "∅/A", "A/A", "∅/A"], "the host has emptied it"),
    ("A", "X", "X", "Converged", ["X/X", "X/X", "X/X", "X/X", "X/X"], "both have made the same change"),
    ("A", "∅", "∅", "Converged", ["∅/∅", "∅/∅", "∅/∅", "∅/∅", "∅/∅"], "both have emptied it"),
    ("A", "X", "Y", "Conflict(BothChanged)", ["Y/Y", "X/Y", "X/A •", "Y/Y", "X/Y"], "both have changed it, differently"),
    ("A", "∅", "Y", "Conflict(LocalCleared)", ["Y/Y", "∅/Y", "∅/A •", "Y/Y", "∅/Y"], "emptied here, changed there"),
    ("A", "X", "∅", "Conflict(RemoteCleared)", ["∅/∅", "X/∅", "X/A •", "∅/∅", "X/∅"], "changed here, emptied there"),
];

fn word(vocabulary: &Vocabulary, symbol: &str, spelling: usize) -> Option<Word> {
    Some(match symbol {
        "⊥" => Word::missing(),
        "∅" => vocabulary.null(spelling),
        "A" => vocabulary.value(0, spelling),
        "X" => vocabulary.value(1, spelling),
        "Y" if vocabulary.values.len() > 2 => vocabulary.value(2, spelling),
        _ => return None,
    })
}

fn with_kind(kind: &Json, strategy: &str, absent: &str) -> Policy {
    let schema = schema(json!({"strategy": strategy, "absent": absent, "fields": {"f": kind}}));
    Policy::new(schema)
}

fn of(schema: &Schema, word: &Word) -> Record {
    record(schema, word.raw.as_ref().map_or_else(|| json!({}), |raw| json!({ "f": raw })))
}

/// One row of the table, in some spelling, before a policy.
struct Case<'a> {
    vocabulary: &'a Vocabulary,
    row: &'a Row,
    words: [Word; 3],
}

impl Case<'_> {
    fn run(&self, strategy: &str) -> (Vec<Verdict>, After) {
        let policy = with_kind(&self.vocabulary.kind, strategy, "no_opinion");
        let schema = policy.schema();
        let [base, local, remote] = self.words.each_ref().map(|word| of(schema, word));
        let changes = detect(schema, Sides { base: &base, local: &local, remote: &remote });
        let verdicts: Vec<_> = changes.changes().iter().map(|change| change.verdict.clone()).collect();
        assert_eq!(changes.is_empty(), verdicts.is_empty());
        (verdicts, decide(&policy, &linked(schema, Some(base), local), &remote))
    }

    fn check(&self, column: usize) {
        let (base, local, remote, verdict, cells, says) = self.row;
        let says = format!(
            "{says}: {base} {local} {remote} under {} as {} {:?}",
            COLUMNS[column],
            self.vocabulary.name,
            self.words.each_ref().map(|word| word.raw.clone())
        );
        let (verdicts, after) = self.run(COLUMNS[column]);
        let found = verdicts.first().unwrap_or(&Verdict::InSync).to_string();
        assert_eq!(found, *verdict, "{says}");
        let (cell, open) = match cells[column].strip_suffix(" •") {
            Some(cell) => (cell, true),
            None => (cells[column], false),
        };
        let (want_local, want_base) = cell.split_once('/').unwrap();
        let opened = matches!(&after.op.conflicts[..], [ConflictChange::Open(conflict)] if conflict.unit == "f");
        assert_eq!(opened, open, "{says}: whether a conflict is opened");
        assert_eq!(after.op.entries.is_empty(), matches!(*verdict, "InSync" | "Adopted"), "{says}: the audit");
        let [was_base, was_local, now_remote] = self.words.each_ref().map(|word| word.raw.clone());
        let stays = want_local == *local;
        let now_remote = if *remote == "∅" { Some(Json::Null) } else { now_remote };
        assert_eq!(
            as_null(raw(after.local.field(0)), want_local),
            if stays { as_null(was_local, local) } else { now_remote.clone() },
            "{says}: local"
        );
        // The base stays only where a conflict is left open; else it takes the source's very spelling.
        assert_eq!(
            as_null(raw(after.base.field(0)), want_base),
            if open { as_null(was_base, base) } else { now_remote },
            "{says}: base"
        );
        assert_eq!(want_base, if open { *base } else { *remote }, "{says}: the table itself");
    }
}

/// What is empty is null, however it was spelled; all else keeps its spelling.
fn as_null(raw: Option<Json>, symbol: &str) -> Option<Json> {
    match (symbol, &raw) {
        ("∅", None | Some(Json::Null)) => Some(Json::Null),
        ("∅", Some(Json::String(blank))) if blank.trim().is_empty() => Some(Json::Null),
        ("∅", Some(Json::Array(empty))) if empty.is_empty() => Some(Json::Null),
        _ => raw,
    }
}

/// All spellings of a row: each side in its own, and null in each way that a kind knows.
fn spelled<'a>(vocabulary: &'a Vocabulary, row: &'a Row) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    for spelling in 0..8 {
        let side = |symbol, by: usize| word(vocabulary, symbol, spelling >> by & 1);
        let (Some(base), Some(local), Some(remote)) = (side(row.0, 0), side(row.1, 1), side(row.2, 2)) else {
            continue;
        };
        cases.push(Case { vocabulary, row, words: [base, local, remote] });
    }
    if row.1 == "∅" {
        let mut unsaid: Vec<Case<'_>> = Vec::new();
        for case in &cases {
            let words = [case.words[0].clone(), Word::missing(), case.words[2].clone()];
            unsaid.push(Case { vocabulary, row, words });
        }
        cases.append(&mut unsaid);
    }
    cases
}

/// P12.
#[test]
fn every_cell_of_the_table_holds_for_every_kind() {
    let others = others();
    let (mut rows, mut cells) = (std::collections::BTreeSet::new(), 0);
    for vocabulary in scalars().iter().chain(&others) {
        for (at, row) in TABLE.iter().enumerate() {
            for case in spelled(vocabulary, row) {
                rows.insert(at);
                for (column, strategy) in COLUMNS.iter().enumerate() {
                    let merges_by_element = vocabulary.name.starts_with("set") && row.3.starts_with("Conflict");
                    if !(merges_by_element && *strategy == "merge") {
                        case.check(column);
                        cells += 1;
                    }
                }
            }
        }
    }
    assert_eq!(rows.len(), TABLE.len(), "every row was seen");
    assert!(cells > 10_000, "only {cells}");
}

/// The table has every combination of a base, a local and a remote that there is, and each once.
#[test]
fn the_table_is_complete() {
    let mut all = Vec::new();
    for base in ["⊥", "∅", "A"] {
        // Named by what is new: the first new value is X here and Y there, and X again where they agree.
        for local in if base == "A" { vec!["A", "X", "∅"] } else { vec!["X", "∅"] } {
            for remote in if base == "A" { vec!["A", "X", "Y", "∅"] } else { vec!["X", "Y", "∅"] } {
                if !(remote == "X" && local != "X") {
                    all.push((base, local, remote));
                }
            }
        }
    }
    let mut listed: Vec<_> = TABLE.iter().map(|row| (row.0, row.1, row.2)).collect();
    all.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, all);
}

/// A set whose sides collide is merged, and nothing is left open.
#[test]
fn a_set_merges_where_a_scalar_is_held_open() {
    for vocabulary in others().iter().filter(|vocabulary| vocabulary.name.starts_with("set")) {
        for row in TABLE.iter().filter(|row| row.3.starts_with("Conflict")) {
            for case in spelled(vocabulary, row) {
                let (verdicts, after) = case.run("merge");
                assert_eq!(verdicts[0].to_string(), row.3, "{}", row.5);
                assert!(after.op.conflicts.is_empty(), "{}: nothing is open", row.5);
                let base = as_null(raw(after.base.field(0)), row.2);
                assert_eq!(base, as_null(case.words[2].raw.clone(), row.2), "{}: the base advances", row.5);
            }
        }
    }
}

/// A base that the host never stored is as one whose fields are all unknown.
#[test]
fn no_base_is_a_base_of_nothing() {
    let text = &scalars()[0];
    for row in TABLE.iter().filter(|row| row.0 == "⊥") {
        for column in COLUMNS {
            let policy = with_kind(&text.kind, column, "no_opinion");
            let schema = policy.schema();
            let [local, remote] = [row.1, row.2].map(|symbol| of(schema, &word(text, symbol, 0).unwrap()));
            let none = decide(&policy, &linked(schema, None, local.clone()), &remote);
            let missing = decide(&policy, &linked(schema, Some(schema.missing()), local), &remote);
            assert_eq!((none.local, none.base, none.op.entries), (missing.local, missing.base, missing.op.entries));
        }
    }
}

/// What the source leaves out means nothing, or null, by the policy; then the row for null holds.
#[test]
fn what_is_not_reported_is_nothing_or_null_by_the_policy() {
    for vocabulary in scalars() {
        for (base, local) in [("⊥", "∅"), ("⊥", "X"), ("∅", "∅"), ("∅", "X"), ("A", "A"), ("A", "X"), ("A", "∅")]
        {
            for absent in ["no_opinion", "cleared_if_reported", "cleared"] {
                let cleared = absent == "cleared" || (absent == "cleared_if_reported" && base == "A");
                let row = TABLE.iter().find(|row| (row.0, row.1, row.2) == (base, local, "∅")).unwrap();
                for (column, strategy) in COLUMNS.iter().enumerate() {
                    let says = format!("{} {base} {local}, absent: {absent} under {strategy}", vocabulary.name);
                    let policy = with_kind(&vocabulary.kind, strategy, absent);
                    let schema = policy.schema();
                    let [base, local] = [base, local].map(|symbol| of(schema, &word(vocabulary, symbol, 0).unwrap()));
                    let sides = Sides { base: &base, local: &local, remote: &schema.missing() };
                    let found = detect(schema, sides).changes().first().map(|change| change.verdict.to_string());
                    let after = decide(&policy, &linked(schema, Some(base.clone()), local.clone()), &schema.missing());
                    if !cleared {
                        assert_eq!(found.as_deref(), Some("NotReported"), "{says}");
                        assert!(after.op.is_silent(), "{says}");
                        assert_eq!(after.local, local, "{says}");
                        // Beside its fields the base may have the mark of an edit that is not told yet.
                        assert!(after.base.fields().eq(base.fields()), "{says}");
                        continue;
                    }
                    assert_eq!(found.as_deref().unwrap_or("InSync"), row.3, "{says}");
                    let (want_local, want_base) = row.4[column].trim_end_matches(" •").split_once('/').unwrap();
                    let symbols =
                        |symbol| canonical(schema, 0, of(schema, &word(vocabulary, symbol, 0).unwrap()).field(0));
                    assert_eq!(canonical(schema, 0, after.local.field(0)), symbols(want_local), "{says}");
                    assert_eq!(canonical(schema, 0, after.base.field(0)), symbols(want_base), "{says}");
                    assert_eq!(after.base.field(0).is_missing(), want_base == "⊥", "{says}: base");
                }
            }
        }
    }
}

/// What cannot be read is recorded, and changes nothing, whatever the base, the local value and the policy.
#[test]
fn what_cannot_be_read_changes_nothing_and_is_recorded() {
    let others = others();
    for vocabulary in scalars().iter().chain(&others) {
        for which in 0..vocabulary.nonsense.len() {
            for base in ["⊥", "∅", "A"] {
                for local in ["∅", "A", "X"] {
                    for absent in ["no_opinion", "cleared_if_reported", "cleared"] {
                        for strategy in COLUMNS {
                            let policy = with_kind(&vocabulary.kind, strategy, absent);
                            let schema = policy.schema();
                            let symbol = |symbol| of(schema, &word(vocabulary, symbol, 0).unwrap());
                            let (base, local) = (symbol(base), symbol(local));
                            let remote = of(schema, &vocabulary.nonsense(which).unwrap());
                            let says = format!("{} {which} under {strategy}", vocabulary.name);
                            let after = decide(&policy, &linked(schema, Some(base.clone()), local.clone()), &remote);
                            assert_eq!(after.local, local, "{says}");
                            assert!(after.base.fields().eq(base.fields()), "{says}");
                            assert!(after.op.conflicts.is_empty(), "{says}");
                            let [AuditEntry::Field(entry)] = &after.op.entries[..] else { panic!("{says}: one entry") };
                            assert_eq!(entry.verdict.name(), "InvalidRemote", "{says}");
                            assert_eq!(entry.decision.name(), "Nothing", "{says}");
                        }
                    }
                }
            }
        }
    }
}

/// A local value that cannot be read is a value like any other: it equals only itself, and is never lost.
#[test]
fn nonsense_here_is_an_edit() {
    for vocabulary in scalars() {
        let policy = with_kind(&vocabulary.kind, "remote_wins", "no_opinion");
        let schema = policy.schema();
        let local = of(schema, &vocabulary.nonsense(0).unwrap());
        let base = of(schema, &vocabulary.value(0, 0));
        let still = decide(&policy, &linked(schema, Some(base.clone()), local.clone()), &base);
        assert_eq!(raw(still.local.field(0)), raw(local.field(0)), "{}: an edit stays", vocabulary.name);
        let moved = of(schema, &vocabulary.value(1, 0));
        let after = decide(&policy, &linked(schema, Some(base), local.clone()), &moved);
        let [AuditEntry::Field(entry)] = &after.op.entries[..] else { panic!("one entry") };
        assert_eq!(Some(crate::support::json(&entry.local)), raw(local.field(0)), "the audit keeps it");
    }
}

#[test]
fn every_strategy_name_in_the_table_is_one() {
    for column in COLUMNS {
        assert_eq!(strategy(column).name(), column);
    }
}

/// A required field that the source empties is nonsense, in whatever spelling of null, unless it always was empty.
#[test]
fn a_required_field_is_not_emptied() {
    for spelling in 0..3 {
        for (base, verdict) in [("A", "InvalidRemote"), ("⊥", "InvalidRemote"), ("∅", "InSync")] {
            let schema = schema(json!({"fields": {"f": {"kind": "text", "required": true}}}));
            let text = &scalars()[0];
            let local = of(&schema, &word(text, if base == "A" { "A" } else { "∅" }, 0).unwrap());
            let base = of(&schema, &word(text, base, 0).unwrap());
            let remote = of(&schema, &text.null(spelling));
            let found = detect(&schema, Sides { base: &base, local: &local, remote: &remote });
            let found = found.changes().first().map_or("InSync", |change| change.verdict.name());
            assert_eq!(found, verdict, "{:?}", raw(remote.field(0)));
        }
    }
}

proptest! {
    #![proptest_config(cases(256))]

    /// The order of the fields changes no verdict and no decision.
    #[test]
    fn a_field_depends_on_no_other(words in all_words(), turn in 1usize..10) {
        let straight: Vec<usize> = (0..scalars().len()).collect();
        let mut turned = straight.clone();
        turned.rotate_left(turn % scalars().len());
        prop_assert_eq!(verdicts(&words, &straight), verdicts(&words, &turned));
    }
}

fn all_words() -> impl proptest::strategy::Strategy<Value = Vec<[Word; 3]>> {
    let sides = |vocabulary: &'static Vocabulary| (vocabulary.accepted(), vocabulary.sound(), vocabulary.any());
    scalars()
        .iter()
        .map(sides)
        .collect::<Vec<_>>()
        .prop_map(|words| words.into_iter().map(|(base, local, remote)| [base, local, remote]).collect())
}

/// The audit of a record whose schema has its fields in this order, by the fields' names.
fn verdicts(words: &[[Word; 3]], order: &[usize]) -> std::collections::BTreeMap<String, Json> {
    use tripartite::schema::SchemaBuilder;
    let pairs: Vec<String> =
        order.iter().map(|&at| format!("{}: {}", json!(scalars()[at].name), scalars()[at].kind)).collect();
    let text = format!(r#"{{"strategy": "merge", "fields": {{{}}}}}"#, pairs.join(", "));
    let builder: SchemaBuilder = serde_json::from_str(&text).unwrap();
    let schema = builder.kind("eircode", crate::support::words::eircode()).build().unwrap();
    let side = |which: usize| {
        let said = order.iter().filter_map(|&at| Some((scalars()[at].name, words[at][which].raw.clone()?)));
        record(&schema, Json::Object(said.map(|(name, raw)| (name.to_owned(), raw)).collect()))
    };
    let after = decide(&Policy::new(schema.clone()), &linked(&schema, Some(side(0)), side(1)), &side(2));
    let entry = |entry: &AuditEntry| match entry {
        AuditEntry::Field(entry) => (entry.field.clone(), serde_json::to_value(entry).unwrap()),
        AuditEntry::Record(_) => unreachable!("a linked record has no entry of its own"),
    };
    after.op.entries.iter().map(entry).collect()
}
