//! The server is killed at any moment, again and again: what it has accepted is covered by a run all the same.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::bench::{Bench, Dice, Server, sender, setting};
use crate::client::{Client, event, signed};

const KEY: &str = "ballybeg/federation";
const MEMBERS: u64 = 20;
const SENDERS: u64 = 3;

/// What the senders know.
#[derive(Default)]
struct Known {
    /// What the source says: for each member how often it has changed.
    source: BTreeMap<String, u64>,
    /// As of which change the server has accepted an event for each member.
    accepted: BTreeMap<String, u64>,
    /// Messages without an answer: they are sent again, with the same id.
    open: Vec<(String, String)>,
    counts: BTreeMap<u16, u64>,
    unanswered: u64,
}

#[test]
fn what_was_accepted_is_covered_though_the_server_is_killed_at_any_moment() {
    let bench = Bench::new();
    let known = Mutex::new(Known::default());
    let mut dice = Dice(0x5eed);
    for round in 0..setting("PROOF_KILLS", 4) {
        let server = bench.serve(1);
        let (address, answers) = (server.address, AtomicU64::new(0));
        let until = 3 + dice.below(40);
        thread::scope(|scope| {
            for number in 0..SENDERS {
                let (bench, known, answers) = (&bench, &known, &answers);
                let dice = Dice(round as u64 * SENDERS + number);
                scope.spawn(move || Client::new(address).map(|client| send(client, bench, known, answers, dice)));
            }
            // Busy, so that it is cut off in the middle of whatever it does.
            while answers.load(Ordering::Relaxed) < until {
                thread::yield_now();
            }
            server.kill();
        });
        // Another one on the same database, with a worker; and this process works beside it.
        let server = bench.serve(1);
        check(&bench, &known.lock().unwrap());
        again(&server, &mut known.lock().unwrap());
        check(&bench, &known.lock().unwrap());
        assert_eq!(server.end().0.code(), Some(0));
    }
    let known = known.into_inner().unwrap();
    assert!(known.open.is_empty());
    let lost = known.accepted.iter().filter(|(id, at)| bench.stored(KEY).get(*id) < Some(at)).count();
    println!("answers {:?}, cut off {}, lost {lost}", known.counts, known.unanswered);
    assert_eq!((bench.stored(KEY), lost), (known.source, 0));
}

/// Sends event after event until nobody answers any more.
fn send(mut client: Client, bench: &Bench, known: &Mutex<Known>, answers: &AtomicU64, mut dice: Dice) {
    let standard = sender(KEY);
    loop {
        let member = format!("F-{}", dice.below(MEMBERS));
        let (id, change) = {
            let mut known = known.lock().unwrap();
            let change = known.source.entry(member.clone()).or_default();
            *change += 1;
            let change = *change;
            bench.list(KEY, &known.source);
            (format!("msg_{member}_{change}"), change)
        };
        let answered = client.post(&signed(&standard, KEY, &id, 0, &event("member.updated", &member)));
        let mut known = known.lock().unwrap();
        let Ok(answered) = answered else {
            known.open.push((id, member));
            known.unanswered += 1;
            return;
        };
        assert_eq!(answered.status, 202);
        *known.counts.entry(202).or_default() += 1;
        let accepted = known.accepted.entry(member).or_default();
        *accepted = change.max(*accepted);
        answers.fetch_add(1, Ordering::Relaxed);
    }
}

/// Sends again what was not answered. It was taken in already, or is now.
fn again(server: &Server, known: &mut Known) {
    let mut client = server.client();
    for (id, member) in std::mem::take(&mut known.open) {
        let sent = signed(&sender(KEY), KEY, &id, 0, &event("member.updated", &member));
        let answered = client.post(&sent).unwrap();
        assert!([200, 202].contains(&answered.status), "{answered:?}");
        *known.counts.entry(answered.status).or_default() += 1;
        let change = known.source[&member];
        known.accepted.insert(member, change);
    }
}

/// Once all is done, each member is at least as new as what was accepted about it, though nobody sent anything more.
fn check(bench: &Bench, known: &Known) {
    bench.drain();
    let slot = bench.slot(KEY);
    assert_eq!(slot.wanted, slot.covered);
    let stored = bench.stored(KEY);
    for (member, change) in &known.accepted {
        assert!(stored.get(member) >= Some(change), "{member}: {:?}, and {change} was accepted", stored.get(member));
    }
}
