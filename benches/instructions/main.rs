//! The hot paths, one at a time, for a count of their instructions.
//!
//! Time is noisy on a shared machine, and instructions are not. `check.sh` beside this file runs each case under
//! callgrind and holds the counts against `baseline.txt`; README.md says how, and what is left out of a count.
//!
//! ```text
//! instructions            lists the cases
//! instructions CASE       prepares a case, runs it once unseen, and then once to be measured
//! ```
//!
//! The first time is not counted: it fills what is found out once a process, such as the numbering plans of phones.

mod data;
mod keyed;
mod queue;
mod text;
mod webhook;

use std::hint::black_box;

/// What is run; it may be run again.
type Work = Box<dyn FnMut()>;

/// A case: its name, and what prepares it.
type Case = (&'static str, fn() -> Work);

fn main() {
    let cases: Vec<Case> = [data::CASES, keyed::CASES, text::CASES, queue::CASES, webhook::CASES].concat();
    let Some(name) = std::env::args().nth(1).filter(|name| !name.starts_with("--")) else {
        cases.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    let Some((_, prepare)) = cases.iter().find(|(known, _)| *known == name) else {
        eprintln!("instructions: there is no case {name}");
        std::process::exit(2);
    };
    let mut work = prepare();
    work();
    measured(&mut work);
}

/// The one function whose instructions are counted, with all that it calls.
#[inline(never)]
fn measured(work: &mut Work) {
    black_box(work)();
}
