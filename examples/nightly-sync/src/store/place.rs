//! Where a database is: a file, or a server.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::runtime::{Builder, Handle, Runtime};
use tripartite_etcd::address::Address as ClusterAddress;
use tripartite_postgres::address::{Address, AddressError};
use tripartite_postgres::pool::{CONNECTIONS, Pool};

use super::ConnectionError;

/// The variable of the environment with the password of a server, as `psql` reads it, where the address has none.
pub const PASSWORD: &str = "PGPASSWORD";

/// Where a database is. Clones of a server's place share its connections.
///
/// ```
/// use nightly_sync::store::Place;
/// assert_eq!(Place::named("members.db".into())?.to_string(), "members.db");
/// let server = Place::named("postgres://club:secret@db.example.org/club".into())?;
/// assert_eq!(server.to_string(), "postgres://club@db.example.org/club"); // no password is shown
/// assert!(Place::named("postgres://db.example.org:port/club".into()).is_err());
/// # Ok::<(), tripartite_postgres::address::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of SQLite.
    File(PathBuf),
    /// A server of PostgreSQL.
    Server(Server),
    /// Members in either, and jobs on a cluster of etcd.
    Apart(Box<Place>, Cluster),
}

/// A cluster of etcd.
#[derive(Debug, Clone)]
pub struct Cluster(Arc<ClusterAddress>);

/// A server of PostgreSQL, and the connections to it.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

struct Shared {
    address: Address,
    pool: OnceLock<Pool>,
    most: AtomicUsize,
}

impl Place {
    /// The place that a text names: a server, if it begins with `postgres://` or `postgresql://`, and else a file.
    ///
    /// # Errors
    /// [`AddressError`], when it is no address of a server.
    pub fn named(text: OsString) -> Result<Self, AddressError> {
        let address =
            text.to_str().filter(|text| ["postgres://", "postgresql://"].iter().any(|is| text.starts_with(is)));
        let Some(address) = address else { return Ok(Self::File(text.into())) };
        let mut address: Address = address.parse()?;
        if !address.has_password()
            && let Some(password) = std::env::var_os(PASSWORD)
        {
            address = address.password(password.as_encoded_bytes());
        }
        let shared = Shared { address, pool: OnceLock::new(), most: AtomicUsize::new(CONNECTIONS) };
        Ok(Self::Server(Server(Arc::new(shared))))
    }

    /// The same members, with the jobs on a cluster.
    ///
    /// ```
    /// use nightly_sync::store::Place;
    /// let place = Place::named("members.db".into())?;
    /// let apart = place.with_jobs_on("etcd://a,b,c/club".parse()?);
    /// assert_eq!(apart.to_string(), "members.db");
    /// assert_eq!(apart.cluster().map(|cluster| cluster.nodes().len()), Some(3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_jobs_on(self, cluster: ClusterAddress) -> Self {
        let members = match self {
            Self::Apart(members, _) => members,
            members => Box::new(members),
        };
        Self::Apart(members, Cluster(Arc::new(cluster)))
    }

    /// The cluster with the jobs, if they are not with the members.
    ///
    /// [`with_jobs_on`](Self::with_jobs_on) has an example.
    pub fn cluster(&self) -> Option<&ClusterAddress> {
        match self {
            Self::File(_) | Self::Server(_) => None,
            Self::Apart(_, Cluster(address)) => Some(address),
        }
    }

    /// The file of the members, if they are in one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(file) => Some(file),
            Self::Server(_) => None,
            Self::Apart(members, _) => members.file(),
        }
    }

    /// The server with the members, if they are on one.
    pub fn server(&self) -> Option<&Server> {
        match self {
            Self::File(_) => None,
            Self::Server(server) => Some(server),
            Self::Apart(members, _) => members.server(),
        }
    }

    /// Whether it is there, as far as that is known before it is asked.
    pub fn is_there(&self) -> bool {
        self.file().is_none_or(Path::exists)
    }

    /// As many connections at most, from the first one on.
    pub fn connections(&self, most: usize) {
        if let Some(server) = self.server() {
            server.0.most.store(most, Ordering::Relaxed);
        }
    }
}

impl Server {
    /// Its address.
    pub fn address(&self) -> &Address {
        &self.0.address
    }

    /// Its connections.
    ///
    /// # Errors
    /// [`ConnectionError`], when the address asks for what cannot be.
    pub fn pool(&self) -> Result<Pool, ConnectionError> {
        if let Some(pool) = self.0.pool.get() {
            return Ok(pool.clone());
        }
        let pool = self.0.address.pool(&runtime()?)?.at_most(self.0.most.load(Ordering::Relaxed));
        Ok(self.0.pool.get_or_init(|| pool).clone())
    }
}

/// Where the connections of the process live.
///
/// # Errors
/// [`ConnectionError::Runtime`], when no thread can be begun.
pub fn runtime() -> Result<Handle, ConnectionError> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime.handle().clone());
    }
    let made = Builder::new_multi_thread().worker_threads(2).thread_name("connections").enable_all().build();
    let made = made.map_err(|error| ConnectionError::Runtime(error.to_string()))?;
    Ok(RUNTIME.get_or_init(|| made).handle().clone())
}

impl PartialEq for Server {
    fn eq(&self, other: &Self) -> bool {
        self.0.address.to_string() == other.0.address.to_string()
    }
}

impl Eq for Server {}

impl PartialEq for Cluster {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

impl Eq for Cluster {}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&self.0.address).finish()
    }
}

/// As a person types it, without a password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Server(server) => server.address().fmt(f),
            Self::Apart(members, _) => members.fmt(f),
        }
    }
}

impl From<&Self> for Place {
    fn from(place: &Self) -> Self {
        place.clone()
    }
}

impl From<PathBuf> for Place {
    fn from(file: PathBuf) -> Self {
        Self::File(file)
    }
}

impl From<&PathBuf> for Place {
    fn from(file: &PathBuf) -> Self {
        Self::File(file.clone())
    }
}

impl From<&Path> for Place {
    fn from(file: &Path) -> Self {
        Self::File(file.to_owned())
    }
}
