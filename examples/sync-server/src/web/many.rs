//! One answer to many conflicts: chosen by a filter, and shown before anything is written.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use nightly_sync::desk::Desk;
use nightly_sync::store::{Access, LOADED_AT_ONCE, Register};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tripartite::decide::{Answer, Decided, Filter, decide_many, explain};
use tripartite::detect::Clash;
use tripartite::drive::block_on;
use tripartite::id::ExternalId;
use tripartite::store::{LoadRequest, RecordStore};
use tripartite::value::Value;

use super::Web;
use super::ask::{field_of, registers};
use super::auth::Signed;
use super::layout::{At, page, token};
use super::person::{Fields, Person};
use super::say::named;
use super::session::{Flash, Undo, hex};
use super::text::T;
use super::value::{Change, changes};
use super::wrong::Wrong;
use crate::users::Role;

/// So many of them are shown.
const SHOWN: usize = 20;

const CLASHES: [(&str, Clash, T); 5] = [
    ("NoBase", Clash::NoBase, T::ClashNoBase),
    ("BothSet", Clash::BothSet, T::ClashBothSet),
    ("BothChanged", Clash::BothChanged, T::ClashBothChanged),
    ("LocalCleared", Clash::LocalCleared, T::ClashLocalCleared),
    ("RemoteCleared", Clash::RemoteCleared, T::ClashRemoteCleared),
];

/// What is meant, and the answer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    reg: String,
    field: String,
    clash: String,
    /// `local` or `remote`; nothing: nothing is shown yet.
    say: String,
}

/// What one answer would do.
#[derive(Default)]
struct Effect {
    count: usize,
    refused: usize,
    /// The first, with what stands here now and then.
    first: Vec<(String, String, Value, Value)>,
    ids: BTreeSet<ExternalId>,
    /// What tells this effect from another.
    print: String,
}

impl Asked {
    fn of(fields: &Fields) -> Self {
        let get = |name| fields.get(name).to_owned();
        Self { reg: get("reg"), field: get("field"), clash: get("clash"), say: get("say") }
    }

    fn register(&self, person: &Person, all: &[Register]) -> Result<Option<Register>, Wrong> {
        let may = |register: &&Register| person.user.may(Role::Answer, register);
        match &*self.reg {
            "" => Ok(all.iter().find(may).cloned()),
            "-" => person.register("", Role::Answer).map(Some),
            named => person.register(named, Role::Answer).map(Some),
        }
    }

    fn filter(&self, desk: &Desk) -> Result<Filter, Wrong> {
        let field = match &*self.field {
            "" => None,
            field => Some(field_of(desk.schema(), field).ok_or(Wrong::BadRequest)?),
        };
        let clash = match &*self.clash {
            "" => None,
            name => Some(CLASHES.iter().find(|(known, ..)| *known == name).ok_or(Wrong::BadRequest)?.1),
        };
        Ok(Filter::default().field(field).clash(clash))
    }

    fn answer(&self) -> Result<Option<Answer>, Wrong> {
        match &*self.say {
            "" => Ok(None),
            "local" => Ok(Some(Answer::TakeLocal)),
            "remote" => Ok(Some(Answer::TakeRemote)),
            _ => Err(Wrong::BadRequest),
        }
    }
}

fn effect(desk: &Desk, person: &Person, filter: &Filter, answer: &Answer) -> Result<Effect, Wrong> {
    let (mut effect, mut prints) = (Effect::default(), Sha256::new());
    for ids in desk.stored(desk.store().disputed())?.chunks(LOADED_AT_ONCE) {
        let mut records = desk.stored(block_on(desk.store().load(&LoadRequest::of(ids.to_vec()))))?.linked;
        records.sort_by(|a, b| a.id.cmp(&b.id));
        let Decided { closed, refused, ops, .. } =
            decide_many(desk.policy(), &records, filter, answer, &person.user.name);
        effect.count += closed;
        effect.refused += refused.len();
        effect.ids.extend(ops.iter().map(|op| op.id.clone()));
        for loaded in records.iter().filter(|loaded| ops.iter().any(|op| op.id == loaded.id)) {
            for told in explain(desk.policy(), loaded) {
                if !filter.fits(desk.policy(), loaded, &told.conflict) {
                    continue;
                }
                prints.update(serde_json::to_vec(&(&told.id, &told.conflict, &told.now)).unwrap_or_default());
                if effect.first.len() < SHOWN {
                    let then = if *answer == Answer::TakeLocal { &told.now } else { &told.conflict.remote };
                    let row = (told.id.to_string(), told.conflict.unit.clone(), told.now.clone(), then.clone());
                    effect.first.push(row);
                }
            }
        }
    }
    effect.print = hex(&prints.finalize()[..16]);
    Ok(effect)
}

/// What an answer would do.
pub(super) async fn preview(State(web): State<Arc<Web>>, person: Person, Query(asked): Query<Asked>) -> Response {
    web.work(person, move |web, person| {
        let all = registers(web, person)?;
        let Some(register) = asked.register(person, &all)? else { return Err(Wrong::NotAllowed) };
        web.told(person);
        shown(web, person, &all, &register, &asked, StatusCode::OK)
    })
    .await
}

fn shown(
    web: &Web,
    person: &Person,
    all: &[Register],
    register: &Register,
    asked: &Asked,
    status: StatusCode,
) -> Result<Response, Wrong> {
    let desk = Desk::open(&web.host.db, register, Access::Read)?;
    let effect = match asked.answer()? {
        None => None,
        Some(answer) => Some(effect(&desk, person, &asked.filter(&desk)?, &answer)?),
    };
    let names = match &effect {
        None => Vec::new(),
        Some(effect) => desk
            .store()
            .snapshot(|now| effect.first.iter().map(|(id, ..)| now.name(id)).collect::<Result<Vec<_>, _>>())??,
    };
    let say = person.say;
    let body = html! {
        h1 { (say.t(T::Many)) }
        p.lead { (say.t(T::ManyLead)) }
        (choice(person, all, register, &desk, asked))
        @if let Some(effect) = &effect { (previewed(person, register, asked, effect, &names)) }
        p { a href="/questions" { (say.t(T::Back)) } }
    };
    Ok(page(person, Some(At::Questions), T::Many, status, &body))
}

fn choice(person: &Person, all: &[Register], register: &Register, desk: &Desk, asked: &Asked) -> Markup {
    let (say, schema) = (person.say, desk.schema());
    let units: Vec<&str> = schema.units().iter().map(|unit| schema.unit_name(*unit)).collect();
    html! {
        form.filter method="get" action="/many" {
            div {
                label for="reg" { (say.t(T::Register)) }
                select id="reg" name="reg" {
                    @for known in all.iter().filter(|known| person.user.may(Role::Answer, known)) {
                        option value=(named(known)) selected[known == register] { (say.register(known)) }
                    }
                }
            }
            div {
                label for="field" { (say.t(T::Field)) }
                select id="field" name="field" {
                    option value="" { (say.t(T::AllFields)) }
                    @for unit in units { option value=(unit) selected[unit == asked.field] { (say.field(unit)) } }
                }
            }
            div {
                label for="clash" { (say.t(T::Clash)) }
                select id="clash" name="clash" {
                    option value="" { (say.t(T::AllClashes)) }
                    @for (name, _, text) in CLASHES {
                        option value=(name) selected[name == asked.clash] { (say.t(text)) }
                    }
                }
            }
            div {
                label for="say" { (say.t(T::Answer)) }
                select id="say" name="say" {
                    option value="local" selected[asked.say == "local"] { (say.t(T::KeepHere)) }
                    option value="remote" selected[asked.say == "remote"] { (say.t(T::TakeSource)) }
                }
            }
            button.primary type="submit" { (say.t(T::Preview)) }
        }
    }
}

fn previewed(person: &Person, register: &Register, asked: &Asked, effect: &Effect, names: &[String]) -> Markup {
    let say = person.say;
    let count = effect.count.to_string();
    if effect.count == 0 {
        return html! { p.notice role="status" { (say.t(T::WillNone)) } };
    }
    let first = effect.first.iter().zip(names).map(|((id, field, from, to), name)| {
        let who = if name.is_empty() { id } else { name };
        Change { who, field, from, to }
    });
    html! {
        section.card aria-labelledby="will" {
            h2 id="will" { (say.f(T::WillDo, &[("count", &count)])) }
            @if effect.refused > 0 { p { (say.f(T::WillLeave, &[("count", &effect.refused.to_string())])) } }
            p.faint { (say.t(T::WillFirst)) }
            (changes(say, first))
            form.buttons method="post" action="/many" {
                (token(person))
                input type="hidden" name="reg" value=(named(register));
                input type="hidden" name="field" value=(asked.field);
                input type="hidden" name="clash" value=(asked.clash);
                input type="hidden" name="say" value=(asked.say);
                input type="hidden" name="print" value=(effect.print);
                button.primary type="submit" { (say.f(T::DoMany, &[("count", &count)])) }
            }
        }
    }
}

/// Gives the answer, if it does what was shown.
pub(super) async fn carry_out(State(web): State<Arc<Web>>, Signed { person, fields }: Signed) -> Response {
    web.work(person, move |web, person| {
        let (asked, all) = (Asked::of(&fields), registers(web, person)?);
        if asked.reg.is_empty() {
            return Err(Wrong::BadRequest);
        }
        let register = asked.register(person, &all)?.ok_or(Wrong::NotFound)?;
        let desk = Desk::open(&web.host.db, &register, Access::Write)?;
        let (filter, answer) = (asked.filter(&desk)?, asked.answer()?.ok_or(Wrong::BadRequest)?);
        let now = effect(&desk, person, &filter, &answer)?;
        if now.print != fields.get("print") {
            person.flash = Some(Flash::bad(person.say.t(T::ManyMoved).to_owned()));
            return shown(web, person, &all, &register, &asked, StatusCode::CONFLICT);
        }
        // Nobody is answered for who was not in the preview.
        let tally = desk.decide_all(&filter.ids(now.ids), &answer, &person.user.name)?;
        let (closed, left) = (tally.closed.to_string(), tally.left.len().to_string());
        let told = person.say.f(T::DidMany, &[("count", &closed), ("left", &left)]);
        let flash = if tally.left.is_empty() { Flash::good(told) } else { Flash::bad(told) };
        let overwrote = answer == Answer::TakeRemote && tally.closed > 0;
        let undo = tally.run.filter(|_| overwrote).map(|run| (register, Undo::Run(run.to_string())));
        web.tell(person, Flash { undo, ..flash });
        Ok(Redirect::to("/questions").into_response())
    })
    .await
}
