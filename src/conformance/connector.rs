//! The conformance suite of a connector: one case for each promise of [`Connector`](crate::source::Connector), in the
//! promise's own words.
//!
//! Whether a connector reads a source rightly shows only if it is known what the source says. So the suite asks for a
//! [`Fixture`]: a source that the host makes for the test, for example a file, or an HTTP server on this machine. It says
//! what the suite tells it to say ([`Statement`]), and fails when the suite wants it to. The connector opens it as in a
//! run. The records are of the suite's own [`schema`], four plain fields. Three lines make each case a test:
//!
//! ```no_run
//! mod my_source {
//!     # use tripartite::memory::Listing;
//!     # fn fixture() -> Listing { Listing::new(Vec::new()) }
//!     tripartite::conformance::connector::connector!(fixture());
//! }
//! ```
//!
//! The expression is evaluated anew for each case. This is a whole fixture. Its source is a file with a JSON object on
//! each line:
//!
//! ```
//! use std::sync::{Arc, Mutex};
//! use serde_json::{Value, json};
//! use tripartite::conformance::connector::{Fixture, Statement, cases, schema};
//! use tripartite::failure::{Classify, Failure};
//! use tripartite::id::ExternalId;
//! use tripartite::source::{Connector, Cursor, Item, Malformed, Next, Page, RemoteRecord};
//!
//! /// The source: a file, and whether its disk works. The connector is a handle to it.
//! #[derive(Clone, Default)]
//! struct Lines(Arc<Mutex<(Vec<String>, bool)>>);
//!
//! #[derive(Debug, thiserror::Error)]
//! #[error("the disk does not answer")]
//! struct NoAnswer;
//!
//! impl Classify for NoAnswer {
//!     fn failure(&self) -> Failure {
//!         Failure::Retry { after: None }
//!     }
//! }
//!
//! fn read((at, line): (usize, &String)) -> Item {
//!     let json: Value = serde_json::from_str(line).unwrap_or_default();
//!     let id = json["id"].as_str().and_then(|id| ExternalId::new(id).ok());
//!     match (id, schema().record(&json["fields"])) {
//!         (Some(id), Ok(record)) => Item::Record(RemoteRecord::new(id, record)),
//!         // The problem says nothing of what stands there.
//!         (id, _) => {
//!             let place = format!("line {}", at + 1);
//!             Item::Malformed(Malformed::new(place, "is no record").id(id))
//!         }
//!     }
//! }
//!
//! impl Connector for Lines {
//!     type Error = NoAnswer;
//!
//!     async fn fetch(&self, _: Option<&Cursor>) -> Result<Page, NoAnswer> {
//!         let (lines, broken) = &*self.0.lock().unwrap();
//!         if *broken {
//!             return Err(NoAnswer);
//!         }
//!         let items = lines.iter().enumerate().map(read).collect();
//!         Ok(Page::new(items, Next::Complete { total: None }))
//!     }
//! }
//!
//! impl Fixture for Lines {
//!     type Connector = Self;
//!
//!     fn connect(&self) -> Self {
//!         self.clone()
//!     }
//!
//!     fn page(&self) -> usize {
//!         10 // all lines are on one page, whatever is said here
//!     }
//!
//!     fn say(&mut self, statement: &Statement) -> bool {
//!         let line = match statement {
//!             Statement::Record(remote) if remote.version.is_none() => {
//!                 json!({"id": remote.id, "fields": schema().named(&remote.record)})
//!             }
//!             Statement::Unreadable { id, content } => json!({"id": id, "fields": content}),
//!             // It has no versions, and no word for what is gone.
//!             _ => return false,
//!         };
//!         self.0.lock().unwrap().0.push(line.to_string());
//!         true
//!     }
//!
//!     fn remove(&mut self, id: &ExternalId) {
//!         let of = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].clone();
//!         self.0.lock().unwrap().0.retain(|line| of(line) != id.as_str());
//!     }
//!
//!     fn withhold(&mut self) -> bool {
//!         false // a file has all it has
//!     }
//!
//!     fn cut_off(&mut self) -> bool {
//!         false // each line is written as one
//!     }
//!
//!     fn state_total(&mut self, _: u64) -> bool {
//!         false
//!     }
//!
//!     fn fail(&mut self, failure: Option<Failure>) -> bool {
//!         self.0.lock().unwrap().1 = failure.is_some();
//!         failure.is_none_or(|failure| failure == Failure::Retry { after: None })
//!     }
//! }
//!
//! for case in cases::<Lines>() {
//!     case.run(&Lines::default);
//! }
//! ```
//!
//! **What if a source cannot say something?** Many have no versions, no tombstones, no total. The fixture then answers
//! `false`, and the case checks nothing. Records without a version must be sayable, each with some of the fields.
//!
//! **What about errors, and a runtime?** As in the [suite of a job store](super::jobs): an error that the fixture did not ask
//! for is a broken promise, and a runtime drives the connector by [`Fixture::block_on`].
//!
//! **What is not covered?** Whether the source lists what it has. Whether a connector hands out a credential, or reaches
//! another organisation's records: its source decides that.
//!
//! | a connector that | breaks |
//! |---|---|
//! | turns pages by counting rows | [`complete_with_all`](completeness::complete_with_all) |
//! | takes a file that was cut off for a short one | [`cut_off`](completeness::cut_off) |
//! | leaves out a line that it cannot read | [`malformed_stays`](malformed::malformed_stays) |
//! | quotes the line in its problem | [`malformed_without_content`](malformed::malformed_without_content) |
//! | makes a field null that the source leaves out | [`missing_or_null`](items::missing_or_null) |
//! | takes a 404 for a deletion | [`only_unknown`](only::only_unknown) |
//! | asks for the first hundred records only | [`only_all_of_them`](only::only_all_of_them) |

pub mod completeness;
pub mod failing;
mod fixture;
pub mod items;
pub mod malformed;
pub mod only;
pub mod pages;
mod probe;
mod world;

pub use super::of_fixture::Case;
pub use fixture::{Fixture, Statement};
pub use world::schema;

/// All cases, in the order of the trait's methods.
///
/// ```
/// # use tripartite::conformance::connector::cases;
/// # use tripartite::memory::Listing;
/// let cases = cases::<Listing>();
/// let cut_off = cases.iter().find(|case| case.name == "cut_off").unwrap();
/// // what a failure says, too
/// assert!(cut_off.promise.starts_with("Fail or end with `Next::BrokenOff`"));
/// cut_off.run(&|| Listing::new(Vec::new())); // nothing cuts memory off: nothing is checked
/// ```
pub fn cases<F: Fixture>() -> Vec<Case<F>> {
    [failing::cases(), pages::cases(), completeness::cases(), items::cases(), malformed::cases(), only::cases()]
        .into_iter()
        .flatten()
        .collect()
}

/// Makes each case a test of the fixture that an expression gives, in the module where it stands.
///
/// ```no_run
/// mod memory {
///     tripartite::conformance::connector::connector!(
///         tripartite::memory::Listing::new(Vec::new())
///     );
/// }
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_connector {
    ($fixture:expr) => {
        $crate::__conformance_connector_failing!($fixture);
        $crate::__conformance_connector_pages!($fixture);
        $crate::__conformance_connector_completeness!($fixture);
        $crate::__conformance_connector_items!($fixture);
        $crate::__conformance_connector_malformed!($fixture);
        $crate::__conformance_connector_only!($fixture);
    };
}

#[doc(inline)]
pub use __conformance_connector as connector;
