//! The commands that answer what the work asks, with the database, the key and the listing they are about.

use tripartite::drive::block_on;
use tripartite::id::SyncKey;
use tripartite::queue::{Held, Scope};
use tripartite::work::Queue;

use super::{AS_THE_SCHEMA_SAYS, Enrolled};
use crate::shell::{options, quoted};
use crate::store::{Jobs, Place, Register};

/// What a person may answer, as commands.
#[derive(Debug, Clone, Copy)]
pub struct Commands<'a> {
    db: &'a Place,
    queue: Option<&'a Queue<Jobs>>,
}

impl<'a> Commands<'a> {
    /// Those of a database. Its queue knows the listings; without it, a placeholder stands for them.
    pub fn new(db: &'a Place, queue: Option<&'a Queue<Jobs>>) -> Self {
        Self { db, queue }
    }

    /// A command about a key: `redrive`, for example.
    pub fn about(&self, command: &str, key: &SyncKey) -> String {
        format!("nightly-sync {command} {}", options(self.db, &Register::of(key)))
    }

    /// A command that reads the key's listing.
    pub fn reading(&self, command: &str, key: &SyncKey) -> String {
        let known = self.queue.and_then(|queue| block_on(queue.connection(&key.connector)).ok().flatten());
        let org = known.as_ref().and_then(|known| known.connection().orgs.get(&key.org));
        let about = self.about(command, key);
        match org.map(|org| Enrolled::of(org.external.as_str())) {
            Some(Enrolled::File(listing)) => format!("{about} --remote {}", quoted(&listing.display().to_string())),
            Some(Enrolled::Config(file)) => format!("{about} --config {}", quoted(&file.display().to_string())),
            None => format!("{about} --remote LISTING"),
        }
    }

    /// What lets pass what a guard held back of a key: exactly its plan, where that can be made anew.
    pub fn pass(&self, key: &SyncKey, held: &Held) -> String {
        let strategy = held.work.policy.as_ref().filter(|policy| policy.as_str() != AS_THE_SCHEMA_SAYS);
        let strategy = strategy.map(|policy| format!(" --strategy {}", quoted(policy.as_str()))).unwrap_or_default();
        let run = format!("{}{strategy}", self.reading("run", key));
        let only = match &held.work.scope {
            _ if held.exceeds_plan => None,
            Scope::All => Some(String::new()),
            Scope::Only(ids) => {
                ids.first().filter(|_| ids.len() == 1).map(|id| format!(" --only {}", quoted(id.as_str())))
            }
        };
        match only {
            Some(only) => format!("{run}{only} --approve {} lets exactly this plan pass", held.plan),
            None => format!("{run} --dry-run shows the plan of a run of all, and names the command that lets it pass"),
        }
    }

    /// The same, for what is held back now.
    pub(super) fn pass_now(&self, key: &SyncKey) -> String {
        let slot = self.queue.and_then(|queue| block_on(queue.slot(key)).ok().flatten());
        match slot.and_then(|slot| slot.held) {
            Some(held) => self.pass(key, &held),
            None => format!("{} shows the plan, and --approve lets it pass", self.reading("run", key)),
        }
    }
}
