//! Late, twice, out of order, during a run, to a host that is killed: each event ends in the right state.

use std::time::Duration;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use tripartite::backoff::Fraction;
use tripartite::id::{Nonce, PolicyRef, WorkerId};
use tripartite::memory::MemoryJobStore;
use tripartite::queue::{Command, Extent, Outcome, QueueRules, Scope, State, Token};
use tripartite::tombstone::{Found, Tombstones};
use tripartite::webhook::{Endpoint, EventKind, Shape};

use super::host::{Host, Killed, named, slot_key};
use super::{SECRET, Sent, at, id, key, shape, standard};

/// A source of one member, a sender that tries again until it is answered, and a host with one worker.
struct World {
    store: MemoryJobStore,
    endpoint: Endpoint,
    versioned: bool,
    clock: i64,
    /// What the source has, and the version it counts to.
    there: bool,
    version: u64,
    /// The messages, with whether they were answered with a 2xx.
    sent: Vec<(String, Vec<u8>, bool)>,
    run: Option<Run>,
    /// Whether the host's record is active.
    active: bool,
}

/// What a run has read.
struct Run {
    token: Token,
    taken: Tombstones,
    found: Found,
}

#[derive(Debug, Clone)]
enum Op {
    /// Something happens at the source, and is to be sent.
    Happens,
    /// A message is delivered, perhaps once more, to a host that is killed after so many writes.
    Deliver(prop::sample::Index, usize),
    /// The worker claims, reads the tombstones and asks the source.
    Begin,
    /// It carries out what it has read.
    End,
    /// It dies.
    Die,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let lives = prop_oneof![3 => Just(usize::MAX), 1 => 0usize..5];
    let op = prop_oneof![
        4 => Just(Op::Happens),
        6 => (any::<prop::sample::Index>(), lives).prop_map(|(which, lives)| Op::Deliver(which, lives)),
        3 => Just(Op::Begin),
        3 => Just(Op::End),
        1 => Just(Op::Die),
    ];
    prop::collection::vec(op, 0..40)
}

impl World {
    fn new(versioned: bool) -> Self {
        let changes =
            [("created", EventKind::Created), ("updated", EventKind::Updated), ("deleted", EventKind::Deleted)];
        let unversioned = Shape::builder("/type", "/id", changes).events("/events").build().unwrap();
        let shape = if versioned { shape() } else { unversioned };
        let endpoint = Endpoint::new(key(), PolicyRef::new("members").unwrap(), standard(&[SECRET]), shape);
        let store = MemoryJobStore::default();
        let (sent, run) = (Vec::new(), None);
        Self { store, endpoint, versioned, clock: 0, there: false, version: 0, sent, run, active: false }
    }

    fn now(&self) -> DateTime<Utc> {
        at(self.clock)
    }

    fn host(&self, lives: usize) -> Host<'_> {
        Host { store: &self.store, endpoint: &self.endpoint, lives }
    }

    fn op(&mut self, op: &Op) {
        self.clock += 1;
        match op {
            Op::Happens => self.happens(),
            Op::Deliver(which, lives) if !self.sent.is_empty() => self.deliver(which.index(self.sent.len()), *lives),
            Op::Begin if self.run.is_none() => self.begin(),
            Op::End => self.end(),
            Op::Die => {
                self.run = None;
                self.clock += 61;
                let _ = self.step(Command::Expire);
            }
            Op::Begin | Op::Deliver(..) => {}
        }
    }

    fn happens(&mut self) {
        self.version += 1;
        let kind = match (self.there, self.version % 3) {
            (false, _) => "created",
            (true, 0) => "updated",
            (true, _) => "deleted",
        };
        self.there = kind != "deleted";
        let body = serde_json::json!({"events": [{"type": kind, "id": "7", "version": self.version}]});
        self.sent.push((format!("msg_{}", self.version), body.to_string().into_bytes(), false));
    }

    fn deliver(&mut self, which: usize, lives: usize) {
        let (id, body, _) = &self.sent[which];
        let sent = Sent::signed(&standard(&[SECRET]), id, self.clock, body);
        let answered = self.host(lives).receive(&sent, self.now()).map(|received| received.answer.status);
        assert!(matches!(answered, Ok(200 | 202) | Err(Killed)), "{answered:?}");
        self.sent[which].2 |= answered.is_ok();
    }

    fn step(&mut self, command: Command) -> Outcome {
        let now = self.now();
        let mut host = self.host(usize::MAX);
        let decision = host.slot().step(&QueueRules::default(), None, command, now, Fraction::ONE);
        host.write(&slot_key(), &decision.next).unwrap();
        decision.outcome
    }

    fn begin(&mut self) {
        let nonce = Nonce::new(format!("nonce-{}", self.clock)).unwrap();
        let lease = Duration::from_secs(60);
        let claim = Command::Claim { worker: WorkerId::new("worker").unwrap(), nonce, lease };
        if let Outcome::Claimed(claim) = self.step(claim) {
            assert_eq!(claim.scope, Scope::one(id("7")), "that member only");
            let version = self.versioned.then_some(self.version);
            let found = if self.there { Found::Record { version } } else { Found::Nothing };
            let taken = self.host(0).tombstones();
            self.run = Some(Run { token: claim.token, taken, found });
        }
    }

    /// As the module says: a tombstone that stands marks inactive, a record that is there is taken, and what is neither
    /// is left alone.
    fn end(&mut self) {
        let Some(Run { token, taken, found }) = self.run.take() else { return };
        let heartbeat = self.step(Command::Heartbeat { token, lease: Duration::from_secs(60) });
        if heartbeat == Outcome::Fenced {
            return;
        }
        match taken.get(&id("7")) {
            Some(tombstone) if tombstone.stands(found) => self.active = false,
            _ if found != Found::Nothing => self.active = true,
            _ => {}
        }
        let left = self.host(0).tombstones().without(&taken);
        self.host(usize::MAX).write(&named("tombstones", None), &left).unwrap();
        let _ = self.step(Command::Complete { token, result: None, extent: Extent::default() });
    }

    /// Nothing more happens: the sender delivers what was not answered, and the worker works until nothing is wanted.
    fn settle(&mut self) {
        for which in (0..self.sent.len()).rev().filter(|which| !self.sent[*which].2).collect::<Vec<_>>() {
            self.clock += 1;
            self.deliver(which, usize::MAX);
        }
        for _ in 0..20 {
            self.clock += 7200;
            self.end();
            let _ = match self.host(0).slot().state {
                State::Dead { .. } => self.step(Command::Redrive),
                State::Running { .. } => self.step(Command::Expire),
                _ => Outcome::Done,
            };
            self.clock += 7200;
            self.begin();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_host_ends_with_what_the_source_has(versioned in any::<bool>(), ops in ops()) {
        let mut world = World::new(versioned);
        for op in &ops {
            world.op(op);
        }
        world.settle();
        let slot = world.host(0).slot();
        prop_assert!(matches!(slot.state, State::Idle), "{:?}", slot.state);
        prop_assert_eq!(slot.covered, slot.wanted);
        prop_assert_eq!(world.active, world.there, "after {} events", world.version);
    }
}

#[test]
fn an_event_for_a_member_the_run_has_already_read_is_followed_up() {
    let mut world = World::new(true);
    world.op(&Op::Happens);
    world.deliver(0, usize::MAX);
    world.begin();
    world.op(&Op::Happens); // deleted, after the run has read the member
    world.deliver(1, usize::MAX);
    world.end();
    assert!(world.active, "the run carries out what it had read");
    assert!(world.host(0).tombstones().get(&id("7")).is_some(), "the tombstone came after it");
    world.settle();
    assert!(!world.active);
    assert!(world.host(0).tombstones().is_empty());
}

#[test]
fn a_deletion_that_comes_after_the_creation_that_followed_it_changes_nothing() {
    for versioned in [true, false] {
        let mut world = World::new(versioned);
        for _ in 0..3 {
            world.op(&Op::Happens); // created, deleted, created again
        }
        assert!(world.there);
        world.deliver(0, usize::MAX);
        world.deliver(2, usize::MAX);
        world.begin();
        world.end();
        world.deliver(1, usize::MAX);
        world.settle();
        assert!(world.active && world.host(0).tombstones().is_empty());
    }
}
