"""The options are those of the library's one table, at every door."""

import ast
import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import impasto

TABLE = impasto.options()
DOORS = {
    "stylize": (impasto.stylize, {"content", "size", "look", "model"}),
    "Stylizer.stylize": (impasto.Stylizer.stylize, {"content", "size", "look"}),
    "Stylizer.stylize_file": (impasto.Stylizer.stylize_file, {"content", "size", "look", "file"}),
    "Stylizer": (impasto.Stylizer, {"model"}),
    "Picture.save": (impasto.Picture.save, {"file"}),
    "Picture.encode": (impasto.Picture.encode, {"file"}),
}


def other(row):
    """A value that is not the default, and one that is out of range."""
    if row["kind"] == "flag":
        return True, 1
    if row["kind"] in ("number", "whole"):
        least, most = row["range"]
        return (least if least != row["default"] else most), most + 1
    if row["kind"] == "choice":
        return next(name for name in row["choices"] if name != row["default"]), "no such name"
    return {"size": ((48, 32), (0, 5)), "stroke": ("native", 100), "picture": (np.full((64, 96), 255, np.uint8), None)}[row["kind"]]


def test_the_table():
    assert len(TABLE) >= 24 and {row["part"] for row in TABLE} == {"content", "size", "look", "model", "file"}
    assert all(row["help"] and row["kind"] != "other" for row in TABLE)


@pytest.mark.parametrize("door", DOORS)
def test_every_door_has_every_option(door):
    function, parts = DOORS[door]
    known = inspect.signature(function).parameters
    for row in TABLE:
        if row["part"] not in parts:
            assert row["name"] not in known, row["name"]
        elif (door, row["name"]) != ("Picture.encode", "format"):
            assert row["name"] in known and known[row["name"]].default == row["default"], row["name"]


def test_every_stub_has_every_option():
    stub = ast.parse((Path(impasto.__file__).parent / "__init__.pyi").read_text())
    classes = {node.name: node for node in stub.body if isinstance(node, ast.ClassDef)}

    def keys(name):
        node = classes[name]
        own = {item.target.id: ast.unparse(item.annotation) for item in node.body if isinstance(item, ast.AnnAssign)}
        for base in node.bases:
            own |= keys(base.id) if base.id in classes else {}
        return own

    names = {node.targets[0].id: node.value for node in stub.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}
    for name, parts in [("_Stylize", DOORS["Stylizer.stylize"][1]), ("_StylizeFile", DOORS["Stylizer.stylize_file"][1]), ("_Save", {"file"})]:
        for row in TABLE:
            if row["part"] in parts and row["name"] != "strength":
                assert row["name"] in keys(name), (name, row["name"])
            if row["kind"] == "choice" and row["part"] in parts and row["name"] != "format":
                literal = ast.unparse(names[keys(name)[row["name"]]])
                assert all(repr(choice) in literal for choice in row["choices"]), (row["name"], literal)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["name"])
def test_each_option_is_read_and_checked(landscape, row, tmp_path):
    content = tmp_path / "a.png"
    landscape.save(content)
    good, wrong = other(row)
    name, needed = row["name"], {}
    if name == "invert_mask":
        needed = {"mask": np.zeros((64, 96), np.uint8)}
    if name == "dpi":
        good, needed = 300, {"stroke": "3mm"}

    def call(value):
        given = {name: value, **needed}
        if row["part"] == "model":
            return impasto.Stylizer(**given)
        if row["part"] == "file":
            return landscape.encode("tif", **given) if name != "format" else landscape.save(tmp_path / "b.png", overwrite=True, **given)
        return impasto.stylize(content, "starry", **given)

    call(good)
    if name != "dpi":
        call(None)
    if wrong is not None:
        with pytest.raises(impasto.Error, match=f"^{name}: ") as told:
            call(wrong)
        assert told.value.kind == "invalid-argument" and "\n" not in str(told.value)
    with pytest.raises((TypeError, impasto.Error)):
        call(object())


def test_numpys_numbers_are_numbers(stylizer, landscape):
    expected = stylizer.stylize(landscape.numpy(), "starry", 0.5, size=48, stroke=2)
    given = {"strength": np.float32(0.5), "size": np.int64(48), "stroke": np.uint8(2)}
    assert (stylizer.stylize(landscape.numpy(), "starry", **given) == expected).all()


def test_exact_and_inverted_masks(stylizer, landscape):
    content = landscape.numpy()
    assert stylizer.stylize(content, "starry", exact=(48, 40)).shape == (40, 48, 3)
    assert (stylizer.stylize(content, "starry", exact="48x40") == stylizer.stylize(content, "starry", exact=[48, 40])).all()
    mask = np.zeros((64, 96), np.uint8)
    mask[:, :48] = 255
    inverted = stylizer.stylize(content, "starry", mask=mask, invert_mask=True)
    assert (inverted == stylizer.stylize(content, "starry", mask=255 - mask)).all()
    with pytest.raises(impasto.Error, match="invert_mask needs mask"):
        stylizer.stylize(content, "starry", invert_mask=True)
    with pytest.raises(impasto.Error, match="size cannot be given with exact"):
        stylizer.stylize(content, "starry", exact=(48, 40), size=9)


def test_colors_that_match(stylizer, landscape, painting):
    content = landscape.numpy()
    matched = stylizer.stylize(content, painting, colors="match")
    plain, moved = (stylizer.stylize(content, painting, colors=colors) for colors in ["style", "content"])
    assert (matched != plain).any() and (matched != moved).any()
    assert (stylizer.stylize(content, painting, colors="match", color_strength=0.2) != matched).any()
    # A style without a picture is painted with the content's palette.
    built_in = stylizer.stylize(content, "starry", colors="match")
    assert (built_in == stylizer.stylize(content, "starry", colors="content")).all()


def test_files_are_written_as_asked(stylizer, landscape, tmp_path):
    landscape.save(tmp_path / "a.png")

    def size(name, **options):
        stylizer.stylize_file(tmp_path / "a.png", tmp_path / name, "starry", **options)
        return (tmp_path / name).stat().st_size

    assert size("full.jpg") > size("quarter.jpg", subsampling="420") > size("low.jpg", subsampling=420, quality=20)
    size("deep.png", depth=16)
    assert np.asarray(impasto.Picture(tmp_path / "deep.png")).dtype == np.uint16
    size("small.png", size=48)
    assert Image.open(tmp_path / "small.png").size == (48, 32)
    painted = stylizer.stylize(tmp_path / "a.png", "starry", exact=(30, 50))
    size("exact.png", exact=(30, 50))
    assert (np.asarray(Image.open(tmp_path / "exact.png")) == painted.numpy()).all()
    size("other.bin", format="png")
    assert Image.open(tmp_path / "other.bin").format == "PNG"
    assert landscape.encode("png", depth=16) != landscape.encode("png")
    assert len(landscape.encode("png", compression="fast")) > len(landscape.encode("png", compression="high"))


def test_options_can_be_written_as_json():
    assert json.loads(json.dumps(TABLE))[0]["name"] == TABLE[0]["name"]
