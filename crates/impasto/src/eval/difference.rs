//! How different the styles of a gallery are, colors aside.
//!
//! Several contents are painted in every style. Each painting gets its content's colors ([`Picture::with_colours_of`]:
//! mean and covariance in Oklab), so that styles do not differ by their palette alone. Then, for two styles,
//!
//! d = mean over contents and layers of 2 ‖G − G′‖ / (‖G‖ + ‖G′‖)
//!
//! with G and G′ the Gram matrices of the two paintings of one content, in the layers in which
//! [style](super::distances) is compared. A style's *difference* is its d from the nearest other style: without a unit,
//! 0 if another style paints the same, and at most 2. It is our own measure.
//!
//! The *blind match* asks whether a style can still be recognized from a part of the painting without its colors. The
//! middle of each painting (three quarters of each side) and each style's picture are made gray ([`grey`]). The
//! painting is matched to the style whose Gram matrices are nearest by the same d.

use super::plane::Plane;
use super::{Features, Yardstick};
use crate::{Control, Error, ErrorKind, Picture, Result};

/// A style's nearest neighbor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Index of the nearest other style.
    pub style: usize,
    /// How different the two are.
    pub difference: f64,
}

/// Returns what is compared of a painting: its features, after it got the content's colors.
///
/// # Errors
/// As [`Yardstick::see`].
pub fn see(yardstick: &Yardstick, painting: &Picture, content: &Picture, control: &dyn Control) -> Result<Features> {
    let matched = super::seen::at_8_bits(&painting.clone().with_colours_of(content))?;
    Ok(yardstick.see(&matched, control)?.without_content())
}

/// Returns every style's nearest neighbor. `styles` has each style's paintings as [`see`] returns them:
/// of the same contents, in the same order.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] if there are fewer than two styles, no contents, or different numbers of paintings.
pub fn nearest(styles: &[Vec<Features>]) -> Result<Vec<Neighbour>> {
    let contents = styles.first().map_or(0, Vec::len);
    if styles.len() < 2 || contents == 0 || styles.iter().any(|paintings| paintings.len() != contents) {
        let text = "a gallery needs at least two styles, each with paintings of the same contents";
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    let apart = |a: usize, b: usize| {
        let sum: f64 = styles[a].iter().zip(&styles[b]).map(|(a, b)| a.apart(b)).sum();
        sum / contents as f64
    };
    let nearest = |own: usize| {
        let others = (0..styles.len()).filter(|&other| other != own);
        let neighbours = others.map(|other| Neighbour { style: other, difference: apart(own, other) });
        neighbours.min_by(|a, b| a.difference.total_cmp(&b.difference))
    };
    Ok((0..styles.len()).filter_map(nearest).collect())
}

/// Converts a picture to the gray of its luminance (ITU-R BT.601), and keeps `share` of each side, around the middle.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] if `share` is not above 0 and at most 1.
pub fn grey(picture: &Picture, share: f64) -> Result<Picture> {
    if !(share > 0.0 && share <= 1.0) {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("a share of {share} of a picture is out of range; give more than 0, at most 1"),
        ));
    }
    let light = Plane::luminance(picture);
    let [width, height] = [light.width, light.height].map(|side| ((side as f64 * share) as usize).max(1));
    let (left, top) = ((light.width - width) / 2, (light.height - height) / 2);
    let values = (top..top + height).flat_map(|y| &light.values[y * light.width + left..][..width]);
    Picture::from_rgb_f32([width, height], values.flat_map(|&v| [v as f32; 3]).collect())
}

/// Returns the index of the style that each painting is nearest to. Both are [`grey`]
/// pictures that [`Yardstick::see`] has seen.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] if there are no styles.
pub fn blind_match(paintings: &[Features], styles: &[Features]) -> Result<Vec<usize>> {
    let nearest = |painting: &Features| {
        let distances = styles.iter().map(|style| painting.apart(style)).enumerate();
        distances.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(style, _)| style)
    };
    let found: Option<Vec<usize>> = paintings.iter().map(nearest).collect();
    found.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "no styles to match the paintings to; give at least one"))
}

#[cfg(test)]
mod tests {
    use super::{blind_match, grey, nearest, see};
    use crate::engine::EngineOptions;
    use crate::eval::Yardstick;
    use crate::eval::tests::scattered;
    use crate::{ErrorKind, Perceptual, Picture};

    #[test]
    fn styles_differ_by_more_than_their_colours() {
        let network = Perceptual::untrained("vgg 1x4 1x4 1x4 1x4".parse().unwrap(), 1).unwrap();
        let yardstick = Yardstick::new(&[network], EngineOptions::default().threads(1)).unwrap();
        let content = scattered(48, 40, 3);
        let stripes = |side: usize, low: u8, high: u8| {
            let value = |i: usize| if (i / 3 % 48 / side).is_multiple_of(2) { low } else { high };
            Picture::from_rgb8([48, 40], &(0..48 * 40 * 3).map(value).collect::<Vec<_>>()).unwrap()
        };
        // The third is the first one with less light and contrast.
        let paintings = [stripes(2, 40, 220), stripes(8, 40, 220), stripes(2, 30, 90)];
        let seen: Vec<_> = paintings.iter().map(|painting| vec![see(&yardstick, painting, &content, &()).unwrap()]).collect();
        let found = nearest(&seen).unwrap();
        assert_eq!(found.iter().map(|neighbour| neighbour.style).collect::<Vec<_>>()[..1], [2]);
        assert_eq!(found[2].style, 0);
        assert!(found[0].difference == found[2].difference, "{found:?}");
        assert!(found[0].difference < 0.2 * found[1].difference, "{found:?}");
        for bad in [&seen[..1], &[Vec::new(), Vec::new()][..]] {
            assert_eq!(nearest(bad).unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
    }

    #[test]
    fn greys_are_matched_by_texture_and_cropped_around_the_middle() {
        let network = Perceptual::untrained("vgg 1x4 1x4 1x4 1x4".parse().unwrap(), 1).unwrap();
        let yardstick = Yardstick::new(&[network], EngineOptions::default().threads(1)).unwrap();
        let stripes = |side: usize, colour: [u8; 3]| {
            let value = |i: usize| if (i / 3 % 64 / side).is_multiple_of(2) { colour[i % 3] } else { 128 };
            Picture::from_rgb8([64, 64], &(0..64 * 64 * 3).map(value).collect::<Vec<_>>()).unwrap()
        };
        let see = |picture: &Picture| yardstick.see(&grey(picture, 0.75).unwrap(), &()).unwrap();
        let styles = [stripes(2, [255, 60, 60]), stripes(12, [255, 60, 60])].map(|picture| see(&picture));
        let paintings = [stripes(12, [40, 140, 60]), stripes(2, [40, 140, 60])].map(|picture| see(&picture));
        assert_eq!(blind_match(&paintings, &styles).unwrap(), [1, 0]);
        assert!(blind_match(&paintings, &[]).is_err() && grey(&stripes(2, [0; 3]), 0.0).is_err());
        let middle = grey(&Picture::from_rgb8([4, 4], &(0..48).collect::<Vec<_>>()).unwrap(), 0.5).unwrap();
        assert_eq!([middle.width(), middle.height()], [2, 2]);
        // The pixel in the second row and column has 15, 16 and 17.
        assert!((middle.rgb()[0] * 255.0 - (0.299 * 15.0 + 0.587 * 16.0 + 0.114 * 17.0)).abs() < 1e-3);
    }
}
