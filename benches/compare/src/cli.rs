//! The command line.

use std::ffi::OsString;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use crate::effort::Effort;
use crate::people;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
compare measures tripartite beside its floors and its peers, all in one interleaved run.

usage:
  compare [options]
  compare listing FILE.jsonl N    writes the first N people of the workload as JSON lines, as the source has them
  compare versions FILE.jsonl N   writes them with base, local and remote, as the peers of other languages read them

options:
  --quick           a small workload, done inside a minute; what --people, --rounds and --alone say holds all the same
  --check           exit status 1 if a target is missed, each named
  --plot FILE.svg   time against the number of people, and the ratio to the floor; compare.svg beside the program
                    unless it is said
  --write-docs      puts tables and plot into the crate's page about performance; what was not measured stays there
  --only PART,..    core, host, postgres, queue
  --people N,..     sizes of the workload, ascending; the targets are judged at the last
  --alone           without peers of other languages, and other queues: they may have to be fetched and built
  --rounds N        how often every contender goes over the workload
";

/// What is to be done.
pub(crate) enum Asked {
    Help,
    Write { what: Written, file: PathBuf, people: u64 },
    Compare(Compare),
}

/// What of the workload is written to a file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Written {
    /// What the source has.
    Listing,
    /// All three versions.
    Versions,
}

/// A comparison.
pub(crate) struct Compare {
    pub(crate) effort: Effort,
    pub(crate) parts: Vec<Part>,
    pub(crate) check: bool,
    pub(crate) plot: Option<PathBuf>,
    pub(crate) write_docs: bool,
}

impl Compare {
    /// Whether there is something to plot: the core, from one size to another.
    pub(crate) fn is_plotted(&self) -> bool {
        self.parts.contains(&Part::Core) && self.effort.sizes.len() > 1
    }
}

/// A part of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Core,
    Host,
    Postgres,
    Queue,
}

/// Reads the arguments.
pub(crate) fn read(args: impl Iterator<Item = OsString>) -> Result<Asked, String> {
    let mut args = args.map(|arg| arg.into_string().map_err(|arg| format!("{} is no UTF-8", arg.display())));
    let (effort, parts) = (Effort::full(), vec![Part::Core, Part::Host, Part::Postgres, Part::Queue]);
    let mut asked = Compare { effort, parts, check: false, plot: None, write_docs: false };
    // Kept apart from the effort, so that they hold also before `--quick`.
    let (mut sizes, mut rounds, mut alone) = (None, None, false);
    while let Some(arg) = args.next().transpose()? {
        let mut value = || args.next().unwrap_or_else(|| Err(format!("{arg} is followed by a value")));
        match arg.as_str() {
            "--help" | "-h" => return Ok(Asked::Help),
            "listing" | "versions" => {
                let what = if arg == "listing" { Written::Listing } else { Written::Versions };
                return Ok(Asked::Write { what, file: value()?.into(), people: number(&value()?)? });
            }
            "--quick" => asked.effort = Effort::quick(),
            "--check" => asked.check = true,
            "--alone" => alone = true,
            "--plot" => asked.plot = Some(value()?.into()),
            "--write-docs" => asked.write_docs = true,
            "--only" => asked.parts = value()?.split(',').map(part).collect::<Result<_, _>>()?,
            "--people" => sizes = Some(value()?.split(',').map(number).collect::<Result<_, _>>()?),
            "--rounds" => rounds = Some(number(&value()?)? as usize),
            other => return Err(format!("{other} is unknown; see --help")),
        }
    }
    let Effort { sizes: usual, rounds: often, foreign } = asked.effort;
    let (sizes, rounds) = (sizes.unwrap_or(usual), rounds.unwrap_or(often));
    asked.effort = Effort { sizes, rounds, foreign: foreign && !alone };
    checked(asked).map(Asked::Compare)
}

fn checked(asked: Compare) -> Result<Compare, String> {
    let sizes = &asked.effort.sizes;
    if !sizes.is_sorted_by(|a, b| a < b) || sizes.first().is_none_or(|&size| size == 0) || asked.effort.rounds == 0 {
        return Err("sizes ascend from 1, and there is at least one round".to_owned());
    }
    let has_core = asked.parts.contains(&Part::Core);
    if asked.plot.is_some() && !has_core {
        return Err("the plot is about the core".to_owned());
    }
    if (asked.plot.is_some() || asked.write_docs && has_core) && sizes.len() < 2 {
        return Err(
            "the plot, also that of the page, is from one size to another: --people takes two at least".to_owned()
        );
    }
    Ok(asked)
}

fn part(name: &str) -> Result<Part, String> {
    match name {
        "core" => Ok(Part::Core),
        "host" => Ok(Part::Host),
        "postgres" => Ok(Part::Postgres),
        "queue" => Ok(Part::Queue),
        other => Err(format!("expected core, host, postgres or queue, got {other}")),
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.replace('_', "").parse().map_err(|_| format!("expected a number, got {text}"))
}

/// Writes people of the workload.
pub(crate) fn write(what: Written, file: &Path, people: u64) -> Result<(), String> {
    let written = File::create(file).and_then(|out| match what {
        Written::Listing => people::write_listing(&mut BufWriter::new(out), people, |versions| versions.remote),
        Written::Versions => people::write_versions(&mut BufWriter::new(out), people),
    });
    written.map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effort(line: &str) -> Result<Effort, String> {
        match read(line.split(' ').map(OsString::from))? {
            Asked::Compare(asked) => Ok(asked.effort),
            Asked::Help | Asked::Write { .. } => Err("no comparison".to_owned()),
        }
    }

    #[test]
    fn what_is_said_holds_before_and_behind_quick() {
        for line in
            ["--quick --people 5,7 --rounds 2", "--people 5,7 --rounds 2 --quick", "--people 5,7 --quick --rounds 2"]
        {
            let effort = effort(line).expect(line);
            assert_eq!((effort.sizes, effort.rounds, effort.foreign), (vec![5, 7], 2, false), "{line}");
        }
        let full = effort("--alone").expect("no peers of other languages");
        assert_eq!((full.sizes, full.foreign), (Effort::full().sizes, false));
        assert!(effort("--check").expect("all of it").foreign);
    }

    #[test]
    fn one_size_has_no_plot() {
        assert!(effort("--people 5").is_ok());
        for plotted in ["--plot a.svg", "--write-docs"] {
            assert!(effort(&format!("{plotted} --people 5")).is_err(), "{plotted}");
            assert!(effort(&format!("{plotted} --people 5,7")).is_ok(), "{plotted}");
        }
        assert!(effort("--write-docs --people 5 --only queue").is_ok(), "the plot of the page stays");
    }
}
