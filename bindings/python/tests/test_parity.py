"""The same numbers as TensorFlow, and the same bytes as the library and the program."""

import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import built, shared
from PIL import Image

import impasto


def tensors(path):
    """A safetensors file's arrays."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + length]), memoryview(data)[8 + length :]
    kinds = {"F32": "<f4", "U8": "u1"}
    return {
        name: np.frombuffer(body[slice(*entry["data_offsets"])], kinds[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__"
    }


def write(path, arrays):
    header, offset = {}, 0
    for name, array in arrays.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in arrays.values():
            file.write(array.astype("<f4").tobytes())


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """The TF-Hub module's variables, by their names, with the values that the stored outputs were made with."""
    sys.path.insert(0, str(shared("peers")))
    import synthetic_weights

    table = shared("models/vars/tfhub_v2_savedmodel.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in table[1:]]
    shapes = {row[0]: json.loads(row[2]) for row in rows}
    path = tmp_path_factory.mktemp("hub") / "hub.safetensors"
    write(path, {name: np.asarray(synthetic_weights.value(name, shape), np.float32).reshape(shape) for name, shape in shapes.items()})
    return path


def test_the_hub_module(hub):
    fixture = tensors(shared("fixtures/hub_module_synthetic.safetensors"))
    numbers = sorted({name.split(".")[0] for name in fixture})
    assert len(numbers) >= 3
    for number in numbers:
        content, style, expected = (fixture[f"{number}.{part}"] for part in ("content", "style", "output"))
        # Batches of one, as the module takes them; the style at its own size.
        painted = impasto.stylize(content, style, model=hub, style_size=min(style.shape[1:3]))
        assert painted.dtype == np.float32 and painted.shape == content.shape
        # The module's picture reaches beyond sides that are no multiples of 4.
        distance = np.abs(painted - expected[:, : content.shape[1], : content.shape[2]]).max()
        print(f"TF-Hub module {number}: off by {distance:.2e}")
        assert distance <= 1e-3


def test_the_tflite_pair():
    fixture = tensors(shared("fixtures/tflite_real.safetensors"))
    stylizer = impasto.Stylizer(shared("models/magenta-tflite"))
    own = np.array(stylizer.style(fixture["style"], size=256).vector)
    # The interpreter's predictor computes in 8 bits, its vector clips at the ends of their range.
    low, high = -103.0 * 0.0198789, 152.0 * 0.0198789
    assert np.abs(own.clip(low, high) - fixture["style_vector_int8_interpreter"]).max() <= 0.04
    painted = stylizer.stylize(fixture["content"].astype(np.float32) / 255, fixture["style"])
    # With the interpreter's rounded vector instead of ours: the networks' tolerances are the library's tests'.
    assert np.abs(painted - fixture["output"]).mean() <= 0.02


def test_rust_program_and_python_give_the_same(tmp_path):
    model = shared("models/magenta-tflite")
    program, example = built("impasto"), built("examples/folder")
    photographs, out = tmp_path / "photographs", tmp_path / "out"
    photographs.mkdir()
    out.mkdir()
    content, style = photographs / "content.jpg", tmp_path / "style.png"
    impasto.draw_landscape(211, 140).save(content)
    impasto.draw_style("ukiyo-e" if "ukiyo-e" in impasto.built_in_styles() else "mosaic", 300, 260).save(style)
    subprocess.run([example, model, style, photographs, out], check=True)
    subprocess.run([program, "stylize", content, "-s", style, "-o", tmp_path / "cli.png", "--model", model, "-q"], check=True)
    painted = impasto.stylize(content, style, model=model)
    painted.save(tmp_path / "python.png")
    impasto.Stylizer(model).stylize_file(content, tmp_path / "file.png", style)
    # The program and Python write their settings besides.
    assert (np.asarray(Image.open(out / "content.png")) == painted.numpy()).all()
    for name in ["cli.png", "file.png", "python.png"]:
        assert (np.asarray(Image.open(tmp_path / name)) == painted.numpy()).all(), name
    # Arrays and images.
    assert (impasto.stylize(impasto.Picture(content).numpy(), Image.open(style), model=model) == painted.numpy()).all()


def test_the_built_in_model_and_its_look(tmp_path):
    program = built("impasto")
    content = tmp_path / "content.png"
    impasto.draw_landscape(180, 120).save(content)
    painting, mask = tmp_path / "painting.png", tmp_path / "mask.png"
    impasto.draw_style("mosaic", 96, 128).save(painting)
    half = np.zeros((120, 180), np.uint8)
    half[:, :90] = 255
    Image.fromarray(half).save(mask)
    cases = [
        (["-s", painting, "--colors", "match"], {"style": painting, "colors": "match"}),
        (["-s", painting, "--colors", "match", "--color-strength", "0.4"], {"style": painting, "colors": "match", "color_strength": 0.4}),
        (["-s", painting, "--exact", "100x90"], {"style": painting, "exact": (100, 90)}),
        (["-s", painting, "--mask", mask, "--invert-mask"], {"style": painting, "mask": mask, "invert_mask": True}),
        (["-s", painting, "--style-size", "64", "--grain", "3"], {"style": painting, "style_size": 64, "grain": 3}),
        (["-s", "starry"], {"style": "starry"}),
        (["-s", "starry=3", "-s", "mosaic"], {"style": [("starry", 3), ("mosaic", 1)]}),
        (["-s", "starry", "--strength", "0.6"], {"style": "starry", "strength": 0.6}),
        (["-s", "starry", "--colors", "luminance"], {"style": "starry", "colors": "luminance"}),
        (["-s", "starry", "--stroke", "2"], {"style": "starry", "stroke": 2}),
        (["-s", "starry", "--size", "100"], {"style": "starry", "size": 100}),
    ]
    for i, (arguments, options) in enumerate(cases):
        out = tmp_path / f"{i}.png"
        subprocess.run([program, "stylize", content, *arguments, "-o", out, "-q"], check=True)
        assert (np.asarray(Image.open(out)) == impasto.stylize(content, **options).numpy()).all(), arguments


def test_optimize_as_the_program_does(tmp_path):
    program = built("impasto")
    content, out = tmp_path / "content.png", tmp_path / "out.png"
    impasto.draw_landscape(64, 48).save(content)
    options = ["--steps", "3", "--smallest-scale", "48", "--size", "64"]
    subprocess.run([program, "optimize", content, "-s", "mosaic", "-o", out, "-q", *options], check=True)
    painted = impasto.optimize(content, "mosaic", steps=3, smallest_scale=48, size=64)
    assert (np.asarray(Image.open(out)) == painted.numpy()).all()
