//! `check`: what is wrong with a configuration.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use tripartite::matching::MatchRules;

use crate::config::{Config, ConfigError, FILE, LoadError, RegisterConfig, Target};
use crate::context::{Answer, Context, FAILED, SUCCEEDED};
use crate::listing::{Opened, Origin};
use crate::schema_file::SchemaFile;
use crate::store::ID_FIELD;
use crate::term::Console;

/// Which configuration.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// The file [default: that of --config, or club.toml]
    pub file: Option<PathBuf>,
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &CheckArgs) -> Answer {
    let file = args.file.clone().or_else(|| cx.config.path.clone()).unwrap_or_else(|| FILE.into());
    let console = &mut *cx.console;
    let config = match Config::load(&file) {
        Ok(config) => config,
        Err(LoadError::Config(error)) => {
            told(console, &error);
            return Ok(FAILED);
        }
        Err(error) => return Err(error.into()),
    };
    let problems: Vec<String> = config.registers.iter().flat_map(problems).chain(secrets(&config)).collect();
    if console.json {
        let problems: Vec<_> = problems.iter().map(|problem| json!({"problem": problem})).collect();
        console.print(json!({"file": file, "problems": problems}));
    } else {
        problems.iter().for_each(|problem| console.warn(format!("{}: {problem}", file.display())));
    }
    if !problems.is_empty() {
        return Ok(FAILED);
    }
    summary(console, &file, &config);
    Ok(SUCCEEDED)
}

fn told(console: &mut Console, error: &ConfigError) {
    if console.json {
        console.print(json!({"file": error.file, "problems": error.problems}));
    } else {
        console.warn(error);
    }
}

/// What is wrong with a register that shows only beside its files.
fn problems(register: &RegisterConfig) -> Vec<String> {
    let (name, mut problems) = (&register.register, Vec::new());
    let file = register.schema.as_ref().map(|file| SchemaFile::open(file));
    match file {
        Some(Ok(file)) => {
            if let Err(error) = MatchRules::new(&file.schema, register.rules.clone()) {
                problems.push(format!("register {name}: {error}"));
            }
            if !file.rules.is_empty() && !register.rules.is_empty() {
                problems.push(format!("register {name}: `match` is stated here and in the schema; state it once"));
            }
            if let Some(source) = &register.source
                && let Err(error) = source.mapping.columns.check(&file.schema)
            {
                problems.push(format!("register {name}: {error}"));
            }
        }
        Some(Err(error)) => problems.push(format!("register {name}: schema: {error}")),
        None => {}
    }
    if let Some(source) = register.source.as_ref().filter(|source| matches!(source.origin, Origin::File(..)))
        && let Err(error) = Opened::of(source, register.id_field.as_deref().unwrap_or(ID_FIELD))
    {
        problems.push(format!("register {name}: source: {error}"));
    }
    problems
}

/// Secrets of hooks that cannot be read.
fn secrets(config: &Config) -> Vec<String> {
    let unread = |hook: &crate::config::Hook| match &hook.target {
        Target::Url { secret: Some(secret), .. } => {
            let problem = crate::hooks::signer(secret).err()?;
            Some(format!("hook `{}`: {problem}", hook.name))
        }
        _ => None,
    };
    config.hooks.iter().filter_map(unread).collect()
}

/// What the file says, and what comes next.
fn summary(console: &mut Console, file: &Path, config: &Config) {
    let registers = match config.registers.len() {
        0 => "no register".to_owned(),
        1 => config.names(),
        some => format!("{some} registers ({})", config.names()),
    };
    let database = config.database.as_ref().map_or_else(|| "no database".to_owned(), |db| format!("database {db}"));
    let hooks = if config.hooks.is_empty() { String::new() } else { format!(", {} hooks", config.hooks.len()) };
    console.report(format!("{}: {database}, {registers}{hooks}: nothing is wrong", file.display()));
    if config.registers.iter().any(|register| register.schedule.is_some() && register.register.key().is_some()) {
        console.say(
            "nightly-sync run --dry-run shows what a run would do; nightly-sync schedule enrols what is scheduled",
        );
    } else {
        console.say("nightly-sync run --dry-run shows what a run would do");
    }
}
