//! How many requests a second are taken in, and how many forged ones turned away, sent by another process: this one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use nightly_sync::app::now;

use crate::bench::{BALLYBEG, Bench, DUNMORE, Server, setting};
use crate::client::{event, signed, standard};

const KEY: &str = "ballybeg/federation";

/// Sends for so many seconds over so many connections; how many were answered in a second.
fn rate(server: &Server, secret: &str, senders: u64, status: u16) -> f64 {
    let span = setting("PROOF_LOAD", 1);
    let (begun, answered) = (now(), AtomicU64::new(0));
    let until = begun + Duration::from_secs(span as u64);
    thread::scope(|scope| {
        for number in 0..senders {
            let answered = &answered;
            scope.spawn(move || {
                let (mut client, ours, mut n) = (server.client(), standard(secret), 0);
                while now() < until {
                    let member = format!("F-{}", n % 50);
                    let id = format!("msg_{senders}_{number}_{n}");
                    let sent = signed(&ours, KEY, &id, 0, &event("member.updated", &member));
                    let answer = client.post(&sent).unwrap();
                    assert_eq!(answer.status, status);
                    if answer.header("connection") == Some("close") {
                        client = server.client();
                    }
                    n += 1;
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    answered.load(Ordering::Relaxed) as f64 / (now() - begun).as_seconds_f64()
}

#[test]
fn under_load_every_request_is_answered_as_it_should_be() {
    let bench = Bench::new();
    bench.list(KEY, &(0..50).map(|n| (format!("F-{n}"), 0)).collect());
    bench.nightly(&["trigger", "--key", KEY]);
    let server = bench.serve(1);
    let rates = [1, 4, 16].map(|senders| rate(&server, BALLYBEG, senders, 202));
    let forged = rate(&server, DUNMORE, 16, 401);
    println!("accepted a second over 1, 4, 16 connections: {rates:.0?}; forged turned away over 16: {forged:.0}");
    let accepted = server.counts()["accepted"];
    assert_eq!(server.end().0.code(), Some(0));
    bench.drain();
    let slot = bench.slot(KEY);
    assert_eq!((slot.wanted, slot.covered), (accepted + 1, accepted + 1), "with the first import");
}
