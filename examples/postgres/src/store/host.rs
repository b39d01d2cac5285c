//! A table that the host has already: which of its columns are fields, and what is added to it.
//!
//! | added to the table | unless the host names a column of its own |
//! |---|---|
//! | `tripartite_id` | the external id of the record that a row is linked to |
//! | `tripartite_active` | whether the record is active: false once it is no longer listed |
//! | `tripartite_revision` | grows with every change of the row; always added |
//! | triggers named `tripartite_…` | they keep the revision and the base of a row that is edited, remember who was deleted, and say which rows have other match keys now |
//! | an index on the external id | no two rows are linked to one record |
//!
//! No other column is written, no value of one is kept, and no row is ever deleted.

mod attach;
mod detach;
mod inspect;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tripartite::schema::Field;

pub(super) use self::attach::{MARK_ALL, attach, own_table, upgrade};
pub(super) use self::detach::detach;
pub(super) use self::inspect::{Column, Form, Inspected, inspect};

/// The columns that are added.
const ID: &str = "tripartite_id";
const ACTIVE: &str = "tripartite_active";
const REVISION: &str = "tripartite_revision";

/// A table of the host's own, and which columns of it are fields of the records.
///
/// ```
/// use tripartite_postgres::store::HostTable;
/// let table = HostTable::new("members", "id").in_schema("club").column("name", "full_name");
/// assert_eq!(table.column_of("name"), Some("full_name"));
/// assert_eq!(table.column_of("phone"), None); // a field without a column cannot be kept
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
    /// Whether the store made it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    own: bool,
}

impl HostTable {
    /// A table, and the column by which its rows are known: a bigint, uuid or text that is unique and not null.
    pub fn new(table: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            schema: None,
            table: table.into(),
            key: key.into(),
            columns: BTreeMap::new(),
            external_id: None,
            active: None,
            own: false,
        }
    }

    /// The schema in which the table is; without one, the first of the role's `search_path` that has it.
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

    /// The column of a field, by the field's name.
    pub fn column_of(&self, field: &str) -> Option<&str> {
        self.columns.get(field).map(String::as_str)
    }

    /// Each field with its column, in the order of the fields' names.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().map(|(field, column)| (field.as_str(), column.as_str()))
    }

    /// The column of a field that may have had another name.
    pub(super) fn column_for<'a>(&'a self, field: &'a Field) -> Option<&'a str> {
        if self.own {
            return Some(field.name());
        }
        let names = [field.name()].into_iter().chain(field.aliases());
        names.filter_map(|name| self.column_of(name)).next()
    }

    pub(super) fn is_own(&self) -> bool {
        self.own
    }

    /// The names of the columns that are not fields: the key, the external id, whether it is active, the revision.
    pub(super) fn special(&self) -> [&str; 4] {
        if self.own {
            return super::layout::OWN;
        }
        let (id, active) = (self.external_id.as_deref().unwrap_or(ID), self.active.as_deref().unwrap_or(ACTIVE));
        [&self.key, id, active, REVISION]
    }

    /// The columns that are added, each with its definition. Neither is written into the rows that are there.
    fn added(&self) -> Vec<(&'static str, &'static str)> {
        let mut added = Vec::new();
        if self.external_id.is_none() {
            added.push((ID, "text COLLATE \"C\""));
        }
        if self.active.is_none() {
            added.push((ACTIVE, "boolean NOT NULL DEFAULT true"));
        }
        added.push((REVISION, "bigint NOT NULL DEFAULT 0"));
        added
    }
}

/// Why a table cannot be attached, or no longer is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// There is no such table.
    #[error("there is no table `{0}`; a view, a foreign or a partitioned table cannot be attached")]
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
    #[error(
        "the key `{column}` of `{table}` is no bigint, integer, uuid or text that is unique and not null by itself"
    )]
    Key {
        /// The table.
        table: String,
        /// The column.
        column: String,
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
        "no record could be created: the column `{column}` of `{table}` is NOT NULL without a default, and no field is kept in it"
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
