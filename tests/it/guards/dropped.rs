//! A column that the source has dropped, and a person has approved that: not asked about again while it lasts.

use serde_json::{Value as Json, json};
use tripartite::memory::MemoryStore;
use tripartite::plan::{Guards, PlanId};
use tripartite::run::RunOutcome;
use tripartite::schema::{Policy, SchemaBuilder, Strategy};

use super::Register;
use crate::support::ext;

const MEMBERS: usize = 30;

type Night = Vec<(String, Json)>;

/// How a source drops a column, beside saying null.
#[derive(Clone, Copy)]
enum Drop {
    Null,
    Gone,
    Blank,
    Empty,
}

const DROPS: [Drop; 4] = [Drop::Null, Drop::Gone, Drop::Blank, Drop::Empty];

/// What the members say: their numbers, unless the column is dropped, and a note that tells the nights apart.
fn listed(drop: Option<Drop>, note: &str) -> Night {
    let fields = |n: usize| {
        let mut fields = json!({"name": format!("P{n}"), "note": note, "home": {"street": "Main St", "no": n}});
        match drop {
            None => fields["phone"] = json!([format!("087 555 {n:04}")]),
            Some(Drop::Null) => fields["phone"] = Json::Null,
            Some(Drop::Blank) => fields["phone"] = json!([""]),
            Some(Drop::Empty) => fields["phone"] = json!([]),
            Some(Drop::Gone) => {}
        }
        fields
    };
    (0..MEMBERS).map(|n| (format!("M{n}"), fields(n))).collect()
}

fn register(absent: &str, strategy: &str) -> Register {
    let spec = json!({"absent": absent, "strategy": strategy, "fields": {
        "name": {"kind": "text"},
        "note": {"kind": "text", "strategy": "remote_wins"},
        "home": {"kind": "map"},
        "phone": {"kind": "list"},
    }});
    let schema = serde_json::from_value::<SchemaBuilder>(spec).unwrap().build().unwrap();
    let store = MemoryStore::new(schema.clone());
    let register = Register { policy: Policy::new(schema), store, guards: Guards::default() };
    assert_eq!(register.night(&listed(None, "first")).report.counts.created, MEMBERS as u64);
    register
}

fn approve(register: &Register, night: &[(String, Json)]) -> PlanId {
    let blocked = register.night(night).report;
    assert_eq!(blocked.outcome, RunOutcome::Blocked);
    let approved = register.drive(register.run().approve(blocked.plan_id), night).report;
    assert_ne!(approved.outcome, RunOutcome::Blocked);
    blocked.plan_id
}

fn edit_all(register: &Register, phone: &str) {
    (0..MEMBERS).for_each(|n| register.store.edit(&ext(&format!("M{n}")), &json!({"phone": [phone]})).unwrap());
}

#[test]
fn a_drop_that_was_approved_is_not_asked_about_again() {
    for absent in ["no_opinion", "cleared_if_reported", "cleared"] {
        for strategy in ["remote_wins", "local_wins", "merge", "enforced", "local_owned", "fill_only"] {
            for (edited, drop) in [false, true].into_iter().flat_map(|edited| DROPS.map(|drop| (edited, drop))) {
                let mut register = register(absent, strategy);
                if edited {
                    edit_all(&register, "mine");
                }
                approve(&register, &listed(Some(drop), "first"));
                let passes = |register: &Register, drop, note: &str| {
                    let report = register.night(&listed(Some(drop), note)).report;
                    assert_eq!(report.blocked, [], "{absent} {strategy} {edited}: {note}");
                };
                passes(&register, drop, "every record says something else");
                if edited {
                    edit_all(&register, "mine again");
                    passes(&register, drop, "every record was edited");
                }
                register.policy = register.policy.strategy(Strategy::LocalWins).unwrap();
                passes(&register, drop, "another policy");
                passes(&register, Drop::Gone, "dropped in another way");
            }
        }
    }
}

#[test]
fn another_drop_than_the_approved_one_is_asked_about() {
    let register = register("no_opinion", "remote_wins");
    approve(&register, &listed(Some(Drop::Gone), "first"));
    let without = |place: &str| {
        let mut night = listed(Some(Drop::Gone), "second");
        night.iter_mut().for_each(|(_, fields)| *fields.pointer_mut(place).unwrap() = Json::Null);
        night
    };
    for place in ["/name", "/home"] {
        assert_eq!(register.night(&without(place)).report.outcome, RunOutcome::Blocked, "{place}");
    }
    assert_eq!(register.night(&listed(None, "it is back")).report.outcome, RunOutcome::Succeeded);
    let again = listed(Some(Drop::Gone), "and gone again");
    approve(&register, &again);
    assert_eq!(register.night(&again).report.outcome, RunOutcome::Succeeded);
}

/// What was dropped unasked, below the limit, was approved by nobody.
#[test]
fn a_few_that_were_dropped_unasked_count_with_the_next() {
    let register = register("no_opinion", "remote_wins");
    let of = |from: usize, to: usize| {
        let (mut all, gone) = (listed(None, "second"), listed(Some(Drop::Gone), "second"));
        all[from..to].clone_from_slice(&gone[from..to]);
        all
    };
    assert_eq!(register.night(&of(0, 6)).report.outcome, RunOutcome::Succeeded);
    let mut more = of(0, 8);
    more.iter_mut().for_each(|(_, fields)| fields["note"] = "third".into());
    assert_eq!(register.night(&more).report.outcome, RunOutcome::Blocked);
}

/// Beside what was approved, as many more records as a night may drop unasked, and not one more.
#[test]
fn many_more_records_than_were_approved_are_asked_about() {
    let register = register("no_opinion", "remote_wins");
    let of = |count: usize, note: &str| {
        let (mut all, gone) = (listed(None, note), listed(Some(Drop::Gone), note));
        all[..count].clone_from_slice(&gone[..count]);
        all
    };
    approve(&register, &of(10, "second"));
    assert_eq!(register.night(&of(17, "third")).report.outcome, RunOutcome::Blocked);
    assert_eq!(register.night(&of(16, "third")).report.outcome, RunOutcome::Succeeded);
}

#[test]
fn a_drop_inside_an_object_is_approved_for_good_too() {
    let mut register = register("no_opinion", "merge");
    let without = |note: &str| {
        let mut night = listed(None, note);
        night.iter_mut().for_each(|(_, fields)| drop(fields["home"].as_object_mut().unwrap().remove("street")));
        night
    };
    (0..MEMBERS).for_each(|n| {
        let home = json!({"home": {"street": "Mine", "no": n}});
        register.store.edit(&ext(&format!("M{n}")), &home).unwrap();
    });
    approve(&register, &without("second"));
    assert_eq!(register.night(&without("third")).report.blocked, []);
    register.policy = register.policy.strategy(Strategy::LocalWins).unwrap();
    assert_eq!(register.night(&without("fourth")).report.blocked, []);
}

/// A record that is edited while the approved plan is written is planned once more, and its drop stays approved.
#[test]
fn a_record_that_was_stale_keeps_what_was_approved() {
    use crate::support::world::by_hand;
    let register = register("no_opinion", "remote_wins");
    let night = listed(Some(Drop::Gone), "second");
    let id = register.night(&night).report.plan_id;
    let said = night.iter().map(|(id, fields)| (id.as_str(), fields.clone()));
    let listing = tripartite::memory::Listing::of(register.policy.schema(), said).unwrap();
    let mut once = true;
    let _ = by_hand(register.run().approve(id).start(), &listing, &register.store, |step| {
        if matches!(step, tripartite::run::Step::Committing(_)) && std::mem::take(&mut once) {
            edit_all(&register, "mine");
        }
    });
    assert_eq!(register.night(&listed(Some(Drop::Gone), "third")).report.blocked, []);
}
