//! Decides an atomic group: one action for the tuple, and its effect on each member.

use super::action::Action;
use super::{Effect, FieldEffect, Resolution, UnitResolver};
use crate::detect::Verdict;
use crate::detect::group::{self, Member};
use crate::schema::{DecidingRule, Dispute, Ruling, Unit};
use crate::value::{FieldRef, Value};

impl<'a> UnitResolver<'_, 'a> {
    pub(super) fn decide_group(&self, unit: Unit, verdict: Verdict, rule: DecidingRule) -> Resolution<'a> {
        let members = group::tuple(self.schema(), self.sides, self.schema().members(&unit)).unwrap_or_default();
        let no_local = members.iter().all(|member| member.local.null);
        let action = self.act(&verdict, &rule.strategy, no_local, |resolver| {
            let tuple = |side: fn(&Member<'_, 'a>) -> FieldRef<'a>| {
                let name = |member: &Member<'_, 'a>| self.schema().fields()[member.position].name().to_owned();
                Value::Map(members.iter().map(|member| (name(member), side(member).to_value())).collect())
            };
            let (base, local, remote) = (tuple(|m| m.base.raw), tuple(|m| m.local.raw), tuple(|m| m.remote.raw));
            let base = members.iter().any(|member| !member.base.is_missing()).then_some(&base);
            let unit = self.schema().unit_name(unit);
            match resolver.resolve(&Dispute { unit, path: "", base, local: &local, remote: &remote }) {
                Ruling::Write(tuple) if !self.reads(&members, &tuple) => Ruling::HoldOpen,
                ruling => ruling,
            }
        });
        let decision = action.decision();
        let fields = members.iter().map(|member| self.member_effect(member, &action)).collect();
        Resolution { unit, verdict, decision, rule, fields, collisions: Vec::new() }
    }

    /// Whether a tuple of a resolver is one: a map of values that are of their fields' kinds.
    fn reads(&self, members: &[Member<'_, '_>], tuple: &Value) -> bool {
        let Value::Map(tuple) = tuple else { return false };
        members.iter().map(|member| &self.schema().fields()[member.position]).all(|field| {
            tuple.get(field.name()).is_none_or(|value| self.schema().canonical_of(field.kind(), value).is_ok())
        })
    }

    fn member_effect(&self, member: &Member<'_, 'a>, action: &Action) -> FieldEffect<'a> {
        let position = member.position;
        let base = if action.advances() && member.reported { Effect::Field(member.remote.raw) } else { Effect::Keep };
        let differs = !member.agrees();
        let local = match action {
            Action::TakeRemote | Action::Revert if differs => self.written(position, member.remote.raw),
            Action::Write(Value::Map(tuple)) => match tuple.get(self.schema().fields()[position].name()) {
                Some(value) if *value != member.local.raw.to_value() => Effect::Value(value.clone()),
                _ => Effect::Keep,
            },
            _ => Effect::Keep,
        };
        FieldEffect { position, local, base }
    }
}
