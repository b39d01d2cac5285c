//! The questions: what waits for a person in all registers that they may see, page by page.

mod matches;
mod open;

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use nightly_sync::desk::Desk;
use nightly_sync::store::{Access, Database, Register};
use serde::Deserialize;
use tripartite::drive::block_on;
use tripartite::plan::PlanId;
use tripartite::queue::Held;
use tripartite::run::Report;

pub(super) use self::matches::{Candidate, Who, waiting};
pub(super) use self::open::{Conflict, conflict, field_of, is_same, since};
use super::auth::Person;
use super::card;
use super::layout::{At, key, link, page};
use super::text::T;
use super::wrong::Wrong;
use super::{Lang, Web};
use crate::users::Role;

/// So many questions a page has.
pub(super) const PAGE: usize = 20;

/// What waits for a person.
#[derive(Debug)]
pub(super) enum Question {
    /// A plan that a guard stopped.
    Blocked(Box<Plan>),
    /// Whether a record of the source is a member here.
    Who(Box<Who>),
    /// A conflict.
    Conflict(Box<Conflict>),
}

/// A plan that a guard stopped.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) register: Register,
    /// What the queue holds back; none, where the register is run by hand.
    pub(super) held: Option<Held>,
    /// The report of the run that made it, where that is the last one.
    pub(super) report: Option<Report>,
}

/// Behind which question a page begins.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Place {
    /// Of this register alone.
    #[serde(default)]
    pub(super) only: String,
    /// Of this kind alone: `plan`, `who` or `conflict`.
    #[serde(default)]
    pub(super) kind: String,
    /// The register.
    #[serde(default)]
    pub(super) reg: String,
    /// The kind of the question; nothing for the first page.
    #[serde(default)]
    pub(super) at: String,
    /// The record, or the number in the last report.
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) unit: String,
}

impl Place {
    pub(super) fn address(&self) -> String {
        let Self { only, kind, reg, at, id, unit } = self;
        link("/questions", &[("only", only), ("kind", kind), ("reg", reg), ("at", at), ("id", id), ("unit", unit)])
    }

    fn wants(&self, kind: &str) -> bool {
        self.kind.is_empty() || self.kind == kind
    }
}

/// The registers that somebody may see, in their order.
pub(super) fn registers(web: &Web, person: &Person) -> Result<Vec<Register>, Wrong> {
    let all = match Database::open(&web.db, Access::Read) {
        Ok(database) => database.registers()?,
        // Jobs may be there before there are members.
        Err(error) if error.is_new() => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    Ok(all.into_iter().filter(|register| person.user.role(register).is_some()).collect())
}

/// The questions of a page, and where the next one begins.
fn gathered(
    web: &Web,
    person: &Person,
    from: &Place,
    all: &[Register],
) -> Result<(Vec<Question>, Option<Place>), Wrong> {
    let mut found = Vec::new();
    let mut begun = from.at.is_empty();
    for register in all {
        let named = key(register);
        let is_first = !begun && named == from.reg;
        if (!begun && !is_first) || (!from.only.is_empty() && from.only != card::named(register)) {
            continue;
        }
        begun = true;
        let behind = if is_first { from.clone() } else { Place::default() };
        of_register(web, person, register, &behind, from, &mut found)?;
        if found.len() > PAGE {
            break;
        }
    }
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| more).map(|(_, place)| {
        let Place { only, kind, .. } = from.clone();
        Place { only, kind, ..place.clone() }
    });
    Ok((found.into_iter().map(|(question, _)| question).collect(), next))
}

fn of_register(
    web: &Web,
    person: &Person,
    register: &Register,
    behind: &Place,
    wanted: &Place,
    found: &mut Vec<(Question, Place)>,
) -> Result<(), Wrong> {
    let desk = Desk::open(&web.db, register, Access::Read)?;
    let place = |at: &str, id: &str, unit: &str| Place {
        reg: key(register),
        at: at.to_owned(),
        id: id.to_owned(),
        unit: unit.to_owned(),
        ..Place::default()
    };
    let report = desk.last_report()?;
    if behind.at.is_empty()
        && wanted.wants("plan")
        && let Some(plan) = blocked(web, register, report.as_ref())?
    {
        found.push((Question::Blocked(Box::new(plan)), place("plan", "", "")));
    }
    if matches!(&*behind.at, "" | "plan" | "who")
        && wanted.wants("who")
        && let Some(report) = &report
    {
        let from = behind.id.parse::<usize>().ok().filter(|_| behind.at == "who").map_or(0, |last| last + 1);
        for (number, who) in waiting(&desk, report, from, PAGE + 1 - found.len().min(PAGE))? {
            found.push((Question::Who(Box::new(who)), place("who", &number.to_string(), "")));
        }
    }
    if wanted.wants("conflict") && found.len() <= PAGE {
        let after = if behind.at == "conflict" { (&*behind.id, &*behind.unit) } else { ("", "") };
        let all_values = person.user.may(Role::Answer, register);
        for open in open::page(&desk, after, PAGE + 1 - found.len(), all_values)? {
            let place = place("conflict", &open.id, &open.unit);
            found.push((Question::Conflict(Box::new(open)), place));
        }
    }
    Ok(())
}

/// The plan of a register that waits for a person.
pub(super) fn blocked(web: &Web, register: &Register, report: Option<&Report>) -> Result<Option<Plan>, Wrong> {
    let held = match register.key() {
        Some(key) => block_on(web.queue.slot(key)).ok().flatten().and_then(|slot| slot.held),
        None => None,
    };
    let stopped = report.filter(|report| !report.blocked.is_empty());
    let report = match &held {
        Some(held) => stopped.filter(|report| held.plan.parse::<PlanId>() == Ok(report.plan_id)),
        None => stopped,
    };
    let is_there = held.is_some() || report.is_some();
    Ok(is_there.then(|| Plan { register: register.clone(), held, report: report.cloned() }))
}

/// How many conflicts are open in all of these.
fn count(web: &Web, all: &[Register]) -> Result<u64, Wrong> {
    let mut count = 0;
    for register in all {
        let desk = Desk::open(&web.db, register, Access::Read)?;
        count += desk.store().snapshot(|now| now.count_open())??;
    }
    Ok(count)
}

/// The list.
pub(super) async fn list(State(web): State<Arc<Web>>, person: Person, Query(from): Query<Place>) -> Response {
    web.work(person, move |web, person| {
        let all = registers(web, person)?;
        let (questions, next) = gathered(web, person, &from, &all)?;
        let open = count(web, &all)?;
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
                            @let named = card::named(register);
                            option value=(named) selected[named == from.only] { (say.register(register)) }
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

/// The name of a language, for what is not in the catalogue: what the crate says is English.
pub(super) fn foreign(lang: Lang) -> Option<&'static str> {
    (lang != Lang::En).then_some("en")
}
