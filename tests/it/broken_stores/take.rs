//! Takes of one of several swaps, with one thing wrong.

use std::thread;

use tripartite::jobs::{JobStore, Swap, SwapOf, Taken};

use super::fault::Fault::*;
use super::faulty::{Faulty, now};

impl Faulty {
    pub(super) fn take_one(&self, swaps: &[SwapOf]) -> Option<Taken> {
        let mut order: Vec<_> = swaps.iter().enumerate().collect();
        match self.fault {
            TakeNothing => return None,
            TakeBackwards => order.reverse(),
            _ => {}
        }
        let mut first = None;
        for (at, swap) in order {
            if let Swap::Applied(version) = self.try_to_take(swap) {
                first = first.or(Some(Taken { at, version }));
                if self.fault != TakeGoesOn {
                    break;
                }
            }
        }
        match self.fault {
            TakeSaysTheFirst => first.map(|taken| Taken { at: 0, ..taken }),
            _ => first,
        }
    }

    fn try_to_take(&self, swap: &SwapOf) -> Swap {
        let is_expected = || self.read_record(&swap.key).map(|stored| stored.version) == swap.expect;
        match self.fault {
            TakeWithoutCompare => self.force(&swap.key, swap.next.as_ref()),
            TakeWithoutLock if is_expected() => {
                thread::yield_now();
                self.force(&swap.key, swap.next.as_ref())
            }
            TakeWithoutLock => Swap::Conflict,
            _ => now(self.compare_and_swap(swap)),
        }
    }
}
