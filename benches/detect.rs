//! Detection on 100,000 people: the mixed workload of a night, against comparing the same rows' bytes.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tripartite::detect::{Sides, detect};
use tripartite::schema::{Field, Kind, Schema};
use tripartite::value::{Record, RecordBuilder};

const PEOPLE: usize = 100_000;

type Triple = [Record; 3];

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

/// A small generator of its own (SplitMix64), so that every run has the same people.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

fn row(fields: &[String; 6]) -> Record {
    let mut row = RecordBuilder::new(6);
    for (position, text) in fields.iter().enumerate() {
        row.set_text(position, text).expect("six fields fit");
    }
    row.finish()
}

fn person(dice: &mut Dice) -> [String; 6] {
    const FIRST: [&str; 8] = ["Seán", "Áine", "Niamh", "Oisín", "Ciara", "Pádraig", "Mary", "John"];
    const LAST: [&str; 8] = ["Ó Briain", "O'Neill", "Ní Dhomhnaill", "Walsh", "Murphy", "Byrne", "Kowalska", "Okafor"];
    let (first, last) = (FIRST[dice.roll(8) as usize], LAST[dice.roll(8) as usize]);
    let number = dice.roll(10_000_000);
    [
        first.to_owned(),
        last.to_owned(),
        format!("{}-{:02}-{:02}", 1950 + dice.roll(60), 1 + dice.roll(12), 1 + dice.roll(28)),
        format!("{}.{number}@example.org", first.to_lowercase()),
        format!("087 {:03} {:04}", number / 10_000, number % 10_000),
        format!("{} Main Street, Ballybeg, Co. Mayo", 1 + dice.roll(200)),
    ]
}

/// 98 % unchanged, one in ten of them in another spelling; 1.5 % changed on one side, 0.5 % on both.
fn people(unchanged_only: bool) -> Vec<Triple> {
    let mut dice = Dice(42);
    let mut triple = || {
        let base = person(&mut dice);
        let (mut local, mut remote) = (base.clone(), base.clone());
        match if unchanged_only { 999 } else { dice.roll(1000) } {
            0..5 => {
                local[4] = "087 111 1111".to_owned();
                remote[4] = "087 222 2222".to_owned();
            }
            5..20 => remote[5] = "1 New Road, Ballybeg, Co. Mayo".to_owned(),
            20..118 => remote[3] = remote[3].to_uppercase(),
            _ => {}
        }
        [row(&base), row(&local), row(&remote)]
    };
    (0..PEOPLE).map(|_| triple()).collect()
}

fn raw_equality(people: &[Triple]) -> usize {
    let equal = |[base, local, remote]: &&Triple| {
        (0..6).all(|at| base.field(at) == local.field(at) && base.field(at) == remote.field(at))
    };
    people.iter().filter(equal).count()
}

fn detected(schema: &Schema, people: &[Triple]) -> usize {
    people.iter().map(|[base, local, remote]| detect(schema, Sides { base, local, remote }).changes().len()).sum()
}

fn benches(c: &mut Criterion) {
    let schema = schema();
    let mut group = c.benchmark_group("detect");
    group.throughput(Throughput::Elements(PEOPLE as u64)).sample_size(20);
    for (name, people) in [("mixed", people(false)), ("unchanged", people(true))] {
        group.bench_with_input(BenchmarkId::new("raw_equality", name), &people, |b, people| {
            b.iter(|| black_box(raw_equality(people)));
        });
        group.bench_with_input(BenchmarkId::new("detect", name), &people, |b, people| {
            b.iter(|| black_box(detected(&schema, people)));
        });
    }
    group.finish();
}

criterion_group!(detection, benches);
criterion_main!(detection);
