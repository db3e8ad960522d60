//! One program for all of the crate's integration tests: each program more links the whole crate once more.

#[path = "../common/mod.rs"]
mod common;

mod batch;
mod batch_interruption;
mod bounded;
mod downloads;
mod errors;
mod eval;
mod families;
mod files;
mod interruption;
mod licences;
mod look;
mod optimize;
mod other_commands;
mod readme;
mod replay;
mod serve;
mod sheet;
mod shortcut;
mod styles;
mod stylize;
mod terminal;
mod video;
mod video_trouble;
