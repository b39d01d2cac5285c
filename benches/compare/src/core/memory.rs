//! What a record takes in memory, in this crate's form and in others, with the handle that holds it.

use allocation_counter::measure;

use super::crowd;
use crate::people::{Person, SEED, Versions};
use crate::row::{Against, Measured, Row, Target};

const TABLE: &str = "A record in memory";

/// Enough to average over names and addresses.
const PEOPLE: u64 = 10_000;

pub(crate) fn rows() -> Vec<Row> {
    let people: Vec<Person> = (0..PEOPLE).map(|number| Versions::of(SEED, number).base).collect();
    let text = people.iter().flat_map(Person::texts).map(str::len).sum::<usize>() as f64 / PEOPLE as f64;
    let row = |name: &str, bytes: f64, target| Row {
        table: TABLE,
        name: name.to_owned(),
        measured: Measured::Bytes(bytes),
        against: Some(Against { name: "its text".to_owned(), ratio: bytes / text }),
        target,
    };
    let json = |person: &Person| serde_json::to_value(person).expect("six texts are an object");
    let packed = held(&people, crowd::record);
    let million = Measured::Mebibytes(packed * 3.0 * 1e6 / 1_048_576.0);
    vec![
        Row { against: None, ..row("its text alone", text, None) },
        row("tripartite::value::Record", packed, Some(Target::AtMost(1.6))),
        Row { measured: million, against: None, ..row("three versions of a million of them", packed, None) },
        row("a struct of six strings", held(&people, Person::clone), None),
        row("serde_json::Value", held(&people, json), None),
    ]
}

/// Bytes a record, in place and allocated, without what the allocator adds.
fn held<T>(people: &[Person], make: impl Fn(&Person) -> T) -> f64 {
    let mut made = Vec::with_capacity(people.len());
    let allocated = measure(|| made.extend(people.iter().map(make))).bytes_current;
    size_of::<T>() as f64 + allocated as f64 / people.len() as f64
}
