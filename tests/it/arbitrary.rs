//! Cases from bytes: that the bytes decide, that nothing sound is out of reach, and that what is made is sound.

use std::collections::BTreeSet;

use arbitrary::{Arbitrary, Unstructured};
use tripartite::arbitrary::Case;
use tripartite::detect::detect;
use tripartite::resolve::resolve;
use tripartite::schema::{Kind, Policy};
use tripartite::value::{Record, Value};

use crate::support::dice::Dice;

/// As many cases as random bytes make.
fn cases(count: u64) -> impl Iterator<Item = Case> {
    (0..count).filter_map(|seed| {
        let mut dice = Dice(seed + 1);
        let bytes: Vec<u8> = (0..600).map(|_| dice.small(255)).collect();
        Case::arbitrary(&mut Unstructured::new(&bytes)).ok()
    })
}

#[test]
fn nearly_all_bytes_make_a_case() {
    assert!(cases(500).count() > 400);
}

#[test]
fn the_same_bytes_make_the_same_case() {
    let debug = |case: Case| (case.schema.fingerprint(), case.base, case.local, case.remote);
    assert!(cases(50).map(debug).eq(cases(50).map(debug)));
}

#[test]
fn every_kind_and_every_decision_is_reached() {
    let mut kinds = BTreeSet::new();
    let mut decisions = BTreeSet::new();
    let (mut in_sync, mut open) = (0, 0);
    for case in cases(1500) {
        kinds.extend(case.schema.fields().iter().map(|field| field.kind().name().to_owned()));
        let changes = detect(&case.schema, case.sides());
        in_sync += usize::from(changes.is_empty());
        let resolved = resolve(&Policy::new(case.schema.clone()), &changes, None);
        open += usize::from(resolved.is_open());
        decisions.extend(resolved.resolutions.iter().map(|resolution| format!("{:?}", resolution.decision)));
    }
    let all =
        ["address", "boolean", "code", "date", "decimal", "email", "integer", "list", "map", "name", "phone", "record"];
    assert!(all.iter().all(|kind| kinds.contains(*kind)) && kinds.len() > 13, "{kinds:?}");
    // `Entered` is a person's.
    let all = ["DriftReverted", "HeldOpen", "KeptLocal", "Merged", "Nothing", "TookRemote"];
    assert_eq!(decisions, all.map(str::to_owned).into());
    assert!(in_sync > 50 && open > 10, "{in_sync} in sync, {open} open");
}

#[test]
fn what_is_of_no_schema_is_made_from_any_bytes() {
    for length in 0..200 {
        let bytes: Vec<u8> = (0..length).map(|at| (at * 37 + length) as u8).collect();
        let u = &mut Unstructured::new(&bytes);
        assert!(Value::arbitrary(u).is_ok() && Kind::arbitrary(u).is_ok());
        assert!(Record::arbitrary(&mut Unstructured::new(&bytes)).is_ok());
    }
}
