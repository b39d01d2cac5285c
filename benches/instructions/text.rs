//! The normalisers, each on 100 values that need it.

use std::hint::black_box;

use tripartite::schema::{Field, Kind, Schema};
use tripartite::value::Record;

use super::{Case, Work};

pub(super) const CASES: &[Case] = &[
    ("normalize/name", || canonical(Kind::Name, |n| format!("  SEA\u{301}N  O\u{b4}Briain {n}"))),
    ("normalize/text", || canonical(Kind::Text, |n| format!(" A\u{301} note,   number {n} "))),
    ("normalize/email", || canonical(Kind::Email, |n| format!(" Member.{n}@Example.ORG "))),
    ("normalize/phone", || canonical(phone(), |n| format!("(087) {:03}-{:04}", 100 + n, n * 37))),
    ("normalize/phone_abroad", || canonical(phone(), |n| format!("+44 20 7946 {n:04}"))),
    ("normalize/date", || canonical(Kind::DATE, |n| format!("{}-{:02}-03", 1950 + n % 60, 1 + n % 12))),
    ("normalize/address", || canonical(Kind::Address, |n| format!("{n} Main Street,Ballybeg ,  Co. Mayo"))),
];

const VALUES: usize = 100;

fn phone() -> Kind {
    Kind::Phone { region: "IE".parse().expect("IE is a region") }
}

fn canonical(kind: Kind, spelled: fn(usize) -> String) -> Work {
    let schema = Schema::builder().field(Field::new("value", kind)).build().expect("one field is a schema");
    let record = |n| schema.record(&serde_json::json!({ "value": spelled(n) })).expect("a text is a record");
    let values: Vec<Record> = (0..VALUES).map(record).collect();
    Box::new(move || {
        for record in &values {
            black_box(schema.canonical(0, record.field(0)).is_ok());
        }
    })
}
