//! A server of the tests' own, on a socket in a directory that goes with them.
//!
//! | the environment | what the tests use |
//! |---|---|
//! | `TRIPARTITE_POSTGRES_URL` | the server at this address; each test has a schema of its own there, which stays if it fails |
//! | none, and PostgreSQL is installed | a new cluster, started once for all tests of the process |
//! | none, and PostgreSQL is missing | nothing: the process says so and ends without a test |
//! | as before, and `TRIPARTITE_POSTGRES_REQUIRED` is set | nothing, and that is a failure |

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs};

use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::{Builder, Handle, Runtime};
use tripartite::drive::block_on;
use tripartite_postgres::format;
use tripartite_postgres::pool::Pool;
use tripartite_postgres::tokio_postgres::{self, Client, NoTls};

/// The server of all tests of this process.
pub(crate) fn address() -> &'static str {
    static ADDRESS: OnceLock<String> = OnceLock::new();
    ADDRESS.get_or_init(|| match env::var("TRIPARTITE_POSTGRES_URL") {
        Ok(address) => address,
        Err(_) => {
            // It ends when this process does, so it is never dropped.
            let cluster: &'static Cluster = Box::leak(Box::new(Cluster::new(&["-c", "fsync=off"])));
            cluster.address()
        }
    })
}

/// The runtime of all connections.
pub(crate) fn runtime() -> &'static Handle {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()).handle()
}

/// A pool of a few connections.
pub(crate) fn pool(connections: usize) -> Pool {
    Pool::on(runtime(), address()).unwrap().at_most(connections)
}

/// A schema of a test's own, with the tables in it.
pub(crate) struct Place {
    pub(crate) pool: Pool,
    pub(crate) schema: String,
}

impl Place {
    pub(crate) fn new(connections: usize) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let schema = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let pool = pool(connections);
        block_on(format::migrate(&pool, &schema)).unwrap();
        Self { pool, schema }
    }
}

/// A client that knows nothing of the crate.
pub(crate) struct Sql(Client);

impl Sql {
    pub(crate) fn new() -> Self {
        Self::at(address())
    }

    pub(crate) fn at(address: &str) -> Self {
        let config: tokio_postgres::Config = address.parse().unwrap();
        let open = runtime().spawn(async move {
            let (client, connection) = config.connect(NoTls).await?;
            tokio::spawn(connection);
            Ok::<_, tokio_postgres::Error>(client)
        });
        Self(block_on(open).unwrap().unwrap())
    }

    /// Carries out statements.
    #[track_caller]
    pub(crate) fn run(&self, sql: &str) {
        self.try_run(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    pub(crate) fn try_run(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        block_on(self.0.batch_execute(sql))
    }

    /// Carries out a statement that must concern one row.
    #[track_caller]
    pub(crate) fn change(&self, sql: &str) {
        let changed = block_on(self.0.execute(sql, &[])).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        assert_eq!(changed, 1, "{sql}");
    }

    /// One value, as text.
    #[track_caller]
    pub(crate) fn value(&self, sql: &str) -> Option<String> {
        let row = block_on(self.0.query_opt(&format!("SELECT ({sql})::text"), &[]));
        row.unwrap_or_else(|error| panic!("{sql}: {error:?}")).and_then(|row| row.get(0))
    }
}

/// Text as SQL quotes it.
pub(crate) fn quoted(text: &str, mark: char) -> String {
    format!("{mark}{}{mark}", text.replace(mark, &format!("{mark}{mark}")))
}

/// A cluster in a directory of its own.
pub(crate) struct Cluster {
    dir: PathBuf,
    bin: PathBuf,
    user: Option<User>,
    settings: Vec<String>,
    /// Stops the server and removes the directory once this process has closed its end of a pipe, however it ended.
    watch: Option<Child>,
}

impl Cluster {
    /// # Panics
    /// When there is no PostgreSQL, and some is required. When none is, the process ends.
    pub(crate) fn new(settings: &[&str]) -> Self {
        let cluster = Self::without_data(settings);
        let initdb = ["--auth=trust", "--encoding=UTF8", "--no-locale", "--username=postgres", "--no-sync", "-D"];
        assert!(cluster.run("initdb", &initdb, &cluster.dir.join("data")), "initdb: {}", cluster.log());
        cluster.start();
        cluster
    }

    /// One that cannot be started yet.
    pub(crate) fn without_data(settings: &[&str]) -> Self {
        let bin = programs().unwrap_or_else(|| missing());
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tripartite-pg-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        // A socket's path has at most 107 bytes.
        let dir = Path::new("/tmp").join(name);
        fs::create_dir(&dir).unwrap();
        let user = User::unprivileged();
        if let Some(user) = &user {
            std::os::unix::fs::chown(&dir, Some(user.id), Some(user.group)).unwrap();
        }
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        Self { watch: Some(watch(&bin, &dir, user.as_ref())), dir, bin, user, settings }
    }

    /// Starts it as a standby of another one, with its data anew.
    pub(crate) fn follow(&self, primary: &Self) {
        let (data, from) = (self.dir.join("data"), primary.dir.to_str().unwrap());
        let _ = fs::remove_dir_all(&data);
        let copy = ["-h", from, "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync", "-D"];
        assert!(self.run("pg_basebackup", &copy, &data), "pg_basebackup: {}", primary.log());
        self.start();
    }

    /// Lets every machine in, without a password.
    pub(crate) fn let_in(&self) {
        let path = self.dir.join("data/pg_hba.conf");
        let rules = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{rules}host all all 0.0.0.0/0 trust\n")).unwrap();
    }

    /// The first process of the server.
    fn first_process(&self) -> Option<i32> {
        let file = fs::read_to_string(self.dir.join("data/postmaster.pid")).ok()?;
        file.lines().next()?.parse().ok()
    }

    /// Sends a signal to all processes of the server, the first one first.
    pub(crate) fn signal(&self, signal: Signal) {
        let first = self.first_process().unwrap();
        let of = |process: &fs::DirEntry| -> Option<(i32, i32)> {
            let stat = fs::read_to_string(process.path().join("stat")).ok()?;
            let (number, rest) = (stat.split(' ').next()?, stat.rsplit_once(')')?.1);
            Some((number.parse().ok()?, rest.split(' ').nth(2)?.parse().ok()?))
        };
        let all: Vec<_> = fs::read_dir("/proc").unwrap().flatten().filter_map(|process| of(&process)).collect();
        let children = all.into_iter().filter(|(_, parent)| *parent == first).map(|(number, _)| number);
        for number in std::iter::once(first).chain(children) {
            // It may have ended by itself meanwhile.
            let _ = kill_process(Pid::from_raw(number).unwrap(), signal);
        }
    }

    /// Starts the server, also one that was killed.
    pub(crate) fn start(&self) {
        let options = format!("-k {} -c listen_addresses= {}", self.dir.display(), self.settings.join(" "));
        let (log, data) = (self.dir.join("log"), self.dir.join("data"));
        let start = ["start", "-w", "-t", "60", "-s", "-l", log.to_str().unwrap(), "-o", &options, "-D"];
        // Processes of a server that was killed are there for a moment longer, and keep it from starting.
        assert!((0..60).any(|_| self.run("pg_ctl", &start, &data)), "pg_ctl start: {}", self.log());
    }

    /// Starts it anew with more settings.
    pub(crate) fn restart(&mut self, settings: &[(&str, &str)]) {
        self.stop_at_once();
        self.settings.extend(settings.iter().flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]));
        self.start();
    }

    /// Puts a file beside its data, which only its owner reads.
    pub(crate) fn keep(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.join(name);
        let options = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        options.unwrap().write_all(text.as_bytes()).unwrap();
        if let Some(user) = &self.user {
            std::os::unix::fs::chown(&path, Some(user.id), Some(user.group)).unwrap();
        }
        path
    }

    /// Stops the server as a crash does: it syncs nothing more.
    pub(crate) fn stop_at_once(&self) {
        assert!(self.run("pg_ctl", &["stop", "-m", "immediate", "-s", "-D"], &self.dir.join("data")), "{}", self.log());
    }

    /// Kills the first process of the server, as a machine that goes down does.
    pub(crate) fn kill(&self) {
        kill_process(self.first_process().and_then(Pid::from_raw).unwrap(), Signal::KILL).unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    pub(crate) fn address(&self) -> String {
        format!("host={} user=postgres dbname=postgres", self.dir.display())
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.join(".s.PGSQL.5432")
    }

    /// Whether a program of the server did what it was told.
    fn run(&self, program: &str, arguments: &[&str], data: &Path) -> bool {
        let mut command = Command::new(self.bin.join(program));
        command.args(arguments).arg(data).current_dir(&self.dir);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(user) = &self.user {
            command.uid(user.id).gid(user.group);
        }
        command.status().unwrap().success()
    }

    /// What a client program of the server says.
    pub(crate) fn client(&self, program: &str, arguments: &[&str]) -> Vec<u8> {
        let socket = self.dir.to_str().unwrap();
        let mut command = Command::new(self.bin.join(program));
        let done = command.args(["-h", socket, "-U", "postgres"]).args(arguments).output().unwrap();
        assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut watch) = self.watch.take() {
            drop(watch.stdin.take());
            let _ = watch.wait();
        }
    }
}

fn watch(bin: &Path, dir: &Path, user: Option<&User>) -> Child {
    let script = "trap '' INT TERM HUP; cat >/dev/null; \"$0/pg_ctl\" stop -s -m immediate -D \"$1/data\" 2>/dev/null; rm -rf \"$1\"";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).arg(bin).arg(dir).current_dir("/").stdin(Stdio::piped());
    command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    if let Some(user) = user {
        command.uid(user.id).gid(user.group);
    }
    command.spawn().unwrap()
}

/// Whom a server runs as: it refuses to run as root.
struct User {
    id: u32,
    group: u32,
}

impl User {
    /// `None` where this process is no root itself.
    fn unprivileged() -> Option<Self> {
        let id = Command::new("id").arg("-u").output().unwrap();
        if id.stdout.trim_ascii() != b"0" {
            return None;
        }
        let users = fs::read_to_string("/etc/passwd").unwrap();
        let of = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut parts = line.split(':').skip(2).map(|part| part.parse().ok());
            Some(Self { id: parts.next()??, group: parts.next()?? })
        };
        Some(of("postgres").or_else(|| of("nobody")).unwrap())
    }
}

/// Where the programs of a server are.
pub(crate) fn programs() -> Option<PathBuf> {
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.and_then(|told| Some(PathBuf::from(String::from_utf8(told.stdout).ok()?.trim())));
    let mut all: Vec<_> = told.into_iter().collect();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debian: Vec<_> = debian.map(|version| version.path().join("bin")).collect();
    debian.sort();
    all.extend(debian.into_iter().rev());
    all.into_iter().find(|bin| bin.join("initdb").exists() && bin.join("pg_ctl").exists())
}

#[expect(clippy::exit, reason = "without a server there is nothing to test")]
fn missing() -> ! {
    let what = "there is no PostgreSQL: neither TRIPARTITE_POSTGRES_URL, nor initdb and pg_ctl";
    assert!(env::var_os("TRIPARTITE_POSTGRES_REQUIRED").is_none(), "{what}");
    // Past the capture of the tests' output.
    let _ =
        writeln!(std::io::stderr().lock(), "\n== LEFT OUT: THE STORES ON POSTGRESQL WERE NOT TESTED, for {what}.\n");
    std::process::exit(0)
}
