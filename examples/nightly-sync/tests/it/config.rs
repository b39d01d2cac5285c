//! `club.toml`: written by `init`, judged by `check`, used by every other command.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use serde_json::Value;

use crate::bench::{Bench, Ran, members};
use crate::manners::within;

const CSV: &str = "Member No;Name;Born\n007;Áine;2001-02-28\n7;Seán;1999-01-02\n";

fn on(bench: &Bench, args: &[&str]) -> Ran {
    within(bench, &[], args)
}

fn config(bench: &Bench, text: &str) {
    bench.write("club.toml", text);
}

#[test]
fn a_configuration_is_written_from_a_look_at_the_listing_and_is_enough_for_a_run() {
    let bench = Bench::new();
    bench.write("members.csv", CSV);
    let init = on(&bench, &["init", "--remote", "members.csv"]);
    assert!(init.status == 0 && init.stderr.contains("nightly-sync check"), "{}{}", init.stdout, init.stderr);
    let text = std::fs::read_to_string(bench.dir.join("club.toml")).unwrap();
    assert!(text.contains("id_field = \"Member No\"") && text.contains("CSV with `;`"), "{text}");
    assert!(!text.contains("encoding = "), "UTF-8 is no guess: {text}");
    bench.write("old.csv", b"Nr;Name\n1;J\xf6rg\n2;M\xfcller\n");
    let guess = on(&bench, &["init", "--remote", "old.csv", "--out", "old.toml", "--schema", "old.json"]);
    assert_eq!(guess.status, 0, "{}", guess.stderr);
    let guessed = std::fs::read_to_string(bench.dir.join("old.toml")).unwrap();
    assert!(guessed.contains("file = \"old.csv\", encoding = \"windows-1252\""), "{guessed}");
    assert_eq!(on(&bench, &["check", "old.toml"]).status, 0);
    assert_eq!(on(&bench, &["check"]).status, 0, "{}", on(&bench, &["check"]).stderr);
    let dry = on(&bench, &["run", "--dry-run", "--json"]);
    assert_eq!((dry.status, &dry.json()["created"]), (0, &2.into()), "{}", dry.stderr);
    let ran = on(&bench, &["run", "--json"]);
    assert_eq!((ran.status, &ran.json()["created"]), (0, &2.into()), "{}", ran.stderr);
    let again = on(&bench, &["run", "--json"]);
    assert_eq!(again.json()["unchanged"], 2, "007 and 7 are two: {}", again.stderr);
    let conflicts = on(&bench, &["conflicts"]);
    assert!(conflicts.status == 0 && conflicts.stderr.contains("0 open"), "{}", conflicts.stderr);
    let twice = on(&bench, &["init", "--remote", "members.csv"]);
    assert!(twice.status == 1 && twice.stderr.contains("is there already"), "{}", twice.stderr);
    assert_eq!(std::fs::read_to_string(bench.dir.join("club.toml")).unwrap(), text);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_line_and_column() {
    let bench = Bench::new();
    let wrong = "database = \":memory:\"\n\n[[register]]\nkey = \"nobody\"\nstrategy = \"mine\"\nmissing_after = 0\n\
                 guards = { departures = 5, names = \"many\" }\nschedule = { at = \"25:00\" }\n\
                 source = { file = \"a.csv\", encoding = \"klingon\" }\n\n\
                 [[register]]\nschedule = { cron = \"often\" }\nsource = { http = \"https://x.example\" }\n\n\
                 [[hook]]\non = [\"failure\"]\nurl = \"mailto:x\"\nsecret = \"hunter2\"\n";
    config(&bench, wrong);
    let told = on(&bench, &["check"]);
    assert_eq!(told.status, 1);
    for problem in [
        "club.toml:1:12: ",
        "club.toml:4:7: ",
        "club.toml:5:12: unknown strategy `mine`",
        "club.toml:6:17: expected a number of listings",
        "club.toml:7:25: there is no guard `departures`",
        "club.toml:7:36: `names`: expected a number",
        "club.toml:8:19: expected a time of day",
        "club.toml:9:39: there is no encoding `klingon`",
        "club.toml:12:12: ",
        "club.toml:13:19: `paging` is missing",
        "club.toml:16:7: there is no event `failure`",
        "club.toml:17:7: expected an address",
        "club.toml:18:10: a secret is named as env:NAME or file:PATH",
    ] {
        assert!(told.stderr.contains(problem), "{problem} is not in\n{}", told.stderr);
    }
    assert!(!told.stderr.contains("hunter2"), "a secret is not told");
    let json: Value = serde_json::from_str(&on(&bench, &["check", "--json"]).stdout).unwrap();
    assert_eq!(json["problems"][0]["line"], 1);
    let ran = on(&bench, &["run"]);
    assert!(ran.status == 1 && ran.stderr.contains("club.toml:4:7"), "a run does not begin: {}", ran.stderr);
}

#[test]
fn a_key_that_is_not_known_is_told_where_it_stands() {
    let bench = Bench::new();
    config(&bench, "database = \"club.db\"\n[[register]]\nsauce = \"x\"\n");
    let told = on(&bench, &["check"]);
    assert!(told.stderr.starts_with("club.toml:3:1: ") && told.stderr.contains("`source`"), "{}", told.stderr);
    config(&bench, "database = \n");
    assert!(on(&bench, &["check"]).stderr.starts_with("club.toml:1:"), "{}", on(&bench, &["check"]).stderr);
}

#[test]
fn an_argument_goes_before_the_environment_and_that_before_the_file() {
    let bench = Bench::new();
    bench.write("members.csv", "id,name\n1,Ann\n");
    config(&bench, "database = \"file.db\"\n[[register]]\nsource = { file = \"members.csv\" }\n");
    let made = |env: &[(&str, &str)], args: &[&str]| {
        let ran = within(&bench, env, &[&["run"], args].concat());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
    };
    let is_there = |name: &str| bench.dir.join(name).exists();
    made(&[], &[]);
    assert!(is_there("file.db") && !is_there("env.db"));
    made(&[("NIGHTLY_SYNC_DB", "env.db")], &[]);
    assert!(is_there("env.db") && !is_there("arg.db"));
    made(&[("NIGHTLY_SYNC_DB", "env2.db")], &["--db", "arg.db"]);
    assert!(is_there("arg.db") && !is_there("env2.db"));
    bench.write("other.toml", "database = \"other.db\"\n[[register]]\nsource = { file = \"members.csv\" }\n");
    made(&[("NIGHTLY_SYNC_CONFIG", "other.toml")], &[]);
    assert!(is_there("other.db"));
}

#[test]
fn several_registers_are_asked_for_by_name() {
    let bench = Bench::new();
    bench.write("members.csv", "id,name\n1,Ann\n");
    let register = |key: &str| format!("[[register]]\nkey = \"{key}\"\nsource = {{ file = \"members.csv\" }}\n");
    config(&bench, &format!("database = \"club.db\"\n{}{}", register("a/fed"), register("b/fed")));
    let which = on(&bench, &["run"]);
    assert!(which.status == 2 && which.stderr.contains("a/fed, b/fed"), "{}", which.stderr);
    assert_eq!(on(&bench, &["run", "--key", "b/fed"]).status, 0);
    config(&bench, &format!("database = \"club.db\"\n{}{}", register("a/fed"), register("a/fed")));
    assert!(on(&bench, &["check"]).stderr.contains("a/fed is stated twice"));
}

/// Form, columns, id, guards and match rules of the file hold in each run of a worker, as they stand then.
#[test]
fn workers_read_the_configuration_anew_in_each_run() {
    let bench = Bench::new();
    bench.write("members.csv", b"Nr;Name des Mitglieds\n1;J\xf6rg\n2;Ann\n");
    bench.write("s.json", r#"{"fields": {"name": {"kind": "name"}}}"#);
    let text = "database = \"club.db\"\n[[register]]\nkey = \"club/fed\"\nschema = \"s.json\"\nid_field = \"Nr\"\n\
                source = { file = \"members.csv\", encoding = \"windows-1252\", columns = { name = \"Name des Mitglieds\" } }\n\
                schedule = { at = \"02:15\", zone = \"Europe/Dublin\" }\n";
    config(&bench, text);
    let enrolled = on(&bench, &["schedule"]);
    assert!(
        enrolled.status == 0 && enrolled.stdout.contains("club/fed runs next at"),
        "{}{}",
        enrolled.stdout,
        enrolled.stderr
    );
    let work = || {
        assert_eq!(on(&bench, &["trigger", "--key", "club/fed"]).status, 0);
        on(&bench, &["work", "--until-idle", "--spacing", "0"])
    };
    let told = work();
    assert!(told.stdout.contains("2 created"), "{}{}", told.stdout, told.stderr);
    let club = rusqlite::Connection::open(bench.dir.join("club.db")).unwrap();
    let names = "SELECT group_concat(name) FROM \"members/club/fed\"";
    assert_eq!(club.query_row(names, [], |row| row.get::<_, String>(0)).unwrap(), "Jörg,Ann");
    drop(club);
    bench.write("members.csv", b"Nr;Name des Mitglieds\n1;J\xf6rg\n2;Anna\n");
    config(&bench, &format!("{text}guards = {{ names = 0 }}\n"));
    let told = work();
    assert!(told.stdout.contains("blocked by a guard"), "{}{}", told.stdout, told.stderr);
    config(&bench, "database = \"club.db\"\n");
    let told = work();
    assert!(told.stdout.contains("club/fed has no source in "), "{}{}", told.stdout, told.stderr);
}

#[test]
fn a_configuration_that_is_named_and_not_there_is_said() {
    let bench = Bench::new();
    let ran = on(&bench, &["status", "--config", "no.toml"]);
    assert!(ran.status == 1 && ran.stderr.contains("no.toml") && ran.stderr.contains("init"), "{}", ran.stderr);
    let listing = bench.listing(members(1..=2));
    assert_eq!(on(&bench, &["run", "--db", "x.db", "--remote", &listing]).status, 0, "none is needed");
}

/// Answers `/members?page=N` with pages of two members to whoever has the token, until somebody asks for `/end`. There are
/// four members, or so many pages as are not lost.
fn serve(listener: &TcpListener, lost: &AtomicU32) {
    loop {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte).unwrap() == 0 {
                break;
            }
            request.extend(byte);
        }
        let request = String::from_utf8(request).unwrap().to_lowercase();
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        if path == "/end" {
            return;
        }
        let page = path.rsplit_once("page=").map_or(0, |(_, page)| page.parse::<u32>().unwrap());
        let member = |n: u32| format!("{{\"id\": {n}, \"name\": {{\"given\": \"N{n}\"}}, \"born\": \"2001-02-0{n}\"}}");
        let lost = lost.load(Ordering::Relaxed);
        let members = if page > 2.max(lost) { String::new() } else { [2 * page - 1, 2 * page].map(member).join(",") };
        let (status, body) = match request.contains("authorization: bearer t0ken") {
            _ if page == lost => ("404 Not Found", String::new()),
            true => ("200 OK", format!("{{\"data\": [{members}]}}")),
            false => ("401 No", String::new()),
        };
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n");
        write!(stream, "{head}connection: close\r\n\r\n{body}").unwrap();
    }
}

/// A club whose listing is over HTTP, while somebody serves it.
fn over_http(lost: &AtomicU32, register: &str, club: impl FnOnce(&Bench)) {
    let bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    config(
        &bench,
        &format!(
            "database = \"club.db\"\n[[register]]\nkey = \"club/web\"\nschedule = {{ every = 60 }}\n{register}\
             [register.source]\nhttp = \"http://{address}/members\"\nrecords = \"/data\"\n\
             paging = {{ by = \"pages\" }}\nauth = {{ bearer = \"env:CLUB_TOKEN\" }}\n"
        ),
    );
    thread::scope(|scope| {
        let server = scope.spawn(|| serve(&listener, lost));
        let done = catch_unwind(AssertUnwindSafe(|| club(&bench)));
        TcpStream::connect(address).unwrap().write_all(b"GET /end HTTP/1.1\r\n\r\n").unwrap();
        server.join().unwrap();
        done.unwrap_or_else(|problem| resume_unwind(problem));
    });
}

#[test]
fn a_listing_over_http_needs_only_its_configuration() {
    over_http(&AtomicU32::new(0), "", |bench| {
        let token = |token: &'static str, args: &[&str]| within(bench, &[("CLUB_TOKEN", token)], args);
        let denied = token("wrong", &["run"]);
        let first = token("t0ken", &["run", "--json"]);
        let diff = token("t0ken", &["schema", "--diff"]);
        let enrolled = token("t0ken", &["schedule"]);
        let asked = token("t0ken", &["trigger", "--key", "club/web"]);
        let worked = token("t0ken", &["work", "--until-idle", "--spacing", "0"]);
        assert!(denied.status == 1 && denied.stderr.contains("answers 401"), "{}", denied.stderr);
        assert!(!denied.stderr.contains("wrong"), "no secret is told: {}", denied.stderr);
        assert_eq!((first.status, &first.json()["created"]), (0, &4.into()), "{}", first.stderr);
        assert!(diff.stderr.contains("nothing differs"), "{}{}", diff.stdout, diff.stderr);
        assert_eq!((enrolled.status, asked.status), (0, 0), "{}{}", enrolled.stderr, asked.stderr);
        assert!(worked.stdout.contains("4 processed"), "{}{}", worked.stdout, worked.stderr);
    });
}

/// What a first import has written stands when the listing breaks, and the next attempt goes on page by page. Once it has
/// ended, a night that breaks writes nothing.
#[test]
fn an_import_that_was_cut_short_is_written_page_by_page_again() {
    let lost = AtomicU32::new(2);
    over_http(&lost, "schema = \"s.json\"\n", |bench| {
        bench.write("s.json", r#"{"fields": {"born": {"kind": "date"}}}"#);
        let told = |args: &[&str]| within(bench, &[("CLUB_TOKEN", "t0ken")], args);
        let night = |breaks_at: u32, asked: &str| {
            lost.store(breaks_at, Ordering::Relaxed);
            let asked = told(&[asked, "--key", "club/web"]);
            assert_eq!(asked.status, 0, "{}", asked.stderr);
            told(&["work", "--until-idle", "--spacing", "0", "--backoff", "0"]);
            let club = rusqlite::Connection::open(bench.dir.join("club.db")).unwrap();
            let count = "SELECT count(*) FROM \"members/club/web\"";
            club.query_row(count, [], |row| row.get::<_, u32>(0)).unwrap()
        };
        assert_eq!(told(&["schedule"]).status, 0);
        let counts = [night(2, "trigger"), night(3, "redrive"), night(0, "redrive"), night(4, "trigger")];
        assert_eq!(counts, [2, 4, 4, 4]);
    });
}
