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
    folder = Path(impasto.__file__).parent
    assert (folder / "model-card.md").read_text() == (ROOT / "docs/model-card.md").read_text()
    assert (folder / "py.typed").exists() and (folder / "__init__.pyi").exists()


def test_everything_is_documented():
    for name in impasto.__all__:
        public = getattr(impasto, name)
        if name.startswith("__"):
            continue
        assert public.__doc__, name
        for member, value in vars(public).items() if isinstance(public, type) else []:
            if not member.startswith("_"):
                assert value.__doc__, f"{name}.{member}"
