#![doc = include_str!("upgrading/page.md")]
