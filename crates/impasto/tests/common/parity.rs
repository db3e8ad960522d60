//! A table of networks with inputs and the outputs that a framework computed for them. Any executor can be tested with
//! it.

use std::sync::Arc;
use std::time::Instant;

use impasto::Result;
use impasto::graph::Graph;
use impasto::networks::inception::Inception;
use impasto::networks::magenta::{Border, Transformer};
use impasto::networks::mobilenet::MobileNet;
use impasto::networks::{FixedNorm, Model, Network, Part};
use impasto::weights::{Limits, Tensor, Weights, load};

use super::files::{Fixture, npy, tap_weights};
use super::{shared, synthetic};

/// One network run on one input.
pub struct Case {
    /// Its name in reports.
    pub name: String,
    /// The network.
    pub graph: Graph,
    /// Its weights.
    pub weights: Arc<Weights>,
    /// The style vector.
    pub style: Style,
    /// The picture, `[height, width, 3]`.
    pub input: Tensor,
    /// The framework's output.
    pub expected: Tensor,
    /// The greatest absolute difference that passes.
    pub tolerance: f32,
    /// The values between which the framework's quantized output saturates.
    pub range: Option<[f32; 2]>,
}

/// Where a case's style vector comes from.
pub enum Style {
    /// It is stored; empty for predictors.
    Vector(Vec<f32>),
    /// The framework ran predictor and transformer as one network, and so does the executor.
    Picture {
        /// The style predictor.
        graph: Graph,
        /// Its weights.
        weights: Arc<Weights>,
        /// The style picture.
        picture: Tensor,
    },
}

/// Runs a graph on a picture with a style vector.
pub type Executor<'a> = &'a dyn Fn(&Graph, &Weights, &Tensor, &[f32]) -> Result<Tensor>;

/// Tolerance for everything except the network of 20 residual blocks and the int8 interpreter's vectors.
///
/// The greatest differences measured with the reference executor are far below it: 6.4e-6 for the pictures of 20
/// blocks, 4.5e-6 of 5 blocks, 1.1e-5 for features (which exceed 0..1), 1.7e-5 for the TFLite picture of 384×384,
/// 1.5e-6 for Inception's vectors, 5.5e-5 for MobileNet's (values up to 11; the framework itself differs by 8e-5 from a
/// float64 run).
const TIGHT: f32 = 1e-4;

/// Tolerance for the vectors of the int8 interpreter, which computes every layer in 8 bits. Differences of 0.027 to
/// 0.029 were measured where it does not saturate.
const QUANTISED: f32 = 0.04;

/// The range of the int8 interpreter's output: (-128 + 25) and (127 + 25) times its scale.
const INT8_RANGE: [f32; 2] = [-103.0 * 0.019_878_9, 152.0 * 0.019_878_9];

/// The cases in the repository: TensorFlow's outputs for synthetic weights.
pub fn committed_cases() -> Vec<Case> {
    let hub = hub(&Fixture::committed("hub_module_synthetic"));
    let transformer = browser_transformer(&Fixture::committed("tfjs_transformer_synthetic"));
    let predictor = browser_predictor("browser port, MobileNet", &mobilenet(), &Fixture::committed("tfjs_mobilenet_synthetic"));
    [hub, transformer, predictor].into_iter().flatten().collect()
}

/// All cases. If the shared arrays are missing, prints a message and returns only those in the repository.
pub fn cases() -> Vec<Case> {
    if shared("fixtures").is_none() {
        return committed_cases();
    }
    let open = |name: &str, cases: &dyn Fn(&Fixture) -> Vec<Case>| Fixture::open(name).map(|fixture| cases(&fixture));
    let groups = [
        open("hub_module_synthetic", &hub),
        open("tfjs_transformer_synthetic", &browser_transformer),
        open("tfjs_inception_synthetic", &|fixture| browser_predictor("browser port, Inception", &inception(), fixture)),
        open("tfjs_mobilenet_synthetic", &|fixture| browser_predictor("browser port, MobileNet", &mobilenet(), fixture)),
        taps(),
        real_separable(),
        real_tflite(),
    ];
    groups.into_iter().flatten().flatten().collect()
}

/// Runs every case and reports every failure.
///
/// # Panics
/// If a case fails, or if there are no cases.
pub fn check(cases: &[Case], executor: Executor<'_>) {
    assert!(!cases.is_empty(), "a table without cases passes whatever it is given");
    let mut failures = Vec::new();
    for case in cases {
        let start = Instant::now();
        let verdict = verdict(case, executor);
        println!("{:50} {verdict:?} (tolerance {}) in {:.2?}", case.name, case.tolerance, start.elapsed());
        match verdict {
            Ok(error) if error <= case.tolerance => {}
            Ok(error) => failures.push(format!("{}: off by {error}, tolerance {}", case.name, case.tolerance)),
            Err(why) => failures.push(format!("{}: {why}", case.name)),
        }
    }
    assert!(failures.is_empty(), "{} of {} cases failed:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn verdict(case: &Case, executor: Executor<'_>) -> Result<f32, String> {
    let style = match &case.style {
        Style::Vector(vector) => vector.clone(),
        Style::Picture { graph, weights, picture } => {
            executor(graph, weights, picture, &[]).map_err(|e| e.to_string())?.into_data()
        }
    };
    let output = executor(&case.graph, &case.weights, &case.input, &style).map_err(|e| e.to_string())?;
    if output.shape() != case.expected.shape() {
        return Err(format!("shape {:?}, expected {:?}", output.shape(), case.expected.shape()));
    }
    // A comparison that fails for NaN.
    let [low, high] = case.range.unwrap_or([f32::NEG_INFINITY, f32::INFINITY]);
    let pairs = output.data().iter().map(|v| v.clamp(low, high)).zip(case.expected.data());
    Ok(pairs
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |worst: f32, error| if worst.is_nan() || error <= worst { worst } else { error }))
}

/// The graph up to and including the node with this name.
pub fn prefix(graph: &Graph, last: &str) -> Graph {
    let nodes = graph.nodes();
    let end = nodes.iter().position(|node| node.name == last).unwrap_or_else(|| panic!("no node {last}"));
    let mut short = Graph::new(3, graph.style_len);
    for node in &nodes[1..=end] {
        short.push(&node.name, node.op.clone(), &node.inputs);
    }
    short
}

fn hub(fixture: &Fixture) -> Vec<Case> {
    let predictor = Inception { bottleneck: None }.graph();
    let graph = Transformer::hub().graph();
    let of_predictor = Arc::new(synthetic::weights(&predictor));
    let weights = Arc::new(synthetic::weights(&graph));
    let case = |number: String| Case {
        name: format!("TF-Hub module {number}"),
        graph: graph.clone(),
        weights: weights.clone(),
        style: Style::Picture {
            graph: predictor.clone(),
            weights: of_predictor.clone(),
            picture: fixture.tensor(&format!("{number}.style")),
        },
        input: fixture.tensor(&format!("{number}.content")),
        expected: fixture.tensor(&format!("{number}.output")),
        tolerance: 1e-3,
        range: None,
    };
    fixture.numbers().into_iter().map(case).collect()
}

fn browser_transformer(fixture: &Fixture) -> Vec<Case> {
    let graph = Transformer { border: Border::Zero, ..Transformer::checkpoint() }.graph();
    let weights = Arc::new(synthetic::weights(&graph));
    stylised("browser port, dense", fixture, &graph, &weights)
}

/// The cases of a stored `N.content`, `N.style_vector`, `N.output`.
fn stylised(name: &str, fixture: &Fixture, graph: &Graph, weights: &Arc<Weights>) -> Vec<Case> {
    let case = |number: String| Case {
        name: format!("{name} {number}"),
        graph: graph.clone(),
        weights: weights.clone(),
        style: Style::Vector(fixture.tensor(&format!("{number}.style_vector")).into_data()),
        input: fixture.tensor(&format!("{number}.content")),
        expected: fixture.tensor(&format!("{number}.output")),
        tolerance: TIGHT,
        range: None,
    };
    fixture.numbers().into_iter().map(case).collect()
}

fn inception() -> Graph {
    Inception { bottleneck: Some(100) }.graph()
}

fn mobilenet() -> Graph {
    MobileNet { vector_len: 100, norm: FixedNorm::Batch }.graph()
}

fn browser_predictor(name: &str, graph: &Graph, fixture: &Fixture) -> Vec<Case> {
    let weights = Arc::new(synthetic::weights(graph));
    let case = |number: String| Case {
        name: format!("{name} {number}"),
        graph: graph.clone(),
        weights: weights.clone(),
        style: Style::Vector(Vec::new()),
        input: fixture.tensor(&format!("{number}.style")),
        expected: fixture.tensor(&format!("{number}.style_vector")),
        tolerance: TIGHT,
        range: None,
    };
    fixture.numbers().into_iter().map(case).collect()
}

/// A quarter of the width, random weights, both borders, and intermediate features.
fn taps() -> Option<Vec<Case>> {
    let style = npy("bottleneck100")?.into_data();
    let mut cases = Vec::new();
    for (name, convolution) in
        [("full_a25", Transformer::checkpoint().convolution), ("sep_a25", Transformer::browser_separable().convolution)]
    {
        let weights = Arc::new(tap_weights(name)?);
        for (border, border_name) in [(Border::Reflect, "reflect"), (Border::Zero, "zero")] {
            let transformer = Transformer { widths: [8, 16, 32], convolution, border, ..Transformer::checkpoint() };
            let graph = transformer.graph();
            let case = |size: &str, file: &str, graph: Graph| {
                let name = format!("{name}_{border_name}_{size}_{file}");
                Some(Case {
                    graph,
                    weights: weights.clone(),
                    style: Style::Vector(style.clone()),
                    input: npy(&format!("content_{size}"))?,
                    expected: npy(&name)?,
                    tolerance: TIGHT,
                    range: None,
                    name,
                })
            };
            cases.push(case("64x48", "out", graph.clone())?);
            cases.push(case("67x93", "out", graph.clone())?);
            if border == Border::Reflect {
                for (file, node) in [
                    ("tap_contract_conv3", "contract/conv3/relu"),
                    ("tap_residual1", "residual/residual1"),
                    ("tap_residual5", "residual/residual5"),
                    ("tap_pre_sigmoid", "expand/conv3/conv/norm"),
                ] {
                    cases.push(case("67x93", file, prefix(&graph, node))?);
                }
            }
        }
    }
    Some(cases)
}

/// The network in a file with real weights, as a user's program reads and recognizes it.
fn real(path: &str) -> Option<Network> {
    let weights = load(&shared(path)?, &Limits::default()).unwrap().weights;
    let model = Model::assemble(vec![Part { file: path.into(), weights }]).unwrap();
    model.predictor.or(model.transformer)
}

/// One input and output of a network.
fn real_case(network: &Network, weights: &Arc<Weights>, name: &str, style: &[f32], input: Tensor, expected: Tensor) -> Case {
    Case {
        name: name.into(),
        graph: network.graph.clone(),
        weights: weights.clone(),
        style: Style::Vector(style.to_vec()),
        input,
        expected,
        tolerance: TIGHT,
        range: None,
    }
}

/// The browser port's separable transformer with its real weights.
fn real_separable() -> Option<Vec<Case>> {
    let network = real("models/magenta-tfjs/saved_model_transformer_separable_js")?;
    let weights = Arc::new(network.weights.clone());
    let fixture = Fixture::open("tfjs_transformer_separable")?;
    let mut cases = stylised("browser port, separable, real", &fixture, &network.graph, &weights);
    let style = npy("bottleneck100")?.into_data();
    for size in ["64x48", "67x93"] {
        let name = format!("sep_real_{size}_out");
        cases.push(real_case(&network, &weights, &name, &style, npy(&format!("content_{size}"))?, npy(&name)?));
    }
    Some(cases)
}

/// The TFLite pair with its real weights. Its interpreter computes the transformer in float, but the predictor in int8.
fn real_tflite() -> Option<Vec<Case>> {
    let transformer = real("models/magenta-tflite/style_transfer_f16_384.tflite")?;
    let weights = Arc::new(transformer.weights.clone());
    let whole = Fixture::open("tflite_real")?;
    let style = whole.tensor("style_vector_int8_interpreter").into_data();
    let (content, output) = (whole.tensor("content"), whole.tensor("output"));
    let mut cases = vec![real_case(&transformer, &weights, "tflite_real_transformer", &style, content, output)];
    let style = npy("bottleneck100")?.into_data();
    for size in ["64x48", "67x93"] {
        let name = format!("tflite_real_f16_{size}_out");
        cases.push(real_case(&transformer, &weights, &name, &style, npy(&format!("content_{size}"))?, npy(&name)?));
    }
    let predictor = real("models/magenta-tflite/style_predict_quantized_256.tflite")?;
    let weights = Arc::new(predictor.weights.clone());
    for picture in ["towers", "zigzag"] {
        let input = || npy(&format!("tflite_real_predict_{picture}256_input.u8"));
        let case = |kind: &str| {
            let name = format!("tflite_real_predict_{picture}256_{kind}");
            Some(real_case(&predictor, &weights, &name, &[], input()?, vector(npy(&name)?)))
        };
        cases.push(case("float")?);
        cases.push(quantised(case("int8")?));
    }
    let (style, expected) = (whole.tensor("style"), vector(whole.tensor("style_vector_int8_interpreter")));
    cases.push(quantised(real_case(&predictor, &weights, "tflite_real_predictor", &[], style, expected)));
    Some(cases)
}

/// The same case, with the int8 interpreter's vector as the expected output.
fn quantised(case: Case) -> Case {
    Case { tolerance: QUANTISED, range: Some(INT8_RANGE), ..case }
}

/// The form that a predictor returns: `[1, 1, length]`.
fn vector(tensor: Tensor) -> Tensor {
    Tensor::new([1, 1, tensor.data().len()], tensor.into_data()).unwrap()
}
