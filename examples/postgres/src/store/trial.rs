//! Trying a table out before it is attached, on a copy.

use std::sync::atomic::{AtomicU32, Ordering};

use tripartite_sql::HostTable;

use super::{Database, StoreError, host};
use crate::names::quoted;

/// A copy of a table that the host has, in a schema of its own, with tables of the store beside it. What is attached and
/// written here is gone when the trial [ends](Self::end); the table itself is only read.
#[derive(Debug)]
pub struct Trial {
    /// The database with the schema of the trial.
    pub database: Database,
    /// The copy.
    pub table: HostTable,
}

impl Database {
    /// Copies a table of the host's own into a new schema, for a dry run of a first night. The role must be allowed to create
    /// a schema.
    ///
    /// # Errors
    /// [`StoreError`], when there is no such table, or the role may not; then nothing is left.
    pub async fn trial(&self, table: &HostTable) -> Result<Trial, StoreError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mut lease = self.pool().lease().await?;
        let from = host::inspect(&mut lease, table).await?.name;
        let schema = format!("tripartite_trial_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let copy = format!("{}.{}", quoted(&schema, '"'), quoted(table.table(), '"'));
        drop(lease);
        let trial = Trial { database: self.clone().in_schema(schema.as_str()), table: table.clone().in_schema(schema) };
        let copied = async {
            trial.database.migrate().await?;
            let lease = self.pool().lease().await?;
            // A generated column makes its own values.
            lease.batch(&format!("CREATE TABLE {copy} (LIKE {from} INCLUDING ALL)")).await?;
            let columns = lease.value(&columns(&copy)).await?.unwrap_or_default();
            let insert = format!("INSERT INTO {copy} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {from}");
            lease.batch(&insert).await?;
            Ok(())
        };
        match copied.await {
            Ok(()) => Ok(trial),
            Err(error) => {
                // The first error tells more than that of taking the schema away.
                let _ = trial.end().await;
                Err(error)
            }
        }
    }
}

/// The statement that lists the columns of a table that take values.
fn columns(table: &str) -> String {
    format!(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
         WHERE attrelid = {}::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        quoted(table, '\'')
    )
}

impl Trial {
    /// Takes the copy away, and all that was written beside it.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be reached; then the schema, whose name begins with `tripartite_trial_`,
    /// stays until somebody drops it.
    pub async fn end(&self) -> Result<(), StoreError> {
        let lease = self.database.pool().lease().await?;
        Ok(lease.batch(&format!("DROP SCHEMA IF EXISTS {} CASCADE", quoted(self.database.schema(), '"'))).await?)
    }
}
