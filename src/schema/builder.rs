//! Building a schema: everything is collected first, and checked once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    Absent, CustomKind, Field, FirstSync, Gone, Group, IdRule, Inner, NullMeans, Resolver, Schema, SchemaError,
    Strategy, Unit, check, version,
};
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
    pub(super) null_means: NullMeans,
    pub(super) gone: Option<Gone>,
    pub(super) ids: IdRule,
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

    /// What the source means by null, in every field that states nothing else.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, NullMeans, Schema};
    /// let schema = Schema::builder()
    ///     .null_means(NullMeans::NoOpinion)
    ///     .field(Field::new("team", Kind::Text))
    ///     .build()?;
    /// assert_eq!(schema.null_means(0), NullMeans::NoOpinion);
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    #[must_use]
    pub fn null_means(mut self, means: NullMeans) -> Self {
        self.null_means = means;
        self
    }

    /// By which words of which field a listed record has left.
    ///
    /// ```
    /// use tripartite::schema::{Field, Gone, Kind, Schema};
    /// let builder = Schema::builder().gone(Gone::new("enabled", [false]));
    /// let enabled = Field::new("enabled", Kind::BOOLEAN);
    /// assert!(builder.clone().field(enabled).build().is_ok());
    /// // a word that the field could never say
    /// assert!(builder.field(Field::new("enabled", Kind::DATE)).build().is_err());
    /// ```
    #[must_use]
    pub fn gone(mut self, gone: Gone) -> Self {
        self.gone = Some(gone);
        self
    }

    /// What does not count in ids. By default everything does.
    ///
    /// ```
    /// use tripartite::schema::{Field, IdRule, Kind, Schema};
    /// let schema = Schema::builder()
    ///     .ids(IdRule { case: true, ..IdRule::EXACT })
    ///     .field(Field::new("name", Kind::Name))
    ///     .build()?;
    /// assert_eq!(schema.ids().normal("AB-1"), "ab-1");
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    #[must_use]
    pub fn ids(mut self, ids: IdRule) -> Self {
        self.ids = ids;
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

    /// Registers a kind of the host's own, which fields name as [`Kind::Custom`](super::Kind::Custom).
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
    /// let dates = Kind::dates(["%d/%m/%Y"]);
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
            check::kind(&self, &field.name, &field.kind)?;
            check::written(field)?;
        }
        let members = self.groups.iter().map(|group| group_members(group, &names)).collect::<Result<Vec<_>, _>>()?;
        let group_of = self.group_of(&members)?;
        check::places(&self.fields)?;
        let regions = check::regions(&self.fields, &names)?;
        let units = units(&group_of);
        let fingerprint = version::of_schema(&self);
        let inner = Inner { names, units, members, group_of, regions, gone: None, fingerprint, spec: self };
        let mut schema = Schema(Arc::new(inner));
        schema.check_strategies()?;
        let gone = schema.gone_words()?;
        if let Some(inner) = Arc::get_mut(&mut schema.0) {
            inner.gone = gone;
        }
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
