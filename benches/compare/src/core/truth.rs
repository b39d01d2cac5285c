//! Before anything is timed: detection says of every person of the workload what the naive way says.

use tripartite::detect::{Verdict, detect};
use tripartite::schema::{Schema, Unit};

use super::crowd::{self, Triple};
use super::naive::{self, Happened};
use crate::people::{SEED, Versions};

/// Holds detection against the naive way, person by person.
pub(crate) fn check(people: u64) -> Result<(), String> {
    let schema = crowd::schema();
    for number in 0..people {
        let triple = Versions::of(SEED, number).all().map(crowd::record);
        let found = found(&schema, &triple).map_err(|problem| format!("person {number}: {problem}"))?;
        let expected = naive::happened(&triple, naive::faster);
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

fn found(schema: &Schema, triple: &Triple) -> Result<[Happened; 6], String> {
    let mut found = [Happened::Nothing; 6];
    for change in detect(schema, crowd::sides(triple)).changes() {
        let happened = match &change.verdict {
            Verdict::RemoteOnly(_) => Happened::Remote,
            Verdict::LocalOnly(_) => Happened::Local,
            Verdict::Conflict(_) => Happened::Conflict,
            Verdict::Converged => Happened::Converged,
            other => return Err(format!("{other:?} cannot be of a workload without gaps and nonsense")),
        };
        match change.unit {
            Unit::Field(position) => found[position] = happened,
            other => return Err(format!("{other:?} cannot be of a schema of single fields")),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use tripartite::value::RecordBuilder;

    use super::*;

    #[test]
    fn detection_says_what_the_naive_way_says() {
        check(20_000).expect("they agree");
    }

    #[test]
    fn what_cannot_be_is_an_error() {
        let texts = |phone: &str| {
            let mut person = RecordBuilder::new(6);
            person.set_text(4, phone).expect("six fields fit");
            person.finish()
        };
        let triple = [texts("087 123 4567"), texts("087 123 4567"), RecordBuilder::new(6).finish()];
        assert!(found(&crowd::schema(), &triple).is_err(), "the source said nothing about a phone");
    }
}
