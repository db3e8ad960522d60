//! The naive convolution that every kernel is tested against.

use super::Spec;
use crate::stage::Border;
use crate::view::Extent;

/// The value of an input pixel at enlarged and padded coordinates.
fn pixel(input: &[f32], extent: Extent, spec: &Spec, y: isize, x: isize, c: usize) -> f32 {
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
        (Some(y), Some(x)) => input[(y * extent.width + x) * extent.channels + c],
        _ => 0.0,
    }
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
                            sum += f64::from(weight) * f64::from(pixel(input, extent, spec, at_y, at_x, channel));
                        }
                    }
                }
                result.push(sum as f32);
            }
        }
    }
    result
}
