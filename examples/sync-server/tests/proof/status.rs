//! `GET /status` says how the jobs stand, and nothing of people or secrets, whatever goes wrong.

use std::fs;

use crate::bench::{BALLYBEG, Bench};
use crate::client::{event, signed, standard};

const KEY: &str = "ballybeg/federation";
/// What is planted in listings, bodies and headers, and must come out nowhere.
const PLANTED: [&str; 5] = ["Fionnuala", "fionnuala@planted.example", "0879995551", "MEMBER-PLANTED", "msg_planted"];

fn line(more: &str) -> String {
    let [name, email, phone, id, _] = PLANTED;
    format!("{{\"id\": \"{id}{more}\", \"name\": \"{name}\", \"email\": \"{email}\", \"phone\": \"{phone}\"}}\n")
}

#[test]
fn the_status_names_organisations_and_nobody_else() {
    let bench = Bench::new();
    let server = bench.serve(0);
    let listing = bench.path("ballybeg-federation.jsonl");
    let mut number = 0;
    let mut post = |kind: &str, by: &str| {
        number += 1;
        let sent = signed(&standard(by), KEY, &format!("msg_planted_{number}"), 0, &event(kind, PLANTED[3]));
        server.client().post(&sent).unwrap().status
    };
    let good = line("");
    for (what, text) in [
        ("a listing", good.clone()),
        ("a line that is none", format!("{good}{{\"id\": \"MEMBER-PLANTED-2\", \"name\": \"Fionnuala\n")),
        ("no listing at all", String::new()),
        ("a member twice", format!("{good}{good}")),
        ("no id", good.replace("\"id\"", "\"0879995551\"")),
    ] {
        if text.is_empty() {
            fs::remove_file(&listing).unwrap();
        } else {
            fs::write(&listing, text).unwrap();
        }
        assert_eq!(post("member.updated", BALLYBEG), 202);
        assert_eq!(post("member.deleted", BALLYBEG), 202);
        assert_eq!(post("Fionnuala", BALLYBEG), 200);
        assert_eq!(post("member.updated", "whsec_cGxhbnRlZCBwbGFudGVkIHBsYW50ZWQgcGxhbnRlZA=="), 401);
        bench.nightly_any(&["trigger", "--key", KEY]);
        bench.drain();
        let status = server.client().get("/status").unwrap();
        assert_eq!(status.status, 200);
        let secrets = [BALLYBEG, &BALLYBEG[6..], "cGxhbnRlZ", "whsec_", "v1,"];
        for hidden in PLANTED.iter().chain(&secrets) {
            assert!(!status.body.contains(hidden), "{what}: {hidden} in {}", status.body);
        }
        assert!(status.body.contains("ballybeg"), "{what}: {}", status.body);
        bench.nightly_any(&["redrive", "--key", KEY]);
        bench.nightly_any(&["reset", "--key", KEY]);
    }
}
