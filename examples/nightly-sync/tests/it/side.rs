//! The same tests on either side: these modules are in two test programs, and `on_postgres` keeps its databases on a server.
//!
//! A test speaks to its database in plain SQL. What SQLite and PostgreSQL spell differently is translated here; a test that is
//! about a file, or looks into the tables of `tripartite-sqlite`, is named in [`OF_A_FILE`] and has a file in both programs.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::server::{Sql, address, quoted};

/// Tests that are about files, by the beginnings of their names, and why: they have a file in both programs.
const OF_A_FILE: &[(&str, &str)] = &[
    ("ahead::", "a listing that is read ahead; the database is one in memory"),
    ("approval::a_run_that_was_approved_and_cut_off", "the kernel cuts off who writes a large file"),
    ("approval::an_approval_that_was_cut_off", "the kernel cuts off who writes a large file"),
    ("config::", "a configuration and its databases in a directory"),
    ("connector_suite::", "a listing, without a database"),
    ("decide::a_conflict_that_was_stored_before", "what an earlier version wrote into a file"),
    ("decide::a_hash_needs_the_key", "reads JSON in the words of SQLite"),
    ("decide::old_entries_are_forgotten", "fills the audit's table of the file"),
    ("edits::", "every client of SQLite, and its triggers"),
    ("entries::", "the tables in which a file packs its audit"),
    ("fence::", "the stores of a file; kills.rs of tripartite-postgres is the same on a server"),
    ("files::", "files, their rights, names and journals"),
    ("guards::a_database_that_cannot_be_used", "a file of another program, and an encoding of files"),
    ("guards::a_dry_run_beside_an_open_client", "the journal of a file"),
    ("guards::a_dry_run_changes_no_byte", "the bytes of a file"),
    ("hooks::", "a configuration that names a file"),
    (
        "host::the_first_night_names_the_table",
        "a file has one place for tables, a server has schemas; host.rs of tripartite-postgres",
    ),
    ("html::a_blocked_run_tells_its_reasons", "enters a run into the file's own table"),
    ("html::no_value_breaks_out_of_its_place", "opens the file"),
    ("html::what_is_not_there", "a file that is not there"),
    ("manners::", "what is printed, and the directory of the test"),
    ("matches::a_dry_run_writes_no_keys", "the bytes of a file; dry_run.rs of tripartite-postgres"),
    ("matches::a_worker_finds_in_its_own_register", "the audit of a named register, by the file's name for it"),
    ("matches::an_id_that_no_source_can_have", "a word of SQLite"),
    ("matches::doubles::", "revisions by number: a server has one sequence for all; triggers in the words of SQLite"),
    ("matches::keys_are_reckoned_once", "opens the file"),
    ("matches::other_rules_hold", "the file's own table of keys"),
    ("matches::people_say_who_is_who", "reads JSON in the words of SQLite"),
    ("matches::the_keys_keep_up", "REPLACE, which a server does not have"),
    ("matches::what_was_said_of_one", "a number that is given to a row twice: a server gives none twice"),
    ("night::nothing_that_is_printed", "looks for an @, and an address has one"),
    ("operator::", "looks into the queue of a file while the program is at it"),
    ("order::", "changes the file's own tables"),
    ("registers::a_database", "files of earlier versions, or of jobs only"),
    ("registers::a_key_that_is_not_there", "the name of the file in the message"),
    ("registers::a_register_of_a_later_version", "a version of each register: a server has one for all"),
    ("registers::a_run_needs_no_table", "the file's tables of each register"),
    ("registers::an_edit_or_a_run", "the file's tables of each register"),
    ("registers::the_registers_of_a_database", "the file's tables of each register"),
    ("schema::a_field_that_cannot_have_a_column", "capitals make another column on a server"),
    ("schema::a_new_strategy", "reads the file's own table"),
    ("schema::a_schema_that_is_stated_later", "reads the file's own table"),
    ("schema::a_strategy_decides", "reads the file's own table"),
    ("schema::an_inferred_schema", "columns in the words of SQLite"),
    ("schema::columns_are_quoted", "a boolean that is a number"),
    ("situations::a_job_about_one_record", "an order that only a file gives"),
    ("situations::a_member_who_is_made_active_again", "changes the file's own triggers"),
    ("signals::", "holds the one lock that a file has for writers"),
    ("work::what_cannot_be_is_said", "a file that is not there"),
];

/// Whether the tests of this program are about a server.
fn is_on_server() -> bool {
    env!("CARGO_CRATE_NAME") == "on_postgres" && {
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        let test = test.trim_start_matches("it::");
        !OF_A_FILE.iter().any(|(name, _)| test.starts_with(name))
    }
}

/// A database on the server, of a test's own.
pub(crate) struct OnServer {
    name: String,
    sql: Sql,
}

/// What the file has under a name of its own, of the unnamed register, and the table that has it here.
const VIEWS: [(&str, &str); 6] = [
    ("audit", "audit"),
    ("conflicts", "conflicts"),
    ("runs", "runs"),
    ("links", "links"),
    ("keys", "keys"),
    ("meta", "settings"),
];

/// What SQLite has by itself.
const WORDS: &str = "
CREATE FUNCTION joined(so_far text, part text, mark text) RETURNS text LANGUAGE sql AS
$$ SELECT CASE WHEN so_far IS NULL THEN part WHEN part IS NULL THEN so_far ELSE so_far || mark || part END $$;
CREATE AGGREGATE group_concat(text, text) (SFUNC = joined, STYPE = text);
CREATE FUNCTION joined(so_far text, part text) RETURNS text LANGUAGE sql AS $$ SELECT joined(so_far, part, ',') $$;
CREATE AGGREGATE group_concat(text) (SFUNC = joined, STYPE = text);";

impl OnServer {
    /// A new one, if this test is about a server. It has the tables of the store, and nobody's members.
    pub(crate) fn new() -> Option<Self> {
        if !is_on_server() {
            return None;
        }
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("n{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Sql::new().run(&format!("CREATE DATABASE {name} TEMPLATE template0"));
        let server = Self { sql: Sql::at(&at(&name)), name };
        let made = std::process::Command::new(env!("CARGO_BIN_EXE_nightly-sync"))
            .args(["migrate", "--db", &server.url()])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.sql.run(&format!("{WORDS} SET search_path = public, tripartite;"));
        for (name, table) in VIEWS {
            let unnamed = "WHERE register = (SELECT id FROM tripartite.registers WHERE name = '')";
            server.sql.run(&format!("CREATE VIEW tripartite_{name} AS SELECT * FROM tripartite.{table} {unnamed}"));
        }
        Some(server)
    }

    /// As `--db` takes it: without a character that a shell reads otherwise.
    pub(crate) fn url(&self) -> String {
        let address = address();
        if let Some((before, _)) = address.rsplit_once('/').filter(|_| address.contains("://")) {
            return format!("{before}/{}", self.name);
        }
        let of = |name: &str| {
            let word = address.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            word.unwrap_or_else(|| panic!("{name} is not in {address}")).to_owned()
        };
        format!("postgres://{}@{}/{}", of("user"), of("host").replace('/', "%2F"), self.name)
    }

    pub(crate) fn edit(&self, sql: &str) {
        self.sql.run(&translated(sql));
    }

    pub(crate) fn value(&self, sql: &str) -> Option<String> {
        let value = self.sql.value(&translated(sql));
        value.map(|value| match value.as_str() {
            "true" => "1".to_owned(),
            "false" => "0".to_owned(),
            _ => value,
        })
    }

    pub(crate) fn dump(&self, table: &str) -> Vec<String> {
        let rows = format!("SELECT json_agg(r) FROM (SELECT t::text AS r FROM {table} t ORDER BY 1) r");
        let rows: Vec<serde_json::Value> =
            serde_json::from_str(&self.sql.value(&rows).unwrap_or("[]".to_owned())).unwrap();
        rows.iter().map(|row| row["r"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// All that stands in it. Match keys are made when somebody looks for them.
    pub(crate) fn all(&self) -> Vec<String> {
        let tables = "SELECT json_agg(relname ORDER BY relname) FROM pg_class WHERE relkind = 'r'
            AND relnamespace = 'tripartite'::regnamespace AND relname NOT IN ('keys', 'unkeyed')";
        let tables: Vec<String> = serde_json::from_str(&self.sql.value(tables).unwrap()).unwrap();
        tables.iter().flat_map(|table| self.dump(&format!("tripartite.{}", quoted(table, '"')))).collect()
    }
}

impl Drop for OnServer {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = Sql::new().try_run(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

/// The address of a database of the server.
fn at(name: &str) -> String {
    let address = address();
    match address.rsplit_once('/').filter(|_| address.contains("://")) {
        Some((before, _)) => format!("{before}/{name}"),
        None => address.replace("dbname=postgres", &format!("dbname={name}")),
    }
}

/// What SQLite says, in the words of PostgreSQL.
fn translated(sql: &str) -> String {
    let words = [
        ("|| active", "|| active::int"),
        ("active ||", "active::int ||"),
        ("active = 0", "active = false"),
        ("active = 1", "active = true"),
        ("sum(active)", "sum(active::int)"),
        ("ifnull(", "coalesce("),
        // Rows that were entered with a number of their own are not counted.
        ("INTEGER PRIMARY KEY", "integer GENERATED BY DEFAULT AS IDENTITY (START 100) PRIMARY KEY"),
    ];
    words.iter().fold(sql.to_owned(), |sql, (file, server)| sql.replace(file, server))
}
