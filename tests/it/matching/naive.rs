//! A naive judge: every pair, every rule, every field compared by its canonical form, and no key anywhere.

use std::collections::{BTreeMap, BTreeSet};

use tripartite::id::{ExternalId, LocalId};
use tripartite::matching::{FEW, Match, MatchRule, Trust};
use tripartite::schema::Schema;
use tripartite::value::{Record, Value};

/// What a rule sees of a field: what cannot be compared is nothing.
fn seen(schema: &Schema, name: &str, record: &Record) -> Option<Value> {
    let at = schema.position(name).unwrap();
    schema.canonical(at, record.field(at)).ok().filter(|value| !value.is_null())
}

pub(super) fn agree(schema: &Schema, rule: &MatchRule, a: &Record, b: &Record) -> bool {
    rule.fields.iter().all(|name| {
        let (a, b) = (seen(schema, name, a), seen(schema, name, b));
        a.is_some() && a == b
    })
}

/// A record here: what it is called, what it is linked to, what it says.
pub(super) type Known = (LocalId, Option<ExternalId>, Record);

/// Every answer of a listing, from the table of the situations read aloud.
pub(super) fn answers(
    schema: &Schema,
    rules: &[MatchRule],
    listing: &BTreeMap<ExternalId, Record>,
    here: &[Known],
) -> BTreeMap<ExternalId, Match> {
    // Whether a rule says anything of this record, and not the same of more than a few.
    let tells = |rule: &MatchRule, remote: &Record| {
        let here = here.iter().filter(|(_, _, local)| agree(schema, rule, remote, local)).count();
        here <= FEW && listing.values().filter(|other| agree(schema, rule, remote, other)).count() <= FEW
    };
    let telling = |remote: &Record| rules.iter().filter(|rule| tells(rule, remote)).collect::<Vec<_>>();
    let telling: BTreeMap<&ExternalId, Vec<&MatchRule>> =
        listing.iter().map(|(id, record)| (id, telling(record))).collect();
    let claims = |(id, remote): (&ExternalId, &Record)| {
        here.iter()
            .filter(|(_, _, local)| telling[id].iter().any(|rule| agree(schema, rule, remote, local)))
            .collect::<Vec<_>>()
    };
    let claimed: BTreeMap<&ExternalId, Vec<&Known>> =
        listing.iter().map(|(id, record)| (id, claims((id, record)))).collect();
    let answer = |(id, record): (&ExternalId, &Record)| {
        let mine = &claimed[id];
        let locals: Vec<LocalId> =
            mine.iter().map(|(id, ..)| id.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        let shares = |others: &[&Known]| others.iter().any(|(other, ..)| locals.contains(other));
        let rivals = claimed.iter().filter(|(other, theirs)| **other != id && shares(theirs));
        let rivals: Vec<ExternalId> = rivals.map(|(id, _)| (*id).clone()).collect();
        let reason = |local: &Record| {
            let agreeing = || telling[id].iter().filter(|rule| agree(schema, rule, record, local));
            let rule = agreeing().find(|rule| rule.trust == Trust::Trusted).or_else(|| agreeing().next()).unwrap();
            (rule.name.clone(), rule.trust)
        };
        match &mine[..] {
            [] => Match::Unmatched,
            [(local, Some(held), _)] if held == id => Match::Linked { local: local.clone() },
            [(local, Some(held), known)] => {
                Match::IdentityConflict { local: local.clone(), holds: held.clone(), rule: reason(known).0 }
            }
            [(local, None, known)] if rivals.is_empty() => {
                let (rule, trust) = reason(known);
                Match::Found { local: local.clone(), rule, trust }
            }
            _ => Match::Ambiguous { locals, rivals },
        }
    };
    listing.iter().map(|(id, record)| (id.clone(), answer((id, record)))).collect()
}
