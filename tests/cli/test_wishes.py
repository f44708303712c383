"""Options of `make` and `render` that say what results are to be like, with a method that takes all of them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import analogon as package

from .conftest import Case, colored, disc


@pytest.fixture
def make(analogon, case: Case, copying):
    """Makes the moved disc, and gives the picture and its record."""

    def run(folder: Path, *options: object) -> tuple[np.ndarray, dict]:
        command = ("make", case.image, case.labels, case.target, "-o", folder, "--method", "copying", *options)
        answer = analogon(*command)
        assert answer.code == 0, answer.err
        assert answer.err == ""
        with Image.open(folder / "moved.png") as picture:
            return np.asarray(picture), json.loads((folder / "moved.json").read_text())

    return run


@pytest.fixture
def refused(analogon, case: Case, copying, tmp_path: Path):
    """The sentence with which `make` refuses options, before anything is written."""

    def run(*options: object, target: Path = case.target) -> str:
        command = ("make", case.image, case.labels, target, "-o", tmp_path / "out", "--method", "copying", *options)
        sentence = analogon(*command).sentence
        assert not (tmp_path / "out").exists()
        return sentence

    return run


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    """Masks and guides of the case's size, 56x40."""
    ramp = np.linspace(255, 0, 40 * 56).reshape(40, 56).astype(np.uint8)
    turned = np.linspace(0, 255, 40 * 56).reshape(56, 40).T.astype(np.uint8)
    mask = np.zeros((40, 56), np.uint8)
    mask[5:20, 30:50] = 255
    values = {"ramp": ramp, "turned": turned, "flat": np.zeros_like(ramp), "mask": mask, "small": mask[:30]}
    for name, each in values.items():
        Image.fromarray(each).save(tmp_path / f"{name}.png")
    return tmp_path


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_nothing_learnt_leaves_no_model_and_no_training_progress(analogon, case, copying, tmp_path):
    answer = analogon("make", case.folder, "-o", tmp_path / "out", "--method", "copying")
    assert (answer.code, answer.err) == (0, "")
    assert "Model" not in answer.out
    assert files(tmp_path / "out") == {"moved.png", "moved.json", "wide.png", "wide.json", "sheet.png"}


def test_fit_still_writes_a_model_that_renders_the_same(analogon, case, make, tmp_path):
    picture, _ = make(tmp_path / "made", "--seed", 4)
    fitted = analogon("fit", case.folder, "-o", tmp_path / "model", "--method", "copying", "--seed", 4)
    assert (fitted.code, fitted.out) == (0, f"Model: {tmp_path / 'model'}\n"), fitted.err
    assert analogon("render", tmp_path / "model", case.target, "-o", tmp_path / "out").code == 0
    with Image.open(tmp_path / "out" / "moved.png") as rendered:
        assert (np.asarray(rendered) == picture).all()


def test_each_option_changes_the_picture_and_is_in_its_record(make, maps, tmp_path):
    seen = {}
    for name, options in {
        "plain": (),
        "none": ("--keep", "none"),
        "mask": ("--keep", maps / "mask.png"),
        "tile": ("--keep", "none", "--tile"),
        "preview": ("--keep", "none", "--preview"),
        "guide": ("--keep", "none", "--guide", f"{maps / 'ramp.png'}:{maps / 'flat.png'}"),
        "guides": ("--keep", "none", "--guide", f"{maps}/ramp.png:{maps}/flat.png", "--guide",
                   f"{maps}/turned.png:{maps}/flat.png:0.5"),
    }.items():  # fmt: skip
        seen[name] = make(tmp_path / name, *options)
    names = list(seen)
    for i, first in enumerate(names):
        for second in names[:i]:
            assert (seen[first][0] != seen[second][0]).any(), (first, second)
            assert seen[first][1]["wishes"] != seen[second][1]["wishes"]
    assert (make(tmp_path / "auto", "--keep", "auto")[0] == seen["plain"][0]).all()
    guides = seen["guides"][1]["wishes"]["guides"]
    assert [(guide["name"], guide["weight"]) for guide in guides] == [("flat.png", 1.0), ("flat.png", 0.5)]


def test_what_is_white_stays(make, case, maps, tmp_path):
    picture, record = make(tmp_path / "out", "--keep", maps / "mask.png")
    with Image.open(case.image) as source, Image.open(maps / "mask.png") as mask:
        stays = np.asarray(mask) > 0
        assert (picture[stays] == np.asarray(source)[stays]).all()
    assert record["wishes"]["keep"]["share"] == pytest.approx(300 / (40 * 56))


def test_provenance_is_written_beside_the_picture(make, case, tmp_path):
    picture, record = make(tmp_path / "out", "--provenance")
    expected = {"moved.png", "moved.json", "sheet.png", "moved.labels.png", "moved.provenance.npy"}
    assert files(tmp_path / "out") == expected | {"moved.provenance.png"}
    rows, columns = np.moveaxis(np.load(tmp_path / "out" / "moved.provenance.npy"), -1, 0)
    with Image.open(case.image) as source:
        assert (np.asarray(source)[rows, columns] == picture).all()
    assert 0 < record["provenance"]["kept"] < 1
    labels = package.read_labels(tmp_path / "out" / "moved.labels.png")
    assert (labels.ids == package.read_labels(case.target).ids).all()


def test_render_takes_the_same_options(analogon, case, make, maps, tmp_path):
    assert analogon("fit", case.folder, "-o", tmp_path / "model", "--method", "copying").code == 0
    for name, options in {"mask": ("--keep", maps / "mask.png"), "tile": ("--tile", "--provenance")}.items():
        picture, record = make(tmp_path / name, *options)
        answer = analogon("render", tmp_path / "model", case.target, "-o", tmp_path / "out", *options)
        assert answer.code == 0, answer.err
        with Image.open(tmp_path / "out" / "moved.png") as rendered:
            assert (np.asarray(rendered) == picture).all()
        assert json.loads((tmp_path / "out" / "moved.json").read_text())["wishes"] == record["wishes"]
    assert (tmp_path / "out" / "moved.labels.png").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--keep", "all"), ["'all'"]),
        (("--keep", "{}/missing.png"), ["missing.png"]),
        (("--keep", "{}/small.png"), ["--keep", "56x30", "56x40"]),
        (("--guide", "{}/ramp.png"), ["--guide", "SOURCE_IMAGE:TARGET_IMAGE[:WEIGHT]", "no colon"]),
        (("--guide", "{0}/ramp.png:{0}/ramp.png:1:2"), ["--guide", "no colon"]),
        (("--guide", "{0}/ramp.png:{0}/ramp.png:heavy"), ["'heavy'", "no number", "no colon"]),
        (("--guide", "{0}/ramp.png:{0}/ramp.png:0"), ["'ramp.png'", "above 0"]),
        (("--guide", "{0}/ramp.png:"), ["--guide"]),
        (("--guide", "{0}/small.png:{0}/ramp.png"), ["'ramp.png'", "The source", "56x30", "56x40"]),
        (("--guide", "{0}/ramp.png:{0}/small.png"), ["'small.png'", "The target", "56x30", "56x40"]),
        (("--polish",), ["'copying'", "--polish"]),
        (("--steps", "3"), ["'copying'", "--steps"]),
        (("--minutes", "3"), ["'copying'", "--minutes"]),
        (("--resume",), ["'copying'", "--resume"]),
        (("--mask", "{}/small.png"), ["mask", "56x30", "56x40"]),
        (("--also", "{}/ramp.png"), ["--also", "IMAGE:LABELS[:MASK]", "no colon"]),
        (("--also", "{0}/ramp.png:{0}/missing.png"), ["missing.png"]),
    ],
)
def test_wrong_wishes_are_told_before_any_work(refused, maps, options, words):
    sentence = refused(*(option.format(maps) for option in options))
    for word in words:
        assert word in sentence


def test_a_mask_to_keep_needs_targets_of_the_sources_size(refused, case, maps):
    sentence = refused("--keep", maps / "mask.png", target=case.other_target)
    assert "71x45" in sentence and "56x40" in sentence


@pytest.mark.parametrize(
    "options",
    [("--keep", "none"), ("--tile",), ("--preview",), ("--provenance",), ("--guide", "{0}/ramp.png:{0}/ramp.png")],
)
def test_a_method_that_cannot_says_so_before_it_is_fitted(analogon, case, copying, maps, tmp_path, options):
    command = ("make", case.image, case.labels, case.target, "-o", tmp_path / "out", "--method", "semia")
    sentence = analogon(*command, *(option.format(maps) for option in options)).sentence
    assert "'semia'" in sentence and options[0] in sentence
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("stem", ["mask", "ramp"])
def test_results_never_overwrite_masks_and_guides(analogon, case, copying, maps, stem):
    given = maps / f"{stem}.png"
    target = case.target.rename(case.target.with_stem(stem))
    before = given.read_bytes()
    options = ("--guide", f"{given}:{given}") if stem == "ramp" else ("--keep", given)
    answer = analogon("make", case.image, case.labels, target, "-o", maps, "--method", "copying", *options)
    assert f"overwrite the input {given}" in answer.sentence
    assert given.read_bytes() == before


# -- sources -----------------------------------------------------------------------------------------------------


def test_a_mask_leaves_out_parts_of_the_source(make, case, maps, tmp_path):
    mask = np.full((40, 56), 255, np.uint8)
    mask[:, :20] = 0
    Image.fromarray(mask).save(maps / "usable.png")
    make(tmp_path / "out", "--provenance", "--keep", "none", "--mask", maps / "usable.png")
    places = np.load(tmp_path / "out" / "moved.provenance.npy")
    assert places[..., 1].min() >= 20


def test_further_pictures_are_taken_from_as_well(make, case, maps, tmp_path):
    wide = disc(30, 64, 15, 30, 9)
    Image.fromarray(np.where(wide[..., None], 250, 5).repeat(3, 2).astype(np.uint8)).save(maps / "more.png")
    Image.fromarray(colored(wide)).save(maps / "more_labels.png")
    Image.fromarray(np.where(wide, 255, 0).astype(np.uint8)).save(maps / "more_mask.png")
    pair = f"{maps / 'more.png'}:{maps / 'more_labels.png'}"
    both, _ = make(tmp_path / "both", "--keep", "none", "--also", pair)
    masked, _ = make(tmp_path / "masked", "--keep", "none", "--also", f"{pair}:{maps / 'more_mask.png'}")
    assert (both == 250).all(-1).any() and (both == 5).all(-1).any()
    assert (masked == 250).all(-1).any() and not (masked == 5).all(-1).any()
    # the picture that is edited is the first: what was not edited stays in its place
    kept, record = make(tmp_path / "kept", "--also", pair)
    assert record["provenance"]["kept"] > 0.5
    with Image.open(case.image) as source:
        assert (kept[:, 50:] == np.asarray(source)[:, 50:]).all()


# -- progress ----------------------------------------------------------------------------------------------------


def test_a_long_render_is_shown_and_a_short_one_not(analogon, case, copying, tmp_path, monkeypatch):
    from analogon.cli import render

    command = ("make", case.image, case.labels, case.target, "-o", tmp_path / "out", "--method", "copying")
    assert analogon(*command).err == ""
    monkeypatch.setattr(render, "PATIENCE", 0.0)
    assert analogon(*command).err == "copying 1/2\ncopying 2/2\n"


def test_ctrl_c_in_a_render_leaves_nothing_half_written(analogon, case, copying, tmp_path, monkeypatch):
    from analogon.cli import progress

    def interrupt(self, event):
        if event.step == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(progress.ProgressDisplay, "__call__", interrupt)
    answer = analogon("make", case.folder, "-o", tmp_path / "out", "--method", "copying")
    assert (answer.code, answer.err) == (130, "analogon: stopped\n")
    assert not (tmp_path / "out").exists()
