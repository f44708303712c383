"""What a dataset of samples came to: a contact sheet, statistics held against the sources', and a page with both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from analogon.augment.exporting import classes_in
from analogon.augment.exporting.classes import Classes, things_of
from analogon.augment.sources import Source, Sources
from analogon.augment.statistics import numbered
from analogon.augment.values import Sample, read_sample, sample_folders
from analogon.data import LabelMap
from analogon.errors import InputError
from analogon.io import image_writer, write_together
from analogon.report.appendix import in_common
from analogon.report.samples import Aim, ClassCounts, Shown, Statistics, samples_page, samples_sheet
from analogon.report.sheet import thumbnail

OVERVIEW = SHEET, PAGE, NUMBERS = "sheet.png", "statistics.html", "statistics.json"
#: Pictures that sheet and page show.
_SHOWN = 24
#: What is measured of each sample (see :mod:`analogon.augment.filtering`).
MEANINGS = {
    "agreement": "Share of the pixels that come from the class that the layout asks for.",
    "similarity": "Largest share of the sample that lies together as it does in a source: 1 is a copy of it.",
    "stretch": "How many times as many pixels a class has as there are of it in the source, of all classes the most.",
    "cost": "How much larger steps between pixels are that were no neighbours in the source; at 1 no seam shows.",
}
#: Why samples are refused, in words; other reasons are told as they are.
REASONS = {
    "agreement": "too few pixels come from the class that is asked for",
    "similarity": "too much like a source",
    "stretch": "a class is stretched too far",
    "cost": "seams show",
    "duplicate": "too much like an earlier sample",
}


def write_overview(
    dataset: str | Path,
    sources: Sources,
    refusals: Iterable[str] = (),
    *,
    things: tuple[str, ...] | None = None,
    targets: Mapping[str, float] = {},
) -> list[Path]:
    """Write ``sheet.png``, ``statistics.json`` and ``statistics.html`` of the samples of a dataset.

    Args:
        dataset: its folder.
        sources: what the samples were invented from.
        refusals: the reason of each sample that was refused.
        things: names or ids of the classes whose instances are counted; None for those that have instances.
        targets: share of the pixels that was asked for, by name of a class.

    Returns:
        The three files.

    Raises:
        InputError: there is no sample, one is damaged, or the disk does not take it. OptionError: there is no class of
            a name in ``things``.
    """
    return overview(dataset, sources, refusals, things=things, targets=targets)[0]


def overview(
    dataset: str | Path,
    sources: Sources,
    refusals: Iterable[str],
    *,
    things: tuple[str, ...] | None,
    targets: Mapping[str, float],
) -> tuple[list[Path], Statistics]:
    """What :func:`write_overview` does, and the statistics."""
    root = Path(dataset)
    folders = sample_folders(root)
    if not folders:
        raise InputError(f"'{root}' holds no samples yet: make some with analogon augment first.")
    classes = classes_in(folders, things)
    tally = _Tally(classes)
    spread = {round(place) for place in np.linspace(0, len(folders) - 1, min(_SHOWN, len(folders)))}
    shown = []
    for number, folder in enumerate(folders):
        sample = read_sample(folder)
        tally.add(sample)
        if number in spread:
            shown.append(_shown(_caption(sample), sample.image, sample.labels))
    before = _Tally(classes)
    for source in sources.pictures:
        before.add(_as_sample(source))
    statistics = _statistics(classes, before, tally, refusals, targets)
    annotated = [_shown(s.name, s.exemplar.image, s.exemplar.labels) for s in sources.pictures[:_SHOWN]]
    page = samples_page(root.resolve().name, statistics, annotated, shown, MEANINGS)
    files = [root / PAGE, root / NUMBERS, root / SHEET]
    write_together(
        {
            files[0]: lambda file: file.write(page.encode()),
            files[1]: lambda file: file.write(statistics.text().encode()),
            files[2]: image_writer(SHEET, samples_sheet(shown)),
        }
    )
    return files, statistics


class _Tally:
    """Shares and objects of each class, and the records, picture by picture."""

    def __init__(self, classes: Classes) -> None:
        self.classes = classes
        self.shares: list[list[float]] = [[] for _ in classes.palette.ids]
        self.objects: dict[int, list[int]] = {class_id: [] for class_id in classes.things}
        self.figures: dict[str, list[float]] = {}
        self.kinds: Counter[str] = Counter()
        self.common: dict[str, Any] | None = None
        self.pictures = 0

    def add(self, sample: Sample) -> None:
        """One more picture."""
        self.pictures += 1
        present = {c.name: c.id for c in sample.labels.palette.classes}
        for label, shares in zip(self.classes.palette.classes, self.shares, strict=True):
            shares.append(sample.labels.share(present[label.name]) if label.name in present else 0.0)
        counts = Counter(thing.class_id for thing in things_of(sample, self.classes))
        for class_id, numbers in self.objects.items():
            numbers.append(counts[class_id])
        record = sample.record
        if kind := _kind(sample):
            self.kinds[kind] += 1
        figures = record.get("figures")
        for name, value in figures.items() if isinstance(figures, dict) else ():
            if isinstance(value, int | float) and not isinstance(value, bool):
                self.figures.setdefault(name, []).append(float(value))
        self.common = dict(record) if self.common is None else in_common([self.common, record])


def _statistics(
    classes: Classes, before: _Tally, after: _Tally, refusals: Iterable[str], targets: Mapping[str, float]
) -> Statistics:
    return Statistics(
        before.pictures,
        after.pictures,
        tuple(
            ClassCounts(
                label,
                {"sources": before.shares[place], "samples": after.shares[place]},
                {"sources": before.objects[label.id], "samples": after.objects[label.id]}
                if classes.is_thing(label.id)
                else {},
            )
            for place, label in enumerate(classes.palette.classes)
        ),
        dict(after.kinds.most_common()),
        after.figures,
        dict(Counter(REASONS.get(reason, reason) for reason in refusals).most_common()),
        after.common or {},
        tuple(
            Aim(label.name, targets[label.name], float(np.mean(shares)))
            for label, shares in zip(classes.palette.classes, after.shares, strict=True)
            if label.name in targets
        ),
    )


def _shown(caption: str, image: Any, labels: LabelMap) -> Shown:
    """In the size that it is shown in, so that many take no memory."""
    small = thumbnail(image)
    return Shown(caption, small, labels.resize((small.shape[0], small.shape[1])))


def _caption(sample: Sample) -> str:
    kind = _kind(sample)
    return f"{sample.name} · {kind}" if kind else sample.name


def _kind(sample: Sample) -> str:
    """How its layout was invented; nothing where it does not say."""
    layout = sample.record.get("layout")
    kind = layout.get("kind") if isinstance(layout, dict) else None
    return kind if isinstance(kind, str) else ""


def _as_sample(source: Source) -> Sample:
    """An annotated picture in the form of a sample; an object has the class that most of its pixels have."""
    labels = source.exemplar.labels
    numbers = np.zeros(labels.shape, np.int32) if source.instances is None else source.instances
    instances, classes = numbered(numbers, labels.ids)
    return Sample(source.name, source.exemplar.image, labels, instances, classes)
