"""Random pictures of one kind judged together: how diverse they are, how much is copied, and how good they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelClass, LabelMap, Palette
from analogon.errors import InputError
from analogon.metrics.copying import copied
from analogon.metrics.learned import Weights
from analogon.metrics.listing import COPY_SCALES, METRICS, meanings
from analogon.metrics.scorer import Scorer
from analogon.metrics.values import Figures, Recorded, Scores
from analogon.metrics.variety import diversity
from analogon.result import Result

_ONE = Palette((LabelClass(0, "picture", (128, 128, 128)),))
#: The figures of a picture whose layout is its own: those that ask what is in it, and not where.
OF_PICTURES = (
    *(name for name in METRICS if name.partition("@")[0] in ("coherence", "completeness")),
    "wasserstein", "sharpness", "sifid", "used", "largest_copy",
    *(f"copied@{scale}" for scale in COPY_SCALES),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Assessment(Recorded):
    """The figures of several pictures of one kind.

    Attributes:
        pictures: the figures of each, by name, in the order of the pictures.
        together: means of these, and the diversity of all; by name, in the order of tables.
        notes: why a figure is missing, one sentence each.
    """

    pictures: Sequence[Figures]
    together: Figures
    notes: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Everything as values of strict JSON, with what each figure means."""
        return {
            "together": Scores(self.together).record()["figures"],
            "pictures": [Scores(one).record()["figures"] for one in self.pictures],
            "notes": list(self.notes),
            "meanings": meanings(self.together),
        }


def assess(
    source: Exemplar | NDArray[np.float32],
    results: Sequence[Result | NDArray[np.float32]],
    *,
    seed: int = 0,
    weights: Weights | None = None,
) -> Assessment:
    """Judge random pictures of one kind, made with different seeds, beside each other and beside the source.

    Quality, copies and diversity belong together: copies of the source are as good as it can be, and noise is diverse.

    Args:
        source: the picture that they are like; labels do not count.
        results: pictures, float32 (h, w, 3) in [0, 1]; where they differ in size, there is no diversity.
        seed: of samples of patches.
        weights: a file with Inception weights gives SIFID; without one, ``wasserstein`` compares distributions of
            patches in its place.

    Raises:
        InputError: there is no picture. OptionError: a package that reads the weights is missing.
    """
    if not results:
        raise InputError("There is no picture to judge: give at least one.")
    image, usable = (source.image, source.usable) if isinstance(source, Exemplar) else (source, None)
    scorer = Scorer(Exemplar(image, _one_class(image), usable), seed=seed, weights=weights)
    pictures, notes = [], dict[str, None]()
    for result in results:
        pixels, way = (result.image, result.provenance) if isinstance(result, Result) else (result, None)
        scores = scorer.score(pixels, _one_class(pixels), provenance=way)
        figures = dict(scores.figures)
        for scale in COPY_SCALES:
            figures[f"copied@{scale}"] = copied(_smaller(pixels, scale), _smaller(image, scale), seed)
        pictures.append({name: figures[name] for name in OF_PICTURES})
        notes |= dict.fromkeys(note for note in scores.notes if "SIFID" in note or "too small" in note)
    together: dict[str, float | None] = {name: _mean([one[name] for one in pictures]) for name in OF_PICTURES}
    images = [result.image if isinstance(result, Result) else result for result in results]
    if len(images) < 2 or len({one.shape for one in images}) > 1:
        notes["Diversity is a matter of several pictures of one size."] = None
    else:
        together |= diversity(images)
    return Assessment(pictures, {name: together[name] for name in METRICS if name in together}, tuple(notes))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _one_class(image: NDArray[np.float32]) -> LabelMap:
    return LabelMap(np.zeros(image.shape[:2], np.int64), _ONE)


def _smaller(image: NDArray[np.float32], scale: int) -> NDArray[np.float32]:
    shape = max(image.shape[0] // scale, 1), max(image.shape[1] // scale, 1)
    return Exemplar(image, _one_class(image)).resize(shape).image
