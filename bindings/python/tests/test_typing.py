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


def test_options_are_those_of_the_table():
    """As `stubs.py` writes them."""
    sys.path.insert(0, str(HERE.parent))
    import stubs

    assert stubs.parts((Path(impasto.__file__).parent / "__init__.pyi").read_text())[1] == stubs.generated()


GOOD = """
import io
from pathlib import Path
import impasto
a: impasto.Picture = impasto.stylize(Path("x"), "starry", size=3)
b: bytes = impasto.stylize(b"x", ["a", ("b", 2)], progress=True)
c: float = impasto.optimize("x", "y", steps=[3, 2], method="lbfgs").width
e: bytes = impasto.hub.load("magenta")(b"x", b"y")[0]
f: list[impasto.Picture] = impasto.stylize(["x", "y"], {"starry": 2, "mosaic": 1.5}, channel_axis=0)
impasto.stylize("x", "y", exact=(9, 9), colors="match", invert_mask=True).save("z", depth=16, subsampling="420")
a.resize((3, 4)).save(io.BytesIO(), format="JPEG")
g: tuple[int, int] = impasto.Picture.open("x").size
h: dict[impasto.Style, int] = {impasto.Style.built_in("starry"): 1}
i: bool = a == a.fit(9)
for step in impasto.Optimizer(steps=3).start("x", "y", seed=3):
    d: float = step.losses.total
for frame in impasto.video.stylize([a, a], "starry", steady=0.5, colors="content"):
    j: int = frame.width
try:
    impasto.models.pull("x")
except impasto.Error as error:
    k: str = error.kind
except FileNotFoundError:
    pass
"""

BAD = [
    'impasto.stylize("x", "y", strenth=1)',
    'impasto.stylize("x", "y", colors="bright")',
    'impasto.stylize("x", "y", border="none")',
    'impasto.Picture("x").save("y", depth=9)',
    'impasto.Picture("x").resize(5)',
    'impasto.Stylizer(border="none")',
    'impasto.optimize("x", "y", style_loss="grams")',
    'impasto.Optimizer(stepz=1)',
    'impasto.video.stylize(["x"], "y", size=9)',
    'impasto.hub.load(threads="many")',
]


@pytest.mark.parametrize("checker", ["mypy", "basedpyright"])
def test_users_code(tmp_path, checker):
    """The strict checks of mypy and of pyright (`basedpyright` is pyright without a download)."""
    pytest.importorskip(checker, reason=f"skipped: {checker} is not installed")
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "bad.py").write_text("import impasto\n" + "".join(f"{line}\n" for line in BAD))
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "reportUnknownMemberType": false}')
    check = [sys.executable, "-m", "mypy", "--strict"] if checker == "mypy" else [sys.executable, "-m", "basedpyright"]
    if checker == "basedpyright":
        check += ["--pythonpath", sys.executable]
    run = subprocess.run([*check, "good.py"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    run = subprocess.run([*check, "bad.py"], cwd=tmp_path, capture_output=True, text=True)
    lines = {int(line.split(":")[1]) for line in run.stdout.splitlines() if "bad.py:" in line and "error" in line}
    assert run.returncode == 1 and lines == set(range(2, 2 + len(BAD))), run.stdout
