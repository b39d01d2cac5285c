//! A table that the club has already: which of its columns are fields.

use clap::Args;
use tripartite::schema::Schema;

use crate::store::{HostTable, Place};

/// The table of a register, as the command line names it.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "A table of your own")]
pub struct TableArgs {
    /// The first time: the members are this table of yours. Three columns and some triggers are added to it; your other
    /// columns, rows and programs stay as they are
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// Its key, `id` by default: in a file its INTEGER PRIMARY KEY, on a server a bigint, uuid or text
    #[arg(id = "table_key", long = "table-key", value_name = "COLUMN", requires = "table")]
    pub key: Option<String>,
    /// Which column a field has; a field that is not named has one of its own name
    #[arg(long, value_name = "FIELD=COLUMN", value_delimiter = ',', value_parser = column, requires = "table")]
    pub columns: Vec<(String, String)>,
    /// The column that has the source's ids already, instead of one that is added
    #[arg(long, value_name = "COLUMN", requires = "table")]
    pub id_column: Option<String>,
    /// The column that says who is active, 1 or 0, instead of one that is added
    #[arg(long, value_name = "COLUMN", requires = "table")]
    pub active_column: Option<String>,
    /// The table gets triggers and no columns: those stand in a table beside it. On a server only
    #[arg(long, requires = "table")]
    pub side_table: bool,
}

impl TableArgs {
    /// The table under a schema, if there is one. A field whose column is not named has one of its own name. On a server the
    /// table's schema may stand before its name: `public.members`.
    pub fn under(&self, schema: &Schema, db: &Place) -> Option<HostTable> {
        let (name, key) = (self.table.as_deref()?, self.key.as_deref().unwrap_or("id"));
        let mut table = match name.split_once('.').filter(|_| db.file().is_none()) {
            Some((schema, name)) => HostTable::new(name, key).in_schema(schema),
            None => HostTable::new(name, key),
        };
        let of_its_name = schema.fields().iter().map(|field| (field.name(), field.name()));
        let named = self.columns.iter().map(|(field, column)| (field.as_str(), column.as_str()));
        for (field, column) in of_its_name.chain(named) {
            table = table.column(field, column);
        }
        if let Some(column) = &self.id_column {
            table = table.external_id(column.as_str());
        }
        if let Some(column) = &self.active_column {
            table = table.active(column.as_str());
        }
        Some(if self.side_table { table.beside() } else { table })
    }

    /// The options, each with its value if it has one.
    pub fn options(&self) -> Vec<(&'static str, Option<String>)> {
        let Some(table) = &self.table else { return Vec::new() };
        let columns: Vec<_> = self.columns.iter().map(|(field, column)| format!("{field}={column}")).collect();
        let key = self.key.clone().unwrap_or_else(|| "id".to_owned());
        let mut options = vec![("--table", Some(table.clone())), ("--table-key", Some(key))];
        if !columns.is_empty() {
            options.push(("--columns", Some(columns.join(","))));
        }
        options.extend(self.id_column.clone().map(|column| ("--id-column", Some(column))));
        options.extend(self.active_column.clone().map(|column| ("--active-column", Some(column))));
        options.extend(self.side_table.then_some(("--side-table", None)));
        options
    }
}

fn column(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, column)) if !field.is_empty() && !column.is_empty() => Ok((field.to_owned(), column.to_owned())),
        _ => Err("expected FIELD=COLUMN,FIELD=COLUMN".to_owned()),
    }
}
