//! Impasto's own networks: small, trained by `impasto-train`, and made to paint pictures of any size in tiles.
//!
//! The transformer has the layers of Magenta's ([`super::magenta`]), but every convolution is followed
//! by an instance norm that is conditional on the style vector, and the outermost kernels are smaller.
//! Its norms take their mean and variance from a thumbnail of the content. So painting is local: a
//! tile with its halo gives the same pixels as the whole picture.
//!
//! The convolutions that change the resolution can be anti-aliased: a binomial filter before the
//! stride, or after the up-sampling, is folded into the 3×3 kernel, which makes it 5×5
//! ([`folded`]; filters before strides: Zhang 2019, arXiv 1904.11486).
//!
//! A branch at stride 8 ([`Deep`]) can be added next to the first residual block. It sees
//! twice as far, at a resolution where a pixel costs a quarter.
//!
//! The style predictor takes moments: the mean and the standard deviation of each channel of several layers (a measure
//! of style: Huang & Belongie 2017, arXiv 1703.06868). A linear layer turns them into the style vector.

use super::design::{Design, Names, commas, name_of};
use super::list::{Entry, Recognise};
use super::{Architecture, Kind, bottleneck};
use crate::graph::{Activation, Conv, Dense, Graph, InstanceNorm, NodeId, Op, Padding};

/// The epsilon of the conditional instance norms.
const INSTANCE_NORM_EPSILON: f32 = 1e-5;

/// The longer side, in pixels, that our transformers are made for.
///
/// Training shows them photos of 200 to 400 pixels. At this size strokes are a little finer than in training, and
/// paintings of 512 pixels and of any larger size look alike (within 15 % in spread and contrast, tested).
pub const CANVAS: usize = 576;

/// Parameters of our transformers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Transformer {
    /// Channels after the three contracting convolutions.
    pub widths: [usize; 3],
    /// Residual blocks.
    pub blocks: usize,
    /// Height and width of the first and the last kernel; odd.
    pub kernel: usize,
    /// Height and width of the kernels that halve or double the resolution: 3, or 5 with a filter [`folded`] into them.
    pub resample: usize,
    /// Whether the features of the first and second contraction, each through a convolution and a
    /// conditional norm, are added when the network is back at their resolution. This restores detail
    /// that smooth up-sampling loses. The picture is then mirrored so that height and width are
    /// multiples of 4; those of the output are multiples of 4 in any case.
    pub skips: bool,
    /// An optional branch at stride 8. With it, height and width of the output are multiples of 8.
    pub deep: Option<Deep>,
    /// Length of the style vector.
    pub style_len: usize,
    /// The longer side, in pixels, of the thumbnail whose statistics the norms use. A
    /// smaller picture is its own thumbnail.
    pub thumbnail: usize,
}

/// A branch that starts from the features of stride 4 before the residual blocks, works
/// at stride 8, and is added to these features again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deep {
    /// Channels at stride 8.
    pub channels: usize,
    /// Residual blocks at stride 8.
    pub blocks: usize,
}

pub(super) const TRANSFORMER: Entry = Entry {
    name: "impasto-transformer",
    title: "Impasto's own transformer",
    published: &[("native", || Architecture::NativeTransformer(Transformer::shipped()))],
    parse: |fields| {
        Ok(Architecture::NativeTransformer(Transformer {
            widths: fields.numbers("widths")?,
            blocks: fields.number("blocks", 0)?,
            kernel: fields.odd("kernel")?,
            resample: fields.choice_or("resample", RESAMPLES)?,
            skips: fields.choice_or("skips", SKIPS)?,
            deep: fields.numbers_if("deep")?.map(|[channels, blocks]| Deep { channels, blocks }),
            style_len: fields.number("style", 1)?,
            thumbnail: fields.number("thumbnail", 16)?,
        }))
    },
    recognise: Recognise::Never,
};

const RESAMPLES: Names<usize> = &[("3", 3), ("5", 5)];
const SKIPS: Names<bool> = &[("no", false), ("yes", true)];

impl Design for Transformer {
    fn kind(&self) -> Kind {
        Kind::Transformer
    }

    fn style_len(&self) -> usize {
        self.style_len
    }

    fn graph(&self) -> Graph {
        Transformer::graph(self)
    }

    fn description(&self) -> String {
        let [a, b, c] = self.widths;
        let deep = match self.deep {
            Some(Deep { channels, blocks }) => format!(" and {blocks} of {channels} channels at stride 8"),
            None => String::new(),
        };
        format!(
            "Impasto transformer: {a}-{b}-{c} channels, {} residual blocks{deep}, statistics of a {}-pixel thumbnail, style vector of {}",
            self.blocks, self.thumbnail, self.style_len
        )
    }

    fn text(&self) -> String {
        let mut text =
            format!("{} widths={} blocks={} kernel={}", TRANSFORMER.name, commas(&self.widths), self.blocks, self.kernel);
        // Omitted at the value that was fixed before there was a choice, so that older versions can read the file, too.
        if self.resample != RESAMPLES[0].1 {
            text += &format!(" resample={}", name_of(RESAMPLES, &self.resample));
        }
        if self.skips {
            text += &format!(" skips={}", name_of(SKIPS, &self.skips));
        }
        if let Some(Deep { channels, blocks }) = self.deep {
            text += &format!(" deep={}", commas(&[channels, blocks]));
        }
        text + &format!(" style={} thumbnail={}", self.style_len, self.thumbnail)
    }

    fn repeats(&self) -> usize {
        self.blocks + self.deep.map_or(0, |deep| deep.blocks)
    }

    fn thumbnail(&self) -> Option<usize> {
        Some(self.thumbnail)
    }

    fn canvas(&self) -> Option<usize> {
        Some(CANVAS)
    }
}

impl Transformer {
    /// The parameters of the model that Impasto ships.
    pub fn shipped() -> Self {
        let (resample, skips, deep) = (5, true, None);
        Transformer { widths: [16, 32, 64], blocks: 4, kernel: 5, resample, skips, deep, style_len: 96, thumbnail: 384 }
    }

    /// Builds the network's graph. Input: a picture `[height, width, 3]` in 0..1 and a style vector. Output: a picture
    /// `[4⌈height/4⌉, 4⌈width/4⌉, 3]` in 0..1, aligned with the input at the top left.
    ///
    /// Height and width must be at least 5. With a branch at stride 8, the output's sides
    /// are multiples of 8, and the input's must be at least 9.
    pub fn graph(&self) -> Graph {
        let [first, second, third] = self.widths;
        let mut graph = Graph::new(3, self.style_len);
        let mirrored = Padding::Reflect;
        // Features that are added must have the same size on both paths, so the size is a
        // multiple of the largest stride from the start.
        let start = match (self.kernel / 2, self.skips, self.deep) {
            (border, _, Some(_)) => Padding::ReflectUp { border, multiple: 8 },
            (border, true, None) => Padding::ReflectUp { border, multiple: 4 },
            (border, false, None) => mirrored(border),
        };
        let halving = mirrored(self.resample / 2);
        // 5×5 kernels after up-sampling are fast if the border pixel is repeated. With
        // 3×3 kernels this equals mirroring.
        let doubling = if self.resample == 3 { mirrored(1) } else { Padding::Edge(self.resample / 2) };
        let mut x = graph.input();
        let mut contracted = Vec::new();
        for (name, kernel, stride, channels, padding) in [
            ("contract1", self.kernel, 1, first, start),
            ("contract2", self.resample, 2, second, halving),
            ("contract3", self.resample, 2, third, halving),
        ] {
            x = styled(&mut graph, x, name, [kernel, stride], channels, padding);
            x = activate(&mut graph, x, name, Activation::Relu);
            contracted.push(x);
        }
        if let Some(Deep { channels, blocks }) = self.deep {
            // Placed before the blocks of stride 4, which can then draw details of what
            // was decided at half their resolution.
            let inner = styled(&mut graph, x, "deep/contract", [self.resample, 2], channels, halving);
            let mut inner = activate(&mut graph, inner, "deep/contract", Activation::Relu);
            for block in 1..=blocks {
                inner = residual(&mut graph, inner, &format!("deep/residual{block}"), channels);
            }
            let inner = graph.push("deep/expand/upsample", Op::Upsample { factor: 2 }, &[inner]);
            let inner = styled(&mut graph, inner, "deep/expand", [self.resample, 1], third, doubling);
            x = graph.push("deep/sum", Op::Add, &[x, inner]);
        }
        for block in 1..=self.blocks {
            x = residual(&mut graph, x, &format!("residual{block}"), third);
        }
        for (name, channels, before) in [("expand1", second, contracted[1]), ("expand2", first, contracted[0])] {
            x = graph.push(format!("{name}/upsample"), Op::Upsample { factor: 2 }, &[x]);
            x = styled(&mut graph, x, name, [self.resample, 1], channels, doubling);
            x = activate(&mut graph, x, name, Activation::Relu);
            if self.skips {
                let skip = styled(&mut graph, before, &format!("{name}/skip"), [3, 1], channels, mirrored(1));
                x = graph.push(format!("{name}/sum"), Op::Add, &[x, skip]);
            }
        }
        x = styled(&mut graph, x, "expand3", [self.kernel, 1], 3, mirrored(self.kernel / 2));
        activate(&mut graph, x, "expand3", Activation::Sigmoid);
        graph
    }

    /// The names of the arrays that a filter is [`folded`] into.
    pub fn resampling(&self) -> Vec<String> {
        let deep: &[&str] = if self.deep.is_some() { &["deep/contract", "deep/expand"] } else { &[] };
        let names = ["contract2", "contract3", "expand1", "expand2"];
        names.iter().chain(deep).map(|name| format!("transformer/{name}/weights")).collect()
    }
}

/// The prefix of the array names of the branch at stride 8.
pub(crate) const DEEP: &str = "transformer/deep/";

/// The binomial filter along one axis.
const BINOMIAL: [f32; 3] = [0.25, 0.5, 0.25];

/// Combines a k×k kernel `[k, k, in, out]` and the binomial filter `[1 2 1]ᵀ[1 2 1] / 16`
/// into one kernel `[k + 2, k + 2, in, out]`.
///
/// Beyond a mirrored border the two differ: the filter then reads what the kernel would have found mirrored.
///
/// # Panics
/// If the length of `weights` does not match.
pub fn folded(weights: &[f32], kernel: usize, in_channels: usize, out_channels: usize) -> Vec<f32> {
    let place = in_channels * out_channels;
    assert_eq!(weights.len(), kernel * kernel * place, "a kernel of {kernel}×{kernel}×{in_channels}×{out_channels}");
    let side = kernel + 2;
    let mut wide = vec![0.0; side * side * place];
    for (i, source) in weights.chunks_exact(place).enumerate() {
        let (y, x) = (i / kernel, i % kernel);
        for (dy, down) in BINOMIAL.into_iter().enumerate() {
            for (dx, across) in BINOMIAL.into_iter().enumerate() {
                let target = &mut wide[((y + dy) * side + x + dx) * place..][..place];
                target.iter_mut().zip(source).for_each(|(target, value)| *target += down * across * value);
            }
        }
    }
    wide
}

/// Returns the gradient with respect to a k×k kernel `[k, k, in, out]` from the gradient with respect to its [`folded`]
/// form: the transpose of folding.
///
/// # Panics
/// If the length of `gradient` does not match.
pub(crate) fn gradient_before_folding(gradient: &[f32], kernel: usize, in_channels: usize, out_channels: usize) -> Vec<f32> {
    let (place, side) = (in_channels * out_channels, kernel + 2);
    assert_eq!(gradient.len(), side * side * place, "a kernel of {side}×{side}×{in_channels}×{out_channels}");
    let mut small = vec![0.0; kernel * kernel * place];
    for (i, target) in small.chunks_exact_mut(place).enumerate() {
        let (y, x) = (i / kernel, i % kernel);
        for (dy, down) in BINOMIAL.into_iter().enumerate() {
            for (dx, across) in BINOMIAL.into_iter().enumerate() {
                let source = &gradient[((y + dy) * side + x + dx) * place..][..place];
                target.iter_mut().zip(source).for_each(|(target, value)| *target += down * across * value);
            }
        }
    }
    small
}

/// Returns the 3×3 kernel `[3, 3, in, out]` whose [`folded`] form is closest to a 5×5
/// kernel `[5, 5, in, out]` (least squares).
///
/// # Panics
/// If the length of `weights` does not match.
pub fn unfolded(weights: &[f32], in_channels: usize, out_channels: usize) -> Vec<f32> {
    let place = in_channels * out_channels;
    assert_eq!(weights.len(), 25 * place, "a kernel of 5×5×{in_channels}×{out_channels}");
    // The pseudoinverse of the filter along one axis. The axes are independent.
    const INVERSE: [[f32; 5]; 3] = [[1.6, 1.6, -0.8, 0.0, 0.8], [-1.6, -0.4, 2.4, -0.4, -1.6], [0.8, 0.0, -0.8, 1.6, 1.6]];
    let mut small = vec![0.0; 9 * place];
    for (i, target) in small.chunks_exact_mut(place).enumerate() {
        for (j, source) in weights.chunks_exact(place).enumerate() {
            let factor = INVERSE[i / 3][j / 5] * INVERSE[i % 3][j % 5];
            target.iter_mut().zip(source).for_each(|(target, value)| *target += factor * value);
        }
    }
    small
}

/// Parameters of our style predictors.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Predictor {
    /// Channels of the four stages. Each halves height and width.
    pub widths: [usize; 4],
    /// Length of the style vector.
    pub vector_len: usize,
}

pub(super) const PREDICTOR: Entry = Entry {
    name: "impasto-predictor",
    title: "Impasto's own style predictor",
    published: &[("native-predictor", || Architecture::NativePredictor(Predictor::shipped()))],
    parse: |fields| {
        let widths = fields.numbers("widths")?;
        Ok(Architecture::NativePredictor(Predictor { widths, vector_len: fields.number("vector", 1)? }))
    },
    recognise: Recognise::Never,
};

impl Design for Predictor {
    fn kind(&self) -> Kind {
        Kind::Predictor
    }

    fn style_len(&self) -> usize {
        self.vector_len
    }

    fn graph(&self) -> Graph {
        Predictor::graph(self)
    }

    fn description(&self) -> String {
        format!("style predictor: moments of {} stages, style vector of {}", self.widths.len(), self.vector_len)
    }

    fn text(&self) -> String {
        format!("{} widths={} vector={}", PREDICTOR.name, commas(&self.widths), self.vector_len)
    }
}

impl Predictor {
    /// The parameters of the model that Impasto ships.
    pub fn shipped() -> Self {
        Predictor { widths: [24, 48, 96, 192], vector_len: 96 }
    }

    /// Builds the network's graph. Input: a picture `[height, width, 3]` in 0..1. Output:
    /// a style vector `[1, 1, vector_len]`.
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::new(3, 0);
        let mut x = graph.input();
        let mut moments = Vec::new();
        for (i, &channels) in self.widths.iter().enumerate() {
            let stage = format!("stage{}", i + 1);
            for (name, stride) in [("conv1", 2), ("conv2", 1)] {
                let scope = format!("{stage}/{name}");
                let weight = format!("predictor/{scope}/weights");
                let conv = conv(weight, Some(format!("predictor/{scope}/biases")), [3, stride], channels, Padding::Same);
                x = graph.push(&scope, Op::Conv(conv), &[x]);
                x = activate(&mut graph, x, &scope, Activation::Relu);
            }
            moments.push(graph.push(format!("{stage}/moments"), Op::Moments, &[x]));
        }
        x = graph.push("moments", Op::Concat, &moments);
        bottleneck(&mut graph, x, "predictor/vector", self.vector_len);
        graph
    }
}

fn conv(weight: String, bias: Option<String>, [kernel, stride]: [usize; 2], channels: usize, padding: Padding) -> Conv {
    Conv { weight, bias, kernel: [kernel; 2], stride, depthwise: false, channels, padding }
}

/// Adds a convolution and its conditional instance norm.
fn styled(graph: &mut Graph, x: NodeId, scope: &str, [kernel, stride]: [usize; 2], channels: usize, padding: Padding) -> NodeId {
    let name = format!("transformer/{scope}");
    let conv = conv(format!("{name}/weights"), None, [kernel, stride], channels, padding);
    let x = graph.push(scope, Op::Conv(conv), &[x]);
    let dense = |what: &str| Dense { weight: format!("{name}/{what}/weights"), bias: format!("{name}/{what}/biases") };
    let norm = InstanceNorm { scale: dense("scale"), shift: dense("shift"), epsilon: INSTANCE_NORM_EPSILON };
    graph.push(format!("{scope}/norm"), Op::InstanceNorm(norm), &[x])
}

/// Adds a residual block: two convolutions, whose result is added to their input.
fn residual(graph: &mut Graph, x: NodeId, scope: &str, channels: usize) -> NodeId {
    let inner = styled(graph, x, &format!("{scope}/conv1"), [3, 1], channels, Padding::Reflect(1));
    let inner = activate(graph, inner, &format!("{scope}/conv1"), Activation::Relu);
    let inner = styled(graph, inner, &format!("{scope}/conv2"), [3, 1], channels, Padding::Reflect(1));
    graph.push(scope, Op::Add, &[x, inner])
}

fn activate(graph: &mut Graph, x: NodeId, scope: &str, function: Activation) -> NodeId {
    let name = if function == Activation::Sigmoid { "sigmoid" } else { "relu" };
    graph.push(format!("{scope}/{name}"), Op::Activation(function), &[x])
}

#[cfg(test)]
mod tests {
    use super::{folded, gradient_before_folding};

    #[test]
    fn a_folded_kernel_is_the_filter_and_then_the_kernel() {
        // One output in the middle of a 5×5 picture with two channels: the filter at each 3×3 window, then the kernel.
        let kernel: Vec<f32> = (0..9 * 2 * 3).map(|i| ((i * 7) % 11) as f32 - 5.0).collect();
        let picture = |y: usize, x: usize, c: usize| ((y * 31 + x * 17 + c * 5) % 13) as f32;
        let filtered = |y: usize, x: usize, c: usize| {
            let taps = [(0, 0.25), (1, 0.5), (2, 0.25)];
            taps.iter().map(|(dy, a)| taps.iter().map(|(dx, b)| a * b * picture(y + dy, x + dx, c)).sum::<f32>()).sum::<f32>()
        };
        let wide = folded(&kernel, 3, 2, 3);
        for out in 0..3 {
            let (mut expected, mut found) = (0.0, 0.0);
            for c in 0..2 {
                for i in 0..9 {
                    expected += kernel[(i * 2 + c) * 3 + out] * filtered(i / 3, i % 3, c);
                }
                for i in 0..25 {
                    found += wide[(i * 2 + c) * 3 + out] * picture(i / 5, i % 5, c);
                }
            }
            assert!((expected - found).abs() < 1e-4, "{expected} and {found}");
        }
    }

    #[test]
    fn unfolding_is_the_transpose_of_folding() {
        let scattered =
            |len: usize, seed: usize| -> Vec<f32> { (0..len).map(|i| ((i * i * 31 + i * seed) % 101) as f32 - 50.0).collect() };
        let (kernel, gradient) = (scattered(9 * 2 * 3, 7), scattered(25 * 2 * 3, 5));
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        let (there, back) = (folded(&kernel, 3, 2, 3), gradient_before_folding(&gradient, 3, 2, 3));
        let (a, b) = (product(&there, &gradient), product(&kernel, &back));
        assert!((a - b).abs() < 1e-3 * a.abs(), "{a} and {b}");
    }
}
