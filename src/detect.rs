//! Detection: who changed what, field by field, from three versions of one record.
//!
//! Two versions can only say *that* something differs. With the **base** (what the last committed decision saw from
//! the source) the difference has an author: local is *edited* iff it differs from the base, remote has *moved* iff
//! it does.
//!
//! | base | local | remote | verdict |
//! |---|---|---|---|
//! | A | A | Y | [`RemoteOnly`](Verdict::RemoteOnly): the source changed it |
//! | A | X | A | [`LocalOnly`](Verdict::LocalOnly): somebody here changed it |
//! | A | X | Y | [`Conflict`](Verdict::Conflict): both did |
//! | A | X | X | [`Converged`](Verdict::Converged): both did, and agree |
//! | unknown | X | Y | [`Conflict(NoBase)`](Clash::NoBase): nobody knows who did |
//!
//! The order of the tests matters: an absent remote, then an invalid one, then an unknown base, then whether local
//! and remote are equal, and only then who moved. Testing "moved" before "equal" makes conflicts of agreements.
//!
//! A verdict is a fact and needs no policy; what is done about it is [resolved](mod@crate::resolve). Detection is
//! total: every three records have a verdict for every field. It is lazy, too: equal bytes are equal, and a record
//! whose three versions have the same bytes costs two comparisons and no allocation.
//!
//! **Why is a value of the source not checked when it equals the base?** Because the base only ever holds values that
//! were accepted. After a change of the schema that may no longer be true;
//! [`Schema::accepted`](crate::schema::Schema::accepted) then takes out what is no longer of its field's kind.

mod changes;
mod glance;
pub(crate) mod group;
mod regions;
mod rows;
mod side;

use std::fmt;

use serde::{Deserialize, Serialize};

use self::changes::Changes;
use self::glance::Texts;
pub(crate) use self::regions::Regions;
use self::rows::Rows;
pub(crate) use self::side::Side;
use crate::normalize::phone::Region;
use crate::schema::{Absent, NullMeans, Schema, Unit};
use crate::value::{FieldRef, Problem, Record};

/// Three versions of one record, all of one schema.
///
/// This struct is exhaustive: a three-way comparison has three versions.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// What the last committed decision saw from the source; a missing field has no base.
    pub base: &'a Record,
    /// The host's record now; a missing field is null.
    pub local: &'a Record,
    /// The source's record now. A missing field is one that the source did not mention.
    pub remote: &'a Record,
}

/// What happened to a field, or to the tuple of an atomic group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "verdict", content = "detail")]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing: all three agree.
    #[serde(alias = "in_sync")]
    InSync,
    /// There was no base, and both sides have the same.
    #[serde(alias = "adopted")]
    Adopted,
    /// Both sides changed to the same.
    #[serde(alias = "converged")]
    Converged,
    /// Only the source changed it.
    #[serde(alias = "remote_only")]
    RemoteOnly(RemoteChange),
    /// Only the host's users changed it.
    #[serde(alias = "local_only")]
    LocalOnly(LocalChange),
    /// Both changed it, to different values.
    #[serde(alias = "conflict")]
    Conflict(Clash),
    /// The source did not mention it, and by the schema that is no statement.
    #[serde(alias = "not_reported")]
    NotReported,
    /// The source said something that is none of the field's kind.
    #[serde(alias = "invalid_remote")]
    InvalidRemote(Problem),
}

/// How the source changed a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RemoteChange {
    /// There was no base, and the host had nothing.
    #[serde(alias = "filled")]
    Filled,
    /// From null to a value.
    #[serde(alias = "set")]
    Set,
    /// From one value to another.
    #[serde(alias = "changed")]
    Changed,
    /// From a value to null.
    #[serde(alias = "cleared")]
    Cleared,
}

/// How the host's users changed a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum LocalChange {
    /// There was no base, and the source has nothing.
    #[serde(alias = "unbased")]
    Unbased,
    /// From null to a value.
    #[serde(alias = "set")]
    Set,
    /// From one value to another.
    #[serde(alias = "changed")]
    Changed,
    /// From a value to null.
    #[serde(alias = "cleared")]
    Cleared,
}

/// How the two sides collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Clash {
    /// There is no base, and both have a value.
    #[serde(alias = "no_base")]
    NoBase,
    /// Both set it, from null.
    #[serde(alias = "both_set")]
    BothSet,
    /// Both changed it.
    #[serde(alias = "both_changed")]
    BothChanged,
    /// The host's users cleared it, the source changed it.
    #[serde(alias = "local_cleared")]
    LocalCleared,
    /// The source cleared it, the host's users changed it.
    #[serde(alias = "remote_cleared")]
    RemoteCleared,
}

impl Verdict {
    /// The name of the variant, as the audit stores it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InSync => "InSync",
            Self::Adopted => "Adopted",
            Self::Converged => "Converged",
            Self::RemoteOnly(_) => "RemoteOnly",
            Self::LocalOnly(_) => "LocalOnly",
            Self::Conflict(_) => "Conflict",
            Self::NotReported => "NotReported",
            Self::InvalidRemote(_) => "InvalidRemote",
        }
    }

    /// What the variant holds: `BothChanged` of `Conflict(BothChanged)`. A problem's is its message.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::RemoteOnly(change) => Some(format!("{change:?}")),
            Self::LocalOnly(change) => Some(format!("{change:?}")),
            Self::Conflict(clash) => Some(format!("{clash:?}")),
            Self::InvalidRemote(problem) => Some(problem.to_string()),
            Self::InSync | Self::Adopted | Self::Converged | Self::NotReported => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail() {
            Some(detail) => write!(f, "{}({detail})", self.name()),
            None => f.write_str(self.name()),
        }
    }
}

/// One unit that is not in sync.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The field or group.
    pub unit: Unit,
    /// What happened to it.
    pub verdict: Verdict,
}

/// Everything of a record that is not in sync, in the schema's order. Empty, and then without an allocation, when
/// nothing happened.
#[derive(Debug, Clone)]
#[must_use = "a change set that is not resolved is a change that is not seen"]
#[non_exhaustive]
pub struct ChangeSet<'a> {
    /// The three versions the changes are between.
    pub sides: Sides<'a>,
    changes: Changes,
}

impl ChangeSet<'_> {
    /// The changes, in the schema's order.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Whether everything is in sync.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// Compares three versions of a record.
///
/// ```
/// use tripartite::detect::{RemoteChange, Sides, Verdict, detect};
/// use tripartite::schema::{Field, Kind, Schema};
///
/// let schema = Schema::builder()
///     .field(Field::new("email", Kind::Email))
///     .field(Field::new("phone", Kind::Text))
///     .build()?;
/// let base =
///     schema.record(&serde_json::json!({"email": "aine@example.org", "phone": "1"}))?;
/// let local =
///     schema.record(&serde_json::json!({"email": "aine@example.org", "phone": "1"}))?;
/// // Another spelling of the same address is no change.
/// let remote =
///     schema.record(&serde_json::json!({"email": "Aine@Example.ORG", "phone": "2"}))?;
///
/// let found = detect(&schema, Sides { base: &base, local: &local, remote: &remote });
/// assert_eq!(found.changes().len(), 1);
/// assert_eq!(found.changes()[0].verdict, Verdict::RemoteOnly(RemoteChange::Changed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[inline]
pub fn detect<'a>(schema: &Schema, sides: Sides<'a>) -> ChangeSet<'a> {
    let Sides { base, local, remote } = sides;
    let kept = base == local;
    // Equal rows without a missing base are in sync in every kind.
    let in_sync = kept && base == remote && !base.has_missing();
    ChangeSet { sides, changes: Changes::new(if in_sync { Vec::new() } else { changes(schema, sides, kept) }) }
}

/// What is not in sync, given whether the local row is the base's.
///
/// Apart from [`detect`], so that the nine of ten records that end there pay for nothing that stands here.
#[inline(never)]
fn changes(schema: &Schema, sides: Sides<'_>, kept: bool) -> Vec<Change> {
    let mut changes = Vec::new();
    let rows = Rows::of(sides, kept);
    for &unit in schema.units() {
        let verdict = match unit {
            Unit::Field(position) => match rows.are_read_alike(schema, position) {
                // Equal bytes are equal in every kind. Without a base the verdict is `Adopted`, so the rule decides.
                (true, true) if rows.have_base(position) => continue,
                same => field(schema, sides, position, same),
            },
            Unit::Group(_) => group::verdict(schema, sides, schema.members(&unit)),
        };
        if !matches!(verdict, Verdict::InSync) {
            changes.push(Change { unit, verdict });
        }
    }
    changes
}

/// The verdict of a field, given whether the local and the remote bytes are the base's.
fn field(schema: &Schema, sides: Sides<'_>, position: usize, (kept, still): (bool, bool)) -> Verdict {
    let base = sides.base.field(position);
    let local = if kept { base } else { sides.local.field(position) };
    let remote = if still { base } else { sides.remote.field(position) };
    let texts = Texts { base, local, remote, kept, still };
    let glance = glance::verdict(schema, &schema.fields()[position], &texts);
    glance.unwrap_or_else(|| by_the_rule(schema, position, [base, local, remote], Regions::of(schema, position, sides)))
}

/// The verdict of a field with any content.
#[inline(never)]
fn by_the_rule(
    schema: &Schema,
    position: usize,
    [base, local, remote]: [FieldRef<'_>; 3],
    regions: Regions,
) -> Verdict {
    let still = base == remote && !base.is_missing() && regions.base == regions.remote;
    let field = &schema.fields()[position];
    let base = Side::new(schema, field, base).dialled_in(regions.base);
    let local = Side::new(schema, field, local).dialled_in(regions.local);
    // The source has the bytes of the base, so it is neither absent, invalid nor moved.
    if still && !(base.null && schema.null_means(position) == NullMeans::NoOpinion) {
        return judge(&base, &local, &base, false);
    }
    match read_remote(schema, position, &base, remote, regions.remote) {
        // Null everywhere, in whatever spelling, is in sync, also where null says nothing.
        RemoteState::NotReported if !remote.is_missing() && !base.is_missing() && base.null && local.null => {
            Verdict::InSync
        }
        RemoteState::NotReported => Verdict::NotReported,
        RemoteState::Invalid(problem) => Verdict::InvalidRemote(problem),
        RemoteState::Reported { remote, moved } => judge(&base, &local, &remote, moved),
    }
}

/// What the source's field comes to under the absent policy and the field's kind.
pub(crate) enum RemoteState<'s, 'a> {
    /// The field was left out, and that says nothing of it.
    NotReported,
    /// The value is none of the field's kind.
    Invalid(Problem),
    /// A valid value, or null.
    Reported {
        /// The value.
        remote: Side<'s, 'a>,
        /// Whether it differs from the base.
        moved: bool,
    },
}

pub(crate) fn read_remote<'s, 'a>(
    schema: &'s Schema,
    position: usize,
    base: &Side<'s, 'a>,
    remote: FieldRef<'a>,
    region: Option<Region>,
) -> RemoteState<'s, 'a> {
    let said = if remote.is_missing() {
        match schema.absent(position) {
            Absent::NoOpinion => return RemoteState::NotReported,
            // The source never stated a value, so an absent field is not a clear.
            Absent::ClearedIfReported if base.null => return RemoteState::NotReported,
            Absent::ClearedIfReported | Absent::Cleared => FieldRef::NULL,
        }
    } else {
        remote
    };
    let field = &schema.fields()[position];
    // This comes before the comparison: a rounded number may look as if it did not move.
    if said != base.raw && !schema.is_exact(field, said) {
        return RemoteState::Invalid(Problem::Inexact);
    }
    // Every spelling of null is null from here on.
    let is_null = schema.is_null(field, said);
    if is_null && !remote.is_missing() && schema.null_means(position) == NullMeans::NoOpinion {
        return RemoteState::NotReported;
    }
    let said = if is_null { FieldRef::NULL } else { said };
    let remote = Side::new(schema, field, said).dialled_in(region);
    let moved = base.is_missing() || !remote.same(base);
    // A value that did not move was checked when it became the base.
    if moved {
        if field.is_required() && remote.null {
            return RemoteState::Invalid(Problem::Required);
        }
        if let Err(problem) = remote.check_beside(base) {
            return RemoteState::Invalid(problem);
        }
    }
    RemoteState::Reported { remote, moved }
}

/// The truth table, for a remote that said something valid.
fn judge(base: &Side<'_, '_>, local: &Side<'_, '_>, remote: &Side<'_, '_>, moved: bool) -> Verdict {
    let unknown = base.is_missing();
    // If local has the bytes of the base, the sides agree exactly when remote did not move: one comparison less.
    let untouched = !unknown && local.is_as(base);
    table(&Facts {
        unknown,
        no_base: base.null,
        no_local: local.null,
        no_remote: remote.null,
        agree: if untouched { !moved } else { local.same(remote) },
        edited: || !untouched && !local.same(base),
        moved: || moved,
    })
}

/// What the truth table asks, in the order it asks it.
pub(crate) struct Facts<E, M> {
    pub(crate) unknown: bool,
    pub(crate) no_base: bool,
    pub(crate) no_local: bool,
    pub(crate) no_remote: bool,
    pub(crate) agree: bool,
    pub(crate) edited: E,
    pub(crate) moved: M,
}

pub(crate) fn table<E: Fn() -> bool, M: Fn() -> bool>(facts: &Facts<E, M>) -> Verdict {
    let Facts { unknown, no_base, no_local, no_remote, agree, .. } = *facts;
    // Without a base it is not known which side changed, so two different values are a conflict, never an overwrite.
    if unknown {
        return match (agree, no_local, no_remote) {
            (true, ..) => Verdict::Adopted,
            (_, true, _) => Verdict::RemoteOnly(RemoteChange::Filled),
            (_, _, true) => Verdict::LocalOnly(LocalChange::Unbased),
            _ => Verdict::Conflict(Clash::NoBase),
        };
    }
    let moved = (facts.moved)();
    match (agree, moved) {
        (true, false) => Verdict::InSync,
        (true, true) => Verdict::Converged,
        (false, false) => Verdict::LocalOnly(match (no_base, no_local) {
            (true, _) => LocalChange::Set,
            (false, true) => LocalChange::Cleared,
            (false, false) => LocalChange::Changed,
        }),
        // `edited` is asked last: it may have to normalise a value.
        (false, true) if !(facts.edited)() => Verdict::RemoteOnly(match (no_base, no_remote) {
            (true, _) => RemoteChange::Set,
            (false, true) => RemoteChange::Cleared,
            (false, false) => RemoteChange::Changed,
        }),
        (false, true) => Verdict::Conflict(match (no_base, no_local, no_remote) {
            (true, ..) => Clash::BothSet,
            (_, true, _) => Clash::LocalCleared,
            (_, _, true) => Clash::RemoteCleared,
            _ => Clash::BothChanged,
        }),
    }
}
