//! The jobs, wherever they are: in the database with the members, or on a cluster of etcd.
//!
//! A cluster is named by `--jobs`, or by [`JOBS`] in the environment, for every process, and holds the jobs of all. A database of members checks
//! for itself that whoever writes is still at work, by the slot beside the members. So a worker with jobs on a cluster
//! [mirrors](Jobs::mirror) the slot there before it begins.

use tripartite::drive::block_on;
use tripartite::id::SyncKey;
use tripartite::jobs::{
    AppendOf, DueOf, DuePage, JobStore, LogPage, PruneOf, ReadOf, StoreKey, Stored, Swap, SwapAll, SwapOf, Taken,
};
use tripartite::queue::Slot;
use tripartite::work::slot_key;
use tripartite_etcd::address::Address;
use tripartite_etcd::jobs::EtcdJobStore;
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_sqlite::jobs::SqliteJobStore;

use super::{JobsError, Place, runtime};
use crate::telemetry;

/// The variable of the environment with the address of a cluster, such as `etcd://a,b,c/club`, where the jobs are not with the
/// members.
pub const JOBS: &str = "NIGHTLY_SYNC_JOBS";

/// The jobs of a database.
#[derive(Debug)]
pub enum Jobs {
    /// In a file.
    File(SqliteJobStore),
    /// On a server.
    Server(Box<PostgresJobStore>),
    /// On a cluster.
    Cluster(EtcdJobStore),
}

impl Jobs {
    /// Those of a database, or of the cluster that the place or the environment names. A file is created if it is not there.
    ///
    /// # Errors
    /// [`JobsError`], when it cannot be used, or has no tables of this version.
    pub fn open(place: &Place) -> Result<Self, JobsError> {
        // The database must be there with a cluster, too: it mirrors slots.
        let beside = Self::beside(place)?;
        match Self::cluster_of(place)? {
            Some(address) => Ok(Self::Cluster(block_on(EtcdJobStore::open_on(&runtime()?, &address))?)),
            None => Ok(beside),
        }
    }

    /// The cluster on which they are, if they are not with the members.
    ///
    /// # Errors
    /// [`JobsError::Cluster`], when the environment names none that can be read.
    pub fn cluster_of(place: &Place) -> Result<Option<Address>, JobsError> {
        if let Some(address) = place.cluster() {
            return Ok(Some(address.clone()));
        }
        let Some(text) = std::env::var_os(JOBS) else { return Ok(None) };
        let address = text.to_string_lossy().parse().map_err(tripartite_etcd::jobs::JobsError::from)?;
        Ok(Some(address))
    }

    /// Those beside the members.
    fn beside(place: &Place) -> Result<Self, JobsError> {
        match place {
            Place::Apart(members, _) => Self::beside(members),
            Place::File(file) => Ok(Self::File(SqliteJobStore::open(file)?)),
            Place::Server(server) => {
                let jobs = PostgresJobStore::open_in(server.pool()?, server.address().schema());
                Ok(Self::Server(Box::new(block_on(jobs)?)))
            }
        }
    }

    /// The same, to read them only: no byte of a file changes. None, when nobody was ever enrolled in it.
    ///
    /// # Errors
    /// [`JobsError`], when they cannot be read.
    pub fn open_to_read(place: &Place) -> Result<Option<Self>, JobsError> {
        match place {
            Place::File(file) if Self::cluster_of(place)?.is_none() => {
                Ok(SqliteJobStore::open_to_read(file)?.map(Self::File))
            }
            _ => Self::open(place).map(Some),
        }
    }

    /// Lets a database see which worker the cluster says is at a key, so that it refuses the writes of all before. Does nothing
    /// where the jobs are in the database.
    ///
    /// # Errors
    /// [`JobsError`], when either cannot be used.
    pub fn mirror(&self, place: &Place, key: &SyncKey) -> Result<(), JobsError> {
        let (Self::Cluster(cluster), key) = (self, slot_key(key)) else { return Ok(()) };
        let Some(there) = block_on(cluster.get(&key))? else { return Ok(()) };
        let token = Slot::from_bytes(&there.row.bytes)?.token;
        // No worker looks for it here.
        let (own, row) = (Self::beside(place)?, there.row.due(None));
        loop {
            let here = block_on(own.get(&key))?;
            if let Some(here) = &here
                && Slot::from_bytes(&here.row.bytes)?.token > token
            {
                return Ok(()); // A later worker was faster.
            }
            let version = here.map(|here| here.version);
            if let Swap::Applied(_) =
                block_on(own.compare_and_swap(&SwapOf::new(key.clone(), version, Some(row.clone()))))?
            {
                return Ok(());
            }
        }
    }

    /// The keys under a key, behind another one, at most `limit`, in the order of their bytes.
    ///
    /// # Errors
    /// [`JobsError`], when the database cannot be read.
    pub fn keys(&self, under: &StoreKey, after: Option<&StoreKey>, limit: usize) -> Result<Vec<StoreKey>, JobsError> {
        match self {
            Self::File(jobs) => Ok(jobs.keys(under, after, limit)?),
            Self::Server(jobs) => Ok(block_on(jobs.keys(under, after, limit))?),
            Self::Cluster(jobs) => Ok(block_on(jobs.keys(under, after, limit))?),
        }
    }
}

/// A call of either, with how long it took.
macro_rules! timed {
    ($self:ident.$method:ident($($with:expr),*)) => {{
        let begun = telemetry::begin();
        let done = match $self {
            Self::File(jobs) => jobs.$method($($with),*).await.map_err(JobsError::from),
            Self::Server(jobs) => jobs.$method($($with),*).await.map_err(JobsError::from),
            Self::Cluster(jobs) => jobs.$method($($with),*).await.map_err(JobsError::from),
        };
        telemetry::called("jobs", stringify!($method), begun.elapsed(), done.is_ok());
        done
    }};
}

impl JobStore for Jobs {
    type Error = JobsError;

    async fn get(&self, key: &StoreKey) -> Result<Option<Stored>, JobsError> {
        timed!(self.get(key))
    }

    async fn compare_and_swap(&self, swap: &SwapOf) -> Result<Swap, JobsError> {
        let done = timed!(self.compare_and_swap(swap))?;
        telemetry::swapped(std::slice::from_ref(&done));
        Ok(done)
    }

    async fn due(&self, page: &DueOf) -> Result<DuePage, JobsError> {
        timed!(self.due(page))
    }

    async fn append(&self, append: &AppendOf) -> Result<bool, JobsError> {
        timed!(self.append(append))
    }

    async fn read(&self, page: &ReadOf) -> Result<LogPage, JobsError> {
        timed!(self.read(page))
    }

    async fn prune(&self, old: &PruneOf) -> Result<u64, JobsError> {
        timed!(self.prune(old))
    }

    async fn swap_many(&self, swaps: &[SwapOf]) -> Result<Vec<Swap>, JobsError> {
        let done = timed!(self.swap_many(swaps))?;
        telemetry::swapped(&done);
        Ok(done)
    }

    async fn take(&self, swaps: &[SwapOf]) -> Result<Option<Taken>, JobsError> {
        let taken = timed!(self.take(swaps))?;
        // Those behind the one that was taken were not tried.
        let tried = taken.map_or(swaps.len(), |taken| taken.at + 1);
        let mut swaps = vec![Swap::Conflict; tried];
        if let (Some(last), Some(taken)) = (swaps.last_mut(), taken) {
            *last = Swap::Applied(taken.version);
        }
        telemetry::swapped(&swaps);
        Ok(taken)
    }

    async fn get_many(&self, keys: &[StoreKey]) -> Result<Vec<Option<Stored>>, JobsError> {
        timed!(self.get_many(keys))
    }

    async fn due_many(&self, pages: &[DueOf]) -> Result<Vec<DuePage>, JobsError> {
        timed!(self.due_many(pages))
    }

    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, JobsError> {
        let done = timed!(self.swap_chain(swaps, entries))?;
        telemetry::swapped(&done);
        Ok(done)
    }

    async fn swap_all(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<SwapAll, JobsError> {
        let done = timed!(self.swap_all(swaps, entries))?;
        match &done {
            SwapAll::Applied(versions) => {
                let swaps: Vec<_> = versions.iter().copied().map(Swap::Applied).collect();
                telemetry::swapped(&swaps);
            }
            SwapAll::Conflict => telemetry::swapped(&vec![Swap::Conflict; swaps.len()]),
            SwapAll::Unable => {}
        }
        Ok(done)
    }
}
