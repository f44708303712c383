"""Animations to files, read back by the libraries that others use."""

import io

import numpy as np
import pytest
from PIL import Image

from analogon.errors import AnalogonError, InputError, OptionError
from analogon.io import animation_writer, animations, check_animation

SUFFIXES = (".gif", ".webp", ".png", ".mp4")


def frames(count=4, shape=(24, 37)):
    """A bright square that moves over a dim gradient."""
    ramp = np.linspace(20, 120, shape[1]).astype(np.uint8)
    found = []
    for n in range(count):
        frame = np.repeat(np.broadcast_to(ramp, shape)[..., None], 3, 2).copy()
        frame[8:16, 6 * n : 6 * n + 8] = (230, 200, 40)
        found.append(frame)
    return found


def written(suffix, pictures, pace=10.0):
    file = io.BytesIO()
    animation_writer(f"new{suffix}", pictures, pace)(file)
    file.seek(0)
    return file


def read(suffix, file):
    """The frames of a file as it shows them."""
    if suffix == ".mp4":
        av = pytest.importorskip("av", reason="videos need the extra 'video'")
        with av.open(file) as container:
            return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with Image.open(file) as picture:
        shown = []
        for n in range(picture.n_frames):
            picture.seek(n)
            shown.append(np.asarray(picture.convert("RGB")))
        return shown


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_come_back(suffix):
    if suffix == ".mp4":
        pytest.importorskip("av", reason="videos need the extra 'video'")
    pictures = frames()
    shown = read(suffix, written(suffix, pictures))
    assert len(shown) == len(pictures)
    for one, other in zip(shown, pictures, strict=True):
        height, width = other.shape[:2]
        assert one.shape[:2] == ((24, 38) if suffix == ".mp4" else (24, 37))
        difference = np.abs(one[:height, :width].astype(int) - other)
        assert difference.mean() < 6
        assert suffix != ".png" or difference.max() == 0


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_smaller_frames_lie_at_the_top_left_of_white_paper(suffix):
    if suffix == ".mp4":
        pytest.importorskip("av", reason="videos need the extra 'video'")
    first, second = frames(1, (24, 40))[0], frames(1, (30, 32))[0]
    for shown, shape in zip(read(suffix, written(suffix, [first, second])), ((24, 40), (30, 32)), strict=True):
        assert shown.shape == (30, 40, 3)
        assert shown[shape[0] + 2 :].size == 0 or shown[shape[0] + 2 :].min() > 235
        assert shown[:, shape[1] + 2 :].size == 0 or shown[:, shape[1] + 2 :].min() > 235
        assert shown[: shape[0] - 2, : shape[1] - 2].mean() < 110


def test_the_pace_of_a_file_is_that_which_was_asked_for():
    for suffix, milliseconds in ((".gif", 80), (".webp", 83), (".png", 83)):
        with Image.open(written(suffix, frames(), 12.0)) as picture:
            picture.seek(1)
            picture.load()
            assert picture.info["duration"] == milliseconds, suffix
    av = pytest.importorskip("av", reason="videos need the extra 'video'")
    with av.open(written(".mp4", frames(), 12.5)) as container:
        assert float(container.streams.video[0].average_rate) == 12.5


def test_a_gif_does_not_flicker_where_nothing_moves():
    shown = read(".gif", written(".gif", frames()))
    assert (shown[0][20:] == shown[3][20:]).all()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_one_frame_will_do(suffix):
    if suffix == ".mp4":
        pytest.importorskip("av", reason="videos need the extra 'video'")
    assert len(read(suffix, written(suffix, frames(1)))) == 1


def test_what_cannot_be_written_is_refused_before_the_work(sentence, monkeypatch):
    for path, pace, kind, named in (
        ("loop.avi", 12, InputError, "loop.avi"),
        ("loop", 12, InputError, "'loop'"),
        ("loop.gif", 0, OptionError, "--fps"),
        ("loop.gif", 51, OptionError, "--fps"),
        ("loop.gif", True, OptionError, "--fps"),
    ):
        with pytest.raises(kind) as error:
            check_animation(path, pace)
        sentence(error, named)
    monkeypatch.setattr(animations, "find_spec", lambda name: None)
    with pytest.raises(OptionError) as error:
        check_animation("loop.mp4", 12)
    assert "analogon[video]" in sentence(error, "loop.mp4")


def test_no_frames_and_frames_too_large(sentence):
    for pictures, named in (([], "frame"), ([np.zeros((16, 16400, 3), np.uint8)], "16400x16")):
        with pytest.raises(AnalogonError) as error:
            animation_writer("loop.webp", pictures, 12)
        assert named in sentence(error, "loop.webp")
