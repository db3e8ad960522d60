//! Flags that commands share.

use clap::Args;
use impasto::picture;

use crate::talk::Loudness;
use crate::{memory, values};

/// Limits that protect the machine.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Limits {
    /// Largest picture to read, in pixels
    #[arg(long, value_name = "N", default_value_t = picture::Limits::default().max_pixels, allow_negative_numbers = true,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_pixels: u64,

    /// Largest file to read, in bytes; also the limit for all weights together. Default: 2G
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true, value_parser = values::bytes)]
    pub(crate) max_bytes: Option<u64>,

    /// Memory to use at most, for example 512M
    ///
    /// Default: a quarter of the machine's memory, or two thirds of what a container leaves. The built-in
    /// model, and others that take statistics from a thumbnail, paint any picture in bands that fit, and
    /// write them as they come. The content is held as decoded: 3 bytes per pixel at 8 bits, 6 at 16
    /// (progressive JPEG files take 6 more while they are read). Most formats are written band by band.
    /// WebP and AVIF, and results with --size, --exact, --figure or --preview, are held whole. Other models
    /// paint in one piece; their default is the memory that the machine has free.
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true, value_parser = values::bytes)]
    pub(crate) max_memory: Option<u64>,
}

impl Limits {
    /// Returns the limits for picture files on this machine.
    pub(crate) fn of_pictures(&self) -> picture::Limits {
        self.of_files().max_decoded(self.max_memory.unwrap_or_else(memory::for_samples))
    }

    /// Returns the same for pictures that are converted to floats at once.
    pub(crate) fn of_floats(&self) -> picture::Limits {
        let own = memory::limits_of_floats();
        self.of_files().max_decoded(self.max_memory.unwrap_or(own.max_decoded))
    }

    /// Returns the limits for picture files, without regard to the memory for decoding.
    pub(crate) fn of_files(&self) -> picture::Limits {
        let own = picture::Limits::default();
        own.max_pixels(self.max_pixels).max_bytes(self.max_bytes.unwrap_or(own.max_bytes))
    }
}

/// How much to say.
#[derive(Debug, Clone, Args)]
pub(crate) struct LoudnessFlags {
    /// Print only errors
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,

    /// Print details: model, times, memory
    #[arg(short, long)]
    verbose: bool,
}

impl LoudnessFlags {
    /// Returns whether only errors are printed.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub(crate) fn loudness(&self) -> Loudness {
        match (self.quiet, self.verbose) {
            (true, _) => Loudness::Quiet,
            (_, true) => Loudness::Verbose,
            _ => Loudness::Normal,
        }
    }
}
