//! Paints every photograph of a folder in one style: the model is loaded and the style seen only once.
//!
//! `cargo run --release -p impasto --example folder -- MODEL STYLE PHOTOGRAPHS OUT`
//!
//! STYLE is a picture or a `.style` file; PHOTOGRAPHS and OUT are folders. What is in OUT already is left alone.

use std::path::PathBuf;

use impasto::picture::{Limits, SaveOptions, Target};
use impasto::{ErrorKind, Picture, Style, Stylizer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [model, style, photographs, out] = arguments.as_slice() else { return Err("give MODEL STYLE PHOTOGRAPHS OUT".into()) };

    let stylizer = Stylizer::open(model)?;
    let style = match style.extension() {
        Some(extension) if extension == "style" => Style::open(style)?,
        _ => stylizer.style(&Picture::open(style, &Limits::default())?)?,
    };

    let mut files = std::fs::read_dir(photographs)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.retain(|file| file.is_file());
    files.sort();
    for file in files {
        let Some(name) = file.file_stem() else { continue };
        let target = out.join(name).with_extension("png");
        // One bad file, or one that is done, does not keep the others from being painted.
        let painted = Target::new(&target, false).and_then(|_| {
            let painted = stylizer.stylize(&Picture::open(&file, &Limits::default())?, &style)?;
            painted.save(&target, &SaveOptions::default())
        });
        match painted {
            Ok(_) => println!("{}", target.display()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => eprintln!("{error}"),
        }
    }
    Ok(())
}
