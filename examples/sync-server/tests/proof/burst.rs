//! A burst of events while a sync is running: at most one more sync follows, and every member is in its final state.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use crate::bench::{Bench, Server, sender, setting};
use crate::client::{event, signed};
use crate::held::hold;

const KEYS: [&str; 2] = ["ballybeg/federation", "dunmore/federation"];
const MEMBERS: usize = 50;
const SENDERS: usize = 4;

#[test]
fn a_burst_during_a_sync_is_one_more_sync() {
    let bench = Bench::new();
    let server = bench.serve(0);
    let count = setting("PROOF_EVENTS", 500);
    let first: BTreeMap<String, u64> = (0..MEMBERS).map(|n| (member(n), 0)).collect();
    for key in KEYS {
        bench.list(key, &first);
        bench.nightly(&["trigger", "--key", key]);
    }
    let ends = hold(&bench, &KEYS, || {
        let last = burst(&bench, &server, count);
        for key in KEYS {
            assert_eq!(bench.known(key), bench.slot(key).wanted - 1);
        }
        last
    });
    let followed = bench.drain();
    assert_eq!(followed.len(), KEYS.len(), "one follow-up a key, however many events: {followed:?}");
    let mut lost = 0;
    for key in KEYS {
        let slot = bench.slot(key);
        assert_eq!((slot.wanted, slot.covered), (bench.known(key) + 1, slot.wanted), "{key}");
        let (stored, active) = (bench.stored(key), bench.active(key));
        assert!(ends[key].values().all(|phone| *phone > 0), "something was said of each");
        lost += ends[key].iter().filter(|(id, phone)| stored.get(*id) != Some(phone)).count();
        lost += (0..MEMBERS).map(member).filter(|id| active.contains(id) != ends[key].contains_key(id)).count();
        assert_eq!(stored.len(), MEMBERS, "nobody is deleted");
    }
    println!("{count} events over {MEMBERS} members of each of {} keys: lost {lost}", KEYS.len());
    assert_eq!(lost, 0);
}

/// Sends so many events, each after what it tells of has happened at the source; what the source says in the end.
fn burst(bench: &Bench, server: &Server, count: usize) -> BTreeMap<&'static str, BTreeMap<String, u64>> {
    let source = Mutex::new(KEYS.map(|key| (key, BTreeMap::<String, u64>::new())));
    for (_, members) in source.lock().unwrap().iter_mut() {
        members.extend((0..MEMBERS).map(|n| (member(n), 0)));
    }
    thread::scope(|scope| {
        for number in 0..SENDERS {
            let source = &source;
            scope.spawn(move || {
                let mut client = server.client();
                for n in (number..count).step_by(SENDERS) {
                    let number = (n * 7) % MEMBERS;
                    let member = member(number);
                    let (key, kind) = {
                        let mut source = source.lock().unwrap();
                        let (key, members) = &mut source[(n / SENDERS) % KEYS.len()];
                        let kind = happens(members, &member, n as u64 + 1, leaves(number, n));
                        bench.list(key, members);
                        (*key, kind)
                    };
                    let sent = signed(&sender(key), key, &format!("msg_{n}"), 0, &event(kind, &member));
                    assert_eq!(client.post(&sent).unwrap().status, 202);
                }
            });
        }
    });
    assert_eq!(server.counts()["accepted"], count as u64);
    source.into_inner().unwrap().into()
}

fn member(number: usize) -> String {
    format!("F-{number}")
}

/// Every sixth member comes and goes, so never so many are gone that a guard stops it.
fn leaves(number: usize, n: usize) -> bool {
    number.is_multiple_of(6) && (n / MEMBERS).is_multiple_of(2)
}

/// Something happens to a member; what the source calls it.
fn happens(members: &mut BTreeMap<String, u64>, member: &str, phone: u64, leaves: bool) -> &'static str {
    if leaves {
        members.remove(member);
        return "member.deleted";
    }
    match members.insert(member.to_owned(), phone) {
        Some(_) => "member.updated",
        None => "member.created",
    }
}
