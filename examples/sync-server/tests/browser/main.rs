//! The page in a real browser, from the log-in to the last answer.
//!
//! | what is there | what is done |
//! |---|---|
//! | `chromedriver` and `chromium`, as Debian's packages `chromium` and `chromium-driver` have them | the tests run |
//! | neither, or one of them | each test says that it is left out |
//! | as before, and `TRIPARTITE_BROWSER_REQUIRED` is set | that is a failure |
//!
//! `TRIPARTITE_AXE` names `axe.min.js` of axe-core, which looks for barriers; without it that part is left out in the same
//! way. Screenshots are left under `target/screenshots`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod barriers;
mod cards;
#[path = "../page/club.rs"]
#[allow(dead_code, reason = "the tests without a browser need more of it")]
mod club;
mod demo;
mod operator;
mod secretary;
mod site;
