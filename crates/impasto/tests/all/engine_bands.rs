//! Norms frozen on one picture, and pictures painted in bands with these norms.

use std::sync::Arc;

use impasto::engine::{Bands, Engine, EngineOptions, Executor, Frozen, Program, Shares, reference};
use impasto::networks::magenta::{Border, Convolution, Transformer};
use impasto::networks::{Architecture, FixedNorm, Model, Network, mobilenet::MobileNet, native};
use impasto::weights::Tensor;
use impasto::{Control, ErrorKind, Result, Size};
use impasto_kernels::Isa;

/// Transformers with every kind of kernel: ours, narrow, as wide as shipped, anti-aliased, and with a branch at stride
/// 8, Magenta's with its 9×9 kernels, a separable one, zero borders.
fn transformers() -> Vec<Network> {
    let magenta = Transformer { widths: [8, 16, 32], blocks: 2, style_len: 7, ..Transformer::checkpoint() };
    let architectures = [
        Architecture::NativeTransformer(native::Transformer {
            widths: [5, 8, 12],
            blocks: 2,
            kernel: 5,
            resample: 3,
            skips: false,
            deep: None,
            style_len: 7,
            thumbnail: 64,
        }),
        Architecture::NativeTransformer(native::Transformer { style_len: 7, blocks: 1, ..native::Transformer::shipped() }),
        Architecture::Transformer(magenta.clone()),
        Architecture::Transformer(Transformer {
            convolution: Convolution::Separable,
            border: Border::Zero,
            blocks: 1,
            ..magenta
        }),
        Architecture::NativeTransformer(native::Transformer {
            widths: [5, 8, 12],
            blocks: 1,
            kernel: 5,
            resample: 5,
            skips: true,
            deep: None,
            style_len: 7,
            thumbnail: 64,
        }),
        Architecture::NativeTransformer(native::Transformer {
            deep: Some(native::Deep { channels: 24, blocks: 2 }),
            style_len: 7,
            blocks: 1,
            ..native::Transformer::shipped()
        }),
    ];
    let predictor = Architecture::MobileNet(MobileNet { vector_len: 7, norm: FixedNorm::Batch });
    let untrained = |transformer| Model::untrained(predictor.clone(), transformer, 3).unwrap().transformer.unwrap();
    architectures.into_iter().map(untrained).collect()
}

fn style() -> Vec<f32> {
    (0..7).map(|i| 0.4 - 0.1 * i as f32).collect()
}

fn picture(height: usize, width: usize) -> Vec<f32> {
    (0..height * width * 3).map(|i| (i as f32 * 0.37).sin() * 0.3 + (i as f32 * 0.0011).sin() * 0.2 + 0.5).collect()
}

fn compiled(network: &Network, isa: Isa) -> Program {
    Program::compile(&network.graph, network.weights.clone(), isa).unwrap()
}

/// Returns the whole result, and the number of rows in each call.
fn in_bands(
    program: &Program,
    engine: &Engine,
    frozen: &Frozen,
    (picture, size): (&[f32], Size),
    rows: usize,
) -> Result<(Vec<f32>, Vec<usize>)> {
    let bands = Bands::new(program, size, rows)?;
    let (mut next, mut out, mut heights) = (0, Vec::new(), Vec::new());
    let row = size.width * 3;
    program.paint_bands(
        engine,
        &bands,
        frozen,
        (
            &mut |rows, target| {
                assert_eq!(rows.start, next, "rows of the picture are asked for once, in order");
                next = rows.end;
                target.copy_from_slice(&picture[rows.start * row..rows.end * row]);
                Ok(())
            },
            &mut |rows, values| {
                heights.push(rows.len());
                out.extend_from_slice(values);
                Ok(())
            },
        ),
        &(),
    )?;
    Ok((out, heights))
}

#[test]
fn frozen_on_the_picture_itself_changes_nothing() {
    for network in transformers() {
        for isa in Isa::available() {
            let engine = Engine::new(EngineOptions::default().threads(2).isa(isa)).unwrap();
            let program = compiled(&network, isa);
            let conditioning = program.condition(&style()).unwrap();
            let values = picture(43, 37);
            let view = (&values[..], Size::new(37, 43));
            let whole = program.run(&engine, view, &conditioning, &()).unwrap();
            let frozen = program.measure(&engine, view, &conditioning, &()).unwrap();
            assert_eq!(program.paint(&engine, view, &frozen, &()).unwrap(), whole, "{isa}: {}", network.architecture);
        }
    }
}

#[test]
fn frozen_on_a_thumbnail_agrees_with_the_reference() {
    for network in transformers() {
        let (small, large) = (picture(21, 17), picture(64, 51));
        let tensor = |values: &[f32], height: usize, width: usize| Tensor::new([height, width, 3], values.to_vec()).unwrap();
        let norms = reference::measure(&network.graph, &network.weights, &tensor(&small, 21, 17), &style()).unwrap();
        let expected = reference::paint(&network.graph, &network.weights, &tensor(&large, 64, 51), &norms).unwrap();
        let own = reference::run(&network.graph, &network.weights, &tensor(&large, 64, 51), &style()).unwrap();
        assert_ne!(own.data(), expected.data(), "the statistics make no difference");
        for isa in Isa::available() {
            let engine = Engine::new(EngineOptions::default().threads(2).isa(isa)).unwrap();
            let program = compiled(&network, isa);
            let conditioning = program.condition(&style()).unwrap();
            let frozen = program.measure(&engine, (&small, [17, 21]), &conditioning, &()).unwrap();
            let (found, _) = program.paint(&engine, (&large, [51, 64]), &frozen, &()).unwrap();
            let error = found.iter().zip(expected.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error < 1e-4, "{isa}: {} is off by {error}", network.architecture);
        }
    }
}

/// Three styles.
fn styles() -> [Vec<f32>; 3] {
    [style(), style().iter().map(|z| 0.3 - z).collect(), style().iter().map(|z| z * z - 0.2).collect()]
}

/// A share for each of [`styles`]: the first is on the left, the second on the right, the third a little everywhere.
fn shares() -> Arc<Shares> {
    let place = |i: usize| [(i % 9) as f32, 8.0 - (i % 9) as f32, 1.0 + (i / 9) as f32 * 0.3];
    Arc::new(Shares::new([9, 7], 3, (0..63).flat_map(place).collect()).unwrap())
}

/// Combines the three styles by their shares, each with its own statistics of a picture.
fn shared(program: &Program, engine: &Engine, view: (&[f32], Size), shares: Arc<Shares>) -> Frozen {
    let own = |style: &Vec<f32>| program.measure(engine, view, &program.condition(style).unwrap(), &()).unwrap();
    Frozen::shared(styles().iter().map(own).collect(), shares).unwrap()
}

#[test]
fn styles_that_share_a_picture_agree_with_the_reference() {
    for network in transformers() {
        let values = picture(64, 51);
        let view = (&values[..], Size::new(51, 64));
        let paint = |executor: Executor, shares: Arc<Shares>| {
            let engine = Engine::new(EngineOptions::default().threads(2).executor(executor)).unwrap();
            let program = Program::compile(&network.graph, network.weights.clone(), executor).unwrap();
            program.paint(&engine, view, &shared(&program, &engine, view, shares), &()).unwrap().0
        };
        let expected = paint(Executor::Reference, shares());
        let alone = paint(Executor::Reference, Arc::new(Shares::new([1, 1], 3, vec![1.0, 0.0, 0.0]).unwrap()));
        assert_ne!(alone, expected, "the other styles make no difference");
        for isa in Isa::available() {
            let found = paint(isa.into(), shares());
            let error = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error < 1e-4, "{isa}: {} is off by {error}", network.architecture);
        }
    }
}

#[test]
fn where_one_style_has_all_it_is_alone() {
    for network in transformers() {
        for isa in Isa::available() {
            let engine = Engine::new(EngineOptions::default().threads(2).isa(isa)).unwrap();
            let program = compiled(&network, isa);
            let values = picture(40, 44);
            let view = (&values[..], Size::new(44, 40));
            for (i, style) in styles().iter().enumerate() {
                let weights = (0..3).map(|j| f32::from(u8::from(i == j))).collect();
                let all = shared(&program, &engine, view, Arc::new(Shares::new([1, 1], 3, weights).unwrap()));
                let alone = program.run(&engine, view, &program.condition(style).unwrap(), &()).unwrap();
                assert_eq!(program.paint(&engine, view, &all, &()).unwrap(), alone, "{isa}: {}", network.architecture);
            }
        }
    }
    let network = &transformers()[0];
    let engine = Engine::new(EngineOptions::default().threads(1)).unwrap();
    let program = compiled(network, Isa::best());
    let values = picture(40, 44);
    let one = program.measure(&engine, (&values, [44, 40]), &program.condition(&style()).unwrap(), &()).unwrap();
    assert_eq!(Frozen::shared(vec![one.clone(), one], shares()).unwrap_err().kind(), ErrorKind::Mismatch);
}

#[test]
fn bands_are_the_same_bytes_as_the_whole() {
    let mut count = 0;
    for network in transformers() {
        for isa in Isa::available() {
            let program = compiled(&network, isa);
            let engines = [1, 2, 3, 8].map(|n| Engine::new(EngineOptions::default().threads(n).isa(isa)).unwrap());
            let small = picture(21, 17);
            let view = (&small[..], Size::new(17, 21));
            let alone = program.measure(&engines[1], view, &program.condition(&style()).unwrap(), &()).unwrap();
            let frozen = [alone, shared(&program, &engines[1], view, shares())];
            for (i, (height, width)) in
                [(5, 5), (7, 64), (16, 33), (61, 19), (67, 93), (130, 47), (257, 21)].into_iter().enumerate()
            {
                // A branch at stride 8 needs at least 9 pixels.
                if network.graph.shapes([width, height]).is_err() {
                    continue;
                }
                let (values, frozen) = (picture(height, width), &frozen[i % 2]);
                let view = (&values[..], Size::new(width, height));
                let (whole, _) = program.paint(&engines[0], view, frozen, &()).unwrap();
                for (j, rows) in [1, 4, 7, 16, 50, 1000].into_iter().enumerate() {
                    let engine = &engines[(i + j) % engines.len()];
                    let (found, heights) = in_bands(&program, engine, frozen, view, rows).unwrap();
                    let same = found.len() == whole.len() && found.iter().zip(&whole).all(|(a, b)| a.to_bits() == b.to_bits());
                    assert!(same, "{isa}: {}, {height}×{width} in bands of {rows}", network.architecture);
                    // The bands are about as high as requested: whole tiles of a kernel.
                    assert!(heights.iter().all(|&n| n <= rows.next_multiple_of(24)), "{heights:?} for bands of {rows}");
                    count += 1;
                }
            }
        }
    }
    assert!(count >= (5 * 7 + 5) * 6);
}

#[test]
fn memory_grows_with_the_width_and_is_what_was_planned() {
    let network = &transformers()[1];
    let program = compiled(network, Isa::best());
    let memory = |height, width, rows| Bands::new(&program, [width, height], rows).unwrap().memory(2);
    assert_eq!(memory(400, 100, 16), memory(4000, 100, 16), "the height costs nothing");
    assert!(memory(400, 200, 16) > memory(400, 100, 16));
    assert!(memory(400, 100, 64) > memory(400, 100, 16));
    // The highest bands that fit, or the lowest if none do.
    for bytes in [0, memory(4000, 300, 16), memory(4000, 300, 64), u64::MAX] {
        let bands = Bands::within(&program, [300, 4000], 2, bytes).unwrap();
        assert!(bands.memory(2) <= bytes || bands.rows() == 16, "{} of {bytes} bytes", bands.memory(2));
    }
    let rows = |bytes| Bands::within(&program, [300, 4000], 2, bytes).unwrap().rows();
    assert_eq!([rows(memory(4000, 300, 16)), rows(memory(4000, 300, 64))], [16, 64]);
}

#[test]
fn bands_can_be_cancelled_and_fail_as_their_ends_do() {
    struct Never;
    impl Control for Never {
        fn cancelled(&self) -> bool {
            true
        }
    }
    let network = &transformers()[0];
    let engine = Engine::new(EngineOptions::default().threads(1)).unwrap();
    let program = compiled(network, engine.isa());
    let values = picture(40, 40);
    let frozen = program.measure(&engine, (&values, [40, 40]), &program.condition(&style()).unwrap(), &()).unwrap();
    let bands = Bands::new(&program, [40, 400], 16).unwrap();
    let ends = || impasto::picture::Format::from_path("nothing.xyz").map(|_| ());
    let cancelled = program.paint_bands(&engine, &bands, &frozen, (&mut |_, _| Ok(()), &mut |_, _| Ok(())), &Never);
    assert_eq!(cancelled.unwrap_err().kind(), ErrorKind::Cancelled);
    let unread = program.paint_bands(&engine, &bands, &frozen, (&mut |_, _| ends(), &mut |_, _| Ok(())), &());
    assert_eq!(unread.unwrap_err().kind(), ErrorKind::InvalidArgument);
    let unwritten = program.paint_bands(&engine, &bands, &frozen, (&mut |_, _| Ok(()), &mut |_, _| ends()), &());
    assert_eq!(unwritten.unwrap_err().kind(), ErrorKind::InvalidArgument);
    // A network that reads the whole picture cannot be cut.
    let predictor = native::Predictor { widths: [3, 8, 9, 16], vector_len: 7 };
    let transformer = native::Transformer { style_len: 7, ..native::Transformer::shipped() };
    let model =
        Model::untrained(Architecture::NativePredictor(predictor), Architecture::NativeTransformer(transformer), 3).unwrap();
    let program = compiled(model.predictor.as_ref().unwrap(), engine.isa());
    assert_eq!(Bands::new(&program, [64, 64], 16).err().map(|e| e.kind()), Some(ErrorKind::Unsupported));
}
