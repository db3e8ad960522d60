"""What the wheel has in it."""

import importlib.metadata
import re
from pathlib import Path

from conftest import ROOT

import impasto


def test_version():
    cargo = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    assert impasto.__version__ == importlib.metadata.version("impasto") == cargo


def test_licences_and_model_card():
    names = [str(file) for file in importlib.metadata.files("impasto")]
    assert sum(name.endswith(("LICENSE-MIT", "LICENSE-APACHE")) for name in names) == 2
    (others,) = [file for file in importlib.metadata.files("impasto") if file.name == "THIRD-PARTY-LICENSES.txt"]
    # `licences.py --check`, which `check.sh` runs, compares the file with Cargo.lock.
    assert others.read_text() == (ROOT / "bindings/python/THIRD-PARTY-LICENSES.txt").read_text()
    assert all(f"\n{crate} " in others.read_text() for crate in ["pyo3", "png", "rustls", "zune-jpeg"])
    folder = Path(impasto.__file__).parent
    assert (folder / "model-card.md").read_text() == (ROOT / "docs/model-card.md").read_text()
    assert (folder / "py.typed").exists() and (folder / "__init__.pyi").exists()


def test_metadata():
    about = importlib.metadata.metadata("impasto")
    assert about["Name"] == "impasto" and about["Summary"] and about["License-Expression"] == "MIT OR Apache-2.0"
    assert about["Requires-Python"] == ">=3.10" and about["Description-Content-Type"].startswith("text/markdown")
    assert "impasto.stylize" in about.get_payload() and len(about["Keywords"].split(",")) >= 4 and about["Author"]
    assert len(about.get_all("License-File")) == 3
    assert {url.split(",")[0] for url in about.get_all("Project-URL")} == {"Homepage", "Repository", "Documentation", "Changelog", "Issues"}
    assert {"Typing :: Typed", "Framework :: Jupyter", "Programming Language :: Rust"} <= set(about.get_all("Classifier"))
    # Nothing else is needed; these are for those who want them.
    assert all("extra ==" in needed for needed in about.get_all("Requires-Dist"))
    tag = importlib.metadata.distribution("impasto").read_text("WHEEL")
    assert "cp310-abi3-" in tag


def test_everything_is_documented():
    for name in impasto.__all__:
        public = getattr(impasto, name)
        if name.startswith("__"):
            continue
        assert public.__doc__, name
        for member, value in vars(public).items() if isinstance(public, type) else []:
            if not member.startswith("_"):
                assert value.__doc__, f"{name}.{member}"
