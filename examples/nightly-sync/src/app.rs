//! The program: from its arguments to the status that it ends with.

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue};

use crate::cli::{self, Cli, Command, Everywhere};
use crate::commands::{
    approve, audit, check, completions, conflicts, decide, history, hooks, init, job, link, man, matches, migrate,
    plan, prune_audit, quarantine, report, restore, run, schedule, schema, status, trigger, work,
};
use crate::config::Config;
use crate::context::{Answer, Context, Listen, UsageError};
pub use crate::context::{BLOCKED, FAILED, PARTIAL, SUCCEEDED, USAGE, now};
use crate::report::json;
use crate::term::{Console, Level};
use crate::{demo, signals, telemetry};

/// Does what a command line says, without the program's name, and answers with the exit status. A process that does this
/// alone is a [`program`].
pub fn execute(args: impl IntoIterator<Item = OsString>) -> u8 {
    carry_out(args, |_| Ok(()))
}

/// As [`execute`], for a process that does nothing else: work ends in order on SIGTERM and ctrl-c, and at once on a
/// second one.
pub fn program(args: impl IntoIterator<Item = OsString>) -> u8 {
    carry_out(args, signals::set)
}

fn carry_out(args: impl IntoIterator<Item = OsString>, listen: Listen) -> u8 {
    let mut console = Console::std();
    let status = match cli::parse(args) {
        Ok(cli) => obey(&mut console, cli, listen),
        Err(error) => told(&mut console, &error),
    };
    match console.finish() {
        Ok(()) => status,
        Err(error) => {
            console.warn(format!("nightly-sync: the result cannot be printed: {error}"));
            if status == SUCCEEDED { FAILED } else { status }
        }
    }
}

/// Prints the help that was asked for, or what is wrong with the command line.
fn told(console: &mut Console, error: &clap::Error) -> u8 {
    let text = error.render();
    let text = text.ansi().to_string();
    if error.use_stderr() {
        console.warn(text.trim_end());
        // What most programs call it.
        if error.get(ContextKind::InvalidArg) == Some(&ContextValue::String("--quiet".to_owned())) {
            console.warn("To hear nothing but errors, say -q.");
        }
        return USAGE;
    }
    console.print(text.trim_end());
    SUCCEEDED
}

fn obey(console: &mut Console, cli: Cli, listen: Listen) -> u8 {
    let Cli { everywhere: Everywhere { config, json, quiet, verbose }, command } = cli;
    telemetry::log(verbose);
    console.json = json;
    console.level = match (quiet, verbose) {
        (true, _) => Level::Quiet,
        (false, 0) => Level::Normal,
        (false, _) => Level::Verbose,
    };
    let Some(command) = command else {
        return demo::show(console).map_or_else(|error| failed(console, None, &error), |_| SUCCEEDED);
    };
    let answer = match command {
        // They are about a configuration, or about none.
        Command::Init(_) | Command::Check(_) | Command::Completions(_) | Command::Man(_) => {
            let config = Config { path: config, ..Config::default() };
            command_of(&mut Context { console, listen, config }, &command)
        }
        _ => configured(console, config.as_deref(), listen, &command),
    };
    answer.unwrap_or_else(|error| failed(console, Some(&command), &*error))
}

/// Does a command under the configuration.
fn configured(console: &mut Console, file: Option<&Path>, listen: Listen, command: &Command) -> Answer {
    let config = Config::find(file)?;
    if let Some(file) = &config.path {
        console.say(format!("configuration: {}", file.display()));
    }
    command_of(&mut Context { console, listen, config }, command)
}

/// Tells why a command could not be carried out.
fn failed(console: &mut Console, command: Option<&Command>, error: &(dyn std::error::Error + 'static)) -> u8 {
    if console.json {
        let is_run = matches!(command, Some(Command::Run(_) | Command::Plan(_) | Command::Approve(_)));
        console.print(if is_run { json::failure(&error.to_string()) } else { json::error(&error.to_string()) });
    }
    console.warn(format!("nightly-sync: {error}"));
    if error.is::<UsageError>() { USAGE } else { FAILED }
}

fn command_of(cx: &mut Context<'_>, command: &Command) -> Answer {
    match command {
        Command::Init(args) => init::execute(cx, args),
        Command::Check(args) => check::execute(cx, args),
        Command::Run(args) => run::execute(cx, args),
        Command::Plan(args) => plan::execute(cx, args),
        Command::Approve(args) => approve::execute(cx, args),
        Command::Conflicts(args) => conflicts::execute(cx, args),
        Command::Decide(args) => decide::execute(cx, args),
        Command::Restore(args) => restore::execute(cx, args),
        Command::Quarantine(args) => quarantine::execute(cx, args),
        Command::Matches(args) => matches::execute(cx, args),
        Command::Link(args) => link::execute(cx, args),
        Command::Unlike(args) => link::execute_unlike(cx, args),
        Command::Report(args) => report::execute(cx, args),
        Command::Audit(args) => audit::execute(cx, args),
        Command::PruneAudit(args) => prune_audit::execute(cx, args),
        Command::Schema(args) => schema::execute(cx, args),
        Command::Schedule(args) => schedule::execute(cx, args),
        Command::Trigger(args) => trigger::execute(cx, args),
        Command::Work(args) => work::execute(cx, args),
        Command::Status(args) => status::execute(cx, args),
        Command::History(args) => history::execute(cx, args),
        Command::Cancel(args) => job::execute(cx, args, job::What::Cancel),
        Command::Redrive(args) => job::execute(cx, args, job::What::Redrive),
        Command::Pause(args) => job::execute(cx, args, job::What::Pause),
        Command::Resume(args) => job::execute(cx, args, job::What::Resume),
        Command::Reset(args) => job::execute(cx, args, job::What::Reset),
        Command::Hooks(args) => hooks::execute(cx, args),
        Command::Migrate(args) => migrate::execute(cx, args),
        Command::Completions(args) => completions::execute(cx, args, &mut cli::definition()),
        Command::Man(args) => man::execute(cx, args, cli::definition()),
    }
}
