"""`analogon remove` on the small case: a disc on a ground."""

import json

import numpy as np
import pytest
from PIL import Image

from .conftest import DISC

COPY = ("--method", "copying")


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


@pytest.fixture
def discs(case, copying):
    """Where the disc is."""
    return (pixels(case.labels) == DISC).all(-1)


def is_ground(colours):
    return (colours.astype(int)[..., 2] > colours[..., 0] + 40).all()


@pytest.mark.parametrize("name", ["beige", "#f0c81e", "1"])
def test_a_class_is_replaced_by_what_surrounds_it(analogon, case, discs, tmp_path, name):
    out = tmp_path / "new.png"
    answer = analogon("remove", case.image, case.labels, "--class", name, "-o", out, *COPY)
    assert answer.code == 0, answer.err
    assert is_ground(pixels(out)[discs])
    far = np.s_[30:, 40:]
    assert (pixels(out)[far] == pixels(case.image)[far]).all()
    told = json.loads((tmp_path / "new.json").read_text())
    assert told["job"]["name"] == "remove" and told["job"]["of"] == [name] and told["job"]["reach"] == 4


def test_a_mask_needs_no_label_map(analogon, case, discs, tmp_path):
    Image.fromarray(discs).save(tmp_path / "mask.png")
    out = tmp_path / "new.png"
    answer = analogon("remove", case.image, "--mask", tmp_path / "mask.png", "-o", out, "--reach", 2, *COPY)
    assert answer.code == 0, answer.err
    assert is_ground(pixels(out)[discs])
    near = np.zeros(discs.shape, bool)
    rows, columns = np.nonzero(discs)
    near[rows.min() - 2 : rows.max() + 3, columns.min() - 2 : columns.max() + 3] = True
    assert (pixels(out)[~near] == pixels(case.image)[~near]).all()


def test_a_model_has_its_labels(analogon, case, discs, tmp_path):
    assert analogon("fit", case.image, case.labels, "-o", tmp_path / "model", *COPY).code == 0
    answer = analogon("remove", tmp_path / "model", "--class", "beige", "-o", tmp_path / "new.png")
    assert answer.code == 0, answer.err
    assert is_ground(pixels(tmp_path / "new.png")[discs])
    twice = analogon("remove", tmp_path / "model", case.labels, "--class", "beige", "-o", tmp_path / "new.png")
    assert "label map" in twice.sentence


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ((), "--class"),
        (("--class", "boat"), "'boat'"),
        (("--class", "beige", "--mask", "label.png"), "--class"),
        (("--class", "beige", "--class", "purple"), "Nothing would be left"),
        (("--class", "beige", "--uncovered", "boat"), "'boat'"),
        (("--class", "beige", "--reach", -1), "--reach"),
        (("--class", "beige", "--reach", 1000), "--reach"),
        (("--class", "beige", "--method", "none"), "'none'"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_mistakes_are_one_sentence_and_leave_nothing(analogon, case, copying, monkeypatch, tmp_path, options, named):
    monkeypatch.chdir(case.folder)
    method = () if "--method" in options else COPY
    answer = analogon("remove", case.image, case.labels, *options, "-o", tmp_path / "new" / "out.png", *method)
    assert named in answer.sentence
    assert not (tmp_path / "new").exists()


def test_a_class_needs_a_label_map(analogon, case, copying, tmp_path):
    answer = analogon("remove", case.image, "--class", "beige", "-o", tmp_path / "new.png", *COPY)
    assert "label map" in answer.sentence and not (tmp_path / "new.png").exists()


def test_the_label_map_is_not_overwritten(analogon, case, copying):
    before = case.labels.read_bytes()
    answer = analogon("remove", case.image, case.labels, "--class", "beige", "-o", case.labels, *COPY)
    assert "label.png" in answer.sentence
    assert case.labels.read_bytes() == before
