//! The trainer's command line.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use burn::tensor::Device;
use clap::{Parser, ValueEnum};
use impasto_train::distil::{self, Distiller};
use impasto_train::recipe::{self, Kind, Recipe};
use impasto_train::trainer::{self, Options};

/// Trains a style transfer model, or makes a small perceptual network of larger ones, as a recipe says.
///
/// The folder gets a checkpoint, from which the same command goes on, the model so far, a log of losses and contact sheets.
#[derive(Debug, Parser)]
#[command(name = "impasto-train", version)]
struct Cli {
    /// The recipe, a TOML file
    recipe: PathBuf,
    /// Where everything goes
    #[arg(short, long, default_value = "training")]
    output: PathBuf,
    /// Minutes between checkpoints and contact sheets
    #[arg(long, default_value_t = 10.0)]
    every: f32,
    /// Stop after this many minutes; the same command goes on later
    #[arg(long)]
    minutes: Option<f32>,
    /// A model to start from, where there is no checkpoint
    #[arg(long)]
    start: Option<PathBuf>,
    /// Where to compute
    #[arg(long, default_value = "cpu")]
    device: On,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum On {
    /// The processor, on Impasto's kernels
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
    let result = match recipe::kind(&cli.recipe) {
        Ok(Kind::Style) => Recipe::open(&cli.recipe).and_then(|recipe| trainer::train(&recipe, &options, &device)),
        Ok(Kind::Perceptual) => {
            distil::Recipe::open(&cli.recipe).and_then(|recipe| Distiller::open(recipe, options, device)?.run())
        }
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("impasto-train: {error}");
            ExitCode::FAILURE
        }
    }
}
