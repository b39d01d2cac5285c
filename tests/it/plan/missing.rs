//! Records that the source no longer has: what is counted, and what is asked no more.

use tripartite::audit::Situation;
use tripartite::id::ExternalId;
use tripartite::plan::{plan_missing, plan_tombstone};
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::store::{
    Action, Base, ConflictChange, KEPT, LEFT, Loaded, OpenConflict, Presence, Revision, WHOLE_RECORD,
};

fn linked() -> (Policy, Loaded) {
    let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build().unwrap();
    let record = schema.record(&serde_json::json!({"phone": "1"})).unwrap();
    let base = Base::new(record.clone(), schema.fingerprint());
    let loaded = Loaded::new(ExternalId::new("7").unwrap(), Revision(3), record).base(base);
    (Policy::new(schema), loaded)
}

fn about(unit: &str) -> OpenConflict {
    let open = serde_json::json!({"unit": unit, "clash": "BothChanged", "paths": [], "local": "2", "remote": "3"});
    serde_json::from_value(open).unwrap()
}

#[test]
fn a_listing_without_a_record_is_counted_until_there_are_enough() {
    let (policy, mut loaded) = linked();
    for (missed, action, next, entries) in [
        (0, Action::Touch, 1, 0),
        (1, Action::Touch, 2, 0),
        (2, Action::Deactivate, LEFT | 3, 1),
        // The count stops short of the bits beside it.
        (KEPT - 1, Action::Deactivate, LEFT | (KEPT - 1), 1),
    ] {
        loaded.missed = missed;
        let op = plan_missing(&policy, &loaded, 3).unwrap();
        assert_eq!((op.situation, &op.action, op.missed), (Situation::Missing, &action, next));
        assert_eq!(op.entries.len(), entries, "what is only counted is not told of");
    }
}

/// Neither side has the record, so the question is closed. That is no end by a sync, so nothing is counted.
#[test]
fn whoever_is_removed_here_and_missing_there_is_asked_about_no_more() {
    let (policy, mut loaded) = linked();
    loaded.presence = Presence::Removed;
    assert_eq!(plan_missing(&policy, &loaded, 1), None, "nobody is asked");
    loaded.open = vec![about("phone"), about(WHOLE_RECORD)];
    for missed in [0, 2] {
        loaded.missed = missed;
        let op = plan_missing(&policy, &loaded, 1).unwrap();
        assert_eq!((op.situation, op.action, op.missed), (Situation::Missing, Action::Touch, missed));
        assert_eq!(op.conflicts, [ConflictChange::Close { unit: WHOLE_RECORD.to_owned() }]);
    }
}

/// A tombstone of a later version than the base's moves the base to its version; any other leaves it, and an older one is
/// ignored.
#[test]
fn a_tombstone_moves_the_version_of_the_base_only_forward() {
    let (policy, mut loaded) = linked();
    let base = loaded.base.clone().unwrap();
    for (stored, said, next) in [
        (None, None, Some((None, false))),
        (None, Some(1), Some((Some(1), true))),
        (Some(5), None, Some((Some(5), false))),
        (Some(5), Some(4), None),
        (Some(5), Some(5), Some((Some(5), false))),
        (Some(5), Some(6), Some((Some(6), true))),
    ] {
        loaded.base = Some(base.clone().version(stored));
        let op = plan_tombstone(&policy, &loaded, said);
        assert!(op.iter().all(|op| op.base.as_ref().is_none_or(|written| *written == base.record)), "as it was");
        assert_eq!(op.map(|op| (op.version, op.base.is_some())), next, "{stored:?} {said:?}");
    }
    loaded.base = None;
    let op = plan_tombstone(&policy, &loaded, Some(6)).unwrap();
    assert_eq!((op.version, op.base), (None, None), "there is no base to move");
}

/// Of a record that was never in step, everything filled may be a user's: a person is asked, about these fields.
#[test]
fn without_a_base_what_is_filled_is_asked_about() {
    let schema = Schema::builder().field(Field::new("phone", Kind::Text)).field(Field::new("fax", Kind::Text));
    let policy = Policy::new(schema.build().unwrap());
    for (local, situation, named) in [
        (serde_json::json!({"phone": "1", "fax": ""}), Situation::DeleteVsEdit, "edited phone;"),
        (serde_json::json!({"phone": " "}), Situation::Missing, "marked inactive"),
    ] {
        let local = policy.schema().record(&local).unwrap();
        let op = plan_missing(&policy, &Loaded::new(ExternalId::new("7").unwrap(), Revision(3), local), 1).unwrap();
        assert_eq!((op.situation, op.conflicts.len()), (situation, usize::from(situation == Situation::DeleteVsEdit)));
        assert!(format!("{:?}", op.entries).contains(named), "{:?}", op.entries);
    }
}
