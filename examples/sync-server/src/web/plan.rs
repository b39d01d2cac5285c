//! A plan that a guard stopped: carried out, or dropped.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use nightly_sync::work::{self, Approval, Registers};
use tripartite::drive::block_on;
use tripartite::id::SyncKey;
use tripartite::queue::{Command, Held, Outcome, Scope, Trigger};

use super::Web;
use super::auth::Signed;
use super::person::Person;
use super::session::Flash;
use super::text::T;
use super::wrong::Wrong;
use crate::users::Role;

pub(super) async fn plan(State(web): State<Arc<Web>>, Signed { person, fields }: Signed) -> Response {
    web.work(person, move |web, person| {
        let register = person.register(fields.get("reg"), Role::Operate)?;
        let key = register.key().ok_or(Wrong::NotFound)?.clone();
        let held = block_on(web.queue.slot(&key))?.and_then(|slot| slot.held);
        let Some(held) = held else {
            web.tell(person, Flash::bad(person.say.t(T::Gone).to_owned()));
            return Ok(Redirect::to("/questions").into_response());
        };
        let told = match fields.get("say") {
            _ if held.plan != fields.get("plan") => Flash::bad(person.say.t(T::PlanMoved).to_owned()),
            "apply" => apply(web, person, &key, &held)?,
            "drop" => dropped(web, person, &key)?,
            _ => return Err(Wrong::BadRequest),
        };
        web.tell(person, told);
        Ok(Redirect::to("/questions").into_response())
    })
    .await
}

/// Carries out exactly the plan that is held, and has a worker settle the job.
fn apply(web: &Web, person: &Person, key: &SyncKey, held: &Held) -> Result<Flash, Wrong> {
    let registers = Registers { db: &web.db, queue: &web.queue, bell: &web.bell, now: web.now };
    let passed = work::pass(&registers, key, held)?;
    web.log.say(format_args!("{} plan {} applied by {}", key, held.plan, person.user.name));
    let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: true };
    let _ = block_on(web.queue.apply(key, None, trigger, (web.now)()))?;
    web.bell.ring();
    Ok(match passed.approval {
        Approval::Given | Approval::OfTheRest => Flash::good(person.say.t(T::Passed).to_owned()),
        Approval::Unused => Flash::good(person.say.t(T::PassedFree).to_owned()),
        Approval::Exceeded | Approval::Other => Flash::bad(person.say.t(T::PlanMoved).to_owned()),
    })
}

fn dropped(web: &Web, person: &Person, key: &SyncKey) -> Result<Flash, Wrong> {
    let applied = block_on(web.queue.apply(key, None, Command::Cancel, (web.now)()))?;
    web.log.say(format_args!("{key} held plan dropped by {}", person.user.name));
    Ok(match applied.outcome {
        Outcome::Refused(_) => Flash::bad(person.say.t(T::RefusedCommand).to_owned()),
        _ => Flash::good(person.say.t(T::Dropped).to_owned()),
    })
}
