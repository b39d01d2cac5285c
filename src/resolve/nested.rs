//! Merges what has parts, recursively: an object key by key, a set of records record by record.
//!
//! Inside a reported value a part that is missing counts as [`ClearedIfReported`](crate::schema::Absent): taken away if
//! the base had it, without opinion if it had not, so that a part only the host knows stays. Lists are values; a set
//! that a [`Kind::Record`] declares is merged by element, as it is where it stands alone.
//!
//! | base | local | remote | result under merge |
//! |---|---|---|---|
//! | `{a:1}` | `{a:1, b:2}` | `{a:3}` | `{a:3, b:2}` |
//! | `{a:1, b:2}` | `{a:1, b:2}` | `{a:1}` | `{a:1}` |
//! | `{a:1}` | `{a:2}` | `{a:3}` | `{a:2}`, a conflict at `/a` |
//! | null | `{a:1}` | `{a:2}` | `{a:1}`, a conflict at `/a`; the base stays null |
//! | unknown | `{a:1, b:2}` | `{a:1, c:3}` | `{a:1, b:2, c:3}` |
//!
//! A set of records is an object whose keys are the names of its records, but for its order: the host's stays, and what is
//! new stands at the end.
//!
//! | base | local | remote | result under merge, with the key `k` |
//! |---|---|---|---|
//! | `[{k:1, v:a}]` | `[{k:1, v:a}, {k:2}]` | `[{k:3}, {k:1, v:b}]` | `[{k:1, v:b}, {k:2}, {k:3}]` |
//! | `[{k:1, v:a}]` | `[{k:1, v:b}]` | `[{k:1, v:c}]` | `[{k:1, v:b}]`, a conflict at `/k=1/v` |
//! | `[{k:1, v:a}]` | `[]` | `[{k:1, v:b}]` | `[]`, a conflict at `/k=1` |

mod leaf;

use self::leaf::Leaf;
use super::action::Action;
use super::{Collision, Decision, Effect, FieldEffect, Resolution, UnitResolver, merges, set};
use crate::detect::{Clash, Verdict};
use crate::schema::{
    DecidingRule, Dispute, Field, Kind, Part, PartChange, Reading, RuleSource, Ruling, Strategy, Unit, part, with_parts,
};
use crate::value::{FieldRef, Value, pointer};

/// What is decided about a field that has parts on both sides; `None` if a side has none.
pub(super) fn decide<'a>(
    units: &UnitResolver<'_, 'a>,
    position: usize,
    verdict: &Verdict,
    rule: &DecidingRule,
    [local, remote]: [FieldRef<'a>; 2],
) -> Option<Resolution<'a>> {
    let field = &units.schema().fields()[position];
    let base = units.sides.base.field(position);
    // Most often the host has what the base has, and that is read once.
    let is_kept = base == local;
    // Of a set only the records are read that are not everywhere the same.
    let apart = units.schema().apart(field.reading(), [base, local, remote]);
    let (old, [here, there]) = apart.unwrap_or_else(|| {
        let old = (!base.is_missing() && !is_kept).then(|| base.to_value());
        (old, [local.to_value(), remote.to_value()])
    });
    let known = if is_kept { Some(&here) } else { old.as_ref() };
    let mut merge = Merge { units, field, collisions: Vec::new() };
    let versions = Versions { base: known, local: &here, remote: &there };
    let compared = merge.compare(field.reading(), (rule.source, &rule.strategy), versions, &mut Vec::new())?;
    let collisions = merge.collisions;
    let decision = decision(verdict, &collisions, &compared);
    let kind = Some(field.kind());
    let is_taken = compared.is_in_place();
    let Compared { parts, local: to_local, base: to_base, is_known, .. } = compared;
    let to_base = changed(kind, || remote.to_value(), &parts.remote, to_base);
    let effect = FieldEffect {
        position,
        // A value cannot say of one part that nobody knows what it was: while one without a base is open, all of it
        // stays without one, so that it is judged as a first sync until somebody has decided.
        base: match (known, decision) {
            (None, Decision::HeldOpen) => Effect::Keep,
            // Where all that the source said is open, a base of nothing stays one and does not become an empty value.
            _ if base.is_null() && !is_known => Effect::Keep,
            // Nothing is copied where the base becomes what the source says.
            _ => to_base.map_or(Effect::Field(units.sides.remote.field(position)), Effect::Value),
        },
        local: if is_taken {
            units.written(position, remote)
        } else {
            let value = changed(kind, || local.to_value(), &parts.local, to_local);
            value.map_or(Effect::Keep, |value| units.written_value(field, value))
        },
    };
    let verdict = told(verdict.clone(), &collisions);
    let (unit, rule) = (Unit::Field(position), rule.clone());
    Some(Resolution { unit, verdict, decision, rule, fields: vec![effect], collisions })
}

fn decision(verdict: &Verdict, collisions: &[Collision], compared: &Compared<'_>) -> Decision {
    let held = collisions.iter().any(|collision| collision.decision == Decision::HeldOpen);
    match (verdict, !compared.local.is_empty()) {
        _ if held => Decision::HeldOpen,
        (Verdict::Conflict(_), false) if collisions.is_empty() => Decision::Merged,
        (Verdict::Conflict(_) | Verdict::RemoteOnly(_), false) => Decision::KeptLocal,
        (_, false) => Decision::Nothing,
        // Where only the host changed something, only `Enforced` writes.
        (Verdict::LocalOnly(_), true) => Decision::DriftReverted,
        (_, true) if compared.is_remote => Decision::TookRemote,
        _ => Decision::Merged,
    }
}

/// While parts of a value are open the others get their base, so whether there was one can tell nothing of the conflict:
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

/// The three versions of one value. What is not there is null; `base` is `None` when nobody knows.
#[derive(Clone, Copy)]
struct Versions<'v> {
    base: Option<&'v Value>,
    local: &'v Value,
    remote: &'v Value,
}

/// The parts of the three versions, in the order of their names.
struct Parts<'v> {
    base: Option<Vec<Part<'v>>>,
    local: Vec<Part<'v>>,
    remote: Vec<Part<'v>>,
}

impl<'v> Parts<'v> {
    /// The names that a side has, with the parts of that name.
    fn pairs(&self) -> Vec<[Option<&Part<'v>>; 2]> {
        let (mut local, mut remote) = (self.local.iter().peekable(), self.remote.iter().peekable());
        let mut pairs = Vec::with_capacity(self.local.len().max(self.remote.len()));
        loop {
            let order = match (local.peek(), remote.peek()) {
                (Some(here), Some(there)) => here.name.cmp(&there.name),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (None, None) => return pairs,
            };
            pairs.push([
                if order.is_le() { local.next() } else { None },
                if order.is_ge() { remote.next() } else { None },
            ]);
        }
    }
}

/// Changes of parts, each with its place at the source.
type Changes<'v> = Vec<(usize, PartChange<'v>)>;

/// What becomes of the parts of a value.
struct Compared<'v> {
    parts: Parts<'v>,
    /// What changes of the host's value.
    local: Changes<'v>,
    /// How the base differs from what the source says.
    base: Changes<'v>,
    /// Whether the host then has what the source says.
    is_remote: bool,
    /// Whether the base then has something that the source said: a null says nothing, an empty value does.
    is_known: bool,
}

impl Compared<'_> {
    /// Whether the host then has what the source says letter for letter, because each part that either has changes, stays
    /// at its place, and becomes the source's.
    fn is_in_place(&self) -> bool {
        let Self { parts: Parts { local, remote, .. }, local: changes, .. } = self;
        let is_taken = |(place, (name, value)): &(usize, PartChange<'_>)| {
            let (here, there) = (part(local, name), part(remote, name));
            here.is_some_and(|here| here.place == *place) && there.map(|there| there.value) == value.as_ref()
        };
        let are_all = !changes.is_empty() && [local.len(), remote.len()] == [changes.len(); 2];
        are_all && changes.iter().all(is_taken)
    }
}

/// One part while it is decided.
#[derive(Clone, Copy)]
struct Asked<'p, 'v> {
    reading: Reading<'p>,
    rule: Rule<'p>,
    versions: Versions<'v>,
    /// What the source and the base have, if they have it.
    said: Option<&'v Value>,
    old: Option<&'v Value>,
}

/// Who decides a part, and where that was stated.
type Rule<'p> = (RuleSource, &'p Strategy);

/// The rule of a part: the strategy of its own, if it has one and nothing is stated for the record as a whole.
fn rule_of<'p>(reading: Reading<'p>, name: &str, outer: Rule<'p>) -> Rule<'p> {
    match (reading.kind.and_then(|kind| kind.strategy_of(name)), outer.0) {
        (Some(own), RuleSource::FirstSync) if !own.is_unconditional() => outer,
        (Some(own), source) if source != RuleSource::Record => (RuleSource::Field, own),
        _ => outer,
    }
}

/// What becomes of one part.
struct Outcome {
    local: Now,
    base: Now,
    is_remote: bool,
    is_known: bool,
}

/// What becomes of a part of the host's value, or of what the source says as a base.
enum Now {
    Stays,
    Becomes(Option<Value>),
}

/// Nothing, as a version.
const NULL: &Value = &Value::Null;

struct Merge<'m, 'p, 'a> {
    units: &'m UnitResolver<'p, 'a>,
    field: &'m Field,
    collisions: Vec<Collision>,
}

impl Merge<'_, '_, '_> {
    /// What becomes of a value that has parts on both sides.
    fn compare<'v>(
        &mut self,
        reading: Reading<'_>,
        rule: Rule<'_>,
        versions: Versions<'v>,
        path: &mut Vec<String>,
    ) -> Option<Compared<'v>> {
        if !reading.kind.is_none_or(Kind::is_granular) {
            return None;
        }
        let schema = self.units.schema();
        let local = schema.parts(reading, versions.local)?;
        let beside = |value| schema.parts_beside(reading, value, (versions.local, &local));
        let remote = beside(versions.remote)?;
        let base = versions.base.map(|base| match std::ptr::eq(base, versions.local) {
            true => local.clone(),
            false => beside(base).unwrap_or_default(),
        });
        let parts = Parts { base, local, remote };
        let (mut local, mut base, mut is_remote, mut is_known) = (Vec::new(), Vec::new(), true, false);
        for [here, there] in parts.pairs() {
            let Some(Part { name, .. }) = here.or(there) else { continue };
            let old = parts.base.as_ref().and_then(|base| part(base, name)).map(|part| part.value);
            let said = there.map(|part| part.value);
            let asked = Asked {
                reading: reading.part(name),
                rule: rule_of(reading, name, rule),
                versions: Versions {
                    base: parts.base.as_ref().map(|_| old.unwrap_or(NULL)),
                    local: here.map_or(NULL, |part| part.value),
                    remote: said.unwrap_or(NULL),
                },
                said,
                old,
            };
            // Nearly every part is the same on all sides, and then nothing is read.
            if said.is_some() && old == said && here.map(|part| part.value) == said {
                continue;
            }
            path.push(name.clone().into_owned());
            let outcome = self.part(asked, path);
            path.pop();
            is_remote &= outcome.is_remote;
            is_known |= outcome.is_known;
            let place = there.map_or(usize::MAX, |part| part.place);
            for (changes, now) in [(&mut local, outcome.local), (&mut base, outcome.base)] {
                if let Now::Becomes(value) = now {
                    changes.push((place, (name.clone(), value)));
                }
            }
        }
        is_known |= base.is_empty();
        Some(Compared { parts, local, base, is_remote, is_known })
    }

    fn part(&mut self, asked: Asked<'_, '_>, path: &mut Vec<String>) -> Outcome {
        let Asked { reading, rule, versions, said, old } = asked;
        let (true, Some(inner)) = (said.is_some(), self.compare(reading, rule, versions, path)) else {
            return self.leaf(asked, path);
        };
        let Compared { parts, local, base, is_remote, is_known } = inner;
        let had_parts = old.is_some_and(|old| self.units.schema().parts(reading, old).is_some());
        let base = changed(reading.kind, || versions.remote.clone(), &parts.remote, base);
        let now = |value: Option<Value>| value.map_or(Now::Stays, |value| Now::Becomes(Some(value)));
        Outcome {
            local: now(changed(reading.kind, || versions.local.clone(), &parts.local, local)),
            base: match base {
                _ if !had_parts && !is_known => Now::Becomes(old.cloned()),
                base => now(base),
            },
            is_remote,
            is_known,
        }
    }

    /// Decides a part that is one value, or that one side has not.
    fn leaf(&mut self, asked: Asked<'_, '_>, path: &[String]) -> Outcome {
        let Asked { reading, rule, versions, said, old } = asked;
        let leaf = Leaf::new(self.units.schema(), reading, versions);
        let verdict = leaf.verdict(said.is_some());
        if let Some(outcome) = self.merged_set(&leaf, &verdict, asked) {
            return outcome;
        }
        let action = self.units.act(&verdict, rule.1, leaf.is_null_here(), |resolver| {
            let Versions { base, local, remote } = versions;
            let ruling =
                resolver.resolve(&Dispute { unit: self.field.name(), path: &pointer(path), base, local, remote });
            match ruling {
                Ruling::Write(value) if self.units.schema().canonical_of(reading, &value).is_err() => Ruling::HoldOpen,
                ruling => ruling,
            }
        });
        if let Verdict::Conflict(clash) = verdict {
            self.collisions.push(Collision { path: pointer(path), clash, decision: action.decision() });
        }
        // What nobody had and the source leaves out is in no base.
        let advances = action.advances() || verdict == Verdict::NotReported;
        Outcome {
            base: if advances { Now::Stays } else { Now::Becomes(old.cloned()) },
            is_known: advances && !leaf.is_null_there(),
            is_remote: match (&action, &verdict) {
                (Action::TakeRemote | Action::Revert, _) => true,
                (Action::Write(value), _) => leaf.is_remote(value),
                (_, Verdict::InSync | Verdict::Adopted | Verdict::Converged) => true,
                (_, Verdict::NotReported) => leaf.is_null_here(),
                _ => false,
            },
            local: match action {
                Action::TakeRemote | Action::Revert => Now::Becomes(said.cloned()),
                Action::Write(value) if !leaf.is_local(&value) => Now::Becomes(Some(value)),
                _ => Now::Stays,
            },
        }
    }

    fn merged_set(&self, leaf: &Leaf<'_, '_>, verdict: &Verdict, asked: Asked<'_, '_>) -> Option<Outcome> {
        let Asked { reading, rule, versions, said, .. } = asked;
        let (Some(Kind::Set { of, delimiter }), Verdict::Conflict(_)) = (reading.kind, verdict) else { return None };
        if !merges(rule) {
            return None;
        }
        let base = versions.base.unwrap_or(NULL);
        let sides = [base, versions.local, versions.remote];
        let set = set::merge(self.units.schema(), reading.inside(Some(of)), delimiter.as_deref(), sides)?;
        Some(Outcome {
            is_remote: leaf.is_remote(&set),
            is_known: !leaf.is_null_there(),
            base: Now::Stays,
            local: match set {
                set if leaf.is_local(&set) => Now::Stays,
                Value::Null if said.is_none() => Now::Becomes(None),
                set => Now::Becomes(Some(set)),
            },
        })
    }
}

/// The value with its changes; `None` without any. What is new to a set comes in the source's order.
fn changed(
    kind: Option<&Kind>,
    value: impl FnOnce() -> Value,
    parts: &[Part<'_>],
    mut changes: Changes<'_>,
) -> Option<Value> {
    if changes.is_empty() {
        return None;
    }
    changes.sort_by_key(|(place, _)| *place);
    Some(with_parts(kind, value(), parts, changes.into_iter().map(|(_, change)| change).collect()))
}
