//! The networks, run by the reference executor, compute what TensorFlow does.

use crate::common;

use common::{parity, synthetic};
use impasto::engine::reference;
use impasto::weights::Tensor;

#[test]
fn the_reference_executor_gives_the_frameworks_outputs() {
    let cases = parity::cases();
    if common::shared("fixtures").is_some() {
        assert_eq!(cases.len(), 41, "all stored outputs are tried");
    }
    parity::check(&cases, &reference::run);
}

/// First, second and last value, bit by bit, as computed by a NumPy program for the formula.
#[test]
fn synthetic_weights_are_those_of_the_stored_outputs() {
    let cases: [(&str, &[usize], [u32; 3]); 8] = [
        ("transformer/contract/conv1/weights", &[9, 9, 3, 32], [0x3df95747, 0xbc4b4644, 0x3e18c8f0]),
        ("MobilenetV2/expanded_conv/depthwise/depthwise_weights", &[3, 3, 32, 1], [0xbf0acf37, 0xbe29e9f0, 0x3e7637b9]),
        (
            "style_params/transformer/expand/conv3/conv/StyleNorm/Conv_1/weights",
            &[1, 1, 100, 3],
            [0xbc790ca3, 0x3cde5732, 0xbcab6000],
        ),
        ("style_params/transformer/expand/conv3/conv/StyleNorm/Conv_1/biases", &[3], [0x3f7c3829, 0x3f75f291, 0x3f8789a0]),
        ("MobilenetV2/Conv/BatchNorm/gamma", &[32], [0x3f9f4e16, 0x3f972ca5, 0x3f80a115]),
        ("InceptionV3/Conv2d_1a_3x3/BatchNorm/moving_variance", &[32], [0x3f14a758, 0x3f6e02f6, 0x3f1f5389]),
        ("InceptionV3/Conv2d_1a_3x3/BatchNorm/moving_mean", &[32], [0x3d9d4d7d, 0xbc024d73, 0x3d1072ca]),
        ("transformer/contract/conv1/BatchNorm/Const", &[32], [0x3f800000, 0x3f800000, 0x3f800000]),
    ];
    for (name, shape, expected) in cases {
        let tensor = synthetic::tensor(name, shape);
        let values = tensor.data();
        assert_eq!([values[0], values[1], values[values.len() - 1]].map(f32::to_bits), expected, "{name}");
    }
}

/// If the comparison passed anything, all of the above would be worthless.
#[test]
fn wrong_outputs_do_not_pass() {
    let case = |value: f32| parity::Case {
        name: "one pixel".into(),
        graph: impasto::graph::Graph::new(3, 0),
        weights: std::sync::Arc::default(),
        style: parity::Style::Vector(Vec::new()),
        input: Tensor::new([1, 1, 3], vec![0.5; 3]).unwrap(),
        expected: Tensor::new([1, 1, 3], vec![0.5, value, 0.5]).unwrap(),
        tolerance: 1e-4,
        range: None,
    };
    parity::check(&[case(0.500_05)], &reference::run);
    for value in [0.5002, f32::NAN] {
        let checked = std::panic::catch_unwind(|| parity::check(&[case(value)], &reference::run));
        assert!(checked.is_err(), "{value} passed for 0.5");
    }
}
