//! What a step does with back-off, retries, leases, cancels, guards and the history, one law at a time.

use super::*;

#[test]
fn back_off_is_two_four_and_eight_minutes_and_the_fourth_failure_is_the_last() {
    let mut key = Key::asked(trigger());
    for (attempt, delay) in [(1, 2), (2, 4), (3, 8)] {
        let claimed = key.claim("a");
        assert_eq!(claimed.attempt, attempt);
        let at = key.now + chrono::TimeDelta::minutes(delay);
        assert_eq!(key.send(fail(claimed.token.0)), Outcome::Retrying { at });
        key.now = at;
    }
    let claimed = key.claim("a");
    assert_eq!(claimed.attempt, 4);
    let death = Death::Exhausted { failures: 4, message: "503".into() };
    assert_eq!(key.send(fail(claimed.token.0)), Outcome::Died(death));
    assert_eq!(key.slot.failures, 4);
    assert_eq!(key.slot.unflushed.iter().map(|attempt| attempt.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn a_failure_for_good_counts_once_and_is_the_attempt_it_was() {
    let mut key = Key::claimed(trigger());
    let Outcome::Died(Death::Failed { failure: Failure::Gone, .. }) = key.send(fail_as(1, Failure::Gone)) else {
        panic!("gone is for good")
    };
    assert_eq!((key.slot.failures, key.slot.unflushed[0].number), (1, 1));
}

#[test]
fn a_lost_worker_is_counted_apart_from_a_failure_and_as_bounded() {
    let mut key = Key::asked(trigger());
    for rescue in 1..=4 {
        key.claim("a");
        key.now = key.lease_until();
        match key.send(Command::Expire) {
            Outcome::Retrying { at } => key.now = at,
            Outcome::Died(Death::Poisoned { rescues }) => assert_eq!((rescue, rescues), (4, 4)),
            other => panic!("{other:?}"),
        }
        assert_eq!((key.slot.rescues, key.slot.failures), (rescue, 0));
    }
    assert_eq!(state_name(&key.slot.state), "dead");
}

#[test]
fn retry_after_is_a_lower_bound_and_back_off_the_other() {
    for (asked, minutes) in [(0, 2), (60, 2), (119, 2), (121, 3), (600, 10)] {
        let mut key = Key::claimed(trigger());
        key.send(fail_after(1, Duration::from_secs(asked)));
        assert!(key.due_at() >= second(i64::try_from(asked).unwrap()) && key.due_at() >= minute(2), "{asked}");
        assert!(key.due_at() <= minute(minutes), "{asked}");
    }
}

#[test]
fn a_retry_after_without_end_is_the_end_of_time_and_can_still_be_stored() {
    let mut key = Key::claimed(trigger());
    key.send(fail_after(1, Duration::MAX));
    assert_eq!(key.due_at(), chrono::DateTime::<chrono::Utc>::MAX_UTC);
    assert_eq!(serde_json::from_slice::<Slot>(&bytes(&key.slot)).unwrap(), key.slot);
}

#[test]
fn a_trigger_does_not_shorten_a_back_off_unless_it_says_force() {
    let mut key = Key::claimed(trigger());
    key.send(fail(1));
    for wish in [trigger(), about("x"), under("lenient")] {
        assert_eq!(key.at(1).send(wish), Outcome::Merged);
        assert_eq!(key.due_at(), minute(2));
    }
    key.send(forced());
    assert_eq!(key.due_at(), minute(1));
    assert_eq!(key.claim("a").attempt, 2, "force ends the wait, it gives no attempts");
}

#[test]
fn a_trigger_under_another_policy_during_back_off_runs_after_the_retry() {
    let mut key = Key::claimed(under("strict"));
    key.send(fail(1));
    key.at(1).send(under("lenient"));
    let retry = key.at(2).claim("a");
    assert_eq!((retry.attempt, retry.policy), (2, policy("strict")));
    assert_eq!(key.send(complete(2)), Outcome::Completed { follow_up: true });
    let follow_up = key.claim("a");
    assert_eq!((follow_up.attempt, follow_up.policy), (1, policy("lenient")));
}

#[test]
fn nothing_overtakes_a_follow_up_that_waits_behind_a_retry() {
    let mut key = Key::claimed(under("strict"));
    key.send(fail(1));
    key.send(under("lenient"));
    // It would fit the retry, but a later generation must not be done before an earlier one.
    key.send(about("x"));
    key.at(2).claim("a");
    assert_eq!(key.slot.taken, 1);
    key.send(complete(2));
    assert_eq!(key.claim("a").scope, Scope::All);
    key.send(complete(3));
    assert_eq!((key.slot.taken, key.slot.covered, key.slot.wanted), (3, 3, 3));
}

#[test]
fn what_was_asked_for_under_a_policy_is_done_under_it_also_before_its_first_attempt() {
    let mut key = Key::asked(under("strict"));
    key.send(under("lenient"));
    key.send(trigger());
    assert_eq!(key.claim("a").policy, policy("strict"));
    assert_eq!(key.send(complete(1)), Outcome::Completed { follow_up: true });
    assert_eq!(key.claim("b").policy, policy("lenient"), "each in its turn");
}

#[test]
fn a_heartbeat_never_shortens_a_lease() {
    let mut key = Key::claimed(trigger());
    let short = |seconds| Command::Heartbeat { token: Token(1), lease: Duration::from_secs(seconds) };
    let until = |minutes| Outcome::Extended { until: minute(minutes), cancel: false };
    assert_eq!(key.at(1).send(short(1)), until(5));
    assert_eq!(key.at(1).send(short(0)), until(5));
    assert_eq!(key.at(1).send(short(300)), until(6));
    assert_eq!(key.at(7).send(short(60)), until(8), "and it lasts again, as long as nobody expired it");
    assert_eq!(key.send(short(u64::MAX)), Outcome::Extended { until: key.lease_until(), cancel: false });
}

#[test]
fn a_command_that_is_delivered_twice_has_one_effect_and_one_outcome() {
    let mut key = Key::new();
    let steps = [
        ("t1", trigger()),
        ("t2", about("x")),
        ("c", claim("a", "n")),
        ("h", heartbeat(1)),
        ("p", progress(1)),
        ("t3", under("lenient")),
        ("f", fail(1)),
        ("x", Command::Cancel),
    ];
    let mut said: Vec<(&str, Command, Outcome)> = Vec::new();
    for (id, command) in steps {
        let outcome = key.deliver(Some(id), command.clone());
        said.push((id, command, outcome));
        let stored = bytes(&key.slot);
        for (id, command, outcome) in &said {
            key.now += chrono::TimeDelta::minutes(9);
            assert_eq!(key.deliver(Some(id), command.clone()), *outcome, "{id}");
            assert_eq!(bytes(&key.slot), stored, "{id}");
        }
    }
    assert_eq!(key.slot.wanted, 3);
}

#[test]
fn only_the_newest_command_ids_are_remembered() {
    let mut key = Key::new();
    for number in 0..20 {
        key.deliver(Some(&format!("t{number}")), trigger());
    }
    assert_eq!(key.slot.recent.len(), key.rules.remember);
    key.deliver(Some("t19"), trigger());
    assert_eq!(key.slot.wanted, 20);
    key.deliver(Some("t0"), trigger());
    assert_eq!(key.slot.wanted, 21, "forgotten: once more, which loses nothing");
    key.rules.remember = 0;
    key.deliver(Some("t20"), trigger());
    assert!(key.slot.recent.is_empty());
}

#[test]
fn a_claim_whose_answer_was_lost_costs_no_attempt() {
    let mut key = Key::asked(trigger());
    let first = key.send(claim("a", "n"));
    let stored = bytes(&key.slot);
    assert_eq!(key.at(1).send(claim("a", "n")), first);
    assert_eq!(bytes(&key.slot), stored);
    assert_eq!(key.send(claim("b", "n")), Outcome::Refused(Refusal::AlreadyRunning { until: minute(5) }));
    assert_eq!(key.send(claim("a", "other")), Outcome::Refused(Refusal::AlreadyRunning { until: minute(5) }));
}

#[test]
fn a_cancelled_run_takes_along_what_was_asked_before_the_cancel_and_nothing_after_it() {
    let mut key = Key::claimed(about("a"));
    key.send(about("b"));
    key.send(Command::Cancel);
    let mut later = key.clone();
    assert_eq!(key.send(stop(1)), Outcome::Cancelled);
    assert_eq!((key.slot.state.clone(), key.slot.covered), (State::Idle, 2));
    later.send(about("c"));
    assert_eq!(later.send(complete(1)), Outcome::Completed { follow_up: true });
    assert_eq!((later.slot.covered, later.slot.wanted), (2, 3));
}

fn in_part(token: u64, unanswered: u64, whole: bool) -> Command {
    let extent = Extent::default().whole(whole).plan(format!("plan-{token}"));
    Command::CompleteInPart { token: Token(token), result: None, left: unanswered + 1, unanswered, extent }
}

#[test]
fn whom_a_run_of_some_records_had_no_answer_for_is_asked_of_a_run_of_all_and_once() {
    let mut key = Key::claimed(about("a"));
    key.send(under("p1"));
    assert_eq!(key.send(in_part(1, 1, false)), Outcome::Completed { follow_up: true });
    let State::Pending { work, due_at } = &key.slot.state else { panic!("{:?}", key.slot.state) };
    assert_eq!((&work.scope, &work.policy, *due_at), (&Scope::All, &policy("p1"), key.now));
    assert_eq!((key.slot.covered, key.slot.wanted), (1, 3));
    // One run of all does that and what else was asked for; it had no answer either, and that is that.
    key.claim("a");
    assert_eq!(key.send(in_part(2, 1, true)), Outcome::Completed { follow_up: false });
    assert_eq!((key.slot.state.clone(), key.slot.covered), (State::Idle, 3));
}

#[test]
fn whom_a_cancelled_run_had_no_answer_for_is_no_longer_wanted() {
    let mut key = Key::claimed(about("a"));
    key.send(Command::Cancel);
    assert_eq!(key.send(in_part(1, 1, false)), Outcome::Completed { follow_up: false });
    assert_eq!(key.slot.state, State::Idle);
}

/// What a guard held back is done by a run that looked at all of it, or that carried out its plan, and by no other.
#[test]
fn only_what_has_done_it_settles_what_a_guard_held_back() {
    let ended = |whole: bool, plan: &str| {
        let extent = Extent::default().whole(whole).plan(plan.to_owned());
        [
            Command::Complete { token: Token(2), result: None, extent: extent.clone() },
            Command::CompleteInPart { token: Token(2), result: None, left: 1, unanswered: 0, extent },
        ]
    };
    for (held, ran, whole, plan, settled) in [
        (about("a"), trigger(), true, "other", true),
        (about("a"), trigger(), false, "other", false),
        (about("a"), about("a"), true, "other", true),
        (about("a"), about("a"), false, "other", false),
        (about("a"), about("b"), true, "other", false),
        (trigger(), about("a"), true, "other", false),
        (trigger(), trigger(), false, "other", false),
        (trigger(), trigger(), false, "the plan", true),
        (about("a"), about("b"), false, "the plan", true),
    ] {
        for end in ended(whole, plan) {
            let mut key = Key::claimed(held.clone());
            let block = Command::Block { token: Token(1), plan: "the plan".into(), why: "-".into() };
            assert_eq!(key.send(block), Outcome::Blocked { follow_up: false });
            key.send(ran.clone());
            key.claim("a");
            assert_eq!(key.send(end), Outcome::Completed { follow_up: false });
            let now = (key.slot.held.is_none(), key.slot.covered == key.slot.wanted);
            assert_eq!(now, (settled, settled), "{held:?} {ran:?} {whole} {plan}");
        }
    }
}

/// Of an idle key only what a guard held back can be cancelled, and once: then nothing is wanted any more.
#[test]
fn what_a_guard_held_back_can_be_cancelled() {
    let mut key = Key::claimed(trigger());
    key.send(Command::Block { token: Token(1), plan: "the plan".into(), why: "-".into() });
    assert_eq!(key.send(Command::Cancel), Outcome::Cancelled);
    assert_eq!((&key.slot.held, key.slot.covered), (&None, key.slot.wanted));
    assert_eq!(key.send(Command::Cancel), Outcome::Refused(Refusal::Idle));
}

/// Two runs were blocked one after the other: the plan of the second says nothing of what the first was for.
#[test]
fn a_plan_settles_no_more_than_its_run_was_for() {
    for (first, second, settled) in
        [(about("a"), about("b"), false), (trigger(), about("b"), false), (about("a"), trigger(), true)]
    {
        let mut key = Key::new();
        for (token, asked) in (1..).zip([first.clone(), second.clone()]) {
            key.send(asked);
            key.claim("a");
            let block = Command::Block { token: Token(token), plan: format!("plan {token}"), why: "-".into() };
            assert_eq!(key.send(block), Outcome::Blocked { follow_up: false });
        }
        assert_eq!(key.slot.held.as_ref().map(|held| held.exceeds_plan), Some(!settled));
        key.send(about("b"));
        key.claim("a");
        let extent = Extent::default().whole(true).plan("plan 2".to_owned());
        key.send(Command::Complete { token: Token(3), result: None, extent });
        assert_eq!(key.slot.held.is_none(), settled, "{first:?} {second:?}");
    }
}

#[test]
fn what_an_earlier_version_held_back_is_read() {
    let json = serde_json::json!({
        "work": {"scope": "all", "by": "manual", "upto": 1},
        "token": 1, "plan": "p", "why": "-", "since": minute(0),
    });
    let held: Held = serde_json::from_value(json.clone()).unwrap();
    assert!(!held.exceeds_plan);
    assert_eq!(serde_json::to_value(held).unwrap(), json, "what is the plan's own is written as before");
}

#[test]
fn endings_of_earlier_versions_are_read() {
    let read = |json: serde_json::Value| serde_json::from_value::<Ended>(json).unwrap();
    let given_back = read(serde_json::json!({"snoozed": {"until": minute(3)}}));
    assert_eq!(given_back, Ended::Snoozed { until: minute(3), why: None });
    let in_part = read(serde_json::json!({"completed_in_part": {"left": 2}}));
    assert_eq!(in_part, Ended::CompletedInPart { result: None, left: 2, unanswered: 0 });
}

#[test]
fn a_redriven_key_keeps_its_lineage_and_its_token() {
    let mut key = Key::claimed(about("a"));
    key.send(about("b"));
    key.send(fail_as(1, Failure::Denied));
    assert_eq!(key.send(Command::Redrive), Outcome::Enqueued);
    let claimed = key.claim("a");
    assert_eq!((claimed.token, claimed.attempt, claimed.scope), (Token(2), 1, only(&["a", "b"])));
    assert_eq!((key.slot.redrives, key.slot.taken), (1, 2));
}

#[test]
fn a_paused_key_takes_requests_and_gives_none_out() {
    let mut key = Key::asked(Command::Pause);
    assert_eq!(key.send(trigger()), Outcome::Enqueued);
    assert_eq!(key.slot.due(), None, "nobody need look");
    assert_eq!(key.send(claim("a", "n")), Outcome::Refused(Refusal::Paused));
    key.send(Command::Resume);
    assert_eq!(key.slot.due(), Some(minute(0)));
    key.claim("a");
}

#[test]
fn claims_wait_until_history_is_appended() {
    let mut key = Key::asked(trigger());
    for token in 1..=16 {
        key.claim("a");
        key.send(snooze(token, key.now));
    }
    assert_eq!(key.send(claim("a", "n")), Outcome::Refused(Refusal::Unflushed));
    assert_eq!(key.slot.due(), Some(key.now), "whoever looks can append it");
    key.send(flushed(1));
    assert_eq!(key.slot.unflushed.len(), 15);
    key.claim("a");
    key.send(flushed(100));
    assert!(key.slot.unflushed.is_empty());
}

#[test]
fn time_does_not_go_back_behind_the_last_change() {
    let mut key = Key::new();
    key.at(10).send(trigger());
    assert_eq!(key.at(-10).claim("a").until, minute(15), "a lease from the slot's own time");
    assert_eq!(key.slot.updated_at, minute(10));
    assert_eq!(key.at(-100).send(Command::Expire), Outcome::Refused(Refusal::AlreadyRunning { until: minute(15) }));
    key.at(0).send(fail(1));
    assert_eq!(key.due_at(), minute(12));
    let ended = &key.slot.unflushed[0];
    assert!(ended.ended_at >= ended.started_at);
}
