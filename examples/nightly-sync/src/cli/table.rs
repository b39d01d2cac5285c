//! A table that the club has already: which of its columns are fields.

use crate::store::Table;
use tripartite::schema::Schema;

use super::UsageError;
use super::options::Options;

/// The table of a register, as the command line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableArgs {
    /// Its name.
    pub table: String,
    /// The column by which its rows are known: in a file its `INTEGER PRIMARY KEY`.
    pub key: String,
    /// The columns of fields that have another name.
    pub columns: Vec<(String, String)>,
    /// The column with the external id.
    pub id_column: Option<String>,
    /// The column that says who is active.
    pub active_column: Option<String>,
}

impl TableArgs {
    /// The table under a schema. A field whose column is not named has one of its own name.
    pub fn under(&self, schema: &Schema) -> Table {
        let unnamed = |name: &&str| !self.columns.iter().any(|(field, _)| field == name);
        let of_its_name = schema.fields().iter().map(|field| field.name()).filter(unnamed);
        let of_its_name = of_its_name.map(|name| (name.to_owned(), name.to_owned()));
        Table {
            name: self.table.clone(),
            key: self.key.clone(),
            columns: of_its_name.chain(self.columns.iter().cloned()).collect(),
            id_column: self.id_column.clone(),
            active_column: self.active_column.clone(),
        }
    }

    /// The options, each with its value.
    pub fn options(&self) -> Vec<(&'static str, String)> {
        let columns: Vec<_> = self.columns.iter().map(|(field, column)| format!("{field}={column}")).collect();
        let mut options = vec![("--table", self.table.clone()), ("--table-key", self.key.clone())];
        if !columns.is_empty() {
            options.push(("--columns", columns.join(",")));
        }
        options.extend(self.id_column.clone().map(|column| ("--id-column", column)));
        options.extend(self.active_column.clone().map(|column| ("--active-column", column)));
        options
    }
}

pub(super) fn read(args: &mut Options) -> Result<Option<TableArgs>, UsageError> {
    let (table, key, columns) = (args.text("--table")?, args.text("--table-key")?, args.text("--columns")?);
    let (id_column, active_column) = (args.text("--id-column")?, args.text("--active-column")?);
    let Some(table) = table else {
        let given = [("--table-key", &key), ("--columns", &columns), ("--id-column", &id_column)];
        let given = given.into_iter().chain([("--active-column", &active_column)]).find(|(_, value)| value.is_some());
        return match given {
            Some((name, _)) => Err(UsageError(format!("{name} is of a table, and --table is missing"))),
            None => Ok(None),
        };
    };
    let columns = columns.map(|text| text.split(',').map(column).collect()).transpose()?.unwrap_or_default();
    Ok(Some(TableArgs { table, key: key.unwrap_or_else(|| "id".to_owned()), columns, id_column, active_column }))
}

fn column(text: &str) -> Result<(String, String), UsageError> {
    match text.split_once('=') {
        Some((field, column)) if !field.is_empty() && !column.is_empty() => Ok((field.to_owned(), column.to_owned())),
        _ => Err(UsageError(format!("--columns: expected FIELD=COLUMN,FIELD=COLUMN, found `{text}`"))),
    }
}
