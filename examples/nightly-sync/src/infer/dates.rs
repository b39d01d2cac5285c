//! In which order a column writes day, month and year.
//!
//! `05/01/2024` is two days. A value such as `25/01/2024` allows one order only, and settles it for the column. Where none
//! does, nothing is guessed.

use tripartite::normalize::date;
use tripartite::schema::Kind;

/// The formats, by what stands between the parts. Those of one family are told apart by what they read.
const FAMILIES: [&[&str]; 7] = [
    &["%Y-%m-%d"],
    &["%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d"],
    &["%d.%m.%Y", "%m.%d.%Y", "%Y.%m.%d"],
    &["%d-%m-%Y", "%m-%d-%Y"],
    &["%d %b %Y", "%b %d %Y"],
    &["%d-%b-%Y", "%b-%d-%Y", "%b %d, %Y"],
    // Only where the field's name says that these are dates: any eight digits may be somebody's number.
    &["%Y%m%d", "%d%m%Y", "%m%d%Y"],
];
const COMPACT: usize = 6;

/// What a family's values allow so far.
#[derive(Debug, Clone, Copy, Default)]
struct Family {
    count: u64,
    /// How many values are read by one of the formats only.
    decisive: u64,
    /// A bit for each format that reads all of them.
    orders: u8,
}

/// The orders that every value so far allows.
#[derive(Debug)]
pub(super) struct Orders {
    families: [Family; FAMILIES.len()],
    may_be_compact: bool,
}

/// What a column says of its dates.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) kind: Kind,
    /// How many values allow no other order.
    pub(super) decisive: u64,
}

impl Orders {
    pub(super) fn new(may_be_compact: bool) -> Self {
        Self { families: Default::default(), may_be_compact }
    }

    /// Whether the value is a day, in an order that all before it allow; if not, it does not count.
    pub(super) fn add(&mut self, text: &str) -> bool {
        let text = text.trim();
        if !(8..=20).contains(&text.len()) || !text.bytes().any(|byte| byte.is_ascii_digit()) {
            return false;
        }
        for (at, (family, formats)) in self.families.iter_mut().zip(FAMILIES).enumerate() {
            if at == COMPACT && !self.may_be_compact {
                continue;
            }
            let reads =
                |(bit, format): (usize, &&str)| u8::from(date::canonical(text, &[(*format).to_owned()]).is_ok()) << bit;
            let own: u8 = formats.iter().enumerate().map(reads).sum();
            let orders = if family.count == 0 { own } else { own & family.orders };
            if orders != 0 {
                let decisive = u64::from(own.count_ones() == 1);
                *family = Family { count: family.count + 1, decisive: family.decisive + decisive, orders };
                return true;
            }
        }
        false
    }

    /// The one reading of the column; none where a family allows two.
    pub(super) fn order(&self) -> Option<Order> {
        let mut formats = Vec::new();
        for (family, known) in self.families.iter().zip(FAMILIES).filter(|(family, _)| family.count > 0) {
            if family.orders.count_ones() != 1 {
                return None;
            }
            formats.push(known[family.orders.trailing_zeros() as usize]);
        }
        let decisive = self.families.iter().map(|family| family.decisive).sum();
        (!formats.is_empty()).then(|| Order { kind: Kind::dates(formats), decisive })
    }

    /// Whether all values are days, and nothing tells in which order.
    pub(super) fn is_open(&self) -> bool {
        self.families.iter().any(|family| family.count > 0 && family.orders.count_ones() > 1)
    }
}
