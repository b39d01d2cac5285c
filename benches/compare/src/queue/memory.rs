//! Transitions alone, and through the store in memory.

use std::hint::black_box;

use tripartite::memory::MemoryJobStore;
use tripartite::queue::{QueueRules, Slot, Token};
use tripartite::work::Queue;

use super::jobs::{COMMANDS, Filled, KEYS, at, done, driven, sync_keys, waiting};
use super::{BATCHES, row};
use crate::effort::Effort;
use crate::rounds::{Times, timed};
use crate::row::Row;

const FLOOR: &str = "memory: a bare swap";

pub(super) fn rows(effort: &Effort) -> Vec<Row> {
    let (rules, keys) = (QueueRules::default(), sync_keys(KEYS));
    let mut slots: Vec<Slot> = keys.iter().map(|_| Slot::new(at(0))).collect();
    let queue = Queue::new(MemoryJobStore::default());
    let mut bare = BATCHES.map(|size| (size, Filled::new(MemoryJobStore::default(), KEYS), Times::default()));
    let (mut pure, mut drive) = (Times::default(), Times::default());
    for round in 1..=effort.rounds as u64 {
        for (size, filled, times) in &mut bare {
            let batches = filled.batches(*size, &waiting(round as i64));
            times.start();
            times.add(KEYS, timed(|| filled.swap(&batches)));
        }
        let before = std::mem::take(&mut slots);
        pure.start();
        pure.add(KEYS * COMMANDS, timed(|| slots = before.into_iter().map(|slot| done(&rules, slot)).collect()));
        drive.start();
        drive.add(KEYS * COMMANDS, timed(|| driven(black_box(&queue), &keys, Token(round))));
    }
    let [(_, _, floor), rest @ ..] = &bare;
    let against = |times: &Times| Some(times.against(FLOOR, floor));
    let mut rows = vec![row("a transition, pure", &pure, against(&pure))];
    rows.push(row(format!("{FLOOR} (the floor)"), floor, None));
    rows.extend(rest.iter().map(|(size, _, times)| row(format!("memory: swaps by {size}"), times, against(times))));
    rows.push(row("memory: get, step, swap", &drive, against(&drive)));
    rows
}
