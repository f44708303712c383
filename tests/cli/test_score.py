import csv
import json
import os
import re
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

import analogon as package
from analogon.cli import main
from analogon.cli.score import _best


@pytest.fixture
def results(case, tmp_path):
    """Two results for the moved disc: a good one, and the source as it was; and a folder of one for each target."""
    target = np.asarray(Image.open(case.target))
    noise = np.random.default_rng(3).integers(-12, 13, (40, 56, 1))
    made = tmp_path / "made"
    made.mkdir()
    Image.fromarray(np.clip(target.astype(int) + noise, 0, 255).astype(np.uint8)).save(made / "moved.png")
    shutil.copy(case.image, tmp_path / "copied.png")
    return made / "moved.png", tmp_path / "copied.png"


def rows(out: str) -> dict[str, list[str]]:
    lines = [re.split(r"\s{2,}", line) for line in out.splitlines() if re.search(r"[↑↓→]", line)]
    return {line[0]: line[1:] for line in lines}


def test_figures_are_shown_side_by_side_with_the_best_marked(analogon, case, results):
    answer = analogon("score", case.image, case.labels, case.target, *results)
    assert (answer.code, answer.err) == (0, "")
    assert re.match(r"\s+moved\s+copied\n", answer.out)
    shown = rows(answer.out)
    good, bad = shown["mIoU ↑"]
    assert good.endswith("*") and float(good[:-1]) > 0.9 > float(bad)
    assert shown["bidirectional ↓ (ΔE²)"][1] == "0.00*"  # a copy, however wrong its layout
    assert "higher is better" in answer.out and "* best" in answer.out
    assert answer.out.count("where the pixels come from") == 1
    assert not re.search(r"nan|None", answer.out)


def test_one_result_is_no_best(analogon, case, results):
    answer = analogon("score", case.image, case.labels, case.target, results[0])
    assert answer.code == 0 and "*" not in answer.out


def test_json_and_csv_hold_what_the_scorer_gives(analogon, case, results, tmp_path):
    files = ("--json", tmp_path / "new" / "s.json", "--csv", tmp_path / "new" / "s.csv")
    answer = analogon("score", case.folder, case.target, *results, *files)
    assert answer.code == 0, answer.err
    exemplar = package.load_exemplar(case.image, case.labels)
    scores = package.Scorer(exemplar).score(package.read_image(results[1]), package.load_target(exemplar, case.target))
    written = json.loads((tmp_path / "new" / "s.json").read_text(), parse_constant=pytest.fail)
    assert written["results"][1] == {"target": str(case.target), "result": str(results[1]), **scores.record()}
    assert [metric["name"] for metric in written["metrics"]] == list(scores.figures)
    table = list(csv.DictReader((tmp_path / "new" / "s.csv").read_text().splitlines()))
    assert [row["result"] for row in table] == [str(path) for path in results]
    assert float(table[1]["miou"]) == scores.figures["miou"] and table[1]["used"] == ""
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["s.csv", "s.json"]


def test_classes_are_shown_when_asked_for(analogon, case, results):
    plain = analogon("score", case.image, case.labels, case.target, results[0]).out
    assert "IoU ↑" not in plain.replace("mIoU ↑", "")
    more = analogon("score", case.image, case.labels, case.target, results[0], "--classes").out
    assert more.startswith(plain[: plain.index("↑ higher")])
    (line,) = re.findall(r"^IoU ↑.*$", more, re.MULTILINE)
    assert len(line.split()) == 4


def test_provenance_beside_a_result_is_used(analogon, case, results, tmp_path):
    places = np.zeros((40, 56, 2), np.int32)
    np.save(results[0].with_suffix(".provenance.npy"), places)
    answer = analogon("score", case.image, case.labels, case.target, *results, "--json", tmp_path / "s.json")
    assert "copied: It is not known" in answer.out
    first, second = json.loads((tmp_path / "s.json").read_text())["results"]
    assert first["figures"]["used"] == pytest.approx(1 / (40 * 56)) and second["figures"]["used"] is None


@pytest.mark.parametrize("content", [np.zeros((3, 3, 2), np.int32), np.full((40, 56, 2), 99), np.zeros((40, 56))])
def test_a_provenance_of_something_else(analogon, case, results, content):
    path = results[0].with_suffix(".provenance.npy")
    np.save(path, content)
    assert str(path) in analogon("score", case.image, case.labels, case.target, results[0]).sentence


def test_a_case_folder_and_a_folder_of_results(analogon, case, results):
    answer = analogon("score", case.folder, results[0].parent)
    assert answer.code == 0, answer.err
    assert f"holds nothing for {case.other_target}" in answer.out
    assert rows(answer.out)["mIoU ↑"] == rows(analogon("score", case.folder, case.target, results[0]).out)["mIoU ↑"]
    Image.open(case.other_target).save(results[0].parent / "wide.jpg")
    both = analogon("score", case.folder, results[0].parent)
    assert "holds nothing" not in both.out and re.match(r"\s+moved\s+wide\n", both.out)
    assert "*" not in both.out  # each is alone for its target


def test_many_results_are_put_below_each_other(analogon, case, results, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    copies = [shutil.copy(results[0], tmp_path / f"result number {n}.png") for n in range(7)]
    out = analogon("score", case.folder, case.target, *copies).out
    assert len(re.findall("^mIoU", out, re.MULTILINE)) == 3
    assert max(map(len, out.splitlines()[:5])) <= 100


def test_results_of_one_name_are_known_by_their_paths(analogon, case, results, tmp_path):
    (tmp_path / "b").mkdir()
    other = shutil.copy(results[1], tmp_path / "b" / "moved.png")
    assert str(other) in analogon("score", case.folder, case.target, results[0], other).out


def test_mask_and_map_change_the_figures(analogon, case, results, tmp_path):
    mask = np.full((40, 56), 255, np.uint8)
    mask[:, 28:] = 0
    Image.fromarray(mask).save(tmp_path / "mask.png")
    strange = np.asarray(Image.open(case.target)).copy()
    strange[30:, :20] = (250, 0, 200)
    Image.fromarray(strange).save(tmp_path / "strange.png")
    plain = rows(analogon("score", case.folder, case.target, results[0]).out)
    masked = rows(analogon("score", case.folder, case.target, results[0], "--mask", tmp_path / "mask.png").out)
    assert masked["completeness ↓ (levels)"] != plain["completeness ↓ (levels)"]
    assert "#fa00c8" in analogon("score", case.folder, tmp_path / "strange.png", results[0]).sentence
    mapped = analogon("score", case.folder, tmp_path / "strange.png", results[0], "--map", "#fa00c8=beige")
    assert mapped.code == 0 and rows(mapped.out)["mIoU ↑"] != plain["mIoU ↑"]


def test_a_result_of_another_size(analogon, case, results, tmp_path):
    sentence = analogon("score", case.folder, case.other_target, results[0], "--json", tmp_path / "s.json").sentence
    assert str(results[0]) in sentence and "56x40" in sentence and "71x45" in sentence
    assert not (tmp_path / "s.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("{image}",), "label map"),
        (("{image}", "{labels}"), "no target"),
        (("{folder}", "{target}"), "no result for"),
        (("{folder}", "{folder}/cond", "{image}"), "is a folder"),
        (("{folder}", "{empty}"), "no picture that is named"),
        (("{folder}", "{target}", "{image}", "--json", "{image}"), "overwrite"),
        (("{folder}", "{target}", "{image}", "--csv", "{folder}"), "is a folder"),
        (("{folder}", "{target}", "{image}", "--csv", "{empty}/a", "--json", "{empty}/a"), "name two files"),
        (("{folder}", "{target}", "{image}", "--weights", "lpips={other}", "--csv", "{other}"), "overwrite"),
        (("{folder}", "{target}", "{empty}/nothing.png"), "nothing.png"),
        (("{folder}", "{target}", "{image}", "--weights", "vgg=a.pth"), "'vgg'"),
        (("{folder}", "{target}", "{image}", "--weights", "lpips"), "KIND=FILE"),
        (("{folder}", "{target}", "{image}", "--weights", "segmenter={empty}/n.onnx"), "n.onnx"),
    ],
)
def test_what_cannot_be_scored(analogon, case, tmp_path, arguments, words):
    empty = tmp_path / "empty"
    empty.mkdir()
    named = {"image": case.image, "labels": case.labels, "target": case.target, "folder": case.folder, "empty": empty}
    named["other"] = case.other_target  # a file that is no other argument
    assert words in analogon("score", *(text.format(**named) for text in arguments)).sentence
    assert not list(empty.iterdir())


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_that_knows_no_arrows(analogon, case, results, tmp_path, monkeypatch, encoding):
    with (tmp_path / "out.txt").open("w", encoding=encoding) as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert main(["score", str(case.folder), str(case.target), str(results[0])]) == 0
    assert (tmp_path / "out.txt").read_text(encoding=encoding).count("mIoU ?") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_a_name_that_is_no_text(analogon, case, results, tmp_path):
    strange = shutil.copy(results[0], tmp_path / os.fsdecode(b"a\xff.png"))
    answer = analogon("score", case.folder, case.target, strange, "--csv", tmp_path / "s.csv")
    assert answer.code == 0 and "a?" in answer.out
    assert (tmp_path / "s.csv").read_text(encoding="utf-8").count("a\\udcff.png") == 1


def test_the_best_is_the_best_by_its_direction():
    metrics = package.METRICS

    def best(name: str, *values: float | None) -> set[int]:
        from pathlib import Path

        from analogon.cli.score import _Result

        one = _Result(Path("t"), Path("r"))
        return _best(metrics[name], [(one, package.Scores({name: value})) for value in values])

    assert best("miou", 0.5, 0.7, None, 0.7) == {1, 3}
    assert best("coherence@1", 3, 2, 4) == {1}
    assert best("sharpness", 0.5, 1.2, 3) == {1}
    assert best("kept_psnr", 20, float("inf")) == {1}
    assert best("ghost", 1, 1) == best("ghost", None, 2) == set()
