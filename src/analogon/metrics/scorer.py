"""All figures of a picture: what they need of the source is prepared once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap
from analogon.errors import InputError
from analogon.metrics import copying, outlines, patches, preserved
from analogon.metrics.agreement import Classifier, accuracy, overlaps
from analogon.metrics.learned import Weights, learned_figures
from analogon.metrics.listing import CLASS_METRICS, SCORED
from analogon.metrics.patches import Basis, Patches
from analogon.metrics.sharpness import detail, sharpness
from analogon.metrics.truth import TRUTH_CLASSES
from analogon.metrics.values import SCALES, Scores, checked
from analogon.metrics.wasserstein import Projections, directions, projections, wasserstein
from analogon.provenance import Provenance

#: The figures of a class that are known without the true picture.
_OF_CLASSES = tuple(name for name in CLASS_METRICS if name not in TRUTH_CLASSES)


class _Level:
    """The source at one scale: its patches, and what they are compared by."""

    def __init__(self, source: Exemplar, seed: int) -> None:
        self.own = Patches.of(source)
        self.basis = Basis.of(self.own, seed)
        self.lab = Patches(patches.lab(source.image), source.labels.ids, source.usable)
        self.lab_basis = Basis.of(self.lab, seed)
        self.directions = directions(seed)
        self.projections: Projections = projections(self.own, self.directions)


class _Sheet:
    """Figures as they come about."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self.figures: dict[str, float | None] = dict.fromkeys(SCORED)
        self.names = names
        self.classes: dict[int, dict[str, float | None]] = {number: dict.fromkeys(_OF_CLASSES) for number in names}
        self.notes: list[str] = []

    def put(self, name: str, value: float | None, by_class: Mapping[int, float] | None = None) -> None:
        self.figures[name] = value
        for number, figure in (by_class or {}).items():
            if number in self.classes:
                self.classes[number][name] = figure

    def scores(self) -> Scores:
        classes = {self.names[number]: figures for number, figures in self.classes.items()}
        return Scores(self.figures, classes, tuple(self.notes))


class Scorer:
    """Gives the figures of results that were made of one exemplar.

    Preparing it takes a few seconds: patches of the source are analysed, and a classifier is fitted to its classes.
    The same seed gives the same figures on the same machine, however many threads there are.

    Args:
        exemplar: the source with its label map; pixels that are not usable are asked for nothing.
        seed: of the samples of patches, the directions they are looked at along, and the classifier.
        weights: files of networks, for the figures that take them; without, these are None and a note says so.

    Raises:
        InputError: a file of weights is not there. OptionError: a package that reads it is missing.
    """

    def __init__(self, exemplar: Exemplar, *, seed: int = 0, weights: Weights | None = None) -> None:
        if weights is not None:
            weights.check()
        ids = exemplar.labels.ids
        self._known = set(np.unique(ids if exemplar.usable is None else ids[exemplar.usable]).tolist())
        self._exemplar = exemplar
        self._weights = weights
        self._seed = seed
        self._classifier = Classifier(exemplar, seed)
        self._detail = detail(exemplar)
        self._levels: dict[int, _Level] = {}
        for scale in SCALES:
            small = _smaller(exemplar, scale)
            if small is not None and Patches.of(small).every.size:
                self._levels[scale] = _Level(small, seed)

    def score(self, image: NDArray[np.float32], target: LabelMap, *, provenance: Provenance | None = None) -> Scores:
        """The figures of one result.

        Args:
            image: float (h, w, 3) in [0, 1].
            target: the layout that it was made for, of its size, with classes of the exemplar. Classes that the
                exemplar lacks get no figures, and a note.
            provenance: where its pixels come from, if that is known.

        Raises:
            InputError: the image is no such array, its size or that of the provenance is not the target's, or weights
                cannot be read.
        """
        result = Exemplar(_fitting(image, target), target)
        if provenance is not None:
            self._check(provenance, target)
        asked = target.present()
        sheet = _Sheet({number: target.palette.get(number).name for number in asked})
        for number in asked:
            if number not in self._known:
                sheet.notes.append(
                    f"Class '{sheet.names[number]}' is not in the source: no figure can be given for it."
                )
        self._agreement(sheet, result)
        self._patches(sheet, result)
        figure, ratios = sharpness(detail(result), self._detail)
        sheet.put("sharpness", figure, ratios)
        if figure is None:
            sheet.notes.append("No class is large enough in source and result to compare how sharp it is.")
        self._against_source(sheet, result)
        self._provenance(sheet, provenance)
        height, width = self._exemplar.frame
        learned, notes = learned_figures(self._exemplar.image[:height, :width], result.image, target, self._weights)
        sheet.figures.update(learned)
        sheet.notes += notes
        return sheet.scores()

    def _agreement(self, sheet: _Sheet, result: Exemplar) -> None:
        seen, asked = self._classifier.classes_of(result.image), result.labels.ids
        known = np.isin(asked, list(self._known))
        if not known.any():
            return
        seen, asked = seen[known], asked[known]
        shared = overlaps(seen, asked)
        sheet.put("accuracy", accuracy(seen, asked))
        sheet.put("miou", float(np.mean(list(shared.values()))))
        for number, figure in shared.items():
            sheet.classes[number]["iou"] = figure

    def _patches(self, sheet: _Sheet, result: Exemplar) -> None:
        distances: list[dict[int, tuple[float, int]]] = []
        similarities: list[float] = []
        absent: dict[str, list[int]] = {}
        for scale in SCALES:
            level, small = self._levels.get(scale), _smaller(result, scale)
            if level is None or small is None:
                which = "source" if level is None else "result"
                sheet.notes.append(f"The {which} is too small to compare patches at 1/{scale} of its size.")
                continue
            own = Patches.of(small)
            for name, figures in (
                ("coherence", patches.coherence(own, level.own, level.basis, self._seed)),
                ("completeness", patches.completeness(own, level.own, level.basis, self._seed)),
            ):
                by_class = {number: value for number, (value, _) in figures.items()}
                sheet.put(f"{name}@{scale}", patches.weighted(figures), by_class)
            for number, name in sheet.names.items():
                if number in self._known and (number not in own.classes or number not in level.own.classes):
                    absent.setdefault(name, []).append(scale)
            lab = Patches(patches.lab(small.image), small.labels.ids)
            similarities.append(patches.bidirectional(lab, level.lab, level.lab_basis, self._seed))
            ours = projections(own, level.directions)
            moved = wasserstein(ours, level.projections)
            distances.append({number: (value, len(own.classes[number])) for number, value in moved.items()})
        for name, scales in absent.items():
            where = " and ".join(f"1/{scale}" for scale in scales)
            sheet.notes.append(
                f"Class '{name}' has no patch in both pictures at {where} of their size: it is left out there."
            )
        if similarities:
            sheet.put("bidirectional", float(np.mean(similarities)))
        if figures_of := [patches.weighted(one) for one in distances if one]:
            by_class = {}
            for number in sheet.names:
                if values := [one[number][0] for one in distances if number in one]:
                    by_class[number] = float(np.mean(values))
            sheet.put("wasserstein", float(np.mean([value for value in figures_of if value is not None])), by_class)

    def _against_source(self, sheet: _Sheet, result: Exemplar) -> None:
        """What compares the same place in source and result."""
        height, width = self._exemplar.frame
        if result.shape != (height, width):
            sheet.notes.append("Source and result differ in size: leftover outlines and what was kept cannot be told.")
            return
        source, ids = self._exemplar.image[:height, :width], self._exemplar.labels.ids[:height, :width]
        sheet.put("ghost", outlines.ghost(result.image, ids, result.labels.ids))
        if sheet.figures["ghost"] is None:
            sheet.notes.append("Hardly any outline of the source is gone in this layout, so none can be left over.")
        usable = None if self._exemplar.usable is None else self._exemplar.usable[:height, :width]
        where = preserved.unchanged(ids, result.labels.ids, usable)
        if where is None:
            sheet.notes.append("No usable part is well away from a change of the layout, so nothing had to be kept.")
            return
        sheet.put("kept_psnr", preserved.psnr(result.image, source, where))
        sheet.put("kept_ssim", preserved.ssim(result.image, source, where))

    def _provenance(self, sheet: _Sheet, provenance: Provenance | None) -> None:
        if provenance is None:
            sheet.notes.append("It is not known where the pixels come from: what was copied cannot be told.")
            return
        sheet.put("used", copying.used(provenance, self._exemplar.usable))
        sheet.put("largest_copy", copying.largest_copy(provenance))

    def _check(self, provenance: Provenance, target: LabelMap) -> None:
        for what, its, other in (
            ("result", provenance.shape, target.shape),
            ("source", provenance.source_shape, self._exemplar.shape),
        ):
            if its != other:
                raise InputError(
                    f"The provenance is for a {what} of {its[1]}x{its[0]} pixels and the {what} is "
                    f"{other[1]}x{other[0]}: give the provenance of this result."
                )


def _fitting(image: NDArray[np.float32], target: LabelMap) -> NDArray[np.float32]:
    pixels = checked(image)
    if pixels.shape[:2] != target.shape:
        (height, width), (rows, columns) = pixels.shape[:2], target.shape
        raise InputError(
            f"The result is {width}x{height} pixels and its target {columns}x{rows}: give the target that the result "
            "was made for, or resize one of them."
        )
    return pixels


def _smaller(picture: Exemplar, scale: int) -> Exemplar | None:
    """The picture at 1/scale of its size; None where it is too small for patches."""
    height, width = picture.shape[0] // scale, picture.shape[1] // scale
    if min(height, width) < patches.LEAST_SIDE:
        return None
    try:
        return picture.resize((height, width))
    except InputError:  # no pixel at that scale is usable
        return None
