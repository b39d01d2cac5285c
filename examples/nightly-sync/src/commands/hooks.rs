//! `hooks`: who is told, and what waits to be sent.

use chrono::SecondsFormat;
use clap::Args;
use serde_json::json;

use crate::args::Target;
use crate::config::{Event, Hook, Target as To};
use crate::context::{Answer, Context, FAILED, SUCCEEDED, now};
use crate::hooks::{HookError, Message, Outbox, send};
use crate::store::Place;
use crate::term::{bold, lines, table};

/// What to list, or to send.
#[derive(Debug, Clone, Args)]
pub struct HooksArgs {
    /// Which database.
    #[command(flatten)]
    pub target: Target,
    /// Sends now what waits to be sent
    #[arg(long)]
    pub send: bool,
    /// Sends each hook a message that is only a test
    #[arg(long, conflicts_with = "send")]
    pub test: bool,
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &HooksArgs) -> Answer {
    if cx.config.hooks.is_empty() {
        cx.console.say("no hook is stated; add [[hook]] to club.toml, with `command` or `url`");
    }
    if args.test {
        return Ok(tested(cx));
    }
    let db = cx.db(&args.target)?;
    if !db.is_there() {
        cx.console.say(format!("{db} is not there yet, so nothing waits to be sent"));
        return Ok(SUCCEEDED);
    }
    let unheard = if args.send { sent(cx, &db)? } else { Vec::new() };
    for problem in &unheard {
        cx.console.warn(problem);
    }
    let pending = match Outbox::open_to_read(&db, &cx.config.hooks)? {
        Some(outbox) => outbox.pending()?,
        None => Vec::new(),
    };
    list(cx, &pending);
    Ok(if unheard.is_empty() { SUCCEEDED } else { FAILED })
}

/// Sends what waits, and answers with what was not heard.
fn sent(cx: &Context<'_>, db: &Place) -> Result<Vec<String>, HookError> {
    let outbox = Outbox::open(db, &cx.config.hooks)?;
    outbox.hurry(now())?;
    outbox.deliver(now)
}

fn list(cx: &mut Context<'_>, pending: &[Message]) {
    let console = &mut *cx.console;
    if console.json {
        pending.iter().for_each(|message| console.print(json!(message)));
        return;
    }
    let mut rows = table();
    for Hook { name, on, target } in &cx.config.hooks {
        let kind = match target {
            To::Command(_) => "command",
            To::Url { secret: Some(_), .. } => "url, signed",
            To::Url { secret: None, .. } => "url, not signed",
        };
        rows.add_row([
            name.clone(),
            kind.to_owned(),
            on.iter().map(|event| event.name()).collect::<Vec<_>>().join(", "),
        ]);
    }
    if !rows.is_empty() {
        console.print(lines(&rows));
    }
    for message in pending {
        let next = message.next.to_rfc3339_opts(SecondsFormat::Secs, true);
        let why = message.problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default();
        let (tries, left) = (message.tries, message.left.join(", "));
        console.print(format!("{}  to {left}, after {tries} tries{why}; next at {next}", bold(&message.id)));
    }
    console.say(format!("{} wait to be sent", pending.len()));
    if !pending.is_empty() {
        console.say("nightly-sync hooks --send sends them now");
    }
}

/// Whether every hook takes a message.
fn tested(cx: &mut Context<'_>) -> u8 {
    let at = now();
    let mut status = SUCCEEDED;
    for hook in &cx.config.hooks {
        let event = hook.on.first().copied().unwrap_or(Event::Recovered);
        let message = Message {
            id: format!("test_{}", at.timestamp_micros()),
            at,
            event,
            register: "test".to_owned(),
            text: "test: a message of nightly-sync hooks --test; nothing has happened".to_owned(),
            left: Vec::new(),
            tries: 1,
            next: at,
            problem: None,
        };
        let sent = send(&hook.target, &message, at);
        if cx.console.json {
            cx.console.print(json!({"hook": hook.name, "problem": sent.as_ref().err()}));
        }
        match sent {
            Ok(()) => cx.console.report(format!("{}: took it", hook.name)),
            Err(problem) => {
                cx.console.warn(format!("{}: {problem}", hook.name));
                status = FAILED;
            }
        }
    }
    status
}
