//! Options by their names, and what several commands read from them.

use std::ffi::OsString;

use tripartite::id::ExternalId;
use tripartite::plan::PlanId;
use tripartite::schema::Strategy;
use tripartite_sqlite::store::{FileError, check_name};

use super::{Format, UsageError};
use crate::listing::Remote;
use crate::store::{Place, Register};

/// Options by their names, each at most once, as `--name VALUE` or `--name=VALUE`.
pub(super) struct Options {
    command: String,
    given: Vec<(String, Option<OsString>)>,
}

impl Options {
    pub(super) fn of(command: &str, args: Vec<OsString>, flags: &[&str]) -> Result<Self, UsageError> {
        let mut given: Vec<(String, Option<OsString>)> = Vec::new();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let (name, value) = match arg.to_str().filter(|arg| arg.starts_with("--")) {
                None => return Err(UsageError(format!("{command}: did not expect `{}`", arg.display()))),
                Some(arg) => match arg.split_once('=') {
                    Some((name, value)) => (name.to_owned(), Some(OsString::from(value))),
                    None => (arg.to_owned(), None),
                },
            };
            if given.iter().any(|(other, _)| *other == name) {
                return Err(UsageError(format!("{name} is stated twice")));
            }
            let value = match (flags.contains(&name.as_str()), value) {
                (true, Some(_)) => return Err(UsageError(format!("{name} takes no value"))),
                (true, None) => None,
                (false, Some(value)) => Some(value),
                (false, None) => args.next(),
            };
            given.push((name, value));
        }
        Ok(Self { command: command.to_owned(), given })
    }

    fn entry(&mut self, name: &str) -> Option<(String, Option<OsString>)> {
        let at = self.given.iter().position(|(given, _)| given == name)?;
        Some(self.given.remove(at))
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    pub(super) fn take(&mut self, name: &str) -> Option<OsString> {
        match self.entry(name)? {
            (_, Some(value)) => Some(value),
            (name, None) => {
                // Left for `finish` to complain about.
                self.given.push((name, None));
                None
            }
        }
    }

    pub(super) fn needed(&mut self, name: &str) -> Result<OsString, UsageError> {
        match self.take(name) {
            Some(value) => Ok(value),
            None => {
                self.valueless()?;
                Err(UsageError(format!("{}: {name} is missing", self.command)))
            }
        }
    }

    /// The database. What names no file is refused, or nothing would be kept.
    pub(super) fn db(&mut self) -> Result<Place, UsageError> {
        let place = Place::named(self.needed("--db")?).map_err(|error| UsageError(format!("--db: {error}")))?;
        match place.file().map(check_name) {
            Some(Err(error @ FileError::NoFile(_))) => Err(UsageError(format!("--db: {error}"))),
            _ => Ok(place),
        }
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, UsageError> {
        let text = self.take(name).map(|value| value.into_string());
        text.transpose().map_err(|value| UsageError(format!("{name}: `{}` is not UTF-8", value.display())))
    }

    pub(super) fn valueless(&self) -> Result<(), UsageError> {
        match self.given.iter().find(|(name, value)| value.is_none() && KNOWN.contains(&name.as_str())) {
            Some((name, _)) => Err(UsageError(format!("{name}: expected a value after it"))),
            None => Ok(()),
        }
    }

    pub(super) fn finish(self) -> Result<(), UsageError> {
        self.valueless()?;
        match self.given.first() {
            None => Ok(()),
            Some((name, _)) => Err(UsageError(format!("{}: there is no option {name}", self.command))),
        }
    }
}

/// Options that take a value.
const KNOWN: [&str; 37] = [
    "--db",
    "--key",
    "--remote",
    "--schema",
    "--id-field",
    "--strategy",
    "--only",
    "--missing-after",
    "--approve",
    "--run",
    "--format",
    "--org",
    "--at",
    "--every",
    "--cron",
    "--zone",
    "--workers",
    "--running",
    "--spacing",
    "--lease",
    "--backoff",
    "--out",
    "--plan",
    "--id",
    "--field",
    "--value",
    "--by",
    "--clash",
    "--audit",
    "--before",
    "--html",
    "--table",
    "--table-key",
    "--columns",
    "--id-column",
    "--active-column",
    "--metrics",
];

pub(super) fn remote(from: OsString) -> Remote {
    if from == "-" { Remote::Stdin } else { Remote::File(from.into()) }
}

pub(super) fn format(name: Option<&str>) -> Result<Format, UsageError> {
    match name {
        None | Some("jsonl") => Ok(Format::Jsonl),
        Some("csv") => Ok(Format::Csv),
        Some(other) => Err(UsageError(format!("--format: expected jsonl or csv, found `{other}`"))),
    }
}

pub(super) fn register(key: Option<String>) -> Result<Register, UsageError> {
    let register = key.map(|key| key.parse()).transpose();
    register.map(Option::unwrap_or_default).map_err(|error| UsageError(format!("--key: {error}")))
}

pub(super) fn only(id: Option<String>) -> Result<Option<ExternalId>, UsageError> {
    id.map(ExternalId::new).transpose().map_err(|error| UsageError(format!("--only: {error}")))
}

pub(super) fn strategy(name: &str) -> Result<Strategy, UsageError> {
    match name {
        "newest_wins" | "custom" => {
            Err(UsageError(format!("--strategy: `{name}` has settings, so it can only be stated in a schema")))
        }
        _ => name.parse().map_err(|error| UsageError(format!("--strategy: {error}"))),
    }
}

pub(super) fn plan(option: &str, id: &str) -> Result<PlanId, UsageError> {
    let expected = format!("{option}: expected the id of a plan, 64 hexadecimal digits, found `{id}`");
    id.parse().map_err(|_| UsageError(expected))
}
