//! Options of an optimization.

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
    /// After each channel is normalized to mean 0 and variance 1, so that contrast and color are left to the style.
    /// Default. For the normalized features `x` and the content's `t`, this is the mean of `(x - t)²`, from 0 to 4.
    #[default]
    Normalised,
    /// Without normalization (Gatys et al. 2015, arXiv 1508.06576), relative to the content's: `|x - t|² / |t|²`.
    Features,
}

/// How the statistics of features are compared with the style's. All are relative to the style's
/// own size, so that layers weigh the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum StyleLoss {
    /// Gram matrices: products of features, averaged over the picture (Gatys et al. 2015, arXiv
    /// 1508.06576): `|G - Gₛ|² / |Gₛ|²`. Default.
    #[default]
    Gram,
    /// Means and standard deviations (Huang & Belongie 2017, arXiv 1703.06868):
    /// `(|μ - μₛ|² + |σ - σₛ|²) / (|μₛ|² + |σₛ|²)`.
    Moments,
    /// The squared 2-Wasserstein distance between normal distributions with the features' means and
    /// covariances, over the style's mean square. It compares the same statistics as Gram matrices, but in
    /// units of features instead of their products.
    Wasserstein,
}

/// How the picture follows the gradient.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Method {
    /// Adam (Kingma & Ba 2015, arXiv 1412.6980) with averaged iterates: quick and steady, with
    /// three more pictures in memory. Default.
    Adam {
        /// Step size, for values from 0 to 1.
        rate: f32,
    },
    /// L-BFGS with a line search: lower losses in the end, but more memory, and steps of varying cost.
    Lbfgs {
        /// How many steps are remembered.
        history: usize,
    },
}

impl Default for Method {
    fn default() -> Self {
        Method::Adam { rate: 0.02 }
    }
}

impl Method {
    /// Returns how many pictures of floats it holds.
    pub(super) fn pictures(self) -> usize {
        match self {
            Method::Adam { .. } => 4,
            Method::Lbfgs { history } => 2 * history + 6,
        }
    }
}

/// Whether and how the content's colors are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum KeepColours {
    /// They are not kept: the result has the style's colors. Default.
    #[default]
    No,
    /// Only lightness is painted, after the style's lightness. Each pixel keeps the content's color.
    Luminance,
    /// The style picture first gets the content's palette: mean and covariance of its colors
    /// (Gatys et al. 2016, arXiv 1606.05897).
    #[serde(rename = "match")]
    Matched,
}

/// Where the optimization begins.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Initial {
    /// The content. Default.
    #[default]
    Content,
    /// Noise around the content's mean color. The same seed gives the same noise.
    Noise {
        /// Seed of the generator.
        seed: u64,
    },
    /// This picture, for instance the result of the fast method. It is resized to the content's size.
    Picture(Box<Picture>),
}

impl Initial {
    /// Begins with the fast method's painting in these styles, with their weights and
    /// masks: a preview, which is then refined.
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

/// A style picture, with its weight and place.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StylePicture {
    /// The picture.
    pub picture: Picture,
    /// Its share relative to the other styles' weights; greater than 0.
    pub weight: f32,
    /// Where the style is used: the white parts. Styles without masks share what masks
    /// leave. Masks have the content's proportions.
    pub mask: Option<Mask>,
}

impl StylePicture {
    /// A style with weight 1, used everywhere.
    pub fn new(picture: Picture) -> Self {
        StylePicture { picture, weight: 1.0, mask: None }
    }

    /// Sets [`StylePicture::weight`].
    #[must_use]
    pub fn weight(self, weight: f32) -> Self {
        StylePicture { weight, ..self }
    }

    /// Sets [`StylePicture::mask`].
    #[must_use]
    pub fn mask(self, mask: Option<Mask>) -> Self {
        StylePicture { mask, ..self }
    }
}

/// Options for optimizing a picture.
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
    /// Layers in which content is compared, for instance `relu4_1`. If empty (the default): those of
    /// [`OptimizeOptions::CONTENT_LAYERS`] that the network has, or else its deepest layer.
    pub content_layers: Vec<String>,
    /// Layers in which style is compared. If empty (the default): those of
    /// [`OptimizeOptions::STYLE_LAYERS`] that the network has.
    pub style_layers: Vec<String>,
    /// How content is compared.
    pub content_loss: ContentLoss,
    /// How style is compared.
    pub style_loss: StyleLoss,
    /// Weight of the content loss, the mean over its layers; 0 or more.
    pub content_weight: f64,
    /// Weight of the style loss, the mean over its layers; 0 or more.
    pub style_weight: f64,
    /// Weight of the mean squared difference between neighboring pixels; 0 or more.
    pub variation_weight: f64,
    /// How the picture follows the gradient.
    pub method: Method,
    /// Steps at each scale, the coarsest first. The last number also counts for all further scales.
    pub steps: Vec<usize>,
    /// Minimum longer side of the coarsest scale. With the picture's own longer side, or more, there is a single scale.
    pub smallest_scale: usize,
    /// Longer side of the style pictures, relative to the content's at each scale. They are never enlarged.
    pub style_scale: f32,
    /// Whether and how the content's colors are kept.
    pub keep_colours: KeepColours,
    /// Whether the result's colors get the histograms of the style's at the end.
    pub match_histogram: bool,
    /// Memory limit in bytes, including pictures and weights. `None` (the default): as much as the picture needs in one
    /// piece. If the limit is lower, the picture is processed in tiles, which is slower and differs only by rounding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_memory: Option<u64>,
    /// Number of threads; 0 (the default) means one per core. The result does not depend on it.
    #[serde(skip)]
    pub threads: usize,
    /// The executor that does the arithmetic. `None` (the default): the CPU, with the instruction set that the
    /// environment variable `IMPASTO_ISA` names, or else the machine's best.
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
    /// Default layers for content.
    pub const CONTENT_LAYERS: [&str; 2] = ["relu3_2", "relu4_1"];
    /// Default layers for style: those of Gatys et al. 2015 except the last, `relu5_1`. With it (as
    /// [`OptimizeOptions::style_layers`]), the same weight keeps less of the strokes and of the content
    /// (measured: the guide's page on optimizing).
    pub const STYLE_LAYERS: [&str; 4] = ["relu1_1", "relu2_1", "relu3_1", "relu4_1"];

    /// Sets [`OptimizeOptions::style_weight`].
    #[must_use]
    pub fn style_weight(self, style_weight: f64) -> Self {
        OptimizeOptions { style_weight, ..self }
    }

    /// Sets [`OptimizeOptions::steps`] to this number at every scale.
    #[must_use]
    pub fn steps(self, steps: usize) -> Self {
        OptimizeOptions { steps: vec![steps], ..self }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let weights = [("content", self.content_weight), ("style", self.style_weight), ("variation", self.variation_weight)];
        let bad = weights.into_iter().find(|(_, weight)| !weight.is_finite() || *weight < 0.0);
        let text = if let Some((name, weight)) = bad {
            format!("a {name} weight of {weight} is out of range; give 0 or more")
        } else if self.content_weight == 0.0 && self.style_weight == 0.0 {
            "neither content nor style has a weight: there is nothing to optimize".into()
        } else if self.steps.is_empty() {
            "no number of steps; give at least one".into()
        } else if !(self.style_scale > 0.0 && self.style_scale <= 100.0) {
            format!(
                "style pictures at {} times the content's size are out of range; give more than 0, at most 100",
                self.style_scale
            )
        } else {
            match self.method {
                Method::Adam { rate } if !(rate > 0.0 && rate <= 1.0) => {
                    format!("a rate of {rate} is out of range; give more than 0, at most 1")
                }
                Method::Lbfgs { history } if !(1..=100).contains(&history) => {
                    format!("a history of {history} steps is out of range; give 1 to 100")
                }
                _ => return Ok(()),
            }
        };
        Err(Error::new(ErrorKind::InvalidArgument, text))
    }
}
