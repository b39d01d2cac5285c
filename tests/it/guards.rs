//! Guards: what a broken listing of a real size would do is stopped, and what an honest night does is not.

mod dropped;
mod limits;

use serde_json::{Value as Json, json};
use tripartite::drive::drive_blocking;
use tripartite::id::RunId;
use tripartite::memory::{Listing, MemoryStore};
use tripartite::plan::{Blocked, FieldLimits, Guards, Limit, PlanId};
use tripartite::run::{Done, Mode, Run, RunOutcome};
use tripartite::schema::{Policy, Schema, SchemaBuilder};

use crate::support::at;

/// How many members the register has.
const MEMBERS: usize = 300;

struct Register {
    policy: Policy,
    store: MemoryStore,
    guards: Guards,
}

fn schema(absent: &str) -> Schema {
    let json = json!({
        "absent": absent,
        "fields": {
            "first_name": {"kind": "name"},
            "last_name": {"kind": "name"},
            "email": {"kind": "email"},
            "phone": {"kind": "phone", "region": "IE"},
        },
    });
    serde_json::from_value::<SchemaBuilder>(json).unwrap().build().unwrap()
}

fn member(n: usize) -> (String, Json) {
    let fields = json!({
        "first_name": format!("First{n}"),
        "last_name": format!("Last{n}"),
        "email": format!("m{n}@example.org"),
        "phone": format!("087 555 {n:04}"),
    });
    (format!("M{n}"), fields)
}

fn members() -> Vec<(String, Json)> {
    (0..MEMBERS).map(member).collect()
}

impl Register {
    /// A register that was in step last night.
    fn new(absent: &str) -> Self {
        let schema = schema(absent);
        let store = MemoryStore::new(schema.clone());
        let register = Self { policy: Policy::new(schema), store, guards: Guards::default() };
        let first = register.night(&members());
        assert_eq!((first.report.outcome, first.report.counts.created), (RunOutcome::Succeeded, MEMBERS as u64));
        register
    }

    fn run(&self) -> Run {
        Run::new(self.policy.clone(), RunId::new("night").unwrap(), at()).guards(self.guards.clone())
    }

    fn drive(&self, run: Run, listed: &[(String, Json)]) -> Done {
        let records = listed.iter().map(|(id, fields)| (id.as_str(), fields.clone()));
        let listing = Listing::of(self.policy.schema(), records).unwrap();
        drive_blocking(run.start(), &listing, &self.store).unwrap()
    }

    fn night(&self, listed: &[(String, Json)]) -> Done {
        self.drive(self.run(), listed)
    }

    /// What is said of a night that is stopped, and writes nothing; and that its approval writes all of it.
    fn stopped(&self, listed: &[(String, Json)]) -> Vec<String> {
        let revisions = || self.store.records().into_iter().map(|(id, kept)| (id, kept.revision)).collect::<Vec<_>>();
        let before = (revisions(), self.store.audit().len());
        let done = self.night(listed);
        assert_eq!(done.report.outcome, RunOutcome::Blocked);
        assert_eq!((revisions(), self.store.audit().len()), before, "a blocked plan writes nothing");
        assert!(done.plan.is_some(), "and can be looked at");
        let said = done.report.blocked.iter().map(ToString::to_string).collect();
        let other: PlanId = "0".repeat(64).parse().unwrap();
        assert_eq!(self.drive(self.run().approve(other), listed).report.outcome, RunOutcome::Blocked);
        let approved = self.drive(self.run().approve(done.report.plan_id), listed);
        assert_ne!(approved.report.outcome, RunOutcome::Blocked);
        said
    }

    fn passes(&self, listed: &[(String, Json)]) {
        assert_eq!(self.night(listed).report.outcome, RunOutcome::Succeeded);
    }
}

fn with(change: impl Fn(usize, &mut Json)) -> Vec<(String, Json)> {
    let mut all = members();
    for (n, (_, fields)) in all.iter_mut().enumerate() {
        change(n, fields);
    }
    all
}

#[test]
fn a_blanked_column_is_stopped_whatever_an_empty_value_means() {
    for absent in ["no_opinion", "cleared_if_reported", "cleared"] {
        let register = Register::new(absent);
        let said = register.stopped(&with(|_, fields| fields["phone"] = "".into()));
        let expected = "`phone` is empty in 300 of 300 records where the source used to fill it; at most 20 % may be without approval";
        assert!(said.contains(&expected.to_owned()), "{absent}: {said:?}");
    }
}

/// Whether one field of a dozen records, which had this, may become that unasked; and what is said if not.
fn emptied(kind: &Json, was: &Json, is: Option<&Json>) -> Vec<String> {
    let spec = json!({"fields": {"name": {"kind": "text"}, "f": kind}});
    let schema = serde_json::from_value::<SchemaBuilder>(spec).unwrap().build().unwrap();
    let store = MemoryStore::new(schema.clone());
    let register = Register { policy: Policy::new(schema), store, guards: Guards::default() };
    let listed = |f: Option<&Json>| -> Vec<(String, Json)> {
        let fields = |n: usize| match f {
            Some(f) => json!({"name": format!("P{n}"), "f": f}),
            None => json!({"name": format!("P{n}")}),
        };
        (0..12).map(|n| (format!("M{n}"), fields(n))).collect()
    };
    assert_eq!(register.night(&listed(Some(was))).report.counts.created, 12);
    let said = register.night(&listed(is)).report.blocked;
    said.iter().map(ToString::to_string).collect()
}

/// What is empty is what the schema takes for nothing: one answer for guard, detection and writes.
#[test]
fn a_column_that_says_nothing_any_more_is_stopped_in_every_kind() {
    let (text, address) = (json!({"kind": "text"}), json!({"kind": "address"}));
    let (list, map, decimal) = (json!({"kind": "list"}), json!({"kind": "map"}), json!({"kind": "decimal"}));
    let set = json!({"kind": "set", "of": "email"});
    let null_set = json!({"kind": "set", "of": "text", "empty_means_null": true});
    let null_map = json!({"kind": "map", "empty_means_null": true});
    let record = json!({"kind": "record", "fields": {"mail": "email", "home": "address"}});
    let atomic = json!({"kind": "record", "fields": {"home": "address"}, "atomic": true});
    let home = json!({"home": "1 The Quay"});
    for (kind, was, is) in [
        (&text, json!("x"), Some(json!(" \u{200B}"))),
        (&decimal, json!(1.5), Some(json!(""))),
        (&address, json!("1 The Quay"), Some(json!(", ,"))),
        (&set, json!(["a@b.ie"]), Some(json!([]))),
        (&set, json!(["a@b.ie"]), Some(json!([null, " "]))),
        // One value is a set of one, and this is none.
        (&set, json!(["a@b.ie"]), Some(json!(" "))),
        (&null_set, json!(["a"]), Some(json!([]))),
        (&null_set, json!(["a"]), Some(json!([""]))),
        (&list, json!([1]), Some(json!([]))),
        (&list, json!([1]), Some(json!([""]))),
        (&list, json!([{"a": 1}]), Some(json!([{"a": null}]))),
        (&map, json!({"a": 1}), Some(json!({}))),
        (&map, json!({"a": 1}), Some(json!({"a": null}))),
        (&map, json!({"o": {"a": 1}}), Some(json!({"o": {"a": ""}}))),
        (&null_map, json!({"a": 1}), Some(json!({}))),
        (&null_map, json!({"a": 1}), Some(json!({"a": [null]}))),
        (&record, home.clone(), Some(json!({"home": ","}))),
        (&atomic, home, Some(json!({"home": ","}))),
        (&set, json!(["a@b.ie"]), None),
        (&map, json!({"a": 1}), None),
    ] {
        let said = emptied(kind, &was, is.as_ref());
        assert!(said.iter().any(|said| said.starts_with("`f` is empty in 12 of 12")), "{kind} {was} {is:?}: {said:?}");
    }
}

/// A column of a column is a column: a key that the source has stopped to fill, however deep.
#[test]
fn a_key_that_is_gone_from_all_objects_is_stopped() {
    let (map, record) = (json!({"kind": "map"}), json!({"kind": "record", "fields": {"home": "address"}}));
    for (kind, was, is, at) in [
        (&map, json!({"mobile": "1", "fax": "2"}), json!({"fax": "2"}), "f/mobile"),
        (&map, json!({"mobile": "1", "fax": "2"}), json!({"mobile": null, "fax": "2"}), "f/mobile"),
        (&map, json!({"a/b": ["x"], "fax": "2"}), json!({"a/b": [""], "fax": "2"}), "f/a~1b"),
        (&map, json!({"o": {"a": 1, "b": 2}}), json!({"o": {"b": 2}}), "f/o/a"),
        (&map, json!({"o": {"a": 1}, "b": 2}), json!({"o": {}, "b": 2}), "f/o"),
        (&record, json!({"home": "1 The Quay", "n": 1}), json!({"home": " ,", "n": 1}), "f/home"),
    ] {
        let said = emptied(kind, &was, Some(&is));
        assert_eq!(said.len(), 1, "{was} {is}: {said:?}");
        assert!(said[0].starts_with(&format!("`{at}` is empty in 12 of 12")), "{was} {is}: {said:?}");
    }
}

/// What was empty before, what was filled or spelled differently, and what is none of the kind, empties nothing.
#[test]
fn what_still_says_something_is_not_emptied() {
    let (set, map) = (json!({"kind": "set", "of": "text"}), json!({"kind": "map"}));
    for (kind, was, is) in [
        (&set, json!([]), json!([""])),
        (&set, json!([""]), json!(["a"])),
        (&set, json!(["a"]), json!(["", "a "])),
        (&set, json!(["a"]), json!({"a": 1})),
        (&map, json!({"a": null}), json!({})),
        (&map, json!({"a": 0}), json!({"a": false})),
    ] {
        assert_eq!(emptied(kind, &was, Some(&is)), [""; 0], "{was} {is}");
    }
}

#[test]
fn a_column_that_is_left_out_is_stopped() {
    for absent in ["no_opinion", "cleared"] {
        let said = Register::new(absent).stopped(&with(|_, fields| {
            fields.as_object_mut().unwrap().remove("email");
        }));
        assert!(said.iter().any(|said| said.starts_with("`email` is empty in 300 of 300 records")), "{said:?}");
    }
}

#[test]
fn half_a_listing_is_stopped() {
    let said = Register::new("no_opinion").stopped(&members()[..MEMBERS / 2]);
    let expected = "150 of 300 records would be deactivated, because the listing no longer has them; at most 20 % may be without approval";
    assert_eq!(said, [expected]);
}

#[test]
fn an_empty_listing_is_stopped() {
    let said = Register::new("no_opinion").stopped(&[]);
    assert_eq!(said[0], "the listing is complete but empty, while 300 records are active here");
}

#[test]
fn new_ids_for_everybody_are_stopped() {
    let mut renamed = members();
    for (id, _) in &mut renamed {
        *id = format!("new-{id}");
    }
    renamed.push(("one-more".to_owned(), member(7000).1));
    let mut register = Register::new("no_opinion");
    register.guards = Guards::default().creations(Limit::percent(100));
    let said = register.stopped(&renamed);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("300 of 300 records would be deactivated"));
    assert_eq!(said[1], "301 records would be created beside 300 active here; at most 100 % may be without approval");
}

#[test]
fn a_column_of_names_that_slipped_by_a_row_is_stopped() {
    let said = Register::new("no_opinion").stopped(&with(|n, fields| {
        fields["last_name"] = format!("Last{}", (n + 1) % MEMBERS).into();
    }));
    assert_eq!(said, ["`last_name` would be changed in 300 of 300 records; at most 20 % may be without approval"]);
}

#[test]
fn two_columns_that_changed_places_are_stopped() {
    let said = Register::new("no_opinion").stopped(&with(|n, fields| {
        fields["first_name"] = format!("Last{n}").into();
        fields["last_name"] = format!("First{n}").into();
    }));
    assert_eq!(said.len(), 2, "{said:?}");
}

#[test]
fn two_ids_that_were_exchanged_are_stopped_and_a_person_can_mend_it() {
    let register = Register::new("no_opinion");
    let mut night = members();
    let (seventh, eighth) = (night[7].1.clone(), night[8].1.clone());
    (night[7].1, night[8].1) = (eighth, seventh);
    let done = register.night(&night);
    let [Blocked::Takeovers(excess)] = &done.report.blocked[..] else { panic!("{:?}", done.report.blocked) };
    assert_eq!((excess.count, excess.population), (2, MEMBERS as u64));
    assert_eq!(excess.records.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["M7", "M8"]);
    // Whoever sees that the source is right enters it here, and is not asked again.
    for n in [7, 8] {
        register.store.edit(&format!("M{n}").parse().unwrap(), &night[n].1).unwrap();
    }
    register.passes(&night);
}

#[test]
fn ids_that_slipped_by_a_row_are_stopped() {
    let mut night = members();
    let first = night[0].1.clone();
    for n in 0..20 {
        night[n].1 = night[n + 1].1.clone();
    }
    night[20].1 = first;
    let said = Register::new("no_opinion").stopped(&night);
    assert!(said[0].starts_with("21 of 300 records would take over the identity"), "{said:?}");
}

#[test]
fn a_marriage_and_a_namesake_are_no_mix_up() {
    let register = Register::new("no_opinion");
    let mut night = members();
    // One takes the surname of another who keeps it, a second one the whole name of a third who left.
    night[3].1["last_name"] = "Last4".into();
    night[5].1["first_name"] = "First6".into();
    night[5].1["last_name"] = "Last6".into();
    night.remove(6);
    register.passes(&night);
}

#[test]
fn an_honest_night_passes() {
    let register = Register::new("cleared");
    // A tenth leaves, a tenth is new, every number is new, one in ten has no number any more.
    let mut night = with(|n, fields| {
        let phone = if n % 10 == 0 { Json::Null } else { format!("086 111 {n:04}").into() };
        fields["phone"] = phone;
    });
    night.drain(..30);
    night.extend((1000..1030).map(member));
    register.passes(&night);
}

#[test]
fn a_small_club_is_left_alone() {
    let schema = schema("cleared");
    let store = MemoryStore::new(schema.clone());
    let register = Register { policy: Policy::new(schema), store, guards: Guards::default() };
    register.passes(&members()[..3]);
    let mut two = members()[..2].to_vec();
    two[0].1["phone"] = Json::Null;
    two[1].1["last_name"] = "Married".into();
    register.passes(&two);
}

#[test]
fn a_limit_of_its_own_replaces_that_of_all_fields() {
    let mut register = Register::new("cleared");
    let limits = FieldLimits::default().changed(Limit::NONE.absolute(0)).emptied(Limit::NONE);
    register.guards = Guards::default().field("phone", limits).field("nobody", limits);
    let said = register.stopped(&with(|_, fields| fields["phone"] = Json::Null));
    assert_eq!(said, ["`phone` would be changed in 300 of 300 records; at most 0 may be without approval"]);
}

#[test]
fn what_is_stopped_is_said_with_the_first_records_and_without_values() {
    let register = Register::new("no_opinion");
    let done = register.night(&members()[200..]);
    let [Blocked::Deactivations(excess)] = &done.report.blocked[..] else { panic!() };
    assert_eq!(excess.records.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["M0", "M1", "M10", "M100", "M101"]);
    let report = serde_json::to_string(&done.report).unwrap();
    assert!(!report.contains("example.org") && !report.contains("First") && !report.contains("555"), "{report}");
    assert_eq!(serde_json::from_str::<tripartite::run::Report>(&report).unwrap(), done.report);
}

#[test]
fn a_streaming_run_judges_who_leaves() {
    let register = Register::new("no_opinion");
    let done = register.drive(register.run().mode(Mode::Streaming), &members()[..100]);
    assert_eq!(done.report.outcome, RunOutcome::Blocked);
    assert_eq!(done.report.counts.deactivated, 200, "would be");
    assert!(register.store.records().values().all(|kept| kept.presence == tripartite::store::Presence::Active));
}

#[test]
fn limits_are_configuration() {
    let json = json!({
        "deactivations": {"percent": 5, "at_least": 100, "absolute": 50},
        "fields": {"email": {"emptied": {"percent": 1}}},
    });
    let guards: Guards = serde_json::from_value(json).unwrap();
    let limits = FieldLimits::default().emptied(Limit::percent(1));
    let expected = Guards::default().deactivations(Limit::percent(5).at_least(100).absolute(50)).field("email", limits);
    assert_eq!(guards, expected);
    assert!(guards.field_names().eq(["email"]));
    assert!(serde_json::from_value::<Guards>(json!({"deletions": {}})).is_err(), "a mistyped guard guards nothing");
    assert_eq!(serde_json::from_value::<Guards>(serde_json::to_value(&guards).unwrap()).unwrap(), guards);
}
