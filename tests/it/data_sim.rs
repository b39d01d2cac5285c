//! A simulation of the whole data column: one or two sources, people who edit, remove and decide at any moment, listings
//! that go wrong, processes that die, runs that race, and the laws checked after every commit and at rest.
//!
//! A history is a beginning and a list of [acts](act::Act), made from a seed. Runs go on step by step between the acts,
//! by the typed steps, so there is no thread, and one seed is one history, the same everywhere. `WORLD_SEED=7` begins
//! with that seed, `WORLD_RUNS=10000000` plays histories until there were so many runs. What breaks a law is told with
//! its shortest history, which is then a test in [`found`].
//!
//! | what happens | how |
//! |---|---|
//! | listings | in pages of any size and order, twice, in other words, with a page lost, broken off, partial, with what is no record |
//! | sources | change, drop, rename and bring back records, go back to older versions, say nothing or nonsense of a field |
//! | ids | are changed, or spelled otherwise, and the source does not say so; are handed to somebody else, and back |
//! | people | edit between any two calls, enter and link records by hand, remove them and take them back, decide, restore; say who is who, or do not |
//! | runs | planned or streaming, of all records or some, two at a time, of stored plans; guarded, by a share of the register too, and approved or not |
//! | processes | die before a commit, after it, within it by whole ops; records refuse to be written |
//! | operators | change schema, strategy, absent and first-sync policy between runs, and under them |
//!
//! | law | what must hold |
//! |---|---|
//! | `P1` | what is overwritten is in the audit, or a user overwrote it |
//! | `field merge`, `base` | a field and its base become what the naive model of the contract says; a base is the source's own words |
//! | `heard` | at rest, what a source says of a field is its base, or waits in an open conflict |
//! | `P5`, `P11` | read again, a source is no news; two sources that disagree come to a fixed point |
//! | `P6` | another order, other pages and repetitions make the same plan, state and audit |
//! | `P9` | whatever commit breaks, and how, the next run reaches the state and audit of one that was not disturbed |
//! | `P10` | a part of a listing deactivates nobody; what a guard stopped writes nothing |
//! | `measured` | a guard holds back what is more than its share of the register, and nothing else, of all records or some |
//! | `held` | what a guard held back of some records is open, and whole runs do it |
//! | `P13` | a whole run, and runs of some records each, reach the same state, where anything of a whole one can be read |
//! | `one conflict` | one is open for a record and unit, with what the source says now |
//! | `missing`, `present`, `complete` | at rest, who is listed is here and active, who is not is inactive |
//! | `kept active` | who was deactivated by a sync and taken back by a user is not deactivated again before it is listed |
//! | `one question` | who is recognised under another id is not created, and whom an id meant before is not overwritten: it is asked once, and until it is answered, nothing is written of either |
//! | `answered` | the same: one record, under the new id, with its base; another: one is created, the other is missing |
//! | `decided` | what a person decides is carried out, and no longer asked |
//! | `removed`, `apart`, `atomic`, `scope`, `version`, `revision` | nobody is taken back unasked; nothing else is touched; nothing goes back |
//! | `counts` | a report counts what was written, and every listed record is one thing |
//!
//! The world itself is tested: [each broken promise](mutations) of a store or a driver must be found, as the law that it
//! breaks.
//!
//! **Why a store of its own?** Two sources know one person here, which no reference store keeps; and the laws are checked
//! against what the world knows, so it must not be what is tested.

mod act;
mod asked;
mod found;
mod history;
mod laws;
mod mutations;
mod plainer;
mod play;
mod shrink;
mod source;
mod store;
mod words;

use self::act::{Act, Setup};
use self::history::history;
use self::laws::Broken;
use self::play::World;
use self::shrink::shortest;
use self::store::Fault;

/// So many runs unless the environment says otherwise: about a minute on one core, unoptimised.
const RUNS: u64 = 1_000_000;

/// Plays a history to its rest; how many runs there were.
fn play(setup: Setup, acts: &[Act], fault: Fault) -> Result<u64, Broken> {
    let mut world = World::new(setup, fault);
    for act in acts {
        world.act(*act)?;
    }
    world.comes_to_rest()?;
    Ok(world.made)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// What is told of a history that breaks a law: the law, and the shortest history that breaks it, to be pasted.
fn told(seed: u64, setup: Setup, acts: Vec<Act>, broken: &Broken) -> String {
    let (setup, acts, broken) = shortest(setup, acts, Fault::None, broken);
    let acts: Vec<String> = acts.iter().map(|act| format!("    Act::{act:?},")).collect();
    format!("seed {seed}, {}: {}\n{setup:?}\n[\n{}\n]", broken.law, broken.what, acts.join("\n"))
}

#[test]
fn every_history_keeps_the_laws() {
    let first = number("WORLD_SEED").unwrap_or(0);
    let runs = number("WORLD_RUNS").unwrap_or(RUNS);
    let (mut made, mut seed) = (0, first);
    while made < runs {
        let (setup, acts) = history(seed);
        made += play(setup, &acts, Fault::None).unwrap_or_else(|broken| panic!("{}", told(seed, setup, acts, &broken)));
        seed += 1;
    }
    println!("{made} runs in {} histories", seed - first);
}
