//! `cancel`, `redrive`, `pause`, `resume` and `reset`: something is done to the job of one key.

use serde_json::json;
use tripartite::drive::block_on;
use tripartite::queue::Command as Ask;

use super::queue::{jobs, key, open, tell};
use crate::args::Target;
use crate::context::{Answer, Context, SUCCEEDED, now};
use crate::store::Register;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// What waits is not wanted, what runs is stopped.
    Cancel,
    /// What is dead is tried again.
    Redrive,
    /// Nothing is begun from now on.
    Pause,
    /// It goes on.
    Resume,
    /// The source is asked again.
    Reset,
}

pub(crate) fn execute(cx: &mut Context<'_>, target: &Target, what: What) -> Answer {
    let (db, key) = (cx.db(target)?, key(cx, target)?);
    let queue = open(&db)?;
    let ask = match what {
        What::Cancel => Ask::Cancel,
        What::Redrive => Ask::Redrive,
        What::Pause => Ask::Pause,
        What::Resume => Ask::Resume,
        What::Reset => {
            // In this order: a record that cannot be read keeps the others' times, and not the health, as they are.
            block_on(queue.reset_health(&key, now())).map_err(jobs(&db))?;
            block_on(queue.repair_clock_skew(&key, now())).map_err(jobs(&db))?;
            // A clock that was ahead has left its times with every organisation of the source.
            block_on(queue.repair_all_clock_skew(&key.connector, now())).map_err(jobs(&db))?;
            match cx.console.json {
                true => cx.console.print(json!({"key": key, "outcome": "reset"})),
                false => cx.console.print(format!("{}: asked again from now on", Register::of(&key))),
            }
            return Ok(SUCCEEDED);
        }
    };
    tell(cx, &queue, &db, &key, ask)
}
