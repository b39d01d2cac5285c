//! The store goes through the crate's own suite: on one node, on three, and as three stores, each of which knows one of the nodes.

use std::sync::atomic::{AtomicUsize, Ordering};

use tripartite::jobs::{JobStore, StoreKey, forward_job_store};
use tripartite_etcd::address::Address;
use tripartite_etcd::jobs::{EtcdJobStore, JobsError};

use crate::server::{namespace, one, open, three};

mod one_node {
    tripartite::conformance::jobs::job_store!(super::open(&super::one().address()));
}

mod three_nodes {
    tripartite::conformance::jobs::job_store!(super::open(&super::three().address()));
}

mod each_call_at_another_node {
    tripartite::conformance::jobs::job_store!(super::Turns::new());
}

/// Three stores in one namespace: each call goes to the next node.
struct Turns {
    stores: Vec<EtcdJobStore>,
    calls: AtomicUsize,
}

impl Turns {
    fn new() -> Self {
        let namespace = namespace();
        let address = |node: &str| -> Address { format!("etcd://{node}/{namespace}").parse().unwrap() };
        let stores = three().nodes.iter().map(|node| open(&address(&node.client))).collect();
        Self { stores, calls: AtomicUsize::new(0) }
    }

    fn within(&self) -> &EtcdJobStore {
        &self.stores[self.calls.fetch_add(1, Ordering::Relaxed) % self.stores.len()]
    }

    async fn around<T>(
        &self,
        _: &str,
        _: &StoreKey,
        call: impl Future<Output = Result<T, JobsError>>,
    ) -> Result<T, JobsError> {
        call.await
    }
}

impl JobStore for Turns {
    type Error = JobsError;

    forward_job_store!(get, compare_and_swap, due, append, read, prune, swap_many, get_many, due_many, swap_chain);
}
