//! The suite itself is tested: each of these connectors has one thing wrong, and fails the cases that are about it.

use tripartite::conformance::connector::{Case, Fixture, cases};

mod fault;
mod faulty;

use fault::{BROKEN, Fault, MAY};
use faulty::Source;

use crate::support::suite::{Promise, each_fails_these_cases_alone, judges};

fn promises() -> Vec<Promise<Fault>> {
    promises_of(Source::new)
}

fn promises_of<F: Fixture + 'static>(source: fn(Fault) -> F) -> Vec<Promise<Fault>> {
    let promise = |case: Case<F>| {
        let (name, words) = (case.name, case.promise);
        Promise { name, words, check: Box::new(move |fault| case.run(&|| source(fault))) }
    };
    cases().into_iter().map(promise).collect()
}

judges!(promises, BROKEN, MAY);

#[test]
fn each_fails_no_case_that_is_about_something_else() {
    each_fails_these_cases_alone(BROKEN, &promises());
}

/// Whoever knows a connector only at run time sees the same faults, and the same classes of failures.
mod erased {
    use super::{BROKEN, Fault, MAY, Promise, Source, each_fails_these_cases_alone, judges, promises_of};
    use crate::erased::suites::ErasedSource;

    fn promises() -> Vec<Promise<Fault>> {
        promises_of(|fault| ErasedSource(Source::new(fault)))
    }

    judges!(promises, BROKEN, MAY);

    #[test]
    fn each_fails_no_case_that_is_about_something_else() {
        each_fails_these_cases_alone(BROKEN, &promises());
    }
}
