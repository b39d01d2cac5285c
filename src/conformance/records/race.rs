//! Races: what holds when several threads write at once.

use serde_json::json;

use super::Fixture;
use super::probe::Probe;
use super::seen::quoted;
use super::world::{create, full, id, link, noted, reactivate, record, update};
use crate::conformance::at_once::{RACERS, at_once};
use crate::id::ExternalId;
use crate::store::{Op, OpOutcome, Presence};
use crate::value::Record;

/// How many records are raced for.
const ROUNDS: usize = 12;

/// Lets many ops expect the same, and checks that the one that won is the one that is there.
fn one_wins<F: Fixture>(probe: &Probe<'_, F>, of: &ExternalId, op: impl Fn(&str) -> Op + Sync) {
    let entries = probe.audit(of).len();
    let answers = at_once(RACERS, |racer| probe.race(op(&format!("of {racer}"))));
    let won: Vec<_> = (0..).zip(&answers).filter(|(_, is)| matches!(is, Some(OpOutcome::Applied { .. }))).collect();
    let unknown = answers.iter().filter(|answer| answer.is_none()).count();
    let racers: Vec<i32> = won.iter().map(|(racer, _)| *racer).collect();
    probe.holds(won.len() == 1 || won.is_empty() && unknown > 0, || format!("carried out: those of {racers:?}"));
    let written = if won.len() + unknown == 1 { 1 } else { usize::from(!won.is_empty()) };
    let said = (probe.audit(of).len() - entries) / op("").entries.len();
    probe.holds(said == written || unknown > 0 && said <= 1, || format!("the audit of {said} ops"));
    if let [racer] = racers[..] {
        probe.equal("the note", &probe.see(of).field("note"), &&*quoted(&format!("of {racer}")));
    }
}

/// Checks that one link was carried out, and that it is the one that is there.
#[track_caller]
fn one_is_there<F: Fixture>(probe: &Probe<'_, F>, answers: &[Option<OpOutcome>], have: &[usize]) {
    let won = |racer: &usize| matches!(answers[*racer], Some(OpOutcome::Applied { .. }));
    let won: Vec<_> = (0..answers.len()).filter(won).collect();
    let unknown = answers.iter().any(Option::is_none);
    probe.holds(won.len() == 1 || won.is_empty() && unknown, || format!("carried out: those of {won:?}"));
    probe.holds(have.len() <= 1 && (unknown || have == won), || format!("linked: {have:?}, answered: {won:?}"));
}

/// A record that no other one equals.
fn mail(round: usize, racer: usize) -> Record {
    record(&json!({"email": format!("racer{racer}@round{round}.example.org")}))
}

promises! { $ __conformance_records_race in records::race:
    /// Let one of several ops that expect the same revision be carried out, and never two.
    fn one_op_wins(probe) {
        for round in 0..ROUNDS {
            let of = id(&format!("{round}"));
            let at = probe.create(&of, &full(1)).revision;
            one_wins(probe, &of, |note| update(&of, at, &noted(note)));
        }
    }

    /// Let one of several creations for an external id be carried out, and never two.
    fn one_creation_wins(probe) {
        for round in 0..ROUNDS {
            let of = id(&format!("{round}"));
            one_wins(probe, &of, |note| create(&of, &noted(note)));
        }
    }

    /// Let one of several links of a record, or to an external id, be carried out, and never two.
    fn one_link_wins(probe) {
        for round in 0..ROUNDS {
            let of = |racer| id(&format!("{round}: {racer}"));
            let only = id(&format!("{round}"));
            let (alone, many) = (full(round), (0..RACERS).map(|racer| mail(round, racer)).collect::<Vec<_>>());
            probe.fixture.enter(None, &alone);
            many.iter().for_each(|fields| probe.fixture.enter(None, fields));
            let (local, near) = probe.nearest(&alone);
            let answers = at_once(RACERS, |racer| {
                probe.race(link(&of(racer), &local, near.revision, &noted(&format!("of {racer}"))))
            });
            let have: Vec<_> = (0..RACERS).filter(|racer| probe.find(&of(*racer)).is_some()).collect();
            one_is_there(probe, &answers, &have);
            let several: Vec<_> = many.iter().map(|fields| probe.nearest(fields)).collect();
            let answers = at_once(RACERS, |racer| {
                let (local, near) = &several[racer];
                probe.race(link(&only, local, near.revision, &noted(&format!("of {racer}"))))
            });
            let is_linked = |racer: &usize| probe.nearest(&many[*racer]).1.linked.is_some();
            let have: Vec<_> = (0..RACERS).filter(is_linked).collect();
            one_is_there(probe, &answers, &have);
        }
    }

    /// Lose no edit to an op: what a user writes while it is under way makes it stale, or comes after it.
    fn no_edit_is_lost(probe) {
        for round in 0..ROUNDS * 2 {
            let of = id(&format!("{round}"));
            let at = probe.create(&of, &full(1)).revision;
            at_once(2, |hand| {
                if hand == 0 {
                    probe.edit(&of, &noted("a user's"));
                } else {
                    probe.race(update(&of, at, &record(&json!({"note": "the source's", "visits": 99}))));
                }
            });
            probe.equal("the note", &probe.see(&of).field("note"), &&*quoted("a user's"));
            probe.holds(probe.revision(&of) > at, || "no larger revision".to_owned());
        }
    }

    /// Lose no deletion to an op: a record that a user deletes or deactivates while an op is under way stays removed.
    fn no_deletion_is_lost(probe) {
        for round in 0..ROUNDS * 2 {
            let of = id(&format!("{round}"));
            let at = probe.create(&of, &full(1)).revision;
            at_once(2, |hand| match (hand, round % 2) {
                (0, 0) => probe.delete(&of),
                (0, _) => probe.deactivate(&of),
                (_, 0) => drop(probe.race(update(&of, at, &noted("the source's")))),
                _ => drop(probe.race(reactivate(&of, at, &noted("the source's")))),
            });
            probe.equal("what is said of it", &probe.see(&of).presence, &Presence::Removed);
            probe.holds(probe.revision(&of) > at, || "no larger revision".to_owned());
        }
    }
}
