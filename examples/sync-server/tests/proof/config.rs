//! A configuration that cannot be used is said to be wrong at the start, where, and without a word of a secret.

use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::bench::{BALLYBEG, Bench};

fn endpoint(key: &str, secrets: Value) -> Value {
    json!({"key": key, "secrets": secrets, "shape": {"type": "/type", "id": "/id", "changes": {"u": "updated"}}})
}

fn with(mut endpoint: Value, name: &str, value: Value) -> Value {
    endpoint[name] = value;
    endpoint
}

#[test]
fn what_cannot_be_used_is_said_at_the_start() {
    let bench = Bench::new();
    let file = |name: &str, text: &str| format!("file:{}", bench.write(name, text));
    let (good, same) = (file("good", BALLYBEG), file("same", &format!("{BALLYBEG}\n")));
    let (short, odd) = (file("short", "whsec_aHVudGVyMg=="), file("odd", "hunter2!"));
    let ours = || endpoint("a/b", json!([good]));
    let missing = format!("file:{}", bench.path("missing"));
    for (endpoints, problem) in [
        (json!([]), "endpoints: expected at least one"),
        (json!([endpoint("ballybeg", json!([good]))]), "endpoint 1: key: "),
        (json!([ours(), ours()]), "endpoint 2: a/b has one already"),
        (json!([ours(), endpoint("a/c", json!([same]))]), "a/c: a/b has one of its secrets"),
        (json!([endpoint("a/b", json!([]))]), "a/b: at least one secret is needed"),
        (json!([endpoint("a/b", json!(["env:NO_SUCH_VARIABLE"]))]), "there is no such variable"),
        (json!([endpoint("a/b", json!([missing]))]), "cannot be read"),
        (json!([endpoint("a/b", json!([short]))]), "at least 24 bytes, this one has 7"),
        (json!([endpoint("a/b", json!([odd]))]), "is base64"),
        (json!([endpoint("a/b", json!(["vault:hunter2"]))]), "vault:... cannot be read: expected env: or file:"),
        (json!([endpoint("a/b", json!("hunter2"))]), "expected a sequence at line 1"),
        (json!([endpoint("a/b", json!(["hunter2"]))]), "is a kind, a colon and a name"),
        (json!([with(ours(), "secret", json!("hunter2"))]), "unknown field `secret`"),
        (json!([with(ours(), "per_minute", json!(0))]), "expected a nonzero u32"),
        (json!([with(ours(), "hex_header", json!("x y"))]), "the name of a header"),
        (json!([with(with(ours(), "hex_header", json!("x")), "tolerance_seconds", json!(5))]), "no time is signed"),
        (json!([with(ours(), "shape", json!({"type": "type", "id": "/id", "changes": {}}))]), "pointer"),
    ] {
        bench.write("config.json", &json!({"endpoints": endpoints}).to_string());
        let Output { status, stderr, .. } = bench.command(&[]).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(1), "{endpoints}: {said}");
        assert!(said.contains(problem), "{problem}: {said}");
        assert!(!said.contains("hunter2") && !said.contains("aHVudGVyMg") && !said.contains(BALLYBEG), "{said}");
    }
}

#[test]
fn any_of_several_secrets_may_sign_while_one_is_replaced() {
    let bench = Bench::new();
    let [old, new] = [BALLYBEG, "whsec_bmV3IG5ldyBuZXcgbmV3IG5ldyBuZXcgbmV3"];
    let references = json!(["env:OLD_SECRET", format!("file:{}", bench.write("new", new))]);
    let ours = endpoint("ballybeg/federation", references);
    bench.write("config.json", &json!({"endpoints": [ours]}).to_string());
    let server = bench.serve_with(0, &[("OLD_SECRET", old)]);
    for (id, secret) in [("msg_1", old), ("msg_2", new)] {
        let sent = crate::client::signed(
            &crate::client::standard(secret),
            "ballybeg/federation",
            id,
            0,
            br#"{"type": "u", "id": 7}"#,
        );
        assert_eq!(server.client().post(&sent).unwrap().status, 202, "{id}");
    }
}
