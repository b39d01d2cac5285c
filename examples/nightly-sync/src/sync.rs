//! The run, step by step: what [`tripartite::drive`] does, with a progress bar, and streaming where nothing is linked
//! yet.

use tripartite::drive::{DriveError, block_on, commit, fetch};
use tripartite::failure::Classify;
use tripartite::run::{Committing, Done, Fetching, Step, Stopped};
use tripartite::source::{Connector, Next, Page};
use tripartite::store::RecordStore;

use crate::progress::Progress;

/// Takes a run to its end. A first import writes page by page, so that it never holds the listing in memory; afterwards
/// nothing is written before the whole plan was judged.
///
/// # Errors
/// The first error of the source or the store, with the run as far as it got.
pub fn drive<C: Connector, S: RecordStore>(
    step: Step,
    source: &C,
    store: &S,
    lines: Option<u64>,
    progress: &mut Progress,
) -> Result<Done, DriveError<C::Error, S::Error>> {
    drive_approved(step, source, store, lines, progress, |_| Ok(false))
}

/// As [`drive`], with a word on a plan that a guard stops: whether a person has approved it.
///
/// # Errors
/// As [`drive`]; also the error of `passes`.
pub fn drive_approved<C: Connector, S: RecordStore>(
    step: Step,
    source: &C,
    store: &S,
    lines: Option<u64>,
    progress: &mut Progress,
    passes: impl FnMut(&Stopped) -> Result<bool, S::Error>,
) -> Result<Done, DriveError<C::Error, S::Error>> {
    let watch = &mut Watch { progress, lines, listed: 0, written: None };
    let done = block_on(steps(step, source, store, watch, passes));
    progress.end();
    done
}

async fn steps<C: Connector, S: RecordStore>(
    mut step: Step,
    source: &C,
    store: &S,
    watch: &mut Watch<'_>,
    mut passes: impl FnMut(&Stopped) -> Result<bool, S::Error>,
) -> Result<Done, DriveError<C::Error, S::Error>> {
    let failed_store = |step: Step, error: S::Error| {
        let done = Box::new(step.fail(error.failure()));
        DriveError::Store { error, done }
    };
    loop {
        step = match step {
            Step::Indexing(s) => match store.index(s.request()).await {
                Ok(page) => s.resume(page),
                Err(error) => return Err(failed_store(Step::Indexing(s), error)),
            },
            Step::Fetching(mut s) => {
                watch.begin(&mut s);
                match fetch(&s, source).await {
                    Ok(page) => {
                        watch.listed(&page);
                        s.resume(page)
                    }
                    Err(error) => {
                        let done = Box::new(Step::Fetching(s).fail(error.failure()));
                        return Err(DriveError::Connector { error, done });
                    }
                }
            }
            Step::Loading(s) => match store.load(s.request()).await {
                Ok(records) => s.resume(records),
                Err(error) => return Err(failed_store(Step::Loading(s), error)),
            },
            Step::Committing(mut s) => match commit(&mut s, store).await {
                Ok(outcomes) => {
                    watch.written(&s);
                    s.resume(outcomes)
                }
                Err(error) => return Err(failed_store(Step::Committing(s), error)),
            },
            Step::Stopped(stopped) => match passes(&stopped) {
                Ok(true) => {
                    let id = stopped.plan().id();
                    stopped.approve(id)
                }
                Ok(false) => return Ok(stopped.finish()),
                Err(error) => return Err(failed_store(Step::Stopped(stopped), error)),
            },
            Step::Done(done) => return Ok(done),
        }
    }
}

/// How far the run is, for the bar.
struct Watch<'a> {
    progress: &'a mut Progress,
    lines: Option<u64>,
    listed: u64,
    /// Ops that were written since the listing ended.
    written: Option<u64>,
}

impl Watch<'_> {
    fn begin(&mut self, step: &mut Fetching) {
        if step.request().is_some() {
            return;
        }
        if step.linked() == 0 && step.only().is_none() {
            step.stream();
            self.progress.begin("importing", self.lines);
        } else {
            self.progress.begin("comparing", self.lines);
        }
    }

    fn listed(&mut self, page: &Page) {
        self.listed += page.items.len() as u64;
        let end = !matches!(page.next, Next::More(_));
        // Blank lines are no items; at the end all lines are read.
        let listed = if end { self.lines.unwrap_or(self.listed).max(self.listed) } else { self.listed };
        self.progress.at(listed);
        if end && self.lines.is_some() {
            self.written = Some(0);
        }
    }

    fn written(&mut self, step: &Committing) {
        let Some(written) = &mut self.written else { return };
        let ops = step.request().ops.len() as u64;
        if *written == 0 {
            self.progress.begin("writing", Some(ops + step.remaining() as u64));
        }
        *written += ops;
        self.progress.at(*written);
    }
}
