//! `man`: manual pages.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_mangen::Man;

use crate::context::{Answer, Context, SUCCEEDED};

/// Where to put the pages.
#[derive(Debug, Clone, Args)]
pub struct ManArgs {
    /// The directory for all pages; without it, the page of the program as a whole is printed
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Pages cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {error}")]
struct Problem {
    file: String,
    error: io::Error,
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &ManArgs, mut definition: Command) -> Answer {
    let Some(directory) = &args.out else {
        let mut page = Vec::new();
        Man::new(definition).render(&mut page)?;
        cx.console.print(String::from_utf8_lossy(&page).trim_end());
        return Ok(SUCCEEDED);
    };
    definition.build();
    let written = |file: &PathBuf, done: io::Result<()>| {
        done.map_err(|error| Problem { file: file.display().to_string(), error })
    };
    written(directory, fs::create_dir_all(directory))?;
    let pages = definition.get_subcommands().filter(|command| !command.is_hide_set()).map(|command| {
        let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
        (name, command.clone())
    });
    let all = std::iter::once(("nightly-sync".to_owned(), definition.clone())).chain(pages);
    let mut count = 0;
    for (name, command) in all {
        let file = directory.join(format!("{name}.1"));
        let mut page = Vec::new();
        Man::new(command).title(name).render(&mut page)?;
        written(&file, fs::write(&file, page))?;
        count += 1;
    }
    cx.console.report(format!("{count} pages in {0}; man -l {0}/nightly-sync.1 shows the first", directory.display()));
    Ok(SUCCEEDED)
}
