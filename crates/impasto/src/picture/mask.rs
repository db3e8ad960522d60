//! Masks: how strongly something applies at each place of a picture.

use std::sync::Arc;

use super::resize::Shrink;
use super::rows::Rows;
use super::{Picture, Stored, check_len, reserved, zeros};
use crate::{Error, ErrorKind, Result, Size};

/// Number of rows to read at a time.
const AT_A_TIME: usize = 32;
/// Largest standard deviation of a blur, in pixels of the mask. For a wider blur, the mask is shrunk first: the blur
/// would remove that detail anyway.
const WIDEST_BLUR: f32 = 4.0;

/// A mask: a value from 0 to 1 at each place, white where something applies fully, black where it does not.
///
/// It may have any size with about the proportions of its picture: they must match within a pixel of the mask. It takes
/// 16 bits per pixel, and is cheap to clone.
///
/// ```
/// use impasto::picture::Mask;
///
/// let left_half = Mask::new([2, 1], &[1.0, 0.0])?.feather(12.0)?;
/// let right_half = left_half.inverted();
/// # Ok::<(), impasto::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    width: usize,
    height: usize,
    values: Arc<[u16]>,
    feather: f32,
    inverted: bool,
    /// The name to use in errors.
    name: Option<Arc<str>>,
}

impl Mask {
    /// Makes a mask from values of 0 to 1, `height × width`, row-major.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a side is 0 or the number of values is not `width · height`;
    /// [`ErrorKind::Malformed`] if a value is not in 0..=1.
    pub fn new(size: impl Into<Size>, values: &[f32]) -> Result<Self> {
        let Size { width, height } = size.into();
        check_len(width, height, 1, values.len())?;
        if let Some(value) = values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            return Err(Error::new(ErrorKind::Malformed, format!("a mask's value of {value} is out of range; give 0 to 1")));
        }
        Ok(Self::of(width, height, values.iter().map(|&v| store(v)).collect()))
    }

    /// Makes a mask from a picture: its gray values (of colors the luma, 0.2126 R + 0.7152 G + 0.0722 B of the encoded
    /// values). If the picture has transparency, the mask is its alpha instead: opaque counts as white, whatever the
    /// colors.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if a value that the mask is made of is not a finite number.
    pub fn from_picture(picture: &Picture) -> Result<Self> {
        super::rows::check_finite(picture.alpha().unwrap_or(picture.rgb()))?;
        let values = match picture.alpha() {
            Some(alpha) => alpha.iter().map(|&v| store(v)).collect(),
            None => picture.rgb().as_chunks().0.iter().map(|&pixel| store(luma(pixel))).collect(),
        };
        Ok(Self::of(picture.width(), picture.height(), values))
    }

    /// Makes a mask from a decoded file, as [`Mask::from_picture`] does.
    ///
    /// # Errors
    /// As [`Stored::to_picture`].
    pub fn from_stored(picture: &Stored) -> Result<Self> {
        let (width, height) = (picture.width(), picture.height());
        let mut values = reserved(width.saturating_mul(height))?;
        let (mut rgb, mut alpha): (Vec<f32>, Vec<f32>) = (zeros(width * AT_A_TIME * 3)?, zeros(width * AT_A_TIME)?);
        for start in (0..height).step_by(AT_A_TIME) {
            let rows = start..(start + AT_A_TIME).min(height);
            let pixels = rows.len() * width;
            if picture.has_alpha() {
                picture.read_rows(rows, &mut rgb[..pixels * 3], Some(&mut alpha[..pixels]))?;
                values.extend(alpha[..pixels].iter().map(|&v| store(v)));
            } else {
                picture.read(rows, &mut rgb[..pixels * 3])?;
                values.extend(rgb[..pixels * 3].as_chunks().0.iter().map(|&pixel| store(luma(pixel))));
            }
        }
        Ok(Self::of(width, height, values))
    }

    fn of(width: usize, height: usize, values: Vec<u16>) -> Self {
        Mask { width, height, values: values.into(), feather: 0.0, inverted: false, name: None }
    }

    /// Softens the edges by about this many pixels to either side, counted in the picture that the mask is for. This is
    /// a Gaussian blur whose standard deviation is half of `pixels`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if `pixels` is negative or not finite.
    pub fn feather(self, pixels: f32) -> Result<Self> {
        if !pixels.is_finite() || pixels < 0.0 {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("edges of {pixels} pixels are out of range; give 0 or more"),
            ));
        }
        Ok(Mask { feather: pixels, ..self })
    }

    /// Returns the negative of this mask: black and white swapped.
    #[must_use]
    pub fn inverted(&self) -> Self {
        Mask { inverted: !self.inverted, ..self.clone() }
    }

    /// Sets the name that errors use: the mask's file name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Mask { name: Some(name.into()), ..self }
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        Size { width: self.width, height: self.height }
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Bytes of memory that the values take.
    pub fn bytes(&self) -> u64 {
        self.values.len() as u64 * 2
    }

    /// Returns a checksum, which most likely differs between different masks.
    pub(crate) fn checksum(&self) -> u32 {
        let start = crc32c::crc32c(format!("{}×{} {} {}", self.width, self.height, self.feather, self.inverted).as_bytes());
        self.values.iter().fold(start, |sum, v| crc32c::crc32c_append(sum, &v.to_le_bytes()))
    }

    /// Returns the most memory, in bytes, that this mask takes while a picture of this size is painted: its values,
    /// those at the resolution that is needed, and the memory for computing these.
    pub fn memory(&self, picture: impl Into<Size>) -> u64 {
        let Size { width, height } = picture.into();
        let plane = self.width.min(width) as u64 * self.height.min(height) as u64;
        // 16-bit values; before that one plane of floats, and two more if the edges are softened.
        self.bytes() + plane * if self.feather > 0.0 { 2 + 12 } else { 2 + 4 }
    }

    /// Checks that this can be the mask of a picture of this size.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the proportions differ.
    pub fn check_fits(&self, picture: impl Into<Size>) -> Result<()> {
        let picture @ Size { width, height } = picture.into();
        if (Size { width: self.width, height: self.height }).is_shape_of(picture) {
            return Ok(());
        }
        let name = self.name.as_deref().unwrap_or("a mask");
        let text = format!(
            "{name}: a mask of {}×{} for a picture of {width}×{height}: the proportions differ; crop or resize the mask to \
             match the picture",
            self.width, self.height
        );
        Err(Error::new(ErrorKind::Mismatch, text))
    }

    /// Returns the mask for a picture of this size. Each side of that picture has `scale` times as many pixels as the
    /// picture that the feather is counted in.
    pub(crate) fn plane(&self, size: impl Into<Size>, scale: f32) -> Result<Plane> {
        let size: [usize; 2] = size.into().into();
        let own = [self.width, self.height];
        let mut to = [own[0].min(size[0]), own[1].min(size[1])];
        let blur = self.feather / 2.0 * scale * to[0].max(to[1]) as f32 / size[0].max(size[1]) as f32;
        if blur > WIDEST_BLUR {
            to = to.map(|side| ((side as f32 * WIDEST_BLUR / blur).round() as usize).max(1));
        }
        let blur = blur.min(WIDEST_BLUR);
        if to == own && blur == 0.0 {
            return Ok(Plane { size: own, values: self.values.clone(), inverted: self.inverted });
        }
        let mut values: Vec<f32> = if to == own {
            self.values.iter().map(|&v| load(v)).collect()
        } else {
            let mut shrink = Shrink::<1>::new(own, to);
            let mut row: Vec<f32> = zeros(own[0])?;
            for stored in self.values.chunks_exact(own[0]) {
                row.iter_mut().zip(stored).for_each(|(v, &stored)| *v = load(stored));
                shrink.add(&row)?;
            }
            shrink.done()
        };
        if blur > 0.0 {
            values = blurred(&values, to, blur)?;
        }
        Ok(Plane { size: to, values: values.into_iter().map(store).collect(), inverted: self.inverted })
    }
}

/// A mask at the resolution from which the rows of a picture are interpolated bilinearly.
#[derive(Debug, Clone)]
pub(crate) struct Plane {
    size: [usize; 2],
    values: Arc<[u16]>,
    inverted: bool,
}

impl Plane {
    /// Writes row `y` of the mask for a picture that has `height` rows and as many columns as `out`.
    pub(crate) fn row(&self, y: usize, height: usize, out: &mut [f32]) {
        let [width, rows] = self.size;
        let (above, below, down) = between(y, height, rows);
        let (above, below) = (&self.values[above * width..][..width], &self.values[below * width..][..width]);
        let columns = out.len();
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        for (x, out) in out.iter_mut().enumerate() {
            let (left, right, across) = if columns == width { (x, x, 0.0) } else { between(x, columns, width) };
            let at = |row: &[u16]| mix(load(row[left]), load(row[right]), across);
            let value = mix(at(above), at(below), down);
            *out = if self.inverted { 1.0 - value } else { value };
        }
    }
}

/// Returns the two of `of` positions around the center of position `i` of `n`, and how far it is from the first towards
/// the second.
fn between(i: usize, n: usize, of: usize) -> (usize, usize, f32) {
    let place = ((i as f64 + 0.5) * of as f64 / n as f64 - 0.5).clamp(0.0, of as f64 - 1.0);
    let first = place as usize;
    (first, (first + 1).min(of - 1), (place - first as f64) as f32)
}

fn store(value: f32) -> u16 {
    (value * 65535.0).round() as u16
}

fn load(value: u16) -> f32 {
    f32::from(value) / 65535.0
}

fn luma([r, g, b]: [f32; 3]) -> f32 {
    // A gray value is returned as it is, not as its rounded sum.
    if r == g && g == b { r } else { 0.2126 * r + 0.7152 * g + 0.0722 * b }
}

/// Applies a Gaussian blur. Beyond the border, the outermost values are repeated.
fn blurred(values: &[f32], [width, height]: [usize; 2], deviation: f32) -> Result<Vec<f32>> {
    let reach = (3.0 * deviation).ceil() as usize;
    let weights: Vec<f32> = (0..=2 * reach).map(|i| (-((i as f32 - reach as f32) / deviation).powi(2) / 2.0).exp()).collect();
    let sum: f32 = weights.iter().sum();
    let weights: Vec<f32> = weights.iter().map(|w| w / sum).collect();
    let mut across: Vec<f32> = zeros(values.len())?;
    for (row, target) in values.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        for (x, target) in target.iter_mut().enumerate() {
            *target = weights.iter().enumerate().map(|(i, w)| w * row[(x + i).saturating_sub(reach).min(width - 1)]).sum();
        }
    }
    let mut down: Vec<f32> = zeros(values.len())?;
    for (y, target) in down.chunks_exact_mut(width).enumerate() {
        for (i, w) in weights.iter().enumerate() {
            let row = &across[(y + i).saturating_sub(reach).min(height - 1) * width..][..width];
            target.iter_mut().zip(row).for_each(|(sum, v)| *sum += w * v);
        }
    }
    // Rounding errors may exceed the range slightly.
    down.iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
    Ok(down)
}

#[cfg(test)]
mod tests {
    use super::{ErrorKind, Mask, Picture};

    fn row(mask: &Mask, size: [usize; 2], y: usize) -> Vec<f32> {
        let mut out = vec![0.0; size[0]];
        mask.plane(size, 1.0).unwrap().row(y, size[1], &mut out);
        out
    }

    #[test]
    fn at_its_own_size_it_is_as_it_was() {
        let mask = Mask::new([3, 2], &[0.0, 1.0, 0.2, 1.0, 0.0, 0.0]).unwrap();
        assert_eq!(row(&mask, [3, 2], 0)[..2], [0.0, 1.0]);
        assert!((row(&mask, [3, 2], 0)[2] - 0.2).abs() < 1e-5);
        assert_eq!(row(&mask.inverted(), [3, 2], 1), [0.0, 1.0, 1.0]);
    }

    #[test]
    fn other_sizes_go_smoothly_between() {
        let mask = Mask::new([2, 1], &[0.0, 1.0]).unwrap();
        assert_eq!(row(&mask, [8, 4], 3), [0.0, 0.0, 0.125, 0.375, 0.625, 0.875, 1.0, 1.0]);
        let large = Mask::new([8, 8], &[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0].repeat(8)).unwrap();
        let small = row(&large, [2, 2], 0);
        assert!(small[0] < 0.2 && small[1] > 0.8, "{small:?}");
    }

    /// The share of a normal distribution beyond `z` deviations, to 1.4·10⁻⁴ (Bowling et al. 2009, doi
    /// 10.3926/jiem.2009.v2n1.p114-127).
    fn tail(z: f32) -> f32 {
        1.0 / (1.0 + (1.5976 * z + 0.07056 * z.powi(3)).exp())
    }

    #[test]
    fn feathers_are_as_wide_as_asked_at_any_resolution() {
        for (side, feather) in [(100, 5.0), (400, 5.0), (400, 60.0), (40, 60.0)] {
            let values: Vec<f32> = (0..side * side).map(|i| if i % side < side / 2 { 0.0 } else { 1.0 }).collect();
            let mask = Mask::new([side, side], &values).unwrap().feather(feather).unwrap();
            let row = row(&mask, [400, 400], 200);
            assert!(row.windows(2).all(|pair| pair[1] >= pair[0] - 1e-4), "{side}: not monotone");
            let (from, to) = (200 - feather as usize, 199 + feather as usize);
            // How much of a Gaussian edge is left at the center of that pixel. The pixels of a coarse mask and the
            // interpolation between them make the edge wider, by variances of 1/12 and 1/6 of the squared width of a
            // pixel.
            let pixels = 400.0 / side as f32;
            let [sharp, wide] =
                [0.0, pixels * pixels / 4.0].map(|more| tail((feather - 0.5) / (feather * feather / 4.0 + more).sqrt()));
            for left in [row[from], 1.0 - row[to]] {
                assert!((sharp - 0.005..wide + 0.005).contains(&left), "{side}, {feather}: {left}, not {sharp} to {wide}");
            }
            assert!(row[200 - feather as usize / 4] > 0.2, "{side}, {feather}: too sharp");
            assert!((row[199] + row[200] - 1.0).abs() < 0.02, "{side}, {feather}: moved");
        }
    }

    #[test]
    fn proportions_are_checked_to_a_pixel_of_the_mask() {
        let mask = |width: usize, height: usize| Mask::new([width, height], &vec![0.0; width * height]).unwrap();
        for (width, height) in [(600, 400), (60, 40), (3, 2), (6000, 4000), (151, 101), (1, 1)] {
            mask(width.min(600), height.min(600 * height / width)).check_fits([6000, 4001]).unwrap_or_else(|e| panic!("{e}"));
        }
        for (width, height) in [(400, 600), (400, 400), (600, 398), (12, 9)] {
            assert!(mask(width, height).check_fits([6000, 4000]).is_err(), "{width}×{height}");
        }
    }

    #[test]
    fn bad_values_are_refused() {
        for values in [[0.0, 1.1], [-0.1, 0.0], [f32::NAN, 0.0]] {
            assert!(Mask::new([2, 1], &values).is_err());
        }
        assert!(Mask::new([2, 1], &[0.0]).is_err());
        assert!(Mask::new([1, 1], &[0.0]).unwrap().feather(f32::NAN).is_err());
        let picture = Picture::from_rgb8([1, 1], &[9; 3]).unwrap().with_alpha(vec![f32::NAN]).unwrap();
        assert_eq!(Mask::from_picture(&picture).unwrap_err().kind(), ErrorKind::Malformed);
        assert!(Mask::new([1, 1], &[0.0]).unwrap().feather(-1.0).is_err());
    }
}
