"""Trainings run beside the server, and are found again by pages that come later."""

import io
import json
import time

import httpx
import pytest
from PIL import Image
from websockets.sync.client import connect

from .served import Page, Watching, photo, serving

pytest.importorskip("torch")
SOON = {"method": "semia", "recipe": "fast", "steps": 3}
LONG = {"method": "semia", "recipe": "fast", "minutes": 30}


def until(client: httpx.Client, job: str, holds) -> dict:
    deadline = time.monotonic() + 90
    while not holds(state := client.get(f"api/jobs/{job}").raise_for_status().json()):
        assert time.monotonic() < deadline, state
        time.sleep(0.1)
    return state


@pytest.mark.slow
def test_a_training_is_followed_by_pages_that_come_and_go_and_then_renders(url, page):
    page.do({"do": "move", "of": "tree", "right": 30}).raise_for_status()
    job = page.post("jobs", json=SOON).json()["job"]
    address = url.replace("http", "ws", 1) + f"api/jobs/{job}/live"
    with connect(address) as first:
        assert json.loads(first.recv())["state"] == "running"
    with connect(address) as second:
        last = [json.loads(message) for message in second][-1]
    assert (last["state"], last["step"]) == ("finished", 3), last
    assert page.client.get(last["preview"]).headers["content-type"] == "image/png"
    (listed,) = page.client.get(f"{page.at}/jobs").json()
    assert listed == last
    state = page.state()
    assert (state["job"], state["method"]) == (job, "semia")
    result = page.picture("result.png")
    assert (result != photo()).any()
    told = Image.open(io.BytesIO(page.client.get(f"{page.at}/result.png").content)).text["analogon"]
    assert json.loads(told)["render"]["method"] == "semia"
    watching = Watching(url, page.id)
    watching.want("final", state["version"])
    watching.until("final")
    assert (watching.shown == result).all()
    watching.close()


@pytest.mark.slow
def test_a_training_that_is_cancelled_keeps_what_it_has(page):
    job = page.post("jobs", json=LONG).json()["job"]
    until(page.client, job, lambda state: state["stage"] == "training" and state["step"] > 1)
    page.client.delete(f"api/jobs/{job}").raise_for_status()
    ended = until(page.client, job, lambda state: state["state"] != "running")
    assert (ended["state"], ended["kept"]) == ("cancelled", True)
    assert page.state()["job"] == job


def test_a_training_that_is_cancelled_at_once_has_nothing_to_keep(page):
    job = page.post("jobs", json=LONG).json()["job"]
    page.client.delete(f"api/jobs/{job}").raise_for_status()
    ended = until(page.client, job, lambda state: state["state"] != "running")
    assert (ended["state"], ended["kept"]) == ("cancelled", False)
    assert page.state()["job"] is None


@pytest.mark.slow
def test_a_training_ends_with_its_server(tmp_path):
    with serving(tmp_path / "data") as url, httpx.Client(base_url=url, timeout=60) as client:
        page = Page.labelled(client)
        job = page.post("jobs", json=LONG).json()["job"]
        until(client, job, lambda state: (state["step"] or 0) > 1)
    with serving(tmp_path / "data") as url, httpx.Client(base_url=url, timeout=60) as client:
        assert client.get(f"api/jobs/{job}").json()["state"] == "cancelled"
        assert client.post(f"api/projects/{page.id}/jobs", json=SOON).status_code == 201


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"method": "patch"}, "needs no training"),
        ({"method": "magic"}, "magic"),
        ({"method": "semia", "recipe": "magic"}, "magic"),
        ({"method": "semia", "minutes": 0}, "minutes"),
        ({"method": "semia", "steps": -1}, "steps"),
        ({"method": "semia", "folder": "/tmp"}, "folder"),
    ],
)
def test_what_is_no_training(page, asked, word):
    answer = page.post("jobs", json=asked)
    assert answer.status_code == 422 and word in answer.json()["error"]
    assert page.client.get(f"{page.at}/jobs").json() == []


def test_there_is_no_such_training(client):
    for ask in (client.get, client.delete):
        assert ask("api/jobs/0123456789abcdef").status_code == 404
