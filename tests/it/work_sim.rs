//! A simulation of the whole work column: many workers on one faulty store, every interleaving of their calls, and the
//! invariants checked after every event.
//!
//! Each call of the store, of the source and of the records waits once before it takes effect, so that the simulation
//! chooses at every one of them who goes on. One seed is one history, the same everywhere: `SIM_SEED=7` runs that seed
//! alone, `SIM_SEEDS=500` so many from the first, and `SIM_STEPS=1000000` makes each run so long.
//!
//! | what goes wrong | how |
//! |---|---|
//! | the store | fails without effect, or with it, also within a chain; reads are stale; due keys are missing, or listed without being due |
//! | twins | two workers have one name, and keep it when they start again |
//! | workers | die between any two calls, are not scheduled for longer than their lease, have their tick dropped |
//! | clocks | are set to anything within ten minutes of the time, also back; are a year ahead for a while, until a person sets back what they left |
//! | the source | fails in each class; one key kills every worker that takes it |
//! | runs | are blocked by a guard, see a part of a listing, meet what is no record |
//! | people | trigger, cancel, pause, resume, redrive, reset and edit connections, some of it twice; declare them as they are |
//! | upgrades | a record is written by a later version, and goes back later |
//!
//! **Safety** is checked while all that goes on without end. **Liveness** is checked after it has stopped: from then on every
//! host sleeps until the time its worker told, and all that was wanted must be done, or dead, or wait for a person.
//!
//! **Turns** are checked where nothing goes wrong but that everybody acts at once: an urgent job waits for one scheduled start
//! of its gate and one more for every three urgent ones, a scheduled job for three urgent starts and three more for every
//! scheduled one.
//!
//! The simulation itself is tested by mutations: a store that breaks its promise must be found out.

mod ground;
mod held;
mod host;
mod laws;
mod people;
mod store;
mod turns;
mod world;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::health::Circuit;
use tripartite::jobs::StoreKey;
use tripartite::queue::State;

use self::ground::{Faults, Mutation, read};
use self::world::World;

/// What a simulation came to.
struct Story {
    events: u64,
    attempts: usize,
    effects: usize,
    stale: usize,
    /// The longest waits in starts of the other kind.
    longest: [u32; 2],
}

/// How many events the calm may take until all is done.
const CALM: u64 = 60_000;

fn story(seed: u64, steps: u64, faults: Faults, mutation: Mutation, calm: bool) -> Result<Story, String> {
    let mut world = World::new(seed, faults, mutation);
    let told = |world: &World, problem: String| {
        let events: Vec<_> = world.ground.state().events.iter().cloned().collect();
        format!("seed {seed}, event {}: {problem}\n{}", world.events, events.join("\n"))
    };
    for _ in 0..steps {
        world.event().map_err(|problem| told(&world, problem))?;
    }
    if calm {
        settle(&mut world, faults).map_err(|problem| told(&world, problem))?;
    }
    let laws = &world.laws;
    let longest = laws.turns.as_ref().map_or([0, 0], |turns| turns.longest);
    Ok(Story { events: world.events, attempts: laws.attempts(), effects: laws.effects, stale: laws.stale, longest })
}

/// After the faults: all that was wanted is done, or dead, or waits for a person.
fn settle(world: &mut World, faults: Faults) -> Result<(), String> {
    world.calm_down();
    if faults.years > 0 {
        // What began by a wrong clock ends by it.
        for _ in 0..CALM {
            if world.asleep_until().is_some() || !world.sleep() {
                break;
            }
            world.event()?;
        }
        world.repair_clock_skew()?;
    }
    let begun = world.now();
    for _ in 0..CALM {
        if let Some(next) = world.asleep_until() {
            awake_in_time(world, begun, next)?;
            let waiting = waiting(world);
            match (next, waiting.is_empty()) {
                // A schedule goes on for ever.
                (_, true) => return Ok(()),
                (None, false) => return Err(format!("I12: nobody will wake, and these wait: {waiting:?}")),
                (Some(_), false) => {}
            }
        }
        if !world.sleep() {
            return Err("I12: nobody will wake".to_owned());
        }
        world.event()?;
    }
    Err(format!("I12: {CALM} events later these wait: {:?}", waiting(world)))
}

/// Nobody sleeps for longer than until something could go on.
fn awake_in_time(world: &World, begun: DateTime<Utc>, next: Option<DateTime<Utc>>) -> Result<(), String> {
    let Some(due) = world.could_go_on() else { return Ok(()) };
    // A worker may have been patient with a connector when the calm began.
    let patience = TimeDelta::seconds(if world.now() - begun < TimeDelta::minutes(3) { 61 } else { 1 });
    let latest = due.max(world.now()) + patience;
    let late = || format!("I12: all sleep until {next:?}, and something could go on at {due}: {:?}", waiting(world));
    if next.is_some_and(|next| next <= latest) { Ok(()) } else { Err(late()) }
}

/// What waits, and for no person.
fn waiting(world: &World) -> Vec<String> {
    let waits = |key: &tripartite::id::SyncKey| {
        let slot = world.ground.slot(key)?;
        let health = StoreKey::of("health", [key.org.as_str(), key.connector.as_str()]);
        let health = world.ground.stored(&health).map(|stored| read::<tripartite::health::Health>(&stored));
        let operator = health.as_ref().is_some_and(|health| matches!(health.circuit(), Circuit::NeedsOperator { .. }));
        let done = match slot.state {
            State::Idle | State::Dead { .. } => slot.unflushed.is_empty(),
            State::Pending { .. } => (operator || slot.paused) && slot.unflushed.is_empty(),
            State::Running { .. } => false,
        };
        let gate = StoreKey::of("gate", [key.connector.as_str()]);
        let gate = world.ground.stored(&gate).map(|stored| read::<tripartite::gate::Gate>(&stored));
        (!done).then(|| format!("{key}: {slot:?}, {health:?}, {gate:?}"))
    };
    World::keys().filter_map(|key| waits(&key)).collect()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn run(seeds: std::ops::Range<u64>, steps: u64, faults: Faults, calm: bool) {
    let seeds = number("SIM_SEED").map_or(seeds, |seed| seed..seed + 1);
    let seeds = number("SIM_SEEDS").map_or(seeds.clone(), |count| seeds.start..seeds.start + count);
    let steps = number("SIM_STEPS").unwrap_or(steps);
    let mut sum = Story { events: 0, attempts: 0, effects: 0, stale: 0, longest: [0, 0] };
    for seed in seeds {
        let told = story(seed, steps, faults, Mutation::None, calm).unwrap_or_else(|problem| panic!("{problem}"));
        sum.events += told.events;
        sum.attempts += told.attempts;
        sum.effects += told.effects;
        sum.stale += told.stale;
        sum.longest = [0, 1].map(|kind| sum.longest[kind].max(told.longest[kind]));
    }
    println!("{} events, {} attempts, {} commits, {} of them stale", sum.events, sum.attempts, sum.effects, sum.stale);
    if (Faults { kept: false, ..faults }) == Faults::NONE {
        let [urgent, scheduled] = sum.longest;
        println!(
            "urgent ones waited for {urgent} scheduled starts at most, scheduled ones for {scheduled} urgent ones"
        );
    }
    assert!(sum.attempts as u64 > sum.events / 1000, "something happened");
}

#[test]
fn safety_while_everything_goes_wrong() {
    run(0..30, 20_000, Faults::ALL, false);
}

#[test]
fn liveness_once_it_does_not() {
    run(100..160, 5_000, Faults::ALL, true);
}

#[test]
fn liveness_once_a_clock_that_was_a_year_ahead_is_right_and_a_person_has_set_its_times_back() {
    run(300..330, 5_000, Faults::YEARS, true);
}

#[test]
fn liveness_without_any_fault() {
    run(200..220, 5_000, Faults::NONE, true);
}

#[test]
fn safety_while_tickets_are_kept_and_limits_differ() {
    run(400..430, 20_000, Faults::ALL.kept(), false);
}

#[test]
fn liveness_once_nothing_goes_wrong_where_tickets_are_kept() {
    run(500..540, 5_000, Faults::ALL.kept(), true);
}

#[test]
fn liveness_once_times_are_set_back_where_tickets_are_kept() {
    run(600..620, 5_000, Faults::YEARS.kept(), true);
}

#[test]
fn turns_where_tickets_are_kept() {
    run(700..720, 5_000, Faults::NONE.kept(), true);
}

/// Whether a mutation is found out by one of some seeds.
fn found(mutation: Mutation, calm: bool) -> String {
    found_under(Faults::ALL, mutation, calm)
}

fn found_under(faults: Faults, mutation: Mutation, calm: bool) -> String {
    let mut found = (0..200).filter_map(|seed| story(seed, 10_000, faults, mutation, calm).err());
    found.next().unwrap_or_else(|| panic!("{mutation:?} is not found out"))
}

/// Whether a problem is that one of these laws does not hold.
#[track_caller]
fn breaks(problem: &str, laws: &[&str]) {
    let told = problem.lines().next().unwrap_or_default();
    assert!(laws.iter().any(|law| told.contains(&format!(": {law}"))), "none of {laws:?}: {told}");
}

#[test]
fn a_store_that_does_not_compare_is_found_out() {
    // Whoever writes last wins: triggers, or whole transitions, of a slot or of a gate, are undone.
    let laws = ["I4: ", "I5: o", "I6: the token of ", "I7: ", "I10: ", "I11: "];
    breaks(&found(Mutation::BlindWrite, false), &laws);
}

#[test]
fn an_end_by_a_token_that_is_not_the_slots_is_found_out() {
    // A worker that was fenced ends the attempt of the one after it: where they stand still for longer than their leases.
    let still = Faults { freeze: 4000, ..Faults::NONE };
    breaks(&found_under(still, Mutation::UncheckedToken, false), &["I3: ", "I6: the token of "]);
}

#[test]
fn nonces_of_the_name_alone_are_found_out() {
    // Twins both open the job that one of them has claimed, or run under one ticket.
    breaks(&found(Mutation::NonceOfTheName, false), &["I2: ", "I7: "]);
}

#[test]
fn records_without_a_fence_are_found_out() {
    assert!(found(Mutation::Unfenced, false).contains("I1:"));
}

#[test]
fn a_chain_that_goes_on_after_a_conflict_is_found_out() {
    // A claim without a ticket, or a ticket that went back while its run goes on.
    breaks(&found(Mutation::ChainsGoOn, false), &["I10: ", "I7: "]);
}

#[test]
fn an_entry_that_is_appended_apart_from_its_end_is_found_out() {
    breaks(&found(Mutation::AppendsApart, false), &["I11: "]);
}

#[test]
fn a_due_key_that_is_lost_for_ever_is_found_out() {
    assert!(found(Mutation::LosesDue, true).contains("I12:"));
}

#[test]
fn a_store_that_takes_what_was_held_back_for_done_is_found_out() {
    breaks(&found(Mutation::ForgetsHeld, false), &["GH: "]);
}

#[test]
fn a_part_of_a_listing_that_is_taken_for_all_of_it_is_found_out() {
    breaks(&found(Mutation::TakesPartsForAll, false), &["GH: "]);
}

#[test]
fn a_schedule_that_begins_anew_whenever_it_is_declared_is_found_out() {
    breaks(&found(Mutation::DeclaresAnew, false), &["GD: "]);
}

#[test]
fn times_from_the_future_that_are_set_back_for_one_key_are_found_out() {
    let left = |seed| story(seed, 5_000, Faults::YEARS, Mutation::SetsBackOne, true).err();
    breaks(&(300..330).find_map(left).expect("the others are found"), &["GA: "]);
}

#[test]
fn a_log_that_appends_twice_is_found_out() {
    assert!(found(Mutation::AppendsTwice, false).contains("I3:"));
}

/// Whether a mutation breaks the law of turns, where nothing else goes wrong.
fn breaks_turns(mutation: Mutation, law: &str) {
    let mut found = (0..200).filter_map(|seed| story(seed, 10_000, Faults::NONE, mutation, false).err());
    breaks(&found.next().unwrap_or_else(|| panic!("{mutation:?} is not found out")), &[law]);
}

#[test]
fn urgent_ones_starve_the_night() {
    // The gate forgets whose turn it is.
    breaks_turns(Mutation::UrgentOnesStarveTheNight, "W: scheduled");
}

#[test]
fn urgent_ones_wait_for_the_night() {
    // One lane for all.
    breaks_turns(Mutation::UrgentOnesWaitForTheNight, "W: urgent");
}
