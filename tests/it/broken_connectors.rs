//! The suite itself is tested: each of these connectors has one thing wrong, and fails the cases that are about it.

use tripartite::conformance::connector::{Case, cases};

mod fault;
mod faulty;

use fault::{BROKEN, Fault, MAY};
use faulty::Source;

use crate::support::suite::{Promise, each_fails_these_cases_alone, judges};

fn promises() -> Vec<Promise<Fault>> {
    let promise = |case: Case<Source>| {
        let (name, words) = (case.name, case.promise);
        Promise { name, words, check: Box::new(move |fault| case.run(&|| Source::new(fault))) }
    };
    cases().into_iter().map(promise).collect()
}

judges!(promises, BROKEN, MAY);

#[test]
fn each_fails_no_case_that_is_about_something_else() {
    each_fails_these_cases_alone(BROKEN, &promises());
}
