//! What a stranger can hold: never more than the limits, and never for longer than the patience.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use nightly_sync::app::now;
use serde_json::{Value, json};

use crate::bench::{Bench, Server, sender};
use crate::client::{Client, event, signed};

const KEY: &str = "ballybeg/federation";
const SECOND: Duration = Duration::from_secs(1);

/// Whether the server closes a connection on its own within so long, having said nothing.
fn closes(stream: &mut TcpStream, within: Duration) -> bool {
    stream.set_read_timeout(Some(within)).unwrap();
    // Closed in order, or cut off because something of it was never read.
    match stream.read(&mut [0]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

fn connect(server: &Server, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    std::io::Write::write_all(&mut stream, bytes).unwrap();
    stream
}

#[test]
fn a_head_that_comes_in_drops_is_not_waited_for() {
    let bench = Bench::new();
    let server = bench.serve_within(16, 1);
    let begun = now();
    let mut silent = connect(&server, b"");
    let mut half = connect(&server, b"POST /webhooks/ballybeg/federation HTTP/1.1\r\nhost: t\r\n");
    let mut dripping = connect(&server, b"GET /healthz HTTP/1.1\r\n");
    let mut dropped = 0;
    // A drop now and then keeps it no longer: the whole head has one time to come in.
    while std::io::Write::write_all(&mut dripping, b"x: y\r\n").is_ok() && dropped < 200 {
        dropped += 1;
        if closes(&mut dripping, SECOND / 10) {
            break;
        }
    }
    assert!(dropped < 200, "it went on for twenty seconds");
    assert!(closes(&mut silent, 20 * SECOND) && closes(&mut half, 20 * SECOND));
    assert!(now() - begun >= chrono::TimeDelta::milliseconds(900), "and each had its time");
    // Between two requests as before the first: who says nothing is closed.
    let mut idle = server.client();
    let sent = signed(&sender(KEY), KEY, "msg_1", 0, &event("member.updated", "F-1"));
    assert_eq!(idle.post(&sent).unwrap().status, 202);
    idle.wait(20 * SECOND);
    assert!(idle.answered().is_err());
}

#[test]
fn who_signs_keeps_the_connection_and_every_other_answer_is_its_last() {
    let bench = Bench::new();
    let server = bench.serve_within(16, 600);
    let sent = |id: &str| signed(&sender(KEY), KEY, id, 0, &event("member.updated", "F-1"));
    let mut client = server.client();
    let answers = ["msg_1", "msg_1", "msg_2"].map(|id| client.post(&sent(id)).unwrap());
    assert_eq!(answers.each_ref().map(|answer| answer.status), [202, 200, 202]);
    assert!(answers.iter().all(|answer| answer.header("connection").is_none()));
    let mut forged = sent("msg_3");
    forged.body.push(b' ');
    let forged = client.post(&forged).unwrap();
    assert_eq!((forged.status, forged.header("connection")), (401, Some("close")));
    assert!(client.answered().is_err(), "also where it was signed before");
    for (path, status) in [("/healthz", 200), ("/status", 200), ("/", 404), ("/webhooks/a/b", 405)] {
        let mut stranger = server.client();
        stranger.wait(20 * SECOND);
        let answer = stranger.get(path).unwrap();
        assert_eq!((answer.status, answer.header("connection")), (status, Some("close")), "{path}");
        assert!(stranger.answered().is_err_and(|error| error.kind() == std::io::ErrorKind::UnexpectedEof), "{path}");
    }
}

#[test]
fn strangers_who_ask_after_its_health_again_and_again_hold_no_place() {
    let bench = Bench::new();
    let server = bench.serve_within(4, 600);
    let mut held: Vec<Client> = (0..4).map(|_| server.client()).collect();
    held.iter_mut().for_each(|stranger| assert_eq!(stranger.get("/healthz").unwrap().status, 200));
    let mut client = server.client();
    client.wait(20 * SECOND);
    let sent = signed(&sender(KEY), KEY, "msg_1", 0, &event("member.updated", "F-1"));
    assert_eq!(client.post(&sent).unwrap().status, 202, "there is a place at once, and not after ten minutes");
}

#[test]
fn a_body_that_comes_in_drops_is_answered_and_not_waited_for() {
    let bench = Bench::new();
    let server = bench.serve_within(16, 1);
    let mut client = server.client();
    client.wait(20 * SECOND);
    let head = b"POST /webhooks/ballybeg/federation HTTP/1.1\r\nhost: t\r\ncontent-length: 100\r\n\r\n{";
    client.write(head).unwrap();
    assert_eq!(client.answered().unwrap().status, 408);
    assert_eq!(server.counts(), [("broken_off".to_owned(), 1)].into());
}

#[test]
fn who_fills_every_place_keeps_a_sender_waiting_for_the_patience_and_turns_nobody_away() {
    let bench = Bench::new();
    let server = bench.serve_within(4, 2);
    let held: Vec<_> = (0..4).map(|_| connect(&server, b"GET /")).collect();
    let mut client = server.client();
    let sent = signed(&sender(KEY), KEY, "msg_1", 0, &event("member.updated", "F-1"));
    client.wait(SECOND / 2);
    assert!(client.post(&sent).is_err(), "there is no place for it");
    client.wait(20 * SECOND);
    assert_eq!(client.answered().unwrap().status, 202, "and then there is");
    drop(held);
    assert_eq!(bench.slot(KEY).wanted, 1);
}

#[test]
fn a_head_is_neither_long_nor_large() {
    let bench = Bench::new();
    let server = bench.serve_within(16, 10);
    let status = |headers: String| {
        let mut client = server.client();
        client.wait(20 * SECOND);
        // A server that has read enough may close before all of it is sent.
        let _ = client.write(format!("GET /healthz HTTP/1.1\r\n{headers}\r\n").as_bytes());
        client.answered().unwrap().status
    };
    let many = |count: usize| (0..count).map(|n| format!("x-{n}: y\r\n")).collect();
    assert_eq!((status(many(64)), status(many(65))), (200, 431));
    let large = |len: usize| format!("x: {}\r\n", "y".repeat(len));
    assert_eq!((status(large(15_000)), status(large(16 * 1024))), (200, 431));
}

#[test]
fn an_end_waits_for_no_connection_on_which_nothing_comes() {
    let bench = Bench::new();
    let server = bench.serve_within(16, 600);
    let _silent = connect(&server, b"");
    let mut idle = server.client();
    let sent = signed(&sender(KEY), KEY, "msg_1", 0, &event("member.updated", "F-1"));
    assert_eq!(idle.post(&sent).unwrap().status, 202);
    let begun = now();
    let (status, _) = server.end();
    assert_eq!(status.code(), Some(0));
    assert!(now() - begun < chrono::TimeDelta::seconds(10), "not the grace, nor the patience");
    assert!(idle.answered().is_err());
}

#[test]
fn who_waits_as_long_as_it_is_told_is_let_in() {
    let bench = Bench::new();
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(bench.path("config.json")).unwrap()).unwrap();
    config["endpoints"][0]["per_minute"] = json!(20);
    config["endpoints"][0]["burst"] = json!(1);
    bench.write("config.json", &config.to_string());
    let server = bench.serve(0);
    // Who is told to wait connects anew.
    let post =
        |id: &str| server.client().post(&signed(&sender(KEY), KEY, id, 0, &event("member.updated", "F-1"))).unwrap();
    assert_eq!(post("msg_1").status, 202);
    let limited = post("msg_2");
    assert_eq!(limited.status, 429);
    let wait: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3).contains(&wait), "one every three seconds: {wait}");
    #[expect(clippy::disallowed_methods, reason = "a sender that does as it is told")]
    std::thread::sleep(Duration::from_secs(wait));
    assert_eq!(post("msg_2").status, 202);
}
