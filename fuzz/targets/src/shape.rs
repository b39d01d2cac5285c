//! Bodies and shapes: nothing panics, all of a body is read or nothing, and what is said of it never repeats it.
//!
//! The input is a shape as JSON, a line break, and a body. A shape that is none gives the body to some that are.

use tripartite::webhook::{EventKind, Shape};

const CHANGES: [(&str, EventKind); 3] =
    [("c", EventKind::Created), ("u", EventKind::Updated), ("d", EventKind::Deleted)];

/// The body of the target.
pub fn run(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n');
    let (shape, body) = end.map_or((&[][..], data), |at| (&data[..at], &data[at + 1..]));
    match serde_json::from_slice::<Shape>(shape) {
        Ok(shape) => {
            let written = serde_json::to_vec(&shape).expect("a shape can be written");
            assert_eq!(serde_json::from_slice::<Shape>(&written).expect("and read"), shape);
            check(&shape, body);
        }
        Err(_) => {
            let one = || Shape::builder("/type", "/data/id", CHANGES);
            let many = Shape::builder("#/type", "/id", CHANGES).events("/events");
            let ids = Shape::builder("#/type", "", CHANGES).events("/events");
            let ordered = one().time("/at").version("/rev");
            [one(), many, ids, ordered].into_iter().for_each(|shape| check(&shape.build().expect("a shape"), body));
        }
    }
}

fn check(shape: &Shape, body: &[u8]) {
    let read = shape.read(body);
    assert_eq!(read, shape.read(body), "the same body says the same");
    match read {
        Ok(message) => {
            let latest = message.latest();
            assert!(latest.len() <= message.events.len());
            assert_eq!(latest.is_empty(), message.events.is_empty());
            for (id, event) in latest {
                assert_eq!(id, event.id);
                let mut same = message.events.iter().filter(|other| other.id == id);
                // Some with a version and some without are in no order.
                assert!(
                    same.clone().any(|other| other.order.version.is_none())
                        || same.all(|other| { other.order.version <= event.order.version })
                );
            }
            assert!(serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok(), "only JSON is read");
        }
        Err(malformed) => assert!(malformed.to_string().len() < 4096),
    }
}
