"""What a comparison is: pictures of several contenders for the same targets, with their figures.

A comparison lives in a folder, and all its paths are relative to it: it can be moved, sent and read elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analogon.metrics import Metric

#: Files of a comparison, in its folder.
PAGE, RECORD, FIGURES, AGGREGATE = "report.html", "comparison.json", "figures.csv", "aggregate.csv"
#: Label of the contender that is the source picture itself: the ground of figures, no competitor.
SOURCE = "source"


@dataclass(frozen=True)
class Case:
    """A source picture with the layouts that were asked for. Paths are relative to the comparison's folder.

    Attributes:
        name: unique in the comparison.
        image, labels: the source and its label map, an indexed PNG.
        targets: name of each target (unique in the case) -> its label map, an indexed PNG.
        truths: name of a target -> the picture that it really has, where one is known.
    """

    name: str
    image: Path
    labels: Path
    targets: Mapping[str, Path]
    truths: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Contender:
    """What made pictures.

    Attributes:
        label: unique in the comparison, for people: "semia:fast".
        method: name of the method; None where the pictures were made elsewhere, or are the source itself.
        recipe: of the method; None: its default one, or no method.
        settings: what was set besides (fields of the method's configuration, budget of the fit, keep), as JSON values.
        meaning: one sentence, or nothing.
    """

    label: str
    method: str | None
    recipe: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    meaning: str = ""


@dataclass(frozen=True)
class Trial:
    """One contender's picture for one target, or why there is none.

    Attributes:
        case, target, contender: names; the contender's is its label.
        seed: of this picture.
        picture: relative to the comparison's folder; None where the trial failed.
        figures: name of a metric -> its value; None where it is not defined here, and a note says why.
        classes: name of a class -> its own figures.
        notes: one sentence each.
        fit_seconds: wall-clock time of the fit, which all targets of a case share; None: there was no fit.
        seconds: wall-clock time of the render.
        peak_bytes: most memory that the process of this contender and case held at once.
        record: the whole configuration and all else that is known of the picture, as JSON values.
        error: one sentence where the trial failed, else None.
        provenance: int32 (h, w, 2) as .npy, relative to the comparison's folder; None: not known.
    """

    case: str
    target: str
    contender: str
    seed: int
    picture: Path | None
    figures: Mapping[str, float | None] = field(default_factory=dict)
    classes: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    fit_seconds: float | None = None
    seconds: float | None = None
    peak_bytes: int | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    provenance: Path | None = None


@dataclass(frozen=True)
class Aggregate:
    """One metric of one contender over all targets.

    Attributes:
        contender, metric: the contender's label and the metric's name.
        targets: number of targets with a figure; seeds of one target count as one, with their mean.
        mean, median: over those targets.
        wins: on how many of the targets it was best; those who share a first place share the win.
        low, high: bootstrap interval of the mean at ``level``.
        infinite: on how many of the targets the figure is infinitely good, as a PSNR where nothing differs. Mean and
            interval are of the others; where there are none, the mean is infinite.
    """

    contender: str
    metric: str
    targets: int
    mean: float | None
    median: float | None
    wins: float
    low: float | None
    high: float | None
    level: float = 0.95
    infinite: int = 0

    @property
    def partial(self) -> bool:
        """Whether the mean leaves out some targets, and so is not to be held against other means."""
        return 0 < self.infinite < self.targets


@dataclass(frozen=True)
class Comparison:
    """Contenders on the same cases, and what came of it.

    Attributes:
        folder: where it is.
        title: one line.
        cases, contenders: in the order of tables and pages.
        trials: one for each contender, target and seed, in that nesting: case, target, contender, seed.
        metrics: those shown, in order.
        machine: what computed, as JSON values: system, processor, cores, memory in bytes, versions.
        aggregates: over all targets, in the order of contenders and metrics; empty where nothing was aggregated.
    """

    folder: Path
    title: str
    cases: tuple[Case, ...]
    contenders: tuple[Contender, ...]
    trials: tuple[Trial, ...]
    metrics: tuple[Metric, ...]
    machine: Mapping[str, Any] = field(default_factory=dict)
    aggregates: tuple[Aggregate, ...] = ()

    def write(self) -> None:
        """Write ``comparison.json``, ``figures.csv`` and, where there are aggregates, ``aggregate.csv``.

        Raises:
            InputError: the folder cannot be written to.
        """
        from analogon.report.files import write

        write(self)

    def table(self, width: int = 100) -> str:
        """The means over all targets as text for people, in lines of at most ``width`` letters where that can be."""
        from analogon.report.overview import overview

        return overview(self, width)

    @classmethod
    def read(cls, folder: str | Path) -> Comparison:
        """The comparison in a folder.

        Raises:
            InputError: there is none, it is damaged, or one of its pictures is missing.
        """
        from analogon.report.files import read

        return read(Path(folder))
