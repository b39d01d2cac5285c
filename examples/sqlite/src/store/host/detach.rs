//! Detaching: what was added is taken away, and the host's rows stay as they are.

use rusqlite::{Transaction, TransactionBehavior};
use tripartite_sql::{AttachError, Register};

use super::super::names::Names;
use super::super::{Database, StoreError, database, near};
use super::attach::triggers;
use super::{ADDED, of};

const TABLES: [&str; 14] = [
    "tripartite_links",
    "tripartite_conflicts",
    "tripartite_runs",
    "tripartite_entries",
    "tripartite_kinds",
    "tripartite_shapes",
    "tripartite_kept",
    "tripartite_keys",
    "tripartite_unkeyed",
    "tripartite_not",
    "tripartite_approved",
    "tripartite_removed",
    "tripartite_replaced",
    "tripartite_meta",
];

impl Database {
    /// Takes away what [`attach`](Self::attach) added: columns, triggers, the index, and the register's tables with its
    /// links, open conflicts and audit. The host's own columns keep their values, and no row goes.
    ///
    /// # Errors
    /// [`StoreError::Attach`], when the register has no table of the host's own; [`StoreError`], when the database
    /// cannot be written. Then nothing was changed.
    ///
    /// ```
    /// use tripartite_sqlite::store::Database;
    /// use tripartite_sqlite::tripartite_sql::Register;
    /// // There is nothing to take away.
    /// assert!(Database::in_memory()?.detach(&Register::default()).is_err());
    /// # Ok::<(), tripartite_sqlite::store::StoreError>(())
    /// ```
    pub fn detach(&self, register: &Register) -> Result<(), StoreError> {
        let tx = Transaction::new_unchecked(self.connection(), TransactionBehavior::Immediate)?;
        let names = Names::of(register);
        let table = if database::holds(&tx, &names)? { of(&tx, &names)? } else { None };
        let table = table.ok_or_else(|| AttachError::NotAttached(register.to_string()))?;
        let attached = names.in_host(Some(table.clone()));
        for name in triggers().map(|(name, _)| name).chain(near::triggers()) {
            tx.execute_batch(&attached.sql(&format!("DROP TRIGGER IF EXISTS {{{name}}}")))?;
        }
        tx.execute_batch(&attached.sql("DROP INDEX IF EXISTS {tripartite_members_id}"))?;
        for (column, _) in table.added(ADDED) {
            tx.execute_batch(&attached.sql(&format!("ALTER TABLE {{members}} DROP COLUMN {column}")))?;
        }
        tx.execute_batch(&attached.sql("DROP VIEW IF EXISTS {tripartite_audit}"))?;
        for name in TABLES {
            tx.execute_batch(&attached.sql(&format!("DROP TABLE IF EXISTS {{{name}}}")))?;
        }
        Ok(tx.commit()?)
    }
}
