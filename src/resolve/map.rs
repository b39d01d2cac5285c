//! Merges objects key by key, recursively.
//!
//! Inside a reported object a key that is missing counts as [`ClearedIfReported`](crate::schema::Absent): taken away if
//! the base had it, without opinion if it had not, so that a key only the host knows stays. Lists are values; a set
//! that a [`Kind::Record`] declares is merged by element, as it is where it stands alone.
//!
//! | base | local | remote | result under merge |
//! |---|---|---|---|
//! | `{a:1}` | `{a:1, b:2}` | `{a:3}` | `{a:3, b:2}` |
//! | `{a:1, b:2}` | `{a:1, b:2}` | `{a:1}` | `{a:1}` |
//! | `{a:1}` | `{a:2}` | `{a:3}` | `{a:2}`, a conflict at `/a` |
//! | null | `{a:1}` | `{a:2}` | `{a:1}`, a conflict at `/a`; the base stays null |
//! | unknown | `{a:1, b:2}` | `{a:1, c:3}` | `{a:1, b:2, c:3}` |

use std::collections::{BTreeMap, BTreeSet};

use super::action::Action;
use super::{Collision, Decision, Effect, FieldEffect, Resolution, UnitResolver, set};
use crate::detect::{Clash, Facts, Verdict, table};
use crate::schema::{DecidingRule, Dispute, Field, Kind, Ruling, Unit, same_untyped};
use crate::value::{Value, pointer};

type Map = BTreeMap<String, Value>;

pub(super) fn decide<'a>(
    units: &UnitResolver<'_, 'a>,
    position: usize,
    verdict: Verdict,
    rule: DecidingRule,
    local: &Map,
    remote: &Map,
) -> Resolution<'a> {
    let field = &units.schema().fields()[position];
    let base = units.sides.base.field(position);
    let known = match base.to_value() {
        Value::Map(map) => Some(map),
        _ if base.is_missing() => None,
        _ => Some(Map::new()),
    };
    let mut merge = Merge { units, field, rule: &rule, collisions: Vec::new() };
    let path = &mut Vec::new();
    let Merged { local: merged, base: advanced } = merge.objects(field.kind(), known.as_ref(), local, remote, path);
    let collisions = merge.collisions;
    let merged = Value::Map(merged);
    let changed = !units.schema().same_value(field.kind(), &merged, &Value::Map(local.clone()));
    let all_remote = units.schema().same_value(field.kind(), &merged, &Value::Map(remote.clone()));
    let decision = decision(&verdict, &collisions, changed, all_remote);
    let verdict = told(verdict, &collisions);
    let effect = FieldEffect {
        position,
        local: if changed { units.written_value(field, merged) } else { Effect::Keep },
        // An object cannot say of one key that nobody knows what it was: while one without a base is open, all of it
        // stays without one, so that it is judged as a first sync until somebody has decided.
        base: match (&known, decision) {
            (None, Decision::HeldOpen) => Effect::Keep,
            _ if base.is_null() && nothing_advanced(&advanced, remote) => Effect::Keep,
            _ => Effect::Value(Value::Map(advanced)),
        },
    };
    Resolution { unit: Unit::Field(position), verdict, decision, rule, fields: vec![effect], collisions }
}

fn decision(verdict: &Verdict, collisions: &[Collision], changed: bool, all_remote: bool) -> Decision {
    let held = collisions.iter().any(|collision| collision.decision == Decision::HeldOpen);
    match (verdict, changed) {
        _ if held => Decision::HeldOpen,
        (Verdict::Conflict(_), false) if collisions.is_empty() => Decision::Merged,
        (Verdict::Conflict(_) | Verdict::RemoteOnly(_), false) => Decision::KeptLocal,
        (_, false) => Decision::Nothing,
        // Where only the host changed something, only `Enforced` writes.
        (Verdict::LocalOnly(_), true) => Decision::DriftReverted,
        (_, true) if all_remote => Decision::TookRemote,
        _ => Decision::Merged,
    }
}

/// While keys of an object are open the others get their base, so whether there was one can tell nothing of the conflict:
/// what is open can, and is told the same on every replay.
fn told(verdict: Verdict, collisions: &[Collision]) -> Verdict {
    let mut held = collisions.iter().filter(|collision| collision.decision == Decision::HeldOpen).peekable();
    match verdict {
        Verdict::Conflict(Clash::BothSet | Clash::BothChanged) if held.peek().is_some() => {
            let all_set = held.all(|collision| collision.clash == Clash::BothSet);
            Verdict::Conflict(if all_set { Clash::BothSet } else { Clash::BothChanged })
        }
        verdict => verdict,
    }
}

/// Whether all that the source said is open, so that a base of nothing stays one and does not become an empty object.
fn nothing_advanced(advanced: &Map, remote: &Map) -> bool {
    advanced.is_empty() && !remote.is_empty()
}

struct Merged {
    local: Map,
    base: Map,
}

struct Merge<'m, 'p, 'a> {
    units: &'m UnitResolver<'p, 'a>,
    field: &'m Field,
    rule: &'m DecidingRule,
    collisions: Vec<Collision>,
}

/// The three versions of one key. What is not there is null; `base` is `None` when nobody knows.
#[derive(Clone, Copy)]
struct Key<'v> {
    base: Option<&'v Value>,
    local: &'v Value,
    remote: &'v Value,
}

impl Merge<'_, '_, '_> {
    fn objects(
        &mut self,
        kind: &Kind,
        base: Option<&Map>,
        local: &Map,
        remote: &Map,
        path: &mut Vec<String>,
    ) -> Merged {
        let mut merged = Merged { local: local.clone(), base: Map::new() };
        let keys: BTreeSet<&String> = local.keys().chain(remote.keys()).collect();
        for name in keys {
            let kind = match kind {
                Kind::Record { fields, .. } => fields.get(name),
                _ => None,
            };
            let old = base.and_then(|base| base.get(name));
            let versions = Key {
                base: base.map(|_| old.unwrap_or(&Value::Null)),
                local: local.get(name).unwrap_or(&Value::Null),
                remote: remote.get(name).unwrap_or(&Value::Null),
            };
            path.push(name.clone());
            match (versions.local, versions.remote) {
                (Value::Map(local), Value::Map(remote)) if kind.is_none_or(Kind::is_granular) => {
                    let nothing = Map::new();
                    let base = versions.base.map(|base| if let Value::Map(map) = base { map } else { &nothing });
                    let inner = self.objects(kind.unwrap_or(&Kind::Map), base, local, remote, path);
                    merged.local.insert(name.clone(), Value::Map(inner.local));
                    let was_object = matches!(old, Some(Value::Map(_)));
                    let stays = !was_object && nothing_advanced(&inner.base, remote);
                    if let Some(base) = if stays { old.cloned() } else { Some(Value::Map(inner.base)) } {
                        merged.base.insert(name.clone(), base);
                    }
                }
                _ => self.key(kind, versions, remote.get(name), old, path, &mut merged),
            }
            path.pop();
        }
        merged
    }

    fn key(
        &mut self,
        kind: Option<&Kind>,
        versions: Key<'_>,
        said: Option<&Value>,
        old: Option<&Value>,
        path: &[String],
        merged: &mut Merged,
    ) {
        let name = path.last().cloned().unwrap_or_default();
        let verdict = self.verdict(kind, versions, said.is_some());
        if let (Some(Kind::Set { of }), Verdict::Conflict(_)) = (kind, &verdict)
            && self.units.merges(self.rule)
            && let base = versions.base.unwrap_or(&Value::Null)
            && let Some(set) = set::merge(self.units.schema(), of, base, versions.local, versions.remote)
        {
            match set {
                Value::Null if said.is_none() => merged.local.remove(&name),
                set => merged.local.insert(name.clone(), set),
            };
            if let Some(said) = said {
                merged.base.insert(name, said.clone());
            }
            return;
        }
        let no_local = self.is_null(kind, versions.local);
        let action = self.units.act(&verdict, &self.rule.strategy, no_local, |resolver| {
            let Key { base, local, remote } = versions;
            let ruling =
                resolver.resolve(&Dispute { unit: self.field.name(), path: &pointer(path), base, local, remote });
            match (ruling, kind) {
                (Ruling::Write(value), Some(kind)) if self.units.schema().canonical_of(kind, &value).is_err() => {
                    Ruling::HoldOpen
                }
                (ruling, _) => ruling,
            }
        });
        if let Verdict::Conflict(clash) = verdict {
            self.collisions.push(Collision { path: pointer(path), clash, decision: action.decision() });
        }
        if let Some(base) = if action.advances() { said } else { old } {
            merged.base.insert(name.clone(), base.clone());
        }
        match (action, said) {
            (Action::TakeRemote | Action::Revert, Some(said)) => merged.local.insert(name, said.clone()),
            (Action::TakeRemote | Action::Revert, None) => merged.local.remove(&name),
            (Action::Write(value), _) => merged.local.insert(name, value),
            _ => None,
        };
    }

    fn verdict(&self, kind: Option<&Kind>, versions: Key<'_>, said: bool) -> Verdict {
        let Key { base, local, remote } = versions;
        let known = base.unwrap_or(&Value::Null);
        if !said && self.is_null(kind, known) {
            return Verdict::NotReported;
        }
        table(&Facts {
            unknown: base.is_none(),
            no_base: self.is_null(kind, known),
            no_local: self.is_null(kind, local),
            no_remote: self.is_null(kind, remote),
            agree: self.same(kind, local, remote),
            edited: || !self.same(kind, known, local),
            moved: || !self.same(kind, known, remote),
        })
    }

    fn same(&self, kind: Option<&Kind>, a: &Value, b: &Value) -> bool {
        match kind {
            Some(kind) => self.units.schema().same_value(kind, a, b),
            None => same_untyped(a, b),
        }
    }

    fn is_null(&self, kind: Option<&Kind>, value: &Value) -> bool {
        self.same(kind, value, &Value::Null)
    }
}
