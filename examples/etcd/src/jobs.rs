//! The work column in an etcd cluster: slots, gates, health and history.
//!
//! **What is atomic?** A swap is one transaction: the record, and where it stands that it is due. So is a chain of swaps with the
//! entries of its history; a conflict in it takes everything back. A chain that is too large for a transaction of etcd is done
//! one by one, and [`swap_all`](JobStore::swap_all) is unable to do it.
//!
//! **Why is no version given twice?** A version is the revision of the cluster at which the record was stored. A revision only
//! grows, across deletes and elections. A restored snapshot goes back: see [`renew`].
//!
//! **What if an answer is lost?** The same transaction is sent to another node. If that is a conflict, the record tells by the
//! nonce in it whether the first one took effect, or the first change of the key after the expected version does, which etcd
//! keeps until it is compacted. What cannot be told is [`JobsError::InDoubt`].
//!
//! **Are reads stale?** No. Every read asks the leader for the newest revision first, so what one process has stored, all see.
//!
//! **How does a worker hear of a job at once?** By a [`Listener`], which watches the marks of jobs that wait.
//!
//! **Are there leases of etcd?** No. The lease of a job is in its slot, and the clock of the workers judges it.

mod listen;
mod log;
mod record;
mod renew;
mod swap;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Handle;
use tripartite::jobs::{
    AppendOf, Bell, DueOf, DuePage, JobStore, LogPage, PruneOf, ReadOf, StoreKey, Stored, Swap, SwapAll, SwapOf,
};

pub use self::listen::Listener;
pub use self::renew::renew;
use crate::address::Address;
use crate::cluster::Cluster;
pub use crate::error::JobsError;
use crate::layout::{Layout, Nonce};
use crate::rpc::Compare;

/// The records of the work column, in a cluster that others may use as well.
///
/// ```no_run
/// # async fn swap() -> Result<(), Box<dyn std::error::Error>> {
/// use tripartite::jobs::{JobStore, Row, Shard, StoreKey, Swap, SwapOf};
/// use tripartite_etcd::jobs::EtcdJobStore;
///
/// let store = EtcdJobStore::open(&"etcd://a,b,c".parse()?).await?;
/// let key = StoreKey::of("slot", ["ballybeg", "federation"]);
/// let row = Row::new(b"{}".to_vec(), Shard(0));
/// let first = SwapOf::new(key.clone(), None, Some(row.clone()));
/// let Swap::Applied(version) = store.compare_and_swap(&first).await? else { panic!() };
/// // Two workers read the same version; one of them gets it.
/// let next = SwapOf::new(key, Some(version), Some(row));
/// assert!(matches!(store.compare_and_swap(&next).await?, Swap::Applied(_)));
/// assert_eq!(store.compare_and_swap(&next).await?, Swap::Conflict);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct EtcdJobStore(Arc<Inner>);

struct Inner {
    cluster: Cluster,
    layout: Layout,
    /// What `m` held when the store was opened, and must hold whenever something is written.
    meta: Vec<u8>,
    /// Random, so that no two stores draw the same nonce.
    identity: [u8; 8],
    calls: AtomicU64,
}

impl std::fmt::Debug for EtcdJobStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EtcdJobStore").field("layout", &self.0.layout).finish_non_exhaustive()
    }
}

fn random() -> Result<Nonce, JobsError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(JobsError::Random)?;
    Ok(bytes)
}

impl EtcdJobStore {
    /// The jobs of a namespace, over the runtime in which this is called. The first one writes the namespace's format.
    ///
    /// # Errors
    /// [`JobsError`], when no node answers, or the namespace is of a version that this one does not know.
    pub async fn open(address: &Address) -> Result<Self, JobsError> {
        let runtime = Handle::try_current().map_err(|_| JobsError::NoRuntime)?;
        Self::open_on(&runtime, address).await
    }

    /// The same over another runtime, which has timers and sockets. The calls may be polled by any executor.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_on(runtime: &Handle, address: &Address) -> Result<Self, JobsError> {
        let [identity, draw] = {
            let bytes = random()?;
            [0, 8].map(|at| first_eight(&bytes[at..]))
        };
        // Processes begin at different nodes.
        let cluster = Cluster::new(runtime, address, usize::from(draw[0]))?;
        let layout = Layout::new(address.namespace());
        let meta = cluster.run(renew::establish(cluster.clone(), layout.clone(), random()?)).await?;
        Ok(Self(Arc::new(Inner { cluster, layout, meta, identity, calls: AtomicU64::new(0) })))
    }

    /// The keys under a key, behind another one, at most `limit`, in the order of their bytes. All slots stand under
    /// `slot`; those of one organisation under `slot/ORG`.
    ///
    /// # Errors
    /// [`JobsError`], when the cluster cannot be read.
    pub async fn keys(
        &self,
        under: &StoreKey,
        after: Option<&StoreKey>,
        limit: usize,
    ) -> Result<Vec<StoreKey>, JobsError> {
        let (first, end) = self.0.layout.records(under, after);
        self.call(async move |inner| inner.keys(first, end, limit).await).await
    }

    /// Rings a bell for jobs that begin to wait, whoever has stored them, until the listener is dropped.
    pub fn listen(&self, bell: Arc<Bell>) -> Listener {
        Listener::new(self.0.cluster.clone(), &self.0.layout, bell)
    }

    /// Carries a call out on the runtime of the connections.
    async fn call<T, F>(&self, call: impl FnOnce(Arc<Inner>) -> F) -> Result<T, JobsError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, JobsError>> + Send + 'static,
    {
        self.0.cluster.run(call(Arc::clone(&self.0))).await
    }
}

fn first_eight(bytes: &[u8]) -> [u8; 8] {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[..8]);
    eight
}

impl Inner {
    /// A nonce that no other call has.
    fn nonce(&self) -> Nonce {
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&self.identity);
        nonce[8..].copy_from_slice(&self.calls.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        nonce
    }

    /// The condition of every write: the namespace is as it was when the store was opened.
    fn unchanged(&self) -> Compare {
        Compare::has(self.layout.meta(), self.meta.clone())
    }
}

impl JobStore for EtcdJobStore {
    type Error = JobsError;

    async fn get(&self, key: &StoreKey) -> Result<Option<Stored>, JobsError> {
        let record = self.0.layout.record(key);
        self.call(async move |inner| inner.get(record).await).await
    }

    async fn compare_and_swap(&self, swap: &SwapOf) -> Result<Swap, JobsError> {
        let swap = swap.clone();
        self.call(async move |inner| inner.swap(&swap).await).await
    }

    async fn due(&self, page: &DueOf) -> Result<DuePage, JobsError> {
        let mut pages = self.due_many(std::slice::from_ref(page)).await?;
        Ok(pages.pop().unwrap_or(DuePage::new(vec![], false)))
    }

    async fn append(&self, append: &AppendOf) -> Result<bool, JobsError> {
        let append = append.clone();
        self.call(async move |inner| inner.append(&append).await).await
    }

    async fn read(&self, page: &ReadOf) -> Result<LogPage, JobsError> {
        let page = page.clone();
        self.call(async move |inner| inner.read(&page).await).await
    }

    async fn prune(&self, old: &PruneOf) -> Result<u64, JobsError> {
        let old = old.clone();
        self.call(async move |inner| inner.prune(&old).await).await
    }

    async fn swap_many(&self, swaps: &[SwapOf]) -> Result<Vec<Swap>, JobsError> {
        let swaps = swaps.to_vec();
        self.call(async move |inner| inner.swap_many(&swaps).await).await
    }

    async fn get_many(&self, keys: &[StoreKey]) -> Result<Vec<Option<Stored>>, JobsError> {
        let records: Vec<_> = keys.iter().map(|key| self.0.layout.record(key)).collect();
        self.call(async move |inner| inner.get_many(&records).await).await
    }

    async fn due_many(&self, pages: &[DueOf]) -> Result<Vec<DuePage>, JobsError> {
        let pages = pages.to_vec();
        self.call(async move |inner| inner.due_many(&pages).await).await
    }

    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, JobsError> {
        let (swaps, entries) = (swaps.to_vec(), entries.to_vec());
        self.call(async move |inner| inner.swap_chain(&swaps, &entries).await).await
    }

    async fn swap_all(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<SwapAll, JobsError> {
        let (swaps, entries) = (swaps.to_vec(), entries.to_vec());
        self.call(async move |inner| inner.swap_all(&swaps, &entries).await).await
    }
}
