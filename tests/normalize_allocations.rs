//! Comparing two spellings of one value costs no allocation. In a test binary of its own, whose allocator counts.

use allocation_counter::measure;
use tripartite::normalize::phone::Region;
use tripartite::normalize::{address, boolean, date, decimal, email, integer, name, phone, text, timestamp};

/// A kind, two spellings of one value of it, and the comparison.
type Pair<'a> = (&'a str, &'a str, &'a str, &'a dyn Fn(&str, &str) -> bool);

#[test]
fn the_allocator_counts() {
    assert_eq!(measure(|| drop(std::hint::black_box(Box::new(1)))).count_total, 1);
}

#[test]
fn same_does_not_allocate() {
    let ireland = Region::new("IE").expect("a region");
    let formats = ["%Y-%m-%d".to_owned(), "%d/%m/%Y".to_owned()];
    let pairs: [Pair<'_>; 16] = [
        ("text", " John  Byrne ", "John Byrne", &text::same),
        ("text beyond ASCII", "Zoe\u{308} Byrne", "Zoë  Byrne", &text::same),
        ("text in another script", "Иван  Петров", "Иван Петров", &text::same),
        ("name", "O’Brien", "O'Brien", &name::same),
        ("address", "12 Main St,Dublin", "12 MAIN ST, DUBLIN", &address::same),
        ("address beyond ASCII", "Große Straße 1,KÖLN", "große straße 1, ko\u{308}ln", &address::same),
        ("email", "Sean@Example.org", "mailto:sean@example.org", &email::same),
        ("email beyond ASCII", "SEÁN@example.org", "seán@example.org", &email::same),
        ("phone, national", "087 123 4567", "(087) 123-4567", &|a, b| phone::same(a, b, ireland)),
        ("phone, international", "+353 87 123 4567", "+353871234567", &|a, b| phone::same(a, b, ireland)),
        ("date", "2024-01-05", "2024-1-5", &|a, b| date::same(a, b, &[])),
        ("date, declared", "05/01/2024", "2024-01-05", &|a, b| date::same(a, b, &formats)),
        ("timestamp", "2024-01-05T12:00:00+01:00", "2024-01-05 11:00:00.0Z", &timestamp::same),
        ("integer", "+5", "5.0", &integer::same),
        ("decimal", "1.10", "11e-1", &decimal::same),
        ("boolean", "TRUE", "1", &boolean::same),
    ];
    for (kind, a, b, same) in pairs {
        assert!(same(a, b), "{kind}: {a:?} and {b:?} are the same, and what is built on first use is built");
        let allocations = measure(|| assert!(same(a, b))).count_total;
        assert_eq!(allocations, 0, "{kind}");
    }
}
