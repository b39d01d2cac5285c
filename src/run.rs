//! A run: one sync from listing to report, as typed steps.
//!
//! A run does no IO and never waits. It is a [`Step`]: each variant owns an object that holds the request to carry out,
//! and the only way on is to hand that object the reply. A wrong reply or a second one does not compile.
//!
//! | step | the host is asked for | and hands in |
//! |---|---|---|
//! | [`Indexing`] | a page of its index of linked records | [`IndexPage`] |
//! | [`Fetching`] | a page of the source's listing | [`Page`] |
//! | [`Loading`] | the records that may have changed, and the candidates for the others, one call a page | [`Records`] |
//! | [`Committing`] | a batch of ops to carry out | [`OpOutcome`]s |
//! | [`Stopped`] | a person's approval, or nothing | [`PlanId`] |
//! | [`Done`] | nothing | |
//!
//! In the default mode nothing is written before the [`Guards`] have judged the whole plan. [`Mode::Streaming`] is for
//! a first import that is too large to hold. It commits each page as it comes, and only deactivations and links wait
//! for the end. In this mode, a record that is listed twice with different values is found after its first statement
//! was written, and match rules see linked records as the run has already written them.
//!
//! How nights end, for a register of 1000 members:
//!
//! | the night | outcome | what was written |
//! |---|---|---|
//! | everything could be read and written | [`Succeeded`](RunOutcome::Succeeded) | everything |
//! | a line of the listing is no record, and has no id | [`Partial`](RunOutcome::Partial) | all but deactivations |
//! | a user edited one record twice while it was being written | Partial | all but this record |
//! | 300 are missing from a complete listing | [`Blocked`](RunOutcome::Blocked) | nothing |
//! | the token was refused on the third page | [`Failed`](RunOutcome::Failed) | nothing; if streaming, two pages |
//!
//! Between the nights, a run of [some](Run::only) records asks for those alone:
//!
//! | the source answers, asked for one record | what was written |
//! |---|---|
//! | with the record | what any run would have written of it |
//! | that it is gone | it is marked inactive |
//! | that it has another id now | its link and base move to the new id |
//! | with nothing | nothing: it may be late, and only a complete listing says who is missing |
//!
//! Guards compare such a run with the whole register: 12 deletions of 12 records that were asked for are 12 of 1000. If
//! a percentage may stop the run, it reads the index before it is judged.
//!
//! A run has three phases, and each is a type that owns its data. **Listing** lasts as long as pages come. **Closing**
//! begins when the unlisted records are known. **Writing** begins when the plan has been judged. In streaming mode the
//! listing writes, too. Outcomes are counted once, when the run ends: each listed record by its last fate, each op by
//! its outcome.
//!
//! Each file imports only from the rows above its own:
//!
//! | file | holds |
//! |---|---|
//! | `scope` `drift` `index` `repeat` `normal_ids` | which records a run is about; the fields, ids and fates of what is listed; repetitions; ids of which the schema says what does not count |
//! | `report` | what a run reports when it is over |
//! | `looked_at` | what newer runs looked at |
//! | `options` `outcomes` | the options of a run; the outcomes of records |
//! | `approval` | the options of a run for plans that wait for a person |
//! | `context` | what every phase needs: options, index, outcomes |
//! | `candidates` `record` `stored_plan` `summary` | the candidates of unlinked records; the plan of a record; overtaken ops of a stored plan; how a run ends |
//! | `renamed` `batches` | ids that come back spelled otherwise; ops on their way to the store |
//! | `match_answers` | where an unlinked record is linked, created or set aside |
//! | `planning` | what is planned so far, and which records wait for the end of the listing |
//! | `listing` | the first phase; where an item that cannot be read is set aside |
//! | `closing` | the second phase; where a torn listing is judged |
//! | `rekeyed` | records to which the source gave another id |
//! | `tombstone_conflict` | records that the source says are gone; which is believed, a tombstone or the record beside it |
//! | `unlisted` | records that are moved, gone or missing, page by page |
//! | `writing` | the third phase |
//! | `concurrent_edits` | where an op that an edit made stale during the run is planned again |
//! | `judging` | where the guards block a plan, and a stored plan is taken up |
//! | `step` | the steps, and the way from one to the next |
//!
//! **What does a run keep in memory?** The index, with some tens of bytes for each record, and the packed ops of the
//! records that change. It never keeps the listing. In streaming mode it keeps only the ops that wait for the end.
//!
//! **What if a page cannot be fetched?** The driver drops the run, or closes it with [`Step::fail`] for a report. In
//! the default mode nothing was written; in streaming mode each committed page stands, and the next run goes on from
//! there.
//!
//! ```
//! use tripartite::id::{ExternalId, LocalId, RunId};
//! use tripartite::run::{Run, RunOutcome, Step};
//! use tripartite::schema::{Field, Kind, Policy, Schema};
//! use tripartite::source::{Item, Next, Page, RemoteRecord};
//! use tripartite::store::{IndexPage, OpOutcome, Records};
//!
//! let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
//! let at = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
//! let mut step = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, at).start();
//! let report = loop {
//!     step = match step {
//!         Step::Indexing(s) => s.resume(IndexPage::new(vec![], None)),
//!         Step::Fetching(s) => {
//!             let record = schema.record(&serde_json::json!({"name": "Áine"}))?;
//!             let item = Item::Record(RemoteRecord::new(ExternalId::new("7")?, record));
//!             s.resume(Page::new(vec![item], Next::Complete { total: Some(1) }))
//!         }
//!         Step::Loading(s) => s.resume(Records::default()), // nothing is linked yet
//!         Step::Committing(s) => {
//!             let local = LocalId::new("1")?;
//!             let outcomes = s
//!                 .request()
//!                 .ops
//!                 .iter()
//!                 .map(|_| OpOutcome::Applied { local: local.clone() })
//!                 .collect();
//!             s.resume(outcomes)
//!         }
//!         Step::Stopped(s) => break s.finish().report,
//!         Step::Done(done) => break done.report,
//!     };
//! };
//! assert_eq!((report.outcome, report.counts.created), (RunOutcome::Succeeded, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`IndexPage`]: crate::store::IndexPage
//! [`Page`]: crate::source::Page
//! [`Records`]: crate::store::Records
//! [`OpOutcome`]: crate::store::OpOutcome
//! [`PlanId`]: crate::plan::PlanId
//! [`Guards`]: crate::plan::Guards

mod approval;
mod batches;
mod candidates;
mod closing;
mod concurrent_edits;
mod context;
mod drift;
mod index;
mod judging;
mod listing;
mod looked_at;
mod match_answers;
mod normal_ids;
mod options;
mod outcomes;
mod planning;
mod record;
mod rekeyed;
mod renamed;
mod repeat;
mod report;
mod scope;
mod step;
mod stored_plan;
mod summary;
mod tombstone_conflict;
mod unlisted;
mod writing;

pub use drift::{SchemaDrift, Undeclared, Unread, Unstated};
pub use options::{BATCH, Mode, Run};
pub use report::{Counts, Incomplete, Report, RunOutcome, Unwritten};
pub use scope::Scope;
pub use step::{Committing, Fetching, Indexing, Loading, NextBatch, Step, Stopped};
pub use summary::Done;
