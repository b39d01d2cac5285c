//! What a host notes beside a register, such as a plan that waits for a person.

use rusqlite::params;

use super::{SqliteStore, StoreError, database};

/// Tells a host's notes from what the store itself remembers.
fn named(note: &str) -> String {
    format!("host:{note}")
}

impl SqliteStore {
    /// What the host has noted under a name; `None` where there is nothing.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.with(|conn| database::meta(conn, &self.names, &named(name)))
    }

    /// Notes a text under a name, in place of what stood there; `None` removes it.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written, or the store is [fenced](SqliteStore::fenced) off.
    pub fn keep_note(&self, name: &str, text: Option<&str>) -> Result<(), StoreError> {
        let name = named(name);
        let put = "INSERT INTO {tripartite_meta}(key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2";
        self.write(|tx| {
            match text {
                Some(text) => tx.execute(&self.names.sql(put), params![name, text])?,
                None => tx.execute(&self.names.sql("DELETE FROM {tripartite_meta} WHERE key = ?1"), [&name])?,
            };
            Ok(())
        })
    }
}
