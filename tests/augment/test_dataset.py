"""Datasets: the same whoever makes them, and however often that is broken off."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from html import unescape

import numpy as np
import pytest

from analogon import InputError, OptionError, read_labels, write_image, write_labels
from analogon.augment import Export, Settings, load_sources, make_dataset, make_sample, read_samples
from analogon.augment.dataset import AHEAD, _make
from analogon.cli import main
from analogon.workers import Outcome

from .pictures import cells, discs, exemplar, plain_road, sources, street

PLAIN = {"seed": 3, "options": {"rounds": 2}}
COUNT = 5


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def annotated(tmp_path_factory):
    root = tmp_path_factory.mktemp("annotated")
    for number in (0, 1):
        one = discs(number, 48)
        for part in ("images", "labels"):
            (root / part).mkdir(exist_ok=True)
        write_image(root / "images" / f"{number}.png", one.image)
        write_labels(root / "labels" / f"{number}.png", one.labels)
    return root


@pytest.fixture(scope="module")
def whole(annotated, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "set"
    made = make_dataset(annotated, COUNT, output=folder, settings=Settings(**PLAIN), workers=1)
    assert made.samples == COUNT
    return folder


def test_what_is_there(whole):
    found = list(read_samples(whole))
    assert len(found) == COUNT and len({one.record["fingerprint"] for one in found}) == COUNT
    assert {path.name for path in whole.iterdir()} >= {"samples", "refused", "png", "sheet.png", "statistics.html"}
    assert {one.shape for one in found} == {(48, 48)}


def test_several_workers_make_the_same(annotated, whole, tmp_path):
    make_dataset(annotated, COUNT, output=tmp_path / "set", settings=Settings(**PLAIN), workers=2)
    assert contents(tmp_path / "set") == contents(whole)


def test_a_killed_run_goes_on(annotated, whole, tmp_path):
    folder = tmp_path / "set"
    code = (
        "from analogon.augment import *; import sys; "
        f"make_dataset(sys.argv[1], {COUNT}, output=sys.argv[2], settings=Settings(**{PLAIN!r}), workers=1)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(annotated), str(folder)]) as process:
        deadline = time.monotonic() + 60
        while not any((folder / "samples").glob("000001")) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    kept = contents(folder / "samples")
    assert 0 < len(list((folder / "samples").glob("0*"))) < COUNT
    (folder / "samples" / ".000009.abcd.part").mkdir()
    make_dataset(annotated, COUNT, output=folder, settings=Settings(**PLAIN), workers=1)
    assert contents(folder) == contents(whole)
    assert kept.items() <= contents(folder / "samples").items()


def test_more_samples_are_added(annotated, whole, tmp_path):
    folder = tmp_path / "set"
    for count in (2, COUNT):
        make_dataset(annotated, count, output=folder, settings=Settings(**PLAIN), workers=1)
    assert contents(folder) == contents(whole)


def test_another_request_is_refused(annotated, whole):
    with pytest.raises(OptionError, match="another 'seed'"):
        make_dataset(annotated, COUNT, output=whole, settings=Settings(**PLAIN | {"seed": 4}), workers=1)
    with pytest.raises(OptionError, match="other sources"):
        make_dataset(sources(discs(5, 48)), COUNT, output=whole, settings=Settings(**PLAIN), workers=1)


def test_a_damaged_record_is_named(annotated, whole, tmp_path):
    folder = tmp_path / "set"
    shutil.copytree(whole, folder)
    place = folder / "samples" / "000001"
    for record in ('{"index": 1, "fingerprint": "ab"}', '{"index": 1}', "[]", "{", ""):
        (place / "record.json").write_text(record)
        with pytest.raises(InputError, match=r"'.*000001' is no sample"):
            make_dataset(annotated, COUNT, output=folder, settings=Settings(**PLAIN), workers=1)
    shutil.rmtree(place)
    make_dataset(annotated, COUNT, output=folder, settings=Settings(**PLAIN), workers=1)
    assert contents(folder) == contents(whole)


@pytest.fixture
def impatient(monkeypatch):
    """Fewer refusals than usual are enough to give up."""
    monkeypatch.setattr("analogon.augment.dataset.PATIENCE", 12)
    monkeypatch.setattr("analogon.augment.dataset.HOPELESS", 6)


def test_as_many_samples_of_every_picture(tmp_path):
    """Of each picture the first that are accepted are kept, however many of another are refused."""
    road, names = sources(street(0), street(3)), ["samples", "refused"]
    similar = [make_sample(road, Settings(**PLAIN), n).record["figures"]["similarity"] for n in range(0, 8, 2)]
    strict = Settings(**PLAIN, similarity=sorted(similar)[1])
    for count in (2, 5):
        make_dataset(road, count, output=tmp_path / "set", settings=strict, formats=(), workers=1)
    make_dataset(road, 5, output=tmp_path / "again", settings=strict, formats=(), workers=1)
    kept, refused = ([int(path.stem) for path in (tmp_path / "set" / name).iterdir()] for name in names)
    assert [sum(n % 2 == turn for n in kept) for turn in (0, 1)] == [3, 2]
    assert any(n % 2 == 0 for n in refused)
    # nothing was made in vain
    first = sorted(n // 2 for n in (*kept, *refused) if n % 2 == 0)
    assert first == list(range(len(first)))
    for name in names:
        assert contents(tmp_path / "set" / name) == contents(tmp_path / "again" / name)


@pytest.mark.usefixtures("impatient")
def test_others_take_the_turns_of_a_picture_that_gives_nothing(tmp_path):
    # of the second there is nothing but itself and its mirror image
    settings = Settings(**PLAIN, layouts=("instances",), strength=0.0, similarity=0.95)
    made = make_dataset(sources(street(), plain_road()), 5, output=tmp_path / "set", settings=settings, workers=1)
    kept = [one.record["index"] % 2 for one in read_samples(tmp_path / "set")]
    assert made.samples == 5 and kept.count(1) <= 1
    assert sum(one.index % 2 for one in made.refusals) == 12
    assert len(made.notes) == 1 and "cutting and pasting" in made.notes[0]


@pytest.mark.usefixtures("impatient")
def test_refusals_are_kept_and_end_the_work(tmp_path):
    one = sources(discs(0, 48))
    with pytest.raises(OptionError, match="most for 'stretch'"):
        make_dataset(one, 2, output=tmp_path / "set", settings=Settings(**PLAIN, stretch=1.0, size=48), workers=1)
    refused = sorted((tmp_path / "set" / "refused").glob("*.json"))
    assert len(refused) == 12 and json.loads(refused[3].read_text())["index"] == 3


@pytest.mark.usefixtures("impatient")
def test_samples_that_look_the_same_are_one(tmp_path):
    # without a change there is one layout and its mirror image
    settings = Settings(layouts=("warps",), strength=0.0, similarity=1.0, options={"rounds": 1})
    with pytest.raises(OptionError, match="'duplicate'"):
        make_dataset(sources(street()), 6, output=tmp_path / "set", settings=settings, workers=1)
    assert len(list((tmp_path / "set" / "samples").iterdir())) == 2


def test_formats_that_cannot_be_written_are_refused_first(tmp_path, sentence):
    """There are no single objects where nothing has edges."""
    stripes = exemplar(np.indices((48, 48))[0] // 12 % 2, [(0, "ground", (40, 40, 40)), (1, "stripe", (200, 190, 180))])
    asked = {"output": tmp_path / "set", "settings": Settings(**PLAIN), "workers": 1}
    with pytest.raises(OptionError) as error:
        make_dataset(sources(stripes), 1, formats=("png", "yolo"), **asked)
    sentence(error.value, "YOLO")
    assert not (tmp_path / "set").exists()


def test_files_of_others_are_found_before_the_work(annotated, whole, tmp_path, sentence):
    folder = tmp_path / "set"
    shutil.copytree(whole, folder)
    (folder / "coco").mkdir()
    (folder / "coco" / "mine.json").write_text("mine")
    before = contents(folder)
    with pytest.raises(OptionError) as error:
        make_dataset(annotated, COUNT + 1, output=folder, settings=Settings(**PLAIN), formats=("coco",), workers=1)
    sentence(error.value, folder / "coco")
    assert contents(folder) == before


def test_few_samples_wait_for_a_slow_one(annotated, whole, tmp_path):
    """Whoever makes them is told how many; they come to the same dataset."""
    allowed, order = list[int](), list[int]()

    class Last:
        def each(self, function, items, *, shared=None, gpus=0.0, ahead=None):
            allowed.append(ahead)
            items = list(items)
            for number in (*range(1, len(items)), 0):
                order.append(items[number])
                yield number, Outcome(function(shared, items[number]))

    found = load_sources(annotated)
    listened = []
    settings = Settings(**PLAIN)
    _make(
        tmp_path / "set", found, COUNT, settings, Export(("png",)), partial(Last().each, ahead=AHEAD), listened.append
    )
    assert allowed[0] == AHEAD and order[-1] != max(order)
    assert contents(tmp_path / "set") == contents(whole)


def test_what_came_of_targets_is_told(annotated, tmp_path, capsys, sentence):
    command = ["augment", str(annotated), "-n", "2", "--set", "rounds=2", "--workers", "1", "--layouts", "warps"]
    assert main([*command, "-o", str(tmp_path / "far"), "--targets", "disc=0.9", "--stretch", "20"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    told = json.loads((tmp_path / "far" / "statistics.json").read_text())["aims"]
    assert [one["label"] for one in told] == ["disc"] and told[0]["asked"] == 0.9
    came = np.mean([one.labels.share(1) for one in read_samples(tmp_path / "far")])
    assert told[0]["came"] == pytest.approx(came) and came < 0.6
    assert f"{100 * came:.1f} %" in sentence(last, "90.0 %", "annotate")
    assert last in unescape((tmp_path / "far" / "statistics.html").read_text())
    near = round(float(came), 3)
    assert main([*command, "-o", str(tmp_path / "near"), "--targets", f"disc={near}", "--stretch", "20"]) == 0
    assert "annotate" not in sentence(capsys.readouterr().out.splitlines()[-1], "'disc'")


def test_sources_from_folders(annotated, tmp_path):
    found = load_sources(annotated)
    assert [one.name for one in found.pictures] == ["0", "1"]
    pair = load_sources([annotated / "images" / "1.png", annotated / "labels" / "1.png"])
    assert pair.record()["pictures"][0]["sha256"] == found.record()["pictures"][1]["sha256"]
    case = tmp_path / "case"
    case.mkdir()
    one = discs(3, 48)
    write_image(case / "img.png", one.image)
    write_labels(case / "label.png", one.labels)
    assert [one.name for one in load_sources([annotated, case]).pictures] == ["0", "1", "case"]
    assert [one.name for one in load_sources(tmp_path).pictures] == ["case"]
    with pytest.raises(InputError, match=r"label map of .* is missing"):
        load_sources([case / "img.png"])
    with pytest.raises(InputError, match="no annotated picture"):
        load_sources(annotated / "images")


def test_unlabelled_pictures(tmp_path):
    known, other = cells(0, 64), cells(1, 64)
    pictures, labelled = tmp_path / "pictures", tmp_path / "labelled"
    for folder, part, write, what in (
        (pictures, "", write_image, other.image), (labelled, "labels", write_labels, other.labels)
    ):  # fmt: skip
        (folder / part).mkdir(parents=True)
        write(folder / part / "x.png", what)
    case = tmp_path / "case"
    case.mkdir()
    write_image(case / "img.png", known.image)
    write_labels(case / "label.png", known.labels)
    ((_, predicted),) = load_sources(case, pictures).predicted
    ((_, given),) = load_sources(case, labelled).predicted
    assert (given.ids == other.labels.ids).all()
    assert 0.9 < (predicted.ids == given.ids).mean() < 1


def test_the_verb(annotated, tmp_path, capsys):
    folder = tmp_path / "set"
    command = ["augment", str(annotated), "-n", "2", "-o", str(folder), "--set", "rounds=2", "--workers", "1"]
    assert main([*command, "--size", "40x32", "--layouts", "warps", "--format", "png,yolo", "--seed", "9"]) == 0
    assert f"{folder}  (2 samples" in capsys.readouterr().out
    assert {"png", "yolo"} <= {path.name for path in folder.iterdir()}
    assert [one.shape for one in read_samples(folder)] == [(32, 40), (32, 40)]
    assert read_labels(folder / "samples" / "000000" / "labels.png").palette.names == ("ground", "disc")
    record = json.loads((folder / "dataset.json").read_text())
    assert record["settings"]["seed"] == 9 and record["settings"]["layouts"] == ["warps"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--size", "big"], "--size cannot be 'big'"),
        (["--format", "pdf"], "'pdf' is no format"),
        (["--layouts", "cells"], "--layouts cells cannot be"),
        (["--layouts", "instances", "--size", "60"], "not 60x60 pixels (--size)"),
        (["--size", "2000x1500"], "--size 2000x1500 has"),
        (["--targets", "disc=2"], "'targets'"),
        (["--things", "dish"], "names the class 'dish'"),
        (["--set", "patsch=3"], "patsch"),
        (["--workers", "0"], "--workers cannot be 0"),
        (["--gpus", "0.5"], "--gpus is for --cluster"),
        (["--cluster", "127.0.0.1:1"], "no Ray cluster at"),
        (["--method", "nothing"], "nothing"),
    ],
)
def test_mistakes_end_before_anything_is_written(annotated, tmp_path, capsys, words, said):
    assert main(["augment", str(annotated), "-n", "1", "-o", str(tmp_path / "set"), *words]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("name", ["png/mine.txt", "sheet.png", "samples/000000/image.png", "refused/x.json"])
def test_what_is_not_of_a_dataset_stays(annotated, tmp_path, name):
    mine = tmp_path / "set" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(OptionError, match="belongs to no dataset"):
        make_dataset(annotated, 1, output=tmp_path / "set", settings=Settings(**PLAIN), workers=1)
    assert contents(tmp_path / "set") == {name: b"mine"}


def test_it_is_told_where_samples_may_harm(tmp_path, capsys, sentence):
    """Of streets, and not where any place may have any class."""
    for name, one in (("street", street()), ("discs", discs())):
        (tmp_path / name).mkdir()
        write_image(tmp_path / name / "img.png", one.image)
        write_labels(tmp_path / name / "label.png", one.labels)
        command = [
            "augment",
            str(tmp_path / name),
            "-n",
            "1",
            "--set",
            "rounds=1",
            "--workers",
            "1",
            "--layouts",
            "warps",
        ]
        assert main([*command, "-o", str(tmp_path / f"{name} set"), "--similarity", "1"]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "have their places" in line]
    assert len(told) == 1
    sentence(told[0], "street scenes", "compare")
