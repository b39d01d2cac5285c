//! A run created somebody who is here already, and a person says so afterwards.

use tripartite::decide::{DecideError, Double, batch, link, link_double};
use tripartite::drive::block_on;
use tripartite::id::LocalId;
use tripartite::store::{LEFT, Op, RecordStore};

use super::matched::{Town, here, person};
use super::*;
use crate::support::{at, run_id};

const KNOWN: &str = "17";

/// Somebody whom no rule recognises: a nickname, and an address of her own.
fn town() -> Town {
    let mut known = person("Nuala Walsh", "nuala@club.example");
    known["phone"] = Json::Null;
    Town::of(&[(KNOWN, known)])
}

fn listed(town: &Town) -> Vec<Item> {
    vec![town.item("FED-1", person("Fionnuala Breathnach", "fb@example.org"))]
}

fn doubled() -> Town {
    let town = town();
    assert_eq!(town.listed(&listed(&town)).counts.created, 1);
    town
}

fn ops(town: &Town, edited_too: bool) -> Result<[Op; 2], DecideError> {
    let loaded = load(&town.store, "FED-1");
    let called = LocalId::new(town.linked("FED-1").unwrap()).unwrap();
    let double = Double::new(&loaded, &called).edited_too(edited_too);
    link_double(&town.policy, double, &here(KNOWN), town.store.free()[&here(KNOWN)].revision, &nuala())
}

fn linked(town: &Town, edited_too: bool) {
    let ops = ops(town, edited_too).unwrap();
    let batch = batch(&town.policy, run_id("desk"), at(), ops.to_vec(), None);
    let Ok(outcomes) = block_on(town.store.commit(&batch));
    assert!(outcomes.iter().all(|outcome| matches!(outcome, OpOutcome::Applied { .. })), "{outcomes:?}");
}

/// Those that gave their id up.
fn given_up(town: &Town) -> Vec<tripartite::memory::Kept> {
    let all = town.store.records().into_iter();
    all.filter(|(id, _)| id.as_str().starts_with("FED-1 (given up")).map(|(_, kept)| kept).collect()
}

/// Whoever is linked late is as if she had been linked at first: nothing that stood only here is lost, and nothing that the
/// source says stays out.
#[test]
fn a_double_that_is_linked_afterwards_comes_to_the_same_as_a_link_at_first() {
    let first = town();
    let revision = first.store.free()[&here(KNOWN)].revision;
    let op = link(&ext("FED-1"), &here(KNOWN), revision, &nuala());
    assert!(matches!(commit(&first.policy, &first.store, op), OpOutcome::Applied { .. }));
    let late = doubled();
    linked(&late, false);
    for town in [&first, &late] {
        let report = town.listed(&listed(town));
        assert_eq!((report.counts.updated, report.counts.created, report.counts.deactivated), (1, 0, 0));
        assert_eq!(town.linked("FED-1").as_deref(), Some(KNOWN));
        assert_eq!(town.fields("FED-1")["phone"], "1");
        assert_eq!(town.listed(&listed(town)).counts.unchanged, 1);
    }
    assert_eq!(first.fields("FED-1"), late.fields("FED-1"));
}

/// It is inactive and never deleted, with all that it had; the audit says who said so. Who takes it back, keeps it.
#[test]
fn the_double_gives_its_id_up_and_keeps_everything_else() {
    let town = doubled();
    let before = town.store.get(&ext("FED-1")).unwrap();
    linked(&town, false);
    let kept = given_up(&town).remove(0);
    assert_eq!((kept.presence, kept.missed), (Presence::Deactivated, LEFT));
    let base = |kept: &tripartite::memory::Kept| kept.base.clone().map(|base| base.record);
    assert_eq!((&kept.id, &kept.local, base(&kept)), (&before.id, &before.local, base(&before)));
    let said = |entry: &AuditEntry| matches!(entry, AuditEntry::Record(it) if it.by == Some(nuala()) && it.action == "deactivate");
    assert!(town.store.audit().iter().any(|(_, id, entry)| id.as_str().starts_with("FED-1 (given") && said(entry)));
    let id = town.store.records().into_keys().find(|id| id.as_str() != "FED-1").unwrap();
    town.store.change(&id, |kept| kept.presence = Presence::Active).unwrap();
    for _ in 0..2 {
        assert_eq!(town.listed(&listed(&town)).counts.deactivated, 0);
    }
    assert_eq!(town.store.get(&id).unwrap().presence, Presence::Active);
}

/// An edit, also of a field that the source never states, and one that a run has looked at; and one beyond the schema, of
/// which only the revision tells.
#[test]
fn a_double_that_was_edited_is_left_alone_unless_the_person_knows() {
    for (fields, named) in [(json!({"phone": "2"}), vec!["phone".to_owned()]), (json!({}), vec![])] {
        let town = doubled();
        town.store.edit(&ext("FED-1"), &fields).unwrap();
        let refusal = ops(&town, false).unwrap_err();
        assert_eq!(refusal, DecideError::Edited { fields: named.clone() });
        assert!(refusal.to_string().starts_with("it was edited here since it was created"), "{refusal}");
        if !named.is_empty() {
            town.listed(&listed(&town));
            assert_eq!(ops(&town, false), Err(refusal), "also after a run has looked at it");
        }
        linked(&town, true);
        assert_eq!(given_up(&town)[0].local.field(3).text(), Some(if named.is_empty() { "1" } else { "2" }));
        assert_eq!(town.linked("FED-1").as_deref(), Some(KNOWN));
    }
}

/// A double that a user removed stands in the way no less, and stays removed.
#[test]
fn a_double_that_was_removed_gives_its_id_up_too() {
    let town = doubled();
    town.store.change(&ext("FED-1"), |kept| kept.presence = Presence::Removed).unwrap();
    linked(&town, false);
    assert_eq!(given_up(&town)[0].presence, Presence::Removed);
    assert_eq!(town.listed(&listed(&town)).counts.updated, 1);
}

/// Between the two ops nothing is lost: the id is nobody's, a run creates somebody for it once more, and that one is linked
/// in the same way. Both doubles keep what they have, under names of their own.
#[test]
fn a_crash_between_the_two_ops_loses_nothing() {
    let town = doubled();
    let [gives_up, _] = ops(&town, false).unwrap();
    assert!(matches!(commit(&town.policy, &town.store, gives_up), OpOutcome::Applied { .. }));
    assert_eq!(town.store.free().len(), 1, "who is known is as before");
    assert_eq!(town.listed(&listed(&town)).counts.created, 1);
    linked(&town, false);
    assert_eq!(town.listed(&listed(&town)).counts.updated, 1);
    assert_eq!(town.linked("FED-1").as_deref(), Some(KNOWN));
    assert_eq!(given_up(&town).iter().map(|kept| kept.presence).collect::<Vec<_>>(), [Presence::Deactivated; 2]);
}
