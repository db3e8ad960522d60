"""Errors are `impasto.Error`, and Python's own as well."""

import pickle
import struct
import zlib

import numpy as np
import pytest

import impasto

WRONG = [
    (lambda: impasto.stylize("no-such-photo.jpg", "starry"), FileNotFoundError, "io"),
    (lambda: impasto.stylize(np.zeros((9, 9, 3), np.uint8), "no such style"), FileNotFoundError, "io"),
    (lambda: impasto.Style.open("no-such.style"), FileNotFoundError, "io"),
    (lambda: impasto.Picture(b"no picture at all, but text"), ValueError, None),
    (lambda: impasto.Picture(np.zeros((9, 9, 7), np.uint8)), ValueError, "invalid-argument"),
    (lambda: impasto.stylize(np.zeros((9, 9, 3), np.uint8), "starry", strength=7), ValueError, "invalid-argument"),
    (lambda: impasto.stylize(5, "starry"), TypeError, "invalid-argument"),
    (lambda: impasto.stylize(np.zeros((9, 9, 3), np.uint8), "starry", strength="much"), TypeError, "invalid-argument"),
    (lambda: impasto.stylize(np.zeros((9, 9, 3), np.uint8), "starry", size=10**6), MemoryError, "too-large"),
    (lambda: impasto.Optimizer(steps="many"), TypeError, "invalid-argument"),
    (lambda: impasto.Optimizer(method="sgd"), ValueError, "invalid-argument"),
    (lambda: impasto.hub.load()(np.zeros((9, 9, 3), np.float32), np.zeros((1, 9, 9, 3), np.float32)), ValueError, "invalid-argument"),
]


@pytest.mark.parametrize(("call", "kind", "name"), WRONG)
def test_they_are_pythons_too(call, kind, name):
    with pytest.raises(impasto.Error) as told:
        call()
    error = told.value
    assert isinstance(error, kind) and (name is None or error.kind == name)
    assert "\n" not in str(error) and type(error).__module__ == "impasto"
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and (str(again), again.kind) == (str(error), error.kind)


def test_files_in_the_way(landscape, tmp_path):
    landscape.save(tmp_path / "a.png")
    for call in [lambda: landscape.save(tmp_path / "a.png"), lambda: impasto.Style.built_in("starry").save(tmp_path / "a.png")]:
        with pytest.raises(FileExistsError) as told:
            call()
        assert told.value.kind == "already-exists" and "--force" not in str(told.value)
    assert "overwrite=True" in str(told.value)


def test_unknown_keywords_are_pythons_alone(landscape):
    for call in [impasto.stylize, impasto.Stylizer().stylize, impasto.optimize]:
        with pytest.raises(TypeError, match="unexpected keyword argument"):
            call(landscape, "starry", strenth=1)


def test_remedies_are_pythons(landscape):
    photo = landscape.encode("jpeg")
    with pytest.raises(impasto.Error, match=r"salvage=True") as told:
        impasto.Picture(photo[: len(photo) // 2])
    assert "--" not in str(told.value)
    with pytest.raises(impasto.Error, match=r"impasto\.video") as told:
        impasto.Picture(b"\0\0\0\x18ftypisom\0\0\x02\0isomavc1" + bytes(64))
    assert "-o" not in str(told.value)
    # A header that promises more pixels than the limit.
    png = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b""))):
        png += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    with pytest.raises(impasto.Error, match="give a smaller picture") as told:
        impasto.Picture(png)
    assert "--" not in str(told.value) and "::" not in str(told.value)
