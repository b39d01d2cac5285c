//! Which tables are whose: one set of tables for each organisation and source, all in one database.
//!
//! A register is named by its [`SyncKey`]; the unnamed one is that of a database for a single club. No statement ever
//! names the tables of two registers, so that one organisation's run cannot read or write another's records, whatever
//! else goes wrong.
//!
//! | register | its members | its links |
//! |---|---|---|
//! | unnamed | `members` | `tripartite_links` |
//! | `ballybeg/federation` | `"members/ballybeg/federation"` | `"tripartite_links/ballybeg/federation"` |
//! | `Ballybeg/federation` | `"members/=42allybeg/federation"` | `"tripartite_links/=42allybeg/federation"` |
//!
//! **Why is the capital letter written as a number?** To SQLite, tables whose names differ in ASCII case only are one.
//! Names without capitals differ in more than case, or not at all.
//!
//! **Why tables, and not a column with the key?** The columns of the members are the fields of the schema, and every
//! source has its own. It also keeps the promise above without a condition in every statement that somebody can forget.

//!
//! **How many can a database hold?** Hundreds are nothing to SQLite, a few thousand are bearable: each has
//! twenty-two tables, views, indexes and triggers and takes 57 kB when empty, and every connection reads the definitions of all. With a
//! thousand, a run of one takes about a tenth of a second more, and to rename a column most of a second; with match rules
//! there are eight more each. Beyond that, give each group of organisations a file of its own.

use std::sync::Arc;

use tripartite::schema::Field;
use tripartite_sql::{HostTable, OWN_COLUMNS, Register, quoted};

/// The table of the members, and how the names of its triggers begin.
const MEMBERS: &str = "members";

/// The name of one of a register's own tables, as `sqlite_schema` has it: between double quotes in a statement. Different
/// registers have different tables.
///
/// ```
/// use tripartite::id::{ConnectorId, OrgId, SyncKey};
/// use tripartite_sqlite::store::table_name;
/// use tripartite_sqlite::tripartite_sql::Register;
/// assert_eq!(table_name(&"Ballybeg/federation".parse()?, "members"), "members/=42allybeg/federation");
/// assert_eq!(table_name(&Register::default(), "members"), "members"); // the unnamed one
/// let of = |org, connector| table_name(&Register::of(&SyncKey { org, connector }), "members");
/// let one = of(OrgId::new("a/b")?, ConnectorId::new("c")?);
/// assert_ne!(one, of(OrgId::new("a")?, ConnectorId::new("b/c")?)); // a slash within an id divides nothing
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn table_name(register: &Register, name: &str) -> String {
    Names::of(register).table(name)
}

/// The names of the tables of a register, and of the columns of its members.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// What stands behind the names of its tables; nothing behind those of the unnamed one.
    suffix: String,
    /// The table of the host's own that holds its members.
    host: Option<Arc<HostTable>>,
}

impl Names {
    pub(super) fn of(register: &Register) -> Self {
        let tame = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
        let suffix = register.key().map(|key| {
            let [org, connector] = [key.org.as_str(), key.connector.as_str()].map(|part| escaped(part, tame));
            format!("/{org}/{connector}")
        });
        Self { suffix: suffix.unwrap_or_default(), host: None }
    }

    /// The name of one of its tables.
    pub(super) fn table(&self, name: &str) -> String {
        match &self.host {
            Some(host) if name == MEMBERS => host.table().to_owned(),
            // In a database of the host's own, all that is not the host's has one beginning.
            Some(_) if name.starts_with(MEMBERS) => format!("tripartite_{name}{}", self.suffix),
            _ => format!("{name}{}", self.suffix),
        }
    }

    /// The same, where the members stand in a table of the host's own, or in its own.
    pub(super) fn in_host(mut self, host: Option<HostTable>) -> Self {
        self.host = host.map(Arc::new);
        self
    }

    /// The table of the host's own that holds its members.
    pub(super) fn host(&self) -> Option<&HostTable> {
        self.host.as_deref()
    }

    /// The column of a field.
    pub(super) fn column<'a>(&'a self, field: &'a Field) -> &'a str {
        self.host().and_then(|host| host.column_for(field)).unwrap_or(field.name())
    }

    /// A statement on this register: every name in braces is one of its own, a table or a column of its members. Only for
    /// text that is written here: the name of a field may hold braces, too.
    pub(super) fn sql(&self, text: &str) -> String {
        let mark = if self.suffix.is_empty() { "" } else { "\"" };
        let mut out = String::with_capacity(text.len() * 2);
        let mut rest = text;
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, rest)| rest.split_once('}').map(|parts| (before, parts)))
        {
            out.push_str(before);
            match &self.host {
                Some(host) => out.push_str(&quoted(special(host, name).unwrap_or(&self.table(name)), '"')),
                None if OWN_COLUMNS.contains(&name) => out.push_str(name),
                None => out.extend([mark, name, &self.suffix, mark]),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// The host's name of one of the columns that are not fields; `None` for another name.
pub(super) fn special<'a>(host: &'a HostTable, name: &str) -> Option<&'a str> {
    OWN_COLUMNS.iter().position(|own| *own == name).map(|at| host.special()[at])
}

/// The named register that one of the tables belongs to, from the name of its table of this kind.
pub(super) fn register_of(name: &str, table: &str) -> Option<Register> {
    let register = table.strip_prefix(name)?.strip_prefix('/')?.parse().ok()?;
    // A table that somebody named otherwise is not ours.
    (table_name(&register, name) == table).then_some(register)
}

/// Every byte that is not tame as its number, in lower case.
fn escaped(part: &str, tame: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(part.len());
    for byte in part.bytes() {
        if tame(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("={byte:02x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register(text: &str) -> Register {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_statement_names_the_tables_of_one_register() {
        let text = "CREATE TRIGGER {members_updated} AFTER UPDATE ON {members} BEGIN SELECT '}'; END";
        let unnamed = "CREATE TRIGGER members_updated AFTER UPDATE ON members BEGIN SELECT '}'; END";
        assert_eq!(Names::of(&Register::default()).sql(text), unnamed);
        let named = r#"CREATE TRIGGER "members_updated/a/b" AFTER UPDATE ON "members/a/b" BEGIN SELECT '}'; END"#;
        assert_eq!(Names::of(&register("a/b")).sql(text), named);
    }

    #[test]
    fn a_table_belongs_to_the_register_that_gave_it_its_name() {
        assert_eq!(register_of("members", "members/a/=42"), Some(register("a/B")));
        for table in ["members", "members/a/B", "members/a/=62", "members/a", "members_updated/a/b", "Members/a/b"] {
            assert_eq!(register_of("members", table), None, "{table}");
        }
    }
}
