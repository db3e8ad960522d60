//! AdaIN's two files as the PyTorch port publishes them: `vgg_normalised.pth` and
//! `decoder.pth`. Their arrays are numbered.

use super::{Predictor, Transformer, decoder, layers};
use crate::Result;
use crate::networks::foreign::{Colours, Foreign, mismatch};
use crate::networks::{Architecture, Family, Part};

/// Numbers of the encoder's convolutions in its list of layers. Number 0, 1×1, does the preprocessing for VGG.
const ENCODER: [usize; 9] = [2, 5, 9, 12, 16, 19, 22, 25, 29];
/// Numbers of the decoder's convolutions.
const DECODER: [usize; 9] = [1, 5, 8, 11, 14, 18, 21, 25, 28];

fn is_encoder(part: &Part) -> bool {
    let shape = |name: &str| part.weights.get(name).map(|tensor| tensor.shape().to_vec());
    shape("0.weight").is_some_and(|shape| shape == [3, 3, 1, 1]) && shape("29.weight").is_some_and(|shape| shape.len() == 4)
}

fn is_decoder(part: &Part) -> bool {
    part.weights.get("0.weight").is_none()
        && DECODER
            .iter()
            .all(|place| part.weights.get(&format!("{place}.weight")).is_some_and(|tensor| tensor.shape().len() == 4))
}

/// Replaces the two files with one container.
pub(super) fn adopt(parts: &mut Vec<Part>) -> Result<()> {
    let (encoder, decoder) = (parts.iter().position(is_encoder), parts.iter().position(is_decoder));
    let (encoder, decoder) = match (encoder, decoder) {
        (None, None) => return Ok(()),
        (Some(encoder), Some(decoder)) => (encoder, decoder),
        (Some(at), None) | (None, Some(at)) => {
            let missing = if encoder.is_none() { "encoder (vgg_normalised.pth)" } else { "decoder (decoder.pth)" };
            let text = format!("is a part of AdaIN, but its {missing} is missing: give both files, or the folder with both");
            return Err(mismatch(text).context(&parts[at].file));
        }
    };
    let file = parts[decoder].file.clone();
    let (high, low) = (encoder.max(decoder), encoder.min(decoder));
    let (high, low) = (parts.remove(high), parts.remove(low));
    let (encoder, decoder) = if encoder > decoder { (high, low) } else { (low, high) };
    let foreign = Foreign::new(Part { file: file.clone(), weights: crate::weights::Weights::new() });
    let foreign = foreign.and(encoder, "encoder.").and(decoder, "decoder.");
    parts.push(container(foreign).map_err(|e| e.context(&file))?);
    Ok(())
}

fn container(mut foreign: Foreign) -> Result<Part> {
    let width = |place: usize| -> Result<usize> {
        Ok(foreign.get(&format!("encoder.{place}.weight"))?.shape().first().copied().filter(|&n| n > 0).unwrap_or(1))
    };
    let widths = [width(2)?, width(9)?, width(16)?, width(29)?];
    let mut inputs = 3;
    for (place, (name, outputs)) in ENCODER.into_iter().zip(layers(widths)) {
        foreign.convolution(&format!("encoder.{place}"), 3, [inputs, outputs], &format!("adain/encoder/{name}"))?;
        inputs = outputs;
    }
    for (place, (name, outputs)) in DECODER.into_iter().zip(decoder(widths)) {
        foreign.convolution(&format!("decoder.{place}"), 3, [inputs, outputs], &format!("adain/decoder/{name}"))?;
        inputs = outputs;
    }
    // Borders are mirrored, so the leading 1×1 convolution can be folded into the next one.
    let factors = foreign.get("encoder.0.weight")?.data().to_vec();
    let summands = foreign.get("encoder.0.bias")?;
    if summands.shape() != [3] {
        return Err(mismatch(format!("\"0.bias\" has shape {:?}", summands.shape())));
    }
    let colours = Colours {
        matrix: std::array::from_fn(|i| std::array::from_fn(|c| f64::from(factors[i * 3 + c]))),
        summands: std::array::from_fn(|i| f64::from(summands.data()[i])),
    };
    let kernel = foreign.kernel("encoder.2.weight", 3, 1.0)?;
    let [kernel, bias] = colours.fold(&kernel, foreign.get("encoder.2.bias")?)?;
    let shape = kernel.shape().to_vec();
    foreign.put("adain/encoder/conv1_1/weights".into(), shape, kernel.into_data())?;
    foreign.put("adain/encoder/conv1_1/biases".into(), [widths[0]], bias.into_data())?;
    let networks =
        [Architecture::AdaptivePredictor(Predictor { widths }), Architecture::AdaptiveTransformer(Transformer { widths })];
    let about = ["AdaIN (Huang & Belongie 2017), a PyTorch port", "see its source"];
    Ok(foreign.finish(&networks, Family::Other("adain".into()), about))
}
