"""What is measured of a sample, and which samples are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.augment.inventing import Invention
from analogon.augment.settings import Settings
from analogon.augment.values import FloatArray
from analogon.data import Exemplar, LabelMap

#: Side of the small picture that two samples are compared by, and the bits of it by which equal ones may differ.
SIDE, NEAR = 16, 6
#: Of a fingerprint: a small grey picture and a small map of edges.
_BITS = 2 * SIDE * SIDE


@dataclass(frozen=True)
class Refusal:
    """An index that has no sample.

    Attributes:
        index: of the sample. reason: what it failed, by the name of the figure. figures: what was measured.
        kind: the way in which its layout was invented.
    """

    index: int
    reason: str
    figures: dict[str, float] = field(default_factory=dict)
    kind: str = ""

    def record(self) -> dict[str, Any]:
        """The refusal as JSON values."""
        return {"index": self.index, "reason": self.reason, "kind": self.kind, "figures": self.figures}


def stretched(invention: Invention, source: Exemplar) -> float:
    """By how much a class has more pixels than there are of it in the source: the largest factor of all classes."""
    usable = source.usable if source.usable is not None else np.ones(source.shape, bool)
    found = 0.0
    for number in invention.labels.present():
        there = int((usable & (source.labels.ids == number)).sum())
        found = max(found, float((invention.labels.ids == number).sum()) / max(there, 1))
    return round(found, 4)


def measured(
    image: FloatArray,
    invention: Invention,
    source: Exemplar,
    places: NDArray[np.int32] | None,
    labels: LabelMap | None,
    classifier: Callable[[], Callable[[FloatArray], LabelMap]],
) -> dict[str, float]:
    """Figures of a picture.

    Args:
        image: what was rendered. places: where in the source each pixel comes from, if that is known.
        labels: the classes that its pixels had in the source, if that is known.
        classifier: what tells the classes of a picture, learnt from the source; asked for where they are not known.

    Returns:
        agreement: share of pixels that had the class that the layout asks for.
        similarity: largest share of pixels that came from the source together, without a change of their places.
        cost: the mean step between neighbours of one class that were none in the source, for that between neighbours.
        Those that cannot be told of pictures made of no source pixels are left out, and ``agreement`` is then the share
        of pixels that look like their class to a classifier.
    """
    figures = dict[str, float]()
    if labels is not None and places is not None:
        figures["agreement"] = float((labels.ids == invention.labels.ids).mean())
    else:
        figures["agreement"] = float((classifier()(image).ids == invention.labels.ids).mean())
    if places is not None:
        shift = places.astype(np.int64) - np.moveaxis(np.indices(places.shape[:2]), 0, -1)
        _, counts = np.unique(shift[..., 0] * (1 << 20) + shift[..., 1], return_counts=True)
        figures["similarity"] = float(counts.max() / counts.sum())
        figures["cost"] = _cost(image, places, source)
    return {name: round(value, 4) for name, value in figures.items()}


def refused(figures: Mapping[str, float], settings: Settings) -> str | None:
    """The name of the first figure that is out of its bounds; None where all are in them."""
    if figures.get("stretch", 0) > settings.stretch:
        return "stretch"
    if figures.get("agreement", 1) < settings.agreement:
        return "agreement"
    if figures.get("similarity", 0) > settings.similarity:
        return "similarity"
    return "cost" if figures.get("cost", 0) > settings.cost else None


def fingerprint(image: FloatArray, labels: LabelMap) -> str:
    """What two samples that look the same have in common: 512 bits as hexadecimal digits.

    Of a small grey picture and of a small map of edges between classes, whether each pixel is above the next.
    """
    from PIL import Image

    edges = np.zeros(labels.shape, np.float32)
    edges[:, 1:] += labels.ids[:, 1:] != labels.ids[:, :-1]
    edges[1:] += labels.ids[1:] != labels.ids[:-1]
    bits = []
    for plane in (image.mean(-1), edges):
        small = Image.fromarray(plane.astype(np.float32)).resize((SIDE + 1, SIDE), Image.Resampling.BOX)
        bits.append((np.diff(np.rint(np.asarray(small) * 4096), axis=1) > 0).ravel())
    return np.packbits(np.concatenate(bits)).tobytes().hex()


class Fingerprints:
    """Those of many samples, in one array that grows, so that a new one is compared with all at once."""

    def __init__(self) -> None:
        self._numbers = np.empty(256, np.int64)
        self._words = np.empty((256, _BITS // 64), np.uint64)
        self._count = 0

    def add(self, index: int, digits: str) -> None:
        """Remember that of a sample; ValueError where it is none."""
        words = _parsed(digits)
        if self._count == len(self._numbers):
            self._numbers = np.concatenate([self._numbers, np.empty_like(self._numbers)])
            self._words = np.concatenate([self._words, np.empty_like(self._words)])
        self._numbers[self._count], self._words[self._count] = index, words
        self._count += 1

    def first_like(self, digits: str, before: int) -> int | None:
        """The first sample, of those with a smaller index than ``before``, that looks the same."""
        differing = np.bitwise_count(self._words[: self._count] ^ _parsed(digits)).sum(1)
        same = self._numbers[: self._count][differing <= NEAR]
        return min((int(index) for index in same if index < before), default=None)


def _parsed(digits: str) -> NDArray[np.uint64]:
    found = bytes.fromhex(digits)
    if len(found) * 8 != _BITS:
        raise ValueError(f"a fingerprint does not have {len(digits)} digits")
    return np.frombuffer(found, np.uint64)


def _cost(image: FloatArray, places: NDArray[np.int32], source: Exemplar) -> float:
    """How much larger steps between neighbours of one class are than in the source, over all that were none there."""
    steps, count, ids = 0.0, 0, source.labels.ids[places[..., 0], places[..., 1]]
    for axis in (0, 1):
        step = np.diff(places, axis=axis)
        ahead = np.array([1, 0] if axis == 0 else [0, 1])
        torn = (step != ahead).any(-1) & (np.diff(ids, axis=axis) == 0)
        steps += float(np.abs(np.diff(image, axis=axis))[torn].sum())
        count += int(torn.sum()) * 3
    usual = float(np.mean([np.abs(np.diff(source.image, axis=axis)).mean() for axis in (0, 1)]))
    return steps / count / max(usual, 1e-3) if count else 0.0
