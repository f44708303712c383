"""What one render is asked for besides the layout, and what a method answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from hashlib import sha256
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap
from analogon.errors import InputError, OptionError
from analogon.provenance import Provenance


@dataclass(frozen=True, eq=False)
class Guide:
    """A pair of maps that says which places are alike: what looks alike in both is to become alike.

    Attributes:
        name: how messages and records call it.
        source: float32 (h', w') or (h', w', channels), values about [0, 1], in the size of the source.
        target: the same for the target, in its size.
        weight: how much it counts, above 0; 1 is as much as the picture itself.

    Raises:
        InputError: the arrays are no such pair. OptionError: the weight is no number above 0.
    """

    name: str
    source: NDArray[np.float32]
    target: NDArray[np.float32]
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Check the maps and make them read-only float32."""
        for side in ("source", "target"):
            array = np.asarray(getattr(self, side))
            if array.ndim not in (2, 3) or array.size == 0 or array.dtype.kind != "f":
                raise InputError(
                    f"The {side} of guide '{self.name}' is {array.dtype} of shape {array.shape}: give a float array "
                    "(h, w) or (h, w, channels)."
                )
            if not np.isfinite(array).all():
                raise InputError(f"The {side} of guide '{self.name}' holds infinite values or none: give numbers.")
            array = np.array(array, np.float32)
            array.setflags(write=False)
            object.__setattr__(self, side, array)
        if self.source.shape[2:] != self.target.shape[2:]:
            raise InputError(
                f"The two maps of guide '{self.name}' have different channels: give two grey ones or two in colour."
            )
        if isinstance(self.weight, bool) or not 0 < self.weight < math.inf:
            raise OptionError(f"The weight of guide '{self.name}' cannot be {self.weight!r}: give a number above 0.")
        object.__setattr__(self, "weight", float(self.weight))

    def record(self) -> dict[str, Any]:
        """Name, weight and SHA-256 of both maps, as JSON values."""
        source, target = (sha256(one.astype("<f4").tobytes()).hexdigest() for one in (self.source, self.target))
        return {"name": self.name, "weight": self.weight, "source": source, "target": target}


@dataclass(frozen=True, eq=False)
class Wishes:
    """What one render is asked for besides the layout.

    Attributes:
        keep: which pixels stay as they are in the source. ``"auto"``: those that the edit does not concern, where
            source and target have one size; ``"none"``: none needs to; bool (h, w) in the target's size: those that
            are True.
        tile: the result continues without a seam where its left edge is put to its right, and its top to its bottom.
        preview: a quick first impression will do.
        guides: further pairs of maps that say what is alike.
        places: int32 (h, w, 2), the row and the column of the source that a pixel is copied from, and -1 where nothing
            is asked for. The pixels at the rim of what is asked for may follow what is around.
    """

    keep: Literal["auto", "none"] | NDArray[np.bool_] = "auto"
    tile: bool = False
    preview: bool = False
    guides: tuple[Guide, ...] = ()
    places: NDArray[np.int32] | None = None

    def asked(self) -> tuple[str, ...]:
        """Names of the wishes that are not the default."""
        names = []
        for wish in fields(self):
            value = getattr(self, wish.name)
            if isinstance(value, np.ndarray) or value != wish.default:
                names.append(wish.name)
        return tuple(names)

    def record(self) -> dict[str, Any]:
        """The wishes as JSON values, arrays by their SHA-256."""
        keep: Any = self.keep
        if isinstance(keep, np.ndarray):
            keep = {"mask": sha256(np.packbits(keep).tobytes()).hexdigest(), "share": float(keep.mean())}
        guides = [guide.record() for guide in self.guides]
        record = {"keep": keep, "tile": self.tile, "preview": self.preview, "guides": guides}
        if self.places is not None:
            record["places"] = sha256(self.places.astype("<i4").tobytes()).hexdigest()
        return record


#: Nothing but the layout.
PLAIN = Wishes()


@dataclass(frozen=True, eq=False)
class Style:
    """A look for a picture that a model of a data set makes: for all of it, for some classes, or for some places.

    Attributes:
        source: the picture whose look it is, with its layout where the method takes that; or the seed that draws one.
        weight: how much it counts, any number. Styles for the whole picture are summed as they weigh. One of classes or
            places stands over that: 1 takes its place, 0.5 lies between, and where several of them add up to 1 nothing
            of it is left.
        classes: names of the classes that have it; none: all.
        mask: where it holds, bool or float (h, w) in [0, 1] in the target's size, kept as float32; None: everywhere.

    Raises:
        InputError: the mask is no such array. OptionError: the weight is no number, or there are classes and a mask.
    """

    source: Exemplar | int
    weight: float = 1.0
    classes: Sequence[str] = ()
    mask: NDArray[np.floating] | NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        """Check, and make the mask read-only float32."""
        if isinstance(self.weight, bool) or not math.isfinite(self.weight):
            raise OptionError(f"The weight of a style cannot be {self.weight!r}: give a number.")
        object.__setattr__(self, "weight", float(self.weight))
        object.__setattr__(self, "classes", (self.classes,) if isinstance(self.classes, str) else tuple(self.classes))
        if self.mask is None:
            return
        if self.classes:
            raise OptionError("A style is for classes or for the places of a mask: leave out one of them.")
        mask = np.asarray(self.mask)
        if mask.ndim != 2 or mask.size == 0 or mask.dtype.kind not in "bf":
            raise InputError(
                f"The mask of a style is {mask.dtype} of shape {mask.shape}: give a bool or float array (h, w)."
            )
        mask = np.array(mask, np.float32)
        if not (mask.min() >= 0 and mask.max() <= 1):  # nor is either so for what is no number
            raise InputError("The mask of a style has values outside 0 to 1: scale it to that range.")
        mask.setflags(write=False)
        object.__setattr__(self, "mask", mask)

    @property
    def whole(self) -> bool:
        """Whether it is for the whole picture."""
        return self.mask is None and not self.classes

    def record(self) -> dict[str, Any]:
        """Everything as JSON values, picture and mask by their SHA-256."""
        record: dict[str, Any] = {"weight": self.weight}
        if isinstance(self.source, Exemplar):
            record["exemplar"] = self.source.digest()
        else:
            record["seed"] = self.source
        if self.classes:
            record["classes"] = list(self.classes)
        if self.mask is not None:
            record["mask"] = sha256(self.mask.astype("<f4").tobytes()).hexdigest()
        return record


@dataclass(frozen=True, eq=False)
class Attention:
    """What a model sees in the picture of a style at one scale, and where in the new picture it takes that.

    Attributes:
        regions: float32 (K, h, w), soft regions of the style's picture; each sums to 1 over its places.
        gates: float32 (K,), how much of each is let through, 0 to 1.
        shares: float32 (K, h', w'), what each place of the new picture takes of each; the sum over them is 1.
    """

    regions: NDArray[np.float32]
    gates: NDArray[np.float32]
    shares: NDArray[np.float32]

    def purity(self, labels: LabelMap) -> tuple[float, float]:
        """How much of one class the regions are.

        Args:
            labels: of the style's picture, in any size.

        Returns:
            The share of a region that lies in the class it has most of, mean over the regions, in (0, 1]; and the same
            of a region that is everywhere alike, which is the share of the most frequent class. At coarse scales one
            place shows several classes, each by its share, so that 1 is out of reach there.
        """
        k, h, w = self.regions.shape
        rows, columns = labels.shape
        fine = labels.resize((max(h, rows), max(w, columns)))  # no place is without a pixel
        down, across = (np.arange(many) * few // many for many, few in zip(fine.shape, (h, w), strict=True))
        counts = np.zeros((h, w, len(fine.palette)))
        np.add.at(counts, (down[:, None], across[None], fine.indices()), 1)
        shares = (counts / counts.sum(2, keepdims=True)).reshape(h * w, -1)
        within = self.regions.reshape(k, -1) @ shares
        return float(within.max(1).mean()), float(shares.mean(0).max())


@dataclass(frozen=True, eq=False)
class Rendering:
    """What a method answers to one render.

    Attributes:
        image: float32 (h, w, 3) in [0, 1], in the target's size.
        provenance: where each pixel comes from, if the picture is made of pixels of the source.
        seconds: wall-clock time of each stage, in their order.
        covered: bool (h, w), pixels inside the picture's outline; None where it is the whole rectangle.
    """

    image: NDArray[np.float32]
    provenance: Provenance | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    covered: NDArray[np.bool_] | None = None
