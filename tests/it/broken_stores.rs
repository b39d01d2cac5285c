//! The suite itself is tested: each of these stores has one thing wrong, and fails the cases that are about it.

use tripartite::conformance::jobs::{Case, cases};

mod all;
mod chain;
mod fault;
mod faulty;
mod take;

use fault::{BROKEN, Fault, MAY};
use faulty::Faulty;

use crate::support::suite::{Promise, judges};

fn promises() -> Vec<Promise<Fault>> {
    let promise = |case: Case<Faulty>| {
        let (name, words) = (case.name, case.promise);
        Promise { name, words, check: Box::new(move |fault| case.run(&Faulty::new(fault))) }
    };
    cases().into_iter().map(promise).collect()
}

judges!(promises, BROKEN, MAY);
