//! What sets come to: merged by element, and nothing that is empty flips.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::Strategy as Generate;
use serde_json::{Value as Json, json};
use tripartite::audit::AuditEntry;
use tripartite::detect::{RemoteChange, Verdict};
use tripartite::schema::{Policy, Schema};
use tripartite::value::{Record, RecordBuilder, Value};

use super::{map_policy, now, object};
use crate::support::{canonical, cases, decide, linked, raw, record, schema};

fn set_policy() -> Policy {
    Policy::new(schema(json!({"strategy": "merge", "fields": {"f": {"kind": "set", "of": "email"}}})))
}

/// Members of a small club, each in two spellings.
fn any_set() -> impl Generate<Value = BTreeMap<u8, bool>> {
    proptest::collection::btree_map(0u8..6, any::<bool>(), 0..5)
}

fn members(set: &BTreeMap<u8, bool>) -> Vec<String> {
    set.iter().map(|(m, loud)| if *loud { format!("M{m}@Club.IE") } else { format!("m{m}@club.ie") }).collect()
}

fn names(schema: &Schema, record: &Record) -> BTreeSet<String> {
    match canonical(schema, 0, record.field(0)) {
        Json::Array(list) => list.into_iter().map(|name| name.as_str().unwrap().to_owned()).collect(),
        _ => BTreeSet::new(),
    }
}

/// The members of a set after a merge, and whether a conflict is open.
fn merged(
    base: Option<&BTreeMap<u8, bool>>,
    local: &BTreeMap<u8, bool>,
    remote: &BTreeMap<u8, bool>,
) -> BTreeSet<String> {
    let policy = set_policy();
    let schema = policy.schema();
    let of = |set: &BTreeMap<u8, bool>| record(schema, json!({ "f": members(set) }));
    let after = decide(&policy, &linked(schema, base.map(of), of(local)), &of(remote));
    assert!(after.open.is_empty());
    assert_eq!(after.base.field(0), of(remote).field(0), "the base is the source's, to the letter");
    names(schema, &after.local)
}

proptest! {
    #![proptest_config(cases(256))]

    /// `(L∩R) ∪ (L∖B) ∪ (R∖B)`, and without a base the union: nothing that one side added and none took away is lost,
    /// and the sides may be swapped.
    #[test]
    fn sets_merge_by_the_formula(base in proptest::option::of(any_set()), local in any_set(), remote in any_set()) {
        let got = merged(base.as_ref(), &local, &remote);
        let names = |set: &BTreeMap<u8, bool>| set.keys().map(|m| format!("m{m}@club.ie")).collect::<BTreeSet<_>>();
        let (l, r) = (names(&local), names(&remote));
        let b = base.as_ref().map(names).unwrap_or_default();
        let want: BTreeSet<String> = (l.union(&r))
            .filter(|m| (l.contains(*m) && r.contains(*m)) || !b.contains(*m))
            .cloned()
            .collect();
        prop_assert_eq!(&got, &want);
        prop_assert_eq!(merged(base.as_ref(), &remote, &local), want, "swapped");
    }

    /// What was merged is merged: another night with the same source changes nothing.
    #[test]
    fn a_merged_set_is_at_rest(base in proptest::option::of(any_set()), local in any_set(), remote in any_set()) {
        let policy = set_policy();
        let schema = policy.schema();
        let of = |set: &BTreeMap<u8, bool>| record(schema, json!({ "f": members(set) }));
        let loaded = linked(schema, base.as_ref().map(of), of(&local));
        let once = decide(&policy, &loaded, &of(&remote));
        let again = decide(&policy, &linked(schema, Some(once.base.clone()), once.local.clone()), &of(&remote));
        prop_assert_eq!(again.local, once.local);
    }
}

/// Of a set of which no member is left, null is left where a side says null, and else an empty set. In an object a key is
/// taken away where the source has taken it away.
#[test]
fn what_is_left_of_a_set_without_members_is_what_the_sides_say() {
    let alone = json!({"kind": "set", "of": "text"});
    let inside = json!({"kind": "record", "fields": {"s": alone}});
    let set = |json: &Json| object_of(&alone, json);
    let key = |json: &Json| object_of(&inside, json);
    for (local, remote, left) in [
        (json!(["a"]), json!(null), json!(null)),
        (json!(null), json!(["a"]), json!(null)),
        (json!(["a"]), json!([]), json!([])),
        (json!([]), json!(["a"]), json!([])),
    ] {
        let says = format!("{local} {remote}");
        assert_eq!(set(&json!([["a", "b"], local, remote])), left, "{says}");
        let in_object = json!([{"s": ["a", "b"]}, { "s": local }, { "s": remote }]);
        assert_eq!(key(&in_object), json!({ "s": left }), "{says}");
    }
    assert_eq!(key(&json!([{"s": ["a", "b"]}, {"s": ["a"]}, {}])), json!({}), "taken away");
}

/// What stands here after base, local and remote of a field of a kind are merged.
fn object_of(kind: &Json, sides: &Json) -> Json {
    let policy = Policy::new(schema(json!({"strategy": "merge", "fields": {"f": kind}})));
    let of = |at: usize| object(policy.schema(), &sides[at]);
    let after = decide(&policy, &linked(policy.schema(), Some(of(0)), of(1)), &of(2));
    assert!(after.open.is_empty(), "{sides}");
    raw(after.local.field(0)).unwrap()
}

/// A merged set is written as its field writes: canonically, where it says so.
#[test]
fn a_merged_set_is_written_canonically_where_the_field_says_so() {
    let sides = json!([["a@b.ie"], ["a@b.ie", "C@D.ie"], ["a@b.ie", "E@F.ie"]]);
    let mut kind = json!({"kind": "set", "of": "email"});
    assert_eq!(object_of(&kind, &sides), json!(["a@b.ie", "C@D.ie", "E@F.ie"]));
    kind["write_canonical"] = true.into();
    assert_eq!(object_of(&kind, &sides), json!(["a@b.ie", "c@d.ie", "e@f.ie"]));
}

/// An element that is none of the set's kind equals only itself, of whatever kind it is.
#[test]
fn elements_of_other_kinds_are_told_apart() {
    let local = json!([true, 1, 1.5, "n/a", ["x"], {"a": 1}, "a@b.ie", ["x"], {"a": 1}]);
    let merged = object_of(&json!({"kind": "set", "of": "email"}), &json!([["a@b.ie"], local, ["a@b.ie", "c@d.ie"]]));
    assert_eq!(merged, json!([true, 1, 1.5, "n/a", ["x"], {"a": 1}, "a@b.ie", "c@d.ie"]));
}

/// A set that stands in a record, however deep, is merged as it is where it stands alone.
#[test]
fn a_set_inside_a_record_is_merged_by_element() {
    let club = json!({"kind": "record", "fields": {"roles": {"kind": "set", "of": "name"}, "seat": "text"}});
    let spec = json!({"strategy": "merge", "fields": {"f": {"kind": "record", "fields": {"club": club}}}});
    let policy = Policy::new(schema(spec));
    let schema = policy.schema();
    let of = |roles: Json, seat: &str| object(schema, &json!({"club": {"roles": roles, "seat": seat}}));
    for (base, local, remote, merged, says) in [
        (json!(["a", "b"]), json!(["a ", "b", "c"]), json!(["b", "d"]), json!(["b", "c", "d"]), "added and taken away"),
        (json!(["a"]), json!([]), json!(["a", "d"]), json!(["d"]), "what was emptied here stays away"),
        (json!(["a"]), json!(["a", "c"]), json!(null), json!(["c"]), "emptied there"),
        (json!(null), json!(["c"]), json!(["d"]), json!(["c", "d"]), "entered on both sides"),
    ] {
        let remote = of(remote, "y");
        let after = decide(&policy, &linked(schema, Some(of(base.clone(), "x")), of(local, "x")), &remote);
        assert_eq!(raw(after.local.field(0)), Some(json!({"club": {"roles": merged, "seat": "y"}})), "{says}");
        assert_eq!(now(schema, &after.base), now(schema, &remote), "{says}");
        assert!(after.open.is_empty(), "{says}: nothing is open");
        let replay = decide(&policy, &linked(schema, Some(after.base), after.local.clone()), &remote);
        assert_eq!(replay.local, after.local, "{says}: and it is at rest");
    }
    let unbased = decide(&policy, &linked(schema, None, of(json!(["c"]), "x")), &of(json!(["d"]), "x"));
    assert_eq!(raw(unbased.local.field(0)), Some(json!({"club": {"roles": ["c", "d"], "seat": "x"}})), "the union");
}

/// In an object numbers are equal by value, however large and whichever way they are held.
#[test]
fn numbers_in_an_object_are_compared_exactly() {
    let policy = map_policy("merge");
    let schema = policy.schema();
    for (local, remote, agree) in [
        (json!(2e15), json!(2_000_000_000_000_000_i64), true),
        (json!(9_007_199_254_740_992.0), json!(9_007_199_254_740_992_i64), true),
        (json!(9_007_199_254_740_992.0), json!(9_007_199_254_740_993_i64), false),
        (json!(9_223_372_036_854_775_808.0), json!(9_223_372_036_854_775_808_u64), true),
        (json!(1.8e19), json!(18_000_000_000_000_000_000_u64), true),
        (json!(1.8e19), json!(18_000_000_000_000_000_001_u64), false),
        (json!(-0.0), json!(0), true),
    ] {
        let base = object(schema, &json!({"n": 7}));
        let after = decide(
            &policy,
            &linked(schema, Some(base), object(schema, &json!({ "n": local }))),
            &object(schema, &json!({ "n": remote })),
        );
        assert_eq!(after.open.is_empty(), agree, "{local} and {remote}");
    }
    let map = |number: Value| {
        let mut row = RecordBuilder::new(1);
        row.set(0, &Value::Map(BTreeMap::from([("n".to_owned(), number)]))).unwrap();
        now(schema, &row.finish())
    };
    assert_eq!(map(Value::Int(1 << 70)), map(Value::Float((1_u128 << 70) as f64)));
    assert_ne!(map(Value::Int((1 << 70) + 1)), map(Value::Float((1_u128 << 70) as f64)));
    assert_ne!(map(Value::Int(i128::MAX)), map(Value::Float(i128::MAX as f64)));
}

/// A blank element is no element: `[]` and `[""]` are one set, and neither is ever written into the other.
#[test]
fn a_blank_element_is_never_added_to_a_set() {
    let policy = set_policy();
    let schema = policy.schema();
    let of = |set: &Json| record(schema, json!({ "f": set }));
    for (base, local, remote, merged) in [
        (json!(["a@b.ie"]), json!(["c@d.ie"]), json!(["a@b.ie", ""]), json!(["c@d.ie"])),
        (json!(["a@b.ie"]), json!(["a@b.ie", "c@d.ie"]), json!(["", " ", null, "e@f.ie"]), json!(["c@d.ie", "e@f.ie"])),
        (
            json!(["a@b.ie"]),
            json!(["", "a@b.ie", "c@d.ie"]),
            json!(["a@b.ie", "e@f.ie"]),
            json!(["a@b.ie", "c@d.ie", "e@f.ie"]),
        ),
        (json!(null), json!(["c@d.ie"]), json!([""]), json!(["c@d.ie"])),
    ] {
        let after = decide(&policy, &linked(schema, Some(of(&base)), of(&local)), &of(&remote));
        assert_eq!(raw(after.local.field(0)), Some(merged), "{base} {local} {remote}");
        assert!(after.open.is_empty());
    }
}

/// `[]`, `[""]` and null alternate, and nothing changed: no night writes, none audits.
#[test]
fn what_is_empty_flips_on_no_night() {
    for kind in [json!({"kind": "set", "of": "text"}), json!({"kind": "list"}), json!({"kind": "map"})] {
        let mut kind = kind;
        kind["empty_means_null"] = true.into();
        let empty = match kind["kind"].as_str() {
            Some("map") => [json!(null), json!({}), json!({"a": null}), json!({"a": ""})],
            _ => [json!(null), json!([]), json!([""]), json!([null, " "])],
        };
        let policy = Policy::new(schema(json!({"strategy": "merge", "fields": {"f": kind}})));
        let of = |json: &Json| object(policy.schema(), json);
        let any = || empty.iter();
        for (base, local) in any().flat_map(|base| any().map(move |local| (base, local))) {
            for remote in any() {
                let after = decide(&policy, &linked(policy.schema(), Some(of(base)), of(local)), &of(remote));
                assert!(after.op.is_silent() && after.local == of(local), "{kind}: {base} {local} {remote}");
            }
        }
        let full = if kind["kind"] == "map" { json!({"a": 1}) } else { json!(["a"]) };
        for cleared in &empty {
            let after = decide(&policy, &linked(policy.schema(), Some(of(&full)), of(&full)), &of(cleared));
            let [AuditEntry::Field(entry)] = &after.op.entries[..] else { panic!("one entry") };
            assert_eq!(entry.verdict, Verdict::RemoteOnly(RemoteChange::Cleared), "{kind}: {cleared}");
        }
    }
}

/// What is here and is no list was entered by somebody: as an empty set it would be lost.
#[test]
fn what_is_no_list_is_not_merged_as_an_empty_one() {
    let alone = json!({"kind": "set", "of": "text"});
    let inside = json!({"kind": "record", "fields": {"s": {"kind": "set", "of": "text"}}});
    for (kind, wrap) in [(alone, false), (inside, true)] {
        let policy = Policy::new(schema(json!({"strategy": "merge", "fields": {"f": kind}})));
        let of = |json: Json| object(policy.schema(), &if wrap { json!({ "s": json }) } else { json });
        for local in [json!({"a": 1}), json!({"coach": true, "treasurer": true})] {
            for base in [Some(json!(["a"])), None] {
                let known = base.map(of);
                let remote = of(json!(["a", "b"]));
                let after = decide(&policy, &linked(policy.schema(), known.clone(), of(local.clone())), &remote);
                assert_eq!(after.local, of(local.clone()), "stays as it is");
                assert_eq!(after.open.len(), 1, "a person decides");
                let mut again = linked(policy.schema(), known, after.local);
                again.open = after.open;
                assert!(decide(&policy, &again, &remote).op.is_silent(), "once");
            }
        }
    }
}
