"""Projects are on the disk at any moment, and two windows do not spoil one another's work."""

import gc
import os
import signal
import subprocess
import sys
import threading
import weakref

import httpx
import numpy as np
import pytest

from analogon.layout import History, Move
from analogon.studio import projects
from analogon.studio.store import Store

from .served import HEIGHT, WIDTH, Page, labels, labels_png, layout_ids, photo, png, serving

MOVE = {"do": "move", "of": "tree", "right": 30}
COPY = {"do": "duplicate", "of": "tree", "right": 40}


def test_a_picture_becomes_a_project_with_labels(client):
    page = Page(client)
    state = page.state()
    assert (state["title"], state["size"], state["undo"], state["redo"]) == ("A tree", [HEIGHT, WIDTH], 0, 0)
    assert (page.picture("photo.png") == photo()).all() and (page.picture("photo.webp") == photo()).all()
    found = page.bytes("labels.bin")
    assert found.max() < len(state["classes"]) and len(np.unique(found)) >= 2
    listed = client.get("api/projects").json()[0]
    assert (listed["id"], listed["title"], listed["size"]) == (page.id, "A tree", [HEIGHT, WIDTH])
    assert client.get(listed["thumbnail"]).headers["content-type"] == "image/webp"


def test_operations_undo_and_redo_give_exact_labels(page):
    assert (page.ids() == layout_ids()).all()
    history = History(labels())
    answer = page.do(MOVE).json()
    wanted = history.apply(Move(of="tree", right=30)).ids
    assert (page.ids() == wanted).all()
    changed = np.argwhere(wanted != layout_ids())
    assert answer["changed"]["box"] == [*changed.min(0).tolist(), *(changed.max(0) + 1).tolist()]
    assert (answer["undo"], answer["redo"]) == (1, 0)
    back = page.post("undo", json={}).json()
    assert (page.ids() == layout_ids()).all() and (back["undo"], back["redo"]) == (0, 1)
    page.post("redo", json={})
    assert (page.ids() == wanted).all()
    page.post("undo", json={})
    page.do(COPY)
    assert page.post("redo", json={}).status_code == 422, "what was undone is gone after another change"


def test_which_object_is_seen_where(page):
    version = page.do(COPY).json()["version"]
    number = {one["name"]: one["id"] for one in page.state()["objects"]}["tree 2"]
    found = page.bytes(f"owners.bin?version={version}", np.int32)
    assert (found == number).sum() == (layout_ids() == 3).sum() and (found[20:44, 50:66] == number).all()
    assert page.client.get(f"{page.at}/owners.bin?version={version - 1}").status_code == 409


def test_undo_goes_back_farther_than_layouts_are_kept(page, monkeypatch):
    monkeypatch.setattr(projects, "_KEPT_PIXELS", 0)
    seen = [page.ids()]
    for n in range(6):
        page.do({"do": "move", "of": "tree", "right": 3 + n, "down": n % 2}).raise_for_status()
        seen.append(page.ids())
    for ids in seen[-2::-1]:
        page.post("undo", json={}).raise_for_status()
        assert (page.ids() == ids).all()
    assert page.post("undo", json={}).status_code == 422
    for ids in seen[1:]:
        page.post("redo", json={}).raise_for_status()
        assert (page.ids() == ids).all()


def test_of_several_operations_all_are_done_or_none(page):
    before = page.state()
    answer = page.do(MOVE, {"do": "move", "of": "house", "right": 1})
    assert answer.status_code == 422 and "house" in answer.json()["error"]
    assert page.state() == before and (page.ids() == layout_ids()).all()


def test_of_two_windows_one_is_told_that_the_other_was_faster(page, client):
    version = page.version
    answers: list[httpx.Response] = []
    moves = [{"do": "move", "of": "tree", "right": n} for n in range(1, 9)]
    threads = [threading.Thread(target=lambda one=one: answers.append(page.do(one, version=version))) for one in moves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.status_code for one in answers) == [200] + [409] * 7
    assert {one.json()["version"] for one in answers} == {version + 1} and page.state()["undo"] == 1
    assert page.post("undo", json={"version": version}).status_code == 409


def test_everything_is_there_after_the_server_was_killed(tmp_path):
    code = "import sys; from analogon.cli import main; sys.exit(main())"
    arguments = ["studio", "--data", str(tmp_path / "data"), "--port", "0", "--no-browser"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        url = process.stdout.readline().split()[0]
        with httpx.Client(base_url=url, timeout=60) as client:
            page = Page.labelled(client)
            for n in range(5):
                page.do({"do": "move", "of": "tree", "right": 3, "down": n - 2}).raise_for_status()
            page.post("undo", json={})
            before, ids = page.state(), page.ids()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=20)
    with serving(tmp_path / "data") as url, httpx.Client(base_url=url, timeout=60) as client:
        again = Page(client, before["id"])
        assert again.state() == before and (again.ids() == ids).all()
        again.post("redo", json={}).raise_for_status()


def test_classes(page):
    page.do(MOVE)
    moved = page.ids()
    added = page.post("classes", json={"add": {"name": "boat"}}).json()
    assert [one["name"] for one in added["classes"]] == ["sky", "grass", "tree", "boat"]
    assert (page.ids() == moved).all() and added["dropped"] == 0, "the layout is kept"
    page.post("classes", json={"color": {"id": 3, "color": [1, 2, 3]}}).raise_for_status()
    assert page.state()["classes"][2]["color"] == [1, 2, 3] and (page.ids() == moved).all()
    merged = page.post("classes", json={"merge": [3, 2]}).json()
    assert merged["dropped"] == 1
    wanted = np.where(layout_ids() == 3, 2, layout_ids())
    assert (page.ids("labels.bin") == wanted).all() and (page.ids() == wanted).all()
    assert [one["id"] for one in page.state()["classes"]] == [1, 2, 4]
    page.post("undo", json={}).raise_for_status()
    assert (page.ids() == moved).all(), "the edit is back"
    renamed = page.post("classes", json={"rename": {"id": 3, "name": "oak"}}).json()
    assert "oak" in [one["name"] for one in renamed["objects"]]
    for wrong in ({"merge": [3, 3]}, {"merge": [3, 99]}, {"rename": {"id": 1, "name": "oak"}}, {}):
        assert page.post("classes", json=wrong).status_code == 422


def test_other_first_labels(page):
    many = page.post("labels", json={"classes": 3}).json()
    assert 2 <= len(many["classes"]) <= 3
    wrong = page.post("labels", json={"classes": 1})
    assert wrong.status_code == 422 and "2 to 64" in wrong.json()["error"]
    small = labels_png(labels().resize((32, 48)))
    assert "48x32" in page.post("labels", content=small, headers={"Content-Type": "image/png"}).json()["error"]


def test_scribbles_move_a_border_to_the_edge_in_the_picture(page):
    # the labels have the tree too small by ten columns
    ids = layout_ids()
    ids[20:40, 16:26], ids[40:44, 16:26] = 1, 2
    wrong = labels_png(type(labels())(ids, labels().palette))
    page.post("labels", content=wrong, headers={"Content-Type": "image/png"})
    stroke = {"class": 3, "points": [[23.5, 12.5], [38.5, 23.5]], "radius": 1.5}
    sky = {"class": 1, "points": [[14.5, 30.5], [34.5, 30.5]], "radius": 1.0}
    page.post("scribbles", json={"strokes": [stroke, sky]}).raise_for_status()
    found = page.ids("labels.bin")
    assert (found != layout_ids())[20:38].mean() < 0.02 < (ids != layout_ids())[20:38].mean()


def test_superpixels(page):
    found = page.bytes("superpixels.bin?count=40", np.uint32)
    assert 15 <= found.max() < 80
    mixed = sum(len(np.unique(layout_ids()[found == n])) > 1 for n in range(found.max() + 1))
    assert mixed <= 0.35 * (found.max() + 1), "they end where the picture changes"


def test_a_segmenter_of_another_package(page, tmp_path, monkeypatch):
    (tmp_path / "halves.py").write_text(
        "import numpy as np\n"
        "def run(image):\n    ids = np.zeros(image.shape[:2], int)\n"
        "    ids[:, image.shape[1] // 2:] = 7\n    return ids\n"
        "def wrong(image):\n    return image\n"
    )
    info = tmp_path / "halves-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: halves\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[analogon.segmenters]\nhalves = halves:run\nwrong = halves:wrong\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert page.client.get("api/segmenters").json() == ["halves", "wrong"]
    page.post("labels", json={"segmenter": "halves"}).raise_for_status()
    found = page.ids("labels.bin")
    assert (found[:, : WIDTH // 2] == 0).all() and (found[:, WIDTH // 2 :] == 7).all()
    assert "'wrong'" in page.post("labels", json={"segmenter": "wrong"}).json()["error"]
    assert "'none'" in page.post("labels", json={"segmenter": "none"}).json()["error"]


def test_settings_and_deletion(page, data):
    changed = page.client.patch(page.at, json={"title": " An  oak\n", "method": "gpnn", "seed": 5}).json()
    assert (changed["title"], changed["method"], changed["seed"]) == ("An oak", "gpnn", 5)
    assert page.client.patch(page.at, json={"method": "magic"}).status_code == 422
    assert page.client.patch(page.at, json={"settings": {"nothing": 1}}).status_code == 422
    assert page.state()["method"] == "gpnn"
    assert (data / "projects" / page.id).is_dir()
    page.client.delete(page.at).raise_for_status()
    assert page.client.get(page.at).status_code == 404
    assert page.id not in [one["id"] for one in page.client.get("api/projects").json()]
    assert not (data / "projects" / page.id).exists()


def test_what_is_kept_in_memory_is_bounded_and_there_once(tmp_path, monkeypatch):
    monkeypatch.setattr(projects, "_OPEN_PIXELS", HEIGHT * WIDTH + 1)
    store = Store.open(tmp_path)
    all_ = projects.Projects(store, tmp_path)
    watched = all_.add(photo(), "watched", [labels()])
    others = [weakref.ref(all_.add(photo(), "other", [labels()])) for _ in range(3)]
    gc.collect()
    assert [one() is None for one in others] == [True, True, False]
    assert all_.get(watched.id) is watched, "a page that watches it and one that asks have the same"
    store.close()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_pictures_of_all_kinds(client, form):
    made = client.post("api/projects", content=png(photo(), form))
    assert made.status_code == 201, made.text
