//! `nightly-sync`: see the library of the same name.

use std::process::ExitCode;

/// A night on which everything changes allocates a few hundred bytes for each record many times: this allocator takes a
/// quarter off its time and a quarter off its memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    nightly_sync::app::program(std::env::args_os().skip(1)).into()
}
