//! The Python module `impasto._impasto`: the library's types, and the conversion of pictures from and
//! to Python. The package around it is in `python/impasto`. Its `__init__.pyi` has the signatures. The
//! doc comments here are what `help()` shows.

mod arrays;
mod asked;
mod error;
mod given;
mod held;
mod keywords;
mod look;
mod manifest;
mod masks;
mod memory;
mod models;
mod optimizer;
mod picture;
mod pixels;
mod reading;
mod recipe;
mod samples;
mod style;
mod stylizer;
mod video;
mod watch;

use pyo3::prelude::*;

/// The compiled part of `impasto`.
#[pymodule]
mod _impasto {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::asked::options;
    #[pymodule_export]
    use super::manifest::{Hold, Manifest, read_extensions, remove_abandoned, result_extension};
    #[pymodule_export]
    use super::models::{model_list, model_path, model_pull};
    #[pymodule_export]
    use super::optimizer::{Losses, Optimization, Optimizer, Step};
    #[pymodule_export]
    use super::picture::{Picture, draw_landscape, draw_still_life, draw_style};
    #[pymodule_export]
    use super::pixels::Pixels;
    #[pymodule_export]
    use super::style::{Style, built_in_styles, unpickled};
    #[pymodule_export]
    use super::stylizer::Stylizer;
    #[pymodule_export]
    use super::video::Frames;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
