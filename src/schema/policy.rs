//! Policies: the schema with what a run overrides, and which rule is the most specific.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{FirstSync, Schema, SchemaError, Strategy, Unit, version};
use crate::value::Fingerprint;

/// By which rules a run decides: the schema, with what the run overrides. A job refers to a policy by its
/// [fingerprint](Self::fingerprint), so that a retry or a webhook cannot run under another one.
///
/// ```
/// use tripartite::schema::{Field, Kind, Policy, RuleSource, Schema, Strategy, Unit};
/// let schema = Schema::builder()
///     .field(Field::new("club", Kind::Name).strategy(Strategy::Enforced))
///     .field(Field::new("phone", Kind::Text))
///     .build()?;
/// let policy = Policy::new(schema).strategy(Strategy::LocalWins)?;
/// // more specific than the run
/// assert_eq!(policy.rule(Unit::Field(0), None).source, RuleSource::Field);
/// assert_eq!(policy.rule(Unit::Field(1), None).to_string(), "run: local_wins");
/// # Ok::<(), tripartite::schema::SchemaError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    schema: Schema,
    strategy: Option<Strategy>,
    first_sync: Option<FirstSync>,
    fingerprint: Fingerprint,
}

/// Where the rule that decided was stated, the most specific first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RuleSource {
    /// For this record alone.
    Record,
    /// For the field.
    Field,
    /// For the atomic group.
    Group,
    /// For the run.
    Run,
    /// For the source.
    Source,
    /// By the first-sync policy, because there was no base.
    FirstSync,
}

/// The rule that decides a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecidingRule {
    /// Where it was stated.
    pub source: RuleSource,
    /// The strategy.
    pub strategy: Strategy,
}

impl fmt::Display for DecidingRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match self.source {
            RuleSource::Record => "record",
            RuleSource::Field => "field",
            RuleSource::Group => "group",
            RuleSource::Run => "run",
            RuleSource::Source => "source",
            RuleSource::FirstSync => "first_sync",
        };
        f.write_str(source)?;
        f.write_str(": ")?;
        self.strategy.fmt(f)
    }
}

impl Policy {
    /// The schema's own rules.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Policy, Schema, Unit};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// // the default
    /// assert_eq!(
    ///     Policy::new(schema).rule(Unit::Field(0), None).to_string(),
    ///     "source: remote_wins"
    /// );
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn new(schema: Schema) -> Self {
        let first_sync = schema.spec().first_sync;
        let mut policy = Self { fingerprint: schema.fingerprint(), schema, strategy: None, first_sync };
        policy.seal();
        policy
    }

    /// Decides by another strategy wherever no record, field or group states one.
    ///
    /// It fails at once and not at the end of a chain, because a policy is no builder: each policy is checked, has its
    /// fingerprint, and is taken as it is by [`resolve`](mod@crate::resolve) and [`plan`](mod@crate::plan), which cannot
    /// fail.
    ///
    /// # Errors
    /// [`SchemaError::NoStamp`] when it is `newest_wins` by a field that does not exist or is no timestamp,
    /// [`SchemaError::NoResolver`] when it is `custom` by a resolver that is not registered.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Policy, Schema, SchemaError, Strategy};
    /// let policy =
    ///     Policy::new(Schema::builder().field(Field::new("name", Kind::Name)).build()?);
    /// let error =
    ///     policy.strategy(Strategy::Custom { resolver: "longer".to_owned() }).unwrap_err();
    /// // now, not during a night
    /// assert_eq!(error, SchemaError::NoResolver { resolver: "longer".to_owned() });
    /// # Ok::<(), SchemaError>(())
    /// ```
    pub fn strategy(mut self, strategy: Strategy) -> Result<Self, SchemaError> {
        self.schema.check_strategy(&strategy)?;
        self.strategy = Some(strategy);
        self.seal();
        Ok(self)
    }

    /// Who is believed where there is no base and both sides have a value.
    ///
    /// ```
    /// # use tripartite::schema::{Field, FirstSync, Kind, Policy, Schema};
    /// let schema = Schema::builder()
    ///     .field(Field::new("name", Kind::Name))
    ///     .first_sync(FirstSync::Review)
    ///     .build()?;
    /// // over the schema's own
    /// let import = Policy::new(schema).first_sync(FirstSync::AdoptRemote);
    /// assert_eq!(import.first_sync_policy(), Some(FirstSync::AdoptRemote));
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    #[must_use]
    pub fn first_sync(mut self, first_sync: FirstSync) -> Self {
        self.first_sync = Some(first_sync);
        self.seal();
        self
    }

    /// The schema.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// assert_eq!(Policy::new(schema.clone()).schema().fingerprint(), schema.fingerprint());
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The first-sync policy, if one is stated.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// // the strategy decides a first sync, too
    /// assert_eq!(Policy::new(schema).first_sync_policy(), None);
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn first_sync_policy(&self) -> Option<FirstSync> {
        self.first_sync
    }

    /// The version of the policy, schema included: equal iff every decision would be.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Policy, Schema, Strategy};
    /// let plain = Policy::new(Schema::builder().field(Field::new("name", Kind::Name)).build()?);
    /// let merging = plain.clone().strategy(Strategy::MERGE)?;
    /// assert_eq!(plain.schema().fingerprint(), merging.schema().fingerprint());
    /// // so every record is looked at once more
    /// assert_ne!(plain.fingerprint(), merging.fingerprint());
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The rule for a unit: the record's override, the field's, the group's, the run's, the source's.
    ///
    /// An override is a strategy that was checked when it was stored; one that names what does not exist is treated
    /// as [`Strategy::MERGE`]'s fallback: nothing is lost, a person decides.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Policy, Schema, Strategy, Unit};
    /// let club = Field::new("club", Kind::Name).strategy(Strategy::Enforced);
    /// let policy = Policy::new(Schema::builder().field(club).build()?);
    /// assert_eq!(policy.rule(Unit::Field(0), None).to_string(), "field: enforced");
    /// assert_eq!(
    ///     policy.rule(Unit::Field(0), Some(&Strategy::LocalWins)).to_string(),
    ///     "record: local_wins"
    /// );
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn rule(&self, unit: Unit, record: Option<&Strategy>) -> DecidingRule {
        let (source, strategy) = self.deciding(unit, record);
        DecidingRule { source, strategy: strategy.clone() }
    }

    /// The same, borrowed.
    pub(crate) fn deciding<'p>(&'p self, unit: Unit, record: Option<&'p Strategy>) -> (RuleSource, &'p Strategy) {
        let spec = self.schema.spec();
        if let Some(strategy) = record {
            return (RuleSource::Record, strategy);
        }
        let lead = self.schema.members(&unit).first().and_then(|&at| spec.fields.get(at));
        if let Some(strategy) = lead.and_then(|field| field.strategy.as_ref()) {
            return (RuleSource::Field, strategy);
        }
        if let Unit::Group(index) = unit
            && let Some(strategy) = spec.groups.get(index).and_then(|group| group.strategy.as_ref())
        {
            return (RuleSource::Group, strategy);
        }
        match &self.strategy {
            Some(strategy) => (RuleSource::Run, strategy),
            None => (RuleSource::Source, &spec.strategy),
        }
    }

    /// The strategy for a record as a whole: its own, the run's, or the source's.
    pub(crate) fn of_record<'p>(&'p self, record: Option<&'p Strategy>) -> &'p Strategy {
        record.or(self.strategy.as_ref()).unwrap_or(&self.schema.spec().strategy)
    }

    fn seal(&mut self) {
        self.fingerprint = version::of_policy(self.schema.fingerprint(), self.strategy.as_ref(), self.first_sync);
    }
}
