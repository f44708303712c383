"""An exemplar: one image together with its label map."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from analogon.data.color import hex_color
from analogon.data.labelmap import LabelMap
from analogon.data.palette import Palette, unknown_class
from analogon.errors import InputError, LabelError

GAP = 16
"""Unusable columns between pictures that are joined: no patch of pixels that lies in both can be taken for one."""


@dataclass(frozen=True, eq=False)
class Exemplar:
    """The source of an analogy: an image, float32 (h, w, 3) in [0, 1], and its label map of the same size.

    `usable`, bool (h, w), says which pixels a result may be made of; None means all of them. `frame` is the
    (height, width) of the picture that is edited, which lies at the top left: less than the whole where several
    pictures are joined.

    Arrays are copied to read-only ones. InputError where one is of the wrong kind or no pixel is usable, LabelError
    where the sizes differ.
    """

    image: npt.NDArray[np.float32]
    labels: LabelMap
    usable: npt.NDArray[np.bool_] | None = None
    frame: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        """Check the image against its description and against the label map."""
        array = np.asarray(self.image)
        if array.ndim != 3 or array.shape[2] != 3 or array.dtype.kind != "f":
            raise InputError(
                f"The image of an exemplar is a float array (height, width, 3), "
                f"not {array.dtype} of shape {array.shape}."
            )
        if not (array.min() >= 0 and array.max() <= 1):  # nor is either so for what is no number
            raise InputError("The image of an exemplar has values outside 0 to 1: scale it to that range.")
        if array.shape[:2] != self.labels.shape:
            raise _sizes_differ("label map", self.labels.shape, array.shape)
        image = np.array(array, np.float32)
        image.setflags(write=False)
        object.__setattr__(self, "image", image)
        object.__setattr__(self, "usable", self._checked_mask())
        height, width = self.frame if any(self.frame) else self.shape
        if not (0 < height <= self.shape[0] and 0 < width <= self.shape[1]):
            raise InputError(f"The frame of an exemplar lies within it: {width}x{height} pixels are too many.")
        object.__setattr__(self, "frame", (height, width))

    def _checked_mask(self) -> npt.NDArray[np.bool_] | None:
        """A read-only copy of `usable`; None where it leaves nothing out."""
        if self.usable is None:
            return None
        usable = np.array(self.usable)
        if usable.ndim != 2 or usable.dtype != np.bool_:
            raise InputError(f"The mask of an exemplar is bool (h, w), not {usable.dtype} of shape {usable.shape}.")
        if usable.shape != self.shape:
            raise _sizes_differ("mask", usable.shape, self.shape)
        if not usable.any():
            raise InputError("The mask of an exemplar leaves no pixel to use: paint what can be used white.")
        usable.setflags(write=False)
        return None if usable.all() else usable

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.labels.shape

    @classmethod
    def join(cls, exemplars: "Sequence[Exemplar]") -> "Exemplar":
        """Several exemplars as one: side by side from the left, aligned at the top, `GAP` columns apart.

        What lies between and below them repeats the pixels at their edges and is not usable. Classes are merged as
        `Palette.merge` says, into the palette of the first. The frame is that of the first.

        Raises:
            InputError: there is no exemplar. LabelError: the classes of two pictures contradict each other.
        """
        if not exemplars:
            raise InputError("There is no exemplar to join: give at least one.")
        first = exemplars[0]
        if len(exemplars) == 1:
            return first
        height = max(e.shape[0] for e in exemplars)
        palette, images, ids, masks = first.labels.palette, [], [], []
        for place, exemplar in enumerate(exemplars):
            labels = exemplar.labels.ids
            if place:
                palette, renamed = palette.merge(exemplar.labels.palette)
                own = np.array(list(renamed.values()), np.int64)
                labels = own[exemplar.labels.indices()]
            usable = np.ones(exemplar.shape, np.bool_) if exemplar.usable is None else exemplar.usable
            gap = GAP if place < len(exemplars) - 1 else 0
            margin = (0, height - exemplar.shape[0]), (0, gap)
            images.append(np.pad(exemplar.image, (*margin, (0, 0)), mode="edge"))
            ids.append(np.pad(labels, margin, mode="edge"))
            masks.append(np.pad(usable, margin))
        image, labels, usable = (np.concatenate(parts, axis=1) for parts in (images, ids, masks))
        return cls(image, LabelMap(labels, palette), usable, first.frame)

    def check_target(self, target: LabelMap) -> None:
        """Raise LabelError where `target` has a class that no usable pixel of the exemplar has.

        Classes are compared by id. The size of a target is free.
        """
        present = set(self.labels.present() if self.usable is None else np.unique(self.labels.ids[self.usable]))
        lacking = [i for i in target.present() if i not in present]
        if lacking:
            label = max((target.palette.get(i) for i in lacking), key=lambda c: target.share(c.id))
            held = Palette(tuple(c for c in self.labels.palette.classes if c.id in present))
            raise unknown_class("The target", hex_color(label.color), target.share(label.id), held.nearest(label.color))

    def resize(self, shape: tuple[int, int]) -> "Exemplar":
        """The exemplar at another (height, width).

        The image goes through Pillow's Lanczos filter (three lobes, widened when shrinking, so nothing is
        aliased; clipped back to [0, 1]), the labels take the nearest pixel (`LabelMap.resize`). A pixel is usable
        where all that it covers is.
        """
        from PIL import Image

        labels = self.labels.resize(shape)
        if shape == self.shape:
            return self
        size = shape[1], shape[0]
        channels = [Image.fromarray(self.image[..., c]).resize(size, Image.Resampling.LANCZOS) for c in range(3)]
        image = np.stack([np.asarray(channel, np.float32) for channel in channels], axis=-1)
        usable = None
        if self.usable is not None:
            covered = Image.fromarray(self.usable.astype(np.float32)).resize(size, Image.Resampling.BOX)
            usable = np.asarray(covered) >= 1 - 1e-4
        height, width = (max(1, round(f * n / o)) for f, n, o in zip(self.frame, shape, self.shape, strict=True))
        return Exemplar(np.clip(image, 0.0, 1.0), labels, usable, (height, width))

    def digest(self) -> str:
        """SHA-256 of image, labels, and mask where there is one, as 64 hexadecimal digits."""
        digest = sha256(np.ascontiguousarray(self.image, "<f4").data)
        digest.update(self.labels.digest().encode())
        if self.usable is not None:
            digest.update(np.packbits(self.usable).data)
        if self.frame != self.shape:
            digest.update(f"{self.frame}".encode())
        return digest.hexdigest()


def _sizes_differ(what: str, its: tuple[int, ...], image: tuple[int, ...]) -> LabelError:
    return LabelError(
        f"The image is {image[1]}x{image[0]} and its {what} {its[1]}x{its[0]}: give a {what} of the image's size."
    )
