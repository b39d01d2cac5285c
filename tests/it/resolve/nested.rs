//! Objects, records, sets and sets of records in one another: what they come to by the naive model, and the laws.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::Strategy as Generate;
use serde_json::json;
use tripartite::audit::AuditEntry;
use tripartite::detect::{Sides, detect};
use tripartite::schema::Policy;
use tripartite::value::Record;

use super::spec;
use crate::support::dice::Dice;
use crate::support::nested_oracle::{Three, field};
use crate::support::tree::{Shape, Tree, filled, normal};
use crate::support::{After, PLAIN, cases, decide, linked, raw, record, schema, swapped};

/// A shape, three versions of a value of it, and a strategy. A base of `None` is unknown.
#[derive(Debug, Clone)]
struct Case {
    shape: Shape,
    base: Option<Tree>,
    local: Tree,
    remote: Tree,
    strategy: &'static str,
    seed: u64,
}

fn any_case() -> impl Generate<Value = Case> {
    (any::<u64>(), 0..PLAIN.len()).prop_map(|(seed, which)| {
        let dice = &mut Dice(seed);
        let shape = Shape::any(dice, 3);
        let first = shape.tree(dice);
        let other = |dice: &mut Dice| match dice.below(12) {
            0 => Tree::Null,
            1 => shape.tree(dice),
            _ => shape.near(&first, dice),
        };
        let (local, remote) = (other(dice), other(dice));
        let base = match dice.below(6) {
            0 => None,
            1 => Some(Tree::Null),
            _ => Some(first),
        };
        Case { shape, base, local, remote, strategy: PLAIN[which], seed }
    })
}

/// What the op says and leaves, without any spelling.
type Gist = (Vec<String>, &'static str, Option<Tree>, Vec<(String, Vec<String>)>);

impl Case {
    fn policy(&self) -> Policy {
        Policy::new(schema(json!({"strategy": spec(self.strategy), "fields": {"f": self.shape.kind()}})))
    }

    /// A version in one of its spellings.
    fn written(&self, policy: &Policy, tree: Option<&Tree>, by: u64) -> Record {
        let dice = &mut Dice(self.seed ^ by.wrapping_mul(0x9E37_79B9));
        let json = tree.map_or_else(|| json!({}), |tree| json!({"f": self.shape.write(tree, dice)}));
        record(policy.schema(), json)
    }

    fn sides(&self, policy: &Policy, by: u64) -> [Record; 3] {
        let [base, local, remote] = [self.base.as_ref(), Some(&self.local), Some(&self.remote)];
        [self.written(policy, base, by), self.written(policy, local, by + 1), self.written(policy, remote, by + 2)]
    }

    fn decide(&self, by: u64) -> (Record, After) {
        let policy = self.policy();
        let [base, local, remote] = self.sides(&policy, by);
        let after = decide(&policy, &linked(policy.schema(), Some(base), local.clone()), &remote);
        (local, after)
    }

    fn read(&self, record: &Record) -> Option<Tree> {
        self.shape.read(&raw(record.field(0)).unwrap_or_default())
    }

    fn gist(&self, by: u64) -> Gist {
        let (_, after) = self.decide(by);
        let entries = after.op.entries.iter().filter_map(|entry| match entry {
            AuditEntry::Field(entry) => Some(format!("{} {}", entry.verdict, entry.decision.name())),
            AuditEntry::Record(_) => None,
        });
        let open = after.open.iter().map(|open| (open.clash_name(), open.paths.clone())).collect();
        (entries.collect(), after.op.action.name(), self.read(&after.local), open)
    }

    fn verdict(&self, [base, local, remote]: [Option<&Tree>; 3]) -> String {
        let policy = self.policy();
        let [base, local, remote] = [base, local, remote].map(|tree| self.written(&policy, tree, 5));
        let changes = detect(policy.schema(), Sides { base: &base, local: &local, remote: &remote });
        changes.changes().first().map_or("InSync".to_owned(), |change| change.verdict.to_string())
    }
}

trait ClashName {
    fn clash_name(&self) -> String;
}

impl ClashName for tripartite::store::OpenConflict {
    fn clash_name(&self) -> String {
        format!("{:?}", self.clash)
    }
}

fn opened(after: &After) -> BTreeSet<String> {
    let paths = after.open.iter().map(|open| match &open.paths[..] {
        [] => vec![String::new()],
        paths => paths.to_vec(),
    });
    paths.flatten().collect()
}

proptest! {
    #![proptest_config(cases(500))]

    /// What the crate makes of any three versions is what the naive reading of the contract makes of what they mean.
    #[test]
    fn the_crate_and_the_nested_model_agree(case in any_case()) {
        let expected = field(
            &case.shape,
            Three {
                base: case.base.as_ref().map(|base| Some(base).filter(|base| **base != Tree::Null)),
                local: Some(&case.local).filter(|local| **local != Tree::Null),
                remote: Some(&case.remote).filter(|remote| **remote != Tree::Null),
            },
            case.strategy,
        );
        let (_, after) = case.decide(0);
        prop_assert_eq!(case.read(&after.local), normal(expected.local.as_ref()), "local");
        prop_assert_eq!(opened(&after), expected.open, "open");
        // A null stays null: it does not become an empty value.
        let told = |base: Option<Tree>| (base.is_none(), filled(base.as_ref()));
        let base = (!after.base.field(0).is_missing()).then(|| told(case.read(&after.base)));
        prop_assert_eq!(base, expected.base.map(|base| told(normal(base.as_ref()))), "base");
    }

    /// P1: what is no longer here was the base's, or stands in the audit.
    #[test]
    fn no_part_is_lost_in_silence(case in any_case()) {
        let (before, after) = case.decide(1);
        let was_base = normal(case.base.as_ref()) == normal(Some(&case.local));
        let audited = after.op.entries.iter().any(|entry| {
            matches!(entry, AuditEntry::Field(entry) if crate::support::json(&entry.local) == raw(before.field(0)).unwrap())
        });
        let stays = case.read(&before) == case.read(&after.local);
        prop_assert!(stays || was_base || audited || normal(Some(&case.local)).is_none());
    }

    /// P2: what the source did not move stays as it is written here, unless it is enforced.
    #[test]
    fn what_the_source_left_alone_is_not_written(case in any_case()) {
        prop_assume!(case.strategy != "enforced" && case.base.is_some() && !case.shape.has_own());
        let case = Case { remote: case.base.clone().unwrap(), ..case };
        let (before, after) = case.decide(2);
        prop_assert_eq!(&after.local, &before);
        prop_assert!(after.open.is_empty());
    }

    /// P3: what nobody here touched follows the source.
    #[test]
    fn what_the_host_left_alone_follows(case in any_case()) {
        prop_assume!(!["local_owned", "fill_only"].contains(&case.strategy) && !case.shape.has_own());
        prop_assume!(case.base.is_some());
        let case = Case { local: case.base.clone().unwrap(), ..case };
        let (_, after) = case.decide(3);
        prop_assert_eq!(case.read(&after.local), normal(Some(&case.remote)));
        prop_assert!(after.open.is_empty());
    }

    /// P4: what both have is neither written nor in dispute, whatever the base, and becomes the base.
    #[test]
    fn what_both_have_is_left_alone(case in any_case()) {
        let case = Case { local: case.remote.clone(), ..case };
        let (before, after) = case.decide(4);
        prop_assert_eq!(&after.local, &before);
        prop_assert!(after.open.is_empty());
        prop_assert_eq!(case.read(&after.base), normal(Some(&case.remote)));
    }

    /// P5: what was decided is decided; looked at again in other spellings, there is nothing to write and nothing new.
    #[test]
    fn parts_are_at_rest_after_one_night(case in any_case()) {
        let policy = case.policy();
        let (_, first) = case.decide(5);
        let mut again = linked(policy.schema(), Some(first.base.clone()), first.local.clone());
        again.open.clone_from(&first.open);
        let remote = case.written(&policy, Some(&case.remote), 99);
        let second = decide(&policy, &again, &remote);
        prop_assert_eq!(&second.local, &first.local);
        prop_assert_eq!(case.read(&second.base), case.read(&first.base));
        prop_assert_eq!(opened(&second), opened(&first));
        prop_assert!(!second.op.conflicts.iter().any(|it| matches!(it, tripartite::store::ConflictChange::Open(_))));
    }

    /// P6, P7: the order of records and the spelling of keys and values change neither what is said nor what is done.
    #[test]
    fn order_and_spelling_of_parts_change_nothing(case in any_case(), by in 1u64..1000) {
        prop_assert_eq!(case.gist(0), case.gist(by));
    }

    /// P8: seen from the other side, only the side that changed something is another.
    #[test]
    fn the_sides_of_parts_can_be_swapped(case in any_case()) {
        let (base, local, remote) = (case.base.as_ref(), Some(&case.local), Some(&case.remote));
        prop_assert_eq!(case.verdict([base, local, remote]), swapped(&case.verdict([base, remote, local])));
    }

    /// A source that writes one record in two ways, night after night, has it written here once at most.
    #[test]
    fn two_renderings_of_one_record_write_once(case in any_case(), one in 0u64..1000, other in 0u64..1000) {
        let policy = case.policy();
        let [base, mut local, _] = case.sides(&policy, 0);
        let (mut base, mut open, mut writes) = (base, Vec::new(), 0);
        for night in 0..10 {
            let remote = case.written(&policy, Some(&case.remote), if night % 2 == 0 { one } else { other });
            let mut loaded = linked(policy.schema(), Some(base), local.clone());
            loaded.open = open;
            let after = decide(&policy, &loaded, &remote);
            writes += u32::from(after.local != local);
            (local, base, open) = (after.local, after.base, after.open);
        }
        prop_assert!(writes <= 1, "{} writes", writes);
    }
}

/// What the model is asked about has something of everything.
#[test]
fn the_cases_reach_everything() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut seen, mut open) = (BTreeSet::new(), 0);
    for _ in 0..2000 {
        let case = proptest::strategy::ValueTree::current(&any_case().new_tree(&mut runner).unwrap());
        let (entries, action, _, conflicts) = case.gist(0);
        seen.extend(entries);
        seen.insert(action.to_owned());
        let deep = |path: &String| path.matches("/k=").count() == 2;
        open += usize::from(conflicts.iter().any(|(_, paths)| paths.iter().any(deep)));
    }
    for word in
        ["update", "Conflict(BothChanged) Merged", "Conflict(NoBase) HeldOpen", "LocalOnly(Changed) DriftReverted"]
    {
        assert!(seen.contains(word), "{word}: {seen:?}");
    }
    assert!(open > 0, "a conflict in a set in a set: {open}");
}
