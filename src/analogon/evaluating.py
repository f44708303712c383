"""How good a model of a data set is, on pictures that it did not learn."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap
from analogon.datasets import Match, Pair, Pictures, load_pictures, matched, read_styles
from analogon.datasets.scenes import CLASSES
from analogon.errors import InputError, OptionError
from analogon.fitting import check_numbers
from analogon.io import write_text
from analogon.metrics import (
    METRICS,
    Scores,
    Weights,
    class_changes,
    class_control,
    class_diversity,
    colour_distance,
    diversity,
    oracle_figures,
)
from analogon.metrics.agreement import Classifier, set_agreement
from analogon.metrics.learned import fid, kid, lpips, segment
from analogon.run import Progress, ignore
from analogon.trained import TrainedModel

Image = NDArray[np.float32]
#: Pictures of one layout whose diversity is measured.
SAMPLES = 3
#: Real pictures, at most, that the classifier is fitted to which says how far classes can be told.
KNOWN = 12


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The figures of a model, and what they are of.

    Attributes:
        figures: by name, in the order of tables (`METRICS` says what they mean); None where one is not defined here.
        classes: ``"csd"``, ``"ocd"``, their ``"pairs"`` and ``"diversity"`` of each class by name, as far as they are
            defined.
        distance: what mCSD and mOCD measure with, ``"LPIPS"`` or ``"colours"``, a surrogate.
        exemplars: which picture each layout had its look from, where the model takes looks from pictures only.
        names, images: of what was painted, float32 (h, w, 3) in [0, 1].
        seed: that looks and exemplars derive from.
        notes: why a figure is missing, one sentence each.
    """

    figures: Mapping[str, float | None]
    classes: Mapping[str, Mapping[str, float | None]]
    distance: str
    exemplars: Sequence[Match]
    names: Sequence[str]
    images: Sequence[Image]
    seed: int
    notes: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Everything but the pictures as values of strict JSON, with what each figure means."""
        shown = [METRICS[name] for name in self.figures]
        return {
            "figures": Scores(self.figures).record()["figures"],
            "classes": {name: dict(figures) for name, figures in self.classes.items()},
            "distance of mcsd and mocd": self.distance,
            "seed": self.seed,
            "pictures": list(self.names),
            "notes": list(self.notes),
            "meanings": {m.name: {"title": m.title, "better": m.better, "meaning": m.meaning} for m in shown},
        }

    def save(self, path: str | Path) -> None:
        """Write it as JSON, complete or not at all.

        Raises:
            InputError: it cannot be written there.
        """
        write_text(path, json.dumps(self.record(), indent=1) + "\n")


def evaluate(
    model: TrainedModel,
    data: Pictures | str | Path,
    *,
    layout: str = "auto",
    split: str = "val",
    count: int = 100,
    fraction: float = 0.2,
    seed: int = 0,
    weights: Weights | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Evaluation:
    """Paint the layouts of a data set and take figures of the pictures.

    A model that draws looks is given seeds; one that takes them from pictures has for each layout an exemplar among the
    share ``fraction`` of the set whose classes are shared out most alike (:func:`~analogon.datasets.matched`).

    Args:
        data: pictures, or the folder of a data set.
        layout, split: how that folder is laid out, and which part of it is taken.
        count: so many pictures at most, spread evenly over the set.
        fraction: above 0, up to 1.
        seed: looks and exemplars derive from it.
        weights: files for the figures that take a network: ``segmenter`` for what it sees, ``inception`` for FID and
            KID, ``lpips`` for the diversity and for mCSD and mOCD, which measure colours without it.
        progress: called with :class:`Progress` events.

    Raises:
        OptionError: a number is out of range, or a package that reads weights is missing. InputError, LabelError: the
            data set or weights cannot be read, or the set has other classes than the model.
    """
    check_numbers(None, seed)
    if count < 1:
        raise OptionError(f"There cannot be {count} pictures to judge a model by: give 1 or more.")
    weights = weights or Weights()
    weights.check()
    pictures = data if isinstance(data, Pictures) else load_pictures(data, layout, split)
    if pictures.palette != model.palette:
        raise InputError("The data set has other classes than the model: name one like that which it learnt.")
    chosen = Some(pictures, np.unique(np.linspace(0, len(pictures) - 1, min(count, len(pictures))).round().astype(int)))
    judged = _Judged(model, chosen, seed, weights, progress or ignore)
    if model.takes and "random" not in model.takes:
        judged.exemplars = matched(chosen, pictures, fraction=fraction, seed=seed)
        places = {pictures.name(n): n for n in range(len(pictures))}
        judged.looks = [pictures[places[match.exemplar]].exemplar(pictures.palette) for match in judged.exemplars]
    return judged.evaluation()


class Some(Pictures):
    """Some pictures of a data set."""

    def __init__(self, pictures: Pictures, places: Sequence[int] | NDArray[np.integer]) -> None:
        self.pictures, self.places = pictures, [int(n) for n in places]
        self.palette, self.unknown, self.has_instances = pictures.palette, pictures.unknown, pictures.has_instances

    def __len__(self) -> int:
        """How many there are."""
        return len(self.places)

    def pair(self, index: int) -> Pair:
        """The pair at a place."""
        return self.pictures.pair(self.places[index])

    def name(self, index: int) -> str:
        """Its name."""
        return self.pictures.name(self.places[index])


class _Judged:
    """A model, what it is to paint, and the figures of that so far."""

    def __init__(
        self, model: TrainedModel, pictures: Pictures, seed: int, weights: Weights, listener: Callable[[Progress], None]
    ) -> None:
        self.model, self.seed, self.weights, self.listener = model, seed, weights, listener
        self.names = [pictures.name(n) for n in range(len(pictures))]
        self.real = [pair.exemplar(pictures.palette) for pair in pictures]
        self.unknown = pictures.unknown
        self.layouts = [one.labels for one in self.real]
        self.looks: Sequence[Exemplar] = ()
        self.exemplars: list[Match] = []
        self.notes = dict[str, None]()
        self.done, self.steps = 0, len(self.layouts) * (SAMPLES if "random" in model.takes else 1)
        if "classes" in model.takes:
            self.steps += sum(1 + len(layout.present()) for layout in self.layouts)

    def evaluation(self) -> Evaluation:
        """All figures."""
        images = [self._painted(n) for n in range(len(self.layouts))]
        found: dict[str, float | None] = self._agreement(images) | self._distributions(images)
        classes = dict[str, dict[str, float | None]]()
        found |= self._diversity(images, classes)
        found |= self._control(classes)
        figures = {name: found[name] for name in METRICS if name in found}
        distance = "colours" if self.weights.lpips is None else "LPIPS"
        return Evaluation(figures, classes, distance, self.exemplars, self.names, images, self.seed, tuple(self.notes))

    def _tell(self) -> None:
        self.done += 1
        self.listener(Progress("painting", self.done, self.steps))

    def _painted(self, number: int, turn: int = 0) -> Image:
        self._tell()
        layout = self.layouts[number]
        if self.looks:
            return self.model.render(layout, style=self.looks[number]).image
        return self.model.render(layout, seed=(self.seed + number + turn * len(self.layouts)) % 2**31).image

    def _agreement(self, images: Sequence[Image]) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        asked, palette = [layout.ids for layout in self.layouts], self.model.palette
        known = [ids != self.unknown for ids in asked]  # all of them where there is no unknown class

        def agreement(classes_of: Callable[[Image], NDArray[np.int64]]) -> tuple[float, float]:
            seen = [classes_of(image)[mask] for image, mask in zip(images, known, strict=True)]
            return set_agreement(seen, [ids[mask] for ids, mask in zip(asked, known, strict=True)])

        real = [Exemplar(one.image, one.labels, mask) for one, mask in zip(self.real, known, strict=True) if mask.any()]
        if not real:
            self.notes["The pictures have no pixel of a known class, so nothing is said of classes."] = None
            return dict.fromkeys(("miou", "accuracy", "net_miou", "net_accuracy"))
        trees = Classifier(Exemplar.join(real[:: -(-len(real) // KNOWN)]), self.seed)
        found["miou"], found["accuracy"] = agreement(trees.classes_of)
        if self.weights.segmenter is None:
            found |= {"net_miou": None, "net_accuracy": None}
            self.notes["What a segmentation network sees takes one: name a file that holds it (segmenter)."] = None
        else:
            found["net_miou"], found["net_accuracy"] = agreement(lambda one: segment(one, palette, self.weights).ids)
        if palette == CLASSES:
            styles = None
            if self.looks:
                read = [read_styles(one.image, one.labels.ids) for one in self.looks]
                styles = [{c: s for c, s in one.items() if s is not None} for one in read]
            found |= oracle_figures(images, asked, styles)
        return found

    def _distributions(self, images: Sequence[Image]) -> dict[str, float | None]:
        if self.weights.inception is None or len(images) < 2:
            self.notes["FID and KID take Inception weights, and two pictures or more: name a file (inception)."] = None
            return {"fid": None, "kid": None}
        real = [one.image for one in self.real]
        return {"fid": fid(images, real, self.weights), "kid": kid(images, real, self.weights)[0]}

    def _diversity(
        self, images: Sequence[Image], classes: dict[str, dict[str, float | None]]
    ) -> dict[str, float | None]:
        """Of several random looks of each layout."""
        names = "diversity", "diversity_levels", "diversity_ssim", "diversity_lpips"
        if "random" not in self.model.takes:
            self.notes["The model draws no looks, so nothing is said of diversity."] = None
            return dict.fromkeys(names)
        figures, of_classes = dict[str, list[float]](), dict[str, list[float]]()
        for n, (image, layout) in enumerate(zip(images, self.layouts, strict=True)):
            several = [image, *(self._painted(n, turn) for turn in range(1, SAMPLES))]
            for name, value in diversity(several).items():
                figures.setdefault(name, []).append(value)
            for name, told in class_diversity(several, layout).items():
                of_classes.setdefault(name, []).append(told["diversity"])
            if self.weights.lpips is not None:
                apart = [lpips(a, b, self.weights) for a, b in combinations(several, 2)]
                figures.setdefault("diversity_lpips", []).extend(d for d in apart if d is not None)
        for name, values in of_classes.items():
            classes.setdefault(name, {})["diversity"] = float(np.mean(values))
        if self.weights.lpips is None:
            self.notes["Diversity in LPIPS takes weights: name a file (lpips)."] = None
        return {name: float(np.mean(figures[name])) if figures.get(name) else None for name in names}

    def _control(self, classes: dict[str, dict[str, float | None]]) -> dict[str, float | None]:
        """Of pairs that differ in the code of one class."""
        if "classes" not in self.model.takes:
            self.notes["The model has one look for all classes, so there is no mCSD and no mOCD."] = None
            return {"mcsd": None, "mocd": None}

        def paint(layout: LabelMap, seeds: Mapping[int, int]) -> Image:
            self._tell()
            looks = {layout.palette.get(c).name: s for c, s in seeds.items()}
            return self.model.render(layout, classes=looks, seed=self.seed).image

        def distance(one: Image, other: Image) -> float | None:
            return colour_distance(one, other) if self.weights.lpips is None else lpips(one, other, self.weights)

        told = class_control(class_changes(paint, self.layouts, seed=self.seed), distance)
        if self.weights.lpips is None:
            self.notes["mCSD and mOCD are of colours (root mean square in Oklab): LPIPS takes weights (lpips)."] = None
        self.notes |= dict.fromkeys(told.notes)
        for name, figures in told.classes.items():
            classes.setdefault(name, {}).update({key: figures[key] for key in ("csd", "ocd", "pairs")})
        return {"mcsd": told.mcsd, "mocd": told.mocd}
