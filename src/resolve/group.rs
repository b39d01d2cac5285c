//! Decides an atomic group: one action for the tuple, and its effect on each member.

use super::action::Action;
use super::{Effect, FieldEffect, Resolution, UnitResolver};
use crate::detect::group::{self, Member};
use crate::detect::{Side, Verdict};
use crate::schema::{DecidingRule, Dispute, Ruling, Unit};
use crate::value::Value;

impl<'a> UnitResolver<'_, 'a> {
    pub(super) fn decide_group(&self, unit: Unit, verdict: Verdict, rule: DecidingRule) -> Resolution<'a> {
        let members = group::tuple(self.schema(), self.sides, self.schema().members(&unit)).unwrap_or_default();
        let no_local = members.iter().all(|member| member.local.null);
        let action = self.act(&verdict, &rule.strategy, no_local, |resolver| {
            let (base, local, remote) = (
                self.tuple(&members, |member| &member.base),
                self.tuple(&members, |member| &member.local),
                self.tuple(&members, |member| &member.remote),
            );
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

    /// A side of the tuple. However null is spelled, a resolver sees null.
    fn tuple<'m, 's>(&self, members: &'m [Member<'s, 'a>], side: fn(&'m Member<'s, 'a>) -> &'m Side<'s, 'a>) -> Value {
        let named = |member: &'m Member<'s, 'a>| {
            let (name, side) = (self.schema().fields()[member.position].name().to_owned(), side(member));
            (name, if side.null { Value::Null } else { side.raw.to_value() })
        };
        Value::Map(members.iter().map(named).collect())
    }

    /// Whether a tuple of a resolver is one: a map of values that are of their fields' kinds.
    fn reads(&self, members: &[Member<'_, '_>], tuple: &Value) -> bool {
        let Value::Map(tuple) = tuple else { return false };
        members
            .iter()
            .map(|member| &self.schema().fields()[member.position])
            .all(|field| tuple.get(field.name()).is_none_or(|value| self.schema().canonical_of(field, value).is_ok()))
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
