//! The data column: detection, resolution and planning of 100 records, and a run over 1,000 of them.

use std::hint::black_box;

use chrono::DateTime;
use serde::de::DeserializeSeed;
use tripartite::detect::{Sides, detect};
use tripartite::drive::drive_blocking;
use tripartite::id::{ExternalId, RunId};
use tripartite::memory::{Listing, MemoryStore};
use tripartite::plan::{plan_creation, plan_linked};
use tripartite::resolve::resolve;
use tripartite::run::{Report, Run};
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::source::RemoteRecord;
use tripartite::store::{Base, Loaded, Revision, Synced};
use tripartite::value::Record;

use super::{Case, Work};

pub(super) const CASES: &[Case] = &[
    ("detect/unchanged", || detected(unchanged)),
    ("detect/formatting", || detected(formatting)),
    ("detect/changed", || detected(changed)),
    ("detect/conflicting", || detected(conflicting)),
    ("resolve/changed", || resolved(changed)),
    ("resolve/conflicting", || resolved(conflicting)),
    ("plan/unchanged", || planned(unchanged)),
    ("plan/formatting", || planned(formatting)),
    ("plan/changed", || planned(changed)),
    ("plan/conflicting", || planned(conflicting)),
    ("fingerprint/record", fingerprints),
    ("plan/creation", creations),
    ("read/line", lines_read),
    ("run/unchanged", run_unchanged),
];

const RECORDS: usize = 100;
const LISTED: usize = 1000;

type Person = [String; 6];

/// What the two sides of a person have become.
type Fate = fn(&Person) -> [Person; 2];

fn schema() -> Schema {
    let region = "IE".parse().expect("IE is a region");
    Schema::builder()
        .field(Field::new("first_name", Kind::Name))
        .field(Field::new("last_name", Kind::Name))
        .field(Field::new("date_of_birth", Kind::DATE))
        .field(Field::new("email", Kind::Email))
        .field(Field::new("phone", Kind::Phone { region }))
        .field(Field::new("address", Kind::Address))
        .build()
        .expect("the schema is correct")
}

fn person(number: usize) -> Person {
    const FIRST: [&str; 4] = ["Seán", "Áine", "Mary", "John"];
    const LAST: [&str; 4] = ["Ó Briain", "O'Neill", "Walsh", "Murphy"];
    [
        FIRST[number % 4].to_owned(),
        LAST[number / 4 % 4].to_owned(),
        format!("{}-{:02}-{:02}", 1950 + number % 60, 1 + number % 12, 1 + number % 28),
        format!("Member{number}@example.org"),
        format!("087 {:03} {:04}", 100 + number % 800, (number * 37) % 10_000),
        format!("{} Main Street, Ballybeg, Co. Mayo", 1 + number),
    ]
}

fn unchanged(person: &Person) -> [Person; 2] {
    [person.clone(), person.clone()]
}

/// Other spellings of every field.
fn formatting(person: &Person) -> [Person; 2] {
    let mut other = person.clone();
    other[0] = format!(" {} ", person[0]);
    other[3] = person[3].to_lowercase();
    other[4] = person[4].replacen("087 ", "+353 87 ", 1);
    other[5] = person[5].replace(", ", ",  ");
    [person.clone(), other]
}

fn changed(person: &Person) -> [Person; 2] {
    let mut other = person.clone();
    other[5] = "1 New Road, Ballybeg, Co. Mayo".to_owned();
    [person.clone(), other]
}

fn conflicting(person: &Person) -> [Person; 2] {
    let (mut local, mut remote) = (person.clone(), person.clone());
    local[4] = "087 111 1111".to_owned();
    remote[4] = "087 222 2222".to_owned();
    [local, remote]
}

fn row(schema: &Schema, person: &Person) -> Record {
    let names = schema.fields().iter().map(|field| field.name().to_owned());
    let fields: serde_json::Map<_, _> = names.zip(person.iter().map(|text| text.as_str().into())).collect();
    schema.record(&fields).expect("six texts are a record")
}

/// Three versions of each person.
fn triples(schema: &Schema, fate: Fate) -> Vec<[Record; 3]> {
    let triple = |number| {
        let base = person(number);
        let [local, remote] = fate(&base);
        [&base, &local, &remote].map(|person| row(schema, person))
    };
    (0..RECORDS).map(triple).collect()
}

fn detected(fate: Fate) -> Work {
    let schema = schema();
    let people = triples(&schema, fate);
    Box::new(move || {
        for [base, local, remote] in &people {
            black_box(detect(&schema, Sides { base, local, remote }).changes().len());
        }
    })
}

fn resolved(fate: Fate) -> Work {
    let policy = Policy::new(schema());
    let people = triples(policy.schema(), fate);
    Box::new(move || {
        for [base, local, remote] in &people {
            let changes = detect(policy.schema(), Sides { base, local, remote });
            black_box(resolve(&policy, &changes, None).resolutions.len());
        }
    })
}

fn planned(fate: Fate) -> Work {
    let policy = Policy::new(schema());
    let people = (0..).zip(triples(policy.schema(), fate));
    let people: Vec<_> = people.map(|(number, triple)| loaded(&policy, number, triple)).collect();
    Box::new(move || {
        for (remote, loaded) in &people {
            black_box(plan_linked(&policy, remote, loaded).is_some());
        }
    })
}

/// People whom nobody knows yet, and with whom nothing is wrong.
fn creations() -> Work {
    let policy = Policy::new(schema());
    let new = |number| {
        let record = row(policy.schema(), &person(number));
        RemoteRecord::new(id(number), record)
    };
    let people: Vec<_> = (0..RECORDS).map(new).collect();
    Box::new(move || {
        for remote in &people {
            black_box(plan_creation(&policy, remote).expect("nothing is wrong with them"));
        }
    })
}

/// What every line of a listing costs, on every night.
fn lines_read() -> Work {
    let schema = schema();
    let names = || schema.fields().iter().map(|field| field.name().to_owned());
    let line = |number| {
        let mut fields: serde_json::Map<_, _> = names().zip(person(number).map(serde_json::Value::from)).collect();
        fields.insert("id".to_owned(), id(number).to_string().into());
        serde_json::Value::from(fields).to_string()
    };
    let lines: Vec<String> = (0..RECORDS).map(line).collect();
    Box::new(move || {
        for line in &lines {
            let mut line = serde_json::Deserializer::from_str(line);
            let keyed = schema.seed().keyed("id").deserialize(&mut line).expect("a line is a record");
            black_box(keyed.id.is_some());
        }
    })
}

/// A person as a store would have loaded them.
fn loaded(policy: &Policy, number: usize, [base, local, remote]: [Record; 3]) -> (RemoteRecord, Loaded) {
    let id = id(number);
    let seen = base.fingerprint();
    let revision = Revision(if local == base { 1 } else { 2 });
    let loaded = Loaded::new(id.clone(), revision, local)
        .base(Base::new(base, policy.schema().fingerprint()))
        .synced(Synced::new(Revision(1), seen, policy.fingerprint()));
    (RemoteRecord::new(id, remote), loaded)
}

fn id(number: usize) -> ExternalId {
    ExternalId::new(format!("F-{number:06}")).expect("a short text is an id")
}

fn fingerprints() -> Work {
    let people = triples(&schema(), unchanged);
    Box::new(move || {
        for [base, ..] in &people {
            black_box(base.fingerprint());
        }
    })
}

/// What a night without news costs, beside what reading costs: the core, a listing and a store in memory.
fn run_unchanged() -> Work {
    let policy = Policy::new(schema());
    let names: Vec<String> = policy.schema().fields().iter().map(|field| field.name().to_owned()).collect();
    let listed = (0..LISTED).map(|number| {
        let fields: serde_json::Map<_, _> =
            names.iter().cloned().zip(person(number).map(serde_json::Value::from)).collect();
        (id(number).to_string(), fields)
    });
    let listed: Vec<_> = listed.collect();
    let listing = Listing::of(policy.schema(), listed.iter().map(|(id, fields)| (id.as_str(), fields)));
    let listing = listing.expect("each is a record");
    let store = MemoryStore::new(policy.schema().clone());
    let mut night = 0;
    let mut run = move || -> Report {
        night += 1;
        let run = RunId::new(format!("night-{night:06}")).expect("a short text is an id");
        let step = Run::new(policy.clone(), run, DateTime::UNIX_EPOCH).start();
        drive_blocking(step, &listing, &store).expect("nothing fails in memory").report
    };
    assert_eq!(run().counts.created, LISTED as u64);
    assert_eq!(run().counts.unchanged, LISTED as u64);
    Box::new(move || {
        black_box(run());
    })
}
