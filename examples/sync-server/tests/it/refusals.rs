//! Whom the server lets in, and what it says to everybody else.

use serde_json::Value;

use crate::bench::{Bench, OTHER, SECRET, event, members, signed};

const PATH: &str = "/webhooks/ballybeg/federation";

#[test]
fn each_request_gets_the_answer_that_the_table_says() {
    let bench = Bench::new(&members(3, 1), 100);
    let server = bench.serve(&["--workers", "0"]);
    let body = event("updated", "M1");
    let good = |id: &str| signed(SECRET, id, 0, &body);
    let without = |id: &str, name: &str| good(id).into_iter().filter(|(known, _)| known != name).collect::<Vec<_>>();
    let mut twice = good("twice");
    twice.push(twice[0].clone());
    let large = format!("{{\"type\": \"member.updated\", \"data\": {{\"id\": \"{}\"}}}}", "x".repeat(5000));
    let (odd, other) = ("{\"type\": \"member.updated\"}", "{\"type\": \"invoice.paid\"}");
    for (what, path, headers, body, status) in [
        ("accepted", PATH, good("m1"), body.as_str(), 202),
        ("duplicate", PATH, good("m1"), &body, 200),
        ("nobody asked for it", PATH, signed(SECRET, "m2", 0, other), other, 200),
        ("by somebody else", PATH, signed(OTHER, "m3", 0, &body), &body, 401),
        ("another body", PATH, good("m4"), &event("updated", "M2"), 401),
        ("of six minutes ago", PATH, signed(SECRET, "m5", 360, &body), &body, 401),
        ("of the future", PATH, signed(SECRET, "m6", -360, &body), &body, 401),
        ("without a signature", PATH, without("m7", "webhook-signature"), &body, 401),
        ("without an id", PATH, without("m8", "webhook-id"), &body, 400),
        ("a header twice", PATH, twice, &body, 400),
        ("without a member", PATH, signed(SECRET, "m9", 0, odd), odd, 400),
        ("too large", PATH, signed(SECRET, "m10", 0, &large), &large, 413),
        ("for nobody", "/webhooks/ballybeg/school", good("m11"), &body, 410),
        ("elsewhere", "/webhook", good("m12"), &body, 404),
    ] {
        let answer = server.post(path, &headers, body).unwrap();
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        assert!(!answer.body.contains("M1") && !answer.body.contains("M2"), "{what}: {answer:?}");
    }
    let slot = bench.slot();
    assert_eq!(slot.wanted, 2, "the first import, and what was accepted");
    let status: Value = serde_json::from_str(&server.get("/status").unwrap().body).unwrap();
    assert_eq!(status["requests"]["accepted"], 1);
    assert_eq!(status["requests"]["signature"], 2);
    assert_eq!(status["requests"]["stale"], 2);
    assert_eq!(status["keys"][0]["key"]["org"], "ballybeg");
    assert!(!status.to_string().contains("whsec"));
    assert_eq!(server.get("/healthz").unwrap().status, 200);
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_flood_of_strangers_turns_no_honest_sender_away() {
    let bench = Bench::new(&members(3, 1), 5);
    let server = bench.serve(&["--workers", "0"]);
    let body = event("updated", "M1");
    for n in 0..20 {
        let forged = signed(OTHER, &format!("f{n}"), 0, &body);
        assert_eq!(server.post(PATH, &forged, &body).unwrap().status, 401);
    }
    for n in 0..5 {
        assert_eq!(server.tell(&format!("m{n}"), "updated", "M1").unwrap().status, 202);
    }
    let limited = server.tell("m5", "updated", "M1").unwrap();
    assert_eq!(limited.status, 429);
    let seconds = limited.head.lines().find_map(|line| line.strip_prefix("retry-after: ")).unwrap();
    assert!((1..=12).contains(&seconds.parse::<u32>().unwrap()), "{limited:?}");
    let health = bench.value("SELECT count(*) FROM tripartite_jobs WHERE key LIKE 'health/%' AND bytes LIKE '%open%'");
    assert_eq!(health.as_deref(), Some("0"), "a stranger cannot make the connector ill");
    server.kill();
}

#[test]
fn the_status_is_for_who_has_the_token_and_names_no_path_and_nobody_else() {
    let bench = Bench::new(&members(3, 1), 100);
    bench.host(&["schedule", "--key", "kilmore/federation", "--remote", &bench.path("listing.jsonl")]);
    std::fs::remove_file(bench.path("listing.jsonl")).unwrap();
    let server = bench.serve(&["--workers", "0"]);
    assert_eq!(server.tell("m1", "updated", "M1").unwrap().status, 202);
    bench.host_any(&["work", "--until-idle", "--spacing", "0", "--backoff", "0"]);
    let status = server.get("/status").unwrap();
    assert_eq!(status.status, 200);
    assert!(status.body.contains("ballybeg"), "{}", status.body);
    for hidden in ["listing.jsonl", "/tmp", "kilmore", "club.db"] {
        assert!(!status.body.contains(hidden), "{hidden} in {}", status.body);
    }
    for stranger in ["", "authorization: Bearer a token of sixteen bytez\r\n", "authorization: Basic YQ==\r\n"] {
        let answer = server.ask("GET", "/status", stranger).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (401, ""), "{stranger}");
    }
}

#[test]
fn without_a_token_in_the_configuration_there_is_no_status() {
    let bench = Bench::new(&members(3, 1), 100);
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(bench.path("config.json")).unwrap()).unwrap();
    config.as_object_mut().unwrap().remove("status_token");
    bench.write("config.json", &config.to_string());
    assert_eq!(bench.serve(&["--workers", "0"]).get("/status").unwrap().status, 404);
}

#[test]
fn a_schedule_that_is_off_is_no_reason_to_answer_410() {
    let bench = Bench::new(&members(3, 1), 100);
    bench.host(&["schedule", "--key", "kilmore/federation", "--remote", &bench.path("listing.jsonl"), "--off"]);
    let server = bench.serve(&["--workers", "0"]);
    assert_eq!(server.tell("m1", "updated", "M1").unwrap().status, 202, "another's is off");
    bench.host(&["schedule", "--key", "ballybeg/federation", "--off"]);
    assert_eq!(server.tell("m2", "updated", "M1").unwrap().status, 202, "its own is off, and it is an endpoint still");
}

#[test]
fn senders_in_the_wild_are_answered() {
    let bench = Bench::new(&members(3, 1), 100);
    let server = bench.serve(&["--workers", "0"]);
    let asked = server.ask("HEAD", PATH, "").unwrap();
    assert_eq!((asked.status, asked.body.as_str()), (200, ""));
    let asked = server.ask("OPTIONS", PATH, "webhook-request-origin: example.org\r\n").unwrap();
    assert_eq!(asked.status, 200);
    assert!(asked.head.contains("webhook-allowed-origin: *") && asked.head.contains("webhook-allowed-rate: 100"));
    assert!(asked.head.contains("allow: post, head, options"));
    assert_eq!(server.ask("HEAD", "/webhooks/nobody/federation", "").unwrap().status, 410);
    let read = server.ask("GET", PATH, "").unwrap();
    assert_eq!((read.status, read.body.as_str()), (405, "messages are sent to this address by POST\n"));
    let body = event("updated", "M1");
    let slashed = server.post(&format!("{PATH}/"), &signed(SECRET, "m1", 0, &body), &body).unwrap();
    assert_eq!(slashed.status, 202, "a slash at the end");
    let svix: Vec<_> = signed(SECRET, "m2", 0, &body)
        .into_iter()
        .map(|(name, value)| (name.replace("webhook", "svix"), value))
        .collect();
    assert_eq!(server.post(PATH, &svix, &body).unwrap().status, 202);
    let mut zipped = signed(SECRET, "m3", 0, &body);
    zipped.push(("content-encoding".to_owned(), "gzip".to_owned()));
    let zipped = server.post(PATH, &zipped, &body).unwrap();
    assert_eq!(zipped.status, 415);
    assert!(zipped.body.contains("content-encoding"), "{}", zipped.body);
}
