//! The names of choices: the one place that converts between choices and text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::networks::magenta::Border;
use crate::picture::{Compression, Depth, Format, Profile, Subsampling};
use crate::{Colours, Error, ErrorKind};

/// A choice whose values have names: on the command line, in JSON, in Python and in records.
pub trait Choice: Copy + PartialEq + 'static {
    /// Each value with its name and its meaning.
    const NAMES: &'static [(Self, &'static str, &'static str)];

    /// Returns the value of this name, if there is one.
    fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known, _)| *known == name).map(|(value, ..)| *value)
    }

    /// Returns the value's name.
    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(value, ..)| *value == self).map_or("", |(_, name, _)| name)
    }
}

/// Implements `Choice`, `FromStr`, `Display` and serde for an enum.
macro_rules! names {
    ($type:ty: $($value:path = $name:literal $help:literal,)+) => {
        impl Choice for $type {
            const NAMES: &'static [(Self, &'static str, &'static str)] = &[$(($value, $name, $help)),+];
        }

        impl FromStr for $type {
            type Err = Error;

            fn from_str(text: &str) -> crate::Result<Self> {
                let known = [$($name),+].join(", ");
                Self::named(text).ok_or_else(|| Error::new(ErrorKind::InvalidArgument, format!("{text:?} is not one of {known}")))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

names! { Colours:
    Colours::Style = "style" "The style's, as the network paints them",
    Colours::Content = "content" "The painting's colors, moved to the mean and variance of the content's",
    Colours::Luminance = "luminance" "The content's own color everywhere; only the lightness is painted",
    Colours::Match = "match" "The style picture is given the content's palette first. Styles without a picture (built-in, .style): as content",
}

names! { Border:
    Border::Reflect = "reflect" "Mirrored pixels, as Magenta trained its networks",
    Border::Zero = "zero" "Zeros, as the browser port was published; draws a faint frame",
}

names! { Profile:
    Profile::Keep = "keep" "The content's",
    Profile::Srgb = "srgb" "sRGB, which every program shows correctly",
}

names! { Depth:
    Depth::Auto = "auto" "The content's, as far as the format allows",
    Depth::Eight = "8" "",
    Depth::Sixteen = "16" "PNG and TIFF only",
}

names! { Subsampling:
    Subsampling::Full = "444" "Color for every pixel",
    Subsampling::Half = "422" "Color for every two pixels",
    Subsampling::Quarter = "420" "Color for every four pixels",
}

names! { Compression:
    Compression::Fast = "fast" "Little effort",
    Compression::Balanced = "balanced" "The usual effort",
    Compression::High = "high" "As much effort as helps",
}

/// Returns the format that is written under this name: its [id](Format::id), `jpeg`, or one of its file extensions.
pub fn format_named(name: &str) -> Option<Format> {
    let writable = |format: &Format| format.can_write();
    Format::from_id(name).filter(writable).or_else(|| Format::from_extension(name).filter(writable))
}

/// serde for formats by the names of [`format_named`].
pub(super) mod format {
    use super::{Deserialize, Deserializer, Format, Serializer, format_named};

    pub(in crate::request) fn serialize<S: Serializer>(format: &Option<Format>, serializer: S) -> Result<S::Ok, S::Error> {
        match format {
            Some(format) => serializer.serialize_some(format.id()),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::request) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Format>, D::Error> {
        let Some(name) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let unknown = || serde::de::Error::custom(format!("{name:?} is not a format that can be written"));
        format_named(&name).map(Some).ok_or_else(unknown)
    }
}
