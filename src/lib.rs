//! Keeps a copy of records that another system owns in step with it, field by field, with three versions of each
//! record: **base** (what the last committed decision saw from the source), **local** (the host's record now) and
//! **remote** (the source's record now). It says who changed what, decides conflicts by a policy, explains each
//! decision, and never loses an edit silently.
//!
//! The core has no clock, no randomness, no IO, no threads and no logging: only [`drive`](mod@drive) parks its caller's thread,
//! and the suites start some. Points in time are parameters, everything a host must do is returned as data, and a run is a chain of typed steps that any runtime, or none, can drive.
//!
//! # The flow
//!
//! ```text
//!   raw Record ──► ChangeSet ──► Resolved ──► Plan ──► (host) ─► OpOutcome ─► Report
//!      schema        detect       resolve      plan                 store       run
//! ```
//!
//! One record, from three versions to decisions:
//!
//! ```
//! use tripartite::detect::{Sides, detect};
//! use tripartite::resolve::resolve;
//! use tripartite::schema::{Field, Kind, Policy, Schema};
//!
//! let schema = Schema::builder()
//!     .field(Field::new("name", Kind::Name))
//!     .field(Field::new("phone", Kind::Phone { region: "IE".parse()? }))
//!     .field(Field::new("email", Kind::Email))
//!     .build()?;
//! let record = |name: &str, phone: &str, email: &str| {
//!     schema.record(&serde_json::json!({"name": name, "phone": phone, "email": email}))
//! };
//! let base = record("Áine Ní Bhriain", "087 123 4567", "aine@example.org")?;
//! let local = record("Áine Ní Bhriain", "087 123 4567", "aine@club.example")?;
//! let remote = record("Áine Walsh", "+353 (0)87 123 4567", "aine@example.org")?;
//!
//! let changes = detect(&schema, Sides { base: &base, local: &local, remote: &remote });
//! let resolved = resolve(&Policy::new(schema.clone()), &changes, None);
//! let [name, email] = &resolved.resolutions[..] else { panic!("two fields changed") };
//! assert_eq!(
//!     name.why(&schema),
//!     "The source changed name and nobody had edited it here, \
//!      so the source's value was taken."
//! );
//! // Nothing about the phone: both spellings are one number.
//! assert_eq!(
//!     email.why(&schema),
//!     "Somebody here changed email and the source still has the old value, \
//!      so the edit stays."
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Resolved::local`](resolve::Resolved::local) is the merged record, [`Resolved::base`](resolve::Resolved::base) the
//! base of the next comparison, and [`Schema::read`](schema::Schema::read) makes a struct of either: the example
//! `quickstart` does that in 30 lines. A whole night is as short: [`drive`](drive::drive()) has an example.
//!
//! # What to `use`
//!
//! Each module holds one idea, and there is no prelude. These lines are what most programs begin with:
//!
//! ```
//! // comparing and merging
//! use tripartite::detect::{Sides, detect};
//! use tripartite::resolve::resolve;
//! use tripartite::schema::{Field, Kind, Policy, Schema, Strategy};
//! // a source and a store of one's own
//! use tripartite::id::{ExternalId, LocalId, RunId};
//! use tripartite::source::{Connector, Item, Page, RemoteRecord};
//! use tripartite::store::{Batch, Loaded, Op, RecordStore};
//! // a night
//! use tripartite::drive::drive_blocking;
//! use tripartite::run::{Report, Run};
//! // many organisations
//! use tripartite::jobs::JobStore;
//! use tripartite::work::{Handler, Queue, Worker};
//! ```
//!
//! Points in time are [`DateTime<Utc>`](chrono::DateTime) of the crate chrono, and records are read from any serde value, so a
//! host depends on `chrono` 0.4, and on `serde` and `serde_json` 1 where it uses them. No default feature of chrono is
//! needed: `chrono = { version = "0.4", default-features = false, features = ["clock"] }` is for a host that asks for the
//! time. This crate re-exports none of them; a host's versions are its own to choose.
//!
//! # Which page for which reader
//!
//! | you want to | read | then |
//! |---|---|---|
//! | learn it from the beginning | [`book`]: chapters with a worked case each | |
//! | compare and merge records in your own code | [`detect`](mod@detect), [`resolve`](mod@resolve) | [`schema`]: kinds, strategies, groups |
//! | sync a table of yours | [`source`], [`store`]: the two traits · [`store::recipe`]: columns and triggers | [`drive`](mod@drive), [`run`]: options, guards, the report |
//! | answer what a run asks | [`decide`](mod@decide) | [`matching`]: who is who · [`audit`] |
//! | serve many organisations and sources | [`work`]: a whole host on a page | [`jobs`]: the trait · [`queue`], [`schedule`], [`gate`], [`health`] |
//! | serve several kinds of source or store | [`DynConnector`](source::DynConnector), [`DynRecordStore`](store::DynRecordStore), [`DynJobStore`](jobs::DynJobStore) | the example `several_sources` |
//! | take in webhooks | `webhook` (a feature) | [`work`], which stores what they say |
//! | test your stores and connectors | `conformance` (a feature) | [`memory`]: stores and a connector that pass |
//! | upgrade it | [`upgrading`]: formats, two versions at a time, what a new fingerprint costs | the changelog |
//! | fuzz or measure it | `arbitrary` (a feature): schemas and cases from bytes | [`performance`]: figures, floors, peers |
//!
//! # The house
//!
//! There are two columns: what one sync means, and when and whether it runs. A module imports only from floors below its
//! own. On the floors 1 to 8 neither column imports from the other; both stand on floor 0. A test holds both rules.
//!
//! | floor | what one sync means | when and whether it runs |
//! |---|---|---|
//! | 0 | [`id`]: what things are called · [`value`]: what was said | [`failure`]: what went wrong |
//! | 1 | [`normalize`]: when two spellings are one value · [`source`]: where records come from | [`backoff`]: how long to wait · [`rate`]: how often · [`jobs`]: where the host keeps jobs · [`tombstone`]: what a source said is gone |
//! | 2 | [`schema`]: the fields, what they hold, who decides | [`queue`]: one job a key · [`schedule`] · [`gate`] |
//! | 3 | [`detect`](mod@detect): who changed what · [`matching`]: who is who | [`health`] of a connector · [`registry`] |
//! | 4 | [`resolve`](mod@resolve): what is done about it, and why | [`history`] and status · [`notice`]s |
//! | 5 | [`audit`]: what was decided, and why | |
//! | 6 | [`store`]: where the host keeps records | |
//! | 7 | [`plan`]: the operations that carry it out, and what stops them | |
//! | 8 | [`run`]: one sync, as typed steps · [`decide`](mod@decide): what people decide | |
//! | 9 | [`drive`](mod@drive): a driver · [`memory`]: reference implementations | `webhook` (a feature) |
//! | 10 | | [`work`]: where the columns meet: workers |
//! | 11 | `conformance` (a feature): the traits' promises as a suite · `arbitrary` (a feature) · [`performance`] · [`upgrading`] · [`book`] | |
//!
//! # Features
//!
//! A feature adds items, and lets a schema use more kinds. What worked without it works as before.
//!
//! | feature | | what it adds |
//! |---|---|---|
//! | `phone` | default | the kind `phone`, by the numbering plans of the world |
//! | `idn` | default | the kind `email`, with domains that are not ASCII |
//! | `zone` | | time zones by name in a schema, for stamps that have none and days that are sent as instants |
//! | `cron` | | cron expressions, and schedules by the clock on the wall of a time zone |
//! | `webhook` | | the module `webhook`: signed messages of a source over HTTP |
//! | `audit-key` | | a keyed hash by which an audit tells equal values without keeping them |
//! | `conformance` | | the module `conformance`: what a store and a connector must do, as suites; takes `phone` and `idn` along |
//! | `arbitrary` | | the module `arbitrary`: values, records, schemas and cases from bytes, for fuzzers and property tests |
//!
//! Without features a schema refuses the kinds `phone` and `email` in a sentence that names the feature; everything
//! else works. That build has 30 dependencies, where the default has four times as many: `rlibphonenumber`
//! compiles the description of its metadata when it is built, and none of its features avoids that.
//!
//! # What a host does
//!
//! 1. Keeps a revision for each record that every change makes larger, by a user or a sync.
//! 2. Implements [`Connector`](source::Connector) for its source and [`RecordStore`](store::RecordStore) for its database.
//! 3. Starts a [`Run`](run::Run) every night and drives it; prints, keeps or sends the [`Report`](run::Report).
//!
//! A host that serves many organisations from many sources leaves the third to workers:
//!
//! 1. Implements [`JobStore`](jobs::JobStore), for the jobs, and [`Handler`](work::Handler), which opens what a job
//!    works on and keeps its report.
//! 2. Stores its connections in a [`Queue`](work::Queue), whose schedules then fire, and triggers what is wanted at
//!    once.
//! 3. Calls [`Worker::tick`](work::Worker::tick) again and again, in as many threads or processes as it likes, and
//!    sends the notices that it returns.
//!
//! The example host `nightly-sync`, in the crate's repository, does all of this on SQLite, with the stores of
//! `tripartite-sqlite`; [`work`] has a whole host on one page. [`performance`] has what it costs, and what a host does so
//! that it costs no more.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock_skew;
pub mod failure;
pub mod id;
mod setters;
pub mod value;

pub mod jobs;
pub mod source;
pub mod tombstone;

pub mod backoff;
pub mod normalize;
pub mod rate;

pub mod gate;
pub mod queue;
pub mod schedule;
pub mod schema;

pub mod detect;
pub mod health;
pub mod matching;
pub mod registry;

pub mod history;
pub mod notice;
pub mod resolve;

pub mod audit;

pub mod store;

pub mod plan;

pub mod decide;
pub mod run;

pub mod drive;
pub mod memory;
#[cfg(feature = "webhook")]
pub mod webhook;

pub mod work;

#[cfg(feature = "arbitrary")]
pub mod arbitrary;
#[cfg(feature = "conformance")]
pub mod conformance;

pub mod book;
pub mod performance;
pub mod upgrading;

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
