//! A page where people answer the questions of a sync, and webhooks over HTTP: the second example host of [`tripartite`], on
//! the database of [`nightly_sync`].
//!
//! What no rule can decide waits for a person, and that person is no programmer: a club's secretary, a clerk, an operator.
//! The [page](web) shows what waits, side by side, and takes answers by mouse or keyboard, under the person's name. It also
//! shows what the runs did and how the jobs stand.
//!
//! A source that says what happens there is heard within a second, instead of in the next night. What it says triggers a
//! run of that member alone; the same database is at the same time worked on by `nightly-sync`, by hand and by schedule.
//!
//! | address | answer |
//! |---|---|
//! | `POST /webhooks/ORG/CONNECTOR` | what [`tripartite::webhook`] says: 202, 200, 400, 401, 410, 413, 429, 503; 408 for a body that did not come |
//! | `GET /status` | how each job stands, and what became of the requests, as JSON |
//! | `GET /healthz` | 200, while the database can be read |
//!
//! | part | what it does |
//! |---|---|
//! | [`config`] | the endpoints of a file: who signs, how, and what the bodies look like |
//! | [`server`] | the addresses above |
//! | [`connections`] | how many there are at a time, how long each may take, and how they end |
//! | [`log`] | what it says, without ever waiting for whoever reads it |
//! | [`web`] | the page |
//! | [`users`] | who may what |
//! | [`app`] | the command lines, the worker beside the server, and how both end |
//!
//! **When is a request answered?** When everything it causes is durable: the job queue's connection waits for the disk.
//! SQLite does that on a thread that may wait, so that other requests are read meanwhile.
//!
//! **What if it is killed?** A request that was not answered comes again. A job that was under way is somebody else's once
//! its lease is over. On SIGTERM and ctrl-c it takes no more requests, answers those it has, gives the job that is under way
//! back, at no cost of an attempt, and ends.
//!
//! **Who may see `/status`?** Whoever reaches the address: it names organisations and says how their jobs stand, and no
//! member, no secret and no body. Listen where only those can reach it who may.

pub mod app;
pub mod config;
pub mod connections;
pub mod log;
pub mod server;
pub mod users;
pub mod web;
