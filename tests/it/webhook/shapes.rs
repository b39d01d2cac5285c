//! What bodies say.

use chrono::DateTime;
use proptest::prelude::*;
use tripartite::tombstone::Order;
use tripartite::webhook::{EventKind, MalformedMessage, Message, Pointer, Shape, ShapeBuilder, ShapeError};

use super::{id, shape};

const CHANGES: [(&str, EventKind); 3] = [
    ("contact.created", EventKind::Created),
    ("contact.updated", EventKind::Updated),
    ("contact.deleted", EventKind::Deleted),
];

/// As the specification's examples have it.
fn thin() -> Shape {
    as_in_the_specification().build().unwrap()
}

fn as_in_the_specification() -> ShapeBuilder {
    Shape::builder("/type", "/data/id", CHANGES).time("/timestamp")
}

fn ids(message: &Message) -> Vec<&str> {
    message.events.iter().map(|event| event.id.as_str()).collect()
}

#[test]
fn the_configured_form_is_pinned() {
    let full = as_in_the_specification().events("#/events").version("/data/version").build().unwrap();
    insta::assert_json_snapshot!(full);
    let json = serde_json::to_string(&full).unwrap();
    assert_eq!(serde_json::from_str::<Shape>(&json).unwrap(), full);
    let errors = [
        r#"{"type": "/type", "id": "/id", "changes": {}}"#,
        r#"{"type": "type", "id": "/id", "changes": {"u": "updated"}}"#,
        r#"{"type": "/type", "id": "/id", "changes": {"u": "renamed"}}"#,
        r#"{"type": "/type", "id": "/id", "changes": {"u": "updated"}, "colour": "blue"}"#,
        r#"{"type": "/type", "changes": {"u": "updated"}}"#,
    ];
    let errors = errors.map(|json| serde_json::from_str::<Shape>(json).unwrap_err().to_string());
    insta::assert_json_snapshot!("what_a_wrong_shape_is_told", errors);
}

#[test]
fn the_example_of_the_specification() {
    let body = br#"{"type": "contact.created", "timestamp": "2022-11-03T20:26:10.344522Z",
                    "data": {"id": "1f81eb52-5198-4599-803e-771906343485"}}"#;
    let message = thin().read(body).unwrap();
    let [event] = message.events.as_slice() else { panic!("one event") };
    assert_eq!((event.id.as_str(), event.change), ("1f81eb52-5198-4599-803e-771906343485", EventKind::Created));
    let at = DateTime::parse_from_rfc3339("2022-11-03T20:26:10.344522Z").unwrap().to_utc();
    assert_eq!(event.order, Order::default().at(at));
}

#[test]
fn events_stand_wherever_the_shape_says() {
    let list =
        shape().read(br#"{"events": [{"type": "updated", "id": 7}, {"type": "x"}, {"type": "deleted", "id": "08"}]}"#);
    let list = list.unwrap();
    assert_eq!((ids(&list), list.ignored), (vec!["7", "08"], 1));
    let body = Shape::builder("#/kind", "/no", [("u", EventKind::Updated)]).events("/a/0").build().unwrap();
    assert_eq!(ids(&body.read(br#"{"kind": "u", "a": [[{"no": 7}, {"no": 8}]]}"#).unwrap()), ["7", "8"]);
    let array = Shape::builder("/0", "/1", [("u", EventKind::Updated)]).events("#").build().unwrap();
    assert_eq!(ids(&array.read(br#"[["u", "a"], ["u", "b"]]"#).unwrap()), ["a", "b"]);
    let none = array.read(b"[]").unwrap();
    assert_eq!((none.events, none.ignored), (vec![], 0));
}

#[test]
fn what_is_wrong_is_said_and_not_what_stands_there() {
    let secret = "aine@example.org";
    let bodies = [
        String::new(),
        "{\"events\": [\n{\"type\": ".to_owned() + secret,
        format!(r#"{{"events": "{secret}", "events": []}}"#),
        format!(r#"{{"events": "{secret}"}}"#),
        "null".to_owned(),
        format!(r#"{{"events": ["{secret}"]}}"#),
        r#"{"events": [{"type": 7}]}"#.to_owned(),
        r#"{"events": [{"type": "x"}, {"type": "updated"}]}"#.to_owned(),
        r#"{"events": [{"type": "updated", "id": ""}]}"#.to_owned(),
        r#"{"events": [{"type": "updated", "id": 7.5}]}"#.to_owned(),
        r#"{"events": [18446744073709551617, 18446744073709551618, }"#.to_owned(),
        r#"{"events": [{"type": "updated", "id": true}]}"#.to_owned(),
        format!(r#"{{"events": [{{"type": "updated", "id": ["{secret}"]}}]}}"#),
        format!(r#"{{"events": [{{"type": "updated", "id": "{secret}\u0000"}}]}}"#),
        r#"{"events": [{"type": "updated", "id": 7, "version": -1}]}"#.to_owned(),
        format!(r#"{{"events": [{{"type": "updated", "id": 7, "version": "{secret}"}}]}}"#),
        "[".repeat(1000),
    ];
    let errors: Vec<_> = bodies.iter().map(|body| shape().read(body.as_bytes()).unwrap_err().to_string()).collect();
    assert!(!errors.iter().any(|error| error.contains("aine")));
    insta::assert_json_snapshot!(errors);
    let time = thin().read(br#"{"type": "contact.updated", "timestamp": "yesterday", "data": {"id": 7}}"#);
    assert_eq!(
        time.unwrap_err().to_string(),
        "event 1: /timestamp must be a time (RFC 3339, or whole seconds since 1970); this is text"
    );
}

#[test]
fn nothing_is_read_of_what_nobody_asked_for() {
    let message = thin().read(br#"{"type": "invoice.paid", "timestamp": {}, "data": 5}"#).unwrap();
    assert_eq!((message.events, message.ignored), (vec![], 1));
}

#[test]
fn a_long_number_is_an_id_with_all_its_digits() {
    let [one, two] = ["18446744073709551617", "18446744073709551618"];
    let body = format!(r#"{{"events": [{{"type": "updated", "id": {one}}}, {{"type": "deleted", "id": {two}}}]}}"#);
    assert_eq!(ids(&shape().read(body.as_bytes()).unwrap()), [one, two], "two that are one as doubles");
}

#[test]
fn times_and_versions_may_be_missing_and_are_exact() {
    let order = |rest: &str| {
        let body = format!(r#"{{"type": "u", "id": 7{rest}}}"#);
        let shape = Shape::builder("/type", "/id", [("u", EventKind::Updated)]).time("/at").version("/v");
        let shape = shape.build().unwrap();
        shape.read(body.as_bytes()).map(|message| message.events[0].order)
    };
    assert_eq!(order(""), Ok(Order::default()));
    assert_eq!(order(r#", "at": null, "v": null"#), Ok(Order::default()));
    assert_eq!(order(r#", "v": 18446744073709551615"#).unwrap().version, Some(u64::MAX));
    let new_year = DateTime::from_timestamp(1_672_531_200, 0);
    assert_eq!(order(r#", "at": "2023-01-01T01:00:00+01:00""#).unwrap().at, new_year);
    assert_eq!(order(r#", "at": 1672531200"#).unwrap().at, new_year);
    for wrong in
        [r#""2023-01-01""#, "1672531200000", "1672531200.5", "-1", "\"1672531200\"", "\"2023-02-30T00:00:00Z\""]
    {
        assert!(order(&format!(r#", "at": {wrong}"#)).is_err(), "{wrong}");
    }
}

#[test]
fn the_last_word_on_a_record_is_the_latest() {
    let latest = |events: &[(&str, &str)]| {
        let events =
            events.iter().map(|(kind, version)| format!(r#"{{"type": "{kind}", "id": 7, "version": {version}}}"#));
        let body = format!(r#"{{"events": [{}]}}"#, events.collect::<Vec<_>>().join(","));
        shape().read(body.as_bytes()).unwrap().latest()[&id("7")].change
    };
    assert_eq!(latest(&[("created", "1"), ("deleted", "2")]), EventKind::Deleted);
    assert_eq!(latest(&[("deleted", "2"), ("created", "1")]), EventKind::Deleted, "the larger version");
    assert_eq!(latest(&[("deleted", "2"), ("created", "3"), ("updated", "1")]), EventKind::Created);
    assert_eq!(latest(&[("deleted", "null"), ("created", "null")]), EventKind::Created, "the one said last");
    assert_eq!(latest(&[("deleted", "2"), ("created", "2")]), EventKind::Created);
}

#[test]
fn pointers_are_those_of_rfc_6901() {
    for good in ["", "/", "/a", "#", "#/a", "/a~1b/~0/0", "/~01", "//"] {
        assert_eq!(Pointer::new(good).unwrap().to_string(), good);
    }
    for bad in ["a", "a/b", "$.a", "/~", "/~2", "/a~", "#a", "##", "/~~0"] {
        assert!(Pointer::new(bad).is_err(), "{bad}");
    }
    let at = |pointer: &str, body: &str| {
        let shape = Shape::builder("#/t", pointer, [("u", EventKind::Updated)]).build().unwrap();
        shape.read(body.as_bytes()).map(|message| message.events[0].id.to_string()).ok()
    };
    let body = r#"{"t": "u", "a/b": {"~": "one"}, "": "two", "list": ["zero", "three"], "~1": "four"}"#;
    assert_eq!(at("/a~1b/~0", body).as_deref(), Some("one"));
    assert_eq!(at("/", body).as_deref(), Some("two"));
    assert_eq!(at("/list/1", body).as_deref(), Some("three"));
    assert_eq!(at("/~01", body).as_deref(), Some("four"));
    for none in ["/list/01", "/list/2", "/list/-", "/list/+1", "/t/0", "/list"] {
        assert_eq!(at(none, body), None, "{none}");
    }
}

/// Every error waits for the end of the chain, and names its part.
#[test]
fn what_is_wrong_with_a_shape_is_said_when_it_is_built() {
    let good = || Shape::builder("/type", "/id", CHANGES);
    for (part, shape) in [
        ("type", Shape::builder("odd", "/id", CHANGES)),
        ("id", Shape::builder("/type", "odd", CHANGES)),
        ("events", good().events("odd").time("/at")),
        ("time", good().time("odd").version("/rev")),
        ("version", good().version("odd")),
    ] {
        let error = shape.build().unwrap_err();
        assert!(matches!(&error, ShapeError::Pointer { part: of, .. } if *of == part), "{error}");
        let text = format!("{part}: `odd` is not a pointer such as /data/id or #/type");
        assert_eq!(error.to_string().split(';').next(), Some(text.as_str()));
    }
    assert_eq!(good().version("odd").version("/rev").build(), good().version("/rev").build(), "the last one counts");
    assert_eq!(Shape::builder("/type", "/id", []).build(), Err(ShapeError::NoChanges));
}

/// JSON of any shape, near enough to what is read.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|int| int.to_string()),
        any::<f64>()
            .prop_filter("JSON has no others", |float| float.is_finite())
            .prop_map(|float| format!("{float:e}")),
        "(created|updated|deleted|[a-z]{0,4})".prop_map(|text| format!("{text:?}")),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let key = "(events|type|id|version|[a-z]{0,2})";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|list| format!("[{}]", list.join(","))),
            prop::collection::btree_map(key, inner, 0..6).prop_map(|map| {
                let map: Vec<_> = map.into_iter().map(|(key, value)| format!("{key:?}:{value}")).collect();
                format!("{{{}}}", map.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), pointer in "#?(/[a-z~/0-9]{0,6})?") {
        let _ = shape().read(&bytes);
        let _ = Pointer::new(&pointer).map(|pointer| pointer.to_string());
    }

    #[test]
    fn every_event_counts_or_is_ignored_or_nothing_is_taken(
        values in prop::collection::vec(json(), 0..5), body in json(),
    ) {
        let _ = thin().read(body.as_bytes());
        let listed = format!(r#"{{"events": [{}]}}"#, values.join(","));
        match shape().read(listed.as_bytes()) {
            Ok(message) => prop_assert_eq!(message.events.len() + message.ignored, values.len()),
            Err(MalformedMessage::Field { event, .. }) => prop_assert!((1..=values.len()).contains(&event)),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn what_is_said_is_read(
        events in prop::collection::vec((0usize..3, "[A-Za-z0-9 /~.-]{1,12}", prop::option::of(any::<u64>())), 0..12),
    ) {
        let kinds = ["created", "updated", "deleted"];
        let list: Vec<_> = events.iter().map(|(kind, id, version)| {
            serde_json::json!({"type": kinds[*kind], "id": id, "version": version})
        }).collect();
        let message = shape().read(serde_json::json!({ "events": list }).to_string().as_bytes()).unwrap();
        let read: Vec<_> = message.events.iter().map(|event| {
            (event.change as usize, event.id.to_string(), event.order.version)
        }).collect();
        prop_assert_eq!(read, events);
    }
}
