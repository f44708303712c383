"""Thousands of messages that are almost right: each is done or refused, none breaks the server or keeps it."""

import json
import random
import time
from collections import Counter

import pytest
from websockets.sync.client import connect

from analogon.studio.live import LARGEST_MESSAGE

from .served import Page, labels, labels_png

NASTY = [None, True, 0, -1, 2, 10**6, 2**31, 2**63, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", "tree",
         "tree 2", "sky", "behind", "\ud800", "\x00", "a" * 5000, "../../x", [], {}, [[]], [None], [[1, 2], [3, 4]],
         [1e9, 1e9], {"do": "move"}]  # fmt: skip
POINTS = [[1.0, 2.0], [30.0, 40.0], [5.0, 50.0]]
OPERATIONS = [
    {"do": "move", "of": "tree", "right": 3, "down": 2},
    {"do": "scale", "of": "tree", "factor": 1.5},
    {"do": "rotate", "of": "tree", "degrees": 30.0},
    {"do": "flip", "of": "tree"},
    {"do": "deform", "of": "tree", "handles": [[20.0, 10.0, 25.0, 15.0]]},
    {"do": "duplicate", "of": "tree", "right": 10},
    {"do": "delete", "of": "tree"},
    {"do": "brush", "paint": "sky", "points": POINTS, "radius": 3.0},
    {"do": "brush", "of": "tree", "erase": True, "points": POINTS, "radius": 3.0},
    {"do": "polygon", "paint": "tree", "points": POINTS},
    {"do": "fill", "paint": "tree", "row": 3, "column": 4},
    {"do": "spans", "paint": "tree", "spans": [[3, 4, 9]]},
    {"do": "arrange", "of": "tree", "to": "forward"},
    {"do": "group", "of": ["tree", "grass"], "name": "both"},
]
MESSAGES = {
    "classes": [{"merge": [3, 1]}, {"rename": {"id": 1, "name": "air"}}, {"color": {"id": 1, "color": [1, 2, 3]}},
                {"add": {"name": "boat"}}],
    "scribbles": [{"strokes": [{"class": 1, "points": POINTS, "radius": 2.0}]}],
    "labels": [{"classes": 4}],
    "jobs": [{"method": "patch", "steps": 3, "recipe": "default"}],
    "undo": [{}],
    "redo": [{}],
    "project": [{"title": "t", "method": "patch", "seed": 3, "settings": {"patch": 5}, "recipe": None, "job": None}],
    "import": [{}],
}  # fmt: skip


class Fuzz:
    """Messages from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def bent(self, value):
        """A value with some of its parts in other shapes."""
        if self.random.random() < 0.1:
            return self.random.choice(NASTY)
        if isinstance(value, dict):
            found = {key: self.bent(one) if self.random.random() < 0.3 else one for key, one in value.items()}
            if self.random.random() < 0.1:
                found[self.random.choice(["of", "do", "version", "fill", "\ud800", ""])] = self.random.choice(NASTY)
            if found and self.random.random() < 0.1:
                del found[self.random.choice(list(found))]
            return found
        if isinstance(value, list):
            return [self.bent(one) if self.random.random() < 0.3 else one for one in value] * self.random.choice(
                [1, 1, 1, 2, 0, 50]
            )
        return self.random.choice(NASTY)

    def body(self, value) -> bytes:
        data = bytearray(json.dumps(value).encode())
        if self.random.random() < 0.1:
            for _ in range(3):
                data[self.random.randrange(len(data))] = self.random.randrange(256)
        return bytes(data)

    def operations(self) -> list:
        many = [self.random.choice(OPERATIONS) for _ in range(self.random.choice([1, 1, 2]))]
        return [self.bent(one) if self.random.random() < 0.6 else one for one in many]


@pytest.mark.parametrize(
    ("seed", "count"), [(1, 250), *(pytest.param(seed, 1000, marks=pytest.mark.slow) for seed in (2, 3, 4))]
)
def test_requests(client, page, seed, count):
    fuzz, seen = Fuzz(seed), Counter()
    for n in range(count):
        if n % 10 == 0:  # there is a tree again
            page.post("labels", content=labels_png(labels()), headers={"Content-Type": "image/png"}).raise_for_status()
        kind = fuzz.random.choice(["operations"] * 6 + list(MESSAGES))
        message = {"version": page.version, "operations": fuzz.operations()}
        if kind != "operations":
            message = fuzz.bent(fuzz.random.choice(MESSAGES[kind]))
        body, headers = fuzz.body(message), {"Content-Type": "application/json"}
        began = time.monotonic()
        if kind == "project":
            answer = client.patch(page.at, content=body, headers=headers)
        elif kind == "import":
            answer = client.post("api/import", content=body)
        else:
            answer = page.post(kind, content=body, headers=headers)
        assert answer.status_code in (200, 400, 409, 422), (kind, body, answer.text)
        assert time.monotonic() - began < 20, (kind, body)
        assert answer.status_code == 200 or answer.json()["error"][-1] in ".?", (kind, body, answer.text)
        seen[kind, answer.status_code == 200] += 1
    assert seen["operations", True] > count / 20 and seen["operations", False] > count / 20, seen
    assert page.client.get(f"{page.at}/result.png").status_code == 200


@pytest.mark.parametrize(
    ("seed", "count"), [(1, 150), *(pytest.param(seed, 1000, marks=pytest.mark.slow) for seed in (2, 3))]
)
def test_live_messages(url, page, seed, count):
    fuzz, seen, version = Fuzz(seed), Counter(), page.version
    with connect(url.replace("http", "ws", 1) + f"{page.at}/live", max_size=None) as socket:
        for n in range(count):
            message = {"want": "preview", "version": version, "operations": fuzz.operations(), "number": n}
            body = fuzz.body(fuzz.bent(message) if fuzz.random.random() < 0.3 else message)
            if len(body) > LARGEST_MESSAGE:
                continue
            try:
                socket.send(body.decode())
            except UnicodeDecodeError:
                socket.send(body)
            while True:  # what is still on its way of the former message comes first
                header = socket.recv(timeout=20)
                if isinstance(header, bytes):
                    continue
                header = json.loads(header)
                if "error" in header or header["stage"] == "draft":
                    break
            seen["error" in header] += 1
        assert seen[True] > count / 20 and seen[False] > count / 20, seen
        socket.send(json.dumps({"want": "final", "version": version, "number": count}))
        while not isinstance(header := socket.recv(timeout=20), str) or json.loads(header).get("stage") != "final":
            pass


def test_addresses(client, page):
    values = ["", "x", "-1", "1", "1e5", "NaN", "9" * 30, "9" * 5000, "%00", "%ff", "%ed%a0%80", "..", "png"]
    for value in values:
        for name in (f"superpixels.bin?count={value}", f"owners.bin?version={value}", f"variants?seeds={value}",
                     f"variants/{value}.webp", f"photo.{value}", f"result.{value}", f"../{value}"):  # fmt: skip
            assert client.get(f"{page.at}/{name}").status_code in (200, 404, 409, 422), name
        assert client.get(f"api/jobs/{value}").status_code in (404, 405)
        assert client.get(f"page/{value}").status_code in (200, 404)
        assert client.post(f"api/projects?title={value}", content=b"").status_code == 422


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("classes", {"add": {"name": "\ud800"}}),
        ("classes", {"\ud800": 1}),
        ("operations", {"version": 1, "operations": [{"do": "duplicate", "of": "tree", "name": "\ud800"}]}),
        ("jobs", {"method": "\ud800"}),
        ("labels", {"segmenter": "\ud800"}),
    ],
)
def test_halves_of_letters(page, where, message):
    before = page.state()
    headers = {"Content-Type": "application/json"}
    answer = page.post(where, content=json.dumps(message), headers=headers)
    assert answer.status_code == 422 and answer.json()["error"].endswith(".")
    title = page.client.patch(page.at, content='{"title": "\\ud800"}', headers=headers)
    assert title.status_code == 422
    assert page.state() == before


def test_a_page_of_another_title(client, page):
    for title in ("a" * 9999, "\x00\n\t", "‮", "<script>"):
        assert client.patch(page.at, json={"title": title}).status_code == 200
        assert 0 < len(Page(client, page.id).state()["title"]) <= 120
