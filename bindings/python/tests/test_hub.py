"""Models as TensorFlow Hub gives them."""

import numpy as np
import pytest

import impasto
import impasto.hub as hub


@pytest.fixture(scope="module")
def images():
    content = impasto.draw_landscape(96, 64).numpy("float32")[None]
    style = impasto.draw_style("mosaic", 64, 64).numpy("float32")[None]
    return content, style


def test_the_articles_listing(images):
    content_image, style_image = images
    hub_module = hub.load()
    outputs = hub_module(content_image, style_image)
    stylized_image = outputs[0]
    assert isinstance(stylized_image, np.ndarray) and stylized_image.dtype == np.float32
    assert stylized_image.shape == content_image.shape and 0 <= stylized_image.min() <= stylized_image.max() <= 1
    # The network's own work, without what `stylize` does besides.
    style = hub_module.style(style_image[0], size=64)
    expected = hub_module.stylize(content_image[0], style, stroke="native", grain=0)
    assert (stylized_image[0] == expected).all() and np.abs(stylized_image - content_image).mean() > 0.03


def test_batches(images):
    content, style = images
    module = hub.load(threads=1)
    other = impasto.draw_style("starry", 48, 64).numpy("float32")[None]
    two = np.concatenate([content, content[:, :, ::-1]])
    one_for_all = module(two, style)[0]
    assert one_for_all.shape == two.shape and (one_for_all[:1] == module(content, style)[0]).all()
    each = module(two, np.concatenate([style, style[:, ::-1]]))[0]
    assert (each[:1] == one_for_all[:1]).all() and (each[1:] != one_for_all[1:]).any()
    assert module(content, other)[0].shape == content.shape
    with pytest.raises(impasto.Error, match="one for each"):
        module(content, np.concatenate([style, style]))


def test_a_file_is_a_module(images, tmp_path):
    with pytest.raises(impasto.Error):
        hub.load(tmp_path / "absent.tflite")
    with pytest.raises(impasto.Error):
        hub.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x[0], r"content\[None\]"),
        (lambda x: (x * 255).astype(np.uint8), "divide by 255"),
        (lambda x: x * 255, "divide by 255"),
        (lambda x: x[..., :2], "height × width × 3"),
        (lambda x: x[:0], "height × width × 3"),
    ],
)
def test_what_is_no_batch_is_refused(images, change, words):
    content, style = images
    with pytest.raises(impasto.Error, match=words):
        hub.load()(change(content), style)


@pytest.mark.parametrize("module", ["torch", "tensorflow", "jax"])
def test_the_same_kind_comes_back(images, module):
    library = pytest.importorskip(module, reason=f"skipped: {module} is not installed")
    make = {"torch": lambda x: library.from_numpy(x), "tensorflow": lambda x: library.constant(x), "jax": lambda x: library.numpy.asarray(x)}[module]
    content, style = map(make, images)
    painted = hub.load()(content, style)[0]
    assert type(painted) is type(content) and (np.asarray(painted) == hub.load()(*images)[0]).all()
