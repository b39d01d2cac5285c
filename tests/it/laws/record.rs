//! The laws of one record.

use super::*;
use crate::support::swapped;

/// Three versions of one record: base, local, remote.
#[derive(Debug, Clone)]
struct Versions([Vec<Word>; 3]);

fn any_versions() -> impl Generate<Value = Versions> {
    let side = |words: fn(&'static Vocabulary) -> BoxedStrategy<Word>| {
        columns().iter().map(|(_, vocabulary)| words(vocabulary)).collect::<Vec<_>>()
    };
    let local = |vocabulary: &'static Vocabulary| prop_oneof![9 => vocabulary.sound(), 1 => vocabulary.any()].boxed();
    (side(Vocabulary::accepted), side(local), side(Vocabulary::any)).prop_map(|(b, l, r)| Versions([b, l, r]))
}

/// Both sides say something of use about everything.
fn any_sound_versions() -> impl Generate<Value = Versions> {
    let side = |words: fn(&'static Vocabulary) -> BoxedStrategy<Word>| {
        columns().iter().map(|(_, vocabulary)| words(vocabulary)).collect::<Vec<_>>()
    };
    let sides = (side(Vocabulary::accepted), side(Vocabulary::sound), side(Vocabulary::sound));
    sides.prop_map(|(b, l, r)| Versions([b, l, r]))
}

/// One thing that is decided: its fields by position, and what each side has of it.
struct Seen<'a> {
    name: &'a str,
    base: Vec<Json>,
    local: Vec<Json>,
    remote: Vec<Json>,
    local_after: Vec<Json>,
    base_after: Vec<Json>,
    /// Whether no field of it has a base.
    unbased: bool,
    /// Whether the source says something of use about all of it.
    told: bool,
    /// Whether the host has nothing.
    empty: bool,
    /// Whether the raw local value was left as it was.
    untouched: bool,
    /// Whether the audit holds the raw local value.
    kept: bool,
    open: bool,
}

/// Verdict and decision by field, the action, the host's values in canonical form, and what is open.
type Gist = (BTreeMap<String, (String, &'static str)>, &'static str, Vec<Json>, Vec<String>);

struct Decided {
    schema: Schema,
    base: Record,
    local: Record,
    remote: Record,
    after: After,
    null_is_silence: bool,
}

impl Versions {
    fn decide(&self, way: &Way) -> Decided {
        let policy = policy(way, &in_order());
        let schema = policy.schema().clone();
        let [base, local, remote] = self.0.each_ref().map(|words| record(&schema, fields(words)));
        let after = decide(&policy, &linked(&schema, Some(base.clone()), local.clone()), &remote);
        Decided { schema, base, local, remote, after, null_is_silence: way.null_is_silence }
    }

    fn respelled(&self, by: &[usize; 3]) -> Self {
        let mut sides = self.0.clone();
        for (side, words) in sides.iter_mut().enumerate() {
            for (at, word) in words.iter_mut().enumerate() {
                *word = columns()[at].1.respell(word, by[side] + at);
            }
        }
        Self(sides)
    }
}

impl Decided {
    fn units<'a>(&'a self, versions: &Versions) -> Vec<Seen<'a>> {
        let units = self.schema.units().iter().map(|unit| {
            let members = self.schema.members(unit);
            let of =
                |record: &Record| members.iter().map(|&at| canonical(&self.schema, at, record.field(at))).collect();
            let raws = |record: &Record| members.iter().map(|&at| raw(record.field(at))).collect::<Vec<_>>();
            let heard = |&at: &usize| match versions.0[2][at].means {
                Means::Missing | Means::Nonsense(_) => false,
                Means::Null => !self.null_is_silence,
                Means::Is(_) => true,
            };
            let keeps = |&at: &usize| {
                let name = self.schema.fields()[at].name();
                let was = raw(self.local.field(at)).unwrap_or_default();
                self.after.op.entries.iter().any(|entry| {
                    matches!(entry, AuditEntry::Field(e) if e.field == name && crate::support::json(&e.local) == was)
                })
            };
            let name = self.schema.unit_name(*unit);
            let local: Vec<Json> = of(&self.local);
            Seen {
                name,
                base: of(&self.base),
                empty: local.iter().all(Json::is_null),
                local,
                remote: of(&self.remote),
                local_after: of(&self.after.local),
                base_after: of(&self.after.base),
                unbased: members.iter().all(|&at| self.base.field(at).is_missing()),
                told: members.iter().all(heard),
                untouched: raws(&self.local) == raws(&self.after.local),
                kept: members.iter().all(keeps),
                open: self.after.open.iter().any(|conflict| conflict.unit == name),
            }
        });
        units.collect()
    }

    /// What was decided, without any spelling: the verdict and decision by field, and what the op does.
    fn gist(&self) -> Gist {
        let entries = self.after.op.entries.iter().filter_map(|entry| match entry {
            AuditEntry::Field(entry) => Some((entry.field.clone(), (entry.verdict.to_string(), entry.decision.name()))),
            AuditEntry::Record(_) => None,
        });
        let all = 0..self.schema.fields().len();
        // What cannot be read has no canonical form to compare.
        let plain = |value: Json| if value["invalid"].is_null() { value } else { json!("cannot be read") };
        let local = all.map(|at| plain(canonical(&self.schema, at, self.after.local.field(at)))).collect();
        let open = self.after.open.iter().map(|conflict| conflict.unit.clone()).collect();
        (entries.collect(), self.after.op.action.name(), local, open)
    }
}

proptest! {
    #![proptest_config(cases(400))]

    /// What the audit keeps of a field is all that its sentence is made of, and the reason of an open conflict is the
    /// sentence that is shown.
    #[test]
    fn a_sentence_is_its_reason_said(versions in any_versions(), way in any_way()) {
        let decided = versions.decide(&way);
        for entry in &decided.after.op.entries {
            if let AuditEntry::Field(entry) = entry {
                prop_assert_eq!(entry.reason(&decided.schema).to_string(), entry.why.clone());
            }
        }
    }

    /// P1: no silent loss. P2: the source is still, so local stays. P3: local is still, so the source applies. P4: both
    /// agree, so nothing is written, nothing is in dispute, and the base follows.
    #[test]
    fn nothing_is_lost_reverted_withheld_or_rewritten(versions in any_versions(), way in any_way()) {
        let decided = versions.decide(&way);
        for unit in decided.units(&versions) {
            let lost = unit.local_after != unit.local;
            let was_the_base = unit.local == unit.base && !unit.unbased;
            let was_nothing = unit.unbased && unit.empty;
            prop_assert!(!lost || was_the_base || was_nothing || unit.kept, "P1 {}", unit.name);
            if !unit.told {
                continue;
            }
            if unit.remote == unit.base && !unit.unbased && way.strategy != "enforced" && !half(&decided, unit.name) {
                prop_assert!(unit.untouched, "P2 {}", unit.name);
            }
            let applies = way.strategy != "local_owned" && (way.strategy != "fill_only" || unit.empty);
            if unit.local == unit.base && !unit.unbased && applies && !half(&decided, unit.name) {
                prop_assert_eq!(&unit.local_after, &unit.remote, "P3 {}", unit.name);
            }
            if unit.local == unit.remote {
                prop_assert!(unit.untouched && !unit.open, "P4 {}", unit.name);
                prop_assert_eq!(&unit.base_after, &unit.remote, "P4 {}", unit.name);
            }
        }
    }

    /// P7: another spelling of the same, on any side, is the same.
    #[test]
    fn spelling_changes_nothing(versions in any_versions(), way in any_way(), by in [0usize..4, 0usize..4, 0usize..4]) {
        prop_assert_eq!(versions.respelled(&by).decide(&way).gist(), versions.decide(&way).gist());
    }

    /// P8: seen from the other side, what only the source did is what only the host did, and a conflict is a conflict.
    #[test]
    fn the_sides_can_be_swapped(versions in any_sound_versions(), way in any_way()) {
        let Versions([base, local, remote]) = versions;
        // What only one side can mean has no mirror image.
        let way = Way { null_is_silence: false, ..way };
        let there = verdicts(&way, [&base, &local, &remote]);
        let here = verdicts(&way, [&base, &remote, &local]);
        let swapped: BTreeMap<_, _> = there.into_iter().map(|(name, verdict)| (name, swapped(&verdict))).collect();
        prop_assert_eq!(here, swapped);
    }

    /// P5 for one record: what was decided is decided; looked at again, there is nothing to say about it.
    #[test]
    fn one_record_is_at_rest(versions in any_versions(), way in any_way()) {
        let policy = policy(&way, &in_order());
        let first = versions.decide(&way);
        let mut again = linked(&first.schema, Some(first.after.base.clone()), first.after.local.clone());
        again.open.clone_from(&first.after.open);
        let second = decide(&policy, &again, &first.remote);
        prop_assert_eq!(second.op.action.name(), "touch");
        prop_assert!(second.op.conflicts.is_empty());
        let noted = |entry: &&AuditEntry| match entry {
            AuditEntry::Field(entry) => !matches!(entry.verdict.name(), "LocalOnly" | "InvalidRemote"),
            AuditEntry::Record(_) => true,
        };
        prop_assert_eq!(second.op.entries.iter().find(noted), None);
    }

    /// Who only detects and resolves is left with the records that a plan and a store would have made.
    #[test]
    fn a_resolution_leaves_what_a_plan_leaves(versions in any_versions(), way in any_way()) {
        let policy = policy(&way, &in_order());
        let decided = versions.decide(&way);
        let Decided { schema, base, local, remote, after, .. } = &decided;
        let changes = tripartite::detect::detect(schema, tripartite::detect::Sides { base, local, remote });
        let resolved = tripartite::resolve::resolve(&policy, &changes, None);
        prop_assert_eq!(&resolved.local(), &after.local);
        // A plan may mark an edit in its base, beside the fields.
        prop_assert!(resolved.base().fields().eq(after.base.fields()));
        prop_assert_eq!(resolved.writes_local(), after.op.action.name() == "update");
        prop_assert_eq!(resolved.is_open(), !after.open.is_empty());
    }

    /// Two raw values are the same exactly when they have one canonical form; what has none equals only itself.
    #[test]
    fn what_is_the_same_has_one_canonical_form(versions in any_versions(), way in any_way()) {
        let Decided { schema, base, local, remote, .. } = &versions.decide(&way);
        for position in 0..schema.fields().len() {
            let raws = [base, local, remote].map(|side| side.field(position));
            for (a, b) in raws.iter().flat_map(|a| raws.iter().map(move |b| (*a, *b))) {
                let forms = (schema.canonical(position, a), schema.canonical(position, b));
                let is_one = a == b || matches!(forms, (Ok(a), Ok(b)) if a == b);
                prop_assert_eq!(schema.same(position, a, b), is_one, "{}", schema.fields()[position].name());
            }
        }
    }
}

/// Whether a group has a base for only some of its fields, so that it is not known who moved.
fn half(decided: &Decided, name: &str) -> bool {
    let unit = decided.schema.units().iter().find(|unit| decided.schema.unit_name(**unit) == name).unwrap();
    decided.schema.members(unit).iter().any(|&at| decided.base.field(at).is_missing())
}

fn verdicts(way: &Way, sides: [&[Word]; 3]) -> BTreeMap<String, String> {
    let policy = policy(way, &in_order());
    let schema = policy.schema();
    let [base, local, remote] = sides.map(|words| record(schema, fields(words)));
    let sides = tripartite::detect::Sides { base: &base, local: &local, remote: &remote };
    let changes = tripartite::detect::detect(schema, sides);
    let named =
        |change: &tripartite::detect::Change| (schema.unit_name(change.unit).to_owned(), change.verdict.to_string());
    changes.changes().iter().map(named).collect()
}
