//! The naive convolution that every kernel is tested against.

use super::Spec;
use crate::stage::Border;
use crate::view::Extent;

/// Returns the index in the input of the pixel at up-sampled and padded
/// coordinates; `None` for a zero beyond the border.
fn place(extent: Extent, spec: &Spec, y: isize, x: isize, c: usize) -> Option<usize> {
    let wrap = |at: isize, length: usize| -> Option<usize> {
        let length = (length * spec.upsample) as isize;
        let inside = (0..length).contains(&at);
        let at = match spec.border {
            _ if inside => at,
            Border::Zero => return None,
            Border::Reflect if at < 0 => -at,
            Border::Reflect => 2 * length - 2 - at,
            Border::Edge => at.clamp(0, length - 1),
        };
        Some(at as usize / spec.upsample)
    };
    match (wrap(y, extent.height), wrap(x, extent.width)) {
        (Some(y), Some(x)) => Some((y * extent.width + x) * extent.channels + c),
        _ => None,
    }
}

/// Computes the gradients of a loss with respect to input and weights (without bias) from the gradient with respect to
/// the output. It works in float64 and by the definition: each product of the convolution adds to both gradients.
pub fn gradients(
    spec: &Spec,
    weights: &[f32],
    input: (&[f32], Extent),
    padding: [usize; 2],
    gradient: (&[f32], Extent),
) -> (Vec<f32>, Vec<f32>) {
    let ((input, extent), (gradient, output)) = (input, gradient);
    let [kh, kw] = spec.kernel;
    let (mut by_input, mut by_weights) = (vec![0.0f64; input.len()], vec![0.0f64; weights.len()]);
    for (i, &g) in gradient.iter().enumerate() {
        let (y, x, o) = (i / output.channels / output.width, i / output.channels % output.width, i % output.channels);
        for tap in 0..kh * kw {
            let at_y = (y * spec.stride + tap / kw) as isize - padding[0] as isize;
            let at_x = (x * spec.stride + tap % kw) as isize - padding[1] as isize;
            for c in 0..spec.in_channels {
                let Some(place) = place(extent, spec, at_y, at_x, c) else { continue };
                let weight = (tap * spec.in_channels + c) * output.channels + o;
                by_input[place] += f64::from(g) * f64::from(weights[weight]);
                by_weights[weight] += f64::from(g) * f64::from(input[place]);
            }
        }
    }
    let round = |values: Vec<f64>| values.into_iter().map(|v| v as f32).collect();
    (round(by_input), round(by_weights))
}

/// Convolves as [`super::Conv`] does with nothing pending, in float64, one sum at a time.
pub fn conv(
    spec: &Spec,
    weights: &[f32],
    bias: Option<&[f32]>,
    input: (&[f32], Extent),
    padding: [usize; 2],
    output: Extent,
) -> Vec<f32> {
    let (input, extent) = input;
    let [kh, kw] = spec.kernel;
    let inputs = if spec.depthwise { 1 } else { spec.in_channels };
    let mut result = Vec::with_capacity(output.len());
    for y in 0..output.height {
        for x in 0..output.width {
            for o in 0..output.channels {
                let mut sum = bias.map_or(0.0, |bias| f64::from(bias[o]));
                for ky in 0..kh {
                    for kx in 0..kw {
                        let at_y = (y * spec.stride + ky) as isize - padding[0] as isize;
                        let at_x = (x * spec.stride + kx) as isize - padding[1] as isize;
                        for i in 0..inputs {
                            let channel = if spec.depthwise { o } else { i };
                            let weight = if spec.depthwise {
                                weights[(ky * kw + kx) * output.channels + o]
                            } else {
                                weights[((ky * kw + kx) * inputs + i) * output.channels + o]
                            };
                            let value = place(extent, spec, at_y, at_x, channel).map_or(0.0, |place| input[place]);
                            sum += f64::from(weight) * f64::from(value);
                        }
                    }
                }
                result.push(sum as f32);
            }
        }
    }
    result
}
