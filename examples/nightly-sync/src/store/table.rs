//! A table of the club's own.

use tripartite_postgres::store as server;
use tripartite_sqlite::store as file;

/// A table that the club has, and which of its columns are what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name; on a server perhaps with the schema before it, `public.members`.
    pub name: String,
    /// The column by which its rows are known.
    pub key: String,
    /// Each field with its column.
    pub columns: Vec<(String, String)>,
    /// The column with the external id.
    pub id_column: Option<String>,
    /// The column that says who is active.
    pub active_column: Option<String>,
}

/// The table as either package names it: they have the same words for it.
macro_rules! described {
    ($table:expr, $host:expr) => {{
        let mut host = $host;
        for (field, column) in &$table.columns {
            host = host.column(field.as_str(), column.as_str());
        }
        if let Some(column) = &$table.id_column {
            host = host.external_id(column.as_str());
        }
        match &$table.active_column {
            Some(column) => host.active(column.as_str()),
            None => host,
        }
    }};
}

impl Table {
    pub(super) fn of_file(&self) -> file::HostTable {
        described!(self, file::HostTable::new(self.name.as_str(), self.key.as_str()))
    }

    pub(super) fn of_server(&self) -> server::HostTable {
        let host = match self.name.split_once('.') {
            Some((schema, name)) => server::HostTable::new(name, self.key.as_str()).in_schema(schema),
            None => server::HostTable::new(self.name.as_str(), self.key.as_str()),
        };
        described!(self, host)
    }
}
