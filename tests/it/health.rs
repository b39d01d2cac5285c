//! The circuit breaker, and the notices of it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tripartite::backoff::Fraction;
use tripartite::failure::Failure;
use tripartite::health::{Circuit, Health, HealthRules, HealthStatus, Permit};
use tripartite::id::{ConnectorId, Nonce, OrgId, SyncKey, WorkerId};
use tripartite::notice::{Notice, What};
use tripartite::queue::{Command, QueueRules, Scope, Slot, Token, Trigger};

use crate::support::of_later_version;

const RETRY: Failure = Failure::Retry { after: None };

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn key() -> SyncKey {
    SyncKey { org: OrgId::new("ballybeg").unwrap(), connector: ConnectorId::new("federation").unwrap() }
}

fn judge(health: &Health, token: u64, result: Result<(), Failure>, now: i64) -> Health {
    health.judge(&HealthRules::default(), Token(token), result, at(now))
}

fn opened() -> Health {
    (1..=5).fold(Health::new(at(0)), |health, token| judge(&health, token, Err(RETRY), 0))
}

#[test]
fn the_persisted_forms_are_pinned() {
    let closed = judge(&Health::new(at(0)), 1, Ok(()), 0);
    let (half, _) = opened().permit(Token(6), at(300), at(900));
    let denied = judge(&closed, 2, Err(Failure::Denied), 5);
    let all = [closed, opened(), half, denied];
    insta::assert_json_snapshot!((&all, all.each_ref().map(Health::view), HealthRules::default()));
    for health in all {
        assert!(of_later_version(&health).check().is_err());
    }
}

#[test]
fn four_failures_are_bad_luck_and_the_fifth_opens() {
    let four = (1..=4).fold(Health::new(at(0)), |health, token| judge(&health, token, Err(RETRY), 0));
    assert_eq!((four.view().status, four.permit(Token(5), at(0), at(9)).1), (HealthStatus::Failing, Permit::Go));
    assert_eq!(opened().permit(Token(6), at(299), at(900)).1, Permit::Wait { at: at(300) });
    let reset = judge(&four, 5, Ok(()), 0);
    assert_eq!(judge(&reset, 6, Err(RETRY), 0).view().failures, 1, "in a row means in a row");
}

#[test]
fn each_failed_probe_doubles_the_cooldown_up_to_the_cap() {
    let (mut health, mut now, mut cooldowns) = (opened(), 0, Vec::new());
    for token in 6..16 {
        let Circuit::Open { until, cooldown } = *health.circuit() else { panic!("not open: {health:?}") };
        cooldowns.push(cooldown.as_secs() / 60);
        now += (until - at(now)).num_seconds();
        let (probing, permit) = health.permit(Token(token), at(now), at(now + 600));
        assert_eq!(permit, Permit::Probe);
        health = judge(&probing, token, Err(RETRY), now);
    }
    assert_eq!(cooldowns, [5, 10, 20, 40, 80, 160, 320, 360, 360, 360]);
}

#[test]
fn what_the_other_side_asked_for_is_a_lower_bound() {
    let asked = Failure::Retry { after: Some(Duration::from_secs(3600)) };
    let four = (1..=4).fold(Health::new(at(0)), |health, token| judge(&health, token, Err(RETRY), 0));
    assert_eq!(judge(&four, 5, Err(asked), 0).view().next_probe, Some(at(3600)));
}

#[test]
fn a_denied_credential_waits_for_a_person() {
    let denied = judge(&Health::new(at(0)), 1, Err(Failure::Denied), 0);
    assert_eq!(denied.permit(Token(2), at(1_000_000_000), at(1_000_000_001)).1, Permit::NeedsOperator);
    assert_eq!(judge(&denied, 2, Err(RETRY), 9).view().status, HealthStatus::NeedsOperator, "nothing else heals it");
    assert_eq!(denied.reset(at(10)).permit(Token(2), at(10), at(20)).1, Permit::Go);
    assert_eq!(denied.reset(at(10)).judged(), Token(1), "tokens are not forgotten");
}

#[test]
fn a_stale_result_does_not_count() {
    let (half, _) = opened().permit(Token(7), at(300), at(900));
    // An attempt from before the probe comes back, whatever it says.
    for result in [Ok(()), Err(Failure::Denied)] {
        assert_eq!(judge(&half, 6, result, 400), half);
    }
    let closed = judge(&half, 7, Ok(()), 400);
    assert_eq!(judge(&closed, 7, Err(RETRY), 401), closed, "nor does a second report of the same attempt");
}

#[test]
fn a_probe_that_vanished_frees_its_place() {
    let (half, _) = opened().permit(Token(6), at(300), at(900));
    assert_eq!(half.permit(Token(7), at(899), at(1500)).1, Permit::Wait { at: at(900) });
    assert_eq!(half.permit(Token(6), at(899), at(1500)).1, Permit::Probe, "the probe itself may ask again");
    let (next, permit) = half.permit(Token(7), at(900), at(1500));
    assert_eq!(permit, Permit::Probe);
    assert_eq!(judge(&next, 6, Ok(()), 901), next, "the vanished one is stale now");
}

fn of_health(before: &Health, after: &Health) -> Option<(String, What)> {
    Notice::of_health(&key(), before, after).map(|notice| (notice.id, notice.what))
}

#[test]
fn each_thing_is_told_once() {
    let four = (1..=4).fold(Health::new(at(0)), |health, token| judge(&health, token, Err(RETRY), 0));
    let open = judge(&four, 5, Err(RETRY), 0);
    let (half, _) = open.permit(Token(6), at(300), at(900));
    let again = judge(&half, 6, Err(RETRY), 301);
    let closed = judge(&half, 6, Ok(()), 301);
    let denied = judge(&again, 7, Err(Failure::Denied), 302);
    let told = [
        of_health(&four, &open),
        of_health(&open, &half),
        of_health(&half, &again),
        of_health(&half, &closed),
        of_health(&again, &denied),
        of_health(&denied, &judge(&denied, 8, Err(Failure::Denied), 303)),
        of_health(&denied, &denied.reset(at(304))),
        of_health(&open, &open.reset(at(1))),
    ];
    let ids: Vec<_> = told.iter().map(|told| told.as_ref().map(|(id, _)| id.as_str())).collect();
    assert_eq!(
        ids,
        [
            Some("connector_opened/ballybeg/federation/5"),
            None,
            None,
            Some("connector_recovered/ballybeg/federation/6"),
            Some("needs_operator/ballybeg/federation/7"),
            None,
            None,
            None,
        ]
    );
}

/// A slot that dies of its next attempt.
fn dies(slot: &Slot, nonce: &str) -> (Slot, Slot) {
    let step = |slot: &Slot, command| slot.step(&QueueRules::default(), None, command, at(0), Fraction::ONE).next;
    let (worker, nonce) = (WorkerId::new("w").unwrap(), Nonce::new(nonce).unwrap());
    let claimed = step(slot, Command::Claim { worker, nonce, lease: Duration::from_secs(60) });
    let failure = Command::Fail { token: claimed.token, failure: Failure::Gone, message: "closed".into() };
    (claimed.clone(), step(&claimed, failure))
}

#[test]
fn a_death_is_told_once_and_the_next_one_again() {
    let step = |slot: &Slot, command| slot.step(&QueueRules::default(), None, command, at(0), Fraction::ONE).next;
    let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    let (running, dead) = dies(&step(&Slot::new(at(0)), trigger), "n1");
    let notice = Notice::of_slot(&key(), &running, &dead).unwrap();
    insta::assert_json_snapshot!(notice);
    let paused = step(&dead, Command::Pause);
    assert_eq!(Notice::of_slot(&key(), &dead, &paused), None, "dead before, dead after");
    let (running, again) = dies(&step(&dead, Command::Redrive), "n2");
    let second = Notice::of_slot(&key(), &running, &again).unwrap();
    assert_ne!(second.id, notice.id);
}

#[test]
fn the_persisted_forms_of_all_notices_are_pinned() {
    let whats = [
        What::ConnectorOpened { failures: 5, next_probe: Some(at(300)) },
        What::ConnectorRecovered,
        What::NeedsOperator,
        What::PlanBlocked { why: "31 % would be deactivated".into() },
        What::ConflictsWaiting { waiting: 2 },
        What::CrowdedRules { rules: vec!["e-mail".into()] },
        What::TimesAhead { until: at(365 * 24 * 60 * 60) },
        What::SchemaDrift { undeclared: vec!["licence_no".into()], unstated: vec!["nmae".into()], unread: vec![] },
    ];
    insta::assert_json_snapshot!(whats.map(|what| Notice::new(&key(), Token(7), at(0), what)));
}

#[derive(Debug, Clone)]
enum Op {
    Permit,
    Result(u64, Result<(), Failure>),
    Reset,
}

fn op() -> impl Strategy<Value = Op> {
    let failure = prop_oneof![
        6 => Just(Err(RETRY)), 1 => Just(Err(Failure::Fatal)), 1 => Just(Err(Failure::Denied)), 2 => Just(Ok(())),
    ];
    prop_oneof![
        4 => Just(Op::Permit),
        // How far behind the newest the token is.
        6 => (prop_oneof![3 => Just(0u64), 1 => 0u64..4], failure).prop_map(|(behind, result)| Op::Result(behind, result)),
        1 => Just(Op::Reset),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn there_is_one_probe_at_a_time_and_stale_tokens_change_nothing(
        ops in prop::collection::vec((op(), -300i64..900), 1..80), limit in 0u32..6,
    ) {
        let rules = HealthRules::default().failures(limit);
        let (mut health, mut clock, mut newest, mut row) = (Health::new(at(0)), 0i64, 0u64, 0u32);
        let mut probe: Option<DateTime<Utc>> = None; // until when one is waited for
        let mut judged = 0;
        for (op, step) in ops {
            clock += step;
            let now = at(clock).max(health.updated_at());
            let before = health.clone();
            match op {
                Op::Permit => {
                    newest += 1;
                    let (next, permit) = health.permit(Token(newest), at(clock), at(clock) + TimeDelta::minutes(10));
                    if permit == Permit::Probe {
                        prop_assert!(probe.is_none_or(|until| until <= now), "a second probe");
                        probe = Some(now + TimeDelta::minutes(10));
                    } else {
                        prop_assert_eq!(&next, &health);
                        prop_assert!(permit != Permit::Go || matches!(health.circuit(), Circuit::Closed));
                    }
                    health = next;
                }
                Op::Result(behind, result) => {
                    let token = newest.saturating_sub(behind);
                    health = health.judge(&rules, Token(token), result, at(clock));
                    let stale = matches!(before.circuit(), Circuit::HalfOpen { probe, .. } if token < probe.0);
                    if token <= judged || stale {
                        prop_assert_eq!(&health, &before);
                    } else {
                        judged = token;
                        probe = None;
                        row = if result.is_ok() { 0 } else { row + 1 };
                        prop_assert_eq!(health.view().failures, row);
                        let closed = matches!(health.circuit(), Circuit::Closed);
                        let was_closed = matches!(before.circuit(), Circuit::Closed);
                        let tripped = row >= limit.max(1) || result == Err(Failure::Denied);
                        prop_assert_eq!(closed, result.is_ok() || was_closed && !tripped);
                    }
                }
                Op::Reset => {
                    health = health.reset(at(clock));
                    (probe, row) = (None, 0);
                }
            }
            prop_assert!(health.updated_at() >= before.updated_at(), "time does not go back");
            if let Circuit::Open { cooldown, .. } = health.circuit() {
                prop_assert!(*cooldown >= rules.cooldown && *cooldown <= rules.cap);
            }
        }
    }
}

#[test]
fn setting_back_leaves_what_a_right_clock_saw() {
    const YEARS: i64 = 10 * 365 * 24 * 3600;
    let good = judge(&Health::new(at(0)), 1, Ok(()), 10);
    let back = judge(&good, 2, Err(RETRY), YEARS).repair_clock_skew(at(60));
    assert_eq!(back.view().last_success, Some(at(10)), "and not ten years before it");
    let denied = judge(&judge(&good, 2, Err(Failure::Denied), 20), 3, Err(RETRY), YEARS);
    assert_eq!(*denied.repair_clock_skew(at(60)).circuit(), Circuit::NeedsOperator { since: at(20) });
    // Opened by the other clock: for as long as it would have been.
    let opened = (1..=5).fold(Health::new(at(0)), |health, token| judge(&health, token, Err(RETRY), YEARS));
    assert!(matches!(*opened.repair_clock_skew(at(60)).circuit(), Circuit::Open { until, .. } if until == at(360)));
}
