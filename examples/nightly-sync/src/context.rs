//! What a command has beside its arguments, and what it answers with.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chrono::{DateTime, Utc};
use tripartite::run::RunOutcome;

use crate::args::Target;
use crate::config::Config;
use crate::store::{Place, Register};
use crate::term::Console;

/// Everything went well.
pub const SUCCEEDED: u8 = 0;
/// It could not be done.
pub const FAILED: u8 = 1;
/// The command line says nothing that can be done.
pub const USAGE: u8 = 2;
/// Some records were set aside, skipped or failed.
pub const PARTIAL: u8 = 3;
/// A guard stopped the run.
pub const BLOCKED: u8 = 4;

/// What sets a flag once the process is asked to end.
pub type Listen = fn(&Arc<AtomicBool>) -> io::Result<()>;

/// The status that a command ends with, or why it could not be carried out.
pub type Answer = Result<u8, Box<dyn Error>>;

/// What a command has beside its arguments.
pub struct Context<'a> {
    /// Where it speaks.
    pub console: &'a mut Console,
    /// What sets a flag once the process is asked to end.
    pub listen: Listen,
    /// What is said once for all commands.
    pub config: Config,
}

/// The command line says nothing that can be done, as is known once the configuration is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

impl Context<'_> {
    /// The database.
    ///
    /// # Errors
    /// [`UsageError`], when none is named.
    pub fn db(&self, target: &Target) -> Result<Place, UsageError> {
        let members = target.db.clone().or_else(|| self.config.database.clone()).ok_or_else(|| {
            let what = "no database is named; state it with --db FILE, or as `database` in club.toml, which nightly-sync \
                        init writes";
            UsageError(what.to_owned())
        })?;
        Ok(match &target.jobs {
            Some(cluster) => members.with_jobs_on(cluster.clone()),
            None => members,
        })
    }

    /// The register: the one that is named, the only one of the configuration, or the unnamed one.
    ///
    /// # Errors
    /// [`UsageError`], when the configuration has several, and none is named.
    pub fn register(&self, target: &Target) -> Result<Register, UsageError> {
        if let Some(named) = &target.key {
            return Ok(named.clone());
        }
        match &self.config.registers[..] {
            [] => Ok(Register::default()),
            [only] => Ok(only.register.clone()),
            all if all.iter().any(|known| known.register.key().is_none()) => Ok(Register::default()),
            _ => Err(UsageError(format!(
                "which register is not said; there are {}; state one with --key ORG/CONNECTOR",
                self.config.names()
            ))),
        }
    }
}

/// Now. The only place that asks the clock.
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The exit status of an outcome.
pub fn status(outcome: RunOutcome) -> u8 {
    match outcome {
        RunOutcome::Succeeded => SUCCEEDED,
        RunOutcome::Partial => PARTIAL,
        RunOutcome::Blocked => BLOCKED,
        RunOutcome::Failed => FAILED,
    }
}
