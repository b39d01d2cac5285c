//! The pool of candidates, and the evidence of the rules for one record of the source.

use std::collections::{BTreeMap, BTreeSet};

use super::crowd::{Crowds, FEW};
use super::evidence::{Evidence, Held};
use super::forms::Forms;
use super::{Match, MatchKey, MatchRules};
use crate::id::{ExternalId, LocalId};
use crate::setters::setters;
use crate::value::Record;

/// A record of the source that nothing here is linked to.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Remote<'a> {
    /// What the source calls it.
    pub id: &'a ExternalId,
    /// What the source says of it.
    pub record: &'a Record,
}

impl<'a> Remote<'a> {
    /// A record of the source under its id. [`Pool`] has an example.
    pub fn new(id: &'a ExternalId, record: &'a Record) -> Self {
        Self { id, record }
    }
}

/// A record here, as a candidate.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Local<'a> {
    /// What the host calls it.
    pub id: &'a LocalId,
    /// The record of the source it is linked to.
    pub linked: Option<&'a ExternalId>,
    /// Records of the source that a person has said it is not: to them it is no candidate.
    pub is_not: &'a [ExternalId],
    /// The record.
    pub record: &'a Record,
}

impl<'a> Local<'a> {
    /// A candidate that is linked to nothing and that nobody has told apart from any. [`Pool`] has an example.
    pub fn new(id: &'a LocalId, record: &'a Record) -> Self {
        Self { id, linked: None, is_not: &[], record }
    }

    setters! {
        linked: impl Into<Option<&'a ExternalId>>,
        is_not: &'a [ExternalId],
    }
}

/// The candidates of a page, brought into their forms once.
///
/// ```
/// use tripartite::id::{ExternalId, LocalId};
/// use tripartite::matching::{Local, Match, MatchRule, MatchRules, Pool, Remote, Trust};
/// # use tripartite::schema::{Field, Kind, Schema};
/// # let schema = Schema::builder()
/// #     .field(Field::new("email", Kind::Email))
/// #     .field(Field::new("born", Kind::DATE))
/// #     .build()?;
/// let fields = vec!["email".to_owned(), "born".to_owned()];
/// let rules = MatchRules::new(
///     &schema,
///     vec![MatchRule::new("e-mail", fields).trust(Trust::Trusted)],
/// )?;
/// let record =
///     |email| schema.record(&serde_json::json!({"email": email, "born": "2001-05-04"}));
/// let (here, there) = (record("aine@example.org")?, record("Aine@Example.ORG")?);
/// let (local, id, other) =
///     (LocalId::new("17")?, ExternalId::new("FED-2")?, ExternalId::new("FED-1")?);
/// let free = Local::new(&local, &here);
/// let judge =
///     |candidate| Pool::new(&rules, [candidate]).judge(Remote::new(&id, &there));
///
/// assert_eq!(judge(free).link(), Some(&local));
/// let held = judge(free.linked(&other));
/// assert_eq!(
///     held,
///     Match::IdentityConflict {
///         local: local.clone(),
///         holds: other.clone(),
///         rule: "e-mail".to_owned()
///     }
/// );
/// // a person has said so
/// assert_eq!(judge(free.is_not(&[id.clone()])), Match::Unmatched);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Pool<'a> {
    rules: &'a MatchRules,
    locals: Vec<(Local<'a>, Forms)>,
    by_key: BTreeMap<MatchKey, Vec<usize>>,
}

impl<'a> Pool<'a> {
    /// Of all records that share a key with any record of the page; more do no harm, fewer can create somebody twice.
    ///
    /// ```
    /// # use tripartite::id::ExternalId;
    /// use tripartite::matching::{Match, MatchRules, Pool, Remote};
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("email", Kind::Email)).build()?;
    /// let rules = MatchRules::new(&schema, vec![])?;
    /// let (id, record) = (ExternalId::new("FED-1")?, schema.missing());
    /// assert_eq!(
    ///     Pool::new(&rules, []).judge(Remote::new(&id, &record)),
    ///     Match::Unmatched
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(rules: &'a MatchRules, locals: impl IntoIterator<Item = Local<'a>>) -> Self {
        let locals: Vec<_> = locals.into_iter().map(|local| (local, rules.forms(local.record))).collect();
        let mut by_key: BTreeMap<MatchKey, Vec<usize>> = BTreeMap::new();
        for (at, (_, forms)) in locals.iter().enumerate() {
            for key in forms.keys() {
                by_key.entry(key).or_default().push(at);
            }
        }
        Self { rules, locals, by_key }
    }

    /// Which of the candidates a record of the source is.
    ///
    /// The order of the candidates does not count, and one that is handed in twice is one. What
    /// two records of the source claim is seen by [`Claims`](super::Claims), once both are known.
    ///
    /// ```
    /// # use tripartite::id::{ExternalId, LocalId};
    /// use tripartite::matching::{Local, Match, MatchRule, MatchRules, Pool, Remote, Trust};
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
    /// # let fields = vec!["phone".to_owned()];
    /// # let rules = MatchRules::new(&schema, vec![MatchRule::new("phone", fields).trust(Trust::Trusted)])?;
    /// # let (id, record) = (ExternalId::new("FED-1")?, schema.record(&serde_json::json!({"phone": "1"}))?);
    /// # let (mother, son) = (LocalId::new("17")?, LocalId::new("18")?);
    /// let locals =
    ///     [&son, &mother].map(|id| Local::new(id, &record));
    /// // One telephone for two: trusted or not, nobody is linked.
    /// let several =
    ///     Match::Ambiguous { locals: vec![mother.clone(), son.clone()], rivals: vec![] };
    /// assert_eq!(Pool::new(&rules, locals).judge(Remote::new(&id, &record)), several);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn judge(&self, remote: Remote<'_>) -> Match {
        self.evidence(remote).answer(self.rules, &Crowds::default())
    }

    /// Which of the candidates the rules name for a record of the source, and by which keys. A key that more than [`FEW`]
    /// of the candidates have names nobody.
    ///
    /// ```
    /// # use tripartite::id::{ExternalId, LocalId};
    /// use tripartite::matching::{
    ///     Crowds, FEW, Local, Match, MatchRule, MatchRules, Pool, Remote, Trust,
    /// };
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
    /// # let fields = vec!["phone".to_owned()];
    /// # let rules = MatchRules::new(&schema, vec![MatchRule::new("phone", fields).trust(Trust::Trusted)])?;
    /// # let (id, record) = (ExternalId::new("FED-1")?, schema.record(&serde_json::json!({"phone": "1"}))?);
    /// let locals =
    ///     (0..=FEW).map(|at| LocalId::new(at.to_string())).collect::<Result<Vec<_>, _>>()?;
    /// let here =
    ///     locals.iter().map(|id| Local::new(id, &record));
    /// let evidence = Pool::new(&rules, here).evidence(Remote::new(&id, &record));
    /// assert_eq!(evidence.answer(&rules, &Crowds::default()), Match::Unmatched);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn evidence(&self, remote: Remote<'_>) -> Evidence {
        let forms = self.rules.forms(remote.record);
        let held = |(rule, key)| Held { rule, key, here: self.having(key) };
        let keys: Vec<Held> = forms.keyed().map(held).collect();
        let telling = keys.iter().filter(|held| held.here <= FEW).filter_map(|held| self.by_key.get(&held.key));
        let near: BTreeSet<usize> = telling.flatten().copied().collect();
        let mut evidence = Evidence::new(remote.id.clone(), keys.clone());
        for (local, known) in near.into_iter().map(|at| &self.locals[at]) {
            let crowd = |key| keys.iter().any(|held| held.key == key && held.here > FEW);
            let by: Vec<_> = forms.agree(known).filter(|(_, key)| !crowd(*key)).collect();
            if !by.is_empty() && !local.is_not.contains(remote.id) {
                evidence.hit(local.id, local.linked, &by);
            }
        }
        evidence
    }

    /// How many candidates have a key; exact up to one more than a few.
    fn having(&self, key: MatchKey) -> usize {
        let Some(having) = self.by_key.get(&key) else { return 0 };
        let mut ids = BTreeSet::new();
        having.iter().any(|&at| ids.insert(self.locals[at].0.id) && ids.len() > FEW);
        ids.len()
    }
}
