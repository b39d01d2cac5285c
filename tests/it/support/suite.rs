//! A suite of promises is itself tested: by stores that each have one thing wrong, and must fail the cases that are about it.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How often a race is run before it is called won: what it looks for needs two threads to meet.
const RACES: usize = 40;

/// What is wrong, and the names of the cases that must say so.
pub(crate) type Broken<F> = [(F, &'static [&'static str])];

/// Declares what can be wrong with a store, each fault with the cases that must say so, and what a store may do.
macro_rules! faults {
    (broken { $($fault:ident => $($case:ident),+;)+ } may { $($may:ident),+ }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Fault {
            $($fault,)+
            $($may,)+
        }

        pub(super) const BROKEN: &$crate::support::suite::Broken<Fault> =
            &[$((Fault::$fault, &[$(stringify!($case)),+])),+];

        pub(super) const MAY: &[Fault] = &[$(Fault::$may),+];
    };
}

pub(crate) use faults;

/// The tests of a suite: of what its cases say about the broken stores, and about those that do what they may.
macro_rules! judges {
    ($promises:expr, $broken:expr, $may:expr) => {
        #[test]
        fn each_fails_the_cases_about_it_in_the_words_of_the_promise() {
            $crate::support::suite::each_fails_the_cases_about_it($broken, &$promises());
        }

        #[test]
        fn each_case_is_failed_by_some_store() {
            $crate::support::suite::each_case_is_failed($broken, &$promises());
        }

        #[test]
        fn a_store_that_does_what_it_may_fails_none() {
            $crate::support::suite::none_fails($may, &$promises());
        }
    };
}

pub(crate) use judges;

/// The sentences under a **Must** in the documentation of a trait, whose first line begins so.
pub(crate) fn promised_in(file: &str, begins: &str) -> Vec<String> {
    let text = fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let of_the_trait = text.split_once(begins).expect("its documentation begins so").1;
    let mut promises: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in of_the_trait.lines().map(|line| line.trim().trim_start_matches("///")) {
        match (line.strip_prefix("   - "), line.strip_prefix("     ")) {
            (Some(begins), _) => promises.push(begins.to_owned()),
            (None, Some(rest)) if goes_on => promises.last_mut().unwrap().push_str(&format!(" {rest}")),
            _ => {
                goes_on = false;
                continue;
            }
        }
        goes_on = true;
    }
    promises
}

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
                let words = format!("broken promise `{name}`: {}\n", promise.words);
                let is_short = said.lines().count() <= 4 && said.len() < words.len() + 1000;
                assert!(said.starts_with(&words) && is_short, "{fault:?}: {said}");
            }
            None => silent.push((fault, name)),
        }
    }
    assert!(silent.is_empty(), "nothing is said about {silent:?}");
}

/// Of a suite without races: each fails the cases about it, and no other.
pub(crate) fn each_fails_these_cases_alone<F: Copy + Debug>(broken: &Broken<F>, promises: &[Promise<F>]) {
    let mut wrong = Vec::new();
    for (fault, names) in broken {
        let others = promises.iter().filter(|promise| !names.contains(&promise.name));
        let failed = others.filter(|promise| promise.complaint(*fault).is_some());
        wrong.extend(failed.map(|promise| (*fault, promise.name)));
    }
    assert!(wrong.is_empty(), "{wrong:?}");
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

/// Each file that defines cases by this macro is in the macro of its suite, and in the list of all of its cases.
pub(crate) fn every_file_is_listed(suite: &str, defined_by: &str, argument: &str) {
    let folder = format!("{}/src/conformance/{suite}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(format!("{folder}.rs")).unwrap();
    let mut files = 0;
    for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        if fs::read_to_string(&file).unwrap().contains(&format!("{defined_by}! {{")) {
            assert!(text.contains(&format!("$crate::__conformance_{suite}_{name}!({argument});")), "{name}");
            assert!(text.contains(&format!("{name}::cases()")), "{name}");
            files += 1;
        }
    }
    assert_eq!(files, text.matches("::cases()").count(), "none is listed that is not there");
}
