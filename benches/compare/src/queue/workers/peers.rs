//! Queues that are not ours: a program of its own, for what they depend on takes minutes to build.
//!
//! **Why these two?** Both are kept up, need no extension of the server, and share their driver. `graphile_worker` claims
//! one by one; `apalis-postgres` claims by ten, and stores ends as they come together. `pgmq` keeps messages, not jobs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::server::Database;
use crate::postgres::Problem;

/// A queue that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peer {
    Graphile,
    Apalis,
}

impl Peer {
    /// What the program calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Graphile => "graphile_worker",
            Self::Apalis => "apalis",
        }
    }
}

/// The program.
pub(super) struct Peers(PathBuf);

impl Peers {
    /// Builds it; none, where that cannot be done.
    pub(super) fn build() -> Option<Self> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (manifest, target) = (own.join("peers/queues/Cargo.toml"), own.join("../../target/compare/queues"));
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["build", "-q", "--release", "--locked", "--manifest-path"]).arg(manifest);
        command.arg("--target-dir").arg(&target);
        if command.status().is_ok_and(|status| status.success()) {
            return Some(Self(target.join("release").join(format!("compare-queues{}", env::consts::EXE_SUFFIX))));
        }
        eprintln!("== LEFT OUT: graphile_worker and apalis-postgres, which cannot be built.");
        None
    }

    /// How long the jobs take, as the program says.
    pub(super) fn jobs(
        &self,
        peer: Peer,
        Database { dir, name, .. }: &Database,
        workers: usize,
        jobs: usize,
    ) -> Result<Duration, Problem> {
        let mut command = Command::new(&self.0);
        command.args([peer.name(), dir, name, &workers.to_string(), &jobs.to_string()]);
        let output = command.output()?;
        if !output.status.success() {
            return Err(format!("{}: {}", peer.name(), String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(Duration::from_nanos(String::from_utf8(output.stdout)?.trim().parse()?))
    }
}
