"""Animations: from results to files."""

import json

import numpy as np
import pytest
from PIL import Image

import analogon
from analogon import Animation, Result


def results(*shapes, step=10):
    """Grey pictures, each a little lighter."""
    for n, shape in enumerate(shapes):
        yield Result(np.full((*shape, 3), (100 + step * n) / 255, np.float32), "none", {}, 3, 0.5, job={"name": "vary"})


def test_changes_are_those_from_frame_to_frame():
    shapes = [(20, 30)] * 3
    assert Animation.of(results(*shapes), 12).changes() == pytest.approx((10, 10))
    assert Animation.of(results(*shapes), 12, loop=True).changes() == pytest.approx((10, 10, 20))
    assert Animation.of(results((20, 30), (18, 40)), 12).changes() == pytest.approx((10,))


def test_forth_and_back_is_a_loop_without_a_jump():
    bounced = Animation.of(results(*[(20, 30)] * 4), 12).bounced()
    assert [int(frame[0, 0, 0]) for frame in bounced.frames] == [100, 110, 120, 130, 120, 110]
    assert bounced.loop and max(bounced.changes()) == pytest.approx(10)


def test_a_record_tells_of_all_frames(tmp_path):
    animation = Animation.of(results((20, 30), (20, 34)), 8)
    animation.save(tmp_path / "wider.gif")
    told = json.loads((tmp_path / "wider.json").read_text())
    assert told["frames"] == 2 and told["frames_per_second"] == 8 and told["seconds"] == 1.0
    assert told["sizes"] == [[20, 30], [20, 34]] and told["seed"] == 3 and told["job"] == {"name": "vary"}
    assert told["change"] == {"mean": 10.0, "most": 10.0, "stretched": 0.0}
    assert "stretched" not in Animation.of(results((20, 30), (20, 30)), 8).record()["change"]
    assert Animation.of(results((20, 30)), 8).record()["change"] is None


def test_stretching_is_what_a_sequence_is_compared_with():
    ramp = np.tile(np.arange(0, 240, 4, dtype=np.uint8)[None, :, None], (20, 1, 3))
    frames = [ramp, np.zeros((20, 66, 3), np.uint8)]
    (step,) = Animation(frames, 12).stretched()
    assert 5 < step < 20 < Animation(frames, 12).changes()[0]


def test_both_files_or_none(tmp_path, monkeypatch, sentence):
    (tmp_path / "loop.json").mkdir()
    with pytest.raises(analogon.InputError) as error:
        Animation.of(results((20, 30), (20, 30)), 12).save(tmp_path / "loop.gif")
    sentence(error.value, "loop.json")
    assert [path.name for path in tmp_path.iterdir()] == ["loop.json"]


def test_a_saved_gif_is_played_again_and_again(tmp_path):
    Animation.of(results(*[(20, 30)] * 3), 20).save(tmp_path / "loop.gif")
    with Image.open(tmp_path / "loop.gif") as picture:
        assert (picture.n_frames, picture.info["duration"], picture.info["loop"]) == (3, 50, 0)
