//! Webhooks: what a stranger and what a sender cost, 100 requests each.

use std::hint::black_box;

use chrono::DateTime;
use tripartite::registry::Secret;
use tripartite::webhook::{Endpoint, EventKind, MessageId, ReceiveStep, Request, Shape, SigningSecret, Standard};

use super::{Case, Work};

pub(super) const CASES: &[Case] = &[("webhook/verify", || verified(SECRET)), ("webhook/forged", || verified(OTHER))];

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const BODY: &[u8] = br#"{"type": "member.updated", "data": {"id": "FED-7"}}"#;
const REQUESTS: usize = 100;

fn standard(secret: &str) -> Standard {
    let secret = SigningSecret::new(&Secret::new(secret)).expect("the secret of the specification is one");
    Standard::new([secret]).expect("one secret is enough")
}

/// Requests that are signed with a secret, at an endpoint that knows the first one.
fn verified(secret: &str) -> Work {
    let shape = Shape::builder("/type", "/data/id", [("member.updated", EventKind::Updated)])
        .build()
        .expect("the pointers are right");
    let key = tripartite::id::SyncKey {
        org: "ballybeg".parse().expect("a short text is an id"),
        connector: "federation".parse().expect("a short text is an id"),
    };
    let policy = "members".parse().expect("a short text is an id");
    let endpoint = Endpoint::new(key, policy, standard(SECRET), shape);
    let id = MessageId::new("msg_1").expect("a short text is an id");
    let signed = standard(secret).sign(&id, DateTime::UNIX_EPOCH, BODY);
    let honest = secret == SECRET;
    Box::new(move || {
        let headers = signed.each_ref().map(|(name, value)| (*name, value.as_bytes()));
        let request = Request::new(&headers, BODY);
        for _ in 0..REQUESTS {
            let step = black_box(&endpoint).receive(black_box(&request), DateTime::UNIX_EPOCH);
            assert_eq!(matches!(step, ReceiveStep::Deduplicate(_)), honest);
        }
    })
}
