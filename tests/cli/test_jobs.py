"""The verbs that do something with one picture, with a small method that can do all of it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from analogon.methods import registry

COPY = ("--method", "copying")


def size(path):
    with Image.open(path) as picture:
        return picture.size


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def told(path):
    return json.loads(path.with_suffix(".json").read_text())


def files(folder):
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def photo(case, copying):
    """56x40 pixels."""
    return case.image


@pytest.fixture
def edited(photo, tmp_path):
    """The picture with a spot, and a mask of the spot."""
    spot = pixels(photo).copy()
    spot[5:12, 4:14] = (250, 250, 250)
    mask = np.zeros(spot.shape, np.uint8)
    mask[5:12, 4:14] = 255
    Image.fromarray(spot).save(tmp_path / "edited.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return tmp_path / "edited.png", tmp_path / "mask.png"


def test_vary_writes_pictures_by_their_seeds_and_a_sheet(analogon, photo, tmp_path):
    out = tmp_path / "out"
    answer = analogon("vary", photo, "-n", 3, "--seed", 4, "-o", out, *COPY)
    assert answer.code == 0, answer.err
    names = {f"img-{seed}{suffix}" for seed in (4, 5, 6) for suffix in (".png", ".json")}
    assert files(out) == names | {"sheet.png"}
    assert str(out / "img-5.png") in answer.out
    assert told(out / "img-5.png")["seed"] == 5
    assert (pixels(out / "img-4.png") != pixels(out / "img-5.png")).any()
    alone = analogon("vary", photo, "--seed", 5, "-o", tmp_path / "alone", *COPY)
    assert alone.code == 0
    assert (pixels(tmp_path / "alone" / "img-5.png") == pixels(out / "img-5.png")).all()


def test_vary_takes_a_size_and_a_difference(analogon, photo, tmp_path):
    for option, wanted in (("70x30", (70, 30)), ("200%x50%", (112, 20)), ("60x100%", (60, 40))):
        answer = analogon("vary", photo, "--size", option, "-o", tmp_path, *COPY)
        assert answer.code == 0, answer.err
        assert size(tmp_path / "img-0.png") == wanted
    analogon("vary", photo, "--difference", 0, "-o", tmp_path, *COPY)
    assert (pixels(tmp_path / "img-0.png") == pixels(photo)).all()


def test_a_report_has_diversity_copies_and_quality(analogon, photo, tmp_path):
    answer = analogon("vary", photo, "-n", 2, "--report", "-o", tmp_path / "out", *COPY)
    assert answer.code == 0, answer.err
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert len(report["pictures"]) == 2
    for name in ("diversity", "copied@1", "largest_copy", "coherence@1", "wasserstein", "sharpness", "sifid"):
        assert name in report["together"] and report["meanings"][name]["meaning"]
    assert report["together"]["diversity"] > 0 and report["together"]["sifid"] is None
    assert "SIFID" in answer.out and "diversity" in answer.out


def test_retarget_makes_a_picture_of_the_size(analogon, photo, tmp_path):
    answer = analogon("retarget", photo, "--size", "90x30", "-o", tmp_path / "deep" / "wide.jpg", *COPY)
    assert answer.code == 0, answer.err
    assert size(tmp_path / "deep" / "wide.jpg") == (90, 30)
    assert told(tmp_path / "deep" / "wide.jpg")["job"] == {"name": "retarget", "size": [30, 90]}


def test_retarget_through_sizes_makes_an_animation(analogon, photo, tmp_path):
    path = tmp_path / "loop.gif"
    given = ("--sizes", "56x40,76x40", "--frames", 5, "--bounce", "--fps", 10)
    answer = analogon("retarget", photo, *given, "-o", path, *COPY)
    assert answer.code == 0, answer.err
    assert size(path) == (76, 40)
    with Image.open(path) as picture:
        assert (picture.n_frames, picture.info["duration"]) == (8, 100)
    assert [width for _, width in told(path)["sizes"]] == [56, 61, 66, 71, 76, 71, 66, 61]
    once = analogon("retarget", photo, "--sizes", "56x40,100%x120%", "-o", tmp_path / "once.webp", *COPY)
    assert once.code == 0 and told(tmp_path / "once.webp")["frames"] == 30


def test_retarget_to_another_outline(analogon, photo, tmp_path):
    given = ("--size", "60x40", "--corners", "0.5,0.5/0.5,1/1,1/1,0.5")
    answer = analogon("retarget", photo, *given, "-o", tmp_path / "new.png", *COPY)
    assert answer.code == 0, answer.err
    with Image.open(tmp_path / "new.png") as picture:
        alpha = np.asarray(picture.convert("RGBA"))[..., 3]
    assert (alpha[:20] == 0).all() and (alpha[:, :30] == 0).all() and (alpha[20:, 30:] == 255).all()
    assert analogon("retarget", photo, *given, "-o", tmp_path / "new.jpg", *COPY).code == 0
    assert (pixels(tmp_path / "new.jpg")[:16] > 250).all() and (pixels(tmp_path / "new.jpg")[24:, 34:] < 200).any()
    assert told(tmp_path / "new.png")["job"]["corners"] == [[0.5, 0.5], [0.5, 1], [1, 1], [1, 0.5]]


def test_paint_takes_a_painting_of_any_size(analogon, photo, case, tmp_path):
    for share in (0.1, 0.9):
        answer = analogon(
            "paint", photo, case.other_target, "--difference", share, "-o", tmp_path / f"{share}.png", *COPY
        )
        assert answer.code == 0, answer.err
        assert size(tmp_path / f"{share}.png") == (71, 45)
    assert (pixels(tmp_path / "0.1.png") != pixels(tmp_path / "0.9.png")).any()


def test_edit_and_harmonize_leave_alone_what_the_mask_leaves_out(analogon, photo, edited, tmp_path):
    spot, mask = edited
    inside = pixels(mask)[..., 0] > 0
    for verb, more in (("edit", ("--mask", mask)), ("harmonize", (mask,)), ("edit", ())):
        out = tmp_path / "new.png"
        positional = [one for one in more if verb == "harmonize"]
        answer = analogon(verb, photo, spot, *positional, *(() if positional else more), "-o", out, *COPY)
        assert answer.code == 0, answer.err
        assert (pixels(out)[~inside] == pixels(spot)[~inside]).all()
        assert (pixels(out)[inside] != pixels(spot)[inside]).any()
        assert (told(out)["job"]["mask"] is None) == (not more)


def test_upscale_and_animate(analogon, photo, tmp_path):
    assert analogon("upscale", photo, "-o", tmp_path / "large.png", "--factor", 1.5, *COPY).code == 0
    assert size(tmp_path / "large.png") == (84, 60)
    given = ("--frames", 4, "--amount", 1, "--fps", 25)
    assert analogon("animate", photo, *given, "-o", tmp_path / "loop.gif", *COPY).code == 0
    with Image.open(tmp_path / "loop.gif") as picture:
        assert (picture.n_frames, picture.info["duration"]) == (4, 40)
    assert told(tmp_path / "loop.gif")["job"] == {"name": "animate", "frames": 4, "amount": 1.0}
    assert told(tmp_path / "loop.gif")["loop"] is True


def test_a_model_takes_the_place_of_the_picture(analogon, case, copying, tmp_path):
    fitted = analogon("fit", case.image, case.labels, "-o", tmp_path / "model", *COPY)
    assert fitted.code == 0, fitted.err
    answer = analogon("vary", tmp_path / "model", "-o", tmp_path / "out")
    assert answer.code == 0, answer.err
    assert {"model-0.png", "sheet.png"} <= files(tmp_path / "out")
    assert analogon("retarget", tmp_path / "model", "--size", "30x30", "-o", tmp_path / "small.png").code == 0
    wrong = analogon("vary", tmp_path / "model", "-o", tmp_path / "other", *COPY)
    assert "--method" in wrong.sentence
    assert not (tmp_path / "other").exists()


def test_what_is_learnt_for_a_job_is_kept_beside_the_result(analogon, photo, copying, monkeypatch, tmp_path):
    monkeypatch.setitem(registry.METHODS, "copying", replace(copying, learns=True))
    given = ("retarget", photo, "--size", "60x40", "-o", tmp_path / "wide.png", *COPY)
    answer = analogon(*given)
    assert answer.code == 0, answer.err
    assert (tmp_path / "wide.model" / "model.safetensors").exists()
    assert str(tmp_path / "wide.model") in answer.out
    again = analogon(*given, "--resume")
    assert again.code == 0 and "finished already" in again.err
    of_model = analogon("retarget", tmp_path / "wide.model", "--size", "60x40", "-o", tmp_path / "again.png")
    assert of_model.code == 0, of_model.err
    assert (pixels(tmp_path / "again.png") == pixels(tmp_path / "wide.png")).all()
    assert analogon("vary", photo, "-o", tmp_path / "out", *COPY).code == 0
    assert (tmp_path / "out" / "model" / "model.safetensors").exists()
    (tmp_path / "file.model").write_text("")
    refused = analogon("upscale", photo, "-o", tmp_path / "file.png", *COPY)
    assert "file.model" in refused.sentence and not (tmp_path / "file.png").exists()


def test_a_method_that_learns_pictures_is_fitted_without_a_label_map(analogon, photo, copying, monkeypatch, tmp_path):
    refused = analogon("fit", photo, "-o", tmp_path / "model", *COPY)
    assert "label map" in refused.sentence
    monkeypatch.setitem(registry.METHODS, "copying", replace(copying, learns=True))
    assert analogon("fit", photo, "-o", tmp_path / "model", *COPY).code == 0
    answer = analogon("vary", tmp_path / "model", "-o", tmp_path / "of_model")
    assert answer.code == 0, answer.err
    assert analogon("vary", photo, "-o", tmp_path / "of_photo", *COPY).code == 0
    same = [pixels(tmp_path / name) for name in ("of_model/model-0.png", "of_photo/img-0.png")]
    assert (same[0] == same[1]).all()


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (("vary", "-n", 0), "--count"),
        (("vary", "--size", "70"), "--size"),
        (("vary", "--size", "0x30"), "--size"),
        (("vary", "--size", f"{10**400}%x5"), "--size"),
        (("vary", "--size", "9000x9000"), "9000x9000"),
        (("vary", "--difference", 2), "--difference"),
        (("vary", "--weights", "inception=x.safetensors"), "--report"),
        (("vary", "--seed", -1), "seed"),
        (("vary", "--steps", 5), "--steps"),
        (("vary", "--method", "semia"), "gpnn"),
        (("vary", "--recipe", "sooner"), "sooner"),
        (("retarget",), "--size"),
        (("retarget", "--size", "70x30", "--sizes", "1x1,2x2"), "--sizes"),
        (("retarget", "--size", "70x30", "--frames", 5), "--frames"),
        (("retarget", "--size", "70x30", "--bounce"), "--bounce"),
        (("retarget", "--size", "70x30", "--fps", 5), "--fps"),
        (("retarget", "--size", "70x30", "--corners", "0,0/0,1"), "--corners"),
        (("retarget", "--size", "70x30", "--corners", "0,0/1,1/0,1/1,0"), "--corners"),
        (("upscale", "--factor", 20), "--factor"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_mistakes_are_one_sentence_and_leave_nothing(analogon, photo, tmp_path, command, named):
    verb, *options = command
    method = () if "--method" in options else COPY
    out = tmp_path / "new" / "out" if verb == "vary" else tmp_path / "new" / "out.png"
    answer = analogon(verb, photo, *options, "-o", out, *method)
    assert named in answer.sentence
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (("retarget", "--sizes", "70x30", "-o", "out.gif"), "--sizes"),
        (("retarget", "--sizes", "70x30,80x30", "--frames", 1, "-o", "out.gif"), "--frames"),
        (("retarget", "--sizes", "70x30,80x30", "-o", "out.jpg"), "out.jpg"),
        (("retarget", "--sizes", "70x30,80x30", "--fps", 0, "-o", "out.gif"), "--fps"),
        (("retarget", "--sizes", "70x30,80x30", "--corners", "0,0/0,1/1,1/1,0", "-o", "out.gif"), "--corners"),
        (("retarget", "--size", "70x30", "-o", "out.gif"), "out.gif"),
        (("animate", "--frames", 1, "-o", "out.gif"), "--frames"),
        (("animate", "-o", "out.bmp"), "out.bmp"),
        (("animate", "-o", "out"), "'out'"),
        (("upscale", "-o", "img.png"), "img.png"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_results_that_cannot_be_written(analogon, photo, monkeypatch, command, named):
    monkeypatch.chdir(photo.parent)
    before = {path: path.read_bytes() for path in photo.parent.rglob("*") if path.is_file()}
    verb, *options = command
    answer = analogon(verb, photo, *options, *COPY)
    assert named in answer.sentence
    assert {path: path.read_bytes() for path in photo.parent.rglob("*") if path.is_file()} == before


def test_pictures_of_the_wrong_size_are_named(analogon, photo, case, edited, tmp_path):
    spot, _ = edited
    for given in (("edit", case.other_target), ("edit", spot, "--mask", case.other_target)):
        answer = analogon(given[0], photo, *given[1:], "-o", tmp_path / "new.png", *COPY)
        assert answer.sentence
    assert not (tmp_path / "new.png").exists()
    inside = analogon("upscale", photo, "-o", case.labels / "new.png", *COPY)
    assert "cannot be a folder" in inside.sentence
    missing = analogon("harmonize", photo, spot, tmp_path / "none.png", "-o", tmp_path / "new.png", *COPY)
    assert "none.png" in missing.sentence
    assert "MODEL" in analogon("vary", "--help").out and "Example" in analogon("retarget", "--help").out


def test_methods_lists_jobs_with_their_recipes(analogon, copying):
    answer = analogon("methods", "copying")
    assert "jobs: vary, retarget (recipe later), reshape, paint" in answer.out
