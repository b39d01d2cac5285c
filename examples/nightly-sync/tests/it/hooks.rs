//! Hooks: who is told, once, and at least once whatever crashes.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use chrono::Utc;
use nightly_sync::config::{Config, Event};
use nightly_sync::hooks::{Outbox, Standing};
use nightly_sync::store::Place;
use tripartite::registry::Secret;
use tripartite::webhook::{Request, SigningSecret, Standard};

use crate::bench::{Bench, Ran, members};
use crate::manners::within;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A club whose hook writes what it hears into a file, event by event, unless a file `deaf` is there.
fn club(bench: &Bench, more: &str) {
    bench.write(
        "hear.sh",
        "[ ! -e deaf ] || exit 1\nprintf '%s %s\\n' \"$NIGHTLY_SYNC_EVENT\" \"$NIGHTLY_SYNC_MESSAGE\" >> heard\ncat >> texts\n",
    );
    let schema = r#"{"strategy": "merge", "fields": {"name": {"kind": "name"}, "phone": {"kind": "text"}}}"#;
    bench.write("s.json", schema);
    bench.write(
        "club.toml",
        format!(
            "database = \"members.db\"\n[[register]]\n{more}schema = \"s.json\"\nsource = {{ file = \"listing.jsonl\" }}\n\
             [[hook]]\nname = \"file\"\ncommand = [\"sh\", \"hear.sh\"]\n"
        ),
    );
}

fn on(bench: &Bench, args: &[&str]) -> Ran {
    within(bench, &[("HOOK_SECRET", SECRET)], args)
}

fn events(bench: &Bench) -> Vec<String> {
    let heard = std::fs::read_to_string(bench.dir.join("heard")).unwrap_or_default();
    heard.lines().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
}

fn texts(bench: &Bench) -> String {
    std::fs::read_to_string(bench.dir.join("texts")).unwrap_or_default()
}

#[test]
fn each_thing_is_told_once() {
    let bench = Bench::new();
    club(&bench, "");
    let run = |listing: Option<String>, status: i32| {
        match listing {
            Some(text) => drop(bench.listing(text)),
            None => std::fs::remove_file(bench.dir.join("listing.jsonl")).unwrap(),
        }
        for _ in 0..2 {
            let ran = on(&bench, &["run"]);
            assert_eq!(ran.status, status, "{}{}", ran.stdout, ran.stderr);
        }
    };
    run(Some(members(1..=20)), 0);
    assert_eq!(events(&bench), [""; 0]);
    run(None, 1);
    assert_eq!(events(&bench), ["failed"]);
    run(Some(members(1..=20)), 0);
    assert_eq!(events(&bench), ["failed", "recovered"]);
    run(Some(members(1..=2)), 4);
    assert_eq!(events(&bench), ["failed", "recovered", "blocked"]);
    rusqlite::Connection::open(bench.dir.join("members.db"))
        .unwrap()
        .execute("UPDATE members SET phone = 'ours' WHERE external_id = 'M1'", [])
        .unwrap();
    run(Some(members(1..=20).replace("\"p1\"", "\"theirs\"")), 0);
    assert_eq!(events(&bench), ["failed", "recovered", "blocked", "questions"]);
    let texts = texts(&bench);
    for part in ["the sync failed", "--approve", "a question waits for a person", "nightly-sync conflicts --db"] {
        assert!(texts.contains(part), "{part}: {texts}");
    }
    assert!(!texts.contains("theirs") && !texts.contains("ours"), "no value of anybody: {texts}");
    let dry = on(&bench, &["run", "--dry-run", "--remote", "nowhere.jsonl"]);
    assert_eq!((dry.status, events(&bench).len()), (1, 4), "a dry run tells nobody");
}

/// What an approved plan leaves to people is told as after a run.
#[test]
fn a_plan_that_is_approved_is_told_of_as_a_run_is() {
    let bench = Bench::new();
    club(&bench, "");
    bench.listing(members(1..=20));
    assert_eq!(on(&bench, &["run"]).status, 0);
    rusqlite::Connection::open(bench.dir.join("members.db"))
        .unwrap()
        .execute("UPDATE members SET phone = 'ours' WHERE external_id = 'M1'", [])
        .unwrap();
    bench.listing(members(1..=20).replace("\"p1\"", "\"theirs\""));
    let planned = on(&bench, &["plan", "--out", "plan.json", "--json"]);
    assert_eq!((planned.status, events(&bench)), (0, Vec::new()), "{}{}", planned.stdout, planned.stderr);
    let id = planned.json()["plan_id"].as_str().unwrap().to_owned();
    let approved = on(&bench, &["approve", "--plan", "plan.json", "--id", &id]);
    assert_eq!(approved.status, 0, "{}{}", approved.stdout, approved.stderr);
    assert_eq!(events(&bench), ["questions"]);
}

#[test]
fn what_nobody_heard_waits_and_is_sent_under_the_same_id() {
    let bench = Bench::new();
    club(&bench, "");
    bench.listing(members(1..=3));
    assert_eq!(on(&bench, &["run"]).status, 0);
    bench.write("deaf", "");
    std::fs::remove_file(bench.dir.join("listing.jsonl")).unwrap();
    let ran = on(&bench, &["run"]);
    assert!(ran.status == 1 && ran.stderr.contains("hook `file` did not take failed_"), "{}", ran.stderr);
    let waits = on(&bench, &["hooks", "--json"]);
    let id = waits.json()["id"].as_str().unwrap().to_owned();
    assert!(on(&bench, &["hooks"]).stdout.contains(&id));
    std::fs::remove_file(bench.dir.join("deaf")).unwrap();
    assert_eq!(on(&bench, &["hooks", "--send"]).status, 0);
    assert_eq!(std::fs::read_to_string(bench.dir.join("heard")).unwrap(), format!("failed {id}\n"));
    assert_eq!(on(&bench, &["hooks", "--json"]).stdout, "");
}

/// A process that died behind noting what is new has sent nothing; the next one does.
#[test]
fn a_message_outlives_the_process_that_noted_it() {
    let bench = Bench::new();
    club(&bench, "");
    bench.listing(members(1..=3));
    assert_eq!(on(&bench, &["run"]).status, 0);
    let config = Config::load(&bench.dir.join("club.toml")).unwrap();
    let db = Place::File(bench.dir.join("members.db"));
    let failing = Standing { failing: Some("the power went".to_owned()), ..Standing::default() };
    {
        let outbox = Outbox::open(&db, &config.hooks).unwrap();
        outbox.note(&nightly_sync::store::Register::default(), &failing, (Utc::now(), Utc::now())).unwrap();
        assert_eq!(outbox.pending().unwrap()[0].event, Event::Failed);
    }
    assert_eq!(events(&bench), [""; 0]);
    assert_eq!(on(&bench, &["run"]).status, 0);
    assert_eq!(events(&bench), ["failed", "recovered"]);
}

#[test]
fn workers_tell_what_became_of_jobs_also_of_those_whose_worker_died() {
    let bench = Bench::new();
    club(&bench, "key = \"club/fed\"\n");
    bench.listing(members(1..=20));
    assert_eq!(on(&bench, &["schedule", "--key", "club/fed"]).status, 0);
    let work = |hooked: bool| {
        assert_eq!(on(&bench, &["trigger", "--key", "club/fed"]).status, 0);
        let bare: &[&str] = if hooked { &[] } else { &["--config", "bare.toml"] };
        on(&bench, &[&["work", "--until-idle", "--spacing", "0"], bare].concat())
    };
    work(true);
    assert_eq!(events(&bench), [""; 0]);
    bench.listing(members(1..=2));
    // A worker that tells nobody is as one that died right behind the run.
    bench.write("bare.toml", "database = \"members.db\"\n");
    work(false);
    assert_eq!(events(&bench), [""; 0]);
    let idle = on(&bench, &["work", "--until-idle", "--spacing", "0"]);
    assert_eq!(events(&bench), ["blocked"], "{}{}", idle.stdout, idle.stderr);
    assert!(texts(&bench).contains("--approve"), "{}", texts(&bench));
    work(true);
    assert_eq!(events(&bench), ["blocked"]);
}

#[test]
fn an_address_gets_a_signed_message() {
    let bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    bench.write(
        "club.toml",
        format!(
            "database = \"members.db\"\n[[register]]\nsource = {{ file = \"listing.jsonl\" }}\n\
             [[hook]]\nname = \"chat\"\nurl = \"{url}\"\nsecret = \"env:HOOK_SECRET\"\non = [\"failed\"]\n"
        ),
    );
    bench.listing(members(1..=3));
    let received = thread::scope(|scope| {
        // The first answer is a refusal, so the message comes again.
        let server = scope.spawn(move || {
            ["500 No", "204 OK"].map(|answer| {
                let (mut stream, _) = listener.accept().unwrap();
                let request = received(&mut stream);
                write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
                request
            })
        });
        assert_eq!(on(&bench, &["run"]).status, 0);
        std::fs::remove_file(bench.dir.join("listing.jsonl")).unwrap();
        let ran = on(&bench, &["run"]);
        assert!(ran.stderr.contains("it answers 500"), "{}", ran.stderr);
        assert_eq!(on(&bench, &["hooks", "--send"]).status, 0);
        server.join().unwrap()
    });
    let ids = received.map(|(headers, body)| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let standard = Standard::new([SigningSecret::new(&Secret::new(SECRET)).unwrap()]).unwrap();
        let id = standard.verify(&Request::new(&headers, &body), Utc::now()).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["type"], &body["data"]["id"]), (&"nightly_sync.failed".into(), &id.as_str().into()));
        assert!(body["text"].as_str().unwrap().contains("the sync failed"));
        id
    });
    assert_eq!(ids[0], ids[1]);
}

type Received = (Vec<(String, String)>, Vec<u8>);

fn received(stream: &mut impl Read) -> Received {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer).unwrap();
        bytes.extend_from_slice(&buffer[..read]);
        let Some(at) = bytes.windows(4).position(|part| part == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
        let headers: Vec<(String, String)> = head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length").unwrap().1.parse::<usize>().unwrap();
        if bytes.len() >= at + 4 + length {
            return (headers, bytes[at + 4..].to_vec());
        }
    }
}
