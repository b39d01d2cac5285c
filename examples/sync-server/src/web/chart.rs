//! Runs in figures: as a list of numbers, and as a chart.

use maud::{Markup, html};
use nightly_sync::store::RunFigures;
use nightly_sync::term::grouped;
use tripartite::run::{Counts, RunOutcome};

use super::say::{Say, told};
use super::text::T;

const WIDTH: usize = 720;
const HEIGHT: usize = 160;
/// Below the bars.
const FOOT: usize = 22;

/// What came of a run, without what nothing came of.
pub(super) fn figures(say: Say, counts: &Counts) -> Markup {
    let all = [
        (T::Processed, counts.processed),
        (T::Created, counts.created),
        (T::Updated, counts.updated),
        (T::Deactivated, counts.deactivated),
        (T::Reactivated, counts.reactivated),
        (T::Quarantined, counts.quarantined),
        (T::ConflictsOpen, counts.conflicts_open),
    ];
    html! {
        dl.figures {
            @for (text, count) in all.into_iter().filter(|(text, count)| *count > 0 || *text == T::Processed) {
                div { dt { (say.t(text)) } dd { (grouped(count)) } }
            }
        }
    }
}

pub(super) fn outcome(say: Say, outcome: RunOutcome) -> Markup {
    let (text, class) = match outcome {
        RunOutcome::Succeeded => (T::Succeeded, "good"),
        RunOutcome::Partial => (T::Partial, "fair"),
        RunOutcome::Blocked => (T::Blocked, "alarm"),
        RunOutcome::Failed => (T::Failed, "alarm"),
    };
    html! { span class=(format!("tag {class}")) { (say.t(text)) } }
}

fn changes(run: &RunFigures) -> [(u64, &'static str); 3] {
    let counts = &run.counts;
    [
        (counts.updated + counts.reactivated, "updated"),
        (counts.created + counts.linked, "created"),
        (counts.deactivated, "left"),
    ]
}

/// The last runs, oldest first, as bars: what each changed.
pub(super) fn chart(say: Say, runs: &[RunFigures]) -> Markup {
    let total = |run: &RunFigures| changes(run).iter().map(|(count, _)| count).sum::<u64>();
    let most = runs.iter().map(total).max().unwrap_or(0).max(1);
    let step = WIDTH / runs.len().clamp(8, 60);
    let title = say.f(T::LastRuns, &[("count", &runs.len().to_string())]);
    let room = HEIGHT - FOOT;
    // A bar of something is never nothing.
    let high = |count: u64| {
        usize::try_from(count.saturating_mul(room as u64) / most).unwrap_or(room).max(usize::from(count > 0) * 2)
    };
    html! {
        figure.chart {
            figcaption { (title) }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(title) preserveAspectRatio="xMinYMid meet" {
                line class="axis" x1="0" y1=(room) x2=(WIDTH) y2=(room) {}
                @for (at, run) in runs.iter().enumerate() {
                    @let heights = changes(run).map(|(count, class)| (high(count), class));
                    g {
                        title { (told(run.at)) ": " (total(run)) }
                        @for (part, (height, class)) in heights.iter().enumerate() {
                            @let below: usize = heights[..part].iter().map(|(height, _)| height).sum();
                            rect class=(class) x=(at * step + 2) width=(step.saturating_sub(4)) height=(height)
                                y=(room.saturating_sub(below + height)) rx="1" {}
                        }
                    }
                }
                @if let (Some(first), Some(last)) = (runs.first(), runs.last()) {
                    text x="2" y=(HEIGHT - 6) { (first.at.format("%Y-%m-%d")) }
                    @if runs.len() > 12 {
                        text x=((runs.len() * step).min(WIDTH)) y=(HEIGHT - 6) text-anchor="end" { (last.at.format("%Y-%m-%d")) }
                    }
                }
            }
            p.legend {
                span.updated { (say.t(T::Updated)) } " " span.created { (say.t(T::Created)) } " " span.left { (say.t(T::Deactivated)) }
            }
        }
    }
}
