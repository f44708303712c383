"""The part of the page that shows one target: its pictures in a contact sheet, and its figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analogon.data import LabelMap
from analogon.data.color import hex_color
from analogon.metrics import CLASS_METRICS, Metric
from analogon.metrics.truth import TRUTH
from analogon.report.embedding import Photo, Places
from analogon.report.markup import Markup, element, join
from analogon.report.tables import COSTS, Cell, Row, sign, table, text_of
from analogon.report.values import SOURCE, Case, Comparison, Trial

#: Figures that stand below a picture, as far as there are any; where the true picture is known, those against it.
_KEY = ("miou", "coherence@1", "completeness@1", "sharpness", "ghost")
_KEY_COUNT = 4


@dataclass
class Album:
    """The pictures of a page. Each is written into it once; where it is shown again, the page's script repeats it."""

    photos: Mapping[Path, Photo]
    maps: Mapping[Path, Photo]
    places: Mapping[Path, Places]
    shown: set[str] = field(default_factory=set)

    def image(self, photo: Photo, text: str) -> Markup:
        """An ``img`` of the picture; `text` says what it shows."""
        first = photo.key not in self.shown
        self.shown.add(photo.key)
        return element(
            "img",
            src=photo.uri if first else None,
            id=photo.key if first else None,
            data_same=None if first else photo.key,
            alt=text,
            width=photo.width,
            height=photo.height,
            decoding="async",
            draggable="false",
        )


def legend(labels: LabelMap) -> Markup:
    """The classes of a label map with their colours."""
    present = [label for label in labels.palette.classes if (labels.ids == label.id).any()]
    swatches = [
        element(
            "li",
            element(
                "svg",
                element("rect", width=12, height=12, rx=2, fill=hex_color(label.color)),
                viewBox="0 0 12 12",
                aria_hidden="true",
            ),
            label.name,
        )
        for label in present
    ]
    return element("ul", *swatches, class_="legend", aria_label="Classes of the label map")


def sheet(comparison: Comparison, case: Case, target: str, trials: Sequence[Trial], album: Album, key: str) -> Markup:
    """One target: contact sheet and tables. `key` is its place in the page, for instance ``1-2``."""
    names = names_of(trials)
    layout = album.maps[case.targets[target]]
    tiles = [
        _tile("source", "Source", album.image(album.photos[case.image], f"Source of {case.name}")),
        _tile("labels", "Source labels", album.image(album.maps[case.labels], f"Label map of {case.name}")),
        _tile("layout", "Layout", album.image(layout, f"Layout of target {target}")),
    ]
    if target in case.truths:
        truth = album.photos[case.truths[target]]
        tiles.append(_tile("truth", "Truth", album.image(truth, f"True picture of target {target}")))
    shown = _key_metrics(comparison.metrics, trials)
    for trial, name in zip(trials, names, strict=True):
        tiles.append(_result(trial, name, layout, shown, album))
    blocks = [
        element("h3", element("i", "Target "), target, id=f"target-{key}"),
        element("div", *tiles, class_="sheet"),
        element(
            "details",
            element("summary", "Figures"),
            table(f"Figures of target {target}", ["method"], _rows(comparison, trials, names), _columns(comparison)),
            _notes(trials, names),
            open=True,
        ),
    ]
    if classes := _class_table(target, trials, names):
        blocks.append(element("details", element("summary", "Figures by class"), classes))
    return element("section", *blocks, class_="target", aria_labelledby=f"target-{key}")


def names_of(trials: Sequence[Trial]) -> list[str]:
    """What trials of one target are called: the contender's label, and the seed where it has several."""
    labels = [trial.contender for trial in trials]
    return [
        trial.contender if labels.count(trial.contender) == 1 else f"{trial.contender} · seed {trial.seed}"
        for trial in trials
    ]


def reason(trial: Trial, metric: Metric) -> str:
    """Why a trial lacks a figure: its error, the note that speaks of the figure, or all notes."""
    if trial.error is not None:
        return f"The trial failed: {trial.error}"
    if metric.unit in ("s", "bytes"):
        return "Not measured: there was no such step, or the picture was made elsewhere."
    words = {metric.name.lower(), metric.name.partition("@")[0].lower(), metric.title.lower()}
    told = [note for note in trial.notes if any(word in note.lower() for word in words)] or list(trial.notes)
    return " ".join(told) or "Not defined for this picture."


def _columns(comparison: Comparison) -> list[Metric]:
    return [*comparison.metrics, *COSTS]


def _cells(trial: Trial, metrics: Iterable[Metric]) -> dict[str, Cell]:
    costs = {metric.name: getattr(trial, metric.name) for metric in COSTS}
    figures = {**costs, **trial.figures}
    return {metric.name: Cell(figures.get(metric.name), reason(trial, metric)) for metric in metrics}


def _rows(comparison: Comparison, trials: Sequence[Trial], names: Sequence[str]) -> list[Row]:
    columns = _columns(comparison)
    return [
        Row((name,), _cells(trial, columns), competes=trial.contender != SOURCE)
        for trial, name in zip(trials, names, strict=True)
    ]


def _class_table(target: str, trials: Sequence[Trial], names: Sequence[str]) -> Markup | None:
    """The figures of each class, method below method; None where there are none."""
    classes = list(dict.fromkeys(name for trial in trials for name in trial.classes))
    found = {metric for trial in trials for figures in trial.classes.values() for metric in figures}
    metrics = [metric for metric in CLASS_METRICS.values() if metric.name in found]
    rows = [
        Row(
            (label, name),
            {m.name: Cell(trial.classes[label].get(m.name), "Not defined for this class.") for m in metrics},
            label,
            competes=trial.contender != SOURCE,
        )
        for label in classes
        for trial, name in zip(trials, names, strict=True)
        if label in trial.classes
    ]
    return table(f"Figures of target {target} by class", ["class", "method"], rows, metrics) if rows else None


def _notes(trials: Sequence[Trial], names: Sequence[str]) -> str:
    """What the figures' notes say, each once, with those that it is said of."""
    said: dict[str, list[str]] = {}
    for trial, name in zip(trials, names, strict=True):
        for note in trial.notes:
            said.setdefault(note, []).append(name)
    if not said:
        return Markup("")
    lines = (
        element("li", note, "" if len(of) == len(trials) else element("span", f" ({', '.join(of)})", class_="of"))
        for note, of in said.items()
    )
    return element("ul", *lines, class_="notes")


def _key_metrics(metrics: Sequence[Metric], trials: Sequence[Trial]) -> list[Metric]:
    """The few figures that stand below each picture."""
    there = [m for m in metrics if any(trial.figures.get(m.name) is not None for trial in trials)]
    for names in (TRUTH, _KEY):
        if chosen := [metric for metric in there if metric.name in names]:
            return chosen[:_KEY_COUNT]
    return there[:_KEY_COUNT]


def _result(trial: Trial, name: str, layout: Photo, metrics: Sequence[Metric], album: Album) -> Markup:
    if trial.picture is None:
        words = element("p", element("strong", "Failed. "), trial.error or "Nothing is known of the reason.")
        # As high as the other pictures, or as the words need.
        place = element("svg", viewBox=f"0 0 {layout.width} {layout.height}", aria_hidden="true")
        pane = element("div", place, words, class_="pane", role="note")
        return element("figure", pane, element("figcaption", _name(name)), class_="tile failed")
    picture = album.image(album.photos[trial.picture], f"Result of {name} for target {trial.target}")
    places = None if trial.provenance is None else album.places.get(trial.provenance)
    stored: list[str] = []
    if places is not None:
        height, width = places.source
        stored.append(
            element(
                "script",
                Markup(places.text),
                type="text/plain",
                class_="places",
                data_width=places.width,
                data_height=places.height,
                data_source_width=width,
                data_source_height=height,
                data_step=places.step,
            )
        )
    figures = [
        element("div", element("dt", metric.title, " ", sign(metric)), element("dd", _figure(trial, metric)))
        for metric in metrics
    ]
    costs = [text_of(trial.seconds, "s")] if trial.seconds is not None else []
    costs += [f"fit {text_of(trial.fit_seconds, 's')}"] if trial.fit_seconds is not None else []
    costs += [text_of(trial.peak_bytes, "bytes")] if trial.peak_bytes is not None else []
    below = [element("dl", *figures, class_="key")] if figures else []
    below += [element("small", " · ".join(costs), class_="costs")] if costs else []
    return _tile("result", name, picture, *below, *stored)


def _figure(trial: Trial, metric: Metric) -> Markup:
    value = trial.figures.get(metric.name)
    return element("span", text_of(value, metric.unit), title=reason(trial, metric) if value is None else None)


def _tile(kind: str, name: str, picture: Markup, *below: Markup | str) -> Markup:
    pane = element("div", element("div", picture, class_="layer"), class_="pane")
    caption = element("figcaption", _name(name), join(below))
    return element("figure", pane, caption, class_="tile", data_kind=kind, data_name=name)


def _name(name: str) -> Markup:
    return element("div", element("b", name), class_="name-row")
