//! Answers, taken back: one at once, and those that were given together after a preview.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use nightly_sync::desk::{Desk, DeskError, Overwritten};
use nightly_sync::store::{Access, LOADED_AT_ONCE, Register};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tripartite::drive::block_on;
use tripartite::id::{ExternalId, RunId};
use tripartite::store::{LoadRequest, Loaded, RecordStore};

use super::Web;
use super::answer::problem;
use super::auth::Signed;
use super::layout::{At, page, token};
use super::person::Person;
use super::say::key;
use super::session::{Flash, hex};
use super::text::T;
use super::value::{Change, changes};
use super::wrong::Wrong;
use crate::users::Role;

/// So many of them are shown.
const SHOWN: usize = 20;

/// Which answers are meant.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    reg: String,
    run: String,
}

/// What of the answers under a run can be brought back now.
struct Effect {
    run: RunId,
    standing: Vec<Overwritten>,
    /// What has changed since.
    left: usize,
    /// What tells this effect from another.
    print: String,
}

fn effect(web: &Web, desk: &Desk, run: &str) -> Result<Effect, Wrong> {
    let run = RunId::new(run).map_err(|_| Wrong::BadRequest)?;
    let all = desk.overwritten_by(&run)?;
    let mut records: BTreeMap<ExternalId, Loaded> = BTreeMap::new();
    let mut ids: Vec<ExternalId> = all.iter().map(|it| it.id.clone()).collect();
    ids.dedup();
    for ids in ids.chunks(LOADED_AT_ONCE) {
        let found = desk.stored(block_on(desk.store().load(&LoadRequest::of(ids.to_vec()))))?.linked;
        records.extend(found.into_iter().map(|loaded| (loaded.id.clone(), loaded)));
    }
    let (count, mut print) = (all.len(), Sha256::new());
    print.update(web.state.secret.as_bytes());
    // Of places of one field each answer went on from the one before, so the last of them stands.
    let stands = |it: &Overwritten| {
        let field = &it.entries[0].field;
        let last = all.iter().rev().find(|other| other.id == it.id && other.entries[0].field == *field);
        last.is_some_and(|last| records.get(&it.id).is_some_and(|loaded| desk.stands(loaded, last)))
    };
    let standing: Vec<Overwritten> = all.iter().filter(|it| stands(it)).cloned().collect();
    standing.iter().for_each(|it| print.update(it.seq.to_be_bytes()));
    Ok(Effect { run, left: count - standing.len(), standing, print: hex(&print.finalize()[..16]) })
}

/// What taking back the answers under a run would do.
pub(super) async fn preview(State(web): State<Arc<Web>>, person: Person, Query(asked): Query<Asked>) -> Response {
    web.work(person, move |web, person| {
        let register = person.register(&asked.reg, Role::Answer)?;
        let desk = Desk::open(&web.host.db, &register, Access::Read)?;
        web.told(person);
        shown(web, person, &desk, &asked.run, StatusCode::OK)
    })
    .await
}

fn shown(web: &Web, person: &Person, desk: &Desk, run: &str, status: StatusCode) -> Result<Response, Wrong> {
    let effect = effect(web, desk, run)?;
    let say = person.say;
    let first = effect.standing.iter().take(SHOWN);
    let names =
        desk.store().snapshot(|now| first.map(|it| now.name(it.id.as_str())).collect::<Result<Vec<_>, _>>())??;
    let body = html! {
        h1 { (say.t(T::UndoMany)) }
        p.lead { (say.t(T::UndoManyLead)) }
        (previewed(person, desk.store().register(), &effect, &names))
        p { a href="/questions" { (say.t(T::Back)) } }
    };
    Ok(page(person, Some(At::Questions), T::UndoMany, status, &body))
}

fn previewed(person: &Person, register: &Register, effect: &Effect, names: &[String]) -> Markup {
    let say = person.say;
    if effect.standing.is_empty() {
        return html! { p.notice role="status" { (say.t(T::UndoNone)) } };
    }
    let count = effect.standing.len().to_string();
    let first = effect.standing.iter().zip(names).flat_map(|(it, name)| {
        let who = if name.is_empty() { it.id.as_str() } else { name };
        it.entries.iter().map(move |entry| Change { who, field: &entry.field, from: &entry.result, to: &entry.local })
    });
    html! {
        section.card aria-labelledby="will" {
            h2 id="will" { (say.f(T::UndoWill, &[("count", &count)])) }
            @if effect.left > 0 { p { (say.f(T::WillLeave, &[("count", &effect.left.to_string())])) } }
            p.faint { (say.t(T::WillFirst)) }
            (changes(say, first))
            form.buttons method="post" action="/undo" {
                (token(person))
                input type="hidden" name="reg" value=(key(register));
                input type="hidden" name="run" value=(effect.run);
                input type="hidden" name="print" value=(effect.print);
                button.primary type="submit" { (say.f(T::UndoDo, &[("count", &count)])) }
            }
        }
    }
}

/// Brings back what an answer, or those under a run, overwrote.
pub(super) async fn undo(State(web): State<Arc<Web>>, Signed { person, fields }: Signed) -> Response {
    web.work(person, move |web, person| {
        let register = person.register(fields.get("reg"), Role::Answer)?;
        let desk = Desk::open(&web.host.db, &register, Access::Write)?;
        let told = if fields.has("run") {
            let now = effect(web, &desk, fields.get("run"))?;
            if now.print != fields.get("print") {
                person.flash = Some(Flash::bad(person.say.t(T::ManyMoved).to_owned()));
                return shown(web, person, &desk, fields.get("run"), StatusCode::CONFLICT);
            }
            many(person, &desk, &now)?
        } else {
            let seq: i64 = fields.get("seq").parse().map_err(|_| Wrong::BadRequest)?;
            match desk.restore(seq, &person.user.name) {
                Ok(_) => Flash::good(person.say.t(T::Undone).to_owned()),
                Err(error @ DeskError::Store { .. }) => return Err(error.into()),
                Err(error) => Flash::bad(problem(person.say, desk.schema(), &error)),
            }
        };
        web.tell(person, told);
        Ok(Redirect::to("/questions").into_response())
    })
    .await
}

fn many(person: &Person, desk: &Desk, effect: &Effect) -> Result<Flash, Wrong> {
    let tally = desk.take_back(&effect.standing, &person.user.name)?;
    let (closed, left) = (tally.closed.to_string(), (tally.left.len() + effect.left).to_string());
    let told = person.say.f(T::UndoDid, &[("count", &closed), ("left", &left)]);
    Ok(if tally.left.is_empty() { Flash::good(told) } else { Flash::bad(told) })
}
