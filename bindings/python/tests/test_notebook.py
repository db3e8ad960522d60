"""The notebook runs from its first cell to its last, and is stored with its pictures, small."""

import base64
import io
import re

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

nbclient = pytest.importorskip("nbclient", reason="skipped: nbclient is not installed")
import nbformat  # noqa: E402

NOTEBOOK = ROOT / "examples" / "neural_style_transfer.ipynb"


def pictures(notebook):
    """The pictures that each cell shows, by the cell's number."""
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            for kind in ("image/png", "image/jpeg"):
                if kind in output.get("data", {}):
                    yield number, Image.open(io.BytesIO(base64.b64decode(output.data[kind])))


def errors(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "error" or output.get("name") == "stderr"]


def test_it_is_stored_with_its_pictures():
    """GitHub shows what is stored, up to a megabyte or so."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert NOTEBOOK.stat().st_size < 1_000_000
    assert [number for number, _ in pictures(notebook)] == shown(notebook)
    assert [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"] == list(range(1, 1 + sum(c.cell_type == "code" for c in notebook.cells)))
    assert errors(notebook) == []
    # Nothing of the machine that it ran on.
    assert not re.search(r"/home/|/root/|/tmp/", NOTEBOOK.read_text())
    for number, picture in pictures(notebook):
        assert picture.width <= 1400 and np.asarray(picture).std() > 20, number


def shown(notebook):
    """Numbers of the cells that show pictures."""
    calls = [(number, cell.source) for number, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    return [number for number, source in calls for _ in re.findall(r"^(?:show\(|plt\.show\(\))", source, re.MULTILINE)]


def test_it_runs(tmp_path):
    pytest.importorskip("ipywidgets", reason="skipped: ipywidgets is not installed")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    wanted = shown(notebook)
    assert len(wanted) >= 11
    nbclient.NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert errors(notebook) == []
    # The slider's painting is its widget's.
    widgets = [output for cell in notebook.cells for output in cell.get("outputs", []) if "application/vnd.jupyter.widget-view+json" in output.get("data", {})]
    assert widgets
    found = list(pictures(notebook))
    assert [number for number, _ in found] == wanted
    stored = nbformat.read(NOTEBOOK, as_version=4)
    for (_, new), (_, old) in zip(found, pictures(stored)):
        # What is stored is what it paints: the same sizes and, curves of losses aside, nearly the same pixels.
        assert new.size == old.size
        assert np.abs(np.asarray(new, np.float32) - np.asarray(old, np.float32)).mean() < 12
    assert Image.open(tmp_path / "painting.jpg").size == (4000, 3000)
    assert Image.open(tmp_path / "film.gif").n_frames > 8
    assert len(list((tmp_path / "painted").iterdir())) == 6
    assert (tmp_path / "learned.style").stat().st_size < 200_000
