//! What several commands take on the command line, and how each value is read.
//!
//! A value that cannot be read is an error of the command line: it names the option, what stood there and what was
//! expected.

mod guards;
mod table;
mod values;

use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use tripartite::id::{ExternalId, PersonId};
use tripartite::schema::Strategy;
use tripartite_etcd::address::Address;

pub use self::guards::{GuardLimit, Limits};
pub use self::table::TableArgs;
pub use self::values::{address, clash, day, id_field, lease, place, plan, remote, seconds, strategy, time_of_day};
use crate::listing::Remote;
use crate::store::{JOBS, Place, Register};

/// Which register of which database.
#[derive(Debug, Clone, Default, Args)]
pub struct Target {
    /// The database: a file of SQLite, or postgres://USER@HOST/NAME with the password in PGPASSWORD
    #[arg(long, value_name = "DB", env = "NIGHTLY_SYNC_DB", hide_env_values = true)]
    #[arg(value_parser = OsStringValueParser::new().try_map(place))]
    pub db: Option<Place>,
    /// The cluster of etcd with the jobs, such as etcd://a,b,c/club, if they are not in the database; the same in every
    /// command of all processes
    #[arg(long, value_name = "CLUSTER", env = JOBS, hide_env_values = true)]
    pub jobs: Option<Address>,
    /// Which of its registers: an organisation's records of one source; without it, the unnamed one
    #[arg(long, value_name = "ORG/CONNECTOR", env = "NIGHTLY_SYNC_KEY", hide_env_values = true)]
    pub key: Option<Register>,
}

/// A listing, and how it is read.
#[derive(Debug, Clone, Args)]
pub struct ListingArgs {
    /// The listing: CSV, any JSON or a workbook, packed or not; - for standard input
    #[arg(long, value_name = "FILE", value_parser = OsStringValueParser::new().map(remote))]
    pub remote: Option<Remote>,
    /// The fields and their rules; else what the database holds, else inferred from the listing
    #[arg(long, value_name = "FILE.json")]
    pub schema: Option<PathBuf>,
    /// The field that holds the id; else what the database holds, else `id`
    #[arg(long, value_name = "NAME", value_parser = id_field)]
    pub id_field: Option<String>,
    /// How conflicts are decided where no field says otherwise: remote_wins, local_wins, merge, enforced, local_owned or
    /// fill_only; stored with the schema
    #[arg(long, value_name = "NAME", value_parser = strategy)]
    pub strategy: Option<Strategy>,
    /// The listing is not everything there is: nobody is missing
    #[arg(long)]
    pub partial: bool,
    /// About this record alone: nobody else is looked at, and nobody is missing
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub only: Option<ExternalId>,
    /// Who is not listed is inactive after N such runs in a row, 1 by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub missing_after: Option<u32>,
    /// What may be done unasked, as NAME=LIMIT,NAME=LIMIT: a number, a percentage such as 5%, or none; of deactivations,
    /// creations, links, updates, quarantined, emptied, names, changed, takeovers
    #[arg(long, value_name = "LIMITS")]
    pub guards: Option<Limits>,
}

/// Who says so.
#[derive(Debug, Clone, Args)]
pub struct By {
    /// Who says so, for the audit
    #[arg(long, value_name = "NAME", default_value = "the command line", hide_default_value = true)]
    pub by: PersonId,
}
