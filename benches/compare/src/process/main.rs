//! One process to be timed: the host, or the least that could be done instead. `compare` starts it; nobody types it.
//!
//! A program of its own, because `compare` counts allocations, and a program that counts some pays for all of them: a
//! floor that allocates seven texts a record would be a fifth more than it is.

mod floor;
mod postgres;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// The same as that of `nightly-sync`, for host and floor alike.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let name = args.next().unwrap_or_default();
    let rest: Vec<OsString> = args.collect();
    let files: Vec<PathBuf> = rest.iter().map(PathBuf::from).collect();
    let done = match (name.to_str(), files.as_slice()) {
        (Some("host"), _) => match nightly_sync::app::execute(rest) {
            0 => Ok(()),
            status => Err(format!("nightly-sync ended with status {status}")),
        },
        (Some("read"), [listing]) => floor::read(listing).map(|read| println!("{read}")),
        (Some("members"), [listing, db]) => floor::members(listing, db),
        (Some("changes"), [listing, db]) => floor::changes(listing, db),
        (Some("rows"), [listing, db, schema]) => floor::rows(listing, db, schema),
        (Some("postgres"), [what, address, listing, schema]) => {
            postgres::execute(&what.to_string_lossy(), &address.to_string_lossy(), listing, schema)
        }
        _ => Err(format!("there is no process {}", name.display())),
    };
    if let Some(peak) = peak() {
        // `compare` reads it back.
        eprintln!("peak KiB: {peak}");
    }
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// The most memory this process had, in KiB, where the system says so.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
