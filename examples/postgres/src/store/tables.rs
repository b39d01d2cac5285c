//! The statements on one register: its number stands in each, and the names of its table and columns.

use super::StoreError;
use super::commit::TOGETHER;
use super::host::{Form, Inspected, RecordTable};
use crate::names::{in_schema, is_name, quoted};

/// What the statements on a register are made of.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    pub(super) table: RecordTable,
    n: i32,
    schema: String,
    members: String,
    /// The side table, if the columns that are added stand there.
    beside: Option<String>,
    /// The columns that are not fields, quoted.
    key: String,
    external_id: String,
    active: String,
    revision: String,
    /// The type that a key is compared as.
    key_type: String,
    key_form: Form,
    counts_active: bool,
}

impl Tables {
    pub(super) fn of(schema: &str, n: i32, of: &RecordTable, table: &Inspected) -> Result<Self, StoreError> {
        let [key, external_id, active, revision] = of.special();
        let (key, active) = (table.column(key)?, table.column(active)?);
        Ok(Self {
            table: of.clone(),
            n,
            schema: schema.to_owned(),
            members: table.name.clone(),
            beside: of.host.is_beside().then(|| format!("{}.beside_{n}", quoted(schema, '"'))),
            external_id: quoted(external_id, '"'),
            revision: quoted(revision, '"'),
            // A number that is too large for the column is no key of it, and no error.
            key_type: if key.form == Form::Integer { "pg_catalog.int8".to_owned() } else { key.cast.clone() },
            key_form: key.form,
            key: quoted(&key.name, '"'),
            counts_active: active.form == Form::Integer,
            active: quoted(&active.name, '"'),
        })
    }

    /// The register's number.
    pub(super) fn number(&self) -> i32 {
        self.n
    }

    /// Whether a text can be the key of a row.
    pub(super) fn is_key(&self, text: &str) -> bool {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_uuid = |(at, byte): (usize, u8)| if [8, 13, 18, 23].contains(&at) { byte == b'-' } else { is_hex(byte) };
        match self.key_form {
            Form::Integer => text.parse::<i64>().is_ok(),
            Form::Uuid => text.len() == 36 && text.bytes().enumerate().all(is_uuid),
            _ => true,
        }
    }

    /// The table of the records, quoted.
    pub(super) fn members(&self) -> &str {
        &self.members
    }

    pub(super) fn schema(&self) -> &str {
        &self.schema
    }

    /// The side table that the columns stand in which are added, if there is one, quoted.
    pub(super) fn side_table(&self) -> Option<&str> {
        self.beside.as_deref()
    }

    pub(super) fn has_side_table(&self) -> bool {
        self.beside.is_some()
    }

    /// Whether the external id is in the table itself.
    pub(super) fn has_id(&self) -> bool {
        self.beside.is_none() || self.table.host.id_column().is_some()
    }

    /// Whether the table itself says who is active.
    pub(super) fn has_active(&self) -> bool {
        self.beside.is_none() || self.table.host.active_column().is_some()
    }

    /// The added columns of the side table, each behind a comma.
    fn added(&self) -> String {
        let columns = [&self.external_id, &self.active, &self.revision];
        let is_there = [self.has_id(), self.has_active(), false];
        let added = columns.into_iter().zip(is_there).filter(|(_, is_there)| !is_there);
        added.map(|(column, _)| format!(", b.{column}")).collect()
    }

    /// What the rows of a table are read from, with all columns that they are known by.
    fn rows(&self, table: &str) -> String {
        let Some(beside) = &self.beside else { return table.to_owned() };
        let (key, added) = (&self.key, self.added());
        format!("(SELECT t.*{added} FROM {table} t JOIN {beside} b ON b.{key} = t.{key})")
    }

    /// The table that has a column: the host's, or the one beside it.
    fn home(&self, is_there: bool) -> String {
        self.beside.clone().filter(|_| !is_there).unwrap_or_else(|| self.members.clone())
    }

    /// A statement on this register: every name in braces is one of its own. Only for text that is written here: the name
    /// of a column may hold braces, too.
    pub(super) fn sql(&self, text: &str) -> String {
        let text = in_schema(&self.schema, text);
        let mut out = String::with_capacity(text.len() * 2);
        let mut rest = text.as_str();
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, rest)| rest.split_once('}').map(|parts| (before, parts)))
        {
            out.push_str(before);
            out.push_str(&self.named(name));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// What a base may read of a row, as JSON. Of a table of the host's own no other column is kept; one that is gone is
    /// left out, and the client who changes the row learns of no error.
    fn row(&self, row: &str) -> String {
        if self.table.is_own {
            return format!("to_json({row})");
        }
        let columns: Vec<String> = self.table.host.columns().map(|(_, column)| quoted(column, '\'')).collect();
        format!(
            "(SELECT json_object_agg(f.key, f.value) FROM json_each(to_json({row})) f WHERE f.key IN ({}))",
            columns.join(", ")
        )
    }

    fn named(&self, name: &str) -> String {
        match (name, self.counts_active) {
            ("n", _) => self.n.to_string(),
            ("together", _) => TOGETHER.to_string(),
            // What is written to, has the triggers, and is read together with what stands beside it.
            ("members", _) => self.members.clone(),
            ("records", _) => self.rows(&self.members),
            ("before_it", _) => self.rows("before_it"),
            ("revised", _) => self.home(false),
            ("revised_name", _) => quoted(&self.home(false), '\''),
            ("linked", _) => self.home(self.has_id()),
            ("activated", _) => self.home(self.has_active()),
            ("id_of_activated", _) if self.has_id() == self.has_active() => format!("NEW.{}", self.external_id),
            ("id_of_activated", _) => {
                let (id, key) = (&self.external_id, &self.key);
                format!("(SELECT m.{id} FROM {} m WHERE m.{key} = NEW.{key})", self.rows(&self.members))
            }
            ("members_name", _) => quoted(&self.members, '\''),
            ("of_members", _) => quoted(self.table.host.schema().unwrap_or_default(), '"'),
            ("key", _) => self.key.clone(),
            ("key_type", _) => self.key_type.clone(),
            ("external_id", _) => self.external_id.clone(),
            // The id of the row `m`, in the order and by the comparison of its bytes.
            ("id", _) => format!("m.{}::text COLLATE \"C\"", self.external_id),
            ("active", _) => self.active.clone(),
            ("is_active", false) => format!("coalesce(m.{}, true)", self.active),
            ("is_active", true) => format!("coalesce(m.{} <> 0, true)", self.active),
            ("true", false) => "true".to_owned(),
            ("true", true) => "1".to_owned(),
            ("false", false) => "false".to_owned(),
            ("false", true) => "0".to_owned(),
            ("revision", _) => self.revision.clone(),
            (row, _) if row.starts_with("row:") => self.row(&row["row:".len()..]),
            ("index", _) => {
                let name = format!("tripartite_id_{}_{}", self.n, self.schema);
                quoted(if is_name(&name) { &name } else { "tripartite_id" }, '"')
            }
            (other, _) => format!("{{{other}}}"),
        }
    }
}
