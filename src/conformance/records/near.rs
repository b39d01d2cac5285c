//! What the suite asks candidates for.

use super::schema;
use crate::matching::{MatchRule, MatchRules, Trust};
use crate::schema::Schema;
use crate::store::{CandidateQuery, LoadRequest};
use crate::value::Record;

/// Two rules; each record of the suite is found by both.
pub(super) fn rules() -> Vec<MatchRule> {
    let rule = |name: &str, fields: &[&str]| MatchRule::new(name, fields.iter().copied()).trust(Trust::Trusted);
    vec![rule("e-mail", &["email"]), rule("birthday", &["name", "born"])]
}

/// A load of the candidates for these records.
pub(super) fn wanted(records: &[Record]) -> LoadRequest {
    wanted_by(&schema(), rules(), records)
}

pub(super) fn wanted_by(schema: &Schema, rules: Vec<MatchRule>, records: &[Record]) -> LoadRequest {
    let rules = MatchRules::new(schema, rules).expect("each rule of the suite has a name and fields of the schema");
    let keys = records.iter().flat_map(|record| rules.keys(record)).collect();
    LoadRequest::of([]).near(CandidateQuery::new(rules, keys))
}

/// Whether a record has one of the keys.
pub(super) fn is_near(wanted: &LoadRequest, record: &Record) -> bool {
    let has_key = |near: &CandidateQuery| near.rules.keys(record).iter().any(|key| near.keys.contains(key));
    wanted.near.as_ref().is_some_and(has_key)
}
