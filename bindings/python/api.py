#!/usr/bin/env python3
"""Writes the API pages, HTML with a search, of the installed module `impasto` into a folder. Needs pdoc, of PyPI:

    pip install pdoc && python api.py pages
"""

import importlib.util
import pathlib
import sys

import pdoc
import pdoc.doc_pyi
import pdoc.render


def write(folder: pathlib.Path) -> None:
    """Writes a page for each public module, and for `impasto.ray` if Ray is installed."""
    pdoc.render.configure(docformat="numpy", show_source=False)
    # The stubs are for type checkers: they name types that are not there when a program runs, and hide the keywords of long signatures.
    pdoc.doc_pyi.find_stub_file = lambda _module: None
    ray = ["impasto.ray"] if importlib.util.find_spec("ray") else []
    pdoc.pdoc("impasto", *ray, output_directory=folder)
    for page in folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace('<span class="c1"># doctest: +SKIP</span>', ""), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: api.py FOLDER")
    write(pathlib.Path(sys.argv[1]))
