//! A short run on drawn pictures: the loss falls, and an interrupted run continues as if nothing had happened.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use burn::tensor::Device;
#[cfg(any(feature = "cuda", feature = "wgpu"))]
use impasto::picture::Limits;
use impasto::picture::SaveOptions;
use impasto::{Perceptual, Picture, Stylizer};
use impasto_draw::{content, styles};
use impasto_train::distil::{self, Distiller};
use impasto_train::recipe::{self, Kind, Recipe};
use impasto_train::run::Options;
use impasto_train::trainer::Trainer;

/// The folder of shared test material, if there is one.
fn shared() -> Option<PathBuf> {
    let path = std::env::var_os("IMPASTO_SHARED").map(PathBuf::from);
    let path = path.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let found = path.join("models/vgg19/model.json").is_file();
    if !found {
        let _ = writeln!(std::io::stderr(), "skipped: no perceptual networks in {}", path.display());
    }
    found.then_some(path)
}

fn draw(folder: &Path, name: &str, canvas: &impasto_draw::Canvas) {
    let picture = Picture::from_rgb_f32([canvas.width, canvas.height], canvas.rgb.clone()).unwrap();
    picture.save(folder.join(name), &SaveOptions::default()).unwrap();
}

fn recipe(folder: &Path, shared: &Path, steps: usize) -> Recipe {
    let text = format!(
        r#"
seed = 3
family = "test"
transformer = "impasto-transformer widths=8,12,16 blocks=1 kernel=3 resample=5 skips=yes deep=16,1 style=8 thumbnail=48"
predictor = "impasto-predictor widths=8,8,16,16 vector=8"
[data]
content = [{{ folder = "content", share = 1.0 }}]
style = [{{ folder = "style", starting = ["0", "1", "2"], share = 1.0 }}, {{ folder = "style", share = 2.0 }}]
held_out = 3
[perception]
vgg = "{vgg}"
narrow = "{narrow}"
[train]
steps = {steps}
batch = 2
crop = 48
style_crop = 48
thumbnails = 0.5
thumbnail = 48
bank = 3
rate = 0.005
deep_rate = 2.0
warm_up = 3
clip = 1.0
average = 0.9
[loss]
content = 0.2
gram = 2.0
moments = 2.0
variation = 0.05
"#,
        vgg = shared.join("models/vgg19").display(),
        narrow = shared.join("models/vgg19-16x/encoder_relu5_1.pth").display(),
    );
    let path = folder.join("recipe.toml");
    std::fs::write(&path, text).unwrap();
    Recipe::open(&path).unwrap()
}

fn options(folder: PathBuf) -> Options {
    Options { folder, every: Duration::from_secs(3600), limit: None, start: None }
}

/// Pictures to train on.
fn pictures() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (i, name) in ["content", "style"].into_iter().enumerate() {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        for seed in 0..7 {
            let canvas =
                if i == 0 { content::landscape(80, 64, seed) } else { (styles::ALL[seed as usize * 4].draw)(64, 64, seed) };
            draw(&folder.path().join(name), &format!("{seed}.png"), &canvas);
        }
    }
    folder
}

/// The values of a term in the log. Each line is the mean of 50 steps.
fn logged(folder: &Path, term: &str) -> Vec<f64> {
    let log = std::fs::read_to_string(folder.join("log.jsonl")).unwrap();
    log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()[term].as_f64().unwrap()).collect()
}

#[test]
#[cfg(any(feature = "cuda", feature = "wgpu"))]
fn a_gpu_learns_as_the_processor_does() {
    let Some(shared) = shared() else { return };
    let folder = pictures();
    let devices = [
        ("cpu", Device::flex()),
        #[cfg(feature = "cuda")]
        ("cuda", Device::cuda(0)),
        #[cfg(feature = "wgpu")]
        ("wgpu", Device::wgpu(Default::default())),
    ];
    let paint = |model: &Path| {
        let picture = Picture::open(folder.path().join("content/0.png"), &Limits::default()).unwrap();
        let stylizer = Stylizer::open(model).unwrap();
        let painted = stylizer.stylize(&picture, &stylizer.style(&picture).unwrap()).unwrap();
        painted.into_rgb()
    };
    let apart = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32;
    let painted = devices.map(|(name, device)| {
        let out = folder.path().join(name);
        // Few steps, because software Vulkan is slow, and later steps only accumulate the rounding of the first.
        Trainer::open(recipe(folder.path(), &shared, 3), options(out.clone()), device).unwrap().run().unwrap();
        paint(&out.join("model.safetensors"))
    });
    Trainer::open(recipe(folder.path(), &shared, 1), options(folder.path().join("less")), Device::flex()).unwrap().run().unwrap();
    let less = apart(&painted[0], &paint(&folder.path().join("less/model.safetensors")));
    for gpu in &painted[1..] {
        let difference = apart(&painted[0], gpu);
        assert!(difference < 0.1 * less, "{difference} from the processor's; two steps change {less}");
    }
}

#[test]
fn it_learns_and_goes_on_where_it_was() {
    let Some(shared) = shared() else { return };
    let folder = pictures();
    let run = |steps: usize, out: &str| {
        let recipe = recipe(folder.path(), &shared, steps);
        Trainer::open(recipe, options(folder.path().join(out)), Device::flex()).unwrap().run().unwrap();
        std::fs::read(folder.path().join(out).join("model.safetensors")).unwrap()
    };
    let whole = run(100, "whole");
    let gram = logged(&folder.path().join("whole"), "gram");
    assert_eq!(gram.len(), 2);
    assert!(gram[1] < gram[0], "style is no closer after 100 steps than after 50: {gram:?}");

    // The rate depends on the recipe's length, so the interrupted run is limited by time, not by steps.
    let recipe_whole = recipe(folder.path(), &shared, 100);
    for limit in [Some(Duration::from_millis(400)), None] {
        let options = Options { limit, ..options(folder.path().join("parts")) };
        Trainer::open(recipe_whole.clone(), options, Device::flex()).unwrap().run().unwrap();
    }
    let parts = std::fs::read(folder.path().join("parts/model.safetensors")).unwrap();
    assert!(parts == whole, "an interrupted run gives another model");

    // The product reads the model that was written.
    let stylizer = Stylizer::open(folder.path().join("whole/model.safetensors")).unwrap();
    let picture = Picture::from_rgb8([30, 20], &[90; 30 * 20 * 3]).unwrap();
    let painted = stylizer.stylize(&picture, &stylizer.style(&picture).unwrap()).unwrap();
    assert_eq!((painted.width(), painted.height()), (30, 20));
    assert!(
        std::fs::read_dir(folder.path().join("whole")).unwrap().any(|e| e
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with("sheet-"))
    );
}

#[test]
fn a_perceptual_network_learns_and_goes_on_where_it_was() {
    let Some(shared) = shared() else { return };
    let folder = pictures();
    let text = format!(
        r#"
seed = 3
perceptual = "vgg 1x8 1x12 2x16 1x16 1x16"
[data]
content = [{{ folder = "content", share = 1.0 }}]
style = [{{ folder = "style", share = 1.0 }}]
held_out = 3
[perception]
vgg = "{vgg}"
narrow = "{narrow}"
[train]
steps = 100
batch = 2
crop = 48
rate = 0.005
warm_up = 3
clip = 1.0
average = 0.9
noise = 0.2
[loss]
features = 1.0
gram = 0.5
distances = 1.0
"#,
        vgg = shared.join("models/vgg19").display(),
        narrow = shared.join("models/vgg19-16x/encoder_relu5_1.pth").display(),
    );
    let path = folder.path().join("perceptual.toml");
    std::fs::write(&path, text).unwrap();
    assert_eq!(recipe::kind(&path).unwrap(), Kind::Perceptual);
    let run = |out: &str, limit| {
        let options = Options { limit, ..options(folder.path().join(out)) };
        Distiller::open(distil::Recipe::open(&path).unwrap(), options, Device::flex()).unwrap().run().unwrap();
        std::fs::read(folder.path().join(out).join("perceptual.safetensors")).unwrap()
    };
    let whole = run("whole", None);
    let explained = logged(&folder.path().join("whole"), "explained relu1_1");
    assert!(explained.len() == 2 && explained[1] > explained[0], "{explained:?}");
    run("parts", Some(Duration::from_millis(400)));
    assert!(run("parts", None) == whole, "an interrupted run gives another network");
    let network = Perceptual::open(folder.path().join("whole/perceptual.safetensors")).unwrap();
    assert_eq!(network.layers().last(), Some(&"relu5_1"));
}

#[test]
fn bad_recipes_are_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.toml");
    for (text, expected) in
        [("", "missing field"), ("seed = \"x\"", "invalid type"), ("seed = 1\nnonsense = 2", "unknown field"), ("]", "bad.toml")]
    {
        std::fs::write(&path, text).unwrap();
        let error = Recipe::open(&path).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("bad.toml") && !error.contains('\n'), "{text:?}: {error}");
    }
    let error = Recipe::open(&folder.path().join("absent.toml")).unwrap_err().to_string();
    assert!(error.contains("absent.toml"), "{error}");
}
