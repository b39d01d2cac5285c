//! The program: its command line, the worker beside the server, and how both end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{io, thread};

use nightly_sync::app::now;
use nightly_sync::store::{JobsError, Place};
use nightly_sync::work::{self, Bell, Commands, Shift};
use tokio::sync::oneshot;
use tripartite::queue::QueueRules;
use tripartite::work::{Settings, WorkError};

use crate::config::{self, Config, ConfigError};
use crate::connections::{self, Limits};
use crate::log::Log;
use crate::server::{Shared, router};

/// How many connections to a server of PostgreSQL are there for requests. More of them wait.
const REQUESTS: usize = 8;

/// What `--help` prints.
pub const HELP: &str = "\
webhook-server takes in webhooks, and syncs the members they are about.

usage:
  webhook-server --db FILE --config FILE.json [options]

  --db FILE             the database of nightly-sync, in which the organisations are enrolled: a file, or
                        postgres://USER@HOST/NAME
  --config FILE.json    who may send what; the documentation of the library has an example
  --listen ADDRESS      where to listen, 127.0.0.1:8080 by default
  --connections N       so many connections at a time, 256 by default; others wait until one ends
  --patience SECONDS    so long a request's head may take, and so long its body; 10 by default. A connection on which
                        nothing comes for as long is closed
  --workers N           so many jobs at a time beside it, 1 by default; 0: some other process does them
  --spacing SECONDS     so far apart two jobs of one source begin, 1 by default
  --lease SECONDS       after so long a vanished worker's job is somebody else's, 300 by default
  --backoff SECONDS     so long after a failed attempt comes the next, then twice as long, and so on; 120 by default,
                        and the same for all processes on this database

A request's head has at most 64 headers and 16 KiB, else it is answered 431. A connection serves for ten minutes at
most; then its sender connects anew.

On SIGTERM and ctrl-c it answers the requests that are under way, gives the job under way back, at no cost of an attempt,
and ends; on a second one it ends at once.
";

/// How to serve.
#[derive(Debug)]
struct Args {
    db: Place,
    config: PathBuf,
    listen: SocketAddr,
    limits: Limits,
    workers: usize,
    settings: Settings,
    rules: QueueRules,
}

/// Why it cannot serve.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{file}: {error}")]
    Jobs { file: String, error: JobsError },
    #[error("{file}: there is no such file; nightly-sync schedule enrols an organisation in it")]
    Missing { file: String },
    #[error("{listen}: {error}")]
    Listen { listen: SocketAddr, error: io::Error },
    #[error("the worker: {0}")]
    Worker(#[from] WorkError<JobsError>),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Serves as a command line says, without the program's name, until it is told to end; answers with the exit status.
pub fn execute(args: impl IntoIterator<Item = String>) -> u8 {
    let args: Vec<String> = args.into_iter().collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{}", HELP.trim_end());
        return 0;
    }
    match parse(args).and_then(|args| serve(&args)) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("webhook-server: {error}");
            if matches!(error, Problem::Usage(_)) { 2 } else { 1 }
        }
    }
}

fn parse(args: Vec<String>) -> Result<Args, Problem> {
    let usage = |problem: String| Problem::Usage(problem);
    let mut parsed = Args {
        db: Place::File(PathBuf::new()),
        config: PathBuf::new(),
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
        let Some(value) = args.next() else { return Err(usage(format!("{name}: expected a value after it"))) };
        let number =
            || value.parse::<u64>().map_err(|_| usage(format!("{name}: expected a whole number, found `{value}`")));
        match name.as_str() {
            "--db" => parsed.db = Place::named(value.into()).map_err(|error| usage(format!("--db: {error}")))?,
            "--config" => parsed.config = value.into(),
            "--listen" => {
                let expected = format!("--listen: expected an address such as 127.0.0.1:8080, found `{value}`");
                parsed.listen = value.parse().map_err(|_| usage(expected))?;
            }
            "--connections" => parsed.limits.connections = usize::try_from(number()?.clamp(1, 65_536)).unwrap_or(1),
            "--patience" => parsed.limits.patience = Duration::from_secs(number()?.clamp(1, 600)),
            "--workers" => parsed.workers = usize::try_from(number()?.min(64)).unwrap_or(64),
            "--spacing" => parsed.settings.gate.spacing = Duration::from_secs(number()?),
            "--lease" => parsed.settings.lease = Duration::from_secs(number()?.max(1)),
            "--backoff" => parsed.rules.backoff = work::backoff(number()?),
            _ => return Err(usage(format!("there is no option {name}; --help lists them"))),
        }
    }
    for (name, path) in [("--db", parsed.db.file()), ("--config", Some(parsed.config.as_path()))] {
        if path.is_some_and(|path| path == Path::new("")) {
            return Err(usage(format!("{name} is missing")));
        }
    }
    Ok(parsed)
}

fn serve(args: &Args) -> Result<(), Problem> {
    let file = || args.db.to_string();
    if !args.db.is_there() {
        return Err(Problem::Missing { file: file() });
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bell = Arc::<Bell>::default();
    // In this order, and before anything that takes its time: of one that only sets the flag, an idle server never hears.
    let asked_to_end = runtime.block_on(async { hear() })?;
    nightly_sync::signals::set(&bell.asked())?;
    let Config { endpoints, status_token } = config::read(&args.config)?;
    // One for each worker and for each of a few requests at a time.
    args.db.connections(args.workers + REQUESTS);
    let queue = work::queue(&args.db).map_err(|error| Problem::Jobs { file: file(), error })?.rules(args.rules);
    let log = Arc::new(Log::begin()?);
    let shared = Arc::new(Shared {
        queue,
        endpoints,
        status_token,
        now,
        bell: Arc::clone(&bell),
        patience: args.limits.patience,
        log: Arc::clone(&log),
        counts: Mutex::default(),
    });
    let served = with_workers(args, &bell, &log, |worked| runtime.block_on(listen(args, shared, asked_to_end, worked)));
    log.end();
    served
}

/// Serves beside workers; both end once the one or the other has.
fn with_workers(
    args: &Args,
    bell: &Arc<Bell>,
    log: &Log,
    serve: impl FnOnce(oneshot::Receiver<()>) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let shift = Shift {
        db: args.db.clone(),
        workers: args.workers,
        until_idle: false,
        settings: args.settings,
        rules: args.rules,
        bell: Arc::clone(bell),
        now,
    };
    thread::scope(|scope| {
        let (working, worked) = oneshot::channel::<()>();
        // Who sends webhooks believes that somebody works on them: without its workers the server ends as well.
        let (worker, idle) = if args.workers > 0 {
            let work = move || {
                let _working = working;
                let queue = work::queue(&shift.db).ok();
                let commands = Commands::new(&shift.db, queue.as_ref());
                shift.work(|told| log.say(format_args!("{}", work::line(&told, now(), &commands))))
            };
            (Some(scope.spawn(work)), None)
        } else {
            (None, Some(working))
        };
        let served = serve(worked);
        drop(idle);
        bell.end();
        match worker.map_or(Ok(Ok(())), thread::ScopedJoinHandle::join) {
            Ok(worked) => worked?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        served
    })
}

async fn listen(
    args: &Args,
    shared: Arc<Shared>,
    asked_to_end: impl Future<Output = ()>,
    worked: oneshot::Receiver<()>,
) -> Result<(), Problem> {
    let failed = |error| Problem::Listen { listen: args.listen, error };
    let listener = tokio::net::TcpListener::bind(args.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let log = Arc::clone(&shared.log);
    log.say(format_args!("listening on http://{address}"));
    let end = async move {
        tokio::select! {
            () = asked_to_end => {}
            _ = worked => {}
        }
    };
    connections::serve(listener, router(shared), args.limits, &log, end).await;
    Ok(())
}

/// Ends when the process is asked to, from now on: also if that was before anybody waited for it.
#[cfg(unix)]
fn hear() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ends when the process is asked to, from now on: also if that was before anybody waited for it.
#[cfg(windows)]
fn hear() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        let _ = interrupt.recv().await;
    })
}
