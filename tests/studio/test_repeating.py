"""A change whose answer was lost is asked for again: it is answered, and not made twice."""

from pathlib import Path

import httpx
import pytest

from .served import HEIGHT, WIDTH, Page, serving

MOVE = {"do": "move", "of": "tree", "right": 5}


def ask(page: Page, where: str, key: str | None, **message) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return page.post(where, json=message, headers=headers)


def test_the_same_request_is_answered_and_not_done_again(page):
    version = page.version
    first = ask(page, "operations", "one", version=version, operations=[MOVE]).raise_for_status().json()
    again = ask(page, "operations", "one", version=version, operations=[MOVE]).raise_for_status().json()
    assert again["changed"]["box"] == [0, 0, HEIGHT, WIDTH]  # all may be new to whoever missed the first answer
    assert {name: again[name] for name in ("version", "undo", "redo", "objects")} == {
        name: first[name] for name in ("version", "undo", "redo", "objects")
    }
    assert page.version == first["version"] and page.state()["undo"] == 1
    ask(page, "undo", "two", version=first["version"]).raise_for_status()
    assert ask(page, "undo", "two", version=first["version"]).json()["undo"] == 0
    assert page.state()["redo"] == 1


@pytest.mark.parametrize("key", [None, "other", "", "1" * 65])
def test_another_request_is_too_late(page, key):
    version = page.version
    ask(page, "operations", "one", version=version, operations=[MOVE]).raise_for_status()
    late = [ask(page, "operations", key, version=version, operations=[MOVE]).status_code for _ in range(2)]
    assert late == [409, 409] and page.state()["undo"] == 1


def test_a_key_is_of_one_project(page, client):
    other = Page.labelled(client)
    version = other.version
    ask(page, "operations", "one", version=page.version, operations=[MOVE]).raise_for_status()
    other.do(MOVE).raise_for_status()
    assert ask(other, "operations", "one", version=version, operations=[MOVE]).status_code == 409


def test_a_server_that_was_started_again_knows_it(tmp_path: Path):
    with serving(tmp_path) as url, httpx.Client(base_url=url, timeout=60) as client:
        page = Page.labelled(client)
        version = page.version
        ask(page, "operations", "one", version=version, operations=[MOVE]).raise_for_status()
    with serving(tmp_path) as url, httpx.Client(base_url=url, timeout=60) as client:
        page.client = client
        assert ask(page, "operations", "one", version=version, operations=[MOVE]).status_code == 200
        assert page.state()["undo"] == 1
        page.client.delete(page.at).raise_for_status()  # with all that is known of it
