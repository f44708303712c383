"""The picture follows: soon, only where something changed, and for the latest layout."""

import numpy as np
import pytest

from .served import HEIGHT, WIDTH, Watching, photo

MOVE = {"do": "move", "of": "tree", "right": 40}
ALL = [0, 0, HEIGHT, WIDTH]


@pytest.fixture
def watching(url, page):
    one = Watching(url, page.id)
    yield one
    one.close()


def test_what_is_not_committed_is_shown_there_and_nowhere_else(watching, page):
    version = page.version
    watching.want("preview", version, MOVE)
    stages = watching.until("preview")
    assert [one["stage"] for one in stages] == ["draft", "preview"]
    assert all(one["number"] == 1 and one["seconds"] > 0 for one in stages)
    top, left, bottom, right = stages[0]["box"]
    assert (bottom - top) * (right - left) < 0.9 * HEIGHT * WIDTH
    changed = (watching.shown != photo()).any(-1)
    assert changed[22:38, 52:64].mean() > 0.9, "the tree has come"
    assert changed[22:38, 12:24].mean() > 0.9, "and gone"
    assert not changed[:8].any() and not changed[:, 80:].any()
    assert page.version == version and page.state()["undo"] == 0, "nothing is committed"


def test_an_object_that_was_moved_is_a_copy_in_the_draft(watching, page):
    watching.want("preview", page.version, MOVE)
    assert watching.receive()["stage"] == "draft"
    assert (watching.shown[22:42, 52:64] == photo()[22:42, 12:24]).all()


def test_the_final_picture_is_the_result(watching, page):
    version = page.do(MOVE).json()["version"]
    watching.want("final", version)
    assert [one["stage"] for one in watching.until("final")] == ["draft", "final"]
    assert (watching.shown == page.picture("result.png")).all()
    page.post("undo", json={})
    watching.want("final", version + 1)
    watching.until("final")
    assert (watching.shown == photo()).all()


def test_only_the_latest_is_rendered(watching, page):
    version = page.version
    moves = [{"do": "move", "of": "tree", "right": n} for n in range(1, 41)]
    for move in moves:
        watching.want("preview", version, move)
    got = watching.until("preview")
    while got[-1]["number"] < len(moves):
        got += watching.until("preview")
    numbers = [one["number"] for one in got]
    assert numbers == sorted(numbers) and numbers[-2:] == [40, 40]
    assert len(set(numbers)) < len(moves), "some were left out"
    assert sum(one["stage"] == "preview" for one in got) <= 2
    last = watching.shown.copy()
    watching.want("preview", version, moves[-1])
    watching.until("preview")
    assert np.abs(watching.shown.astype(int) - last).max() == 0, "nothing is left of those before"


def test_what_cannot_be_rendered_is_said_and_the_connection_stays(watching, page):
    version = page.version
    for operations, word in (([{"do": "move", "of": "house"}], "house"), ([{"do": "magic"}], "magic")):
        number = watching.want("preview", version, *operations)
        answer = watching.receive()
        assert answer["number"] == number and word in answer["error"]
    watching.want("preview", version - 1)
    assert watching.receive()["version"] == version
    watching.socket.send("[]")
    assert "cannot be read" in watching.receive()["error"]
    watching.want("preview", version)
    assert watching.receive()["box"] == [0, 0, 0, 0]


def test_two_pages_and_a_turned_object(url, page, watching):
    other = Watching(url, page.id)
    version = page.version
    watching.want("final", version, {"do": "rotate", "of": "tree", "degrees": 30})
    other.want("final", version, {"do": "delete", "of": "tree", "fill": "sky"})
    watching.until("final")
    other.until("final")
    assert (watching.shown != other.shown).any()
    green = other.shown[20:38, 10:26].astype(int)
    assert (green[..., 2] > 200).mean() > 0.9, "sky where the tree was"
    other.close()
