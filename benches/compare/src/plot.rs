//! The plot, written by hand: nanoseconds a record against the number of people, and the ratio to the floor.
//!
//! Both axes are logarithmic, for contenders lie three orders of magnitude apart.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// A contender: its name, and its figure at each number of people.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    /// Numbers of people, with nanoseconds a record.
    pub(crate) points: Vec<(u64, f64)>,
}

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 520.0;
const LEFT: f64 = 64.0;
/// Room for the names at the right end of the lines.
const RIGHT: f64 = 590.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 460.0;
/// The bars' panel.
const BARS: f64 = 700.0;

/// Each stands out three to one from white and from the dark themes of documentation; every line bears its name, too.
const COLOURS: [&str; 8] = ["#2a8fd0", "#d55e00", "#009e73", "#cc79a7", "#c77a00", "#1a95a5", "#858500", "#7f7f7f"];

/// Text and lines have the colour of what is around the plot, so that it is readable on light and on dark.
const STYLE: &str = "<style>\
    .compared text{font:13px system-ui,sans-serif;fill:currentColor}\
    .compared .axis{stroke:currentColor;fill:none}\
    .compared .grid{stroke:currentColor;opacity:.2}</style>";

/// In a file of its own there is nothing around it.
const ALONE: &str = "<style>\
    svg{background:#fff;color:#222}\
    @media(prefers-color-scheme:dark){svg{background:#16181d;color:#ddd}}</style>";

/// Writes a plot into a file of its own, beside the program unless it is said, and says where.
pub(crate) fn write(file: Option<&Path>, plot: &str) -> Result<(), String> {
    let file = match file {
        Some(file) => file.to_owned(),
        None => std::env::current_exe().map_err(|error| error.to_string())?.with_file_name("compare.svg"),
    };
    let alone = plot.replacen(STYLE, &format!("{STYLE}{ALONE}"), 1);
    fs::write(&file, alone).map_err(|error| format!("{}: {error}", file.display()))?;
    eprintln!("plot: {}", file.display());
    Ok(())
}

/// A scale from powers of ten to pixels.
struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Scale {
    fn at(&self, value: f64) -> f64 {
        let share = (value.log10() - self.from) / (self.to - self.from);
        self.start + share * (self.end - self.start)
    }

    fn powers(&self) -> impl Iterator<Item = i32> {
        self.from.ceil() as i32..=self.to.floor() as i32
    }
}

/// The plot of these lines; ratios are to the first.
pub(crate) fn svg(lines: &[Line]) -> String {
    let figures = || lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
    let people = || lines.iter().flat_map(|line| line.points.iter().map(|point| point.0 as f64));
    let (low, high) = (figures().fold(f64::INFINITY, f64::min), figures().fold(0.0, f64::max));
    let x = Scale {
        from: people().fold(f64::INFINITY, f64::min).log10(),
        to: people().fold(0.0, f64::max).log10(),
        start: LEFT,
        end: RIGHT - 190.0,
    };
    let y = Scale { from: low.log10().floor(), to: high.log10().ceil(), start: BOTTOM, end: TOP };
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"compared\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Time a record by the number of people, and the ratio to the floor\">{STYLE}"
    );
    axes(&mut out, &x, &y);
    curves(&mut out, lines, &x, &y);
    bars(&mut out, lines);
    out.push_str("</svg>\n");
    out
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, content: &str) {
    let _ = write!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{content}</text>");
}

fn axes(out: &mut String, x: &Scale, y: &Scale) {
    text(out, (LEFT, 30.0), "start", "nanoseconds a record");
    text(out, ((LEFT + x.end) / 2.0, HEIGHT - 16.0), "middle", "people");
    for power in y.powers() {
        let at = y.at(10_f64.powi(power));
        let _ = write!(out, "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{:.1}\"/>", x.end);
        text(out, (LEFT - 8.0, at + 4.0), "end", &grouped(10_u64.pow(power.unsigned_abs())));
    }
    for power in x.powers() {
        text(out, (x.at(10_f64.powi(power)), BOTTOM + 22.0), "middle", &grouped(10_u64.pow(power.unsigned_abs())));
    }
    let _ = write!(out, "<path class=\"axis\" d=\"M{LEFT} {TOP}V{BOTTOM}H{:.1}\"/>", x.end);
}

fn curves(out: &mut String, lines: &[Line], x: &Scale, y: &Scale) {
    let mut labels: Vec<(f64, usize)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        let points: Vec<String> =
            line.points.iter().map(|&(people, ns)| format!("{:.1},{:.1}", x.at(people as f64), y.at(ns))).collect();
        let _ = write!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.join(" ")
        );
        labels.extend(line.points.last().map(|&(_, ns)| (y.at(ns), at)));
    }
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = TOP;
    for (wanted, at) in labels {
        let place = wanted.max(free);
        free = place + 16.0;
        let colour = COLOURS[at % COLOURS.len()];
        let _ =
            write!(out, "<path d=\"M{:.1} {wanted:.1}L{:.1} {place:.1}\" stroke=\"{colour}\"/>", x.end, x.end + 14.0);
        text(out, (x.end + 18.0, place + 4.0), "start", lines[at].name);
    }
}

/// How many times the floor each takes, at the largest number of people.
fn bars(out: &mut String, lines: &[Line]) {
    let last = |line: &Line| line.points.last().map_or(f64::NAN, |point| point.1);
    let Some(floor) = lines.first().map(last) else { return };
    text(out, (BARS, 30.0), "start", "times the floor");
    let most = lines.iter().map(|line| last(line) / floor).fold(1.0, f64::max);
    let scale = Scale { from: -0.7, to: most.log10(), start: 0.0, end: WIDTH - BARS - 70.0 };
    for (at, line) in lines.iter().enumerate() {
        let (ratio, top) = (last(line) / floor, TOP + at as f64 * 46.0);
        let colour = COLOURS[at % COLOURS.len()];
        text(out, (BARS, top + 10.0), "start", line.name);
        let width = scale.at(ratio).max(2.0);
        let _ = write!(
            out,
            "<rect x=\"{BARS}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"14\" fill=\"{colour}\"/>",
            top + 15.0
        );
        let digits = usize::from(ratio < 10.0);
        text(out, (BARS + width + 6.0, top + 27.0), "start", &format!("{ratio:.digits$}"));
    }
}

/// 1,000,000.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|part| str::from_utf8(part).ok()).collect();
    parts.join(",")
}
