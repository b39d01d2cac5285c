#![doc = include_str!("performance/page.md")]
