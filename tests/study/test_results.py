import csv
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

import analogon
from analogon import InputError
from analogon.study.design import Study
from analogon.study.store import Given, Store

from .compared import LABELS


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def answer(store: Store, study: Study, number: int, order: tuple[str | None, ...], steps: int | None = None) -> None:
    """Somebody ranks by label; None is the check."""
    for step in study.steps(number)[:steps]:
        cards = study.cards(number, step)
        ranking = sorted((card for card in cards), key=lambda card: order.index(card.contender))
        store.save(number, step, [card.id for card in cards], Given([card.id for card in ranking], 2.5, 3, 1))


@pytest.fixture
def answered(make):
    """Three people: one who looks, one who does not, and one who leaves after five screens; a fourth only began."""
    folder = make(checks=2, layout=True)
    study = Study.read(folder)
    store = Store.open(folder, study)
    for _ in range(4):
        store.admit()
    answer(store, study, 1, ("zebrawood", "elsewhere", "quincunx:swift", None))
    answer(store, study, 2, (None, "quincunx:swift", "elsewhere", "zebrawood"))
    answer(store, study, 3, ("zebrawood", "quincunx:swift", "elsewhere", None), 5)
    store.close()
    return folder


def test_the_answers(answered):
    found = analogon.study_results(answered)
    assert (found.participants, found.finished, len(found.answers), found.files) == (4, 2, 21, ())
    assert not (answered / "results").exists()
    one = [entry for entry in found.answers if entry.participant == "p1"]
    assert {entry.ranking for entry in one} == {("zebrawood", "elsewhere", "quincunx:swift")}
    assert {entry.seconds for entry in one} == {2.5}
    passed = [entry.attention_passed for entry in one]
    assert (passed.count(True), passed.count(None), passed.count(False)) == (2, 6, 0)
    assert all(entry.attention_passed is None for entry in one if entry.criterion == "layout")
    passed = [entry.attention_passed for entry in found.answers if entry.participant == "p2"]
    assert (passed.count(True), passed.count(None), passed.count(False)) == (0, 6, 2)


def test_answers_stand_by_participants_not_by_time(make):
    folder = make()
    study = Study.read(folder)
    store = Store.open(folder, study)
    for _ in range(2):
        store.admit()
    for number, steps in ((2, 1), (1, 1), (2, 2)):
        answer(store, study, number, LABELS, steps)
    store.close()
    assert [entry.participant for entry in analogon.study_results(folder).answers] == ["p1", "p2", "p2"]


def test_the_source_belongs_first(make):
    folder = make(checks=1, check="source", questions=1)
    study = Study.read(folder)
    store = Store.open(folder, study)
    for number, order in ((1, (None, *LABELS)), (2, (LABELS[0], None, *LABELS[1:]))):
        store.admit()
        answer(store, study, number, order)
    store.close()
    assert [entry.attention_passed for entry in analogon.study_results(folder).answers] == [True, False]


def test_the_tables_and_the_page(answered, tmp_path):
    found = analogon.study_results(answered, tmp_path / "results")
    assert [path.name for path in found.files] == ["answers.csv", "places.csv", "analysis.html", "analysis.json"]
    assert all(path.is_file() for path in found.files)
    study = Study.read(answered)
    rows = read(tmp_path / "results" / "answers.csv")
    assert len(rows) == 21
    for row in rows:
        number = int(row["participant"][1:])
        step = study.steps(number)[int(row["position"]) - 1]
        assert (step.question, step.criterion) == (row["question"], row["criterion"])
        shown = [card.contender for card in study.cards(number, step)]
        assert row["shown"] == " > ".join(filter(None, shown))
        assert bool(row["check"]) == (None in shown) == bool(row["attention_passed"])
        question = study.question(row["question"])
        assert (row["case"], row["target"]) == (question.case, question.target)
        assert (row["seconds"], row["moves"], row["edits"]) == ("2.500", "3", "1")
        assert row["first_saved"] == row["saved"] and row["saved"].endswith("+00:00")
    assert {row["ranking"] for row in rows if row["participant"] == "p2"} == {"quincunx:swift > elsewhere > zebrawood"}
    assert {row["attention_passed"] for row in rows if row["participant"] == "p2"} == {"false", ""}
    places = read(tmp_path / "results" / "places.csv")
    assert len(places) == 3 * 21
    assert {row["place"] for row in places if row["participant"] == "p1" and row["contender"] == "elsewhere"} == {"2"}
    by_answer = [[row["shown_place"] for row in places[start : start + 3]] for start in range(0, 63, 3)]
    assert all(sorted(entry) == ["1", "2", "3"] for entry in by_answer)
    page = (tmp_path / "results" / "analysis.html").read_text()
    assert all(label in page for label in LABELS)


def test_the_columns_are_documented():
    from analogon.study.exporting import ANSWER_COLUMNS, PLACE_COLUMNS

    text = (Path(__file__).resolve().parents[2] / "docs" / "study.md").read_text()
    for column in {*ANSWER_COLUMNS, *PLACE_COLUMNS}:
        assert f"| `{column}` |" in text, column


def test_reading_while_somebody_writes(answered):
    writer = sqlite3.connect(answered / "study.sqlite", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM answers WHERE participant = 1")
    assert len(analogon.study_results(answered).answers) == 21
    writer.execute("ROLLBACK")
    writer.close()


def test_no_answers_yet(make, sentence):
    folder = make()
    with pytest.raises(InputError) as error:
        analogon.study_results(folder)
    sentence(error.value, folder, "analogon study serve")
    assert not (folder / "study.sqlite").exists()
    Store.open(folder, Study.read(folder)).close()
    with pytest.raises(InputError) as error:
        analogon.study_results(folder, folder / "results")
    sentence(error.value, folder, "Nobody")
    assert not (folder / "results").exists()


def test_answers_that_do_not_fit(answered, make, sentence):
    other = make("other")
    shutil.copy(answered / "study.sqlite", other)
    with pytest.raises(InputError) as error:
        analogon.study_results(other)
    sentence(error.value, other / "study.sqlite", "another study")
    record = json.loads((answered / "study.json").read_text())
    record["questions"] = record["questions"][1:]
    (answered / "study.json").write_text(json.dumps(record))
    with pytest.raises(InputError) as error:
        analogon.study_results(answered)
    sentence(error.value, "study.json")


def test_a_damaged_file_of_answers(answered, sentence):
    (answered / "study.sqlite").write_bytes(b"no database at all, and long enough to be looked at" * 100)
    for suffix in ("-wal", "-shm"):
        (answered / f"study.sqlite{suffix}").unlink(missing_ok=True)
    for read_them in (lambda: analogon.study_results(answered), lambda: analogon.serve_study(answered, port=0)):
        with pytest.raises(InputError) as error:
            read_them()
        sentence(error.value, answered / "study.sqlite")
