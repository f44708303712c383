"""The figures of pictures, and what they depend on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon._version import __version__
from analogon.data import Exemplar, LabelMap
from analogon.io import read_image
from analogon.metrics import METRICS, Metric, Scorer, Weights, diversity
from analogon.metrics.truth import TRUTH, against_truth
from analogon.provenance import Provenance
from analogon.report.values import Trial

Figures = Mapping[str, float | None]


def request(weights: Weights | None) -> dict[str, Any]:
    """All that figures depend on besides pictures and layouts, as JSON values.

    Raises:
        InputError, OptionError: a file of weights is not there, or nothing here can read it.
    """
    files: dict[str, list[Any]] = {}
    if weights is not None:
        weights.check()
        for kind in fields(weights):
            path: Path | None = getattr(weights, kind.name)
            if path is not None:
                state = path.stat()
                files[kind.name] = [str(path.absolute()), state.st_size, state.st_mtime_ns]
    return {"analogon": __version__, "metrics": list(METRICS), "weights": files}


class Judge:
    """Takes the figures of pictures of one source."""

    def __init__(self, exemplar: Exemplar, asked: Mapping[str, Any]) -> None:
        files = asked.get("weights")
        weights = Weights(**{kind: Path(path) for kind, (path, *_) in files.items()}) if files else None
        self._scorer = Scorer(exemplar, weights=weights)

    def judge(
        self,
        image: NDArray[np.float32],
        target: LabelMap,
        provenance: Provenance | None,
        truth: NDArray[np.float32] | None,
    ) -> tuple[Figures, Mapping[str, Figures], tuple[str, ...]]:
        """Figures, those of each class, and notes."""
        scores = self._scorer.score(image, target, provenance=provenance)
        if truth is None:
            return scores.figures, scores.classes, scores.notes
        true = against_truth(image, truth, target)
        names = [*scores.classes, *(name for name in true.classes if name not in scores.classes)]
        classes = {name: {**scores.classes.get(name, {}), **true.classes.get(name, {})} for name in names}
        return {**scores.figures, **true.figures}, classes, (*scores.notes, *true.notes)


def with_diversity(trials: Sequence[Trial], folder: Path) -> tuple[Trial, ...]:
    """The trials with how much their pictures differ from seed to seed, where there are several."""
    groups: dict[tuple[str, str, str], list[Trial]] = {}
    for trial in trials:
        if trial.picture is not None:
            groups.setdefault((trial.case, trial.target, trial.contender), []).append(trial)
    figures = {
        key: diversity([read_image(folder / trial.picture) for trial in group if trial.picture is not None])
        for key, group in groups.items()
        if len(group) > 1
    }
    return tuple(
        replace(trial, figures={**trial.figures, **figures.get((trial.case, trial.target, trial.contender), {})})
        if trial.picture is not None
        else trial
        for trial in trials
    )


def shown(trials: Iterable[Trial]) -> tuple[Metric, ...]:
    """The metrics of which there is a figure, in the order of tables; those against a true picture come first."""
    found = {name for trial in trials for name, value in trial.figures.items() if value is not None}
    return tuple(metric for name, metric in {**TRUTH, **METRICS}.items() if name in found)
