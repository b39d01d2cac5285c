//! Records to which the source gave another id: what moves along.

use tripartite::id::ExternalId;
use tripartite::plan::{plan_linked, plan_rekeyed};
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::source::RemoteRecord;
use tripartite::store::{Action, Base, KEPT, LEFT, Loaded, Revision, Synced};
use tripartite::value::Fingerprint;

/// A record in step, and what the source says of it under its new id.
fn in_step() -> (Policy, Loaded, RemoteRecord) {
    let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build().unwrap();
    let record = schema.record(&serde_json::json!({"phone": "1"})).unwrap();
    let loaded = Loaded::new(ExternalId::new("7").unwrap(), Revision(3), record.clone())
        .base(Base::new(record.clone(), schema.fingerprint()));
    (Policy::new(schema), loaded, RemoteRecord::new(to(), record))
}

fn to() -> ExternalId {
    ExternalId::new("IE-7").unwrap()
}

#[test]
fn what_was_in_step_stays_so_only_at_its_revision_and_under_its_policy() {
    let (policy, loaded, remote) = in_step();
    let (seen, other) = (Fingerprint::of(b"seen"), Fingerprint::of(b"another policy"));
    for (revision, under, kept) in [
        (3, policy.fingerprint(), Some(seen)),
        (2, policy.fingerprint(), None),
        (4, policy.fingerprint(), None),
        (3, other, None),
        (2, other, None),
    ] {
        let loaded = loaded.clone().synced(Synced::new(Revision(revision), seen, under));
        let op = plan_rekeyed(&policy, &to(), None, &loaded);
        assert_eq!((op.seen, &op.action, &op.remote), (kept, &Action::Touch, &None), "{revision}");
        assert_eq!((op.id, op.rekeyed.as_ref()), (to(), Some(&loaded.id)));
        // What is listed now counts, whatever was seen before.
        let op = plan_rekeyed(&policy, &to(), Some(&remote), &loaded);
        assert_eq!((op.seen, &op.action), (Some(remote.fingerprint()), &Action::Touch), "{revision}");
        assert_eq!((op.id, op.rekeyed.as_ref()), (to(), Some(&loaded.id)));
    }
}

/// Whoever approves the plan sees what the source said, also of a record that was in step.
#[test]
fn the_op_of_a_record_in_step_has_what_the_source_said() {
    let (policy, loaded, remote) = in_step();
    let loaded = loaded.synced(Synced::new(Revision(3), remote.fingerprint(), policy.fingerprint()));
    assert_eq!(plan_linked(&policy, &remote, &loaded), None, "there is nothing else to do");
    assert_eq!(plan_rekeyed(&policy, &to(), Some(&remote), &loaded).remote, Some(remote.record));
}

/// The source has named the record, so a count of listings without it starts anew. What was decided about its end stays
/// decided until it is listed.
#[test]
fn a_decision_about_its_end_moves_along_until_it_is_listed() {
    let (policy, mut loaded, remote) = in_step();
    for (missed, unlisted) in [(0, 0), (2, 0), (LEFT, LEFT), (LEFT | 2, LEFT | 2), (KEPT, KEPT), (KEPT | 9, KEPT | 9)] {
        loaded.missed = missed;
        assert_eq!(plan_rekeyed(&policy, &to(), None, &loaded).missed, unlisted, "{missed:#x}");
        assert_eq!(plan_rekeyed(&policy, &to(), Some(&remote), &loaded).missed, 0, "{missed:#x}");
    }
}

#[test]
fn a_change_under_the_new_id_is_planned_with_the_move() {
    let (policy, loaded, _) = in_step();
    let changed = policy.schema().record(&serde_json::json!({"phone": "2"})).unwrap();
    let op = plan_rekeyed(&policy, &to(), Some(&RemoteRecord::new(to(), changed)), &loaded);
    assert!(matches!(op.action, Action::Update(_)), "{:?}", op.action);
    assert_eq!((op.id, op.rekeyed), (to(), Some(loaded.id)));
}
