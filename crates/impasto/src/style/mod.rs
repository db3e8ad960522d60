//! Styles: what a style predictor sees in a picture.

mod file;
mod gallery;
mod learned;

use std::sync::Arc;

use crate::networks::Family;
use crate::{Error, ErrorKind, Result};
pub use gallery::{Gallery, names_file, nearest};
pub use learned::Learned;
pub(crate) use learned::{Correction, product};

/// Most numbers of a style vector: many times what any known network uses.
const MAX_LEN: usize = 1 << 16;
/// Most characters that are kept of a name or provenance.
const MAX_TEXT: usize = 200;

/// A style: the vector that a style predictor makes from a picture, and its family.
///
/// [`crate::Stylizer::style`] makes it. It works with every transformer of its [`Family`], and styles of one family can
/// be blended. It is small (a few hundred numbers) and can be [saved](Style::save) instead of the picture.
///
/// ```
/// use impasto::{Style, networks::Family};
///
/// let waves = Style::new(Family::Magenta, vec![1.0, 0.0])?.with_name("waves");
/// let night = Style::new(Family::Magenta, vec![0.0, 1.0])?.with_name("night");
/// let both = Style::blend(&[(&waves, 3.0), (&night, 1.0)])?;
/// assert_eq!(both.vector(), [0.75, 0.25]);
/// assert_eq!(Style::from_bytes(&both.to_bytes()?)?, both);
/// # Ok::<(), impasto::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Style {
    family: Family,
    vector: Vec<f32>,
    learned: Option<Arc<Learned>>,
    name: Option<String>,
    provenance: Option<String>,
}

impl Style {
    /// Makes a style from a vector that a predictor of this family has made.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if a number is not finite; [`ErrorKind::InvalidArgument`] if there are no numbers or
    /// more than 65536.
    pub fn new(family: Family, vector: Vec<f32>) -> Result<Self> {
        if vector.is_empty() || vector.len() > MAX_LEN {
            let text = format!("a style vector of {} numbers; it must have 1 to {MAX_LEN}", vector.len());
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        if let Some(place) = vector.iter().position(|v| !v.is_finite()) {
            let text = format!(
                "number {place} of the style vector is {}, not a finite number; the weights or the picture that it was made from \
                 are broken",
                vector[place]
            );
            return Err(Error::new(ErrorKind::Malformed, text));
        }
        Ok(Style { family, vector, learned: None, name: None, provenance: None })
    }

    /// Returns the style with a name for people. Control characters become spaces, and 200 characters are kept.
    #[must_use]
    pub fn with_name(self, name: impl AsRef<str>) -> Self {
        Style { name: one_line(name.as_ref()), ..self }
    }

    /// Returns the style with a note for people on what it was made from: a picture's title, artist, license. Cleaned
    /// as by [`Style::with_name`].
    #[must_use]
    pub fn with_provenance(self, provenance: impl AsRef<str>) -> Self {
        Style { provenance: one_line(provenance.as_ref()), ..self }
    }

    /// Returns the style with what it has learned. Its vector is then rounded to float16, too.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if a number of the vector is too large for float16.
    pub(crate) fn with_learned(self, learned: Arc<Learned>) -> Result<Self> {
        let Style { family, mut vector, name, provenance, .. } = self;
        learned::round(&mut vector);
        Ok(Style { learned: Some(learned), name, provenance, ..Style::new(family, vector)? })
    }

    /// Returns what it has learned for one model, if anything ([`crate::learn`]).
    pub fn learned(&self) -> Option<&Learned> {
        self.learned.as_deref()
    }

    /// Returns the family of the predictor that made it. Only transformers of this family can read it.
    pub fn family(&self) -> &Family {
        &self.family
    }

    /// Returns the style vector.
    pub fn vector(&self) -> &[f32] {
        &self.vector
    }

    /// Returns its name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns what it was made from, if that is known.
    pub fn provenance(&self) -> Option<&str> {
        self.provenance.as_deref()
    }

    /// Mixes styles of one family, each with its share: the weighted mean of their vectors, with the shares scaled to
    /// sum to 1.
    ///
    /// The network's norms are linear in the vector, so mixing vectors mixes the norms' scales and shifts. What the
    /// styles have learned is mixed the same way. A style that has learned nothing counts as one that has learned to
    /// change nothing. Shares are at least 0; those of 0 have no effect. The result has no name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if there are no styles, a share is negative or not finite, or all shares are 0;
    /// [`ErrorKind::Mismatch`] if families or vector lengths differ, or styles have learned for different models.
    pub fn blend(styles: &[(&Style, f32)]) -> Result<Self> {
        let invalid = |text: &str| Err(Error::new(ErrorKind::InvalidArgument, text));
        let Some(((first, _), others)) = styles.split_first() else {
            return invalid("no styles to blend; give at least one");
        };
        for (other, _) in others {
            first.check_fits(other)?;
        }
        if let Some((_, share)) = styles.iter().find(|(_, share)| !share.is_finite() || *share < 0.0) {
            return invalid(&format!("{share} cannot be a style's share in a blend; give 0 or more"));
        }
        // Float64 holds the sum of any float32 shares, and the mean of any float32 numbers, without overflow.
        let total: f64 = styles.iter().map(|(_, share)| f64::from(*share)).sum();
        if total <= 0.0 {
            return invalid("all styles have share 0 in the blend; give at least one a share above 0");
        }
        let mut sums = vec![0f64; first.vector.len()];
        for (style, share) in styles {
            let share = f64::from(*share) / total;
            sums.iter_mut().zip(&style.vector).for_each(|(sum, v)| *sum += share * f64::from(*v));
        }
        let learned = styles.iter().filter_map(|(style, share)| {
            let share = f64::from(*share) / total;
            Some((style.learned.as_deref()?, share as f32))
        });
        let learned = Learned::blend(&learned.collect::<Vec<_>>())?;
        let blend = Style::new(first.family.clone(), sums.into_iter().map(|sum| sum as f32).collect())?;
        Ok(Style { learned: learned.map(Arc::new), ..blend })
    }

    /// Returns the style at `t` on the way from this one to another: 0 gives this, 1 the other.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if `t` is not in 0..=1; [`ErrorKind::Mismatch`] as [`Style::blend`].
    pub fn mix(&self, other: &Style, t: f32) -> Result<Self> {
        if !(0.0..=1.0).contains(&t) {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("cannot mix styles at {t}; give 0 to 1")));
        }
        Self::blend(&[(self, 1.0 - t), (other, t)])
    }

    fn check_fits(&self, other: &Style) -> Result<()> {
        let text = if self.family != other.family {
            format!(
                "{self} is of family {}, {other} of family {}: their numbers mean different things; make both with one model",
                self.family, other.family
            )
        } else if self.vector.len() != other.vector.len() {
            format!("{self} has {} numbers, but {other} has {}; make both with one model", self.vector.len(), other.vector.len())
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Mismatch, text))
    }
}

/// The name in error messages: `the style "waves"`.
impl std::fmt::Display for Style {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(f, "the style {name:?}"),
            None => f.write_str("a style"),
        }
    }
}

/// Makes text by anyone safe to show on one line of a terminal; `None` if nothing is left.
fn one_line(text: &str) -> Option<String> {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let short: String = clean.trim().chars().take(MAX_TEXT).collect();
    Some(short).filter(|text| !text.is_empty())
}
