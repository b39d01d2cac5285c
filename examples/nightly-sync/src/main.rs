//! `nightly-sync`: see the library of the same name.

use std::process::ExitCode;

fn main() -> ExitCode {
    nightly_sync::app::program(std::env::args_os().skip(1)).into()
}
