//! The fence: a worker whose claim is over writes nothing more.
//!
//! A worker that was slow, or asleep, does not know that its lease ran out and that somebody else claimed the job. So
//! it is not asked: every write reads the slot in its own transaction, and holds it until the commit. A claim of the same job
//! waits for that commit.
//!
//! | what the slot says | a store under claim 3 |
//! |---|---|
//! | running, token 3 | writes |
//! | running, token 3, but its lease is over | writes: nobody else claimed it, and nobody can until it committed |
//! | running, token 4 | is fenced off |
//! | pending, idle or dead, whatever the token | is fenced off |
//! | nothing, because there is no such slot | is fenced off |

use tokio_postgres::Row;
use tripartite::jobs::StoreKey;
use tripartite::queue::{Slot, Token};

use super::StoreError;
use crate::names::in_schema;
use crate::pool::{Lease, Sent};

/// The claim that a store writes under.
#[derive(Debug, Clone)]
pub(super) struct Fence {
    pub(super) token: Token,
    pub(super) slot: StoreKey,
}

impl Fence {
    /// Whether the claim holds, within the transaction that is about to write.
    pub(super) async fn check(&self, lease: &mut Lease, schema: &str) -> Result<(), StoreError> {
        let rows = lease.send(&[self.asked(schema)]).await?;
        self.permits(rows.first().and_then(|rows| rows.first()))
    }

    /// What reads the slot, and holds it.
    pub(super) fn asked(&self, schema: &str) -> Sent<'_> {
        Sent {
            sql: in_schema(schema, "SELECT bytes FROM tripartite.jobs WHERE key = $1 FOR SHARE"),
            values: vec![Box::new(self.slot.as_str())],
        }
    }

    /// Whether the claim holds, by the slot as it is held.
    pub(super) fn permits(&self, row: Option<&Row>) -> Result<(), StoreError> {
        let key = self.slot.as_str();
        match row.map(|row| Slot::from_bytes(row.get(0))) {
            Some(Ok(slot)) if slot.permits(self.token) => Ok(()),
            Some(Err(_)) => Err(StoreError::Unreadable { table: "tripartite.jobs", id: key.to_owned() }),
            Some(Ok(_)) | None => Err(StoreError::Fenced { key: key.to_owned(), token: self.token.0 }),
        }
    }
}
