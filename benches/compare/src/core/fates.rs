//! Detection by what happened to a person, on as many of them as there are in the workload.

use super::contender::{DETECT, FIELDS, ROWS, detected, raw_fields, raw_rows};
use super::crowd::Crowd;
use crate::effort::Effort;
use crate::people::{Fate, SEED, Versions};
use crate::rounds::{Times, timed};
use crate::row::Row;

const TABLE: &str = "Detection by what happened";

/// Among so many there are some of each fate.
const PEOPLE: u64 = 20_000;

/// Few enough that they stay in the cache: what is compared here is the work, not the memory.
const CACHED: usize = 300;

/// So many are compared in a round, the same again and again.
const COMPARED: usize = 200_000;

const FATES: [(Fate, &str); 4] = [
    (Fate::Unchanged, "unchanged"),
    (Fate::Respelled, "spelled differently"),
    (Fate::Changed, "changed on one side"),
    (Fate::Conflicting, "changed on both sides"),
];

pub(crate) fn rows(effort: &Effort) -> Vec<Row> {
    let all = Crowd::of(PEOPLE);
    let fates: Vec<Fate> = (0..PEOPLE).map(|number| Versions::of(SEED, number).fate).collect();
    let of = |fate| {
        let triples = all.triples.iter().zip(&fates).filter(|&(_, found)| *found == fate);
        Crowd { policy: all.policy.clone(), triples: triples.take(CACHED).map(|(triple, _)| triple.clone()).collect() }
    };
    FATES.iter().flat_map(|&(fate, name)| measure(&of(fate), name, effort.rounds)).collect()
}

fn measure(crowd: &Crowd, name: &str, rounds: usize) -> [Row; 3] {
    let people = &crowd.triples;
    let often = (COMPARED / people.len().max(1)).max(1);
    let (mut floor, mut whole, mut detect) = (Times::default(), Times::default(), Times::default());
    for _ in 0..rounds {
        for (times, work) in
            [(&mut floor, raw_fields as fn(&_, &_) -> usize), (&mut whole, raw_rows), (&mut detect, detected)]
        {
            times.start();
            let took = timed(|| {
                (0..often).for_each(|_| {
                    std::hint::black_box(work(crowd, people));
                })
            });
            times.add(people.len() * often, took);
        }
    }
    let row = |times: &Times, what: &str, against| Row {
        table: TABLE,
        name: format!("{what}, {name}"),
        measured: times.measured(),
        against,
        target: None,
    };
    [
        row(&floor, FIELDS, None),
        row(&whole, ROWS, Some(whole.against("the floor", &floor))),
        row(&detect, DETECT, Some(detect.against(ROWS, &whole))),
    ]
}
