//! crate
pub mod detect;
pub mod drive;
pub mod exchange;
pub mod failure;
pub mod host;
pub mod id;
pub mod memory;
pub mod normalize;
pub mod plan;
pub mod resolve;
pub mod run;
pub mod schema;
pub mod value;
