//! Pictures in Python.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use impasto::picture::{Density, Format, Profile, Resize, Target};
use impasto::request::{Options, Part};
use impasto_draw::{Canvas, content, styles};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyCapsule, PyDict};

use crate::asked::Asked;
use crate::error::{OrRaise, invalid};
use crate::given::{self, FilePath, Form, Given};
pub(crate) use crate::held::Picture;
use crate::memory;
use crate::pixels::Pixels;
use crate::reading::Reading;
use crate::recipe::{self, Recipe};
use crate::samples::{Kind, Samples};

/// Longest side of a picture in notebooks: more than a screen has.
const SHOWN: usize = 2048;

/// JPEG quality in notebooks.
const SHOWN_QUALITY: u8 = 85;
/// Up to this many pixels, notebooks show PNG, because small pictures stay small without loss.
const SMALL: usize = 64 * 64;

/// The state of a pickle: size, type of numbers, colors, alpha, and the facts of the file.
type State<'py> = (usize, usize, &'static str, Bound<'py, PyBytes>, Option<Bound<'py, PyBytes>>, Bound<'py, PyDict>);

impl Picture {
    fn encoded(&self, py: Python<'_>, format: Format, options: &Options) -> PyResult<Vec<u8>> {
        let encoded = py.detach(|| recipe::encode(&self.picture, self.recipe.as_ref(), format, options)).or_raise()?;
        given::warn(py, &encoded.warnings)?;
        Ok(encoded.bytes)
    }
}

/// A format by its name or extension in any case, because Pillow has "JPEG".
fn format_named(name: &str) -> PyResult<Format> {
    Format::from_extension(&name.to_ascii_lowercase()).ok_or_else(|| {
        let names: Vec<_> = Format::written().map(Format::extension).collect();
        invalid(format!("format: must be one of {}, not {name:?}", names.join(", ")))
    })
}

#[pymethods]
impl Picture {
    #[new]
    #[pyo3(signature = (source, *, clip=false, channel_axis=None))]
    fn py_new(source: &Bound<'_, PyAny>, clip: bool, channel_axis: Option<isize>) -> PyResult<Self> {
        let reading = Reading::of("the picture").clip(clip).channel_axis(source, channel_axis)?;
        let Given { picture, form, origin } = Given::read(source, &reading)?;
        let kind = match form {
            Form::Array { kind: kind @ (Kind::U8 | Kind::U16), .. } => kind,
            Form::Array { .. } => Kind::F32,
            Form::Picture(kind) => kind,
            Form::File(_) | Form::Pil { .. } => Kind::of_source(picture.source()),
        };
        let recipe = source.cast::<Picture>().ok().and_then(|picture| picture.get().recipe.clone());
        Ok(Picture { picture, kind, origin, recipe })
    }

    /// Reads a picture file from a path, bytes, or an open file. The same as `Picture(source)`.
    #[staticmethod]
    fn open(source: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::py_new(source, false, None)
    }

    /// Width in pixels.
    #[getter]
    fn width(&self) -> usize {
        self.picture.width()
    }

    /// Height in pixels.
    #[getter]
    fn height(&self) -> usize {
        self.picture.height()
    }

    /// (width, height), as in Pillow.
    #[getter]
    fn size(&self) -> (usize, usize) {
        (self.picture.width(), self.picture.height())
    }

    /// (height, width, channels). There are four channels with alpha, otherwise three.
    #[getter]
    fn shape(&self) -> (usize, usize, usize) {
        (self.picture.height(), self.picture.width(), if self.picture.alpha().is_some() { 4 } else { 3 })
    }

    /// Whether any pixel may be transparent.
    #[getter]
    fn has_alpha(&self) -> bool {
        self.picture.alpha().is_some()
    }

    /// The same picture with this longer side and the same aspect ratio.
    fn fit(&self, py: Python<'_>, long_side: usize) -> PyResult<Self> {
        let picture = py.detach(|| self.picture.fit_long_side(long_side, Resize::PHOTO)).or_raise()?;
        Ok(self.with(picture))
    }

    /// The same picture at this size, (width, height), resampled with Lanczos in linear light.
    fn resize(&self, py: Python<'_>, size: (usize, usize)) -> PyResult<Self> {
        let picture = py.detach(|| self.picture.resized([size.0, size.1], Resize::PHOTO)).or_raise()?;
        Ok(self.with(picture))
    }

    /// Opens the picture in the system's viewer, like Pillow.
    fn show(&self, py: Python<'_>) -> PyResult<()> {
        self.pil(py)?.call_method0("show").map(drop)
    }

    /// A new NumPy array of height × width × 3, or 4 with alpha. `dtype` is "uint8", "uint16", "bfloat16", "float16",
    /// "float32" or "float64", by name or as NumPy's type (`numpy.uint8`).
    #[pyo3(signature = (dtype=None), text_signature = "($self, dtype='uint8')")]
    fn numpy<'py>(&self, py: Python<'py>, dtype: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        given::optional(py, "numpy", "numpy")?;
        let pixels = self.pixels(py, dtype)?;
        let short = pixels.kind() == Kind::BF16;
        given::to_numpy(py, Bound::new(py, pixels)?.into_any(), short)
    }

    /// The same as `numpy`, without NumPy: an object with `__array_interface__` and DLPack.
    #[pyo3(signature = (dtype=None), text_signature = "($self, dtype='uint8')")]
    fn pixels(&self, py: Python<'_>, dtype: Option<&Bound<'_, PyAny>>) -> PyResult<Pixels> {
        self.samples(py, dtype.map_or(Ok(Kind::U8), Kind::of_dtype)?)
    }

    /// A new `PIL.Image`, RGB or RGBA.
    fn pil<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        given::to_pil(py, &self.picture, self.has_alpha(), None)
    }

    /// Writes a picture file. It is written completely or not at all.
    ///
    /// A painting's file records how it was made, if all pictures came from files: see `impasto replay`.
    ///
    /// Parameters
    /// ----------
    /// path : path or file object
    ///     Where to write it. The extension decides the format. An open file needs a method `write`.
    /// format : str, optional
    ///     Format of a file without a suitable extension: "JPEG", "PNG", "WebP" or "TIFF", for example, in any case.
    /// profile : {"keep", "srgb"}
    ///     The color profile: the source's, or sRGB.
    /// strip : bool
    ///     Whether to leave out metadata.
    /// depth : {"auto", 8, 16}
    ///     Bits per sample.
    /// quality : int
    ///     For JPEG, 1 to 100.
    /// subsampling : {"444", "422", "420"}
    ///     For JPEG.
    /// compression : {"fast", "balanced", "high"}
    ///     For PNG and TIFF.
    /// overwrite : bool
    ///     Whether to replace an existing file.
    ///
    /// Examples
    /// --------
    /// >>> import impasto, io
    /// >>> file = io.BytesIO()
    /// >>> impasto.draw_landscape(40, 30).save(file, format="JPEG", quality=90)
    /// >>> impasto.Picture(file.getvalue()).size
    /// (40, 30)
    #[pyo3(
        signature = (path, **options),
        text_signature = "($self, path, *, format=None, profile='keep', strip=False, depth='auto', quality=95, subsampling='444', \
                          compression='fast', overwrite=False)"
    )]
    fn save(&self, py: Python<'_>, path: &Bound<'_, PyAny>, options: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
        let asked = Asked::read("save", &[Part::File], &["overwrite"], options)?;
        let overwrite = asked.extract("overwrite")?.unwrap_or(false);
        let options = &asked.options;
        let format_of = |path: &Path| options.format.map_or_else(|| Format::from_path(path), Ok).or_raise();
        if let Some(write) = path.getattr_opt("write")?.filter(|write| write.is_callable()) {
            let name = path.getattr_opt("name")?.and_then(|name| name.extract::<String>().ok());
            let format = match (options.format, name) {
                (Some(format), _) => format,
                (None, Some(name)) => format_of(name.as_ref())?,
                (None, None) => return Err(invalid("an open file without a name needs format, for example \"PNG\"")),
            };
            let bytes = self.encoded(py, format, options)?;
            return write.call1((PyBytes::new(py, &bytes),)).map(drop);
        }
        let FilePath(path) = path.extract()?;
        let format = format_of(&path)?;
        let target = Target::new(&path, overwrite).or_raise()?;
        let written = py.detach(|| {
            let encoded =
                recipe::encode(&self.picture, self.recipe.as_ref(), format, options).map_err(|e| e.context(path.display()))?;
            target.write(&encoded.bytes)?;
            Ok(encoded.warnings)
        });
        given::warn(py, &written.or_raise()?)
    }

    /// The bytes of a file in this format: "png", "jpg", "webp", "tif", … The other options are those of `save`.
    #[pyo3(
        signature = (format="png", **options),
        text_signature = "($self, format='png', *, profile='keep', strip=False, depth='auto', quality=95, subsampling='444', \
                          compression='fast')"
    )]
    fn encode<'py>(&self, py: Python<'py>, format: &str, options: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyBytes>> {
        let format = format_named(format)?;
        let options = Asked::read("encode", &[Part::File], &[], options)?.options;
        Ok(PyBytes::new(py, &self.encoded(py, format, &options)?))
    }

    /// Notebooks show a JPEG, so that they stay small, or a PNG for transparent and for small pictures.
    #[pyo3(signature = (include=None, exclude=None))]
    fn _repr_mimebundle_<'py>(
        &self,
        py: Python<'py>,
        include: Option<&Bound<'py, PyAny>>,
        exclude: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let _ = (include, exclude);
        let large = self.picture.width().max(self.picture.height()) > SHOWN;
        let shown = if large { &self.fit(py, SHOWN)? } else { self };
        let lossless = self.has_alpha() || self.picture.width() * self.picture.height() <= SMALL;
        let (format, mime) = if lossless { (Format::Png, "image/png") } else { (Format::Jpeg, "image/jpeg") };
        let mut options = Options::default();
        (options.strip, options.profile, options.quality) = (true, Profile::Srgb, SHOWN_QUALITY);
        let bundle = PyDict::new(py);
        bundle.set_item(mime, PyBytes::new(py, &shown.encoded(py, format, &options)?))?;
        bundle.set_item("text/plain", self.__repr__())?;
        Ok(bundle)
    }

    /// Compares only pixels: colors and transparency.
    fn __eq__(&self, other: &Self) -> bool {
        let [a, b] = [&self.picture, &other.picture];
        Arc::ptr_eq(a, b) || (a.width() == b.width() && a.rgb() == b.rgb() && a.alpha() == b.alpha())
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.size().hash(&mut hasher);
        // One row is enough to distinguish most pictures. 0 and -0 are equal.
        let row = self.picture.rgb().iter().take(3 * self.picture.width());
        row.for_each(|value| (value + 0.0).to_bits().hash(&mut hasher));
        hasher.finish()
    }

    fn __copy__(&self) -> Self {
        Picture { picture: self.shared(), kind: self.kind, origin: self.origin(), recipe: self.recipe.clone() }
    }

    #[pyo3(signature = (memo=None))]
    fn __deepcopy__(&self, memo: Option<&Bound<'_, PyAny>>) -> Self {
        // Pictures do not change, so sharing makes no difference.
        let _ = memo;
        self.__copy__()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, State<'py>)> {
        let bytes = |values: &[f32]| {
            PyBytes::new_with(py, values.len() * 4, |bytes| {
                bytes.as_chunks_mut::<4>().0.iter_mut().zip(values).for_each(|(bytes, value)| *bytes = value.to_le_bytes());
                Ok(())
            })
        };
        let facts = PyDict::new(py);
        let source = self.picture.source();
        facts.set_item("format", source.format.map(Format::id))?;
        facts.set_item("bits", source.bit_depth)?;
        facts.set_item("channels", (source.grey, source.cmyk))?;
        facts.set_item("orientation", source.orientation)?;
        facts.set_item("density", source.density.map(|Density { x, y }| (x, y)))?;
        for (name, block) in [("icc", &source.icc), ("exif", &source.exif), ("xmp", &source.xmp), ("iptc", &source.iptc)] {
            facts.set_item(name, block.as_deref().map(|block| PyBytes::new(py, block)))?;
        }
        let origin = self.origin.as_ref().map(serde_json::to_string).transpose().map_err(|e| invalid(e.to_string()))?;
        facts.set_item("origin", origin)?;
        facts.set_item("recipe", self.recipe.as_ref().map(Recipe::stored))?;
        let (rgb, alpha) = (bytes(self.picture.rgb())?, self.picture.alpha().map(bytes).transpose()?);
        let state = (self.width(), self.height(), self.kind.name(), rgb, alpha, facts);
        Ok((py.get_type::<Picture>().getattr("_unpickled")?, state))
    }

    /// Restores a picture from a pickle.
    #[staticmethod]
    fn _unpickled(
        width: usize,
        height: usize,
        kind: &str,
        rgb: &[u8],
        alpha: Option<&[u8]>,
        facts: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let values = |bytes: &[u8]| bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect::<Vec<_>>();
        let mut picture = impasto::Picture::from_rgb_f32([width, height], values(rgb)).or_raise()?;
        if let Some(alpha) = alpha {
            picture = picture.with_alpha(values(alpha)).or_raise()?;
        }
        let fact = |name: &str| Ok::<_, PyErr>(facts.get_item(name)?.filter(|fact| !fact.is_none()));
        let text = |name: &str| fact(name)?.map(|fact| fact.extract::<String>()).transpose();
        let block = |name: &str| fact(name)?.map(|fact| fact.extract::<Vec<u8>>()).transpose();
        let source = picture.source_mut();
        source.format = text("format")?.as_deref().and_then(Format::from_id);
        source.bit_depth = fact("bits")?.map_or(Ok(8), |bits| bits.extract())?;
        source.orientation = fact("orientation")?.map_or(Ok(1), |orientation| orientation.extract())?;
        if let Some(channels) = fact("channels")? {
            (source.grey, source.cmyk) = channels.extract()?;
        }
        if let Some(density) = fact("density")? {
            let (x, y) = density.extract()?;
            source.density = Some(Density { x, y });
        }
        (source.icc, source.exif, source.xmp, source.iptc) = (block("icc")?, block("exif")?, block("xmp")?, block("iptc")?);
        let origin = text("origin")?.map(|json| serde_json::from_str(&json)).transpose().map_err(|e| invalid(e.to_string()))?;
        let recipe = text("recipe")?.map(|json| Recipe::read(&json)).transpose().or_raise()?;
        Ok(Picture { picture: Arc::new(picture), kind: Kind::of_name(kind)?, origin, recipe })
    }

    /// For `numpy.array(picture, dtype)`. Converts numbers to the range of the type.
    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if copy == Some(false) {
            return Err(PyValueError::new_err("a picture's array is always a copy; leave out copy=False"));
        }
        let array = |kind| given::to_numpy(py, Bound::new(py, self.samples(py, kind)?)?.into_any(), kind == Kind::BF16);
        match (dtype, dtype.map(Kind::of_dtype)) {
            (_, None) => array(self.kind),
            (_, Some(Ok(kind))) => array(kind),
            // For other types, NumPy converts the source's numbers.
            (dtype, Some(Err(_))) => array(self.kind)?.call_method1("astype", (dtype,)),
        }
    }

    /// A copy, because consumers may write to it.
    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        stream: Option<&Bound<'py, PyAny>>,
        max_version: Option<&Bound<'py, PyAny>>,
        dl_device: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = (stream, max_version, dl_device, copy);
        memory::capsule(py, &Arc::new(Samples::new((*self.picture).clone(), self.kind, self.has_alpha())?))
    }

    fn __dlpack_device__(&self) -> (i32, i32) {
        memory::DEVICE
    }

    fn __repr__(&self) -> String {
        let alpha = if self.has_alpha() { ", with alpha" } else { "" };
        format!("<impasto.Picture {}×{}{alpha}>", self.picture.width(), self.picture.height())
    }
}

/// Draws a picture in a separate thread, so that Ctrl-C need not wait for it.
fn drawn(py: Python<'_>, width: usize, height: usize, draw: impl FnOnce() -> Canvas + Send + 'static) -> PyResult<Picture> {
    let sides = 1..=8192;
    if !sides.contains(&width) || !sides.contains(&height) {
        return Err(invalid("the sides of a drawing must be 1 to 8192 pixels"));
    }
    let (sender, receiver) = mpsc::channel();
    // After an interruption, nobody receives it.
    std::thread::spawn(move || drop(sender.send(draw())));
    let receiver = Mutex::new(receiver);
    let wait = || receiver.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(Duration::from_millis(50));
    loop {
        match py.detach(wait) {
            Ok(Canvas { width, height, rgb }) => {
                return impasto::Picture::from_rgb_f32([width, height], rgb).or_raise().map(Picture::new);
            }
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => return Err(invalid("the picture could not be drawn")),
        }
    }
}

/// A landscape drawn by the program, for trying things out.
#[pyfunction]
#[pyo3(signature = (width=720, height=512, seed=0))]
pub(crate) fn draw_landscape(py: Python<'_>, width: usize, height: usize, seed: u64) -> PyResult<Picture> {
    drawn(py, width, height, move || content::landscape(width, height, seed))
}

/// Fruit and a jug drawn by the program, for trying things out.
#[pyfunction]
#[pyo3(signature = (width=720, height=512, seed=0))]
pub(crate) fn draw_still_life(py: Python<'_>, width: usize, height: usize, seed: u64) -> PyResult<Picture> {
    drawn(py, width, height, move || content::still_life(width, height, seed))
}

/// A painting drawn by the program in a built-in style (see `built_in_styles`).
#[pyfunction]
#[pyo3(signature = (name, width=512, height=512, seed=0))]
pub(crate) fn draw_style(py: Python<'_>, name: &str, width: usize, height: usize, seed: u64) -> PyResult<Picture> {
    let names = || styles::ALL.iter().map(|style| style.name).collect::<Vec<_>>().join(", ");
    let style = styles::find(name)
        .ok_or_else(|| invalid(format!("there is no drawn style {name:?}; the drawn styles are {}", names())))?;
    drawn(py, width, height, move || (style.draw)(width, height, seed))
}
