//! Clusters of the tests' own, on the loopback interface, in directories that go with them.
//!
//! | the environment | what the tests use |
//! |---|---|
//! | `TRIPARTITE_ETCD_BIN` | the program `etcd` in this directory |
//! | none, and `etcd` is installed | that one |
//! | none, and `etcd` is missing | nothing: the process says so and ends without a test |
//! | as before, and `TRIPARTITE_ETCD_REQUIRED` is set | nothing, and that is a failure |

#[path = "waiting.rs"]
mod waiting;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, fs};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Handle, Runtime};
use tripartite::drive::block_on;
use tripartite_etcd::address::Address;
use tripartite_etcd::jobs::EtcdJobStore;

#[allow(unused_imports, reason = "the benchmark and nightly-sync need less of it")]
pub(crate) use self::waiting::{begin, pause, until};

/// One node for all tests of this process.
pub(crate) fn one() -> &'static Cluster {
    static ONE: OnceLock<Cluster> = OnceLock::new();
    // They end when this process does, so they are never dropped.
    ONE.get_or_init(|| Cluster::new(1, &[]))
}

/// Three nodes for all tests of this process, none of which ends any.
pub(crate) fn three() -> &'static Cluster {
    static THREE: OnceLock<Cluster> = OnceLock::new();
    THREE.get_or_init(|| Cluster::new(3, &[]))
}

/// The runtime of all connections.
pub(crate) fn runtime() -> &'static Handle {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()).handle()
}

/// A namespace that no other test has.
pub(crate) fn namespace() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("t{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn open(address: &Address) -> EtcdJobStore {
    block_on(EtcdJobStore::open_on(runtime(), address)).unwrap()
}

/// Some nodes in a directory of their own.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    /// Removes the directory once this process has closed its end of a pipe, however it ended.
    watch: Option<Child>,
}

/// Where a node is: its addresses, its data, and the command within which it runs.
pub(crate) struct Place {
    pub(crate) client: String,
    pub(crate) peer: String,
    pub(crate) data: PathBuf,
    pub(crate) within: Vec<String>,
}

/// A node that can be killed and started again.
pub(crate) struct Node {
    /// Host and port of clients.
    pub(crate) client: String,
    /// The command within which it runs, such as one that enters a network.
    within: Vec<String>,
    dir: PathBuf,
    arguments: Vec<String>,
    /// Kills the node once this process has closed its end of a pipe.
    process: Option<Child>,
}

impl Cluster {
    /// # Panics
    /// When there is no etcd, and some is required. When none is, the process ends.
    pub(crate) fn new(nodes: usize, settings: &[&str]) -> Self {
        Self::with("http", nodes, settings)
    }

    /// The same for clients that speak another scheme.
    pub(crate) fn with(scheme: &str, nodes: usize, settings: &[&str]) -> Self {
        let places = |dir: &Path| {
            let host = |number: usize| Place {
                client: format!("127.0.0.1:{}", free_port()),
                peer: format!("127.0.0.1:{}", free_port()),
                data: dir.join(number.to_string()),
                within: Vec::new(),
            };
            (0..nodes).map(host).collect()
        };
        Self::at(scheme, places, settings)
    }

    /// Nodes at places of the caller's, in a directory that is given to it.
    pub(crate) fn at(scheme: &str, places: impl FnOnce(&Path) -> Vec<Place>, settings: &[&str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tripartite-etcd-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = fast_directory().join(name);
        fs::create_dir(&dir).unwrap();
        let watch = Some(watch(&dir));
        let places = places(&dir);
        let peers = places.iter().enumerate().map(|(number, place)| format!("n{number}=http://{}", place.peer));
        let peers = peers.collect::<Vec<_>>().join(",");
        let nodes = places.into_iter().enumerate().map(|(number, place)| {
            let Place { client, peer, data, within } = place;
            let mut arguments = vec![
                format!("--name=n{number}"),
                format!("--data-dir={}", data.display()),
                format!("--listen-client-urls={scheme}://{client}"),
                format!("--advertise-client-urls={scheme}://{client}"),
                format!("--listen-peer-urls=http://{peer}"),
                format!("--initial-advertise-peer-urls=http://{peer}"),
                format!("--initial-cluster={peers}"),
            ];
            arguments.extend(settings.iter().map(|&setting| setting.to_owned()));
            Node { client, within, dir: dir.clone(), arguments, process: None }
        });
        let mut cluster = Self { nodes: nodes.collect(), watch };
        cluster.nodes.iter_mut().for_each(Node::start);
        if scheme == "http" {
            cluster.wait();
        }
        cluster
    }

    /// Waits until there is a leader.
    #[track_caller]
    pub(crate) fn wait(&self) {
        let has_leader = || self.nodes.iter().any(|node| node.leads() == Some(true));
        until("a leader", Duration::from_secs(60), has_leader);
    }

    /// Starts all nodes anew, from a snapshot of one.
    pub(crate) fn restore(&mut self, snapshot: &Path) {
        self.nodes.iter_mut().for_each(Node::stop);
        self.nodes.iter().for_each(|node| node.restore(snapshot));
        self.nodes.iter_mut().for_each(Node::start);
        self.wait();
    }

    pub(crate) fn leader(&self) -> usize {
        let leading = || self.nodes.iter().position(|node| node.leads() == Some(true));
        until("a leader", Duration::from_secs(60), || leading().is_some());
        leading().unwrap_or_default()
    }

    /// A namespace of its own, over all nodes.
    pub(crate) fn address(&self) -> Address {
        let nodes: Vec<_> = self.nodes.iter().map(|node| node.client.as_str()).collect();
        format!("etcd://{}/{}", nodes.join(","), namespace()).parse().unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.nodes.clear();
        if let Some(mut watch) = self.watch.take() {
            drop(watch.stdin.take());
            let _ = watch.wait();
        }
    }
}

impl Node {
    /// Starts it, also if it was killed.
    pub(crate) fn start(&mut self) {
        self.stop();
        let program = program().unwrap_or_else(|| missing());
        let script = "\"$@\" >>\"$0.log\" 2>&1 & echo $! >\"$0.pid\"; trap '' INT TERM HUP; cat >/dev/null; kill -9 $!";
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", script])
            .arg(self.file())
            .args(&self.within)
            .arg(program)
            .args(&self.arguments)
            .stdin(Stdio::piped());
        let _ = fs::remove_file(self.file().with_extension("pid"));
        self.process = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        until("its process", Duration::from_secs(10), || self.pid().is_some());
    }

    fn file(&self) -> PathBuf {
        self.dir.join(self.client.replace([':', '.'], "-"))
    }

    fn pid(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.file().with_extension("pid")).ok()?;
        Pid::from_raw(text.trim().parse().ok()?)
    }

    /// Sends a signal to it.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid().unwrap(), signal).unwrap();
    }

    /// Kills it.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            drop(process.stdin.take());
            let _ = process.wait();
        }
    }

    /// Puts a snapshot into a file, while it works.
    pub(crate) fn save(&self, snapshot: &Path) {
        // A read that is not stale: from then on the node has all that was acknowledged before.
        self.ask("kv/range", &json!({"key": "AA=="})).unwrap();
        let endpoint = format!("--endpoints={}", self.client);
        let mut save = Command::new(tool("etcdctl").unwrap());
        let done = save.env("ETCDCTL_API", "3").args([&endpoint, "snapshot", "save"]).arg(snapshot).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    fn restore(&self, snapshot: &Path) {
        let of = |name: &str| self.arguments.iter().find(|argument| argument.starts_with(name)).unwrap();
        let data = of("--data-dir=");
        fs::remove_dir_all(&data["--data-dir=".len()..]).unwrap();
        // Later versions have a program of its own for it.
        let mut restore = Command::new(tool("etcdutl").or_else(|| tool("etcdctl")).unwrap());
        restore.env("ETCDCTL_API", "3").args(["snapshot", "restore"]).arg(snapshot).arg(data);
        restore.args(["--name=", "--initial-cluster=", "--initial-advertise-peer-urls="].map(of));
        let done = restore.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Asks it by the gateway for JSON; `None` if it does not answer as it should.
    pub(crate) fn ask(&self, path: &str, body: &Value) -> Option<Value> {
        let mut stream = TcpStream::connect_timeout(&self.client.parse().ok()?, Duration::from_secs(1)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let (host, body) = (&self.client, body.to_string());
        let length = body.len();
        let request = format!(
            "POST /v3/{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let body = body.lines().find(|line| line.starts_with('{'))?;
        head.starts_with("HTTP/1.1 200").then(|| serde_json::from_str(body).ok())?
    }

    /// Whether it is the leader; `None` if it does not answer.
    pub(crate) fn leads(&self) -> Option<bool> {
        let status = self.ask("maintenance/status", &json!({}))?;
        Some(status["leader"] == status["header"]["member_id"])
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// In memory, if there is such a place and the environment names no other: only what is measured waits for a disk.
pub(crate) fn fast_directory() -> PathBuf {
    if let Some(told) = env::var_os("TRIPARTITE_ETCD_DIR") {
        return PathBuf::from(told);
    }
    let shared = Path::new("/dev/shm");
    if shared.is_dir() { shared.to_owned() } else { env::temp_dir() }
}

fn watch(dir: &Path) -> Child {
    let script = "trap '' INT TERM HUP; cat >/dev/null; rm -rf \"$0\"";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).arg(dir).current_dir("/").stdin(Stdio::piped());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Where etcd is.
pub(crate) fn program() -> Option<PathBuf> {
    tool("etcd")
}

fn tool(name: &str) -> Option<PathBuf> {
    let told = env::var_os("TRIPARTITE_ETCD_BIN").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let all = told.into_iter().chain(env::split_paths(&path));
    all.map(|dir| dir.join(name)).find(|program| program.is_file())
}

#[expect(clippy::exit, reason = "without a cluster there is nothing to test")]
fn missing() -> ! {
    let what = "there is no etcd: neither TRIPARTITE_ETCD_BIN, nor a program `etcd`";
    assert!(env::var_os("TRIPARTITE_ETCD_REQUIRED").is_none(), "{what}");
    // Past the capture of the tests' output.
    let _ = writeln!(std::io::stderr().lock(), "\n== LEFT OUT: THE JOBS ON ETCD WERE NOT TESTED, for {what}.\n");
    std::process::exit(0)
}
