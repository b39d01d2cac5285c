//! Setting a slot's times back after a clock that was ahead.

use super::*;

/// Ten years, in minutes.
const YEARS: i64 = 10 * 365 * 24 * 60;

#[test]
fn setting_back_leaves_what_a_right_clock_wrote_before_the_jump() {
    // Two failures: four minutes of back-off from minute 10, then one trigger by a clock that is ten years ahead.
    let mut key = Key::asked(trigger());
    for minutes in [0, 10] {
        let token = key.at(minutes).claim("a").token.0;
        key.send(fail(token));
    }
    assert_eq!(key.due_at(), minute(14));
    key.at(YEARS).send(trigger());
    key.slot = key.slot.repair_clock_skew(minute(11));
    assert_eq!((key.due_at(), key.slot.updated_at), (minute(14), minute(11)), "the back-off is kept");
    // A lease, and a trigger during it.
    let claim = key.at(14).claim("a");
    key.at(YEARS).send(trigger());
    key.slot = key.slot.repair_clock_skew(minute(15));
    assert_eq!(key.lease_until(), claim.until, "nor is a live lease cut short");
    assert!(matches!(&key.slot.state, State::Running { started_at, .. } if *started_at == minute(14)));
    // Dead since then, and paused by the other clock.
    key.at(15).send(fail_as(claim.token.0, Failure::Fatal));
    key.at(YEARS).send(Command::Pause);
    assert!(matches!(key.slot.repair_clock_skew(minute(20)).state, State::Dead { at, .. } if at == minute(15)));
}

#[test]
fn setting_back_leaves_no_back_off_and_no_lease_of_the_other_clock_longer_than_it_is() {
    let mut key = Key::new();
    key.at(YEARS).send(trigger());
    let claim = key.claim("a");
    let lease = claim.until - minute(YEARS);
    let running = key.slot.repair_clock_skew(minute(5));
    assert!(matches!(running.state, State::Running { started_at, lease_until, .. }
        if started_at == minute(5) && lease_until == minute(5) + lease));
    key.send(fail(claim.token.0));
    assert_eq!(key.slot.repair_clock_skew(minute(5)).due(), Some(minute(5)), "its history waits to be appended");
    assert!(
        matches!(key.slot.repair_clock_skew(minute(5)).state, State::Pending { due_at, .. } if due_at == minute(7))
    );
}

#[test]
fn a_job_that_was_never_tried_waits_for_no_clock_that_is_ahead() {
    // A worker whose clock is ten minutes ahead ends a run while the next one is asked for.
    let mut key = Key::asked(trigger());
    let token = key.at(10).claim("a").token.0;
    key.at(0).send(trigger());
    key.at(10).send(complete(token));
    assert_eq!(key.due_at(), minute(10));
    let key = Key { slot: key.slot.repair_clock_skew(minute(1)), ..key };
    assert_eq!((key.due_at(), key.slot.updated_at), (minute(1), minute(1)), "it has nothing to wait for");
}

#[test]
fn what_is_asked_for_is_due_at_once_by_the_clock_of_who_asks() {
    // A worker whose clock is ten minutes ahead has ended a run.
    let mut key = Key::asked(trigger());
    let token = key.at(10).claim("a").token.0;
    key.send(complete(token));
    key.at(1).send(trigger());
    assert_eq!((key.due_at(), key.slot.updated_at), (minute(1), minute(10)));
    assert_eq!(key.claim("b").token.0, token + 1, "by the slot's time it is due, too");
    // The same job, forced while it backs off.
    key.send(fail(token + 1));
    assert!(key.due_at() > minute(10));
    key.at(2).send(forced());
    assert_eq!(key.due_at(), minute(2));
    // A slot that is further ahead waits for a person, who is told.
    key.at(YEARS).send(Command::Cancel);
    key.at(3).send(trigger());
    assert_eq!(key.due_at(), minute(YEARS));
}
