//! What objects come to, and how a conflict inside one is told on replay.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::Strategy as Generate;
use serde_json::{Value as Json, json};
use tripartite::audit::AuditEntry;
use tripartite::detect::{Clash, Sides, Verdict, detect};
use tripartite::resolve::{Decision, resolve};
use tripartite::schema::Policy;
use tripartite::store::ConflictChange;
use tripartite::value::{Record, Value};

use super::{map_policy, now, object};
use crate::support::{PLAIN, carry_out, cases, decide, linked, record, schema};

/// Objects two levels deep, over few keys and values, so that they collide.
fn any_object() -> impl Generate<Value = Json> {
    let leaf = prop_oneof![
        3 => (0i64..3).prop_map(Json::from),
        1 => (0i64..3).prop_map(|n| json!(n as f64)),
        2 => (0usize..3).prop_map(|at| json!(["Seán", " Seán ", "Áine"][at])),
        1 => Just(Json::Null),
    ];
    let keys = |value: BoxedStrategy<Json>| {
        proptest::collection::btree_map((0usize..3).prop_map(|at| ["a", "b", "c/d"][at].to_owned()), value, 0..4)
            .prop_map(|map| Json::Object(map.into_iter().collect()))
    };
    let leaf = leaf.boxed();
    keys(prop_oneof![3 => leaf.clone(), 1 => keys(leaf).boxed()].boxed())
}

/// A base, if there is one, and what stands here and at the source.
fn any_sides() -> impl Generate<Value = (Option<Json>, Json, Json)> {
    (proptest::option::of(any_object()), any_object(), any_object())
}

/// All leaves of an object by their paths; null is as good as not there.
fn leaves(json: &Json) -> BTreeMap<String, Json> {
    fn walk(path: &str, json: &Json, out: &mut BTreeMap<String, Json>) {
        match json {
            Json::Object(map) => map.iter().for_each(|(key, json)| walk(&format!("{path}/{key}"), json, out)),
            Json::Null => {}
            other => {
                out.insert(path.to_owned(), other.clone());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk("", json, &mut out);
    out
}

proptest! {
    #![proptest_config(cases(256))]

    /// A key that only the host knows stays, under every strategy.
    #[test]
    fn a_key_only_the_host_knows_stays((base, local, remote) in any_sides(), which in 0..PLAIN.len()) {
        let policy = map_policy(PLAIN[which]);
        let schema = policy.schema();
        let mut mine = local.clone();
        mine["only here"] = json!("mine");
        let loaded = linked(schema, base.as_ref().map(|base| object(schema, base)), object(schema, &mine));
        let after = decide(&policy, &loaded, &object(schema, &remote));
        prop_assert_eq!(&now(schema, &after.local)["only here"], &json!("mine"));
    }

    /// A collision inside an object is held open at its path; everything else is merged, and a replay changes nothing.
    #[test]
    fn a_collision_leaves_the_rest_merged(
        base in proptest::option::of(any_object()),
        local in any_object(),
        remote in any_object(),
    ) {
        let policy = map_policy("merge");
        let schema = policy.schema();
        let with = |json: &Json, at: i64, added: &str| {
            let mut json = json.clone();
            json["clash"] = json!(at);
            json[added] = json!(added);
            json
        };
        let known = base.as_ref().map(|base| {
            let mut base = base.clone();
            base["clash"] = json!(1);
            object(schema, &base)
        });
        let local = object(schema, &with(&local, 2, "added here"));
        let remote = object(schema, &with(&remote, 3, "added there"));
        let loaded = linked(schema, known, local);
        let after = decide(&policy, &loaded, &remote);
        let [ConflictChange::Open(open)] = &after.op.conflicts[..] else { panic!("one conflict") };
        prop_assert!(open.paths.contains(&"/clash".to_owned()));
        let result = now(schema, &after.local);
        prop_assert_eq!(&result["clash"], &json!(2), "the value here stays");
        prop_assert_eq!(&result["added here"], &json!("added here"));
        prop_assert_eq!(&result["added there"], &json!("added there"), "the rest is merged");

        let mut again = linked(schema, Some(after.base.clone()), after.local.clone());
        again.open.clone_from(&after.open);
        let replay = decide(&policy, &again, &remote);
        prop_assert_eq!(&replay.local, &after.local, "a replay changes nothing here");
        prop_assert!(replay.op.conflicts.iter().all(|c| matches!(c, ConflictChange::Update(_))), "nor opens another");
        let third = carry_out(schema, &again, replay.op);
        let mut again = linked(schema, Some(third.base.clone()), third.local.clone());
        again.open.clone_from(&third.open);
        let replay = decide(&policy, &again, &remote);
        prop_assert!(replay.op.is_silent(), "and then all is quiet");
    }

    /// P1 inside objects: a leaf that differs from the one before was the base's, or stands in the audit.
    #[test]
    fn no_leaf_is_lost_in_silence((base, local, remote) in any_sides(), which in 0..PLAIN.len()) {
        let policy = map_policy(PLAIN[which]);
        let schema = policy.schema();
        let known = base.as_ref().map(|base| object(schema, base));
        let before = object(schema, &local);
        let after = decide(&policy, &linked(schema, known.clone(), before.clone()), &object(schema, &remote));
        let (was, is) = (leaves(&now(schema, &before)), leaves(&now(schema, &after.local)));
        let was_base = known.map(|base| leaves(&now(schema, &base))).unwrap_or_default();
        let audited = after.op.entries.iter().any(|entry| matches!(entry, AuditEntry::Field(entry) if entry.local == value_of(&before)));
        for (path, value) in was.iter().filter(|(path, value)| is.get(*path) != Some(*value)) {
            prop_assert!(audited || was_base.get(path) == Some(value), "{path} is lost");
        }
    }

    /// P2 inside objects: what the source did not move stays, unless it is enforced.
    #[test]
    fn an_object_the_source_did_not_touch_stays(base in any_object(), local in any_object(), which in 0..PLAIN.len()) {
        prop_assume!(PLAIN[which] != "enforced");
        let policy = map_policy(PLAIN[which]);
        let schema = policy.schema();
        let loaded = linked(schema, Some(object(schema, &base)), object(schema, &local));
        let after = decide(&policy, &loaded, &object(schema, &base));
        prop_assert_eq!(after.local, loaded.local);
    }

    /// P3 inside objects: what the host did not touch follows the source.
    #[test]
    fn an_object_the_host_did_not_touch_follows(base in any_object(), remote in any_object(), which in 0..PLAIN.len()) {
        prop_assume!(!["local_owned", "fill_only"].contains(&PLAIN[which]));
        let policy = map_policy(PLAIN[which]);
        let schema = policy.schema();
        let base = object(schema, &base);
        let after = decide(&policy, &linked(schema, Some(base.clone()), base), &object(schema, &remote));
        prop_assert_eq!(now(schema, &after.local), now(schema, &object(schema, &remote)));
    }

    /// P5 inside objects: decided once is decided.
    #[test]
    fn an_object_is_at_rest_after_one_night((base, local, remote) in any_sides(), which in 0..PLAIN.len()) {
        let policy = map_policy(PLAIN[which]);
        let schema = policy.schema();
        let known = base.as_ref().map(|base| object(schema, base));
        let remote = object(schema, &remote);
        let once = decide(&policy, &linked(schema, known, object(schema, &local)), &remote);
        let mut again = linked(schema, Some(once.base.clone()), once.local.clone());
        again.open.clone_from(&once.open);
        let twice = decide(&policy, &again, &remote);
        prop_assert_eq!(now(schema, &twice.local), now(schema, &once.local));
        prop_assert_eq!(now(schema, &twice.base), now(schema, &once.base));
        prop_assert!(!twice.op.conflicts.iter().any(|change| matches!(change, ConflictChange::Open(_))));
    }
}

fn value_of(record: &Record) -> Value {
    record.field(0).to_value()
}

/// A conflict that a first-sync policy left to a person is not decided by the source's default the night after.
#[test]
fn a_first_sync_review_inside_an_object_stays_open() {
    let spec = json!({"strategy": "remote_wins", "first_sync": "review", "fields": {"f": {"kind": "map"}, "g": {"kind": "text"}}});
    let policy = Policy::new(schema(spec));
    let schema = policy.schema();
    let remote = record(schema, json!({"f": {"a": 2}, "g": "x"}));
    let first = decide(&policy, &linked(schema, None, record(schema, json!({"f": {"a": 1}, "g": "x"}))), &remote);
    assert_eq!(first.open.len(), 1, "a person is to decide");
    // Somebody edits another field, so the record is looked at again.
    let edited = record(schema, json!({"f": {"a": 1}, "g": "y"}));
    let mut again = linked(schema, Some(first.base), edited);
    again.open = first.open;
    let second = decide(&policy, &again, &remote);
    assert_eq!(now(schema, &second.local), json!({"a": 1}), "nobody has decided");
    assert_eq!(second.open.len(), 1);
}

/// What is decided as one inside a record is one there, too: a conflict stands at its path, and nothing of it is merged.
#[test]
fn an_atomic_record_inside_a_record_is_decided_whole() {
    let home = json!({"kind": "record", "atomic": true, "fields": {"street": "text", "town": "text"}});
    let person = json!({"kind": "record", "fields": {"home": home}});
    let policy = Policy::new(schema(json!({"strategy": "merge", "fields": {"f": person}})));
    let schema = policy.schema();
    let of = |street: &str, town: &str| object(schema, &json!({"home": {"street": street, "town": town}}));
    let local = of("2 Main St", "Bray");
    let after =
        decide(&policy, &linked(schema, Some(of("1 Main St", "Bray")), local.clone()), &of("1 Main St", "Cork"));
    assert_eq!(after.local, local);
    assert_eq!(after.open.iter().map(|open| &open.paths[..]).collect::<Vec<_>>(), [["/home".to_owned()]]);
}

/// An object that both sides entered, each with keys of its own, is merged and has the source's as its base.
#[test]
fn an_object_that_both_sides_entered_has_a_base() {
    let policy = map_policy("merge");
    let schema = policy.schema();
    let (local, remote) = (object(schema, &json!({"o": {"a": 1}})), object(schema, &json!({"o": {"b": 2}})));
    for base in [json!({}), json!({"o": null}), json!({"o": {}})] {
        let after = decide(&policy, &linked(schema, Some(object(schema, &base)), local.clone()), &remote);
        assert_eq!(after.local, object(schema, &json!({"o": {"a": 1, "b": 2}})), "{base}");
        assert_eq!(after.base, remote, "{base}");
    }
}

/// Both sides took one key away, and only the host changed another: nothing collides, so nothing was kept against the
/// source.
#[test]
fn a_merge_that_writes_nothing_is_a_merge() {
    let policy = map_policy("merge");
    let schema = policy.schema();
    let of = |json: Json| object(schema, &json);
    let local = of(json!({"a": 2}));
    let after =
        decide(&policy, &linked(schema, Some(of(json!({"a": 1, "b": 1}))), local.clone()), &of(json!({"a": 1})));
    let [AuditEntry::Field(entry)] = &after.op.entries[..] else { panic!("one entry") };
    assert_eq!((&entry.verdict, entry.decision), (&Verdict::Conflict(Clash::BothChanged), Decision::Merged));
    assert_eq!(after.local, local);
}

/// A base of nothing stays one while all that the source said is open, so the same conflict is told the same way.
#[test]
fn a_conflict_on_a_base_of_nothing_is_told_the_same_on_replay() {
    let policy = map_policy("merge");
    let schema = policy.schema();
    for (base, local, remote) in [
        (json!(null), json!({"a": 1}), json!({"a": 2})),
        (json!(null), json!({"o": {"a": 1}}), json!({"o": {"a": 2}})),
        (json!({"o": null}), json!({"o": {"a": 1}}), json!({"o": {"a": 2}})),
        (json!({"o": {}}), json!({"o": {"a": 1}}), json!({"o": {"a": 2}})),
    ] {
        let (base, remote) = (object(schema, &base), object(schema, &remote));
        let first = decide(&policy, &linked(schema, Some(base.clone()), object(schema, &local)), &remote);
        assert_eq!(first.base, base, "nothing was decided");
        let mut again = linked(schema, Some(first.base), first.local);
        again.open = first.open;
        let replay = decide(&policy, &again, &remote);
        assert!(replay.op.is_silent(), "{:?} {:?}", replay.op.conflicts, replay.op.entries);
    }
    let base = object(schema, &json!(null));
    let empty =
        decide(&policy, &linked(schema, Some(base), object(schema, &json!({"a": 1}))), &object(schema, &json!({})));
    assert_eq!(value_of(&empty.base), Value::Map(BTreeMap::new()), "what was said and is not open is the base");
}

/// The rest of an object gets its base while a key is open; the conflict is told as before.
#[test]
fn a_conflict_inside_an_object_is_told_the_same_on_replay() {
    let policy = map_policy("merge");
    let schema = policy.schema();
    for (base, local, remote, clash) in [
        (json!(null), json!({"a": 1}), json!({"a": 2, "c": 3}), Clash::BothSet),
        (json!({}), json!({"a": 1}), json!({"a": 2, "c": 3}), Clash::BothSet),
        (json!({"b": 0}), json!({"a": 1, "b": 0}), json!({"a": 2, "b": 1}), Clash::BothSet),
        (json!({"a": 0}), json!({"a": 1}), json!({"a": 2, "c": 3}), Clash::BothChanged),
        (json!({"a": 0}), json!({"a": 1}), json!({"c": 3}), Clash::BothChanged),
    ] {
        let remote = object(schema, &remote);
        let first = decide(&policy, &linked(schema, Some(object(schema, &base)), object(schema, &local)), &remote);
        assert_eq!(first.open.iter().map(|open| open.clash).collect::<Vec<_>>(), [clash], "{base}");
        let changes = detect(schema, Sides { base: &first.base, local: &first.local, remote: &remote });
        let replay = resolve(&policy, &changes, None);
        assert_eq!(replay.resolutions[0].verdict, Verdict::Conflict(clash), "{base}");
    }
}

/// What a person left open stays open when the strategy is a fallback, too, whatever the source does elsewhere.
#[test]
fn an_open_conflict_closes_when_only_one_side_still_differs() {
    let policy = Policy::new(schema(json!({"strategy": "merge", "fields": {"f": {"kind": "text"}}})));
    let schema = policy.schema();
    let of = |text: &str| record(schema, json!({ "f": text }));
    let first = decide(&policy, &linked(schema, Some(of("a")), of("x")), &of("y"));
    for (local, remote, change, says) in [
        ("x", "y", "", "a replay changes nothing"),
        ("x", "z", "update", "the source moved on"),
        ("w", "y", "update", "the user moved on"),
        ("y", "y", "close", "the sides agree"),
        ("x", "a", "close", "the source went back, only the host differs"),
        ("a", "y", "close", "the host went back, only the source differs"),
    ] {
        let mut loaded = linked(schema, Some(first.base.clone()), of(local));
        loaded.open.clone_from(&first.open);
        let next = decide(&policy, &loaded, &of(remote));
        let found = match &next.op.conflicts[..] {
            [] => "",
            [ConflictChange::Open(_)] => "open",
            [ConflictChange::Update(_)] => "update",
            [ConflictChange::Close { .. }] => "close",
            _ => "many",
        };
        assert_eq!(found, change, "{says}");
    }
}

/// What an open conflict holds was reported: leaving it out under `cleared_if_reported` empties it, so that only the host
/// has a value. Without an opinion nothing is known about the conflict's end.
#[test]
fn an_open_conflict_closes_when_the_source_leaves_out_what_it_had() {
    let fields = json!({"f": {"kind": "text"}, "g": {"kind": "text"}, "h": {"kind": "text", "absent": "no_opinion"}});
    for (absent, groups, unit, closes) in [
        ("cleared_if_reported", json!({}), json!({"f": "y"}), true),
        ("no_opinion", json!({}), json!({"f": "y"}), false),
        ("cleared_if_reported", json!({}), json!({"h": "y"}), false),
        ("cleared_if_reported", json!({"pair": ["f", "g"]}), json!({"f": "y", "g": "z"}), true),
        ("cleared_if_reported", json!({"pair": ["f", "h"]}), json!({"f": "y", "h": "z"}), false),
        ("cleared_if_reported", json!({"pair": ["f", "h"]}), json!({"f": "y", "h": ""}), true),
    ] {
        for base in [Some(json!({"f": null, "g": null, "h": null})), None] {
            let spec = json!({"strategy": "merge", "absent": absent, "fields": fields, "groups": groups});
            let policy = Policy::new(schema(spec));
            let schema = policy.schema();
            let says = format!("{absent}, {unit}, {base:?}");
            let local = record(schema, json!({"f": "x", "g": "x", "h": "x"}));
            let base = base.map(|base| record(schema, base));
            let first = decide(&policy, &linked(schema, base, local.clone()), &record(schema, unit.clone()));
            assert_eq!(first.open.len(), 1, "{says}");
            let mut loaded = linked(schema, Some(first.base), local.clone());
            loaded.open = first.open;
            let left_out = decide(&policy, &loaded, &schema.missing());
            assert_eq!(left_out.open.is_empty(), closes, "{says}");
            assert_eq!(left_out.local, local, "{says}: nothing here moves");
            loaded.open = left_out.open;
            assert!(decide(&policy, &loaded, &schema.missing()).op.is_silent(), "{says}: and all is quiet");
        }
    }
}

/// P7 for open conflicts: another spelling of the same is no news.
#[test]
fn an_open_conflict_is_not_updated_by_another_spelling() {
    let spec = json!({"strategy": "merge", "fields": {"f": {"kind": "email"}, "g": {"kind": "name"}, "h": {"kind": "phone", "region": "IE"}}, "groups": {"pair": ["g", "h"]}});
    let policy = Policy::new(schema(spec));
    let schema = policy.schema();
    let of = |mail: &str, name: &str, phone: &str| record(schema, json!({"f": mail, "g": name, "h": phone}));
    let remote = of("y@example.org", "O'Brien", "087 123 4567");
    let loaded = linked(schema, Some(of("a@b.ie", "A", "087 1111111")), of("x@example.org", "X", "087 222 2222"));
    let first = decide(&policy, &loaded, &remote);
    assert_eq!(first.open.len(), 2);
    let mut again = linked(schema, Some(first.base), of("X@Example.org", "X ", "+353 87 222 2222"));
    again.open = first.open;
    let next = decide(&policy, &again, &of("Y@example.ORG", "O’Brien", "+353871234567"));
    assert!(next.op.is_silent(), "{:?} {:?}", next.op.conflicts, next.op.entries);
}
