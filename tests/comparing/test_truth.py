"""Pairs of frames."""

from pathlib import Path

import numpy as np
import pytest

import analogon
from analogon import InputError, LabelError, OptionError, read_image, write_image, write_labels
from analogon.comparing.truth import choose, is_frames, pairs

CAMVID = Path(__file__).parents[3] / "shared" / "data" / "camvid" / "test"


@pytest.fixture
def film(tmp_path, make_exemplar, make_target):
    """Two sequences: four frames and three; in the last of the first there is no ball, in the second of it alone one.

    Frame b2 has a class that b1 lacks.
    """
    root = tmp_path / "film"
    (root / "images").mkdir(parents=True)
    (root / "labels").mkdir()
    whole, moved = make_exemplar().labels, make_target((24, 32))
    bare = analogon.LabelMap(np.where(whole.ids == 7, 0, whole.ids), whole.palette)
    frames = {"a8": whole, "a9": moved, "a10": whole, "a11": bare, "b1": bare, "b2": whole, "b3": moved}
    rng = np.random.default_rng(0)
    for name, labels in frames.items():
        picture = np.clip(labels.colors() / 255 + rng.normal(0, 0.05, (24, 32, 3)), 0, 1).astype(np.float32)
        write_image(root / "images" / f"{name}.png", picture)
        write_labels(root / "labels" / f"{name}.png", labels)
    return root


def test_pairs_of_one_sequence(film):
    assert is_frames(film) and not is_frames(film / "images")
    assert [pair.name for pair in pairs(film)] == ["a8+a9", "a10+a11", "b1+b2"]


def test_pairs_that_can_be_asked_for(film, sentence):
    found = choose(pairs(film))
    assert [given.name for given in found] == ["a8+a9", "a10+a11"]  # b1 has no ball
    assert np.array_equal(found[0].truths["a9"], read_image(film / "images" / "a9.png"))
    assert found[0].exemplar.image.shape == (24, 32, 3)
    assert [given.name for given in choose(pairs(film), most=1)] == ["a8+a9"]
    assert [given.name for given in choose(pairs(film)[::-1], most=2)] == ["a10+a11", "a8+a9"]
    assert [given.name for given in choose(pairs(film), ["a10+a11"])] == ["a10+a11"]
    for only, error in ((["a8+a10"], OptionError), (["b1+b2"], LabelError)):
        with pytest.raises(error) as caught:
            choose(pairs(film), only)
        sentence(caught.value)
    with pytest.raises(LabelError) as caught:
        choose([pair for pair in pairs(film) if pair.name == "b1+b2"])
    sentence(caught.value)
    with pytest.raises(OptionError) as caught:
        choose(pairs(film), most=0)
    sentence(caught.value, "--pairs")


def test_no_pairs(tmp_path, film, sentence):
    for name in ("a8", "a9", "a10", "b1", "b2"):
        (film / "labels" / f"{name}.png").unlink()
    with pytest.raises(InputError) as caught:
        pairs(film)
    sentence(caught.value, film)


def test_frames_without_their_option(film, tmp_path, sentence):
    with pytest.raises(OptionError) as caught:
        analogon.bench(film, output=tmp_path / "out")
    sentence(caught.value, film, "--truth")


@pytest.mark.usefixtures("entrants")
def test_figures_against_the_truth(film, tmp_path):
    """The true picture itself is without fault, and the frame before it is not."""
    (tmp_path / "true" / "a8+a9").mkdir(parents=True)
    (tmp_path / "true" / "a8+a9" / "a9.png").write_bytes((film / "images" / "a9.png").read_bytes())
    comparison = analogon.bench(
        film,
        output=tmp_path / "out",
        methods=[],
        truth=True,
        only=["a8+a9"],
        pictures={"true": tmp_path / "true" / "{case}"},
    )
    assert [contender.label for contender in comparison.contenders] == ["source", "true"]
    source, true = (trial.figures for trial in comparison.trials)
    assert true["true_psnr"] == np.inf and source["true_psnr"] < 30
    assert true["true_colour"] == true["true_texture"] == 0 < source["true_colour"]
    assert "true_colour" in comparison.trials[0].classes["ball"]
    assert comparison.metrics[0].name == "true_psnr"
    truth = comparison.cases[0].truths["a9"]
    assert np.array_equal(read_image(tmp_path / "out" / truth), read_image(film / "images" / "a9.png"))


@pytest.mark.skipif(not CAMVID.is_dir(), reason="the frames are not here")
def test_frames_of_a_drive():
    found = choose(pairs(CAMVID), most=2)
    assert len(found) == 2 and all(given.truths for given in found)
