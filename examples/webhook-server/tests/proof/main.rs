//! The server as a program, over real connections: what it answers, and what is left when it is killed.

mod answers;
mod bench;
mod beside;
mod burst;
mod client;
mod config;
mod ending;
mod foreign;
mod forged;
mod killed;
