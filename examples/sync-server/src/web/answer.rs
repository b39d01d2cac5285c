//! Answers: to a conflict, and to who is who.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use nightly_sync::desk::{Claim, Desk, DeskError};
use nightly_sync::store::Access;
use tripartite::decide::{Answer, DecideError};
use tripartite::id::{ExternalId, LocalId, RunId};
use tripartite::schema::{Kind, Schema};

use super::ask::{conflict, field_of, is_same, waiting};
use super::auth::Signed;
use super::person::Fields;
use super::say::{Say, key, link};
use super::session::{Flash, Undo};
use super::text::T;
use super::wrong::Wrong;
use super::{Web, card, editor, reason};
use crate::users::Role;

/// Where somebody goes on: to where they were, and never to another server or page.
fn back(fields: &Fields) -> Response {
    let to = fields.get("back");
    let is_ours = to == "/questions" || to.starts_with("/questions?");
    let is_plain = to.bytes().all(|byte| byte.is_ascii_graphic());
    Redirect::to(if is_ours && is_plain { to } else { "/questions" }).into_response()
}

/// Takes an answer to a conflict.
pub(super) async fn answer(State(web): State<Arc<Web>>, Signed { person, fields }: Signed) -> Response {
    web.work(person, move |web, person| {
        let register = person.register(fields.get("reg"), Role::Answer)?;
        let desk = Desk::open(&web.host.db, &register, Access::Write)?;
        let id = ExternalId::new(fields.get("id")).map_err(|_| Wrong::BadRequest)?;
        let unit = field_of(desk.schema(), fields.get("unit")).ok_or(Wrong::BadRequest)?;
        let Some(open) = conflict(web, person, &register, id.as_str(), &unit)? else {
            web.tell(person, Flash::bad(person.say.t(T::Gone).to_owned()));
            return Ok(back(&fields));
        };
        let answers = match fields.get("say") {
            "local" => Ok(vec![(unit.clone(), Answer::TakeLocal)]),
            "remote" => Ok(vec![(unit.clone(), Answer::TakeRemote)]),
            "value" => editor::read(desk.schema(), &unit, &open.local, &fields).map(|own| vec![(unit.clone(), own)]),
            "places" => Ok(card::read_places(&unit, &fields).ok_or(Wrong::BadRequest)?),
            _ => return Err(Wrong::BadRequest),
        };
        if answers.as_ref().is_ok_and(Vec::is_empty) {
            web.tell(person, Flash::bad(person.say.t(T::PlacesNone).to_owned()));
            return Ok(back(&fields));
        }
        let asked = fields.get("print");
        let decided = answers.and_then(|answers| {
            let (policy, by) = (desk.policy(), &person.user.name);
            let answers: Vec<_> = answers.iter().map(|(name, answer)| (&**name, answer.clone())).collect();
            desk.decide_places(&id, &answers, by, |now| is_same(web, policy, now, &unit, asked))
        });
        match decided {
            Ok(run) => {
                let undo = overwritten(&desk, &run)?.map(|undo| (register, undo));
                let who = if open.name.is_empty() { open.id } else { open.name };
                let field = person.say.field(&unit);
                let text = person.say.f(T::Answered, &[("field", &field), ("who", &who)]);
                web.tell(person, Flash { text, bad: false, undo });
                Ok(back(&fields))
            }
            Err(DeskError::Moved { .. } | DeskError::Busy { .. }) => {
                web.tell(person, Flash::bad(person.say.t(T::Moved).to_owned()));
                let asked = [("reg", &*key(&register)), ("id", id.as_str()), ("unit", &*unit)];
                Ok(Redirect::to(&link("/question", &asked)).into_response())
            }
            Err(error @ DeskError::Store { .. }) => Err(error.into()),
            Err(error) => {
                let problem = problem(person.say, desk.schema(), &error);
                Ok(card::alone(person, StatusCode::UNPROCESSABLE_ENTITY, Some(&open), Some((&fields, &problem))))
            }
        }
    })
    .await
}

/// What is wrong with an answer.
pub(super) fn problem(say: Say, schema: &Schema, error: &DeskError) -> String {
    let DeskError::Refused { refusal: DecideError::Invalid { field, .. }, .. } = error else {
        return say.f(T::Refused, &[("problem", &reason::refusal(say, error).0)]);
    };
    let kind = schema.position(field).map(|at| schema.fields()[at].kind());
    let kind = match kind {
        Some(Kind::Text | Kind::Code) => T::KindText,
        Some(Kind::Name) => T::KindName,
        Some(Kind::Email) => T::KindEmail,
        Some(Kind::Phone { .. }) => T::KindPhone,
        Some(Kind::Date { .. } | Kind::Timestamp(_)) => T::KindDate,
        Some(Kind::Integer | Kind::Decimal(_)) => T::KindNumber,
        Some(Kind::Boolean(_)) => T::KindBoolean,
        _ => T::KindOther,
    };
    say.f(T::Invalid, &[("field", &say.field(field)), ("kind", say.t(kind))])
}

/// How what a decision overwrote is brought back, if there is anything.
fn overwritten(desk: &Desk, run: &RunId) -> Result<Option<Undo>, Wrong> {
    let found = desk.overwritten_by(run)?;
    Ok(match &found[..] {
        [] => None,
        [one] => Some(Undo::Entry(one.seq)),
        _ => Some(Undo::Run(run.to_string())),
    })
}

/// Takes an answer to who is who.
pub(super) async fn who(State(web): State<Arc<Web>>, Signed { person, fields }: Signed) -> Response {
    web.work(person, move |web, person| {
        let register = person.register(fields.get("reg"), Role::Answer)?;
        let desk = Desk::open(&web.host.db, &register, Access::Write)?;
        let id = ExternalId::new(fields.get("id")).map_err(|_| Wrong::BadRequest)?;
        let local = LocalId::new(fields.get("local")).map_err(|_| Wrong::BadRequest)?;
        if !is_asked(&desk, &id, &local)? {
            web.tell(person, Flash::bad(person.say.t(T::Gone).to_owned()));
            return Ok(back(&fields));
        }
        let claim = Claim { id, local, double: None, by: person.user.name.clone() };
        let (answered, text) = match fields.get("say") {
            "same" => (desk.link(&claim).map(drop), T::Linked),
            "another" => (desk.unlike(&claim).map(drop), T::Unlinked),
            _ => return Err(Wrong::BadRequest),
        };
        let told = match answered {
            Ok(()) => Flash::good(person.say.f(text, &[("local", claim.local.as_str()), ("id", claim.id.as_str())])),
            Err(error @ DeskError::Store { .. }) => return Err(error.into()),
            Err(error) => Flash::bad(problem(person.say, desk.schema(), &error)),
        };
        web.tell(person, told);
        Ok(back(&fields))
    })
    .await
}

/// Whether the last run asks about the two, and nobody has answered.
fn is_asked(desk: &Desk, id: &ExternalId, local: &LocalId) -> Result<bool, Wrong> {
    let Some(report) = desk.last_report()? else { return Ok(false) };
    let about = report.set_aside.iter().position(|aside| aside.id.as_ref() == Some(id));
    let Some(number) = about else { return Ok(false) };
    let found = waiting(desk, &report, number, 1, false)?;
    let asked = found.iter().filter(|(at, _)| *at == number).flat_map(|(_, who)| &who.candidates);
    Ok(asked.map(|candidate| &candidate.local).any(|known| known == local))
}
