//! A key moves from one job store to another while others trigger it and workers run it, as the page "Scale" says: it never runs
//! twice at a time, and nothing that was asked for is lost.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::drive::block_on;
use tripartite::id::SyncKey;
use tripartite::jobs::{JobStore, Swap, SwapOf};
use tripartite::memory::MemoryJobStore;
use tripartite::queue::{Command, Extent, Outcome, Scope, State, Token, Trigger};
use tripartite::work::{Queue, slot_key};

use crate::support::dice::Dice;

const KEYS: usize = 3;
const STEPS: i64 = 400;
/// So many steps after a move somebody may still use the old store.
const LAG: i64 = 12;

/// How far the move of a key has come.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Move {
    No,
    Paused,
    /// Since when the new store is in charge, and what was wanted when the slot was copied.
    Copied {
        since: i64,
        wanted: u64,
    },
}

struct World {
    stores: [Queue<MemoryJobStore>; 2],
    home: [usize; KEYS],
    moves: [Move; KEYS],
    /// Attempts under way: where, under which token, and since when.
    running: BTreeMap<usize, (usize, Token, i64)>,
    /// When each trigger of a key was acknowledged, and when the attempts that were completed began.
    asked: Vec<(usize, i64)>,
    done: Vec<(usize, i64)>,
    moved: usize,
}

fn key(number: usize) -> SyncKey {
    format!("org-{number}/federation").parse().unwrap()
}

fn at(step: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(step)
}

impl World {
    fn new() -> Self {
        let stores = [(); 2].map(|()| Queue::new(MemoryJobStore::default()));
        let (moves, running) = ([Move::No; KEYS], BTreeMap::new());
        Self { stores, home: [0; KEYS], moves, running, asked: vec![], done: vec![], moved: 0 }
    }

    fn apply(&self, store: usize, number: usize, command: Command, step: i64) -> Outcome {
        block_on(self.stores[store].apply(&key(number), None, command, at(step))).unwrap().outcome
    }

    fn trigger(&mut self, store: usize, number: usize, step: i64) {
        let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: true };
        let _ = self.apply(store, number, trigger, step);
    }

    /// Somebody asks, who may not have heard of the last move.
    fn ask(&mut self, dice: &mut Dice, number: usize, step: i64) {
        let home = self.home[number];
        let is_late = matches!(self.moves[number], Move::Copied { since, .. } if step - since < LAG);
        let store = if is_late && dice.in_a_hundred(50) { 1 - home } else { home };
        self.trigger(store, number, step);
        self.asked.push((number, step));
    }

    /// A worker of a store begins or ends an attempt, whatever the directory says.
    fn work(&mut self, store: usize, number: usize, step: i64) {
        if let Some((there, token, since)) = self.running.get(&number).copied().filter(|running| running.0 == store) {
            let done =
                self.apply(there, number, Command::Complete { token, result: None, extent: Extent::default() }, step);
            assert_ne!(done, Outcome::Fenced);
            let _ = self.apply(there, number, Command::Flushed { through: token }, step);
            self.done.push((number, since));
            self.running.remove(&number);
            return;
        }
        let nonce = format!("{store}-{step}").parse().unwrap();
        let claim = Command::Claim { worker: "w".parse().unwrap(), nonce, lease: Duration::from_secs(86_400) };
        if let Outcome::Claimed(claimed) = self.apply(store, number, claim, step) {
            let before = self.running.insert(number, (store, claimed.token, step));
            assert_eq!(before, None, "key {number} runs twice at a time");
        }
    }

    /// One step of the move of a key.
    fn carry(&mut self, number: usize, step: i64) {
        let (old, new) = (self.home[number], 1 - self.home[number]);
        let slot_key = slot_key(&key(number));
        self.moves[number] = match self.moves[number] {
            Move::No => {
                let _ = self.apply(old, number, Command::Pause, step);
                Move::Paused
            }
            Move::Paused => {
                let slot = block_on(self.stores[old].slot(&key(number))).unwrap().unwrap();
                if matches!(slot.state, State::Running { .. }) || !slot.unflushed.is_empty() {
                    return;
                }
                let row = block_on(self.stores[old].store().get(&slot_key)).unwrap().unwrap().row;
                let copied = block_on(self.stores[new].store().compare_and_swap(&SwapOf::new(
                    slot_key.clone(),
                    None,
                    Some(row.clone()),
                )))
                .unwrap();
                assert_ne!(copied, Swap::Conflict, "a slot that has moved away is not there any more");
                self.home[number] = new;
                let _ = self.apply(new, number, Command::Resume, step);
                Move::Copied { since: step, wanted: slot.wanted }
            }
            Move::Copied { since, wanted } => {
                if step - since < LAG {
                    return;
                }
                // The home is the new one by now.
                let (old, new) = (new, old);
                let slot = block_on(self.stores[old].slot(&key(number))).unwrap().unwrap();
                if slot.wanted > wanted {
                    self.trigger(new, number, step);
                }
                let stored = block_on(self.stores[old].store().get(&slot_key)).unwrap().unwrap();
                let gone = block_on(self.stores[old].store().compare_and_swap(&SwapOf::new(
                    slot_key.clone(),
                    Some(stored.version),
                    None,
                )))
                .unwrap();
                assert_ne!(gone, Swap::Conflict, "nobody asks there any more");
                self.moved += 1;
                Move::No
            }
        };
    }

    fn check(&self) {
        for (number, asked) in &self.asked {
            let is_done = self.done.iter().any(|(of, begun)| of == number && begun >= asked);
            assert!(is_done, "what was asked for key {number} at {asked} was lost");
        }
    }
}

#[test]
fn a_key_that_moves_runs_once_and_loses_nothing() {
    let mut moved = 0;
    for seed in 0..30 {
        let (mut world, mut dice) = (World::new(), Dice(seed));
        (0..KEYS).for_each(|number| world.ask(&mut dice, number, 0));
        for step in 1..STEPS {
            let number = dice.below(KEYS);
            match dice.below(10) {
                0..3 => world.ask(&mut dice, number, step),
                3..8 => world.work(dice.below(2), number, step),
                _ => world.carry(number, step),
            }
        }
        // All moves come to their ends, and all workers.
        for step in STEPS..STEPS + 200 {
            for number in 0..KEYS {
                if world.moves[number] != Move::No {
                    world.carry(number, step);
                }
                (0..2).for_each(|store| world.work(store, number, step));
            }
        }
        assert!(world.running.is_empty());
        world.check();
        moved += world.moved;
    }
    assert!(moved > 200, "{moved} moves");
}
