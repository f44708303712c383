import base64
import hashlib
import io
import math
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import analogon
from analogon import InputError
from analogon.metrics import METRICS
from analogon.metrics.truth import TRUTH
from analogon.report.appendix import apart, in_common, summary
from analogon.report.markup import Markup, element, join
from analogon.report.page import write_page
from analogon.report.tables import Cell, Row, table, text_of
from analogon.report.values import Aggregate, Case, Comparison, Contender, Trial

from .page_example import ERROR, METRICS_SHOWN, NASTY, QUOTED, example, layout, picture, places


class Page(HTMLParser):
    """What a page holds, after checking that its elements nest."""

    VOID = {"img", "meta", "input"}  # noqa: RUF012

    def __init__(self, text):
        super().__init__()
        self.text, self.open, self.found, self.words = text, [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("script", "style"):
            self.words.append(data)

    def all(self, tag, **wanted):
        return [have for name, have in self.found if name == tag and wanted.items() <= have.items()]

    def content(self, tag):
        return re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", self.text, re.DOTALL)


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    return example(tmp_path_factory.mktemp("comparison"))


@pytest.fixture(scope="module")
def page(comparison):
    write_page(comparison, comparison.folder / "report.html")
    return Page((comparison.folder / "report.html").read_text(encoding="utf-8"))


def pixels_of(uri):
    head, data = uri.split(",")
    assert head == "data:image/webp;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        return np.asarray(image.convert("RGB"))


def file_pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_every_picture_is_there_without_loss_and_once(comparison, page):
    shown = [pixels_of(image["src"]) for image in page.all("img") if image.get("src")]
    trials = [trial.picture for trial in comparison.trials if trial.picture]
    wanted = [comparison.cases[0].image, *trials, comparison.cases[0].labels, *comparison.cases[0].targets.values()]
    for path in wanted:
        assert sum(np.array_equal(file_pixels(comparison.folder / path), one) for one in shown) == 1, path
    known = {image["id"] for image in page.all("img") if "id" in image}
    repeated = [image["data-same"] for image in page.all("img") if "data-same" in image]
    assert set(repeated) <= known
    assert len(repeated) == 4  # the source and its labels at the second target, and the two copies of the source


def test_a_provenance_comes_back_exactly(page):
    stores = page.all("script", type="text/plain")
    assert len(stores) == 2
    data = base64.b64decode(re.search(r'class="places"[^>]*>([^<]+)<', page.text)[1])
    height, width = int(stores[0]["data-height"]), int(stores[0]["data-width"])
    rows, columns = np.frombuffer(zlib.decompress(data), "<u2").reshape(2, height, width)
    there = np.indices((height, width), np.uint16)
    assert np.array_equal(np.stack([rows + there[0], columns + there[1]], -1), places())


def test_text_from_outside_is_text(page):
    assert not page.all("b", id="early")
    assert "taken" not in "".join(page.content("script"))
    assert NASTY in page.words
    assert page.text.count("<script") == 1 + 2  # the page's own, and two provenances
    assert any(ERROR in words for words in page.words)
    assert QUOTED in page.words
    assert any(image["alt"].endswith(NASTY) for image in page.all("img"))
    assert page.content("title") == ["Three &amp; &lt;more&gt;"]


def test_nothing_is_loaded_from_elsewhere(page):
    for _, attributes in page.found:
        for name in ("src", "href", "srcset", "action", "xlink:href"):
            value = attributes.get(name) or ""
            assert value == "" or value.startswith(("data:image/webp;", "#")), value
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in "".join(page.content("style"))
    assert "@import" not in "".join(page.content("style"))
    policy = page.all("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]
    assert "default-src 'none'" in policy
    script = re.search(r'<script type="module">(.*?)</script>', page.text, re.DOTALL)[1]
    for text, where in ((script, "script-src"), (page.content("style")[0], "style-src")):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{where} 'sha256-{digest}'" in policy


def test_links_lead_somewhere(page):
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [link["href"][1:] for link in page.all("a")]
    assert len(links) == 7
    assert set(links) <= set(ids)


def test_failed_trials_and_missing_figures_say_why(page):
    cells = [cell for cell in page.all("td") if cell.get("data-value") == ""]
    assert cells
    assert all(cell["title"] for cell in cells)
    reasons = {cell["title"] for cell in cells}
    assert f"The trial failed: {ERROR}" in reasons
    assert "Coherence at half the size is left out, for the picture is too small." in reasons
    assert any(reason.startswith("Not measured") for reason in reasons)
    assert " · 1 failed" in page.words


def test_costs_and_settings_are_shown(page):
    words = " ".join(page.words)
    for part in (
        "1 min 15 s",
        "0.2 s",
        "310 MB",
        '"steps": 12',
        '"cores": 2',
        "method semia, recipe fast",
        '"size": 3',
    ):
        assert part in words, part
    assert words.count('"size": 3') == 3  # the same for all pictures of a contender, so once for each
    assert words.count('"seed": 1') == 2


def _budget(comparison, budget):
    path = comparison.folder / "small.html"
    write_page(comparison, path, budget=budget)
    assert path.stat().st_size <= budget
    return Page(path.read_text(encoding="utf-8"))


def test_above_the_budget_pictures_lose_a_little_and_the_page_says_so(comparison, page):
    assert any("lossless WebP" in words for words in page.words)
    small = _budget(comparison, len(page.text.encode()) - 1)
    assert any("WebP at quality 95" in words and "would be too large" in words for words in small.words)
    source = pixels_of(small.all("img", alt="Source of coast")[0]["src"]).astype(int)
    exact = file_pixels(comparison.folder / comparison.cases[0].image)
    assert source.shape == exact.shape
    assert 0 < np.abs(source - exact).mean() < 4
    labels = pixels_of(small.all("img", alt="Label map of coast")[0]["src"])
    assert np.array_equal(labels, file_pixels(comparison.folder / comparison.cases[0].labels))


def test_far_above_the_budget_pictures_shrink(comparison, page):
    bare = len(page.text.encode()) - sum(len(image.get("src") or "") for image in page.all("img"))
    small = _budget(comparison, bare + 5000)
    assert any("shrunk to" in words for words in small.words)
    assert pixels_of(small.all("img", alt="Source of coast")[0]["src"]).shape[1] < 90


def test_provenances_are_thinned_where_they_take_too_much(comparison):
    rng = np.random.default_rng(0)
    field = next(trial.provenance for trial in comparison.trials if trial.provenance)
    torn = Path("torn.npy")
    np.save(comparison.folder / torn, rng.integers(0, 60, (*places().shape[:2], 2)))
    trials = tuple(replace(t, provenance=torn) if t.provenance == field else t for t in comparison.trials)
    write_page(replace(comparison, trials=trials), comparison.folder / "torn.html", budget=20_000)
    torn_page = Page((comparison.folder / "torn.html").read_text(encoding="utf-8"))
    assert any("every 2" in words for words in torn_page.words)
    store = torn_page.all("script", **{"data-step": "2"})[0]
    assert (store["data-height"], store["data-width"]) == ("30", "45")


def test_a_provenance_of_another_source_is_left_out(comparison):
    trial = next(trial for trial in comparison.trials if trial.provenance)
    np.save(comparison.folder / "far.npy", places() + 40)
    trials = tuple(replace(t, provenance=Path("far.npy")) if t is trial else t for t in comparison.trials)
    write_page(replace(comparison, trials=trials), comparison.folder / "far.html")
    assert (comparison.folder / "far.html").read_text(encoding="utf-8").count('class="places"') == 1


def test_seeds_are_told_apart(comparison):
    again = tuple(replace(trial, seed=7) for trial in comparison.trials if trial.contender == "patch")
    write_page(replace(comparison, trials=(*comparison.trials, *again)), comparison.folder / "seeds.html")
    names = Page((comparison.folder / "seeds.html").read_text(encoding="utf-8")).words
    assert {"patch · seed 0", "patch · seed 7", "source"} <= set(names)


def test_a_missing_picture_leaves_no_page(comparison, sentence):
    trials = (replace(comparison.trials[0], picture=Path("gone.png")),)
    with pytest.raises(InputError) as error:
        write_page(replace(comparison, trials=trials), comparison.folder / "never.html")
    sentence(error.value, "gone.png")
    assert not list(comparison.folder.glob("*never*"))


def test_a_truth_is_shown(comparison):
    case = replace(comparison.cases[0], truths={"valley": comparison.trials[1].picture})
    write_page(replace(comparison, cases=(case,), aggregates=()), comparison.folder / "truth.html")
    found = Page((comparison.folder / "truth.html").read_text(encoding="utf-8"))
    assert len(found.all("figure", **{"data-kind": "truth"})) == 1
    assert not found.all("h2", id="summary")


def _best(metric, *values):
    rows = [Row((str(place),), {metric.name: Cell(value)}) for place, value in enumerate(values)]
    cells = Page(str(table("a table", ["method"], rows, [metric]))).all("td")
    return [place for place, cell in enumerate(cells) if "best" in cell["class"].split()]


def test_the_best_is_marked_by_direction():
    assert _best(METRICS["miou"], 0.2, 0.9, None) == [1]
    assert _best(METRICS["coherence@1"], 0.2, 0.9, 0.2) == [0, 2]
    assert _best(METRICS["sharpness"], 0.4, 1.5, 2.5) == [1]
    assert _best(METRICS["kept_psnr"], 30.0, math.inf, math.nan) == [1]
    assert _best(METRICS["miou"], 0.5, None) == []  # nothing to choose from
    assert _best(METRICS["miou"], 0.5, 0.5) == []


def test_the_best_is_sought_in_each_group():
    metric = METRICS["miou"]
    rows = [
        Row((g, n), {"miou": Cell(v)}, g)
        for g, n, v in (("a", "x", 1.0), ("a", "y", 0.5), ("b", "x", 0.2), ("b", "y", 0.3))
    ]
    cells = Page(str(table("by class", ["class", "method"], rows, [metric]))).all("td")
    assert ["best" in cell["class"].split() for cell in cells] == [True, False, False, True]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.91234, "", "0.912"),
        (7.25, "levels", "7.25"),
        (24.26, "dB", "24.3"),
        (-0.5, "", "−0.500"),
        (math.inf, "dB", "∞"),
        (None, "", "–"),
        (math.nan, "", "–"),
        (0.0123, "s", "12 ms"),
        (0.95, "s", "0.9 s"),
        (9.96, "s", "10 s"),
        (59.7, "s", "1 min 00 s"),
        (3725, "s", "1 h 02 min"),
        (310e6, "bytes", "310 MB"),
        (1.94e9, "bytes", "1.9 GB"),
    ],
)
def test_figures_for_people(value, unit, text):
    assert text_of(value, unit) == text


def test_what_records_share_is_told_once():
    records = [{"a": 1, "b": {"c": 2, "d": n}, "e": [n], **({"f": 1} if n else {})} for n in range(3)]
    common = in_common(records)
    assert common == {"a": 1, "b": {"c": 2}}
    assert apart(records[2], common) == {"b": {"d": 2}, "e": [2], "f": 1}
    assert in_common(records[:1]) == records[0]
    assert apart(records[0], records[0]) == {}
    assert in_common([]) == {}


def test_markup_is_escaped_once():
    inner = element("b", "a < b", title='"')
    assert inner == '<b title="&quot;">a &lt; b</b>'
    assert element("p", inner, "&") == f"<p>{inner}&amp;</p>"
    assert join(["<", Markup("<br>")], "&") == "&lt;&amp;<br>"
    assert element("img", src=None, hidden=True, loud=False) == "<img hidden>"


@pytest.mark.slow
def test_five_methods_on_five_targets_stay_below_20_mb_without_loss(tmp_path):
    shape = (380, 570)
    (tmp_path / "r").mkdir()
    analogon.write_image(tmp_path / "source.png", picture(0, shape))
    targets, trials = {}, []
    rows, columns = np.indices(shape)
    for number in range(5):
        analogon.write_labels(tmp_path / f"{number}.png", layout(0.3 + number / 10, shape))
        targets[str(number)] = Path(f"{number}.png")
        for label in "abcde":
            path = Path("r") / f"{number}{label}.png"
            analogon.write_image(tmp_path / path, picture(10 * number + ord(label), shape))
            # Pieces of 8x8 pixels from anywhere: finer than engines tear pictures.
            rng = np.random.default_rng(number)
            moved = [rng.integers(0, side, (48, 72)).repeat(8, 0).repeat(8, 1)[:380, :570] for side in shape]
            field = np.stack([(rows + moved[0]) % shape[0], (columns + moved[1]) % shape[1]], -1)
            np.save(tmp_path / path.with_suffix(".npy"), field.astype(np.int32))
            trials.append(Trial("c", str(number), label, 0, path, provenance=path.with_suffix(".npy")))
    case = Case("c", Path("source.png"), Path("0.png"), targets)
    contenders = tuple(Contender(label, None) for label in "abcde")
    whole = Comparison(tmp_path, "Five on five", (case,), contenders, tuple(trials), METRICS_SHOWN)
    write_page(whole, tmp_path / "report.html")
    assert 5e6 < (tmp_path / "report.html").stat().st_size < 20e6
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "kept here as lossless WebP" in text
    assert 'data-step="1"' in text


def test_infinite_figures_over_all_targets(comparison, tmp_path):
    """How many there are, beside the mean of the others; and no such mean is the best, but wins are."""

    def shown(infinite):
        aggregates = tuple(
            Aggregate(label, "kept_psnr", 2, mean, mean, wins, 30.0, 40.0, infinite=number)
            for label, mean, wins, number in ((QUOTED, 35.0, 2.0, infinite), ("patch", 31.0, 0.0, 0))
        )
        metrics = tuple(metric for metric in METRICS_SHOWN if metric.name == "kept_psnr")
        whole = replace(comparison, aggregates=aggregates, metrics=metrics)
        return re.findall(r"<td.*?</td>", str(summary(whole)))

    mean, *_ = [cell for cell in shown(1) if "35.0" in cell]
    assert "∞ on 1" in mean and "Infinite on 1 target," in mean and "(best)" not in mean
    assert sum("(best)" in cell for cell in shown(1)) == 2  # median and wins
    assert sum("(best)" in cell for cell in shown(0)) == 3
    assert not any("∞" in cell for cell in shown(0))


def test_figures_against_the_truth_stand_below_pictures(comparison, tmp_path):
    """They are what was asked for, where there are any."""
    trials = tuple(
        replace(trial, figures={**trial.figures, "true_psnr": 12.0, "true_colour": 3.0}) for trial in comparison.trials
    )
    metrics = (TRUTH["true_psnr"], TRUTH["true_colour"], *comparison.metrics)
    titles = {}
    for name, found in (("with", replace(comparison, trials=trials, metrics=metrics)), ("without", comparison)):
        write_page(found, tmp_path / name)
        text = (tmp_path / name).read_text(encoding="utf-8")
        key = re.findall(r'<dl class="key">(.*?)</dl>', text, re.DOTALL)[0]
        titles[name] = [re.sub("<.*", "", term).strip() for term in re.findall("<dt>(.*?)</dt>", key)]
    assert titles["with"] == ["PSNR against truth", "colour against truth"]
    assert titles["without"] == [METRICS[name].title for name in ("miou", "coherence@1", "sharpness")]
