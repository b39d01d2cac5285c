//! The listing in memory goes through the suite; the suite and the trait's documentation say the same.

use std::collections::BTreeSet;
use std::fs;

use tripartite::conformance::connector::cases;
use tripartite::memory::Listing;

use crate::support::suite::promised_in;

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
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/conformance/connector");
    let suite = fs::read_to_string(format!("{folder}.rs")).unwrap();
    for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        if fs::read_to_string(&file).unwrap().contains("promises! {") {
            assert!(suite.contains(&format!("$crate::__conformance_connector_{name}!($fixture);")), "{name}");
            assert!(suite.contains(&format!("{name}::cases()")), "{name}");
        }
    }
}
