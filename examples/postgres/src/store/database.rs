//! The database: its schema of tables, and what it remembers of each register.

use serde::Serialize;
use tripartite::id::SyncKey;
use tripartite::matching::MatchRule;
use tripartite::plan::Guards;
use tripartite_sql::{HostTable, ID_FIELD, Register, Settings};

use super::StoreError;
use super::host::{self, RecordTable};
use crate::format;
use crate::names::{SCHEMA, in_schema};
use crate::pool::{Lease, Pool, PoolError};

/// What a register's settings are stored as.
pub(super) const TABLE: &str = "table";
pub(super) const RULES: &str = "rules";
pub(super) const GUARDS: &str = "guards";
pub(super) const STORED_SCHEMA: &str = "schema";
pub(super) const STORED_ID_FIELD: &str = "id_field";

/// A database, and the schema of PostgreSQL in which the stores' tables are.
#[derive(Debug, Clone)]
pub struct Database {
    pool: Pool,
    schema: String,
    /// Whether a load writes nothing.
    is_looked_at: bool,
}

impl Database {
    /// The database at an address, without TLS, on the runtime in which this is called; its tables in the schema
    /// `tripartite`.
    ///
    /// # Errors
    /// [`PoolError`], when it is no address, or there is no runtime.
    pub fn at(address: &str) -> Result<Self, PoolError> {
        Ok(Self::of(Pool::new(address)?))
    }

    /// The database of a pool, its tables in the schema `tripartite`.
    pub fn of(pool: Pool) -> Self {
        Self { pool, schema: SCHEMA.to_owned(), is_looked_at: false }
    }

    /// The same, only to be looked at, as by a dry run: a load with match rules stores no match keys. Where rows have changed
    /// since theirs were stored, a store makes them once and holds them in memory, some 60 bytes for each rule and row.
    #[must_use]
    pub fn to_look_at(self) -> Self {
        Self { is_looked_at: true, ..self }
    }

    pub(super) fn is_looked_at(&self) -> bool {
        self.is_looked_at
    }

    /// The same with the tables in another schema.
    #[must_use]
    pub fn in_schema(self, schema: impl Into<String>) -> Self {
        Self { schema: schema.into(), ..self }
    }

    /// The pool.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The schema in which the tables are.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Makes the tables, where they are not there yet, and brings those of an earlier format up to date, with the triggers of
    /// each register. See [`format`](crate::format).
    ///
    /// # Errors
    /// [`StoreError`], when the role may not, or a later version was there before.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        format::migrate(&self.pool, &self.schema).await?;
        let mut lease = self.lease().await?;
        let registers = in_schema(&self.schema, "SELECT id FROM tripartite.registers ORDER BY id");
        for row in lease.query(&registers, &[]).await? {
            lease.begin("BEGIN").await?;
            // A table that somebody dropped has no triggers, and keeps no other register from being used.
            match host::upgrade(&mut lease, &self.schema, row.get(0)).await {
                Ok(()) => lease.end("COMMIT").await?,
                Err(StoreError::Attach(_)) => lease.end("ROLLBACK").await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes a table of the host's own the records of a register. [`HostTable`] says what is added; nothing else of the
    /// table changes. A table that is attached already in the same way stays as it is. Columns of more fields may be named
    /// later, and one that has another name since.
    ///
    /// # Errors
    /// [`StoreError::Attach`] and [`StoreError::Column`] say what cannot be; then nothing was changed.
    pub async fn attach(&self, register: &Register, table: &HostTable, settings: &Settings) -> Result<(), StoreError> {
        let mut lease = self.lease().await?;
        lease.begin("BEGIN").await?;
        host::attach(&mut lease, &self.schema, register, table, settings).await?;
        Ok(lease.end("COMMIT").await?)
    }

    /// Takes away from a table of the host's own what was added to it, and all that is remembered of the register: links,
    /// open conflicts, the audit. The rows keep what was synced.
    ///
    /// # Errors
    /// [`StoreError::Attach`], when the register has no table of the host's own; [`StoreError`], when PostgreSQL refuses. Then
    /// nothing was changed.
    pub async fn detach(&self, register: &Register) -> Result<(), StoreError> {
        let mut lease = self.lease().await?;
        lease.begin("BEGIN").await?;
        host::detach(&mut lease, &self.schema, register).await?;
        Ok(lease.end("COMMIT").await?)
    }

    /// The table that a register is kept in; `None` where the register is not there.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn attached(&self, register: &Register) -> Result<Option<HostTable>, StoreError> {
        Ok(self.record_table(register).await?.map(|table| table.host))
    }

    pub(super) async fn record_table(&self, register: &Register) -> Result<Option<RecordTable>, StoreError> {
        let mut lease = self.lease().await?;
        match number(&mut lease, &self.schema, register).await? {
            Some(n) => Ok(Some(table(&mut lease, &self.schema, n).await?)),
            None => Ok(None),
        }
    }

    /// How a register is used; `None` where it is not there.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn settings(&self, register: &Register) -> Result<Option<Settings>, StoreError> {
        let mut lease = self.lease().await?;
        match number(&mut lease, &self.schema, register).await? {
            Some(n) => Ok(Some(settings(&mut lease, &self.schema, n).await?)),
            None => Ok(None),
        }
    }

    /// The match rules of a register.
    ///
    /// # Errors
    /// [`StoreError`], when the register is not there, or the database cannot be read.
    pub async fn rules(&self, register: &Register) -> Result<Vec<MatchRule>, StoreError> {
        Ok(self.known(register, RULES).await?.unwrap_or_default())
    }

    /// The guards of a register.
    ///
    /// # Errors
    /// [`StoreError`], when the register is not there, or the database cannot be read.
    pub async fn guards(&self, register: &Register) -> Result<Guards, StoreError> {
        Ok(self.known(register, GUARDS).await?.unwrap_or_default())
    }

    /// The keys of the named registers, in order.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn registers(&self) -> Result<Vec<SyncKey>, StoreError> {
        let sql = in_schema(&self.schema, "SELECT name FROM tripartite.registers WHERE name <> '' ORDER BY name");
        let found = self.lease().await?.query(&sql, &[]).await?;
        Ok(found.iter().filter_map(|row| row.get::<_, &str>(0).parse().ok()).collect())
    }

    async fn known<T: serde::de::DeserializeOwned>(
        &self,
        register: &Register,
        key: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let mut lease = self.lease().await?;
        let n = number(&mut lease, &self.schema, register).await?;
        let n = n.ok_or_else(|| StoreError::NoRegister { register: register.to_string() })?;
        let Some(text) = setting(&mut lease, &self.schema, n, key).await? else { return Ok(None) };
        let unreadable = |problem| StoreError::Schema { problem: format!("its {key}: {problem}") };
        serde_json::from_str(&text).map(Some).map_err(unreadable)
    }

    /// A connection, once it is known that its tables are of this version.
    pub(super) async fn lease(&self) -> Result<Lease, StoreError> {
        let mut lease = self.pool.lease().await?;
        format::check(&mut lease, &self.schema).await?;
        Ok(lease)
    }
}

/// The number of a register; `None` where it is not there.
pub(super) async fn number(lease: &mut Lease, schema: &str, register: &Register) -> Result<Option<i32>, StoreError> {
    let sql = in_schema(schema, "SELECT id FROM tripartite.registers WHERE name = $1");
    Ok(lease.first(&sql, &[&register.name()]).await?.map(|row| row.get(0)))
}

/// Enters a register that is not there. Whoever does the same at the same time waits, and then finds it.
pub(super) async fn enter(
    lease: &mut Lease,
    schema: &str,
    register: &Register,
    table: &RecordTable,
    settings: &Settings,
) -> Result<i32, StoreError> {
    let sql = in_schema(schema, "INSERT INTO tripartite.registers(name) VALUES ($1) RETURNING id");
    let row = lease.first(&sql, &[&register.name()]).await?;
    let n = row.map(|row| row.get(0)).ok_or(StoreError::Vanished)?;
    remember(lease, schema, n, TABLE, &text_of(table)).await?;
    remember(lease, schema, n, STORED_SCHEMA, &text_of(&settings.schema)).await?;
    remember(lease, schema, n, STORED_ID_FIELD, &settings.id_field).await?;
    Ok(n)
}

/// The text of what is plain data.
pub(super) fn text_of<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) async fn remember(
    lease: &mut Lease,
    schema: &str,
    n: i32,
    key: &str,
    value: &str,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO tripartite.settings(register, key, value) VALUES ($1, $2, $3)
        ON CONFLICT (register, key) DO UPDATE SET value = EXCLUDED.value";
    lease.execute(&in_schema(schema, sql), &[&n, &key, &value]).await?;
    Ok(())
}

pub(super) async fn setting(lease: &mut Lease, schema: &str, n: i32, key: &str) -> Result<Option<String>, StoreError> {
    let sql = in_schema(schema, "SELECT value FROM tripartite.settings WHERE register = $1 AND key = $2");
    Ok(lease.first(&sql, &[&n, &key]).await?.map(|row| row.get(0)))
}

pub(super) async fn table(lease: &mut Lease, schema: &str, n: i32) -> Result<RecordTable, StoreError> {
    let text = setting(lease, schema, n, TABLE).await?.unwrap_or_default();
    let unreadable = |_| StoreError::Unreadable { table: "tripartite.settings", id: TABLE.to_owned() };
    serde_json::from_str(&text).map_err(unreadable)
}

pub(super) async fn settings(lease: &mut Lease, schema: &str, n: i32) -> Result<Settings, StoreError> {
    let text = setting(lease, schema, n, STORED_SCHEMA).await?.unwrap_or_default();
    let read = serde_json::from_str(&text).map_err(|problem| StoreError::Schema { problem: problem.to_string() })?;
    let id_field = setting(lease, schema, n, STORED_ID_FIELD).await?.unwrap_or_else(|| ID_FIELD.to_owned());
    Ok(Settings { schema: read, id_field })
}
