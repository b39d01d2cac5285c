//! Committing: each op whole or not at all, and only if what it expects is still so.
//!
//! | how a batch is carried out | |
//! |---|---|
//! | [`Together`](Way::Together) | a few statements write all ops; whatever the database refuses ends the transaction, and it is rolled back |
//! | [`Apart`](Way::Apart) | each op in a savepoint of its own; what is refused is that op's outcome |
//!
//! Nearly every batch goes through together. One that does not is carried out apart from its beginning, and so comes to
//! the same as if it had been from the first.
//!
//! A transaction first locks the rows that its ops expect something of, in the order of their ids, and then reads their
//! revisions. Whoever is changing one of them is waited for, so an edit that was not committed when the row was loaded has
//! another revision here. From then on nobody else can change them.

mod beside;
mod decide;
mod enter;
mod entries;
mod remember;
mod rows;
mod unique;

use std::collections::{BTreeSet, VecDeque};
use std::iter;

use tokio_postgres::Row;
use tripartite::id::LocalId;
use tripartite::schema::Schema;
use tripartite::store::{Batch, Op, OpOutcome, Precondition};
use tripartite_sql::{Collided, Parked};

use self::decide::{Cells, Decided, Written};
pub(super) use self::entries::{Kinds, Name, TOGETHER};
use super::bases::Shapes;
use super::fence::Fence;
use super::layout::Layout;
use super::near;
use super::tables::Tables;
use super::{BEGIN, PostgresStore, State, StoreError};
use crate::copying::Copying;
use crate::format;
use crate::pipeline::meanwhile;
use crate::pool::{Lease, Sent};

/// How the ops of a batch are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Not at all: what is refused is an error, and the transaction must be rolled back.
    Together,
    /// By savepoints.
    Apart,
}

/// Constraints that wait for the end of a transaction are asked now, while it is known which op it was. Else the commit asks
/// them.
const CHECK: &str = "SET CONSTRAINTS ALL IMMEDIATE";

/// A row that is locked was waited for already, while the batch was carried out together.
const SHORTLY: &str = "SET LOCAL lock_timeout = '100ms'";

/// Whether the register has match keys, which must be made anew for what changes; whether its schema is still stored as
/// this; and whether rows can be copied. A copy that cannot even begin takes the connection with it. And the number of the
/// transaction, by which is found out whether it was committed. Says what the triggers look at.
const ASKED: &str = "
SELECT EXISTS (SELECT FROM tripartite.settings WHERE register = {n} AND key = 'keys'),
    (SELECT value = $1 FROM tripartite.settings WHERE register = {n} AND key = 'schema'),
    (SELECT bool_and(has_table_privilege(t, 'INSERT') AND NOT row_security_active(t))
     FROM unnest(ARRAY[{members_name}::regclass, 'tripartite.links'::regclass]) AS t),
    pg_current_xact_id()::text, set_config('tripartite_batch.own', $2, true)";

/// What the triggers look at.
const OWN: &str = "SELECT set_config('tripartite_batch.own', 'on', true)";
const NOT_OWN: &str = "SELECT set_config('tripartite_batch.own', 'off', true)";

/// How a transaction begins.
#[derive(Clone, Copy)]
pub(super) enum Opening<'a> {
    /// It has begun.
    Over,
    /// With the first statements of the batch, all in one round trip, if the tables are of this version and the claim of the job
    /// holds.
    Due(Option<&'a Fence>),
}

impl PostgresStore {
    /// For a batch: what is pending has a transaction begun, else the batch begins it.
    pub(super) async fn opened(&self) -> Result<(Lease, State, Opening<'_>), StoreError> {
        let state = self.state();
        let writes_out = state.layout.writes_out(&self.settings.schema).is_some();
        if state.pending.is_empty() && state.layout.pending.is_empty() && !writes_out {
            return Ok((self.database.pool().lease().await?, state, Opening::Due(self.fence.as_ref())));
        }
        let mut lease = self.begin().await?;
        let state = self.settled(&mut lease).await?;
        Ok((lease, state, Opening::Over))
    }
}

/// Carries out a batch in a transaction that somebody else commits.
pub(super) struct Writer<'a> {
    pub(super) lease: &'a mut Lease,
    pub(super) tables: &'a Tables,
    pub(super) layout: &'a Layout,
    pub(super) schema: &'a Schema,
    pub(super) batch: &'a Batch,
    /// Whether what nobody had a moment ago is entered as if nobody could have it now: a second one ends the transaction.
    pub(super) is_plain: bool,
    pub(super) kinds: &'a mut Kinds,
    pub(super) shapes: &'a mut Shapes,
    collided: &'a mut Collided,
    /// Whether the triggers leave the numbering and marking of rows to this batch.
    is_own: bool,
    /// Whether the rows that are written must be marked, because the register has match keys.
    marks: bool,
    /// Whether a base may be left in its row.
    leaves: bool,
    /// Whether rows may be copied into the tables.
    copies: bool,
    /// The number of the transaction.
    pub(super) number: Option<String>,
    /// The keys of the rows that are to be entered, and their revision.
    numbers: (Vec<i64>, i64),
    /// The values of the new records that are not decided on yet.
    early: VecDeque<Result<Cells<'a>, String>>,
    /// Rows on their way, and how many they are.
    under_way: Option<(Copying, usize)>,
    /// A row that gave its unique values up until others are written.
    parked: Option<Parked>,
}

/// What one attempt at an op came to.
enum Tried {
    Over(OpOutcome),
    /// Another row has what this unique index allows once, as the problem says.
    Collides {
        index: String,
        problem: String,
    },
}

/// What is known from the batches before, and what this transaction adds to it.
pub(super) struct Known<'a> {
    pub(super) kinds: &'a mut Kinds,
    pub(super) shapes: &'a mut Shapes,
    pub(super) collided: &'a mut Collided,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        lease: &'a mut Lease,
        (tables, layout, schema): (&'a Tables, &'a Layout, &'a Schema),
        Known { kinds, shapes, collided }: Known<'a>,
        (batch, is_plain): (&'a Batch, bool),
    ) -> Self {
        Self {
            lease,
            tables,
            layout,
            schema,
            batch,
            is_plain,
            kinds,
            shapes,
            collided,
            is_own: false,
            marks: false,
            leaves: false,
            copies: false,
            number: None,
            numbers: (Vec::new(), 0),
            early: VecDeque::new(),
            under_way: None,
            parked: None,
        }
    }

    pub(super) async fn carry_out(&mut self, (way, opening): (Way, Opening<'_>)) -> Result<Vec<OpOutcome>, StoreError> {
        let batch = self.batch;
        let mut outcomes = Vec::with_capacity(batch.ops.len());
        match way {
            Way::Together => {
                self.begin(opening, self.layout.is_left && self.is_plain).await?;
                for part in parts(&batch.ops) {
                    outcomes.extend(self.write(part).await?);
                }
            }
            Way::Apart => {
                self.is_plain = false;
                self.begin(opening, false).await?;
                // An op may be tried more than once.
                self.early.clear();
                self.lease.batch(SHORTLY).await?;
                outcomes = self.carry_out_apart().await?;
                *self.kinds = Kinds::default();
            }
        }
        Ok(outcomes)
    }

    /// Begins a batch, of which the triggers may leave the numbering and marking of rows to it.
    async fn begin(&mut self, opening: Opening<'_>, is_own: bool) -> Result<(), StoreError> {
        let say = |sql: &str| Sent { sql: self.tables.sql(sql), values: Vec::new() };
        let stored = serde_json::to_string(self.schema).unwrap_or_default();
        let mut asked =
            Sent { values: vec![Box::new(stored), Box::new(if is_own { "on" } else { "off" })], ..say(ASKED) };
        let numbering = self.numbering(is_own);
        if let Some((sql, count)) = &numbering {
            asked.sql.push_str(sql);
            asked.values.push(Box::new(*count));
        }
        let answers = self.open(opening, vec![say(near::SHARED), asked]).await?;
        let row = answers.get(1).and_then(|rows| rows.first()).ok_or(StoreError::Vanished)?;
        self.numbers = numbering.map(|_| (row.get(5), row.get(6))).unwrap_or_default();
        self.number = row.get(3);
        self.is_own = is_own;
        // A trigger marks what is not the batch's own.
        self.marks = is_own && row.get::<_, bool>(0);
        self.leaves = is_own && self.layout.leaves && row.get::<_, Option<bool>>(1).unwrap_or(false);
        self.copies = row.get::<_, bool>(2);
        Ok(())
    }

    /// The answers to the first statements of the batch, in a transaction that may write.
    async fn open(&mut self, opening: Opening<'_>, mut sent: Vec<Sent<'_>>) -> Result<Vec<Vec<Row>>, StoreError> {
        let fence = match opening {
            Opening::Over => return Ok(self.lease.send(&sent).await?),
            Opening::Due(fence) => fence,
        };
        let of = self.tables.schema();
        sent.splice(0..0, iter::once(format::asked(of)).chain(fence.map(|fence| fence.asked(of))));
        let (batch, layout, schema) = (self.batch, self.layout, self.schema);
        let (answers, early) =
            meanwhile(self.lease.begin_with(BEGIN, &sent), || decide::created(layout, schema, &batch.ops)).await;
        let mut answers = answers?;
        self.early = early;
        format::permits(of, answers.remove(0).first())?;
        if let Some(fence) = fence {
            fence.permits(answers.remove(0).first())?;
        }
        Ok(answers)
    }

    /// Says whether the statements from here on are the batch's own.
    pub(super) async fn say_own(&mut self, is_own: bool) -> Result<(), StoreError> {
        if self.is_own != is_own {
            self.lease.query(if is_own { OWN } else { NOT_OWN }, &[]).await?;
            self.is_own = is_own;
        }
        Ok(())
    }

    async fn write_apart(&mut self, op: &'a Op) -> Result<Tried, StoreError> {
        self.lease.batch("SAVEPOINT op").await?;
        // What is made within a savepoint may be gone again.
        *self.kinds = Kinds::default();
        let written = match self.write(std::slice::from_ref(op)).await {
            Ok(written) => self.lease.batch(CHECK).await.map(|()| written).map_err(StoreError::from),
            refused => refused,
        };
        match written {
            Ok(mut outcomes) => {
                self.lease.batch("RELEASE op; SET CONSTRAINTS ALL DEFERRED").await?;
                Ok(Tried::Over(outcomes.pop().unwrap_or(OpOutcome::Stale)))
            }
            Err(error) if error.is_refusal() => {
                self.lease.batch("ROLLBACK TO op; RELEASE op; SET CONSTRAINTS ALL DEFERRED").await?;
                // Somebody else may have been the first to give the id to a record.
                let gets_id = moves(op) || matches!(op.expect, Precondition::Unlinked);
                if gets_id && error.is_double() && self.is_taken(op.id.as_str()).await? {
                    return Ok(Tried::Over(OpOutcome::Stale));
                }
                let problem = error.refusal();
                Ok(match error.double() {
                    Some(index) => Tried::Collides { index, problem },
                    None => Tried::Over(OpOutcome::Failed { problem }),
                })
            }
            // Whoever has been changing the row for so long will leave another revision.
            Err(error) if error.is_locked() => {
                self.lease.batch("ROLLBACK TO op; RELEASE op").await?;
                Ok(Tried::Over(OpOutcome::Stale))
            }
            Err(error) => Err(error),
        }
    }

    /// Carries out ops of which none is about another one's record.
    async fn write(&mut self, ops: &'a [Op]) -> Result<Vec<OpOutcome>, StoreError> {
        // The triggers know what follows when a row gets another id.
        self.say_own(self.layout.is_left && self.is_plain && !ops.iter().any(moves)).await?;
        let mut decided = self.decide(ops).await?;
        let written = self.write_decided(&mut decided).await;
        // What they met is why later statements of the transaction failed.
        self.arrive().await?;
        written
    }

    async fn write_decided(&mut self, decided: &mut [Decided<'a>]) -> Result<Vec<OpOutcome>, StoreError> {
        let mut written: Vec<Written<'a>> = Vec::with_capacity(decided.len());
        self.create(decided, &mut written).await?;
        self.change(decided, &mut written).await?;
        let mut outcomes: Vec<OpOutcome> = decided.iter().map(Decided::outcome).collect();
        for Written { at, local, .. } in &written {
            let id = LocalId::new(local).map_err(|problem| StoreError::Key { problem: problem.to_string() })?;
            outcomes[*at] = OpOutcome::Applied { local: id };
        }
        self.remember(written).await?;
        Ok(outcomes)
    }
}

/// Whether a row gets another external id.
fn moves(op: &Op) -> bool {
    op.rekeyed.is_some() || op.links()
}

/// The ops in their order, cut where one is about a record of an earlier one, and around those that give a record an id.
fn parts(ops: &[Op]) -> Vec<&[Op]> {
    let mut all: Vec<_> = ops.iter().map(|op| &op.id).collect();
    // Most batches are one part, and in order already.
    all.sort_unstable();
    if !ops.is_empty() && !ops.iter().any(moves) && all.is_sorted_by(|one, next| one < next) {
        return vec![ops];
    }
    let (mut parts, mut first, mut ids) = (Vec::new(), 0, BTreeSet::new());
    for (at, op) in ops.iter().enumerate() {
        let moves = moves(op);
        if moves || !ids.insert(&op.id) {
            parts.push(&ops[first..at]);
            (first, ids) = (at, BTreeSet::from([&op.id]));
        }
        if moves {
            parts.push(&ops[at..=at]);
            (first, ids) = (at + 1, BTreeSet::new());
        }
    }
    parts.push(&ops[first..]);
    parts.retain(|part| !part.is_empty());
    parts
}
