//! Whole nights with match rules, beside the naive judge: who is linked, who is created, who waits, and nothing else.
//!
//! Those that are linked are in step before the night, so that nothing but the rules decides. Two records of the source
//! that share a key, and that nobody here is, are both created; if the first of them was there before the second, a person
//! is asked. So the law of broken nights is about sources in which no two share one.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tripartite::drive::drive_blocking;
use tripartite::id::{ExternalId, LocalId};
use tripartite::matching::{Match, MatchRules, Trust};
use tripartite::memory::{Kept, Listing, MemoryStore};
use tripartite::plan::{Guards, Limit};
use tripartite::run::{Mode, Report, Run, RunOutcome};
use tripartite::schema::{Policy, Schema};
use tripartite::source::Item;
use tripartite::store::Presence;
use tripartite::value::Record;

use super::laws::{Said, record, said};
use super::naive::{self, Known};
use super::{people, usual};
use crate::support;
use crate::support::world::{self, Break, Watched};

/// What a night begins with.
#[derive(Debug, Clone)]
struct World {
    /// What the source lists, and whether that is linked here, and in step.
    listed: Vec<(Said, bool)>,
    /// Linked, and not listed any more.
    gone: Vec<Said>,
    /// Without an external id, and whether a user removed it.
    free: Vec<(Said, bool)>,
}

fn worlds() -> impl Strategy<Value = World> {
    let listed = proptest::collection::vec((said(), proptest::bool::weighted(0.25)), 1..7);
    let free = proptest::collection::vec((said(), proptest::bool::weighted(0.1)), 0..6);
    (listed, proptest::collection::vec(said(), 0..2), free).prop_map(|(listed, gone, free)| World {
        listed,
        gone,
        free,
    })
}

fn id(at: usize) -> ExternalId {
    support::ext(&format!("FED-{at}"))
}

fn local(at: usize) -> LocalId {
    LocalId::new(format!("{at}")).unwrap()
}

fn run(policy: &Policy) -> Run {
    let guards = Guards::default().deactivations(Limit::NONE).quarantined(Limit::NONE).allow_empty();
    world::run(policy, "night").guards(guards)
}

/// How a night is made.
#[derive(Debug, Clone, Copy)]
struct Way {
    mode: Mode,
    page: usize,
    batch: usize,
    turn: usize,
}

fn ways() -> impl Strategy<Value = Way> {
    let modes = prop_oneof![Just(Mode::Planned), Just(Mode::Streaming)];
    (modes, 1..4_usize, 1..3_usize, 0..7_usize).prop_map(|(mode, page, batch, turn)| Way { mode, page, batch, turn })
}

const STRAIGHT: Way = Way { mode: Mode::Planned, page: 100, batch: 100, turn: 0 };

struct Night {
    policy: Policy,
    rules: MatchRules,
    store: MemoryStore,
    listed: BTreeMap<ExternalId, Record>,
    unlinked: BTreeMap<ExternalId, Record>,
    here: Vec<Known>,
}

impl Night {
    fn of(world: &World) -> Self {
        let schema = people();
        let policy = Policy::new(schema.clone());
        let (rules, store) = (usual(&schema), MemoryStore::new(schema.clone()));
        let all = world.listed.iter().enumerate().map(|(at, (said, _))| (id(at), record(&schema, said, 0)));
        let listed: BTreeMap<_, _> = all.collect();
        let is_linked = |at: usize| world.listed[at].1;
        let old = (0..world.listed.len()).filter(|at| is_linked(*at)).map(|at| (id(at), listed[&id(at)].clone()));
        let gone = world.gone.iter().enumerate().map(|(at, said)| (id(100 + at), record(&schema, said, 0)));
        let linked: Vec<(ExternalId, Record)> = old.chain(gone).collect();
        let items = linked.iter().map(|(id, record)| Item::Record(support::said(id.as_str(), record.clone())));
        drive_blocking(run(&policy).start(), &Listing::new(items.collect()), &store).unwrap();
        let mut here: Vec<Known> =
            linked.iter().map(|(id, record)| (store.get(id).unwrap().id, Some(id.clone()), record.clone())).collect();
        for (at, (said, removed)) in world.free.iter().enumerate() {
            // Spelt in another way than at the source.
            let record = record(&schema, said, 1);
            store.enter(local(at), record.clone()).unwrap();
            if *removed {
                store.change_here(&local(at), |kept| kept.presence = Presence::Removed).unwrap();
            }
            here.push((local(at), None, record));
        }
        let unlinked = listed.iter().filter(|(of, _)| store.get(of).is_none());
        let unlinked = unlinked.map(|(id, record)| (id.clone(), record.clone())).collect();
        Self { policy, rules, store, listed, unlinked, here }
    }

    fn schema(&self) -> &Schema {
        self.policy.schema()
    }

    fn listing(&self, way: Way) -> Listing {
        let items = self.listed.iter().map(|(id, record)| Item::Record(support::said(id.as_str(), record.clone())));
        let mut items: Vec<Item> = items.collect();
        let turn = way.turn % items.len();
        items.rotate_left(turn);
        Listing::new(items).pages_of(way.page)
    }

    fn run(&self, way: Way) -> Run {
        run(&self.policy).mode(way.mode).batch(way.batch).matching(self.rules.rules().to_vec()).unwrap()
    }

    fn drive(&self, way: Way) -> Report {
        drive_blocking(self.run(way).start(), &self.listing(way), &self.store).unwrap().report
    }

    /// What is promised of each record that nobody is linked to: the judge's answer, and that a rule brings nobody back.
    fn promised(&self) -> BTreeMap<ExternalId, Match> {
        let answers = naive::answers(self.schema(), self.rules.rules(), &self.unlinked, &self.here);
        let free = self.store.free();
        let careful = |answer| match answer {
            Match::Found { local, rule, .. } if free[&local].presence != Presence::Active => {
                Match::Found { local, rule, trust: Trust::Propose }
            }
            Match::IdentityConflict { local, holds, rule } if !self.listed.contains_key(&holds) => {
                Match::Renamed { was: holds, locals: vec![local], rule }
            }
            answer => answer,
        };
        answers.into_iter().map(|(id, answer)| (id, careful(answer))).collect()
    }

    /// Everything that is here, by what it is called here.
    fn state(&self) -> BTreeMap<LocalId, Json> {
        let linked = self.store.records().into_iter().map(|(id, kept)| (Some(id), kept));
        let all = linked.chain(self.store.free().into_values().map(|kept| (None, kept)));
        all.map(|(id, kept)| (kept.id.clone(), self.look(id.as_ref(), &kept))).collect()
    }

    fn look(&self, id: Option<&ExternalId>, kept: &Kept) -> Json {
        let named = |record| serde_json::to_value(self.schema().named(record)).unwrap();
        let base = kept.base.as_ref().map(|base| named(&base.record));
        json!({"id": id, "local": named(&kept.local), "base": base, "presence": kept.presence, "open": kept.open})
    }
}

fn aside(report: &Report) -> BTreeMap<ExternalId, Match> {
    let all = report.set_aside.iter();
    all.map(|aside| (aside.id.clone().unwrap(), aside.matched.clone().unwrap())).collect()
}

proptest! {
    #![proptest_config(support::cases(256))]

    /// Who is linked, created and asked about is what the judge says of all pairs and rules; whatever the mode, the pages,
    /// the order and the batches.
    #[test]
    fn a_night_does_what_the_naive_judge_says(world in worlds(), way in ways()) {
        let night = Night::of(&world);
        let (promised, before) = (night.promised(), night.store.free());
        let report = night.drive(way);
        let waits: BTreeMap<_, _> = promised
            .iter()
            .filter(|(_, answer)| !matches!(answer, Match::Unmatched) && answer.link().is_none())
            .map(|(id, answer)| (id.clone(), answer.clone()))
            .collect();
        prop_assert_eq!(aside(&report), waits.clone());
        let known: BTreeSet<LocalId> = night.here.iter().map(|(local, ..)| local.clone()).collect();
        for (id, answer) in &promised {
            let kept = night.store.get(id);
            match answer {
                Match::Unmatched => prop_assert!(!known.contains(&kept.expect("it is created").id)),
                answer => prop_assert_eq!(kept.map(|kept| kept.id), answer.link().cloned()),
            }
        }
        let asked: BTreeSet<&LocalId> = waits.values().flat_map(|answer| answer.locals()).collect();
        for (id, kept) in night.store.records().iter().filter(|(_, kept)| asked.contains(&kept.id)) {
            prop_assert_eq!(kept.presence, Presence::Active, "{} may be somebody who is listed, and is deactivated", id);
        }
        for (local, kept) in night.store.free() {
            prop_assert_eq!(kept.revision, before[&local].revision, "who is not linked is not touched");
        }
        let counts = report.counts;
        let linked = promised.values().filter(|answer| answer.link().is_some()).count() as u64;
        let created = promised.values().filter(|answer| **answer == Match::Unmatched).count() as u64;
        prop_assert_eq!((counts.linked, counts.created), (linked, created));
        prop_assert_eq!(counts.quarantined, waits.len() as u64);
        prop_assert_eq!(counts.proposed, waits.values().filter(|it| matches!(it, Match::Found { .. } | Match::Renamed { .. })).count() as u64);
        let parts = counts.created + counts.updated + counts.unchanged + counts.quarantined;
        prop_assert_eq!((parts, counts.processed), (night.listed.len() as u64, night.listed.len() as u64));
        prop_assert_eq!(report.outcome == RunOutcome::Partial, !waits.is_empty());
    }

    /// P6, and that streaming is planned: all ways end alike, to the id of the plan and the words of the audit.
    #[test]
    fn order_pages_and_mode_do_not_count(world in worlds(), way in ways()) {
        let (straight, other) = (Night::of(&world), Night::of(&world));
        let (one, two) = (straight.drive(STRAIGHT), other.drive(way));
        prop_assert_eq!(one.counts, two.counts);
        prop_assert_eq!(one.plan_id, two.plan_id);
        prop_assert_eq!(aside(&one), aside(&two));
        prop_assert_eq!(straight.state(), other.state());
        prop_assert_eq!(world::audit(&straight.store), world::audit(&other.store));
    }

    /// P5: the same again writes nothing, says nothing and asks about the same.
    #[test]
    fn a_second_night_is_silent(world in worlds(), way in ways()) {
        let night = Night::of(&world);
        let first = night.drive(way);
        let (state, told) = (night.state(), world::audit(&night.store));
        let again = night.drive(way);
        let counts = again.counts;
        prop_assert_eq!((counts.linked, counts.created, counts.updated, counts.deactivated), (0, 0, 0, 0));
        prop_assert_eq!(aside(&again).into_keys().collect::<Vec<_>>(), aside(&first).into_keys().collect::<Vec<_>>());
        prop_assert_eq!((night.state(), world::audit(&night.store)), (state, told));
    }

    /// P9: whatever call fails, and whether or not it was carried out, the next night makes up for it.
    #[test]
    fn a_night_that_breaks_off_is_made_up_for(world in worlds(), way in ways()) {
        let night = Night::of(&world);
        let mut keys = BTreeSet::new();
        let alone = night.unlinked.values().flat_map(|record| night.rules.keys(record)).all(|key| keys.insert(key));
        prop_assume!(alone);
        let undisturbed = Night::of(&world);
        let watched = Watched::new(&undisturbed.store, Break::Never);
        let report = world::broken_night(undisturbed.run(way), &watched, &night.listing(way)).unwrap().report;
        for call in 0..watched.calls().len() {
            for breaks in [Break::Before(call), Break::After(call)] {
                let night = Night::of(&world);
                let broken = Watched::new(&night.store, breaks);
                prop_assert!(world::broken_night(night.run(way), &broken, &night.listing(way)).is_err());
                let again = night.drive(way);
                prop_assert_eq!(aside(&again), aside(&report), "{:?}", breaks);
                prop_assert_eq!(night.state(), undisturbed.state(), "{:?}", breaks);
                prop_assert_eq!(world::audit(&night.store), world::audit(&undisturbed.store), "{:?}", breaks);
            }
        }
    }
}

/// The nights above end in every way there is, or the laws would say little.
#[test]
fn the_nights_are_not_dull() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..300 {
        let night = Night::of(&worlds().new_tree(&mut runner).unwrap().current());
        seen.extend(night.promised().into_values().map(|answer| match answer {
            Match::Unmatched => "created",
            Match::Found { trust: Trust::Trusted, .. } => "linked",
            Match::Found { .. } => "proposed",
            Match::Ambiguous { rivals, .. } if rivals.is_empty() => "ambiguous",
            Match::Ambiguous { .. } => "ambiguous with rivals",
            Match::IdentityConflict { .. } => "held",
            Match::Renamed { .. } => "renamed",
            _ => "linked before",
        }));
    }
    let all = ["ambiguous", "ambiguous with rivals", "created", "held", "linked", "proposed", "renamed"];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), all);
}
