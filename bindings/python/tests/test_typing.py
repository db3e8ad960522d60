"""The stubs say what the module does."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import impasto

HERE = Path(__file__).parent


def test_stubs(tmp_path):
    pytest.importorskip("mypy", reason="skipped: mypy is not installed")
    settings = tmp_path / "mypy.ini"
    settings.write_text("[mypy]\nignore_missing_imports = True\n")
    allowed = HERE / "stubtest-allowlist.txt"
    command = [sys.executable, "-m", "mypy.stubtest", "impasto", "--mypy-config-file", settings, "--allowlist", allowed]
    run = subprocess.run([*command, "--ignore-disjoint-bases", "--ignore-unused-allowlist"], capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr


def test_options_of_overloads():
    stub = ast.parse((Path(impasto.__file__).parent / "__init__.pyi").read_text())
    classes = {node.name: node for node in stub.body if isinstance(node, ast.ClassDef)}

    def keys(name):
        node = classes[name]
        own = {item.target.id for item in node.body if isinstance(item, ast.AnnAssign)}
        return own.union(*(keys(base.id) for base in node.bases if base.id in classes))

    def options(function, *others):
        return set(inspect.signature(function).parameters) - {"self", *others}

    assert keys("_Stylize") == options(impasto.Stylizer.stylize, "content", "style", "strength")
    assert keys("_StylizeFile") == options(impasto.Stylizer.stylize_file, "content", "output", "style", "strength")
    assert keys("_Run") == options(impasto.Optimizer.optimize, "content", "style")
    assert keys("_RunAll") == keys("_Run") | keys("_Optimize") | {"perceptual"}


def test_users_code(tmp_path):
    pytest.importorskip("mypy", reason="skipped: mypy is not installed")
    good = """
from pathlib import Path
import impasto
a: impasto.Picture = impasto.stylize(Path("x"), "starry", size=3)
b: bytes = impasto.stylize(b"x", ["a", ("b", 2)], progress=True)
c: float = impasto.optimize("x", "y", steps=[3, 2]).width
e: bytes = impasto.hub.load("magenta")(b"x", b"y")[0]
impasto.stylize("x", "y", exact=(9, 9), colors="match", invert_mask=True).save("z", depth=16, subsampling="420")
for step in impasto.Optimizer(steps=3).start("x", "y", seed=3):
    d: float = step.losses.total
"""
    (tmp_path / "good.py").write_text(good)
    bad = ['stylize("x", "y", strenth=1)', 'stylize("x", "y", colors="bright")', 'Picture("x").save("y", depth=9)', 'Stylizer(border="none")']
    (tmp_path / "bad.py").write_text("import impasto\n" + "".join(f"impasto.{line}\n" for line in bad))
    check = [sys.executable, "-m", "mypy", "--strict"]
    run = subprocess.run([*check, "good.py"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
    run = subprocess.run([*check, "bad.py"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 1 and all(f"bad.py:{i}: error" in run.stdout for i in range(2, 2 + len(bad))), run.stdout
