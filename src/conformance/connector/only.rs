//! Some records only: what is said of those that a run asks for.

use super::Statement;
use super::probe::{malformed, records, tombstones};
use super::world::{id, nth};
use crate::id::ExternalId;

promises! { $ __conformance_connector_only in connector::only:
    /// Give each of these records that the source lists, on as many pages as it takes.
    fn only_all_of_them(probe) {
        let size = probe.page() * 2 + 1;
        probe.has_full(0..size);
        let every_third: Vec<ExternalId> = (0..size).step_by(3).map(nth).collect();
        for ids in [vec![nth(0)], vec![nth(size - 1), nth(1)], every_third, (0..size).map(nth).collect()] {
            let listed = records(&probe.only(&ids));
            for id in &ids {
                let is_listed = listed.contains_key(id);
                probe.holds(is_listed, || format!("no word of {id}, of {} that are asked for", ids.len()));
            }
        }
    }

    /// Return one of these records that the source says is gone as `Item::Tombstone`.
    fn only_gone(probe) {
        probe.has_full(0..2);
        if probe.says(&Statement::Gone { id: id("gone"), version: None }) {
            let gone = tombstones(&probe.only(&[nth(1), id("gone")]));
            probe.equal("who is gone", &gone.into_keys().collect::<Vec<_>>(), &vec![id("gone")]);
        }
    }

    /// Return one of these records that cannot be read as `Item::Malformed`, with its id.
    fn only_malformed(probe) {
        let odd = id("unreadable");
        probe.has_full(0..1);
        if probe.says(&Statement::Unreadable { id: Some(odd.clone()), content: "Sorcha".to_owned() }) {
            probe.has_full(1..2);
            let items = probe.only(&[nth(1), odd.clone()]);
            let is_told = malformed(&items).iter().any(|one| one.id.as_ref() == Some(&odd));
            probe.holds(is_told, || format!("no malformed item with the id, of {} items", items.len()));
        }
    }

    /// Leave out a record that the source does not know: it is no failure, no tombstone and no malformed item.
    fn only_unknown(probe) {
        probe.has_full(0..2);
        let [unknown, other] = ["unknown", "unknown, too"].map(id);
        for ids in [vec![unknown.clone()], vec![unknown.clone(), nth(1), other]] {
            let items = probe.only(&ids);
            let said = items.iter().filter(|item| item.ids().any(|of| *of == unknown)).count();
            probe.equal("how much is said of it", &said, &0);
            probe.equal("how many are malformed", &malformed(&items).len(), &0);
        }
    }
}
