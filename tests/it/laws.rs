//! The laws of the contract, P1 to P10 and P13, over every strategy and absent policy: one record first, then whole
//! nights.

mod ends;
mod record;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::strategy::Strategy as Generate;
use serde_json::{Map, Value as Json, json};
use tripartite::audit::AuditEntry;
use tripartite::memory::{Listing, MemoryStore};
use tripartite::plan::{Guards, Limit, Plan};
use tripartite::run::{RunOutcome, Step};
use tripartite::schema::{Absent, FirstSync, Policy, Schema, SchemaBuilder};
use tripartite::source::{Item, RemoteRecord};
use tripartite::value::Record;

use crate::support::words::{Means, Vocabulary, Word, others, scalars};
use crate::support::world::{self, Break, Call, Watched, audit, copy, state};
use crate::support::{After, PLAIN, canonical, cases, decide, ext, linked, raw, record, said, strategy};

/// Every kind there is three values of, and `text` and `eircode` once more, as the group `pair`.
fn columns() -> &'static [(String, Vocabulary)] {
    static ALL: OnceLock<Vec<(String, Vocabulary)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let whole = |it: &Vocabulary| it.values.len() == 3;
        let same = |it: &Vocabulary| Vocabulary {
            name: it.name,
            kind: it.kind.clone(),
            values: it.values.clone(),
            nulls: it.nulls.clone(),
            nonsense: it.nonsense.clone(),
        };
        let alone = scalars().iter().map(same).chain(others()).filter(whole);
        let mut all: Vec<_> = alone.map(|it| (it.name.to_owned(), it)).collect();
        for name in ["text", "eircode"] {
            all.push((format!("pair {name}"), same(scalars().iter().find(|it| it.name == name).unwrap())));
        }
        all
    })
}

/// How a schema is decided.
#[derive(Debug, Clone)]
struct Way {
    strategy: &'static str,
    absent: Absent,
    /// Whether null says nothing.
    null_is_silence: bool,
    first_sync: Option<FirstSync>,
}

fn any_way() -> impl Generate<Value = Way> {
    let absent = prop_oneof![Just(Absent::NoOpinion), Just(Absent::ClearedIfReported), Just(Absent::Cleared)];
    let first = prop_oneof![
        2 => Just(None),
        1 => Just(Some(FirstSync::AdoptRemote)),
        1 => Just(Some(FirstSync::AdoptLocal)),
        1 => Just(Some(FirstSync::Review)),
    ];
    (0..PLAIN.len(), absent, proptest::bool::weighted(0.25), first).prop_map(
        |(at, absent, null_is_silence, first_sync)| Way { strategy: PLAIN[at], absent, null_is_silence, first_sync },
    )
}

/// The schema of some columns, in an order.
fn policy(way: &Way, order: &[usize]) -> Policy {
    let fields: Vec<String> =
        order.iter().map(|&at| format!("{}: {}", json!(columns()[at].0), columns()[at].1.kind)).collect();
    let first = way.first_sync.map(|first| format!(r#""first_sync": {}, "#, json!(first))).unwrap_or_default();
    let null_means = if way.null_is_silence { "no_opinion" } else { "cleared" };
    let text = format!(
        r#"{{"strategy": {}, "absent": {}, "null_means": "{null_means}", {first}"fields": {{{}}}, "groups": {{"pair": ["pair text", "pair eircode"]}}}}"#,
        serde_json::to_string(&strategy(way.strategy)).unwrap(),
        json!(way.absent),
        fields.join(", "),
    );
    let builder: SchemaBuilder = serde_json::from_str(&text).unwrap();
    Policy::new(builder.kind("eircode", crate::support::words::eircode()).build().unwrap())
}

fn in_order() -> Vec<usize> {
    (0..columns().len()).collect()
}

fn fields(words: &[Word]) -> Json {
    let said = columns().iter().zip(words).filter_map(|((name, _), word)| Some((name.clone(), word.raw.clone()?)));
    Json::Object(said.collect::<Map<_, _>>())
}

// ---- whole nights ------------------------------------------------------------------------------------------------

/// What happens on a day and in the night after it.
#[derive(Debug, Clone)]
struct Day {
    /// Which record's user changes which column to what.
    edits: Vec<(u8, usize, Word)>,
    /// What the source lists.
    lines: Vec<(u8, Vec<Word>)>,
    complete: bool,
}

fn any_day() -> impl Generate<Value = Day> {
    let edit = (0u8..6, 0..columns().len()).prop_flat_map(|(id, at)| (Just(id), Just(at), columns()[at].1.sound()));
    let words: Vec<_> = columns().iter().map(|(_, vocabulary)| vocabulary.any()).collect();
    let lines = proptest::collection::btree_map(0u8..6, words, 0..6);
    (proptest::collection::vec(edit, 0..6), lines, proptest::bool::weighted(0.7))
        .prop_map(|(edits, lines, complete)| Day { edits, lines: lines.into_iter().collect(), complete })
}

fn id(number: u8) -> String {
    format!("m-{number}")
}

impl Day {
    /// The users' work of the day, on records there are.
    fn edit(&self, store: &MemoryStore) {
        for (number, at, word) in &self.edits {
            let name = &columns()[*at].0;
            // There may be no such record yet.
            let _ = store.edit(&ext(&id(*number)), &json!({ name: word.raw }));
        }
    }

    fn items(&self, schema: &Schema) -> Vec<Item> {
        let item = |(number, words): &(u8, Vec<Word>)| Item::Record(said(&id(*number), record(schema, fields(words))));
        self.lines.iter().map(item).collect()
    }

    fn listing(&self, items: Vec<Item>, page: usize) -> Listing {
        let listing = Listing::new(items).pages_of(page);
        if self.complete { listing } else { listing.partial() }
    }

    fn respelled(&self, by: usize) -> Self {
        let respell = |(number, words): &(u8, Vec<Word>)| {
            let words = words.iter().enumerate().map(|(at, word)| columns()[at].1.respell(word, by + at));
            (*number, words.collect())
        };
        Self { lines: self.lines.iter().map(respell).collect(), ..self.clone() }
    }
}

fn unguarded() -> Guards {
    let guards = Guards::default().deactivations(Limit::NONE).emptied(Limit::NONE).names(Limit::NONE);
    guards.takeovers(Limit::NONE).quarantined(Limit::NONE).allow_empty()
}

/// Runs a night without guards; gives its plan's id and what was asked of the store.
fn run_night(policy: &Policy, store: &MemoryStore, listing: &Listing) -> (tripartite::run::Report, Vec<Call>) {
    let watched = Watched::new(store, Break::Never);
    let run = world::run(policy, "night").guards(unguarded());
    let done = world::broken_night(run, &watched, listing).unwrap();
    (done.report, watched.calls())
}

/// The plan of a night, and nothing written.
fn dry(policy: &Policy, store: &MemoryStore, listing: &Listing) -> Plan {
    let run = world::run(policy, "night").guards(unguarded()).dry();
    tripartite::drive::drive_blocking(run.start(), listing, store).unwrap().plan.unwrap()
}

fn json_of(plan: &Plan) -> Json {
    serde_json::to_value(plan).unwrap()
}

/// What a plan does, whatever its order and spelling: the loud ops by id.
fn gist(plan: &Plan) -> BTreeMap<String, (&'static str, Vec<String>)> {
    let line = |entry: &AuditEntry| match entry {
        AuditEntry::Field(entry) => format!("{} {} {}", entry.field, entry.verdict, entry.decision.name()),
        AuditEntry::Record(entry) => format!("{:?} {}", entry.situation, entry.action),
    };
    let op = |op: tripartite::store::Op| {
        let lines: Vec<String> = op.entries.iter().map(line).collect();
        (op.id.to_string(), (op.action.name(), lines))
    };
    plan.changes().map(op).collect()
}

/// A policy, and stores with nothing in them.
fn begin<const N: usize>(way: &Way) -> (Policy, [MemoryStore; N]) {
    let policy = policy(way, &in_order());
    let stores = std::array::from_fn(|_| MemoryStore::new(policy.schema().clone()));
    (policy, stores)
}

/// A place in a list whose length is not known yet.
fn any_place() -> impl Generate<Value = proptest::sample::Index> {
    any::<proptest::sample::Index>()
}

fn nights() -> impl Generate<Value = Vec<Day>> {
    proptest::collection::vec(any_day(), 1..4)
}

proptest! {
    #![proptest_config(cases(64))]

    /// P5: after a night the same listing again finds nothing to load, nothing to write and nothing to say.
    /// P10: a partial listing never deactivates.
    #[test]
    fn a_second_night_is_silent(days in nights(), way in any_way(), page in 1usize..4) {
        let (policy, [store]) = begin(&way);
        let schema = policy.schema();
        for day in days {
            day.edit(&store);
            let listing = day.listing(day.items(schema), page);
            let (report, _) = run_night(&policy, &store, &listing);
            prop_assert_eq!(report.outcome, RunOutcome::Succeeded);
            prop_assert!(day.complete || report.counts.deactivated == 0, "P10");
            let (before, told) = (state(schema, &store), audit(&store));
            let (again, calls) = run_night(&policy, &store, &listing);
            prop_assert_eq!(calls, vec![Call::Index], "nothing is loaded, nothing is written");
            prop_assert_eq!(again.counts.unchanged, again.counts.processed);
            prop_assert_eq!(again.counts.conflicts_open, report.counts.conflicts_open);
            prop_assert_eq!((state(schema, &store), audit(&store)), (before, told));
        }
    }

    /// P6: the order of the records and the split into pages change neither the plan's id nor the outcome, and
    /// repetitions that say the same change nothing at all.
    #[test]
    fn order_pages_and_repetitions_do_not_count(
        days in nights(),
        way in any_way(),
        page in 1usize..4,
        seed in any_place(),
    ) {
        let (policy, [store, other]) = begin(&way);
        let schema = policy.schema();
        for day in days {
            day.edit(&store);
            day.edit(&other);
            let items = day.items(schema);
            let mut turned = items.clone();
            if !turned.is_empty() {
                let by = seed.index(turned.len());
                turned.rotate_left(by);
                let len = turned.len();
                turned.swap(0, len - 1);
                turned.push(items[by].clone());
            }
            let straight = day.listing(items, 100);
            let turned = day.listing(turned, page);
            let (a, b) = (dry(&policy, &store, &straight), dry(&policy, &other, &turned));
            prop_assert_eq!(a.id(), b.id());
            let (a, _) = run_night(&policy, &store, &straight);
            let (b, _) = run_night(&policy, &other, &turned);
            prop_assert_eq!(a.plan_id, b.plan_id);
            prop_assert_eq!(b.counts.duplicates, u64::from(!day.lines.is_empty()));
            let mut counts = b.counts;
            counts.duplicates = 0;
            prop_assert_eq!(counts, a.counts);
            prop_assert_eq!(state(schema, &store), state(schema, &other));
            prop_assert_eq!(audit(&store), audit(&other));
        }
    }

    /// P6: nor does the order of the fields.
    #[test]
    fn the_order_of_the_fields_does_not_count(days in nights(), way in any_way(), turn in 1usize..9) {
        let mut order = in_order();
        order.rotate_left(turn % columns().len());
        let policies = [policy(&way, &in_order()), policy(&way, &order)];
        let mut seen = Vec::new();
        for policy in &policies {
            let schema = policy.schema();
            let store = MemoryStore::new(schema.clone());
            for day in &days {
                day.edit(&store);
                run_night(policy, &store, &day.listing(day.items(schema), 2));
            }
            let mut lines: Vec<String> = audit(&store).into_iter().collect();
            lines.sort();
            seen.push((state(schema, &store), lines));
        }
        prop_assert_eq!(&seen[0], &seen[1]);
    }

    /// P6: a repetition that says something else is found, wherever it stands, and its record is left alone.
    #[test]
    fn a_contradiction_is_found_wherever_it_stands(
        days in nights(),
        way in any_way(),
        page in 1usize..4,
        at in any_place(),
        to in any_place(),
    ) {
        let (policy, [store]) = begin(&way);
        let schema = policy.schema();
        for day in days {
            day.edit(&store);
            prop_assume!(!day.lines.is_empty());
            let mut items = day.items(schema);
            let Item::Record(RemoteRecord { id, .. }) = items[at.index(items.len())].clone() else { unreachable!() };
            let odd = record(schema, json!({"text": "something else entirely"}));
            items.insert(to.index(items.len() + 1), Item::Record(said(id.as_str(), odd)));
            let before = state(schema, &store).remove(id.as_str());
            let (report, _) = run_night(&policy, &store, &day.listing(items, page));
            prop_assert_eq!(report.outcome, RunOutcome::Partial);
            prop_assert_eq!(report.counts.quarantined, 1);
            prop_assert_eq!(report.set_aside[0].id.as_ref(), Some(&id));
            prop_assert_eq!(state(schema, &store).remove(id.as_str()), before, "untouched, and not missing either");
            let c = report.counts;
            let parts = c.created + c.updated + c.unchanged + c.reactivated + c.quarantined + c.skipped + c.failed;
            prop_assert_eq!(parts, c.processed, "every record is exactly one thing");
        }
    }

    /// P7 for nights: a listing in other spellings makes the same plan, but for silent ops.
    #[test]
    fn a_listing_in_other_spellings_plans_the_same(days in nights(), way in any_way(), by in 0usize..4) {
        let (policy, [store]) = begin(&way);
        let schema = policy.schema();
        for day in days {
            day.edit(&store);
            let listing = day.listing(day.items(schema), 2);
            let respelled = day.respelled(by);
            let respelled = respelled.listing(respelled.items(schema), 2);
            prop_assert_eq!(gist(&dry(&policy, &store, &listing)), gist(&dry(&policy, &store, &respelled)));
            run_night(&policy, &store, &listing);
            // Of what is in step, another spelling is no news.
            let quiet = dry(&policy, &store, &respelled);
            prop_assert_eq!(quiet.changes().filter(|op| op.action.name() != "touch").count(), 0);
        }
    }

    /// P7 for repetitions: a line in other words says the same, so the plan is the one without it.
    #[test]
    fn a_repetition_in_other_spellings_does_not_count(
        day in any_day(),
        way in any_way(),
        page in 1usize..4,
        by in 0usize..4,
    ) {
        let (policy, [store]) = begin(&way);
        let schema = policy.schema();
        let once = day.listing(day.items(schema), 100);
        let twice = [day.items(schema), day.respelled(by).items(schema)].concat();
        let (once, twice) = (dry(&policy, &store, &once), dry(&policy, &store, &day.listing(twice, page)));
        prop_assert_eq!(once.id(), twice.id());
        prop_assert_eq!(once.quarantined(), twice.quarantined());
    }

    /// A plan is the same after a stay in a file, and carrying it out is carrying out the run it was made for.
    #[test]
    fn a_stored_plan_is_the_plan(days in nights(), way in any_way()) {
        let (policy, [store]) = begin(&way);
        let schema = policy.schema();
        for day in days {
            day.edit(&store);
            let listing = day.listing(day.items(schema), 2);
            let untouched = state(schema, &store);
            let plan = dry(&policy, &store, &listing);
            prop_assert_eq!(state(schema, &store), untouched, "a dry run writes nothing");
            let text = serde_json::to_string(&plan).unwrap();
            let stored = Plan::read(schema, &mut serde_json::Deserializer::from_str(&text)).unwrap();
            prop_assert_eq!(stored.id(), plan.id());
            prop_assert_eq!(json_of(&stored), json_of(&plan));

            let aside = copy(schema, &store);
            let step = world::by_hand(world::run(&policy, "night").apply(stored), &listing, &aside, |_| ());
            let Step::Done(done) = step else { panic!("a plan that is applied is not stopped") };
            let (report, _) = run_night(&policy, &store, &listing);
            prop_assert_eq!(done.report.plan_id, report.plan_id);
            prop_assert_eq!(report.plan_id, plan.id(), "what was shown is what was done");
            prop_assert_eq!(state(schema, &aside), state(schema, &store));
        }
    }

    /// P9 in memory: whatever call of the store fails, and whether it was carried out or not, the next run reaches the
    /// state of a run that was not disturbed, and says no more and no less.
    #[test]
    fn a_night_that_breaks_off_is_made_up_for(days in nights(), way in any_way(), page in 1usize..4, batch in 1usize..3) {
        let (policy, [store]) = begin(&way);
        let schema = policy.schema();
        for day in days {
            day.edit(&store);
            let listing = day.listing(day.items(schema), page);
            let run = || world::run(&policy, "night").guards(unguarded()).batch(batch);
            let undisturbed = copy(schema, &store);
            let watched = Watched::new(&undisturbed, Break::Never);
            world::broken_night(run(), &watched, &listing).unwrap();
            for call in 0..watched.calls().len() {
                for breaks in [Break::Before(call), Break::After(call)] {
                    let aside = copy(schema, &store);
                    let error = world::broken_night(run(), &Watched::new(&aside, breaks), &listing).unwrap_err();
                    let tripartite::drive::DriveError::Store { done, .. } = error else { panic!("the store broke") };
                    prop_assert_eq!(done.report.outcome, RunOutcome::Failed);
                    world::broken_night(run(), &Watched::new(&aside, Break::Never), &listing).unwrap();
                    prop_assert_eq!(state(schema, &aside), state(schema, &undisturbed), "{:?}", breaks);
                    prop_assert_eq!(audit(&aside), audit(&undisturbed), "{:?}", breaks);
                }
            }
            world::broken_night(run(), &Watched::new(&store, Break::Never), &listing).unwrap();
        }
    }
}
