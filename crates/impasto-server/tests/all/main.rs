//! One program for all of the crate's integration tests, because each program would link the whole crate again.

#[path = "../common/mod.rs"]
mod common;

mod api;
mod examples;
mod films;
mod jobs;
mod many;
mod models;
mod optimize;
mod page;
mod previews;
mod safety;
