//! Gates and fairness.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tripartite::gate::{Admission, Gate, Limits, Shut, Turn, fair};
use tripartite::id::{ConnectorId, Nonce, OrgId, SyncKey};

use crate::support::of_later_version;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

pub(crate) fn key(org: usize, connector: usize) -> SyncKey {
    let (org, connector) = (format!("org-{org:03}"), format!("connector-{connector}"));
    SyncKey { org: OrgId::new(org).unwrap(), connector: ConnectorId::new(connector).unwrap() }
}

fn nonce(number: usize) -> Nonce {
    Nonce::new(format!("nonce-{number}")).unwrap()
}

fn limits(running: usize, spacing: u64) -> Limits {
    Limits::new(running, Duration::from_secs(spacing))
}

/// Takes a ticket that must be given.
fn admitted(gate: &Gate, limits: &Limits, who: usize, now: i64, until: i64) -> Gate {
    let decision = gate.admit(limits, &key(who, 0), &nonce(who), at(now), at(until));
    assert_eq!(decision.admission, Admission::Admitted { until: at(until) });
    decision.next
}

#[test]
fn the_persisted_forms_are_pinned() {
    let gate = admitted(&Gate::new(at(0)), &Limits::default(), 1, 0, 600);
    insta::assert_json_snapshot!((&gate, Limits::default()));
    let error = of_later_version(&gate).check().unwrap_err();
    assert_eq!(error.to_string(), "this gate has format 2, this version reads up to 1");
}

#[test]
fn the_fifth_starts_and_the_sixth_waits_for_a_ticket_to_end() {
    let limits = Limits::default();
    let gate = (0..5).fold(Gate::new(at(0)), |gate, who| admitted(&gate, &limits, who, 60 * who as i64, 3600));
    let sixth = |now| gate.admit(&limits, &key(6, 0), &nonce(6), at(now), at(now + 600)).admission;
    assert_eq!(sixth(299), Admission::TooSoon { at: at(300) });
    assert_eq!(sixth(300), Admission::Full { until: at(3600) });
    assert_eq!(sixth(3600), Admission::Admitted { until: at(4200) }, "a crash leaks no ticket");
    let released = gate.release(&key(2, 0), &nonce(2), at(301));
    let now = released.admit(&limits, &key(6, 0), &nonce(6), at(301), at(901)).admission;
    assert_eq!(now, Admission::Admitted { until: at(901) });
}

#[test]
fn a_lost_answer_costs_no_ticket() {
    let limits = limits(1, 60);
    let once = admitted(&Gate::new(at(0)), &limits, 1, 0, 600);
    let twice = admitted(&once, &limits, 1, 0, 600);
    assert_eq!(once, twice);
    let shorter = once.admit(&limits, &key(1, 0), &nonce(1), at(5), at(10)).admission;
    assert_eq!(shorter, Admission::Admitted { until: at(600) }, "never shortened");
}

#[test]
fn another_claim_of_the_key_neither_shares_nor_releases_the_ticket() {
    let limits = limits(5, 0);
    let gate = admitted(&Gate::new(at(0)), &limits, 1, 0, 600);
    let other = gate.admit(&limits, &key(1, 0), &nonce(2), at(1), at(700));
    assert_eq!(other.admission, Admission::Held { until: at(600) });
    assert_eq!(gate.release(&key(1, 0), &nonce(2), at(1)), gate);
    let extended = gate.extend(&limits, &key(1, 0), &nonce(2), at(1), at(900));
    assert_eq!(extended.admission, Admission::Held { until: at(600) });
}

#[test]
fn an_ended_ticket_is_extended_only_where_there_is_room() {
    let limits = limits(1, 60);
    let gate = admitted(&Gate::new(at(0)), &limits, 1, 0, 600);
    let extend = |gate: &Gate, now| gate.extend(&limits, &key(1, 0), &nonce(1), now, at(1200)).admission;
    assert_eq!(extend(&gate, at(599)), Admission::Admitted { until: at(1200) });
    assert_eq!(extend(&gate, at(600)), Admission::Admitted { until: at(1200) }, "nobody else has come");
    let taken = admitted(&gate, &limits, 2, 600, 900);
    assert_eq!(extend(&taken, at(600)), Admission::Full { until: at(900) });
}

#[test]
fn a_clock_that_is_behind_takes_part_in_the_gates_time() {
    let limits = limits(5, 60);
    let gate = admitted(&Gate::new(at(0)), &limits, 1, 600, 1200);
    let behind = gate.admit(&limits, &key(2, 0), &nonce(2), at(0), at(300));
    assert_eq!(behind.admission, Admission::TooSoon { at: at(660) });
    let same = gate.admit(&limits, &key(1, 0), &nonce(1), at(0), at(900));
    assert_eq!(same.admission, Admission::Admitted { until: at(1500) }, "nine hundred seconds, in the gate's time");
}

#[test]
fn a_gate_for_nobody_is_full() {
    let admission = Gate::new(at(0)).admit(&limits(0, 0), &key(1, 0), &nonce(1), at(0), at(1)).admission;
    assert_eq!(admission, Admission::Full { until: DateTime::<Utc>::MAX_UTC });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Against a model that keeps every ticket it was ever given.
    #[test]
    fn never_more_than_may_and_never_sooner(
        running in 1usize..4, spacing in 0i64..90,
        ops in prop::collection::vec((0u8..4, 0usize..5, 0usize..2, -30i64..120, 1i64..300), 1..60),
    ) {
        let limits = limits(running, spacing as u64);
        let (mut gate, mut clock) = (Gate::new(at(0)), 0i64);
        // Until when each ticket lasts, in the gate's time; when the last run began.
        let (mut tickets, mut started) = (BTreeMap::<(usize, usize), DateTime<Utc>>::new(), None::<DateTime<Utc>>);
        let mut time = at(0);
        for (op, who, claim, step, lasts) in ops {
            clock += step; // also backwards
            let now = at(clock);
            let until = now + TimeDelta::seconds(lasts);
            let (key, nonce) = (key(who, 0), nonce(claim));
            let true_now = now.max(time);
            match op {
                0 => {
                    gate = gate.release(&key, &nonce, now);
                    if tickets.remove(&(who, claim)).is_some() {
                        time = true_now;
                    }
                }
                1 => {
                    let alive = tickets.get(&(who, claim)).is_some_and(|until| *until > true_now);
                    let decision = gate.extend(&limits, &key, &nonce, now, until);
                    if let Admission::Admitted { until } = decision.admission {
                        tickets.retain(|_, until| *until > true_now);
                        tickets.insert((who, claim), until);
                        prop_assert!(until >= now + TimeDelta::seconds(lasts), "a ticket covers its lease");
                        time = true_now;
                    } else {
                        prop_assert!(!alive);
                        prop_assert_eq!(&decision.next, &gate, "a refusal changes nothing");
                    }
                    gate = decision.next;
                }
                _ => {
                    let decision = gate.admit(&limits, &key, &nonce, now, until);
                    if let Admission::Admitted { until } = decision.admission {
                        let known = tickets.get(&(who, claim)).is_some_and(|until| *until > true_now);
                        tickets.retain(|_, until| *until > true_now);
                        tickets.insert((who, claim), until);
                        prop_assert!(until >= now + TimeDelta::seconds(lasts), "a ticket covers its lease");
                        if !known {
                            prop_assert!(started.is_none_or(|at| true_now - at >= TimeDelta::seconds(spacing)));
                            started = Some(true_now);
                        }
                        time = true_now;
                    } else {
                        prop_assert_eq!(&decision.next, &gate, "a refusal changes nothing");
                    }
                    gate = decision.next;
                }
            }
            let alive: BTreeSet<_> = tickets.iter().filter(|(_, until)| **until > true_now).map(|(who, _)| who.0).collect();
            prop_assert!(alive.len() <= running);
            prop_assert_eq!(gate.running(true_now).count(), alive.len());
        }
    }

    #[test]
    fn fair_is_a_permutation_that_keeps_each_orgs_order(
        page in prop::collection::vec((0usize..8, 0usize..5), 0..60), after in prop::option::of(0usize..9),
    ) {
        let page: Vec<_> = page.into_iter().map(|(org, connector)| key(org, connector)).enumerate().collect();
        let after = after.map(|org| key(org, 0).org);
        let order = fair(page.clone(), |(_, key)| key, after.as_ref());
        let mut sorted = order.clone();
        sorted.sort();
        prop_assert_eq!(sorted, page.clone());

        let orgs: BTreeSet<_> = page.iter().map(|(_, key)| key.org.clone()).collect();
        let mut seen: BTreeMap<OrgId, Vec<usize>> = BTreeMap::new();
        for (position, (number, key)) in order.iter().enumerate() {
            let turns = seen.entry(key.org.clone()).or_default();
            prop_assert!(turns.last() < Some(number), "the order within an organisation");
            // The n-th of an organisation comes before anybody's n-plus-first.
            prop_assert!(position < (turns.len() + 1) * orgs.len());
            turns.push(*number);
        }
        let first = order.first().map(|(_, key)| &key.org);
        let expected = orgs.iter().find(|org| Some(*org) > after.as_ref()).or(orgs.first());
        prop_assert_eq!(first, expected);
    }
}

#[test]
fn ten_thousand_do_not_starve_one() {
    for (big, small, batch) in [(0, 1, 1), (1, 0, 1), (0, 1, 7), (1, 0, 7), (0, 1, 100)] {
        let mut due: Vec<_> = (0..10_000).map(|connector| key(big, connector)).collect();
        due.push(key(small, 0));
        let mut after = None;
        // A worker takes a batch, and asks again: the one is in the first batch, or in the second.
        let served = (1..=2).any(|_| {
            let order = fair(due.clone(), |key| key, after.as_ref());
            let taken: Vec<_> = order.into_iter().take(batch).collect();
            due.retain(|key| !taken.contains(key));
            after = taken.last().map(|key| key.org.clone());
            taken.contains(&key(small, 0))
        });
        assert!(served, "{batch} at a time");
    }
}

#[test]
fn setting_back_leaves_the_tickets_of_a_right_clock() {
    const YEARS: i64 = 10 * 365 * 24 * 3600;
    let gate = admitted(&Gate::new(at(0)), &limits(5, 0), 1, 0, 600);
    let gate = admitted(&gate, &limits(5, 0), 2, 60, 660);
    // Given back by a clock that is ten years ahead: that moves the gate's own time, and no ticket.
    let back = gate.release(&key(1, 0), &nonce(1), at(YEARS)).repair_clock_skew(at(120));
    let ask = |limits: Limits| back.admit(&limits, &key(3, 0), &nonce(3), at(120), at(720)).admission;
    assert_eq!(ask(limits(1, 0)), Admission::Full { until: at(660) }, "the other still runs");
    assert_eq!(ask(limits(5, 300)), Admission::TooSoon { at: at(360) }, "and began when it began");
}

#[test]
fn setting_back_ends_a_ticket_that_a_right_clock_asked_for_where_only_the_slot_was_ahead() {
    const YEAR: i64 = 365 * 24 * 3600;
    // The lease is told by the slot's time, so the ticket is. The gate's own time is right.
    let gate = admitted(&Gate::new(at(0)), &limits(1, 0), 1, 0, YEAR);
    let ask = |gate: &Gate, seconds| {
        gate.admit(&limits(1, 0), &key(1, 0), &nonce(2), at(seconds), at(seconds + 600)).admission
    };
    assert_eq!(ask(&gate, 60), Admission::Held { until: at(YEAR) });
    let back = gate.repair_clock_skew(at(60));
    assert_eq!(ask(&back, 60), Admission::Held { until: at(660) }, "whoever runs by it has time for a heartbeat");
    assert_eq!(ask(&back, 660), Admission::Admitted { until: at(1260) });
    let day = 18 * 3600;
    let long = admitted(&Gate::new(at(0)), &limits(1, 0), 1, 0, day);
    assert_eq!(long.repair_clock_skew(at(0)), long, "a right clock may ask for so long a one");
}

#[test]
fn a_gate_from_before_turns_is_read_and_owes_nobody_anything() {
    let old =
        r#"{"format": 1, "tickets": [], "started_at": "2023-11-14T22:13:20Z", "updated_at": "2023-11-14T22:13:20Z"}"#;
    let gate: Gate = serde_json::from_str(old).unwrap();
    assert_eq!((gate.check(), gate.turn(), gate.shut()), (Ok(()), Turn::Urgent, None));
    assert_eq!(gate.refusal(&limits(5, 60), at(10)), Some(Shut::TooSoon { until: at(60) }));
    // Nor does a count that no version writes break anything.
    let odd: Gate = serde_json::from_str(&old.replace("\"tickets\"", "\"urgent\": 255, \"tickets\"")).unwrap();
    let next = odd.admit_at(Turn::Urgent, &limits(5, 0), &key(1, 0), &nonce(1), at(10), at(600)).next;
    assert_eq!(next.turn(), Turn::Scheduled);
}

#[test]
fn a_kept_ticket_is_one_place_until_it_is_given_back_or_ends() {
    let limits = limits(2, 0);
    let keep =
        |gate: &Gate, who| gate.admit_kept(Turn::Urgent, &limits, &key(who, 0), &nonce(who), at(0), at(600)).next;
    let gate = keep(&keep(&Gate::new(at(0)), 1), 2);
    let form = r#""until":"2023-11-14T22:23:20Z","kept":true}"#;
    assert_eq!(serde_json::to_string(&gate).unwrap().matches(form).count(), 2);
    let first = gate.kept(&key(1, 0), &nonce(1)).unwrap();
    assert_eq!(gate.admit(&limits, &key(3, 0), &nonce(3), at(9), at(99)).admission, Admission::Full { until: at(600) });
    let (smaller, spaced) = (self::limits(1, 0), self::limits(2, 200));
    let lasts = [limits, smaller, spaced].map(|limits| gate.lasts(&first, &limits, at(599)));
    assert_eq!((lasts, gate.lasts(&first, &limits, at(600))), ([Some(at(600)), None, None], None));
    // A heartbeat of a later run finds it by its nonce.
    let longer = gate.extend(&limits, &key(7, 0), &nonce(1), at(300), at(900));
    assert_eq!(longer.admission, Admission::Admitted { until: at(900) });
    assert_eq!(longer.next.running(at(300)).count(), 2);
    let started = (0..9).fold(first, |kept, _| kept.starts(&key(7, 0), Turn::Urgent, at(400)));
    let back = longer.next.give_back(&started, at(500));
    assert_eq!((back.running(at(500)).count(), back.turn()), (1, Turn::Scheduled));
    assert_eq!(back.refusal(&spaced, at(500)), Some(Shut::TooSoon { until: at(600) }), "from the last start on");
    assert_eq!(back.give_back(&started, at(501)), back, "giving it back twice does no harm");
    let spaced = Gate::new(at(0)).admit_kept(Turn::Urgent, &spaced, &key(1, 0), &nonce(1), at(0), at(600)).next;
    assert_eq!(spaced.kept(&key(1, 0), &nonce(1)), None, "with a spacing each start is the gate's");
}

#[test]
fn a_gate_says_what_it_lets_nobody_in_by_without_being_told_its_limits() {
    let limits = limits(2, 60);
    let one = admitted(&Gate::new(at(0)), &limits, 1, 0, 600);
    assert_eq!(one.shut(), Some(Shut::TooSoon { until: at(60) }));
    let two = admitted(&one, &limits, 2, 60, 300);
    assert_eq!(two.shut(), Some(Shut::Full { until: at(300) }), "the first that ends makes room");
    let released = two.release(&key(1, 0), &nonce(1), at(70));
    assert_eq!(released.shut(), Some(Shut::TooSoon { until: at(120) }));
    for now in 0..700 {
        let refused = two.refusal(&limits, at(now)).is_some();
        assert_eq!(refused, two.shut().is_some_and(|shut| shut.until() > at(now.max(60))), "{now}");
    }
}

/// Every order in which urgent and scheduled jobs can come, one or both or none before each of eight starts.
#[test]
fn whatever_comes_when_the_waits_of_both_kinds_are_bounded_in_starts() {
    let limits = limits(usize::MAX, 0);
    for history in 0..4u32.pow(8) {
        let (mut gate, mut lines, mut starts) = (Gate::new(at(0)), [Vec::new(), Vec::new()], 0);
        for step in 0..40 {
            let comes = if step < 8 { history >> (2 * step) & 3 } else { 0 };
            for (kind, line) in lines.iter_mut().enumerate() {
                if comes >> kind & 1 == 1 {
                    // Within so many starts from now.
                    let n = line.len() + 1;
                    line.push(starts + if kind == 0 { n + n / 3 + 1 } else { 4 * n });
                }
            }
            let kind = match gate.turn() {
                _ if lines[1].is_empty() => 0,
                _ if lines[0].is_empty() => 1,
                Turn::Urgent => 0,
                Turn::Scheduled => 1,
            };
            if lines[kind].is_empty() {
                continue;
            }
            starts += 1;
            let latest = lines[kind].remove(0);
            assert!(starts <= latest, "history {history:x}: start {starts} was to be {latest} at the latest");
            let turn = [Turn::Urgent, Turn::Scheduled][kind];
            gate = gate.admit_at(turn, &limits, &key(starts, 0), &nonce(starts), at(step), at(step)).next;
        }
        assert!(lines.iter().all(Vec::is_empty));
    }
}
