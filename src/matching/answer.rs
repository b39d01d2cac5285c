//! The answer: what the evidence comes to when the keys that say nothing are known.

use super::crowd::Crowds;
use super::evidence::{Evidence, Hit};
use super::{Match, MatchRules, Trust};

impl Evidence {
    /// Which of the candidates the record is, by the keys that say something.
    ///
    /// ```
    /// # use tripartite::id::{ExternalId, LocalId};
    /// use tripartite::matching::{Crowds, Local, MatchRule, MatchRules, Pool, Remote, Trust};
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
    /// # let fields = vec!["phone".to_owned()];
    /// # let rules = MatchRules::new(&schema, vec![MatchRule::new("phone", fields).trust(Trust::Trusted)])?;
    /// # let (id, record) = (ExternalId::new("FED-1")?, schema.record(&serde_json::json!({"phone": "1"}))?);
    /// # let local = LocalId::new("17")?;
    /// let pool =
    ///     Pool::new(&rules, [Local::new(&local, &record)]);
    /// let evidence = pool.evidence(Remote::new(&id, &record));
    /// assert_eq!(evidence.answer(&rules, &Crowds::default()).link(), Some(&local));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn answer(&self, rules: &MatchRules, crowds: &Crowds) -> Match {
        let said = |hit: &Hit| {
            let by = hit.by.iter().filter(|(_, key)| !crowds.has(*key)).map(|(rule, _)| *rule);
            by.min_by_key(|&rule| rank(rules, rule))
        };
        let mut hits: Vec<_> =
            self.hits.iter().filter_map(|(local, hit)| Some((local, &hit.linked, said(hit)?))).collect();
        if hits.len() > 1 {
            let locals = hits.into_iter().map(|(local, ..)| local.clone()).collect();
            return Match::Ambiguous { locals, rivals: Vec::new() };
        }
        let Some((local, linked, rule)) = hits.pop() else { return Match::Unmatched };
        let (local, stated) = (local.clone(), &rules.rules()[rule]);
        match linked {
            None => Match::Found { local, rule: stated.name.clone(), trust: stated.trust },
            Some(linked) if *linked == self.of => Match::Linked { local },
            Some(other) => Match::IdentityConflict { local, holds: other.clone(), rule: stated.name.clone() },
        }
    }
}

/// The strongest first, then in the order in which they were stated.
fn rank(rules: &MatchRules, rule: usize) -> (std::cmp::Reverse<Trust>, usize) {
    (std::cmp::Reverse(rules.rules()[rule].trust), rule)
}
