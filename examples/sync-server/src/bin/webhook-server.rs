//! `webhook-server`: the webhooks of `sync-server` alone, under the name by which scripts know them.

use std::process::ExitCode;

use sync_server::app::{Program, execute};

fn main() -> ExitCode {
    execute(Program::Webhooks, std::env::args().skip(1)).into()
}
