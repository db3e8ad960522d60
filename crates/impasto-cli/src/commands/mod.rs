//! The subcommands, one file or folder each.

mod bench;
mod completions;
mod demo;
mod eval;
mod man;
pub(crate) mod models;
mod optimize;
mod replay;
#[cfg(feature = "serve")]
mod serve;
mod sheet;
mod styles;
mod stylize;
pub(crate) mod video;

use crate::cli::{Command, Models, Styles};
use crate::failure::Result;
use crate::web;

/// Runs a command to its end.
pub(crate) fn run(mut command: Command) -> Result {
    fetch_pictures(&mut command)?;
    match command {
        Command::Stylize(args) => stylize::run(&args),
        Command::Video(args) => video::run(&args),
        Command::Optimize(args) => optimize::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Sheet(args) => sheet::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Styles(Styles::List(args)) => styles::list(&args),
        Command::Styles(Styles::Extract(args)) => styles::extract(&args),
        Command::Styles(Styles::Learn(args)) => styles::learn::run(&args),
        Command::Models(Models::List(args)) => models::list(&args),
        Command::Models(Models::Pull(args)) => models::downloaded::pull(&args),
        Command::Models(Models::Remove(args)) => models::downloaded::remove(&args),
        Command::Models(Models::Verify(args)) => models::downloaded::verify(&args),
        Command::Models(Models::Info(args)) => models::info(&args),
        Command::Models(Models::Import(args)) => models::import(&args),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

/// Downloads the pictures that a command line gives by web address. From here on, they are files.
fn fetch_pictures(command: &mut Command) -> Result {
    let most = impasto::picture::Limits::default().max_bytes;
    match command {
        Command::Stylize(args) => {
            let most = args.limits.max_bytes.unwrap_or(most);
            args.contents.iter_mut().try_for_each(|content| web::fetch(content, most))?;
            args.paint.files.iter_mut().try_for_each(|(_, mask)| web::fetch(mask, most))?;
            args.styles.iter_mut().try_for_each(|style| web::fetch_style(style, most))
        }
        Command::Video(args) => args.fetch_pictures(most),
        Command::Optimize(args) => {
            let most = args.limits.max_bytes.unwrap_or(most);
            web::fetch(&mut args.content, most)?;
            web::fetch(&mut args.initial, most)?;
            args.styles.iter_mut().try_for_each(|style| web::fetch_style(style, most))
        }
        Command::Replay(args) => {
            args.content.iter_mut().try_for_each(|content| web::fetch(content, most))?;
            args.styles.iter_mut().try_for_each(|style| web::fetch(style, most))
        }
        Command::Sheet(args) => {
            web::fetch(&mut args.photo, most)?;
            args.styles.iter_mut().try_for_each(|style| web::fetch_style(style, most))
        }
        Command::Styles(Styles::Extract(args)) => web::fetch(&mut args.picture, most),
        Command::Styles(Styles::Learn(args)) => args.pictures.iter_mut().try_for_each(|picture| web::fetch(picture, most)),
        _ => Ok(()),
    }
}
