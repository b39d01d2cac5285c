//! The processes: each is this program again, with a subcommand that nobody types.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use super::floor;
use super::place::Place;
use crate::rounds::elapsed;

/// What stands before the name of a process on the command line.
const CHILD: &str = "as-a-process";

/// The line on which a process says how much memory it had at most.
const PEAK: &str = "peak KiB: ";

/// One of the programs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Process {
    /// Reads and parses.
    Read,
    /// Inserts the members.
    Members,
    /// Inserts all rows.
    Rows,
    /// The host's first import.
    Import,
    /// The same, without a schema.
    InferredImport,
    /// The same, as a whole plan that is not carried out.
    PlannedImport,
    /// The host's run on what is in step.
    Unchanged,
}

/// How a process went.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ran {
    pub(super) took: Duration,
    /// The most memory it had; not a number where the system does not say.
    pub(super) mebibytes: f64,
}

impl Process {
    /// Runs it to its end on a place's listing and a database.
    pub(super) fn run(self, place: &Place, db: &Path) -> Result<Ran, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.arg(CHILD).args(self.args(place, db));
        // A process of two threads is as long as the longer.
        let (took, output) = elapsed(|| command.output());
        let output = output.map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(format!("{self:?} ended with {}: {said}", output.status));
        }
        let peak = said.lines().find_map(|line| line.strip_prefix(PEAK)?.parse::<f64>().ok());
        Ok(Ran { took, mebibytes: peak.map_or(f64::NAN, |peak| peak / 1024.0) })
    }

    fn args(self, place: &Place, db: &Path) -> Vec<OsString> {
        let (listing, schema) = (place.listing(), place.schema());
        let host = |more: &[&str]| {
            let mut args: Vec<OsString> = vec!["host".into(), "run".into(), "--db".into(), db.into()];
            args.extend(["--remote".into(), listing.clone().into()]);
            args.extend(more.iter().map(OsString::from));
            args
        };
        match self {
            Self::Read => vec!["read".into(), listing.into()],
            Self::Members => vec!["members".into(), listing.into(), db.into()],
            Self::Rows => vec!["rows".into(), listing.into(), db.into(), schema.into()],
            Self::Unchanged | Self::InferredImport => host(&[]),
            Self::Import => [host(&["--schema"]), vec![schema.into()]].concat(),
            Self::PlannedImport => [host(&["--dry-run", "--schema"]), vec![schema.into()]].concat(),
        }
    }
}

/// What a process does, if this is to be one.
pub(super) fn child(mut args: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    if args.next()? != CHILD {
        return None;
    }
    let name = args.next().unwrap_or_default();
    let rest: Vec<OsString> = args.collect();
    let files: Vec<PathBuf> = rest.iter().map(PathBuf::from).collect();
    let done = match (name.to_str(), files.as_slice()) {
        (Some("host"), _) => match nightly_sync::app::execute(rest) {
            0 => Ok(()),
            status => Err(format!("nightly-sync ended with status {status}")),
        },
        (Some("read"), [listing]) => floor::read(listing).map(|read| println!("{read}")),
        (Some("members"), [listing, db]) => floor::members(listing, db),
        (Some("rows"), [listing, db, schema]) => floor::rows(listing, db, schema),
        _ => Err(format!("there is no process {}", name.display())),
    };
    if let Some(peak) = peak() {
        eprintln!("{PEAK}{peak}");
    }
    Some(match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    })
}

/// The most memory this process had, in KiB, where the system says so.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
