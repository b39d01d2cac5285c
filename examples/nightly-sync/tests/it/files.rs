//! Files: what is written whole and for its owner alone, what is never overwritten, and what is not waited for.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "a test of a process has a clock and threads")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::{Bench, Ran, members};

const KEY: &str = "ballybeg/federation";

fn mode(path: &str) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn fifo(path: &str) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// The program, with its standard output somewhere else.
fn to(path: &str, args: &[&str]) -> i32 {
    let out = fs::OpenOptions::new().write(true).open(path).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightly-sync"));
    command.args(args).stdout(out).stderr(Stdio::null()).status().unwrap().code().unwrap()
}

impl Bench {
    /// With the database, which every command has.
    pub(crate) fn on(&self, args: &[&str]) -> Ran {
        let db = self.path("members.db");
        self.program(&[&args[..1], &["--db", &db], &args[1..]].concat())
    }

    /// Three members, one more run of them, and a scheduled register with an attempt.
    fn used(&self) -> String {
        self.sync(&members(1..=3));
        let listing = self.write("scheduled.jsonl", members(1..=3));
        assert_eq!(self.on(&["schedule", "--key", KEY, "--remote", &listing]).status, 0);
        assert_eq!(self.on(&["trigger", "--key", KEY]).status, 0);
        assert_eq!(self.on(&["work", "--until-idle", "--spacing", "0"]).status, 0);
        self.write("schema.json", "{\"fields\": {\"name\": {\"kind\": \"text\"}, \"phone\": {\"kind\": \"text\"}}}")
    }
}

/// Each output of each command, as its arguments in front of the file.
fn outputs(bench: &Bench) -> [Vec<String>; 2] {
    let schema = bench.path("schema.json");
    let listing = bench.path("listing.jsonl");
    let plan = ["plan", "--remote", &listing, "--schema", &schema, "--out"];
    [plan.map(str::to_owned).to_vec(), ["report", "--html"].map(str::to_owned).to_vec()]
}

fn into(bench: &Bench, output: &[String], file: &str) -> Ran {
    bench.on(&output.iter().map(String::as_str).chain([file]).collect::<Vec<_>>())
}

#[test]
fn no_output_is_written_over_a_file_that_is_read_under_whatever_name() {
    let bench = Bench::new();
    bench.used();
    let link = |name: &str, to: &str| {
        symlink(bench.path(to), bench.path(name)).unwrap();
        bench.path(name)
    };
    let hard = bench.path("hard.db");
    fs::hard_link(bench.db(), &hard).unwrap();
    symlink(bench.path(""), bench.path("there")).unwrap();
    let files = [
        bench.path("members.db"),
        bench.path("members.db-wal"),
        bench.path("members.db-shm"),
        bench.path("members.db-journal"),
        bench.path("scheduled.jsonl"),
        link("soft.db", "members.db"),
        link("soft.jsonl", "scheduled.jsonl"),
        hard,
        bench.path("./there/members.db"),
        bench.path("there/members.db-wal"),
    ];
    let before = (bench.bytes(), fs::read(bench.path("scheduled.jsonl")).unwrap(), bench.files());
    for output in outputs(&bench) {
        for file in &files {
            let ran = into(&bench, &output, file);
            assert_eq!(ran.status, 1, "{output:?} {file}: {}", ran.stdout);
            assert!(ran.stderr.contains("is the same file as"), "{file}: {}", ran.stderr);
            assert_eq!((bench.bytes(), fs::read(bench.path("scheduled.jsonl")).unwrap(), bench.files()), before);
        }
    }
    for read in ["listing.jsonl", "schema.json"] {
        let ran = into(&bench, &outputs(&bench)[0], &bench.path(read));
        assert!(ran.status == 1 && ran.stderr.contains("is the same file as the "), "{}", ran.stderr);
    }
}

#[test]
fn no_output_is_written_over_a_file_of_another_kind() {
    let bench = Bench::new();
    bench.used();
    let theirs = bench.write("theirs", "precious\n");
    let [plan, page] = outputs(&bench);
    for output in [&plan, &page] {
        let ran = into(&bench, output, &theirs);
        assert!(ran.status == 1 && ran.stderr.contains("is there already and is no"), "{}", ran.stderr);
        for device in ["/dev/null", &bench.path("")] {
            let ran = into(&bench, output, device);
            assert!(ran.status == 1 && ran.stderr.contains("is no regular file"), "{}", ran.stderr);
        }
    }
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "precious\n");
    let (first, second) = (bench.path("a"), bench.path("b"));
    for _ in 0..2 {
        assert_eq!(into(&bench, &plan, &first).status, 0, "its own kind is replaced");
        assert_eq!(into(&bench, &page, &second).status, 0, "its own kind is replaced");
    }
    assert_eq!((into(&bench, &plan, &second).status, into(&bench, &page, &first).status), (1, 1));
}

#[test]
fn an_output_is_its_owners_alone_follows_no_link_and_leaves_nothing_beside_it() {
    let bench = Bench::new();
    bench.used();
    let victim = bench.write("victim", "");
    for (at, output) in outputs(&bench).iter().enumerate() {
        let file = bench.path(&format!("out-{at}"));
        symlink(&victim, format!("{file}.part")).unwrap();
        symlink(&victim, &file).unwrap();
        assert_eq!(into(&bench, output, &file).status, 0);
        assert_eq!(fs::read(&victim).unwrap(), b"", "what a link leads to is not written");
        assert!(fs::symlink_metadata(&file).unwrap().is_file());
        fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
        assert_eq!(into(&bench, output, &file).status, 0);
        assert_eq!(mode(&file), 0o600, "also when it replaces one that others could read");
    }
    let before = bench.files();
    let ran = into(&bench, &outputs(&bench)[1], &bench.path("missing/page.html"));
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    assert_eq!(bench.files(), before);
    assert!(before.iter().all(|file| !file.starts_with(".nightly-sync-")), "{before:?}");
}

#[test]
fn a_database_is_its_owners_alone_whichever_command_creates_it() {
    let listing = |bench: &Bench| bench.listing(members(1..=2));
    let bench = Bench::new();
    assert_eq!(bench.on(&["run", "--remote", &listing(&bench)]).status, 0);
    assert_eq!(mode(&bench.path("members.db")), 0o600);
    let bench = Bench::new();
    assert_eq!(bench.on(&["schedule", "--key", KEY, "--remote", &listing(&bench)]).status, 0);
    let open = rusqlite::Connection::open(bench.db()).unwrap();
    open.execute_batch("CREATE TABLE mine(x)").unwrap();
    for file in ["members.db", "members.db-wal", "members.db-shm"] {
        assert_eq!(mode(&bench.path(file)), 0o600, "{file}");
    }
}

/// Every command that has a database, with what else it needs.
const COMMANDS: [&[&str]; 22] = [
    &["run", "--remote", "LISTING"],
    &["plan", "--remote", "LISTING", "--out", "OUT"],
    &["approve", "--plan", "OUT", "--id", "0000000000000000000000000000000000000000000000000000000000000000"],
    &["audit"],
    &["conflicts"],
    &["decide", "--id", "M1", "--field", "name", "--local"],
    &["restore", "--audit", "1"],
    &["quarantine"],
    &["matches"],
    &["link", "--id", "M1", "--local", "1"],
    &["unlike", "--id", "M1", "--local", "1"],
    &["prune-audit", "--before", "2020-01-01"],
    &["report", "--html", "OUT"],
    &["schedule", "--key", KEY, "--remote", "LISTING"],
    &["trigger", "--key", KEY],
    &["work", "--until-idle"],
    &["status"],
    &["history"],
    &["cancel", "--key", KEY],
    &["pause", "--key", KEY],
    &["resume", "--key", KEY],
    &["reset", "--key", KEY],
];

/// A command on a database of any name.
fn command(bench: &Bench, args: &[&str], db: &str) -> Ran {
    let (listing, out) = (bench.path("listing.jsonl"), bench.path("out"));
    let args = args.iter().map(|arg| match *arg {
        "LISTING" => listing.as_str(),
        "OUT" => out.as_str(),
        arg => arg,
    });
    let mut args: Vec<&str> = args.collect();
    args.splice(1..1, ["--db", db]);
    bench.program(&args)
}

#[test]
fn a_name_that_is_no_file_is_refused_by_every_command() {
    let bench = Bench::new();
    bench.listing(members(1..=2));
    for args in COMMANDS {
        for nowhere in ["", " ", ":memory:", "file:z?mode=memory", "file:z.db"] {
            let ran = command(&bench, args, nowhere);
            assert_eq!(ran.status, 2, "{args:?} on {nowhere:?}: {}", ran.stdout);
            assert!(ran.stderr.contains("names no file, so nothing would be kept"), "{}", ran.stderr);
        }
    }
    assert_eq!(bench.files(), ["listing.jsonl"]);
    assert_eq!(command(&bench, COMMANDS[0], "/dev/null").status, 1);
}

#[test]
fn another_programs_database_is_refused_by_every_command_before_a_byte_of_it_changes() {
    let bench = Bench::new();
    bench.listing(members(1..=2));
    for theirs in ["CREATE TABLE orders(x); INSERT INTO orders VALUES (1)", "PRAGMA application_id = 1196444487"] {
        let _ = fs::remove_file(bench.db());
        bench.edit(theirs);
        let before = (bench.bytes(), bench.files());
        for args in COMMANDS {
            let ran = command(&bench, args, &bench.path("members.db"));
            assert_eq!(ran.status, 1, "{args:?}: {}", ran.stdout);
            assert!(ran.stderr.contains("no database of tripartite"), "{args:?}: {}", ran.stderr);
            assert_eq!((bench.bytes(), bench.files()), before, "{args:?}");
        }
    }
}

#[test]
fn a_result_that_cannot_be_written_ends_no_command_well() {
    let bench = Bench::new();
    bench.used();
    let listing = bench.path("listing.jsonl");
    let db = bench.path("members.db");
    let (page, plan) = (bench.path("page.html"), bench.path("plan.json"));
    for args in [
        &["run", "--remote", &listing][..],
        &["run", "--remote", &listing, "--json"],
        &["run", "--remote", &listing, "--dry-run"],
        &["plan", "--remote", &listing, "--out", &plan],
        &["audit"],
        &["audit", "--format", "csv"],
        &["report", "--html", &page],
        &["schedule", "--key", KEY],
        &["trigger", "--key", KEY],
        &["work", "--until-idle", "--spacing", "0", "--json"],
        &["status"],
        &["status", "--json"],
        &["history"],
        &["history", "--format", "csv"],
        &["pause", "--key", KEY],
        &["resume", "--key", KEY],
        &["cancel", "--key", KEY],
        &["reset", "--key", KEY],
        &["prune-audit", "--before", "2020-01-01"],
    ] {
        let args = [&args[..1], &["--db", &db], &args[1..]].concat();
        assert_ne!(to("/dev/full", &args), 0, "{args:?}");
    }
    assert_ne!(to("/dev/full", &["--help"]), 0);
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let bench = Bench::new();
    bench.used();
    for args in [&["history"][..], &["audit"], &["status"]] {
        let db = bench.path("members.db");
        let mut command = Command::new(env!("CARGO_BIN_EXE_nightly-sync"));
        let mut child = command.args(args).args(["--db", &db]).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{args:?}");
    }
}

#[test]
fn a_pipe_as_a_scheduled_listing_holds_no_worker() {
    let bench = Bench::new();
    let pipe = bench.path("pipe");
    fifo(&pipe);
    let ran = bench.on(&["schedule", "--key", KEY, "--remote", &pipe]);
    assert!(ran.status == 1 && ran.stderr.contains("it is no regular file"), "{}", ran.stderr);
    // It became one after it was scheduled.
    fs::remove_file(&pipe).unwrap();
    fs::write(&pipe, members(1..=2)).unwrap();
    assert_eq!(bench.on(&["schedule", "--key", KEY, "--remote", &pipe]).status, 0);
    fs::remove_file(&pipe).unwrap();
    fifo(&pipe);
    assert_eq!(bench.on(&["trigger", "--key", KEY]).status, 0);
    let begun = Instant::now();
    let ran = bench.on(&["work", "--until-idle", "--spacing", "0"]);
    assert!(ran.stdout.contains("pipe is no regular file"), "{}{}", ran.stdout, ran.stderr);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_run_reads_a_pipe_once() {
    let bench = Bench::synced(&members(1..=2));
    let pipe = bench.path("pipe");
    fifo(&pipe);
    let writer = {
        let pipe = pipe.clone();
        std::thread::spawn(move || fs::write(pipe, members(1..=3)).unwrap())
    };
    let ran = bench.run(&pipe, &[]);
    assert_eq!((ran.status, &ran.json()["created"]), (0, &1.into()), "{}", ran.stderr);
    writer.join().unwrap();
}

/// Whether this process is held to the modes of files; the first user is not.
fn is_bound(place: &Path) -> bool {
    fs::File::create(place.join("probe")).is_err()
}

/// Commands that only read, with what they need.
const READING: [&[&str]; 7] = [
    &["audit"],
    &["conflicts"],
    &["quarantine"],
    &["matches"],
    &["status"],
    &["history"],
    &["report", "--html", "OUT"],
];

/// A copy of the database that may only be read, in a directory that may only be read.
fn sealed(bench: &Bench) -> String {
    let place = bench.path("sealed");
    fs::create_dir(&place).unwrap();
    for file in ["members.db", "members.db-wal"] {
        if fs::copy(bench.path(file), format!("{place}/{file}")).is_ok() {
            fs::set_permissions(format!("{place}/{file}"), Permissions::from_mode(0o444)).unwrap();
        }
    }
    fs::set_permissions(&place, Permissions::from_mode(0o555)).unwrap();
    place
}

#[test]
fn a_database_that_may_only_be_read_is_read_by_every_command_that_only_reads() {
    let bench = Bench::new();
    bench.used();
    let place = sealed(&bench);
    for args in READING {
        let ran = command(&bench, args, &format!("{place}/members.db"));
        assert_eq!(ran.status, 0, "{args:?}: {}", ran.stderr);
    }
    if is_bound(Path::new(&place)) {
        let ran = command(&bench, COMMANDS[0], &format!("{place}/members.db"));
        assert_eq!(ran.status, 1, "{}", ran.stdout);
    }
    fs::set_permissions(&place, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_database_is_read_beside_one_who_writes() {
    let bench = Bench::new();
    bench.used();
    let writer = bench.sql();
    writer.execute_batch("BEGIN IMMEDIATE; UPDATE members SET phone = 'x'").unwrap();
    for args in READING {
        let begun = Instant::now();
        let ran = command(&bench, args, &bench.path("members.db"));
        assert_eq!(ran.status, 0, "{args:?}: {}", ran.stderr);
        assert!(begun.elapsed() < Duration::from_secs(5), "{args:?} waits");
    }
    writer.execute_batch("ROLLBACK").unwrap();
}
