//! A table that the host has already: which of its columns are fields, and what is added to it.
//!
//! Beside its [columns](HostTable) it gets triggers named `tripartite_…`, which keep the revision and the base of a row that is
//! edited, remember who was deleted and say which rows have other match keys now, and an index on the external id: no two rows
//! are linked to one record. No other column is written, no value of one is kept, and no row is ever deleted. Where the table
//! [gets no columns](HostTable::beside), they stand in a side table.

mod attach;
mod beside;
mod detach;
mod inspect;

use serde::{Deserialize, Serialize};
use tripartite::schema::Field;
use tripartite_sql::{HostTable, OWN_COLUMNS};

pub(super) use self::attach::{MARK_ALL, attach, own_table, upgrade};
pub(super) use self::detach::detach;
pub(super) use self::inspect::{Column, Form, Inspected, inspect};

/// What is added to a table of the host's own, unless it names a column of its own. Neither is written into the rows that are
/// there.
const ADDED: [&str; 3] = ["text COLLATE \"C\"", "boolean NOT NULL DEFAULT true", "bigint NOT NULL DEFAULT 0"];

/// The table that the records of a register stand in, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecordTable {
    #[serde(flatten)]
    pub(super) host: HostTable,
    /// Whether the store made it.
    #[serde(default, rename = "own", skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_own: bool,
}

impl RecordTable {
    /// The column of a field that may have had another name.
    pub(super) fn column_for<'a>(&'a self, field: &'a Field) -> Option<&'a str> {
        if self.is_own { Some(field.name()) } else { self.host.column_for(field) }
    }

    /// The names of the columns that are not fields: the key, the external id, whether it is active, the revision.
    pub(super) fn special(&self) -> [&str; 4] {
        if self.is_own { OWN_COLUMNS } else { self.host.special() }
    }
}
