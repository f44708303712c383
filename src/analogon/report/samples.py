"""Invented samples held against what they were invented from, as one HTML page that holds everything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from string import Template
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon._version import __version__
from analogon.data import LabelClass, LabelMap
from analogon.data.color import hex_color
from analogon.report.embedding import Fidelity, label_photo, picture_photo
from analogon.report.files import plain
from analogon.report.markup import Markup, count, element, join
from analogon.report.page import policy_of
from analogon.report.sheet import picture_sheet, thumbnail

_SMALL = Fidelity(82)
_BINS = 24
#: A share is far from what was asked for if it differs by more than this part of it, and than this share of all pixels.
FAR, LEAST = 0.2, 0.02
_WIDE = 220
"""Units across a plot."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One picture with its labels, as the page and the sheet show it."""

    caption: str
    image: NDArray[np.float32]
    labels: LabelMap


@dataclass(frozen=True)
class ClassCounts:
    """What one class is in the sources and in the samples; one number per picture.

    Attributes:
        label: the class.
        shares: share of each picture's pixels, by "sources" and "samples".
        objects: number of its instances in each picture, by the same; empty where it has none anywhere.
    """

    label: LabelClass
    shares: Mapping[str, Sequence[float]]
    objects: Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Aim:
    """A share of the pixels that a class was to have.

    Attributes:
        label: name of the class. asked: for. came: on average of the samples.
    """

    label: str
    asked: float
    came: float

    @property
    def missed(self) -> bool:
        """Whether what came is far off."""
        return abs(self.came - self.asked) > max(FAR * self.asked, LEAST)

    def __str__(self) -> str:
        """One sentence, with what to do where the aim was missed."""
        said = f"'{self.label}' has {_percent(self.came)} of the pixels, {_percent(self.asked)} were asked for"
        if not self.missed:
            return f"{said}."
        return (
            f"{said}: layouts cannot reach it, ask for less, for other layouts, or annotate a picture with that much."
        )


@dataclass(frozen=True)
class Statistics:
    """What is known of a dataset of samples.

    Attributes:
        sources, samples: how many.
        classes: in the order of the palette.
        kinds: how many samples have which kind of layout.
        figures: of each sample, by name; those without a value are left out.
        refusals: how many were refused, by reason, the most frequent first.
        common: what the records of all samples have in common.
        aims: shares that were asked for.
    """

    sources: int
    samples: int
    classes: tuple[ClassCounts, ...]
    kinds: Mapping[str, int] = field(default_factory=dict)
    figures: Mapping[str, Sequence[float]] = field(default_factory=dict)
    refusals: Mapping[str, int] = field(default_factory=dict)
    common: Mapping[str, Any] = field(default_factory=dict)
    aims: tuple[Aim, ...] = ()

    def text(self) -> str:
        """All of it as strict JSON."""
        return json.dumps(plain(self), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def samples_sheet(shown: Sequence[Shown]) -> NDArray[np.float32]:
    """A contact sheet: each picture beside its labels; float32 (h, w, 3) in [0, 1].

    Raises:
        InputError: there is no picture.
    """
    cells = []
    for one in shown:
        small = thumbnail(one.image)
        labels = one.labels.resize((small.shape[0], small.shape[1])).colors().astype(np.float32) / np.float32(255)
        cells.append((one.caption, np.concatenate([small, labels], axis=1)))
    return picture_sheet(cells)


def samples_page(
    title: str,
    statistics: Statistics,
    sources: Sequence[Shown],
    samples: Sequence[Shown],
    meanings: Mapping[str, str] = {},
) -> str:
    """The page: pictures, classes held against the sources', figures, refusals and settings.

    Args:
        title: of the page.
        statistics: the numbers.
        sources, samples: the pictures that are shown.
        meanings: of figures, in a sentence each.
    """
    style = "\n".join(
        (files("analogon.report") / "templates" / name).read_text("utf-8") for name in ("page.css", "samples.css")
    )
    sections = [
        ("classes", "Classes", _classes(statistics)),
        ("sources", "Annotated pictures", _pairs(sources)),
        ("samples", "Samples", _samples(statistics, samples)),
        ("figures", "Figures", _figures(statistics, meanings)),
        ("refused", "Refused", _refused(statistics)),
        ("settings", "What all samples have in common", _common(statistics)),
    ]
    there = [(key, heading, body) for key, heading, body in sections if body]
    lead = [count(statistics.samples, "sample"), count(statistics.sources, "source")]
    if refused := sum(statistics.refusals.values()):
        lead.append(f"{refused} refused")
    template = (files("analogon.report") / "templates" / "samples.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        policy=policy_of(style),
        style=style,
        title=join([title]),
        lead=join([" · ".join(lead)]),
        contents=element("ul", *(element("li", element("a", head, href=f"#{key}")) for key, head, _ in there)),
        body=join(
            element("section", element("h2", heading, id=key), body, aria_labelledby=key)
            for key, heading, body in there
        ),
        version=__version__,
    )


def _pairs(shown: Sequence[Shown]) -> Markup:
    if not shown:
        return Markup("")
    return element("div", *(_pair(one) for one in shown), class_="pairs")


def _pair(one: Shown) -> Markup:
    small = thumbnail(one.image)
    photo = picture_photo(small, _SMALL)
    labels = label_photo(one.labels.resize((photo.height, photo.width)))
    images = (
        element("img", src=part.uri, alt=f"{what} of {one.caption}", width=part.width, height=part.height)
        for what, part in (("Picture", photo), ("Labels", labels))
    )
    return element("figure", element("div", *images), element("figcaption", one.caption))


def _samples(statistics: Statistics, shown: Sequence[Shown]) -> Markup:
    if not shown:
        return Markup("")
    kinds = ", ".join(f"{number} {kind}" for kind, number in statistics.kinds.items())
    said = f"{len(shown)} of {count(statistics.samples, 'sample')}." + (f" Layouts: {kinds}." if kinds else "")
    return join([element("p", said), _pairs(shown)])


def _classes(statistics: Statistics) -> Markup:
    """A row per class: shares, objects, and both as a plot."""
    largest = max(
        (max(map(max, filter(None, one.shares.values())), default=0.0) for one in statistics.classes), default=1.0
    )
    things = any(one.objects for one in statistics.classes)
    heads = ["class", "share in sources", "share in samples", "shares"]
    heads += ["objects in sources", "objects in samples"] if things else []
    rows = [_class(one, largest or 1.0, things=things) for one in statistics.classes]
    said = (
        "Mean share of a picture’s pixels, with the range that nine of ten pictures lie in; objects are counted per "
        "picture. In the plot, dots are sources, the bar is the range of the samples and its mark their median; it "
        f"ends at {_percent(largest)}."
    )
    table = element(
        "table",
        element("caption", element("span", said)),
        element("thead", element("tr", *(element("th", head, scope="col", class_=_side(head)) for head in heads))),
        element("tbody", *rows),
    )
    aims = (element("p", element("b", str(aim)) if aim.missed else str(aim)) for aim in statistics.aims)
    return join([*aims, element("div", table, class_="scroll", role="region", aria_label="Classes", tabindex=0)])


def _side(head: str) -> str | None:
    """Headings of numbers stand where these do."""
    return None if head in ("class", "shares", "reason") else "number"


def _class(one: ClassCounts, largest: float, *, things: bool) -> Markup:
    swatch = element(
        "svg",
        element("rect", width=12, height=12, rx=2, fill=hex_color(one.label.color)),
        viewBox="0 0 12 12",
        class_="swatch",
        aria_hidden="true",
    )
    cells = [element("th", swatch, one.label.name, scope="row")]
    cells += [element("td", _range(one.shares[side], _percent), class_="number") for side in ("sources", "samples")]
    cells.append(element("td", _plot(one, largest)))
    if things:
        number = "{:.1f}".format
        sides = ("sources", "samples")
        cells += [element("td", _range(one.objects.get(side, ()), number), class_="number") for side in sides]
    return element("tr", *cells)


def _range(values: Sequence[float], text: Any) -> Markup:
    """The mean, and below it where nine of ten lie."""
    if not values:
        return element("span", "–")
    low, high = np.quantile(values, (0.05, 0.95))
    below = [element("small", f"{text(low)} – {text(high)}")] if len(values) > 1 else []
    return join([text(float(np.mean(values))), *below])


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _plot(one: ClassCounts, largest: float) -> Markup:
    """Sources as dots, the samples' range as a bar; only what is drawn, the numbers stand beside it."""

    def at(share: float) -> str:
        return f"{4 + share / largest * (_WIDE - 8):.1f}"

    parts = [element("line", class_="axis", x1=0, x2=_WIDE, y1=9, y2=9)]
    if samples := one.shares["samples"]:
        low, middle, high = np.quantile(samples, (0.05, 0.5, 0.95))
        parts.append(element("line", class_="span", x1=at(low), x2=at(high), y1=9, y2=9))
        parts.append(element("line", class_="middle", x1=at(middle), x2=at(middle), y1=3, y2=15))
    parts += [element("circle", class_="source", cx=at(share), cy=9, r=3) for share in one.shares["sources"][:50]]
    return element(
        "svg", *parts, viewBox=f"0 0 {_WIDE} 18", class_="plot", aria_hidden="true", preserveAspectRatio="none"
    )


def _figures(statistics: Statistics, meanings: Mapping[str, str]) -> Markup:
    """How the figures of the samples are spread."""
    parts = [_histogram(name, values, meanings.get(name, "")) for name, values in statistics.figures.items() if values]
    return element("div", *parts, class_="bars") if parts else Markup("")


def _histogram(name: str, values: Sequence[float], meaning: str) -> Markup:
    low, high = min(values), max(values)
    numbers, _ = np.histogram(values, bins=_BINS, range=(low, high if high > low else low + 1))
    tallest = int(numbers.max())
    bars = [
        element(
            "rect", x=place * 10, y=f"{60 - 58 * number / tallest:.1f}", width=9, height=f"{58 * number / tallest:.1f}"
        )
        for place, number in enumerate(numbers.tolist())
        if number
    ]
    middle = float(np.median(values))
    drawing = element(
        "svg",
        *bars,
        viewBox=f"0 0 {_BINS * 10} 60",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{name}: from {low:.3g} to {high:.3g}, median {middle:.3g}",
    )
    ends = element(
        "div", *(element("span", text) for text in (f"{low:.3g}", f"median {middle:.3g}", f"{high:.3g}")), class_="ends"
    )
    words = [element("br"), meaning] if meaning else []
    return element("figure", drawing, ends, element("figcaption", element("b", name), *words))


def _refused(statistics: Statistics) -> Markup:
    if not statistics.refusals:
        return Markup("")
    tried = statistics.samples + sum(statistics.refusals.values())
    rows = [
        element(
            "tr",
            element("th", reason, scope="row"),
            element("td", str(number), class_="number"),
            element("td", _percent(number / tried), class_="number"),
        )
        for reason, number in statistics.refusals.items()
    ]
    heads = ("reason", "samples", "of all that were tried")
    head = element("thead", element("tr", *(element("th", text, scope="col", class_=_side(text)) for text in heads)))
    return element("div", element("table", head, element("tbody", *rows)), class_="scroll")


def _common(statistics: Statistics) -> Markup:
    if not statistics.common:
        return Markup("")
    text = json.dumps(plain(statistics.common), indent=2, ensure_ascii=False)
    return element("pre", element("code", text), tabindex=0)
