//! Chains of swaps, with one thing wrong.

use std::sync::PoisonError;

use tripartite::jobs::{AppendOf, JobStore, Swap, SwapOf};

use super::fault::Fault::*;
use super::faulty::{Faulty, now};

impl Faulty {
    pub(super) fn chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Vec<Swap> {
        let append = || {
            for entry in entries {
                let _ = now(self.append(entry));
            }
        };
        match self.fault {
            ChainAppendsFirst => append(),
            ChainRollsBack => {
                // A chain that would conflict is not begun. Only chains write then, under one lock.
                let _one_at_a_time = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
                return if self.would_conflict(swaps) {
                    vec![Swap::Conflict; swaps.len()]
                } else {
                    self.run(swaps, append)
                };
            }
            ChainBackwards => {
                let backwards: Vec<_> = swaps.iter().rev().cloned().collect();
                let answers = self.run(&backwards, append);
                return answers.into_iter().rev().collect();
            }
            _ => {}
        }
        let answers = self.run(swaps, append);
        let stopped = answers.contains(&Swap::Conflict);
        match self.fault {
            ChainHidesItsBeginning if stopped => vec![Swap::Conflict; swaps.len()],
            ChainSaysAllOrNothing if stopped => {
                let first = answers.iter().copied().find(|answer| *answer != Swap::Conflict);
                first.map_or(answers, |first| vec![first; swaps.len()])
            }
            _ => answers,
        }
    }

    fn run(&self, swaps: &[SwapOf], append: impl Fn()) -> Vec<Swap> {
        let mut answers = vec![Swap::Conflict; swaps.len()];
        for (answer, swap) in answers.iter_mut().zip(swaps) {
            *answer = match self.fault {
                ChainWithoutCompare => self.force(&swap.key, swap.next.as_ref()),
                _ => now(self.compare_and_swap(swap)),
            };
            if *answer == Swap::Conflict && self.fault != ChainGoesOn {
                return answers;
            }
        }
        if self.fault != ChainForgetsEntries {
            append();
        }
        answers
    }

    /// Whether a swap expects what neither is there nor comes before it in the chain.
    pub(super) fn would_conflict(&self, swaps: &[SwapOf]) -> bool {
        swaps.iter().enumerate().any(|(at, swap)| {
            let before = swaps[..at].iter().rfind(|before| before.key == swap.key);
            match before {
                Some(before) => swap.expect.is_some() || before.next.is_some(),
                None => self.read_record(&swap.key).map(|stored| stored.version) != swap.expect,
            }
        })
    }
}
