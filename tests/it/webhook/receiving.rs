//! What a request comes to: the order of the checks, the answers, and what is stored before they are sent.

use std::num::NonZeroU32;
use std::time::Duration;

use chrono::TimeDelta;
use tripartite::drive::block_on;
use tripartite::id::{CommandId, PolicyRef};
use tripartite::jobs::JobStore;
use tripartite::memory::MemoryJobStore;
use tripartite::queue::{Command, SCOPE_LIMIT, Scope, Slot, State, Trigger};
use tripartite::rate::RateLimit;
use tripartite::registry::Secret;
use tripartite::tombstone::{Order, TOMBSTONE_LIMIT, Tombstone, Tombstones};
use tripartite::webhook::{Endpoint, Hex, HttpResponse, ReceiveStep, Received, Reception, Rejection, Seen, SideEffect};

use super::host::{Host, body, named, signed};
use super::{OTHER, SECRET, Sent, at, endpoint, id, key, shape, standard};
use crate::support::of_later_version;

fn scope_of(slot: &Slot) -> Scope {
    match &slot.state {
        State::Pending { work, .. } => work.scope.clone(),
        other => panic!("{other:?}"),
    }
}

/// All that is received by a host that is never killed.
fn receive_all(endpoint: &Endpoint, sent: &[(&Sent, i64)]) -> (Vec<Received>, MemoryJobStore) {
    let store = MemoryJobStore::default();
    let mut host = Host { store: &store, endpoint, lives: usize::MAX };
    let received = sent.iter().map(|(sent, seconds)| host.receive(sent, at(*seconds)).unwrap()).collect();
    (received, store)
}

fn receive(endpoint: &Endpoint, sent: &Sent) -> Received {
    receive_all(endpoint, &[(sent, 0)]).0.remove(0)
}

#[test]
fn what_is_taken_in_triggers_that_member_and_is_remembered() {
    let received = receive(&endpoint(), &signed("msg_1", 0, &[("updated", "FED-7", 3), ("ping", "FED-8", 1)]));
    assert_eq!(received.verdict, Reception::Accepted { events: 1, ignored: 1 });
    let command = Command::Trigger {
        by: Trigger::Webhook,
        scope: Scope::one(id("FED-7")),
        policy: Some(PolicyRef::new("members").unwrap()),
        force: false,
    };
    let seen = Seen::new(at(0), Duration::from_secs(4 * 24 * 3600));
    let expected = [
        SideEffect::Trigger { key: key(), id: Some(CommandId::new("webhook/msg_1").unwrap()), command },
        SideEffect::Remember { key: named("webhook", Some("msg_1")), seen },
    ];
    assert_eq!(received.effects, expected);
}

#[test]
fn every_answer_is_pinned() {
    let limit = RateLimit::default().burst(NonZeroU32::MIN);
    let endpoint = endpoint().cap(100).limit(limit);
    let ping = signed("msg_2", 0, &[("ping", "7", 1)]);
    let (large, deleted) = (signed("msg_3", 0, &[("updated", "7", 1); 3]), signed("msg_1", 0, &[("deleted", "7", 1)]));
    let malformed = signed("msg_4", 0, &[("updated", "", 1)]);
    let cases = [
        ("too large", &large, 0),
        ("no id", &deleted.clone().without("webhook-id"), 0),
        ("not signed", &deleted.clone().without("webhook-signature"), 0),
        ("altered", &deleted.clone().set("webhook-id", "msg_2"), 0),
        ("late", &deleted, 301),
        ("taken in", &deleted, 0),
        ("too soon", &ping, 0),
        ("again", &deleted, 1),
        ("not asked for", &ping, 2),
        ("malformed", &malformed, 3),
    ];
    let sent: Vec<_> = cases.iter().map(|(_, sent, seconds)| (*sent, *seconds)).collect();
    let (received, _) = receive_all(&endpoint, &sent);
    let all = cases.iter().map(|(name, ..)| *name).zip(received).chain([("nobody", Received::gone())]);
    let lines: Vec<_> = all
        .map(|(name, Received { verdict, effects, answer, .. })| {
            let reason = match verdict {
                Reception::Refused(refusal) => refusal.name().to_owned(),
                other => format!("{other:?}"),
            };
            let HttpResponse { status, headers, text, .. } = answer;
            format!("{name}: {status} {text} {headers:?}, {} effects, counted as {reason}", effects.len())
        })
        .collect();
    insta::assert_json_snapshot!(lines);
}

#[test]
fn the_checks_come_in_their_order() {
    let endpoint = endpoint().cap(200);
    let name = |sent: &Sent, seconds| {
        sent.with(|request| match endpoint.receive(request, at(seconds)) {
            ReceiveStep::Done(Received { verdict: Reception::Refused(refusal), effects, .. }) if effects.is_empty() => {
                refusal.name()
            }
            other => panic!("a refusal asks for nothing that is stored: {other:?}"),
        })
    };
    // Each is wrong in all that comes after as well.
    let mut wrong = Sent::signed(&standard(&[OTHER]), "msg_1", 0, &[b'x'; 201]).without("webhook-id");
    assert_eq!(name(&wrong, 301), "too_large");
    wrong.body = b"x".to_vec();
    assert_eq!(name(&wrong, 301), "header");
    wrong.headers.push(("webhook-id".to_owned(), b"msg_1".to_vec()));
    assert_eq!(name(&wrong, 301), "signature");
    assert_eq!(name(&Sent::signed(&standard(&[SECRET]), "msg_1", 0, b"x"), 301), "stale");
}

#[test]
fn exactly_the_cap_passes() {
    let sent = signed("msg_1", 0, &[("updated", "7", 1)]);
    assert_eq!(receive(&endpoint().cap(sent.body.len()), &sent).answer.status, 202);
    assert_eq!(receive(&endpoint().cap(sent.body.len() - 1), &sent).answer.status, 413);
}

#[test]
fn a_flood_without_signatures_costs_an_honest_sender_nothing() {
    let store = MemoryJobStore::default();
    let endpoint = endpoint();
    let mut host = Host { store: &store, endpoint: &endpoint, lives: usize::MAX };
    let forged = Sent::signed(&standard(&[OTHER]), "msg_1", 0, &body(&[("deleted", "7", 1)]));
    for _ in 0..1000 {
        assert_eq!(host.receive(&forged, at(0)).unwrap().answer.status, 401);
    }
    assert_eq!(block_on(store.get(&named("rate", None))), Ok(None), "nothing was charged");
    assert_eq!(host.receive(&signed("msg_1", 0, &[("updated", "7", 1)]), at(0)).unwrap().answer.status, 202);
}

#[test]
fn the_hundred_and_first_of_a_minute_waits() {
    let endpoint = endpoint();
    let sent: Vec<_> = (0..101).map(|number| signed(&format!("msg_{number}"), 0, &[("updated", "7", 1)])).collect();
    let (received, store) = receive_all(&endpoint, &sent.iter().map(|sent| (sent, 0)).collect::<Vec<_>>());
    assert!(received[..100].iter().all(|received| received.answer.status == 202));
    let limited = Reception::Refused(Rejection::Limited { retry_after: Duration::from_millis(600) });
    assert_eq!(received[100].verdict, limited);
    assert_eq!(received[100].answer.headers, [("retry-after", "1".to_owned())], "whole seconds, rounded up");
    let mut host = Host { store: &store, endpoint: &endpoint, lives: usize::MAX };
    let almost = at(0) + TimeDelta::microseconds(599_999);
    assert_eq!(host.receive(&sent[100], almost).unwrap().answer.status, 429);
    assert_eq!(host.receive(&sent[100], at(0) + TimeDelta::milliseconds(600)).unwrap().answer.status, 202);
}

#[test]
fn a_message_is_known_for_as_long_as_it_could_be_replayed() {
    let until = |endpoint: &Endpoint, sent: &Sent| match receive(endpoint, sent).effects.pop() {
        Some(SideEffect::Remember { seen, .. }) => seen.until() - seen.at(),
        other => panic!("{other:?}"),
    };
    let sent = signed("msg_1", 0, &[("updated", "7", 1)]);
    assert!(until(&endpoint().keep(Duration::ZERO), &sent) > TimeDelta::seconds(600));
    assert_eq!(until(&endpoint().keep(Duration::from_secs(3600)), &sent), TimeDelta::seconds(3600));
    let policy = PolicyRef::new("members").unwrap();
    let tolerant = Endpoint::new(key(), policy, standard(&[SECRET]).tolerance(Duration::from_secs(86_400)), shape());
    assert!(until(&tolerant.keep(Duration::ZERO), &sent) > TimeDelta::days(2));
}

#[test]
fn hex_signatures_know_a_message_by_its_code_unless_messages_can_be_alike() {
    let hex = || Hex::new("x-signature", [Secret::new("a secret of our own")]).unwrap();
    let body = body(&[("updated", "7", 1)]);
    let sent = Sent { headers: vec![("x-signature".to_owned(), hex().sign(&body).into_bytes())], body };
    let endpoint = |hex| Endpoint::new(key(), PolicyRef::new("members").unwrap(), hex, shape());
    let statuses = |endpoint: &Endpoint| {
        let (received, _) = receive_all(endpoint, &[(&sent, 0), (&sent, 1)]);
        received.iter().map(|received| (received.answer.status, received.effects.len())).collect::<Vec<_>>()
    };
    assert_eq!(statuses(&endpoint(hex())), [(202, 2), (200, 0)]);
    assert_eq!(statuses(&endpoint(hex().repeating())), [(202, 1), (202, 1)]);
}

#[test]
fn a_deletion_leaves_a_tombstone_before_the_trigger() {
    let sent =
        signed("msg_1", 0, &[("deleted", "7", 5), ("deleted", "8", 5), ("created", "8", 6), ("updated", "9", 1)]);
    let received = receive(&endpoint(), &sent);
    let [SideEffect::Tombstone { key, next }, SideEffect::Trigger { command, .. }, SideEffect::Remember { .. }] =
        received.effects.as_slice()
    else {
        panic!("{received:?}")
    };
    assert_eq!(*key, named("tombstones", None));
    let order = Order::default().version(Some(5));
    let tombstones: Vec<_> = next.iter().map(|(id, tombstone)| (id.as_str(), *tombstone)).collect();
    assert_eq!(tombstones, [("7", Tombstone::new(order, at(0)))], "8 is there again");
    let Command::Trigger { scope, .. } = command else { panic!("{command:?}") };
    assert_eq!(*scope, Scope::only([id("7"), id("8"), id("9")]));
    assert_eq!(next.without(next), Tombstones::default());
}

#[test]
fn what_does_not_fit_makes_the_run_one_of_everything() {
    let ids: Vec<_> = (0..=TOMBSTONE_LIMIT).map(|number| format!("F-{number:04}")).collect();
    let deleted: Vec<_> = ids.iter().map(|id| ("deleted", id.as_str(), 1)).collect();
    let scope_and_stones = |sent: &Sent| {
        let (_, store) = receive_all(&endpoint(), &[(sent, 0)]);
        let endpoint = endpoint();
        let host = Host { store: &store, endpoint: &endpoint, lives: 0 };
        (scope_of(&host.slot()), host.tombstones().iter().count())
    };
    let fits = Scope::only(ids[1..].iter().map(|text| id(text)));
    assert_eq!(scope_and_stones(&signed("msg_1", 0, &deleted[1..])), (fits, TOMBSTONE_LIMIT));
    assert_eq!(scope_and_stones(&signed("msg_1", 0, &deleted)), (Scope::All, TOMBSTONE_LIMIT));
    let ids: Vec<_> = (0..=SCOPE_LIMIT).map(|number| number.to_string()).collect();
    let updated: Vec<_> = ids.iter().map(|id| ("updated", id.as_str(), 1)).collect();
    assert_eq!(scope_and_stones(&signed("msg_1", 0, &updated)), (Scope::All, 0));
}

#[test]
fn the_persisted_forms_are_pinned() {
    let mut tombstones = Tombstones::default();
    let order = Order::default().version(Some(5)).at(at(-60));
    let _ = tombstones.add(id("7"), Tombstone::new(order, at(0)));
    let _ = tombstones.add(id("8"), Tombstone::new(Order::default(), at(0)));
    let seen = Seen::new(at(0), Duration::from_secs(600));
    insta::assert_json_snapshot!((&tombstones, &seen));
    let error = of_later_version(&tombstones).check().unwrap_err();
    assert_eq!(error.to_string(), "these tombstones have format 2, this version reads up to 1");
}

#[test]
fn no_debug_print_has_a_secret_or_a_body() {
    let sent = signed("msg_1", 0, &[("deleted", "FED-7", 5)]);
    let endpoint = endpoint();
    let shown = sent.with(|request| format!("{:?} {request:?}", endpoint.receive(request, at(0))));
    assert!(shown.starts_with("Deduplicate"), "{shown}");
    let bytes = format!("{:?}", &sent.body[..4]);
    for hidden in ["MfKQ", "FED-7", "49, 242", bytes.trim_matches(['[', ']'])] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
}

#[test]
fn killed_after_any_write_the_next_delivery_makes_it_whole() {
    let endpoint = endpoint();
    for lives in 0..=4 {
        let store = MemoryJobStore::default();
        let killed = Host { store: &store, endpoint: &endpoint, lives }
            .receive(&signed("msg_1", 0, &[("deleted", "7", 5)]), at(0));
        assert_eq!(killed.is_err(), lives < 4, "the rate, the tombstone, the trigger, the id");
        let mut host = Host { store: &store, endpoint: &endpoint, lives: usize::MAX };
        let again = host.receive(&signed("msg_1", 60, &[("deleted", "7", 5)]), at(60)).unwrap();
        assert_eq!(again.answer.status, if lives < 4 { 202 } else { 200 }, "after {lives}");
        assert_eq!((host.slot().wanted, scope_of(&host.slot())), (1, Scope::one(id("7"))), "triggered once");
        assert!(host.tombstones().get(&id("7")).is_some());
        let third = host.receive(&signed("msg_1", 120, &[("deleted", "7", 5)]), at(120)).unwrap();
        assert_eq!(third.verdict, Reception::Duplicate);
    }
}

#[test]
fn a_replayed_message_does_not_take_the_rate_of_who_sends_new_ones() {
    let endpoint = endpoint().limit(RateLimit::default().burst(NonZeroU32::new(2).unwrap()));
    let (first, second) = (signed("msg_1", 0, &[("updated", "7", 1)]), signed("msg_2", 0, &[("updated", "8", 1)]));
    let mut sent = vec![(&first, 0); 50];
    sent.push((&second, 0));
    let (received, _) = receive_all(&endpoint, &sent);
    let statuses: Vec<_> = received.iter().map(|received| received.answer.status).collect();
    assert_eq!((statuses[0], &statuses[1..50], statuses[50]), (202, &[200; 49][..], 202));
}

#[test]
fn a_compressed_body_is_refused_with_a_sentence() {
    let mut sent = signed("msg_1", 0, &[("updated", "7", 1)]);
    sent.headers.push(("Content-Encoding".to_owned(), b"gzip".to_vec()));
    let answer = receive(&endpoint(), &sent).answer;
    let said = "the body has a content-encoding, and only a body without one is accepted";
    assert_eq!((answer.status, answer.text.contains(said)), (415, true), "{}", answer.text);
    assert_eq!(receive(&endpoint(), &sent.set("Content-Encoding", "identity")).answer.status, 202);
}
