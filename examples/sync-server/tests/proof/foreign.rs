//! A sender that is not ours: the `standardwebhooks` package of PyPI signs.

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::process::Command;

use serde_json::{Value, json};

use crate::bench::{BALLYBEG, Bench};

/// A Python that has the package. Without one it is said on the terminal, also when the test's own output is not shown.
fn python() -> Option<OsString> {
    let (python, asked_for) = match env::var_os("WEBHOOK_PYTHON") {
        Some(python) => (python, true),
        None => ("python3".into(), false),
    };
    let has = Command::new(&python).args(["-c", "import standardwebhooks"]).output();
    let has = has.is_ok_and(|output| output.status.success());
    assert!(has || !asked_for, "WEBHOOK_PYTHON has no standardwebhooks");
    if !has {
        let _ = std::io::stderr().write_all(
            b"SKIPPED: webhook-server's test against a foreign sender; `pip install standardwebhooks` for python3\n",
        );
    }
    has.then_some(python)
}

#[test]
fn a_sender_that_we_did_not_write_is_understood() {
    let Some(python) = python() else { return };
    let bench = Bench::new();
    let server = bench.serve(0);
    let url = format!("http://{}/webhooks/ballybeg/federation", server.address);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/standardwebhooks_client.py");
    let output = Command::new(python).args([script, &url, BALLYBEG, "20"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = json!({
        "good": vec![202; 20], "again": 200, "altered": 401, "other_secret": 401, "stale": 401, "early": 401,
        "nearly_stale": 202,
    });
    assert_eq!(answers, expected);
    let counts = json!({"accepted": 21, "duplicate": 1, "signature": 2, "stale": 2});
    assert_eq!(serde_json::to_value(server.counts()).unwrap(), counts);
    assert_eq!(bench.slot("ballybeg/federation").wanted, 21);
}
