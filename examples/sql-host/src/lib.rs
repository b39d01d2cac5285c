//! What every record store of [`tripartite`] on a SQL database shares. It needs no database.
//!
//! | a store takes from here | for |
//! |---|---|
//! | [`Register`], [`Settings`] | whose records they are, and how they are read |
//! | [`HostTable`], [`AttachError`] | a table that the host has already: its columns, and why it cannot be attached |
//! | [`AuditRow`], [`OpenRow`], [`KnownRun`], [`RunFigures`], [`ChangedRecord`], [`ChangedPage`], [`Here`], [`HereRow`] | what people read back |
//! | [`why`], [`stored_base`], [`situation`], [`CHANGED`], [`NOTEWORTHY`] | what stands beside a row: bases, conflicts, the audit |
//! | [`Collided`], [`Held`], [`Parked`] | rows that swap a value of a unique column |
//! | [`quoted`], [`time`], [`named_by`] | names, points in time, and by which fields a record is called |
//!
//! A store of another database attaches a table in this order:
//!
//! ```
//! use tripartite::schema::{Field, Kind};
//! use tripartite_sql::{AttachError, HostTable, Register, quoted};
//!
//! // The database says that the table is `Members`, in the schema `club`, and has these columns.
//! let columns = ["No", "full_name", "mail", "tripartite_revision"];
//! let asked = HostTable::new("members", "no").column("name", "full_name");
//! let spelled = |column: &str| {
//!     let is = columns.iter().find(|is| is.eq_ignore_ascii_case(column));
//!     is.map(|is| (*is).to_owned()).ok_or(AttachError::NoTable(column.to_owned()))
//! };
//! let mut table = asked.spelled(Some("club"), "Members", spelled)?;
//! assert_eq!((table.key(), table.named_columns()?.len()), ("No", 1));
//! assert_eq!(table.column_for(&Field::new("name", Kind::Name)), Some("full_name"));
//!
//! // It is attached already, and a column of one more field was named then.
//! let known = table.clone().column("email", "mail");
//! table.extend(&Register::default(), &known, |column| !columns.contains(&column))?;
//! assert_eq!(table.column_of("email"), Some("mail"));
//!
//! // What it has not yet is added.
//! let added = table.added(["text", "boolean NOT NULL DEFAULT true", "bigint NOT NULL DEFAULT 0"]);
//! let missing = added.iter().filter(|(column, _)| !columns.contains(column));
//! let adding: Vec<_> = missing.map(|(column, as_what)| format!("ADD {column} {as_what}")).collect();
//! assert_eq!(adding, ["ADD tripartite_id text", "ADD tripartite_active boolean NOT NULL DEFAULT true"]);
//! assert_eq!(quoted(table.table(), '"'), "\"Members\"");
//! # Ok::<(), AttachError>(())
//! ```

mod host;
mod names;
mod register;
mod remembered;
mod rows;
mod settings;
mod unique;

pub use self::host::{AttachError, HostTable};
pub use self::names::{named_by, quoted, time};
pub use self::register::{Register, RegisterError};
pub use self::remembered::{CHANGED, NOTEWORTHY, beside, situation, stored_base, why};
pub use self::rows::{AuditRow, ChangedPage, ChangedRecord, Here, HereRow, KnownRun, OpenRow, RunFigures, UnknownRun};
pub use self::settings::{ID_FIELD, OWN_COLUMNS, PRUNED_AT_ONCE, Settings};
pub use self::unique::{Collided, Held, Parked};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
