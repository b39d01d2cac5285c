//! The processes: each is the program beside this one, which is told by its first word what to be.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::place::Place;
use crate::rounds::elapsed;

/// The program, beside this one.
const PROGRAM: &str = "compare-process";

/// The line on which a process says how much memory it had at most.
const PEAK: &str = "peak KiB: ";

/// The line on which a process says how long its night took.
const TOOK: &str = "took ns: ";

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
    /// The host's run on a listing in which every fiftieth changed.
    Some,
    /// Updates all members, their links and the audit.
    Changes,
    /// The host's run on a listing in which everybody changed.
    Changed,
    /// The same, as a whole plan that is not carried out.
    PlannedChange,
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
        let mut command = Command::new(program()?);
        command.args(self.args(place, db));
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
        let listing = match self {
            Self::Changes | Self::Changed | Self::PlannedChange => place.moved(),
            Self::Some => place.some(),
            _ => place.listing(),
        };
        let schema = place.schema();
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
            Self::Changes => vec!["changes".into(), listing.into(), db.into()],
            Self::PlannedChange => host(&["--dry-run"]),
            Self::Unchanged | Self::Some | Self::Changed | Self::InferredImport => host(&[]),
            Self::Import => [host(&["--schema"]), vec![schema.into()]].concat(),
            Self::PlannedImport => [host(&["--dry-run", "--schema"]), vec![schema.into()]].concat(),
        }
    }
}

/// Carries out a night on PostgreSQL, or what could be done instead. Says how long it took once it had a connection, if that
/// is timed.
pub(crate) fn postgres(what: &str, address: &str, listing: &Path, schema: &Path) -> Result<Option<Duration>, String> {
    let mut command = Command::new(program()?);
    let output = command.args(["postgres", what, address]).args([listing, schema]).output();
    let output = output.map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{what} ended with {}: {said}", output.status));
    }
    let took = said.lines().find_map(|line| line.strip_prefix(TOOK)?.parse().ok());
    Ok(took.map(Duration::from_nanos))
}

/// Builds the program, where cargo runs this one: it builds no more than what it runs.
pub(crate) fn build() -> Result<(), String> {
    let Some(cargo) = env::var_os("CARGO") else { return Ok(()) };
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let mut command = Command::new(cargo);
    command.args(["build", "-q", "-p", "compare", "--bin", PROGRAM, "--profile", profile]);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{PROGRAM} cannot be built: {status}")),
        Err(error) => Err(format!("{PROGRAM} cannot be built: {error}")),
    }
}

fn program() -> Result<PathBuf, String> {
    let own = env::current_exe().map_err(|error| error.to_string())?;
    let program = own.with_file_name(format!("{PROGRAM}{}", env::consts::EXE_SUFFIX));
    match program.exists() {
        true => Ok(program),
        false => Err(format!("{} is not there: cargo build --release -p compare", program.display())),
    }
}
