//! The programs: the worker beside the server, and how both end.

mod args;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::{io, thread};

use nightly_sync::app::now;
use nightly_sync::config::{Hook, LoadError};
use nightly_sync::demo::{self, DemoError};
use nightly_sync::hooks::attend;
use nightly_sync::store::JobsError;
use nightly_sync::term::Console;
use nightly_sync::work::{self, Bell, Commands, Shift};
use tokio::sync::{oneshot, watch};
use tripartite::work::WorkError;

use self::args::{Args, Page};
pub use self::args::{HELP, WEBHOOK_HELP};
use crate::config::{self, Config, ConfigError, Endpoints};
use crate::connections;
use crate::log::Log;
use crate::server::{Shared, router};
use crate::users::{self, Users, UsersError};
use crate::web::{self, Entry, Host, Web, Words, WordsError};

/// How many connections to a server of PostgreSQL are there for requests. More of them wait.
const REQUESTS: usize = 8;

/// Why it cannot serve.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Users(#[from] UsersError),
    #[error("the system has no randomness, without which nobody can be let in")]
    Randomness,
    #[error("{file}: {error}")]
    Jobs { file: String, error: JobsError },
    #[error("{file}: there is no such file; nightly-sync schedule enrols an organisation in it")]
    Missing { file: String },
    #[error(transparent)]
    Hooks(#[from] Box<LoadError>),
    #[error("{file}: {error}")]
    Texts { file: String, error: io::Error },
    #[error("{file}: {error}")]
    Words { file: String, error: WordsError },
    #[error("{listen}: {error}")]
    Listen { listen: SocketAddr, error: io::Error },
    #[error("the worker: {0}")]
    Worker(#[from] WorkError<JobsError>),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Which program it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `sync-server`: the page, and the webhooks.
    Page,
    /// `webhook-server`: the webhooks alone.
    Webhooks,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Page => "sync-server",
            Self::Webhooks => "webhook-server",
        }
    }
}

/// Serves as a command line says, without the program's name, until it is told to end; answers with the exit status.
pub fn execute(program: Program, args: impl IntoIterator<Item = String>) -> u8 {
    let args: Vec<String> = args.into_iter().collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        let help = if program == Program::Page { HELP } else { WEBHOOK_HELP };
        println!("{}", help.trim_end());
        return 0;
    }
    if program == Program::Page && args == ["hash"] {
        return print_hash();
    }
    let args = match (program, args.split_first()) {
        (Program::Page, Some((first, rest))) if first == "demo" => match demonstration(rest) {
            Ok(args) => args,
            Err(error) => {
                eprintln!("sync-server: {error}");
                return 1;
            }
        },
        _ => args,
    };
    match args::parse(program, args).and_then(|args| serve(&args)) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{}: {error}", program.name());
            if matches!(error, Problem::Usage(_)) { 2 } else { 1 }
        }
    }
}

/// Makes the demonstration's database, and says how its listing is synced once more; answers with a command line that serves
/// it.
fn demonstration(rest: &[String]) -> Result<Vec<String>, DemoError> {
    let db = demo::show(&mut Console::silent())?;
    let listing = db.with_file_name(demo::LISTING);
    println!("the database is {}; when the questions are answered, the next run is quiet:", db.display());
    println!("  cargo run --release -p nightly-sync -- run --db {} --remote {}", db.display(), listing.display());
    let args = ["--db".to_owned(), db.display().to_string(), "--workers".to_owned(), "0".to_owned()];
    Ok(args.into_iter().chain(rest.iter().cloned()).collect())
}

/// Reads a password from a line, which no other process sees as it would an argument.
fn print_hash() -> u8 {
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    match read.ok().and_then(|_| users::hash(line.trim_end_matches(['\r', '\n']))) {
        Some(hash) => {
            println!("{hash}");
            0
        }
        None => {
            eprintln!("sync-server: expected a password of at most 1024 bytes in a line");
            1
        }
    }
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
    let Config { endpoints, status_token } = match &args.config {
        Some(config) => config::read(config)?,
        None => Config { endpoints: Endpoints::new(), status_token: None },
    };
    let entry = args.page.as_ref().map(entry).transpose()?;
    let words = words(args.page.as_ref().and_then(|page| page.texts.as_deref()))?;
    let hooks = match &args.hooks {
        Some(file) => nightly_sync::config::Config::load(file).map_err(Box::new)?.hooks,
        None => Vec::new(),
    };
    // One for each worker, for each of a few requests at a time, and for the hooks.
    args.db.connections(args.workers + REQUESTS + usize::from(!hooks.is_empty()));
    let queue = work::queue(&args.db).map_err(|error| Problem::Jobs { file: file(), error })?.rules(args.rules);
    let queue = Arc::new(queue);
    let log = Arc::new(Log::begin()?);
    let (ended, ending) = watch::channel(());
    let web = entry.map(|entry| -> Result<_, Problem> {
        let host = Host {
            db: args.db.clone(),
            queue: Arc::clone(&queue),
            now,
            bell: Arc::clone(&bell),
            log: Arc::clone(&log),
            patience: args.limits.patience,
            words,
            ending,
        };
        let https = args.page.as_ref().is_some_and(|page| page.https);
        Ok(Arc::new(Web::new(host, entry, https).ok_or(Problem::Randomness)?))
    });
    let web = web.transpose()?;
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
    let served = with_workers(args, &hooks, &bell, &log, |worked| {
        runtime.block_on(listen(args, shared, web, ended, asked_to_end, worked))
    });
    log.end();
    served
}

/// How people are known to the page.
fn entry(page: &Page) -> Result<Entry, Problem> {
    let users = page.users.as_deref().map(Users::read).transpose()?;
    match (users, &page.header) {
        (Some(users), Some(header)) => Ok(Entry::Proxy(users, header.clone())),
        (Some(users), None) => Ok(Entry::Users(users)),
        (None, _) => Entry::link().ok_or(Problem::Randomness),
    }
}

/// The words of the page: as long as the process lives.
fn words(file: Option<&Path>) -> Result<&'static Words, Problem> {
    let Some(path) = file else { return Ok(&web::NONE) };
    let file = || path.display().to_string();
    let json = std::fs::read_to_string(path).map_err(|error| Problem::Texts { file: file(), error })?;
    let words = Words::read(&json).map_err(|error| Problem::Words { file: file(), error })?;
    Ok(Box::leak(Box::new(words)))
}

/// Serves beside workers; both end once the one or the other has.
fn with_workers(
    args: &Args,
    hooks: &[Hook],
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
            let (ring, heard) = channel();
            if !hooks.is_empty() {
                let warn = move |problem: String| log.warn(format_args!("sync-server: {problem}"));
                scope.spawn(move || attend(&args.db, hooks, &heard, now, warn));
            }
            let work = move || {
                let _working = working;
                let queue = work::queue(&shift.db).ok();
                let commands = Commands::new(&shift.db, queue.as_ref());
                shift.work(|told| {
                    log.say(format_args!("{}", work::line(&told, now(), &commands)));
                    if told.is_news() {
                        // Nobody hears it where there are no hooks.
                        let _ = ring.send(());
                    }
                })
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
    web: Option<Arc<Web>>,
    ended: watch::Sender<()>,
    asked_to_end: impl Future<Output = ()>,
    worked: oneshot::Receiver<()>,
) -> Result<(), Problem> {
    let failed = |error| Problem::Listen { listen: args.listen, error };
    let listener = tokio::net::TcpListener::bind(args.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let log = Arc::clone(&shared.log);
    log.say(format_args!("listening on http://{address}"));
    if let Some(first) = web.as_ref().and_then(|web| web.entry.first()) {
        log.say(format_args!("open http://{address}{first} (it works once)"));
    }
    let end = async move {
        tokio::select! {
            () = asked_to_end => {}
            _ = worked => {}
        }
        // What would go on by itself, such as a page that listens.
        drop(ended);
    };
    let router = match web {
        Some(web) => router(shared).merge(web::router(web)),
        None => router(shared),
    };
    connections::serve(listener, router, args.limits, &log, end).await;
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
