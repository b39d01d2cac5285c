//! Candidates: which records a load gives for the keys that it asks for.

use serde_json::json;

use super::near::wanted_by;
use super::probe::Probe;
use super::seen::{Near, of_local};
use super::world::{create, deactivate, full, id, noted, reactivate, record, rekey, touch, update};
use super::{Fixture, schema};
use crate::id::ExternalId;
use crate::matching::{FEW, MatchRule, Trust};
use crate::schema::{Field, Kind, Schema};
use crate::store::{Op, Presence};
use crate::value::Record;

/// How many keys without a record are looked for at once, beside one that a record has.
const NOBODYS: usize = 2500;

/// The schema of the suite, with a name that is compared letter by letter.
fn other_schema() -> Schema {
    let field = |field: &Field| match field.name() {
        "name" => Field::new("name", Kind::Text),
        name => Field::new(name, field.kind().clone()),
    };
    let fields = schema().fields().iter().map(field).collect::<Vec<_>>();
    let schema = fields.into_iter().fold(Schema::builder(), |schema, field| schema.field(field));
    schema.build().expect("only one kind is another")
}

fn mail(address: &str) -> Record {
    record(&json!({ "email": address }))
}

/// Checks that one record has this address, and is linked to what.
#[track_caller]
fn found<F: Fixture>(probe: &Probe<'_, F>, address: &str, linked: Option<&str>) -> Near {
    let (_, near) = probe.nearest(&mail(address));
    probe.equal(&format!("what is linked that has {address}"), &near.linked, &linked.map(id));
    near
}

promises! { $ __conformance_records_candidates in records::candidates:
    /// Give every record that has one of the keys, linked or not, with its local id and what it is linked to.
    fn near_whether_linked_or_not(probe) {
        let local = probe.applied(create(&id("2"), &full(2)));
        probe.fixture.enter(None, &full(1));
        probe.fixture.enter(Some(&id("3")), &full(3));
        probe.fixture.enter(None, &mail("spelt@Example.ORG"));
        (4..20).for_each(|other| probe.fixture.enter(None, &full(other)));
        probe.applied(deactivate(&id("2"), probe.revision(&id("2"))));
        probe.deactivate(&id("3"));
        let fields = |number| of_local(&schema(), &full(number));
        for (number, linked) in [(1, None), (2, Some("2")), (3, Some("3"))] {
            // By each rule alone.
            let name = json!({"name": format!("Áine  Ní Bhriain {number}"), "born": format!("1990-01-{:02}", number + 1)});
            for wanted in [mail(&format!("AINE{number}@example.org")), record(&name)] {
                let (_, near) = probe.nearest(&wanted);
                probe.equal("what it is linked to", &near.linked, &linked.map(id));
                probe.equal("what it says", &near.fields, &fields(number));
                let revision = linked.map_or(near.revision, |linked| probe.revision(&id(linked)));
                probe.equal("its revision", &near.revision, &revision);
            }
        }
        probe.equal("the local id", &probe.nearest(&full(2)).0, &local);
        found(probe, "spelt@example.org", None);
        let mut wanted: Vec<_> = (0..NOBODYS).map(|number| mail(&format!("nobody{number}@example.org"))).collect();
        wanted.extend((1..20).map(|number| mail(&format!("aine{number}@example.org"))));
        probe.equal("how many of many have a key", &probe.near(&wanted).len(), &19);
        // Linked by hand, it is the same record.
        let (local, _) = probe.nearest(&full(1));
        probe.fixture.link(&local, &id("1"));
        probe.equal("the local id", &probe.nearest(&full(1)).0, &local);
        found(probe, "aine1@example.org", Some("1"));
    }

    /// Of more than eleven records that share a key, give eleven or more, and each that another of the keys finds.
    fn near_of_many(probe) {
        let shared = |number: usize| json!({"email": "club@example.org", "name": format!("Áine {number}"), "born": "1990-01-02"});
        for number in 0..2 * FEW {
            let linked = (number % 2 == 0).then(|| id(&format!("{number}")));
            probe.fixture.enter(linked.as_ref(), &record(&shared(number)));
        }
        let many = probe.near(&[mail("club@example.org")]).len();
        probe.holds(many > FEW, || format!("of {} records with one key, {many}", 2 * FEW));
        for number in 0..2 * FEW {
            let own = record(&json!({"name": format!("Áine {number}"), "born": "1990-01-02"}));
            let both = probe.near(&[mail("club@example.org"), own.clone()]);
            let (local, _) = probe.nearest(&own);
            probe.holds(both.contains_key(&local), || format!("{local} has a key that nobody else has"));
        }
    }

    /// Find a record by its current values, also right after a user or a sync wrote them.
    fn near_by_what_it_says_now(probe) {
        let probe = probe.anew();
        let one = id("1");
        probe.create(&one, &mail("first@example.org"));
        found(&probe, "first@example.org", Some("1"));
        probe.edit(&one, &mail("second@example.org"));
        found(&probe, "second@example.org", Some("1"));
        probe.applied(update(&one, probe.revision(&one), &mail("third@example.org")));
        let before = found(&probe, "third@example.org", Some("1"));
        probe.equal("its revision", &before.revision, &probe.revision(&one));
        probe.fixture.enter(None, &mail("free@example.org"));
        let (local, free) = probe.nearest(&mail("free@example.org"));
        probe.edit(&local, &mail("freed@example.org"));
        let freed = found(&probe, "freed@example.org", None);
        probe.holds(freed.revision > free.revision, || format!("{:?}, as before the edit", freed.revision));
        // This also holds for records that changed between two loads, and for keys that were looked for before a crash.
        probe.edit(&local, &mail("unseen@example.org"));
        probe.edit(&one, &mail("fourth@example.org"));
        let probe = probe.reopened();
        found(&probe, "unseen@example.org", None);
        found(&probe, "fourth@example.org", Some("1"));
        probe.delete(&one);
        probe.fixture.enter(Some(&one), &mail("fifth@example.org"));
        found(&probe, "fifth@example.org", Some("1"));
    }

    /// Find a record by the rules of the query, whatever the rules of an earlier query were.
    fn near_by_the_rules_asked_for(probe) {
        probe.fixture.enter(None, &full(1));
        probe.create(&id("2"), &full(2));
        let rule = |fields: &[&str]| vec![MatchRule::new("rule", fields.iter().copied()).trust(Trust::Trusted)];
        let (own, other) = (schema(), other_schema());
        // Other rules; and rules of the same names and fields, of which one is read in another way.
        let asked = [
            (&own, rule(&["email"])),
            (&own, rule(&["phone"])),
            (&own, rule(&["name", "born"])),
            (&other, rule(&["name", "born"])),
            (&own, rule(&["name", "born"])),
            (&own, rule(&["email"])),
        ];
        for (schema, rules) in asked {
            let what = format!("how many have a key by the rule {:?}", rules[0].fields);
            let wanted = wanted_by(schema, rules, &[full(1), full(2)]);
            probe.equal(&what, &probe.near_by(&wanted).len(), &2);
        }
    }

    /// Give with a candidate the records of the source for which a person said that it is another record.
    fn near_is_not(probe) {
        let probe = probe.anew();
        probe.fixture.enter(None, &full(1));
        probe.fixture.enter(None, &full(2));
        let (local, _) = probe.nearest(&full(1));
        probe.fixture.rule_out(&local, &id("x"));
        probe.fixture.rule_out(&local, &id("y"));
        probe.fixture.rule_out(&local, &id("x"));
        let ruled_out = ["x", "y"].map(id).to_vec();
        probe.equal("what it is not", &probe.nearest(&full(1)).1.is_not, &ruled_out);
        probe.equal("what the other is not", &probe.nearest(&full(2)).1.is_not, &vec![]);
        probe.edit(&local, &noted("new"));
        let probe = probe.reopened();
        probe.equal("what it is not", &probe.nearest(&full(1)).1.is_not, &ruled_out);
        // Ops leave a person's word as it is: one that links the record, and those that follow.
        let (one, moved) = (id("1"), id("1, moved"));
        let stays = |what: &str| {
            probe.equal(&format!("what it is not, once it is {what}"), &probe.nearest(&full(1)).1.is_not, &ruled_out);
        };
        probe.applied(super::world::link(&one, &local, probe.nearest(&full(1)).1.revision, &noted("linked")));
        stays("linked");
        let at = |of: &ExternalId| probe.revision(of);
        probe.applied(Op { base: Some(full(1)), seen: Some(full(1).fingerprint()), ..touch(&one, at(&one)) });
        stays("touched");
        probe.applied(update(&one, at(&one), &noted("updated")));
        stays("updated");
        probe.applied(deactivate(&one, at(&one)));
        stays("deactivated");
        probe.applied(reactivate(&one, at(&one), &noted("back")));
        stays("reactivated");
        probe.applied(rekey(&one, &moved, at(&one)));
        stays("under another id");
        // A link by hand leaves it as well; a record that is entered later is another one.
        probe.fixture.enter(None, &full(3));
        let (local, _) = probe.nearest(&full(3));
        probe.fixture.rule_out(&local, &id("x"));
        probe.fixture.link(&local, &id("3"));
        probe.equal("what it is not", &probe.nearest(&full(3)).1.is_not, &vec![id("x")]);
        probe.fixture.enter(None, &full(4));
        let (local, _) = probe.nearest(&full(4));
        probe.fixture.rule_out(&local, &id("x"));
        probe.delete(&local);
        probe.fixture.enter(None, &full(4));
        let near = probe.near(&[full(4)]);
        let there: Vec<_> = near.values().filter(|near| near.presence == Presence::Active).collect();
        probe.equal("how many are active", &there.len(), &1);
        probe.equal("what a later one is not", &there.iter().flat_map(|near| &near.is_not).count(), &0);
    }

    /// Say of a candidate whether a user removed it.
    fn near_and_removed(probe) {
        probe.fixture.enter(None, &full(1));
        let (local, near) = probe.nearest(&full(1));
        probe.equal("what is said of it", &near.presence, &Presence::Active);
        probe.deactivate(&local);
        probe.equal("what is said of it", &probe.nearest(&full(1)).1.presence, &Presence::Removed);
        probe.edit(&local, &noted("inactive"));
        probe.equal("what is said of it, after an edit", &probe.nearest(&full(1)).1.presence, &Presence::Removed);
        probe.activate(&local);
        probe.equal("what is said of it, once it is active", &probe.nearest(&full(1)).1.presence, &Presence::Active);
        let two = id("2");
        let at = probe.create(&two, &full(2)).revision;
        probe.applied(deactivate(&two, at));
        probe.equal("what is said of the other", &probe.nearest(&full(2)).1.presence, &Presence::Deactivated);
    }

    /// Give no record of another organisation as a candidate.
    fn near_in_ones_own(probe) {
        let other = probe.with(probe.fixture.neighbour());
        probe.fixture.enter(None, &full(1));
        probe.create(&id("2"), &full(2));
        probe.equal("whom the other is given", &other.near(&[full(1), full(2)]).len(), &0);
        other.fixture.enter(None, &mail("aine1@example.org"));
        let (local, theirs) = other.nearest(&full(1));
        probe.equal("what theirs says", &theirs.fields, &of_local(&schema(), &mail("aine1@example.org")));
        let (own, near) = probe.nearest(&full(1));
        probe.equal("what one's own says", &near.fields, &of_local(&schema(), &full(1)));
        other.fixture.rule_out(&local, &id("x"));
        probe.equal("what one's own is not", &probe.nearest(&full(1)).1.is_not, &vec![]);
        // A link reaches no record of another organisation, also if the local ids are equal.
        other.applied(super::world::link(&id("3"), &local, other.nearest(&full(1)).1.revision, &noted("linked")));
        probe.equal("one's own", &probe.nearest(&full(1)), &(own.clone(), near.clone()));
        let link = super::world::link(&id("3"), &own, near.revision, &noted("linked"));
        probe.equal("whose local id it is", &probe.applied(link), &own);
    }
}
