//! How the jobs stand, and what an operator may tell them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use nightly_sync::store::Register;
use nightly_sync::work as jobs;
use tripartite::drive::block_on;
use tripartite::history::{Doing, KeyStatus};
use tripartite::id::SyncKey;
use tripartite::queue::{Command, Ended, Outcome, Scope, Slot, Trigger};
use tripartite::registry::Connection;
use tripartite::work::WorkError;

use super::Web;
use super::ask::registers;
use super::auth::Signed;
use super::layout::{At, page, token};
use super::person::Person;
use super::say::{Say, foreign, key, link, named, time, told};
use super::session::Flash;
use super::text::T;
use super::wrong::Wrong;
use crate::users::Role;

/// What an operator may do: what a form calls it, what people do, and what it will do.
const COMMANDS: [(&str, T, T); 6] = [
    ("trigger", T::DoTrigger, T::WillTrigger),
    ("pause", T::DoPause, T::WillPause),
    ("resume", T::DoResume, T::WillResume),
    ("cancel", T::DoCancel, T::WillCancel),
    ("redrive", T::DoRedrive, T::WillRedrive),
    ("reset", T::DoReset, T::WillReset),
];

/// How a job stands.
pub(super) struct Standing {
    pub(super) key: SyncKey,
    /// None: it cannot be read.
    pub(super) status: Option<KeyStatus>,
    connection: Option<Connection>,
}

/// The jobs that somebody may see.
pub(super) fn standing(web: &Web, person: &Person) -> Result<Vec<Standing>, Wrong> {
    let mut all = Vec::new();
    for key in jobs::known(&web.host.queue)? {
        if person.user.role(&Register::of(&key)).is_none() {
            continue;
        }
        let status = match block_on(web.host.queue.status(&key)) {
            Ok(status) => Some(status.unwrap_or_else(|| KeyStatus::of(&Slot::new((web.host.now)()), None, None))),
            Err(WorkError::Broken { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let known = block_on(web.host.queue.connection(&key.connector)).ok().flatten();
        let connection = known.map(|known| known.connection().clone());
        all.push(Standing { key, status, connection });
    }
    Ok(all)
}

pub(super) async fn list(State(web): State<Arc<Web>>, person: Person) -> Response {
    web.work(person, |web, person| {
        let standing = standing(web, person)?;
        let mut rest = registers(web, person)?;
        rest.retain(|register| !standing.iter().any(|job| register.key() == Some(&job.key)));
        web.told(person);
        let (say, now) = (person.say, (web.host.now)());
        let body = html! {
            h1 { (say.t(T::Status)) }
            div #jobs data-live="/live" {
                @for job in &standing { (card(person, job, now)) }
            }
            @for register in &rest {
                section.card.compact aria-label=(say.register(register)) {
                    h2 { (say.register(register)) }
                    p { (say.t(T::NotEnrolled)) }
                    (history(say, register))
                }
            }
        };
        Ok(page(person, Some(At::Jobs), T::Status, StatusCode::OK, &body))
    })
    .await
}

fn history(say: Say, register: &Register) -> Markup {
    let named = named(register);
    html! { p { a href=(link("/runs", &[("reg", &named)])) { (say.t(T::History)) } } }
}

fn card(person: &Person, job: &Standing, now: DateTime<Utc>) -> Markup {
    let say = person.say;
    let register = Register::of(&job.key);
    let named = register.to_string();
    html! {
        section.card aria-label=(named) {
            h2 { (named) }
            dl.facts {
                dt { (say.t(T::Job)) }
                dd {
                    span data-key=(named) { (doing(say, job.status.as_ref(), now)) }
                    @if job.status.as_ref().is_some_and(|status| status.paused) {
                        " " span.tag.fair { (say.t(T::Paused)) }
                    }
                    @if let Some(progress) = progress(job.status.as_ref()) { (progress) }
                }
                @if let Some(connection) = &job.connection {
                    dt { (say.t(T::Schedule)) }
                    dd lang=[foreign(say.lang)] { (schedule(connection)) }
                }
                @if let Some(status) = &job.status { (facts(say, status)) }
            }
            (history(say, &register))
            @if person.user.may(Role::Operate, &register) { (commands(person, &register)) }
        }
    }
}

fn facts(say: Say, status: &KeyStatus) -> Markup {
    html! {
        dt { (say.t(T::Health)) }
        dd {
            @match status.health.as_ref().filter(|health| health.failures > 0) {
                None => (say.t(T::Healthy)),
                Some(health) => {
                    (say.f(T::Failures, &[("count", &health.failures.to_string())]))
                    @if let Some(at) = health.next_probe { ", " (say.f(T::NextProbe, &[("at", &told(at))])) }
                }
            }
        }
        @if let Some(at) = status.last_at {
            dt { (say.t(T::LastEnded)) }
            dd { (time(at)) @if let Some(last) = &status.last { " " (ended(say, last)) } }
        }
        @if let Some(held) = &status.held {
            dt { (say.t(T::KindBlocked)) }
            dd { a href="/questions?kind=plan" { (say.f(T::Plan, &[("plan", &held.plan)])) } }
        }
    }
}

/// A schedule in the words in which it was stated.
fn schedule(connection: &Connection) -> String {
    let stated = serde_json::to_value(&connection.schedule).unwrap_or_default();
    let mut words = Vec::new();
    collect(&stated, &mut words);
    words.join(" ")
}

fn collect(value: &serde_json::Value, words: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            words.push(name.replace('_', " "));
            collect(value, words);
        }),
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        serde_json::Value::String(text) => words.push(text.clone()),
        serde_json::Value::Null => {}
        other => words.push(other.to_string()),
    }
}

fn ended(say: Say, ended: &Ended) -> Markup {
    let (text, class) = match ended {
        Ended::Completed { .. } => (T::Succeeded, "good"),
        Ended::CompletedInPart { .. } => (T::Partial, "fair"),
        Ended::Blocked { .. } => (T::Blocked, "alarm"),
        Ended::Failed { .. } | Ended::Died(_) | Ended::Expired { .. } => (T::Failed, "alarm"),
        _ => (T::Stopping, "fair"),
    };
    html! { span class=(format!("tag {class}")) { (say.t(text)) } }
}

/// What a job does, in a line. What a failure says may name files of this machine, so only its kind is told.
pub(super) fn doing(say: Say, status: Option<&KeyStatus>, now: DateTime<Utc>) -> String {
    let Some(status) = status else { return say.t(T::Unreadable).to_owned() };
    match &status.doing {
        Doing::Pending { due_at } if *due_at > now => say.f(T::WaitsUntil, &[("at", &told(*due_at))]),
        Doing::Pending { due_at } => say.f(T::WaitsSince, &[("at", &told(*due_at))]),
        Doing::Running { started_at, progress, stopping, .. } => {
            let text = say.f(T::RunsBy, &[("at", &told(*started_at)), ("done", &progress.done.to_string())]);
            if *stopping { format!("{text}, {}", say.t(T::Stopping)) } else { text }
        }
        Doing::Dead { at, .. } => say.f(T::Dead, &[("at", &told(*at)), ("why", say.t(T::Failed))]),
        _ => say.t(T::Idle).to_owned(),
    }
}

fn progress(status: Option<&KeyStatus>) -> Option<Markup> {
    let Doing::Running { progress, .. } = &status?.doing else { return None };
    Some(match progress.of {
        Some(of) => html! { progress aria-hidden="true" max=(of) value=(progress.done) {} },
        None => html! { progress aria-hidden="true" {} },
    })
}

fn commands(person: &Person, register: &Register) -> Markup {
    let say = person.say;
    html! {
        form.commands method="post" action="/jobs" {
            (token(person))
            input type="hidden" name="reg" value=(key(register));
            @for (name, does, will) in COMMANDS {
                @let id = format!("{name}-{}", key(register).replace('/', "-"));
                div {
                    button type="submit" name="do" value=(name) aria-describedby=(id) { (say.t(does)) }
                    span.faint id=(id) { (say.t(will)) }
                }
            }
        }
    }
}

/// Gives a command.
pub(super) async fn command(State(web): State<Arc<Web>>, Signed { person, fields }: Signed) -> Response {
    web.work(person, move |web, person| {
        let register = person.register(fields.get("reg"), Role::Operate)?;
        let key = register.key().ok_or(Wrong::NotFound)?.clone();
        if !jobs::known(&web.host.queue)?.contains(&key) {
            return Err(Wrong::NotFound);
        }
        let named = COMMANDS.iter().find(|(name, ..)| *name == fields.get("do")).ok_or(Wrong::BadRequest)?;
        let now = (web.host.now)();
        let applied = match named.0 {
            "trigger" => {
                let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: true };
                Some(trigger)
            }
            "pause" => Some(Command::Pause),
            "resume" => Some(Command::Resume),
            "cancel" => Some(Command::Cancel),
            "redrive" => Some(Command::Redrive),
            _ => None,
        };
        let refused = match applied {
            Some(command) => {
                matches!(block_on(web.host.queue.apply(&key, None, command, now))?.outcome, Outcome::Refused(_))
            }
            None => {
                // In this order: a record that cannot be read keeps the others' times, and not the health, as they are.
                block_on(web.host.queue.reset_health(&key, now))?;
                block_on(web.host.queue.repair_clock_skew(&key, now))?;
                block_on(web.host.queue.repair_all_clock_skew(&key.connector, now))?;
                false
            }
        };
        web.host.bell.ring();
        web.host.log.say(format_args!("{key} {} by {}", named.0, person.user.name));
        web.tell(
            person,
            match refused {
                true => Flash::bad(person.say.t(T::RefusedCommand).to_owned()),
                false => Flash::good(person.say.f(T::Done, &[("what", person.say.t(named.1))])),
            },
        );
        Ok(Redirect::to("/jobs").into_response())
    })
    .await
}
