"""Films of frames."""

import numpy as np
import pytest

import impasto


@pytest.fixture(scope="module")
def frames():
    """A camera that moves to the right over a landscape."""
    wide = impasto.draw_landscape(120, 48).numpy()
    return [wide[:, x : x + 64] for x in range(0, 22, 2)]


def test_frames_come_back_as_they_went(stylizer, frames):
    painted = impasto.video.stylize(frames, "starry", 0.8, model=stylizer)
    assert iter(painted) is painted
    result = list(painted)
    assert len(result) == len(frames) and all(one.shape == (48, 64, 3) and one.dtype == np.uint8 for one in result)
    assert all((one != frame).any() for one, frame in zip(result, frames, strict=True))
    # Painted as pictures are, but for statistics that glide.
    first = stylizer.stylize(frames[0], "starry", 0.8)
    assert np.abs(result[0].astype(int) - first).mean() < 4
    assert list(painted) == []


def test_any_iterator_and_any_form(stylizer, frames):
    kinds = [frames[0], impasto.Picture(frames[1]), impasto.Picture(frames[2]).pil(), impasto.Picture(frames[3]).encode("png"), frames[4].astype("float32") / 255]
    read = []

    def reader():
        for i, frame in enumerate(kinds):
            read.append(i)
            yield frame

    painted = impasto.video.stylize(reader(), "starry", model=stylizer)
    assert read == []
    result = list(painted)
    assert [type(one) for one in result] == [type(one) for one in kinds] and result[4].dtype == np.float32
    alpha = np.dstack([frames[0], np.full((48, 64), 99, np.uint8)])
    assert (next(impasto.video.stylize([alpha], "starry", model=stylizer))[..., 3] == 99).all()


def test_steady_films_flicker_less(stylizer, frames):
    still = [frames[0]] * 6
    rng = np.random.default_rng(1)
    noisy = [np.clip(frame + rng.normal(0, 6, frame.shape), 0, 255).astype(np.uint8) for frame in still]

    def flicker(steady):
        result = [one.astype(float) for one in impasto.video.stylize(noisy, "starry", model=stylizer, steady=steady)]
        return np.mean([np.abs(a - b).mean() for a, b in zip(result, result[1:], strict=False)])

    assert flicker(1.0) < 0.7 * flicker(0.0)


def test_colors_are_matched_along_the_film(stylizer, frames):
    picture = impasto.Picture(255 - frames[0])
    painted = {colors: list(impasto.video.stylize(frames, picture, model=stylizer, colors=colors)) for colors in ("match", "style")}
    # The first frame as a picture that is painted by itself.
    assert (painted["match"][0] == stylizer.stylize(frames[0], picture, colors="match")).all()
    assert all((one != other).any() for one, other in zip(*painted.values(), strict=True))
    # A style without a picture: the painting gets the colors.
    bare = [next(impasto.video.stylize(frames, "starry", model=stylizer, colors=colors)) for colors in ("match", "content")]
    assert (bare[0] == bare[1]).all()


def test_progress(stylizer, frames):
    shares = []
    list(impasto.video.stylize(frames, "starry", model=stylizer, progress=shares.append))
    assert shares == sorted(shares) and shares[-1] == 1
    shares.clear()
    list(impasto.video.stylize(iter(frames), "starry", model=stylizer, progress=shares.append, total=len(frames)))
    assert shares[-1] == 1


def test_what_is_wrong(stylizer, frames):
    def paint(frames, style="starry", **options):
        return list(impasto.video.stylize(frames, style, model=stylizer, **options))

    # What the table keeps from films, the stubs keep, too.
    others = [({"exact": (9, 9)}, "size and exact"), ({"preview_of": (9, 9)}, "preview_of: not for films"), ({"salvage": True}, "salvage: not for films")]
    wrong = [({"steady": 2}, "0 to 1"), ({"size": 9}, "size"), ({"strength": 5}, "strength")]
    for options, words in others + wrong:
        with pytest.raises(ValueError, match=words):
            paint(frames, **options)
    with pytest.raises(TypeError, match="unexpected keyword"):
        paint(frames, nothing=1)
    with pytest.raises(TypeError):
        paint(5)
    with pytest.raises(TypeError, match="the frame is of type int"):
        paint([frames[0], 5])
    with pytest.raises(ValueError, match="frame 2"):
        paint([frames[0], frames[0][:40]])

    def breaks():
        yield frames[0]
        raise RuntimeError("the film is torn")

    with pytest.raises(RuntimeError, match="torn"):
        paint(breaks())
    assert paint([]) == []
