//! Every target holds for its corpus, and for what a mutator makes of it: `FUZZ_CASES` inputs, or as many as take some
//! seconds.

#![allow(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use fuzz_targets::TARGETS;
use fuzz_targets::mutate::Mutator;

/// The most bytes that all of the corpus has.
const ROOM: u64 = 200_000;

fn folder(target: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus")).join(target)
}

/// The corpus of a target, in the order of its names. What a fuzzer found on this machine has a hash for a name.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<_> = fs::read_dir(folder(target)).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.file_name().unwrap().len() != 40);
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn holds(target: &str, cases: usize) {
    let (_, run) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target");
    let corpus = corpus(target);
    assert!(!corpus.is_empty(), "{target} has no corpus");
    let cases = std::env::var("FUZZ_CASES").map_or(cases, |cases| cases.parse().expect("a number of cases"));
    let mut mutator = Mutator::new(&corpus, 1);
    let made = (0..cases).map(|_| mutator.make());
    for (number, input) in corpus.iter().cloned().chain(made).enumerate() {
        if catch_unwind(AssertUnwindSafe(|| run(&input))).is_err() {
            panic!("{target}, input {number}: b\"{}\"", input.escape_ascii());
        }
    }
}

macro_rules! targets {
    ($($target:ident: $cases:literal,)+) => {
        $(
            #[test]
            fn $target() {
                holds(stringify!($target), $cases);
            }
        )+

        #[test]
        fn every_target_is_tested_and_has_a_corpus_of_its_own() {
            let tested = [$(stringify!($target)),+];
            assert!(tested.iter().eq(TARGETS.iter().map(|(name, _)| name)));
            let bytes = |target: &&str| corpus(target).iter().map(|input| input.len() as u64).sum::<u64>();
            assert!(tested.iter().map(bytes).sum::<u64>() < ROOM);
        }
    };
}

targets! {
    commands: 3_000,
    guards: 10_000,
    kinds: 10_000,
    laws: 8_000,
    listing: 2_000,
    plan: 2_000,
    schema: 10_000,
    shape: 10_000,
    verify: 2_000,
}
