//! Waking: a watch on the marks of jobs that wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;
use tonic::Status;
use tripartite::jobs::Bell;

use crate::cluster::Cluster;
use crate::layout::Layout;
use crate::rpc::WatchCreate;

/// How long a listener rests before it watches again.
const REST: Duration = Duration::from_millis(500);

/// Rings a bell when a job begins to wait, whichever process has stored it. It ends when it is dropped.
///
/// It holds one stream to one node. If that breaks, or the node loses its leader, it watches at another one, and rings once when
/// it does: something may have been stored meanwhile. Until then rings are lost, and hosts look by themselves.
///
/// ```no_run
/// # async fn work(mut tick: impl FnMut() -> std::time::Duration) -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use tripartite::jobs::Bell;
/// use tripartite_etcd::jobs::EtcdJobStore;
/// let (bell, store) = (Arc::new(Bell::default()), EtcdJobStore::open(&"etcd://a,b,c".parse()?).await?);
/// let listener = store.listen(bell.clone());
/// loop {
///     let heard = bell.heard(); // before the look: no ring is missed
///     let until_next = tick();
///     let _ = tokio::time::timeout(until_next, bell.rung(heard)).await;
/// #   break;
/// }
/// # drop(listener);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Listener {
    task: JoinHandle<()>,
}

impl Listener {
    pub(super) fn new(cluster: Cluster, layout: &Layout, bell: Arc<Bell>) -> Self {
        let (key, range_end) = layout.waiting();
        // What is no longer due rings nothing.
        let create = WatchCreate { key, range_end, filters: vec![1], ..WatchCreate::default() };
        let runtime = cluster.runtime().clone();
        let task = runtime.spawn(async move {
            loop {
                // Whatever ended it, it begins anew.
                let _ = listen(&cluster, create.clone(), &bell).await;
                sleep(REST).await;
            }
        });
        Self { task }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The first answer says that the watch has begun, and rings like every other.
async fn listen(cluster: &Cluster, create: WatchCreate, bell: &Bell) -> Result<(), Status> {
    let mut changes = cluster.watch(create).await?;
    while let Some(response) = changes.message().await? {
        if response.canceled {
            break;
        }
        bell.ring();
    }
    Ok(())
}
