//! Perceptual networks: files of PyTorch and Keras, what PyTorch computes with them, and misleading files.

use crate::common;

use std::path::{Path, PathBuf};

use impasto::engine::reference;
use impasto::perceptual::Preprocessing;
use impasto::weights::safetensors::{self, Precision};
use impasto::weights::{Limits, Tensor, Weights};
use impasto::{ErrorKind, Perceptual};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/perceptual").join(name)
}

fn stored(name: &str) -> Weights {
    safetensors::read(&std::fs::read(data(name)).unwrap()).unwrap()
}

/// The same formula as in `make.py`.
fn picture(width: usize, height: usize, seed: f32) -> Tensor {
    let value = |i: usize| {
        let (x, y, c) = ((i / 3 % width) as f32, (i / 3 / width) as f32, (i % 3) as f32);
        0.5 + 0.25 * (x * 0.37 + seed + c).sin() * (y * 0.23 + 2.0 * seed).cos() + 0.2 * (x * y * 0.011 + c * seed).sin()
    };
    Tensor::new([height, width, 3], (0..width * height * 3).map(value).collect()).unwrap()
}

/// A layer's features, computed by the reference executor.
fn features(network: &Perceptual, picture: &Tensor, layer: &str) -> Vec<f32> {
    let outputs = reference::run_all(network.graph(), network.weights(), picture, &[]).unwrap();
    outputs[network.layer(layer).unwrap().index()].data().to_vec()
}

/// The greatest difference, divided by the greatest value.
fn error(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let size = expected.iter().fold(0.0f32, |most, v| most.max(v.abs()));
    found.iter().zip(expected).fold(0.0f32, |most, (a, b)| most.max((a - b).abs())) / size
}

#[test]
fn a_pytorch_checkpoint_gives_pytorchs_features() {
    let (torchvision, distilled) = ("small-features.safetensors", "encoder-features.safetensors");
    for (file, expected, tolerance) in [
        ("small.pth", torchvision, 2e-6),
        ("legacy.pth", torchvision, 2e-6),
        ("half.pth", torchvision, 2e-3),
        ("encoder.pth", distilled, 2e-6),
        ("codebook.bin", "codebook-features.safetensors", 2e-6),
    ] {
        let expected = stored(expected);
        let network = Perceptual::open(data(file)).unwrap();
        assert_eq!(network.layers(), ["relu1_1", "relu1_2", "relu2_1"], "{file}");
        for (layer, expected) in expected.iter() {
            let error = error(&features(&network, &picture(20, 14, 3.0), layer), expected.data());
            assert!(error < tolerance, "{file} {layer}: {error}");
        }
    }
}

#[test]
fn bytes_beyond_their_table_are_refused() {
    let error = Perceptual::open(data("codebook-short.bin")).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(text.contains("codebook-short.bin") && text.contains("beyond its table of 150 values"), "{text}");
}

#[test]
fn vgg19_gives_pytorchs_features_as_deep_as_its_shards_go() {
    let Some(folder) = common::shared("models/vgg19") else { return };
    let network = Perceptual::open(&folder).unwrap();
    assert_eq!(network.layers().last(), Some(&"relu3_4"));
    let stored = stored("vgg19.safetensors");
    for layer in ["relu1_1", "relu2_1", "relu3_1", "relu3_4"] {
        let found: Vec<f32> = features(&network, &picture(40, 32, 1.0), layer).into_iter().step_by(101).collect();
        let error = error(&found, stored.get(layer).unwrap().data());
        assert!(error < 1e-5, "{layer}: {error}");
    }
    let missing = network.layer("relu4_1").unwrap_err().to_string();
    assert!(missing.contains("relu4_1") && missing.contains("relu3_4") && !missing.contains('\n'), "{missing}");
}

#[test]
fn what_is_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.safetensors");
    let network = Perceptual::untrained("vgg 2x4 1x6".parse().unwrap(), 5).unwrap();
    safetensors::save(&network.to_weights(), &path, Precision::F32, false).unwrap();
    let again = Perceptual::open(&path).unwrap();
    assert_eq!(
        (again.architecture(), again.source(), again.licence()),
        (network.architecture(), network.source(), network.licence())
    );
    let features = |network: &Perceptual| features(network, &picture(12, 10, 1.0), "relu2_1");
    assert_eq!(features(&again), features(&network));
}

#[test]
#[cfg(feature = "embedded")]
fn the_built_in_network_is_small_and_deep() {
    let network = Perceptual::embedded().unwrap();
    for layer in impasto::optimizer::OptimizeOptions::STYLE_LAYERS.into_iter().chain(["relu5_1"]) {
        network.layer(layer).unwrap();
    }
    let bytes = safetensors::to_bytes(&network.to_weights(), Precision::F16).unwrap().len();
    assert!(bytes <= 2 << 20, "{bytes} bytes");
    assert_eq!(network.licence(), "MIT OR Apache-2.0");
}

#[test]
fn nothing_in_a_checkpoint_is_run() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["evil.pth", "evil-root.pth"] {
        let path = folder.path().join(file);
        std::fs::copy(data(file), &path).unwrap();
        let error = Perceptual::open(&path).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error.kind(), ErrorKind::Malformed | ErrorKind::Unsupported), "{file}: {text}");
        assert!(text.contains(file) && !text.contains('\n'), "{text}");
    }
    assert!(!Path::new("executed").exists() && !folder.path().join("executed").exists());
}

#[test]
fn a_perceptual_network_is_told_from_a_model() {
    let text = impasto::Stylizer::open(data("small.pth")).unwrap_err().to_string();
    assert!(text.contains("perceptual network") && text.contains("--perceptual"), "{text}");
}

#[test]
fn long_pickles_are_refused_before_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8], word: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let text = Perceptual::open(&path).map(|network| network.architecture().to_string()).unwrap_err().to_string();
        assert!(text.contains(word) && text.matches(name).count() == 1 && !text.contains('\n'), "{text}");
    };
    // 90 KB that unpack to a list of 90 million objects.
    refused("packed.pth", &std::fs::read(data("packed.pth")).unwrap(), "pickle of more than");
    let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.";
    refused("list.pth", &[&magic[..], b"\x80\x02(", &[b'N'; 2 << 20], b"l."].concat(), "pickle of more than");
    refused("count.pth", &[&magic[..], b"\x80\x02\x8e\xff\xff\xff\xff\xff\xff\xff\xff"].concat(), "does not end");
    refused(
        "nested.pth",
        &[&magic[..], b"\x80\x02", &[b']'; 5000], &[b'a'; 4999], b".\x80\x02}.\x80\x02]."].concat(),
        "not a PyTorch checkpoint",
    );
    refused("plain.pth", b"\x80\x02}.", "Python pickle");
}

#[test]
fn bad_files_are_one_line_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8], words: &[&str]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let text = Perceptual::open(&path).map(|network| network.architecture().to_string()).unwrap_err().to_string();
        assert!(text.contains(name) && !text.contains('\n'), "{text}");
        words.iter().for_each(|word| assert!(text.contains(word), "{text:?} lacks {word:?}"));
    };
    let good = std::fs::read(data("small.pth")).unwrap();
    for end in (0..good.len()).step_by(97) {
        refused("cut.pth", &good[..end], &[]);
    }
    refused("nan.pth", &std::fs::read(data("nan.pth")).unwrap(), &["NaN"]);
    // Damage anywhere gives an error or a network, never a panic.
    for at in (0..good.len()).step_by(13) {
        let mut bytes = good.clone();
        bytes[at] ^= 0xff;
        let path = folder.path().join("damaged.pth");
        std::fs::write(&path, bytes).unwrap();
        if let Err(error) = Perceptual::open(&path) {
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
    let arrays = |arrays: &[(&str, &[usize])]| {
        let mut weights = Weights::new();
        for (name, shape) in arrays {
            weights.insert(*name, Tensor::new(shape.to_vec(), vec![0.5; shape.iter().product()]).unwrap());
        }
        safetensors::to_bytes(&weights, Precision::F32).unwrap()
    };
    refused("other.safetensors", &arrays(&[("embedding", &[4, 4])]), &["not a perceptual network", "embedding"]);
    refused("bias.safetensors", &arrays(&[("features.0.weight", &[4, 3, 3, 3])]), &["no bias"]);
    let bias: (&str, &[usize]) = ("features.0.bias", &[4]);
    refused("five.safetensors", &arrays(&[("features.0.weight", &[4, 3, 5, 5]), bias]), &["conv1_1", "5"]);
    refused("grey.safetensors", &arrays(&[("features.0.weight", &[4, 1, 3, 3]), bias]), &[]);
    refused(
        "gap.safetensors",
        &arrays(&[("features.0.weight", &[4, 3, 3, 3]), bias, ("features.7.weight", &[4, 4, 3, 3]), ("features.7.bias", &[4])]),
        &["gap"],
    );
    refused(
        "norm.safetensors",
        &arrays(&[("features.0.weight", &[4, 3, 3, 3]), bias, ("features.1.weight", &[4]), ("features.1.bias", &[4])]),
        &["batch norms"],
    );
    refused(
        "wide.safetensors",
        &arrays(&[("features.0.weight", &[4, 3, 3, 3]), bias, ("features.2.weight", &[4, 9, 3, 3]), ("features.2.bias", &[4])]),
        &["conv1_2"],
    );
    let mut own = Perceptual::untrained("vgg 1x4".parse().unwrap(), 1).unwrap().to_weights();
    own.metadata.insert("impasto.perceptual".into(), "vgg 1x9999999999".into());
    refused("text.safetensors", &safetensors::to_bytes(&own, Precision::F32).unwrap(), &["architecture"]);
    own.metadata.insert("impasto.perceptual".into(), "vgg 2x4".into());
    refused("lacks.safetensors", &safetensors::to_bytes(&own, Precision::F32).unwrap(), &["conv1_2"]);
    let limits = Limits::default().max_bytes(100);
    let error = Perceptual::open_with(data("small.pth"), &limits, Some(Preprocessing::Torch)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert_eq!(Perceptual::open("/nonexistent/vgg.pth").unwrap_err().kind(), ErrorKind::Io);
}
