//! Nights on PostgreSQL. What is timed begins once there is a connection, and the process says how long it took.

mod floor;
#[path = "../postgres/nights.rs"]
mod nights;

use std::path::Path;
use std::time::Instant;

use tokio::runtime::Builder;

use self::floor::Floor;
use self::nights::{Host, Problem};

/// Does what its first word says on a listing, on the server at this address.
pub(crate) fn execute(what: &str, address: &str, listing: &Path, schema: &Path) -> Result<(), String> {
    done(what, address, listing, schema).map_err(|problem| problem.to_string())
}

fn done(what: &str, address: &str, listing: &Path, schema: &Path) -> Result<(), Problem> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let floor = || Floor::new(runtime.handle(), address);
    match what {
        "create" => floor()?.create(),
        "upsert" => {
            let floor = floor()?;
            timed(|| floor.upsert(listing))
        }
        "read" => {
            let floor = floor()?;
            timed(|| floor.read(listing))
        }
        "copy" => floor()?.copy(),
        "change" => {
            let floor = floor()?;
            timed(|| floor.change(listing))
        }
        night => {
            let host = Host::new(runtime.handle(), address, schema)?;
            timed(|| host.night(listing, night))
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "what measures time asks a clock")]
fn timed(work: impl FnOnce() -> Result<(), Problem>) -> Result<(), Problem> {
    let start = Instant::now();
    work()?;
    eprintln!("took ns: {}", start.elapsed().as_nanos());
    Ok(())
}
