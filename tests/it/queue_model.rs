//! The queue, model checked: every order in which two workers, their store, clients, operators and clocks can act, within
//! small bounds, each step taken by the real [`Slot::step`](tripartite::queue::Slot::step).
//!
//! A worker keeps to the driver's protocol: it reads, decides, and swaps on the version it read; what it has in memory is
//! all it knows. An observer notes by its own reckoning what every write means, and compares.
//!
//! | what goes wrong | where |
//! |---|---|
//! | a worker crashes, and begins anew | `crashes` |
//! | two workers have one name | everywhere |
//! | a swap applies and reports failure; the worker says it again | `answers` |
//! | a read gives what was stored before | `stale` |
//! | a lease ends under a slow worker, who comes back | everywhere: a worker need not move while ticks pass |
//! | a trigger comes during a run, or is delivered twice | everywhere |
//! | a guard stops a run, and the next, and a person lets one plan pass or cancels | `GUARDS`, 1.5 million states |
//! | a worker's clock is a tick ahead or behind | the second argument of `run` |
//!
//! Two keys behind one gate have a model of their own, [`gated`].
//!
//! **Why is a version no part of a state?** The store gives every write a new one, so all that can matter is whether what
//! a worker has read is still what is stored.
//!
//! **Why several configurations?** All at once, two of everything is beyond any machine. Each has what belongs together.
//!
//! **Is a call one step?** In all but the first configuration, and that is no loss there: whoever is overtaken between
//! its read and its swap meets a conflict and reads again, as if it had begun later.
//!
//! **What of liveness?** From every sixteenth state, everybody goes on in turn without faults; within bounded steps every
//! trigger must be covered or held back, or the key dead.
//!
//! **How is it known that the checker sees anything?** Each part of the protocol is switched off in turn, and a law must
//! break that is named beforehand.

mod calm;
mod gated;
mod law;
mod moves;
mod note;
mod real;
mod search;
mod words;
mod world;

use gated::{Gated, Order};
use moves::{Bounds, Model, Off, START};
use real::{ALL, Ask, Say};
use search::{Found, explore};
use world::{At, World};

const STRICT: Ask = Ask { name: "under policy 1", scope: ALL, policy: 1, force: false };
const X: Ask = Ask { name: "about x, under policy 2", scope: 1, policy: 2, force: false };
const Y: Ask = Ask { name: "about y", scope: 2, policy: 0, force: false };
const FORCED: Ask = Ask { name: "about y, forced", scope: 2, policy: 0, force: true };

/// Two workers between whose reads and swaps anything may happen.
const SWAPS: Bounds = Bounds {
    asks: &[X, STRICT],
    endings: &[At::Complete],
    operator: &[],
    whole: false,
    clock: 3,
    nonces: 2,
    crashes: 0,
    answers: 1,
    stale: 1,
};

/// Leases that end and are extended, with two attempts lost.
const LEASES: Bounds = Bounds {
    asks: &[X],
    endings: &[At::Heartbeat, At::Complete],
    operator: &[],
    whole: true,
    clock: 6,
    nonces: 3,
    crashes: 1,
    answers: 1,
    stale: 0,
};

/// Attempts that fail in every way, until the key is dead, and again.
const RETRIES: Bounds = Bounds {
    endings: &[At::Complete, At::Fail, At::FailAfter, At::Die, At::Snooze],
    operator: &[Say::Redrive],
    clock: 5,
    crashes: 0,
    ..LEASES
};

/// Triggers that differ in scope, policy and force, in every order and at every time.
const TRIGGERS: Bounds = Bounds {
    asks: &[FORCED, STRICT, X],
    endings: &[At::Complete, At::Fail],
    clock: 3,
    nonces: 2,
    crashes: 0,
    answers: 0,
    ..LEASES
};

/// Operators who cancel, pause and resume.
const OPERATORS: Bounds = Bounds {
    asks: &[X, STRICT],
    endings: &[At::Complete, At::Stop],
    operator: &[Say::Cancel, Say::Pause, Say::Resume],
    ..TRIGGERS
};

/// Runs that a guard stops: some after each other, done in part, in whole or by a plan, and cancelled.
const GUARDS: Bounds = Bounds {
    asks: &[Y, STRICT, X],
    endings: &[At::Block, At::Complete, At::CompleteAll, At::CarryFirst, At::CarrySecond],
    operator: &[Say::Cancel],
    clock: 2,
    nonces: 3,
    ..TRIGGERS
};

fn run(bounds: Bounds, off: Off, skews: &[[i8; 2]]) -> Found {
    let mut model = Model::new(bounds, off);
    let starts: Vec<World> = skews.iter().map(|skew| World::new(START, *skew)).collect();
    let found = explore(&mut model, &starts);
    let (slots, steps) = model.real.size();
    let Found { states, transitions, depth, .. } = &found;
    println!("{states} states, {transitions} transitions, depth {depth}; {slots} slots and {steps} steps of them");
    println!("from {} of them it was checked that everything ends well", model.settled);
    found
}

/// Explores all of a configuration, and finds no violation.
fn sound(bounds: Bounds, skews: &[[i8; 2]], least: usize) {
    let found = run(bounds, Off::Nothing, skews);
    if let Some(violation) = found.violation {
        panic!("{}", violation.trace);
    }
    assert!(found.states >= least, "only {} states: the model does not do what it is for", found.states);
}

/// Finds a violation of a law, and of no other before it.
fn breaks(bounds: Bounds, off: Off, law: &str) {
    let violation = run(bounds, off, &[[0, 0]]).violation.expect("the checker sees what is wrong");
    println!("{}", violation.trace);
    assert_eq!(violation.law, law, "{}", violation.trace);
}

#[test]
fn whatever_comes_between_a_read_and_a_swap_breaks_nothing() {
    sound(SWAPS, &[[0, 0]], 1_000_000);
    sound(Bounds { asks: &[X], crashes: 1, ..SWAPS }, &[[0, 0]], 150_000);
}

#[test]
fn leases_end_under_slow_workers_and_crashes_whose_clocks_disagree() {
    sound(LEASES, &[[0, 0], [0, 1], [0, -1], [-1, 1]], 500_000);
}

#[test]
fn attempts_fail_in_every_way_and_end_in_bounded_time() {
    sound(RETRIES, &[[0, 0]], 1_000_000);
}

#[test]
fn no_trigger_is_lost_whatever_it_asks_and_when() {
    sound(TRIGGERS, &[[0, 0]], 400_000);
}

#[test]
fn operators_may_cancel_and_pause_at_any_time() {
    sound(OPERATORS, &[[0, 0]], 500_000);
}

#[test]
fn what_a_guard_holds_back_is_never_forgotten_and_runs_again_only_when_it_is_asked_for() {
    sound(GUARDS, &[[0, 0]], 1_000_000);
}

/// Tests that switch off one part of the protocol each, and find that a law breaks.
macro_rules! found_out {
    ($($test:ident: $bounds:ident, Off::$off:ident => law::$law:ident;)+) => {$(
        #[test]
        fn $test() {
            breaks($bounds, Off::$off, law::$law);
        }
    )+};
}

found_out! {
    a_blocked_run_that_says_it_is_done_is_found_out:
        GUARDS, Off::Blocking => law::HELD;
    a_run_of_a_part_that_says_it_did_all_is_found_out:
        GUARDS, Off::Parts => law::HELD;
    without_fencing_a_stale_worker_ends_the_attempt_of_another:
        LEASES, Off::Fencing => law::I1;
    without_compare_and_swap_a_write_undoes_another:
        SWAPS, Off::Swap => law::I6;
    without_coalescing_an_acknowledged_trigger_is_lost:
        TRIGGERS, Off::Coalescing => law::I4;
    without_the_same_nonce_a_claim_whose_answer_was_lost_is_nobodys:
        LEASES, Off::Nonce => law::NONCE;
    without_an_incarnation_twins_hold_one_token:
        LEASES, Off::Incarnation => law::I2;
    without_put_if_absent_the_history_has_an_attempt_twice:
        LEASES, Off::PutIfAbsent => law::I3;
}

fn gated(order: Order) -> Found {
    let found = explore(&mut Gated::new(order), &[gated::World::new([0, 1])]);
    println!("gate: {} states, {} transitions, depth {}", found.states, found.transitions, found.depth);
    found
}

#[test]
fn a_gate_for_one_lets_one_run_and_no_lease_outlives_its_ticket() {
    let found = gated(Order::Right);
    if let Some(violation) = found.violation {
        panic!("{}", violation.trace);
    }
    assert!(found.states >= 1_000_000, "only {} states: the model does not do what it is for", found.states);
}

#[test]
fn a_lease_that_is_extended_before_its_ticket_or_claimed_beyond_it_outlives_it() {
    for order in [Order::LeaseFirst, Order::Unchecked] {
        let violation = gated(order).violation.expect("the checker sees what is wrong");
        println!("{}", violation.trace);
        assert_eq!(violation.law, law::I10, "{}", violation.trace);
    }
}
