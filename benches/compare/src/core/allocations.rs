//! What detection allocates: nothing, for everybody of the workload to whom nothing happened.

use allocation_counter::measure;
use tripartite::detect::detect;

use super::crowd::{self, sides};
use crate::effort::Effort;
use crate::people::{Fate, SEED, Versions};
use crate::row::{Measured, Row, Target};

const TABLE: &str = "Allocations of detection, in all";

pub(crate) fn rows(effort: &Effort) -> Vec<Row> {
    let schema = crowd::schema();
    let mut allocations = [0_u64; 4];
    for number in 0..effort.people() {
        let versions = Versions::of(SEED, number);
        let triple = versions.all().map(crowd::record);
        let count = measure(|| drop(detect(&schema, sides(&triple)))).count_total;
        allocations[versions.fate as usize] += count;
    }
    let row = |(fate, name, target): (Fate, &str, _)| Row {
        table: TABLE,
        name: name.to_owned(),
        measured: Measured::Count(allocations[fate as usize] as f64),
        against: None,
        target,
    };
    [
        (Fate::Unchanged, "of unchanged people", Some(Target::AtMost(0.0))),
        (Fate::Respelled, "of people spelled differently", Some(Target::AtMost(0.0))),
        (Fate::Changed, "of people changed on one side", None),
        (Fate::Conflicting, "of people changed on both sides", None),
    ]
    .map(row)
    .into()
}
