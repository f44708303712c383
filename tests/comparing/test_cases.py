"""What is compared on: from the user's files to the comparison's folder."""

import sys

import numpy as np
import pytest

import analogon
from analogon import AnalogonError, InputError, LabelError, load_exemplar, load_target, read_image, write_image
from analogon.comparing.cases import Names, case_folders, from_files, from_folder, prepare
from analogon.comparing.planning import find_pictures


def test_the_inputs_are_the_same_in_the_comparison(cases, tmp_path):
    given = [from_folder(path) for path in case_folders(cases)]
    found = prepare(given, tmp_path / "out")
    assert [case.name for case in found] == ["one", "two"]
    for one, case in zip(given, found, strict=True):
        exemplar = load_exemplar(tmp_path / "out" / case.image, tmp_path / "out" / case.labels)
        assert exemplar.digest() == one.exemplar.digest()
        assert list(case.targets) == list(one.targets)
        for name, path in case.targets.items():
            assert load_target(exemplar, tmp_path / "out" / path).digest() == one.targets[name].digest()
    assert str(found[0].image) == "inputs/one/source.png" and str(found[0].targets["wide"]) == "inputs/one/wide.png"


def test_arrays_will_do(exemplar, target, tmp_path):
    given = from_files(exemplar.image, exemplar.labels, {"labels": target}, name="a: b")
    case = prepare([given], tmp_path / "out")[0]
    assert str(case.targets["labels"]) == "inputs/a_b/labels-2.png"  # labels.png is the source's
    assert (tmp_path / "out" / case.targets["labels"]).is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_names_that_are_no_text(cases, tmp_path):
    """Systems take any bytes; pages and tables do not."""
    folder = (cases / "two").rename(cases / "two\udcff")
    (folder / "cond" / "moved.png").rename(folder / "cond" / "m\udcff.png")
    given = from_folder(folder)
    assert (given.name, list(given.targets)) == ("two?", ["m?"])
    files = folder / "img.png", folder / "label.png", [folder / "cond" / "m\udcff.png"]
    made = analogon.compare(*files, output=tmp_path / "o\udcff", methods=["source"])
    assert made.trials[0].picture is not None and made.cases[0].name == "two?"


def test_names_of_files():
    names = Names("source")
    wide = "\N{CJK UNIFIED IDEOGRAPH-5B57}"  # three bytes each; what comes after a name must fit, too
    assert [names.name(text) for text in ("semia:fast", "semia fast", "Source", "../..", "é" * 200, wide * 80)] == [
        "semia_fast",
        "semia_fast-2",
        "Source-2",
        "_",
        "é" * 40,
        wide * 26,
    ]


def test_true_pictures(cases):
    truth = cases / "one" / "truth"
    truth.mkdir()
    picture = np.linspace(0, 1, 24 * 32 * 3, dtype=np.float32).reshape(24, 32, 3)
    write_image(truth / "moved.png", picture)
    assert [path.name for path in case_folders(cases, truth=True)] == ["one"]
    given = from_folder(cases / "one", truth=True)
    assert list(given.targets) == ["moved"]  # of the other one nothing is known
    assert np.array_equal(given.truths["moved"], read_image(truth / "moved.png"))


def test_pictures_from_elsewhere(cases, tmp_path, sentence):
    """Those of a case in its folder, whatever the case of their endings; no folder is one."""
    given = [from_folder(path) for path in case_folders(cases)]
    (tmp_path / "made" / "one" / "moved.png").mkdir(parents=True)
    (tmp_path / "made" / "one" / "wide.JPG").touch()
    (tmp_path / "made" / "moved.png").touch()
    found = find_pictures("made", str(tmp_path / "made"), given)
    assert found == {"one": {"wide": tmp_path / "made/one/wide.JPG"}, "two": {"moved": tmp_path / "made/moved.png"}}
    with pytest.raises(InputError) as caught:
        find_pictures("made", str(tmp_path / "{case}"), given)
    sentence(caught.value, "made", "{case}")


def test_a_true_picture_of_another_size(cases, sentence):
    (cases / "one" / "truth").mkdir()
    write_image(cases / "one" / "truth" / "wide.png", np.zeros((24, 32, 3), np.float32))
    with pytest.raises(InputError) as caught:
        from_folder(cases / "one", truth=True)
    sentence(caught.value, "wide", "40x24")


def test_a_class_that_the_source_lacks(cases, sentence):
    write_image(cases / "two" / "cond" / "moved.png", np.full((20, 28, 3), (1, 0, 1), np.float32))
    with pytest.raises(LabelError) as caught:
        from_folder(cases / "two")
    sentence(caught.value, "two")


@pytest.mark.parametrize(
    "folder, arguments, named",
    [
        ("nowhere", {}, "nowhere"),
        ("cases/one", {}, "--only one"),
        ("cases/no case", {}, "no case"),
        ("cases", {"only": ["three"]}, "three"),
        ("cases", {"truth": True}, "truth"),
        ("cases", {"pairs": 3}, "--pairs"),
        ("cases", {"output": "cases"}, "cases"),
        ("cases", {"methods": ["patch"], "ablate": True}, "patch"),
    ],
)
def test_folders_that_cannot_be(cases, tmp_path, monkeypatch, folder, arguments, named, sentence):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(AnalogonError) as caught:
        analogon.bench(folder, **{"output": "out", **arguments})
    sentence(caught.value, named)
    assert sorted(tmp_path.rglob("*")) == before


def test_two_targets_of_one_name(files, tmp_path, sentence):
    image, labels, targets = files
    with pytest.raises(AnalogonError) as caught:
        analogon.compare(image, labels, [targets[0], targets[0]], output=tmp_path / "out")
    sentence(caught.value, "moved")
    with pytest.raises(AnalogonError) as caught:
        analogon.compare(image, labels, [], output=tmp_path / "out")
    sentence(caught.value, "target")
