//! The flags that say what a result's file is like, and keeps of the content's.

use clap::{Args, ValueEnum};
use impasto::picture::{self, EncodeOptions};

/// What the result's file is like.
#[derive(Debug, Args)]
#[command(next_help_heading = "Result file")]
pub(crate) struct Encoding {
    /// Color space of the result: the content's, with its profile, or sRGB
    ///
    /// The network works in sRGB. `keep` converts its result to the content's color space and embeds the profile, so that the result fits into the
    /// content's color-managed workflow. Profiles for grayscale and CMYK pixels cannot be kept: those results are sRGB, and so are results whose
    /// content has no profile.
    #[arg(long, value_name = "PROFILE", default_value = "keep")]
    pub(crate) profile: Profile,

    /// Leave out metadata: the content's, and the settings for `replay`
    #[arg(long)]
    pub(crate) strip: bool,

    /// Bits per sample; 16 is for PNG and TIFF. Default: the content's, as far as the format allows
    #[arg(long, value_name = "BITS")]
    pub(crate) depth: Option<Depth>,

    /// JPEG quality
    #[arg(long, value_name = "1..100", default_value_t = 95, allow_negative_numbers = true,
          value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: u8,

    /// JPEG chroma subsampling: color for every pixel, every two, or every four (smallest file)
    #[arg(long, value_name = "CHROMA", default_value = "444")]
    pub(crate) subsampling: Subsampling,

    /// Effort to make PNG and TIFF files small; both are lossless
    #[arg(long, value_name = "EFFORT", default_value = "fast")]
    pub(crate) compression: Compression,
}

impl Encoding {
    /// As the library takes it.
    pub(crate) fn options(&self) -> EncodeOptions {
        EncodeOptions::default()
            .quality(self.quality)
            .strip(self.strip)
            .depth(match self.depth {
                None => picture::Depth::Auto,
                Some(Depth::Eight) => picture::Depth::Eight,
                Some(Depth::Sixteen) => picture::Depth::Sixteen,
            })
            .profile(match self.profile {
                Profile::Keep => picture::Profile::Keep,
                Profile::Srgb => picture::Profile::Srgb,
            })
            .subsampling(match self.subsampling {
                Subsampling::Full => picture::Subsampling::Full,
                Subsampling::Half => picture::Subsampling::Half,
                Subsampling::Quarter => picture::Subsampling::Quarter,
            })
            .compression(match self.compression {
                Compression::Fast => picture::Compression::Fast,
                Compression::Balanced => picture::Compression::Balanced,
                Compression::High => picture::Compression::High,
            })
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Profile {
    /// The content's
    Keep,
    /// sRGB, which every program shows correctly
    Srgb,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Depth {
    #[value(name = "8")]
    Eight,
    #[value(name = "16")]
    Sixteen,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Subsampling {
    #[value(name = "444")]
    Full,
    #[value(name = "422")]
    Half,
    #[value(name = "420")]
    Quarter,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Compression {
    Fast,
    Balanced,
    High,
}
