//! Training pictures: decoded once, kept as bytes, cropped and varied again in every step.

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use fastrand::Rng;
use impasto::picture::{Limits, Resize};
use impasto::{Error, ErrorKind, Picture, Result};
use rayon::prelude::*;

use crate::recipe::{self, Source};

/// Returns the random number generator of a step for one purpose, given by its number. It depends only on these and the
/// recipe's seed, so interruptions of a run make no difference.
pub fn rng(seed: u64, step: usize, purpose: u64) -> Rng {
    Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ((step as u64) << 8) ^ purpose)
}

/// Maximum short side of the pictures in memory: there are thousands of them.
const SIDE: usize = 384;

/// Reads a recipe's photographs and its style pictures.
///
/// # Errors
/// As [`Pictures::open`].
pub fn open(data: &recipe::Data) -> Result<[Pictures; 2]> {
    let open = |sources| Pictures::open(sources, SIDE, data.held_out);
    Ok([open(&data.content)?, open(&data.style)?])
}

/// A picture in memory, with 8 bits per channel.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The file that it was read from.
    pub path: PathBuf,
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

/// Training pictures, and some that are held out.
#[derive(Debug)]
pub struct Pictures {
    /// The training pictures of each source, with the source's share.
    train: Vec<(f32, Vec<Stored>)>,
    /// Pictures for the contact sheet, which training never sees.
    pub held_out: Vec<Stored>,
}

impl Pictures {
    /// Reads all pictures of some sources, with short sides of at most `side` pixels. Every `held_out`-th picture of a
    /// source is held out. Files that cannot be read as pictures are skipped.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if a folder cannot be read; [`ErrorKind::InvalidArgument`] if a source has too few pictures.
    pub fn open(sources: &[Source], side: usize, held_out: usize) -> Result<Self> {
        let (mut train, mut apart) = (Vec::new(), Vec::new());
        for Source { folder, starting, share } in sources {
            let named = |e: std::io::Error| Error::from(e).context(folder.display());
            let entries = std::fs::read_dir(folder).map_err(named)?.map(|entry| entry.map(|entry| entry.path()));
            let mut paths: Vec<PathBuf> = entries.collect::<std::io::Result<_>>().map_err(named)?;
            let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            paths.retain(|path| starting.is_empty() || starting.iter().any(|start| name(path).starts_with(start.as_str())));
            paths.sort();
            let stored: Vec<Stored> = paths.into_par_iter().filter_map(|path| Stored::open(&path, side).ok()).collect();
            let mut own = Vec::new();
            for (i, picture) in stored.into_iter().enumerate() {
                if i % held_out == held_out - 1 { apart.push(picture) } else { own.push(picture) }
            }
            if own.is_empty() {
                let text = format!(
                    "{} contains no pictures{}",
                    folder.display(),
                    if starting.is_empty() { "" } else { " with these names" }
                );
                return Err(Error::new(ErrorKind::InvalidArgument, text));
            }
            train.push((*share, own));
        }
        if train.is_empty() || apart.is_empty() {
            let text = format!("there are fewer than {held_out} pictures, too few to hold some out");
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        Ok(Pictures { train, held_out: apart })
    }

    /// Returns the number of training pictures.
    pub fn len(&self) -> usize {
        self.train.iter().map(|(_, pictures)| pictures.len()).sum()
    }

    /// Whether there are no training pictures.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Draws a training picture: first a source by its share, then any of its pictures.
    fn draw(&self, rng: &mut Rng) -> &Stored {
        let total: f32 = self.train.iter().map(|(share, _)| share).sum();
        let mut left = rng.f32() * total;
        let last = self.train.len() - 1;
        let found = self.train.iter().take(last).find(|(share, _)| {
            left -= share;
            left < 0.0
        });
        let pictures = &found.unwrap_or(&self.train[last]).1;
        &pictures[rng.usize(0..pictures.len())]
    }
}

impl Stored {
    /// Reads a picture, and shrinks it if its short side is longer than `side`.
    ///
    /// # Errors
    /// As [`Picture::open`].
    pub fn open(path: &Path, side: usize) -> Result<Self> {
        let picture = Picture::open(path, &Limits::default())?;
        let picture =
            if picture.width().min(picture.height()) > side { picture.fit_short_side(side, Resize::NETWORK)? } else { picture };
        let rgb = picture.rgb().iter().map(|v| (v * 255.0).round() as u8).collect();
        Ok(Stored { path: path.to_owned(), width: picture.width(), height: picture.height(), rgb })
    }

    /// Returns the whole picture.
    ///
    /// # Errors
    /// Only if the picture is empty, which no picture that was read is.
    pub fn picture(&self) -> Result<Picture> {
        Picture::from_rgb8([self.width, self.height], &self.rgb)
    }

    fn short_side(&self) -> usize {
        self.width.min(self.height)
    }

    /// Cuts out a square of `side` pixels at `x`, `y`.
    fn square(&self, [x, y]: [usize; 2], side: usize) -> Result<Picture> {
        let mut rgb = Vec::with_capacity(side * side * 3);
        for row in y..y + side {
            rgb.extend_from_slice(&self.rgb[(row * self.width + x) * 3..][..side * 3]);
        }
        Picture::from_rgb8([side, side], &rgb)
    }

    /// Returns a random place for a square of this side.
    fn place(&self, side: usize, rng: &mut Rng) -> [usize; 2] {
        [rng.usize(0..=self.width - side), rng.usize(0..=self.height - side)]
    }
}

/// Flaws that many files have, but photographs of a good camera do not. Each is a share of the crops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spoil {
    /// Crops of which a part is a smooth sky.
    pub skies: f32,
    /// Crops that are rounded to 8 bits.
    pub rounded: f32,
}

/// A content crop. If its statistics come from a thumbnail, that is here too.
pub struct Content {
    /// What is painted: `side × side × 3` floats in 0..1.
    pub crop: Vec<f32>,
    /// What the painting is compared with: the crop before it was rounded.
    pub meant: Vec<f32>,
    /// `thumbnail × thumbnail × 3` floats, of a larger part of the photograph.
    pub thumbnail: Option<Vec<f32>>,
}

/// Cuts a content crop of `side` pixels, and a thumbnail of this side if one is given.
///
/// # Errors
/// As [`Picture::resized`].
pub fn content(pictures: &Pictures, side: usize, thumbnail: Option<usize>, spoil: Spoil, rng: &mut Rng) -> Result<Content> {
    let picture = pictures.draw(rng);
    let flip = rng.bool();
    let crop_of = |meant: Vec<f32>, rng: &mut Rng| {
        let rounded = spoil.rounded > 0.0 && rng.f32() < spoil.rounded;
        let round = |v: &f32| if rounded { (v * 255.0).round() / 255.0 } else { *v };
        (meant.iter().map(round).collect(), meant)
    };
    let values = |square: Picture, side: usize| -> Result<Vec<f32>> {
        let picture = square.resized([side, side], Resize::NETWORK)?;
        Ok(if flip { mirrored(picture.rgb(), side) } else { picture.into_rgb() })
    };
    let whole = picture.short_side();
    let Some(small) = thumbnail else {
        let own = share(whole, 0.6, 1.0, rng);
        let square = picture.square(picture.place(own, rng), own)?;
        let mut meant = values(square, side)?;
        if spoil.skies > 0.0 && rng.f32() < spoil.skies {
            put_sky(&mut meant, side, rng);
        }
        let (crop, meant) = crop_of(meant, rng);
        return Ok(Content { crop, meant, thumbnail: None });
    };
    let own = share(whole, 0.35, 0.75, rng);
    let [x, y] = picture.place(whole, rng);
    let inner = [x + rng.usize(0..=whole - own), y + rng.usize(0..=whole - own)];
    let (crop, meant) = crop_of(values(picture.square(inner, own)?, side)?, rng);
    Ok(Content { crop, meant, thumbnail: Some(values(picture.square([x, y], whole)?, small)?) })
}

/// Puts a smooth gradient over a part of a square, with a straight edge, sharp or soft. It never covers the whole
/// square, because features of a nearly constant picture are normalized by nearly 0, which makes their gradients steep.
fn put_sky(rgb: &mut [f32], side: usize, rng: &mut Rng) {
    // The colors of the four corners, around a common one.
    let spread = 0.05 + 0.55 * rng.f32();
    let middle: [f32; 3] = std::array::from_fn(|_| 0.1 + 0.7 * rng.f32());
    let corners: [[f32; 3]; 4] = std::array::from_fn(|_| middle.map(|v| v + spread * (rng.f32() - 0.5)));
    let (down, across) = (std::f32::consts::TAU * rng.f32()).sin_cos();
    let (offset, softness) = (0.4 * (rng.f32() - 0.5), 0.01 + 0.1 * rng.f32());
    let at = |i: usize| (i as f32 + 0.5) / side as f32;
    for (i, pixel) in rgb.chunks_exact_mut(3).enumerate() {
        let (y, x) = (at(i / side), at(i % side));
        let distance = (y - 0.5) * down + (x - 0.5) * across - offset;
        let share = (distance / softness + 0.5).clamp(0.0, 1.0);
        for (c, value) in pixel.iter_mut().enumerate() {
            let row = |left: usize| corners[left][c] * (1.0 - x) + corners[left + 1][c] * x;
            let sky = (row(0) * (1.0 - y) + row(2) * y).clamp(0.0, 1.0);
            *value += (sky - *value) * share;
        }
    }
}

/// A style crop at two sizes: one for comparison with the output, and one at two thirds for the predictor.
pub struct StyleCrop {
    /// For comparison: `side × side × 3` floats in 0..1.
    pub target: Vec<f32>,
    /// For the predictor: `seen_side × seen_side × 3` floats in 0..1.
    pub seen: Vec<f32>,
    /// Side of `seen`: two thirds of `side`.
    pub seen_side: usize,
}

/// Cuts a style crop of `side` pixels and varies its colors.
///
/// # Errors
/// As [`Picture::resized`].
pub fn style(pictures: &Pictures, side: usize, rng: &mut Rng) -> Result<StyleCrop> {
    let picture = pictures.draw(rng);
    let own = share(picture.short_side(), 0.5, 1.0, rng);
    let square = picture.square(picture.place(own, rng), own)?;
    let flip = rng.bool();
    let colours = Recolour::draw(rng);
    let values = |side: usize| -> Result<Vec<f32>> {
        let picture = square.resized([side, side], Resize::NETWORK)?;
        let mut rgb = if flip { mirrored(picture.rgb(), side) } else { picture.into_rgb() };
        colours.apply(&mut rgb);
        Ok(rgb)
    };
    let seen_side = side * 2 / 3;
    Ok(StyleCrop { target: values(side)?, seen: values(seen_side)?, seen_side })
}

fn share(whole: usize, least: f32, most: f32, rng: &mut Rng) -> usize {
    ((whole as f32 * (least + (most - least) * rng.f32())) as usize).clamp(1, whole)
}

fn mirrored(rgb: &[f32], side: usize) -> Vec<f32> {
    rgb.chunks_exact(side * 3).flat_map(|row| row.chunks_exact(3).rev().flatten()).copied().collect()
}

/// New colors for a style, so that the predictor does not memorize a thousand palettes.
struct Recolour {
    channels: [usize; 3],
    invert: bool,
    gamma: f32,
}

impl Recolour {
    fn draw(rng: &mut Rng) -> Self {
        let mut channels = [0, 1, 2];
        if rng.f32() < 0.25 {
            rng.shuffle(&mut channels);
        }
        let invert = rng.f32() < 0.08;
        let gamma = if rng.f32() < 0.3 { (0.7f32).powf(2.0 * rng.f32() - 1.0) } else { 1.0 };
        Recolour { channels, invert, gamma }
    }

    fn apply(&self, rgb: &mut [f32]) {
        for pixel in rgb.chunks_exact_mut(3) {
            let old = [pixel[0], pixel[1], pixel[2]].map(|v| if self.invert { 1.0 - v } else { v });
            for (target, from) in pixel.iter_mut().zip(self.channels) {
                *target = old[from].clamp(0.0, 1.0).powf(self.gamma);
            }
        }
    }
}

/// Returns square pictures of one side as a tensor `[n, side, side, 3]`.
pub fn tensor(pictures: Vec<Vec<f32>>, side: usize, device: &Device) -> Tensor<4> {
    let count = pictures.len();
    Tensor::from_data(TensorData::new(pictures.concat(), [count, side, side, 3]), device)
}
