"""The examples in the documentation run, and every public thing has documentation."""

import doctest
import inspect
import pathlib
import re
import subprocess
import sys

import pytest

import impasto

MODULES = [impasto, impasto.hub, impasto.models, impasto.video]


def public():
    for module in MODULES:
        yield module.__name__, module
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.ismodule(thing) or isinstance(thing, str):
                continue
            yield f"{module.__name__}.{name}", thing
            if inspect.isclass(thing):
                for own, member in vars(thing).items():
                    if not own.startswith("_") and (callable(member) or inspect.isdatadescriptor(member)):
                        yield f"{module.__name__}.{name}.{own}", member


THINGS = dict(public())


def test_everything_is_documented():
    assert len(THINGS) > 60
    assert [name for name, thing in THINGS.items() if not inspect.getdoc(thing)] == []


def test_the_namespace_is_clean():
    assert dir(impasto) == sorted(impasto.__all__)
    for module in MODULES:
        assert all(hasattr(module, name) for name in module.__all__)


EXAMPLES = {name: thing for name, thing in THINGS.items() if ">>>" in (inspect.getdoc(thing) or "")}


def test_there_are_examples():
    wanted = {"impasto.stylize", "impasto.optimize", "impasto.Picture", "impasto.Style", "impasto.Stylizer", "impasto.Optimizer", "impasto.Error"}
    assert wanted | {"impasto.hub.load", "impasto.video.stylize", "impasto.Picture.save"} <= EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example = doctest.DocTestParser().get_doctest(inspect.getdoc(EXAMPLES[name]), {}, name, None, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    told = []
    runner.run(example, out=told.append)
    assert runner.failures == 0, "".join(told)


def test_api_pages_have_everything(tmp_path):
    script = pathlib.Path(__file__).parents[1] / "api.py"
    subprocess.run([sys.executable, script, tmp_path], check=True, cwd=tmp_path)
    pages = {module.__name__: tmp_path.joinpath(*module.__name__.split(".")).with_suffix(".html") for module in MODULES}
    anchors = {name: set(re.findall(r'<section id="([^"]+)"|<div id="([^"]+)"', page.read_text())) for name, page in pages.items()}
    found = {f"{module}.{''.join(anchor)}" for module, anchors in anchors.items() for anchor in anchors}
    assert [name for name in THINGS if name not in pages and name not in found] == []
    ray = tmp_path / "impasto" / "ray.html"
    assert "stylize_dataset" in ray.read_text()
    assert not any("+SKIP" in page.read_text() for page in [*pages.values(), ray])
