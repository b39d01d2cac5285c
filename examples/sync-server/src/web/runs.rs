//! What the runs did: all of late, and one of them field by field.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use nightly_sync::desk::Desk;
use nightly_sync::report::html::{self as printed, Asked as Printed};
use nightly_sync::store::{Access, ChangedRecord, KnownRun, Register, RunFigures, Snapshot};
use nightly_sync::term::grouped;
use serde::Deserialize;
use tripartite::audit::FieldEntry;
use tripartite::run::Report;
use tripartite::schema::Schema;
use tripartite::value::Value;

use super::Web;
use super::ask::registers;
use super::layout::{At, page};
use super::person::Person;
use super::say::{Say, key, link, named, time};
use super::text::T;
use super::value::{hidden, value};
use super::wrong::Wrong;
use super::{chart, reason};
use crate::users::Role;

/// So many registers are shown with their runs; of others there is a link.
const REGISTERS: usize = 10;
/// So many of the last runs are shown.
const RUNS: usize = 30;
/// So many records of a run a page has.
const RECORDS: usize = 25;
/// So many pages are looked through for a person before the searcher is asked to go on.
const LOOKS: usize = 20;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    reg: String,
    run: String,
    /// A part of a name, or an id.
    who: String,
    /// Behind this entry of the audit.
    after: i64,
}

/// The runs of all registers, or of one.
pub(super) async fn list(State(web): State<Arc<Web>>, person: Person, Query(asked): Query<Asked>) -> Response {
    web.work(person, move |web, person| {
        let all = registers(web, person)?;
        let mut shown = Vec::new();
        let asked_for = |register: &&Register| asked.reg.is_empty() || named(register) == asked.reg;
        let rest: Vec<_> = all.iter().filter(asked_for).skip(REGISTERS).collect();
        for register in all.iter().filter(asked_for).take(REGISTERS) {
            let desk = Desk::open(&web.host.db, register, Access::Read)?;
            shown.push((register, desk.store().snapshot(|now| now.figures(RUNS))??));
        }
        web.told(person);
        let say = person.say;
        let body = html! {
            h1 { (say.t(T::Runs)) }
            @if shown.is_empty() { p.lead { (say.t(T::NoRuns)) } }
            @for (register, figures) in &shown { (of_register(person, register, figures)) }
            @if !rest.is_empty() {
                ul {
                    @for register in rest {
                        li { a href=(link("/runs", &[("reg", &named(register))])) { (say.register(register)) } }
                    }
                }
            }
        };
        Ok(page(person, Some(At::Runs), T::Runs, StatusCode::OK, &body))
    })
    .await
}

fn of_register(person: &Person, register: &Register, figures: &[RunFigures]) -> Markup {
    let (say, named) = (person.say, key(register));
    html! {
        section.card aria-label=(say.register(register)) {
            h2 { (say.register(register)) }
            @if figures.is_empty() { p { (say.t(T::NoRuns)) } } @else {
                (chart::chart(say, figures))
                div.scroll tabindex="0" role="region" aria-label=(say.t(T::Runs)) {
                    table.runs {
                        thead { tr {
                            @for text in [T::Run, T::Outcome, T::Processed, T::Created, T::Updated, T::Deactivated, T::ConflictsOpen] {
                                th scope="col" { (say.t(text)) }
                            }
                        } }
                        tbody {
                            @for run in figures.iter().rev() {
                                @let counts = &run.counts;
                                tr {
                                    th scope="row" {
                                        a href=(link("/run", &[("reg", &named), ("run", &run.run)])) { (time(run.at)) }
                                    }
                                    td { (chart::outcome(say, run.outcome)) }
                                    @for count in [counts.processed, counts.created, counts.updated, counts.deactivated, counts.conflicts_open] {
                                        td.number { (grouped(count)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Records of a run, each with whom it is about.
struct Changed {
    register: Register,
    records: Vec<(ChangedRecord, String)>,
    next: Option<i64>,
}

fn changed(now: &Snapshot<'_>, asked: &Asked, all_values: bool) -> Result<Changed, Wrong> {
    let register = now.register().clone();
    let wanted = asked.who.trim().to_lowercase();
    let (mut records, mut after) = (Vec::new(), asked.after.max(0));
    for _ in 0..LOOKS {
        let page = now.changed_page(&asked.run, after, RECORDS)?;
        for mut record in page.records {
            if !all_values {
                record.fields.iter_mut().for_each(|entry| hide(now.schema(), entry));
            }
            let name = now.name(&record.id)?;
            let is_wanted = wanted.is_empty()
                || record.id.to_lowercase().contains(&wanted)
                || name.to_lowercase().contains(&wanted);
            if is_wanted {
                records.push((record, name));
            }
        }
        let Some(next) = page.next else { return Ok(Changed { register, records, next: None }) };
        after = next;
        if records.len() >= RECORDS {
            break;
        }
    }
    Ok(Changed { register, records, next: Some(after) })
}

/// Leaves out of an entry what is sensitive.
fn hide(schema: &Schema, entry: &mut FieldEntry) {
    let hide = |value: &Value| hidden(schema, &entry.field, value);
    (entry.local, entry.result) = (hide(&entry.local), hide(&entry.result));
}

/// One run.
pub(super) async fn one(State(web): State<Arc<Web>>, person: Person, Query(asked): Query<Asked>) -> Response {
    web.work(person, move |web, person| {
        let register = person.register(&asked.reg, Role::See)?;
        let all_values = person.user.may(Role::Answer, &register);
        let desk = Desk::open(&web.host.db, &register, Access::Read)?;
        let (known, changed) = desk.store().snapshot(|now| {
            let known = now.run(&asked.run)?.ok_or(Wrong::NotFound)?;
            Ok::<_, Wrong>((known, changed(now, &asked, all_values)?))
        })??;
        web.told(person);
        let body = run(person, desk.schema(), &known, &changed, &asked);
        Ok(page(person, Some(At::Runs), T::Run, StatusCode::OK, &body))
    })
    .await
}

fn run(person: &Person, schema: &Schema, known: &KnownRun, changed: &Changed, asked: &Asked) -> Markup {
    let (say, register) = (person.say, &changed.register);
    let named = key(register);
    html! {
        h1 { (say.t(T::Run)) " " (time(known.at)) }
        p.tags {
            span.tag.plain { (say.register(register)) }
            @if let Some(report) = &known.report { (chart::outcome(say, report.outcome)) }
            @if person.user.may(Role::Answer, register) {
                a href=(link("/report", &[("reg", &named), ("run", &known.run)])) { (say.t(T::Print)) }
            }
        }
        @if let Some(report) = &known.report {
            (chart::figures(say, &report.counts))
            @for reason in &report.blocked { p.problem { (reason::blocked(say, reason)) } }
            (set_aside(say, report))
        }
        h2 { (say.t(T::Changes)) }
        form.filter method="get" action="/run" role="search" {
            input type="hidden" name="reg" value=(named);
            input type="hidden" name="run" value=(known.run);
            div {
                label for="who" { (say.t(T::Search)) }
                input id="who" name="who" type="search" value=(asked.who) placeholder=(say.t(T::SearchHint));
            }
            button type="submit" { (say.t(T::Find)) }
        }
        @if changed.records.is_empty() { p.lead { (say.t(T::ChangesNone)) } }
        @for (record, name) in &changed.records { (record_of(person, schema, record, name)) }
        @if let Some(next) = changed.next {
            nav.pages aria-label=(say.t(T::Pages)) {
                a.button rel="next" href=(link("/run", &[("reg", &named), ("run", &known.run), ("who", &asked.who), ("after", &next.to_string())])) {
                    (say.t(if changed.records.is_empty() { T::ChangesMore } else { T::Next }))
                }
            }
        }
    }
}

/// What a run set aside, the first of it.
fn set_aside(say: Say, report: &Report) -> Markup {
    html! {
        @if !report.set_aside.is_empty() {
            details {
                summary { (say.t(T::Aside)) ": " (grouped(report.set_aside.len() as u64)) }
                ul {
                    @for aside in report.set_aside.iter().take(RECORDS) {
                        @let (why, lang) = reason::aside(say, aside);
                        li {
                            @if let Some(id) = &aside.id { bdi { (id) } ": " }
                            @else if let Some(place) = &aside.place { bdi { (place) } ": " }
                            span lang=[lang] { (why) }
                        }
                    }
                }
            }
        }
    }
}

fn record_of(person: &Person, schema: &Schema, record: &ChangedRecord, name: &str) -> Markup {
    let say = person.say;
    html! {
        article.card.compact {
            h3 { @if name.is_empty() { bdi { (record.id) } } @else { bdi { (name) } " " span.id { bdi { (record.id) } } } }
            @for entry in &record.whole {
                @let (why, lang) = reason::record(say, entry);
                p.why lang=[lang] { (why) (by(person, entry.by.as_ref().map(tripartite::id::PersonId::as_str))) }
            }
            @if !record.fields.is_empty() {
                dl.changes {
                    @for entry in &record.fields { (field(person, schema, entry)) }
                }
            }
        }
    }
}

fn by(person: &Person, by: Option<&str>) -> Markup {
    html! { @if let Some(name) = by { " " span.tag.plain { (person.say.f(T::By, &[("name", name)])) } } }
}

fn field(person: &Person, schema: &Schema, entry: &FieldEntry) -> Markup {
    let say = person.say;
    let (why, lang) = reason::sentence(say, &entry.reason(schema));
    html! {
        div {
            dt { (say.field(&entry.field)) }
            dd {
                @if entry.local == entry.result {
                    (value(say, Some(&entry.result), None))
                } @else {
                    del { span.hidden { (say.t(T::Was)) ": " } (value(say, Some(&entry.local), Some(&entry.result))) }
                    span.arrow aria-hidden="true" { " → " }
                    ins { span.hidden { (say.t(T::Is)) ": " } (value(say, Some(&entry.result), Some(&entry.local))) }
                }
                (by(person, entry.by.as_ref().map(tripartite::id::PersonId::as_str)))
                p.faint lang=[lang] { (why) }
            }
        }
    }
}

/// The report of a run to print. It shows what is sensitive, too. It brings its own style, and no script of it runs here.
pub(super) async fn report(State(web): State<Arc<Web>>, person: Person, Query(asked): Query<Asked>) -> Response {
    web.work(person, move |web, person| {
        let register = person.register(&asked.reg, Role::Answer)?;
        let desk = Desk::open(&web.host.db, &register, Access::Read)?;
        let run = Some(asked.run).filter(|run| !run.is_empty());
        // The commands of the report name no place on this machine.
        let text = printed::write(desk.store(), &Printed { run, db: "members.db".to_owned() }, Vec::new())?;
        let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; sandbox";
        Ok(([(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, policy)], text).into_response())
    })
    .await
}
