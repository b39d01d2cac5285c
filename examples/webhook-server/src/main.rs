//! `webhook-server`: see the library of the same name.

use std::process::ExitCode;

fn main() -> ExitCode {
    webhook_server::app::execute(std::env::args().skip(1)).into()
}
