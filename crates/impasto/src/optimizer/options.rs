//! What may be chosen for an optimisation.

use serde::{Deserialize, Serialize};

use crate::engine::Executor;
use crate::picture::Mask;
use crate::stylizer::{Palette, Part};
use crate::{Control, Error, ErrorKind, Picture, Result, StyleOptions, StylizeOptions, Stylizer};

/// How features are compared with the content's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ContentLoss {
    /// After each channel is brought to mean 0 and variance 1: contrast and colour are the style's business. Default. For features `x` and the
    /// content's `t`, so normalised: the mean of `(x - t)²`, which lies between 0 and 4.
    #[default]
    Normalised,
    /// As they are (Gatys et al. 2015, arXiv 1508.06576), relative to the content's: `|x - t|² / |t|²`.
    Features,
}

/// How the statistics of features are compared with the style's. All are relative to the style's own size, so that layers weigh alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum StyleLoss {
    /// Gram matrices, products of features averaged over the picture (Gatys et al. 2015, arXiv 1508.06576): `|G - Gₛ|² / |Gₛ|²`. Default.
    #[default]
    Gram,
    /// Means and standard deviations (Huang & Belongie 2017, arXiv 1703.06868): `(|μ - μₛ|² + |σ - σₛ|²) / (|μₛ|² + |σₛ|²)`.
    Moments,
    /// The squared 2-Wasserstein distance of normal distributions with the features' means and covariances, over the style's mean square: as
    /// Gram matrices, but in units of features instead of their products.
    Wasserstein,
}

/// How the picture follows the gradient.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Method {
    /// Adam (Kingma & Ba 2015, arXiv 1412.6980) with averaged iterates: quick, steady, two pictures' memory more. Default.
    Adam {
        /// How far a step goes: of values 0 to 1.
        rate: f32,
    },
    /// L-BFGS with a line search: lower losses in the end, more memory, steps of unlike cost.
    Lbfgs {
        /// Steps that are remembered.
        history: usize,
    },
}

impl Default for Method {
    fn default() -> Self {
        Method::Adam { rate: 0.02 }
    }
}

impl Method {
    /// Pictures' worth of floats that it holds.
    pub(super) fn pictures(self) -> usize {
        match self {
            Method::Adam { .. } => 4,
            Method::Lbfgs { history } => 2 * history + 6,
        }
    }
}

/// Whether and how the content's colours are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum KeepColours {
    /// They are not: the style's colours. Default.
    #[default]
    No,
    /// Only lightness is painted, in the style of the style's lightness; each pixel has the content's own colour.
    Luminance,
    /// The style picture is given the content's palette first (mean and covariance of its colours: Gatys et al. 2016, arXiv 1606.05897).
    #[serde(rename = "match")]
    Matched,
}

/// Where the way begins.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Initial {
    /// At the content. Default.
    #[default]
    Content,
    /// At noise about the content's mean colour; the same seed gives the same noise.
    Noise {
        /// Of the generator.
        seed: u64,
    },
    /// At this picture, for instance the fast method's; it is resized to the content's size.
    Picture(Box<Picture>),
}

impl Initial {
    /// The fast method's painting in these styles, their weights and masks: a preview, which is then refined.
    ///
    /// # Errors
    /// As [`Stylizer::style_with`] and [`Stylizer::stylize_with`].
    pub fn painted(stylizer: &Stylizer, content: &Picture, styles: &[StylePicture], control: &dyn Control) -> Result<Self> {
        let part = |StylePicture { picture, weight, mask }: &StylePicture| {
            let style = stylizer.style_with(picture, &StyleOptions::default(), control)?;
            Ok(Part { style, weight: *weight, mask: mask.clone() })
        };
        let palette = Palette::new(styles.iter().map(part).collect::<Result<Vec<_>>>()?)?;
        let options = palette.options(StylizeOptions::default());
        Ok(Initial::Picture(Box::new(stylizer.stylize_with(content, &palette.style, &options, control)?)))
    }
}

/// A picture whose style is wanted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StylePicture {
    /// The picture.
    pub picture: Picture,
    /// How much of it there shall be, compared with the others; greater than 0.
    pub weight: f32,
    /// Where its style is wanted: white. Styles without masks share what masks leave. Masks have the content's proportions.
    pub mask: Option<Mask>,
}

impl StylePicture {
    /// A picture with weight 1, everywhere.
    pub fn new(picture: Picture) -> Self {
        StylePicture { picture, weight: 1.0, mask: None }
    }

    /// With this [`StylePicture::weight`].
    #[must_use]
    pub fn weight(self, weight: f32) -> Self {
        StylePicture { weight, ..self }
    }

    /// With this [`StylePicture::mask`].
    #[must_use]
    pub fn mask(self, mask: Option<Mask>) -> Self {
        StylePicture { mask, ..self }
    }
}

/// How a picture is optimised.
///
/// ```
/// use impasto::optimizer::{Method, OptimizeOptions};
///
/// let mut options = OptimizeOptions::default().style_weight(40.0);
/// options.steps = vec![200, 100];
/// assert_eq!(options.method, Method::Adam { rate: 0.02 });
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OptimizeOptions {
    /// Layers whose features are compared with the content's, `relu4_1` for instance. Empty, the default: those of
    /// [`OptimizeOptions::CONTENT_LAYERS`] that the network has, or else its deepest.
    pub content_layers: Vec<String>,
    /// Layers whose statistics are compared with the style's. Empty, the default: [`OptimizeOptions::STYLE_LAYERS`], those of them that the network has.
    pub style_layers: Vec<String>,
    /// How content is compared.
    pub content_loss: ContentLoss,
    /// How style is compared.
    pub style_loss: StyleLoss,
    /// Weight of the content loss, the mean over its layers; 0 or more.
    pub content_weight: f64,
    /// Weight of the style loss, the mean over its layers; 0 or more.
    pub style_weight: f64,
    /// Weight of the mean square of neighbouring pixels' differences; 0 or more.
    pub variation_weight: f64,
    /// How the picture follows the gradient.
    pub method: Method,
    /// Steps at each scale, the coarsest first; the last number counts for all further scales.
    pub steps: Vec<usize>,
    /// Least longer side of the coarsest scale; the picture's own or more for a single scale.
    pub smallest_scale: usize,
    /// Longer side of the style pictures, as a share of the content's at each scale; they are never enlarged.
    pub style_scale: f32,
    /// Whether and how the content's colours are kept.
    pub keep_colours: KeepColours,
    /// Whether the result's colours get the histograms of the style's, in the end.
    pub match_histogram: bool,
    /// Most bytes to take, pictures and weights included; `None`, the default, for as many as a picture in one piece needs. With less, the picture
    /// is seen in tiles: the same result but for rounding, more slowly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_memory: Option<u64>,
    /// Threads; 0, the default, for one a core. The result does not depend on it.
    #[serde(skip)]
    pub threads: usize,
    /// What does the arithmetic. `None`, the default: the CPU, with the instruction set that the environment variable `IMPASTO_ISA` names, or else
    /// the machine's best.
    #[serde(skip)]
    pub executor: Option<Executor>,
}

impl Default for OptimizeOptions {
    fn default() -> Self {
        OptimizeOptions {
            content_layers: Vec::new(),
            style_layers: Vec::new(),
            content_loss: ContentLoss::default(),
            style_loss: StyleLoss::default(),
            content_weight: 1.0,
            style_weight: 6.0,
            variation_weight: 2.0,
            method: Method::default(),
            steps: vec![150],
            smallest_scale: 160,
            style_scale: 1.0,
            keep_colours: KeepColours::default(),
            match_histogram: false,
            max_memory: None,
            threads: 0,
            executor: None,
        }
    }
}

impl OptimizeOptions {
    /// Default layers of the content.
    pub const CONTENT_LAYERS: [&str; 2] = ["relu3_2", "relu4_1"];
    /// Default layers of the style: those of Gatys et al. 2015 without the last, `relu5_1`. With it (as [`OptimizeOptions::style_layers`]) the same
    /// weight gives less of the strokes and of the content (measured: the guide's page on optimising).
    pub const STYLE_LAYERS: [&str; 4] = ["relu1_1", "relu2_1", "relu3_1", "relu4_1"];

    /// With this [`OptimizeOptions::style_weight`].
    #[must_use]
    pub fn style_weight(self, style_weight: f64) -> Self {
        OptimizeOptions { style_weight, ..self }
    }

    /// With this [`OptimizeOptions::steps`] at every scale.
    #[must_use]
    pub fn steps(self, steps: usize) -> Self {
        OptimizeOptions { steps: vec![steps], ..self }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let weights = [("content", self.content_weight), ("style", self.style_weight), ("variation", self.variation_weight)];
        let bad = weights.into_iter().find(|(_, weight)| !weight.is_finite() || *weight < 0.0);
        let text = if let Some((name, weight)) = bad {
            format!("a {name} weight of {weight}; weights are 0 or more")
        } else if self.content_weight == 0.0 && self.style_weight == 0.0 {
            "neither content nor style has a weight: there is nothing to optimise".into()
        } else if self.steps.is_empty() {
            "no number of steps; give one at least".into()
        } else if !(self.style_scale > 0.0 && self.style_scale <= 100.0) {
            format!("style pictures at {} times the content's size; give more than 0, and 100 at most", self.style_scale)
        } else {
            match self.method {
                Method::Adam { rate } if !(rate > 0.0 && rate <= 1.0) => {
                    format!("a rate of {rate}; give more than 0, and 1 at most")
                }
                Method::Lbfgs { history } if !(1..=100).contains(&history) => {
                    format!("a memory of {history} steps; give 1 to 100")
                }
                _ => return Ok(()),
            }
        };
        Err(Error::new(ErrorKind::InvalidArgument, text))
    }
}
