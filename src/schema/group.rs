//! Atomic groups: fields that are decided as one.

use super::Strategy;

/// Fields that are decided as one, so that no row is assembled that nobody entered: a name, an address, a document
/// number with its expiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub(super) name: String,
    pub(super) fields: Vec<String>,
    pub(super) strategy: Option<Strategy>,
}

impl Group {
    /// A group of fields, by their names.
    ///
    /// ```
    /// use tripartite::schema::{Field, Group, Kind, Schema, SchemaError};
    /// // not checked here, but when the schema is built
    /// let name = Group::new("name", ["first_name", "lastname"]);
    /// let error = Schema::builder()
    ///     .field(Field::new("first_name", Kind::Name))
    ///     .group(name)
    ///     .build()
    ///     .unwrap_err();
    /// assert!(matches!(error, SchemaError::NoSuchField { field, .. } if field == "lastname"));
    /// ```
    pub fn new<F: Into<String>>(name: impl Into<String>, fields: impl IntoIterator<Item = F>) -> Self {
        Self { name: name.into(), fields: fields.into_iter().map(Into::into).collect(), strategy: None }
    }

    /// Decides the group by a strategy of its own.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Group, Kind, Policy, RuleSource, Schema, Strategy, Unit};
    /// let schema = Schema::builder()
    ///     .field(Field::new("passport", Kind::Text))
    ///     .field(Field::new("expires", Kind::DATE))
    ///     .group(Group::new("document", ["passport", "expires"]).strategy(Strategy::LocalWins))
    ///     .build()?;
    /// assert_eq!(Policy::new(schema).rule(Unit::Group(0), None).source, RuleSource::Group);
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    /// The name.
    ///
    /// ```
    /// use tripartite::schema::Group;
    /// // as the audit has it
    /// assert_eq!(Group::new("name", ["first_name", "last_name"]).name(), "name");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }
}
