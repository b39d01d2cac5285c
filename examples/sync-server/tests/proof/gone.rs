//! Deletions: who is said to be gone is marked inactive, unless the source knows better; nobody is ever deleted.

use std::collections::BTreeMap;

use crate::bench::{Bench, Server, sender};
use crate::client::{event, signed};

const KEY: &str = "ballybeg/federation";

fn members(ids: &[&str]) -> BTreeMap<String, u64> {
    ids.iter().map(|id| ((*id).to_owned(), 1)).collect()
}

fn tell(server: &Server, message: &str, kind: &str, member: &str) {
    let sent = signed(&sender(KEY), KEY, message, 0, &event(kind, member));
    assert_eq!(server.client().post(&sent).unwrap().status, 202);
}

#[test]
fn who_is_said_to_be_gone_is_inactive_unless_the_source_still_has_them() {
    let bench = Bench::new();
    bench.list(KEY, &members(&["F-1", "F-2", "F-3"]));
    bench.nightly(&["trigger", "--key", KEY]);
    assert_eq!(bench.drain().len(), 1);
    assert_eq!(bench.active(KEY), ["F-1", "F-2", "F-3"]);
    let server = bench.serve(0);

    // The source has neither F-2 nor F-3 any more, and says so of one of them.
    bench.list(KEY, &members(&["F-1"]));
    tell(&server, "msg_1", "member.deleted", "F-2");
    tell(&server, "msg_2", "member.deleted", "F-1");
    assert_eq!(bench.drain().len(), 1);
    assert_eq!(bench.active(KEY), ["F-1", "F-3"], "F-1 is there all the same, and of F-3 nothing was said");
    assert_eq!(bench.stored(KEY).len(), 3, "nobody is deleted");
    assert!(bench.tombstones(KEY).is_empty(), "each is looked at once");

    // What comes late brings nobody back. The source does not answer for F-2, so a run of everything follows, and sees that
    // F-3 is gone, too.
    tell(&server, "msg_3", "member.updated", "F-2");
    bench.drain();
    assert_eq!(bench.active(KEY), ["F-1"]);

    // Who is there again is active again.
    bench.list(KEY, &members(&["F-1", "F-2", "F-3"]));
    tell(&server, "msg_4", "member.created", "F-2");
    tell(&server, "msg_5", "member.deleted", "F-2");
    tell(&server, "msg_6", "member.created", "F-3");
    bench.drain();
    assert_eq!(bench.active(KEY), ["F-1", "F-2", "F-3"], "the source was asked after all events");

    // A run of everything sees who is gone, and tombstones that waited for it are done with.
    bench.list(KEY, &members(&["F-1", "F-2"]));
    tell(&server, "msg_7", "member.deleted", "F-3");
    bench.nightly(&["trigger", "--key", KEY]);
    bench.drain();
    assert_eq!(bench.active(KEY), ["F-1", "F-2"]);
    assert!(bench.tombstones(KEY).is_empty());
}
