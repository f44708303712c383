"""How good a model of a data set is, on pictures that it did not learn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap
from analogon.datasets import Match, Pair, Pictures, load_pictures, matched, read_pixels, read_styles
from analogon.datasets.scenes import CLASSES
from analogon.errors import InputError, OptionError
from analogon.fitting import check_numbers
from analogon.io import image_writer, replacing
from analogon.metrics import (
    METRICS,
    Scores,
    Weights,
    class_changes,
    class_control,
    class_diversity,
    colour_distance,
    diversity,
    meanings,
)
from analogon.metrics.agreement import Agreement, Classifier
from analogon.metrics.learned import fid_of, kid_of, lpips, seen_by_inception, segment
from analogon.metrics.oracle import right_styles
from analogon.metrics.sharpness import detail, sharpness
from analogon.metrics.values import Recorded
from analogon.run import Progress, ignore
from analogon.trained import TrainedModel

Image = NDArray[np.float32]
#: Pictures of one layout whose diversity is measured.
SAMPLES = 3
#: Real pictures, at most, that a classifier is fitted to which says how far classes can be told.
KNOWN = 12


@dataclass(frozen=True, eq=False)
class Evaluation(Recorded):
    """The figures of a model, and what they are of.

    Attributes:
        figures: by name, in the order of tables (`METRICS` says what they mean); None where one is not defined here.
        real: those that the real pictures of the same layouts have, as far as they mean something for them: what a
            perfect model would reach.
        classes: ``"csd"``, ``"ocd"``, their ``"pairs"`` and ``"diversity"`` of each class by name, as far as they are
            defined.
        distance: what mCSD and mOCD measure with, ``"LPIPS"`` or ``"colours"``, a surrogate.
        exemplars: which picture each layout had its look from, where the model takes looks from pictures only.
        names: of the pictures whose layouts were painted.
        files: where the painted pictures are, in the order of the names; empty where they are not kept.
        seed: that looks and exemplars derive from.
        notes: why a figure is missing, one sentence each.
    """

    figures: Mapping[str, float | None]
    real: Mapping[str, float]
    classes: Mapping[str, Mapping[str, float | None]]
    distance: str
    exemplars: Sequence[Match]
    names: Sequence[str]
    files: Sequence[Path]
    seed: int
    notes: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Everything but the pictures as values of strict JSON, with what each figure means."""
        return {
            "figures": Scores(self.figures).record()["figures"],
            "real pictures": Scores(self.real).record()["figures"],
            "classes": {name: dict(figures) for name, figures in self.classes.items()},
            "distance of mcsd and mocd": self.distance,
            "seed": self.seed,
            "pictures": list(self.names),
            "notes": list(self.notes),
            "meanings": meanings(self.figures),
        }


def evaluate(
    model: TrainedModel,
    data: Pictures | str | Path,
    *,
    folder: str | Path | None = None,
    layout: str = "auto",
    split: str = "val",
    count: int = 100,
    fraction: float = 0.2,
    seed: int = 0,
    weights: Weights | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Evaluation:
    """Paint the layouts of a data set and take figures of the pictures, one by one: no more than a few are in memory.

    A model that draws looks is given seeds; one that takes them from pictures has for each layout an exemplar among the
    share ``fraction`` of the set whose classes are shared out most alike (:func:`~analogon.datasets.matched`).

    Args:
        data: pictures, or the folder of a data set.
        folder: where each painted picture is written, as PNG of its name; None: none is kept.
        layout, split: how that folder is laid out, and which part of it is taken.
        count: so many pictures at most, spread evenly over the set.
        fraction: above 0, up to 1.
        seed: looks and exemplars derive from it.
        weights: files for the figures that take a network: ``segmenter`` for what it sees, ``inception`` for FID and
            KID, ``lpips`` for the diversity and for mCSD and mOCD, which measure colours without it.
        progress: called with :class:`Progress` events.

    Raises:
        OptionError: a number is out of range, or a package that reads weights is missing. InputError, LabelError: the
            data set or weights cannot be read, a picture cannot be written, or the model has learnt other classes.
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
    judged = _Judged(model, chosen, seed, weights, None if folder is None else Path(folder), progress or ignore)
    if model.takes and "random" not in model.takes:
        judged.exemplars = matched(chosen, pictures, fraction=fraction, seed=seed)
        places = {pictures.name(n): n for n in range(len(pictures))}
        judged.looks = Some(pictures, [places[match.exemplar] for match in judged.exemplars])
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


class _Trees:
    """Trees that were fitted to real pictures and tell the classes of pixels.

    There are two of them: every second picture is read by those that were fitted to the others, so that none is known
    by heart. ``places``: of the pictures that have pixels of known classes, at least one.
    """

    def __init__(self, pictures: Pictures, places: Sequence[int], seed: int) -> None:
        halves = [half for half in (places[::2], places[1::2]) if half]
        self._first, self._trees = set(halves[0]), []
        for half in halves:
            some = [pictures[n] for n in half[:: -(-len(half) // KNOWN)]]
            known = [
                Exemplar(p.image, LabelMap(p.labels, pictures.palette), p.labels != pictures.unknown) for p in some
            ]
            self._trees.append(Classifier(Exemplar.join(known), seed))

    def classes_of(self, number: int, image: Image) -> NDArray[np.int64]:
        """The class that each pixel looks like of what was painted for a layout, or of its real picture, (h, w)."""
        return self._trees[-1 if number in self._first else 0].classes_of(image)


class _Judged:
    """A model, what it is to paint, and the figures of that so far; pictures are not kept here."""

    def __init__(
        self,
        model: TrainedModel,
        pictures: Pictures,
        seed: int,
        weights: Weights,
        folder: Path | None,
        listener: Callable[[Progress], None],
    ) -> None:
        self.model, self.pictures, self.seed, self.weights = model, pictures, seed, weights
        self.folder, self.listener = folder, listener
        self.looks: Pictures | None = None
        self.exemplars: list[Match] = []
        self.files: list[Path] = []
        self.notes = dict[str, None]()
        present = [np.unique(pair.labels) for pair in pictures]
        self.known = [n for n, ids in enumerate(present) if (ids != pictures.unknown).any()]
        self.trees = _Trees(pictures, self.known, seed) if self.known else None
        # of what was painted, and of the real pictures
        self.agreements = defaultdict[str, tuple[Agreement, Agreement]](lambda: (Agreement(), Agreement()))
        self.features: tuple[list[Any], list[Any]] = [], []
        self.sharp, self.right = list[float](), list[bool]()
        self.diverse, self.diverse_classes = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
        self.done, self.steps = 0, len(pictures) * (SAMPLES if "random" in model.takes else 1)
        if "classes" in model.takes:
            self.steps += sum(1 + len(ids) for ids in present)

    def evaluation(self) -> Evaluation:
        """All figures."""
        for number in range(len(self.pictures)):
            self._judge(number)
        classes = dict[str, dict[str, float | None]]()
        found, real = self._agreement()
        if self.sharp:
            real["sharpness"] = 1.0
        found |= {"sharpness": float(np.exp(np.mean(np.log(self.sharp)))) if self.sharp else None}
        found |= self._distributions() | self._diversity(classes) | self._control(classes)
        return Evaluation(
            figures={name: found[name] for name in METRICS if name in found},
            real={name: real[name] for name in METRICS if name in real},
            classes=classes,
            distance="colours" if self.weights.lpips is None else "LPIPS",
            exemplars=self.exemplars,
            names=[self.pictures.name(n) for n in range(len(self.pictures))],
            files=self.files,
            seed=self.seed,
            notes=tuple(self.notes),
        )

    def _tell(self) -> None:
        self.done += 1
        self.listener(Progress("painting", self.done, self.steps))

    def _judge(self, number: int) -> None:
        """Paint a layout, and count what there is to be seen."""
        pair = self.pictures[number]
        layout = LabelMap(pair.labels, self.pictures.palette)
        look = None if self.looks is None else self.looks[number].exemplar(self.pictures.palette)
        image = self._painted(layout, look, number)
        known = pair.labels != self.pictures.unknown  # all of them where there is no unknown class
        both = image, pair.image
        if known.any():
            for place, shown in enumerate(both):
                for kind, seen in self._seen(number, shown).items():
                    self.agreements[kind][place].add(seen[known], pair.labels[known])
            sharp, _ = sharpness(*(detail(Exemplar(one, layout, known)) for one in both))
            self.sharp += [] if sharp is None else [sharp]
        if self.weights.inception is not None:
            for features, shown in zip(self.features, both, strict=True):
                features.append(seen_by_inception(shown, self.weights))
        if look is not None and self.pictures.palette == CLASSES:
            asked = {c: s for c, s in read_styles(look.image, look.labels.ids).items() if s is not None}
            self.right += right_styles(image, pair.labels, asked)
        if "random" in self.model.takes:
            self._compare([image, *(self._painted(layout, look, number, turn) for turn in range(1, SAMPLES))], layout)
        self._keep(image, pair.name)  # last: weights that cannot be used are found out with the first picture

    def _painted(self, layout: LabelMap, look: Exemplar | None, number: int, turn: int = 0) -> Image:
        self._tell()
        if look is not None:
            return self.model.render(layout, style=look).image
        return self.model.render(layout, seed=(self.seed + number + turn * len(self.pictures)) % 2**31).image

    def _keep(self, image: Image, name: str) -> None:
        if self.folder is not None:
            path = self.folder / f"{name}.png"
            with replacing(path, parents=True) as file:
                image_writer(path, image)(file)
            self.files.append(path)

    def _seen(self, number: int, image: Image) -> dict[str, NDArray[np.int64]]:
        """The classes that are seen in a picture, by what the figures of who sees them begin with."""
        seen, palette = dict[str, NDArray[np.int64]](), self.pictures.palette
        if self.trees is not None:
            seen[""] = self.trees.classes_of(number, image)
        if self.weights.segmenter is not None:
            seen["net_"] = segment(image, palette, self.weights).ids
        if palette == CLASSES:
            seen["oracle_"] = read_pixels(image)[0]
        return seen

    def _compare(self, several: Sequence[Image], layout: LabelMap) -> None:
        """How much random looks of a layout differ."""
        for name, value in diversity(several).items():
            self.diverse[name].append(value)
        for name, told in class_diversity(several, layout).items():
            self.diverse_classes[name].append(told["diversity"])
        if self.weights.lpips is not None:
            apart = [lpips(a, b, self.weights) for a, b in combinations(several, 2)]
            self.diverse["diversity_lpips"] += [d for d in apart if d is not None]

    def _agreement(self) -> tuple[dict[str, float | None], dict[str, float]]:
        """What is seen of the layouts in what was painted, and in the real pictures."""
        found, real = dict[str, float | None](), dict[str, float]()
        if not self.known:
            self.notes["The pictures have no pixel of a known class, so nothing is said of classes."] = None
        elif self.weights.segmenter is None:
            self.notes["What a segmentation network sees takes one: name a file that holds it (segmenter)."] = None
        oracle = ("oracle_",) if self.pictures.palette == CLASSES else ()
        for kind in ("", "net_", *oracle):
            painted, true = self.agreements[kind]
            found |= {f"{kind}miou": painted.miou, f"{kind}accuracy": painted.accuracy}
            if true.miou is not None and true.accuracy is not None:
                real |= {f"{kind}miou": true.miou, f"{kind}accuracy": true.accuracy}
        if oracle:
            found["oracle_style"] = float(np.mean(self.right)) if self.right else None
        if len(self.known) == 1:
            self.notes["Trees know the one real picture by heart, so nothing is said of how well they read it."] = None
            del real["miou"], real["accuracy"]
        return found, real

    def _distributions(self) -> dict[str, float | None]:
        if self.weights.inception is None or len(self.pictures) < 2:
            self.notes["FID and KID take Inception weights, and two pictures or more: name a file (inception)."] = None
            return {"fid": None, "kid": None}
        return {"fid": fid_of(*self.features), "kid": kid_of(*self.features)[0]}

    def _diversity(self, classes: dict[str, dict[str, float | None]]) -> dict[str, float | None]:
        """Of several random looks of each layout."""
        names = "diversity", "diversity_levels", "diversity_ssim", "diversity_lpips"
        if "random" not in self.model.takes:
            self.notes["The model draws no looks, so nothing is said of diversity."] = None
            return dict.fromkeys(names)
        for name, values in self.diverse_classes.items():
            classes.setdefault(name, {})["diversity"] = float(np.mean(values))
        if self.weights.lpips is None:
            self.notes["Diversity in LPIPS takes weights: name a file (lpips)."] = None
        return {name: float(np.mean(self.diverse[name])) if self.diverse[name] else None for name in names}

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

        layouts = (LabelMap(pair.labels, self.pictures.palette) for pair in self.pictures)
        told = class_control(class_changes(paint, layouts, seed=self.seed), distance)
        if self.weights.lpips is None:
            self.notes["mCSD and mOCD are of colours (root mean square in Oklab): LPIPS takes weights (lpips)."] = None
        self.notes |= dict.fromkeys(told.notes)
        for name, figures in told.classes.items():
            classes.setdefault(name, {}).update({key: figures[key] for key in ("csd", "ocd", "pairs")})
        return {"mcsd": told.mcsd, "mocd": told.mocd}
