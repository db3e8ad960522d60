//! `impasto styles learn`: from its first step to its last, or to Ctrl-C.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use impasto::learn::{LearnLosses, LearnOptions, Learner, Way};
use impasto::picture::{EncodeOptions, Format, Resize, Target};
use impasto::{ErrorKind, Picture, Style, StyleOptions, StyleSize, Stylizer};
use impasto_draw::{Canvas, content};

use crate::cli::{StylesLearn, Tune};
use crate::commands::eval;
use crate::commands::stylize::place::{Place, make_folder_of};
use crate::commands::stylize::{destination, pictures_in};
use crate::failure::{Failure, Result};
use crate::progress::{Steps, Unseen};
use crate::{interrupt, memory, model, names};

/// Most contents to read.
const CONTENTS: usize = 48;
/// Number and size of the contents that are drawn if there is no folder.
const DRAWN: usize = 16;
const DRAWN_SIZE: [usize; 2] = [400, 300];
/// Longest side of contents. Larger ones are resized to it.
const CONTENT_SIDE: usize = 576;
/// How often to paint the preview.
const PREVIEW: Duration = Duration::from_secs(15);

pub(crate) fn run(args: &StylesLearn) -> Result {
    // Check everything that needs no work before the work begins.
    for picture in args.pictures.iter().chain(&args.start) {
        names::check_is_no_address(picture)?;
    }
    let checkpoint = checkpoint(args);
    for output in [&args.output, &checkpoint].into_iter().chain(&args.preview_picture) {
        destination::keep_inputs(output, args.pictures.iter().chain(&args.start).map(PathBuf::as_path))?;
    }
    // An interrupted run has left its style there.
    let place = Place::new(&args.output, args.force || args.resume)?;
    let preview = args.preview_picture.as_deref().map(|path| Preview::new(path, args)).transpose()?;
    let networks = eval::networks(&args.perceptual)?;
    let stylizer = model::stylizer(&args.models, args.threads)?;
    let pictures = args.pictures.iter().map(|path| open(args, path)).collect::<Result<Vec<_>>>()?;
    let contents = contents(args)?;
    let start = interrupt::while_running(|| start(args, &stylizer, &pictures))?;
    let mut options = LearnOptions::default();
    options.way = match args.tune {
        Tune::Norms => Way::Norms,
        Tune::Corrections => Way::LowRank(args.rank),
        Tune::All => Way::Whole,
    };
    options.content_weight = args.content_weight;
    options.steady_weight = args.steady_weight;
    options.halo_weight = args.halo_weight;
    options.seed = args.seed;
    let mut learner = Learner::new(&stylizer, &networks, &pictures, start, &contents, options)?;
    if let Some(path) = &args.start {
        let style = Style::meant_by(path).map_or_else(|| Style::open(path), Ok).map_err(|e| e.context(path.display()))?;
        learner.begin_with(&style).map_err(|e| e.context(path.display()))?;
    }
    if args.resume {
        let bytes = std::fs::read(&checkpoint).map_err(|e| {
            Failure::failed(format!(
                "{}: {e}; there is no checkpoint to continue from: run without --resume",
                checkpoint.display()
            ))
        })?;
        learner.resume(&bytes).map_err(|e| e.context(checkpoint.display()))?;
    }
    let session = Session { args, stylizer: &stylizer, preview, content: &contents[0] };
    session.learn(&mut learner, &place, &checkpoint)
}

/// Returns the checkpoint's path.
fn checkpoint(args: &StylesLearn) -> PathBuf {
    let mut name = args.output.clone().into_os_string();
    name.push(".checkpoint");
    name.into()
}

fn open(args: &StylesLearn, path: &Path) -> Result<Picture> {
    let picture = Picture::open(path, &memory::limits_of_floats())?;
    let loudness = args.loudness.loudness();
    picture.warnings().iter().for_each(|warning| loudness.warn(&format!("{}: {warning}", path.display())));
    Ok(picture)
}

/// Returns the contents to paint while learning: photos of a folder, evenly selected, or drawn pictures.
fn contents(args: &StylesLearn) -> Result<Vec<Picture>> {
    let Some(folder) = &args.contents else {
        let picture = |canvas: Canvas| Ok(Picture::from_rgb_f32([canvas.width, canvas.height], canvas.rgb)?);
        let [width, height] = DRAWN_SIZE;
        return (0..DRAWN as u64)
            .map(|seed| {
                picture(if seed % 4 == 3 {
                    content::still_life(width, height, seed)
                } else {
                    content::landscape(width, height, seed)
                })
            })
            .collect();
    };
    let paths = pictures_in(folder)?;
    let step = paths.len().div_ceil(CONTENTS).max(1);
    let read = |path: &PathBuf| {
        let picture = open(args, path)?;
        if picture.width().max(picture.height()) <= CONTENT_SIDE {
            return Ok(picture);
        }
        Ok(picture.fit_long_side(CONTENT_SIDE, Resize::PHOTO).map_err(|e| e.context(path.display()))?)
    };
    paths.iter().step_by(step).map(read).collect()
}

/// Returns the style that the predictor sees in the pictures: of several, the mean.
fn start(args: &StylesLearn, stylizer: &Stylizer, pictures: &[Picture]) -> Result<Style> {
    let options = StyleOptions::default().size(StyleSize::ShortSide(args.style_size));
    let seen = pictures.iter().map(|picture| stylizer.style_with(picture, &options, &Unseen));
    let seen = seen.collect::<impasto::Result<Vec<_>>>()?;
    match &seen[..] {
        [one] => Ok(one.clone()),
        several => Ok(Style::blend(&several.iter().map(|style| (style, 1.0)).collect::<Vec<_>>())?),
    }
}

struct Session<'a> {
    args: &'a StylesLearn,
    stylizer: &'a Stylizer,
    preview: Option<Preview>,
    content: &'a Picture,
}

impl Session<'_> {
    /// Runs all steps, and writes the result.
    fn learn(&self, learner: &mut Learner, place: &Place, checkpoint: &Path) -> Result {
        let loudness = self.args.loudness.loudness();
        let bar = Steps::new(loudness);
        let (began, mut shown) = (Instant::now(), Instant::now());
        let mut last = None;
        let ended = loop {
            let share = self.share(learner, began);
            if share >= 1.0 {
                break true;
            }
            match interrupt::while_running(|| learner.step(share, &Unseen)) {
                Ok(losses) => {
                    last = Some(losses);
                    bar.show(self.share(learner, began), words(learner.steps(), &losses));
                    loudness.detail(&words(learner.steps(), &losses));
                }
                Err(error) if error.kind() == ErrorKind::Cancelled => break false,
                Err(error) => return Err(error.into()),
            }
            if let Some(preview) = self.preview.as_ref().filter(|_| shown.elapsed() >= PREVIEW) {
                match interrupt::while_running(|| preview.write(self.stylizer, self.content, &learner.style()?)) {
                    Err(Failure::Interrupted) => break false,
                    done => done?,
                }
                shown = Instant::now();
            }
            if interrupt::asked() {
                break false;
            }
        };
        drop(bar);
        let style = learner.style()?;
        let stem = self.args.pictures[0].file_stem().unwrap_or_default().to_string_lossy();
        let style = style.with_name(self.args.name.as_deref().unwrap_or(&stem));
        let bytes = style.to_bytes()?;
        if ended {
            if let Some(preview) = &self.preview {
                interrupt::while_running(|| preview.write(self.stylizer, self.content, &style))?;
            }
            place.write(&bytes)?;
            // It is from an earlier, interrupted run, and has no more use.
            let _ = std::fs::remove_file(checkpoint);
            let losses = last.map(|losses| words(learner.steps(), &losses)).unwrap_or_default();
            loudness.say(&format!("{}: {losses}, {:.0} s", self.args.output.display(), began.elapsed().as_secs_f64()));
            return Ok(());
        }
        if learner.steps() > 0 {
            interrupt::while_saving(|| -> Result {
                make_folder_of(&self.args.output)?;
                place.target()?.write(&bytes)?;
                Ok(Target::new(checkpoint, true)?.write(&learner.checkpoint()?)?)
            })?;
            loudness.say(&format!(
                "stopped after {} steps; the style so far is {}; to continue, run the same command with --resume",
                learner.steps(),
                self.args.output.display()
            ));
        }
        Err(Failure::Interrupted)
    }

    /// Returns the finished share of the work, 0 to 1.
    fn share(&self, learner: &Learner, began: Instant) -> f64 {
        match self.args.minutes {
            Some(minutes) => began.elapsed().as_secs_f64() / (60.0 * f64::from(minutes)),
            None => learner.steps() as f64 / self.args.steps as f64,
        }
    }
}

fn words(step: u64, losses: &LearnLosses) -> String {
    let LearnLosses { style, content, steady, halo, .. } = losses;
    let known = |name: &str, loss: f64| if loss > 0.0 { format!(", {name} {loss:.3}") } else { String::new() };
    format!("step {step}: style {style:.3}, content {content:.3}{}{}", known("flicker", *steady), known("halo", *halo))
}

/// Paints a content in the style so far.
struct Preview {
    path: PathBuf,
    format: Format,
}

impl Preview {
    fn new(path: &Path, args: &StylesLearn) -> Result<Self> {
        let format = Format::from_path(path).map_err(Failure::usage)?;
        Place::new(path, args.force || args.resume)?;
        Ok(Preview { path: path.to_owned(), format })
    }

    fn write(&self, stylizer: &Stylizer, content: &Picture, style: &Style) -> Result {
        let painted = stylizer.stylize_with(content, style, &impasto::StylizeOptions::default(), &Unseen)?;
        let bytes = painted.encode(self.format, &EncodeOptions::default())?.bytes;
        // Before the work, it was checked that this replaces no file of the user's.
        interrupt::while_writing(|| {
            make_folder_of(&self.path)?;
            Ok(Target::new(&self.path, true)?.write(&bytes)?)
        })
    }
}
