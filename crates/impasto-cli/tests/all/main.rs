//! One program for all integration tests of the crate, because every further program would link the whole crate again.

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
