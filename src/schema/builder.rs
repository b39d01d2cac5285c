//! Building a schema: everything is collected first, and checked once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    Absent, CustomKind, Field, FirstSync, Group, Inner, Kind, Resolver, Schema, SchemaError, Strategy, Unit, version,
};
use crate::normalize::date;
use crate::value::MAX_FIELDS;

/// A schema being built: plain data, as a configuration file has it, and the host's own kinds and resolvers.
///
/// The order of the setters does not count, but that of the fields does: it is the order of their positions.
#[derive(Clone, Default)]
pub struct SchemaBuilder {
    pub(super) fields: Vec<Field>,
    pub(super) groups: Vec<Group>,
    pub(super) strategy: Strategy,
    pub(super) absent: Absent,
    pub(super) first_sync: Option<FirstSync>,
    pub(super) kinds: BTreeMap<String, Arc<dyn CustomKind>>,
    pub(super) resolvers: BTreeMap<String, Arc<dyn Resolver>>,
}

impl SchemaBuilder {
    /// Adds a field, behind those there are.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema, SchemaError};
    /// let twice = Schema::builder()
    ///     .field(Field::new("email", Kind::Email))
    ///     .field(Field::new("mail", Kind::Email).alias("email")); // an alias is a name
    /// assert_eq!(
    ///     twice.build().unwrap_err(),
    ///     SchemaError::DuplicateName { name: "email".to_owned() }
    /// );
    /// ```
    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// Adds an atomic group.
    ///
    /// ```
    /// use tripartite::schema::{Field, Group, Kind, Schema, SchemaError};
    /// let alone = Schema::builder()
    ///     .field(Field::new("name", Kind::Name))
    ///     .group(Group::new("person", ["name"]));
    /// assert_eq!(
    ///     alone.build().unwrap_err(),
    ///     SchemaError::SmallGroup { group: "person".to_owned() }
    /// );
    /// ```
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// The strategy where nothing more specific is stated.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tripartite::schema::{Fallback, Field, Kind, Schema, SchemaError, Strategy};
    /// let newest = Strategy::NewestWins {
    ///     stamp: "born".to_owned(),
    ///     skew: Duration::from_secs(2),
    ///     fallback: Fallback::Review,
    /// };
    /// let schema = Schema::builder().strategy(newest).field(Field::new("born", Kind::DATE));
    /// // A day does not say which of two edits came later.
    /// assert_eq!(
    ///     schema.build().unwrap_err(),
    ///     SchemaError::NoStamp { stamp: "born".to_owned() }
    /// );
    /// ```
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// What the source means by leaving a field out.
    ///
    /// ```
    /// use tripartite::schema::{Absent, Field, Kind, Schema};
    /// let schema = Schema::builder()
    ///     .absent(Absent::Cleared)
    ///     .field(Field::new("name", Kind::Name))
    ///     .build()?;
    /// assert_eq!(schema.absent(0), Absent::Cleared); // for every field that states nothing else
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    #[must_use]
    pub fn absent(mut self, absent: Absent) -> Self {
        self.absent = absent;
        self
    }

    /// Who is believed at a first sync where both sides have a value; otherwise the strategy decides that too.
    ///
    /// ```
    /// use tripartite::schema::{Field, FirstSync, Kind, Policy, Schema};
    /// let schema = Schema::builder()
    ///     .first_sync(FirstSync::AdoptLocal)
    ///     .field(Field::new("name", Kind::Name))
    ///     .build()?;
    /// assert_eq!(Policy::new(schema).first_sync_policy(), Some(FirstSync::AdoptLocal));
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    #[must_use]
    pub fn first_sync(mut self, first_sync: FirstSync) -> Self {
        self.first_sync = Some(first_sync);
        self
    }

    /// Registers a kind of the host's own, which fields name as [`Kind::Custom`].
    ///
    /// A schema file names such a kind, but cannot hold it: read a [`SchemaBuilder`] and register it before building.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use tripartite::schema::{CustomKind, SchemaBuilder};
    /// use tripartite::value::{Problem, Value};
    /// # struct Eircode;
    /// # impl CustomKind for Eircode {
    /// #     fn canonical(&self, raw: &Value) -> Result<String, Problem> {
    /// #         Ok(raw.as_text().unwrap_or_default().to_ascii_uppercase())
    /// #     }
    /// # }
    /// let file = r#"{"fields": {"home": {"kind": "eircode"}}}"#;
    /// let builder: SchemaBuilder = serde_json::from_str(file)?;
    /// assert!(builder.clone().build().is_err());
    /// assert!(builder.kind("eircode", Arc::new(Eircode)).build().is_ok());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn kind(mut self, name: impl Into<String>, kind: Arc<dyn CustomKind>) -> Self {
        self.kinds.insert(name.into(), kind);
        self
    }

    /// Registers a resolver, which strategies name as [`Strategy::Custom`].
    ///
    /// ```
    /// use std::sync::Arc;
    /// use tripartite::schema::{Dispute, Field, Kind, Resolver, Ruling, Schema, Strategy};
    /// struct Ask;
    /// impl Resolver for Ask {
    ///     fn resolve(&self, _: &Dispute<'_>) -> Ruling {
    ///         Ruling::HoldOpen
    ///     }
    /// }
    /// let asks = Schema::builder()
    ///     .strategy(Strategy::Custom { resolver: "ask".to_owned() })
    ///     .field(Field::new("name", Kind::Name));
    /// assert!(asks.clone().build().is_err()); // named, but not registered
    /// assert!(asks.resolver("ask", Arc::new(Ask)).build().is_ok());
    /// ```
    #[must_use]
    pub fn resolver(mut self, name: impl Into<String>, resolver: Arc<dyn Resolver>) -> Self {
        self.resolvers.insert(name.into(), resolver);
        self
    }

    /// Checks everything and builds the schema.
    ///
    /// # Errors
    /// [`SchemaError`], the first that is found: no field or too many, a name that is empty or stands for two things, a
    /// kind or resolver that is not registered, a date format that is none, a group that cannot be decided as one, a
    /// `newest_wins` without its timestamp.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// let dates = Kind::Date { formats: vec!["%d/%m/%Y".to_owned()] };
    /// let error = Schema::builder()
    ///     .field(Field::new("born", dates).write_canonical())
    ///     .build()
    ///     .unwrap_err();
    /// // What would be written, 2024-01-05, could not be read again.
    /// assert_eq!(
    ///     error.to_string(),
    ///     "field `born`: `write_canonical` writes ISO 8601, \
    ///      so `%Y-%m-%d` must be among its `formats`",
    /// );
    /// ```
    pub fn build(self) -> Result<Schema, SchemaError> {
        self.check_size()?;
        let names = self.names()?;
        for field in &self.fields {
            self.check_kind(&field.name, &field.kind)?;
            check_written(field)?;
        }
        let members = self.groups.iter().map(|group| group_members(group, &names)).collect::<Result<Vec<_>, _>>()?;
        let group_of = self.group_of(&members)?;
        let units = units(&group_of);
        let fingerprint = version::of_schema(&self);
        let schema = Schema(Arc::new(Inner { names, units, members, group_of, fingerprint, spec: self }));
        schema.check_strategies()?;
        Ok(schema)
    }

    fn check_size(&self) -> Result<(), SchemaError> {
        const MAX: usize = MAX_FIELDS;
        match self.fields.len() {
            0 => Err(SchemaError::NoFields),
            found if found > MAX => Err(SchemaError::TooManyFields { max: MAX, found }),
            _ => Ok(()),
        }
    }

    fn names(&self) -> Result<BTreeMap<String, usize>, SchemaError> {
        let mut names = BTreeMap::new();
        for (position, field) in self.fields.iter().enumerate() {
            for name in std::iter::once(&field.name).chain(&field.aliases) {
                if name.is_empty() {
                    return Err(SchemaError::EmptyName);
                }
                if names.insert(name.clone(), position).is_some() {
                    return Err(SchemaError::DuplicateName { name: name.clone() });
                }
            }
        }
        for (index, group) in self.groups.iter().enumerate() {
            if group.name.is_empty() {
                return Err(SchemaError::EmptyName);
            }
            let twice = self.groups[..index].iter().any(|other| other.name == group.name);
            if twice || names.contains_key(&group.name) {
                return Err(SchemaError::DuplicateName { name: group.name.clone() });
            }
        }
        Ok(names)
    }

    fn check_kind(&self, field: &str, kind: &Kind) -> Result<(), SchemaError> {
        match kind {
            Kind::Custom(name) if !self.kinds.contains_key(name) => {
                Err(SchemaError::UnknownKind { field: field.to_owned(), kind: name.clone() })
            }
            Kind::Date { formats } => formats.iter().try_for_each(|format| {
                date::check_format(format).map_err(|problem| SchemaError::Setting {
                    place: format!("field `{field}`, format `{format}`"),
                    problem: problem.to_string(),
                })
            }),
            Kind::Set { of } if !of.is_scalar() => {
                Err(SchemaError::SetOf { field: field.to_owned(), of: of.name().to_owned() })
            }
            Kind::Set { of } => self.check_kind(field, of),
            Kind::SetOfRecords { key, of } => {
                check_key(field, key, of)?;
                self.check_kind(field, of)
            }
            Kind::Record { fields, strategies, atomic } => {
                check_keys_decided(field, fields, strategies, *atomic)?;
                fields.iter().try_for_each(|(key, kind)| self.check_kind(&format!("{field}/{key}"), kind))
            }
            kind => match kind.feature_that_is_off() {
                Some(feature) => {
                    Err(SchemaError::FeatureOff { field: field.to_owned(), kind: kind.name().to_owned(), feature })
                }
                None => Ok(()),
            },
        }
    }

    fn group_of(&self, members: &[Vec<usize>]) -> Result<Vec<Option<usize>>, SchemaError> {
        let mut group_of: Vec<Option<usize>> = vec![None; self.fields.len()];
        for (index, positions) in members.iter().enumerate() {
            for &position in positions {
                let Some(first) = group_of[position].replace(index) else { continue };
                let field = self.fields[position].name.clone();
                let [first, second] = [first, index].map(|at| self.groups[at].name.clone());
                return Err(match first == second {
                    true => SchemaError::TwiceInGroup { group: first, field },
                    false => SchemaError::TwoGroups { field, first, second },
                });
            }
            let lead = &self.fields[positions[0]];
            if let Some(other) = positions.iter().map(|&at| &self.fields[at]).find(|f| f.strategy != lead.strategy) {
                return Err(SchemaError::MixedGroup {
                    group: self.groups[index].name.clone(),
                    first: lead.name.clone(),
                    second: other.name.clone(),
                });
            }
        }
        Ok(group_of)
    }
}

/// A set of records is of records, and its key is of fields that these have, each a single value.
fn check_key(field: &str, key: &[String], of: &Kind) -> Result<(), SchemaError> {
    let wrong = |problem: String| Err(SchemaError::Setting { place: format!("field `{field}`"), problem });
    let Kind::Record { fields, .. } = of else {
        return wrong(format!("a set_of_records holds records, not `{}`", of.name()));
    };
    if key.is_empty() {
        return wrong("`key`: expected at least one field that tells one record from another".to_owned());
    }
    for (at, name) in key.iter().enumerate() {
        match fields.get(name) {
            None => return wrong(format!("`key`: `{name}` is not among its `fields`")),
            Some(kind) if !kind.is_scalar() => {
                return wrong(format!("`key`: `{name}` is a `{}`; expected a kind of one value", kind.name()));
            }
            Some(_) if key[..at].contains(name) => return wrong(format!("`key`: `{name}` is named twice")),
            Some(_) => {}
        }
    }
    Ok(())
}

/// Only a key that the schema has, of a record that is not decided as a whole, has a strategy of its own.
fn check_keys_decided(
    field: &str,
    fields: &BTreeMap<String, Kind>,
    strategies: &BTreeMap<String, Strategy>,
    atomic: bool,
) -> Result<(), SchemaError> {
    let wrong = |problem: String| Err(SchemaError::Setting { place: format!("field `{field}`"), problem });
    match strategies.keys().find(|key| !fields.contains_key(*key)) {
        Some(key) => wrong(format!("a strategy is stated for `{key}`, which is not among its `fields`")),
        None if atomic && !strategies.is_empty() => {
            wrong("it is decided as a whole, so that no key of it has a `strategy` of its own".to_owned())
        }
        None => Ok(()),
    }
}

/// A canonical date is ISO 8601; what is written must be readable again.
fn check_written(field: &Field) -> Result<(), SchemaError> {
    if !field.write_canonical || reads_canonical(&field.kind) {
        return Ok(());
    }
    Err(SchemaError::Setting {
        place: format!("field `{}`", field.name),
        problem: format!("`write_canonical` writes ISO 8601, so `{ISO}` must be among its `formats`"),
    })
}

/// Whether a kind reads the dates that it writes, also inside a set or a record.
fn reads_canonical(kind: &Kind) -> bool {
    match kind {
        Kind::Date { formats } => formats.is_empty() || formats.iter().any(|format| format == ISO),
        Kind::Set { of } | Kind::SetOfRecords { of, .. } => reads_canonical(of),
        Kind::Record { fields, .. } => fields.values().all(reads_canonical),
        _ => true,
    }
}

const ISO: &str = "%Y-%m-%d";

fn group_members(group: &Group, names: &BTreeMap<String, usize>) -> Result<Vec<usize>, SchemaError> {
    if group.fields.len() < 2 {
        return Err(SchemaError::SmallGroup { group: group.name.clone() });
    }
    let position = |field: &String| {
        names
            .get(field)
            .copied()
            .ok_or_else(|| SchemaError::NoSuchField { group: group.name.clone(), field: field.clone() })
    };
    group.fields.iter().map(position).collect()
}

fn units(group_of: &[Option<usize>]) -> Vec<Unit> {
    let mut units = Vec::new();
    for (position, group) in group_of.iter().enumerate() {
        let unit = group.map_or(Unit::Field(position), Unit::Group);
        if !units.contains(&unit) {
            units.push(unit);
        }
    }
    units
}
