//! The laws, on records made of few words, so that they often agree and often nearly do.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tripartite::id::{ExternalId, LocalId};
use tripartite::matching::{Claims, Crowds, Evidence, FEW, Local, Match, MatchRules, Pool, Remote};
use tripartite::schema::Schema;
use tripartite::value::Record;

use super::naive::{self, Known};
use super::{people, usual};
use crate::support;

type Spellings = &'static [&'static str];

/// For each field, spellings by what they mean; the last are nothing to a rule.
const WORDS: [(&str, &[Spellings], Spellings); 5] = [
    ("first_name", &[&["Áine", " A\u{301}ine"], &["Seán", "Sea\u{301}n "], &["Sean"]], &["", " "]),
    ("last_name", &[&["O'Brien", "O’Brien"], &["Walsh", "Walsh "]], &["\u{200B}"]),
    ("born", &[&["2001-05-04", "04/05/2001"], &["2001-04-05"]], &["2001-02-29", ""]),
    ("email", &[&["a@example.org", "A@Example.ORG"], &["b@example.org"]], &["none", " "]),
    ("phone", &[&["087 123 4567", "+353 87 1234567"], &["087 123 4568"]], &["unknown", ""]),
];

/// Of each field a meaning and a spelling of it; beyond the meanings, nothing.
pub(super) type Said = Vec<(usize, usize)>;

pub(super) fn said() -> impl Strategy<Value = Said> {
    proptest::collection::vec((0..4_usize, 0..4_usize), WORDS.len())
}

pub(super) fn record(schema: &Schema, said: &Said, respelled: usize) -> Record {
    let mut fields = json!({});
    for (&(meaning, spelling), (name, meanings, nothing)) in said.iter().zip(WORDS) {
        let spelling = spelling + respelled;
        match meanings.get(meaning) {
            Some(spellings) => fields[name] = Json::from(spellings[spelling % spellings.len()]),
            None if spelling % (nothing.len() + 1) < nothing.len() => {
                fields[name] = Json::from(nothing[spelling % (nothing.len() + 1)]);
            }
            None => {}
        }
    }
    schema.record(&fields).unwrap()
}

/// A listing, and the records here with what they are linked to.
fn world() -> impl Strategy<Value = (Vec<Said>, Vec<(Said, Option<u8>)>)> {
    let here = (said(), proptest::option::weighted(0.3, 0..8_u8));
    (proptest::collection::vec(said(), 1..6), proptest::collection::vec(here, 0..6))
}

fn external(at: usize) -> ExternalId {
    support::ext(&format!("FED-{at}"))
}

/// One said of so many that it may be a crowd, on either side, among others.
fn crowded() -> impl Strategy<Value = (Vec<Said>, Vec<(Said, Option<u8>)>)> {
    (world(), said(), 0..FEW + 3, prop_oneof![Just(1_usize), 0..FEW + 3]).prop_map(
        |((mut listing, mut here), one, listed, known)| {
            // Of whom half say something else, too.
            let mut other = one.clone();
            other[3] = (3, 0);
            listing.extend((0..listed).map(|at| if at % 2 == 0 { one.clone() } else { other.clone() }));
            here.extend((0..known).map(|at| (if at % 2 == 0 { one.clone() } else { other.clone() }, None)));
            (listing, here)
        },
    )
}

struct World {
    listing: BTreeMap<ExternalId, Record>,
    here: Vec<Known>,
}

fn build(schema: &Schema, (listing, here): &(Vec<Said>, Vec<(Said, Option<u8>)>), respelled: usize) -> World {
    let listed = listing.iter().enumerate().map(|(at, said)| (external(at), record(schema, said, respelled)));
    let known = here.iter().enumerate().map(|(at, (said, linked))| {
        let id = LocalId::new(format!("{at}")).unwrap();
        (id, linked.map(|at| external(usize::from(at))), record(schema, said, respelled))
    });
    World { listing: listed.collect(), here: known.collect() }
}

fn settle<'a>(
    rules: &MatchRules,
    listing: impl Iterator<Item = (&'a ExternalId, &'a Record)>,
    here: impl Iterator<Item = &'a Known>,
) -> BTreeMap<ExternalId, Match> {
    let locals = here.map(|(id, linked, record)| Local::new(id, record).linked(linked.as_ref()));
    let pool = Pool::new(rules, locals);
    let (mut claims, mut crowds) = (Claims::default(), Crowds::default());
    let found: Vec<(&ExternalId, Evidence)> =
        listing.map(|(id, record)| (id, pool.evidence(Remote::new(id, record)))).collect();
    found.iter().for_each(|(id, evidence)| crowds.count(id, evidence));
    for (id, evidence) in found {
        claims.add(id.clone(), evidence.answer(rules, &crowds));
    }
    claims.settle()
}

proptest! {
    #![proptest_config(support::cases(128))]

    /// A key that more than a few have, here or in the listing, is no key; in whatever order they come.
    #[test]
    fn what_many_share_says_nothing(world in crowded()) {
        let (schema, rules) = (people(), usual(&people()));
        let World { listing, here } = build(&schema, &world, 0);
        let expected = naive::answers(&schema, rules.rules(), &listing, &here);
        prop_assert_eq!(&settle(&rules, listing.iter().rev(), here.iter().rev()), &expected);
        prop_assert_eq!(settle(&rules, listing.iter(), here.iter()), expected);
    }
}

proptest! {
    #![proptest_config(support::cases(1_024))]

    #[test]
    fn the_answers_are_those_of_the_naive_judge(world in world()) {
        let (schema, rules) = (people(), usual(&people()));
        let World { listing, here } = build(&schema, &world, 0);
        let expected = naive::answers(&schema, rules.rules(), &listing, &here);
        prop_assert_eq!(settle(&rules, listing.iter(), here.iter()), expected);
    }

    /// P6: neither the order of the listing nor that of the candidates counts.
    #[test]
    fn order_does_not_count(world in world()) {
        let (schema, rules) = (people(), usual(&people()));
        let World { listing, here } = build(&schema, &world, 0);
        let backwards = settle(&rules, listing.iter().rev(), here.iter().rev().chain(&here));
        prop_assert_eq!(backwards, settle(&rules, listing.iter(), here.iter()));
    }

    /// P7: other spellings of the same values change nothing.
    #[test]
    fn spelling_changes_no_answer(world in world(), respelled in 1..4_usize) {
        let (schema, rules) = (people(), usual(&people()));
        let (one, other) = (build(&schema, &world, 0), build(&schema, &world, respelled));
        let expected = settle(&rules, one.listing.iter(), one.here.iter());
        prop_assert_eq!(settle(&rules, other.listing.iter(), one.here.iter()), expected.clone());
        prop_assert_eq!(settle(&rules, other.listing.iter(), other.here.iter()), expected);
    }

    /// No record here is linked to two, and none that is linked already.
    #[test]
    fn nobody_is_given_away_twice(world in world()) {
        let (schema, rules) = (people(), usual(&people()));
        let World { listing, here } = build(&schema, &world, 0);
        let settled = settle(&rules, listing.iter(), here.iter());
        let links: Vec<&LocalId> = settled.values().filter_map(Match::link).collect();
        let distinct: BTreeSet<&LocalId> = links.iter().copied().collect();
        prop_assert_eq!(distinct.len(), links.len());
        for (id, linked, _) in &here {
            prop_assert!(linked.is_none() || !distinct.contains(id));
        }
    }

    /// Two records share a key exactly when a rule makes them one, whichever of them is asked.
    #[test]
    fn a_shared_key_is_a_match(a in said(), b in said()) {
        let (schema, rules) = (people(), usual(&people()));
        let (a, b) = (record(&schema, &a, 0), record(&schema, &b, 0));
        let shared = rules.keys(&a).iter().any(|key| rules.keys(&b).contains(key));
        let agree = rules.rules().iter().any(|rule| naive::agree(&schema, rule, &a, &b));
        prop_assert_eq!(shared, agree);
        let id = external(0);
        let here = LocalId::new("0").unwrap();
        let judge = |remote, local| {
            Pool::new(&rules, [Local::new(&here, local)])
                .judge(Remote::new(&id, remote))
        };
        prop_assert_eq!(judge(&a, &b), judge(&b, &a));
    }
}

/// The worlds above hold every answer, or the laws would say little.
#[test]
fn the_worlds_are_not_dull() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (schema, rules) = (people(), usual(&people()));
    let mut seen = BTreeSet::new();
    for _ in 0..400 {
        let World { listing, here } = build(&schema, &world().new_tree(&mut runner).unwrap().current(), 0);
        for answer in settle(&rules, listing.iter(), here.iter()).into_values() {
            seen.insert(match answer {
                Match::Found { trust, .. } => format!("found {trust:?}"),
                Match::Ambiguous { rivals, .. } if rivals.is_empty() => "ambiguous".to_owned(),
                Match::Ambiguous { .. } => "ambiguous with rivals".to_owned(),
                Match::IdentityConflict { .. } => "held".to_owned(),
                Match::Linked { .. } => "linked".to_owned(),
                _ => "unmatched".to_owned(),
            });
        }
    }
    let all = ["ambiguous", "ambiguous with rivals", "found Propose", "found Trusted", "held", "linked", "unmatched"];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), all);
}
