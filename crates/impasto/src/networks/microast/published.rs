//! MicroAST's four checkpoints: `content_encoder…`, `style_encoder…`, `modulator…` and `decoder…`.

use super::{OUTER, Predictor, Transformer};
use crate::Result;
use crate::networks::foreign::{Foreign, mismatch};
use crate::networks::{Architecture, Family, Part};

/// The four files, each with an array that it has. The two encoders differ only in their file names.
const FILES: [(&str, &str); 4] = [
    ("content_encoder", "enc1.0.conv_layer.weight"),
    ("style_encoder", "enc1.0.conv_layer.weight"),
    ("modulator", "weight1.0.conv_layer.weight"),
    ("decoder", "dec1.conv1.conv_layer.weight"),
];

/// Replaces the four files with one container.
pub(super) fn adopt(parts: &mut Vec<Part>) -> Result<()> {
    let is_ours = |part: &Part| FILES.iter().any(|(_, array)| part.weights.get(array).is_some());
    let Some(first) = parts.iter().position(is_ours) else { return Ok(()) };
    let file = parts[first].file.clone();
    let mut foreign = Foreign::new(Part { file: file.clone(), weights: crate::weights::Weights::new() });
    for (role, array) in FILES {
        let is_it = |part: &Part| {
            let name = part.file.rsplit(['/', '\\']).next().unwrap_or_default();
            // An encoder's file under another name could be either encoder.
            part.weights.get(array).is_some() && (!role.ends_with("encoder") || name.contains(role))
        };
        let Some(at) = parts.iter().position(is_it) else {
            let text = format!(
                "is a part of MicroAST, but its {role} is missing: give the folder with the files content_encoder…, \
                 style_encoder…, modulator… and decoder…"
            );
            return Err(mismatch(text).context(&file));
        };
        let part = parts.remove(at);
        foreign = foreign.and(part, &format!("{role}."));
    }
    let part = container(foreign).map_err(|e| e.context(&file))?;
    parts.push(part);
    Ok(())
}

fn container(mut foreign: Foreign) -> Result<Part> {
    let width = |foreign: &Foreign, name: &str| -> Result<usize> {
        Ok(foreign.get(name)?.shape().first().copied().filter(|&n| n > 0).unwrap_or(1))
    };
    let widths = [
        width(&foreign, "content_encoder.enc1.0.conv_layer.weight")?,
        width(&foreign, "content_encoder.enc1.2.conv_layer.weight")?,
        width(&foreign, "content_encoder.enc1.6.conv_layer.weight")?,
    ];
    let [first, second, third] = widths;
    for (role, scope) in [("content_encoder", "content"), ("style_encoder", "style")] {
        let mut inputs = 3;
        for (i, (side, _, outputs)) in super::encoder(widths).into_iter().enumerate() {
            let name = format!("{role}.enc1.{}.conv_layer", 2 * i);
            foreign.convolution(&name, side, [inputs, outputs], &format!("microast/{scope}/conv{}", i + 1))?;
            inputs = outputs;
        }
        for (from, to) in [("enc1.10", "residual1"), ("enc2.0", "residual2")] {
            for conv in ["conv1", "conv2"] {
                let name = format!("{role}.{from}.{conv}.conv_layer");
                foreign.convolution(&name, 3, [third, third], &format!("microast/{scope}/{to}/{conv}"))?;
            }
        }
    }
    for what in ["weight1", "bias1", "weight2", "bias2"] {
        foreign.depthwise(&format!("modulator.{what}.0.conv_layer"), 3, third, &format!("microast/modulator/{what}"))?;
    }
    for block in ["dec1", "dec2"] {
        for conv in ["conv1", "conv2"] {
            let name = format!("decoder.{block}.{conv}.conv_layer");
            foreign.convolution(&name, 3, [third, third], &format!("microast/decoder/{block}/{conv}"))?;
        }
    }
    for (from, side, channels, to) in [
        (1, 3, [third, second], "dec3/spread"),
        (3, 1, [second, second], "dec3/mix"),
        (6, 3, [second, first], "dec4/spread"),
        (8, 1, [first, first], "dec4/mix"),
        (10, OUTER, [first, 3], "dec5"),
    ] {
        let name = format!("decoder.dec3.{from}.conv_layer");
        foreign.convolution(&name, side, channels, &format!("microast/decoder/{to}"))?;
    }
    for (name, channels) in [("dec3", third), ("dec4", second)] {
        let binomial = [1.0, 2.0, 1.0, 2.0, 4.0, 2.0, 1.0, 2.0, 1.0].map(|w| w / 16.0);
        let values = binomial.iter().flat_map(|&w| std::iter::repeat_n(w, channels)).collect();
        foreign.put(format!("microast/decoder/{name}/bilinear/weights"), [3, 3, channels, 1], values)?;
    }
    let networks = [Architecture::MicroPredictor(Predictor { widths }), Architecture::MicroTransformer(Transformer { widths })];
    let about = ["MicroAST (Wang et al. 2023)", "MIT"];
    Ok(foreign.finish(&networks, Family::Other("microast".into()), about))
}
