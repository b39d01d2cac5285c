//! A plan that a guard stopped: carried out, or dropped.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use nightly_sync::desk::Desk;
use nightly_sync::kept::{self, HeldError};
use nightly_sync::store::{Access, Register};
use nightly_sync::work::{self, Approval, Registers};
use tripartite::drive::block_on;
use tripartite::id::SyncKey;
use tripartite::plan::PlanId;
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
        let (say, plan) = (fields.get("say"), fields.get("plan"));
        let held = match register.key() {
            Some(key) => block_on(web.host.queue.slot(key))?.and_then(|slot| Some((key.clone(), slot.held?))),
            None => None,
        };
        let told = match (held, say) {
            (_, "apply" | "drop") if plan.is_empty() => return Err(Wrong::BadRequest),
            (Some((_, held)), "apply" | "drop") if held.plan != plan => {
                Flash::bad(person.say.t(T::PlanMoved).to_owned())
            }
            (Some((key, held)), "apply") => apply(web, person, &key, &held)?,
            (Some((key, _)), "drop") => dropped(web, person, &key)?,
            (None, "apply" | "drop") => by_hand(web, person, &register, plan, say == "apply")?,
            _ => return Err(Wrong::BadRequest),
        };
        web.tell(person, told);
        Ok(Redirect::to("/questions").into_response())
    })
    .await
}

/// Carries out, or drops, the plan that a run by hand was stopped with.
fn by_hand(web: &Web, person: &Person, register: &Register, plan: &str, applies: bool) -> Result<Flash, Wrong> {
    let desk = Desk::open(&web.host.db, register, Access::Write)?;
    let is_held = match desk.last_report()? {
        Some(last) => kept::is_held(desk.store(), &last)? && plan.parse() == Ok(last.plan_id),
        None => false,
    };
    let Some(plan) = plan.parse::<PlanId>().ok().filter(|_| is_held) else {
        return Ok(Flash::bad(person.say.t(T::Gone).to_owned()));
    };
    if !applies {
        kept::drop_held(desk.store())?;
        web.host.log.say(format_args!("{register} kept plan {plan} dropped by {}", person.user.name));
        return Ok(Flash::good(person.say.t(T::Dropped).to_owned()));
    }
    match kept::pass(&web.host.db, register, plan, (web.host.now)()) {
        Ok(_) => {
            web.host.log.say(format_args!("{register} plan {plan} applied by {}", person.user.name));
            Ok(Flash::good(person.say.t(T::Passed).to_owned()))
        }
        Err(HeldError::Gone) => Ok(Flash::bad(person.say.t(T::Gone).to_owned())),
        Err(error) => Err(error.into()),
    }
}

/// Carries out exactly the plan that is held, and has a worker settle the job.
fn apply(web: &Web, person: &Person, key: &SyncKey, held: &Held) -> Result<Flash, Wrong> {
    let registers = Registers { db: &web.host.db, queue: &web.host.queue, bell: &web.host.bell, now: web.host.now };
    let passed = work::pass(&registers, key, held)?;
    web.host.log.say(format_args!("{} plan {} applied by {}", key, held.plan, person.user.name));
    let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: true };
    let _ = block_on(web.host.queue.apply(key, None, trigger, (web.host.now)()))?;
    web.host.bell.ring();
    Ok(match passed.approval {
        Approval::Given | Approval::OfTheRest => Flash::good(person.say.t(T::Passed).to_owned()),
        Approval::Unused => Flash::good(person.say.t(T::PassedFree).to_owned()),
        Approval::Exceeded | Approval::Other => Flash::bad(person.say.t(T::PlanMoved).to_owned()),
    })
}

fn dropped(web: &Web, person: &Person, key: &SyncKey) -> Result<Flash, Wrong> {
    let applied = block_on(web.host.queue.apply(key, None, Command::Cancel, (web.host.now)()))?;
    web.host.log.say(format_args!("{key} held plan dropped by {}", person.user.name));
    Ok(match applied.outcome {
        Outcome::Refused(_) => Flash::bad(person.say.t(T::RefusedCommand).to_owned()),
        _ => Flash::good(person.say.t(T::Dropped).to_owned()),
    })
}
