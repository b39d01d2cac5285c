//! Late, twice, out of order, of long ago: each event ends in the right state, in the members as they are stored.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::bench::{Bench, Server, sender};
use crate::client::{event, signed};
use crate::held::hold;

const KEY: &str = "ballybeg/federation";

/// A source of a few members, a register in step with it, and a server without workers.
struct World {
    bench: Bench,
    server: Server,
    source: RefCell<BTreeMap<String, u64>>,
}

impl World {
    fn new() -> Self {
        let bench = Bench::new();
        let source: BTreeMap<String, u64> = ["F-1", "F-2", "F-3"].map(|id| (id.to_owned(), 1)).into();
        bench.list(KEY, &source);
        bench.nightly(&["trigger", "--key", KEY]);
        assert_eq!(bench.drain().len(), 1);
        let server = bench.serve(0);
        Self { bench, server, source: RefCell::new(source) }
    }

    /// Something happens at the source; nobody is told of it yet.
    fn happens(&self, id: &str, phone: Option<u64>) {
        let mut source = self.source.borrow_mut();
        match phone {
            Some(phone) => source.insert(id.to_owned(), phone),
            None => source.remove(id),
        };
        self.bench.list(KEY, &source);
    }

    /// A message about it arrives; the answer.
    fn arrives(&self, message: &str, ago: i64, kind: &str, id: &str) -> u16 {
        let sent = signed(&sender(KEY), KEY, message, ago, &event(&format!("member.{kind}"), id));
        self.server.client().post(&sent).unwrap().status
    }

    /// All is worked on; then the active members are those of the source, with what it says of them.
    #[track_caller]
    fn in_step(&self) {
        self.bench.drain();
        let (stored, active) = (self.bench.stored(KEY), self.bench.active(KEY));
        let now: BTreeMap<String, u64> = active.into_iter().map(|id| (id.clone(), stored[&id])).collect();
        assert_eq!(now, *self.source.borrow());
        let slot = self.bench.slot(KEY);
        assert_eq!(slot.wanted, slot.covered);
        assert!(self.bench.tombstones(KEY).is_empty());
    }
}

#[test]
fn an_event_that_comes_late_changes_nothing_that_is_newer() {
    let world = World::new();
    world.happens("F-1", Some(2));
    world.happens("F-1", Some(3));
    assert_eq!(world.arrives("msg_2", 0, "updated", "F-1"), 202);
    world.in_step();
    // Of the change before, four minutes late.
    assert_eq!(world.arrives("msg_1", 240, "updated", "F-1"), 202);
    world.in_step();
    // Too late to be believed; the sender signs anew, and it is.
    world.happens("F-1", Some(4));
    assert_eq!(world.arrives("msg_3", 310, "updated", "F-1"), 401);
    assert_eq!(world.arrives("msg_3", 0, "updated", "F-1"), 202);
    world.in_step();
}

#[test]
fn an_event_that_comes_twice_is_one_sync() {
    let world = World::new();
    world.happens("F-2", Some(2));
    let before = world.bench.slot(KEY).token;
    assert_eq!(world.arrives("msg_1", 0, "updated", "F-2"), 202);
    assert_eq!(world.arrives("msg_1", 0, "updated", "F-2"), 200);
    world.in_step();
    // Again after its sync, as from a sender that heard no answer.
    assert_eq!(world.arrives("msg_1", 30, "updated", "F-2"), 200);
    assert!(world.bench.drain().is_empty());
    assert_eq!(world.bench.slot(KEY).token.0, before.0 + 1);
}

#[test]
fn events_out_of_order_end_in_what_the_source_has() {
    let world = World::new();
    // Deleted, created again, deleted for good: they arrive the other way round, with a sync between any two.
    for phone in [None, Some(2), None] {
        world.happens("F-3", phone);
    }
    for (message, kind) in [("msg_3", "deleted"), ("msg_2", "created"), ("msg_1", "deleted")] {
        assert_eq!(world.arrives(message, 0, kind, "F-3"), 202);
        world.in_step();
    }
    // Created again last: the deletion before it arrives after it, in one sync and in one of its own.
    world.happens("F-3", Some(5));
    assert_eq!(world.arrives("msg_5", 0, "created", "F-3"), 202);
    assert_eq!(world.arrives("msg_4", 0, "deleted", "F-3"), 202);
    world.in_step();
    assert_eq!(world.arrives("msg_6", 0, "deleted", "F-3"), 202);
    world.in_step();
}

#[test]
fn an_event_older_than_the_base_brings_nothing_back() {
    let world = World::new();
    // The nightly sync was faster: it has the change, and the base knows it.
    world.happens("F-1", Some(2));
    world.happens("F-2", None);
    world.bench.nightly(&["trigger", "--key", KEY]);
    world.bench.drain();
    let before = world.bench.stored(KEY);
    for (message, kind, id) in [("msg_1", "updated", "F-1"), ("msg_2", "deleted", "F-2"), ("msg_3", "updated", "F-2")] {
        assert_eq!(world.arrives(message, 0, kind, id), 202);
        world.in_step();
    }
    assert_eq!(world.bench.stored(KEY), before);
}

#[test]
fn an_event_of_a_member_that_nobody_else_knows_changes_nobody() {
    let world = World::new();
    for (message, kind) in [("msg_1", "updated"), ("msg_2", "deleted"), ("msg_3", "created")] {
        assert_eq!(world.arrives(message, 0, kind, "F-9"), 202);
        world.in_step();
    }
}

#[test]
fn an_event_for_a_member_the_running_sync_has_read_is_followed_up() {
    let world = World::new();
    world.happens("F-1", Some(2));
    assert_eq!(world.arrives("msg_1", 0, "updated", "F-1"), 202);
    hold(&world.bench, &[KEY], || {
        world.happens("F-1", Some(3));
        world.happens("F-2", None);
        assert_eq!(world.arrives("msg_2", 0, "updated", "F-1"), 202);
        assert_eq!(world.arrives("msg_3", 0, "deleted", "F-2"), 202);
    });
    assert_eq!(world.bench.stored(KEY)["F-1"], 2, "it carries out what it has read");
    assert!(world.bench.active(KEY).contains(&"F-2".to_owned()));
    assert_eq!(world.bench.drain().len(), 1);
    world.in_step();
}
