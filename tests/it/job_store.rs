//! The store in memory goes through the suite; the suite and the trait's documentation say the same.

use std::collections::BTreeSet;
use std::fs;

use tripartite::conformance::jobs::cases;
use tripartite::memory::MemoryJobStore;

use crate::support::suite::every_file_is_listed;

mod memory {
    tripartite::conformance::jobs::job_store!(tripartite::memory::MemoryJobStore::default());
}

/// The sentences under a **Must** in the documentation of the trait.
fn promises() -> BTreeSet<String> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/jobs.rs")).expect("the trait has a file");
    let of_the_trait = text.split_once("/// The store of the job queue");
    let of_the_trait = of_the_trait.expect("the trait's documentation begins so").1;
    let mut promises = BTreeSet::new();
    let mut sentence = String::new();
    for line in of_the_trait.lines().map(|line| line.trim().trim_start_matches("///")) {
        let goes_on = line.strip_prefix("     ").filter(|_| !sentence.is_empty());
        match (line.strip_prefix("   - "), goes_on) {
            (None, Some(rest)) => sentence = format!("{sentence} {rest}"),
            (begins, _) => {
                promises.insert(std::mem::take(&mut sentence));
                sentence = begins.unwrap_or_default().to_owned();
            }
        }
    }
    promises.remove("");
    promises
}

#[test]
fn every_promise_has_a_case_of_the_same_wording() {
    let of_the_cases: BTreeSet<_> = cases::<MemoryJobStore>().iter().map(|case| case.promise.to_owned()).collect();
    assert_eq!(of_the_cases, promises());
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let names: BTreeSet<_> = cases::<MemoryJobStore>().iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases::<MemoryJobStore>().len());
}

#[test]
fn every_file_of_cases_is_in_the_macro_and_in_the_list() {
    every_file_is_listed("jobs", "cases", "$store");
}
