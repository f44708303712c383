import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest

from analogon import Exemplar, InputError, read_image
from analogon.augment.overview import MEANINGS, write_overview
from analogon.augment.sources import Source, Sources
from analogon.augment.values import SAMPLES

from .samples import CELL, GROUND, PALETTE, SPECK, hard_samples, sample, write_dataset


@pytest.fixture(scope="module")
def sources():
    """Two annotated pictures, one with instances that are numbered with gaps, one without."""
    first, second = hard_samples()[0], hard_samples()[4]
    numbers = np.where(first.instances == 2, 40, first.instances * 7).astype(np.int32)
    return Sources(
        (
            Source("first <b>", Exemplar(first.image, first.labels), numbers),
            Source("second", Exemplar(second.image, second.labels)),
        )
    )


REASONS = ["similarity", "a new reason", "similarity"]


@pytest.fixture(scope="module")
def overview(sources, tmp_path_factory):
    ring, empty = hard_samples()[0], np.zeros((20, 24), np.int32)
    made = [
        sample(
            "000000",
            ring.instances,
            ring.instance_classes,
            layout={"kind": "cells"},
            method="patch",
            figures={"agreement": 0.9, "why": "x"},
        ),
        sample("000001", empty, (), layout={"kind": "cells"}, method="patch", figures={"agreement": 0.7}),
        sample("000002", empty + 1, (CELL,), layout={"kind": "warps"}, method="patch", figures={}),
    ]
    root = write_dataset(tmp_path_factory.mktemp("overview") / "grown <i>", made)
    write_overview(root, sources, REASONS)
    return root


def test_the_numbers(overview):
    told = json.loads((overview / "statistics.json").read_text(encoding="utf-8"))
    assert (told["sources"], told["samples"]) == (2, 3)
    assert told["kinds"] == {"cells": 2, "warps": 1}
    assert told["figures"] == {"agreement": [0.9, 0.7]}
    assert told["refusals"] == {"too much like a source": 2, "a new reason": 1}
    assert told["common"] == {"seed": 5, "method": "patch"}
    classes = {one["label"]["id"]: one for one in told["classes"]}
    assert list(classes) == list(PALETTE.ids)
    ring = hard_samples()[0]
    inside, within = (ring.instances == 1).mean(), (ring.instances == 2).mean()
    assert classes[CELL]["shares"]["samples"] == pytest.approx([inside, 0, 1])
    assert classes[GROUND]["shares"]["samples"] == pytest.approx([1 - inside - within, 1, 0])
    assert classes[CELL]["objects"] == {"sources": [1, 2], "samples": [1, 0, 1]}
    assert classes[SPECK]["objects"] == {"sources": [1, 0], "samples": [1, 0, 0]}
    assert classes[GROUND]["objects"] == {}


class Page(HTMLParser):
    """The texts, attributes and open elements of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip() and "style" not in self.open:
            self.texts.append(data.strip())


def test_the_page_holds_everything(overview):
    page = Page((overview / "statistics.html").read_text(encoding="utf-8"))
    assert not page.open
    said = " ".join(page.texts)
    for words in (
        "grown <i>", "first <b>", "3 samples · 2 sources · 3 refused", "Layouts: 2 cells, 1 warps",
        MEANINGS["agreement"], "median 0.8", "too much like a source", "33.3 %", '"method": "patch"',
        'ground: "soft", käse #1', "- cell 😀",
    ):  # fmt: skip
        assert words in said
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == 2 * (2 + 3)
    assert all(image["src"].startswith("data:image/webp;base64,") and image["alt"] for image in images)
    assert not [tag for tag, _ in page.tags if tag in ("script", "link")]
    links = {attributes["href"][1:] for tag, attributes in page.tags if tag == "a"}
    assert links == {attributes["id"] for tag, attributes in page.tags if tag == "h2"}
    text = (overview / "statistics.html").read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)=["']?(https?:|//|/)""", text) and "style=" not in text
    bars = [attributes for tag, attributes in page.tags if tag == "rect" and attributes["width"] == "9"]
    assert len(bars) == 2 and {float(bar["x"]) for bar in bars} == {0, 230}


def test_the_policy_allows_the_style_that_is_there(overview):
    import base64
    from hashlib import sha256

    text = (overview / "statistics.html").read_text(encoding="utf-8")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL).group(1)
    assert base64.b64encode(sha256(style.encode()).digest()).decode() in text.partition("<style>")[0]


def test_the_sheet_shows_pictures_and_labels(overview):
    sheet = read_image(overview / "sheet.png")
    colors = {tuple(color) for color in (sheet.reshape(-1, 3) * 255).round().astype(int)}
    assert {(40, 90, 160), (240, 200, 30), (60, 160, 60), (255, 255, 255)} <= colors


def test_many_samples_are_shown_by_some(sources, tmp_path):
    made = [sample(f"{n:06d}", np.zeros((20, 24), np.int32), ()) for n in range(30)]
    root = write_dataset(tmp_path / "set", made)
    write_overview(root, sources)
    page = Page((root / "statistics.html").read_text(encoding="utf-8"))
    shown = [text for text in page.texts if re.fullmatch(r"\d{6}", text)]
    assert len(shown) == 24 and (shown[0], shown[-1]) == ("000000", "000029")


def test_it_is_made_again_of_the_samples(overview, sources, tmp_path):
    shutil.copytree(overview / SAMPLES, tmp_path / overview.name / SAMPLES)
    again = tmp_path / overview.name
    write_overview(again, sources, REASONS)
    for name in ("sheet.png", "statistics.html", "statistics.json"):
        assert (again / name).read_bytes() == (overview / name).read_bytes()


def test_the_classes_that_are_counted_are_a_choice(overview, sources, tmp_path):
    shutil.copytree(overview / SAMPLES, tmp_path / SAMPLES)
    write_overview(tmp_path, sources, things=("yes",))
    told = json.loads((tmp_path / "statistics.json").read_text(encoding="utf-8"))
    assert [one["label"]["id"] for one in told["classes"] if one["objects"]] == [SPECK]


def test_no_samples(sources, tmp_path, sentence):
    with pytest.raises(InputError) as error:
        write_overview(tmp_path, sources)
    sentence(error.value, tmp_path)
    assert not list(tmp_path.iterdir())
