//! What tuples of a group come to.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::Strategy as Generate;
use serde_json::{Map, Value as Json, json};
use tripartite::detect::{Sides, detect};
use tripartite::schema::{Policy, Schema};
use tripartite::value::Record;

use super::spec;
use crate::support::words::{Word, scalar_named};
use crate::support::{PLAIN, canonical, cases, decide, linked, raw, record, schema};

fn address_policy(strategy: &str) -> Policy {
    Policy::new(schema(json!({
        "strategy": spec(strategy),
        "fields": {"street": {"kind": "address"}, "town": {"kind": "name"}, "code": {"kind": "eircode"}},
        "groups": {"home": ["street", "town", "code"]}
    })))
}

fn any_row() -> impl Generate<Value = [Word; 3]> {
    let [a, b, c] = ["address", "name", "eircode"].map(|name| scalar_named(name).sound());
    (a, b, c).prop_map(|(a, b, c)| [a, b, c])
}

/// A base, if there is one, and what stands here and at the source.
fn any_sides() -> impl Generate<Value = (Option<[Word; 3]>, [Word; 3], [Word; 3])> {
    (proptest::option::of(any_row()), any_row(), any_row())
}

fn row(schema: &Schema, words: &[Word; 3]) -> Record {
    let pairs = ["street", "town", "code"].iter().zip(words);
    let map: Map<String, Json> = pairs.map(|(name, word)| ((*name).to_owned(), word.raw.clone().unwrap())).collect();
    record(schema, Json::Object(map))
}

proptest! {
    #![proptest_config(cases(256))]

    /// No address is assembled that nobody entered: the tuple is the host's or the source's, whole.
    #[test]
    fn no_row_is_assembled((base, local, remote) in any_sides(), which in 0..PLAIN.len()) {
        let policy = address_policy(PLAIN[which]);
        let schema = policy.schema();
        let loaded = linked(schema, base.as_ref().map(|base| row(schema, base)), row(schema, &local));
        let remote = row(schema, &remote);
        let after = decide(&policy, &loaded, &remote);
        let tuple = |record: &Record| (0..3).map(|at| canonical(schema, at, record.field(at))).collect::<Vec<_>>();
        let result = tuple(&after.local);
        prop_assert!(result == tuple(&loaded.local) || result == tuple(&remote), "{:?}", result);
        let base = tuple(&after.base);
        let stayed = base == loaded.base.as_ref().map_or(tuple(&schema.missing()), |base| tuple(&base.record));
        prop_assert!(stayed || base == tuple(&remote), "the base, too, is one tuple");
    }
}

/// Of a group of which no version has anything, as of a field of which none has: what the source left out says nothing,
/// unless leaving out is clearing.
#[test]
fn a_group_that_nobody_has_is_told_of_as_a_field_is() {
    for (absent, told) in
        [("no_opinion", "NotReported"), ("cleared_if_reported", "NotReported"), ("cleared", "Adopted")]
    {
        let fields = json!({"a": {"kind": "text"}, "b": {"kind": "text"}, "c": {"kind": "text"}});
        let schema = schema(json!({"absent": absent, "fields": fields, "groups": {"pair": ["a", "b"]}}));
        let nothing = schema.missing();
        let changes = detect(&schema, Sides { base: &nothing, local: &nothing, remote: &nothing });
        let found = changes.changes().iter().map(|change| (schema.unit_name(change.unit), change.verdict.name()));
        assert_eq!(found.collect::<BTreeMap<_, _>>(), BTreeMap::from([("pair", told), ("c", told)]), "{absent}");
    }
}

/// The tuple's verdict, with `_` for what a version leaves out: a member that the source left out did not move, and one
/// without a base was null, unless the sides have two values for it.
#[test]
fn a_group_is_compared_as_one_tuple() {
    let fields = json!({"a": {"kind": "text"}, "b": {"kind": "text"}});
    let schema = schema(json!({"fields": fields, "groups": {"pair": ["a", "b"]}}));
    let of = |tuple: &str| {
        let members = ["a", "b"].into_iter().zip(tuple.chars()).filter(|(_, said)| *said != '_');
        let said = |said: char| if said == '0' { Json::Null } else { said.to_string().into() };
        record(&schema, Json::Object(members.map(|(name, value)| (name.to_owned(), said(value))).collect()))
    };
    for (base, local, remote, told, says) in [
        ("11", "11", "11", "InSync", "nothing happened"),
        ("11", "11", "22", "RemoteOnly(Changed)", "the source changed both"),
        ("11", "11", "12", "RemoteOnly(Changed)", "the source changed one"),
        ("11", "22", "11", "LocalOnly(Changed)", "the host changed both"),
        ("11", "22", "22", "Converged", "both made one change"),
        ("11", "12", "21", "Conflict(BothChanged)", "each changed another member, and the tuple is one"),
        ("11", "12", "1_", "LocalOnly(Changed)", "what the source left out did not move"),
        ("11", "11", "__", "NotReported", "the source left out all"),
        ("__", "12", "1_", "Adopted", "without a base, what the source left out is as it is here"),
        ("__", "12", "13", "Conflict(NoBase)", "nobody knows who changed it"),
        ("__", "00", "12", "RemoteOnly(Filled)", "a first tuple comes from the source"),
        ("1_", "12", "13", "Conflict(NoBase)", "nobody knows who changed the member that came later"),
        ("1_", "12", "22", "RemoteOnly(Changed)", "on the member that came later the sides agree"),
        ("1_", "10", "12", "RemoteOnly(Changed)", "only the source has the member that came later"),
        ("1_", "12", "10", "LocalOnly(Changed)", "only the host has the member that came later"),
    ] {
        let [base, local, remote] = [base, local, remote].map(of);
        let changes = detect(&schema, Sides { base: &base, local: &local, remote: &remote });
        let found = changes.changes().first().map_or("InSync".to_owned(), |change| change.verdict.to_string());
        assert_eq!(found, told, "{says}");
    }
}

/// A member on which the sides agree keeps the host's spelling, also where the source's tuple is taken.
#[test]
fn a_member_on_which_the_sides_agree_is_not_written() {
    for strategy in ["remote_wins", "enforced"] {
        let policy = address_policy(strategy);
        let of =
            |street: &str, town: &str| record(policy.schema(), json!({"street": street, "town": town, "code": ""}));
        let loaded = linked(policy.schema(), Some(of("1 Main St", "Bray")), of("1 Main St", " Bray"));
        let after = decide(&policy, &loaded, &of("2 Main St", "Bray"));
        assert_eq!(after.local, of("2 Main St", " Bray"), "{strategy}");
    }
}

/// A field that came later to a group in step, and that the source leaves out to say it is empty, has a base then.
#[test]
fn what_came_later_to_a_group_gets_its_base() {
    let fields = json!({"a": {"kind": "text"}, "b": {"kind": "text"}});
    let spec = json!({"absent": "cleared", "fields": fields, "groups": {"pair": ["a", "b"]}});
    let policy = Policy::new(schema(spec));
    let of = |json| record(policy.schema(), json);
    let loaded = linked(policy.schema(), Some(of(json!({"a": "1"}))), of(json!({"a": "1"})));
    let after = decide(&policy, &loaded, &of(json!({"a": "1"})));
    assert_eq!(raw(after.base.field(1)), Some(Json::Null));
    assert!(after.op.is_silent());
}

/// A tuple with one part that cannot be read is not written, neither at its creation nor later.
#[test]
fn a_tuple_with_nonsense_is_not_created() {
    use tripartite::plan::plan_creation;
    use tripartite::store::Action;
    let spec = json!({"fields": {"number": {"kind": "text"}, "expires": {"kind": "date"}}, "groups": {"document": ["number", "expires"]}});
    let policy = Policy::new(schema(spec));
    let schema = policy.schema();
    let remote = crate::support::said("7", record(schema, json!({"number": "P1", "expires": "2023-02-30"})));
    let op = plan_creation(&policy, &remote).unwrap();
    let Action::Create(created) = &op.action else { panic!("it is created") };
    for name in ["expires", "number"] {
        let at = schema.position(name).unwrap();
        assert_eq!(raw(created.field(at)), None, "{name}: an impossible date is never written, nor half a document");
        assert_eq!(op.base.as_ref().and_then(|base| raw(base.field(at))), None, "{name}: nor a base");
    }
}
