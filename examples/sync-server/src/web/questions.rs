//! The list of questions, and one alone.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use nightly_sync::store::Register;
use serde::Deserialize;

use super::Web;
use super::ask::{Place, Question, conflict, count, gathered, seen};
use super::card;
use super::layout::{At, page};
use super::person::Person;
use super::say::named;
use super::text::T;
use crate::users::Role;

/// The list.
pub(super) async fn list(State(web): State<Arc<Web>>, person: Person, Query(from): Query<Place>) -> Response {
    web.work(person, move |web, person| {
        let (database, all) = seen(web, person)?;
        let ((questions, next), open) = match &database {
            Some(database) => (gathered(web, person, &from, (database, &all))?, count(database, &all)?),
            None => ((Vec::new(), None), 0),
        };
        web.told(person);
        let body = listed(person, &all, &questions, (&from, next.as_ref()), open);
        Ok(page(person, Some(At::Questions), T::Questions, StatusCode::OK, &body))
    })
    .await
}

fn listed(
    person: &Person,
    all: &[Register],
    questions: &[Question],
    (from, next): (&Place, Option<&Place>),
    open: u64,
) -> Markup {
    let say = person.say;
    let may_answer = all.iter().any(|register| person.user.may(Role::Answer, register));
    html! {
        div.head {
            div {
                h1 { (say.t(T::Questions)) " " span.count { (say.f(T::Open, &[("count", &open.to_string())])) } }
                p.lead { (say.t(if questions.is_empty() { T::NoQuestions } else { T::QuestionsLead })) }
            }
            @if may_answer && open > 1 { a.button href="/many" { (say.t(T::Many)) } }
        }
        (filter(person, all, from))
        @for question in questions { (card::card(person, question, &from.address())) }
        nav.pages aria-label=(say.t(T::Pages)) {
            @if !from.at.is_empty() {
                a href=(Place { at: String::new(), reg: String::new(), id: String::new(), unit: String::new(), ..from.clone() }.address()) {
                    (say.t(T::First))
                }
            }
            @if let Some(next) = next { a.button rel="next" href=(next.address()) { (say.t(T::Next)) } }
        }
    }
}

fn filter(person: &Person, all: &[Register], from: &Place) -> Markup {
    let say = person.say;
    let kinds = [("conflict", T::KindConflict), ("who", T::KindMatch), ("plan", T::KindBlocked)];
    html! {
        form.filter method="get" action="/questions" {
            @if all.len() > 1 {
                div {
                    label for="only" { (say.t(T::Register)) }
                    select id="only" name="only" {
                        option value="" { (say.t(T::AllRegisters)) }
                        @for register in all {
                            @let name = named(register);
                            option value=(name) selected[name == from.only] { (say.register(register)) }
                        }
                    }
                }
            }
            div {
                label for="kind" { (say.t(T::Kind)) }
                select id="kind" name="kind" {
                    option value="" { (say.t(T::AllKinds)) }
                    @for (kind, text) in kinds {
                        option value=(kind) selected[kind == from.kind] { (say.t(text)) }
                    }
                }
            }
            button type="submit" { (say.t(T::Show)) }
        }
    }
}

/// One question, by what it is about.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    reg: String,
    id: String,
    #[serde(default)]
    unit: String,
}

/// A conflict alone, as it stands now.
pub(super) async fn one(State(web): State<Arc<Web>>, person: Person, Query(asked): Query<Asked>) -> Response {
    web.work(person, move |web, person| {
        let register = person.register(&asked.reg, Role::See)?;
        let found = conflict(web, person, &register, &asked.id, &asked.unit)?;
        web.told(person);
        Ok(card::alone(person, StatusCode::OK, found.as_ref(), None))
    })
    .await
}
