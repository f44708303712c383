"""What a comparison is on disk."""

import csv
import json
import math
import shutil
from dataclasses import replace

import pytest

from analogon import Comparison, InputError
from analogon.comparing import aggregate
from analogon.report.values import Aggregate

from .comparisons import write_comparison


@pytest.fixture
def comparison(tmp_path):
    found = write_comparison(
        tmp_path / "out",
        {
            ("a", "first"): {"high": 1.0, "low": None, "one": math.inf},
            ("a", "broken"): {},
            ("b", "first"): {"high": -math.inf, "low": 0.1 + 0.2, "one": 1.0},
            ("b", "broken"): {},
        },
    )
    found = replace(found, aggregates=aggregate(found))
    found.write()
    return found


def test_what_is_written_is_read(comparison, tmp_path):
    assert Comparison.read(comparison.folder) == comparison
    moved = tmp_path / "elsewhere"
    comparison.folder.rename(moved)
    again = Comparison.read(moved)
    assert again.folder == moved and again.trials == comparison.trials and again.metrics == comparison.metrics
    assert again.trials[0].figures["one"] == math.inf


def test_the_json_is_strict(comparison):
    def refuse(text):
        raise AssertionError(text)

    text = (comparison.folder / "comparison.json").read_text()
    values = json.loads(text, parse_constant=refuse)
    assert values["trials"][0]["figures"] == {"high": 1.0, "low": None, "one": "inf"}
    assert str(comparison.folder) not in text


def test_the_tables(comparison):
    with (comparison.folder / "figures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert (rows[0]["contender"], rows[0]["high"], rows[0]["low"], rows[0]["one"]) == ("first", "1.0", "", "inf")
    assert float(rows[2]["low"]) == 0.1 + 0.2
    assert rows[1]["error"] == "It broke: mend it." and rows[1]["high"] == ""
    with (comparison.folder / "aggregate.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["contender"], row["metric"], row["targets"]) for row in rows[:2]] == [
        ("first", "high", "2"),
        ("first", "low", "1"),
    ]


def test_no_comparison(tmp_path, sentence):
    for folder in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(InputError) as caught:
            Comparison.read(folder)
        sentence(caught.value, folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"[1, 2]",
        b'{"kind": "something else"}',
        b'{"kind": "analogon comparison", "version": 99}',
        b'{"kind": "analogon comparison", "version": 1, "title": "x"}',
        b"[" * 100_000,
    ],
    ids=["empty", "bytes", "list", "other", "newer", "bare", "deep"],
)
def test_a_damaged_file(comparison, content, sentence):
    (comparison.folder / "comparison.json").write_bytes(content)
    with pytest.raises(InputError) as caught:
        Comparison.read(comparison.folder)
    sentence(caught.value, "comparison.json")


def _changed(values, place, value):
    *path, last = place
    for part in path:
        values = values[part]
    values[last] = value


@pytest.mark.parametrize(
    "place, value, named",
    [
        (("trials", 0, "seed"), "many", "seed"),
        (("trials", 0, "case"), "another", "another"),
        (("trials", 0, "target"), "c", "'c'"),
        (("trials", 0, "contender"), "nobody", "nobody"),
        (("contenders", 1, "label"), "first", "first"),
        (("trials", 0, "picture"), "../../secret.png", "outside"),
        (("trials", 0, "picture"), "/etc/passwd", "outside"),
        (("trials", 0, "picture"), "results/none.png", "none.png"),
        (("cases", 0, "targets", "a"), "inputs/none.png", "none.png"),
    ],
)
def test_a_wrong_value(comparison, place, value, named, sentence):
    path = comparison.folder / "comparison.json"
    values = json.loads(path.read_text())
    _changed(values, place, value)
    path.write_text(json.dumps(values))
    with pytest.raises(InputError) as caught:
        Comparison.read(comparison.folder)
    sentence(caught.value, named)


def test_a_missing_picture(comparison, sentence):
    picture = comparison.folder / comparison.trials[0].picture
    picture.unlink()
    with pytest.raises(InputError) as caught:
        Comparison.read(comparison.folder)
    sentence(caught.value, picture)


def test_a_folder_that_cannot_be(comparison, sentence):
    shutil.rmtree(comparison.folder)
    comparison.folder.write_text("a file")
    with pytest.raises(InputError) as caught:
        comparison.write()
    sentence(caught.value, comparison.folder)


def test_the_table_for_people(comparison):
    lines = comparison.table().splitlines()
    assert lines[0].split() == ["first", "broken"]
    heads = [line.split("  ")[0] for line in lines]
    assert heads[1:7] == ["high ↑", "low ↓", "one →1", "fit", "picture", "memory"]
    assert lines[1].split()[2:] == ["−∞", "–"] and lines[2].split()[2:] == ["0.300", "–"]
    assert any(line.startswith("failed") and line.split()[1:] == ["–", "2"] for line in lines)
    assert lines[-1] == "broken failed (case/a, case/b): It broke: mend it."
    narrow = comparison.table(width=20).split("\n\n")
    assert narrow[0].splitlines()[0].split() == ["first"] and narrow[1].splitlines()[0].split() == ["broken"]


def test_infinite_figures_in_the_table_for_people(comparison):
    """How many there are, beside the mean of the others; and no such mean is the best."""
    found = {"first": (35.0, 1), "broken": (30.0, 0)}
    aggregates = tuple(
        Aggregate(label, name, 2, mean, mean, 1.0, None, None, infinite=infinite)
        for label, (mean, infinite) in found.items()
        for name in ("high", "low")
        if label == "first" or name == "high"
    )
    lines = replace(comparison, aggregates=aggregates).table().splitlines()
    assert lines[1].split() == ["high", "↑", "∞×1,", "35.0", "(1)", "30.0", "(1)"]
    assert any(line.startswith("∞×N") for line in lines)
    fewer = tuple(replace(one, infinite=0) for one in aggregates)
    lines = replace(comparison, aggregates=fewer).table().splitlines()
    assert lines[1].split() == ["high", "↑", "35.0*", "(1)", "30.0", "(1)"]
    assert not any("∞×N" in line for line in lines)
