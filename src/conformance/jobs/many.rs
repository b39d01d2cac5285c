//! Several reads in one round trip: a store may do them faster, and must not do them differently.

use super::probe::{SHARD, at, due_row, key, row};
use crate::jobs::{DueOf, Shard};

cases! { $ __conformance_jobs_many in many:
    /// Give for each of several keys what a read of that key alone gives, in the order of the keys.
    fn many_reads_are_their_reads(probe) {
        let [first, second] = ["first", "second"].map(|name| probe.create(&key(name), row(name)));
        let deleted = probe.create(&key("deleted"), row("deleted"));
        probe.put(&key("deleted"), Some(deleted.version), None);
        let keys = ["second", "missing", "first", "deleted", "second"].map(key);
        let promised = vec![Some(second.clone()), None, Some(first), None, Some(second)];
        probe.in_the_end("the records", &promised, || probe.get_many(&keys));
        probe.equal("the records of no keys", &probe.get_many(&[]), &vec![]);
    }

    /// Give for each of several pages what a listing of that page alone gives, in the order of the pages.
    fn many_pages_are_their_pages(probe) {
        for (name, seconds, shard) in [("a", 1, SHARD), ("b", 2, SHARD), ("c", 3, SHARD), ("d", 2, Shard(7))] {
            probe.create(&key(name), due_row(name, at(seconds), shard));
        }
        let pages = [
            DueOf::new(Shard(7), at(9), 10),
            DueOf::new(SHARD, at(2), 10),
            DueOf::new(SHARD, at(9), 1),
            DueOf::new(SHARD, at(9), 1).after((at(1), key("a"))),
            DueOf::new(Shard(8), at(9), 10),
            // The same shard once more, behind its end.
            DueOf::new(SHARD, at(9), 10).after((at(3), key("c"))),
        ];
        let listed = |page: &DueOf| probe.page(page);
        let promised = [vec![(2, "d")], vec![(1, "a"), (2, "b")], vec![(1, "a")], vec![(2, "b")], vec![], vec![]];
        let keys = |seconds: &[(i64, &str)]| seconds.iter().map(|(due, name)| (at(*due), key(name))).collect::<Vec<_>>();
        let promised: Vec<_> = promised.iter().map(|page| keys(page)).collect();
        let seen = || probe.due_many(&pages).into_iter().map(|page| page.keys).collect::<Vec<_>>();
        probe.in_the_end("the due keys of each page", &promised, seen);
        let more = || probe.due_many(&pages).into_iter().map(|page| page.more).collect::<Vec<_>>();
        probe.in_the_end("whether there are more", &pages.iter().map(|page| listed(page).more).collect(), more);
        probe.equal("no pages", &probe.due_many(&[]).len(), &0);
    }
}
