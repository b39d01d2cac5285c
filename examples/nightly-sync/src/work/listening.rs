//! A server or a cluster tells its workers when a job begins to wait, whoever stored it.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tripartite::drive::block_on;
use tripartite::jobs;
use tripartite_etcd::jobs::{EtcdJobStore, Listener as ClusterListener};
use tripartite_postgres::jobs::Listener as ServerListener;

use super::Bell;
use crate::store::{Jobs, Place, runtime};

/// Rings the bell of a process for what others store, until it is dropped.
#[derive(Debug)]
pub struct Listening {
    task: JoinHandle<()>,
    _listener: Listener,
}

/// What listens, as long as it is there.
#[derive(Debug)]
#[expect(dead_code, reason = "they are kept, and not asked for anything")]
enum Listener {
    Server(ServerListener),
    Cluster(ClusterListener),
}

impl Listener {
    fn of(place: &Place, told: Arc<jobs::Bell>) -> Option<Self> {
        let runtime = runtime().ok()?;
        match (Jobs::cluster_of(place).ok()?, place.server()) {
            (Some(cluster), _) => {
                let store = block_on(EtcdJobStore::open_on(&runtime, &cluster)).ok()?;
                Some(Self::Cluster(store.listen(told)))
            }
            (None, Some(server)) => Some(Self::Server(server.address().listener(&runtime, told).ok()?)),
            (None, None) => None,
        }
    }
}

impl Listening {
    /// `None` for a file, and where the connection cannot be made.
    pub fn of(place: &Place, bell: &Arc<Bell>) -> Option<Self> {
        let (runtime, told) = (runtime().ok()?, Arc::<jobs::Bell>::default());
        let listener = Listener::of(place, Arc::clone(&told))?;
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
