//! A server tells its workers when a job begins to wait, whoever stored it.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tripartite_postgres::jobs::Listener;

use super::Bell;
use crate::store::{Place, runtime};

/// Rings the bell of a process for what others store, until it is dropped.
pub(super) struct Listening {
    task: JoinHandle<()>,
    _listener: Listener,
}

impl Listening {
    /// `None` for a file, and where the connection cannot be made.
    pub(super) fn of(db: &Place, bell: &Arc<Bell>) -> Option<Self> {
        let Place::Server(server) = db else { return None };
        let (runtime, told) = (runtime().ok()?, Arc::<tripartite::jobs::Bell>::default());
        let listener = server.address().listener(&runtime, Arc::clone(&told)).ok()?;
        let bell = Arc::clone(bell);
        let task = runtime.spawn(async move {
            let mut heard = told.heard();
            loop {
                told.rung(heard).await;
                heard = told.heard();
                bell.ring();
            }
        });
        Some(Self { task, _listener: listener })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}
