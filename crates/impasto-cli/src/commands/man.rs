//! `impasto man`: manual pages.

use crate::cli::Man;
use crate::failure::{Failure, Result};
use crate::{help, interrupt, talk};

pub(crate) fn run(args: &Man) -> Result {
    let command = help::command();
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
