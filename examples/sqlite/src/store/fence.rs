//! The fence: a worker whose claim is over writes nothing more.
//!
//! A worker that was slow, or asleep, does not know that its lease ran out and that somebody else claimed the job. So
//! it is not asked: every write looks at the slot in its own transaction. SQLite has one writer at a time, so nobody
//! can claim between the look and the commit.
//!
//! | what the slot says | a store under claim 3 |
//! |---|---|
//! | running, token 3 | writes |
//! | running, token 3, but its lease is over | writes: nobody else claimed it, and nobody can until it committed |
//! | running, token 4 | is fenced off |
//! | pending, idle or dead, whatever the token | is fenced off |
//! | nothing, because there is no such slot | is fenced off |

use rusqlite::{Connection, OptionalExtension};
use tripartite::jobs::StoreKey;
use tripartite::queue::{Slot, Token};

use super::StoreError;

/// The claim that a store writes under.
#[derive(Debug)]
pub(super) struct Fence {
    pub(super) token: Token,
    pub(super) slot: StoreKey,
}

impl Fence {
    /// Whether the claim holds, within the transaction that is about to write.
    pub(super) fn check(&self, tx: &Connection) -> Result<(), StoreError> {
        // An earlier version let a key end in a dot, and left the slot there.
        let former = self.slot.former();
        let mut statement = tx
            .prepare_cached("SELECT bytes FROM tripartite_jobs WHERE key IN (?1, ?2) ORDER BY key = ?2 DESC LIMIT 1")?;
        let key = self.slot.as_str();
        let keys = [Some(key), former.as_ref().map(StoreKey::as_str)];
        let slot =
            statement.query_row(keys, |row| Ok(row.get_ref(0)?.as_bytes().ok().map(Slot::from_bytes))).optional()?;
        match slot {
            Some(Some(Ok(slot))) if slot.permits(self.token) => Ok(()),
            Some(None | Some(Err(_))) => Err(StoreError::Unreadable { table: "tripartite_jobs", id: key.to_owned() }),
            Some(Some(Ok(_))) | None => Err(StoreError::Fenced { key: key.to_owned(), token: self.token.0 }),
        }
    }
}
