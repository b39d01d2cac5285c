//! A simulation of the whole data column.

mod act;
mod dice;
mod laws;
mod play;
mod shrink;
mod source;
mod store;
mod words;

use self::act::{Act, Setup, history};
use self::laws::Broken;
use self::play::World;
use self::shrink::shortest;
use self::store::Fault;

/// Plays a history to its rest; how many runs there were.
fn play(setup: Setup, acts: &[Act], fault: Fault) -> Result<u64, Broken> {
    let mut world = World::new(setup, fault);
    for act in acts {
        world.act(*act)?;
    }
    world.comes_to_rest()?;
    Ok(world.made)
}

fn env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Plays the histories of some seeds.
fn all(seeds: std::ops::Range<u64>) -> u64 {
    let mut made = 0;
    for seed in seeds {
        let (setup, acts) = history(seed);
        made += play(setup, &acts, Fault::None).unwrap_or_else(|broken| {
            let (setup, acts, broken) = shortest(setup, acts, Fault::None, &broken);
            let acts: Vec<String> = acts.iter().map(|act| format!("    Act::{act:?},")).collect();
            panic!("seed {seed}, {}: {}\n{setup:?}\n[\n{}\n]", broken.law, broken.what, acts.join("\n"))
        });
    }
    made
}

#[test]
fn every_history_keeps_the_laws() {
    let first = env("WORLD_SEED").unwrap_or(0);
    let runs = env("WORLD_RUNS").unwrap_or(250_000);
    let (mut made, mut seed) = (0, first);
    while made < runs {
        made += all(seed..seed + 100);
        seed += 100;
    }
    println!("{made} runs in {} histories", seed - first);
}

#[test]
fn dev_survey() {
    let first = env("WORLD_SEED").unwrap_or(0);
    let mut seen = std::collections::BTreeMap::<String, (u32, String)>::new();
    for seed in first..first + env("WORLD_COUNT").unwrap_or(3000) {
        let (setup, acts) = history(seed);
        let setup2 = setup;
        let got = std::panic::catch_unwind(|| play(setup, &acts, Fault::None));
        let broken = match got { Ok(Ok(_)) => continue, Ok(Err(b)) => b, Err(_) => { println!("PANIC seed {seed}"); continue } };
        let key = format!("{} {}", broken.law, broken.what.chars().filter(|c| !c.is_ascii_digit()).take(40).collect::<String>());
        let e = seen.entry(key).or_insert_with(|| {
            let (setup, acts, broken) = shortest(setup2, acts.clone(), Fault::None, &broken);
            let acts: Vec<String> = acts.iter().map(|act| format!("    Act::{act:?},")).collect();
            (0, format!("seed {seed}, {}: {}\n{setup:?}\n{}", broken.law, broken.what.chars().take(900).collect::<String>(), acts.join("\n")))
        });
        e.0 += 1;
    }
    for (key, (n, text)) in seen { println!("=== {n} x {key}\n{text}\n"); }
}
