//! A naive model of what becomes of values with parts: everything is a tree by meaning, and the contract is followed by the
//! letter, one part after the other.

use std::collections::BTreeSet;

use super::tree::{Parts, Shape, Tree, normal};

/// What three versions of a value come to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expected {
    pub(crate) local: Option<Tree>,
    /// `None`: nobody knows.
    pub(crate) base: Option<Option<Tree>>,
    /// The places that are open, the whole value as "".
    pub(crate) open: BTreeSet<String>,
}

/// One version each; a base of `None` is unknown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Three<'t> {
    pub(crate) base: Option<Option<&'t Tree>>,
    pub(crate) local: Option<&'t Tree>,
    pub(crate) remote: Option<&'t Tree>,
}

/// A field whose source says something of it.
pub(crate) fn field(shape: &Shape, three: Three<'_>, strategy: &str) -> Expected {
    let mut open = BTreeSet::new();
    let (local, base) = part(shape, three, true, strategy, "", &mut open);
    let unknown = three.base.is_none() && !open.is_empty();
    Expected { local, base: (!unknown).then_some(base), open }
}

fn part(
    shape: &Shape,
    three: Three<'_>,
    said: bool,
    strategy: &str,
    path: &str,
    open: &mut BTreeSet<String>,
) -> (Option<Tree>, Option<Tree>) {
    match (three.local, three.remote) {
        (Some(Tree::Parts(local)), Some(Tree::Parts(remote))) if shape.is_granular() => {
            parts(shape, three.base, local, remote, strategy, path, open)
        }
        _ => whole(three, said, strategy, path, open),
    }
}

fn parts(
    shape: &Shape,
    base: Option<Option<&Tree>>,
    local: &Parts,
    remote: &Parts,
    strategy: &str,
    path: &str,
    open: &mut BTreeSet<String>,
) -> (Option<Tree>, Option<Tree>) {
    let nothing = Parts::new();
    let known = match base {
        Some(Some(Tree::Parts(parts))) => parts,
        _ => &nothing,
    };
    let (mut now, mut next) = (Parts::new(), Parts::new());
    for name in local.keys().chain(remote.keys()).collect::<BTreeSet<_>>() {
        let three = Three { base: base.map(|_| known.get(name)), local: local.get(name), remote: remote.get(name) };
        let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
        let (here, there) =
            part(&shape.part(name), three, remote.contains_key(name), shape.own(name).unwrap_or(strategy), &path, open);
        now.extend(here.map(|tree| (name.clone(), tree)));
        next.extend(there.map(|tree| (name.clone(), tree)));
    }
    // Where all that is said is open, what had no parts stays as it was.
    let had_parts = matches!(base, Some(Some(Tree::Parts(_))));
    let is_all_open = !had_parts && !has_said(&next, remote);
    let next = if is_all_open { base.flatten().cloned() } else { Some(Tree::Parts(next)) };
    (Some(Tree::Parts(now)), next)
}

/// Whether something of a base is what the source says. A null says nothing; parts without any do.
fn has_said(next: &Parts, remote: &Parts) -> bool {
    let is_said = |(name, tree): (&String, &Tree)| match (tree, remote.get(name)) {
        (Tree::Null, _) => false,
        (Tree::Parts(next), Some(Tree::Parts(remote))) => has_said(next, remote),
        _ => true,
    };
    let is_whole = remote.iter().all(|(name, tree)| normal(next.get(name)) == normal(Some(tree)));
    is_whole || next.iter().any(is_said)
}

fn whole(
    three: Three<'_>,
    said: bool,
    strategy: &str,
    path: &str,
    open: &mut BTreeSet<String>,
) -> (Option<Tree>, Option<Tree>) {
    let known = normal(three.base.flatten());
    let (local, remote) = (normal(three.local), normal(three.remote));
    if !said && known.is_none() {
        return (local, None);
    }
    // A null that is said is a base that is known to be null.
    let next = if said { Some(remote.clone().unwrap_or(Tree::Null)) } else { None };
    if local == remote {
        return (local, next);
    }
    let (edited, moved) = match three.base {
        None => (local.is_some(), remote.is_some()),
        Some(_) => (local != known, remote != known),
    };
    match (edited, moved) {
        (true, false) if strategy == "enforced" => (remote, next),
        (true, false) | (false, false) => (local, next),
        (false, true) => match strategy {
            "local_owned" => (local, next),
            "fill_only" if local.is_some() || remote.is_none() => (local, next),
            _ => (remote, next),
        },
        (true, true) => match (strategy, sets(&known, &local, &remote)) {
            (merge, Some(merged)) if merge.starts_with("merge") => (merged, next),
            ("remote_wins" | "enforced" | "merge:remote", _) => (remote, next),
            ("fill_only", _) if local.is_none() => (remote, next),
            ("merge", _) => {
                open.insert(path.to_owned());
                (local, three.base.flatten().cloned())
            }
            _ => (local, next),
        },
    }
}

/// What two sets come to; a set that is not there is empty.
fn sets(base: &Option<Tree>, local: &Option<Tree>, remote: &Option<Tree>) -> Option<Option<Tree>> {
    let empty = BTreeSet::new();
    let members = |tree: &Option<Tree>| match tree {
        Some(Tree::Members(members)) => Some(members.clone()),
        None => Some(empty.clone()),
        _ => None,
    };
    if ![local, remote].iter().any(|side| matches!(side, Some(Tree::Members(_)))) {
        return None;
    }
    let (base, l, r) = (members(base)?, members(local)?, members(remote)?);
    let merged: BTreeSet<String> =
        l.union(&r).filter(|it| (l.contains(*it) && r.contains(*it)) || !base.contains(*it)).cloned().collect();
    let is_null = merged.is_empty() && (local.is_none() || remote.is_none());
    Some((!is_null).then_some(Tree::Members(merged)))
}
