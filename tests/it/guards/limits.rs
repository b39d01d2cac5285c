//! The laws of a limit, against exact fractions.

use proptest::prelude::*;
use tripartite::plan::{Blocked, FieldFigures, Figures, Guards, Limit};

use crate::support::cases;

#[derive(Debug, Clone, Copy)]
struct Stated {
    absolute: Option<u64>,
    percent: Option<u8>,
    at_least: u64,
}

impl Stated {
    fn limit(self) -> Limit {
        let limit = self.percent.map_or(Limit::NONE, Limit::percent).at_least(self.at_least);
        self.absolute.map_or(limit, |most| limit.absolute(most))
    }

    /// The most that may be; the fraction is cut off, because nobody is a part of a record.
    fn most(self, population: u64) -> u128 {
        let of = |percent: u8| u128::from(population) * u128::from(percent) / 100;
        let share = match self.percent {
            None => u128::MAX,
            Some(_) if population < self.at_least && population == 0 => u128::MAX,
            Some(percent) if population < self.at_least => of(percent).max(of(50)).max(2),
            Some(percent) => of(percent),
        };
        share.min(self.absolute.map_or(u128::MAX, u128::from))
    }
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0u64..30, 2 => 0u64..2_000, 1 => Just(u64::MAX), 1 => any::<u64>()]
}

fn stated() -> impl Strategy<Value = Stated> {
    let percent = prop_oneof![0u8..=100, Just(20), any::<u8>()];
    (prop::option::of(number()), prop::option::of(percent), number()).prop_map(|(absolute, percent, at_least)| Stated {
        absolute,
        percent,
        at_least,
    })
}

/// A night on which so many records left, or lost or changed a name, in a register of so many.
fn nights(count: u64, population: u64) -> [Figures; 3] {
    let field = |changed: u64, emptied: u64| FieldFigures::new("last").name(true).changed(changed).emptied(emptied);
    let of = |fields| Figures::new(population, population.max(1)).fields(fields);
    [of(vec![]).deactivations(count), of(vec![field(count, 0)]), of(vec![field(0, count)])]
}

proptest! {
    #![proptest_config(cases(8192))]

    #[test]
    fn a_limit_allows_exactly_what_its_fraction_does(stated in stated(), count in number(), population in number()) {
        let expected = u128::from(count) <= stated.most(population);
        prop_assert_eq!(stated.limit().allows(count, population), expected);
        if let Ok(border) = u64::try_from(stated.most(population)) {
            prop_assert!(stated.limit().allows(border, population), "the border itself may be");
            prop_assert!(border == u64::MAX || !stated.limit().allows(border + 1, population), "and one more may not");
        }
    }

    #[test]
    fn fewer_are_never_worse(stated in stated(), count in number(), fewer in number(), population in number()) {
        let (count, fewer) = (count.max(fewer), count.min(fewer));
        prop_assert!(!stated.limit().allows(count, population) || stated.limit().allows(fewer, population));
    }

    #[test]
    fn an_absolute_limit_always_counts(stated in stated(), most in number(), count in number(), population in number()) {
        let limit = stated.limit().absolute(most);
        prop_assert!(count <= most || !limit.allows(count, population));
        prop_assert!(count > most || limit.allows(count, population) == stated_without(stated).allows(count, population));
    }

    #[test]
    fn one_or_two_of_a_small_register_are_never_asked_about(
        percent in any::<u8>(), at_least in 1..u64::MAX, population in number(), count in 0u64..=2,
    ) {
        let population = population % at_least;
        prop_assert!(Limit::percent(percent).at_least(at_least).allows(count, population));
    }

    #[test]
    fn more_than_half_of_a_small_register_is_always_asked_about(population in 1u64..10, count in 0u64..12) {
        for night in nights(count, population) {
            let is_asked = !Guards::default().judge(&night).is_empty();
            prop_assert_eq!(is_asked, count >= 3 && 2 * count > population, "{} of {}", count, population);
        }
    }

    #[test]
    fn a_fifth_of_a_larger_register_is_the_most(population in 10u64..5_000, count in 0u64..5_000) {
        for night in nights(count, population) {
            let asked = Guards::default().judge(&night);
            prop_assert_eq!(!asked.is_empty(), 5 * count > population, "{} of {}: {:?}", count, population, asked);
        }
    }

    #[test]
    fn a_limit_is_read_as_it_is_written(stated in stated()) {
        let text = serde_json::to_string(&stated.limit()).unwrap();
        prop_assert_eq!(serde_json::from_str::<Limit>(&text).unwrap(), stated.limit());
    }
}

fn stated_without(stated: Stated) -> Limit {
    Stated { absolute: None, ..stated }.limit()
}

#[test]
fn what_is_asked_about_names_its_limit() {
    let night = &nights(3, 5)[0];
    let [Blocked::Deactivations(excess)] = &Guards::default().judge(night)[..] else { panic!("three of five") };
    assert_eq!((excess.count, excess.population, &*excess.limit), (3, 5, "half"));
}

/// No percentage applies to a first import, and a listing is no emptier than a register from which nobody would leave.
#[test]
fn what_there_is_nothing_to_compare_with_is_not_asked_about() {
    let creations = Guards::default().creations(Limit::percent(100));
    for (night, asked) in [
        (Figures::new(0, 400).creations(400), 0),
        (Figures::new(1, 400).creations(400), 1),
        (Figures::new(2, 0), 0),
        (Figures::new(2, 0).deactivations(1), 1),
    ] {
        assert_eq!(creations.judge(&night).len(), asked, "{night:?}");
    }
}

/// Each limit that is set is judged by its own figure, and by no other.
#[test]
fn each_limit_stops_its_own_figure() {
    let none = Limit::NONE.absolute(0);
    let open = || {
        let guards = Guards::default().deactivations(Limit::NONE).quarantined(Limit::NONE).emptied(Limit::NONE);
        guards.names(Limit::NONE).takeovers(Limit::NONE)
    };
    let night = || Figures::new(500, 500);
    let field = |field: FieldFigures| night().fields(vec![field]);
    let email = || FieldFigures::new("email");
    let asked = [
        (open().deactivations(none), night().deactivations(300)),
        (open().creations(none), night().creations(300)),
        (open().links(none), night().links(300)),
        (open().updates(none), night().updates(300)),
        (open().quarantined(none), night().quarantined(300)),
        (open().takeovers(none), night().takeovers(300)),
        (open().emptied(none), field(email().emptied(300))),
        (open().names(none), field(email().name(true).changed(300))),
        (open().changed(none), field(email().changed(300))),
    ];
    for (at, (guards, own)) in asked.iter().enumerate() {
        assert!(open().judge(own).is_empty(), "{own:?}");
        for (of, (_, night)) in asked.iter().enumerate() {
            assert_eq!(guards.judge(night).len(), usize::from(at == of), "{guards:?} {night:?}");
        }
    }
}
