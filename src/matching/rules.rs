//! Match rules of a schema, checked when they are built.

use super::forms::{Forms, RuleFields};
use super::{MatchKey, MatchRule, Trust};
use crate::schema::{Kind, Schema};
use crate::value::{Fingerprint, Record};

/// Changes with what keys are made of, beside the fields: with 2, a placeholder is none.
const MAKE: u32 = 2;

/// Why rules cannot be built. Each says which rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// A rule has no name, so nothing could be explained by it.
    #[error("match rule {place} has no name")]
    NoName {
        /// Which one, counted from 1.
        place: usize,
    },
    /// Two rules have one name.
    #[error("two match rules are called `{rule}`")]
    DuplicateName {
        /// The name.
        rule: String,
    },
    /// A rule without a field would match everybody.
    #[error("match rule `{rule}` names no field")]
    NoFields {
        /// The rule.
        rule: String,
    },
    /// A rule names what is no field.
    #[error("match rule `{rule}`: there is no field `{field}`")]
    NoSuchField {
        /// The rule.
        rule: String,
        /// What it names.
        field: String,
    },
    /// A rule names one field twice, perhaps by an alias.
    #[error("match rule `{rule}` names field `{field}` twice")]
    Twice {
        /// The rule.
        rule: String,
        /// The field.
        field: String,
    },
    /// A collection is rarely equal as a whole, and says little when it is.
    #[error("match rule `{rule}`: field `{field}` is a {kind}; only single values identify a record")]
    Collection {
        /// The rule.
        rule: String,
        /// The field.
        field: String,
        /// Its kind.
        kind: String,
    },
    /// A rule of nothing but yes or no matches half of everybody.
    #[error("match rule `{rule}` has only fields of kind boolean, which identify nobody")]
    OnlyBooleans {
        /// The rule.
        rule: String,
    },
    /// A rule that ignores accents takes two people of nearly one name for one, so a person is asked.
    #[error("match rule `{rule}` ignores accents, so it can propose, and cannot be trusted")]
    TrustedWithoutAccents {
        /// The rule.
        rule: String,
    },
    /// Two rules of the same fields: one of them never decides.
    #[error("match rules `{first}` and `{second}` have the same fields")]
    SameFields {
        /// The first.
        first: String,
        /// The second.
        second: String,
    },
}

/// The rules of a schema, in the order in which they are named as the reason of a match.
///
/// ```
/// use tripartite::matching::{MatchRule, MatchRules, RulesError};
/// # use tripartite::schema::{Field, Kind, Schema};
/// let schema = Schema::builder()
///     .field(Field::new("email", Kind::Email))
///     .field(Field::new("teams", Kind::set(Kind::Text)))
///     .build()?;
/// let rules = |json: &str| -> Result<_, serde_json::Error> {
///     Ok(MatchRules::new(&schema, serde_json::from_str::<Vec<MatchRule>>(json)?))
/// };
/// assert!(
///     rules(r#"[{"name": "e-mail", "fields": ["email"], "trust": "trusted"}]"#)?.is_ok()
/// );
/// let error = rules(r#"[{"name": "teams", "fields": ["teams"]}]"#)?.unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "match rule `teams`: field `teams` is a set; only single values identify a record"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct MatchRules {
    schema: Schema,
    rules: Vec<MatchRule>,
    /// Of each rule the positions of its fields, in their order.
    positions: Vec<Vec<usize>>,
}

impl MatchRules {
    /// Checks the rules against the schema.
    ///
    /// # Errors
    /// [`RulesError`], the first that is found.
    ///
    /// ```
    /// use tripartite::matching::{MatchRule, MatchRules, RulesError, Trust};
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// let schema =
    ///     Schema::builder().field(Field::new("email", Kind::Email).alias("mail")).build()?;
    /// let fields = vec!["email".to_owned(), "mail".to_owned()];
    /// let twice = MatchRule::new("both", fields).trust(Trust::Trusted);
    /// let error = MatchRules::new(&schema, vec![twice]).unwrap_err();
    /// assert_eq!(
    ///     error,
    ///     RulesError::Twice { rule: "both".to_owned(), field: "email".to_owned() }
    /// );
    /// // no rule, no candidate: ids alone decide
    /// assert!(MatchRules::new(&schema, vec![]).is_ok());
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn new(schema: &Schema, rules: Vec<MatchRule>) -> Result<Self, RulesError> {
        let mut positions: Vec<Vec<usize>> = Vec::with_capacity(rules.len());
        for (at, rule) in rules.iter().enumerate() {
            let name = || rule.name.clone();
            if rule.name.trim().is_empty() {
                return Err(RulesError::NoName { place: at + 1 });
            }
            if rules[..at].iter().any(|other| other.name == rule.name) {
                return Err(RulesError::DuplicateName { rule: name() });
            }
            let fields = positions_of(schema, rule)?;
            let same = |(other, first): (&Vec<usize>, &MatchRule)| {
                *other == fields && first.ignore_accents == rule.ignore_accents
            };
            if rule.ignore_accents && rule.trust == Trust::Trusted {
                return Err(RulesError::TrustedWithoutAccents { rule: name() });
            }
            if let Some(first) = positions.iter().zip(&rules).position(same) {
                return Err(RulesError::SameFields { first: rules[first].name.clone(), second: name() });
            }
            positions.push(fields);
        }
        Ok(Self { schema: schema.clone(), rules, positions })
    }

    /// The rules as they were stated.
    ///
    /// ```
    /// # use tripartite::matching::MatchRules;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("email", Kind::Email)).build()?;
    /// assert!(MatchRules::new(&schema, vec![])?.rules().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rules(&self) -> &[MatchRule] {
        &self.rules
    }

    /// Whether there is none: then nobody is looked for.
    ///
    /// ```
    /// # use tripartite::matching::MatchRules;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("email", Kind::Email)).build()?;
    /// assert!(MatchRules::new(&schema, vec![])?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The keys of a record, sorted: one for each rule whose fields it has all.
    ///
    /// ```
    /// use tripartite::matching::{MatchRule, MatchRules, Trust};
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder()
    ///     .field(Field::new("email", Kind::Email))
    ///     .field(Field::new("born", Kind::DATE))
    ///     .build()?;
    /// let fields = vec!["born".to_owned(), "email".to_owned()];
    /// let rules = MatchRules::new(
    ///     &schema,
    ///     vec![MatchRule::new("e-mail", fields).trust(Trust::Trusted)],
    /// )?;
    /// let record =
    ///     |email, born| schema.record(&serde_json::json!({"email": email, "born": born}));
    /// let keys = |email, born| record(email, born).map(|record| rules.keys(&record));
    /// assert_eq!(
    ///     keys("Aine@Example.org", "2001-05-04 ")?,
    ///     keys(" aine@example.org", "2001-05-04")?
    /// );
    /// // a day that does not exist equals no other
    /// assert!(keys("aine@example.org", "2001-02-30")?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keys(&self, record: &Record) -> Vec<MatchKey> {
        let mut keys: Vec<_> = self.forms(record).keys().collect();
        keys.sort_unstable();
        keys
    }

    /// The version of the keys: stored keys are of use only while it is the same.
    ///
    /// It changes with the fields of a rule, their names and kinds, and with the version of this crate, whose canonical
    /// forms the keys are made of; not with a rule's name or trust, nor with other fields or strategies.
    ///
    /// ```
    /// use tripartite::matching::{MatchRule, MatchRules, Trust};
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("email", Kind::Email)).build()?;
    /// let fields = vec!["email".to_owned()];
    /// let rule = |name: &str| {
    ///     vec![MatchRule::new(name.to_owned(), fields.clone()).trust(Trust::Trusted)]
    /// };
    /// let version = |rules| MatchRules::new(&schema, rules).map(|rules| rules.version());
    /// assert_eq!(version(rule("mail")), version(rule("e-mail")));
    /// assert_ne!(version(rule("mail")), version(vec![]));
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn version(&self) -> Fingerprint {
        let mut rules: Vec<String> = self.fields().map(|rule| self.made_of(rule)).collect();
        rules.sort_unstable();
        Fingerprint::of(format!("{} {MAKE} {}", env!("CARGO_PKG_VERSION"), rules.join(" ")).as_bytes())
    }

    /// What a rule's keys are made of: its fields, and all that says how they are read.
    fn made_of(&self, rule: RuleFields<'_>) -> String {
        let fields: Vec<_> = rule.positions.iter().filter_map(|&at| self.schema.fields().get(at)).collect();
        // A field is plain data.
        let made = serde_json::to_string(&fields.iter().map(|field| field.key_parts()).collect::<Vec<_>>());
        format!("{}{}", made.unwrap_or_default(), if rule.ignore_accents { " without accents" } else { "" })
    }

    fn fields(&self) -> impl Iterator<Item = RuleFields<'_>> {
        let pairs = self.rules.iter().zip(&self.positions);
        pairs.map(|(rule, positions)| RuleFields { positions, ignore_accents: rule.ignore_accents })
    }

    pub(super) fn forms(&self, record: &Record) -> Forms {
        Forms::of(&self.schema, self.fields(), record)
    }
}

fn positions_of(schema: &Schema, rule: &MatchRule) -> Result<Vec<usize>, RulesError> {
    let mut positions = Vec::with_capacity(rule.fields.len());
    for name in &rule.fields {
        let rule = || rule.name.clone();
        let position =
            schema.position(name).ok_or_else(|| RulesError::NoSuchField { rule: rule(), field: name.clone() })?;
        let field = &schema.fields()[position];
        let kind = field.kind();
        if !kind.is_scalar() {
            let (field, kind) = (field.name().to_owned(), kind.name().to_owned());
            return Err(RulesError::Collection { rule: rule(), field, kind });
        }
        if positions.contains(&position) {
            return Err(RulesError::Twice { rule: rule(), field: field.name().to_owned() });
        }
        positions.push(position);
    }
    if positions.is_empty() {
        return Err(RulesError::NoFields { rule: rule.name.clone() });
    }
    if positions.iter().all(|&at| matches!(schema.fields()[at].kind(), Kind::Boolean(_))) {
        return Err(RulesError::OnlyBooleans { rule: rule.name.clone() });
    }
    positions.sort_unstable();
    Ok(positions)
}
