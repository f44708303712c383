"""What is taken out of a project can be brought in again."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import analogon

from .served import HEIGHT, WIDTH, Page, labels, labels_png, layout_ids, photo, png

MOVE = {"do": "move", "of": "tree", "right": 40}


def zipped(**files: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


@pytest.mark.parametrize("form", ["png", "tiff"])
def test_a_result_has_its_recipe_inside(page, form):
    page.do(MOVE)
    data = page.client.get(f"{page.at}/result.{form}").raise_for_status().content
    picture = Image.open(io.BytesIO(data))
    assert picture.size == (WIDTH, HEIGHT)
    text = picture.text["analogon"] if form == "png" else picture.tag_v2[270]
    told = json.loads(text)
    (operation,) = told["operations"]
    assert (operation["do"], operation["of"], operation["right"]) == ("move", "tree", 40)
    assert told["labels"] == labels().digest() and told["render"]["method"] == "patch"
    if form == "tiff":
        assert (np.asarray(picture) == page.picture("result.png")).all()


def test_a_project_file_is_the_project_again(page):
    page.do(MOVE)
    page.post("classes", json={"add": {"name": "boat"}})
    page.do({"do": "brush", "paint": "boat", "points": [[5.5, 5.5], [9.5, 20.5]], "radius": 2})
    page.post("undo", json={})
    data = page.client.get(f"{page.at}/project.zip").content
    again = Page(page.client, page.client.post("api/import", content=data).raise_for_status().json()["id"])
    before, after = page.state(), again.state()
    for name in ("title", "size", "classes", "undo", "redo", "objects"):
        assert after[name] == before[name]
    assert after["id"] != before["id"] and (again.ids() == page.ids()).all()
    assert (again.picture("photo.png") == photo()).all()
    again.post("redo", json={}).raise_for_status()
    page.post("redo", json={})
    assert (again.ids() == page.ids()).all()
    assert again.client.get(f"{again.at}/project.zip").content == page.client.get(f"{page.at}/project.zip").content


def test_a_folder_of_the_convention(page, tmp_path):
    page.do(MOVE)
    data = page.client.get(f"{page.at}/folder.zip").content
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path / "case")
    case = tmp_path / "case"
    exemplar = analogon.load_exemplar(case / "img.png", case / "label.png")
    (target,) = analogon.load_targets(exemplar, [case / "cond" / "target.png"])
    assert (target.ids == page.ids()).all() and (exemplar.labels.ids == layout_ids()).all()
    again = Page(page.client, page.client.post("api/import", content=data).raise_for_status().json()["id"])
    assert (again.ids("labels.bin") == layout_ids()).all() and (again.ids() == page.ids()).all()


def test_provenance_and_variants(page):
    page.do(MOVE)
    assert page.picture("provenance.webp").shape == (HEIGHT, WIDTH, 3)
    listed = page.client.get(f"{page.at}/variants?seeds=2").json()
    assert [one["seed"] for one in listed] == [1, 2]
    pictures = [page.client.get(one["url"]).raise_for_status().content for one in listed]
    assert pictures[0] == page.client.get(listed[0]["url"]).content
    assert page.state()["seed"] == 0
    page.client.patch(page.at, json={"seed": 1}).raise_for_status()
    chosen = page.picture("result.png")
    assert (np.asarray(Image.open(io.BytesIO(pictures[0])).convert("RGB")) == chosen).all(), "a variant can be chosen"


def folders(data: Path) -> set[str]:
    return {one.name for one in (data / "projects").glob("*")}


GOOD = {"format": "analogon studio project", "version": 1, "title": "x", "labels": 1, "done": 1,
        "steps": [{"labels": 0}]}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "files"),
    [
        ({"format": "other"}, {}),
        ({"version": 2}, {}),
        ({"labels": 0}, {}),
        ({"labels": 2}, {}),
        ({"done": 0}, {}),
        ({"done": 2}, {}),
        ({"steps": []}, {}),
        ({"steps": [{"labels": 7}]}, {}),
        ({"steps": [{"labels": "../../x.png"}]}, {}),
        ({"steps": [{"do": "move", "of": "tree"}]}, {}),
        ({"steps": [{"labels": 0}, {"do": "magic"}], "done": 2}, {}),
        ({"steps": [{"labels": 0}, {"do": "move", "of": "house"}], "done": 2}, {}),
        ({}, {"photo.png": png(np.zeros((20, 20, 3), np.uint8))}),
        ({}, {"photo.png": b"no picture"}),
        ({}, {"labels/0.png": b""}),
    ],
)
def test_what_is_no_project(client, data, change, files):
    before = client.get("api/projects").json(), folders(data)
    good = {"photo.png": png(photo()), "labels/0.png": labels_png(labels())}
    sent = zipped(**{"project.json": json.dumps(GOOD | change).encode()}, **(good | files))
    answer = client.post("api/import", content=sent)
    assert answer.status_code == 422 and answer.json()["error"].endswith("."), answer.text
    assert (client.get("api/projects").json(), folders(data)) == before, "nothing is left behind"


def test_that_the_good_one_is_good(client):
    files = {"project.json": json.dumps(GOOD).encode(), "photo.png": png(photo())}
    assert (
        client.post("api/import", content=zipped(**files, **{"labels/0.png": labels_png(labels())})).status_code == 201
    )
