//! The schema: which fields a record has, what each holds, and by which rule its conflicts are decided.
//!
//! A schema is built in code or read through serde from a configuration file; either way a wrong one is a precise
//! [`SchemaError`] when it is built, never a surprise during a run. Inside the crate fields are positions in the
//! schema; names exist only here, at the rim.
//!
//! ```
//! use tripartite::schema::{Field, Group, Kind, Schema, Strategy};
//!
//! let in_code = Schema::builder()
//!     .strategy(Strategy::MERGE)
//!     .field(Field::new("first_name", Kind::Name))
//!     .field(Field::new("last_name", Kind::Name))
//!     .field(Field::new("email", Kind::Email).sensitive())
//!     .group(Group::new("name", ["first_name", "last_name"]))
//!     .build()?;
//! let in_a_file: Schema = serde_json::from_str(
//!     r#"{
//! "strategy": "merge",
//! "fields": {
//!     "first_name": {"kind": "name"},
//!     "last_name": {"kind": "name"},
//!     "email": {"kind": "email", "sensitive": true}
//! },
//! "groups": {"name": ["first_name", "last_name"]}
//! }"#,
//! )?;
//! assert_eq!(in_code.fingerprint(), in_a_file.fingerprint());
//!
//! let wrong = serde_json::from_str::<Schema>(r#"{"fields": {"email": {"kind": "emial"}}}"#);
//! assert!(
//!     wrong.unwrap_err().to_string().starts_with("field `email`: unknown kind `emial`")
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A strategy acts on what [`detect`](mod@crate::detect) found, never on whole records. What each does with the base at
//! A, X entered here and Y at the source, three different values:
//!
//! | strategy | base A, local A, remote Y | base A, local X, remote A | base A, local X, remote Y |
//! |---|---|---|---|
//! | [`RemoteWins`](Strategy::RemoteWins), the default | Y | X | Y; X is in the audit |
//! | [`LocalWins`](Strategy::LocalWins) | Y | X | X; reported once |
//! | [`Merge`](Strategy::Merge) | Y | X | X until a person decides; sets and objects are merged |
//! | [`Enforced`](Strategy::Enforced) | Y | A | Y |
//! | [`LocalOwned`](Strategy::LocalOwned) | A | X | X |
//! | [`FillOnly`](Strategy::FillOnly) | A; Y only into an empty local | X | X |
//! | [`NewestWins`](Strategy::NewestWins) | Y | X | the newer one |
//! | [`Custom`](Strategy::Custom) | Y | X | what the [`Resolver`] rules |
//!
//! The second column is what three versions are for: with two, the source's old value cannot be told from a new one,
//! and a rule such as "remote wins" reverts every edit the night after it was made. Telling the sides apart by their
//! common ancestor is the three-way merge of diff3, here for fields instead of lines (Khanna, Kunal and Pierce, *A
//! Formal Investigation of Diff3*, FSTTCS 2007).
//!
//! **Which strategy decides?** The most specific one that is stated: the record's override, the field's, its atomic
//! group's, the run's, the source's default. [`Policy::rule`] finds it, and the audit names it.
//!
//! **Why are fields grouped?** Decided one by one, a first name of one side and a last name of the other make a person
//! that nobody entered. A [`Group`] takes its whole tuple from one side. Outside its group no field depends on another.
//!
//! **When the schema changes**, stored bases are read by name: a new field has no base, a renamed one is found by its
//! alias, a removed one is kept beside the record and ignored.
//!
//! **Why is an unknown strategy or kind an error, and not the default?** Because a slip in a name would then decide
//! people's data by another rule, and nothing would show it.

#[cfg(not(all(feature = "idn", feature = "phone")))]
mod absent;
mod builder;
mod check;
mod compare;
mod elements;
mod error;
mod field;
mod gone;
mod group;
mod identity;
mod ids;
mod kind;
mod null;
mod parts;
mod places;
mod policy;
mod privacy;
mod read;
mod reading;
mod region;
mod spec;
mod strategy;
mod to_value;
mod version;
mod words;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use builder::SchemaBuilder;

pub(crate) use elements::{delimited, elements};
pub use error::SchemaError;
pub use field::Field;
pub use gone::Gone;
pub use group::Group;
pub use ids::IdRule;
pub use kind::{CustomKind, Kind};
pub use null::NullMeans;
pub(crate) use parts::{Part, PartChange, part, with_parts};
pub(crate) use places::{Places, told_place};
pub use policy::{DecidingRule, Policy, RuleSource};
pub use privacy::Privacy;
pub use read::{Keyed, KeyedSeed, RecordSeed};
pub(crate) use reading::Reading;
pub use strategy::{
    Absent, Dispute, Fallback, FirstSync, Resolver, Ruling, Strategy, UnknownFirstSync, UnknownStrategy,
};
pub use to_value::RecordingError;
pub use write::{Named, ReadError};

use crate::value::{Fingerprint, Record};

/// What is decided as one: a field on its own, or an atomic group. It means something to its own schema only, whose
/// [`unit_name`](Schema::unit_name) and [`members`](Schema::members) tell what.
///
/// This enum is exhaustive: what is decided as one is a field or a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// The field at this position.
    Field(usize),
    /// The group at this index.
    Group(usize),
}

/// Which fields a record has and how they are decided. Cloning shares it.
#[derive(Clone)]
pub struct Schema(Arc<Inner>);

struct Inner {
    spec: SchemaBuilder,
    names: BTreeMap<String, usize>,
    units: Vec<Unit>,
    members: Vec<Vec<usize>>,
    group_of: Vec<Option<usize>>,
    /// Of each field the one that says its region; empty where none does.
    regions: Vec<Option<usize>>,
    gone: Option<gone::Words>,
    fingerprint: Fingerprint,
}

impl Schema {
    /// Starts a schema in code.
    ///
    /// ```
    /// use tripartite::schema::{Schema, SchemaError};
    /// // an empty one compares nothing
    /// assert_eq!(Schema::builder().build().unwrap_err(), SchemaError::NoFields);
    /// ```
    pub fn builder() -> SchemaBuilder {
        SchemaBuilder::default()
    }

    /// The fields, by position.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder()
    ///     .field(Field::new("phone", Kind::Text))
    ///     .field(Field::new("name", Kind::Name))
    ///     .build()?;
    /// let names: Vec<&str> = schema.fields().iter().map(Field::name).collect();
    /// assert_eq!(names, ["phone", "name"]); // as they were added, not sorted
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn fields(&self) -> &[Field] {
        &self.0.spec.fields
    }

    /// The position of a field, by its name or an alias.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// let schema =
    ///     Schema::builder().field(Field::new("email", Kind::Email).alias("mail")).build()?;
    /// assert_eq!(schema.position("mail"), schema.position("email"));
    /// assert_eq!(schema.position("Email"), None); // names are exact
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn position(&self, name: &str) -> Option<usize> {
        self.0.names.get(name).copied()
    }

    /// What is decided as one, in the order of the fields.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Group, Kind, Schema, Unit};
    /// let schema = Schema::builder()
    ///     .field(Field::new("first_name", Kind::Name))
    ///     .field(Field::new("email", Kind::Email))
    ///     .field(Field::new("last_name", Kind::Name))
    ///     .group(Group::new("name", ["first_name", "last_name"]))
    ///     .build()?;
    /// // a group stands where its first field does
    /// assert_eq!(schema.units(), [Unit::Group(0), Unit::Field(1)]);
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn units(&self) -> &[Unit] {
        &self.0.units
    }

    /// The name of a unit: its field's or its group's.
    ///
    /// A unit of another schema that this one does not have has an empty name, which no unit of its own can have.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Group, Kind, Schema, Unit};
    /// # let schema = Schema::builder()
    /// #     .field(Field::new("first_name", Kind::Name))
    /// #     .field(Field::new("last_name", Kind::Name))
    /// #     .group(Group::new("name", ["first_name", "last_name"]))
    /// #     .build()?;
    /// assert_eq!(schema.unit_name(Unit::Group(0)), "name");
    /// assert_eq!(schema.unit_name(Unit::Field(0)), "first_name"); // in a group or not
    /// assert_eq!(schema.unit_name(Unit::Group(1)), ""); // another schema's
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn unit_name(&self, unit: Unit) -> &str {
        let spec = &self.0.spec;
        match unit {
            Unit::Field(position) => spec.fields.get(position).map_or("", |field| &field.name),
            Unit::Group(index) => spec.groups.get(index).map_or("", |group| &group.name),
        }
    }

    /// The positions of the fields of a unit; a unit of another schema that this one does not have has none.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Group, Kind, Schema, Unit};
    /// # let schema = Schema::builder()
    /// #     .field(Field::new("first_name", Kind::Name))
    /// #     .field(Field::new("last_name", Kind::Name))
    /// #     .group(Group::new("name", ["last_name", "first_name"]))
    /// #     .build()?;
    /// assert_eq!(schema.members(&Unit::Group(0)), [1, 0]); // as the group names them
    /// assert_eq!(schema.members(&Unit::Field(1)), [1]);
    /// assert!(
    ///     schema.members(&Unit::Field(2)).is_empty()
    ///         && schema.members(&Unit::Group(1)).is_empty()
    /// );
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn members<'a>(&'a self, unit: &'a Unit) -> &'a [usize] {
        match unit {
            Unit::Field(position) if *position < self.fields().len() => std::slice::from_ref(position),
            Unit::Field(_) => &[],
            Unit::Group(index) => self.0.members.get(*index).map_or(&[], Vec::as_slice),
        }
    }

    /// The group a field belongs to.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Group, Kind, Schema};
    /// # let schema = Schema::builder()
    /// #     .field(Field::new("first_name", Kind::Name))
    /// #     .field(Field::new("last_name", Kind::Name))
    /// #     .field(Field::new("email", Kind::Email))
    /// #     .group(Group::new("name", ["first_name", "last_name"]))
    /// #     .build()?;
    /// assert_eq!(schema.group_of(1).map(Group::name), Some("name"));
    /// // on its own; not there at all
    /// assert_eq!((schema.group_of(2), schema.group_of(99)), (None, None));
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn group_of(&self, position: usize) -> Option<&Group> {
        self.0.group_of.get(position).copied().flatten().map(|index| &self.0.spec.groups[index])
    }

    /// The source's default strategy.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Schema, Strategy};
    /// let schema = Schema::builder()
    ///     .field(Field::new("club", Kind::Name).strategy(Strategy::Enforced))
    ///     .build()?;
    /// // none was stated for the source; a field's own is not it
    /// assert_eq!(schema.strategy(), &Strategy::RemoteWins);
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn strategy(&self) -> &Strategy {
        &self.0.spec.strategy
    }

    /// What the source means by leaving this field out.
    ///
    /// ```
    /// # use tripartite::schema::{Absent, Field, Kind, Schema};
    /// let schema = Schema::builder()
    ///     .absent(Absent::ClearedIfReported)
    ///     .field(Field::new("email", Kind::Email))
    ///     .field(Field::new("notes", Kind::Text).absent(Absent::NoOpinion))
    ///     .build()?;
    /// assert_eq!(
    ///     (schema.absent(0), schema.absent(1)),
    ///     (Absent::ClearedIfReported, Absent::NoOpinion)
    /// );
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn absent(&self, position: usize) -> Absent {
        self.fields().get(position).and_then(|field| field.absent).unwrap_or(self.0.spec.absent)
    }

    /// The version of the schema: equal iff everything that can change a decision is equal. It stands beside stored
    /// bases.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// let of = |field: Field| {
    ///     Schema::builder().field(field).build().map(|schema| schema.fingerprint())
    /// };
    /// assert_eq!(of(Field::new("born", Kind::DATE)), of(Field::new("born", Kind::DATE)));
    /// assert_ne!(
    ///     of(Field::new("born", Kind::DATE)),
    ///     of(Field::new("born", Kind::DATE).required())
    /// );
    /// ```
    pub fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint
    }

    /// A record of this schema that says nothing.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// assert!(schema.missing().field(0).is_missing()); // as a base: never in step
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn missing(&self) -> Record {
        Record::missing(self.fields().len())
    }

    pub(crate) fn custom_kind(&self, name: &str) -> Option<&dyn CustomKind> {
        self.0.spec.kinds.get(name).map(AsRef::as_ref)
    }

    pub(crate) fn resolver(&self, name: &str) -> Option<&dyn Resolver> {
        self.0.spec.resolvers.get(name).map(AsRef::as_ref)
    }

    fn spec(&self) -> &SchemaBuilder {
        &self.0.spec
    }

    fn check_strategy(&self, strategy: &Strategy) -> Result<(), SchemaError> {
        match strategy {
            Strategy::NewestWins { stamp, .. } => match self.position(stamp).map(|at| self.fields()[at].kind()) {
                Some(Kind::Timestamp(_)) => Ok(()),
                _ => Err(SchemaError::NoStamp { stamp: stamp.clone() }),
            },
            Strategy::Custom { resolver } => match self.resolver(resolver) {
                Some(_) => Ok(()),
                None => Err(SchemaError::NoResolver { resolver: resolver.clone() }),
            },
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema")
            .field("fields", &self.0.spec.fields)
            .field("groups", &self.0.spec.groups)
            .finish_non_exhaustive()
    }
}

impl Schema {
    fn check_strategies(&self) -> Result<(), SchemaError> {
        let spec = self.spec();
        let of_fields = spec.fields.iter().filter_map(|field| field.strategy.as_ref());
        let of_groups = spec.groups.iter().filter_map(|group| group.strategy.as_ref());
        let of_keys = spec.fields.iter().flat_map(|field| field.kind.strategies());
        of_fields
            .chain(of_keys)
            .chain(of_groups)
            .chain([&spec.strategy])
            .try_for_each(|strategy| self.check_strategy(strategy))
    }
}
