"""A project as a scene: relations, sentences, and its label map as a file."""

import io

import numpy as np
from PIL import Image

import analogon

from .served import PALETTE, Page, layout_ids


def test_how_one_object_lies_to_others(page: Page) -> None:
    told = page.client.get(f"{page.at}/scene", params={"of": "tree"}).json()
    assert told["version"] == page.version
    found = {(one["predicate"], one["object"]) for one in told["relations"]}
    assert ("touching", "grass") in found and ("inside", "sky") not in found  # it stands on the grass
    assert {one["subject"] for one in told["relations"]} == {"tree"}
    page.do({"do": "move", "of": "tree", "down": -16})
    told = page.client.get(f"{page.at}/scene", params={"of": "tree"}).json()
    assert ("inside", "sky") in {(one["predicate"], one["object"]) for one in told["relations"]}
    everything = page.client.get(f"{page.at}/scene").json()["relations"]
    assert {one["subject"] for one in everything} > {"tree"}
    assert page.client.get(f"{page.at}/scene", params={"of": "boat"}).json()["relations"] == []


def test_a_sentence_is_done_and_undone_as_its_operations(page: Page) -> None:
    answer = page.post("sentence", json={"version": page.version, "text": "tree: duplicate, move 40,-2"}).json()
    assert [one["do"] for one in answer["operations"]] == ["duplicate", "move"]
    assert "tree 2" in {one["name"] for one in answer["objects"]} and answer["undo"] == 2
    ids = layout_ids()
    ids[18:42, 50:66] = 3
    assert (page.ids() == ids).all()
    for _ in range(2):
        page.post("undo", json={})
    assert (page.ids() == layout_ids()).all()


def test_what_an_object_leaves_is_as_asked_for(page: Page) -> None:
    page.post("sentence", json={"version": page.version, "text": "tree: delete", "fill": "grass"})
    assert (page.ids()[20:44, 10:26] == 2).all()


def test_a_sentence_that_is_so_already_changes_nothing(page: Page) -> None:
    version = page.version
    answer = page.post("sentence", json={"version": version, "text": "tree: touching grass"}).json()
    assert answer["operations"] == [] and answer["version"] == version == page.version


def test_sentences_that_cannot_be_done_change_nothing(page: Page) -> None:
    version = page.version
    for text in ("boat: delete", "tree: fly", "tree: move 5,5; boat: delete", ""):
        answer = page.post("sentence", json={"version": version, "text": text})
        assert answer.status_code == 422 and len(answer.json()["error"]) > 10
    assert page.version == version and (page.ids() == layout_ids()).all()
    assert page.post("sentence", json={"version": version + 1, "text": "tree: delete"}).status_code == 409


def test_the_label_map_is_an_indexed_file(page: Page) -> None:
    page.do({"do": "move", "of": "tree", "right": 20})
    answer = page.client.get(f"{page.at}/target.png")
    assert "attachment" in answer.headers["content-disposition"]
    image = Image.open(io.BytesIO(answer.content))
    assert image.mode == "P" and (np.asarray(image) == page.ids()).all()
    assert analogon.read_labels(image).palette == PALETTE
