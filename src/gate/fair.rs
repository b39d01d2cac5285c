//! Fairness: in which order the organisations of a page of due keys are served.

use std::collections::{BTreeMap, VecDeque};

use crate::id::{OrgId, SyncKey};

/// Orders what is due so that organisations take turns: one of each, then the second of each, and so on. The keys of
/// one organisation keep their order. The turns begin after the organisation that was served last, so that no
/// organisation is always first.
///
/// At most as many keys as there are organisations then come before an organisation's only key, however many keys the
/// others have. This holds for the keys on the page, so read enough due keys to have more than one organisation.
///
/// ```
/// use tripartite::gate::fair;
/// use tripartite::id::{ConnectorId, IdError, OrgId, SyncKey};
/// let key = |org, connector| {
///     Ok::<_, IdError>(SyncKey {
///         org: OrgId::new(org)?,
///         connector: ConnectorId::new(connector)?,
///     })
/// };
/// let page = vec![key("big", "1")?, key("big", "2")?, key("big", "3")?, key("small", "1")?];
/// let order = |after| {
///     fair(page.clone(), |key| key, after)
///         .iter()
///         .map(ToString::to_string)
///         .collect::<Vec<_>>()
/// };
/// assert_eq!(order(None), ["big/1", "small/1", "big/2", "big/3"]);
/// // The next organisation by name comes after `big`, even if `big` is no longer on the
/// // page.
/// assert_eq!(order(Some(&OrgId::new("big")?)), ["small/1", "big/1", "big/2", "big/3"]);
/// # Ok::<(), IdError>(())
/// ```
pub fn fair<T>(page: Vec<T>, key: impl Fn(&T) -> &SyncKey, after: Option<&OrgId>) -> Vec<T> {
    let mut order = Vec::with_capacity(page.len());
    let mut lines: BTreeMap<OrgId, VecDeque<T>> = BTreeMap::new();
    for item in page {
        let org = key(&item).org.clone();
        lines.entry(org).or_default().push_back(item);
    }
    // The turns go by name: those after the organisation that was served last come first, then the others.
    let (served, waiting): (Vec<_>, Vec<_>) = lines.into_iter().partition(|(org, _)| Some(org) <= after);
    let mut round: Vec<_> = waiting.into_iter().chain(served).map(|(_, line)| line).collect();
    while !round.is_empty() {
        order.extend(round.iter_mut().filter_map(VecDeque::pop_front));
        round.retain(|line| !line.is_empty());
    }
    order
}
