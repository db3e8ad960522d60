//! Facts computed from a graph: shapes, costs, halo, tables.

use crate::common;

use common::synthetic;
use impasto::ErrorKind;
use impasto::engine::reference;
use impasto::graph::{Graph, Op, Padding, Pool, PoolKind, Window};
use impasto::networks::FixedNorm;
use impasto::networks::inception::Inception;
use impasto::networks::magenta::{Border, Transformer};
use impasto::networks::mobilenet::MobileNet;
use impasto::networks::native;
use impasto::weights::Tensor;

fn mobilenet() -> Graph {
    MobileNet { vector_len: 100, norm: FixedNorm::Batch }.graph()
}

/// Billions of multiply-accumulates, to the third decimal, from an independent count of the framework's graphs.
#[test]
fn multiply_accumulates_are_those_counted_in_the_frameworks_graphs() {
    let hub = Transformer::hub().graph();
    let dense = Transformer::checkpoint().graph();
    let separable = Transformer::browser_separable().graph();
    let tflite = Transformer::tflite().graph();
    let inception = Inception { bottleneck: None }.graph();
    let cases = [
        ("TF-Hub transformer", &hub, [512, 720], 158.615),
        ("TF-Hub transformer", &hub, [384, 384], 63.446),
        ("dense transformer", &dense, [512, 720], 56.694),
        ("dense transformer", &dense, [384, 384], 22.678),
        ("separable transformer", &separable, [512, 720], 13.124),
        ("separable transformer", &separable, [384, 384], 5.249),
        ("TFLite transformer", &tflite, [512, 720], 4.618),
        ("TFLite transformer", &tflite, [384, 384], 1.847),
        ("Inception", &inception, [256, 256], 3.257),
        ("Inception", &inception, [512, 720], 20.601),
        ("MobileNet", &mobilenet(), [256, 256], 0.391),
        ("MobileNet", &mobilenet(), [512, 720], 2.213),
    ];
    let mut wrong = Vec::new();
    for (name, graph, [height, width], expected) in cases {
        let found = graph.cost([width, height]).unwrap().multiply_accumulates as f64 / 1e9;
        if format!("{found:.3}") != format!("{expected:.3}") {
            wrong.push(format!("{name} at {height}×{width}: {found:.4}, expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Trainable parameters of the published networks.
#[test]
fn parameters_are_those_of_the_published_networks() {
    let count = |graph: Graph| graph.cost([64, 64]).unwrap().parameters;
    assert_eq!(count(Inception { bottleneck: None }.graph()) + count(Transformer::hub().graph()), 23_100_870);
    assert_eq!(count(Inception { bottleneck: Some(100) }.graph()) + count(Transformer::checkpoint().graph()), 11_005_826);
    assert_eq!(count(Transformer::browser_separable().graph()), 569_182);
    assert_eq!(count(Transformer::tflite().graph()), 177_718);
}

#[test]
fn outputs_are_multiples_of_four_and_vectors() {
    let size = |graph: &Graph, height, width| {
        let shape = *graph.shapes([width, height]).unwrap().last().unwrap();
        [shape.height, shape.width, shape.channels]
    };
    for border in [Border::Reflect, Border::Zero] {
        let graph = Transformer { border, ..Transformer::checkpoint() }.graph();
        assert_eq!(size(&graph, 67, 93), [68, 96, 3]);
        assert_eq!(size(&graph, 5, 6), [8, 8, 3]);
        assert_eq!(size(&graph, 512, 720), [512, 720, 3]);
    }
    assert_eq!(size(&Inception { bottleneck: None }.graph(), 43, 99), [1, 1, 768]);
    assert_eq!(size(&mobilenet(), 33, 1), [1, 1, 100]);
}

#[test]
fn pictures_that_are_too_small_or_too_large_are_refused_with_a_reason() {
    let reflect = Transformer::checkpoint().graph();
    let zero = Transformer { border: Border::Zero, ..Transformer::checkpoint() }.graph();
    let inception = Inception { bottleneck: None }.graph();
    let cases = [
        (&reflect, [4, 8], ErrorKind::InvalidArgument, "\"contract/conv1\" mirrors 4 pixels"),
        (&reflect, [0, 8], ErrorKind::InvalidArgument, "empty"),
        (&inception, [42, 300], ErrorKind::InvalidArgument, "a picture of 300×42 pixels"),
        (&zero, [1 << 40, 1 << 40], ErrorKind::TooLarge, "too large"),
        (&zero, [usize::MAX, 1], ErrorKind::TooLarge, "too large"),
    ];
    for (graph, [height, width], kind, text) in cases {
        let error = graph.shapes([width, height]).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
    assert!(reflect.shapes([5, 5]).is_ok() && inception.shapes([43, 43]).is_ok() && zero.shapes([3, 1]).is_ok());
}

#[test]
fn windows_lie_as_tensorflow_lays_them() {
    let window = |before, after, output| Some(Window { before, after, output });
    assert_eq!(Padding::Same.window(8, 3, 2), window(0, 1, 4));
    assert_eq!(Padding::Same.window(7, 3, 2), window(1, 1, 4));
    assert_eq!(Padding::Same.window(1, 3, 2), window(1, 1, 1));
    assert_eq!(Padding::Same.window(5, 1, 1), window(0, 0, 5));
    assert_eq!(Padding::Valid.window(7, 3, 2), window(0, 0, 3));
    assert_eq!(Padding::Valid.window(2, 3, 2), None);
    assert_eq!(Padding::Zero(4).window(1, 9, 1), window(4, 4, 1));
    assert_eq!(Padding::Reflect(4).window(4, 9, 1), None);
    assert_eq!(Padding::Reflect(4).window(5, 9, 1), window(4, 4, 5));
    assert_eq!(Padding::Zero(usize::MAX).window(5, 3, 1), None);
    assert_eq!(Padding::Same.window(5, 3, 0), None);
}

#[test]
fn graphs_that_contradict_themselves_are_refused() {
    let mut lonely = Graph::new(3, 0);
    let input = lonely.input();
    lonely.push("sum", Op::Add, &[input]);
    assert!(lonely.channels().unwrap_err().to_string().contains("has 1 inputs"));

    let mut uneven = Graph::new(3, 0);
    let input = uneven.input();
    let pool = Pool { kind: PoolKind::Max, kernel: 2, stride: 2, padding: Padding::Valid };
    let pooled = uneven.push("pool", Op::Pool(pool), &[input]);
    uneven.push("sum", Op::Add, &[input, pooled]);
    let error = uneven.shapes([8, 8]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("\"sum\" joins 8×8 with 4×4"), "{error}");
}

#[test]
fn the_table_lists_every_node_and_the_sums() {
    let graph = Transformer::tflite().graph();
    let table = graph.table([384, 384]).unwrap();
    assert_eq!(table.rows.len(), graph.nodes().len());
    assert_eq!(table.total, graph.cost([384, 384]).unwrap());
    let conv = table.rows.iter().find(|row| row.name == "contract/conv2").unwrap();
    assert_eq!((conv.op.as_str(), conv.shape.to_string().as_str()), ("conv 3×3 /2 reflect", "192×192×16"));
    assert_eq!(conv.cost.multiply_accumulates, 192 * 192 * 3 * 3 * 8 * 16);
    assert_eq!(conv.cost.parameters, 3 * 3 * 8 * 16 + 16);
    let text = table.to_string();
    assert_eq!(text.lines().count(), graph.nodes().len() + 2);
    assert!(text.lines().last().unwrap().contains(&table.total.multiply_accumulates.to_string()), "{text}");
}

/// Returns a transformer without its instance norms, because these read the whole picture. Random weights make every
/// reachable change visible.
fn local(full: &Graph) -> Graph {
    let mut graph = Graph::new(3, 0);
    // Dropped nodes are replaced by their inputs.
    let mut place = vec![graph.input()];
    for node in &full.nodes()[1..] {
        let inputs: Vec<_> = node
            .inputs
            .iter()
            .map(|id| place[full.nodes().iter().position(|n| std::ptr::eq(n, full.node(*id))).unwrap()])
            .collect();
        place.push(match &node.op {
            Op::InstanceNorm(_) | Op::Activation(_) => inputs[0],
            op => graph.push(&node.name, op.clone(), &inputs),
        });
    }
    graph
}

/// Changes one pixel at a time, and checks how far away the output changes: never farther than the halo, and somewhere
/// exactly as far.
#[test]
fn the_halo_is_how_far_a_changed_pixel_is_seen() {
    let deep = Some(native::Deep { channels: 2, blocks: 1 });
    for (full, period) in [
        (Transformer { widths: [2, 2, 2], blocks: 1, border: Border::Zero, ..Transformer::checkpoint() }.graph(), 4),
        (Transformer { widths: [2, 2, 2], blocks: 2, ..Transformer::browser_separable() }.graph(), 4),
        (native::Transformer { widths: [2, 2, 2], blocks: 1, deep, ..native::Transformer::shipped() }.graph(), 8),
    ] {
        let graph = local(&full);
        let halo = graph.halo().unwrap() as i64;
        let weights = synthetic::weights(&graph);
        let (height, width) = (160, 168);
        let picture = synthetic::picture("halo", height, width);
        let before = reference::run(&graph, &weights, &picture, &[]).unwrap();
        let mut farthest = 0;
        // Every position within a pixel of the largest stride, along one axis or the other.
        for (y, x) in (0..period).map(|i| (80 + i, 80 + i * 3 % period)) {
            let mut data = picture.data().to_vec();
            data[(y * width + x) * 3] += 1.0;
            let after = reference::run(&graph, &weights, &Tensor::new([height, width, 3], data).unwrap(), &[]).unwrap();
            for (i, (a, b)) in before.data().iter().zip(after.data()).enumerate() {
                if a != b {
                    let (at_y, at_x) = ((i / 3 / width) as i64, (i / 3 % width) as i64);
                    let distance = (at_y - y as i64).abs().max((at_x - x as i64).abs());
                    farthest = farthest.max(distance);
                }
            }
        }
        assert_eq!(farthest, halo, "{:?}", full.node(full.output()));
    }
}

#[test]
fn known_halos() {
    let halo = |graph: Graph| graph.halo().unwrap();
    assert_eq!(halo(Transformer::checkpoint().graph()), 57);
    // Fifteen more blocks of two convolutions, each of which reads one pixel (four input pixels) further.
    assert_eq!(halo(Transformer::hub().graph()), halo(Transformer::checkpoint().graph()) + 15 * 8);
    assert_eq!(halo(Transformer::browser_separable().graph()), halo(Transformer::checkpoint().graph()));
    // A branch at stride 8 reads farther than four blocks at stride 4.
    let shipped = native::Transformer::shipped();
    let deep = Some(native::Deep { channels: 8, blocks: 2 });
    assert_eq!([halo(shipped.graph()), halo(native::Transformer { deep, ..shipped }.graph())], [51, 103]);
    assert_eq!(mobilenet().halo(), None);
}
