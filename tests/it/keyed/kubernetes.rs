//! What Kubernetes' server-side apply decides about lists of `listType=map`, on inputs of our own. An applier is the
//! source, what it applied before is the base, and the live object, which others edit, is the host's record.
//!
//! Server-side apply knows who set each field; a base knows what a source said. Where the two come to another outcome the
//! case says why.

use super::*;

/// A case: what happens; base, local and remote; what is here afterwards, and the places that are open.
struct Case {
    says: &'static str,
    sides: [Json; 3],
    here: Json,
    open: &'static [&'static str],
    /// Why the outcome is another one than there.
    deviates: Option<&'static str>,
}

/// Ports by number and protocol, each with the names that it has, in containers by name.
fn containers(strategy: &str) -> Policy {
    let ports = json!({"kind": "set_of_records", "key": ["port", "protocol"],
        "fields": {"port": "integer", "protocol": "text", "name": "text"}});
    let kind = json!({"kind": "set_of_records", "key": ["name"],
        "fields": {"name": "text", "image": "text", "ports": ports, "args": "list"}});
    Policy::new(schema(json!({"strategy": strategy, "fields": {"f": kind}})))
}

fn agreeing() -> Vec<Case> {
    let a = json!({"name": "a", "image": "a:1"});
    let b = json!({"name": "b", "image": "b:1"});
    let side = json!({"name": "side", "image": "side:1"});
    vec![
        Case {
            says: "two appliers with items of their own: both are there",
            sides: [json!([]), json!([side]), json!([a])],
            here: json!([side, a]),
            open: &[],
            deviates: None,
        },
        Case {
            says: "two appliers with an equal item: it is shared",
            sides: [json!([]), json!([a]), json!([a])],
            here: json!([a]),
            open: &[],
            deviates: None,
        },
        Case {
            says: "an item is taken out of what is applied: it goes, and those of others stay",
            sides: [json!([a, b]), json!([a, side, b]), json!([b])],
            here: json!([side, b]),
            open: &[],
            deviates: None,
        },
        Case {
            says: "what is applied is applied again in another order: nothing changes",
            sides: [json!([a, b]), json!([a, b]), json!([b, a])],
            here: json!([a, b]),
            open: &[],
            deviates: Some(
                "there the applied order is taken; here order means nothing, and what means nothing is no write",
            ),
        },
        Case {
            says: "a new item in front: it is added",
            sides: [json!([b]), json!([b]), json!([a, b])],
            here: json!([b, a]),
            open: &[],
            deviates: Some("there it stands in front; here the host's order stays, and what is new stands at the end"),
        },
        Case {
            says: "a field that another manager added to an item stays, and the applier's own field follows",
            sides: [
                json!([a]),
                json!([{"name": "a", "image": "a:1", "tier": "web"}]),
                json!([{"name": "a", "image": "a:2"}]),
            ],
            here: json!([{"name": "a", "image": "a:2", "tier": "web"}]),
            open: &[],
            deviates: None,
        },
        Case {
            says: "a field is taken out of an applied item: it goes",
            sides: [json!([a]), json!([a]), json!([{"name": "a"}])],
            here: json!([{"name": "a"}]),
            open: &[],
            deviates: None,
        },
        Case {
            says: "an empty list is applied: the applier's items go, and those of others stay",
            sides: [json!([a, b]), json!([a, side, b]), json!([])],
            here: json!([side]),
            open: &[],
            deviates: None,
        },
    ]
}

fn contested() -> Vec<Case> {
    let a = |image: &str| json!([{"name": "a", "image": image}]);
    vec![
        Case {
            says: "another manager set the field of an item to something else: a conflict at that field",
            sides: [a("a:1"), a("a:9"), a("a:2")],
            here: a("a:9"),
            open: &["/name=a/image"],
            deviates: None,
        },
        Case {
            says: "two appliers create one item with different fields: a conflict at that field",
            sides: [json!([]), a("a:9"), a("a:2")],
            here: a("a:9"),
            open: &["/name=a/image"],
            deviates: None,
        },
        Case {
            says: "an item that another manager changed is taken out of what is applied",
            sides: [a("a:1"), a("a:9"), json!([])],
            here: a("a:9"),
            open: &["/name=a"],
            deviates: Some(
                "there the item stays with the other manager's fields; here somebody decides whether it goes",
            ),
        },
        Case {
            says: "an item that another manager removed is applied again unchanged: it stays away",
            sides: [a("a:1"), json!([]), a("a:1")],
            here: json!([]),
            open: &[],
            deviates: Some("there an apply states the whole wish and brings it back; here the removal is an edit"),
        },
        Case {
            says: "an item that another manager removed is applied with a change",
            sides: [a("a:1"), json!([]), a("a:2")],
            here: json!([]),
            open: &["/name=a"],
            deviates: Some("there it is created anew; here a removal beside a change is a conflict"),
        },
    ]
}

fn nested() -> Vec<Case> {
    let port = |number: i64, protocol: Option<&str>| match protocol {
        Some(protocol) => json!({"port": number, "protocol": protocol}),
        None => json!({ "port": number }),
    };
    let with = |ports: Vec<Json>| json!([{"name": "a", "ports": ports}]);
    let (tcp, udp, web) = (port(53, Some("TCP")), port(53, Some("UDP")), port(80, Some("TCP")));
    vec![
        Case {
            says: "two keys: one port with two protocols is two items",
            sides: [with(vec![tcp.clone()]), with(vec![tcp.clone()]), with(vec![udp.clone(), tcp.clone()])],
            here: with(vec![tcp.clone(), udp.clone()]),
            open: &[],
            deviates: None,
        },
        Case {
            says: "a port without a protocol",
            sides: [with(vec![tcp.clone()]), with(vec![tcp.clone()]), with(vec![port(53, None)])],
            here: with(vec![port(53, None)]),
            open: &[],
            deviates: Some("there the schema's default, TCP, makes it the same item; here null is a key of its own"),
        },
        Case {
            says: "a list in a list: each side's items are there",
            sides: [
                with(vec![tcp.clone()]),
                with(vec![tcp.clone(), web.clone()]),
                with(vec![udp.clone(), tcp.clone()]),
            ],
            here: with(vec![tcp.clone(), web.clone(), udp.clone()]),
            open: &[],
            deviates: None,
        },
        Case {
            says: "the key of an inner item in another form is the same item",
            sides: [
                with(vec![tcp.clone()]),
                with(vec![tcp.clone()]),
                with(vec![json!({"port": "53", "protocol": "TCP"})]),
            ],
            here: with(vec![tcp.clone()]),
            open: &[],
            deviates: Some("there a text is no number, and is refused; here it is a spelling of one"),
        },
        Case {
            says: "the outer item is taken out while another manager added an inner one",
            sides: [with(vec![tcp.clone()]), with(vec![tcp.clone(), web]), json!([])],
            here: with(vec![tcp.clone(), port(80, Some("TCP"))]),
            open: &["/name=a"],
            deviates: Some(
                "there the outer item stays with the inner one alone; here somebody decides about all of it",
            ),
        },
        Case {
            says: "a plain list in an item is one value: two changes of it are a conflict",
            sides: [
                json!([{"name": "a", "args": ["x"]}]),
                json!([{"name": "a", "args": ["x", "y"]}]),
                json!([{"name": "a", "args": ["z", "x"]}]),
            ],
            here: json!([{"name": "a", "args": ["x", "y"]}]),
            open: &["/name=a/args"],
            deviates: None,
        },
    ]
}

#[test]
fn lists_of_items_by_key_come_to_what_an_apply_comes_to() {
    let policy = containers("merge");
    for Case { says, sides: [base, local, remote], here: want, open: paths, deviates } in
        [agreeing(), contested(), nested()].into_iter().flatten()
    {
        let after = after(&policy, &base, &local, &remote);
        let says = format!("{says}{}", deviates.map(|why| format!(" ({why})")).unwrap_or_default());
        assert_eq!(here(&after), want, "{says}");
        assert_eq!(open(&after), paths, "{says}");
    }
}

/// With force, which is `remote_wins`, a conflict is the applier's, and what nobody applied stays.
#[test]
fn an_apply_with_force_takes_what_collides_and_no_more() {
    let policy = containers("remote_wins");
    for Case { says, sides: [base, local, remote], .. } in contested() {
        let after = after(&policy, &base, &local, &remote);
        assert!(after.open.is_empty(), "{says}");
        if base != remote {
            assert_eq!(here(&after), remote, "{says}");
        }
    }
    let (base, remote) = (json!([{"name": "a", "image": "1"}]), json!([{"name": "a", "image": "2"}]));
    let local = json!([{"name": "mine"}, {"name": "a", "image": "9", "tier": "web"}]);
    let after = after(&policy, &base, &local, &remote);
    assert_eq!(here(&after), json!([{"name": "mine"}, {"name": "a", "image": "2", "tier": "web"}]));
}
