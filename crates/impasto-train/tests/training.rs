//! A short run on drawn pictures: the loss falls, and a run that was interrupted goes on as if it had not been.

use std::path::{Path, PathBuf};
use std::time::Duration;

use burn::tensor::Device;
use impasto::picture::SaveOptions;
use impasto::{Picture, Stylizer};
use impasto_draw::{content, styles};
use impasto_train::recipe::Recipe;
use impasto_train::trainer::{Options, Trainer};

/// The folder of shared test material, where there is one.
fn shared() -> Option<PathBuf> {
    let path = std::env::var_os("IMPASTO_SHARED").map(PathBuf::from);
    let path = path.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let found = path.join("models/vgg19/model.json").is_file();
    if !found {
        println!("skipped: no perceptual networks in {}", path.display());
    }
    found.then_some(path)
}

fn draw(folder: &Path, name: &str, canvas: &impasto_draw::Canvas) {
    let picture = Picture::from_rgb_f32(canvas.width, canvas.height, canvas.rgb.clone()).unwrap();
    picture.save(folder.join(name), &SaveOptions::default()).unwrap();
}

fn recipe(folder: &Path, shared: &Path, steps: usize) -> Recipe {
    let text = format!(
        r#"
seed = 3
family = "test"
transformer = "impasto-transformer widths=8,12,16 blocks=1 kernel=3 style=8 thumbnail=48"
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

#[test]
fn it_learns_and_goes_on_where_it_was() {
    let Some(shared) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (i, name) in ["content", "style"].into_iter().enumerate() {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        for seed in 0..7 {
            let canvas =
                if i == 0 { content::landscape(80, 64, seed) } else { (styles::ALL[seed as usize * 4].draw)(64, 64, seed) };
            draw(&folder.path().join(name), &format!("{seed}.png"), &canvas);
        }
    }
    let run = |steps: usize, out: &str| {
        let recipe = recipe(folder.path(), &shared, steps);
        Trainer::open(recipe, options(folder.path().join(out)), Device::flex()).unwrap().run().unwrap();
        std::fs::read(folder.path().join(out).join("model.safetensors")).unwrap()
    };
    let whole = run(100, "whole");
    let log = std::fs::read_to_string(folder.path().join("whole/log.jsonl")).unwrap();
    let gram: Vec<f64> =
        log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["gram"].as_f64().unwrap()).collect();
    assert_eq!(gram.len(), 2);
    assert!(gram[1] < gram[0], "style is no closer after 100 steps than after 50: {gram:?}");

    // The rate depends on the recipe's length, so the interrupted run is cut by its time, not by its steps.
    let recipe_whole = recipe(folder.path(), &shared, 100);
    for limit in [Some(Duration::from_millis(400)), None] {
        let options = Options { limit, ..options(folder.path().join("parts")) };
        Trainer::open(recipe_whole.clone(), options, Device::flex()).unwrap().run().unwrap();
    }
    let parts = std::fs::read(folder.path().join("parts/model.safetensors")).unwrap();
    assert!(parts == whole, "an interrupted run gives another model");

    // What was written is a model that the product reads.
    let stylizer = Stylizer::open(folder.path().join("whole/model.safetensors")).unwrap();
    let picture = Picture::from_rgb8(30, 20, &[90; 30 * 20 * 3]).unwrap();
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
