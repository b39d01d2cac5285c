//! The options of a run: mode, guards, approvals, batch size, scope, match rules and the rest.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::looked_at::LookedAt;
use crate::audit::KeyedHash;
use crate::id::{ExternalId, RunId};
use crate::matching::{MatchRule, MatchRules, RulesError};
use crate::plan::{ApprovedAside, Guards, MadeAfter, PlanId};
use crate::schema::Policy;

/// The default number of ops in a batch: enough that the fixed cost of a transaction does not matter, and few enough
/// that it is short.
pub const BATCH: usize = 500;

/// When a run writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Mode {
    /// After the whole plan has been judged. This is the default.
    #[default]
    Planned,
    /// Page by page. Only deactivations and links wait for the end and are judged.
    ///
    /// With [match rules](Run::matching), candidates are read a page at a time, after the pages before were written. If
    /// the source moves an address from one record to another, the order of the two decides whether a person is asked
    /// about the second. The next run gives the same result; see [`matching`](crate::matching).
    Streaming,
}

/// A run that has not started, with its options.
#[derive(Debug, Clone)]
#[must_use = "a run does nothing until it is started"]
pub struct Run {
    pub(super) policy: Policy,
    pub(super) id: RunId,
    pub(super) at: DateTime<Utc>,
    pub(super) guards: Guards,
    pub(super) mode: Mode,
    pub(super) dry: bool,
    pub(super) approved: Option<PlanId>,
    pub(super) approved_aside: ApprovedAside,
    pub(super) batch: usize,
    /// Sorted, each id once.
    pub(super) only: Option<Vec<ExternalId>>,
    pub(super) missing_after: u32,
    /// `None` instead of an empty set of rules.
    pub(super) rules: Option<MatchRules>,
    pub(super) audit_key: Option<Key>,
    pub(super) made_after: Option<MadeAfter>,
    pub(super) since: LookedAt,
}

/// The key of the audit's hashes.
#[derive(Clone)]
pub(super) struct Key(Arc<dyn KeyedHash>);

impl Key {
    pub(super) fn hash(&self) -> &dyn KeyedHash {
        &*self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Run {
    /// A run under a policy. `at` is when it takes place; the audit carries it and `id`.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::Run;
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let policy = Policy::new(Schema::builder().field(Field::new("name", Kind::Name)).build()?);
    /// // no clock is asked
    /// let at = chrono::DateTime::from_timestamp(1_700_000_000, 0).ok_or("a point in time")?;
    /// let run = Run::new(policy, RunId::new("2023-11-14-night")?, at);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(policy: Policy, id: RunId, at: DateTime<Utc>) -> Self {
        let (guards, mode) = (Guards::default(), Mode::default());
        Self {
            policy,
            id,
            at,
            guards,
            mode,
            dry: false,
            approved: None,
            approved_aside: ApprovedAside::default(),
            batch: BATCH,
            only: None,
            missing_after: 1,
            rules: None,
            audit_key: None,
            made_after: None,
            since: LookedAt::default(),
        }
    }

    /// Sets the guards that may stop the run.
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::{Mode, Run, RunOutcome, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let store = MemoryStore::new(schema.clone());
    /// # let one = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
    /// # drive_blocking(run.clone().start(), &one, &store)?;
    /// # let gone = Listing::new(vec![]);
    /// // One record was in step last night; tonight the listing is complete, and empty.
    /// use tripartite::plan::{Guards, Limit};
    /// // the club has closed
    /// let guards = Guards::default().allow_empty().deactivations(Limit::NONE);
    /// let report = drive_blocking(run.guards(guards).start(), &gone, &store)?.report;
    /// assert_eq!((report.outcome, report.counts.deactivated), (RunOutcome::Succeeded, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn guards(mut self, guards: Guards) -> Self {
        self.guards = guards;
        self
    }

    /// Sets when the run writes.
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::{Mode, Run, RunOutcome, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let store = MemoryStore::new(schema.clone());
    /// # let one = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
    /// # drive_blocking(run.clone().start(), &one, &store)?;
    /// # let gone = Listing::new(vec![]);
    /// // One record was in step last night; tonight the listing is complete, and empty. Listed
    /// // records are written as they come. Missing records wait for the end and the guards.
    /// let report = drive_blocking(run.mode(Mode::Streaming).start(), &gone, &store)?.report;
    /// assert_eq!(report.outcome, RunOutcome::Blocked);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Makes it a dry run: it stops before anything is written, and returns the plan. This takes precedence over
    /// [`Mode::Streaming`].
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::{Mode, Run, RunOutcome, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let store = MemoryStore::new(schema.clone());
    /// # let one = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
    /// let done = drive_blocking(run.mode(Mode::Streaming).dry().start(), &one, &store)?;
    /// // the plan of what it would do
    /// assert_eq!((done.report.dry_run, done.report.counts.created), (true, 1));
    /// assert!(done.plan.is_some() && store.records().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dry(mut self) -> Self {
        self.dry = true;
        self
    }

    /// Sets how many ops go into one batch, at least one.
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::{Mode, Run, RunOutcome, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let store = MemoryStore::new(schema.clone());
    /// # let one = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
    /// // One batch is one call of the store, and often one transaction; 0 is taken as 1.
    /// assert_eq!(
    ///     drive_blocking(run.batch(0).start(), &one, &store)?.report.outcome,
    ///     RunOutcome::Succeeded
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn batch(mut self, ops: usize) -> Self {
        self.batch = ops.max(1);
        self
    }

    /// Syncs only these records, as for a webhook. The run asks for each by its id and does not read the index first,
    /// so a run of one record costs one fetch, one load and one commit.
    ///
    /// Its listing is never complete, even if the source says so. Only a [tombstone](crate::source::Item::Tombstone)
    /// marks a record inactive. Items about other records are ignored, and counted. For the [`Guards`], the population
    /// is all records that are active here, as in any other run. If a percentage may stop the run, it reads the index
    /// before it is judged. Records that the source does not answer for are left alone and
    /// [counted](crate::run::Counts::unanswered), and the run ends as [partial](crate::run::RunOutcome::Partial).
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::{Mode, Run, RunOutcome, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let store = MemoryStore::new(schema.clone());
    /// use tripartite::id::ExternalId;
    /// let two =
    ///     Listing::of(&schema, ["7", "8"].map(|id| (id, serde_json::json!({"name": "Áine"}))))?;
    /// let counts =
    ///     drive_blocking(run.clone().only([ExternalId::new("7")?]).start(), &two, &store)?
    ///         .report
    ///         .counts;
    /// assert_eq!((counts.processed, counts.created), (1, 1));
    /// // The source has no record of this id. That proves nothing, since it may be late: only a
    /// // complete listing is believed.
    /// let gone = Listing::new(vec![]);
    /// let counts =
    ///     drive_blocking(run.clone().only([ExternalId::new("7")?]).start(), &gone, &store)?
    ///         .report
    ///         .counts;
    /// assert_eq!((counts.processed, counts.deactivated, counts.unanswered), (0, 0, 1));
    /// assert!(matches!(run.only([]).start(), Step::Done(_))); // no records: over at once
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn only(mut self, ids: impl IntoIterator<Item = ExternalId>) -> Self {
        let ids: BTreeSet<ExternalId> = ids.into_iter().collect();
        self.only = Some(ids.into_iter().collect());
        self
    }

    /// Sets how many complete listings in a row must miss a record before it is marked inactive. The default is 1, and
    /// 0 counts as 1. Use it for a source whose listings sometimes leave records out.
    ///
    /// Each complete run that was not blocked counts, also one that repeats another. A tombstone is believed at once.
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::plan::Guards;
    /// # use tripartite::run::{Mode, Run, RunOutcome, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let store = MemoryStore::new(schema.clone());
    /// let two =
    ///     Listing::of(&schema, ["7", "8"].map(|id| (id, serde_json::json!({"name": "Áine"}))))?;
    /// let one = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
    /// let night =
    ///     |listing| drive_blocking(run.clone().missing_after(2).start(), listing, &store);
    /// night(&two)?;
    /// let counts = night(&one)?.report.counts;
    /// assert_eq!((counts.missing, counts.deactivated), (1, 0));
    /// night(&two)?; // it is listed again, so the count starts anew
    /// assert_eq!(night(&one)?.report.counts.deactivated, 0);
    /// assert_eq!(night(&one)?.report.counts.deactivated, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn missing_after(mut self, listings: u32) -> Self {
        self.missing_after = listings;
        self
    }

    /// Sets the match rules, which find the record here for an unlinked record of the source. Without rules, every
    /// unlinked record is created.
    ///
    /// Match rules are not part of the policy, so changing one does not make a run look at linked records again. A
    /// [trusted](crate::matching::Trust::Trusted) rule links a record; any other rule asks a person; see
    /// [`matching`](crate::matching).
    ///
    /// It fails at once and not at the end of a chain, because [`start`](Self::start) cannot fail: a run that has begun
    /// has a report, and rules that do not fit are a mistake in the configuration, which is found before the night.
    ///
    /// # Errors
    /// [`RulesError`], when the rules do not fit the policy's schema.
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::Run;
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).field(Field::new("email", Kind::Email)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let store = MemoryStore::new(schema.clone());
    /// use tripartite::id::{ExternalId, LocalId};
    /// use tripartite::matching::{MatchRule, Trust};
    /// // The club had Áine before there was a register, so her record has no external id.
    /// let here = LocalId::new("17")?;
    /// store.enter(
    ///     here.clone(),
    ///     schema.record(&serde_json::json!({"email": "aine@example.org"}))?,
    /// );
    /// let listing = Listing::of(
    ///     &schema,
    ///     [("FED-1", serde_json::json!({"name": "Áine", "email": "Aine@Example.org"}))],
    /// )?;
    ///
    /// let email = |trust| {
    ///     [MatchRule::new("e-mail", vec!["email".to_owned()]).trust(trust)]
    /// };
    /// let night = |trust| -> Result<_, Box<dyn std::error::Error>> {
    ///     Ok(drive_blocking(run.clone().matching(email(trust))?.start(), &listing, &store)?
    ///         .report
    ///         .counts)
    /// };
    /// let counts = night(Trust::Propose)?;
    /// // a person is asked first
    /// assert_eq!((counts.proposed, counts.linked, counts.created), (1, 0, 0));
    /// let counts = night(Trust::Trusted)?;
    /// assert_eq!((counts.linked, counts.updated, counts.created), (1, 1, 0));
    /// let kept = store.get(&ExternalId::new("FED-1")?).ok_or("it is linked")?;
    /// assert_eq!((&kept.id, kept.local.field(0).text()), (&here, Some("Áine")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn matching(mut self, rules: impl IntoIterator<Item = MatchRule>) -> Result<Self, RulesError> {
        let rules = MatchRules::new(self.policy.schema(), rules.into_iter().collect())?;
        self.rules = (!rules.is_empty()).then_some(rules);
        Ok(self)
    }

    /// Sets the key by which the audit hashes the values of [hashed](crate::schema::Privacy::Hashed) fields. Without a
    /// key these values are redacted. No run writes them into the audit in plain text.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::audit::{AuditEntry, KeyedHash};
    /// # use tripartite::id::{ExternalId, RunId};
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::Run;
    /// # use tripartite::schema::{Field, Kind, Policy, Privacy, Schema};
    /// # struct Hmac;
    /// # impl KeyedHash for Hmac { fn hash(&self, _: &[u8]) -> [u8; 32] { [0xab; 32] } } // use a real HMAC
    /// let phone = Field::new("phone", Kind::Text).sensitive_as(Privacy::Hashed);
    /// let schema = Schema::builder().field(phone).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let store = MemoryStore::new(schema.clone());
    /// # store.insert(ExternalId::new("7")?, schema.record(&serde_json::json!({"phone": "1"}))?);
    /// # let listing = Listing::of(&schema, [("7", serde_json::json!({"phone": "2"}))])?;
    /// drive_blocking(run.audit_key(Arc::new(Hmac)).start(), &listing, &store)?;
    /// let audit = store.audit();
    /// let Some((_, _, AuditEntry::Field(entry))) = audit.first() else { unreachable!() };
    /// assert_eq!(entry.local.as_text(), Some("hmac-sha256:abababababababababababababababab"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn audit_key(mut self, key: Arc<dyn KeyedHash>) -> Self {
        self.audit_key = Some(Key(key));
        self
    }
}
