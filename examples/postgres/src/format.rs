//! The version of the tables, and how they are made.
//!
//! | the tables | a program that knows format 3 |
//! |---|---|
//! | are not there, or have format 1 or 2 | is told to call [`migrate`] |
//! | have format 3 | uses them |
//! | have a later format, whose tables can be used from format 3 on | uses them: an upgrade may roll |
//! | have a later format, whose tables cannot | is refused by an error that names both |
//!
//! | format | since |
//! |---|---|
//! | 1 | the audit was one table, and each base was stored whole |
//! | 2 | entries of the audit have kinds; a base may be read from its row. A program of format 1 would not find it there |
//! | 3 | entries that say the same of many records have one row. A program of format 2 would see the first of them alone |
//!
//! A migration is one transaction that waits for every other one. It needs a role that may create tables; a store does
//! not. [`sql/tables.sql`](https://docs.rs/crate/tripartite-postgres/latest/source/sql/tables.sql) and `sql/audit.sql`
//! have the tables, `sql/audit_view.sql` the view of the audit.

use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tripartite::failure::{Classify, Failure};

use crate::failure;
use crate::names::{in_schema, is_name, quoted};
use crate::pool::{Lease, Pool, PoolError, Sent, told};

/// What this version writes.
pub const FORMAT: i32 = 3;

/// Which program may still use what this version writes.
const OLDEST: i32 = 3;

const TABLES: &str =
    concat!(include_str!("../sql/tables.sql"), include_str!("../sql/audit.sql"), include_str!("../sql/audit_view.sql"));

const FROM_1: &str = concat!(
    "ALTER TABLE tripartite.audit RENAME TO audit_of_1;",
    include_str!("../sql/audit.sql"),
    include_str!("../sql/audit_view.sql"),
    include_str!("../sql/from_1.sql")
);

const FROM_2: &str = concat!(
    include_str!("../sql/from_2.sql"),
    include_str!("../sql/audit_view.sql"),
    include_str!("../sql/from_2_options.sql")
);

const META: &str = "SELECT format, oldest FROM tripartite.meta";

/// Migrations of all schemas of a server wait for each other.
const ALONE: &str = "SELECT pg_advisory_xact_lock(7311463274621)";

/// Why the tables cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// They are not there.
    #[error("the schema `{schema}` has no tables of tripartite; a role that may create them calls `migrate` once")]
    None {
        /// The schema.
        schema: String,
    },
    /// They are of another version.
    #[error("the tables in `{schema}` have format {found}, this version uses format {expected}; {}", advice(*.found, *.expected))]
    Other {
        /// The schema.
        schema: String,
        /// What this version uses.
        expected: i32,
        /// What was found.
        found: i32,
    },
    /// Its texts are not UTF-8.
    #[error("the database keeps its texts as {found}, and UTF8 is needed")]
    Encoding {
        /// What it keeps them as.
        found: String,
    },
    /// A name that PostgreSQL would cut off.
    #[error("`{name}` is no name of a schema: it has 1 to 63 bytes, and no NUL character")]
    Name {
        /// The name.
        name: String,
    },
    /// There is no connection.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// PostgreSQL refused.
    #[error("{}", told(.0))]
    Postgres(#[from] tokio_postgres::Error),
}

fn advice(found: i32, expected: i32) -> &'static str {
    if found > expected { "use a later version of this program" } else { "call `migrate`" }
}

impl Classify for FormatError {
    fn failure(&self) -> Failure {
        match self {
            Self::Pool(error) => failure::of_pool(error),
            Self::Postgres(error) => failure::of(error),
            _ => Failure::Fatal,
        }
    }
}

/// Makes the tables in a schema of a database, which is created if it is not there; those of an earlier format become
/// tables of this one. Several may do so at once. The role that does owns the tables, and the functions that triggers
/// call. [`Database::migrate`](crate::store::Database::migrate) also brings the triggers of all registers up to date.
///
/// # Errors
/// [`FormatError`], when the role may not, or a later version was there before; then nothing was changed.
pub async fn migrate(pool: &Pool, schema: &str) -> Result<(), FormatError> {
    if !is_name(schema) {
        return Err(FormatError::Name { name: schema.to_owned() });
    }
    let mut lease = pool.lease().await?;
    lease.begin("BEGIN").await?;
    lease.batch(ALONE).await?;
    match found(&mut lease, schema).await? {
        Some((format @ (1 | 2), _)) => {
            lease.batch(&in_schema(schema, if format == 1 { FROM_1 } else { FROM_2 })).await?;
            let meta = "UPDATE tripartite.meta SET format = $1, oldest = $2";
            lease.execute(&in_schema(schema, meta), &[&FORMAT, &OLDEST]).await?;
        }
        Some(found) => check_found(schema, found)?,
        None => {
            encoding(&mut lease).await?;
            let make = format!("CREATE SCHEMA IF NOT EXISTS {};\n{}", quoted(schema, '"'), in_schema(schema, TABLES));
            lease.batch(&make).await?;
            let meta = "INSERT INTO tripartite.meta(format, oldest) VALUES ($1, $2)";
            lease.execute(&in_schema(schema, meta), &[&FORMAT, &OLDEST]).await?;
        }
    }
    Ok(lease.end("COMMIT").await?)
}

/// Whether this version may use the tables.
pub(crate) async fn check(lease: &mut Lease, schema: &str) -> Result<(), FormatError> {
    match lease.send(&[asked(schema)]).await {
        Ok(rows) => permits(schema, rows.first().and_then(|rows| rows.first())),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => permits(schema, None),
        Err(error) => Err(error.into()),
    }
}

/// What asks for the version of the tables.
pub(crate) fn asked(schema: &str) -> Sent<'static> {
    Sent { sql: in_schema(schema, META), values: Vec::new() }
}

/// Whether this version may use tables that say this.
pub(crate) fn permits(schema: &str, row: Option<&Row>) -> Result<(), FormatError> {
    let none = || FormatError::None { schema: schema.to_owned() };
    check_found(schema, row.map(|row| (row.get(0), row.get(1))).ok_or_else(none)?)
}

fn check_found(schema: &str, (format, oldest): (i32, i32)) -> Result<(), FormatError> {
    if format >= FORMAT && oldest <= FORMAT {
        return Ok(());
    }
    Err(FormatError::Other { schema: schema.to_owned(), expected: FORMAT, found: format })
}

async fn found(lease: &mut Lease, schema: &str) -> Result<Option<(i32, i32)>, tokio_postgres::Error> {
    let meta = format!("{}.meta", quoted(schema, '"'));
    let there = lease.first("SELECT to_regclass($1) IS NOT NULL", &[&meta]).await?;
    if !there.is_some_and(|row| row.get(0)) {
        return Ok(None);
    }
    let row = lease.first(&in_schema(schema, META), &[]).await?;
    Ok(row.map(|row| (row.get(0), row.get(1))))
}

async fn encoding(lease: &mut Lease) -> Result<(), FormatError> {
    let row = lease.first("SELECT current_setting('server_encoding')", &[]).await?;
    match row.map(|row| row.get::<_, String>(0)) {
        Some(found) if found != "UTF8" => Err(FormatError::Encoding { found }),
        _ => Ok(()),
    }
}
