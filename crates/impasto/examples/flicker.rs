//! Measures the flicker and the painting speed of films that are made from photos by exact motion.
//!
//! ```text
//! cargo run --release -p impasto --example flicker -- \
//!     [--frames N] [--size WxH] [--only MOTION,…] [--ways WAY,…] [--write FOLDER] STYLE PHOTO…
//! ```
//!
//! STYLE is a picture or a built-in style. For each motion, a table shows the mean flicker ([`impasto::eval::films`])
//! and the sharpness of films that are painted frame by frame, and as films with several values of steadiness.
//! `--write` keeps frames 8 to 11 of each as PNG.

use std::path::{Path, PathBuf};
use std::time::Instant;

use impasto::eval::films::{Course, gradient_energy};
use impasto::picture::{Limits, SaveOptions};
use impasto::video::{Film, FilmOptions, Frame};
use impasto::{Picture, Style, StylizeOptions, Stylizer};

const COURSES: [(&str, Course); 8] = [
    ("pan 1", Course::Pan { right: 1.0, down: 0.0 }),
    ("pan 0.5", Course::Pan { right: 0.5, down: 0.25 }),
    ("pan 1.7", Course::Pan { right: -1.7, down: 0.6 }),
    ("pan 3", Course::Pan { right: 3.0, down: 0.0 }),
    ("zoom 0.5 %", Course::Zoom(1.005)),
    ("noise 2", Course::Noise(2.0)),
    ("light 1.5 %", Course::Light(0.015)),
    ("still", Course::Noise(0.0)),
];

/// How a film is painted: with which steadiness and grain; `None` frame by frame.
const WAYS: [(&str, Option<f32>, f32); 9] = [
    ("frame by frame", None, StylizeOptions::GRAIN),
    ("frames, grain 0", None, 0.0),
    ("film", Some(0.0), StylizeOptions::GRAIN),
    ("film, grain 0", Some(0.0), 0.0),
    ("steady 0.5", Some(0.5), StylizeOptions::GRAIN),
    ("steady 0.7", Some(0.7), StylizeOptions::GRAIN),
    ("steady 0.8", Some(0.8), StylizeOptions::GRAIN),
    ("steady 0.9", Some(0.9), StylizeOptions::GRAIN),
    ("steady 1", Some(1.0), StylizeOptions::GRAIN),
];

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result {
    let (mut count, mut size, mut folder, mut names) = (24, [640, 360], None, Vec::new());
    let (mut only, mut ways): (Option<String>, Option<String>) = (None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or("a flag needs a value");
        match argument.as_str() {
            "--frames" => count = value()?.parse()?,
            "--size" => {
                let value = value()?;
                let (width, height) = value.split_once('x').ok_or("write the size as 640x360")?;
                size = [width.parse()?, height.parse()?];
            }
            "--only" => only = Some(value()?),
            "--ways" => ways = Some(value()?),
            "--write" => folder = Some(PathBuf::from(value()?)),
            _ => names.push(argument),
        }
    }
    let [style, photos @ ..] = names.as_slice() else { return Err("give a style and photographs".into()) };
    if photos.is_empty() {
        return Err("give photographs".into());
    }
    let cores = std::thread::available_parallelism()?.get();
    let stylizer = Stylizer::builder().threads(1).open()?;
    let style = match Style::built_in(style) {
        Ok(style) => style,
        Err(_) => stylizer.style(&Picture::open(style, &Limits::default())?)?,
    };
    println!("| motion | way | flicker | sharpness | frames/s |\n| --- | --- | --- | --- | --- |");
    let wanted = |list: &Option<String>, name: &str| list.as_ref().is_none_or(|list| list.split(',').any(|one| one == name));
    for (course_name, course) in COURSES.into_iter().filter(|(name, _)| wanted(&only, name)) {
        let mut films = Vec::new();
        for photo in photos {
            let photo = Picture::open(photo, &Limits::default())?;
            // Larger than a frame, so that there is somewhere to go.
            let short = size[1] + size[1] / 2;
            let scale = f64::max(short as f64 / photo.height() as f64, 1.5 * size[0] as f64 / photo.width() as f64);
            let [width, height] = [photo.width(), photo.height()].map(|n| (n as f64 * scale).round() as usize);
            let photo = photo.resized([width, height], impasto::picture::Resize::PHOTO)?;
            films.push((0..count).map(|i| course.frame(&photo, i, size)).collect::<impasto::Result<Vec<_>>>()?);
        }
        for (way, steady, grain) in WAYS.into_iter().filter(|(way, ..)| wanted(&ways, way)) {
            let (mut flicker, mut sharpness, mut seconds) = (0.0, 0.0, 0.0);
            for (number, frames) in films.iter().enumerate() {
                let options = StylizeOptions::default().grain(grain);
                let start = Instant::now();
                let painted = match steady {
                    None => {
                        let each = |frame: &Picture| stylizer.stylize_with(frame, &style, &options, &());
                        frames.iter().map(each).collect::<impasto::Result<Vec<_>>>()?
                    }
                    Some(steady) => {
                        let options = FilmOptions::default().stylize(options).steady(steady).at_a_time(cores);
                        let film = Film::new(&stylizer, style.clone(), options)?;
                        let given = frames.iter().map(|frame| Frame::of_picture(frame, false));
                        film.paint(given, &()).map(|painted| painted?.frame.to_picture()).collect::<impasto::Result<Vec<_>>>()?
                    }
                };
                seconds += start.elapsed().as_secs_f64();
                for pair in painted.windows(2) {
                    flicker += course.flicker(&pair[0], &pair[1])?;
                }
                sharpness += painted.iter().map(gradient_energy).sum::<f64>();
                if let Some(folder) = &folder {
                    write(folder, &format!("{course_name} {way} {number}"), &painted)?;
                }
            }
            let pairs = (films.len() * (count - 1)) as f64;
            let all = (films.len() * count) as f64;
            println!("| {course_name} | {way} | {:.4} | {:.5} | {:.2} |", flicker / pairs, sharpness / all, all / seconds);
        }
    }
    Ok(())
}

fn write(folder: &Path, name: &str, painted: &[Picture]) -> Result {
    std::fs::create_dir_all(folder)?;
    for (i, picture) in painted.iter().enumerate().skip(8).take(4) {
        let path = folder.join(format!("{} {i}.png", name.replace(' ', "_")).replace(' ', "_"));
        picture.save(path, &SaveOptions::default().overwrite(true))?;
    }
    Ok(())
}
