//! The tests of `it` once more, with their databases on a server of PostgreSQL: see [`side`].

#[path = "main.rs"]
mod it;

// The modules name each other from the root of the program.
use it::*;
