//! Sets of five, with and without keys: detection and resolution of 100 records of one field.

use std::hint::black_box;

use serde_json::{Value as Json, json};
use tripartite::detect::{Sides, detect};
use tripartite::resolve::resolve;
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::value::Record;

use super::{Case, Work};

pub(super) const CASES: &[Case] = &[
    ("set/changed", || resolved(Kind::set(Kind::Text), |number| texts(number, 4), |number| texts(number, 5))),
    ("keyed/unchanged", || resolved(keyed(), |number| records(number, 4), |number| records(number, 4))),
    ("keyed/reordered", || resolved(keyed(), |number| records(number, 4), |number| reversed(records(number, 4)))),
    ("keyed/changed", || resolved(keyed(), |number| records(number, 4), |number| records(number, 5))),
];

const RECORDS: usize = 100;

fn keyed() -> Kind {
    Kind::set_of_records(["type"], [("type", Kind::Text), ("value", Kind::Text)])
}

fn text(number: usize, at: usize) -> String {
    format!("member{number}.{at}@example.org")
}

fn texts(number: usize, last: usize) -> Json {
    (0..4).chain([last]).map(|at| json!(text(number, at))).collect()
}

fn records(number: usize, last: usize) -> Json {
    let record = |(at, value)| json!({"type": format!("type {at}"), "value": text(number, value)});
    (0..4).chain([last]).enumerate().map(record).collect()
}

fn reversed(list: Json) -> Json {
    let Json::Array(mut list) = list else { return list };
    list.reverse();
    Json::Array(list)
}

/// The host has what the base has.
fn resolved(kind: Kind, base: fn(usize) -> Json, remote: fn(usize) -> Json) -> Work {
    let schema = Schema::builder().field(Field::new("mails", kind)).build().expect("the schema is correct");
    let row = |list: Json| -> Record { schema.record(&json!({ "mails": list })).expect("a list is a record") };
    let pairs: Vec<_> = (0..RECORDS).map(|number| [row(base(number)), row(remote(number))]).collect();
    let policy = Policy::new(schema);
    Box::new(move || {
        for [base, remote] in &pairs {
            let changes = detect(policy.schema(), Sides { base, local: base, remote });
            black_box(resolve(&policy, &changes, None).resolutions.len());
        }
    })
}
