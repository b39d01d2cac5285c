//! What clients see of a store, written down by themselves: every call's begin, its end and its answer.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::time::{ClockId, clock_gettime};
use tripartite::jobs::{AppendOf, JobStore, Row, StoreKey, Stored, Swap, SwapAll, SwapOf, forward_job_store};

use crate::linear::{Answer, Ask, Call, check};

/// Nanoseconds of a clock that all processes of a machine share, and that nobody sets.
pub(crate) fn nanoseconds() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// A file to which a process appends lines. Whoever is killed has written a line, or not.
pub(crate) struct Book {
    file: File,
    /// What its calls are named by, which no other book of any process has.
    name: String,
    next: AtomicU64,
}

impl Book {
    pub(crate) fn open(path: &Path) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}.{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        Self { file, name, next: AtomicU64::new(0) }
    }

    pub(crate) fn write(&self, line: &str) {
        (&self.file).write_all(line.as_bytes()).unwrap();
    }

    /// A record that stands there before anybody writes anything down, as if it had just been stored.
    #[allow(dead_code, reason = "only a cluster is restored")]
    pub(crate) fn found(&self, key: &StoreKey, stored: &Stored) {
        let first = self.begin(&[(key, Ask::Swap { expect: None, next: Some(hash(&stored.row)) })]);
        self.end(first, &[Answer::Applied(stored.version.0)]);
    }

    fn begin(&self, asks: &[(&StoreKey, Ask)]) -> u64 {
        let first = self.next.fetch_add(asks.len() as u64, Ordering::Relaxed);
        let (time, name) = (nanoseconds(), &self.name);
        let line = |(number, (key, ask)): (u64, &(&StoreKey, Ask))| {
            let ask = match ask {
                Ask::Get => "get - -".to_owned(),
                Ask::Swap { expect, next } => format!("swap {} {}", shown(*expect), shown(*next)),
            };
            format!("C {name}:{number} {time} {} {ask}\n", key.as_str())
        };
        self.write(&(first..).zip(asks).map(line).collect::<String>());
        first
    }

    fn end(&self, first: u64, answers: &[Answer]) {
        let (time, name) = (nanoseconds(), &self.name);
        let line = |(number, answer): (u64, &Answer)| {
            let answer = match answer {
                Answer::Found(None) => "found - -".to_owned(),
                Answer::Found(Some((version, hash))) => format!("found {version} {hash}"),
                Answer::Applied(version) => format!("applied {version} -"),
                Answer::Conflict => "conflict - -".to_owned(),
                Answer::Unknown => "unknown - -".to_owned(),
            };
            format!("R {name}:{number} {time} {answer}\n")
        };
        self.write(&(first..).zip(answers).map(line).collect::<String>());
    }
}

fn shown(number: Option<u64>) -> String {
    number.map_or("-".to_owned(), |number| number.to_string())
}

fn hash(row: &Row) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&row.bytes, row.due.map(|due| due.timestamp_micros()), row.shard).hash(&mut hasher);
    hasher.finish()
}

/// A store whose calls are written down. What it gives on pages, and its logs, are not.
pub(crate) struct Recorded<S> {
    pub(crate) store: S,
    pub(crate) book: Book,
}

fn found(stored: Option<&Stored>) -> Answer {
    Answer::Found(stored.map(|stored| (stored.version.0, hash(&stored.row))))
}

fn asked(SwapOf { expect, next, .. }: &SwapOf) -> Ask {
    Ask::Swap { expect: expect.map(|version| version.0), next: next.as_ref().map(hash) }
}

fn answered(swap: Swap) -> Answer {
    match swap {
        Swap::Applied(version) => Answer::Applied(version.0),
        Swap::Conflict => Answer::Conflict,
    }
}

impl<S: JobStore + Sync> Recorded<S> {
    fn within(&self) -> &S {
        &self.store
    }

    async fn around<T>(
        &self,
        asks: &[(&StoreKey, Ask)],
        call: impl Future<Output = Result<T, S::Error>>,
        answers: impl Fn(&T) -> Vec<Answer>,
    ) -> Result<T, S::Error> {
        let first = self.book.begin(asks);
        let done = call.await;
        let answers = done.as_ref().map_or_else(|_| vec![Answer::Unknown; asks.len()], answers);
        self.book.end(first, &answers);
        done
    }

    /// Several swaps, of which all take effect or none, as far as is told. A conflict of one that is not named says nothing of
    /// one key among them, and is written as if none had ever been asked: that it changed nothing is seen by whoever reads it
    /// next.
    async fn around_all<T>(
        &self,
        swaps: &[SwapOf],
        call: impl Future<Output = Result<T, S::Error>>,
        told: impl Fn(&T) -> Option<Vec<Answer>>,
    ) -> Result<T, S::Error> {
        let asks: Vec<_> = swaps.iter().map(|swap| (&swap.key, asked(swap))).collect();
        let first = self.book.begin(&asks);
        let done = call.await;
        match done.as_ref().map(told) {
            Ok(Some(answers)) => self.book.end(first, &answers),
            Ok(None) => {
                let numbers = (first..).take(swaps.len());
                self.book.write(&numbers.map(|number| format!("N {}:{number}\n", self.book.name)).collect::<String>());
            }
            Err(_) => self.book.end(first, &vec![Answer::Unknown; swaps.len()]),
        }
        done
    }
}

impl<S: JobStore + Sync> JobStore for Recorded<S> {
    type Error = S::Error;

    forward_job_store!(plain: due, due_many, append, read, prune);

    async fn get(&self, key: &StoreKey) -> Result<Option<Stored>, S::Error> {
        self.around(&[(key, Ask::Get)], self.store.get(key), |stored| vec![found(stored.as_ref())]).await
    }

    async fn compare_and_swap(&self, swap: &SwapOf) -> Result<Swap, S::Error> {
        let call = self.store.compare_and_swap(swap);
        self.around(&[(&swap.key, asked(swap))], call, |swap| vec![answered(*swap)]).await
    }

    async fn swap_many(&self, swaps: &[SwapOf]) -> Result<Vec<Swap>, S::Error> {
        let asks: Vec<_> = swaps.iter().map(|swap| (&swap.key, asked(swap))).collect();
        self.around(&asks, self.store.swap_many(swaps), |all| all.iter().copied().map(answered).collect()).await
    }

    async fn get_many(&self, keys: &[StoreKey]) -> Result<Vec<Option<Stored>>, S::Error> {
        let asks: Vec<_> = keys.iter().map(|key| (key, Ask::Get)).collect();
        self.around(&asks, self.store.get_many(keys), |all| all.iter().map(|stored| found(stored.as_ref())).collect())
            .await
    }

    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, S::Error> {
        // Which of several has stopped a chain is not said.
        let is_one = swaps.len() == 1;
        let told = |all: &Vec<Swap>| {
            let is_told = is_one || !all.contains(&Swap::Conflict);
            is_told.then(|| all.iter().copied().map(answered).collect())
        };
        self.around_all(swaps, self.store.swap_chain(swaps, entries), told).await
    }

    async fn swap_all(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<SwapAll, S::Error> {
        let is_one = swaps.len() == 1;
        let told = |answer: &SwapAll| match answer {
            SwapAll::Applied(versions) => {
                Some(versions.iter().map(|version| answered(Swap::Applied(*version))).collect())
            }
            SwapAll::Conflict => is_one.then(|| vec![Answer::Conflict]),
            SwapAll::Unable => None,
        };
        self.around_all(swaps, self.store.swap_all(swaps, entries), told).await
    }
}

/// The calls of each key, of the books of all processes.
pub(crate) fn calls(books: &[String]) -> BTreeMap<String, Vec<Call>> {
    let mut open = BTreeMap::new();
    for line in books.iter().flat_map(|book| book.lines()) {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap_or_default();
        let (what, id) = (word(), word());
        let number = |text: &str| text.parse::<u64>().ok();
        match what {
            "C" => {
                let begin = number(word()).unwrap();
                let (key, ask) = (word(), word());
                let (expect, next) = (number(word()), number(word()));
                let ask = if ask == "get" { Ask::Get } else { Ask::Swap { expect, next } };
                open.insert(id, (key, Call { begin, end: u64::MAX, ask, answer: Answer::Unknown }));
            }
            "N" => drop(open.remove(id)),
            "R" => {
                let (_, call) = open.get_mut(id).unwrap();
                call.end = number(word()).unwrap();
                let answer = word();
                let (version, hash) = (number(word()), number(word()));
                call.answer = match answer {
                    "found" => Answer::Found(version.zip(hash)),
                    "applied" => Answer::Applied(version.unwrap()),
                    "conflict" => Answer::Conflict,
                    _ => Answer::Unknown,
                };
            }
            _ => {}
        }
    }
    let mut all: BTreeMap<String, Vec<Call>> = BTreeMap::new();
    for (key, call) in open.into_values() {
        // A read that failed says nothing.
        if (call.ask != Ask::Get || call.answer != Answer::Unknown) && !key.is_empty() {
            all.entry(key.to_owned()).or_default().push(call);
        }
    }
    all
}

/// Checks the books of all processes, and says how many calls there were.
#[track_caller]
pub(crate) fn is_linearizable(books: &[String]) -> Result<usize, String> {
    let all = calls(books);
    for (key, calls) in &all {
        check(calls).map_err(|wrong| format!("{key}: {wrong}"))?;
    }
    Ok(all.values().map(Vec::len).sum())
}
