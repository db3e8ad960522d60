//! The colors of a painting.

use super::oklab::{self, Lab};
use super::statistics::{Linear, Moments};
use crate::picture::resize::light;
use crate::{Picture, Result};

/// Where a painting's colors come from. The conversions happen in Oklab, which separates lightness from chroma. A color
/// outside sRGB loses chroma, but keeps its hue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Colours {
    /// The style's colors, as the network paints them. Default.
    #[default]
    Style,
    /// The content's palette: the painting's colors get the mean and covariance of the content's (Gatys et al. 2016,
    /// arXiv 1606.05897, section 4.1), so that a red stroke of the style takes the nearest color of the content.
    Content,
    /// The content's own color at each pixel; only the lightness comes from the painting.
    Luminance,
    /// The style pictures get the content's palette before their style is computed. [`crate::request::matched`] does
    /// this, where the pictures are available. A [`crate::Style`] has no pictures, so painting with it is an error.
    Match,
}

/// How painted colors change.
#[derive(Debug, Clone)]
pub(crate) struct Recolour {
    way: Way,
    /// How strongly, 0 to 1.
    strength: f32,
}

#[derive(Debug, Clone)]
enum Way {
    Luminance,
    Linear(Linear),
}

impl Recolour {
    /// Measures thumbnails of the content and its painting, if the colors depend on them; `thumbnails` is called only
    /// then. Returns `None` if nothing changes.
    pub(crate) fn new(
        colours: Colours,
        strength: f32,
        thumbnails: impl FnOnce() -> Result<(Picture, Picture)>,
    ) -> Result<Option<Self>> {
        if strength == 0.0 {
            return Ok(None);
        }
        let way = match colours {
            Colours::Style | Colours::Match => return Ok(None),
            Colours::Luminance => Way::Luminance,
            Colours::Content => {
                let (content, painted) = thumbnails()?;
                Way::Linear(Linear::between(&moments(&painted), &moments(&content)))
            }
        };
        Ok(Some(Recolour { way, strength }))
    }

    /// Interpolates between this and another of the same kind: 0 for this one, 1 for the other.
    pub(crate) fn towards(&self, other: &Recolour, share: f32) -> Self {
        let way = match (&self.way, &other.way) {
            (Way::Linear(from), Way::Linear(to)) => Way::Linear(from.towards(to, share)),
            (way, _) => way.clone(),
        };
        Recolour { way, strength: self.strength }
    }

    /// The content's colors at full strength.
    pub(crate) fn luminance() -> Self {
        Recolour { way: Way::Luminance, strength: 1.0 }
    }

    /// Changes painted pixels; `content` has the content's pixels at the same places.
    pub(crate) fn apply(&self, content: &[f32], painted: &mut [f32]) {
        light::decode(painted);
        let mut own = Vec::new();
        if matches!(self.way, Way::Luminance) {
            own.extend_from_slice(content);
            light::decode(&mut own);
        }
        let mut own = own.as_chunks().0.iter();
        for pixel in painted.as_chunks_mut::<3>().0 {
            let lab = oklab::from_light(*pixel);
            let wanted = match &self.way {
                Way::Luminance => {
                    let [_, a, b] = own.next().map_or([0.0; 3], |&own| oklab::from_light(own));
                    [lab[0], a, b]
                }
                Way::Linear(linear) => linear.apply(lab),
            };
            *pixel = oklab::to_light(towards(lab, wanted, self.strength));
        }
        light::encode(painted);
    }
}

/// Interpolates between two colors. At 1 the result is exactly `to`, so that gray stays gray.
fn towards(from: Lab, to: Lab, share: f32) -> Lab {
    if share >= 1.0 { to } else { std::array::from_fn(|i| from[i] + (to[i] - from[i]) * share) }
}

impl Picture {
    /// Returns this picture with the colors of another: its mean and covariance in Oklab become the other's, by the
    /// linear map that moves colors least. If a style picture gets the content's colors before its style is computed,
    /// the style paints in these colors.
    #[must_use]
    pub fn with_colours_of(mut self, other: &Picture) -> Self {
        let way = Way::Linear(Linear::between(&moments(&self), &moments(other)));
        Recolour { way, strength: 1.0 }.apply(&[], self.rgb_mut());
        self
    }
}

/// Returns a picture without its colors: gray of the same lightness.
pub(crate) fn lightness(picture: &Picture) -> Picture {
    let mut grey = picture.clone();
    let values = grey.rgb_mut();
    light::decode(values);
    for pixel in values.as_chunks_mut::<3>().0 {
        let [l, ..] = oklab::from_light(*pixel);
        *pixel = oklab::to_light([l, 0.0, 0.0]);
    }
    light::encode(values);
    grey
}

fn moments(picture: &Picture) -> Moments {
    let mut values = picture.rgb().to_vec();
    light::decode(&mut values);
    Moments::of(values.as_chunks().0.iter().map(|&pixel| oklab::from_light(pixel)))
}

/// Returns how different two pictures of the same size look: the root mean square of their pixels' distances in Oklab.
pub(crate) fn distance(a: &[f32], b: &[f32]) -> f64 {
    let (mut a, mut b) = (a.to_vec(), b.to_vec());
    light::decode(&mut a);
    light::decode(&mut b);
    let pairs = a.as_chunks().0.iter().zip(b.as_chunks().0);
    let square = |(&a, &b): (&[f32; 3], &[f32; 3])| {
        let (a, b) = (oklab::from_light(a), oklab::from_light(b));
        a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>()
    };
    let count = (a.len() / 3).max(1) as f64;
    (pairs.map(square).sum::<f64>() / count).sqrt()
}
