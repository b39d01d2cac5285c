//! What tuples of a group come to.

use proptest::prelude::*;
use proptest::strategy::Strategy as Generate;
use serde_json::{Map, Value as Json, json};
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
