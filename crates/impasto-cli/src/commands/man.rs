//! `impasto man`: manual pages.

use clap::CommandFactory;

use crate::cli::{Cli, Man};
use crate::failure::{Failure, Result};
use crate::{interrupt, talk};

pub(crate) fn run(args: &Man) -> Result {
    let command = Cli::command();
    match &args.dir {
        Some(dir) => interrupt::while_writing(|| {
            clap_mangen::generate_to(command, dir).map_err(|e| Failure::failed(format!("{}: {e}", dir.display())))
        }),
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page).map_err(Failure::failed)?;
            talk::data(&page)
        }
    }
}
