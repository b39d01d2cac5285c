#![doc = include_str!("book/contents.md")]

#[doc = include_str!("book/why.md")]
pub mod why {}

#[doc = include_str!("book/merge.md")]
pub mod merge {}

#[doc = include_str!("book/schema.md")]
pub mod schema {}

#[doc = include_str!("book/kinds.md")]
pub mod kinds {}

#[doc = include_str!("book/run.md")]
pub mod run {}

#[doc = include_str!("book/store.md")]
pub mod store {}

#[doc = include_str!("book/workers.md")]
pub mod workers {}

#[doc = include_str!("book/scale.md")]
pub mod scale {}

#[doc = include_str!("book/webhooks.md")]
#[cfg(feature = "webhook")]
pub mod webhooks {}

#[doc = include_str!("book/questions.md")]
pub mod questions {}
