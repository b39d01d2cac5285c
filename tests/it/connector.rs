//! The listing in memory goes through the suite; the suite and the trait's documentation say the same.

use std::collections::BTreeSet;

use tripartite::conformance::connector::cases;
use tripartite::memory::Listing;

use crate::support::suite::{every_file_is_listed, promised_in};

mod memory {
    tripartite::conformance::connector::connector!(tripartite::memory::Listing::new(Vec::new()));
}

#[test]
fn every_promise_has_a_case_of_the_same_wording() {
    let cases = cases::<Listing>();
    let promised = promised_in("src/source.rs", "/// The source's records, read page by page.");
    let of_the_cases: BTreeSet<_> = cases.iter().map(|case| case.promise.to_owned()).collect();
    assert_eq!(of_the_cases, promised.iter().cloned().collect());
    assert_eq!((promised.len(), of_the_cases.len()), (cases.len(), cases.len()), "no promise is made twice");
    assert_eq!(cases.iter().map(|case| case.name).collect::<BTreeSet<_>>().len(), cases.len());
}

#[test]
fn every_file_of_cases_is_in_the_macro_and_in_the_list() {
    every_file_is_listed("connector", "promises", "$fixture");
}
