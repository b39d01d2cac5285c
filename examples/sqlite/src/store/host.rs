//! A table that the host has already: which of its columns are fields, and what is added to it.
//!
//! | added to the table | unless the host names a column of its own |
//! |---|---|
//! | `tripartite_id` | the external id of the record that a row is linked to |
//! | `tripartite_active` | 1, or 0 once the record is no longer listed |
//! | `tripartite_revision` | grows with every change of the row; always added |
//! | triggers named `tripartite_members_…` | they keep the revision, and say which rows have other match keys now |
//! | an index on the external id | no two rows are linked to one record |
//!
//! Everything else stands in tables of its own. No other column is read or written, and no row is ever deleted.

pub(super) mod attach;
mod detach;
mod inspect;

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use tripartite::schema::Field;

use super::{Register, StoreError, database};

/// What the table is remembered as.
pub(super) const META: &str = "table";

/// The columns that are added.
pub(super) const ID: &str = "tripartite_id";
const ACTIVE: &str = "tripartite_active";
const REVISION: &str = "tripartite_revision";

/// A table of the host's own, and which columns of it are fields of the records.
///
/// ```
/// use tripartite_sqlite::store::HostTable;
/// let table = HostTable::new("members", "id").column("name", "full_name").column("email", "mail");
/// assert_eq!(table.column_of("name"), Some("full_name"));
/// assert_eq!(table.column_of("phone"), None); // a field without a column cannot be kept
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostTable {
    table: String,
    key: String,
    columns: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    active: Option<String>,
}

impl HostTable {
    /// A table, and its column that is `INTEGER PRIMARY KEY`.
    pub fn new(table: impl Into<String>, key: impl Into<String>) -> Self {
        Self { table: table.into(), key: key.into(), columns: BTreeMap::new(), external_id: None, active: None }
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

    /// The host's column that says who is active, where it has one: 0 is inactive, everything else is active.
    #[must_use]
    pub fn active(mut self, column: impl Into<String>) -> Self {
        self.active = Some(column.into());
        self
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
    pub(super) fn column_for(&self, field: &Field) -> Option<&str> {
        let names = [field.name()].into_iter().chain(field.aliases());
        names.filter_map(|name| self.column_of(name)).next()
    }

    /// The host's name of one of the columns that are not fields; `None` for another name.
    pub(super) fn own(&self, name: &str) -> Option<&str> {
        match name {
            "local_id" => Some(&self.key),
            "external_id" => Some(self.external_id.as_deref().unwrap_or(ID)),
            "active" => Some(self.active.as_deref().unwrap_or(ACTIVE)),
            "revision" => Some(REVISION),
            _ => None,
        }
    }

    /// The columns that are added, each with its definition.
    fn added(&self) -> Vec<(&'static str, &'static str)> {
        let mut added = Vec::new();
        if self.external_id.is_none() {
            added.push((ID, "TEXT"));
        }
        if self.active.is_none() {
            added.push((ACTIVE, "INTEGER NOT NULL DEFAULT 1"));
        }
        added.push((REVISION, "INTEGER NOT NULL DEFAULT 1"));
        added
    }
}

/// Why a table cannot be attached, or no longer is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// There is no such table.
    #[error("there is no table `{0}`; a view or a virtual table cannot be attached")]
    NoTable(String),
    /// The table has no such column.
    #[error("the table `{table}` has no column `{column}`")]
    NoColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// The key is not the number of the row.
    #[error("the key `{column}` of `{table}` is not its INTEGER PRIMARY KEY")]
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

/// The host's table of a register; `None` where its records stand in a table of its own.
pub(super) fn of(conn: &Connection, register: &Register) -> Result<Option<HostTable>, StoreError> {
    let Some(text) = database::meta(conn, register, META)? else { return Ok(None) };
    let unreadable = |_| StoreError::Unreadable { table: "tripartite_meta", id: META.to_owned() };
    serde_json::from_str(&text).map(Some).map_err(unreadable)
}

pub(super) use inspect::{Inspected, inspect};
