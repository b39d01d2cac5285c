//! How a history is drawn: what is likely to happen, and what belongs together.

use super::act::{Act, Break, How, Setup};
use super::source::{End, Look};
use super::words::{COLUMNS, SOMEBODY, TELLS, WHO, Way, Words};
use crate::support::dice::Dice;

const PEOPLE: usize = 5;

/// A history: how a world begins, and what happens in it.
pub(super) fn history(seed: u64) -> (Setup, Vec<Act>) {
    let mut dice = Dice(seed);
    let two = dice.in_a_hundred(35);
    let odds = Odds { ids: 1 + dice.below(4), steps: 2 + dice.below(8), plain: dice.in_a_hundred(40) };
    let setup = Setup {
        ways: [Way::any(&mut dice, true), Way::any(&mut dice, false)],
        two,
        counts: dice.in_a_hundred(50),
        missing_after: 1 + u8::from(dice.in_a_hundred(25)),
    };
    let len = 6 + dice.below(26);
    let mut acts = Vec::with_capacity(len);
    while acts.len() < len {
        let source = if setup.two { dice.small(2) } else { 0 };
        if setup.ways[usize::from(source)].shape == TELLS && dice.in_a_hundred(25) {
            passed_on(&mut dice, &setup, &odds, source, &mut acts);
        } else if dice.in_a_hundred(5) {
            told_of_some(&mut dice, &odds, source, &mut acts);
        } else if dice.in_a_hundred(20) {
            between(&mut dice, &setup, &odds, &mut acts);
        } else {
            acts.push(act(&mut dice, &setup, &odds));
        }
    }
    (setup, acts)
}

/// A run, and what happens while it is about to write.
fn between(dice: &mut Dice, setup: &Setup, odds: &Odds, acts: &mut Vec<Act>) {
    let (slot, source) = (dice.small(2), if setup.two { dice.small(2) } else { 0 });
    let look = if dice.in_a_hundred(60) { Look::WHOLE } else { Look::any(dice) };
    acts.push(Act::Starts { slot, source, look, how: How::any(dice) });
    acts.push(Act::Steps { slot, times: 2 + dice.small(3), refusing: false });
    for _ in 0..1 + dice.below(2) {
        let next = match dice.below(5) {
            0 => Act::Decides { source, which: dice.small(4), answer: dice.small(3) },
            3 => {
                let column = setup.ways[usize::from(source)].column(dice);
                Act::Edits { person: dice.small(odds.ids), column, word: [1, 3, 4][dice.below(3)] }
            }
            1 => Act::Crashes { slot, at: broken(dice) },
            2 => {
                acts.push(Act::Starts { slot: 1 - slot, source, look: Look::WHOLE, how: How::any(dice) });
                Act::Steps { slot: 1 - slot, times: 12, refusing: false }
            }
            _ => act(dice, setup, odds),
        };
        acts.push(next);
    }
    acts.push(Act::Steps { slot, times: 12, refusing: false });
}

/// Somebody gets another id, or an id gets somebody else, and a person is asked who is who, and answers perhaps.
fn passed_on(dice: &mut Dice, setup: &Setup, odds: &Odds, source: u8, acts: &mut Vec<Act>) {
    let (id, slot) = (dice.small(odds.ids), dice.small(2));
    let read = |dice: &mut Dice, acts: &mut Vec<Act>| {
        let how = if dice.in_a_hundred(70) { How::PLAIN } else { How::any(dice) };
        let look = if dice.in_a_hundred(70) { Look::WHOLE } else { Look::any(dice) };
        acts.extend([Act::Starts { slot, source, look, how }, Act::Steps { slot, times: 14, refusing: false }]);
    };
    let renames = dice.in_a_hundred(60);
    acts.push(Act::Says { source, id, words: words(dice, odds.plain, id) });
    read(dice, acts);
    acts.push(if renames {
        Act::Renames { source, from: id, to: dice.small(odds.ids + 2), spelled: dice.in_a_hundred(25) }
    } else {
        Act::Hands { source, id, whom: (id + 1 + dice.small(odds.ids)) % 6 }
    });
    if dice.in_a_hundred(30) {
        acts.push(act(dice, setup, odds));
    }
    read(dice, acts);
    if dice.in_a_hundred(30) {
        acts.push(act(dice, setup, odds));
    }
    match (dice.in_a_hundred(70), renames) {
        (false, _) => {}
        (_, true) => acts.push(Act::Answers { source, which: dice.small(3), same: dice.in_a_hundred(50) }),
        (_, false) => acts.push(Act::Decides { source, which: dice.small(4), answer: dice.small(2) }),
    }
}

/// A source tells of some records, as a webhook does, some of them gone, where a guard counts who leaves.
fn told_of_some(dice: &mut Dice, odds: &Odds, source: u8, acts: &mut Vec<Act>) {
    let (id, slot) = (dice.small(odds.ids), dice.small(2));
    let share = Some([20, 34, 50][dice.below(3)]);
    let how = How { share, only: 1 << id | dice.below(16) as u32, streaming: dice.in_a_hundred(30), ..How::PLAIN };
    acts.push(Act::Says { source, id: dice.small(odds.ids), words: words(dice, odds.plain, id) });
    acts.push(Act::Drops { source, id });
    acts.push(Act::Starts { slot, source, look: Look { gone: true, ..Look::WHOLE }, how });
    acts.push(Act::Steps { slot, times: 14, refusing: false });
}

/// What is likely in a history.
struct Odds {
    ids: usize,
    /// How many steps a run makes at a time, at most.
    steps: usize,
    /// Whether only values are said, so that the sides meet often.
    plain: bool,
}

/// What is said of somebody, whoever that is; most often it is whom the id is of.
fn words(dice: &mut Dice, plain: bool, whom: u8) -> Words {
    let mut words = [0; COLUMNS.len()];
    for word in &mut words {
        *word = match dice.below(20) {
            any if plain => [1, 3, 4][any % 3],
            0 => 6,
            1 | 2 => 7,
            other => (other % 6) as u8,
        };
    }
    for column in WHO {
        if dice.in_a_hundred(85) {
            words[column] = SOMEBODY + whom;
        }
    }
    words
}

/// What a user enters.
fn entered(dice: &mut Dice, column: u8, odds: &Odds) -> u8 {
    match () {
        () if WHO.contains(&usize::from(column)) && dice.in_a_hundred(70) => SOMEBODY + dice.small(odds.ids),
        () if odds.plain => [1, 3, 4][dice.below(3)],
        () => dice.small(6),
    }
}

fn act(dice: &mut Dice, setup: &Setup, odds: &Odds) -> Act {
    let source = if setup.two { dice.small(2) } else { 0 };
    let ids = odds.ids;
    let id = dice.small(ids);
    let slot = dice.small(2);
    let person = dice.small(PEOPLE.min(ids + 1));
    let look = Look::any(dice);
    match dice.below(100) {
        0..13 => Act::Says { source, id, words: words(dice, odds.plain, id) },
        13..16 if setup.ways[usize::from(source)].shape == TELLS => match dice.below(3) {
            0 => Act::Hands { source, id, whom: dice.small(ids + 1) },
            _ => Act::Renames { source, from: id, to: dice.small(ids + 2), spelled: dice.in_a_hundred(25) },
        },
        13..16 => Act::Says { source, id, words: words(dice, odds.plain, id) },
        16..20 => Act::Drops { source, id },
        20..23 => Act::Moves { source, from: id, to: dice.small(ids + 2) },
        23..25 => Act::GoesBack { source, id },
        25..29 => {
            let mut words = words(dice, odds.plain, id);
            words.iter_mut().filter(|word| **word < SOMEBODY).for_each(|word| *word %= 6);
            Act::Joins { words, ids: [id, dice.small(ids)] }
        }
        29..42 => {
            let column = setup.ways[usize::from(source)].column(dice);
            Act::Edits { person, column, word: entered(dice, column, odds) }
        }
        42..45 => Act::Removes { person },
        45..47 => Act::TakesBack { person },
        47..49 if setup.ways[usize::from(source)].shape == TELLS => {
            Act::Answers { source, which: dice.small(3), same: dice.in_a_hundred(50) }
        }
        47..51 => Act::Decides { source, which: dice.small(4), answer: dice.small(4) },
        51..53 => Act::Restores { which: dice.small(12) },
        53..56 => Act::Policy { source, way: Way::any(dice, source == 0) },
        56..70 => Act::Starts { slot, source, look, how: How::any(dice) },
        70..88 => Act::Steps { slot, times: 1 + dice.small(odds.steps), refusing: dice.in_a_hundred(5) },
        88..91 => Act::Crashes { slot, at: broken(dice) },
        91..92 => Act::Plans { source, look },
        92..93 => Act::Applies { slot },
        93..96 => Act::Twin { source, look, how: How::any(dice), call: dice.small(8), at: broken(dice) },
        96..97 => Act::Again {
            source,
            look: Look { end: End::Complete, ..look },
            gone: dice.in_a_hundred(70).then(|| (dice.small(ids + 1), dice.small(6))),
            moves: [0, 1].map(|_| (dice.small(ids + 1), dice.small(ids + 2))),
            told: dice.small(3),
        },
        97..98 => Act::Parts { source, size: 1 + dice.small(3), turn: dice.small(5) },
        _ => Act::Order { source, size: 1 + dice.small(3), turn: dice.small(5), twice: dice.small(5) },
    }
}

fn broken(dice: &mut Dice) -> Break {
    match dice.below(3) {
        0 => Break::Before,
        1 => Break::After,
        _ => Break::Within(dice.small(3)),
    }
}

impl How {
    fn any(dice: &mut Dice) -> Self {
        Self {
            streaming: dice.in_a_hundred(40),
            batch: 1 + dice.small(3),
            guarded: dice.in_a_hundred(15).then(|| dice.in_a_hundred(50)),
            share: dice.in_a_hundred(15).then(|| [20, 34, 50][dice.below(3)]),
            only: if dice.in_a_hundred(20) { 1 + dice.below(30) as u32 } else { 0 },
        }
    }
}
