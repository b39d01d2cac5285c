//! Why something was decided, as data. A sentence is made of it in [`english`](super::english), or by a host.

use std::borrow::Cow;
use std::fmt;

use super::{Collision, Decision, Dialled, Resolution, english};
use crate::detect::Verdict;
use crate::schema::{Kind, Schema, Unit, told_place};

/// Why something was decided, or left open: names, a verdict and a rule, never a value.
///
/// Its [`Display`](fmt::Display) says it in English, in a sentence or two. A host that speaks another language, or other words, makes its
/// own sentence of the same data; [`FieldEntry::reason`](crate::audit::FieldEntry::reason) has it for what the audit
/// keeps, [`Explained::reason`](crate::decide::Explained::reason) for what is open.
///
/// ```
/// use tripartite::detect::{Sides, Verdict, detect};
/// use tripartite::resolve::{Decision, Reason, resolve};
/// use tripartite::schema::{Field, Kind, Policy, Schema};
/// let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
/// let record = |phone: &str| schema.record(&serde_json::json!({ "phone": phone }));
/// let (base, local, remote) = (record("1")?, record("1")?, record("2")?);
/// let changes = detect(&schema, Sides { base: &base, local: &local, remote: &remote });
/// let resolved = resolve(&Policy::new(schema.clone()), &changes, None);
///
/// let german = |reason: &Reason<'_>| match reason {
///     Reason::Unit(why) => match (&why.verdict, why.decision) {
///         (Verdict::RemoteOnly(_), Decision::TookRemote) => {
///             format!("Nur die Quelle hat {} geändert; ihr Wert gilt.", why.unit)
///         }
///         // what a catalogue does not have is said in English, and not left out
///         _ => reason.to_string(),
///     },
///     _ => reason.to_string(),
/// };
/// let reason = resolved.resolutions[0].reason(&schema);
/// assert_eq!(german(&reason), "Nur die Quelle hat phone geändert; ihr Wert gilt.");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason<'a> {
    /// Why a field or a group was decided: a [`Unit`](crate::schema::Unit).
    Unit(UnitReason<'a>),
    /// Of a record: the source changed everything that says who it is at once, so its id may be somebody else's now.
    Replaced {
        /// The fields that the source changed.
        fields: Cow<'a, [String]>,
    },
    /// Of a record: somebody here edited it, and the source no longer has it.
    Ended {
        /// The fields that were edited.
        fields: Cow<'a, [String]>,
    },
    /// Of a record: somebody here removed it, and the source changed it.
    Removed {
        /// The fields that the source changed.
        fields: Cow<'a, [String]>,
    },
}

/// Why a field or a group was decided as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnitReason<'a> {
    /// The name of the field or group.
    pub unit: Cow<'a, str>,
    /// Whether it is a group, whose fields are decided as one.
    pub is_group: bool,
    /// Which side changed it.
    pub verdict: Verdict,
    /// What was done.
    pub decision: Decision,
    /// The rule that decided, as an entry of the audit has it: `field: merge`, or `person: take_local`.
    pub rule: Cow<'a, str>,
    /// Whether parts of the field have rules of their own.
    pub has_part_rules: bool,
    /// Where the sides collide inside an object or a set. In a place, a record of a set stands by the names of its key and
    /// not by their values: those may be anybody's address.
    pub collisions: Vec<Collision>,
    /// Where its telephone numbers were dialled, if another field of the record says it. A [`Resolution`] alone does not
    /// know it; an entry of the audit and an explained conflict do.
    pub dialled: Option<Dialled>,
}

impl UnitReason<'_> {
    /// The strategy that decided, by name; none where a person did.
    ///
    /// ```
    /// # use tripartite::resolve::Resolution;
    /// # use tripartite::resolve::Reason;
    /// # use tripartite::schema::{Fallback, Field, Kind, Policy, Schema, Strategy};
    /// let field = Field::new("phone", Kind::Text)
    ///     .strategy(Strategy::NewestWins {
    ///         stamp: "seen".to_owned(),
    ///         skew: std::time::Duration::ZERO,
    ///         fallback: Fallback::Review,
    ///     });
    /// let schema = Schema::builder()
    ///     .field(field)
    ///     .field(Field::new("seen", Kind::TIMESTAMP))
    ///     .build()?;
    /// # let (policy, unit) = (Policy::new(schema.clone()), schema.units()[0]);
    /// # let resolution = Resolution::in_sync(unit, policy.rule(unit, None));
    /// let Reason::Unit(why) = resolution.reason(&schema) else { unreachable!() };
    /// assert_eq!(why.rule, "field: newest_wins(seen, else review)");
    /// assert_eq!(why.strategy(), Some("newest_wins"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn strategy(&self) -> Option<&str> {
        let (source, strategy) = self.rule.split_once(": ")?;
        let name = strategy.split('(').next().unwrap_or(strategy);
        (source != "person").then_some(name)
    }

    /// What a person did, by the name of the answer, or `restore`; none where a rule decided.
    pub fn answer(&self) -> Option<&str> {
        self.rule.strip_prefix("person: ")
    }

    /// The places that stay open, each once.
    pub fn open(&self) -> Vec<&str> {
        let open = self.collisions.iter().filter(|collision| collision.decision == Decision::HeldOpen);
        let mut open: Vec<_> = open.map(|collision| collision.path.as_str()).collect();
        open.dedup();
        open
    }
}

impl Reason<'_> {
    /// The same reason, with nothing borrowed.
    pub fn into_owned(self) -> Reason<'static> {
        match self {
            Self::Unit(why) => Reason::Unit(UnitReason {
                unit: Cow::Owned(why.unit.into_owned()),
                is_group: why.is_group,
                verdict: why.verdict,
                decision: why.decision,
                rule: Cow::Owned(why.rule.into_owned()),
                has_part_rules: why.has_part_rules,
                collisions: why.collisions,
                dialled: why.dialled,
            }),
            Self::Replaced { fields } => Reason::Replaced { fields: Cow::Owned(fields.into_owned()) },
            Self::Ended { fields } => Reason::Ended { fields: Cow::Owned(fields.into_owned()) },
            Self::Removed { fields } => Reason::Removed { fields: Cow::Owned(fields.into_owned()) },
        }
    }
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said())
    }
}

impl Reason<'_> {
    /// The sentence, made once.
    pub(crate) fn said(&self) -> String {
        english::sentence(self)
    }
}

impl Resolution<'_> {
    /// Why it was decided as it was.
    pub fn reason<'s>(&self, schema: &'s Schema) -> Reason<'s> {
        let kind = match self.unit {
            Unit::Field(position) => schema.fields().get(position).map(|field| field.kind()),
            Unit::Group(_) => None,
        };
        Reason::Unit(UnitReason {
            unit: Cow::Borrowed(schema.unit_name(self.unit)),
            is_group: matches!(self.unit, Unit::Group(_)),
            verdict: self.verdict.clone(),
            decision: self.decision,
            rule: Cow::Owned(self.rule.to_string()),
            has_part_rules: has_part_rules(kind),
            collisions: told(&self.collisions, kind),
            dialled: None,
        })
    }

    /// An English sentence on what happened and what was done about it: its [`reason`](Self::reason), said. It names
    /// fields and rules, never values.
    ///
    /// ```
    /// use tripartite::detect::{Sides, detect};
    /// use tripartite::resolve::resolve;
    /// use tripartite::schema::{Field, Kind, Policy, Schema};
    /// let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
    /// let record = |phone: &str| schema.record(&serde_json::json!({ "phone": phone }));
    /// let (base, local, remote) = (record("1")?, record("1")?, record("2")?);
    /// let changes = detect(&schema, Sides { base: &base, local: &local, remote: &remote });
    /// let resolved = resolve(&Policy::new(schema.clone()), &changes, None);
    /// assert_eq!(
    ///     resolved.resolutions[0].why(&schema),
    ///     "The source changed phone and nobody had edited it here, \
    ///      so the source's value was taken.",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn why(&self, schema: &Schema) -> String {
        self.reason(schema).said()
    }
}

pub(crate) fn has_part_rules(kind: Option<&Kind>) -> bool {
    kind.is_some_and(|kind| !kind.strategies().is_empty())
}

/// Collisions with their places as a text may have them. In a field that the schema does not have it is not known what of
/// a place is a key and what its value.
pub(crate) fn told(collisions: &[Collision], kind: Option<&Kind>) -> Vec<Collision> {
    let place = |path: &str| kind.map_or_else(|| "…".to_owned(), |kind| told_place(kind, path));
    let told = |&Collision { ref path, clash, decision }: &Collision| Collision { path: place(path), clash, decision };
    collisions.iter().map(told).collect()
}
