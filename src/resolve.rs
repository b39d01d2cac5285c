//! Resolution: what is done about each verdict, by which rule, and why.
//!
//! A verdict is a fact; a **decision** follows from it by a [`Strategy`]. Each field ends with a new local value, a new
//! base, both or neither:
//!
//! | verdict | decision | local | base |
//! |---|---|---|---|
//! | InSync, Adopted, Converged | [`Nothing`](Decision::Nothing) | stays | the source's value |
//! | RemoteOnly | [`TookRemote`](Decision::TookRemote) | the source's value | the source's value |
//! | LocalOnly | [`Nothing`](Decision::Nothing) | stays | the source's value, which is what it was |
//! | LocalOnly, enforced | [`DriftReverted`](Decision::DriftReverted) | the source's value | the source's value |
//! | Conflict | by the strategy | one side, or both [`Merged`](Decision::Merged) | the source's value |
//! | Conflict, left open | [`HeldOpen`](Decision::HeldOpen) | stays | stays |
//! | NotReported, InvalidRemote | [`Nothing`](Decision::Nothing) | stays | stays |
//!
//! Two values that are equal to their kind never cause a write. Objects merge key by key, and sets of records record by record,
//! under **every** strategy: the strategy decides where two sides collide, and a part that only the host knows stays.
//!
//! **Why does a conflict in a set or map stay a conflict when nothing was lost?** Because both sides did change it. The
//! verdict says so, the decision says `Merged`, and nothing is left open.

mod action;
mod after;
mod dialled;
mod english;
mod group;
mod nested;
mod reason;
mod set;

use serde::{Deserialize, Serialize};

use self::action::Action;
pub use self::dialled::{Dialled, DialledIn};
pub use self::reason::{Reason, UnitReason};
pub(crate) use self::reason::{has_part_rules, told};
use crate::detect::{Change, ChangeSet, Clash, Regions, Sides, Verdict};
use crate::schema::{DecidingRule, Dispute, Field, FirstSync, Kind, Policy, RuleSource, Schema, Strategy, Unit};
use crate::value::{FieldRef, Value};

/// What was done about a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Decision {
    /// Nothing had to be decided.
    #[serde(alias = "nothing")]
    Nothing,
    /// The source's value was taken.
    #[serde(alias = "took_remote")]
    TookRemote,
    /// The host's value was kept, and the source's acknowledged.
    #[serde(alias = "kept_local")]
    KeptLocal,
    /// Both sides' changes were brought together, or a resolver wrote a value of its own.
    #[serde(alias = "merged")]
    Merged,
    /// The host's value was kept, and a person must decide.
    #[serde(alias = "held_open")]
    HeldOpen,
    /// A local edit was undone, because the field is enforced.
    #[serde(alias = "drift_reverted")]
    DriftReverted,
    /// A person entered a value: an answer to a conflict, or one that was brought back. No policy comes to this.
    #[serde(alias = "entered")]
    Entered,
}

impl Decision {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "Nothing",
            Self::TookRemote => "TookRemote",
            Self::KeptLocal => "KeptLocal",
            Self::Merged => "Merged",
            Self::HeldOpen => "HeldOpen",
            Self::DriftReverted => "DriftReverted",
            Self::Entered => "Entered",
        }
    }
}

/// A new value for one side, or none.
///
/// This enum is exhaustive: whoever carries out a resolution must carry out every effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect<'a> {
    /// It stays as it is.
    Keep,
    /// It becomes what one of the versions has.
    Field(FieldRef<'a>),
    /// It becomes a value that none of the versions has as it is.
    Value(Value),
}

impl Effect<'_> {
    /// Whether anything changes.
    pub fn is_change(&self) -> bool {
        !matches!(self, Self::Keep)
    }

    /// The new value, if there is one.
    pub fn to_value(&self) -> Option<Value> {
        match self {
            Self::Keep => None,
            Self::Field(field) => Some(field.to_value()),
            Self::Value(value) => Some(value.clone()),
        }
    }
}

/// What becomes of one field.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FieldEffect<'a> {
    /// Its position in the schema.
    pub position: usize,
    /// The host's value.
    pub local: Effect<'a>,
    /// The base.
    pub base: Effect<'a>,
}

/// A conflict at a path inside an object or a set of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Collision {
    /// Where, as a JSON Pointer (RFC 6901) into the field's value. The record of a set stands in it by its key:
    /// `/type=work/value`.
    pub path: String,
    /// How the sides collide there.
    pub clash: Clash,
    /// What was done about it.
    pub decision: Decision,
}

/// What was decided for one unit.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Resolution<'a> {
    /// The field or group.
    pub unit: Unit,
    /// What had happened.
    pub verdict: Verdict,
    /// What was done.
    pub decision: Decision,
    /// The rule that decided.
    pub rule: DecidingRule,
    /// What becomes of each field of the unit.
    pub fields: Vec<FieldEffect<'a>>,
    /// Inside an object: each path where the sides collide.
    pub collisions: Vec<Collision>,
}

impl Resolution<'_> {
    /// The resolution of a field or group that is in sync: nothing is done. [`resolve()`] returns none for it.
    ///
    /// ```
    /// use tripartite::resolve::Resolution;
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let (policy, unit) = (Policy::new(schema.clone()), schema.units()[0]);
    /// let in_sync = Resolution::in_sync(unit, policy.rule(unit, None));
    /// assert!(!in_sync.is_open());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn in_sync(unit: Unit, rule: DecidingRule) -> Self {
        let (verdict, decision) = (Verdict::InSync, Decision::Nothing);
        Self { unit, verdict, decision, rule, fields: Vec::new(), collisions: Vec::new() }
    }

    /// Whether a person must decide.
    pub fn is_open(&self) -> bool {
        self.decision == Decision::HeldOpen
    }
}

/// A change set with a decision for each change.
#[derive(Debug, Clone)]
#[must_use = "decisions that are not planned are not carried out"]
#[non_exhaustive]
pub struct Resolved<'a> {
    /// The three versions.
    pub sides: Sides<'a>,
    /// The decisions, in the schema's order.
    pub resolutions: Vec<Resolution<'a>>,
    schema: Schema,
}

/// Decides every change of a change set.
///
/// `record` is the strategy this record is decided by, where the host keeps one for it.
///
/// ```
/// use tripartite::detect::{Sides, detect};
/// use tripartite::resolve::{Decision, resolve};
/// use tripartite::schema::{Field, Kind, Policy, Schema, Strategy};
///
/// let schema = Schema::builder()
///     .strategy(Strategy::MERGE)
///     .field(Field::new("tags", Kind::set(Kind::Text)))
///     .field(Field::new("email", Kind::Email))
///     .build()?;
/// let base =
///     schema.record(&serde_json::json!({"tags": ["coach"], "email": "a@example.org"}))?;
/// let local = schema.record(
///     &serde_json::json!({"tags": ["coach", "treasurer"], "email": "b@example.org"}),
/// )?;
/// let remote = schema.record(
///     &serde_json::json!({"tags": ["coach", "referee"], "email": "c@example.org"}),
/// )?;
///
/// let changes = detect(&schema, Sides { base: &base, local: &local, remote: &remote });
/// let resolved = resolve(&Policy::new(schema.clone()), &changes, None);
/// let [tags, email] = &resolved.resolutions[..] else { unreachable!() };
/// // Both tags are kept; two e-mail addresses cannot both be right, so a person decides.
/// assert_eq!((tags.decision, email.decision), (Decision::Merged, Decision::HeldOpen));
/// assert_eq!(email.rule.to_string(), "source: merge");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn resolve<'a>(policy: &Policy, changes: &ChangeSet<'a>, record: Option<&Strategy>) -> Resolved<'a> {
    let sides = changes.sides;
    let resolutions =
        changes.changes().iter().map(|change| UnitResolver { policy, sides }.decide(change, record)).collect();
    let mut resolved = Resolved { sides, resolutions, schema: policy.schema().clone() };
    if policy.schema().has_regions() {
        resolved.carry();
    }
    resolved
}

/// Whether sets are merged. A first sync that is left to a person is left whole.
fn merges((source, strategy): (RuleSource, &Strategy)) -> bool {
    matches!(strategy, Strategy::Merge { .. }) && source != RuleSource::FirstSync
}

/// One record before the policy.
#[derive(Clone, Copy)]
struct UnitResolver<'p, 'a> {
    policy: &'p Policy,
    sides: Sides<'a>,
}

impl<'a> UnitResolver<'_, 'a> {
    pub(super) fn schema(&self) -> &Schema {
        self.policy.schema()
    }

    fn decide(&self, change: &Change, record: Option<&Strategy>) -> Resolution<'a> {
        let Change { unit, verdict } = change.clone();
        let rule = self.rule(unit, &verdict, record);
        match unit {
            Unit::Field(position) => self.decide_field(position, verdict, rule),
            Unit::Group(_) => self.decide_group(unit, verdict, rule),
        }
    }

    /// A first-sync policy takes the place of every strategy but those that decide unconditionally.
    fn rule(&self, unit: Unit, verdict: &Verdict, record: Option<&Strategy>) -> DecidingRule {
        let rule = self.policy.rule(unit, record);
        match self.policy.first_sync_policy() {
            Some(first) if *verdict == Verdict::Conflict(Clash::NoBase) && !rule.strategy.is_unconditional() => {
                let strategy = match first {
                    FirstSync::AdoptRemote => Strategy::RemoteWins,
                    FirstSync::AdoptLocal => Strategy::LocalWins,
                    FirstSync::Review => Strategy::MERGE,
                };
                DecidingRule { source: RuleSource::FirstSync, strategy }
            }
            _ => rule,
        }
    }

    fn decide_field(&self, position: usize, verdict: Verdict, rule: DecidingRule) -> Resolution<'a> {
        let field = &self.schema().fields()[position];
        let (base, local) = (self.sides.base.field(position), self.sides.local.field(position));
        // The verdict says whether the source said something of use, so nothing is read once more.
        let remote = match (&verdict, self.sides.remote.field(position)) {
            (Verdict::NotReported | Verdict::InvalidRemote(_), _) => local,
            (_, said) if self.schema().is_null(field, said) => FieldRef::NULL,
            (_, said) => said,
        };
        // An object that is null to its field is decided as null is, however it is spelled.
        if field.kind().is_granular()
            && !matches!(verdict, Verdict::NotReported | Verdict::InvalidRemote(_))
            && !self.schema().is_null(field, local)
            && let Some(merged) = nested::decide(self, position, &verdict, &rule, [local, remote])
        {
            return merged;
        }
        if let Some(merged) = self.merge_set(field, position, &verdict, &rule, remote) {
            return merged;
        }
        let action = self.act(&verdict, &rule.strategy, self.schema().is_null(field, local), |resolver| {
            // However null is spelled, a resolver sees null.
            let value = |raw| if self.schema().is_null(field, raw) { Value::Null } else { raw.to_value() };
            let (known, local, remote) = (value(base), value(local), value(remote));
            let base = (!base.is_missing()).then_some(&known);
            self.rule_by(
                resolver,
                field,
                &Dispute { unit: field.name(), path: "", base, local: &local, remote: &remote },
            )
        });
        let decision = action.decision();
        let effect = FieldEffect {
            position,
            base: if action.advances() { Effect::Field(remote) } else { Effect::Keep },
            local: match action {
                Action::TakeRemote | Action::Revert => self.written(position, remote),
                Action::Write(value) => Effect::Value(value),
                _ => Effect::Keep,
            },
        };
        Resolution {
            unit: Unit::Field(position),
            verdict,
            decision,
            rule,
            fields: vec![effect],
            collisions: Vec::new(),
        }
    }

    fn merge_set(
        &self,
        field: &Field,
        position: usize,
        verdict: &Verdict,
        rule: &DecidingRule,
        remote: FieldRef<'a>,
    ) -> Option<Resolution<'a>> {
        let Kind::Set { of, delimiter } = field.kind() else { return None };
        if !merges((rule.source, &rule.strategy)) || !matches!(verdict, Verdict::Conflict(_)) {
            return None;
        }
        let (base, local) = (self.sides.base.field(position).to_value(), self.sides.local.field(position).to_value());
        let of = field.reading().inside(Some(of));
        let merged = set::merge(self.schema(), of, delimiter.as_deref(), [&base, &local, &remote.to_value()])?;
        let changed = !self.schema().same_value(field, &merged, &local);
        let effect = FieldEffect {
            position,
            local: if changed { self.written_value(field, merged) } else { Effect::Keep },
            base: Effect::Field(remote),
        };
        Some(Resolution {
            unit: Unit::Field(position),
            verdict: verdict.clone(),
            decision: Decision::Merged,
            rule: rule.clone(),
            fields: vec![effect],
            collisions: Vec::new(),
        })
    }

    /// What is written to the host for a value of the source.
    fn written(&self, position: usize, remote: FieldRef<'a>) -> Effect<'a> {
        if !self.schema().fields()[position].writes_canonical() {
            return Effect::Field(remote);
        }
        let region = Regions::of(self.schema(), position, self.sides).remote;
        match self.schema().canonical_dialled(position, remote, region) {
            Ok(canonical) => Effect::Value(canonical),
            Err(_) => Effect::Field(remote),
        }
    }

    fn written_value(&self, field: &Field, value: Value) -> Effect<'a> {
        match field.writes_canonical().then(|| self.schema().canonical_of(field, &value)) {
            Some(Ok(canonical)) => Effect::Value(canonical),
            _ => Effect::Value(value),
        }
    }
}
