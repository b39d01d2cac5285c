//! Looking at a database before one of its registers is opened.

use tripartite_sql::{HostTable, Register, Settings};

use super::{Database, StoreError, host, layout};
use crate::names::in_schema;

impl Database {
    /// Whether its tables are there, and of a version that this one may use.
    ///
    /// # Errors
    /// [`StoreError`], when they are not, or the database cannot be reached.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.lease().await.map(drop)
    }

    /// How many conflicts wait for a person, in all registers together.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn count_conflicts(&self) -> Result<u64, StoreError> {
        let sql = in_schema(self.schema(), "SELECT count(*) FROM tripartite.conflicts");
        let row = self.lease().await?.first(&sql, &[]).await?;
        Ok(row.map_or(0, |row| row.get::<_, i64>(0)).cast_unsigned())
    }

    /// How many conflicts of one register wait for a person; none, where it is not there.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn count_conflicts_of(&self, register: &Register) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM tripartite.conflicts WHERE register =
            (SELECT id FROM tripartite.registers WHERE name = $1)";
        let row = self.lease().await?.first(&in_schema(self.schema(), sql), &[&register.name()]).await?;
        Ok(row.map_or(0, |row| row.get::<_, i64>(0)).cast_unsigned())
    }

    /// How many rows a table of the host's own has.
    ///
    /// # Errors
    /// [`StoreError`], when there is no such table, or the database cannot be read.
    pub async fn count_rows(&self, table: &HostTable) -> Result<u64, StoreError> {
        let mut lease = self.pool().lease().await?;
        let name = host::inspect(&mut lease, table).await?.name;
        let row = lease.first(&format!("SELECT count(*) FROM {name}"), &[]).await?;
        Ok(row.map_or(0, |row| row.get::<_, i64>(0)).cast_unsigned())
    }

    /// Whether every field of a schema can have a column in a register: one that is named, where its records stand in a
    /// table of the host's own.
    ///
    /// # Errors
    /// [`StoreError::Column`], for the first field that cannot; [`StoreError`], when the database cannot be read.
    pub async fn check_fields(&self, register: &Register, settings: &Settings) -> Result<(), StoreError> {
        let table = self.record_table(register).await?;
        if table.as_ref().is_none_or(|table| table.is_own) {
            layout::check(settings)?;
        }
        let Some(table) = table else { return Ok(()) };
        let inspected = host::inspect(&mut self.lease().await?, &table.host).await?;
        layout::of(&settings.schema, &table, &inspected).map(drop)
    }
}
