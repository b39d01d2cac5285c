//! The store in memory goes through the suite; the suite and the trait's documentation say the same.

use std::collections::BTreeSet;

use tripartite::conformance::records::cases;
use tripartite::memory::MemoryStore;

use crate::support::suite::{every_file_is_listed, promised_in};

mod memory {
    use tripartite::conformance::records::schema;
    use tripartite::memory::MemoryStore;

    tripartite::conformance::records::record_store!(MemoryStore::new(schema()));
}

#[test]
fn every_promise_has_a_case_of_the_same_wording() {
    let of_the_cases: BTreeSet<_> = cases::<MemoryStore>().iter().map(|case| case.promise.to_owned()).collect();
    let promised = promised_in("src/store.rs", "/// The host's records, and what the crate remembers");
    assert_eq!(of_the_cases, promised.iter().cloned().collect());
    assert_eq!(promised.len(), of_the_cases.len(), "no promise is made twice");
}

#[test]
fn every_case_has_a_name_and_a_promise_of_its_own() {
    let cases = cases::<MemoryStore>();
    let of = |text: fn(&tripartite::conformance::records::Case<MemoryStore>) -> &'static str| {
        cases.iter().map(text).collect::<BTreeSet<_>>().len()
    };
    assert_eq!((of(|case| case.name), of(|case| case.promise)), (cases.len(), cases.len()));
}

#[test]
fn every_file_of_cases_is_in_the_macro_and_in_the_list() {
    every_file_is_listed("records", "promises", "$fixture");
}
