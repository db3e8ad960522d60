//! The smallest models that paint, untrained: for tests of what is done with a model. Tests of other crates use them,
//! too.

use impasto::Model;
use impasto::networks::magenta::Transformer;
use impasto::networks::mobilenet::MobileNet;
use impasto::networks::{Architecture, FixedNorm, native};

/// A predictor and a transformer of Magenta's architecture.
pub fn magenta() -> Model {
    let predictor = MobileNet { vector_len: 8, norm: FixedNorm::Batch };
    let transformer = Transformer { widths: [4, 4, 8], blocks: 1, style_len: 8, ..Transformer::checkpoint() };
    Model::untrained(Architecture::MobileNet(predictor), Architecture::Transformer(transformer), 1).unwrap()
}

/// Networks of Impasto's own architecture, with a thumbnail of 32 pixels: they paint in bands.
pub fn native() -> Model {
    let transformer = native::Transformer {
        widths: [4, 4, 8],
        blocks: 1,
        kernel: 5,
        resample: 3,
        skips: false,
        deep: None,
        style_len: 8,
        thumbnail: 32,
    };
    let predictor = native::Predictor { widths: [3, 4, 4, 8], vector_len: 8 };
    Model::untrained(Architecture::NativePredictor(predictor), Architecture::NativeTransformer(transformer), 1).unwrap()
}
