//! Where a column of phone numbers is dialled.

use tripartite::normalize::phone::{Region, canonical};

/// Regions and their calling codes, in the order they are tried when no number says where it belongs.
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

/// So many numbers are tried in every region; after that only the one that fits best is held to the rest.
const SAMPLE: u64 = 2000;

/// The regions in which every number so far can be dialled.
#[derive(Debug, Clone)]
pub(super) struct Dialling {
    fits: Vec<(Region, &'static str, u64)>,
    numbers: u64,
}

impl Dialling {
    pub(super) fn new() -> Self {
        let region = |(region, code): (&str, &'static str)| Some((Region::new(region).ok()?, code, 0));
        Self { fits: REGIONS.into_iter().filter_map(region).collect(), numbers: 0 }
    }

    /// Whether the number can be dialled where all before it can; if not, it does not count.
    pub(super) fn add(&mut self, number: &str) -> bool {
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
        self.numbers += 1;
        if self.numbers == SAMPLE {
            let best = self.best();
            self.fits.retain(|(region, ..)| Some(*region) == best);
        }
        true
    }

    /// The region most numbers with a country code belong to; the first that fits when none has one.
    pub(super) fn best(&self) -> Option<Region> {
        let most = self.fits.iter().map(|(.., votes)| *votes).max()?;
        self.fits.iter().find(|(.., votes)| *votes == most).map(|(region, ..)| *region)
    }
}

/// Any ten digits have a length that is possible in North America, but no area code and no exchange begins with 0 or 1.
fn is_plausible(code: &str, national: &str) -> bool {
    let digit = |at: usize| national.as_bytes().get(at).is_some_and(|digit| (b'2'..=b'9').contains(digit));
    code != "1" || (digit(0) && digit(3))
}
