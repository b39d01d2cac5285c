//! `completions`: what a shell completes.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::context::{Answer, Context, SUCCEEDED};

/// For which shell.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &CompletionsArgs, definition: &mut Command) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, definition, "nightly-sync", &mut script);
    cx.console.print(String::from_utf8_lossy(&script).trim_end());
    Ok(SUCCEEDED)
}
