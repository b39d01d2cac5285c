//! How a message reaches somebody: by a program, or over HTTP.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;
use tripartite::webhook::MessageId;
use tripartite_sources::http::Secret;
use ureq::Agent;

use super::sign::signer;
use super::told::Message;
use crate::config::Target;
use crate::work::Bell;

/// For so long a program may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// For so long a receiver may take.
const ANSWER: Duration = Duration::from_secs(15);

/// How often a program is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Sends a message.
///
/// # Errors
/// Why it was not heard.
pub fn send(target: &Target, message: &Message, now: DateTime<Utc>) -> Result<(), String> {
    match target {
        Target::Command(words) => command(words, message),
        Target::Url { url, secret } => post(url, secret.as_ref(), message, now),
    }
}

/// What a receiver gets: the form that Standard Webhooks proposes, and the text beside it for chats.
fn body(message: &Message) -> String {
    let Message { id, at, event, register, text, .. } = message;
    let kind = format!("nightly_sync.{}", event.name());
    let data = json!({"id": id, "event": event, "register": register, "text": text});
    json!({"type": kind, "timestamp": at, "text": text, "data": data}).to_string()
}

fn command(words: &[String], message: &Message) -> Result<(), String> {
    let Some((program, args)) = words.split_first() else { return Err("there is no command".to_owned()) };
    let failed = |error: std::io::Error| format!("{program}: {error}");
    let mut child = Command::new(program)
        .args(args)
        .env("NIGHTLY_SYNC_MESSAGE", &message.id)
        .env("NIGHTLY_SYNC_EVENT", message.event.name())
        .env("NIGHTLY_SYNC_REGISTER", &message.register)
        .env("NIGHTLY_SYNC_JSON", body(message))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read it has its reasons. A text fits into the pipe.
        let _ = writeln!(stdin, "{}", message.text);
    }
    match ended(&mut child).map_err(failed)? {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("{program}: {status}")),
        None => Err(format!("{program}: it was stopped after {} s", PATIENCE.as_secs())),
    }
}

/// Waits for a program, and stops one that takes too long.
fn ended(child: &mut Child) -> std::io::Result<Option<std::process::ExitStatus>> {
    let (clock, mut waited) = (Bell::default(), Duration::ZERO);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if waited >= PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        clock.pause(LOOK);
        waited += LOOK;
    }
}

fn post(url: &str, secret: Option<&Secret>, message: &Message, now: DateTime<Utc>) -> Result<(), String> {
    let body = body(message);
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(ANSWER))
        .user_agent(concat!("nightly-sync/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent();
    let mut request = agent.post(url).header("content-type", "application/json");
    if let Some(secret) = secret {
        let id = MessageId::new(message.id.as_str()).map_err(|error| error.to_string())?;
        for (name, value) in signer(secret)?.sign(&id, now, body.as_bytes()) {
            request = request.header(name, value);
        }
    }
    // The address may have a key in it, and is not told.
    let sent = request.send(&body).map_err(|error| match error {
        ureq::Error::Timeout(_) => format!("no answer within {} s", ANSWER.as_secs()),
        ureq::Error::HostNotFound => "there is no such host".to_owned(),
        _ => "the connection failed".to_owned(),
    })?;
    match sent.status().as_u16() {
        200..=299 => Ok(()),
        status => Err(format!("it answers {status}")),
    }
}
