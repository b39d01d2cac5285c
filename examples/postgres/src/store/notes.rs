//! What a host notes beside a register, such as a plan that waits for a person.

use super::{PostgresStore, StoreError, database};

/// Tells a host's notes from what the store itself remembers.
fn named(note: &str) -> String {
    format!("host:{note}")
}

impl PostgresStore {
    /// What the host has noted under a name; `None` where there is nothing.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        let mut lease = self.database.lease().await?;
        database::setting(&mut lease, self.tables.schema(), self.tables.number(), &named(name)).await
    }

    /// Notes a text under a name, in place of what stood there; `None` removes it.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written, or the store is [fenced](PostgresStore::fenced) off.
    pub async fn keep_note(&self, name: &str, text: Option<&str>) -> Result<(), StoreError> {
        let (mut lease, name) = (self.begin().await?, named(name));
        match text {
            Some(text) => {
                database::remember(&mut lease, self.tables.schema(), self.tables.number(), &name, text).await?;
            }
            None => {
                let sql = "DELETE FROM tripartite.settings WHERE register = {n} AND key = $1";
                lease.execute(&self.tables.sql(sql), &[&name]).await?;
            }
        }
        Ok(lease.end("COMMIT").await?)
    }
}
