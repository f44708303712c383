"""How well the look of one class can be changed alone: figures of pairs of pictures that differ in one class's code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.data import LabelMap
from analogon.data.color import oklab
from analogon.errors import InputError
from analogon.metrics.values import checked

Pixels = NDArray[np.float32]
#: How far two pictures of one size, float32 (h, w, 3) in [0, 1], are apart; None: it is not defined for them.
Distance = Callable[[Pixels, Pixels], float | None]
#: Paints a layout: the code of each class is drawn from the seed that the mapping has for its id.
Paint = Callable[[LabelMap, Mapping[int, int]], Pixels]


@dataclass(frozen=True, eq=False)
class ClassChange:
    """Two pictures of one layout, float32 (h, w, 3) in [0, 1], made with two codes for `class_id` and equal ones else.

    Raises:
        InputError: a picture of the wrong size or kind.
    """

    labels: LabelMap
    class_id: int
    first: Pixels
    second: Pixels

    def __post_init__(self) -> None:
        """Both are pictures of the layout."""
        self.labels.palette.index_of(self.class_id)
        for picture in (self.first, self.second):
            shape = checked(picture).shape[:2]
            if shape != self.labels.shape:
                raise InputError(
                    f"A picture of {shape[1]}x{shape[0]} pixels is none of a layout of {self.labels.shape[1]}x"
                    f"{self.labels.shape[0]}: give pictures of the layout's size."
                )


@dataclass(frozen=True)
class ClassControl:
    """What became of the class that was changed, and of the others.

    Attributes:
        mcsd: mean class-specific diversity: how much the changed class changed. None where nothing was measured.
        mocd: mean diversity of the other classes: how much all else changed with it.
        classes: both for each class by name, as "csd" and "ocd", and "pairs", how many were measured.
        pairs: all of them.
        notes: which pairs were left out, and why.
    """

    mcsd: float | None
    mocd: float | None
    classes: Mapping[str, Mapping[str, float | None]]
    pairs: int
    notes: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Everything as values of strict JSON."""
        classes = {name: dict(figures) for name, figures in self.classes.items()}
        return {
            "mcsd": self.mcsd, "mocd": self.mocd, "pairs": self.pairs, "classes": classes, "notes": list(self.notes),
        }  # fmt: skip


def class_control(changes: Iterable[ClassChange], distance: Distance) -> ClassControl:
    """How much classes change with their own code, and how much all else changes with it.

    csd of a class = mean over its pairs of d(first · M, second · M), M being 1 on the class and 0 elsewhere; ocd = the
    same with 1 − M; mcsd and mocd = their means over the classes. What is masked is black in both pictures, so that a
    class of a small area has a small distance. Pairs whose layout lacks the class are left out.

    Range 0 to infinity. Higher mcsd is better, and lower mocd. Source: Zhu et al., "Semantically Multi-modal Image
    Synthesis", CVPR 2020, who name the figures and measure with LPIPS; the masking is a decision of this package, as
    theirs is not published.

    Args:
        changes: pairs (:func:`class_changes` makes them).
        distance: for instance ``lambda one, other: lpips(one, other, weights)``, or :func:`colour_distance`, whose
            results are not to be compared with published ones.
    """
    own, others = dict[str, list[float]](), dict[str, list[float]]()
    counts = dict[str, int]()
    notes = dict[str, None]()
    for change in changes:
        label = change.labels.palette.get(change.class_id)
        mask = (change.labels.ids == change.class_id)[..., None]
        if not mask.any():
            notes[f"A layout without '{label.name}' is left out of its figures."] = None
            continue
        counts[label.name] = counts.get(label.name, 0) + 1
        for found, kept in ((own, mask), (others, ~mask)):
            if kept.any():
                apart = distance(change.first * kept, change.second * kept)
                if apart is None:
                    notes["The distance is not defined for pictures this small."] = None
                else:
                    found.setdefault(label.name, []).append(apart)
            else:
                notes[f"Where '{label.name}' is all of a layout, there is nothing else to change."] = None
    classes = {
        name: {"csd": _mean(own.get(name, [])), "ocd": _mean(others.get(name, [])), "pairs": count}
        for name, count in counts.items()
    }
    both = ([v for c in classes.values() if (v := c[kind]) is not None] for kind in ("csd", "ocd"))
    mcsd, mocd = (_mean(values) for values in both)
    return ClassControl(mcsd, mocd, classes, sum(counts.values()), tuple(notes))


def class_changes(paint: Paint, layouts: Iterable[LabelMap], *, pairs: int = 1, seed: int = 0) -> Iterator[ClassChange]:
    """Pairs for :func:`class_control`: for each layout and each class that it has, some with a new code of that class.

    Args:
        paint: equal seeds must give equal codes, whatever the layout and the other classes' seeds.
        layouts: what is painted.
        pairs: of each layout and class.
        seed: all codes derive from it.
    """
    for number, layout in enumerate(layouts):
        for turn in range(pairs):
            rng = np.random.default_rng((seed, number, turn))
            drawn = rng.integers(0, 2**31, (len(layout.palette), 2))
            seeds = {label.id: int(first) for label, (first, _) in zip(layout.palette.classes, drawn, strict=True)}
            before = paint(layout, seeds)
            for class_id in layout.present():
                new = int(drawn[layout.palette.index_of(class_id), 1])
                yield ClassChange(layout, class_id, before, paint(layout, seeds | {class_id: new}))


def colour_distance(first: Pixels, second: Pixels) -> float:
    """Root mean square difference of the colours: sqrt(mean over pixels of |first − second|²) in Oklab.

    A surrogate that needs no network: it knows neither texture nor structure, and is not to be compared with LPIPS.
    Range 0 to about 1; 0.02 is just visible.
    """
    apart = oklab(first * 255.0) - oklab(second * 255.0)
    return float(np.sqrt((apart**2).sum(-1).mean()))


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
