"""Numbers that would be painted as nonsense are refused, with what to do about them."""

import numpy as np
import pytest

import impasto


def refused(words, call, *arguments, **options):
    with pytest.raises(impasto.Error) as told:
        call(*arguments, **options)
    assert told.value.kind == "invalid-argument"
    assert all(word in str(told.value) for word in words), str(told.value)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_of_another_range_are_refused(stylizer, landscape, dtype):
    eight = landscape.numpy()
    unit = eight.astype(dtype) / 255
    bytes_, signed = eight.astype(dtype), unit * 2 - 1
    for wrong, cure in [(bytes_, "divide by 255"), (signed, "(x + 1) / 2"), (unit * 1.5, "clip=True")]:
        refused(["the content", cure, "clip=True"], stylizer.stylize, wrong, "starry")
        refused(["the style", cure], stylizer.stylize, unit, wrong)
        refused(["the style", cure], stylizer.style, wrong)
        refused(["the mask", cure], stylizer.stylize, unit, "starry", mask=wrong)
        refused(["the mask", cure], stylizer.stylize, unit, "starry", mask=wrong[..., 0])
        refused(["the picture", cure], impasto.Picture, wrong)
    clipped = np.clip(unit * 1.5, 0, 1)
    assert (stylizer.stylize(unit * 1.5, "starry", clip=True) == stylizer.stylize(clipped, "starry")).all()
    assert (impasto.Picture(unit * 1.5, clip=True).numpy() == impasto.Picture(clipped).numpy()).all()
    assert stylizer.style(unit * 1.5, clip=True).vector == stylizer.style(clipped).vector
    stylizer.stylize(unit, "starry", mask=signed[..., 0], clip=True)


def test_rounding_is_no_other_range(stylizer, landscape):
    unit = landscape.numpy("float32")
    over = unit.copy()
    over[0, 0], over[0, 1] = 1.004, -0.004
    unit[0, 0], unit[0, 1] = 1, 0
    assert (stylizer.stylize(over, "starry") == stylizer.stylize(unit, "starry")).all()


def test_boolean_masks_are_masks(stylizer, landscape):
    content = landscape.numpy()
    truth = np.zeros(content.shape[:2], bool)
    truth[:, :48] = True
    white = stylizer.stylize(content, "starry", mask=truth.astype(np.uint8) * 255)
    assert (stylizer.stylize(content, "starry", mask=truth) == white).all()
    assert (stylizer.stylize(content, "starry", mask=truth[..., None]) == white).all()
    assert (stylizer.stylize(content, "starry", mask=truth.astype(np.float32)) == white).all()
    assert (white[:, 48:] == content[:, 48:]).all() and (white[:, :48] != content[:, :48]).any()
    refused(["bool"], stylizer.stylize, np.zeros((8, 8, 3), bool), "starry")
    with pytest.raises(impasto.Error):
        landscape.numpy("bool")


@pytest.mark.parametrize(("dtype", "white"), [("uint8", "255"), ("uint16", "65535")])
def test_integer_masks_of_0_and_1_are_refused(stylizer, landscape, dtype, white):
    content = landscape.numpy()
    ones = np.ones(content.shape[:2], dtype)
    for mask in [ones, np.stack([ones] * 3, -1)]:
        refused([dtype, f"multiply by {white}", "astype(bool)"], stylizer.stylize, content, "starry", mask=mask)
    refused(["multiply by"], stylizer.stylize, content, regions=[("starry", ones)])
    # Nothing painted is what black says.
    assert (stylizer.stylize(content, "starry", mask=ones * 0) == content).all()


def test_all_weights_0_are_refused(stylizer, landscape):
    refused(["weight 0"], stylizer.stylize, landscape, [("starry", 0), ("mosaic", 0)])
    refused(["weight 0"], stylizer.stylize, landscape, [("starry", 0.0)])
    some = stylizer.stylize(landscape, [("starry", 0), ("mosaic", 1)])
    assert (some.numpy() == stylizer.stylize(landscape, "mosaic").numpy()).all()


def test_style_sizes_have_one_range(stylizer, landscape):
    for size in [0, 15, 4097]:
        refused(["16 to 4096"], stylizer.style, landscape, size)
        refused(["16 to 4096"], stylizer.stylize, landscape, landscape, style_size=size)
