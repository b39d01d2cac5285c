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

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use tripartite::id::SyncKey;
use tripartite::schema::Field;

use super::host::HostTable;
use super::layout::{OWN as COLUMNS, quoted};

/// The table of the members, and how the names of its triggers begin.
const MEMBERS: &str = "members";

/// One organisation's records of one source, within a database.
///
/// ```
/// use tripartite_sqlite::store::Register;
/// let register: Register = "Ballybeg/federation".parse()?;
/// assert_eq!(register.table("members"), "members/=42allybeg/federation");
/// assert_eq!(Register::default().table("members"), "members"); // the unnamed one
/// # Ok::<(), tripartite_sqlite::store::RegisterError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Register {
    key: Option<SyncKey>,
    /// What stands behind the names of its tables.
    suffix: String,
    /// The table of the host's own that holds its members.
    host: Option<Arc<HostTable>>,
}

/// Where its members stand makes no other register of it.
impl PartialEq for Register {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Register {}

/// A text names no register.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected ORG/CONNECTOR, a slash within an id written as =2F and an equals sign as =3D, found `{0}`")]
pub struct RegisterError(String);

impl Register {
    /// The register of a key. Different keys have different tables.
    ///
    /// ```
    /// use tripartite_sqlite::store::Register;
    /// use tripartite::id::{ConnectorId, OrgId, SyncKey};
    /// let key = |org, connector| SyncKey { org, connector };
    /// let one = Register::of(&key(OrgId::new("a/b")?, ConnectorId::new("c")?));
    /// let other = Register::of(&key(OrgId::new("a")?, ConnectorId::new("b/c")?));
    /// assert_ne!(one.table("members"), other.table("members")); // a slash within an id divides nothing
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn of(key: &SyncKey) -> Self {
        let tame = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
        let [org, connector] = [key.org.as_str(), key.connector.as_str()].map(|part| escaped(part, tame));
        Self { key: Some(key.clone()), suffix: format!("/{org}/{connector}"), host: None }
    }

    /// Its key; the unnamed register has none.
    pub fn key(&self) -> Option<&SyncKey> {
        self.key.as_ref()
    }

    /// The name of one of its tables, as `sqlite_schema` has it: between double quotes in a statement.
    pub fn table(&self, name: &str) -> String {
        match &self.host {
            Some(host) if name == MEMBERS => host.table().to_owned(),
            // In a database of the host's own, all that is not the host's has one beginning.
            Some(_) if name.starts_with(MEMBERS) => format!("tripartite_{name}{}", self.suffix),
            _ => format!("{name}{}", self.suffix),
        }
    }

    /// The same register, whose members stand in a table of the host's own, or in its own.
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
        let mark = if self.key.is_some() { "\"" } else { "" };
        let mut out = String::with_capacity(text.len() * 2);
        let mut rest = text;
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, rest)| rest.split_once('}').map(|parts| (before, parts)))
        {
            out.push_str(before);
            match &self.host {
                Some(host) => out.push_str(&quoted(host.own(name).unwrap_or(&self.table(name)), '"')),
                None if COLUMNS.contains(&name) => out.push_str(name),
                None => out.extend([mark, name, &self.suffix, mark]),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// The named register that one of the tables belongs to, from the name of its table of this kind.
    pub(super) fn of_table(name: &str, table: &str) -> Option<Self> {
        let register: Self = table.strip_prefix(name)?.strip_prefix('/')?.parse().ok()?;
        // A table that somebody named otherwise is not ours.
        (register.table(name) == table).then_some(register)
    }
}

/// As [`FromStr`] reads it; the unnamed register has a name here all the same.
impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => key.fmt(f),
            None => f.write_str("the unnamed register"),
        }
    }
}

impl FromStr for Register {
    type Err = RegisterError;

    fn from_str(text: &str) -> Result<Self, RegisterError> {
        text.parse().map(|key| Self::of(&key)).map_err(|_| RegisterError(text.to_owned()))
    }
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
        assert_eq!(Register::default().sql(text), unnamed);
        let named = r#"CREATE TRIGGER "members_updated/a/b" AFTER UPDATE ON "members/a/b" BEGIN SELECT '}'; END"#;
        assert_eq!(register("a/b").sql(text), named);
    }

    #[test]
    fn what_names_no_register_is_refused() {
        for text in ["", "a", "a/", "/b", "a/b/c", "a=/b", "a=2/b", "a=zz/b", "a=ff/b", "a\n/b", "a=0a/b"] {
            assert_eq!(text.parse::<Register>(), Err(RegisterError(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_table_belongs_to_the_register_that_gave_it_its_name() {
        assert_eq!(Register::of_table("members", "members/a/=42"), Some(register("a/B")));
        for table in ["members", "members/a/B", "members/a/=62", "members/a", "members_updated/a/b", "Members/a/b"] {
            assert_eq!(Register::of_table("members", table), None, "{table}");
        }
    }
}
