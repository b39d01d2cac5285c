//! What a configuration means, and what is wrong with one.

use std::fmt;
use std::path::PathBuf;

use tripartite::matching::MatchRule;
use tripartite::schedule::Schedule;
use tripartite::schema::Strategy;

use super::hook::Hook;
use crate::args::GuardLimit;
use crate::listing::Source;
use crate::store::{Place, Register};

/// What a club has said.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The file, if there is one.
    pub path: Option<PathBuf>,
    /// The database.
    pub database: Option<Place>,
    /// Its registers, in the order of the file.
    pub registers: Vec<RegisterConfig>,
    /// Who is told of what.
    pub hooks: Vec<Hook>,
}

/// What is said of one register.
#[derive(Debug, Clone, Default)]
pub struct RegisterConfig {
    /// Which.
    pub register: Register,
    /// Where its records come from.
    pub source: Option<Source>,
    /// The file with its fields.
    pub schema: Option<PathBuf>,
    /// The field that holds the id.
    pub id_field: Option<String>,
    /// How conflicts are decided where no field says otherwise.
    pub strategy: Option<Strategy>,
    /// How many listings in a row must not have a record before it is inactive.
    pub missing_after: Option<u32>,
    /// When it is synced.
    pub schedule: Option<Schedule>,
    /// What may be done unasked.
    pub guards: Vec<GuardLimit>,
    /// How members are found that have no id.
    pub rules: Vec<MatchRule>,
}

/// What is wrong with a file, each with its line and column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: String,
    /// What is wrong, in the order of the file.
    pub problems: Vec<Problem>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong, and what is expected.
    pub problem: String,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Problem { line, column, problem }) in self.problems.iter().enumerate() {
            let behind = if at + 1 < self.problems.len() { "\n" } else { "" };
            write!(f, "{}:{line}:{column}: {problem}{behind}", self.file)?;
        }
        Ok(())
    }
}
