//! The bodies of the fuzz targets: each takes any bytes, and panics when a law does not hold for them.
//!
//! libFuzzer calls them from `fuzz/fuzz_targets`. The tests call them with the corpus and with what a simple mutator makes
//! of it, always the same for the same number of cases.

pub mod commands;
pub mod guards;
pub mod kinds;
pub mod laws;
pub mod listing;
pub mod mutate;
pub mod plan;
pub mod schema;
pub mod shape;
pub mod verify;

/// The body of a target.
pub type Target = fn(&[u8]);

/// All targets, by the names of their folders in the corpus.
pub const TARGETS: [(&str, Target); 9] = [
    ("commands", commands::run),
    ("guards", guards::run),
    ("kinds", kinds::run),
    ("laws", laws::run),
    ("listing", listing::run),
    ("plan", plan::run),
    ("schema", schema::run),
    ("shape", shape::run),
    ("verify", verify::run),
];
