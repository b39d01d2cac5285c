//! How a server ends, and what it says until then.

use std::io::{BufRead, BufReader};
use std::process::{ChildStdout, Command, Stdio};

use crate::bench::{Bench, sender};
use crate::client::{Client, Sent, event, signed};

const KEY: &str = "ballybeg/federation";

#[test]
fn an_end_waits_for_what_is_under_way_and_for_nobody_who_is_idle() {
    let bench = Bench::new();
    bench.list(KEY, &[("F-1".to_owned(), 1)].into());
    let server = bench.serve(1);
    let address = server.address;
    let (mut idle, mut client) = (server.client(), server.client());
    let sent = signed(&sender(KEY), KEY, "msg_1", 0, &event("member.created", "F-1"));
    assert_eq!(client.post(&sent).unwrap().status, 202);
    assert_eq!(idle.post(&sent).unwrap().status, 200);
    server.until(" attempt 1: completed");
    assert_eq!(bench.stored(KEY), [("F-1".to_owned(), 1)].into(), "the worker beside it has done it");
    let standing = server.standing(KEY).unwrap();
    assert_eq!((&standing["doing"], &standing["wanted"], &standing["covered"]), (&"idle".into(), &1.into(), &1.into()));
    let (status, _) = server.end();
    assert_eq!(status.code(), Some(0), "though a connection was open");
    assert!(idle.get("/healthz").is_err() && Client::new(address).is_err(), "nobody is there any more");
}

#[test]
fn a_body_that_is_too_large_is_not_waited_for() {
    let bench = Bench::new();
    let server = bench.serve(0);
    let mut client = server.client();
    // Nothing of the body is ever sent.
    client.write(b"POST /webhooks/ballybeg/federation HTTP/1.1\r\nhost: t\r\ncontent-length: 2049\r\n\r\n").unwrap();
    assert_eq!(client.answered().unwrap().status, 413);
    // Nor does a length that is not said help.
    let mut client = server.client();
    client
        .write(b"POST /webhooks/ballybeg/federation HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n")
        .unwrap();
    client.write(format!("801\r\n{}\r\n", " ".repeat(0x801)).as_bytes()).unwrap();
    assert_eq!(client.answered().unwrap().status, 413);
    assert_eq!(server.counts(), [("too_large".to_owned(), 2)].into());
}

#[test]
fn what_is_not_an_address_is_said_so_and_counts_for_nobody() {
    let bench = Bench::new();
    let server = bench.serve(0);
    assert_eq!(server.client().get("/").unwrap().status, 404);
    assert_eq!(server.client().get("/webhooks/ballybeg/federation").unwrap().status, 405);
    assert!(server.counts().is_empty());
}

#[test]
fn who_is_asked_to_end_before_it_listens_ends() {
    let bench = Bench::new();
    let (config, slow) = (std::fs::read(bench.path("config.json")).unwrap(), bench.path("slow.json"));
    assert!(Command::new("mkfifo").arg(&slow).status().unwrap().success());
    let mut command = bench.command(&["--workers", "0", "--config", &slow]);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    // Somebody can be written to once the server reads: it is in the middle of its start, and cannot go on.
    let mut write = std::fs::File::options().write(true).open(&slow).unwrap();
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    std::io::Write::write_all(&mut write, &config).unwrap();
    drop(write);
    let begun = nightly_sync::app::now();
    while child.try_wait().unwrap().is_none() && nightly_sync::app::now() - begun < chrono::TimeDelta::seconds(20) {
        std::thread::yield_now();
    }
    let status = child.try_wait().unwrap();
    let _ = child.kill();
    assert_eq!(status.and_then(|status| status.code()), Some(0), "neither killed, nor still there");
}

#[test]
fn a_log_that_nobody_reads_stops_nothing() {
    let bench = Bench::new();
    let mut command = bench.command(&["--workers", "0", "--connections", "16"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on http://").unwrap().parse().unwrap();
    // More than a pipe and the lines that wait can hold: some 60 bytes each.
    let sent = Sent { path: format!("/webhooks/{KEY}"), headers: Vec::new(), body: Vec::new() };
    let most = sync_server::log::LINES + 3000;
    for number in 0..most {
        let mut client = Client::new(address).unwrap();
        client.wait(std::time::Duration::from_secs(10));
        assert!([400, 401].contains(&client.post(&sent).unwrap().status), "request {number} is not answered");
    }
    assert_eq!(Client::new(address).unwrap().get("/healthz").unwrap().status, 200);
    // Read again: what there was room for, in order, and how many were left out, once there is a line again.
    let read = |said: BufReader<ChildStdout>| said.lines().map_while(Result::ok).count();
    let reader = std::thread::Builder::new().spawn(move || read(said)).unwrap();
    let begun = nightly_sync::app::now();
    while nightly_sync::app::now() - begun < chrono::TimeDelta::milliseconds(300) {
        Client::new(address).unwrap().post(&sent).unwrap();
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let told = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(told.contains("the log was not read in time: ") && told.contains(" lines are left out"), "{told}");
    assert!(reader.join().unwrap() > sync_server::log::LINES);
}

#[test]
fn an_end_waits_for_no_reader_of_the_log() {
    let bench = Bench::new();
    let mut child = bench.command(&["--workers", "0"]).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on http://").unwrap().parse().unwrap();
    let sent = Sent { path: format!("/webhooks/{KEY}"), headers: Vec::new(), body: Vec::new() };
    for _ in 0..2500 {
        assert!(Client::new(address).unwrap().post(&sent).is_ok());
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let begun = nightly_sync::app::now();
    while child.try_wait().unwrap().is_none() && nightly_sync::app::now() - begun < chrono::TimeDelta::seconds(20) {
        std::thread::yield_now();
    }
    let status = child.try_wait().unwrap();
    let _ = child.kill();
    assert_eq!(status.and_then(|status| status.code()), Some(0));
    drop(said);
}
