"""Undoing, doing again, saving and replaying: always the same map to the bit."""

import json

import numpy as np
import pytest

from analogon import AnalogonError, History, InputError, LabelMap, OptionError
from analogon.layout import Brush, Duplicate, Move, Operation, Rotate, operation
from analogon.layout import history as module

from .drawn import PALETTE, drawn, text_of

TREE = drawn(".......... ...tt..hh. ...tt..hh. ,,,,,,,,,, ,,,,,,,,,b")


def patches(rng: np.random.Generator, shape=(24, 30)) -> LabelMap:
    ids = np.zeros(shape, np.int64)
    for _ in range(6):
        top, left = rng.integers(0, shape[0]), rng.integers(0, shape[1])
        ids[top : top + rng.integers(1, 12), left : left + rng.integers(1, 12)] = rng.choice(PALETTE.ids)
    return LabelMap(ids, PALETTE)


def drawn_by_lot(rng: np.random.Generator, history: History) -> Operation:
    """Any operation, with objects and classes that there are."""
    names = history.layout.handles()
    name, other = (str(rng.choice(names)) for _ in range(2))
    label, fill = str(rng.choice(PALETTE.names)), str(rng.choice(["behind", "around", *PALETTE.names]))
    points = [[float(a), float(b)] for a, b in rng.uniform(-4, 34, (4, 2))]
    paint = {"paint": label} if rng.random() < 0.7 else {"of": name, "erase": bool(rng.random() < 0.5), "fill": fill}
    way = {"right": int(rng.integers(-20, 21)), "down": int(rng.integers(-20, 21))}
    values = [
        {"do": "move", "of": name, "fill": fill, **way},
        {"do": "scale", "of": name, "fill": fill, "factor": float(rng.uniform(0.4, 2))},
        {"do": "rotate", "of": name, "fill": fill, "degrees": float(rng.choice([90, 17.3, -64]))},
        {"do": "flip", "of": name, "fill": fill, "axis": str(rng.choice(["left-right", "top-bottom"]))},
        {"do": "deform", "of": name, "fill": fill, "handles": [[*p, p[0] + 2, p[1] - 3] for p in points]},
        {"do": "duplicate", "of": name, **way},
        {"do": "delete", "of": name, "fill": fill},
        {"do": "brush", "points": points, "radius": float(rng.uniform(0, 3)), **paint},
        {"do": "polygon", "points": points, **paint},
        {"do": "fill", "row": int(rng.integers(24)), "column": int(rng.integers(30)), **paint},
        {"do": "spans", "spans": [[int(rng.integers(24)), 3, 20]], **paint},
        {"do": "relabel", "of": name, "to": label},
        {"do": "merge", "classes": [label], "into": str(rng.choice(PALETTE.names))},
        {"do": "arrange", "of": name, "to": str(rng.choice(["front", "back", "forward", "backward"]))},
        {"do": "arrange", "of": name, "to": "before", "other": other},
        {"do": "group", "of": [name, other], "name": f"group {len(history.done)}"},
        {"do": "ungroup", "of": name},
    ]
    return operation(values[int(rng.integers(len(values)))])


@pytest.mark.parametrize("seed", range(12))
def test_any_sequence_undone_is_the_start_and_replayed_is_itself(seed, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 3)  # most layouts are made again
    rng = np.random.default_rng(seed)
    labels = patches(rng)
    history, maps = History(labels), []
    while len(history.done) < 25:
        maps = [*maps[: len(history.done)], history.layout.target.ids]
        try:
            layout = history.apply(drawn_by_lot(rng, history))
        except AnalogonError:
            assert (history.layout.ids == maps[-1]).all()  # nothing half-done
            continue
        seen = {one.id for one in layout.objects}
        assert set(np.unique(layout.owners)) <= seen and layout.owners.min() >= 0
        assert all(one.region.mask.any() for one in layout.objects)
        assert len(set(layout.handles())) == len(layout.handles())
    end = history.layout.target
    assert (history.replay().ids == end.ids).all()
    for wanted in reversed(maps):
        assert (history.undo().ids == wanted).all()
    assert (history.layout.ids == labels.ids).all() and history.layout.target.palette == labels.palette
    history.save(tmp_path / "undone.json")
    again = History.load(tmp_path / "undone.json", labels)
    while again.undone:
        again.redo()
    assert (again.layout.ids == end.ids).all()
    again.save(tmp_path / "done.json")
    last = History.load(tmp_path / "done.json", labels)
    assert (last.layout.ids == end.ids).all() and last.done == again.done and not last.undone


def test_something_new_forgets_what_was_undone():
    history = History(TREE)
    history.apply(Move(of="tree", right=1), Move(of="tree", right=1))
    history.undo()
    history.apply(Move(of="boat", right=-1))
    assert not history.undone
    assert text_of(history.layout) == ".......... ....tt.hh. ....tt.hh. ,,,,,,,,,, ,,,,,,,,b,"


def test_where_one_of_several_fails_none_is_done():
    history = History(TREE)
    with pytest.raises(OptionError):
        history.apply(Move(of="tree", right=1), Move(of="sun", right=1))
    assert history.done == () and history.layout is history.start


def test_there_may_be_nothing_to_undo(sentence):
    history = History(TREE)
    for action in (history.undo, history.redo):
        with pytest.raises(OptionError) as error:
            action()
        sentence(error.value, "nothing")


def test_memory_stays_bounded():
    history = History(TREE)
    for n in range(module.KEPT * 3):
        history.apply(Move(of="tree", right=1 if n % 2 else -1))
    assert len(history._layouts) <= module.KEPT + 1
    for _ in range(module.KEPT * 3):
        history.undo()
    assert (history.layout.ids == TREE.ids).all() and len(history._layouts) <= module.KEPT + 1


def test_what_an_operation_says_of_itself_makes_it_again():
    for one in (
        Rotate(of="tree", degrees=0.1 + 0.2),
        Brush(paint="boat", points=((0.1, 1 / 3),), radius=(2.0,), locked=("sky",)),
        Duplicate(of="tree", right=3),
    ):
        assert operation(json.loads(json.dumps(one.record()))) == one


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, ["version 2"]),
        ({"format": "other"}, ["no recipe"]),
        ({"more": 1}, ["more"]),
        ({"labels": "0" * 64}, ["another label map"]),
        ({"operations": [{"do": "explode"}]}, ["operations.0"]),
        ({"operations": [{"do": "move", "of": "tree", "right": "3"}]}, ["right"]),
        ({"operations": [{"do": "move", "of": "tree", "right": 3, "left": 3}]}, ["left"]),
        ({"operations": [{"do": "move", "right": 3}]}, ["of"]),
        ({"operations": [{"do": "scale", "of": "tree", "factor": float("nan")}]}, ["factor"]),
    ],
)
def test_a_recipe_is_read_strictly(tmp_path, change, words, sentence):
    history = History(TREE)
    history.apply(Move(of="tree", right=1))
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({**history.record(), **change}))
    with pytest.raises(InputError) as error:
        History.load(path, TREE)
    sentence(error.value, "recipe.json", *words)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"[" * 100_000])
def test_a_damaged_recipe_is_refused(tmp_path, content, sentence):
    (tmp_path / "recipe.json").write_bytes(content)
    with pytest.raises(InputError) as error:
        History.load(tmp_path / "recipe.json", TREE)
    sentence(error.value, "recipe.json")
    with pytest.raises(InputError) as error:
        History.load(tmp_path / "missing.json", TREE)
    sentence(error.value, "missing.json")
