//! From what is written to what is meant; what cannot be meant is a problem with its place.

use std::ffi::OsString;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::DateTime;
use toml::Spanned;
use tripartite::schedule::{Schedule, Timetable};

use super::hook::{Event, Hook, Target};
use super::meant::{Config, ConfigError, Problem, RegisterConfig};
use super::place;
use super::written::{Written, WrittenHook, WrittenLimit, WrittenRegister, WrittenSchedule};
use crate::args::{self, GuardLimit};
use crate::store::Register;

/// Reads and checks a text.
pub(super) fn checked(file: &Path, text: &str) -> Result<Config, ConfigError> {
    let error = |problems| ConfigError { file: file.display().to_string(), problems };
    let written: Written = match toml::from_str(text) {
        Ok(written) => written,
        Err(problem) => {
            let span = problem.span().unwrap_or_default();
            return Err(error(vec![place::at(text, &span, problem.message())]));
        }
    };
    let directory = file.parent().map(Path::to_owned).unwrap_or_default();
    let mut check = Check { text, directory, problems: Vec::new() };
    let config = check.config(file, &written);
    if check.problems.is_empty() {
        return Ok(config);
    }
    check.problems.sort_by_key(|problem| (problem.line, problem.column));
    Err(error(check.problems))
}

/// What was found wrong so far.
pub(super) struct Check<'t> {
    text: &'t str,
    directory: PathBuf,
    problems: Vec<Problem>,
}

impl Check<'_> {
    pub(super) fn problem(&mut self, span: Range<usize>, problem: impl Into<String>) {
        self.problems.push(place::at(self.text, &span, problem));
    }

    /// What a value means, or a problem.
    pub(super) fn ok<T, E: ToString>(&mut self, span: Range<usize>, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.problem(span, error.to_string())).ok()
    }

    /// A path of the file's own directory.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        self.directory.join(path)
    }

    fn config(&mut self, file: &Path, written: &Written) -> Config {
        let database = written.database.as_ref().and_then(|database| {
            let text = OsString::from(database.get_ref());
            let is_server = ["postgres://", "postgresql://"].iter().any(|is| database.get_ref().starts_with(is));
            let text = if is_server { text } else { self.path(Path::new(&text)).into() };
            self.ok(database.span(), args::place(text))
        });
        let mut registers: Vec<RegisterConfig> = Vec::new();
        for written in &written.register {
            let register = self.register(written.get_ref());
            if registers.iter().any(|known| known.register == register.register) {
                let span = written.get_ref().key.as_ref().map_or(written.span(), Spanned::span);
                self.problem(span, format!("{} is stated twice", register.register));
            }
            registers.push(register);
        }
        let mut hooks: Vec<Hook> = Vec::new();
        for written in &written.hook {
            let Some(hook) = self.hook(written) else { continue };
            if hooks.iter().any(|known| known.name == hook.name) {
                self.problem(written.span(), format!("two hooks are called `{}`; give them a name each", hook.name));
            }
            hooks.push(hook);
        }
        Config { path: Some(file.to_owned()), database, registers, hooks }
    }

    fn register(&mut self, written: &WrittenRegister) -> RegisterConfig {
        let register = written.key.as_ref().and_then(|key| self.ok(key.span(), key.get_ref().parse::<Register>()));
        let strategy = written.strategy.as_ref();
        let strategy = strategy.and_then(|name| self.ok(name.span(), args::strategy(name.get_ref())));
        let id_field = written.id_field.as_ref();
        let id_field = id_field.and_then(|name| self.ok(name.span(), args::id_field(name.get_ref())));
        let missing_after = written.missing_after.as_ref().and_then(|times| match times.get_ref() {
            0 => self.ok(times.span(), Err("expected a number of listings, 1 or more")),
            times => Some(*times),
        });
        RegisterConfig {
            register: register.unwrap_or_default(),
            source: written.source.as_ref().and_then(|source| self.source(source)),
            schema: written.schema.as_ref().map(|schema| self.path(schema.get_ref())),
            id_field,
            strategy,
            missing_after,
            schedule: written.schedule.as_ref().and_then(|schedule| self.schedule(schedule)),
            guards: self.guards(written),
            rules: written.rules.iter().map(|rule| rule.get_ref().clone()).collect(),
        }
    }

    fn guards(&mut self, written: &WrittenRegister) -> Vec<GuardLimit> {
        let mut guards = Vec::new();
        for (name, limit) in &written.guards {
            let text = match limit.get_ref() {
                WrittenLimit::Number(number) => number.to_string(),
                WrittenLimit::Text(text) => text.clone(),
            };
            guards.extend(self.ok(limit.span(), GuardLimit::named(name, &text)));
        }
        guards
    }

    fn schedule(&mut self, written: &Spanned<WrittenSchedule>) -> Option<Schedule> {
        let WrittenSchedule { at, every, cron, zone } = written.get_ref();
        let zone = zone.clone();
        let schedule = match (at, every, cron) {
            (Some(at), None, None) => {
                Schedule::Daily { at: self.ok(at.span(), args::time_of_day(at.get_ref()))?, zone }
            }
            (None, Some(every), None) if zone.is_none() => {
                let every = Duration::from_secs(every.get_ref().saturating_mul(60));
                Schedule::Interval { every, anchor: DateTime::UNIX_EPOCH }
            }
            (None, None, Some(cron)) => Schedule::Cron { expression: cron.clone(), zone },
            _ => {
                let expected = "expected one of `at`, `every` (minutes) and `cron`; a `zone` only with `at` or `cron`";
                self.problem(written.span(), expected);
                return None;
            }
        };
        self.ok(written.span(), Timetable::new(&schedule))?;
        Some(schedule)
    }

    fn hook(&mut self, written: &Spanned<WrittenHook>) -> Option<Hook> {
        let WrittenHook { name, on, command, url, secret } = written.get_ref();
        let mut events = Vec::new();
        for event in on.iter().flatten() {
            let known = Event::ALL.into_iter().find(|known| known.name() == event.get_ref());
            let names = Event::ALL.map(Event::name).join(", ");
            let known = known.ok_or_else(|| format!("there is no event `{}`; there are {names}", event.get_ref()));
            events.extend(self.ok(event.span(), known));
        }
        let target = match (command, url) {
            (Some(command), None) if secret.is_none() && !command.get_ref().is_empty() => {
                Target::Command(command.get_ref().clone())
            }
            (None, Some(url)) => {
                if !["https://", "http://"].iter().any(|is| url.get_ref().starts_with(is)) {
                    self.problem(url.span(), "expected an address that begins with https://");
                }
                let secret = match secret {
                    Some(secret) => Some(self.ok(secret.span(), secret.get_ref().parse())?),
                    None => None,
                };
                Target::Url { url: url.get_ref().clone(), secret }
            }
            _ => {
                let expected = "expected `command`, a list of words, or `url`; a `secret` only with `url`";
                self.problem(written.span(), expected);
                return None;
            }
        };
        let called = match &target {
            Target::Command(words) => words.join(" "),
            Target::Url { url, .. } => url.split(['?', '#']).next().unwrap_or_default().to_owned(),
        };
        let on = if on.is_none() { Event::ALL.to_vec() } else { events };
        Some(Hook { name: name.clone().unwrap_or(called), on, target })
    }
}
