//! Match rules: which record here a record of the source is, when no external id says it.
//!
//! A club keeps its members long before it is connected to a register. On the first night nobody is linked, and a sync
//! that went by ids alone would create everybody a second time. So a host states [`MatchRule`]s: these fields, equal on both
//! sides, are one person. A rule compares [canonical forms](crate::normalize), so spelling does not count, and needs
//! **all** its fields: what is missing, null, blank or cannot be read equals nothing.
//!
//! With the rules *e-mail and day of birth* (trusted) and *last name and day of birth* (proposes):
//!
//! | the source lists | here | answer |
//! |---|---|---|
//! | `Aine@Example.org`, 2001-05-04 | `aine@example.org`, 04/05/2001, free | [`Match::Found`], by the trusted rule |
//! | Walsh, 2001-05-04, no e-mail | Walsh, 2001-05-04, free | [`Match::Found`], by the rule that proposes |
//! | Walsh, no day of birth | Walsh, no day of birth | [`Match::Unmatched`] |
//! | Walsh, 2001-05-04 | two of them | [`Match::Ambiguous`] |
//! | two Walshes, both 2001-05-04 | one of them | [`Match::Ambiguous`], for both |
//! | Walsh, 2001-05-04, as `FED-2` | Walsh, 2001-05-04, linked to `FED-1` | [`Match::IdentityConflict`] |
//!
//! A wrong link mixes two people's data and cannot be taken apart; a missed one shows as one record too many. So
//! whenever anything speaks against a link, a person decides.
//!
//! | step | who | with what |
//! |---|---|---|
//! | the keys of a page | crate | [`MatchRules::keys`] |
//! | the records that have one of them, in one query | host | an index of [`MatchKey`]s |
//! | who the rules say a record is | crate | [`Pool::evidence`] |
//! | which keys more than a few records have, over the whole listing | crate | [`Crowds`] |
//! | one answer a record | crate | [`Evidence::answer`] |
//! | nobody claimed twice, over the whole listing | crate | [`Claims`] |
//!
//! Nothing here names an organisation: the candidates are the ones a host hands in, and a host's store is one
//! organisation's.
//!
//! [`Run::matching`](crate::run::Run::matching) does all of it within a run. What it then does:
//!
//! | answer | in a run |
//! |---|---|
//! | [`Match::Unmatched`] | it is created at once |
//! | [`Match::Found`], trusted | it is linked when the listing is over, and its fields merged; the audit names the rule |
//! | [`Match::Linked`] | somebody linked it under the run: the two are merged, as ever |
//! | any other | it is set aside: nothing is written, and the next run asks again, until a person says which it is |
//!
//! **And a record here that a user removed?** It is a candidate, or the person would be there twice; but a rule only
//! proposes it, however it is trusted. It was removed by somebody who may know why.
//!
//! **What of two records of the source that share a key, when nobody here has it?** In one listing both are created: the
//! source says that they are two. If one of them is here before the other is listed, a person is asked about the second:
//! nobody can tell from outside whether the source has one person twice, or gave one another id.
//!
//! **And of a run that breaks off between the two?** Then one of them is here before the other, too. The next run sets the
//! second aside as [`Match::IdentityConflict`], and so does every run until a person says that they are two
//! ([`reject_match`](crate::decide::reject_match)). The next run makes up for everything else.
//!
//! **What of a key that many records have?** A placeholder, a club's own address or `unknown` is on forty people who have
//! nothing in common. A key that more than [`FEW`] records have, here or among the unlinked ones of the listing, is no key:
//! that rule proposes nobody for them, and the report names the rule and how many records it is
//! ([`Crowded`]). The other rules go on. A record that no rule finds is created: to hold all of them would also hold the
//! people who are new, night after night, and a double is seen where a held record is not. Put into the rule what people
//! who share an address have of their own, such as a birthday.
//!
//! **And of a placeholder that two records have?** A text that says nothing of anybody never is a key: one without a letter
//! or a digit, `N/A`, `unknown` and what else is listed under [`is_placeholder`]. What a source writes besides is declared
//! as a null of the field ([`Field::null`](crate::schema::Field::null)), and null is no key either.
//!
//! **Does the order of pages count?** Not where everything is planned before anything is written. In
//! [streaming mode](crate::run::Mode::Streaming) a page's candidates are what earlier pages have made of them. Where the
//! source passes `a@example.org` from `FED-5`, which is linked, to `FED-9`, which is new, and lists one to a page:
//!
//! | mode | listed first | `FED-9` | the next run |
//! |---|---|---|---|
//! | planned | either | [`Match::IdentityConflict`] with `FED-5`, whose address here is still the old one | creates it |
//! | streaming | `FED-9` | the same | creates it |
//! | streaming | `FED-5` | it is created: the address here is free by now | has nothing to do |
//!
//! **Why does one weak match beside a trusted one make a case ambiguous?** Twins, and a father and son of one name,
//! look like this. The trusted rule may be right; the second candidate says that it may be wrong.
//!
//! **Why is a name not compared by its sound?** Rules that can link without a person must be exact. A rule may leave the
//! accents out ([`MatchRule::ignore_accents`]), and then it only proposes. A host that wants more says so in a kind of its own
//! ([`CustomKind`](crate::schema::CustomKind)), whose canonical form these rules then compare.

mod answer;
mod claims;
mod crowd;
mod evidence;
mod forms;
mod key;
mod placeholder;
mod pool;
mod rules;

pub use claims::Claims;
pub use crowd::{Crowded, Crowds, FEW};
pub use evidence::Evidence;
pub use key::MatchKey;
pub use placeholder::is_placeholder;
pub use pool::{Local, Pool, Remote};
pub use rules::{MatchRules, RulesError};
use serde::{Deserialize, Serialize};

use crate::id::{ExternalId, LocalId};

/// Fields that make two records one, when they are all equal.
///
/// ```
/// use tripartite::matching::{MatchRule, Trust};
/// let rule: MatchRule =
///     serde_json::from_str(r#"{"name": "birthday", "fields": ["last_name", "born"]}"#)?;
/// // nothing is linked by itself unless somebody said so
/// assert_eq!(rule.trust, Trust::Propose);
/// assert!(
///     serde_json::from_str::<MatchRule>(
///         r#"{"name": "b", "fields": ["born"], "trusted": true}"#
///     )
///     .is_err()
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MatchRule {
    /// What it is called where a match is explained.
    pub name: String,
    /// The fields, by name or alias, in any order.
    pub fields: Vec<String>,
    /// What may be done about a match.
    #[serde(default)]
    pub trust: Trust,
    /// Whether letters are compared without their accents: `Seán` is `Sean`, `Bjørn` is `Bjorn`. Such a rule only proposes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_accents: bool,
}

impl MatchRule {
    /// A rule of which a person is asked. What is wrong with it is said by [`MatchRules::new`].
    ///
    /// ```
    /// use tripartite::matching::{MatchRule, Trust};
    /// let rule = MatchRule::new("birthday", ["born", "name"]);
    /// assert_eq!(rule.trust, Trust::Propose);
    /// assert_eq!(rule.trust(Trust::Trusted).fields.len(), 2);
    /// ```
    pub fn new(name: impl Into<String>, fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            name: name.into(),
            fields: fields.into_iter().map(Into::into).collect(),
            trust: Trust::Propose,
            ignore_accents: false,
        }
    }

    /// Compares letters without their accents. Such a rule cannot be trusted.
    ///
    /// ```
    /// use tripartite::matching::{MatchRule, MatchRules, Trust};
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let rule = MatchRule::new("name", ["name"]).ignore_accents();
    /// let rules = MatchRules::new(&schema, vec![rule.clone()])?;
    /// let keys = |name| {
    ///     schema.record(&serde_json::json!({"name": name})).map(|record| rules.keys(&record))
    /// };
    /// assert_eq!(keys("Seán")?, keys("Sean")?);
    /// assert!(MatchRules::new(&schema, vec![rule.trust(Trust::Trusted)]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn ignore_accents(mut self) -> Self {
        self.ignore_accents = true;
        self
    }

    /// Sets the field [`trust`](field@Self::trust). [`Run::matching`](crate::run::Run::matching) has an example.
    #[must_use]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }
}

/// What may be done about a match.
///
/// ```
/// use tripartite::matching::Trust;
/// assert!(Trust::Trusted > Trust::Propose); // of rules that agree, the strongest counts
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trust {
    /// A person is asked.
    #[default]
    Propose,
    /// The two are linked.
    Trusted,
}

/// Which record here a record of the source is. It holds ids and names of rules, never a value.
///
/// ```
/// use tripartite::id::LocalId;
/// use tripartite::matching::{Match, Trust};
/// let found = Match::Found {
///     local: LocalId::new("17")?,
///     rule: "birthday".to_owned(),
///     trust: Trust::Propose,
/// };
/// assert_eq!(found.link(), None); // a person is asked first
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Match {
    /// None of those there are: it is to be created.
    Unmatched,
    /// It is linked already; somebody was faster.
    Linked {
        /// The record here.
        local: LocalId,
    },
    /// Exactly this one, which is linked to nothing.
    Found {
        /// The record here.
        local: LocalId,
        /// The first of the strongest rules that say so.
        rule: String,
        /// The trust of that rule.
        trust: Trust,
    },
    /// More than one record here, or more than one record of the source for the same one here.
    Ambiguous {
        /// The records here, in the order of their ids.
        locals: Vec<LocalId>,
        /// The other records of the source that claim one of them, in the order of their ids.
        rivals: Vec<ExternalId>,
    },
    /// The one that the source called otherwise before, and no longer lists under that id.
    Renamed {
        /// What the source called it.
        was: ExternalId,
        /// The record here, where a match rule recognised it; none where only the ids are alike.
        locals: Vec<LocalId>,
        /// The first of the strongest rules that say so.
        rule: String,
    },
    /// Exactly this one, but it is linked to another record of the source.
    IdentityConflict {
        /// The record here.
        local: LocalId,
        /// What it is linked to.
        holds: ExternalId,
        /// The first of the strongest rules that say so.
        rule: String,
    },
}

impl Match {
    /// The record here that may be linked without asking anybody.
    ///
    /// ```
    /// use tripartite::id::{ExternalId, LocalId};
    /// use tripartite::matching::{Match, Trust};
    /// let (local, rule) = (LocalId::new("17")?, "e-mail".to_owned());
    /// let found =
    ///     Match::Found { local: local.clone(), rule: rule.clone(), trust: Trust::Trusted };
    /// assert_eq!(found.link(), Some(&local));
    /// let held = Match::IdentityConflict { local, holds: ExternalId::new("FED-1")?, rule };
    /// assert_eq!(held.link(), None); // no rule ever moves a link
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn link(&self) -> Option<&LocalId> {
        match self {
            Self::Found { local, trust: Trust::Trusted, .. } => Some(local),
            _ => None,
        }
    }

    /// The records here that it may be.
    ///
    /// ```
    /// use tripartite::matching::Match;
    /// assert!(Match::Unmatched.locals().is_empty());
    /// ```
    pub fn locals(&self) -> &[LocalId] {
        match self {
            Self::Unmatched => &[],
            Self::Linked { local } | Self::Found { local, .. } | Self::IdentityConflict { local, .. } => {
                std::slice::from_ref(local)
            }
            Self::Ambiguous { locals, .. } | Self::Renamed { locals, .. } => locals,
        }
    }
}
