//! A directory with a database, a listing and a server of its own, and a sender that signs.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::Utc;
use nightly_sync::work;
use rusqlite::Connection;
use tripartite::drive::block_on;
use tripartite::id::SyncKey;
use tripartite::queue::{Slot, State};
use tripartite::registry::Secret;
use tripartite::webhook::{MessageId, SigningSecret, Standard};

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const TOKEN: &str = "a token of sixteen bytes";
pub(crate) const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

pub(crate) struct Bench {
    dir: PathBuf,
}

pub(crate) struct Server {
    child: Child,
    address: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

pub(crate) fn standard(secret: &str) -> Standard {
    Standard::new([SigningSecret::new(&Secret::new(secret)).unwrap()]).unwrap()
}

pub(crate) fn key() -> SyncKey {
    SyncKey { org: "ballybeg".parse().unwrap(), connector: "federation".parse().unwrap() }
}

/// The headers of a message.
pub(crate) fn signed(secret: &str, id: &str, age: i64, body: &str) -> Vec<(String, String)> {
    let at = Utc::now() - chrono::TimeDelta::seconds(age);
    let headers = standard(secret).sign(&MessageId::new(id).unwrap(), at, body.as_bytes());
    headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(crate) fn event(kind: &str, member: &str) -> String {
    format!("{{\"type\": \"member.{kind}\", \"data\": {{\"id\": \"{member}\"}}}}")
}

/// So many members, with a phone of this generation.
pub(crate) fn members(count: u32, generation: u32) -> String {
    (1..=count)
        .map(|n| format!("{{\"id\": \"M{n}\", \"name\": \"N{n}\", \"phone\": \"p{n}-{generation}\"}}\n"))
        .collect()
}

impl Bench {
    /// An organisation that is enrolled and in step, and a configuration that lets so many messages a minute in.
    pub(crate) fn new(listing: &str, per_minute: u32) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("webhook-server-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir).unwrap();
        let bench = Self { dir };
        bench.write("listing.jsonl", listing);
        bench.write("secret", SECRET);
        let config = serde_json::json!({"endpoints": [{
            "key": "ballybeg/federation",
            "secrets": [format!("file:{}", bench.path("secret"))],
            "shape": {
                "type": "/type",
                "id": "/data/id",
                "changes": {"member.created": "created", "member.updated": "updated", "member.deleted": "deleted"},
            },
            "per_minute": per_minute,
            "cap": 4096,
        }], "status_token": format!("file:{}", bench.path("token"))});
        bench.write("token", TOKEN);
        bench.write("config.json", &config.to_string());
        bench.host(&["schedule", "--key", "ballybeg/federation", "--remote", &bench.path("listing.jsonl")]);
        bench.host(&["trigger", "--key", "ballybeg/federation"]);
        bench.host(&["work", "--until-idle", "--spacing", "0"]);
        bench
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        // Renamed into place, as a source would: a run never reads half a listing.
        let beside = self.dir.join(format!("{name}.part"));
        fs::write(&beside, text).unwrap();
        fs::rename(beside, self.dir.join(name)).unwrap();
    }

    /// A command of `nightly-sync` on the same database, within this process.
    pub(crate) fn host(&self, args: &[&str]) {
        assert_eq!(self.host_any(args), 0);
    }

    /// A command of `nightly-sync` on the same database, whatever its status.
    pub(crate) fn host_any(&self, args: &[&str]) -> u8 {
        let db = self.path("club.db");
        let args = [&args[..1], &["--db", &db], &args[1..]].concat();
        nightly_sync::app::execute(args.into_iter().map(Into::into))
    }

    pub(crate) fn serve(&self, more: &[&str]) -> Server {
        let (db, config) = (self.path("club.db"), self.path("config.json"));
        let args = [&["--db", &db, "--config", &config, "--listen", "127.0.0.1:0", "--spacing", "0"], more].concat();
        let mut child = Command::new(env!("CARGO_BIN_EXE_webhook-server"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("it says where it listens").unwrap();
            if let Some(address) = line.strip_prefix("listening on http://") {
                break address.to_owned();
            }
        };
        // What it says from here on is read, so that it never waits for a reader.
        #[expect(clippy::disallowed_methods, reason = "a process is read on a thread of its own")]
        let _ = std::thread::spawn(move || lines.for_each(drop));
        Server { child, address }
    }

    pub(crate) fn slot(&self) -> Slot {
        let queue = work::queue(self.dir.join("club.db").as_path()).unwrap();
        block_on(queue.slot(&key())).unwrap().unwrap()
    }

    /// Waits until everything that was accepted is done.
    pub(crate) fn settle(&self) -> Slot {
        for _ in 0..1200 {
            let slot = self.slot();
            if slot.state == State::Idle && slot.covered == slot.wanted && slot.unflushed.is_empty() {
                return slot;
            }
            wait(50);
        }
        panic!("not done after a minute: {:?}", self.slot());
    }

    fn database(&self) -> Connection {
        let conn = Connection::open(self.dir.join("club.db")).unwrap();
        conn.busy_timeout(Duration::from_secs(10)).unwrap();
        conn
    }

    /// What somebody at the club does by SQL.
    pub(crate) fn edit(&self, sql: &str) {
        self.database().execute(sql, []).unwrap();
    }

    pub(crate) fn value(&self, sql: &str) -> Option<String> {
        self.database().query_row(&format!("SELECT CAST(({sql}) AS TEXT)"), [], |row| row.get(0)).unwrap()
    }
}

impl Server {
    pub(crate) fn post(&self, path: &str, headers: &[(String, String)], body: &str) -> Option<Answer> {
        let mut head = format!("POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        self.send(&format!("{head}content-length: {}\r\n\r\n{body}", body.len()))
    }

    pub(crate) fn get(&self, path: &str) -> Option<Answer> {
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\r\n"
        ))
    }

    /// A request without a body, and with these lines in its head.
    pub(crate) fn ask(&self, method: &str, path: &str, lines: &str) -> Option<Answer> {
        self.send(&format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{lines}\r\n"))
    }

    /// A message about a member, signed as it should be.
    pub(crate) fn tell(&self, id: &str, kind: &str, member: &str) -> Option<Answer> {
        let body = event(kind, member);
        self.post("/webhooks/ballybeg/federation", &signed(SECRET, id, 0, &body), &body)
    }

    fn send(&self, request: &str) -> Option<Answer> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        // A server that has read enough may close before the end of what is sent.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, if it still runs.
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// SIGTERM; the exit status.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap().code()
    }
}

/// A test that fails leaves no process behind.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

#[expect(clippy::disallowed_methods, reason = "the test waits for another process")]
pub(crate) fn wait(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}
