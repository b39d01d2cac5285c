use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tripartite::schema::Field;

use crate::Register;

/// The columns that are added.
const ID: &str = "tripartite_id";
const ACTIVE: &str = "tripartite_active";
const REVISION: &str = "tripartite_revision";

/// A table of the host's own, and which columns of it are fields of the records.
///
/// | added to the table | unless the host names a column of its own |
/// |---|---|
/// | `tripartite_id` | the external id of the record that a row is linked to |
/// | `tripartite_active` | whether the record is active: false once it is no longer listed |
/// | `tripartite_revision` | grows with every change of the row; always added |
///
/// No other column is read or written, and no row is ever deleted. A store keeps the description as JSON. An owner who allows
/// no columns has them [beside](Self::beside) the table.
///
/// ```
/// use tripartite_sql::HostTable;
/// let table = HostTable::new("members", "id").in_schema("club").column("name", "full_name");
/// assert_eq!(table.column_of("name"), Some("full_name"));
/// assert_eq!(table.column_of("phone"), None); // a field without a column cannot be kept
/// assert_eq!(table.special(), ["id", "tripartite_id", "tripartite_active", "tripartite_revision"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostTable {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
    table: String,
    key: String,
    columns: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    active: Option<String>,
    #[serde(default, rename = "beside", skip_serializing_if = "std::ops::Not::not")]
    is_beside: bool,
}

impl HostTable {
    /// A table, and the column by which its rows are known. Each store says what it takes for a key.
    pub fn new(table: impl Into<String>, key: impl Into<String>) -> Self {
        let (table, key) = (table.into(), key.into());
        Self { schema: None, table, key, columns: BTreeMap::new(), external_id: None, active: None, is_beside: false }
    }

    /// The schema in which the table is; without one, where the database looks first.
    #[must_use]
    pub fn in_schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// The column of a field.
    #[must_use]
    pub fn column(mut self, field: impl Into<String>, column: impl Into<String>) -> Self {
        self.columns.insert(field.into(), column.into());
        self
    }

    /// The host's column with the external id, where it has one. It holds text, and no text twice. A row that has an id is
    /// linked to the record of that id from the first run on.
    #[must_use]
    pub fn external_id(mut self, column: impl Into<String>) -> Self {
        self.external_id = Some(column.into());
        self
    }

    /// The host's column that says who is active, where it has one: false or 0 is inactive, everything else is active.
    #[must_use]
    pub fn active(mut self, column: impl Into<String>) -> Self {
        self.active = Some(column.into());
        self
    }

    /// The same with the added columns in a side table of the store's own, for an owner who allows triggers and no columns. Not
    /// every store can do so; `attach` says it.
    ///
    /// ```
    /// use tripartite_sql::HostTable;
    /// let table = HostTable::new("members", "id").external_id("number").beside();
    /// assert!(table.is_beside());
    /// assert_eq!(table.added(["id", "active", "revision"]).len(), 2); // its id is a column of the host's
    /// ```
    #[must_use]
    pub fn beside(mut self) -> Self {
        self.is_beside = true;
        self
    }

    /// Whether the added columns are in a side table.
    pub fn is_beside(&self) -> bool {
        self.is_beside
    }

    /// The schema of the table, where one is named.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The table.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The column of the key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The host's column with the external id, where it named one.
    pub fn id_column(&self) -> Option<&str> {
        self.external_id.as_deref()
    }

    /// The host's column that says who is active, where it named one.
    pub fn active_column(&self) -> Option<&str> {
        self.active.as_deref()
    }

    /// The column of a field, by the field's name.
    pub fn column_of(&self, field: &str) -> Option<&str> {
        self.columns.get(field).map(String::as_str)
    }

    /// Each field with its column, in the order of the fields' names.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().map(|(field, column)| (field.as_str(), column.as_str()))
    }

    /// The column of a field that may have had another name.
    pub fn column_for(&self, field: &Field) -> Option<&str> {
        let names = [field.name()].into_iter().chain(field.aliases());
        names.filter_map(|name| self.column_of(name)).next()
    }

    /// The names of the columns that are not fields: the key, the external id, whether it is active, the revision.
    pub fn special(&self) -> [&str; 4] {
        [&self.key, self.id_column().unwrap_or(ID), self.active_column().unwrap_or(ACTIVE), REVISION]
    }

    /// The columns that are added, each with its definition: of the external id, of whether it is active, of the revision.
    pub fn added<D>(&self, [id, active, revision]: [D; 3]) -> Vec<(&'static str, D)> {
        let id = self.external_id.is_none().then_some((ID, id));
        let active = self.active.is_none().then_some((ACTIVE, active));
        id.into_iter().chain(active).chain([(REVISION, revision)]).collect()
    }

    /// The table as the database spells its name and those of its columns.
    ///
    /// # Errors
    /// Whatever `spelled` returns for a column that is not there.
    pub fn spelled<E>(
        &self,
        schema: Option<&str>,
        table: &str,
        spelled: impl Fn(&str) -> Result<String, E>,
    ) -> Result<Self, E> {
        let columns = self.columns().map(|(field, column)| Ok((field.to_owned(), spelled(column)?)));
        Ok(Self {
            schema: schema.map(str::to_owned),
            table: table.to_owned(),
            key: spelled(&self.key)?,
            columns: columns.collect::<Result<_, E>>()?,
            external_id: self.id_column().map(&spelled).transpose()?,
            active: self.active_column().map(&spelled).transpose()?,
            is_beside: self.is_beside,
        })
    }

    /// The columns that are named beside the key, each for one purpose.
    ///
    /// # Errors
    /// [`AttachError::Twice`], for a column that is named for two.
    pub fn named_columns(&self) -> Result<BTreeSet<&str>, AttachError> {
        let special = [self.id_column(), self.active_column()].into_iter().flatten();
        let mut known = BTreeSet::new();
        for name in special.chain(self.columns().map(|(_, column)| column)) {
            if !known.insert(name) || name == self.key {
                return Err(AttachError::Twice(name.to_owned()));
            }
        }
        Ok(known)
    }

    /// Adds the columns that were named when the table was attached to the register. A field may have another column than then
    /// if that one `is_gone`: it was given another name.
    ///
    /// # Errors
    /// [`AttachError::Attached`], when it was attached otherwise.
    pub fn extend(
        &mut self,
        register: &Register,
        known: &Self,
        is_gone: impl Fn(&str) -> bool,
    ) -> Result<(), AttachError> {
        let is_other =
            |(field, column): (&String, &String)| known.column_of(field).is_some_and(|is| is != column && !is_gone(is));
        if self.columns.iter().any(is_other) || (Self { columns: known.columns.clone(), ..self.clone() }) != *known {
            let problem = "detach it before it is attached otherwise".to_owned();
            return Err(AttachError::Attached { register: register.to_string(), table: known.table.clone(), problem });
        }
        for (field, column) in &known.columns {
            self.columns.entry(field.clone()).or_insert_with(|| column.clone());
        }
        Ok(())
    }
}

/// Why a table cannot be attached, or no longer is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// There is no such table.
    #[error("there is no table `{0}`; a view cannot be attached, nor a virtual, foreign or partitioned table")]
    NoTable(String),
    /// The table has no such column.
    #[error("the table `{table}` has no column `{column}`")]
    NoColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// The key does not tell rows apart.
    #[error("the key `{column}` of `{table}` is not {expected}")]
    Key {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// What the database takes for a key.
        expected: &'static str,
    },
    /// A column would change what is written into it, or takes nothing.
    #[error("the column `{column}` cannot keep the field `{field}`: {problem}")]
    Column {
        /// The field.
        field: String,
        /// The column.
        column: String,
        /// Why.
        problem: String,
    },
    /// A column is named for two purposes.
    #[error("the column `{0}` is named twice")]
    Twice(String),
    /// No record could be created.
    #[error(
        "no record could be created: the column `{column}` of `{table}` is NOT NULL without a default, and no field is \
         kept in it"
    )]
    NotNull {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// Two rows have one external id.
    #[error("two rows of `{table}` have one external id in `{column}`")]
    Ambiguous {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// The register has another table.
    #[error("{register} is kept in `{table}` already; {problem}")]
    Attached {
        /// The register.
        register: String,
        /// Its table.
        table: String,
        /// What differs.
        problem: String,
    },
    /// The table is another register's.
    #[error("the table `{0}` is attached to another register already")]
    Taken(String),
    /// The store adds its columns to the table itself.
    #[error("`{0}` cannot have its columns beside it: this store adds them to the table itself")]
    NoSideTable(String),
    /// The register has no table of the host's.
    #[error("{0} has no table of the host's own")]
    NotAttached(String),
    /// An added column is gone.
    #[error("the column `{column}` of `{table}` is gone; attach the table again, and its rows are linked anew")]
    Gone {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
}
