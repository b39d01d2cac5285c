//! The judgement: one record of the source beside the candidates here.

use std::collections::{BTreeMap, BTreeSet};

use super::forms::Forms;
use super::{Match, MatchKey, Rules, Trust};
use crate::id::{ExternalId, LocalId};
use crate::value::Record;

/// A record of the source that nothing here is linked to.
#[derive(Debug, Clone, Copy)]
pub struct Remote<'a> {
    /// What the source calls it.
    pub id: &'a ExternalId,
    /// What the source says of it.
    pub record: &'a Record,
}

/// A record here, as a candidate.
#[derive(Debug, Clone, Copy)]
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

/// The candidates of a page, brought into their forms once.
///
/// ```
/// use tripartite::id::{ExternalId, LocalId};
/// use tripartite::matching::{Local, Match, Pool, Remote, Rule, Rules, Trust};
/// # use tripartite::schema::{Field, Kind, Schema};
/// # let schema = Schema::builder()
/// #     .field(Field::new("email", Kind::Email))
/// #     .field(Field::new("born", Kind::DATE))
/// #     .build()?;
/// let fields = vec!["email".to_owned(), "born".to_owned()];
/// let rules = Rules::new(&schema, vec![Rule { name: "e-mail".to_owned(), fields, trust: Trust::Trusted }])?;
/// let record = |email| schema.record(&serde_json::json!({"email": email, "born": "2001-05-04"}));
/// let (here, there) = (record("aine@example.org")?, record("Aine@Example.ORG")?);
/// let (local, id, other) = (LocalId::new("17")?, ExternalId::new("FED-2")?, ExternalId::new("FED-1")?);
/// let free = Local { id: &local, linked: None, is_not: &[], record: &here };
/// let judge = |candidate| Pool::new(&rules, [candidate]).judge(Remote { id: &id, record: &there });
///
/// assert_eq!(judge(free).link(), Some(&local));
/// let held = judge(Local { linked: Some(&other), ..free });
/// assert_eq!(held, Match::IdentityConflict { local: local.clone(), holds: other.clone(), rule: "e-mail".to_owned() });
/// assert_eq!(judge(Local { is_not: &[id.clone()], ..free }), Match::Unmatched); // a person has said so
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Pool<'a> {
    rules: &'a Rules,
    locals: Vec<(Local<'a>, Forms)>,
    by_key: BTreeMap<MatchKey, Vec<usize>>,
}

/// A candidate that at least one rule speaks for.
struct Hit<'a> {
    linked: Option<&'a ExternalId>,
    rule: usize,
}

impl<'a> Pool<'a> {
    /// Of all records that share a key with any record of the page; more do no harm, fewer can create somebody twice.
    ///
    /// ```
    /// # use tripartite::id::ExternalId;
    /// use tripartite::matching::{Match, Pool, Remote, Rules};
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("email", Kind::Email)).build()?;
    /// let rules = Rules::new(&schema, vec![])?;
    /// let (id, record) = (ExternalId::new("FED-1")?, schema.missing());
    /// assert_eq!(Pool::new(&rules, []).judge(Remote { id: &id, record: &record }), Match::Unmatched);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(rules: &'a Rules, locals: impl IntoIterator<Item = Local<'a>>) -> Self {
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
    /// use tripartite::matching::{Local, Match, Pool, Remote, Rule, Rules, Trust};
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
    /// # let fields = vec!["phone".to_owned()];
    /// # let rules = Rules::new(&schema, vec![Rule { name: "phone".to_owned(), fields, trust: Trust::Trusted }])?;
    /// # let (id, record) = (ExternalId::new("FED-1")?, schema.record(&serde_json::json!({"phone": "1"}))?);
    /// # let (mother, son) = (LocalId::new("17")?, LocalId::new("18")?);
    /// let locals = [&son, &mother].map(|id| Local { id, linked: None, is_not: &[], record: &record });
    /// // One telephone for two: trusted or not, nobody is linked.
    /// let several = Match::Ambiguous { locals: vec![mother.clone(), son.clone()], rivals: vec![] };
    /// assert_eq!(Pool::new(&rules, locals).judge(Remote { id: &id, record: &record }), several);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn judge(&self, remote: Remote<'_>) -> Match {
        let mut hits: BTreeMap<&LocalId, Hit<'_>> = BTreeMap::new();
        let forms = self.rules.forms(remote.record);
        let near: BTreeSet<usize> = forms.keys().filter_map(|key| self.by_key.get(&key)).flatten().copied().collect();
        for (local, known) in near.into_iter().map(|at| &self.locals[at]) {
            let Some(rule) = forms.agree(known).min_by_key(|&rule| self.rank(rule)) else { continue };
            if local.is_not.contains(remote.id) {
                continue;
            }
            let hit = hits.entry(local.id).or_insert(Hit { linked: local.linked, rule });
            hit.rule = if self.rank(rule) < self.rank(hit.rule) { rule } else { hit.rule };
            hit.linked = hit.linked.or(local.linked);
        }
        if hits.len() > 1 {
            return Match::Ambiguous { locals: hits.into_keys().cloned().collect(), rivals: Vec::new() };
        }
        let Some((local, hit)) = hits.pop_first() else { return Match::Unmatched };
        let (local, stated) = (local.clone(), &self.rules.rules()[hit.rule]);
        match hit.linked {
            None => Match::Found { local, rule: stated.name.clone(), trust: stated.trust },
            Some(linked) if linked == remote.id => Match::Linked { local },
            Some(other) => Match::IdentityConflict { local, holds: other.clone(), rule: stated.name.clone() },
        }
    }

    /// The strongest first, then in the order in which they were stated.
    fn rank(&self, rule: usize) -> (std::cmp::Reverse<Trust>, usize) {
        (std::cmp::Reverse(self.rules.rules()[rule].trust), rule)
    }
}
