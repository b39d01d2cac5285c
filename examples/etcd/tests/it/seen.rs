//! What many clients of a cluster see.

use std::env;

use tripartite::drive::block_on;
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, SwapOf};

use crate::history::{Book, Recorded, is_linearizable};
use crate::server::{namespace, open, three};

/// Clients of different nodes read, create, change and delete a few keys, in an order that a number decides.
#[test]
fn what_many_clients_see_is_linearizable() {
    let (namespace, dir) = (namespace(), env::temp_dir().join(format!("tripartite-history-{}", std::process::id())));
    std::fs::create_dir_all(&dir).unwrap();
    let client = |number: usize| {
        let node = &three().nodes[number % 3].client;
        let store = open(&format!("etcd://{node}/{namespace}").parse().unwrap());
        let store = Recorded { store, book: Book::open(&dir.join(number.to_string())) };
        let mut dice = number as u64 + 1;
        for turn in 0..60_u64 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let roll = dice >> 33;
            let key = StoreKey::of("case", [&*(roll % 3).to_string()]);
            let stored = block_on(store.get(&key)).unwrap();
            let expect = stored.map(|stored| stored.version);
            let row = Row::new(format!("{number} {turn}").into_bytes(), Shard(0));
            let next = (roll % 16 < 13).then_some(&row);
            if expect.is_some() || next.is_some() {
                let _ = block_on(store.compare_and_swap(&SwapOf::new(key.clone(), expect, next.cloned()))).unwrap();
            }
        }
    };
    std::thread::scope(|scope| {
        let client = &client;
        (0..6).for_each(|number| drop(scope.spawn(move || client(number))));
    });
    let books: Vec<_> = (0..6).map(|number| std::fs::read_to_string(dir.join(number.to_string())).unwrap()).collect();
    std::fs::remove_dir_all(&dir).unwrap();
    let calls = is_linearizable(&books).unwrap();
    assert!(calls > 600, "{calls}");
}
