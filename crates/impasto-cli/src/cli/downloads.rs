//! The flags of the subcommands that get, remove and check downloaded models.

use std::path::PathBuf;

use clap::Args;

use crate::cli::LoudnessFlags;

/// Download models into the cache.
///
/// Give a name from the registry (`impasto models list`), the web address of such a model or of a page about it, or the
/// address of a file with weights. An interrupted download is continued. A download is kept only if it matches the
/// sizes and hashes that the registry knows, and opens as a model.
#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// Name or web address; may be repeated
    #[arg(value_name = "NAME|URL", required = true)]
    pub(crate) models: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}

/// Remove downloaded models from the cache, and the remains of failed downloads.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// Name or web address of a downloaded model; may be repeated
    #[arg(value_name = "NAME|URL", required = true)]
    pub(crate) models: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}

/// Compare downloaded models with the hashes of their download, and open them.
///
/// For each model, prints whether it is intact, and whether the known hashes rule out forgery or only damage.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Name or web address of a downloaded model. Default: all
    #[arg(value_name = "NAME|URL")]
    pub(crate) models: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}
