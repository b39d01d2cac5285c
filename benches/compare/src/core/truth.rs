//! Before anything is timed: detection says of every person of the workload what the naive way says.

use tripartite::detect::{Verdict, detect};
use tripartite::schema::Unit;

use super::crowd::{self, Triple};
use super::naive::{self, Happened};
use crate::people::{SEED, Versions};

/// Holds detection against the naive way, person by person.
pub(crate) fn check(people: u64) -> Result<(), String> {
    let schema = crowd::schema();
    for number in 0..people {
        let triple = Versions::of(SEED, number).all().map(crowd::record);
        let (found, expected) = (found(&schema, &triple), naive::happened(&triple, naive::faster));
        // The slower parser is held against it on some, for it is slow.
        if number % 100 == 0 && naive::happened(&triple, naive::common) != expected {
            return Err(format!("person {number}: the two naive ways differ"));
        }
        if found != expected {
            return Err(format!("person {number}: detection found {found:?}, the naive way {expected:?}"));
        }
    }
    Ok(())
}

fn found(schema: &tripartite::schema::Schema, triple: &Triple) -> [Happened; 6] {
    let mut found = [Happened::Nothing; 6];
    for change in detect(schema, crowd::sides(triple)).changes() {
        if let Unit::Field(position) = change.unit {
            found[position] = match change.verdict {
                Verdict::RemoteOnly(_) => Happened::Remote,
                Verdict::LocalOnly(_) => Happened::Local,
                Verdict::Conflict(_) => Happened::Conflict,
                Verdict::Converged => Happened::Converged,
                // None of these can be of a workload without gaps and nonsense: nothing the naive way says equals them.
                _ => Happened::Nothing,
            };
        }
    }
    found
}
