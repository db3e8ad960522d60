"""The notebook runs from its first cell to its last, and shows pictures."""

import base64
import io

import pytest
from conftest import ROOT
from PIL import Image

nbclient = pytest.importorskip("nbclient", reason="skipped: nbclient is not installed")
import nbformat  # noqa: E402

NOTEBOOK = ROOT / "examples" / "neural_style_transfer.ipynb"


def test_no_outputs_are_kept():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        assert cell.cell_type == "markdown" or (cell.outputs == [] and cell.execution_count is None)


def test_it_runs(tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    # Content and style; all three; strengths; blends; looks; full resolution; losses; all four.
    assert len(shown) == 8
    for i, png in enumerate(shown):
        picture = Image.open(io.BytesIO(base64.b64decode(png)))
        assert min(picture.size) > 100
        (tmp_path / f"{i}.png").write_bytes(base64.b64decode(png))
    assert max(Image.open(tmp_path / "painted.png").size) == 1600
