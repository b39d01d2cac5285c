//! Ops of all kinds, for the laws that hold for each of them.

use std::collections::BTreeSet;

use proptest::option::of;
use proptest::prelude::*;

use crate::audit::{AuditEntry, FieldEntry, RecordEntry, Situation};
use crate::detect::{Clash, RemoteChange, Verdict};
use crate::resolve::{Decision, Dialled, DialledIn};
use crate::schema::Privacy;
use crate::store::{Action, ConflictChange, Op, Precondition, Revision};
use crate::value::{Fingerprint, Problem, Record, RecordBuilder, Value};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i128>().prop_map(Value::Int),
        any::<u64>().prop_map(|int| Value::Int(int.into())),
        // A text in JSON, and this text.
        Just(Value::Int(1 << 64)),
        Just(Value::from("18446744073709551616")),
        (-9i64..9).prop_map(Value::from),
        (-1e300..1e300).prop_map(Value::Float),
        prop::sample::select(vec![0.0, -0.0, 1.0]).prop_map(Value::Float),
        "[ab]{0,2}".prop_map(Value::Text),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::List),
            prop::collection::btree_map("[ab]{0,2}", inner, 0..3).prop_map(Value::Map),
        ]
    })
}

/// How many fields most rows have.
pub(super) const FIELDS: usize = 3;

/// Rows, some of them with something beyond the schema, with exact numbers, or with a field less or more.
fn row() -> impl Strategy<Value = Record> {
    let len = prop_oneof![8 => Just(FIELDS), 1 => Just(FIELDS - 1), 1 => Just(FIELDS + 1)];
    let field = prop_oneof![9 => value(), 1 => Just(Value::Float(f64::INFINITY))];
    let values = len.prop_flat_map(move |len| prop::collection::vec(of(field.clone()), len));
    let beyond = of(prop::collection::btree_map("[xy]", value(), 0..2));
    (values, beyond, any::<bool>()).prop_map(|(values, beyond, exact)| {
        let mut row = RecordBuilder::new(values.len());
        for (position, value) in values.iter().enumerate() {
            value.iter().for_each(|value| row.set(position, value).expect("it is small"));
        }
        beyond.into_iter().for_each(|beyond| row.set_extra(beyond).expect("it is small"));
        if exact { row.finish().with_exact_numbers() } else { row.finish() }
    })
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        Just(Verdict::RemoteOnly(RemoteChange::Changed)),
        Just(Verdict::Conflict(Clash::BothChanged)),
        Just(Verdict::InvalidRemote(Problem::Required)),
    ]
}

/// Some entries tell where their numbers were dialled, of one side or of both.
fn dialled(why: &str) -> Option<Dialled> {
    let of = |code: &str, stated| DialledIn { region: code.parse().expect("it has numbers"), stated };
    let by = "country".to_owned();
    match why.as_bytes().first()? {
        b'a'..=b'f' => Some(Dialled { by, local: of("IE", false), remote: Some(of("GB", true)) }),
        b'g'..=b'i' => Some(Dialled { by, local: of("GB", true), remote: None }),
        _ => None,
    }
}

fn entry(remote: Record) -> impl Strategy<Value = AuditEntry> {
    let of_row = (0..FIELDS).prop_map(move |at| remote.field(at).to_value());
    let some = prop_oneof![value(), of_row].boxed();
    let values = (of(some.clone()), some.clone(), of(some.clone()), some);
    let texts = (of("[gh]"), "[a-c]", "[a-z]{3}");
    let field = (texts, verdict(), values, any::<bool>());
    let field = field.prop_map(|((group, field, why), verdict, (base, local, remote, result), hidden)| {
        let kept = if hidden { Privacy::Redacted } else { Privacy::Plain };
        AuditEntry::Field(FieldEntry {
            field,
            group,
            verdict,
            decision: Decision::TookRemote,
            rule: "the default".to_owned(),
            base,
            local,
            remote,
            result,
            collisions: Vec::new(),
            dialled: dialled(&why),
            why,
            by: None,
            kept,
        })
    });
    let record = "[a-z]{0,9}".prop_map(|why| {
        let action = "touch".to_owned();
        AuditEntry::Record(RecordEntry { situation: Situation::Stale, action, why, by: None })
    });
    prop_oneof![field, record]
}

fn part(row: &Record, at: &BTreeSet<usize>) -> Record {
    let mut part = RecordBuilder::new(row.len());
    for &at in at.iter().filter(|&&at| at < row.len()) {
        part.set_field(at, row.field(at)).expect("it is a part of a row");
    }
    part.finish()
}

/// A patch and a base are often the source's row, or a part of it.
fn like(remote: Record) -> impl Strategy<Value = Record> {
    let places = prop::collection::btree_set(0..FIELDS, 0..3);
    let of_remote = remote.clone();
    let part = places.prop_map(move |at| part(&of_remote, &at));
    prop_oneof![Just(remote), part, row()]
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    row().prop_flat_map(|remote| {
        let rows = (of(Just(remote.clone())), of(like(remote.clone())), like(remote.clone()));
        let entries = prop::collection::vec(entry(remote), 0..3);
        (rows, entries, 0u8..5, any::<[bool; 5]>(), any::<u64>(), any::<u32>()).prop_map(op_from)
    })
}

type Parts = ((Option<Record>, Option<Record>, Record), Vec<AuditEntry>, u8, [bool; 5], u64, u32);

fn op_from(((remote, base, patch), entries, action, is, number, missed): Parts) -> Op {
    let [linked, rekeyed, seen, other, conflict] = is;
    let id = |text: &str| text.parse().expect("a short text is an id");
    let print = Fingerprint::of(&number.to_le_bytes());
    let said = remote.as_ref().map(Record::fingerprint);
    Op {
        id: id("FED-7"),
        rekeyed: rekeyed.then(|| id("an id that is longer than what fits in place")),
        situation: if linked { Situation::Linked } else { Situation::Unmatched },
        action: match action {
            0 => Action::Create(patch),
            1 => Action::Update(patch),
            2 => Action::Reactivate(patch),
            3 => Action::Deactivate,
            _ => Action::Touch,
        },
        expect: if linked { Precondition::Revision(Revision(number)) } else { Precondition::Unlinked },
        made_from: linked.then_some(print),
        base,
        version: seen.then_some(number),
        remote,
        seen: if seen { said.filter(|_| !other).or(Some(print)) } else { None },
        missed,
        conflicts: if conflict && other { vec![ConflictChange::Close { unit: "a".to_owned() }] } else { vec![] },
        entries,
    }
}
