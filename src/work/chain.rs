//! Several records at once: changes of them that are stored by one chain of swaps.

use super::error::WorkError;
use super::record::{Record, Records, TRIES, Versioned};
use crate::jobs::{AppendOf, JobStore, Mark, StoreKey, Stored, Swap, SwapAll, SwapOf, Version};

type Current<'a, T> = Box<dyn Fn(Option<&T>) -> bool + Send + 'a>;
type Change<'a, T, R> = Box<dyn FnMut(Option<&T>) -> (Option<T>, R) + Send + 'a>;

/// A change of one record. It is drafted by what is known of the record, stored as part of a chain, and drafted again
/// if somebody else has changed the record since.
pub(super) struct Draft<'a, T, R> {
    key: StoreKey,
    /// Whether the key is the one under which the record is.
    at_home: bool,
    current: Current<'a, T>,
    change: Change<'a, T, R>,
    stage: Stage<T, R>,
}

/// A record in place of another one.
struct Replaced<T> {
    next: T,
    expect: Option<Version>,
    former: Option<Mark>,
    /// What a store will have indexed of `next`, once its row is made.
    mark: Option<Mark>,
}

enum Stage<T, R> {
    /// The record is to be read.
    Unread,
    /// What to store in place of which version, and what to answer then.
    Drafted(Replaced<T>, R),
    Done(Versioned<T>, R),
    /// The record cannot be read or written.
    Broken(String),
}

impl<'a, T: Record, R> Draft<'a, T, R> {
    /// The change of a record of which the caller may know something. `change` is given what is stored, and returns what
    /// to store, if anything, and what to answer once that is stored.
    pub(super) fn new(
        key: StoreKey,
        known: Option<Versioned<T>>,
        change: impl FnMut(Option<&T>) -> (Option<T>, R) + Send + 'a,
    ) -> Self {
        Self::current(key, known, |_| true, change)
    }

    /// As [`new`](Self::new), for a caller who can tell a reading that is too old.
    pub(super) fn current(
        key: StoreKey,
        known: Option<Versioned<T>>,
        current: impl Fn(Option<&T>) -> bool + Send + 'a,
        change: impl FnMut(Option<&T>) -> (Option<T>, R) + Send + 'a,
    ) -> Self {
        let at_home = key.former().is_none();
        let (current, change) = (Box::new(current), Box::new(change));
        let mut draft = Self { key, at_home, current, change, stage: Stage::Unread };
        if let Some(known) = known.filter(|_| at_home) {
            draft.redraft(known);
        }
        draft
    }

    fn redraft(&mut self, before: Versioned<T>) {
        self.stage = Stage::Unread;
        if !(self.current)(before.record.as_ref()) {
            return;
        }
        let (next, answer) = (self.change)(before.record.as_ref());
        match next.filter(|next| before.record.as_ref() != Some(next)) {
            Some(next) => {
                let (expect, former) = (before.version, before.mark);
                self.stage = Stage::Drafted(Replaced { next, expect, former, mark: None }, answer);
            }
            // No answer rests on what is only remembered.
            None if before.remembered => {}
            None => self.stage = Stage::Done(before, answer),
        }
    }

    /// What is to be stored, and what to answer then, if the change is drafted and not stored yet.
    pub(super) fn drafted(&self) -> Option<(&T, &R)> {
        match &self.stage {
            Stage::Drafted(replaced, answer) => Some((&replaced.next, answer)),
            _ => None,
        }
    }

    /// Puts another record in place of the drafted one, until the change is drafted anew. Returns the one that was drafted.
    pub(super) fn redirect(&mut self, next: T) -> Option<T> {
        match &mut self.stage {
            Stage::Drafted(replaced, _) => Some(std::mem::replace(&mut replaced.next, next)),
            _ => None,
        }
    }

    /// The answer, and what is stored now. `None`: the change is not stored yet.
    pub(super) fn into_done<E: std::error::Error>(self) -> Result<Option<(R, Versioned<T>)>, WorkError<E>> {
        match self.stage {
            Stage::Done(stored, answer) => Ok(Some((answer, stored))),
            Stage::Broken(problem) => Err(WorkError::Broken { key: self.key, problem }),
            Stage::Unread | Stage::Drafted(..) => Ok(None),
        }
    }
}

/// A draft, of whatever record.
pub(super) trait Link: Send {
    fn key(&self) -> &StoreKey;
    /// Whether there is nothing left to do.
    fn is_over(&self) -> bool;
    fn is_unread(&self) -> bool;
    /// The key under which the record may be as well, until it is known where it is.
    fn other_home(&self) -> Option<StoreKey>;
    fn settle_home(&mut self, home: Option<StoreKey>);
    fn read(&mut self, stored: Option<Stored>);
    /// The swap to try, if the change is drafted.
    fn swap(&mut self, shards: u16) -> Option<SwapOf>;
    fn stored(&mut self, version: Version);
    /// Somebody else has changed the record.
    fn conflicted(&mut self);
}

impl<T: Record + Send, R: Send> Link for Draft<'_, T, R> {
    fn key(&self) -> &StoreKey {
        &self.key
    }

    fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Done(..) | Stage::Broken(_))
    }

    fn is_unread(&self) -> bool {
        matches!(self.stage, Stage::Unread)
    }

    fn other_home(&self) -> Option<StoreKey> {
        self.key.former().filter(|_| !self.at_home)
    }

    fn settle_home(&mut self, home: Option<StoreKey>) {
        self.at_home = true;
        self.key = home.unwrap_or_else(|| self.key.clone());
    }

    fn read(&mut self, stored: Option<Stored>) {
        match Versioned::of_stored(stored) {
            Ok(before) => self.redraft(before),
            Err(problem) => self.stage = Stage::Broken(problem),
        }
    }

    fn swap(&mut self, shards: u16) -> Option<SwapOf> {
        let Stage::Drafted(replaced, _) = &mut self.stage else { return None };
        match replaced.next.to_row(&self.key, shards) {
            Ok(row) => {
                replaced.mark = Some(row.mark());
                let (expect, former) = (replaced.expect, replaced.former);
                Some(SwapOf { key: self.key.clone(), expect, next: Some(row), former })
            }
            Err(problem) => {
                self.stage = Stage::Broken(problem);
                None
            }
        }
    }

    fn stored(&mut self, version: Version) {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Unread) {
            Stage::Drafted(Replaced { next, mark, .. }, answer) => {
                Stage::Done(Versioned::stored(next, version, mark), answer)
            }
            stage => stage,
        };
    }

    fn conflicted(&mut self) {
        self.stage = Stage::Unread;
    }
}

impl<S: JobStore + Sync> Records<S> {
    /// Tries a chain of changes once: it reads the records that are not known, and stores all changes by one chain of
    /// swaps. If all take effect, the entries are appended. Returns whether they were.
    ///
    /// A link whose record cannot be read is left out.
    ///
    /// # Errors
    /// When the store failed and it is not known that all took effect. The links that are known to have are over.
    pub(super) async fn try_chain(
        &self,
        links: &mut [&mut dyn Link],
        entries: &[AppendOf],
    ) -> Result<bool, WorkError<S::Error>> {
        self.read_unread(links).await?;
        let mut open: Vec<_> = links.iter_mut().filter(|link| !link.is_over()).collect();
        // A record that was read too early keeps the changes behind it waiting.
        let ready = open.iter().position(|link| link.is_unread()).unwrap_or(open.len());
        let complete = ready == open.len();
        let mut swaps = Vec::with_capacity(ready);
        for link in open.iter_mut().take(ready) {
            swaps.extend(link.swap(self.shards));
        }
        open.retain(|link| !link.is_over());
        let entries = if complete { entries } else { &[] };
        if swaps.is_empty() && entries.is_empty() {
            return Ok(complete);
        }
        let (versions, failed) = self.swap_chain(&swaps, entries).await;
        let stored = versions.len();
        for (link, version) in open.iter_mut().zip(versions) {
            link.stored(version);
        }
        // A store may take back what came before a conflict, and answer a conflict for all. Then any of them may be the one
        // that was changed, so all are read again.
        let doubtful = if stored == 0 { swaps.len() } else { 1 };
        for link in open.iter_mut().take(swaps.len()).skip(stored).take(doubtful) {
            link.conflicted();
        }
        match failed {
            Some(error) if stored < swaps.len() => Err(WorkError::Store(error)),
            // The answer was lost, and with it whether the entries are there.
            Some(_) => Ok(false),
            None => Ok(complete && stored == swaps.len()),
        }
    }

    /// Tries to store all changes and to append the entries together. Returns whether it is done, or nothing if the store is
    /// unable, so that the changes are drafted as before. After a conflict all of them are to be read again.
    ///
    /// # Errors
    /// When the store failed and it is not known that all took effect.
    pub(super) async fn try_all(
        &self,
        links: &mut [&mut dyn Link],
        entries: &[AppendOf],
    ) -> Result<Option<bool>, WorkError<S::Error>> {
        self.read_unread(links).await?;
        let mut open: Vec<_> = links.iter_mut().filter(|link| !link.is_over()).collect();
        let swaps: Vec<_> = open.iter_mut().filter_map(|link| link.swap(self.shards)).collect();
        // A record that cannot be read or written is left to the chain, which leaves it out.
        if swaps.is_empty() || swaps.len() < open.len() {
            return Ok(None);
        }
        let versions = match self.store.swap_all(&swaps, entries).await {
            Ok(SwapAll::Applied(versions)) => versions,
            Ok(SwapAll::Conflict) => Vec::new(),
            Ok(SwapAll::Unable) => return Ok(None),
            // All took effect if the first one did. A later one may have been changed since, and is looked at again.
            Err(error) => match self.applied_first(&swaps).await {
                versions if versions.is_empty() => return Err(WorkError::Store(error)),
                versions => versions,
            },
        };
        let is_done = versions.len() == swaps.len();
        let mut versions = versions.into_iter();
        for link in open {
            match versions.next() {
                Some(version) => link.stored(version),
                None => link.conflicted(),
            }
        }
        Ok(Some(is_done))
    }

    /// Tries a chain until each of its changes is stored, or cannot be. Returns whether the entries were appended.
    pub(super) async fn chain(
        &self,
        links: &mut [&mut dyn Link],
        entries: &[AppendOf],
    ) -> Result<bool, WorkError<S::Error>> {
        let left = |links: &[&mut dyn Link]| links.iter().filter(|link| !link.is_over()).count();
        for _ in 0..TRIES {
            let before = left(links);
            let tried = self.try_chain(links, entries).await;
            match (left(links), tried) {
                (0, Ok(appended)) => return Ok(appended),
                // Some of it took effect, so the store may take the rest, too.
                (after, Err(_)) if after < before && after > 0 => {}
                (_, Err(error)) => return Err(error),
                (_, Ok(_)) => {}
            }
        }
        let contended = links.iter().find(|link| !link.is_over()).map(|link| link.key().clone());
        contended.map_or(Ok(false), |key| Err(WorkError::Contended { key }))
    }

    /// Stores changes of different records, each by itself, in as few round trips as it takes until nobody was in
    /// between.
    pub(super) async fn each<T: Record + Send, R: Send>(
        &self,
        drafts: &mut [Draft<'_, T, R>],
    ) -> Result<(), WorkError<S::Error>> {
        for _ in 0..TRIES {
            let mut open: Vec<&mut dyn Link> = Vec::new();
            open.extend(drafts.iter_mut().filter(|draft| !draft.is_over()).map(|draft| draft as &mut dyn Link));
            if open.is_empty() {
                return Ok(());
            }
            self.read_unread(&mut open).await?;
            let (mut tried, mut swaps) = (Vec::new(), Vec::new());
            for link in open {
                if let Some(swap) = link.swap(self.shards) {
                    tried.push(link);
                    swaps.push(swap);
                }
            }
            if swaps.is_empty() {
                continue;
            }
            let answers = self.store.swap_many(&swaps).await.map_err(WorkError::Store)?;
            for (link, answer) in tried.into_iter().zip(answers) {
                match answer {
                    Swap::Applied(version) => link.stored(version),
                    Swap::Conflict => link.conflicted(),
                }
            }
        }
        let contended = drafts.iter().find(|draft| !draft.is_over()).map(|draft| draft.key().clone());
        contended.map_or(Ok(()), |key| Err(WorkError::Contended { key }))
    }

    async fn read_unread(&self, links: &mut [&mut dyn Link]) -> Result<(), WorkError<S::Error>> {
        for link in links.iter_mut() {
            if let Some(former) = link.other_home() {
                let is_there = self.store.get(&former).await.map_err(WorkError::Store)?.is_some();
                link.settle_home(is_there.then_some(former));
            }
        }
        let mut unread: Vec<_> = links.iter_mut().filter(|link| link.is_unread()).collect();
        let keys: Vec<_> = unread.iter().map(|link| link.key().clone()).collect();
        let stored = match keys.as_slice() {
            [] => return Ok(()),
            [key] => vec![self.store.get(key).await.map_err(WorkError::Store)?],
            keys => self.store.get_many(keys).await.map_err(WorkError::Store)?,
        };
        for (link, stored) in unread.iter_mut().zip(stored) {
            link.read(stored);
        }
        Ok(())
    }

    /// Does a chain of swaps. Returns the versions of the first ones, which took effect, and how the store failed, if it
    /// did. After a failure, what was wanted and is stored took effect.
    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> (Vec<Version>, Option<S::Error>) {
        let answers = match swaps {
            // One swap needs no transaction around it.
            [swap] if entries.is_empty() => self.store.compare_and_swap(swap).await.map(|answer| vec![answer]),
            swaps => self.store.swap_chain(swaps, entries).await,
        };
        let error = match answers {
            Ok(answers) => {
                let applied = answers.into_iter().map_while(|answer| match answer {
                    Swap::Applied(version) => Some(version),
                    Swap::Conflict => None,
                });
                return (applied.collect(), None);
            }
            Err(error) => error,
        };
        (self.applied_first(swaps).await, Some(error))
    }

    /// The versions of the first swaps whose records are stored as they were wanted; none if they cannot be read.
    async fn applied_first(&self, swaps: &[SwapOf]) -> Vec<Version> {
        let keys: Vec<_> = swaps.iter().map(|swap| swap.key.clone()).collect();
        let Ok(stored) = self.store.get_many(&keys).await else { return Vec::new() };
        let applied = swaps.iter().zip(stored).map_while(|(swap, stored)| {
            let wanted = swap.next.as_ref().map(|row| &row.bytes);
            stored.filter(|stored| Some(&stored.row.bytes) == wanted).map(|stored| stored.version)
        });
        applied.collect()
    }
}
