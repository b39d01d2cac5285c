//! What a host's resolver may rule, and what is written canonically.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tripartite::audit::AuditEntry;
use tripartite::resolve::Decision;
use tripartite::schema::{Dispute, Field, Group, Kind, Policy, Resolver, Ruling, Schema, Strategy};
use tripartite::store::Action;
use tripartite::value::Value;

use crate::support::words::{Word, scalars};
use crate::support::{decide, linked, record, schema};

/// A resolver that always rules the same.
struct Always(fn() -> Ruling);

impl Resolver for Always {
    fn resolve(&self, _: &Dispute<'_>) -> Ruling {
        (self.0)()
    }
}

fn ruled_by(ruling: fn() -> Ruling, kind: Kind) -> Policy {
    let custom = Strategy::Custom { resolver: "always".into() };
    let [a, b] = ["a", "b"].map(|name| Field::new(name, kind.clone()));
    let [c, d] = ["c", "d"].map(|name| Field::new(name, kind.clone()));
    let builder = Schema::builder().field(a).field(b).field(c).field(d).group(Group::new("pair", ["c", "d"]));
    Policy::new(builder.strategy(custom).resolver("always", Arc::new(Always(ruling))).build().unwrap())
}

/// A value that is none of the field's kind is never written, by whomever.
#[test]
fn a_resolver_cannot_write_nonsense() {
    let pair =
        || Ruling::Write(Value::Map(BTreeMap::from([("c".into(), "n/a".into()), ("d".into(), "a@b.ie".into())])));
    for (ruling, says) in [
        ((|| Ruling::Write("n/a".into())) as fn() -> Ruling, "to a field, and no tuple to a group"),
        (pair, "a tuple with a part of another kind"),
    ] {
        let policy = ruled_by(ruling, Kind::Email);
        let schema = policy.schema();
        let of = |m: &str| record(schema, json!({"a": m, "b": m, "c": m, "d": m}));
        let local = of("l@b.ie");
        let after = decide(&policy, &linked(schema, Some(of("b@b.ie")), local.clone()), &of("r@b.ie"));
        assert_eq!(after.local, local, "{says}");
        assert_eq!(after.open.len(), 3, "{says}: each is held open");
    }
}

/// The tuples that a resolver was asked about.
#[derive(Default)]
struct Asked(Mutex<Vec<[Option<Value>; 3]>>);

/// Writes what stands here in `c`, and something new in `d`.
impl Resolver for Asked {
    fn resolve(&self, dispute: &Dispute<'_>) -> Ruling {
        let sides = [dispute.base, Some(dispute.local), Some(dispute.remote)];
        self.0.lock().unwrap().push(sides.map(|side| side.cloned()));
        let Value::Map(local) = dispute.local else { panic!("a group is asked about as a map") };
        let new = Value::from(format!("{} of {}", dispute.unit, if dispute.base.is_some() { "old" } else { "nobody" }));
        Ruling::Write(Value::Map([("c".into(), local["c"].clone()), ("d".into(), new)].into()))
    }
}

/// A resolver sees a group as maps by the fields' names, and its tuple is written member by member: what it leaves as it is,
/// or leaves out, is not written.
#[test]
fn a_resolver_writes_a_tuple() {
    let asked = Arc::new(Asked::default());
    let custom = Strategy::Custom { resolver: "asked".into() };
    let fields = ["c", "d", "e"].map(|name| Field::new(name, Kind::Text));
    let builder = fields.into_iter().fold(Schema::builder(), |builder, field| builder.field(field));
    let builder = builder.group(Group::new("pair", ["c", "d", "e"]).strategy(custom));
    let policy = Policy::new(builder.resolver("asked", Arc::clone(&asked) as Arc<dyn Resolver>).build().unwrap());
    let schema = policy.schema();
    let of = |[c, d, e]: [&str; 3]| record(schema, json!({"c": c, "d": d, "e": e}));
    let tuple = |[c, d, e]: [&str; 3]| {
        Some(Value::Map([("c".into(), c.into()), ("d".into(), d.into()), ("e".into(), e.into())].into()))
    };
    let (base, local, remote) = (["1", "2", "3"], ["1", "20", "3"], ["1", "2", "300"]);
    for (base, written) in [(Some(base), "pair of old"), (None, "pair of nobody")] {
        let loaded = linked(schema, base.map(of), of(local));
        let after = decide(&policy, &loaded, &of(remote));
        assert_eq!(asked.0.lock().unwrap().pop(), Some([base.and_then(tuple), tuple(local), tuple(remote)]));
        assert_eq!(after.local, of(["1", written, "3"]));
        let Action::Update(patch) = &after.op.action else { panic!("something new is written") };
        let written: Vec<_> = (0..3).filter(|&position| !patch.field(position).is_missing()).collect();
        assert_eq!(written, [1], "and nothing else");
    }
}

/// Inside an object a resolver writes a key, whether or not its kind is known. Nonsense is held open there, too; a key of
/// no kind knows none.
#[test]
fn a_resolver_writes_a_key_of_an_object_unless_it_is_nonsense() {
    for (ruling, mail, open) in [
        ((|| Ruling::Write("n/a".into())) as fn() -> Ruling, "l@b.ie", 1),
        (|| Ruling::Write("w@b.ie".into()), "w@b.ie", 0),
    ] {
        let custom = Strategy::Custom { resolver: "always".into() };
        let [f, g] = [Field::new("f", Kind::record([("mail", Kind::Email)])), Field::new("g", Kind::Map)];
        let builder = Schema::builder().field(f).field(g).strategy(custom).resolver("always", Arc::new(Always(ruling)));
        let schema = builder.build().unwrap();
        let of = |mail: &str, key: &str| record(&schema, json!({"f": {"mail": mail}, "g": {"key": key}}));
        let policy = Policy::new(schema.clone());
        let loaded = linked(&schema, Some(of("b@b.ie", "b")), of("l@b.ie", "l"));
        let after = decide(&policy, &loaded, &of("r@b.ie", "r"));
        let Ruling::Write(key) = ruling() else { unreachable!() };
        assert_eq!(after.local, of(mail, key.as_text().unwrap()));
        assert_eq!(after.open.len(), open, "{mail}");
    }
}

/// A ruling that equals a side is that side: the source's spelling is taken, and the host's is not written anew.
#[test]
fn a_ruling_that_equals_a_side_is_that_side() {
    for (ruling, local, decision) in [
        ((|| Ruling::Write("R@B.ie".into())) as fn() -> Ruling, "r@b.ie", Decision::TookRemote),
        (|| Ruling::Write("L@B.ie".into()), "l@b.ie", Decision::KeptLocal),
    ] {
        let policy = ruled_by(ruling, Kind::Email);
        let schema = policy.schema();
        let of = |m: &str| record(schema, json!({"a": m}));
        let after = decide(&policy, &linked(schema, Some(of("b@b.ie")), of("l@b.ie")), &of("r@b.ie"));
        assert_eq!(after.local.field(0).text(), Some(local));
        let [AuditEntry::Field(entry)] = &after.op.entries[..] else { panic!("one entry") };
        assert_eq!(entry.decision, decision);
    }
}

/// What is written in canonical form is in step afterwards: it is not taken for an edit the next night.
#[test]
fn what_is_written_canonically_is_no_edit() {
    for vocabulary in scalars() {
        let mut kind = vocabulary.kind.clone();
        kind["write_canonical"] = json!(true);
        let policy = Policy::new(schema(json!({"fields": {"f": kind}})));
        let schema = policy.schema();
        let of = |word: Word| record(schema, json!({"f": word.raw}));
        for spelling in 0..3 {
            let start = linked(schema, Some(of(vocabulary.value(0, 0))), of(vocabulary.value(0, 0)));
            let first = decide(&policy, &start, &of(vocabulary.value(1, spelling)));
            let next = linked(schema, Some(first.base), first.local);
            let second = decide(&policy, &next, &of(vocabulary.value(2, spelling)));
            let [AuditEntry::Field(entry)] = &second.op.entries[..] else { panic!("one entry") };
            assert_eq!(entry.verdict.to_string(), "RemoteOnly(Changed)", "{}", vocabulary.name);
        }
    }
}

/// A field that does not read its own canonical form cannot write it: every write would look like an edit.
#[test]
fn write_canonical_needs_a_field_that_reads_what_it_writes() {
    let dates = |formats: &[&str]| Kind::dates(formats.iter().copied());
    let inside = |date: &Kind| [date.clone(), Kind::set(date.clone()), Kind::record([("at", Kind::set(date.clone()))])];
    let build = |kind: Kind| Schema::builder().field(Field::new("born", kind).write_canonical()).build();
    for kind in inside(&dates(&["%d/%m/%Y"])) {
        let error = build(kind).map(drop).unwrap_err().to_string();
        assert!(error.contains("write_canonical"), "{error}");
    }
    for kind in inside(&dates(&["%d/%m/%Y", "%Y-%m-%d"])).into_iter().chain(inside(&Kind::DATE)) {
        assert!(build(kind).is_ok());
    }
}
