//! The trainer's command line.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use burn::tensor::Device;
use clap::{Parser, ValueEnum};
use impasto::Result;
use impasto_train::distil::{self, Distiller};
use impasto_train::recipe::{self, Kind, Recipe};
use impasto_train::run::Options;
use impasto_train::trainer;

/// Trains a style transfer model, or a small perceptual network from larger ones, as a recipe says.
///
/// The output folder gets a checkpoint, the model so far, a log of losses and contact sheets. If you run the same
/// command again, it continues from the checkpoint.
#[derive(Debug, Parser)]
#[command(name = "impasto-train", version)]
struct Cli {
    /// The recipe, a TOML file
    recipe: PathBuf,
    /// Output folder
    #[arg(short, long, default_value = "training")]
    output: PathBuf,
    /// Minutes between checkpoints and contact sheets
    #[arg(long, default_value_t = 10.0)]
    every: f32,
    /// Stop after this many minutes; the same command continues later
    #[arg(long)]
    minutes: Option<f32>,
    /// A model to start from if there is no checkpoint
    #[arg(long)]
    start: Option<PathBuf>,
    /// Pictures per step, instead of the recipe's number: more keep a GPU busy
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..))]
    batch: Option<u16>,
    /// Where to compute
    #[arg(long, default_value = "cpu")]
    device: On,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum On {
    /// The CPU, on Impasto's kernels
    Cpu,
    /// An Nvidia GPU
    #[cfg(feature = "cuda")]
    Cuda,
    /// Any GPU
    #[cfg(feature = "wgpu")]
    Wgpu,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let device = match cli.device {
        On::Cpu => Device::flex(),
        #[cfg(feature = "cuda")]
        On::Cuda => Device::cuda(0),
        #[cfg(feature = "wgpu")]
        On::Wgpu => Device::wgpu(Default::default()),
    };
    let minutes = |m: f32| Duration::from_secs_f32(m.max(0.0) * 60.0);
    let options = Options { folder: cli.output, every: minutes(cli.every), limit: cli.minutes.map(minutes), start: cli.start };
    match run(&cli.recipe, cli.batch.map(usize::from), options, &device) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("impasto-train: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(path: &Path, batch: Option<usize>, options: Options, device: &Device) -> Result<()> {
    match recipe::kind(path)? {
        Kind::Style => {
            let mut recipe = Recipe::open(path)?;
            recipe.train.batch = batch.unwrap_or(recipe.train.batch);
            trainer::train(&recipe, &options, device)
        }
        Kind::Perceptual => {
            let mut recipe = distil::Recipe::open(path)?;
            recipe.train.batch = batch.unwrap_or(recipe.train.batch);
            Distiller::open(recipe, options, device.clone())?.run()
        }
    }
}
