//! Where a column of phone numbers is dialled.

use tripartite::normalize::phone::{Region, canonical};

/// Regions and their calling codes. Most national numbers can be dialled in several of them, so that their order says
/// nothing.
const REGIONS: [(&str, &str); 20] = [
    ("US", "1"),
    ("IE", "353"),
    ("GB", "44"),
    ("DE", "49"),
    ("FR", "33"),
    ("ES", "34"),
    ("IT", "39"),
    ("NL", "31"),
    ("PL", "48"),
    ("AU", "61"),
    ("BE", "32"),
    ("CH", "41"),
    ("AT", "43"),
    ("SE", "46"),
    ("NO", "47"),
    ("DK", "45"),
    ("PT", "351"),
    ("NZ", "64"),
    ("IN", "91"),
    ("BR", "55"),
];

/// The regions in which every number so far can be dialled.
#[derive(Debug, Clone)]
pub(super) struct Dialling {
    fits: Vec<(Region, &'static str, u64)>,
    settled: bool,
}

impl Dialling {
    pub(super) fn new() -> Self {
        let region = |(region, code): (&str, &'static str)| Some((Region::new(region).ok()?, code, 0));
        Self { fits: REGIONS.into_iter().filter_map(region).collect(), settled: false }
    }

    /// Whether the number can be dialled where all before it can; if not, it does not count.
    pub(super) fn add(&mut self, number: &str) -> bool {
        // No region is left to hold it to, so the column will be text, which reads it.
        if self.settled && self.fits.is_empty() {
            return true;
        }
        let digits = number.trim_start();
        let international = digits.starts_with('+') || digits.starts_with("00");
        let fits = |&(region, code, votes): &(Region, &'static str, u64)| {
            let form = canonical(number, region).ok()?;
            let own = form.strip_prefix('+').and_then(|form| form.strip_prefix(code));
            let dials = international || own.is_some_and(|national| is_plausible(code, national));
            dials.then_some((region, code, votes + u64::from(international && own.is_some())))
        };
        let fits: Vec<_> = self.fits.iter().filter_map(fits).collect();
        if fits.is_empty() {
            return false;
        }
        self.fits = fits;
        true
    }

    /// Holds the numbers to come to one region, because it takes long to try each of a million in all of them.
    pub(super) fn settle(&mut self, home: Option<Region>) {
        let best = self.region(home);
        self.fits.retain(|(region, ..)| Some(*region) == best);
        self.settled = true;
    }

    /// The region that most numbers with a country code belong to; where none has one, `home`, which another field of the
    /// same records says. That a number can be dialled somewhere is no evidence: most can be in several regions.
    pub(super) fn region(&self, home: Option<Region>) -> Option<Region> {
        let most = self.fits.iter().map(|(.., votes)| *votes).max()?;
        let mut best = self.fits.iter().filter(|(region, _, votes)| match most {
            0 => Some(*region) == home,
            most => *votes == most,
        });
        let first = best.next()?;
        best.next().is_none().then_some(first.0)
    }
}

/// Any ten digits have a length that is possible in North America, but no area code and no exchange begins with 0 or 1.
fn is_plausible(code: &str, national: &str) -> bool {
    let digit = |at: usize| national.as_bytes().get(at).is_some_and(|digit| (b'2'..=b'9').contains(digit));
    code != "1" || (digit(0) && digit(3))
}
