//! The laws again, where records end, move and are removed, and where the source is asked for some of them only.

use tripartite::memory::Kept;
use tripartite::run::Run;
use tripartite::store::Presence;

use super::*;

/// What else happens on a day.
#[derive(Debug, Clone)]
struct Turn {
    day: Day,
    /// Whom a user removes.
    removed: Vec<u8>,
    /// Who is gone, says the source, and in which version.
    gone: Vec<(u8, Option<u64>)>,
    /// Who has another id.
    moved: Vec<(u8, u8)>,
    /// The versions of the records it lists.
    version: Option<u64>,
}

fn any_turn() -> impl Generate<Value = Turn> {
    use proptest::collection::vec;
    let version = || proptest::option::of(1u64..4);
    (any_day(), vec(0u8..6, 0..2), vec((0u8..6, version()), 0..3), vec((0u8..6, 0u8..8), 0..3), version())
        .prop_map(|(day, removed, gone, moved, version)| Turn { day, removed, gone, moved, version })
}

fn turns() -> impl Generate<Value = Vec<Turn>> {
    proptest::collection::vec(any_turn(), 1..4)
}

impl Turn {
    fn users(&self, store: &MemoryStore) {
        self.day.edit(store);
        for number in &self.removed {
            // There may be no such record yet.
            let _ = store.change(&ext(&id(*number)), |kept| kept.presence = Presence::Removed);
        }
    }

    fn records(&self, schema: &Schema) -> Vec<Item> {
        let versioned = |item| match item {
            Item::Record(remote) => Item::Record(remote.version(self.version)),
            other => other,
        };
        self.day.items(schema).into_iter().map(versioned).collect()
    }

    fn items(&self, schema: &Schema) -> Vec<Item> {
        let gone =
            self.gone.iter().map(|(number, version)| Item::Tombstone { id: ext(&id(*number)), version: *version });
        let moved = self.moved.iter().map(|(from, to)| Item::Rekeyed { from: ext(&id(*from)), to: ext(&id(*to)) });
        self.records(schema).into_iter().chain(gone).chain(moved).collect()
    }
}

fn run() -> impl Fn(&Policy) -> Run {
    |policy| world::run(policy, "night").guards(unguarded())
}

fn night(run: Run, store: &MemoryStore, listing: &Listing) -> tripartite::run::Report {
    let Ok(done) = tripartite::drive::drive_blocking(run.start(), listing, store) else { panic!("nothing breaks") };
    done.report
}

fn active(store: &MemoryStore) -> Vec<String> {
    let is_active = |kept: &Kept| kept.presence == Presence::Active;
    store.records().into_iter().filter(|(_, kept)| is_active(kept)).map(|(id, _)| id.to_string()).collect()
}

proptest! {
    #![proptest_config(cases(48))]

    /// P13: one complete listing, and runs of some records each, in any order and however often, reach the same state;
    /// who is not in the listing is told to be gone.
    #[test]
    fn runs_of_some_records_reach_what_a_whole_run_reaches(
        turns in turns(),
        way in any_way(),
        size in 1usize..4,
        turned in any_place(),
    ) {
        let (policy, [whole, parts]) = begin(&way);
        let schema = policy.schema();
        for turn in turns {
            turn.users(&whole);
            turn.users(&parts);
            let items = turn.records(schema);
            let listed: Vec<u8> = turn.day.lines.iter().map(|(number, _)| *number).collect();
            let gone = (0u8..6).filter(|number| !listed.contains(number));
            let mut told = items.clone();
            told.extend(gone.map(|number| Item::Tombstone { id: ext(&id(number)), version: None }));
            let mut ids: Vec<_> = (0u8..6).map(|number| ext(&id(number))).collect();
            ids.rotate_left(turned.index(6));
            night(run()(&policy), &whole, &Listing::new(items));
            let source = Listing::new(told);
            for some in ids.chunks(size).chain(ids.chunks(2)) {
                night(run()(&policy).only(some.iter().cloned()), &parts, &source);
            }
            prop_assert_eq!(state(schema, &parts), state(schema, &whole));
        }
    }

    /// P5: the same again is no news. P10: in a partial listing, only who is said to be gone is inactive after it.
    #[test]
    fn ends_and_moves_are_told_once(turns in turns(), way in any_way(), page in 1usize..4) {
        let (policy, [store]) = begin(&way);
        let schema = policy.schema();
        for turn in turns {
            turn.users(&store);
            let listing = turn.day.listing(turn.items(schema), page);
            let before = active(&store);
            let report = night(run()(&policy), &store, &listing);
            if !turn.day.complete {
                let after = active(&store);
                let gone = |id: &&String| turn.gone.iter().any(|(number, _)| self::id(*number) == **id);
                let moved = |id: &&String| turn.moved.iter().any(|(from, _)| self::id(*from) == **id);
                let lost = before.iter().find(|id| !after.contains(id) && !gone(id) && !moved(id));
                prop_assert_eq!(lost, None, "P10");
            }
            let c = report.counts;
            let parts = c.created + c.updated + c.unchanged + c.reactivated + c.quarantined;
            prop_assert!(parts == c.processed || c.rekeyed > 0, "every listed record is one thing: {:?}", c);
            let (before, told) = (state(schema, &store), audit(&store));
            let again = night(run()(&policy), &store, &listing);
            prop_assert_eq!(again.counts.deactivated + again.counts.rekeyed + again.counts.updated, 0);
            prop_assert_eq!(again.counts.conflicts_open, c.conflicts_open);
            prop_assert_eq!((state(schema, &store), audit(&store)), (before, told), "P5");
        }
    }

    /// P6: what is said to be gone or moved is the same in every order and on every page.
    #[test]
    fn ends_and_moves_in_any_order(turns in turns(), way in any_way(), page in 1usize..4, by in any_place()) {
        let (policy, [store, other]) = begin(&way);
        let schema = policy.schema();
        for turn in turns {
            turn.users(&store);
            turn.users(&other);
            let items = turn.items(schema);
            let mut turned: Vec<Item> = items.iter().rev().cloned().collect();
            if !turned.is_empty() {
                let len = turned.len();
                turned.rotate_left(by.index(len));
            }
            let straight = night(run()(&policy), &store, &turn.day.listing(items, 100));
            let turned = night(run()(&policy), &other, &turn.day.listing(turned, page));
            prop_assert_eq!((straight.plan_id, straight.counts), (turned.plan_id, turned.counts));
            prop_assert_eq!(state(schema, &store), state(schema, &other));
            prop_assert_eq!(audit(&store), audit(&other));
        }
    }

    /// P9 with what ends and moves: wherever a night breaks off, the next one makes up for it.
    #[test]
    fn ends_and_moves_that_break_off_are_made_up_for(turns in turns(), way in any_way(), batch in 1usize..3) {
        let (policy, [store]) = begin(&way);
        let schema = policy.schema();
        for turn in turns {
            turn.users(&store);
            let listing = turn.day.listing(turn.items(schema), 3);
            let run = || run()(&policy).batch(batch);
            let undisturbed = copy(schema, &store);
            let watched = Watched::new(&undisturbed, Break::Never);
            world::broken_night(run(), &watched, &listing).unwrap();
            for call in 0..watched.calls().len() {
                for breaks in [Break::Before(call), Break::After(call)] {
                    let aside = copy(schema, &store);
                    world::broken_night(run(), &Watched::new(&aside, breaks), &listing).unwrap_err();
                    night(run(), &aside, &listing);
                    prop_assert_eq!(state(schema, &aside), state(schema, &undisturbed), "{:?}", breaks);
                    prop_assert_eq!(audit(&aside), audit(&undisturbed), "{:?}", breaks);
                }
            }
            night(run(), &store, &listing);
        }
    }
}
