//! Who has not signed, or not this, or not now, or has been heard already, causes nothing.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use nightly_sync::app::now;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tripartite::jobs::StoreKey;
use tripartite::registry::Secret;
use tripartite::webhook::Hex;

use crate::bench::{BALLYBEG, Bench, DUNMORE, HEX, setting};
use crate::client::{Answered, Client, Sent, event, signed, standard};

const KEY: &str = "ballybeg/federation";
const TIME: usize = 1;
const SIGNATURE: usize = 2;

/// What somebody tries.
#[derive(Debug, Clone)]
enum Trick {
    Honest,
    /// The very same request once more.
    Replayed,
    /// The same message, signed anew: a sender that heard no answer.
    Again,
    Body(usize, u8),
    Character(usize, usize, u8),
    Moved(i64),
    OtherSecret([u8; 32]),
    /// Signed with the secret of another endpoint.
    OtherEndpoint,
    Stale(i64),
    Without(usize),
    Twice(usize),
    OtherVersion,
    TooLarge(usize),
    Ignored(String),
    Malformed(String),
    Nobody(String),
    Hex(bool),
}

/// A character that no header here may be full of by chance, other than what stands there.
fn character() -> impl Strategy<Value = u8> {
    b'!'..=b'~'
}

fn trick() -> impl Strategy<Value = Trick> {
    prop_oneof![
        3 => Just(Trick::Honest),
        1 => Just(Trick::Replayed),
        1 => Just(Trick::Again),
        2 => (any::<usize>(), 1..=255_u8).prop_map(|(at, bits)| Trick::Body(at, bits)),
        3 => (0..3_usize, any::<usize>(), character()).prop_map(|(header, at, c)| Trick::Character(header, at, c)),
        1 => (1..250_i64).prop_map(Trick::Moved),
        1 => any::<[u8; 32]>().prop_map(Trick::OtherSecret),
        1 => Just(Trick::OtherEndpoint),
        1 => prop_oneof![310..10_000_000_i64, -10_000_000..-400_i64].prop_map(Trick::Stale),
        1 => (0..3_usize).prop_map(Trick::Without),
        1 => (0..3_usize).prop_map(Trick::Twice),
        1 => Just(Trick::OtherVersion),
        1 => (2049..200_000_usize).prop_map(Trick::TooLarge),
        1 => "[a-z]{1,8}".prop_map(Trick::Ignored),
        1 => "\\PC{0,40}".prop_map(Trick::Malformed),
        1 => "[a-z]{1,8}(%2[Ff][a-z]{1,4})?".prop_map(Trick::Nobody),
        1 => any::<bool>().prop_map(Trick::Hex),
    ]
}

/// The requests of a trick, each with the verdicts it may get.
fn requests(trick: &Trick, id: &str) -> Vec<(Sent, &'static [&'static str])> {
    let ours = standard(BALLYBEG);
    let body = event("member.updated", id);
    let good = || signed(&ours, KEY, id, 0, &body);
    let (mut sent, accepted) = (good(), (good(), &["accepted"][..]));
    match trick {
        Trick::Honest => vec![accepted],
        Trick::Replayed => vec![accepted.clone(), (accepted.0, &["duplicate"])],
        Trick::Again => vec![accepted, (signed(&ours, KEY, id, 120, &body), &["duplicate"])],
        Trick::Body(at, bits) => {
            let at = at % sent.body.len();
            sent.body[at] ^= bits;
            vec![(sent, &["signature"])]
        }
        Trick::Character(header, at, c) => {
            let value = &mut sent.headers[*header].1;
            let at = at % value.len();
            let before = value.clone();
            value.replace_range(at..=at, &char::from(*c).to_string());
            let same = *value == before;
            vec![(sent, if same { &["accepted"] } else { &["signature", "header"] })]
        }
        Trick::Moved(by) => {
            sent.headers[TIME].1 = (now() - TimeDelta::seconds(*by)).timestamp().to_string();
            vec![(sent, &["signature"])]
        }
        Trick::OtherSecret(bytes) => {
            // A secret that nobody here has; base64 of whatever it is.
            let secret: String = bytes.iter().map(|byte| char::from(b'A' + byte % 26)).collect();
            vec![(signed(&standard(&format!("whsec_{secret}")), KEY, id, 0, &body), &["signature"])]
        }
        Trick::OtherEndpoint => vec![(signed(&standard(DUNMORE), KEY, id, 0, &body), &["signature"])],
        Trick::Stale(ago) => vec![(signed(&ours, KEY, id, *ago, &body), &["stale"])],
        Trick::Without(header) => {
            sent.headers.remove(*header);
            vec![(sent, if *header == SIGNATURE { &["unsigned"] } else { &["header"] })]
        }
        Trick::Twice(header) => {
            sent.headers.push(sent.headers[*header].clone());
            vec![(sent, &["header"])]
        }
        Trick::OtherVersion => {
            sent.headers[SIGNATURE].1 = sent.headers[SIGNATURE].1.replace("v1,", "v1a,");
            vec![(sent, &["signature"])]
        }
        Trick::TooLarge(len) => vec![(signed(&ours, KEY, id, 0, &vec![b' '; *len]), &["too_large"])],
        Trick::Ignored(kind) => vec![(signed(&ours, KEY, id, 0, &event(kind, id)), &["ignored"])],
        Trick::Malformed(text) => vec![(signed(&ours, KEY, id, 0, text.as_bytes()), &["malformed"])],
        Trick::Nobody(org) => {
            sent.path = format!("/webhooks/{org}/federation");
            vec![(sent, &["gone"])]
        }
        Trick::Hex(honest) => vec![hex(*honest, &body)],
    }
}

/// To an endpoint that is configured, and where nobody is enrolled.
fn hex(honest: bool, body: &[u8]) -> (Sent, &'static [&'static str]) {
    let code = Hex::new("x-signature", [Secret::new(if honest { HEX } else { BALLYBEG })]).unwrap().sign(body);
    let headers = vec![("X-Signature".to_owned(), code)];
    let sent = Sent { path: "/webhooks/kilmore/federation".to_owned(), headers, body: body.to_vec() };
    (sent, if honest { &["gone"] } else { &["signature"] })
}

/// What the specification of the answers says of a verdict.
fn status(verdict: &str) -> u16 {
    match verdict {
        "accepted" => 202,
        "duplicate" | "ignored" => 200,
        "header" | "malformed" => 400,
        "unsigned" | "signature" | "stale" => 401,
        "gone" => 410,
        "too_large" => 413,
        other => panic!("{other}"),
    }
}

/// Sends one. A server that has read enough of a body may close the connection before the client has sent all of it.
fn send(client: &mut Client, again: impl Fn() -> Client, sent: &Sent) -> Answered {
    match client.post(sent) {
        Ok(answered) => {
            if answered.header("connection") == Some("close") || answered.status == 413 {
                *client = again();
            }
            answered
        }
        Err(_) => {
            *client = again();
            client.post(sent).unwrap()
        }
    }
}

#[test]
fn nothing_forged_altered_stale_or_replayed_is_accepted() {
    let bench = Bench::new();
    let server = bench.serve(0);
    let (mut client, mut number) = (server.client(), 0_u64);
    let mut told: BTreeMap<u16, u64> = BTreeMap::new();
    let mut accepted = 0;
    let config = Config { cases: setting("PROOF_CASES", 200) as u32, failure_persistence: None, ..Config::default() };
    let seen = std::cell::RefCell::new((&mut client, &mut number, &mut told, &mut accepted));
    let mut runner = TestRunner::new(config);
    let result = runner.run(&trick(), |trick| {
        let mut seen = seen.borrow_mut();
        let (client, number, told, accepted) = &mut *seen;
        **number += 1;
        for (sent, verdicts) in requests(&trick, &format!("msg_{number}")) {
            let answered = send(client, || server.client(), &sent);
            prop_assert!(verdicts.iter().any(|verdict| status(verdict) == answered.status), "{answered:?}");
            prop_assert!(!answered.body.contains("msg_"), "an answer repeats nothing: {answered:?}");
            let asked = answered.header("www-authenticate").is_some();
            prop_assert_eq!(asked, answered.status == 401, "a 401 says how to do better");
            *told.entry(answered.status).or_default() += 1;
            **accepted += u64::from(answered.status == 202);
        }
        Ok(())
    });
    result.unwrap();

    let counts = server.counts();
    let by_status = counts.iter().fold(BTreeMap::<u16, u64>::new(), |mut by, (verdict, count)| {
        *by.entry(status(verdict)).or_default() += count;
        by
    });
    // A request that was answered before its body was sent is sent twice, and only a body that is too large.
    let but_large = |mut by: BTreeMap<u16, u64>| {
        by.remove(&413);
        by
    };
    assert_eq!(but_large(by_status), but_large(told));
    println!("{number} cases: {counts:?}");

    assert!(accepted > 0);
    assert_eq!(counts["accepted"], accepted);
    assert_eq!(bench.slot(KEY).wanted, accepted, "each of them counts, and nothing else does");
    let kept = |kind| bench.queue().store().keys(&StoreKey::of(kind, []), None, usize::from(u16::MAX)).unwrap();
    assert_eq!(kept("webhook").len() as u64, accepted, "and is known");
    assert_eq!(kept("slot").len(), 1, "nobody else was triggered");
    let (status, lines) = server.end();
    assert_eq!(status.code(), Some(0));
    let secret = [BALLYBEG, DUNMORE, HEX, "v1,", "msg_", "member"];
    assert!(lines.iter().all(|line| secret.iter().all(|secret| !line.contains(secret))), "the log tells nothing");
    let requests = lines.iter().filter(|line| line.contains(" accepted")).count();
    assert_eq!(requests as u64, accepted, "a line for each");
}

#[test]
fn who_sends_too_much_is_told_when_to_come_again() {
    let bench = Bench::new();
    bench.configure(2);
    let server = bench.serve(0);
    let (ours, body) = (standard(BALLYBEG), event("member.updated", "F-1"));
    let sent = |n| signed(&ours, KEY, &format!("msg_{n}"), 0, &body);
    let answers: Vec<Answered> = (0..4).map(|n| server.client().post(&sent(n)).unwrap()).collect();
    let statuses: Vec<u16> = answers.iter().map(|answered| answered.status).collect();
    assert_eq!(statuses, [202, 202, 429, 429]);
    let wait: u64 = answers[2].header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "one of two a minute: {wait}");
    // What was limited is not known: it is new when it comes again.
    assert_eq!(bench.slot(KEY).wanted, 2);
    assert_eq!(server.counts()["limited"], 2);
}

#[test]
fn who_signs_with_hex_digits_and_is_enrolled_is_accepted() {
    let (bench, kilmore) = (Bench::new(), "kilmore/federation");
    bench.list(kilmore, &[("F-1".to_owned(), 1)].into());
    let listing = bench.path("kilmore-federation.jsonl");
    bench.nightly(&["schedule", "--key", kilmore, "--remote", &listing, "--every", "525600"]);
    let server = bench.serve(0);
    let post = |honest, member| server.client().post(&hex(honest, &event("member.created", member)).0).unwrap().status;
    assert_eq!(post(true, "F-1"), 202);
    assert_eq!(post(true, "F-1"), 200, "what is signed names no message, so the same body is the same message");
    assert_eq!(post(false, "F-2"), 401);
    assert_eq!(
        server.counts(),
        [("accepted", 1), ("duplicate", 1), ("signature", 1)].map(|(v, n)| (v.to_owned(), n)).into()
    );
    assert_eq!(server.end().0.code(), Some(0));
    bench.drain();
    assert_eq!(bench.stored(kilmore), [("F-1".to_owned(), 1)].into());
}
