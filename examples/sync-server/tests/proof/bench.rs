//! A place of its own for every test: a directory with a database, listings and a configuration, and servers on it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fs, thread};

use nightly_sync::app::now;
use nightly_sync::store::Jobs;
use nightly_sync::work::{self, Shift, ShiftEvent};
use rusqlite::Connection;
use serde_json::{Value, json};
use tripartite::drive::block_on;
use tripartite::id::SyncKey;
use tripartite::jobs::{JobStore, StoreKey};
use tripartite::queue::{QueueRules, Slot};
use tripartite::tombstone::Tombstones;
use tripartite::webhook::Standard;
use tripartite::work::{Attempted, Queue, Settings};

use crate::client::{Client, standard};

pub(crate) const BALLYBEG: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const DUNMORE: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
pub(crate) const TOKEN: &str = "a token of sixteen bytes";
pub(crate) const HEX: &str = "a secret of our own, as it is";

pub(crate) struct Bench {
    dir: PathBuf,
}

/// A server that runs.
pub(crate) struct Server {
    child: Child,
    said: Mutex<Receiver<String>>,
    pub(crate) address: SocketAddr,
}

impl Bench {
    /// With ballybeg/federation and dunmore/federation enrolled and configured; kilmore/federation, which signs with
    /// hex digits, is configured only.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("webhook-server-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir).unwrap();
        let bench = Self { dir };
        for key in ["ballybeg/federation", "dunmore/federation"] {
            bench.list(key, &BTreeMap::new());
            let listing = bench.listing(key);
            bench.nightly(&["schedule", "--key", key, "--remote", &listing, "--every", "525600"]);
        }
        bench.configure(1_000_000);
        bench
    }

    /// Writes the configuration, with so many messages a minute for ballybeg.
    pub(crate) fn configure(&self, per_minute: u32) {
        for (name, secret) in [("ballybeg", BALLYBEG), ("dunmore", DUNMORE), ("kilmore", HEX)] {
            self.write(&format!("{name}.secret"), &format!("{secret}\n"));
        }
        let secret = |name: &str| json!([format!("file:{}", self.path(&format!("{name}.secret")))]);
        let changes = json!({"member.created": "created", "member.updated": "updated", "member.deleted": "deleted"});
        let shape = json!({"type": "/type", "id": "/data/id", "changes": changes});
        let config = json!({"endpoints": [
            {
                "key": "ballybeg/federation", "secrets": secret("ballybeg"), "shape": shape,
                "per_minute": per_minute, "cap": 2048
            },
            {"key": "dunmore/federation", "secrets": secret("dunmore"), "shape": shape, "per_minute": 1_000_000},
            {"key": "kilmore/federation", "secrets": secret("kilmore"), "shape": shape, "hex_header": "x-signature"},
        ], "status_token": format!("file:{}", self.write("token", TOKEN))});
        self.write("config.json", &config.to_string());
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.dir.join(name), text).unwrap();
        self.path(name)
    }

    fn listing(&self, key: &str) -> String {
        self.path(&format!("{}.jsonl", key.replace('/', "-")))
    }

    /// What the source says from now on: in one piece, as a reader sees the one listing or the other.
    pub(crate) fn list(&self, key: &str, members: &BTreeMap<String, u64>) {
        let line = |(id, phone): (&String, &u64)| format!("{}\n", json!({"id": id, "phone": format!("p{phone}")}));
        let lines: String = members.iter().map(line).collect();
        let next = self.write(&format!("{}.next", key.replace('/', "-")), &lines);
        fs::rename(next, self.listing(key)).unwrap();
    }

    /// A command of nightly-sync on the same database, which succeeds.
    pub(crate) fn nightly(&self, args: &[&str]) {
        assert_eq!(self.nightly_any(args), 0, "{args:?}");
    }

    /// A command of nightly-sync on the same database; its status.
    pub(crate) fn nightly_any(&self, args: &[&str]) -> u8 {
        let db = self.path("members.db");
        let args = [&args[..1], &["--db", &db], &args[1..]].concat();
        nightly_sync::app::execute(args.iter().map(Into::into))
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.dir.join("members.db")
    }

    pub(crate) fn queue(&self) -> Queue<Jobs> {
        work::queue(self.db()).unwrap()
    }

    pub(crate) fn slot(&self, key: &str) -> Slot {
        block_on(self.queue().slot(&sync_key(key))).unwrap().unwrap_or_else(|| Slot::new(now()))
    }

    /// How many messages are known for a key: each that was accepted.
    pub(crate) fn known(&self, key: &str) -> u64 {
        let SyncKey { org, connector } = sync_key(key);
        let under = StoreKey::of("webhook", [org.as_str(), connector.as_str()]);
        self.queue().store().keys(&under, None, usize::from(u16::MAX)).unwrap().len() as u64
    }

    /// The members of a register and their phones, as they are stored.
    pub(crate) fn stored(&self, key: &str) -> BTreeMap<String, u64> {
        let conn = Connection::open(self.dir.join("members.db")).unwrap();
        let Ok(mut statement) = conn.prepare(&format!("SELECT external_id, phone FROM \"members/{key}\"")) else {
            return BTreeMap::new(); // no run has made it yet
        };
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        let rows = statement.query_map([], row).unwrap().map(Result::unwrap);
        rows.map(|(id, phone)| (id, phone.trim_start_matches('p').parse().unwrap())).collect()
    }

    /// Who is said to be gone, and was not looked at yet.
    pub(crate) fn tombstones(&self, key: &str) -> Tombstones {
        let SyncKey { org, connector } = sync_key(key);
        let key = StoreKey::of("tombstones", [org.as_str(), connector.as_str()]);
        let stored = block_on(self.queue().store().get(&key)).unwrap();
        stored.map_or_else(Tombstones::default, |stored| serde_json::from_slice(&stored.row.bytes).unwrap())
    }

    /// The members of a register that are active.
    pub(crate) fn active(&self, key: &str) -> Vec<String> {
        let conn = Connection::open(self.db()).unwrap();
        let sql = format!("SELECT external_id FROM \"members/{key}\" WHERE active ORDER BY external_id");
        let mut statement = conn.prepare(&sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Works in this process until nothing runs or waits; what it attempted.
    pub(crate) fn drain(&self) -> Vec<Attempted> {
        let mut attempted = Vec::new();
        let shift = Shift {
            db: self.dir.join("members.db").into(),
            workers: 1,
            until_idle: true,
            settings: quick(),
            rules: QueueRules::default().backoff(work::backoff(1)),
            bell: Arc::default(),
            now,
        };
        shift
            .work(|told| {
                if let ShiftEvent::Attempted(attempt) = told {
                    attempted.push(*attempt);
                }
            })
            .unwrap();
        attempted
    }

    /// A command line for the server.
    pub(crate) fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_webhook-server"));
        let (db, config) = (self.path("members.db"), self.path("config.json"));
        command.args([
            "--db",
            &db,
            "--config",
            &config,
            "--listen",
            "127.0.0.1:0",
            "--spacing",
            "0",
            "--lease",
            "1",
            "--backoff",
            "1",
        ]);
        command.args(more).stdout(Stdio::piped()).stderr(Stdio::inherit());
        command
    }

    pub(crate) fn serve(&self, workers: usize) -> Server {
        Self::start(&mut self.command(&["--workers", &workers.to_string()]))
    }

    /// A server with something in its environment.
    pub(crate) fn serve_with(&self, workers: usize, variables: &[(&str, &str)]) -> Server {
        let mut command = self.command(&["--workers", &workers.to_string()]);
        Self::start(command.envs(variables.iter().copied()))
    }

    /// A server with workers whose leases last, however slow the machine is.
    pub(crate) fn serve_at_leisure(&self, workers: usize) -> Server {
        Self::start(&mut self.command(&["--workers", &workers.to_string(), "--lease", "300"]))
    }

    /// A server that takes in, with other limits.
    pub(crate) fn serve_within(&self, connections: usize, patience: u64) -> Server {
        let (connections, patience) = (connections.to_string(), patience.to_string());
        let limits = ["--workers", "0", "--connections", &connections, "--patience", &patience];
        Self::start(&mut self.command(&limits))
    }

    fn start(command: &mut Command) -> Server {
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (say, said) = channel();
        // Read all the time: a server whose log nobody reads any more would wait for its reader.
        let read = move || stdout.lines().map_while(Result::ok).try_for_each(|line| say.send(line));
        let _ = thread::Builder::new().spawn(read).unwrap();
        let address = said.recv().unwrap().strip_prefix("listening on http://").unwrap().parse().unwrap();
        Server { child, said: Mutex::new(said), address }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

impl Server {
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address).unwrap()
    }

    /// Kills it with SIGKILL: it has no chance to do anything.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, waits until it has, and gives what it has said.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<String>) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        let lines = self.said.lock().unwrap().iter().collect();
        (self.child.wait().unwrap(), lines)
    }

    /// What became of the requests so far.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        let status = self.client().get("/status").unwrap().json();
        serde_json::from_value(status["requests"].clone()).unwrap()
    }

    /// How a key stands.
    pub(crate) fn standing(&self, key: &str) -> Option<Value> {
        let status = self.client().get("/status").unwrap().json();
        let keys = status["keys"].as_array().unwrap().clone();
        keys.into_iter()
            .find(|one| one["key"] == serde_json::to_value(sync_key(key)).unwrap())
            .map(|mut one| one["status"].take())
    }

    /// Reads on in what it says until something is in a line.
    pub(crate) fn until(&self, what: &str) {
        assert!(self.said.lock().unwrap().iter().any(|line| line.contains(what)), "it never said `{what}`");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Leases so short that a killed worker's job is soon somebody else's.
pub(crate) fn quick() -> Settings {
    let mut settings = Settings::default().lease(Duration::from_secs(1));
    settings.gate.spacing = Duration::ZERO;
    settings
}

pub(crate) fn sync_key(key: &str) -> SyncKey {
    let (org, connector) = key.split_once('/').unwrap();
    SyncKey { org: org.parse().unwrap(), connector: connector.parse().unwrap() }
}

pub(crate) fn sender(key: &str) -> Standard {
    standard(if key.starts_with("dunmore") { DUNMORE } else { BALLYBEG })
}

/// A number of the environment, for those who let it run for longer than CI does.
pub(crate) fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

/// Dice that fall the same way every time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
