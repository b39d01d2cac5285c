//! A plan that a guard stopped, on a card.

use maud::{Markup, html};

use super::super::ask::Plan;
use super::super::layout::token;
use super::super::person::Person;
use super::super::say::{foreign, key};
use super::super::text::T;
use super::super::{chart, reason};
use super::since_of;
use crate::users::Role;

pub(super) fn blocked(person: &Person, plan: &Plan) -> Markup {
    let say = person.say;
    let id = &plan.id;
    let reasons: Vec<_> = match &plan.report {
        Some(report) => report.blocked.iter().map(|reason| (reason::blocked(say, reason), None)).collect(),
        None => vec![(plan.why.clone(), foreign(say.lang))],
    };
    html! {
        article.card.alarm aria-label=(say.f(T::Plan, &[("plan", id)])) {
            header {
                h2 { (say.register(&plan.register)) " " span.unit { (say.t(T::KindBlocked)) } }
                p.tags {
                    span.tag.alarm { (say.t(T::KindBlocked)) }
                    span.since { (since_of(say, plan.since)) }
                }
            }
            p.why { (say.t(T::BlockedWhy)) }
            ul { @for (reason, lang) in &reasons { li lang=[*lang] { (reason) } } }
            @if let Some(report) = &plan.report {
                (chart::figures(say, &report.counts))
            }
            p.faint { (say.f(T::Plan, &[("plan", id)])) }
            @if person.user.may(Role::Operate, &plan.register) {
                p.faint { (say.t(if plan.is_by_hand { T::BlockedByHand } else { T::BlockedWill })) }
                form.buttons method="post" action="/plan" {
                    (token(person))
                    input type="hidden" name="reg" value=(key(&plan.register));
                    input type="hidden" name="plan" value=(id);
                    button.primary type="submit" name="say" value="apply" { (say.t(T::BlockedApply)) }
                    button type="submit" name="say" value="drop" { (say.t(T::BlockedDrop)) }
                }
            }
        }
    }
}
