//! A suite of promises is itself tested: by stores that each have one thing wrong, and must fail the cases that are about it.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How often a race is run before it is called won: what it looks for needs two threads to meet.
const RACES: usize = 40;

/// What is wrong, and the names of the cases that must say so.
pub(crate) type Broken<F> = [(F, &'static [&'static str])];

/// A case of the suite.
pub(crate) struct Promise<F> {
    pub(crate) name: &'static str,
    pub(crate) words: &'static str,
    /// Panics when a new store with this wrong breaks the promise.
    pub(crate) check: Box<dyn Fn(F)>,
}

impl<F> Promise<F> {
    /// What the case says about a store; `None` when it says nothing.
    fn complaint(&self, fault: F) -> Option<String> {
        let broken = catch_unwind(AssertUnwindSafe(|| (self.check)(fault))).err()?;
        Some(broken.downcast_ref::<String>().cloned().unwrap_or_default())
    }
}

pub(crate) fn each_fails_the_cases_about_it<F: Copy + Debug>(broken: &Broken<F>, promises: &[Promise<F>]) {
    let mut silent = Vec::new();
    for (fault, name) in broken.iter().flat_map(|(fault, names)| names.iter().map(move |name| (*fault, *name))) {
        let promise = promises.iter().find(|promise| promise.name == name);
        let promise = promise.unwrap_or_else(|| panic!("there is no case {name}"));
        match (0..RACES).find_map(|_| promise.complaint(fault)) {
            Some(said) => {
                let words = format!("broken promise: {}\n  seen: ", promise.words);
                assert!(said.starts_with(&words), "{fault:?}: {said}");
            }
            None => silent.push((fault, name)),
        }
    }
    assert!(silent.is_empty(), "nothing is said about {silent:?}");
}

pub(crate) fn each_case_is_failed<F>(broken: &Broken<F>, promises: &[Promise<F>]) {
    let failed: BTreeSet<_> = broken.iter().flat_map(|(_, names)| *names).copied().collect();
    let all: BTreeSet<_> = promises.iter().map(|promise| promise.name).collect();
    assert_eq!(failed, all);
}

pub(crate) fn none_fails<F: Copy + Debug>(allowed: &[F], promises: &[Promise<F>]) {
    for fault in allowed {
        for promise in promises {
            assert_eq!(promise.complaint(*fault), None, "{fault:?}: {}", promise.name);
        }
    }
}
