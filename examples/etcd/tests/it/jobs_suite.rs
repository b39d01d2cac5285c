//! The store goes through the crate's own suite: on one node, on three, and as three stores, each of which knows one of the nodes.

use tripartite_etcd::address::Address;
use tripartite_etcd::jobs::EtcdJobStore;

use crate::server::{namespace, one, open, three};
use crate::turns::Turns;

mod one_node {
    tripartite::conformance::jobs::job_store!(super::open(&super::one().address()));
}

mod three_nodes {
    tripartite::conformance::jobs::job_store!(super::open(&super::three().address()));
}

mod each_call_at_another_node {
    tripartite::conformance::jobs::job_store!(super::turns());
}

/// Three stores in one namespace: each call goes to the next node.
fn turns() -> Turns<EtcdJobStore> {
    let namespace = namespace();
    let address = |node: &str| -> Address { format!("etcd://{node}/{namespace}").parse().unwrap() };
    Turns::new(three().nodes.iter().map(|node| open(&address(&node.client))), ())
}
