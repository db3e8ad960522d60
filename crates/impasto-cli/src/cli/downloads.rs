//! The flags of the subcommands that get, remove and check downloaded models.

use std::path::PathBuf;

use clap::Args;

use crate::cli::LoudnessFlags;

/// Download models into the cache.
///
/// A name of the registry (`impasto models list`), a web address of such a model or of a page about it, or the address of a file with
/// weights. What was interrupted is continued. The download is compared with the sizes and hashes that the registry knows, and opened as a
/// model, before it is kept.
#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// Name or web address; several are possible
    #[arg(value_name = "NAME|URL", required = true)]
    pub(crate) models: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}

/// Remove downloaded models from the cache, and what is left of broken downloads.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// Name or web address of a downloaded model; several are possible
    #[arg(value_name = "NAME|URL", required = true)]
    pub(crate) models: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}

/// Compare downloaded models with the hashes of their download, and open them.
///
/// Prints for each whether it is intact, and what is known of it: whether it could be forged, or only damaged.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Name or web address of a downloaded model; all if not given
    #[arg(value_name = "NAME|URL")]
    pub(crate) models: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}
