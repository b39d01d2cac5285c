//! Records of the source that no external id links: found, proposed, ambiguous, or somebody else's.

mod shared_keys;

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};

use tripartite::id::LocalId;
use tripartite::matching::{FEW, Match, MatchRule, Trust};
use tripartite::plan::Quarantined;
use tripartite::run::RunOutcome;
use tripartite::source::Cursor;
use tripartite::store::{Action, Batch, IndexPage, LoadRequest, OpOutcome, RecordStore, Records};

use super::*;
use crate::support::world::{Break, Call, Watched, broken_night};

/// A club that has had its members for years, and a source that it is connected to only now. The e-mail address with the
/// birthday is trusted, the name with the birthday proposes.
pub(super) struct Town {
    pub(super) policy: Policy,
    pub(super) store: MemoryStore,
    pub(super) rules: Vec<MatchRule>,
}

pub(super) const BORN: &str = "2001-05-04";

/// A person, by name and e-mail; all of one birthday.
pub(super) fn person(name: &str, email: &str) -> Json {
    json!({"name": name, "born": BORN, "email": email, "phone": "1"})
}

pub(super) fn here(local: &str) -> LocalId {
    LocalId::new(local).unwrap()
}

impl Town {
    pub(super) fn new() -> Self {
        let fields = json!({
            "name": {"kind": "name", "required": true},
            "born": {"kind": "date"},
            "email": {"kind": "email"},
            "phone": {"kind": "text"},
        });
        let policy = Policy::new(schema(json!({ "fields": fields })));
        let rules = json!([
            {"name": "birthday", "fields": ["name", "born"]},
            {"name": "e-mail", "fields": ["email", "born"], "trust": "trusted"},
        ]);
        let store = MemoryStore::new(policy.schema().clone());
        Self { policy, store, rules: serde_json::from_value(rules).unwrap() }
    }

    /// With these people, who have no external id.
    pub(super) fn of(people: &[(&str, Json)]) -> Self {
        let town = Self::new();
        people.iter().for_each(|(local, fields)| town.enter(local, fields));
        town
    }

    pub(super) fn enter(&self, local: &str, fields: &Json) {
        self.store.enter(here(local), record(self.policy.schema(), fields.clone())).unwrap();
    }

    pub(super) fn edit(&self, local: &str, fields: Json) {
        let patch = record(self.policy.schema(), fields);
        let patched = |kept: &mut tripartite::memory::Kept| {
            let named = |record| serde_json::to_value(self.policy.schema().named(record)).unwrap();
            let (mut all, patch) = (named(&kept.local), named(&patch));
            patch.as_object().unwrap().iter().for_each(|(name, value)| all[name] = value.clone());
            kept.local = record(self.policy.schema(), all);
        };
        self.store.change_here(&here(local), patched).unwrap();
    }

    pub(super) fn item(&self, id: &str, fields: Json) -> Item {
        Item::Record(said(id, record(self.policy.schema(), fields)))
    }

    pub(super) fn run(&self) -> Run {
        run(&self.policy, "night")
            .guards(Guards::default().deactivations(Limit::NONE))
            .matching(self.rules.clone())
            .unwrap()
    }

    pub(super) fn drive(&self, run: Run, listing: &Listing) -> Report {
        let Ok(done) = drive_blocking(run.start(), listing, &self.store) else { panic!("nothing breaks") };
        done.report
    }

    pub(super) fn listed(&self, items: &[Item]) -> Report {
        self.drive(self.run(), &Listing::new(items.to_vec()))
    }

    /// Whom a record of the source is linked to.
    pub(super) fn linked(&self, id: &str) -> Option<String> {
        self.store.get(&ext(id)).map(|kept| kept.id.to_string())
    }

    pub(super) fn fields(&self, id: &str) -> Json {
        local(self.policy.schema(), &self.store, id)
    }

    pub(super) fn whys(&self) -> Vec<String> {
        let why = |(_, id, entry)| match entry {
            AuditEntry::Record(entry) if entry.situation == Situation::Found => {
                Some(format!("{id} {}: {}", entry.action, entry.why))
            }
            _ => None,
        };
        self.store.audit().into_iter().filter_map(why).collect()
    }
}

/// The one that was set aside.
pub(super) fn only(report: &Report) -> &Quarantined {
    assert_eq!(report.set_aside.len(), 1, "{:?}", report.set_aside);
    &report.set_aside[0]
}

fn found(local: &str, rule: &str, trust: Trust) -> Option<Match> {
    Some(Match::Found { local: here(local), rule: rule.to_owned(), trust })
}

pub(super) fn ambiguous(locals: &[&str], rivals: &[&str]) -> Option<Match> {
    let locals = locals.iter().map(|local| here(local)).collect();
    Some(Match::Ambiguous { locals, rivals: rivals.iter().map(|id| ext(id)).collect() })
}

#[test]
fn found_by_a_trusted_rule_is_linked() {
    for mode in [Mode::Planned, Mode::Streaming] {
        let mut aine = person("Áine Walsh", "AINE@example.org");
        aine["phone"] = Json::Null;
        let town = Town::of(&[("17", aine), ("18", person("Seán", "sean@example.org"))]);
        let listing = Listing::new(vec![town.item("FED-1", person("Áine Ní Bhriain", "aine@example.org"))]);
        let report = town.drive(town.run().mode(mode), &listing);
        assert_eq!(report.outcome, RunOutcome::Succeeded);
        let counts = report.counts;
        assert_eq!((counts.linked, counts.updated, counts.created, counts.processed), (1, 1, 0, 1));
        assert_eq!(town.linked("FED-1").as_deref(), Some("17"), "the same record, by the same local id");
        // Nobody knows since when the sides differ: the name by the policy, the phone because it was empty here.
        assert_eq!(town.fields("FED-1")["name"], "Áine Ní Bhriain");
        assert_eq!(
            (&town.fields("FED-1")["phone"], &town.fields("FED-1")["email"]),
            (&json!("1"), &json!("AINE@example.org"))
        );
        let kept = town.store.get(&ext("FED-1")).unwrap();
        assert_eq!(kept.synced.map(|synced| synced.revision), Some(kept.revision), "in step, and its base with it");
        assert!(kept.base.is_some() && town.store.free().contains_key(&here("18")));
        let why = "FED-1 link: The match rule `e-mail` says that record 17 here, which had no external id, is this one; the \
                   two were linked.";
        assert_eq!(town.whys(), [why]);

        // And then it is as any linked record: not even loaded.
        let told = town.store.audit().len();
        let watched = Watched::new(&town.store, Break::Never);
        let again = broken_night(town.run().mode(mode), &watched, &listing).unwrap().report;
        assert_eq!((again.counts.linked, again.counts.unchanged, town.store.audit().len()), (0, 1, told));
        assert_eq!(watched.calls(), [Call::Index]);
    }
}

/// The fields of a link are decided as those of any record whose base is unknown.
#[test]
fn a_link_decides_as_a_first_sync_does() {
    for (strategy, phone, open) in [("remote_wins", "1", 0), ("local_wins", "2", 0), ("merge", "2", 1)] {
        let mut town = Town::new();
        town.policy = town.policy.strategy(strategy.parse().unwrap()).unwrap();
        let mut aine = person("Áine", "aine@example.org");
        aine["phone"] = json!("2");
        town.enter("17", &aine);
        let report = town.listed(&[town.item("FED-1", person("Áine", "aine@example.org"))]);
        assert_eq!((report.counts.linked, report.counts.conflicts_open), (1, open), "{strategy}");
        assert_eq!(town.fields("FED-1")["phone"], phone, "{strategy}");
        let noticed = town
            .store
            .audit()
            .iter()
            .any(|(_, _, entry)| matches!(entry, AuditEntry::Field(it) if it.field == "phone"));
        assert!(noticed, "whatever was decided about the phone is in the audit");
    }
}

#[test]
fn found_by_a_rule_that_proposes_waits_for_a_person() {
    for (answer, linked, created) in [("it is", 1, 0), ("it is not", 0, 1), ("nothing", 0, 0)] {
        let town = Town::of(&[("17", person("Áine", "aine@club.example"))]);
        let items = [town.item("FED-1", person("Áine", "aine@example.org"))];
        for _ in 0..2 {
            let report = town.listed(&items);
            let counts = report.counts;
            assert_eq!((counts.quarantined, counts.proposed, counts.created, counts.linked), (1, 1, 0, 0));
            let aside = only(&report);
            assert_eq!((aside.situation, &aside.matched), (Situation::Found, &found("17", "birthday", Trust::Propose)));
            assert_eq!(
                aside.problem,
                "may be record 17 here, by the match rule `birthday`; a person decides whether it is"
            );
            assert!(town.store.records().is_empty() && town.store.audit().is_empty(), "nothing was written");
        }
        match answer {
            "it is" => town.store.link(&here("17"), ext("FED-1")).unwrap(),
            "it is not" => town.store.change_here(&here("17"), |kept| kept.is_not = [ext("FED-1")].into()).unwrap(),
            _ => {}
        }
        let report = town.listed(&items);
        assert_eq!(report.set_aside.is_empty(), answer != "nothing");
        assert_eq!((report.counts.updated, report.counts.created), (linked, created), "{answer}");
        let email = town.linked("FED-1").map(|_| town.fields("FED-1")["email"].clone());
        assert_eq!(email, (answer != "nothing").then(|| json!("aine@example.org")));
    }
}

/// A rule does not bring back whom a user removed, nor add them a second time.
#[test]
fn one_that_a_user_removed_is_only_proposed() {
    let town = Town::of(&[("17", person("Áine", "aine@example.org"))]);
    town.store.change_here(&here("17"), |kept| kept.presence = Presence::Removed).unwrap();
    let items = [town.item("FED-1", person("Áine", "aine@example.org"))];
    let report = town.listed(&items);
    assert_eq!((report.counts.proposed, report.counts.created), (1, 0));
    assert_eq!(only(&report).matched, found("17", "e-mail", Trust::Propose));
    // Linked by a person, it stays removed, and is asked about.
    town.store.link(&here("17"), ext("FED-1")).unwrap();
    assert_eq!(town.listed(&items).counts.conflicts_open, 1);
    assert_eq!(presence(&town.store, "FED-1"), Presence::Removed);
}

#[test]
fn ambiguous_between_several_here() {
    let twins = [("17", person("Áine", "family@example.org")), ("18", person("Ciara", "family@example.org"))];
    let town = Town::of(&twins);
    let items = [town.item("FED-1", person("Áine", "family@example.org"))];
    for _ in 0..2 {
        let report = town.listed(&items);
        let aside = only(&report);
        assert_eq!((aside.situation, &aside.matched), (Situation::Ambiguous, &ambiguous(&["17", "18"], &[])));
        assert_eq!(aside.problem, "may be one of the records 17, 18 here, by the match rules; a person decides");
        assert_eq!((report.counts.quarantined, report.counts.proposed, report.counts.linked), (1, 0, 0));
        assert!(town.store.records().is_empty() && town.store.audit().is_empty(), "nothing was written");
    }
    town.store.change_here(&here("18"), |kept| kept.is_not = [ext("FED-1")].into()).unwrap();
    assert_eq!(town.listed(&items).counts.linked, 1, "a person has ruled the other out");
}

/// Whatever the order, the pages and the mode: both wait, and whoever is nobody's rival does not.
#[test]
fn ambiguous_between_several_of_the_source() {
    for mode in [Mode::Planned, Mode::Streaming] {
        for (page, order) in [(1, [0, 1, 2]), (1, [2, 1, 0]), (3, [1, 2, 0])] {
            let town = Town::of(&[("17", person("Áine", "aine@example.org"))]);
            let items = [
                town.item("FED-1", person("Áine", "aine@example.org")),
                town.item("FED-2", person("Anna", "aine@example.org")),
                town.item("FED-3", person("Nuala", "nuala@example.org")),
            ];
            let listing = Listing::new(order.map(|at| items[at].clone()).to_vec()).pages_of(page);
            let report = town.drive(town.run().mode(mode), &listing);
            let said: Vec<_> =
                report.set_aside.iter().map(|aside| (aside.id.clone().unwrap(), aside.matched.clone())).collect();
            let promised = [("FED-1", "FED-2"), ("FED-2", "FED-1")];
            assert_eq!(said, promised.map(|(id, rival)| (ext(id), ambiguous(&["17"], &[rival]))));
            let why = "may be record 17 here, by the match rules, and so may FED-2 of the source; a person decides";
            assert_eq!(report.set_aside[0].problem, why);
            assert_eq!((report.counts.created, report.counts.linked), (1, 0));
            assert!(town.store.free().contains_key(&here("17")));
        }
    }
}

#[test]
fn identity_conflict_by_a_match_rule() {
    let town = Town::new();
    let one = town.item("FED-1", person("Áine", "aine@example.org"));
    town.listed(std::slice::from_ref(&one));
    let before = (town.fields("FED-1"), town.store.audit().len());
    let two = town.item("FED-2", person("Áine", "aine@example.org"));
    for items in [vec![one.clone(), two.clone()], vec![two.clone(), one.clone()]] {
        let report = town.listed(&items);
        let aside = only(&report);
        let holds = Match::IdentityConflict { local: here("FED-1"), holds: ext("FED-1"), rule: "e-mail".to_owned() };
        assert_eq!((aside.situation, aside.matched.as_ref()), (Situation::IdentityConflict, Some(&holds)));
        let why = "is record FED-1 here by the match rule `e-mail`, but that one is linked to FED-1; a link is never moved, \
                   so a person decides";
        assert_eq!(aside.problem, why);
        assert_eq!((town.fields("FED-1"), town.store.audit().len()), before, "and nothing was written");
    }
    town.store.change(&ext("FED-1"), |kept| kept.is_not = [ext("FED-2")].into()).unwrap();
    assert_eq!(town.listed(&[one, two]).counts.created, 1, "a person has said that they are two");
}

/// Two of the source that share what a rule goes by, and nobody here has, are two; it does not count when which is written.
#[test]
fn two_that_are_new_are_both_created() {
    for (mode, page) in [(Mode::Planned, 1), (Mode::Planned, 9), (Mode::Streaming, 1), (Mode::Streaming, 9)] {
        let town = Town::new();
        let items = ["FED-1", "FED-2"].map(|id| town.item(id, person("Áine", "aine@example.org")));
        let listing = Listing::new(items.to_vec()).pages_of(page);
        assert_eq!(town.drive(town.run().mode(mode).batch(1), &listing).counts.created, 2);
        assert_eq!(town.drive(town.run().mode(mode), &listing).counts.unchanged, 2);
    }
}

/// A night that breaks off between the two has one of them here before the other: nobody can tell from outside whether the
/// source has one person twice. So the second waits for a person, who says that they are two: the exception to P9.
#[test]
fn two_that_are_new_and_a_night_that_breaks_off_between_them() {
    for mode in [Mode::Planned, Mode::Streaming] {
        let town = Town::new();
        let items = ["FED-1", "FED-2"].map(|id| town.item(id, person("Áine", "aine@example.org")));
        let listing = Listing::new(items.to_vec());
        let watched = Watched::new(&town.store, Break::After(2)); // the index, a load, and the first creation
        assert!(broken_night(town.run().mode(mode).batch(1), &watched, &listing).is_err());
        assert_eq!(watched.calls().last(), Some(&Call::Commit(1)));
        for _ in 0..2 {
            let report = town.drive(town.run().mode(mode), &listing);
            assert_eq!((only(&report).situation, report.counts.created), (Situation::IdentityConflict, 0));
            assert_eq!(only(&report).id, Some(ext("FED-2")));
        }
        town.store.change(&ext("FED-1"), |kept| kept.is_not = [ext("FED-2")].into()).unwrap();
        assert_eq!(town.drive(town.run().mode(mode), &listing).counts.created, 1);
        assert_eq!(town.drive(town.run().mode(mode), &listing).counts.unchanged, 2);
    }
}

/// Who could be whom is read page by page. In streaming mode it is what the pages before have made of it, so that a night
/// can be ahead of another by one; the second night they meet.
#[test]
fn an_address_that_passes_to_somebody_new() {
    let created_at_once = |mode, turned| {
        let town = Town::new();
        town.listed(&[town.item("FED-5", person("Una", "a@example.org"))]);
        let mut items = vec![
            town.item("FED-5", person("Una", "b@example.org")),
            town.item("FED-9", person("Nuala", "a@example.org")),
        ];
        if turned {
            items.reverse();
        }
        let listing = Listing::new(items).pages_of(1);
        let first = town.drive(town.run().mode(mode), &listing).counts;
        assert_eq!((first.updated, first.created + first.quarantined), (1, 1));
        let second = town.drive(town.run().mode(mode), &listing).counts;
        assert_eq!((first.created + second.created, second.quarantined, town.store.records().len()), (1, 0, 2));
        first.created == 1
    };
    assert!(!created_at_once(Mode::Planned, false) && !created_at_once(Mode::Planned, true));
    assert!(created_at_once(Mode::Streaming, false) && !created_at_once(Mode::Streaming, true));
}

/// Nobody is looked for where no rule says how, or everybody is linked; and a rule that changes is no reason to look at
/// whom is linked.
#[test]
fn rules_cost_nothing_where_all_are_linked() {
    let town = Town::of(&[("17", person("Áine", "aine@example.org"))]);
    let listing = Listing::new(vec![town.item("FED-1", person("Áine", "aine@example.org"))]);
    let nears = |run: Run| {
        let mut nears = Vec::new();
        let _ = crate::support::world::by_hand(run.start(), &listing, &town.store, |step| {
            if let tripartite::run::Step::Loading(loading) = step {
                nears.push(loading.request().near.as_ref().map(|near| near.keys.len()));
            }
        });
        nears
    };
    assert_eq!(nears(run(&town.policy, "night").dry()), [None]);
    assert_eq!(nears(town.run()), [Some(2)], "a key for each rule");
    town.edit("17", json!({}));
    let moved = Listing::new(vec![town.item("FED-1", person("Áine W", "aine@example.org"))]);
    let step = crate::support::world::by_hand(town.run().start(), &moved, &town.store, |step| {
        if let tripartite::run::Step::Loading(loading) = step {
            assert!(loading.request().near.is_none(), "it is linked");
        }
    });
    assert!(matches!(step, tripartite::run::Step::Done(_)));
    let watched = Watched::new(&town.store, Break::Never);
    let others = [MatchRule::new("phone", ["phone"]).trust(Trust::Trusted)];
    let run = run(&town.policy, "night").matching(others).unwrap();
    broken_night(run, &watched, &moved).unwrap();
    assert_eq!(watched.calls(), [Call::Index]);
}

/// A first night of five hundred is not stopped, and shows what it is; whoever wants fewer is asked, and the plan that
/// was stored is carried out as it was approved.
#[test]
fn the_guards_see_links() {
    let town = Town::new();
    let people: Vec<Json> = (0..500).map(|at| person(&format!("N{at}"), &format!("n{at}@example.org"))).collect();
    people.iter().enumerate().for_each(|(at, fields)| town.enter(&format!("{at}"), fields));
    let item = |(at, fields): (usize, &Json)| town.item(&format!("FED-{at}"), fields.clone());
    let listing = Listing::new(people.iter().enumerate().map(item).collect()).pages_of(100);
    let report = town.drive(town.run().dry(), &listing);
    assert_eq!((report.outcome, report.counts.linked, report.counts.unchanged), (RunOutcome::Succeeded, 500, 500));

    let few = || town.run().guards(Guards::default().links(Limit::NONE.absolute(499)));
    for mode in [Mode::Planned, Mode::Streaming] {
        let report = town.drive(few().mode(mode), &listing);
        assert_eq!((report.outcome, report.blocked.len(), town.store.records().len()), (RunOutcome::Blocked, 1, 0));
        let why = "500 records would be linked to a record here that has no external id, beside 0 linked before; at most 499 may be without approval";
        assert_eq!(report.blocked[0].to_string(), why);
    }
    let Ok(blocked) = drive_blocking(few().start(), &listing, &town.store) else { panic!("nothing breaks") };
    let plan = serde_json::to_string(&blocked.plan.unwrap()).unwrap();
    let stored: Json = serde_json::from_str(&plan).unwrap();
    assert_eq!(stored["ops"][0]["expect"], json!({"free": {"local": "0", "revision": 1}}));
    let plan =
        tripartite::plan::Plan::read(town.policy.schema(), &mut serde_json::Deserializer::from_str(&plan)).unwrap();
    assert_eq!(plan.id(), blocked.report.plan_id);
    assert!(plan.ops().all(|op| op.links() && op.action == Action::Touch));
    town.edit("7", json!({"phone": "2"}));
    town.edit("8", json!({"email": "other@example.org", "name": "other"}));
    town.store.link(&here("9"), ext("FED-9")).unwrap();
    let Ok(done) = drive_blocking(few().apply(plan), &listing, &town.store) else { panic!("nothing breaks") };
    let counts = done.report.counts;
    assert_eq!((counts.linked, counts.created, counts.skipped), (498, 1, 0), "the rest was judged by what is here now");
    assert_eq!(town.linked("FED-9").as_deref(), Some("9"));
    assert_eq!(town.drive(town.run(), &listing).counts.unchanged, 500);
}

/// What a report says names records and rules, and nobody's data.
#[test]
fn no_report_shows_a_value() {
    let town = Town::of(&[
        ("17", person("Marked Áine", "marked1@example.org")),
        ("18", person("Marked Seán", "marked2@example.org")),
        ("19", person("Marked Seán", "marked3@example.org")),
    ]);
    let report = town.listed(&[
        town.item("FED-1", person("Marked Áine", "marked9@example.org")),
        town.item("FED-2", person("Marked Seán", "marked8@example.org")),
        town.item("FED-3", person("Marked Nuala", "marked3@example.org")),
    ]);
    assert_eq!(report.set_aside.len(), 3);
    let text = format!("{report:?}{}", serde_json::to_string(&report).unwrap());
    assert!(!text.to_lowercase().contains("marked") && !text.contains(BORN), "{text}");
}
