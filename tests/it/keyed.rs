//! Sets of records as people have them: what a schema says of them, what makes one invalid, and what a person decides.

mod decided;
mod kubernetes;

use serde_json::{Value as Json, json};
use tripartite::detect::{Sides, Verdict, detect};
use tripartite::resolve::{Decision, resolve};
use tripartite::schema::{Kind, Policy, Schema};
use tripartite::value::Problem;

use crate::support::{After, decide, linked, raw, record, schema};

/// E-mails as SCIM has them, by their type.
fn emails(strategy: &str) -> Policy {
    Policy::new(schema(json!({"strategy": strategy, "fields": {"f": emails_kind()}})))
}

fn emails_kind() -> Json {
    let fields = json!({"type": "text", "value": "email", "primary": "boolean", "use": {"kind": "set", "of": "text"}});
    json!({"kind": "set_of_records", "key": ["type"], "fields": fields})
}

/// What becomes of three versions of a field `f`; a base of null is unknown.
fn after(policy: &Policy, base: &Json, local: &Json, remote: &Json) -> After {
    let schema = policy.schema();
    let of = |json: &Json| record(schema, json!({ "f": json }));
    let base = (!base.is_null()).then(|| of(base));
    decide(policy, &linked(schema, base, of(local)), &of(remote))
}

fn here(after: &After) -> Json {
    raw(after.local.field(0)).unwrap()
}

fn open(after: &After) -> Vec<String> {
    after.open.iter().flat_map(|open| open.paths.clone()).collect()
}

fn verdict(policy: &Policy, base: &Json, local: &Json, remote: &Json) -> String {
    let of = |json: &Json| record(policy.schema(), json!({ "f": json }));
    let (base, local, remote) = (of(base), of(local), of(remote));
    let changes = detect(policy.schema(), Sides { base: &base, local: &local, remote: &remote });
    changes.changes().first().map_or("InSync".to_owned(), |change| change.verdict.to_string())
}

/// Only the order of the objects differs, and nothing changed.
#[test]
fn objects_reordered() {
    let policy = emails("remote_wins");
    let work = json!({"value": "ida@work.example", "type": "work", "primary": true});
    let home = json!({"value": "ida@home.example", "type": "home", "primary": false});
    let (one, other) = (json!([work, home]), json!([home, work]));
    assert_eq!(verdict(&policy, &one, &one, &other), "InSync");
    // With an edit here the edit stays, under the default strategy, too.
    let edited = json!([work, {"value": "ida@club.example", "type": "home", "primary": false}]);
    let after = after(&policy, &one, &edited, &other);
    assert_eq!(here(&after), edited);
    assert!(after.op.entries.iter().all(|entry| !format!("{entry:?}").contains("TookRemote")));
}

/// Each side adds one object, and both are kept, under every strategy.
#[test]
fn each_side_adds_one_object() {
    let work = json!({"value": "ida@work.example", "type": "work"});
    let club = json!({"value": "ida@club.example", "type": "club"});
    let home = json!({"value": "ida@home.example", "type": "home"});
    for strategy in ["remote_wins", "local_wins", "merge", "enforced"] {
        let policy = emails(strategy);
        let after = after(&policy, &json!([work]), &json!([work, club]), &json!([home, work]));
        assert_eq!(here(&after), json!([work, club, home]), "{strategy}");
        assert!(after.open.is_empty(), "{strategy}");
    }
    let policy = emails("merge");
    let of = |json: Json| record(policy.schema(), json!({ "f": json }));
    let (base, local, remote) = (of(json!([work])), of(json!([work, club])), of(json!([home, work])));
    let changes = detect(policy.schema(), Sides { base: &base, local: &local, remote: &remote });
    assert_eq!(resolve(&policy, &changes, None).resolutions[0].decision, Decision::Merged);
}

/// One unreadable entry among several: the field stays as it was, and the place is told.
#[test]
fn one_bad_element_of_a_set() {
    for (kind, remote, place) in [
        (json!({"kind": "set", "of": "email"}), json!(["a@x.org", "b@x.org", "none"]), "/2"),
        (emails_kind(), json!([{"type": "a", "value": "x"}]), "/0/value"),
        (
            json!({"kind": "record", "fields": {"mails": {"kind": "set", "of": "email"}}}),
            json!({"mails": ["a@x.org", "none"]}),
            "/mails/1",
        ),
    ] {
        let policy = Policy::new(schema(json!({"fields": {"f": kind}})));
        let told = verdict(&policy, &Json::Null, &Json::Null, &remote);
        assert_eq!(told, format!("InvalidRemote(at {place} is not an e-mail address)"));
    }
}

/// Two records of one key, also in other spellings, and what is no record: told with the places, and nothing is written.
#[test]
fn what_cannot_be_told_apart_is_invalid() {
    let key = json!({"kind": "set_of_records", "key": ["k"], "fields": {"k": "email", "in": emails_kind()}});
    let policy = Policy::new(schema(json!({"fields": {"f": key}})));
    let schema = policy.schema();
    for (remote, says) in [
        (json!([{"k": "a@b.ie"}, {"k": "c@d.ie"}, {"k": " A@B.ie"}]), "has the key `k` twice, in its records 0 and 2"),
        (json!([{"n": 1}, {"k": "", "n": 2}]), "has the key `k` twice, in its records 0 and 1"),
        (
            json!([{"k": "a@b.ie", "in": [{"type": "x"}, {"type": "x"}]}]),
            "at /0/in has the key `type` twice, in its records 0 and 1",
        ),
        (json!([{"k": "a@b.ie"}, "c@d.ie"]), "at /1 should be an object, but is text"),
        (json!([{"k": "none"}]), "at /0/k is not an e-mail address"),
        (json!("a@b.ie"), "should be a list, but is text"),
    ] {
        let of = |json: &Json| record(schema, json!({ "f": json }));
        let local = json!([{"k": "a@b.ie"}]);
        let (base, local, remote) = (of(&local), of(&local), of(&remote));
        let changes = detect(schema, Sides { base: &base, local: &local, remote: &remote });
        let [change] = changes.changes() else { panic!("{says}") };
        let Verdict::InvalidRemote(problem) = &change.verdict else { panic!("{says}: {}", change.verdict) };
        assert_eq!(problem.to_string(), says);
        let resolved = resolve(&policy, &changes, None);
        assert_eq!((resolved.local(), resolved.base()), (local.clone(), base.clone()), "{says}");
        // It is stored with the audit, and read again.
        let stored: Problem = serde_json::from_value(serde_json::to_value(problem).unwrap()).unwrap();
        assert_eq!(stored, *problem);
    }
}

/// Of the host's own list, two of one key make the whole field one value: a conflict is told, and nothing is lost unsaid.
#[test]
fn a_set_that_is_invalid_here_is_decided_as_a_whole() {
    let policy = emails("merge");
    let local = json!([{"type": "a", "value": "x@b.ie"}, {"type": "a", "value": "y@b.ie"}]);
    let base = json!([{"type": "a", "value": "x@b.ie"}]);
    let still = after(&policy, &base, &local, &base);
    assert_eq!((here(&still), still.open.len()), (local.clone(), 0));
    let moved = after(&policy, &base, &local, &json!([{"type": "a", "value": "z@b.ie"}]));
    assert_eq!((here(&moved), moved.open.len(), open(&moved)), (local, 1, vec![]));
}

/// Null and left-out keys, empty sets, one record for a list, and what is no record at all.
#[test]
fn the_edges_of_a_set() {
    let policy = emails("merge");
    let one = json!([{"value": "a@b.ie"}]);
    for same in [
        json!([{"type": null, "value": "A@B.ie"}]),
        json!([{"type": " ", "value": "a@b.ie", "primary": null}]),
        json!([{}, null, {"type": "", "value": " "}, {"value": "a@b.ie"}]),
        json!({"value": "a@b.ie"}),
    ] {
        assert_eq!(verdict(&policy, &one, &one, &same), "InSync", "{same}");
    }
    // A record of nothing but its key is one: of a set of roles each is.
    assert_eq!(verdict(&policy, &json!([]), &json!([]), &json!([{"type": "work"}])), "RemoteOnly(Changed)");
    // Emptied there: what only the host has stays.
    let mine = json!([{"type": "a"}, {"type": "mine"}]);
    let emptied = after(&policy, &json!([{"type": "a"}]), &mine, &json!([]));
    assert_eq!(here(&emptied), json!([{"type": "mine"}]));
    // Emptied here, and changed there.
    let base = json!([{"type": "a", "value": "a@b.ie"}]);
    let contested = after(&policy, &base, &json!([]), &json!([{"type": "a", "value": "c@d.ie"}]));
    assert_eq!((here(&contested), open(&contested)), (json!([]), vec!["/type=a".to_owned()]));
}

/// Inside a record of a set, what the source leaves out goes if the base had it, and stays if only the host has it.
#[test]
fn what_a_record_leaves_out() {
    let policy = emails("remote_wins");
    let base = json!([{"type": "a", "value": "a@b.ie", "primary": true}]);
    let local = json!([{"note": "mine", "type": "a", "value": "a@b.ie", "primary": true}]);
    let after = after(&policy, &base, &local, &json!([{"type": "a", "value": "a@b.ie"}]));
    assert_eq!(here(&after), json!([{"note": "mine", "type": "a", "value": "a@b.ie"}]));
}

/// Another key is another record: the old one is gone, and the new one comes.
#[test]
fn a_key_that_is_edited() {
    let policy = emails("merge");
    let (base, moved) = (json!([{"type": "a", "value": "a@b.ie"}]), json!([{"type": "b", "value": "a@b.ie"}]));
    assert_eq!(here(&after(&policy, &base, &base, &moved)), moved);
    assert_eq!(here(&after(&policy, &base, &moved, &base)), moved);
    // Beside a change of what it was, somebody decides about the old one, and the new one is there.
    let contested = after(&policy, &base, &json!([{"type": "a", "value": "c@d.ie"}]), &moved);
    assert_eq!(open(&contested), ["/type=a"]);
    assert_eq!(here(&contested).as_array().unwrap().len(), 2);
}

/// Without a base sets unite, and records that differ are in conflict at what differs.
#[test]
fn sets_without_a_base_unite() {
    let policy = emails("merge");
    let local = json!([{"type": "a", "value": "a@b.ie"}, {"type": "here"}]);
    let after = after(&policy, &Json::Null, &local, &json!([{"type": "there"}, {"type": "a", "value": "c@d.ie"}]));
    assert_eq!(here(&after), json!([{"type": "a", "value": "a@b.ie"}, {"type": "here"}, {"type": "there"}]));
    assert_eq!(open(&after), ["/type=a/value"]);
}

/// What is told of a conflict names the field of the key, and nobody's address.
#[test]
fn a_reason_holds_no_key() {
    let kind = json!({"kind": "set_of_records", "key": ["value"], "fields": {"value": "email", "primary": "boolean", "n": "integer"}});
    let mut kind = kind;
    kind["sensitive"] = json!("redacted");
    let policy = Policy::new(schema(json!({"strategy": "merge", "fields": {"f": kind}})));
    let of = |n: i64| json!([{"value": "ida@home.example", "n": n}]);
    let after = after(&policy, &of(1), &of(2), &of(3));
    assert_eq!(open(&after), ["/value=ida@home.example/n"]);
    let batch =
        tripartite::decide::batch(&policy, crate::support::run_id("n"), crate::support::at(), vec![after.op], None);
    let audit = serde_json::to_string(&batch.ops[0].entries).unwrap();
    assert!(audit.contains("/value=…/n") && !audit.contains("ida@"), "{audit}");
}

/// A field of the records may be decided by a strategy of its own, under all but what is stated for one record.
#[test]
fn a_field_of_the_records_has_a_strategy_of_its_own() {
    let mut kind = emails_kind();
    kind["fields"]["primary"] = json!({"kind": "boolean", "strategy": "local_owned"});
    kind["fields"]["value"] = json!({"kind": "email", "strategy": "merge"});
    let policy = |strategy: &str| Policy::new(schema(json!({"strategy": strategy, "fields": {"f": kind}})));
    let of = |value: &str, primary: bool| json!([{"type": "a", "value": value, "primary": primary}]);
    for strategy in ["remote_wins", "enforced"] {
        let policy = policy(strategy);
        // The source has moved both: one is a question, and one is the host's own.
        let moved = after(&policy, &of("a@b.ie", true), &of("c@b.ie", true), &of("d@b.ie", false));
        assert_eq!((here(&moved), open(&moved)), (of("c@b.ie", true), vec!["/type=a/value".to_owned()]), "{strategy}");
        // It can be answered, though the field is enforced.
        let mut loaded = linked(policy.schema(), Some(moved.base), moved.local);
        loaded.open = moved.open;
        let by = tripartite::id::PersonId::new("Nuala").unwrap();
        let answers = [("f/type=a/value", tripartite::decide::Answer::TakeLocal)];
        assert!(tripartite::decide::decide(&policy, &loaded, &answers, &by).is_ok(), "{strategy}");
        // What is stated for the record as a whole comes first.
        loaded.open.clear();
        loaded.base = Some(tripartite::store::Base::new(
            record(policy.schema(), json!({"f": of("a@b.ie", true)})),
            policy.schema().fingerprint(),
        ));
        loaded.strategy = Some("remote_wins".parse().unwrap());
        let whole = decide(&policy, &loaded, &record(policy.schema(), json!({"f": of("d@b.ie", false)})));
        assert_eq!(here(&whole), of("d@b.ie", false), "{strategy}");
    }
    let policy = policy("remote_wins");
    let new = after(&policy, &json!([]), &json!([]), &of("a@b.ie", true));
    assert_eq!(here(&new), of("a@b.ie", true), "a new record comes as it is");
    let again: Schema = serde_json::from_value(serde_json::to_value(policy.schema()).unwrap()).unwrap();
    assert_eq!(again.fingerprint(), policy.schema().fingerprint(), "it is read as it is written");
    assert_ne!(again.fingerprint(), emails("remote_wins").schema().fingerprint());
    kind["atomic"] = json!(true);
    let error = serde_json::from_value::<Schema>(json!({"fields": {"f": kind}})).unwrap_err().to_string();
    assert_eq!(error, "field `f`: it is decided as a whole, so that no key of it has a `strategy` of its own");
}

/// Many records, all in dispute, are decided in the time that sorting them takes. `SET_SIZE=100000` has more.
#[test]
fn a_large_set_is_not_compared_record_by_record() {
    let size: usize = std::env::var("SET_SIZE").ok().and_then(|size| size.parse().ok()).unwrap_or(20_000);
    let policy = emails("merge");
    let of = |value: &str| -> Json {
        let record =
            |at: usize| json!({"type": format!("t{}", at * 7919 % size), "value": format!("{value}{at}@b.ie")});
        (0..size).map(record).collect()
    };
    let first = after(&policy, &of("a"), &of("b"), &of("c"));
    assert_eq!(first.open[0].paths.len(), size);
    let mut loaded = linked(policy.schema(), Some(first.base), first.local);
    loaded.open = first.open;
    let by = tripartite::id::PersonId::new("Nuala").unwrap();
    let op =
        tripartite::decide::decide(&policy, &loaded, &[("f", tripartite::decide::Answer::TakeRemote)], &by).unwrap();
    let decided = crate::support::carry_out(policy.schema(), &loaded, op);
    assert_eq!(here(&decided), of("c"));
}

/// What a schema can say wrongly about a set of records, and what it is told.
#[test]
fn a_wrong_key_is_told() {
    let fields = json!({"k": "text", "tags": {"kind": "set", "of": "text"}});
    for (kind, says) in [
        (json!({"fields": fields}), "field `f`: `key`: is missing: which fields tell one record from another?"),
        (json!({"key": ["k"]}), "field `f`: `fields`: is missing: which keys does the record have?"),
        (
            json!({"key": [], "fields": fields}),
            "field `f`: `key`: expected at least one field that tells one record from another",
        ),
        (json!({"key": ["id"], "fields": fields}), "field `f`: `key`: `id` is not among its `fields`"),
        (
            json!({"key": ["tags"], "fields": fields}),
            "field `f`: `key`: `tags` is a `set`; expected a kind of one value",
        ),
        (json!({"key": ["k", "k"], "fields": fields}), "field `f`: `key`: `k` is named twice"),
        (json!({"key": "k", "fields": fields}), "field `f`: `key`: expected a sequence, found text `k`"),
    ] {
        let mut kind = kind;
        kind["kind"] = json!("set_of_records");
        let error = serde_json::from_value::<Schema>(json!({"fields": {"f": kind}})).unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}\n{says}");
    }
    let policy = emails("merge");
    let again: Schema = serde_json::from_value(serde_json::to_value(policy.schema()).unwrap()).unwrap();
    assert_eq!(again.fingerprint(), policy.schema().fingerprint(), "it is read as it is written");
    let error = Schema::builder()
        .field(tripartite::schema::Field::new(
            "f",
            Kind::SetOfRecords { key: vec!["k".into()], of: Box::new(Kind::Map) },
        ))
        .build()
        .unwrap_err();
    assert_eq!(error.to_string(), "field `f`: a set_of_records holds records, not `map`");
}
