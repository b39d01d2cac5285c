//! `sync-server`: see the library of the same name.

use std::process::ExitCode;

use sync_server::app::{Program, execute};

fn main() -> ExitCode {
    execute(Program::Page, std::env::args().skip(1)).into()
}
