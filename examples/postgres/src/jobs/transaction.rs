use tokio_postgres::GenericClient;
use tripartite::jobs::{SlotStore, StoreKey, Stored, Swap, SwapOf};

use super::JobsError;
use super::record::Statements;
use crate::names::SCHEMA;

/// The slots as a transaction of the host's sees them: a job that is enqueued here is there if the transaction is committed,
/// and else nothing is.
///
/// A command waits for whoever else changes the slot, until their transaction ends. So it comes last in a transaction, or the
/// transaction is short.
///
/// ```no_run
/// # async fn enqueue(client: &mut tokio_postgres::Client, key: tripartite::id::SyncKey, now: chrono::DateTime<chrono::Utc>)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// use tripartite::queue::{Command, Scope, Trigger};
/// use tripartite::work::Queue;
/// use tripartite_postgres::jobs::InTransaction;
///
/// let transaction = client.transaction().await?;
/// transaction.execute("INSERT INTO orders(member) VALUES (17)", &[]).await?;
/// let queue = Queue::new(InTransaction::new(&transaction));
/// let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
/// let applied = queue.apply(&key, None, trigger, now).await?;
/// drop(queue);
/// transaction.commit().await?; // only now a worker sees the job
/// # drop(applied);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct InTransaction<'a, C> {
    client: &'a C,
    statements: Statements,
}

impl<'a, C: GenericClient + Sync> InTransaction<'a, C> {
    /// The slots in the schema `tripartite`.
    pub fn new(transaction: &'a C) -> Self {
        Self::in_schema(transaction, SCHEMA)
    }

    /// The slots in another schema.
    pub fn in_schema(transaction: &'a C, schema: &str) -> Self {
        Self { client: transaction, statements: Statements::of(schema) }
    }
}

impl<C: GenericClient + Sync> SlotStore for InTransaction<'_, C> {
    type Error = JobsError;

    async fn get(&self, key: &StoreKey) -> Result<Option<Stored>, JobsError> {
        self.statements.get_on(self.client, key).await
    }

    async fn compare_and_swap(&self, swap: &SwapOf) -> Result<Swap, JobsError> {
        self.statements.swap_on(self.client, swap).await
    }
}
