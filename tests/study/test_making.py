import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import analogon
from analogon import InputError, OptionError
from analogon.report.values import Comparison
from analogon.study.checks import spoilt
from analogon.study.design import Study

from .compared import CASES, LABELS, SECRETS, TARGETS, write_comparison


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def contents(study: Study) -> list[tuple]:
    return [(q.case, q.target, [(card.role, card.contender) for card in q.cards]) for q in study.questions]


def test_a_study_holds_the_pictures_of_the_comparison(comparison, make):
    folder = make()
    study = Study.read(folder)
    assert {(question.case, question.target) for question in study.questions} == {
        (case, target) for case in CASES for target in TARGETS
    }
    compared = Comparison.read(comparison)
    pictures = {(t.case, t.target, t.contender): comparison / t.picture for t in compared.trials}
    for question in study.questions:
        case = next(case for case in compared.cases if case.name == question.case)
        assert (pixels(folder / "pictures" / question.source.file) == pixels(comparison / case.image)).all()
        assert [card.contender for card in question.cards] == list(LABELS)
        for card in question.cards:
            original = pixels(pictures[question.case, question.target, card.contender])
            assert (pixels(folder / "pictures" / card.picture.file) == original).all()
            assert (card.picture.height, card.picture.width) == original.shape[:2]
        assert question.source_layout is None and question.target_layout is None
    assert sorted(path.name for path in folder.iterdir()) == ["pictures", "study.json"]
    assert {path.name for path in (folder / "pictures").iterdir()} == study.pictures()


def test_files_tell_nothing(make):
    folder = make(checks=2, layout=True)
    for path in (folder / "pictures").iterdir():
        data = path.read_bytes().lower()
        for secret in SECRETS:
            assert secret not in path.name and secret.encode() not in data
        with Image.open(path) as image:
            assert not image.info
    other = make("other", checks=2, layout=True)
    assert not Study.read(folder).pictures() & Study.read(other).pictures(), "names can be worked out from the seed"


def test_options_change_what_is_asked(make):
    plain = Study.read(make("plain"))
    assert len(plain.questions) == 4 and plain.criteria == ("appearance",)
    few = Study.read(make("few", questions=2))
    assert {question.case for question in few.questions} == set(CASES), "both cases have their share"
    assert len({tuple(map(str, contents(Study.read(make(f"s{n}", questions=2, seed=n))))) for n in range(4)}) > 1
    assert contents(Study.read(make("again", questions=2))) == contents(few)
    two = Study.read(make("two", contenders=["elsewhere", "zebrawood"]))
    assert [card.contender for card in two.questions[0].cards] == ["elsewhere", "zebrawood"]
    both = Study.read(make("both", layout=True))
    assert both.criteria == ("appearance", "layout") and both.questions[0].target_layout is not None
    shown = Study.read(make("shown", show_layout=True))
    assert shown.criteria == ("appearance",) and shown.show_layout and shown.questions[0].target_layout is not None
    texts = Study.read(make("texts", title="Look", introduction="One.\nTwo.", consent="Yes?"))
    assert (texts.title, texts.introduction, texts.consent) == ("Look", "One.\nTwo.", "Yes?")
    assert texts.title != plain.title and texts.introduction != plain.introduction and texts.consent != plain.consent


def test_orders_differ_between_people_and_not_between_visits(make):
    study = Study.read(make(seed=1, layout=True))
    orders = {number: study.steps(number) for number in range(12)}
    assert len(set(orders.values())) > 4
    assert all([step.criterion for step in steps] == ["appearance"] * 4 + ["layout"] * 4 for steps in orders.values())
    step = orders[0][0]
    cards = {number: tuple(card.contender for card in study.cards(number, step)) for number in range(60)}
    first = [list(order).index("zebrawood") for order in cards.values()]
    assert all(10 <= first.count(place) <= 30 for place in range(3)), "each contender is A, B and C about as often"
    again = Study.read(make("again", seed=1, layout=True))
    assert again.steps(0) == orders[0]
    assert study.cards(0, step) == study.cards(0, step) != tuple(sorted(study.cards(0, step), key=lambda card: card.id))
    other = Study.read(make("other", seed=2, layout=True))
    assert any(other.steps(n) != orders[n] for n in range(12))


def test_orders_do_not_depend_on_the_order_of_the_contenders(make):
    """Else who knows the seed, which is 0 unless somebody says otherwise, could tell which picture is whose."""
    study = Study.read(make())
    turned = study.model_copy(
        update={"questions": tuple(q.model_copy(update={"cards": q.cards[::-1]}) for q in study.questions)}
    )
    for number in range(5):
        for step in study.steps(number):
            assert study.cards(number, step) == turned.cards(number, step)


def test_the_source_itself_is_ranked_only_where_it_is_named(tmp_path, sentence):
    write_comparison(tmp_path / "report", ("source", *LABELS))
    study = analogon.make_study(tmp_path / "report", tmp_path / "plain", checks=1, check="source")
    assert {card.contender for question in study.questions for card in question.cards} == {*LABELS, None}
    named = ["source", "zebrawood"]
    study = analogon.make_study(tmp_path / "report", tmp_path / "named", contenders=named, checks=1)
    assert {card.contender for question in study.questions for card in question.cards} == {*named, None}
    with pytest.raises(OptionError) as error:
        analogon.make_study(tmp_path / "report", tmp_path / "twice", contenders=named, checks=1, check="source")
    sentence(error.value, "'source'", "twice")


@pytest.mark.parametrize(("check", "role"), [("spoilt", "last"), ("source", "first")])
def test_checks_are_pictures_more_in_some_questions(make, check, role):
    folder = make(checks=2, check=check, layout=True)
    study = Study.read(folder)
    checked = [question for question in study.questions if len(question.cards) == 4]
    assert len(checked) == 2
    for question in checked:
        (card,) = (card for card in question.cards if card.role == role)
        assert card.contender is None
        assert len(question.asked("layout")) == 3, "checks are about appearance"
        shown, source = (pixels(folder / "pictures" / file) for file in (card.picture.file, question.source.file))
        assert (shown.shape == source.shape and (shown == source).all()) == (check == "source")


def test_what_is_spoilt_lost_its_detail_and_has_noise(make_exemplar):
    rows, columns = np.mgrid[0:80, 0:120]
    fine = ((rows + columns) % 2)[..., None].repeat(3, 2).astype(np.float32)
    worse = spoilt(fine, 0)
    assert worse.shape == fine.shape and worse.dtype == np.float32 and worse.min() >= 0 and worse.max() <= 1
    assert abs(np.corrcoef(fine.ravel(), worse.ravel())[0, 1]) < 0.05
    assert 0.08 < worse.std() < 0.16, "what is left is noise"
    assert (spoilt(fine, 1) != worse).any() and (spoilt(fine, 0) == worse).all()


def test_of_several_seeds_the_lowest_is_taken_and_failed_targets_are_left_out(tmp_path):
    from dataclasses import replace

    compared = write_comparison(tmp_path / "report")
    first = compared.trials[0]
    failed = replace(compared.trials[-1], picture=None, error="It failed.")
    more = replace(first, seed=-1, picture=compared.trials[1].picture)
    replace(compared, trials=(first, more, *compared.trials[1:-1], failed)).write()
    study = analogon.make_study(tmp_path / "report", tmp_path / "study")
    assert len(study.questions) == 3
    asked = next(q for q in study.questions if (q.case, q.target) == (first.case, first.target))
    card = next(card for card in asked.cards if card.contender == first.contender)
    shown = pixels(tmp_path / "study" / "pictures" / card.picture.file)
    assert (shown == pixels(tmp_path / "report" / more.picture)).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"contenders": ["zebra"]}, ("'zebra'", "--contenders", "zebrawood, quincunx:swift, elsewhere")),
        ({"contenders": ["zebrawood"]}, ("at least two", "--contenders")),
        ({"contenders": ["zebrawood", "zebrawood"]}, ("twice",)),
        ({"questions": 0}, ("--questions", "1 to 4")),
        ({"questions": 5}, ("--questions", "1 to 4")),
        ({"checks": 5}, ("--checks", "4")),
        ({"checks": -1}, ("--checks",)),
        ({"title": "Is Zebrawood good?"}, ("--title", "'zebrawood'")),
        ({"introduction": "We made quincunx."}, ("--introduction", "'quincunx'")),
        ({"consent": "elsewhere"}, ("--consent", "'elsewhere'")),
    ],
)
def test_what_cannot_be_asked(make, tmp_path, options, words, sentence):
    with pytest.raises(OptionError) as error:
        make(**options)
    sentence(error.value, *words)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("labels", [("zebrawood",), ("source", "zebrawood"), ("source",)])
def test_one_contender_is_no_comparison(tmp_path, sentence, labels):
    write_comparison(tmp_path / "report", labels)
    with pytest.raises(OptionError) as error:
        analogon.make_study(tmp_path / "report", tmp_path / "study")
    sentence(error.value, "at least two", tmp_path / "report")


def test_too_many_pictures_in_one_question(tmp_path, sentence):
    labels = tuple(f"m{n}" for n in range(10))
    write_comparison(tmp_path / "report", labels)
    assert len(analogon.make_study(tmp_path / "report", tmp_path / "ten").questions[0].cards) == 10
    with pytest.raises(OptionError) as error:
        analogon.make_study(tmp_path / "report", tmp_path / "study", checks=1)
    sentence(error.value, "11", "--contenders")


def test_no_target_that_all_have(tmp_path, sentence):
    from dataclasses import replace

    compared = write_comparison(tmp_path / "report")
    trials = [t if t.contender != "elsewhere" else replace(t, picture=None, error="No.") for t in compared.trials]
    replace(compared, trials=tuple(trials)).write()
    with pytest.raises(InputError) as error:
        analogon.make_study(tmp_path / "report", tmp_path / "study")
    sentence(error.value, "'elsewhere' has 0 of 4", tmp_path / "report")


def test_nothing_is_overwritten_and_nothing_left_half_done(make, comparison, tmp_path, sentence):
    folder = make()
    before = (folder / "study.json").read_bytes()
    with pytest.raises(OptionError) as error:
        make()
    sentence(error.value, folder, "-o")
    assert (folder / "study.json").read_bytes() == before
    (tmp_path / "empty").mkdir()
    make("empty")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError) as error:
        analogon.make_study(comparison, tmp_path / "file" / "study")
    sentence(error.value, "file")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file", "study"]


def damage(change):
    def run(path: Path) -> None:
        record = json.loads(path.read_text())
        change(record)
        path.write_text(json.dumps(record))

    return run


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_text("{"),
        lambda path: path.write_bytes(b"\xff\xfe\x00"),
        lambda path: path.write_text("[]"),
        damage(lambda record: record.update(format=99)),
        damage(lambda record: record.update(questions=[])),
        damage(lambda record: record.pop("seed")),
        damage(lambda record: record["questions"][0]["source"].update(file="../../etc/passwd")),
        damage(lambda record: record["questions"][0]["cards"].pop()),
        damage(lambda record: record["questions"].append(record["questions"][0])),
        damage(lambda record: record["questions"][0]["cards"].append(record["questions"][0]["cards"][0])),
    ],
)
def test_a_damaged_study(make, spoil, sentence):
    folder = make(contenders=["elsewhere", "zebrawood"])
    spoil(folder / "study.json")
    with pytest.raises(InputError) as error:
        Study.read(folder)
    sentence(error.value, folder / "study.json", "damaged")


def test_a_study_whose_picture_is_gone(make, sentence):
    folder = make()
    gone = next((folder / "pictures").iterdir())
    gone.unlink()
    with pytest.raises(InputError) as error:
        Study.read(folder)
    sentence(error.value, gone)
