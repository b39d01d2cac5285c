//! The known failures of the kind of system this replaces, each by its name. Every one of these happened.

use serde_json::{Value as Json, json};
use tripartite::memory::MemoryStore;
use tripartite::schema::{Policy, Strategy};

use crate::support::world::{Break, Call, Watched, broken_night, by_hand, listing, local, night, presence, run, state};
use crate::support::{audited_fields, ext, raw, schema};

fn members() -> Policy {
    Policy::new(schema(json!({"fields": {
        "name": {"kind": "name"},
        "email": {"kind": "email"},
        "phone": {"kind": "phone", "region": "IE"},
        "born": {"kind": "date"}
    }})))
}

fn áine() -> Json {
    json!({"name": "Áine", "email": "aine@example.org", "phone": "087 123 4567", "born": "1990-05-01"})
}

fn with(field: &str, value: impl Into<Json>) -> Json {
    let mut fields = áine();
    fields[field] = value.into();
    fields
}

/// A store that was in step with [`áine`], then edited, then met another night.
fn after(edit: Json, source: Json) -> (Policy, MemoryStore) {
    let policy = members();
    let store = MemoryStore::new(policy.schema().clone());
    night(&policy, &store, &listing(policy.schema(), &[("7", áine())]));
    store.edit(&ext("7"), &edit).unwrap();
    night(&policy, &store, &listing(policy.schema(), &[("7", source)]));
    (policy, store)
}

fn base(store: &MemoryStore, policy: &Policy, field: &str) -> Option<Json> {
    let position = policy.schema().position(field).unwrap();
    raw(store.get(&ext("7")).unwrap().base.unwrap().record.field(position))
}

/// "Remote moved" was never computed: a local edit with a still source was a conflict, and remote-wins reverted it
/// nightly.
#[test]
fn remote_wins_does_not_revert_a_local_edit_when_the_source_is_still() {
    let (policy, store) = after(json!({"email": "new@example.org"}), áine());
    for _ in 0..3 {
        assert_eq!(local(policy.schema(), &store, "7"), with("email", "new@example.org"));
        let report = night(&policy, &store, &listing(policy.schema(), &[("7", áine())])).report;
        assert_eq!((report.counts.updated, report.counts.conflicts_detected), (0, 0));
    }
}

/// One conflict cancelled all other updates of the record, and the base advanced all the same.
#[test]
fn one_conflict_does_not_cancel_other_updates_of_the_record() {
    let policy = members().strategy(Strategy::MERGE).unwrap();
    let store = MemoryStore::new(policy.schema().clone());
    night(&policy, &store, &listing(policy.schema(), &[("7", áine())]));
    store.edit(&ext("7"), &json!({"email": "here@example.org"})).unwrap();
    let mut source = with("email", "there@example.org");
    source["name"] = json!("Áine B");
    night(&policy, &store, &listing(policy.schema(), &[("7", source)]));
    assert_eq!(local(policy.schema(), &store, "7")["name"], "Áine B", "the rest is updated");
    assert_eq!(local(policy.schema(), &store, "7")["email"], "here@example.org");
    assert_eq!(base(&store, &policy, "email"), Some(json!("aine@example.org")), "the base of the conflict stays");
    assert_eq!(base(&store, &policy, "name"), Some(json!("Áine B")), "the other one advances");
}

/// Clears never applied, and were counted as resolved for ever.
#[test]
fn a_clear_applies() {
    for empty in [json!(null), json!(""), json!("  ")] {
        let (policy, store) = after(json!({}), with("email", empty.clone()));
        assert_eq!(local(policy.schema(), &store, "7")["email"], Json::Null);
        let again = night(&policy, &store, &listing(policy.schema(), &[("7", with("email", empty))])).report;
        assert_eq!((again.counts.updated, again.counts.conflicts_resolved), (0, 0), "once");
    }
}

/// A field missing from one page looked like a clear.
#[test]
fn a_field_missing_from_one_page_is_not_a_clear() {
    let mut part = áine();
    part.as_object_mut().unwrap().remove("email");
    let (policy, store) = after(json!({}), part);
    assert_eq!(local(policy.schema(), &store, "7"), áine());
    assert_eq!(base(&store, &policy, "email"), Some(json!("aine@example.org")));
}

/// Converged values did not advance the base, so the next change of the source was a conflict.
#[test]
fn converged_values_advance_the_base() {
    let (policy, store) = after(json!({"email": "new@example.org"}), with("email", "New@example.org"));
    assert_eq!(base(&store, &policy, "email"), Some(json!("New@example.org")));
    night(&policy, &store, &listing(policy.schema(), &[("7", with("email", "newer@example.org"))]));
    assert_eq!(local(policy.schema(), &store, "7")["email"], "newer@example.org");
    let verdicts = audited_fields(&store, |entry| entry.verdict.to_string());
    assert_eq!(verdicts, ["Converged", "RemoteOnly(Changed)"]);
}

/// Created records got no base, so the first user edit was lost.
#[test]
fn a_created_record_has_a_base() {
    let (policy, store) = after(json!({"name": "Áine Bhán"}), with("email", "new@example.org"));
    let mut both = with("email", "new@example.org");
    both["name"] = json!("Áine Bhán");
    assert_eq!(local(policy.schema(), &store, "7"), both, "the first edit stays, and the source's change applies");
}

/// The strategy silently defaulted on retries and webhooks.
#[test]
fn an_unknown_strategy_is_an_error() {
    let unknown = json!({"strategy": "remote_win", "fields": {"f": {"kind": "text"}}});
    let error = serde_json::from_value::<tripartite::schema::Schema>(unknown).unwrap_err().to_string();
    assert!(error.contains("unknown strategy `remote_win`: expected remote_wins"), "{error}");
    assert!("".parse::<Strategy>().is_err(), "and so is none");
}

/// A retry cannot run under another policy than the one that its records were decided by: it is another fingerprint,
/// and everything is looked at again.
#[test]
fn another_policy_is_another_fingerprint() {
    let (policy, store) = after(json!({"email": "here@example.org"}), áine());
    let enforced = policy.clone().strategy(Strategy::Enforced).unwrap();
    assert_ne!(policy.fingerprint(), enforced.fingerprint());
    night(&enforced, &store, &listing(policy.schema(), &[("7", áine())]));
    assert_eq!(local(policy.schema(), &store, "7"), áine(), "the same listing is decided again under the new policy");
}

/// The normalised value was written back over the user's own spelling.
#[test]
fn the_users_spelling_is_not_overwritten() {
    let spelled =
        json!({"name": "Áine ", "email": "Aine@Example.ORG", "phone": "+353 (0)87 123-4567", "born": " 1990-05-01"});
    let (policy, store) = after(spelled.clone(), áine());
    assert_eq!(local(policy.schema(), &store, "7"), spelled);
    assert!(audited_fields(&store, |_| ()).is_empty(), "nor is it an edit");
}

/// Title-casing with ASCII word boundaries turned "Seán" into "SeáN" and "Éamon" into "éAmon".
#[test]
fn no_title_casing() {
    for name in ["Seán", "Éamon", "Mícheál Ó hUallacháin", "McDonald", "van der Berg", "SEÁN", "d’Arcy"] {
        let (policy, store) = after(json!({}), with("name", name));
        assert_eq!(local(policy.schema(), &store, "7")["name"], name);
    }
}

/// Listings were silently cut at 10,000; the rest was then missing.
#[test]
fn listings_of_10001_are_not_cut() {
    let policy = Policy::new(schema(json!({"fields": {"n": {"kind": "integer"}}})));
    let ids: Vec<String> = (0..10_001).map(|n| format!("m-{n:05}")).collect();
    let all = |n: i64| ids.iter().map(|id| (id.as_str(), json!({ "n": n }))).collect::<Vec<_>>();
    let store = MemoryStore::new(policy.schema().clone());
    let list = |n| listing(policy.schema(), &all(n)).pages_of(1000);
    assert_eq!(night(&policy, &store, &list(1)).report.counts.created, 10_001);
    let second = night(&policy, &store, &list(2)).report;
    assert_eq!((second.counts.updated, second.counts.deactivated), (10_001, 0));
    assert_eq!(local(policy.schema(), &store, "m-10000"), json!({"n": 2}));
}

/// Lookup was one query per record.
#[test]
fn one_load_call_a_page() {
    let policy = members();
    let ids: Vec<String> = (0..250).map(|n| format!("m-{n:03}")).collect();
    let list = |phone: &str| {
        let all: Vec<_> = ids.iter().map(|id| (id.as_str(), with("phone", phone))).collect();
        listing(policy.schema(), &all).pages_of(100)
    };
    let store = MemoryStore::new(policy.schema().clone());
    night(&policy, &store, &list("087 123 4567"));
    for (phone, loads) in [("086 111 2222", vec![100, 100, 50]), ("086 111 2222", vec![])] {
        let watched = Watched::new(&store, Break::Never);
        broken_night(run(&policy, "night"), &watched, &list(phone)).unwrap();
        let calls = watched.calls();
        let found: Vec<usize> =
            calls.iter().filter_map(|call| if let Call::Load(ids) = call { Some(*ids) } else { None }).collect();
        assert_eq!(found, loads, "and none where nothing changed");
    }
}

/// An edit between read and write was overwritten.
#[test]
fn an_edit_between_read_and_write_is_not_overwritten() {
    let (policy, store) = after(json!({}), áine());
    let moved = listing(policy.schema(), &[("7", with("phone", "086 111 2222"))]);
    let mut edited = false;
    let _ = by_hand(run(&policy, "night").start(), &moved, &store, |step| {
        if matches!(step, tripartite::run::Step::Committing(_)) && !std::mem::replace(&mut edited, true) {
            store.edit(&ext("7"), &json!({"email": "just.now@example.org"})).unwrap();
        }
    });
    let mut both = with("email", "just.now@example.org");
    both["phone"] = json!("086 111 2222");
    assert_eq!(local(policy.schema(), &store, "7"), both);
}

/// Impossible dates passed.
#[test]
fn impossible_dates_are_invalid() {
    for date in ["1990-02-30", "1900-02-29", "2023-13-01", "0000-00-00", "1990-05-00", "30/02/1990"] {
        let (policy, store) = after(json!({}), with("born", date));
        assert_eq!(local(policy.schema(), &store, "7"), áine(), "{date} is not written");
        assert_eq!(base(&store, &policy, "born"), Some(json!("1990-05-01")), "nor is it a base");
        let verdicts = audited_fields(&store, |entry| entry.verdict.to_string());
        assert_eq!(verdicts, ["InvalidRemote(is not a calendar date in a declared format)"], "it is recorded");
    }
}

/// "+353 (0)87 123 4567" became another number.
#[test]
fn a_trunk_zero_in_brackets_is_not_part_of_the_number() {
    same_number("+353 (0)87 123 4567");
}

/// "00353871234567" became another number.
#[test]
fn an_international_prefix_is_not_part_of_the_number() {
    same_number("00353871234567");
}

fn same_number(spelling: &str) {
    let (policy, store) = after(json!({}), with("phone", spelling));
    assert_eq!(local(policy.schema(), &store, "7"), áine(), "the same number is not written");
    let position = policy.schema().position("phone").unwrap();
    let as_said = crate::support::record(policy.schema(), json!({ "phone": spelling }));
    let canonical = policy.schema().canonical(position, as_said.field(position)).unwrap();
    assert_eq!(canonical.as_text(), Some("+353871234567"));
}

/// A null, a missing key and an unreadable value are three things.
#[test]
fn null_missing_and_unreadable_are_three_things() {
    for (source, email, says) in [
        (with("email", Json::Null), Json::Null, "explicitly empty"),
        (json!({"name": "Áine"}), json!("aine@example.org"), "not said"),
        (with("email", "n/a"), json!("aine@example.org"), "not readable"),
    ] {
        let (policy, store) = after(json!({}), source);
        assert_eq!(local(policy.schema(), &store, "7")["email"], email, "{says}");
    }
}

/// An empty answer of a broken source deactivated everybody.
#[test]
fn an_outage_deactivates_nobody() {
    let (policy, store) = after(json!({}), áine());
    let before = state(policy.schema(), &store);
    let report = night(&policy, &store, &listing(policy.schema(), &[])).report;
    assert_eq!(report.blocked[0].to_string(), "the listing is complete but empty, while 1 record is active here");
    assert_eq!((state(policy.schema(), &store), presence(&store, "7")), (before, tripartite::store::Presence::Active));
}

/// An address of nothing but commas is as empty as none.
#[test]
fn commas_alone_are_no_address() {
    let policy = Policy::new(schema(json!({"fields": {"home": {"kind": "address"}}})));
    let store = MemoryStore::new(policy.schema().clone());
    night(&policy, &store, &listing(policy.schema(), &[("7", json!({"home": null}))]));
    let report = night(&policy, &store, &listing(policy.schema(), &[("7", json!({"home": " , ,"}))])).report;
    assert_eq!(report.counts.updated, 0);
}
