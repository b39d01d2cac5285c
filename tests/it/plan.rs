//! What is stored and shown, pinned: plans, reports, sentences, schemas, audit entries and the texts of errors.

mod missing;
mod rekeyed;
mod stored;

use std::collections::BTreeSet;

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value as Json, json};
use tripartite::audit::AuditEntry;
use tripartite::detect::{Sides, detect};
use tripartite::memory::{Listing, MemoryStore};
use tripartite::plan::{Blocked, Guards, InvalidPlanId, Limit, Plan, PlanError, PlanId, plan_creation};
use tripartite::resolve::resolve;
use tripartite::run::Done;
use tripartite::schema::{Field, FirstSync, Group, Kind, Policy, Schema, SchemaBuilder, SchemaError, Strategy};
use tripartite::source::{Item, Malformed};
use tripartite::store::Presence;

use crate::support::world::{by_hand, finish, listing, night, run};
use crate::support::{PLAIN, decide, ext, linked, record, said, schema, strategy};

fn club() -> Schema {
    let text = r#"{
        "absent": "no_opinion", "strategy": "merge", "first_sync": "adopt_remote",
        "fields": {
            "first_name": {"kind": "name", "aliases": ["forename"]},
            "last_name": {"kind": "name", "required": true},
            "email": {"kind": "email", "sensitive": true},
            "phone": {"kind": "phone", "region": "IE", "sensitive": true, "absent": "cleared_if_reported"},
            "born": {"kind": "date", "formats": ["%Y-%m-%d", "%d/%m/%Y"], "write_canonical": true},
            "club": {"kind": "text", "strategy": "enforced"},
            "seen": {"kind": "timestamp", "strategy": "local_owned"},
            "note": {"kind": "text", "strategy": {"newest_wins": {"stamp": "seen", "skew_seconds": 2, "fallback": "local"}}},
            "tags": {"kind": "set", "of": "text", "empty_means_null": true},
            "emergency": {"kind": "record", "fields": {"name": "name", "phone": {"phone": {"region": "IE"}}}, "atomic": true},
            "more": {"kind": "map", "strategy": {"merge": {"fallback": "remote"}}}
        },
        "groups": {"name": {"fields": ["first_name", "last_name"], "strategy": "remote_wins"}}
    }"#;
    serde_json::from_str(text).unwrap()
}

/// A base has one word for empty, whatever the source's was and whatever came of it.
#[test]
fn a_base_holds_null_for_what_the_source_spells_empty() {
    let kinds = json!({"a": {"kind": "text"}, "b": {"kind": "email"}, "c": {"kind": "set", "of": "text", "empty_means_null": true}});
    let policy = Policy::new(schema(json!({ "fields": kinds })));
    let schema = policy.schema();
    let null = record(schema, json!({"a": null, "b": null, "c": null}));
    let blank = record(schema, json!({"a": " ", "b": "", "c": []}));
    let full = record(schema, json!({"a": "x", "b": "x@example.org", "c": ["x"]}));
    let created = plan_creation(&policy, &said("7", blank.clone())).unwrap();
    assert_eq!(created.base.as_ref(), Some(&null), "created");
    for (says, base, local) in [
        ("in step", Some(&null), &null),
        ("in step, spelled so before", Some(&blank), &blank),
        ("adopted", None, &null),
        ("emptied", Some(&full), &full),
        ("converged", Some(&full), &null),
        ("only here", Some(&null), &full),
    ] {
        let after = decide(&policy, &linked(schema, base.cloned(), local.clone()), &blank);
        assert_eq!(after.base, null, "{says}");
    }
}

/// What the source says beyond the schema was not decided on: a field that joins later has no base.
#[test]
fn what_is_beyond_the_schema_is_no_base_of_a_new_record() {
    let fields = |more: &str| {
        schema(serde_json::from_str(&format!(r#"{{"fields": {{"name": {{"kind": "name"}}{more}}}}}"#)).unwrap())
    };
    let before = fields("");
    for remote in [json!({"name": "Áine", "shoe": 43}), json!({"name": "", "shoe": 43})] {
        let op = plan_creation(&Policy::new(before.clone()), &said("7", record(&before, remote))).unwrap();
        let base = op.base.unwrap();
        assert!(base.extra().is_missing());
        let later = fields(r#", "shoe": {"kind": "integer"}"#);
        let base = later.record(&before.named(&base)).unwrap();
        assert!(base.field(1).is_missing(), "nothing is known of a field that nobody decided on");
    }
}

/// What belongs to this side may differ from the base without anybody's edit, and is not said to have been edited.
#[test]
fn what_this_side_owns_is_not_said_to_be_edited() {
    for (strategy, base, local, remote, expected) in [
        (
            "local_owned",
            "1",
            None,
            "1",
            "The source has phone and here it is empty, but it belongs to this side, so the sides stay as they are.",
        ),
        (
            "local_owned",
            "1",
            Some("2"),
            "1",
            "The source still has its own phone and here is another, but it belongs to this side, so the sides stay as they are.",
        ),
        (
            "local_owned",
            "1",
            None,
            "2",
            "The source changed phone and here it is empty; by the rule \"source: local_owned\" the value here was kept.",
        ),
        (
            "fill_only",
            "1",
            None,
            "1",
            "Somebody here emptied phone and the source still has the old value, so the edit stays.",
        ),
        (
            "fill_only",
            "1",
            Some("2"),
            "1",
            "The source still has its own phone and here is another, but it is only ever filled where it is empty, so the sides stay as they are.",
        ),
        (
            "remote_wins",
            "1",
            None,
            "1",
            "Somebody here emptied phone and the source still has the old value, so the edit stays.",
        ),
    ] {
        let policy = Policy::new(schema(json!({"strategy": strategy, "fields": {"phone": {"kind": "text"}}})));
        let schema = policy.schema();
        let of = |phone: Option<&str>| record(schema, json!({ "phone": phone }));
        let after = decide(&policy, &linked(schema, Some(of(Some(base))), of(local)), &of(Some(remote)));
        let [AuditEntry::Field(entry)] = &after.op.entries[..] else { panic!("one entry") };
        assert_eq!(entry.why, expected);
    }
}

/// A night with one record in each situation, dry.
fn eventful() -> Done {
    let policy = Policy::new(club());
    let schema = policy.schema();
    let store = MemoryStore::new(schema.clone());
    let of =
        |name: &str, email: &str| json!({"first_name": name, "last_name": "Byrne", "email": email, "club": "Kilmacud"});
    let before: Vec<(&str, Json)> = ["conflict", "drift", "gone", "back", "removed", "still", "invalid", "twice"]
        .map(|id| (id, of("Áine", "aine@example.org")))
        .into();
    night(&policy, &store, &listing(schema, &before));
    store.edit(&ext("conflict"), &json!({"email": "here@example.org"})).unwrap();
    store.edit(&ext("drift"), &json!({"club": "Ballybeg"})).unwrap();
    store.change(&ext("back"), |kept| kept.presence = Presence::Deactivated).unwrap();
    store.change(&ext("removed"), |kept| kept.presence = Presence::Removed).unwrap();
    let mut source: Vec<(&str, Json)> = vec![
        ("new", of("Seán", "sean@example.org")),
        ("conflict", of("Áine Bhán", "there@example.org")),
        ("drift", of("Áine", "aine@example.org")),
        ("back", of("Áine", "aine@example.org")),
        ("removed", of("Nuala", "aine@example.org")),
        ("still", of("Áine", "AINE@example.org")),
        ("twice", of("Áine", "aine@example.org")),
        ("twice", of("Áine", "other@example.org")),
        ("nameless", json!({"first_name": "Seán"})),
    ];
    let mut invalid = of("Áine", "n/a");
    invalid["born"] = json!("31/04/1990");
    source.push(("invalid", invalid));
    let mut items: Vec<Item> =
        source.iter().map(|(id, json)| Item::Record(said(id, record(schema, json.clone())))).collect();
    let broken = Malformed::new("line 12", "is no object").id(ext("broken"));
    items.push(Item::Malformed(broken));
    finish(by_hand(run(&policy, "night-2").dry().start(), &Listing::new(items), &store, |_| ()))
}

#[test]
fn a_plan_with_one_op_of_each_kind() {
    let plan = eventful().plan.unwrap();
    let actions: BTreeSet<&str> = plan.ops().map(|op| op.action.name()).collect();
    assert_eq!(actions.into_iter().collect::<Vec<_>>(), ["create", "deactivate", "reactivate", "touch", "update"]);
    assert_json_snapshot!(plan);
}

#[test]
fn a_report() {
    let report = eventful().report;
    assert_json_snapshot!(report);
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<tripartite::run::Report>(&text).unwrap(), report, "and it reads back");
}

#[test]
fn a_blocked_report() {
    let policy = Policy::new(schema(json!({"fields": {"n": {"kind": "integer"}}})));
    let store = MemoryStore::new(policy.schema().clone());
    night(&policy, &store, &listing(policy.schema(), &[("7", json!({"n": 1})), ("8", json!({"n": 1}))]));
    let guards = Guards::default().deactivations(Limit::percent(10).absolute(1));
    let step = run(&policy, "night-2").guards(guards).start();
    assert_json_snapshot!(finish(by_hand(step, &Listing::new(Vec::new()), &store, |_| ())).report);
}

#[test]
fn a_schema() {
    let schema = club();
    assert_json_snapshot!(schema);
    let again: Schema = serde_json::from_str(&serde_json::to_string(&schema).unwrap()).unwrap();
    assert_eq!(again.fingerprint(), schema.fingerprint());
}

/// Stored beside every base and in every plan: another one, and every record is looked at once more.
#[test]
fn versions_of_a_schema_and_its_policies() {
    let plain = Policy::new(club());
    let local = Policy::new(club()).strategy(Strategy::LocalWins).unwrap();
    let first = Policy::new(club()).first_sync(FirstSync::Review);
    let versions = [plain.schema().fingerprint(), plain.fingerprint(), local.fingerprint(), first.fingerprint()];
    assert_eq!(
        versions.map(|version| version.to_string()),
        [
            "f88b09a807fa298ad3cda824183beb75",
            "9905ee5c0ce0e4adbeffde995decc1de",
            "3d3a63e53e1dc597b4eb19a1f79ff13f",
            "6cb7e0b515355f3c76745f784bd55132",
        ]
    );
}

/// A guard speaks of one record as of one.
#[test]
fn an_empty_listing_of_one_record_is_told_of_one() {
    let told = |population| Blocked::EmptyListing { population }.to_string();
    assert_eq!(told(1), "the listing is complete but empty, while 1 record is active here");
    assert_eq!(told(2), "the listing is complete but empty, while 2 records are active here");
}

/// An id that was cut off on its way approves nothing.
#[test]
fn the_id_of_a_plan_has_all_its_digits() {
    let id = eventful().report.plan_id;
    let text = id.to_string();
    assert_eq!(text.parse::<PlanId>(), Ok(id));
    for wrong in [
        "",
        "7",
        &text[1..],
        &text[..31],
        &text[..32],
        &text[..63],
        &format!("+{}", &text[1..]),
        &format!("{text}0"),
        &text.replace(&text[..1], "g"),
    ] {
        assert_eq!(wrong.parse::<PlanId>(), Err(InvalidPlanId), "{wrong}");
        assert!(wrong.len() == 32 || serde_json::from_value::<PlanId>(json!(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn audit_entries() {
    let plan = eventful().plan.unwrap();
    let mut fields: Vec<AuditEntry> = Vec::new();
    for op in plan.ops() {
        fields.extend(op.entries.into_iter().filter(|_| ["conflict", "drift", "removed"].contains(&op.id.as_str())));
    }
    assert_json_snapshot!(fields);
    for entry in fields {
        let json = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<AuditEntry>(&json).unwrap(), entry);
    }
}

/// Every verdict with every decision that can follow it, as the person who keeps the register reads it.
#[test]
fn sentences() {
    let sides = [None, Some(Json::Null), Some(json!("a")), Some(json!("x")), Some(json!("y")), Some(json!(["none"]))];
    let mut told = BTreeSet::new();
    for name in PLAIN {
        let strategy = serde_json::to_value(strategy(name)).unwrap();
        let policy = Policy::new(schema(json!({"strategy": strategy, "fields": {"phone": {"kind": "text"}}})));
        for base in &sides[..3] {
            for local in &sides[1..4] {
                for remote in &sides {
                    let of = |side: &Option<Json>| {
                        record(
                            policy.schema(),
                            side.as_ref().map_or_else(|| json!({}), |side| json!({ "phone": side })),
                        )
                    };
                    tell(&policy, [of(base), of(local), of(remote)], &mut told);
                }
            }
        }
    }
    for (base, local, remote) in [
        (json!({"a": 1}), json!({"a": 2, "b": 1}), json!({"a": 3, "c": 1})),
        (json!({"a": 1}), json!({"a": 1, "b": 1}), json!({"a": 1, "c": 1})),
        (json!({"a": 1}), json!({"a": 2, "b/c": {"d": 1}}), json!({"a": 3, "b/c": {"d": 2}})),
        (json!({"a": 1}), json!({"a": 1}), json!({"a": 2, "b": 1})),
        (json!({"a": 1}), json!({"a": 2}), json!({"a": 1})),
    ] {
        for name in ["merge", "merge:local", "merge:remote", "enforced", "fill_only"] {
            let strategy = serde_json::to_value(strategy(name)).unwrap();
            let policy = Policy::new(schema(json!({"strategy": strategy, "fields": {"more": {"kind": "map"}}})));
            tell(
                &policy,
                [&base, &local, &remote].map(|side| record(policy.schema(), json!({ "more": side }))),
                &mut told,
            );
        }
    }
    let pair = json!({"fields": {"a": {"kind": "text"}, "b": {"kind": "text"}}, "groups": {"pair": ["a", "b"]}});
    let policy = Policy::new(schema(pair));
    tell(&policy, ["1", "1", "2"].map(|n| record(policy.schema(), json!({"a": n, "b": "0"}))), &mut told);
    let told: Vec<String> =
        told.into_iter().map(|(verdict, decision, why)| format!("{verdict} / {decision}: {why}")).collect();
    assert_snapshot!(told.join("\n"));
}

fn tell(policy: &Policy, sides: [tripartite::value::Record; 3], told: &mut BTreeSet<(String, &'static str, String)>) {
    let [base, local, remote] = &sides;
    let changes = detect(policy.schema(), Sides { base, local, remote });
    for resolution in resolve(policy, &changes, None).resolutions {
        told.insert((resolution.verdict.to_string(), resolution.decision.name(), resolution.why(policy.schema())));
    }
}

/// Every way in which a schema can be wrong, in code and in a file.
#[test]
fn what_a_wrong_schema_is_told() {
    let text = |name: &str| Field::new(name, Kind::Text);
    let built = |builder: SchemaBuilder| builder.build().map(drop).unwrap_err();
    let two = || Schema::builder().field(text("a")).field(text("b"));
    let newest = Strategy::NewestWins { stamp: "a".into(), skew: Default::default(), fallback: Default::default() };
    let crowd = (0..5000).fold(Schema::builder(), |builder, n| builder.field(text(&n.to_string())));
    let no_kind = json!({"fields": {"a": {"kind": "emial"}}});
    let wrong: Vec<SchemaError> = vec![
        built(two().group(Group::new("g", ["a", "b", "a"]))),
        built(Schema::builder()),
        built(crowd),
        built(Schema::builder().field(text(""))),
        built(two().field(text("c").alias("a"))),
        built(serde_json::from_value(no_kind).unwrap()),
        built(Schema::builder().field(Field::new("a", Kind::dates(["%d/%m/%y"])))),
        built(Schema::builder().field(Field::new("a", Kind::set(Kind::List)))),
        built(two().group(Group::new("g", ["a", "c"]))),
        built(two().group(Group::new("g", ["a"]))),
        built(two().group(Group::new("g", ["a", "b"])).group(Group::new("h", ["b", "a"]))),
        built(two().field(text("c").strategy(Strategy::MERGE)).group(Group::new("g", ["a", "c"]))),
        built(two().strategy(newest)),
        built(two().strategy(Strategy::Custom { resolver: "nobody".into() })),
    ];
    let in_files = [
        json!({}),
        json!({"fields": {"a": {}}}),
        json!({"fields": {"a": {"kind": "phone"}}}),
        json!({"fields": {"a": {"kind": "phone", "region": "XX"}}}),
        json!({"fields": {"a": {"kind": "text", "requird": true}}}),
        json!({"fields": {"a": {"kind": "text", "required": "yes"}}}),
        json!({"fields": {"a": {"kind": "text", "strategy": "newest_wins"}}}),
        json!({"fields": {"a": {"kind": "set"}}}),
        json!({"fields": {"a": "text"}}),
        json!({"fields": {"a": {"kind": "text"}}, "absent": "null"}),
        json!({"fields": {"a": {"kind": "text"}}, "first_sync": "both"}),
    ];
    let read = |json: &Json| serde_json::from_value::<Schema>(json.clone()).map(drop).unwrap_err().to_string();
    let texts: Vec<String> = wrong.iter().map(ToString::to_string).chain(in_files.iter().map(read)).collect();
    assert_snapshot!(texts.join("\n"));
}

/// A plan is only read under the schema and format it was written in.
#[test]
fn a_stored_plan_is_checked() {
    let plan = eventful().plan.unwrap();
    let json = serde_json::to_value(&plan).unwrap();
    let read = |schema: &Schema, json: &Json| {
        Plan::read(schema, &mut serde_json::Deserializer::from_str(&json.to_string())).map(|plan| plan.id())
    };
    assert_eq!(read(&club(), &json), Ok(plan.id()));
    let other = schema(json!({"fields": {"n": {"kind": "integer"}}}));
    assert!(matches!(read(&other, &json), Err(PlanError::Schema { .. })));
    let mut later = json.clone();
    later["format"] = json!(4);
    assert!(matches!(read(&club(), &later), Err(PlanError::Format(error)) if error.found == 4));
    later["format"] = json!(1);
    assert!(matches!(read(&club(), &later), Err(PlanError::Outdated { found: 1 })));
    assert!(matches!(read(&club(), &json!([])), Err(PlanError::Unreadable(_))));
}
