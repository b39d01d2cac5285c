#![doc = include_str!("recipe.md")]
