//! Compares convolutions of random shapes with the naive reference: whatever a [`Spec`] allows, on every instruction
//! set, with every kernel that suits it. A failure prints its seed. To run that seed alone, put it in [`SEEDS`].

use std::ops::Range;

use impasto_kernels::conv::{Algorithm, Conv, Spec, reference};
use impasto_kernels::{Activation, Border, Extent, Isa, Source, Threads};

const SEEDS: Range<u64> = 0..200;

const ALL: [Algorithm; 6] =
    [Algorithm::Direct, Algorithm::Wide, Algorithm::Spread, Algorithm::Tall, Algorithm::Winograd, Algorithm::Depthwise];

/// Largest error relative to the largest output: the largest that any kernel's documentation states (Winograd's).
const TOLERANCE: f32 = 1e-5;

/// A reproducible source of numbers.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        // splitmix64: neighboring seeds give unrelated numbers.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn range(&mut self, range: std::ops::RangeInclusive<usize>) -> usize {
        range.start() + (self.next() % (range.end() - range.start() + 1) as u64) as usize
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.range(0..=of.len() - 1)]
    }

    /// Values in -1..1.
    fn values(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0).collect()
    }
}

/// A random convolution.
struct Case {
    spec: Spec,
    input: Extent,
    padding: [usize; 2],
    output: Extent,
}

fn case(dice: &mut Dice) -> Case {
    let depthwise = dice.range(0..=5) == 0;
    let kernel = match dice.range(0..=2) {
        // Half of the cases, like half of the networks' layers.
        0 => [3, 3],
        1 => dice.one(&[[1, 1], [9, 9], [5, 5], [1, 7], [7, 1]]),
        _ => [dice.range(1..=9), dice.range(1..=9)],
    };
    let upsample = if [[3, 3], [5, 5]].contains(&kernel) && !depthwise { dice.one(&[1, 1, 2]) } else { 1 };
    let stride = if upsample == 1 { dice.one(&[1, 1, 2]) } else { 1 };
    let border = dice.one(&[Border::Zero, Border::Reflect, Border::Edge]);
    // Either near the widths of registers and blocks, or anything.
    let channels = |dice: &mut Dice| match dice.range(0..=1) {
        0 => dice.one(&[1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64]),
        _ => dice.range(1..=50),
    };
    let in_channels = channels(dice);
    let out_channels = if depthwise { in_channels } else { channels(dice) };
    let padding = [kernel[0] / 2, kernel[1] / 2];
    let side = |dice: &mut Dice, axis: usize| {
        // A mirrored border needs more pixels than it adds. A window needs at least as many as it has.
        let least = (padding[axis] / upsample + 1).max(kernel[axis].div_ceil(upsample).saturating_sub(padding[axis]));
        least + dice.range(0..=25)
    };
    let input = Extent { height: side(dice, 0), width: side(dice, 1), channels: in_channels };
    let out = |side: usize, axis: usize| (side * upsample + 2 * padding[axis] - kernel[axis]) / stride + 1;
    let output = Extent { height: out(input.height, 0), width: out(input.width, 1), channels: out_channels };
    let spec = Spec { in_channels, out_channels, kernel, stride, depthwise, border, upsample };
    Case { spec, input, padding, output }
}

#[test]
fn random_shapes_agree_with_the_reference() {
    let threads = Threads::new(2).unwrap();
    let mut failures = Vec::new();
    let mut counts = [0; ALL.len()];
    for seed in SEEDS {
        let mut dice = Dice(seed << 32);
        let Case { spec, input, padding, output } = case(&mut dice);
        let inputs = if spec.depthwise { 1 } else { spec.in_channels };
        let weights = dice.values(spec.kernel[0] * spec.kernel[1] * inputs * spec.out_channels);
        let bias = dice.values(spec.out_channels);
        let data = dice.values(input.len());
        let expected = reference::conv(&spec, &weights, Some(&bias), (&data, input), padding, output);
        let scale = expected.iter().fold(1.0f32, |most, x| most.max(x.abs()));
        for isa in Isa::available() {
            for (i, algorithm) in ALL.into_iter().enumerate().filter(|(_, algorithm)| algorithm.suits(&spec)) {
                let conv = Conv::new(spec, &weights, Some(&bias), Activation::None, isa, Some(algorithm));
                let mut got = vec![f32::NAN; output.len()];
                conv.run(&threads, Source::plain(&data, input), padding, (&mut got, output), false, None);
                // NaN, which marks pixels that were never written, must not pass as a small difference.
                let off = got
                    .iter()
                    .zip(&expected)
                    .map(|(a, b)| (a - b).abs())
                    .filter(|d| d.is_nan() || *d > TOLERANCE * scale)
                    .count();
                if off > 0 {
                    failures.push(format!("seed {seed}: {isa} {algorithm:?} {spec:?} {input:?}: {off} of {} values", got.len()));
                }
                counts[i] += 1;
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    assert!(counts.iter().all(|&count| count >= 20), "some kernel was hardly tried: {counts:?} of {ALL:?}");
}
