"""The three verbs that make pictures, on a tiny case with real (but very short) fits."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import DISC, GROUND, STRANGER, colored, disc

pytest.importorskip("torch", reason="fitting needs the extra 'neural'")

SHORT = (
    "--method", "semia", "--steps", 2, "--device", "cpu", "--set", "invented=1", "--set", "width=4",
    "--set", "discriminator_width=4", "--set", "segmenter_width=4",
)  # fmt: skip


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def test_make_writes_a_picture_per_target_and_a_sheet(analogon, case, tmp_path):
    out = tmp_path / "out"
    answer = analogon("make", case.image, case.labels, case.target, case.other_target, "-o", out, *SHORT)
    assert answer.code == 0, answer.err
    assert files(out) == {"moved.png", "moved.json", "wide.png", "wide.json", "sheet.png", "model"}
    assert size(out / "moved.png") == (56, 40)
    assert size(out / "wide.png") == (71, 45)
    assert str(out / "sheet.png") in answer.out
    settings = json.loads((out / "moved.json").read_text())
    assert "semia" in json.dumps(settings)


def test_make_takes_a_case_folder(analogon, case, tmp_path):
    answer = analogon("make", case.folder, "-o", tmp_path / "out", *SHORT)
    assert answer.code == 0, answer.err
    assert {"moved.png", "wide.png", "sheet.png"} <= files(tmp_path / "out")


def test_fit_then_render_gives_the_picture_that_make_gives(analogon, case, tmp_path):
    made = analogon("make", case.image, case.labels, case.target, "-o", tmp_path / "made", *SHORT)
    fitted = analogon("fit", case.folder, "-o", tmp_path / "model", "--preview", case.target, *SHORT)
    rendered = analogon("render", tmp_path / "model", case.target, "-o", tmp_path / "rendered")
    assert (made.code, fitted.code, rendered.code) == (0, 0, 0), made.err + fitted.err + rendered.err
    assert (pixels(tmp_path / "made/moved.png") == pixels(tmp_path / "rendered/moved.png")).all()
    assert files(tmp_path / "rendered") == {"moved.png", "moved.json", "sheet.png"}


def picture(analogon, case, folder: Path, *options: object) -> np.ndarray:
    short = tuple(each for each in SHORT if each not in ("--steps", 2)) if "--steps" in options else SHORT
    answer = analogon("make", case.image, case.labels, case.target, "-o", folder, *short, *options)
    assert answer.code == 0, answer.err
    assert size(folder / "moved.png") == (56, 40)
    return pixels(folder / "moved.png")


def test_the_same_seed_gives_the_same_picture_and_each_option_another(analogon, case, tmp_path):
    plain = picture(analogon, case, tmp_path / "plain")
    assert (picture(analogon, case, tmp_path / "again") == plain).all()
    for name, options in {
        "seed": ("--seed", 1),
        "steps": ("--steps", 3),
        "size": ("--size", 0.5),
        "recipe": ("--recipe", "paper"),
    }.items():
        assert (picture(analogon, case, tmp_path / name, *options) != plain).any(), name


def test_an_unknown_class_is_refused_and_map_resolves_it(analogon, case, tmp_path):
    Image.fromarray(colored(disc(40, 56, 22, 36, 10), STRANGER)).save(case.target)
    arguments = ("make", case.image, case.labels, case.target, "-o", tmp_path / "out", *SHORT)
    sentence = analogon(*arguments).sentence
    assert "#fa00c8" in sentence and "--map" in sentence
    assert not (tmp_path / "out").exists()
    mapped = analogon(*arguments, "--map", f"#fa00c8=#{DISC[0]:02x}{DISC[1]:02x}{DISC[2]:02x}")
    assert mapped.code == 0, mapped.err
    other = analogon(*arguments[:5], tmp_path / "other", *SHORT, "--map", f"#fa00c8=#{bytes(GROUND).hex()}")
    assert other.code == 0, other.err
    assert (pixels(tmp_path / "out/moved.png") != pixels(tmp_path / "other/moved.png")).any()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--method", "semai"), ["semai", "semia"]),
        (("--recipe", "fats"), ["fats", "fast"]),
        (("--set", "widht=8"), ["widht"]),
        (("--set", "width"), ["--set", "FIELD=VALUE"]),
        (("--size", 0), ["size", "0"]),
        (("--size", 1.5), ["size", "1.5"]),
        (("--device", "abacus"), ["abacus"]),
        (("--minutes", -1), ["minutes", "-1"]),
        (("--steps", 0), ["steps", "0"]),
    ],
)
def test_wrong_options_are_told_before_any_work(analogon, case, tmp_path, options, words):
    given = dict(zip(SHORT[::2], SHORT[1::2], strict=True))
    given = [*(each for name, value in given.items() if name != options[0] for each in (name, value)), *options]
    sentence = analogon("make", case.image, case.labels, case.target, "-o", tmp_path / "out", *given).sentence
    for word in words:
        assert word in sentence
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("which", ["image", "labels", "target"])
@pytest.mark.parametrize("damage", ["missing", "text", "truncated"])
def test_damaged_files_are_named_before_any_work(analogon, case, tmp_path, which, damage):
    path = getattr(case, which)
    if damage == "missing":
        path.unlink()
    elif damage == "text":
        path.write_text("not a picture")
    else:
        path.write_bytes(path.read_bytes()[:80])
    sentence = analogon("make", case.image, case.labels, case.target, "-o", tmp_path / "out", *SHORT).sentence
    assert path.name in sentence
    assert not (tmp_path / "out").exists()


def test_results_never_overwrite_inputs(analogon, case):
    before = case.target.read_bytes()
    sentence = analogon("make", case.image, case.labels, case.target, "-o", case.target.parent, *SHORT).sentence
    assert "overwrite" in sentence
    assert case.target.read_bytes() == before
    assert files(case.target.parent) == {"moved.png", "wide.png"}


@pytest.mark.parametrize("verb", ["make", "fit"])
def test_a_file_in_place_of_the_output_folder(analogon, case, tmp_path, verb):
    (tmp_path / "out").write_text("precious")
    targets = [case.target] if verb == "make" else []
    sentence = analogon(verb, case.image, case.labels, *targets, "-o", tmp_path / "out", *SHORT).sentence
    assert "is a file" in sentence
    assert (tmp_path / "out").read_text() == "precious"


def test_render_refuses_what_is_no_model(analogon, case, tmp_path):
    sentence = analogon("render", case.folder, case.target, "-o", tmp_path / "out").sentence
    assert str(case.folder) in sentence
    sentence = analogon("render", tmp_path / "nowhere", case.target, "-o", tmp_path / "out").sentence
    assert "nowhere" in sentence
    assert not (tmp_path / "out").exists()


def test_render_leaves_nothing_of_a_model_whose_weights_are_spoilt(analogon, case, tmp_path):
    from safetensors import safe_open
    from safetensors.numpy import save_file

    assert analogon("fit", case.folder, "-o", tmp_path / "model", *SHORT).code == 0
    path = tmp_path / "model" / "model.safetensors"
    with safe_open(str(path), "np") as stored:
        tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118
        note = stored.metadata()
    next(value for key, value in tensors.items() if key.endswith("weight")).flat[0] = np.nan
    save_file(tensors, path, note)
    sentence = analogon("render", tmp_path / "model", case.target, "-o", tmp_path / "out").sentence
    assert str(path) in sentence and "damaged" in sentence
    assert not (tmp_path / "out").exists()


def test_render_takes_a_device(analogon, case, tmp_path):
    assert analogon("fit", case.folder, "-o", tmp_path / "model", *SHORT).code == 0
    render = ("render", tmp_path / "model", case.target, "-o", tmp_path / "out", "--device")
    sentence = analogon(*render, "meta").sentence
    assert "'meta'" in sentence
    assert not (tmp_path / "out").exists()
    assert analogon(*render, "cpu").code == 0
    assert json.loads((tmp_path / "out" / "moved.json").read_text())["device"] == "cpu"


@pytest.mark.parametrize("verb", ["make", "render"])
def test_a_misspelt_mapping_is_told_before_any_work(analogon, case, tmp_path, verb):
    arguments = [case.image, case.labels, case.target, case.other_target]
    if verb == "render":
        assert analogon("fit", case.folder, "-o", tmp_path / "model", *SHORT).code == 0
        arguments[:2] = [tmp_path / "model"]
    arguments = [verb, *arguments, "-o", tmp_path / "out", *(SHORT if verb == "make" else ())]
    disc_color = f"#{bytes(DISC).hex()}"
    sentence = analogon(*arguments, "--map", f"nonsense={disc_color}").sentence
    assert "--map: 'nonsense'" in sentence and disc_color in sentence
    assert not (tmp_path / "out").exists()
    assert analogon(*arguments, "--map", f"{bytes(GROUND).hex()}={disc_color}").code == 0


@pytest.mark.parametrize("verb", ["make", "fit"])
def test_nothing_to_resume(analogon, case, tmp_path, verb):
    targets = [case.target] if verb == "make" else []
    arguments = (verb, case.image, case.labels, *targets, "-o", tmp_path / "out", *SHORT, "--resume")
    assert "nothing to resume" in analogon(*arguments).sentence
    assert not (tmp_path / "out").exists()


def test_a_finished_fit_is_resumed_by_rendering_only(analogon, case, tmp_path):
    arguments = ("make", case.image, case.labels, case.target, "-o", tmp_path / "out", *SHORT)
    assert analogon(*arguments).code == 0
    made = pixels(tmp_path / "out" / "moved.png")
    model = contents(tmp_path / "out" / "model")
    for name in ("moved.png", "moved.json", "sheet.png"):
        (tmp_path / "out" / name).unlink()
    answer = analogon(*arguments, "--resume")
    assert answer.code == 0, answer.err
    assert answer.err == "finished already 2/2\n"
    assert (pixels(tmp_path / "out" / "moved.png") == made).all()
    assert contents(tmp_path / "out" / "model") == model
    sentence = analogon(*arguments, "--seed", 1, "--resume").sentence
    assert "is finished" in sentence and "another seed" in sentence


def test_a_folder_in_place_of_a_result_is_told_before_any_work(analogon, case, tmp_path):
    (tmp_path / "out" / "moved.json").mkdir(parents=True)
    sentence = analogon("make", case.image, case.labels, case.target, "-o", tmp_path / "out", *SHORT).sentence
    assert str(tmp_path / "out" / "moved.json") in sentence
    assert files(tmp_path / "out") == {"moved.json"}


@pytest.mark.slow
def test_ctrl_c_keeps_the_best_so_far_and_resume_ends_where_an_unbroken_fit_ends(analogon, case, tmp_path):
    settings = ["--method", "semia", "--steps", "100", "--device", "cpu"]
    fit = ["fit", str(case.folder), "--preview", str(case.target), *settings, "-o"]
    broken, unbroken = tmp_path / "broken", tmp_path / "unbroken"
    command = [
        sys.executable,
        "-c",
        "import sys; from analogon.cli import main; sys.exit(main())",
        *fit,
        broken,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        first = ""
        while "training" not in first:
            first += process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert "Traceback" not in first + err
    assert process.returncode == 0
    assert "Stopped early" in out

    pictures = []
    assert analogon("render", broken, case.target, "-o", tmp_path / "early").code == 0
    assert analogon(*fit, broken, "--resume").code == 0
    assert analogon(*fit, unbroken).code == 0
    for model in (broken, unbroken):
        assert analogon("render", model, case.target, "-o", tmp_path / f"of_{model.name}").code == 0
        pictures.append(pixels(tmp_path / f"of_{model.name}" / "moved.png"))
    assert (pictures[0] == pictures[1]).all()
    assert (pixels(tmp_path / "early" / "moved.png") != pictures[0]).any()
