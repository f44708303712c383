"""`analogon compare` and `analogon bench` as they are typed."""

import numpy as np
import pytest
from PIL import Image

from analogon import Comparison


def picture(path, size=(56, 40)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((size[1], size[0], 3), 90, np.uint8)).save(path)


def test_compare(analogon, case, tmp_path):
    """Pictures that are there already: what is typed becomes a report, a table, and files for programs."""
    out = tmp_path / "out"
    picture(tmp_path / "grey" / "moved.png")
    picture(tmp_path / "dots" / "disc" / "moved.png")
    answer = analogon(
        "compare", case.image, case.labels, case.target, "-o", out, "--methods", "source", "--title", "Two of a kind",
        "--pictures", f"grey={tmp_path / 'grey'}", "--pictures", f"by hand={tmp_path / 'dots'}/{{case}}",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[0].split() == ["source", "grey", "by", "hand"]
    assert "mIoU ↑" in answer.out and answer.out.splitlines()[-1] == f"Report: {out / 'report.html'}"
    found = Comparison.read(out)
    assert found.title == "Two of a kind" and found.cases[0].name == "disc"
    assert all(trial.error is None for trial in found.trials)
    assert (out / "report.html").read_text().count("Two of a kind") >= 1
    assert {path.name for path in out.iterdir()} == {
        "inputs", "results", "report.html", "comparison.json", "figures.csv", "aggregate.csv"
    }  # fmt: skip


@pytest.mark.slow
def test_bench_with_a_method_that_learns(analogon, case, tmp_path):
    """A real network on a small case, whole and without its parts; steps and settings arrive."""
    out = tmp_path / "out"
    answer = analogon(
        "bench", case.folder.parent, "--only", "disc", "-o", out, "--methods", "semia:fast", "--ablate", "--steps", 2,
        "--set", "semia.width=4", "--set", "semia.discriminator_width=4", "--set", "semia.segmenter_width=4",
        "--device", "cpu",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    found = Comparison.read(out)
    assert len(found.contenders) > 6 and len(found.trials) == 2 * len(found.contenders)
    assert all(trial.error is None and trial.record["config"]["width"] == 4 for trial in found.trials)
    assert all(trial.record["config"]["steps"] == 2 for trial in found.trials)
    pictures = {(out / trial.picture).read_bytes() for trial in found.trials if trial.target == "moved"}
    assert len(pictures) > 1


@pytest.mark.parametrize(
    "words, named",
    [
        (["--methods", "pach"], "pach"),
        (["--methods", "patch,,source"], "--methods"),
        (["--set", "patch=4"], "NAME.FIELD=VALUE"),
        (["--set", "patch.=4"], "NAME.FIELD=VALUE"),
        (["--set", "patch.x.y z=4"], "NAME.FIELD=VALUE"),
        (["--set", "patch.nothing=4"], "nothing"),
        (["--pictures", "grey"], "LABEL=FOLDER"),
        (["--pictures", "grey=nowhere"], "nowhere"),
        (["--seeds", "0"], "--seeds"),
        (["--seed", "-1"], "seed"),
        (["--jobs", "0"], "--jobs"),
        (["--jobs", "many"], "--jobs"),
        (["--keep", "some"], "--keep"),
        (["--weights", "vgg=vgg.safetensors"], "lpips"),
        (["--weights", "lpips"], "KIND=FILE"),
        (["--weights", "lpips=nowhere.safetensors"], "nowhere.safetensors"),
        (["--steps", "4"], "--steps"),
    ],
)
def test_mistakes(analogon, case, tmp_path, words, named):
    answer = analogon("compare", case.image, case.labels, case.target, "-o", tmp_path / "out", *words)
    assert named in answer.sentence
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words, named",
    [
        (["--only", "nobody"], "nobody"),
        (["--truth"], "truth"),
        (["--pairs", "3"], "--pairs"),
        (["--ablate"], "patch"),
    ],
)
def test_mistakes_with_folders(analogon, case, tmp_path, words, named):
    answer = analogon("bench", case.folder.parent, "-o", tmp_path / "out", *words)
    assert named in answer.sentence
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be(analogon, case, tmp_path):
    (tmp_path / "file").touch()
    assert "file" in analogon("compare", case.folder, "-o", tmp_path / "file").sentence
    assert "missing" in analogon("compare", case.image, "-o", tmp_path / "out").sentence
    assert "folder" in analogon("bench", tmp_path / "nowhere", "-o", tmp_path / "out").sentence
