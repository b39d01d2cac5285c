//! Whether what clients saw of a key can be told as one call after the other, each between its begin and its end.
//!
//! The search is that of Wing and Gong ("Testing and verifying concurrent objects", 1993) with the memory of Lowe ("Testing for
//! linearizability", 2017): a set of calls that are done and the state they led to are looked at once. Keys are independent, so
//! each is checked by itself (Herlihy and Wing, 1990: linearizability is local).
//!
//! A call whose outcome nobody knows may take effect at any time after its begin, or never.

use std::collections::BTreeSet;

/// What a client asked of a key. Records are told apart by a hash of their bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    Get,
    /// From a version, or from no record, to a record, or to none.
    Swap {
        expect: Option<u64>,
        next: Option<u64>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A version and the hash of the record.
    Found(Option<(u64, u64)>),
    Applied(u64),
    Conflict,
    /// An error, or a client that was not there any more.
    Unknown,
}

/// A call of a client. Times are of one clock for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) ask: Ask,
    pub(crate) answer: Answer,
}

/// What a key holds. `known` is the version of the record, if anybody has learnt it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    record: Option<Held>,
    /// All versions to come are greater.
    floor: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    hash: u64,
    known: Option<u64>,
}

impl State {
    /// The state after a call, if the call can be the next one.
    fn after(&self, call: &Call) -> Option<Self> {
        match (&call.ask, &call.answer) {
            (Ask::Get, Answer::Found(None)) => self.record.is_none().then(|| self.clone()),
            (Ask::Get, Answer::Found(Some((version, hash)))) => {
                let is_it = self.record.as_ref().is_some_and(|held| held.hash == *hash);
                is_it.then(|| self.with_version(*version))?
            }
            (Ask::Swap { expect, next }, Answer::Applied(version)) => {
                let before = self.matching(*expect)?;
                let record = next.map(|hash| Held { hash, known: Some(*version) });
                (*version > before.floor).then_some(Self { record, floor: *version })
            }
            (Ask::Swap { expect, next }, Answer::Unknown) => {
                let before = self.matching(*expect)?;
                Some(Self { record: next.map(|hash| Held { hash, known: None }), floor: before.floor })
            }
            (Ask::Swap { expect, .. }, Answer::Conflict) => {
                let is_other = match (expect, &self.record) {
                    (None, record) => record.is_some(),
                    (Some(_), None) => true,
                    (Some(expect), Some(held)) => held.known != Some(*expect),
                };
                is_other.then(|| self.clone())
            }
            _ => None,
        }
    }

    /// The same, where a swap that expects this may take effect.
    fn matching(&self, expect: Option<u64>) -> Option<Self> {
        match (expect, &self.record) {
            (None, None) => Some(self.clone()),
            (Some(version), Some(_)) => self.with_version(version),
            _ => None,
        }
    }

    /// The same, where the record has this version, or may have it.
    fn with_version(&self, version: u64) -> Option<Self> {
        let held = self.record.as_ref()?;
        match held.known {
            Some(known) => (known == version).then(|| self.clone()),
            None => (version > self.floor)
                .then(|| Self { record: Some(Held { known: Some(version), ..held.clone() }), floor: version }),
        }
    }
}

/// The begins and ends of all calls in the order of their times, as a list from which calls are taken and into which they are put
/// back.
struct Events {
    /// Each is the begin or the end of a call.
    events: Vec<(usize, bool)>,
    next: Vec<usize>,
    before: Vec<usize>,
    /// Where the end of each call is.
    ends: Vec<usize>,
}

impl Events {
    /// Place 0 is before the first one.
    fn of(calls: &[Call]) -> Self {
        let end = |call: &Call| if call.answer == Answer::Unknown { u64::MAX } else { call.end };
        let mut all: Vec<_> =
            (0..calls.len()).flat_map(|at| [(calls[at].begin, false, at), (end(&calls[at]), true, at)]).collect();
        all.sort_unstable();
        let events: Vec<_> =
            std::iter::once((0, false)).chain(all.iter().map(|(_, is_end, at)| (*at, *is_end))).collect();
        let mut ends = vec![0; calls.len()];
        for (place, (at, _)) in events.iter().enumerate().filter(|(_, event)| event.1) {
            ends[*at] = place;
        }
        let places = events.len();
        Self {
            next: (1..=places).collect(),
            before: (0..=places).map(|at| at.saturating_sub(1)).collect(),
            events,
            ends,
        }
    }

    fn get(&self, place: usize) -> Option<(usize, bool)> {
        self.events.get(place).copied()
    }

    fn take(&mut self, place: usize) {
        for place in [place, self.ends[self.events[place].0]] {
            let (before, next) = (self.before[place], self.next[place]);
            self.next[before] = next;
            self.before[next] = before;
        }
    }

    fn put_back(&mut self, place: usize) {
        for place in [self.ends[self.events[place].0], place] {
            let (before, next) = (self.before[place], self.next[place]);
            self.next[before] = place;
            self.before[next] = place;
        }
    }
}

/// A number for a call, so that the exclusive or of several stands for a set of them (Zobrist, 1970).
fn mark(call: usize) -> u128 {
    let mix = |seed: u64| {
        let mut bits = (call as u64).wrapping_add(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    };
    u128::from(mix(1)) << 64 | u128::from(mix(1 << 40))
}

/// Checks the calls of one key, which holds nothing at first.
///
/// # Errors
/// The first call that no order explains.
pub(crate) fn check(calls: &[Call]) -> Result<(), String> {
    let mut events = Events::of(calls);
    let (mut state, mut done) = (State { record: None, floor: 0 }, 0_u128);
    let (mut seen, mut stack) = (BTreeSet::new(), Vec::new());
    let (mut most, mut stuck) = (0, String::new());
    let mut place = events.next[0];
    while let Some((at, is_end)) = events.get(place) {
        let call = &calls[at];
        if !is_end {
            let next = state.after(call);
            // What changes nothing can be told right here, if it can be told at all: no other order has to be looked at.
            let is_still = next.as_ref() == Some(&state);
            let next = next.filter(|next| is_still || seen.insert((done ^ mark(at), next.clone())));
            if let Some(next) = next {
                stack.push((place, std::mem::replace(&mut state, next), is_still));
                done ^= mark(at);
                events.take(place);
                place = events.next[0];
            } else {
                place = events.next[place];
            }
            continue;
        }
        // Only calls are left of which nobody knows whether they took effect.
        if call.answer == Answer::Unknown {
            return Ok(());
        }
        if stack.len() >= most {
            (most, stuck) = (stack.len(), format!("{call:?} after {} calls, which led to {state:?}", stack.len()));
        }
        loop {
            let Some((last, before, is_still)) = stack.pop() else { return Err(stuck) };
            (state, done) = (before, done ^ mark(events.events[last].0));
            events.put_back(last);
            if !is_still {
                place = events.next[last];
                break;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(begin: u64, end: u64, found: Option<(u64, u64)>) -> Call {
        Call { begin, end, ask: Ask::Get, answer: Answer::Found(found) }
    }

    fn swap(begin: u64, end: u64, expect: Option<u64>, next: Option<u64>, answer: Answer) -> Call {
        Call { begin, end, ask: Ask::Swap { expect, next }, answer }
    }

    fn applied(begin: u64, end: u64, expect: Option<u64>, next: u64, version: u64) -> Call {
        swap(begin, end, expect, Some(next), Answer::Applied(version))
    }

    #[test]
    fn histories_that_are_right() {
        let unknown = |begin, expect, next| swap(begin, begin + 1, expect, Some(next), Answer::Unknown);
        let right = [
            vec![],
            vec![get(0, 1, None), applied(2, 3, None, 7, 1), get(4, 5, Some((1, 7)))],
            // A read beside a swap may see either.
            vec![applied(0, 9, None, 7, 1), get(1, 2, None), get(3, 4, Some((1, 7)))],
            vec![applied(0, 9, None, 7, 1), get(1, 2, Some((1, 7)))],
            // Of two at once one is refused, whichever has begun first.
            vec![swap(0, 9, None, Some(7), Answer::Conflict), applied(1, 8, None, 8, 1)],
            vec![applied(0, 1, None, 7, 1), swap(2, 3, Some(1), None, Answer::Applied(2)), applied(4, 5, None, 7, 3)],
            // Nobody knows whether it took effect: it did, it did not, it did much later.
            vec![unknown(0, None, 7), get(5, 6, Some((1, 7)))],
            vec![unknown(0, None, 7), get(5, 6, None), get(7, 8, None)],
            vec![unknown(0, None, 7), get(5, 6, None), get(7, 8, Some((4, 7)))],
            vec![applied(0, 1, None, 7, 1), unknown(2, Some(1), 8), applied(4, 5, Some(2), 9, 3)],
            vec![applied(0, 1, None, 7, 1), unknown(2, Some(1), 8), applied(4, 5, Some(1), 9, 3)],
        ];
        for (at, calls) in right.iter().enumerate() {
            assert_eq!(check(calls), Ok(()), "{at}");
        }
    }

    #[test]
    fn histories_that_are_wrong() {
        let unknown = |begin, expect, next| swap(begin, begin + 1, expect, Some(next), Answer::Unknown);
        let wrong: [(&str, Vec<Call>); 12] = [
            ("a stale read", vec![applied(0, 1, None, 7, 1), applied(2, 3, Some(1), 8, 2), get(4, 5, Some((1, 7)))]),
            ("a record that is gone", vec![applied(0, 1, None, 7, 1), get(2, 3, None)]),
            ("a record from nowhere", vec![get(0, 1, Some((1, 7)))]),
            (
                "two swaps of one version",
                vec![applied(0, 1, None, 7, 1), applied(2, 9, Some(1), 8, 2), applied(3, 8, Some(1), 9, 3)],
            ),
            ("two creations", vec![applied(0, 9, None, 7, 1), applied(1, 8, None, 8, 2)]),
            (
                "a refusal without a reason",
                vec![applied(0, 1, None, 7, 1), swap(2, 3, Some(1), Some(8), Answer::Conflict)],
            ),
            (
                "a refused swap that took effect",
                vec![
                    applied(0, 1, None, 7, 1),
                    swap(2, 3, Some(9), Some(8), Answer::Conflict),
                    get(4, 5, Some((2, 8))),
                ],
            ),
            (
                "a version again",
                vec![
                    applied(0, 1, None, 7, 1),
                    swap(2, 3, Some(1), None, Answer::Applied(2)),
                    applied(4, 5, None, 8, 1),
                ],
            ),
            ("a version that was not answered", vec![applied(0, 1, None, 7, 1), get(2, 3, Some((2, 7)))]),
            ("a torn record", vec![applied(0, 1, None, 7, 1), applied(2, 3, Some(1), 8, 2), get(4, 5, Some((2, 7)))]),
            (
                "a lost update",
                vec![
                    applied(0, 1, None, 7, 1),
                    applied(2, 3, Some(1), 8, 2),
                    get(4, 5, Some((2, 8))),
                    get(6, 7, Some((1, 7))),
                ],
            ),
            (
                "an unknown one that took effect twice",
                vec![
                    unknown(0, None, 7),
                    get(2, 3, Some((1, 7))),
                    swap(4, 5, Some(1), None, Answer::Applied(2)),
                    get(6, 7, Some((3, 7))),
                ],
            ),
        ];
        for (what, calls) in &wrong {
            let found = check(calls).expect_err(what);
            assert!(!found.is_empty(), "{what}");
        }
    }

    /// Many clients at once are no reason to look at every order of them, which would never end.
    #[test]
    fn a_long_history_is_checked_without_a_look_at_every_order() {
        let mut calls = Vec::new();
        for number in 0..500_u64 {
            let (begin, expect) = (number * 10, (number > 0).then_some(number));
            calls.push(applied(begin, begin + 9, expect, number, number + 1));
            // Others expect the same, and are refused; some are never answered.
            calls.extend((0..6).map(|other| swap(begin + 1, begin + 19, expect, Some(other), Answer::Conflict)));
            calls.push(swap(begin + 2, begin + 3, Some(number + 70_000), Some(1), Answer::Unknown));
        }
        assert_eq!(check(&calls), Ok(()));
        calls.push(get(6000, 6001, Some((499, 498))));
        assert!(check(&calls).is_err());
    }
}
