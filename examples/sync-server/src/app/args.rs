//! The command lines of both programs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::HeaderName;
use nightly_sync::store::Place;
use nightly_sync::work;
use tripartite::queue::QueueRules;
use tripartite::work::Settings;

use super::{Problem, Program};
use crate::connections::Limits;

/// The options and manners of both programs.
macro_rules! serving {
    () => {
        "  --listen ADDRESS      where to listen, 127.0.0.1:8080 by default
  --connections N       so many connections at a time, 256 by default; others wait until one ends
  --patience SECONDS    so long a request's head may take, and so long its body; 10 by default. A connection on which
                        nothing comes for as long is closed
  --hooks FILE.toml     whose [[hook]]s its workers tell of what needs a person: a configuration of nightly-sync
  --workers N           so many jobs at a time beside it, 1 by default; 0: some other process does them
  --spacing SECONDS     so far apart two jobs of one source begin, 1 by default
  --lease SECONDS       after so long a vanished worker's job is somebody else's, 300 by default
  --backoff SECONDS     so long after a failed attempt comes the next, then twice as long, and so on; 120 by default,
                        and the same for all processes on this database

A request's head has at most 64 headers and 16 KiB, else it is answered 431. A connection serves for ten minutes at
most; then its sender connects anew.

On SIGTERM and ctrl-c it answers the requests that are under way, gives the job under way back, at no cost of an attempt,
and ends; on a second one it ends at once.
"
    };
}

/// What `--help` of `webhook-server` prints.
pub const WEBHOOK_HELP: &str = concat!(
    "\
webhook-server takes in webhooks, and syncs the members they are about. It is sync-server without its page.

usage:
  webhook-server --db FILE --config FILE.json [options]

  --db FILE             the database of nightly-sync, in which the organisations are enrolled: a file, or
                        postgres://USER@HOST/NAME
  --config FILE.json    who may send what; the documentation of the library has an example
",
    serving!()
);

/// What `--help` of `sync-server` prints.
pub const HELP: &str = concat!(
    "\
sync-server serves a page on which people answer the questions of a sync, takes in webhooks, and does the jobs beside it.

usage:
  sync-server --db FILE [options]
  sync-server demo [options]       makes the database of nightly-sync's demonstration, and serves it
  sync-server hash                 reads a password and prints what stands for it in a file of users

  --users FILE.json     who may what; the documentation of the library has an example. Without it the page is for whoever
                        opens the link that is printed, once, and --listen takes no address but one of this machine
  --user-header NAME    a proxy says in this header who it is, and is believed: nobody else may reach the server. The names
                        are those of --users; off by default
  --texts FILE.json     texts of the page in words of your own: {\"de\": {\"Questions\": \"...\"}}
  --https               people come by HTTPS, through a proxy: cookies are sent nowhere else
  --db FILE             the database of nightly-sync, in which the organisations are enrolled: a file, or
                        postgres://USER@HOST/NAME
  --config FILE.json    who may send which webhooks; without it there are none
",
    serving!()
);

/// How to serve.
#[derive(Debug)]
pub(super) struct Args {
    pub(super) db: Place,
    pub(super) config: Option<PathBuf>,
    pub(super) hooks: Option<PathBuf>,
    pub(super) page: Option<Page>,
    pub(super) listen: SocketAddr,
    pub(super) limits: Limits,
    pub(super) workers: usize,
    pub(super) settings: Settings,
    pub(super) rules: QueueRules,
}

/// How the page is served.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) users: Option<PathBuf>,
    pub(super) header: Option<HeaderName>,
    pub(super) https: bool,
    pub(super) texts: Option<PathBuf>,
}

pub(super) fn parse(program: Program, args: Vec<String>) -> Result<Args, Problem> {
    let usage = |problem: String| Problem::Usage(problem);
    let mut parsed = Args {
        db: Place::File(PathBuf::new()),
        config: None,
        hooks: None,
        page: (program == Program::Page).then(Page::default),
        listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
        limits: Limits::default(),
        workers: 1,
        settings: Settings::default(),
        rules: QueueRules::default(),
    };
    // A member's sync is short, and the one who waits for it is a person.
    parsed.settings.gate.spacing = Duration::from_secs(1);
    let mut args = args.into_iter();
    while let Some(name) = args.next() {
        if let Some(page) = &mut parsed.page
            && name == "--https"
        {
            page.https = true;
            continue;
        }
        let Some(value) = args.next() else { return Err(usage(format!("{name}: expected a value after it"))) };
        set(&mut parsed, &name, value)?;
    }
    checked(program, parsed)
}

fn set(parsed: &mut Args, name: &str, value: String) -> Result<(), Problem> {
    let usage = |problem: String| Problem::Usage(problem);
    let number =
        || value.parse::<u64>().map_err(|_| usage(format!("{name}: expected a whole number, found `{value}`")));
    match (name, &mut parsed.page) {
        ("--db", _) => parsed.db = Place::named(value.into()).map_err(|error| usage(format!("--db: {error}")))?,
        ("--config", _) => parsed.config = Some(value.into()),
        ("--hooks", _) => parsed.hooks = Some(value.into()),
        ("--listen", _) => {
            let expected = format!("--listen: expected an address such as 127.0.0.1:8080, found `{value}`");
            parsed.listen = value.parse().map_err(|_| usage(expected))?;
        }
        ("--connections", _) => parsed.limits.connections = usize::try_from(number()?.clamp(1, 65_536)).unwrap_or(1),
        ("--patience", _) => parsed.limits.patience = Duration::from_secs(number()?.clamp(1, 600)),
        ("--workers", _) => parsed.workers = usize::try_from(number()?.min(64)).unwrap_or(64),
        ("--spacing", _) => parsed.settings.gate.spacing = Duration::from_secs(number()?),
        ("--lease", _) => parsed.settings.lease = Duration::from_secs(number()?.max(1)),
        ("--backoff", _) => parsed.rules.backoff = work::backoff(number()?),
        ("--texts", Some(page)) => page.texts = Some(value.into()),
        ("--users", Some(page)) => page.users = Some(value.into()),
        ("--user-header", Some(page)) => {
            let expected = format!("--user-header: expected the name of a header, found `{value}`");
            page.header = Some(value.parse().map_err(|_| usage(expected))?);
        }
        _ => return Err(usage(format!("there is no option {name}; --help lists them"))),
    }
    Ok(())
}

fn checked(program: Program, parsed: Args) -> Result<Args, Problem> {
    let usage = |problem: &str| Err(Problem::Usage(problem.to_owned()));
    if parsed.db.file().is_some_and(|path| path == Path::new("")) {
        return usage("--db is missing");
    }
    if program == Program::Webhooks && parsed.config.as_ref().is_none_or(|path| path == Path::new("")) {
        return usage("--config is missing");
    }
    let Some(page) = &parsed.page else { return Ok(parsed) };
    if page.users.is_none() && page.header.is_some() {
        return usage("--user-header: expected --users as well, which says what each of them may do");
    }
    if page.users.is_none() && !parsed.listen.ip().is_loopback() {
        return usage("--listen: without --users, expected an address of this machine, such as 127.0.0.1:8080");
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(program: Program, line: &str) -> Result<Args, String> {
        parse(program, line.split(' ').map(str::to_owned).collect()).map_err(|problem| problem.to_string())
    }

    fn refused(program: Program, line: &str, why: &str) {
        let problem = parsed(program, line).err().unwrap_or_default();
        assert!(problem.contains(why), "{line}: {problem}");
    }

    #[test]
    fn without_users_nobody_else_reaches_the_page() {
        for address in ["0.0.0.0:80", "[::]:80", "192.0.2.1:8080"] {
            refused(Program::Page, &format!("--db x --listen {address}"), "without --users");
            assert!(parsed(Program::Page, &format!("--db x --users u --listen {address}")).is_ok());
            assert!(parsed(Program::Webhooks, &format!("--db x --config c --listen {address}")).is_ok());
        }
        for address in ["127.0.0.1:80", "[::1]:80"] {
            assert!(parsed(Program::Page, &format!("--db x --listen {address}")).is_ok(), "{address}");
        }
        refused(Program::Page, "--db x --user-header x-user", "expected --users as well");
    }

    #[test]
    fn the_webhooks_alone_have_the_options_that_they_had() {
        refused(Program::Webhooks, "--db x", "--config is missing");
        refused(Program::Webhooks, "--config c", "--db is missing");
        refused(Program::Webhooks, "--db x --config c --users u", "there is no option --users");
        refused(Program::Webhooks, "--db x --config c --https on", "there is no option --https");
        let all = "--db x --config c --listen 127.0.0.1:0 --connections 3 --patience 2 --workers 0 --spacing 4 --lease 5 \
                   --backoff 6";
        let args = parsed(Program::Webhooks, all).unwrap();
        assert_eq!((args.limits.connections, args.workers, args.page.is_none()), (3, 0, true));
    }
}
