//! The program: its command line, the worker beside the server, and how both end.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nightly_sync::jobs::JobsError;
use nightly_sync::work::{self, Shift, Told};
use tripartite::backoff::Backoff;
use tripartite::queue::Rules;
use tripartite::work::{Settings, WorkError};

use crate::config::{self, ConfigError};
use crate::server::{Shared, router};

/// What `--help` prints.
pub const HELP: &str = "\
webhook-server takes in webhooks, and syncs the members they are about.

usage:
  webhook-server --db FILE --config FILE.json [options]

  --db FILE             the database of nightly-sync, in which the organisations are enrolled
  --config FILE.json    who may send what; the documentation of the library has an example
  --listen ADDRESS      where to listen, 127.0.0.1:8080 by default
  --workers N           so many jobs at a time beside it, 1 by default; 0: some other process does them
  --spacing SECONDS     so far apart two jobs of one source begin, 1 by default
  --lease SECONDS       after so long a vanished worker's job is somebody else's, 300 by default
  --backoff SECONDS     so long after a failed attempt comes the next, then twice as long, and so on; 120 by default

It ends on SIGTERM and ctrl-c, after the requests and the job that are under way.
";

/// How to serve.
#[derive(Debug)]
struct Args {
    db: PathBuf,
    config: PathBuf,
    listen: SocketAddr,
    workers: usize,
    settings: Settings,
    rules: Rules,
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
        db: PathBuf::new(),
        config: PathBuf::new(),
        listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
        workers: 1,
        settings: Settings::default(),
        rules: Rules::default(),
    };
    // A member's sync is short, and the one who waits for it is a person.
    parsed.settings.gate.spacing = Duration::from_secs(1);
    let mut args = args.into_iter();
    while let Some(name) = args.next() {
        let Some(value) = args.next() else { return Err(usage(format!("{name}: expected a value behind it"))) };
        let number =
            || value.parse::<u64>().map_err(|_| usage(format!("{name}: expected a whole number, found `{value}`")));
        match name.as_str() {
            "--db" => parsed.db = value.into(),
            "--config" => parsed.config = value.into(),
            "--listen" => {
                let expected = format!("--listen: expected an address such as 127.0.0.1:8080, found `{value}`");
                parsed.listen = value.parse().map_err(|_| usage(expected))?;
            }
            "--workers" => parsed.workers = usize::try_from(number()?.min(64)).unwrap_or(64),
            "--spacing" => parsed.settings.gate.spacing = Duration::from_secs(number()?),
            "--lease" => parsed.settings.lease = Duration::from_secs(number()?.max(1)),
            "--backoff" => {
                let first = Duration::from_secs(number()?);
                parsed.rules.backoff = Backoff::new(first, first.max(Duration::from_secs(60 * 60)));
            }
            _ => return Err(usage(format!("there is no option {name}; --help lists them"))),
        }
    }
    for (name, path) in [("--db", &parsed.db), ("--config", &parsed.config)] {
        if path.as_os_str().is_empty() {
            return Err(usage(format!("{name} is missing")));
        }
    }
    Ok(parsed)
}

fn serve(args: &Args) -> Result<(), Problem> {
    let file = || args.db.display().to_string();
    if !args.db.exists() {
        return Err(Problem::Missing { file: file() });
    }
    let endpoints = config::read(&args.config)?;
    let queue = work::queue(&args.db).map_err(|error| Problem::Jobs { file: file(), error })?;
    let now = nightly_sync::app::now;
    let shared = Arc::new(Shared { queue, endpoints, now, counts: Mutex::default() });
    let stop = Arc::new(AtomicBool::new(false));
    let shift = Shift {
        db: args.db.clone(),
        workers: args.workers,
        until_idle: false,
        settings: args.settings,
        rules: args.rules,
        stop: Arc::clone(&stop),
        now,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::scope(|scope| {
        let worker = (args.workers > 0).then(|| scope.spawn(|| shift.work(tell)));
        let served = runtime.block_on(listen(args.listen, shared));
        stop.store(true, Ordering::Relaxed);
        let worked = worker.map_or(Ok(Ok(())), thread::ScopedJoinHandle::join);
        match worked {
            Ok(worked) => worked?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        served
    })
}

async fn listen(listen: SocketAddr, shared: Arc<Shared>) -> Result<(), Problem> {
    let failed = |error| Problem::Listen { listen, error };
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(failed)?;
    println!("listening on http://{}", listener.local_addr().map_err(failed)?);
    io::stdout().flush()?;
    axum::serve(listener, router(shared)).with_graceful_shutdown(asked_to_end()).await?;
    Ok(())
}

/// Ends when the process is asked to.
async fn asked_to_end() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use std::future::poll_fn;
        use std::pin::pin;
        use std::task::Poll;
        let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
            let _ = interrupt.await;
            return;
        };
        let mut interrupt = pin!(interrupt);
        poll_fn(|context| {
            let asked = terminate.poll_recv(context).is_ready() || interrupt.as_mut().poll(context).is_ready();
            if asked { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}

/// A line about each thing that a worker did.
fn tell(told: Told) {
    say(format_args!("{}", nightly_sync::work::line(&told, nightly_sync::app::now())));
}

/// Writes a line; that nobody reads it is no error.
pub(crate) fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}
