//! `club.toml`: what a club says once, instead of on every command line.
//!
//! ```toml
//! database = "club.db"
//!
//! [[register]]
//! key = "ballybeg/federation"                  # left out: the unnamed register
//! schema = "schema.json"
//! source = { file = "members.csv", encoding = "windows-1252" }
//! schedule = { at = "02:15", zone = "Europe/Dublin" }
//! guards = { deactivations = "5%" }
//! match = [{ name = "e-mail and birthday", fields = ["email", "born"], trust = "trusted" }]
//!
//! [[hook]]
//! command = ["mail", "-s", "Member sync", "secretary@club.example"]
//! ```
//!
//! Paths are of the file's own directory. Secrets stand elsewhere, and are named: `env:NAME` or `file:PATH`. An argument goes
//! before a variable of the environment, that before the file, and that before what a command does by itself.
//!
//! **What is wrong is told at once**, all of it, each with its line and column ([`ConfigError`]).

mod check;
mod hook;
mod meant;
mod place;
mod source;
mod written;

use std::path::Path;
use std::{fs, io};

pub use self::hook::{Event, Hook, Target};
pub use self::meant::{Config, ConfigError, Problem, RegisterConfig};
use crate::store::Register;

/// What the file is called, where nobody says otherwise.
pub const FILE: &str = "club.toml";

/// There is no configuration that can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{file}: {error}; nightly-sync init writes one")]
    Io {
        /// The file.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// Something in it is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Config {
    /// The file that is named, or [`FILE`] in this directory, if it is there; else nothing is said.
    ///
    /// # Errors
    /// [`LoadError`], when the file cannot be read, or something in it is wrong.
    pub fn find(named: Option<&Path>) -> Result<Self, LoadError> {
        match named {
            Some(file) => Self::load(file),
            None if Path::new(FILE).exists() => Self::load(Path::new(FILE)),
            None => Ok(Self::default()),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`LoadError`], when it cannot be read, or something in it is wrong.
    pub fn load(file: &Path) -> Result<Self, LoadError> {
        let text = fs::read_to_string(file);
        let text = text.map_err(|error| LoadError::Io { file: file.display().to_string(), error })?;
        Ok(Self::read(file, &text)?)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`ConfigError`], with everything that is wrong.
    ///
    /// ```
    /// use std::path::Path;
    /// use nightly_sync::config::Config;
    /// let club = Path::new("club.toml");
    /// let config = Config::read(club, "database = \"club.db\"\n[[register]]\nguards = { deactivations = \"5%\" }\n")?;
    /// assert_eq!(config.registers[0].guards.len(), 1);
    /// let error = Config::read(club, "[[register]]\nguards = { departures = \"5%\" }\nstrategy = \"mine\"\n").unwrap_err();
    /// let told = error.to_string();
    /// assert!(told.starts_with("club.toml:2:25: there is no guard `departures`"), "{told}");
    /// assert!(told.contains("\nclub.toml:3:12: unknown strategy `mine`"), "{told}"); // both at once
    /// # Ok::<(), nightly_sync::config::ConfigError>(())
    /// ```
    pub fn read(file: &Path, text: &str) -> Result<Self, ConfigError> {
        check::checked(file, text)
    }

    /// What is said of a register.
    pub fn register(&self, register: &Register) -> Option<&RegisterConfig> {
        self.registers.iter().find(|known| known.register == *register)
    }

    /// The names of its registers, for messages.
    pub fn names(&self) -> String {
        self.registers.iter().map(|known| known.register.to_string()).collect::<Vec<_>>().join(", ")
    }
}
