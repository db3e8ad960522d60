"""What the tests share. Run them with `check.sh`, which builds and installs the wheel first."""

import os
from pathlib import Path

import pytest

import impasto

ROOT = Path(__file__).resolve().parents[3]


def shared(name):
    """A file or folder of the test data that is not part of the repository; the test is skipped where it is absent."""
    path = Path(os.environ.get("IMPASTO_SHARED", ROOT.parent / "shared")) / name
    if not path.exists():
        pytest.skip(f"skipped: {path} is absent")
    return path


def built(name):
    """A program that `cargo test` has built."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = target / "debug" / name
    if not path.exists():
        pytest.skip(f"skipped: {path} is absent; cargo test --workspace builds it")
    return path


@pytest.fixture(scope="session")
def landscape():
    return impasto.draw_landscape(96, 64)


@pytest.fixture(scope="session")
def painting():
    return impasto.draw_style("mosaic", 96, 96)


@pytest.fixture(scope="session")
def stylizer():
    return impasto.Stylizer(threads=1)
