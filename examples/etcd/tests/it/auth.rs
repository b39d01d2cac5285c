//! Users and passwords.

use serde_json::{Value, json};
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::jobs::{DueOf, JobStore, Row, Shard, StoreKey, Swap, SwapOf};
use tripartite_etcd::address::Address;
use tripartite_etcd::jobs::{EtcdJobStore, JobsError};

use crate::server::{Cluster, namespace, open, runtime};

/// Base64, as the gateway wants keys.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        let digit =
            |at: usize| if at > chunk.len() { '=' } else { char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]) };
        (0..4).map(digit).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

fn try_open(address: &str) -> Result<EtcdJobStore, JobsError> {
    let address: Address = address.parse().unwrap();
    block_on(EtcdJobStore::open_on(runtime(), &address))
}

#[test]
fn a_user_has_their_own_namespace_and_no_other() {
    let cluster = Cluster::new(1, &[]);
    let node = &cluster.nodes[0];
    let ask = |path: &str, body: Value| node.ask(&format!("auth/{path}"), &body).unwrap_or_else(|| panic!("{path}"));
    let (mine, other) = (namespace(), namespace());
    for (name, password) in [("root", "top"), ("club", "s@fe:ty")] {
        ask("user/add", json!({"name": name, "password": password}));
    }
    for role in ["root", "club"] {
        ask("role/add", json!({"name": role}));
        ask("user/grant", json!({"user": role, "role": role}));
    }
    let [first, end] = [format!("{mine}/"), format!("{mine}0")].map(|key| base64(key.as_bytes()));
    let permission = json!({"permType": "READWRITE", "key": first, "range_end": end});
    ask("role/grant", json!({"name": "club", "perm": permission}));
    ask("enable", json!({}));
    let at = &node.client;

    let store = try_open(&format!("etcd://club:s%40fe%3Aty@{at}/{mine}")).unwrap();
    let (key, row) =
        (StoreKey::of("case", ["a"]), Row::new(b"{}".to_vec(), Shard(0)).due(chrono::DateTime::UNIX_EPOCH));
    assert!(matches!(
        block_on(store.compare_and_swap(&SwapOf::new(key.clone(), None, Some(row.clone())))),
        Ok(Swap::Applied(_))
    ));
    let listed = block_on(store.due(&DueOf::new(Shard(0), chrono::DateTime::UNIX_EPOCH, 10))).unwrap();
    assert_eq!(listed.keys.len(), 1, "the rights are enough for all calls");

    let refused = [
        format!("etcd://club:wrong@{at}/{mine}"),
        format!("etcd://nobody:wrong@{at}/{mine}"),
        format!("etcd://{at}/{mine}"),
        format!("etcd://club:s%40fe%3Aty@{at}/{other}"),
    ];
    for address in refused {
        let error = try_open(&address).unwrap_err();
        assert_eq!(error.failure(), Failure::Denied, "{address}: {error}");
        assert!(!error.to_string().contains("wrong"), "{error}");
    }

    // The users change, and with them the revision that is in each token: the store logs in again.
    let store = try_open(&format!("etcd://root:top@{at}/{mine}")).unwrap();
    let token = node.ask("auth/authenticate", &json!({"name": "root", "password": "top"})).unwrap();
    assert!(token["token"].is_string());
    for number in 0..3 {
        let key = StoreKey::of("case", [&*number.to_string()]);
        assert!(matches!(
            block_on(store.compare_and_swap(&SwapOf::new(key.clone(), None, Some(row.clone())))),
            Ok(Swap::Applied(_))
        ));
    }
}

#[test]
fn a_login_is_no_hindrance_where_nobody_asks_for_one() {
    let cluster = Cluster::new(1, &[]);
    let store = open(&format!("etcd://club:secret@{}/{}", cluster.nodes[0].client, namespace()).parse().unwrap());
    assert_eq!(block_on(store.get(&StoreKey::of("case", ["a"]))).unwrap(), None);
}
