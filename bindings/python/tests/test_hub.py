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


def test_the_articles_listing_on_tensorflow(tmp_path, monkeypatch):
    """TensorFlow's tutorial as it stands, but for the two lines that load the module and the files that it downloads."""
    tf = pytest.importorskip("tensorflow", reason="skipped: tensorflow is not installed")
    monkeypatch.chdir(tmp_path)
    impasto.draw_landscape(300, 200).save("content.jpg")
    impasto.draw_style("mosaic", 300, 320).save("style.jpg")

    def load_image(path_to_img, image_size):
        img = tf.io.decode_image(tf.io.read_file(path_to_img), channels=3, dtype=tf.float32)[tf.newaxis, ...]
        shape = img.shape
        new_shape = min(shape[1], shape[2])
        offset_y, offset_x = max(shape[1] - shape[2], 0) // 2, max(shape[2] - shape[1], 0) // 2
        img = tf.image.crop_to_bounding_box(img, offset_y, offset_x, new_shape, new_shape)
        return tf.image.resize(img, image_size, preserve_aspect_ratio=True)

    content_image = load_image("content.jpg", (96, 96))
    style_image = load_image("style.jpg", (64, 64))
    style_image = tf.nn.avg_pool(style_image, ksize=[3, 3], strides=[1, 1], padding="SAME")

    hub_module = hub.load()
    outputs = hub_module(tf.constant(content_image), tf.constant(style_image))
    stylized_image = outputs[0]

    assert isinstance(stylized_image, tf.Tensor) and stylized_image.dtype == tf.float32
    assert stylized_image.shape == content_image.shape == (1, 96, 96, 3)
    assert (stylized_image.numpy() == hub_module(content_image.numpy(), style_image.numpy())[0]).all()
    # What the tutorial does next: the tensor goes back into TensorFlow.
    shown = tf.image.convert_image_dtype(stylized_image, tf.uint8)
    assert shown.dtype == tf.uint8 and int(tf.reduce_max(shown)) > 128


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


def test_the_built_in_model_has_its_name():
    content, style = np.full((1, 20, 24, 3), 0.5, np.float32), np.ones((1, 32, 32, 3), np.float32)
    assert np.array_equal(hub.load("built-in")(content, style)[0], hub.load()(content, style)[0])


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
