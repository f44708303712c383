"""Whatever was done to a project: undone step by step, it is what it was after each, to the bit."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from analogon.errors import AnalogonError
from analogon.layout import Brush, Delete, Duplicate, Fill, Move, Relabel, Rotate
from analogon.studio.classes import edited
from analogon.studio.messages import Classes
from analogon.studio.projects import Opened, Projects
from analogon.studio.store import OutdatedError, Store

from .served import HEIGHT, WIDTH, labels, photo


@pytest.fixture
def projects(tmp_path: Path) -> Iterator[Projects]:
    store = Store.open(tmp_path)
    yield Projects(store, tmp_path)
    store.close()


def do_something(opened: Opened, random: np.random.Generator) -> None:
    moment = opened.moment()
    version, layout = moment.project.version, moment.layout
    name = str(random.choice(layout.handles()))
    classes = moment.base.palette.classes
    label = classes[random.integers(len(classes))]
    down, right = (int(n) for n in random.integers(-20, 21, 2))
    points = tuple((float(y), float(x)) for y, x in random.uniform((0, 0), (HEIGHT, WIDTH), (3, 2)))
    match random.integers(10):
        case 0:
            change = {"add": {"name": f"class {random.integers(10**9)}"}}
        case 1:
            change = {"color": {"id": label.id, "color": random.integers(0, 256, 3).tolist()}}
        case 2:
            change = {"rename": {"id": label.id, "name": f"thing {random.integers(10**9)}"}}
        case 3 if len(classes) > 2:
            change = {"merge": [label.id, next(one.id for one in classes if one is not label)]}
        case number:
            operation = [
                Move(of=name, down=down, right=right),
                Rotate(of=name, degrees=float(down)),
                Duplicate(of=name, right=right),
                Delete(of=name),
                Brush(paint=label.name, points=points, radius=4.0),
                Fill(paint=label.name, row=int(points[0][0]), column=int(points[0][1])),
                Relabel(of=name, to=label.name),
            ][(number - 3) % 7]
            opened.apply(version, [operation])
            return
    made, carry = edited(moment.base, Classes.model_validate(change))
    opened.relabel(version, made, carry=carry)


@pytest.mark.parametrize("seed", range(4))
def test_all_is_undone_and_done_again(projects, seed):
    random = np.random.default_rng(seed)
    opened = projects.add(photo(), "", [labels()])
    seen = [opened.moment()]
    while len(seen) < 25:
        with suppress(AnalogonError):  # nothing would be left, say
            do_something(opened, random)
            seen.append(opened.moment())
    # as another process sees it, which has never had these layouts
    other = Opened(projects.store, projects.folder(opened.id), opened.id, {})
    for by, wanted in ((-1, seen[-2::-1]), (1, seen[1:])):
        for before in wanted:
            for one in (opened, other):
                now = one.moment()
                if one is opened:
                    now = one.go(now.project.version, by)[1]
                assert (now.layout.ids == before.layout.ids).all()
                assert now.base.palette == before.base.palette
                assert now.layout.handles() == before.layout.handles()
                assert (now.undo, now.operations) == (before.undo, before.operations)
    assert opened.moment().redo == 0 and opened.moment().undo == 24


def test_of_two_servers_one_is_told(projects):
    opened = projects.add(photo(), "", [labels()])
    other = Opened(projects.store, projects.folder(opened.id), opened.id, {})
    version = other.moment().project.version
    opened.apply(version, [Move(of="tree", right=9)])
    with pytest.raises(OutdatedError):
        other.apply(version, [Move(of="tree", right=-9)])
    assert (other.moment().layout.ids == opened.moment().layout.ids).all()
