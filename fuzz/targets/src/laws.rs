//! Detection and resolution: nothing panics, what agrees is no change, what was decided is not decided once more, and
//! everything has a reason.
//!
//! The input is bytes from which a case is made.

use arbitrary::{Arbitrary, Unstructured};
use tripartite::arbitrary::Case;
use tripartite::detect::{Sides, detect};
use tripartite::resolve::{Decision, Resolved, resolve};
use tripartite::schema::{Policy, Schema, Unit};
use tripartite::value::{FieldRef, Record};

/// The body of the target.
pub fn run(data: &[u8]) {
    let Ok(case) = Case::arbitrary(&mut Unstructured::new(data)) else { return };
    let (schema, policy) = (&case.schema, Policy::new(case.schema.clone()));
    let changes = detect(schema, case.sides());
    assert_eq!(changes.changes(), detect(schema, case.sides()).changes(), "the same sides have the same changes");
    for unit in changes.changes().iter().map(|change| change.unit) {
        assert!(!is_in_sync(schema, case.sides(), unit), "{} is in sync", schema.unit_name(unit));
    }
    let resolved = resolve(&policy, &changes, None);
    for resolution in &resolved.resolutions {
        assert!(!resolution.why(schema).is_empty());
    }
    taken_is_the_same(schema, &resolved, &case.remote);
    decided_once(&policy, &resolved, &case.remote);
    for record in [&case.base, &case.local, &case.remote, &resolved.local(), &resolved.base()] {
        read_as_written(schema, record);
    }
}

/// Whether all fields of a unit are stated, and say the same.
fn is_in_sync(schema: &Schema, sides: Sides<'_>, unit: Unit) -> bool {
    schema.members(&unit).iter().all(|&position| {
        let [base, local, remote] = [sides.base, sides.local, sides.remote].map(|record| record.field(position));
        let is_stated = ![base, local, remote].iter().any(|field| field.is_missing());
        let is_read = schema.canonical(position, base).is_ok();
        is_stated && is_read && schema.same(position, base, local) && schema.same(position, base, remote)
    })
}

/// What was taken from the source says the same here, also where its canonical form was written.
fn taken_is_the_same(schema: &Schema, resolved: &Resolved<'_>, remote: &Record) {
    let local = resolved.local();
    for resolution in resolved.resolutions.iter().filter(|resolution| resolution.decision == Decision::TookRemote) {
        for position in resolution.fields.iter().map(|effect| effect.position) {
            let (said, here) = (remote.field(position), local.field(position));
            // Of a map, what the source leaves out may stay.
            let is_whole = !schema.fields()[position].kind().is_granular();
            let is_read = is_whole && !said.is_missing() && schema.canonical(position, said).is_ok();
            // A host has no missing values: what was never entered is empty.
            let here = if here.is_missing() { FieldRef::NULL } else { here };
            assert!(!is_read || schema.same(position, here, said), "{resolution:?}");
        }
    }
}

/// The next night finds nothing to write, and holds open what was held open.
fn decided_once(policy: &Policy, resolved: &Resolved<'_>, remote: &Record) {
    let (base, local) = (resolved.base(), resolved.local());
    let changes = detect(policy.schema(), Sides { base: &base, local: &local, remote });
    let again = resolve(policy, &changes, None);
    assert!(!again.writes_local(), "{:?}, after {:?}", again.resolutions, resolved.resolutions);
    assert_eq!(again.is_open(), resolved.is_open(), "{:?}, after {:?}", again.resolutions, resolved.resolutions);
    let after = again.base();
    for position in 0..base.len() {
        let is_same = is_the_same(policy.schema(), position, &base, &after);
        assert!(is_same, "field {position}: {:?}, after {:?}", again.resolutions, resolved.resolutions);
    }
}

/// Whether a field says the same in both, in any spelling.
fn is_the_same(schema: &Schema, position: usize, one: &Record, other: &Record) -> bool {
    let (one, other) = (one.field(position), other.field(position));
    one.is_missing() == other.is_missing() && (schema.same(position, one, other) || one.to_value() == other.to_value())
}

fn read_as_written(schema: &Schema, record: &Record) {
    let written = serde_json::to_value(schema.named(record)).expect("a record can be written");
    let read = schema.record(&written).expect("and read");
    assert_eq!(serde_json::to_value(schema.named(&read)).expect("and written"), written);
}
